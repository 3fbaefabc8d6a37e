//! Another future for a run: its past up to an epoch, and from there on other settings.
//!
//! The past is taken over from the newest checkpoint at or before that epoch, and what lies between is trained again, to
//! the bit on the processor; so is everything where no checkpoint was kept. The parent is only read.

use std::path::Path;
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::course::{self, By, Course, Turn};
use super::job::{Branch, Job, Ready};
use super::recorder::{RunFolder, is_encoded_by, read_run};
use super::resume::{Place, place};
use super::store::Store;
use crate::data::{self, Prepared};
use crate::engine::{OpenDevice, Trainer, check_device};
use crate::project;
use crate::run::{EpochRow, Event, Parent, Run, Started};
use crate::spec::Project;

/// First losses may differ by this share between devices; other first weights differ by far more.
const SAME_START: f64 = 1e-3;

/// A run's past up to an epoch.
struct Past {
    run: Run,
    /// Bytes of its events, as far as they are whole lines.
    diary: Vec<u8>,
    /// The last epoch in common.
    row: EpochRow,
    course: Course,
}

/// How a run's settings stood in an epoch: what a fork changes there.
///
/// # Errors
/// In one line, when it is no run, has no such epoch, or was still its own parent then.
pub fn settings_at(run: &Path, epoch: u64) -> Result<Project, String> {
    Past::read(run, epoch).map(|it| it.course.stands().clone())
}

/// Makes a fork ready: everything is checked before its folder is made.
pub(super) fn ready(mut job: Job, branch: &Branch) -> Result<Ready, Vec<String>> {
    let one = |line: String| vec![line.replace('\n', " ")];
    let Past { run, diary, row, mut course } = Past::read(&branch.run, branch.epoch).map_err(one)?;
    let mut project = course.stands().clone();
    for (key, value) in &branch.set {
        project.set_value(key, value).map_err(|err| one(err.to_string()))?;
    }
    project.check_fork_of(course.stands()).map_err(one)?;
    project.check()?;
    check_device(project.device).map_err(|err| one(err.to_string()))?;
    if let Some(out) = &job.out {
        RunFolder::check(out).map_err(one)?;
    }
    let data = prepare(&course.begin, &branch.run).map_err(one)?;
    let misfits: Vec<_> = project.misfits(data.task).into_iter().map(|it| it.1).collect();
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let mut from = nearest(&branch.run, &diary, &row).map_err(one)?;
    if let Some(from) = &mut from {
        // Whether it stops there, too, is for its own settings to say, and its time is its own.
        (from.checkpoint.position.has_stopped, from.checkpoint.position.seconds) = (false, 0.0);
    }
    if from.is_none() {
        check_start(&course.begin, &data, &run.started, branch).map_err(one)?;
    }
    course.turns.push(Turn { step: row.step, by: By::Fork, project: project.clone() });
    course.parent = Parent { run: name_of(&branch.run), epoch: branch.epoch };
    course.losses = (row.train_loss, row.validation_loss);
    job.name.clone_from(&project.name);
    job.log_every = job.log_every.or(from.as_ref().and_then(|it| it.checkpoint.position.log_every));
    job.project = project;
    let folder = job.out.as_deref().map(|out| make_folder(out, &job.project, &data, &course));
    let folder = folder.transpose().map_err(one)?;
    let from = from.map(|it| adopt(it, &branch.run, folder.as_ref(), &course.parent)).transpose().map_err(one)?;
    let mut data = data;
    data.notes = vec![past_words(&course.parent, from.as_ref())];
    Ok(Ready { job, data: Arc::new(data), init: None, folder, from, course: Some(course) })
}

impl Past {
    fn read(path: &Path, epoch: u64) -> Result<Self, String> {
        let (project, events) = read_run(path)?;
        let mut diary =
            std::fs::read(path.join("events.jsonl")).map_err(|err| format!("{err} ({})", path.display()))?;
        // A run that still goes on may have written half a line.
        diary.truncate(diary.iter().rposition(|it| *it == b'\n').map_or(0, |it| it + 1));
        let row = events.iter().find_map(|it| match it {
            Event::Epoch(row) if row.epoch == epoch => Some(row.clone()),
            _ => None,
        });
        let Some(row) = row else {
            let last = Run::replay(project, events).epoch();
            let has = if last == 0 { "has no epoch yet".to_owned() } else { format!("has epochs 1 to {last}") };
            return Err(format!("there is no epoch {epoch} to fork at: the run {has} ({})", path.display()));
        };
        let course = Course::taken(path, &project, &events, row.step)?;
        Ok(Self { run: Run::replay(project, events), diary, row, course })
    }
}

