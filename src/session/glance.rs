//! A run folder at a glance: what a list of runs shows of it, read without folding its curves.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::marks::{self, Marks};
use super::recorder::LOCK;
use super::seeds::{self, SeedResult};
use crate::project;
use crate::run::{Event, FinishReason, Finished, Metrics, Parent};
use crate::spec::{DeviceSpec, Project};

/// A run folder as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    pub folder: PathBuf,
    /// The folder's own name.
    pub id: String,
    pub marks: Marks,
    /// Why the marks could not be read; empty where they were.
    pub marks_trouble: String,
    /// When its events were last written.
    pub when: Option<SystemTime>,
    /// What its files tell; in words where they are damaged.
    pub told: Result<Told, String>,
    /// All that a search looks through, in lower case.
    pub words: String,
    pub(super) stamp: Stamp,
}

/// What the files of a run tell.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub project: Project,
    /// What the project is called: by its name, else by its data.
    pub title: String,
    /// The device that trained, as `--device` would name it.
    pub device: String,
    pub state: RunState,
    /// Epochs completed.
    pub epochs: u64,
    /// The epoch with the lowest validation loss; 0 where there is none.
    pub best_epoch: u64,
    /// Validation loss of that epoch.
    pub best_loss: Option<f64>,
    /// The metric that the task leads with, `rmse` or `accuracy`, and its validation value at that epoch in the
    /// target's own units.
    pub metric: &'static str,
    pub best_metric: Option<f64>,
    /// Loss and metrics on the test rows; empty before the end.
    pub test: Metrics,
    /// Wall time, in seconds.
    pub seconds: f64,
    /// The run it began from.
    pub parent: Option<Parent>,
    /// Whether a knob was turned by hand while it was trained, so that its project does not say all.
    pub was_turned: bool,
    /// What other seeds have made of the same settings.
    pub seeds: Vec<SeedResult>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// A program is writing it.
    Training,
    /// It was cut short, and could tell no end.
    Interrupted,
    Ended(FinishReason),
}

/// By what it is known that a folder has not changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    files: [Option<(SystemTime, u64)>; 4],
    is_locked: bool,
}

impl Glance {
    /// What it is called: the name given to it, else its folder's.
    pub fn name(&self) -> &str {
        if self.marks.name.is_empty() { &self.id } else { &self.marks.name }
    }

    /// Whether a program is writing it.
    pub fn is_training(&self) -> bool {
        self.told.as_ref().is_ok_and(|it| it.state == RunState::Training)
    }

    /// Reads a folder, or keeps what is `known` of it where that has not changed. None where it holds no run.
    pub(super) fn of(folder: &Path, known: Option<&std::sync::Arc<Self>>) -> Option<std::sync::Arc<Self>> {
        let stamp = Stamp::of(folder, known.map(std::sync::Arc::as_ref))?;
        if let Some(known) = known
            && known.stamp == stamp
        {
            return Some(std::sync::Arc::clone(known));
        }
        let (marks, marks_trouble) = match Marks::read(folder) {
            Ok(marks) => (marks, String::new()),
            Err(why) => (Marks::default(), why),
        };
        let id = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let when = stamp.files[1].or(stamp.files[0]).map(|it| it.0);
        let told = Told::read(folder, stamp.is_locked);
        let words = words(&id, &marks, told.as_ref().ok());
        Some(std::sync::Arc::new(Self {
            folder: folder.to_owned(),
            id,
            marks,
            marks_trouble,
            when,
            told,
            words,
            stamp,
        }))
    }
}

fn words(id: &str, marks: &Marks, told: Option<&Told>) -> String {
    let own =
        told.map_or_else(String::new, |it| format!("{} {} {}", it.title, it.project.data.source_name(), it.device));
    format!("{id} {} {} {} {own}", marks.name, marks.note, marks.tags.join(" ")).to_lowercase()
}

