//! Forking the shown run: planned where someone points at an epoch, and trained once a knob was changed.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::lifeline::Stage;
use super::naming::{change_words, next_free};
use super::runs::Runs;
use super::{Notice, Projects};
use crate::run::{Parent, Phase, Run};
use crate::session::{Branch, Job, Session};
use crate::spec::{Project, Section};

/// A fork that is being set up: the draft holds its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The parent's name, and the last epoch in common.
    pub parent: Parent,
    /// The parent's folder.
    folder: PathBuf,
    /// How the parent was set then.
    base: Project,
    /// The draft that comes back where it is given up.
    before: Project,
}

impl Planned {
    /// Whether the run that is to be forked is still there.
    pub(super) fn has_parent(&self) -> bool {
        self.folder.join("project.ron").is_file()
    }

    /// What the draft changes that no fork may change, by the section in which it is chosen.
    pub(super) fn problem(&self, draft: &Project) -> Option<(Section, String)> {
        let why = draft.check_fork_of(&self.base).err()?;
        let key = why.split(' ').next().unwrap_or_default();
        Some((Section::of_key(key).unwrap_or(Section::Model), why))
    }

    /// What the draft changes, in words; none where that is nothing.
    pub fn change_words(&self, draft: &Project) -> Option<String> {
        (*draft != self.base).then(|| change_words(draft, &self.base))
    }

    /// The settings that the draft changes.
    fn changes(&self, draft: &Project) -> Vec<(String, String)> {
        let changes = draft.changes_from(&self.base);
        changes.into_iter().map(|(key, text)| (key.to_owned(), text)).collect()
    }
}

impl Runs {
    /// Why the shown run cannot be forked at an epoch; none where it can.
    pub fn fork_refusal(&self, epoch: u64) -> Option<String> {
        let Some(run) = &self.shown else { return Some("there is no run to fork".to_owned()) };
        if self.log.is_some() {
            return Some("another program trained this; only runs of this one can be forked".to_owned());
        }
        if self.out.is_none() {
            return Some("this run is written down nowhere, so that it cannot be forked".to_owned());
        }
        if run.history.row(epoch).is_none() {
            return Some(format!("epoch {epoch} is not trained yet"));
        }
        let parent = run.parent().filter(|it| epoch < it.epoch)?;
        Some(format!("up to epoch {} this run is the same as {}; fork that one there", parent.epoch, parent.run))
    }

    pub(super) fn plan_fork(&mut self, epoch: u64, projects: &mut Projects, notices: &mut Vec<Notice>) {
        if let Some(why) = self.fork_refusal(epoch) {
            return notices.push(Notice::error(format!("This run cannot be forked there: {why}")));
        }
        let before = match self.planned.take() {
            Some(it) => it.before,
            None => projects.draft.clone(),
        };
        let (Some(run), Some(folder)) = (&self.shown, self.out.clone()) else { return };
        let base = run.settings_at(epoch);
        projects.draft = base.clone();
        let name = folder.file_name().map(|it| it.to_string_lossy().into_owned());
        let parent = Parent { run: name.unwrap_or_else(|| run.started.run.clone()), epoch };
        self.planned = Some(Planned { parent, folder, base, before });
    }

    /// Gives a planned fork up, and brings the draft back.
    pub(super) fn cancel_fork(&mut self, projects: &mut Projects) {
        if let Some(planned) = self.planned.take() {
            projects.draft = planned.before;
        }
    }

    /// Trains the fork that is planned. Its parent stays on the chart, with the future that it had.
    pub(super) fn train_fork(&mut self, planned: &Planned, projects: &Projects, begins_paused: bool) {
        let Planned { parent, folder, base, .. } = planned;
        let set = planned.changes(&projects.draft);
        self.retire();
        let Some(before) = self.shown.take() else { return };
        let mut job = Job::fork(Branch { run: folder.clone(), epoch: parent.epoch, set });
        job.out = self.folder.as_deref().or(folder.parent()).map(|it| next_free(it, &projects.title()));
        (job.watched, job.begins_paused) = (true, begins_paused);
        let name = job.out.as_deref().and_then(std::path::Path::file_name);
        let mut run = before.until(parent.epoch);
        run.project = projects.draft.clone();
        run.started.run = name.map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        run.started.parent = Some(parent.clone());
        run.change = format!("fork at {}: {}", parent.epoch, change_words(&projects.draft, base));
        self.put_behind(before);
        self.out.clone_from(&job.out);
        let wake = Arc::clone(&self.wake);
        self.session = Some(match &self.program {
            Some(program) => Session::spawn_apart(program, job, move || wake()),
            None => Session::spawn(job, move || wake()),
        });
        self.begin_to_show(run);
    }

    /// Shows a run whose training has just been asked for.
    pub(super) fn begin_to_show(&mut self, run: Run) {
        self.shown = Some(run);
        self.forget_checkpoints();
        self.began = Instant::now();
        self.lifeline.enter(Stage::Starting, 0.0);
    }
}

impl Run {
    /// How it was set in an epoch, knobs turned while training included. Of a fork, an epoch of its own or the last in
    /// common.
    fn settings_at(&self, epoch: u64) -> Project {
        let end = self.history.row(epoch).map_or(0, |it| it.step);
        let mut project = self.project.clone();
        for it in self.changes.iter().filter(|it| it.by == "user" && it.step < end) {
            let is_own = self.parent().is_none_or(|parent| it.epoch >= parent.epoch);
            if is_own {
                // What a run has told of was a setting.
                project.set_value(&it.key, &it.to).ok();
            }
        }
        project
    }

    /// What it had told by the end of an epoch, about to go on from there.
    fn until(&self, epoch: u64) -> Self {
        let mut past = self.clone();
        past.go_back_to(epoch);
        past.phase = Phase::Preparing;
        past
    }
}
