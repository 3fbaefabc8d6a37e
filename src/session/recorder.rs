//! The run folder, written by the training side as it goes.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Encoder;
use crate::engine::Weights;
use crate::project::{self, Diary, Handle, disk, write_whole};
use crate::run::{Event, Timing};
use crate::spec::{DeviceSpec, Project};

/// A run's folder: `project.ron`, `events.jsonl`, `timing.jsonl`, `checkpoints`, `best.safetensors`, `encoder.ron`,
/// `report.md` with `report_figures`; of a fork also `fork.ron`. Whoever holds one is the only writer of these;
/// [`super::Marks`] and seeds stand beside them.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Held until the last copy is gone, or the process is.
    _lock: Arc<File>,
}

/// How much of a run was told, in bytes of its two diaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) events: u64,
    pub(super) timing: u64,
}

/// Locked by the one who writes; empty.
pub(super) const LOCK: &str = ".learnscope-lock";
/// Whoever looks at a run holds the lock for less than this.
const A_LOOK: Duration = Duration::from_millis(200);

/// Bytes of events that wait in memory for room on the disk; beyond, the run goes on without a diary.
const MOST_WAITING: usize = 32 << 20;

/// Appends a run's events to its folder.
pub(super) struct Recorder {
    folder: RunFolder,
    events: Diary,
    /// Times differ between two runs of one seed, whose events are the same to the bit; so they have their own file.
    timing: Diary,
    log_every: Option<u64>,
    state: State,
}

/// What becomes of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Written,
    /// They wait in memory.
    Waiting,
    /// They were too many for that.
    Lost,
}

impl RunFolder {
    /// Whether a new run may be written there.
    ///
    /// A folder without `project.ron` counts as empty only where it is: what others wrote is never mixed with a run.
    ///
    /// # Errors
    /// When it is a file, cannot be looked into, or holds anything.
    pub fn check(path: &Path) -> Result<(), String> {
        if !path.exists() {
            return Ok(());
        }
        let entries = std::fs::read_dir(path)
            .map_err(|err| format!("the run folder cannot be used: {err} ({})", path.display()))?;
        let leftovers = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(".learnscope-");
        if entries.flatten().any(|entry| !leftovers(&entry.file_name())) {
            return Err(format!("the run folder is not empty; name a new one with --out ({})", path.display()));
        }
        Ok(())
    }

