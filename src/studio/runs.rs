//! The run that is shown, the ones before it, and the training behind it.

mod aside;
mod other_seeds;
mod telling;
mod written;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use aside::Aside;
use telling::{follow, tell};

use super::forking::Planned;
use super::keeping::{HeldRun, HeldRuns};
use super::lifeline::{Lifeline, Stage};
use super::naming::{change_words, next_free};
use super::seeds::SeedTraining;
use super::{Notice, Projects, ReadLog, RunAction, Wake};
use crate::diagnose::apply;
use crate::run::{Command, Event, FinishReason, Phase, Preparing, Remedy, Run};
use crate::session::{Background, Contents, Interrupted, Job, Session, checkpoints, in_background, open_checkpoint};
use crate::spec::DeviceSpec;

/// Earlier runs that stay on the chart.
const GHOSTS: usize = 5;

/// The run that is shown and the ones before it.
pub struct Runs {
    pub shown: Option<Run>,
    /// Newest first, at most five.
    pub ghosts: VecDeque<Run>,
    /// A fork of the shown run that is being set up.
    pub planned: Option<Planned>,
    /// What the shown run has been through.
    pub lifeline: Lifeline,
    /// What its newest checkpoint holds.
    pub checkpoint: Option<Arc<Contents>>,
    pub(super) began: Instant,
    opening: Option<Background<Contents>>,
    /// Whether a newer checkpoint waits to be opened up.
    has_newer: bool,
    /// The log that the shown run was read from; none where it is a run of this program.
    pub log: Option<ReadLog>,
    /// What the log stands in front of.
    aside: Aside,
    pub(super) session: Option<Session>,
    /// The shown run's project, trained with other seeds.
    seeding: Option<SeedTraining>,
    /// Trainings asked to stop that are still writing.
    retiring: Vec<Session>,
    pub(super) folder: Option<PathBuf>,
    /// Where the shown run is written.
    pub(super) out: Option<PathBuf>,
    /// This very program, which trains in a process of its own where it is known.
    pub(super) program: Option<PathBuf>,
    pub(super) wake: Wake,
}