impl Stamp {
    /// None where there is no file that only a run has. Nobody writes a run that is `known` to have ended while its files
    /// stay as they are, so that its lock need not be tried.
    fn of(folder: &Path, known: Option<&Glance>) -> Option<Self> {
        let stamp = |name: &str| {
            let known = std::fs::metadata(folder.join(name)).ok().filter(std::fs::Metadata::is_file)?;
            Some((known.modified().ok()?, known.len()))
        };
        let files = [stamp("project.ron"), stamp("events.jsonl"), stamp(marks::FILE), stamp(seeds::FILE)];
        let is_run = files[0].is_some() || files[1].is_some();
        let has_ended = known.is_some_and(|it| {
            it.stamp.files == files && it.told.as_ref().is_ok_and(|it| matches!(it.state, RunState::Ended(_)))
        });
        let was_locked = known.is_some_and(|it| it.stamp.is_locked);
        is_run.then(|| Self { files, is_locked: if has_ended { was_locked } else { is_locked(folder) } })
    }
}

/// Whether a program is writing there. Looking holds the lock for a moment, which writers know to wait for.
fn is_locked(folder: &Path) -> bool {
    let Ok(file) = File::open(folder.join(LOCK)) else { return false };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

impl Told {
    fn read(folder: &Path, is_locked: bool) -> Result<Self, String> {
        let project = project::read(&folder.join("project.ron")).map_err(|err| err.to_string())?;
        let path = folder.join("events.jsonl");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            // It was cut short before its first event.
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(err) => return Err(format!("the run's events cannot be read: {err} ({})", path.display())),
        };
        let diary = Diary::of(&bytes)
            .map_err(|line| format!("the run's events are damaged in line {line} ({})", path.display()))?;
        let told = Self::of(project, &diary, is_locked);
        Ok(Self { seeds: seeds::kept_seeds(folder).iter().filter_map(SeedResult::of).collect(), ..told })
    }

    /// Whether its result is that of its settings and its seed, from the first step to an end by its own rules.
    pub fn stands_for_its_seed(&self) -> bool {
        self.has_ended_by_itself() && self.parent.is_none() && !self.was_turned
    }

    /// Whether it ended by its own rules.
    fn has_ended_by_itself(&self) -> bool {
        match self.state {
            RunState::Ended(FinishReason::Completed | FinishReason::EarlyStopping) => true,
            RunState::Ended(FinishReason::Stopped | FinishReason::Diverged | FinishReason::Failed)
            | RunState::Training
            | RunState::Interrupted => false,
        }
    }

    fn of(project: Project, diary: &Diary<'_>, is_locked: bool) -> Self {
        let Diary { head, finished, was_turned, epochs } = diary;
        let metric = if head.task == "regression" { "rmse" } else { "accuracy" };
        let rows = || epochs.iter().filter_map(|it| serde_json::from_slice::<EpochLine>(it).ok());
        let last = epochs.last().and_then(|it| serde_json::from_slice::<EpochLine>(it).ok());
        let best = match finished {
            Some(it) if it.best_epoch > 0 => epochs
                .get(it.best_epoch as usize - 1)
                .and_then(|line| serde_json::from_slice::<EpochLine>(line).ok())
                .filter(|row| row.epoch == it.best_epoch)
                .or_else(|| rows().find(|row| row.epoch == it.best_epoch)),
            _ => rows()
                .filter(|it| it.validation_loss.is_some_and(f64::is_finite))
                .min_by(|a, b| a.validation_loss.unwrap_or(f64::NAN).total_cmp(&b.validation_loss.unwrap_or(f64::NAN))),
        };
        let state = match finished {
            Some(it) => RunState::Ended(it.reason),
            None if is_locked => RunState::Training,
            None => RunState::Interrupted,
        };
        let of_metric = |it: &EpochLine| it.metrics.get(&format!("validation_{metric}")).copied().flatten();
        Self {
            title: if project.name.is_empty() { project.data.source_name() } else { project.name.clone() },
            device: device(&project, &head.device),
            state,
            epochs: last.map_or(0, |it| it.epoch),
            best_epoch: best.as_ref().map_or(0, |it| it.epoch),
            best_loss: best.as_ref().and_then(|it| it.validation_loss),
            metric,
            best_metric: best.as_ref().and_then(of_metric),
            test: finished.as_ref().map(|it| it.test.clone()).unwrap_or_default(),
            seconds: finished.as_ref().map_or_else(|| rows().map(|it| it.seconds).sum(), |it| it.seconds),
            parent: head.parent.clone(),
            was_turned: *was_turned,
            seeds: Vec::new(),
            project,
        }
    }
}