    /// Makes the folder with the project and what encodes new rows, each written whole; and before them, for a fork,
    /// with `first`: files that must be there before it is a run.
    pub(super) fn create(
        path: &Path,
        project: &Project,
        encoder: &Encoder,
        first: &[(&str, &[u8])],
    ) -> Result<Self, String> {
        let trouble =
            |err: &dyn std::fmt::Display| format!("the run folder cannot be written: {err} ({})", path.display());
        disk::make_folder(path).map_err(|err| trouble(&err))?;
        let lock = lock(path)?;
        let encoder = encoder_text(encoder).map_err(|err| trouble(&err))?;
        for (name, bytes) in first {
            write_whole(&path.join(name), bytes).map_err(|err| trouble(&err))?;
        }
        // Of all else the project comes first: a folder that has one is a run.
        project::write(&path.join("project.ron"), project).map_err(|err| trouble(&err))?;
        write_whole(&path.join("encoder.ron"), encoder.as_bytes()).map_err(|err| trouble(&err))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Takes the folder of a run that was interrupted, to go on writing it.
    ///
    /// # Errors
    /// When another program writes it, or it was made from other data than `encoder` encodes.
    pub(super) fn reopen(path: &Path, encoder: &Encoder) -> Result<Self, String> {
        let lock = lock(path)?;
        project::sweep(path);
        let file = path.join("encoder.ron");
        let encoder = encoder_text(encoder).map_err(|err| err.to_string())?;
        match std::fs::read_to_string(&file) {
            Ok(known) if known != encoder => {
                return Err(format!(
                    "the data has changed since this run began, so that it cannot go on; train it anew ({})",
                    path.display()
                ));
            }
            Ok(_) => {}
            // It was interrupted before it came to that.
            Err(_) => write_whole(&file, encoder.as_bytes())
                .map_err(|err| format!("the run folder cannot be written: {err} ({})", path.display()))?,
        }
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's own name.
    pub fn name(&self) -> String {
        self.path.file_name().map_or_else(|| self.path.display().to_string(), |it| it.to_string_lossy().into_owned())
    }
}

/// Whether a file is one that a run keeps itself by: nobody but the run may write it.
pub fn is_record(path: &Path) -> bool {
    const RECORDS: [&str; 10] = [
        "project.ron",
        "events.jsonl",
        "timing.jsonl",
        "encoder.ron",
        "fork.ron",
        "best.safetensors",
        "last.safetensors",
        super::marks::FILE,
        super::seeds::FILE,
        LOCK,
    ];
    let is_in_run = path.parent().is_some_and(|it| it.join("events.jsonl").is_file());
    is_in_run && path.file_name().is_some_and(|name| RECORDS.iter().any(|it| name == *it))
}

/// Makes sure that nobody else writes there until the lock is dropped.
pub(super) fn lock(path: &Path) -> Result<Arc<File>, String> {
    let trouble = |err: &dyn std::fmt::Display| format!("the run folder cannot be locked: {err} ({})", path.display());
    let file = disk::open(&path.join(LOCK)).map_err(|err| trouble(&err))?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Arc::new(file)),
            Err(TryLockError::WouldBlock) if since.elapsed() < A_LOOK => thread::sleep(A_LOOK / 20),
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "another program is training this run; wait for it, or end it ({})",
                    path.display()
                ));
            }
            Err(TryLockError::Error(err)) => return Err(trouble(&err)),
        }
    }
}

/// Whether a run's folder was made from the data that `encoder` encodes; so it is where it names none.
pub(super) fn is_encoded_by(path: &Path, encoder: &Encoder) -> bool {
    let known = std::fs::read_to_string(path.join("encoder.ron"));
    known.is_err() || known.ok() == encoder_text(encoder).ok()
}

fn encoder_text(encoder: &Encoder) -> Result<String, ron::Error> {
    ron::to_string(encoder)
}

impl Recorder {
    /// Goes on behind what was `told`, and drops what the diaries hold beyond it; a new run has told nothing.
    pub(super) fn new(folder: RunFolder, log_every: Option<u64>, told: Told) -> Result<Self, String> {
        let open = |name: &str, told: u64| {
            let path = folder.path.join(name);
            Diary::open(&path, told)
                .map_err(|err| format!("the run's events cannot be written: {err} ({})", path.display()))
        };
        let (events, timing) = (open("events.jsonl", told.events)?, open("timing.jsonl", told.timing)?);
        Ok(Self { folder, events, timing, log_every, state: State::Written })
    }

    /// How much was told so far, all of it handed to the system; and a handle by which it can be brought to the disk.
    ///
    /// # Errors
    /// When some of it still waits for room, or was lost.
    pub(super) fn told(&mut self) -> std::io::Result<(Told, Handle)> {
        if self.state == State::Lost {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.events.flush()?;
        self.timing.flush()?;
        Ok((Told { events: self.events.kept(), timing: self.timing.kept() }, self.events.handle()?))
    }

    /// Appends the run's last event, behind all that waits.
    ///
    /// # Errors
    /// In words, when not all of it can be written; the diary has no end then.
    pub(super) fn write_end(&mut self, end: &Event) -> Result<(), String> {
        self.write(end);
        self.told().map(drop).map_err(|err| {
            self.events.forget_waiting();
            format!("its events cannot be written: {err} ({})", self.place())
        })
    }

    fn place(&self) -> std::path::Display<'_> {
        self.folder.path.display()
    }

    pub(super) fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Writes the project again where a choice was only found while starting, such as the device.
    pub(super) fn rewrite_project(&self, project: &Project) -> Result<(), String> {
        project::write(&self.folder.path.join("project.ron"), project).map_err(|err| err.to_string())
    }