impl Runs {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            shown: None,
            ghosts: VecDeque::new(),
            planned: None,
            lifeline: Lifeline::default(),
            checkpoint: None,
            began: Instant::now(),
            opening: None,
            has_newer: false,
            log: None,
            aside: Aside::default(),
            session: None,
            seeding: None,
            retiring: Vec::new(),
            folder: None,
            out: None,
            program: None,
            wake,
        }
    }

    pub(super) fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    pub(super) fn train_through(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    /// Whether the shown run was interrupted and can go on from what was written of it.
    pub fn can_continue(&self) -> bool {
        // One that was killed could tell no end.
        let was_interrupted =
            |it: &Run| !it.is_live() && it.finished.as_ref().is_none_or(|it| it.reason == FinishReason::Failed);
        self.log.is_none() && self.out.is_some() && self.shown.as_ref().is_some_and(was_interrupted)
    }

    /// Whether the training has a process of its own, whose plug can be pulled.
    pub fn has_plug(&self) -> bool {
        self.is_live() && self.session.as_ref().is_some_and(|it| it.process().is_some())
    }

    /// Whether a training goes on, paused or not.
    pub fn is_live(&self) -> bool {
        self.session.is_some() && self.shown.as_ref().is_some_and(Run::is_live)
    }

    /// Whether an earlier training, asked to stop, is still writing.
    pub fn is_retiring(&self) -> bool {
        !self.retiring.is_empty()
    }

    /// Takes in what the trainings have told. What `is_withheld` keeps is told to the shown run later, or never.
    pub(super) fn poll(&mut self, notices: &mut Vec<Notice>, mut is_withheld: impl FnMut(&Event) -> bool) {
        self.retiring.retain_mut(|it| {
            it.drain();
            !it.is_over()
        });
        self.open_up();
        let now = self.began.elapsed().as_secs_f64();
        let Some(run) = (if self.log.is_some() { &mut self.aside.shown } else { &mut self.shown }) else { return };
        if let Some(seeding) = &mut self.seeding {
            let rows = seeding.poll();
            self.out
                .iter()
                .filter(|_| !rows.is_empty())
                .for_each(|it| written::keep_seeds_of(it, run, &rows, &self.wake));
            for row in rows {
                run.apply(Event::Seed(row));
            }
            if seeding.is_over() {
                self.seeding = None;
            }
        }
        let Some(session) = &mut self.session else { return };
        if run.is_live() {
            self.lifeline.look(run.step, now);
        }
        for event in session.drain() {
            self.has_newer |= matches!(event, Event::Checkpoint { .. });
            follow(&mut self.lifeline, &event, run, now);
            if !is_withheld(&event) {
                tell(run, event, notices);
            }
        }
        if let Some(views) = session.views() {
            run.views = Some(views);
        }
        if session.is_over() {
            self.session = None;
        }
    }

    /// Shows a run that was read from its folder. It can go on where it was interrupted.
    pub(super) fn show_run(&mut self, run: Run, folder: PathBuf) {
        self.shown = Some(run);
        self.began = Instant::now();
        self.out = Some(folder);
        self.has_newer = true;
        self.open_up();
    }

    /// The runs on the chart that were written down, by their folders.
    pub fn held(&self) -> HeldRuns {
        let (shown, ghosts) = match &self.log {
            Some(_) => (&self.aside.shown, &self.aside.ghosts),
            None => (&self.shown, &self.ghosts),
        };
        let held = |run: &Run, folder: PathBuf| HeldRun { folder, change: run.change.clone() };
        let of_ghost = |run: &Run| {
            let told = run.finished.as_ref().map(|it| PathBuf::from(&it.run_dir)).filter(|it| it.is_absolute());
            let folder = told.or_else(|| Some(self.folder.as_ref()?.join(&run.started.run)))?;
            (!run.started.run.is_empty()).then(|| held(run, folder))
        };
        HeldRuns {
            shown: shown.as_ref().zip(self.out.clone()).map(|(run, folder)| held(run, folder)),
            ghosts: ghosts.iter().filter_map(of_ghost).collect(),
            log: self.log.as_ref().map(|it| it.path.clone()),
        }
    }

    /// Whether a checkpoint is being opened up.
    pub(super) fn is_reading(&self) -> bool {
        self.opening.is_some()
    }

    /// Opens up the newest checkpoint, on a thread of its own.
    fn open_up(&mut self) {
        if let Some(outcome) = self.opening.as_ref().and_then(Background::take) {
            self.opening = None;
            // One that was deleted meanwhile has a successor.
            self.checkpoint =
                Arc::try_unwrap(outcome).ok().and_then(Result::ok).map(Arc::new).or(self.checkpoint.take());
        }
        let (true, None, Some(out)) = (self.has_newer, &self.opening, self.out.clone()) else { return };
        self.has_newer = false;
        let open = move || {
            let newest = checkpoints(&out).into_iter().next().ok_or_else(|| "there is none".to_owned())?;
            open_checkpoint(&newest.1)
        };
        self.opening = Some(in_background("checkpoint reader", Arc::clone(&self.wake), open));
    }

    pub(super) fn act(&mut self, action: RunAction, projects: &mut Projects, notices: &mut Vec<Notice>) {
        match action {
            RunAction::Train => self.train(projects, false),
            RunAction::Pause => self.send(Command::Pause),
            RunAction::Resume => self.send(Command::Resume),
            RunAction::Step => {
                if !self.is_live() || self.planned.is_some() {
                    self.train(projects, true);
                }
                self.send(Command::Step);
            }
            RunAction::Stop => self.send(Command::Stop),
            // What is written nowhere cannot go on, but it can tell its end.
            RunAction::Leave => self.send(if self.out.is_some() { Command::Leave } else { Command::Stop }),
            RunAction::Continue(device) => self.go_on(device, projects, notices),
            RunAction::PullThePlug => {
                if !self.session.as_ref().is_some_and(Session::kill) {
                    notices.push(Notice::error(
                        "This training has no process of its own, so that there is no plug to pull",
                    ));
                }
            }
            RunAction::Set { key, value } => match projects.draft.set_value(&key, &value) {
                Ok(()) => self.send(Command::Set { key, value }),
                Err(err) => notices.push(Notice::error(err.to_string())),
            },
            RunAction::Try(remedy) => self.try_out(&remedy, projects, notices),
            RunAction::Probe => self.experiment(Command::Probe, notices),
            RunAction::RangeTest => self.experiment(Command::RangeTest, notices),
            RunAction::Forget => self.experiment(Command::Forget, notices),
            RunAction::GoOn { epochs } => self.experiment(Command::GoOn { epochs }, notices),
            RunAction::Seeds { k } => self.train_seeds(k, projects),
            RunAction::CancelSeeds => self.quit_seeds(),
            RunAction::PlanFork { epoch } => self.plan_fork(epoch, projects, notices),
            RunAction::CancelFork => self.cancel_fork(projects),
            RunAction::ForgetGhosts => self.ghosts.clear(),
        }
    }

    /// Tells the shown run of an event that was withheld.
    pub(super) fn tell(&mut self, event: Event, notices: &mut Vec<Notice>) {
        if let Some(run) = &mut self.shown {
            tell(run, event, notices);
        }
    }

    /// Forgets all runs, for another project. A live one is asked to stop.
    pub(super) fn clear(&mut self) {
        self.planned = None;
        self.close_log();
        self.retire();
        self.shown = None;
        self.ghosts.clear();
        self.out = None;
        self.forget_checkpoints();
    }

    pub(super) fn forget_checkpoints(&mut self) {
        (self.lifeline, self.checkpoint, self.opening, self.has_newer) = (Lifeline::default(), None, None, false);
    }

    fn send(&self, command: Command) {
        if let Some(session) = &self.session {
            session.send(command);
        }
    }

    /// Whether copies can be made of the run's training: it is in memory, as long as no other has begun.
    pub fn can_experiment(&self) -> bool {
        self.session.is_some() && self.log.is_none()
    }

    fn experiment(&self, command: Command, notices: &mut Vec<Notice>) {
        if self.can_experiment() {
            self.send(command);
        } else {
            notices.push(Notice::error(
                "This run is no longer in memory; train it again to experiment with it".to_owned(),
            ));
        }
    }

    pub(super) fn train(&mut self, projects: &Projects, begins_paused: bool) {
        if let Some(planned) = self.planned.take() {
            return self.train_fork(&planned, projects, begins_paused);
        }
        self.close_log();
        self.retire();
        let before = self.shown.take();
        let mut run = Run::of(projects.draft.clone());
        run.change = before.as_ref().map_or_else(String::new, |it| change_words(&projects.draft, &it.project));
        if let Some(before) = before {
            self.put_behind(before);
        }
        let mut job = Job::new(projects.draft.clone(), projects.base());
        job.name = projects.title();
        job.data = projects.dataset(&projects.draft.data.source);
        job.out = self.folder.as_deref().map(|it| next_free(it, &job.name));
        self.out.clone_from(&job.out);
        job.watched = true;
        job.begins_paused = begins_paused;
        let wake = Arc::clone(&self.wake);
        self.session = Some(match &self.program {
            Some(program) => Session::spawn_apart(program, job, move || wake()),
            None => Session::spawn(job, move || wake()),
        });
        self.begin_to_show(run);
    }

    /// Leaves a run on the chart, behind the one that comes.
    pub(super) fn put_behind(&mut self, before: Run) {
        if !before.history.epochs.is_empty() {
            self.ghosts.push_front(before);
            self.ghosts.truncate(GHOSTS);
        }
    }

    /// Goes on from the last checkpoint, in the same place and under the same name.
    fn go_on(&mut self, device: Option<DeviceSpec>, projects: &Projects, notices: &mut Vec<Notice>) {
        let (true, Some(folder)) = (self.can_continue(), self.out.clone()) else {
            notices
                .push(Notice::error("Only a run that was interrupted can go on, and only where it was written down"));
            return;
        };
        // The process that was interrupted still holds the folder until it is gone.
        self.session = None;
        // The budget is the one that is chosen now.
        let memory = Some(projects.draft.memory.clone());
        let asked = Interrupted { folder, device, memory, log_every: None, watched: true, began: Instant::now() };
        let wake = Arc::clone(&self.wake);
        self.session = Some(match &self.program {
            Some(program) => Session::resume_apart(program, asked, move || wake()),
            None => Session::resume(asked, move || wake()),
        });
        if let Some(run) = &mut self.shown {
            run.apply(Event::Preparing(Preparing { text: "Going on from the last checkpoint".to_owned() }));
            (run.phase, run.finished) = (Phase::Preparing, None);
        }
        let now = self.began.elapsed().as_secs_f64();
        // One that was read from its folder has no time of its own yet.
        self.lifeline.look(self.shown.as_ref().map_or(0, |it| it.step), now);
        self.lifeline.enter(Stage::Resuming, self.began.elapsed().as_secs_f64());
    }

    fn try_out(&mut self, remedy: &Remedy, projects: &mut Projects, notices: &mut Vec<Notice>) {
        if let Err(err) = apply(remedy, &mut projects.draft) {
            notices.push(Notice::error(err.to_string()));
            return;
        }
        // A remedy is tried from the first step on.
        self.planned = None;
        self.train(projects, false);
    }

    pub(super) fn retire(&mut self) {
        self.quit_seeds();
        if let Some(session) = self.session.take() {
            session.send(Command::Stop);
            self.retiring.push(session);
        }
    }
}
