//! Going on with a run that was interrupted, from its newest whole checkpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::checkpoint::Checkpoint;
use super::course::Course;
use super::job::{Job, Ready};
use super::recorder::{RunFolder, Told};
use super::store::Store;
use super::{Desk, worker};
use crate::data;
use crate::engine::check_device;
use crate::project;
use crate::run::{Event, FinishReason, Finished, Started};
use crate::spec::{DeviceSpec, MemorySpec, Project};

/// A run that is to go on.
#[derive(Clone, Debug)]
pub struct Interrupted {
    pub folder: PathBuf,
    /// Another device than the one it began on.
    pub device: Option<DeviceSpec>,
    /// Another memory budget than it had.
    pub memory: Option<MemorySpec>,
    /// Every how many steps a `step` event is written. None: as before.
    pub log_every: Option<u64>,
    /// As [`Job::watched`].
    pub watched: bool,
    /// When the process, or in the window the run, began.
    pub began: Instant,
}

/// What became of asking a run to go on.
pub enum Resumption {
    Ready(Box<Ready>),
    /// It had ended as it is told here, and nothing was written.
    Over(Box<Project>, Finished),
}

/// Where a run goes on.
pub(super) struct Place {
    pub(super) checkpoint: Checkpoint,
    /// What was told by then.
    pub(super) events: Vec<Event>,
}

impl Place {
    pub(super) fn told(&self) -> Told {
        Told { events: self.checkpoint.position.events, timing: self.checkpoint.position.timing }
    }

    /// The run's first event.
    pub(super) fn started(&self) -> Option<Started> {
        self.events.iter().find_map(|it| if let Event::Started(it) = it { Some(it.clone()) } else { None })
    }
}

/// Makes a run ready to go on from its newest whole checkpoint, or from its first step where it has none.
///
/// # Errors
/// Every problem, one line each, when the folder is no run, another program is writing it, or its data has changed.
pub fn resume(asked: &Interrupted) -> Result<Resumption, Vec<String>> {
    let one = |line: String| vec![line.replace('\n', " ")];
    let path = asked.folder.as_path();
    let project_file = path.join("project.ron");
    if !project_file.is_file() {
        return Err(one(format!("this is not a run folder: it has no project.ron ({})", path.display())));
    }
    let mut project = project::read(&project_file).map_err(|err| one(err.to_string()))?;
    let diary = std::fs::read(path.join("events.jsonl")).unwrap_or_default();
    if let Some(finished) = finished(&diary) {
        return Ok(Resumption::Over(Box::new(project), finished));
    }
    project.device = asked.device.unwrap_or(project.device);
    project.memory = asked.memory.clone().unwrap_or(project.memory);
    project.check()?;
    check_device(project.device).map_err(|err| one(err.to_string()))?;
    let course = Course::read(path).map_err(one)?;
    let dataset = data::load(&project.data.source, path).map_err(|err| one(err.to_string()))?;
    let prepared = data::prepare(&dataset, &project.data, &project.split, project.training.seed)
        .map_err(|err| one(err.to_string()))?;
    let mut job = Job::new(project, path);
    (job.log_every, job.watched, job.began) = (asked.log_every, asked.watched, asked.began);
    job.out = Some(path.to_owned());
    let folder = RunFolder::reopen(path, &prepared.encoder).map_err(one)?;
    // Whoever held the lock until now may have told more.
    let diary = std::fs::read(path.join("events.jsonl")).unwrap_or_default();
    if let Some(finished) = finished(&diary) {
        return Ok(Resumption::Over(Box::new(job.project), finished));
    }
    let newest = Store::of(path).newest(diary.len() as u64, u64::MAX);
    let from = newest.checkpoint.map(|it| place(it, &diary, path)).transpose().map_err(one)?;
    if let Some(from) = &from {
        job.log_every = job.log_every.or(from.checkpoint.position.log_every);
        Store::of(path).forget_behind(from.checkpoint.position.step);
    }
    let mut data = prepared;
    // What was noticed in the data was told when the run began; what became of its checkpoints is news.
    data.notes = newest.damaged;
    if from.is_none() && !diary.is_empty() {
        data.notes.push("none of its checkpoints can be used, so that it begins again with its first step".to_owned());
    }
    Ok(Resumption::Ready(Box::new(Ready { job, data: Arc::new(data), init: None, folder: Some(folder), from, course })))
}

/// Goes on with a run on this very thread, or says why not.
pub(super) fn go_on(asked: &Interrupted, desk: &mut Desk) {
    match resume(asked) {
        Ok(Resumption::Ready(ready)) => worker::train(*ready, desk),
        Ok(Resumption::Over(_, finished)) => desk.out.tell(Event::Finished(finished)),
        Err(problems) => desk.out.fail(&problems.join("; ")),
    }
}

/// The end of a run that has one. A run that failed has not: what failed may be gone, or another device at hand.
fn finished(diary: &[u8]) -> Option<Finished> {
    let last = diary.trim_ascii_end().rsplit(|it| *it == b'\n').next()?;
    match serde_json::from_slice(last) {
        Ok(Event::Finished(it)) if it.reason != FinishReason::Failed => Some(it),
        _ => None,
    }
}

/// The events that were told before a checkpoint.
pub(super) fn place(checkpoint: Checkpoint, diary: &[u8], path: &Path) -> Result<Place, String> {
    let told = &diary[..checkpoint.position.events as usize];
    let lines = told.split(|it| *it == b'\n').filter(|it| !it.is_empty());
    let events: Result<Vec<Event>, _> = lines.map(serde_json::from_slice).collect();
    let events = events.map_err(|err| format!("the run's events are damaged: {err} ({})", path.display()))?;
    Ok(Place { checkpoint, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_over_when_its_last_whole_line_says_so() {
        let end = br#"{"event":"finished","reason":"completed","epochs":3,"best_epoch":2,"best_validation_loss":0.5,"seconds":1.0}"#;
        let with = |tail: &[u8]| [b"{\"event\":\"paused\",\"step\":1}\n".as_slice(), end, tail].concat();
        assert!(finished(&with(b"\n")).is_some());
        assert!(finished(b"{\"event\":\"paused\",\"step\":1}\n").is_none());
        assert!(finished(b"").is_none());
        let failed = String::from_utf8_lossy(end).replace("completed", "failed");
        assert!(finished(failed.as_bytes()).is_none(), "what failed can be tried again");
        assert!(finished(&with(b"\n{\"event\":\"ep")).is_none(), "what was told behind an end has not ended");
    }
}