    /// Writes another device into the project, and leaves all else as the run began with it.
    pub(super) fn rewrite_device(&self, device: DeviceSpec) -> Result<(), String> {
        let project = project::read(&self.folder.path.join("project.ron")).map_err(|err| err.to_string())?;
        self.rewrite_project(&Project { device, ..project })
    }

    /// Appends an event; steps only where they were asked for, and where the loss was no number. Where there is no
    /// room, events wait in memory until there is. What has changed about that is returned, to be told.
    pub(super) fn write(&mut self, event: &Event) -> Option<String> {
        if let Event::Step(row) = event
            && row.train_loss.is_finite()
            && self.log_every.is_none_or(|every| row.step % every.max(1) != 0)
        {
            return None;
        }
        if self.state == State::Lost {
            return None;
        }
        if let Event::Epoch(row) = event
            && let Some(timing) = &row.timing
        {
            // Nothing is lost with it but two rules about hardware, so that a failure is left to the events to tell.
            self.timing.add(&serde_json::to_string(timing).unwrap_or_default());
            self.timing.flush().ok();
        }
        self.events.add(&event.to_json());
        // Steps may wait for the next epoch; everything else should survive a kill.
        let may_wait = matches!(event, Event::Step(_)) && (self.state == State::Waiting || !self.events.is_due());
        if may_wait { None } else { self.hand_on() }
    }

    fn hand_on(&mut self) -> Option<String> {
        let outcome = self.events.flush();
        let place = self.place();
        let (state, told) = match (outcome, self.state) {
            (Ok(()), State::Waiting) => {
                (State::Written, "The run's events are written again, and none was lost".to_owned())
            }
            (Err(err), State::Written) => (
                State::Waiting,
                format!(
                    "the run's events cannot be written: {err}; training goes on, and they wait in memory until they can ({place})"
                ),
            ),
            (Err(err), State::Waiting) if self.events.n_waiting() > MOST_WAITING => (
                State::Lost,
                format!("the run's events can no longer be written: {err}; training goes on without ({place})"),
            ),
            _ => return None,
        };
        if state == State::Lost {
            self.events.forget_waiting();
            self.timing.forget_waiting();
        }
        self.state = state;
        Some(told)
    }

    pub(super) fn write_weights(&self, name: &str, weights: &Weights) -> Result<(), String> {
        let bytes = weights.to_bytes(HashMap::new()).map_err(|err| err.to_string())?;
        self.write_file(name, &bytes)
    }

    pub(super) fn write_file(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.folder.path.join(name);
        write_whole(&path, bytes).map_err(|err| format!("{name} cannot be written: {err} ({})", path.display()))
    }
}

/// Reads a run folder's project and events. A last line cut short by a kill is left out.
///
/// # Errors
/// When it is no run folder, or a line that is not the last is damaged.
pub fn read_run(path: &Path) -> Result<(Project, Vec<Event>), String> {
    let project_file = path.join("project.ron");
    if !project_file.is_file() {
        return Err(format!("this is not a run folder: it has no project.ron ({})", path.display()));
    }
    let project = project::read(&project_file).map_err(|err| err.to_string())?;
    let events_file = path.join("events.jsonl");
    // As bytes: a line may be cut short within a letter.
    let text = std::fs::read(&events_file)
        .map_err(|err| format!("the run's events cannot be read: {err} ({})", events_file.display()))?;
    let lines: Vec<&[u8]> = text.trim_ascii_end().split(|it| *it == b'\n').filter(|it| !it.is_empty()).collect();
    let mut events = Vec::with_capacity(lines.len());
    for (idx, line) in lines.iter().enumerate() {
        match serde_json::from_slice(line) {
            Ok(event) => events.push(event),
            Err(_) if idx + 1 == lines.len() => {}
            Err(err) => {
                // What is quoted of the line may hold anything, and a message is one line.
                let err = err.to_string().replace('\n', " ");
                return Err(format!(
                    "the run's events are damaged in line {}: {err} ({})",
                    idx + 1,
                    events_file.display()
                ));
            }
        }
    }
    add_timing(&mut events, &path.join("timing.jsonl"));
    events.extend(super::seeds::kept_seeds(path).into_iter().map(Event::Seed));
    Ok((project, events))
}

