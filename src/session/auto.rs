//! Choosing between processor and graphics card by measuring both while training goes on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::probe::{Background, in_background};
use crate::data::Prepared;
use crate::engine::{OpenDevice, StepOrder, TrainError, Trainer, list_devices, open_device};
use crate::project::write_whole;
use crate::spec::{DeviceSpec, Project};

/// Below this a graphics card cannot win: reading one loss back from it takes as long.
const SMALL_STEP: Duration = Duration::from_millis(2);
/// The first steps fill caches and pools.
const WARM_UP: usize = 3;
const TIMED: usize = 7;
/// Compiling the programs of a first step takes this long at most, or something hangs.
const LONGEST_STEP: Duration = Duration::from_mins(1);
/// Moving costs something; the card has to be clearly faster.
const CLEARLY_FASTER: f64 = 0.9;

/// Times the processor's steps, and where they are long the graphics card's beside them.
pub(super) struct Scout {
    project: Project,
    data: Arc<Prepared>,
    cpu_steps: Vec<Duration>,
    trial: Option<Background<Timing>>,
    /// Nothing is to be found any more.
    gave_up: bool,
    /// Tells the trial to end behind its current step.
    cancelled: Arc<AtomicBool>,
}

/// What was found.
pub(super) struct Verdict {
    pub(super) text: String,
    /// The device to go on with; none to stay.
    pub(super) device: Option<OpenDevice>,
}

/// Milliseconds a step on a graphics card.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Timing {
    id: String,
    name: String,
    milliseconds: f64,
}

impl Scout {
    pub(super) fn new(project: &Project, data: &Arc<Prepared>) -> Self {
        Self {
            project: project.clone(),
            data: Arc::clone(data),
            cpu_steps: Vec::new(),
            trial: None,
            gave_up: false,
            cancelled: Arc::default(),
        }
    }

    /// Notes how long a step took on the processor; once enough are known, sends for the card.
    pub(super) fn note_cpu_step(&mut self, took: Duration) {
        if self.cpu_steps.len() >= WARM_UP + TIMED {
            return;
        }
        self.cpu_steps.push(took);
        if self.cpu_steps.len() == WARM_UP + TIMED {
            if self.cpu_time() < SMALL_STEP {
                self.gave_up = true;
            } else {
                self.trial = Some(self.send_out());
            }
        }
    }

    /// The comparison once both were timed. None before, and where there is nothing to compare.
    pub(super) fn verdict(&mut self) -> Option<Verdict> {
        if self.gave_up {
            return None;
        }
        let outcome = self.trial.as_ref()?.take()?;
        self.gave_up = true;
        let cpu = self.cpu_time().as_secs_f64() * 1e3;
        match outcome.as_ref() {
            Ok(timing) => {
                remember(&self.key(), timing, cpu);
                let figures = format!(
                    "a step takes {cpu:.1} ms on the CPU and {:.1} ms on {} ({})",
                    timing.milliseconds, timing.name, timing.id
                );
                if timing.milliseconds < CLEARLY_FASTER * cpu
                    && let Ok(device) = open_named(&timing.id)
                {
                    return Some(Verdict { text: format!("Moved to {}: {figures}", timing.id), device: Some(device) });
                }
                Some(Verdict { text: format!("Stayed on the CPU: {figures}"), device: None })
            }
            Err(why) if why.is_empty() => None,
            Err(why) => Some(Verdict { text: format!("Stayed on the CPU: {why}"), device: None }),
        }
    }

    fn cpu_time(&self) -> Duration {
        let mut timed = self.cpu_steps[WARM_UP.min(self.cpu_steps.len())..].to_vec();
        timed.sort_unstable();
        timed.get(timed.len() / 2).copied().unwrap_or_default()
    }

    fn key(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?}",
            self.project.model, self.project.optimizer, self.project.training.batch_size, self.data.input
        )
    }

    fn send_out(&self) -> Background<Timing> {
        let (project, data, cancelled) = (self.project.clone(), Arc::clone(&self.data), Arc::clone(&self.cancelled));
        in_background("device scout", Arc::new(|| ()), move || {
            let Some(card) = list_devices().into_iter().find(|it| it.kind != "processor" && !it.software) else {
                // No card, nothing to tell.
                return Err(String::new());
            };
            time_on(&project, &data, &card.id, &cancelled).map_err(|err| err.to_string())
        })
    }
}

/// A driver must not be in the middle of something when the program ends.
impl Drop for Scout {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        let patience = Instant::now() + LONGEST_STEP;
        while self.trial.as_ref().is_some_and(|it| !self.gave_up && !it.is_done()) && Instant::now() < patience {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn time_on(project: &Project, data: &Arc<Prepared>, id: &str, cancelled: &AtomicBool) -> Result<Timing, TrainError> {
    let device = open_named(id)?;
    let mut trainer = Trainer::new(project, Arc::clone(data), &device, None)?;
    let n = project.training.batch_size.unwrap_or(u64::MAX).min(data.split.train.len() as u64) as usize;
    let mut step = |step: u64| {
        if cancelled.load(Ordering::Relaxed) {
            return Err(TrainError::Device("the run ended before the card was timed".to_owned()));
        }
        trainer.step(
            &data.split.train[..n],
            StepOrder {
                step,
                epoch: 1,
                learning_rate: project.learning_rate,
                measure_norm: false,
                clip_norm: project.clip_norm,
            },
        );
        trainer.collect().map(|_| ())
    };
    for idx in 1..=WARM_UP {
        step(idx as u64)?;
    }
    let began = Instant::now();
    for idx in 1..=TIMED {
        step((WARM_UP + idx) as u64)?;
    }
    Ok(Timing {
        id: id.to_owned(),
        name: device.name,
        milliseconds: began.elapsed().as_secs_f64() * 1e3 / TIMED as f64,
    })
}

fn open_named(id: &str) -> Result<OpenDevice, TrainError> {
    let mut spec = DeviceSpec::Cpu;
    crate::spec::TextValue::read(&mut spec, id).map_err(TrainError::Device)?;
    open_device(spec)
}

/// The card that was clearly faster for this network before, if it still is there.
pub(super) fn remembered(project: &Project, data: &Arc<Prepared>) -> Option<(OpenDevice, String)> {
    let key = Scout::new(project, data).key();
    let found = memory()?.remove(&key)?;
    if found.card.milliseconds >= CLEARLY_FASTER * found.cpu {
        return None;
    }
    let device = open_named(&found.card.id).ok().filter(|it| it.name == found.card.name)?;
    let text = format!(
        "Taken from an earlier measurement: a step takes {:.1} ms on the CPU and {:.1} ms on {}",
        found.cpu, found.card.milliseconds, found.card.name
    );
    Some((device, text))
}

/// One comparison as it is remembered.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    cpu: f64,
    card: Timing,
}

fn memory_file() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "learnscope").map(|it| it.cache_dir().join("devices.json"))
}

fn memory() -> Option<BTreeMap<String, Memory>> {
    serde_json::from_slice(&std::fs::read(memory_file()?).ok()?).ok()
}

/// Forgetting costs only another measurement, so a failure to write is not told.
fn remember(key: &str, card: &Timing, cpu: f64) {
    let Some(path) = memory_file() else { return };
    let mut all = memory().unwrap_or_default();
    all.insert(key.to_owned(), Memory { cpu, card: card.clone() });
    if let (Some(folder), Ok(bytes)) = (path.parent(), serde_json::to_vec(&all)) {
        std::fs::create_dir_all(folder).ok();
        write_whole(&path, &bytes).ok();
    }
}
