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
    /// Whether a software adapter may be taken for a card, as only tests want it.
    takes_software: bool,
    memory: Memory,
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
    /// Median seconds of a step on the CPU.
    pub(super) cpu_step: f64,
}

/// A card that was clearly faster before.
pub(super) struct Remembered {
    pub(super) device: OpenDevice,
    pub(super) text: String,
    /// Seconds of a step on the CPU, as measured then.
    pub(super) cpu_step: f64,
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
            takes_software: false,
            memory: Memory::of_user(),
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
                self.memory.remember(&self.key(), timing, cpu);
                let figures = format!(
                    "a step takes {cpu:.1} ms on the CPU and {:.1} ms on {} ({})",
                    timing.milliseconds, timing.name, timing.id
                );
                if timing.milliseconds < CLEARLY_FASTER * cpu
                    && let Ok(device) = open_named(&timing.id)
                {
                    let text = format!("Moved to {}: {figures}", timing.id);
                    return Some(Verdict { text, device: Some(device), cpu_step: cpu / 1e3 });
                }
                Some(Verdict { text: format!("Stayed on the CPU: {figures}"), device: None, cpu_step: cpu / 1e3 })
            }
            Err(why) if why.is_empty() => None,
            Err(why) => Some(Verdict { text: format!("Stayed on the CPU: {why}"), device: None, cpu_step: cpu / 1e3 }),
        }
    }

    fn cpu_time(&self) -> Duration {
        median(self.cpu_steps[WARM_UP.min(self.cpu_steps.len())..].to_vec())
    }

    fn key(&self) -> String {
        format!(
            "{:?} {:?} {:?} {:?}",
            self.project.model, self.project.optimizer, self.project.training.batch_size, self.data.input
        )
    }

    fn send_out(&self) -> Background<Timing> {
        let (project, data, cancelled) = (self.project.clone(), Arc::clone(&self.data), Arc::clone(&self.cancelled));
        let takes_software = self.takes_software;
        in_background("device scout", Arc::new(|| ()), move || {
            let Some(card) =
                list_devices().into_iter().find(|it| it.kind != "processor" && (takes_software || !it.software))
            else {
                // No card, nothing to tell.
                return Err(String::new());
            };
            let device = open_named(&card.id).map_err(|err| err.to_string())?;
            time_on(&project, &data, &device, &cancelled).map_err(|err| err.to_string())
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

/// Median seconds of a step on the CPU; none where it fails or takes very long.
pub(super) fn time_cpu(project: &Project, data: &Arc<Prepared>) -> Option<f64> {
    let timing = time_on(project, data, &OpenDevice::cpu(), &AtomicBool::new(false)).ok()?;
    Some(timing.milliseconds / 1e3)
}

fn time_on(
    project: &Project,
    data: &Arc<Prepared>,
    device: &OpenDevice,
    cancelled: &AtomicBool,
) -> Result<Timing, TrainError> {
    let mut trainer = Trainer::new(project, Arc::clone(data), device, None)?;
    let n = project.training.batch_size.unwrap_or(u64::MAX).min(data.split.train.len() as u64) as usize;
    let mut step = |step: u64| {
        if cancelled.load(Ordering::Relaxed) {
            return Err(TrainError::Device("the run ended before the card was timed".to_owned()));
        }
        let began = Instant::now();
        let batch = trainer.gather(&data.split.train[..n]);
        trainer.step(
            batch,
            StepOrder {
                step,
                epoch: 1,
                learning_rate: project.learning_rate,
                measure_norm: false,
                measure_layers: false,
                clip_norm: project.clip_norm,
            },
        );
        trainer.collect().map(|_| began.elapsed())
    };
    for idx in 1..=WARM_UP {
        step(idx as u64)?;
    }
    let timed: Result<Vec<_>, _> = (1..=TIMED).map(|idx| step((WARM_UP + idx) as u64)).collect();
    Ok(Timing { id: device.id.clone(), name: device.name.clone(), milliseconds: median(timed?).as_secs_f64() * 1e3 })
}

fn median(mut timed: Vec<Duration>) -> Duration {
    timed.sort_unstable();
    timed.get(timed.len() / 2).copied().unwrap_or_default()
}

fn open_named(id: &str) -> Result<OpenDevice, TrainError> {
    let mut spec = DeviceSpec::Cpu;
    crate::spec::TextValue::read(&mut spec, id).map_err(TrainError::Device)?;
    open_device(spec)
}

/// The card that was clearly faster for this network before, if it still is there.
pub(super) fn remembered(project: &Project, data: &Arc<Prepared>) -> Option<Remembered> {
    Scout::new(project, data).remembered()
}

impl Scout {
    fn remembered(&self) -> Option<Remembered> {
        let found = self.memory.read()?.remove(&self.key())?;
        if found.card.milliseconds >= CLEARLY_FASTER * found.cpu {
            return None;
        }
        let device = open_named(&found.card.id).ok().filter(|it| it.name == found.card.name)?;
        let text = format!(
            "Taken from an earlier measurement: a step takes {:.1} ms on the CPU and {:.1} ms on {}",
            found.cpu, found.card.milliseconds, found.card.name
        );
        Some(Remembered { device, text, cpu_step: found.cpu / 1e3 })
    }
}

/// The file in which comparisons are remembered; none where the user has no folder for it.
struct Memory(Option<PathBuf>);

/// One comparison as it is remembered.
#[derive(Debug, Serialize, Deserialize)]
struct Compared {
    /// Milliseconds a step.
    cpu: f64,
    card: Timing,
}

impl Memory {
    fn of_user() -> Self {
        Self(directories::ProjectDirs::from("", "", "learnscope").map(|it| it.cache_dir().join("devices.json")))
    }

    fn read(&self) -> Option<BTreeMap<String, Compared>> {
        serde_json::from_slice(&std::fs::read(self.0.as_ref()?).ok()?).ok()
    }

    /// Forgetting costs only another measurement, so a failure to write is not told.
    fn remember(&self, key: &str, card: &Timing, cpu: f64) {
        let Some(path) = &self.0 else { return };
        let mut all = self.read().unwrap_or_default();
        all.insert(key.to_owned(), Compared { cpu, card: card.clone() });
        if let (Some(folder), Ok(bytes)) = (path.parent(), serde_json::to_vec(&all)) {
            std::fs::create_dir_all(folder).ok();
            write_whole(path, &bytes).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::spec::DataSpec;

    fn moons() -> (Project, Arc<Prepared>) {
        let mut project = Project { data: DataSpec::default(), ..Project::default() };
        project.set("data=moons").unwrap();
        let dataset = data::load(&project.data.source, std::path::Path::new("")).unwrap();
        let data = data::prepare(&dataset, &project.data, &project.split, 1).unwrap();
        (project, Arc::new(data))
    }

    fn scout(memory: PathBuf) -> Scout {
        let (project, data) = moons();
        let mut scout = Scout::new(&project, &data);
        scout.takes_software = true;
        scout.memory = Memory(Some(memory));
        scout
    }

    fn wait_for(scout: &mut Scout) -> Verdict {
        let patience = Instant::now() + LONGEST_STEP;
        loop {
            if let Some(verdict) = scout.verdict() {
                return verdict;
            }
            assert!(Instant::now() < patience, "the card was never timed");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn quick_steps_send_for_no_card() {
        let folder = tempfile::tempdir().unwrap();
        let mut scout = scout(folder.path().join("devices.json"));
        for _ in 0..50 {
            scout.note_cpu_step(Duration::from_micros(1999));
        }
        assert!(scout.trial.is_none() && scout.verdict().is_none());
    }

    #[test]
    fn a_card_that_is_faster_is_taken_told_with_figures_and_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("devices.json");
        let mut scout = scout(memory.clone());
        for _ in 0..WARM_UP + TIMED {
            // Slower than any adapter, a software one included.
            scout.note_cpu_step(Duration::from_secs(500));
        }
        let verdict = wait_for(&mut scout);
        let device = verdict.device.expect("the only adapter there is");
        assert!(verdict.text.starts_with("Moved to gpu:") && verdict.text.contains("500000.0 ms on the CPU"));
        assert!(!device.is_cpu && (verdict.cpu_step - 500.0).abs() < 1e-9);
        assert!(scout.verdict().is_none(), "it is told once");

        let again = self::scout(memory).remembered().expect("it was written down");
        assert!(again.device.id == device.id && again.text.contains("earlier measurement"), "{}", again.text);
    }

    #[test]
    fn a_card_that_is_slower_is_left_and_not_taken_another_time() {
        let folder = tempfile::tempdir().unwrap();
        let memory = folder.path().join("devices.json");
        let mut scout = scout(memory.clone());
        for _ in 0..WARM_UP + TIMED {
            scout.note_cpu_step(SMALL_STEP);
        }
        // As long as a card that takes 2 ms and more for a tiny network is no card.
        let verdict = wait_for(&mut scout);
        let card = scout.memory.read().unwrap().remove(&scout.key()).unwrap().card;
        let is_faster = card.milliseconds < CLEARLY_FASTER * 2.0;
        assert_eq!(verdict.device.is_some(), is_faster, "{}", verdict.text);
        assert_eq!(self::scout(memory).remembered().is_some(), is_faster);
    }

    #[test]
    fn training_goes_on_after_the_move_as_if_it_had_never_moved() {
        let folder = tempfile::tempdir().unwrap();
        let mut scout = scout(folder.path().join("devices.json"));
        for _ in 0..WARM_UP + TIMED {
            scout.note_cpu_step(Duration::from_secs(500));
        }
        let device = wait_for(&mut scout).device.expect("the only adapter there is");
        let (project, data) = moons();
        let losses = |moves: bool| {
            let mut trainer = Trainer::new(&project, Arc::clone(&data), &OpenDevice::cpu(), None).unwrap();
            let mut losses = Vec::new();
            for step in 1..=12 {
                if moves && step == 7 {
                    trainer.move_to(&device).unwrap();
                }
                let order = StepOrder {
                    step,
                    epoch: 1,
                    learning_rate: 0.01,
                    measure_norm: false,
                    measure_layers: true,
                    clip_norm: None,
                };
                let batch = trainer.gather(&data.split.train[..64]);
                trainer.step(batch, order);
                losses.push(trainer.collect().unwrap()[0].row.train_loss);
            }
            losses
        };
        let (stayed, moved) = (losses(false), losses(true));
        for (step, (stayed, moved)) in stayed.iter().zip(&moved).enumerate() {
            assert!((stayed - moved).abs() < 1e-3 * stayed, "step {}: {stayed} {moved}", step + 1);
        }
    }
}