/// The device that trained last, which the project names once training has begun; before, the one it began on.
fn device(project: &Project, first: &str) -> String {
    use crate::spec::TextValue as _;
    match project.device {
        DeviceSpec::Auto if !first.is_empty() => first.to_owned(),
        named => named.text(),
    }
}

/// The lines of a run's events that a glance needs, the epochs not yet read.
#[derive(Default)]
struct Diary<'a> {
    head: Head,
    finished: Option<Finished>,
    was_turned: bool,
    epochs: Vec<&'a [u8]>,
}

/// Of a `started` event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    device: String,
    task: String,
    parent: Option<Parent>,
}

/// Of an `epoch` event.
#[derive(Default, Deserialize)]
#[serde(default)]
struct EpochLine {
    epoch: u64,
    validation_loss: Option<f64>,
    metrics: BTreeMap<String, Option<f64>>,
    seconds: f64,
}

impl<'a> Diary<'a> {
    /// # Errors
    /// With the number of the first line that is damaged. A last line cut short by a kill is not.
    fn of(bytes: &'a [u8]) -> Result<Self, usize> {
        let mut diary = Self::default();
        let whole = bytes.iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1);
        for (idx, line) in bytes[..whole].split_inclusive(|it| *it == b'\n').enumerate() {
            let kind = line.strip_prefix(b"{\"event\":\"").ok_or(idx + 1)?;
            if kind.starts_with(b"epoch\"") {
                diary.epochs.push(line);
            } else if kind.starts_with(b"started\"") {
                diary.head = serde_json::from_slice(line).map_err(|_| idx + 1)?;
            } else if kind.starts_with(b"changed\"") {
                let Ok(Event::Changed(changed)) = serde_json::from_slice(line) else { return Err(idx + 1) };
                diary.was_turned |= changed.by == "user";
            } else if kind.starts_with(b"finished\"") {
                let Ok(Event::Finished(finished)) = serde_json::from_slice(line) else { return Err(idx + 1) };
                diary.finished = Some(finished);
            }
        }
        Ok(diary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Started};
    use std::sync::Arc;

    fn folder_of(events: &[Event]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        project::write(&folder.path().join("project.ron"), &Project::default()).unwrap();
        let lines: String = events.iter().map(|it| it.to_json() + "\n").collect();
        std::fs::write(folder.path().join("events.jsonl"), lines).unwrap();
        folder
    }

    fn started() -> Event {
        let (device, task) = ("gpu:1".to_owned(), "regression".to_owned());
        Event::Started(Started { device, task, ..Started::default() })
    }

    #[test]
    fn a_run_with_a_knob_turned_by_hand_does_not_stand_for_its_seed() {
        let changed = |by: &str| Event::Changed(crate::run::Changed { by: by.to_owned(), ..Default::default() });
        let stands = |by: &str| {
            let end = crate::session::failed("");
            let Event::Finished(end) = end else { panic!("it has an end") };
            let end = Event::Finished(Finished { reason: FinishReason::Completed, ..end });
            let folder = folder_of(&[started(), epoch(1, 0.5), changed(by), end]);
            Glance::of(folder.path(), None).unwrap().told.as_ref().unwrap().stands_for_its_seed()
        };
        assert!(stands("schedule") && !stands("user"));
    }