/// The rows as the parent saw them.
fn prepare(begin: &Project, run: &Path) -> Result<Prepared, String> {
    let dataset = data::load(&begin.data.source, run).map_err(|err| err.to_string())?;
    let prepared =
        data::prepare(&dataset, &begin.data, &begin.split, begin.training.seed).map_err(|err| err.to_string())?;
    if is_encoded_by(run, &prepared.encoder) {
        Ok(prepared)
    } else {
        Err(format!(
            "the data has changed since this run was trained, so that it cannot be forked; train it anew ({})",
            run.display()
        ))
    }
}

/// The newest checkpoint at or before the end of an epoch that knows of nothing behind it.
fn nearest(run: &Path, diary: &[u8], row: &EpochRow) -> Result<Option<Place>, String> {
    let mut until = row.step;
    loop {
        let Some(checkpoint) = Store::of(run).newest(diary.len() as u64, until).checkpoint else { return Ok(None) };
        let step = checkpoint.position.step;
        let found = place(checkpoint, diary, run)?;
        let is_turned = |it: &Event| matches!(it, Event::Changed(it) if it.by == "user" && it.step >= row.step);
        match step.checked_sub(1) {
            Some(before) if found.events.iter().any(is_turned) => until = before,
            _ => return Ok(Some(found)),
        }
    }
}

/// Whether the parent's first step can be found again from its project alone.
fn check_start(begin: &Project, data: &Prepared, started: &Started, branch: &Branch) -> Result<(), String> {
    let trainer = Trainer::for_measuring(begin, Arc::new(data.clone()), &OpenDevice::cpu(), None)
        .map_err(|err| err.to_string())?;
    let loss = trainer.evaluate(&data.split.validation).map_err(|err| err.to_string())?.loss;
    let is_same = started.initial_loss.is_none_or(|told| (told - loss).abs() <= SAME_START * told.abs().max(1e-12));
    if is_same || !loss.is_finite() {
        return Ok(());
    }
    Err(format!(
        "epoch {} cannot be retraced: the run began with weights of its own, and no checkpoint so early was kept; fork it at a later epoch ({})",
        branch.epoch,
        branch.run.display()
    ))
}

fn make_folder(out: &Path, project: &Project, data: &Prepared, course: &Course) -> Result<RunFolder, String> {
    let text = project::to_ron(course);
    let file = format!("// What this run has in common with its parent, and the settings it had meanwhile.\n{text}\n");
    RunFolder::create(out, project, &data.encoder, &[(course::FILE, file.as_bytes())])
}

/// Brings the parent's past into the fork's folder: what was told by then, under the fork's own name, and the checkpoint.
fn adopt(mut from: Place, run: &Path, folder: Option<&RunFolder>, parent: &Parent) -> Result<Place, String> {
    let Some(folder) = folder else { return Ok(from) };
    let path = folder.path();
    let trouble =
        |err: &dyn std::fmt::Display| format!("the parent's past cannot be copied: {err} ({})", path.display());
    let position = &mut from.checkpoint.position;
    let read = |name: &str, told: u64| -> Result<Vec<u8>, String> {
        let mut bytes = std::fs::read(run.join(name)).unwrap_or_default();
        bytes.truncate(told as usize);
        Ok(bytes)
    };
    let events = read("events.jsonl", position.events)?;
    let end = events.iter().position(|it| *it == b'\n').ok_or_else(|| trouble(&"it has no first line"))?;
    let Some(Event::Started(first)) = from.events.first_mut() else {
        return Err(trouble(&"its first line does not say how it started"));
    };
    (first.run, first.parent) = (folder.name(), Some(parent.clone()));
    let mut told = Event::Started(first.clone()).to_json().into_bytes();
    told.extend_from_slice(&events[end..]);
    let timing = read("timing.jsonl", position.timing)?;
    (position.events, position.timing) = (told.len() as u64, timing.len() as u64);
    for (name, bytes) in [("events.jsonl", &told), ("timing.jsonl", &timing)] {
        project::write_whole(&path.join(name), bytes).map_err(|err| trouble(&err))?;
    }
    // It never needs its parent again.
    let keep = position.project.checkpoint.keep;
    Store::of(path).write(Checkpoint::clone(&from.checkpoint), None, keep)?;
    Ok(from)
}

fn name_of(run: &Path) -> String {
    let whole = std::path::absolute(run).unwrap_or_else(|_| run.to_owned());
    whole.file_name().map_or_else(|| run.display().to_string(), |it| it.to_string_lossy().into_owned())
}

/// Where the past comes from, in one sentence.
fn past_words(parent: &Parent, from: Option<&Place>) -> String {
    let Parent { run, epoch } = parent;
    match from.map(|it| &it.checkpoint.position) {
        Some(it) if it.epoch == *epoch => format!("Forks {run} at epoch {epoch}, from its checkpoint there"),
        Some(it) => {
            format!("Forks {run} at epoch {epoch}: retraces it from the checkpoint after step {}", it.step)
        }
        None => format!("Forks {run} at epoch {epoch}: no earlier checkpoint was kept, so it is retraced from step 1"),
    }
}