/// Puts the times back to the epochs they were measured in, as far as they are there.
fn add_timing(events: &mut [Event], file: &Path) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let mut timings = text.lines().filter_map(|line| serde_json::from_str::<Timing>(line).ok()).peekable();
    for event in events {
        if let Event::Epoch(row) = event {
            while timings.next_if(|it| it.epoch < row.epoch).is_some() {}
            row.timing = timings.next_if(|it| it.epoch == row.epoch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::EpochRow;

    #[test]
    fn a_line_cut_short_by_a_kill_is_left_out_but_damage_before_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        project::write(&path.join("project.ron"), &Project::default()).unwrap();
        for cut in ["{\"event\":\"epo".as_bytes(), b"{\"event\":\"warning\",\"text\":\"\xe2\x82", b"", b"\n"] {
            let text = [b"{\"event\":\"paused\",\"step\":3}\n", cut].concat();
            std::fs::write(path.join("events.jsonl"), text).unwrap();
            assert_eq!(read_run(path).unwrap().1, [Event::Paused { step: 3 }], "{cut:?}");
        }
        std::fs::write(path.join("events.jsonl"), "{\"event\n{\"event\":\"paused\",\"step\":3}\n").unwrap();
        assert!(read_run(path).unwrap_err().contains("line 1"));
    }

    #[test]
    fn times_are_kept_beside_the_events_and_read_back_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        project::write(&path.join("project.ron"), &Project::default()).unwrap();
        let folder = RunFolder { path: path.to_owned(), _lock: lock(path).unwrap() };
        let mut recorder = Recorder::new(folder, None, Told::default()).unwrap();
        let timing = |epoch: u64| Some(Timing { epoch, step: 0.1 * epoch as f64, ..Timing::default() });
        let row = |epoch: u64| EpochRow { epoch, timing: timing(epoch), ..EpochRow::default() };
        for epoch in 1..=3 {
            assert_eq!(recorder.write(&Event::Epoch(row(epoch))), None);
        }
        let events = std::fs::read_to_string(path.join("events.jsonl")).unwrap();
        assert!(!events.contains("timing") && events.lines().count() == 3);
        let timed: Vec<_> = read_run(path).unwrap().1;
        let times: Vec<_> = timed.iter().map(|it| if let Event::Epoch(row) = it { row.timing } else { None }).collect();
        assert_eq!(times, [timing(1), timing(2), timing(3)]);
    }

    #[test]
    fn two_writers_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        assert!(lock(folder.path()).unwrap_err().contains("another program"));
        drop(first);
        assert!(lock(folder.path()).is_ok());
    }

    #[test]
    fn going_on_drops_what_was_told_behind_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let open = |told| {
            let run = RunFolder { path: folder.path().to_owned(), _lock: lock(folder.path()).unwrap() };
            Recorder::new(run, None, told).unwrap()
        };
        let mut recorder = open(Told::default());
        assert_eq!(recorder.write(&Event::Paused { step: 1 }), None);
        let (told, _) = recorder.told().unwrap();
        assert_eq!(recorder.write(&Event::Paused { step: 2 }), None);
        drop(recorder);
        assert_eq!(open(told).write(&Event::Paused { step: 3 }), None);
        let text = std::fs::read_to_string(folder.path().join("events.jsonl")).unwrap();
        assert_eq!(text, "{\"event\":\"paused\",\"step\":1}\n{\"event\":\"paused\",\"step\":3}\n");
    }

    #[test]
    fn a_folder_with_anything_in_it_is_no_place_for_a_run() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(RunFolder::check(folder.path()), Ok(()));
        std::fs::write(folder.path().join("thesis.txt"), "dear").unwrap();
        assert!(RunFolder::check(folder.path()).unwrap_err().contains("not empty"));
    }
}