    fn epoch(epoch: u64, loss: f64) -> Event {
        let metrics = [("validation_rmse".to_owned(), 100.0 * loss)].into();
        Event::Epoch(EpochRow { epoch, validation_loss: loss, metrics, seconds: 0.5, ..EpochRow::default() })
    }

    fn finished(best_epoch: u64) -> Event {
        Event::Finished(Finished {
            reason: FinishReason::EarlyStopping,
            text: String::new(),
            epochs: 3,
            best_epoch,
            best_validation_loss: 0.25,
            test: [("rmse".to_owned(), 31.0)].into(),
            run_dir: String::new(),
            seconds: 7.0,
            samples_per_second: 1.0,
        })
    }

    fn told(folder: &Path) -> Result<Told, String> {
        Glance::of(folder, None).unwrap().told.clone()
    }

    #[test]
    fn a_run_that_ended_tells_its_best_epoch_in_the_units_of_the_target() {
        let folder = folder_of(&[started(), epoch(1, 0.5), epoch(2, 0.25), epoch(3, 0.75), finished(2)]);
        let told = told(folder.path()).unwrap();
        assert_eq!((told.metric, told.best_metric, told.best_loss), ("rmse", Some(25.0), Some(0.25)));
        assert_eq!((told.best_epoch, told.epochs, told.seconds), (2, 3, 7.0));
        assert_eq!((told.device.as_str(), told.test["rmse"]), ("gpu:1", 31.0));
        assert_eq!(told.state, RunState::Ended(FinishReason::EarlyStopping));
    }

    #[test]
    fn a_run_without_an_end_is_training_while_someone_writes_it_and_interrupted_then() {
        let folder = folder_of(&[started(), epoch(1, 0.5), epoch(2, f64::NAN)]);
        let lock = File::create(folder.path().join(LOCK)).unwrap();
        lock.try_lock().unwrap();
        let told_now = told(folder.path()).unwrap();
        assert_eq!((told_now.state, told_now.best_epoch, told_now.seconds), (RunState::Training, 1, 1.0));
        drop(lock);
        assert_eq!(told(folder.path()).unwrap().state, RunState::Interrupted);
    }

    #[test]
    fn damage_is_told_in_words_but_a_line_cut_short_is_none() {
        let folder = folder_of(&[started(), epoch(1, 0.5)]);
        let events = folder.path().join("events.jsonl");
        let text = std::fs::read_to_string(&events).unwrap();
        std::fs::write(&events, format!("{text}{{\"event\":\"epo")).unwrap();
        assert_eq!(told(folder.path()).unwrap().epochs, 1);
        std::fs::write(&events, format!("\0\0\0\n{text}")).unwrap();
        assert!(told(folder.path()).unwrap_err().contains("damaged in line 1"));
        std::fs::write(folder.path().join("project.ron"), "(learning_rat: 1)").unwrap();
        assert!(told(folder.path()).unwrap_err().contains("learning_rat"));
    }

    #[test]
    fn a_folder_that_has_not_changed_is_not_read_again() {
        let folder = folder_of(&[started(), epoch(1, 0.5)]);
        let first = Glance::of(folder.path(), None).unwrap();
        let again = Glance::of(folder.path(), Some(&first)).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        Marks { is_starred: true, ..Marks::default() }.write(folder.path()).unwrap();
        let marked = Glance::of(folder.path(), Some(&first)).unwrap();
        assert!(!Arc::ptr_eq(&first, &marked) && marked.marks.is_starred);
        assert!(Glance::of(tempfile::tempdir().unwrap().path(), None).is_none(), "an empty folder is no run");
    }

    #[test]
    fn the_run_it_began_from_is_told() {
        let folder = folder_of(&[epoch(1, 0.5)]);
        let events = folder.path().join("events.jsonl");
        std::fs::write(&events, "{\"event\":\"started\",\"parent\":{\"run\":\"cars-1\",\"epoch\":12}}\n").unwrap();
        let parent = told(folder.path()).unwrap().parent.unwrap();
        assert_eq!((parent.run.as_str(), parent.epoch), ("cars-1", 12));
    }
}
