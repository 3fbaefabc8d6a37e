//! What the program knows, without a window: one project, its runs, its data and the hardware.
//!
//! Window and tests drive it the same way: look at its fields, [`Studio::act`] on it, and
//! [`Studio::poll`] it for what training and loading have told since. It never waits.

mod action;
mod export;
mod forking;
mod hardware;
pub mod history;
mod keeping;
mod lifeline;
mod log;
mod naming;
mod opening;
mod projects;
mod propose;
pub mod quiz;
mod runs;
mod seeds;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use action::{Action, HardwareAction, Kind, LogAction, ProjectAction, QuizAction, RunAction};
pub use export::{ExportAction, Exports};
pub use forking::Planned;
pub use hardware::{Hardware, Verification};
pub use history::{History, HistoryAction, MarkChange};
pub use keeping::{Held, HeldRun, HeldRuns, Keeper, Remembered};
pub use lifeline::{Cost, Interruption, Lifeline, Span, Stage};
pub use log::ReadLog;
pub use naming::next_free;
pub use projects::{DataState, Loaded, Projects, is_project_file};
pub use propose::propose;
pub use quiz::Quiz;
pub use runs::Runs;
pub use seeds::{MOST_SEEDS, SeedTraining};

use crate::logs::Role;
use crate::run::Phase;
use crate::spec::{Project, Section};
use opening::{Before, Found, Opening};

/// Called from other threads whenever there is something to poll.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Everything the program knows.
pub struct Studio {
    pub projects: Projects,
    pub runs: Runs,
    pub hardware: Hardware,
    /// Every run that was written down.
    pub history: History,
    pub quiz: Quiz,
    pub exports: Exports,
    /// What was open when the quiz began.
    aside: Option<Aside>,
    /// Whether the quiz's project is trained once its data is there.
    is_asked: bool,
    opening: Opening,
    /// The run that was being written when last looked, and where it stood.
    written: Option<(PathBuf, Phase)>,
    /// What should be said aloud; whoever shows it takes it.
    pub notices: Vec<Notice>,
}

/// Something to say in passing.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
    /// What can be done about it.
    pub offer: Option<Offer>,
}

/// Something that a notice offers to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// On its button.
    pub label: String,
    pub action: Action,
}

impl Notice {
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true, offer: None }
    }

    pub fn info(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false, offer: None }
    }

    fn offering(self, offer: Offer) -> Self {
        Self { offer: Some(offer), ..self }
    }
}

/// What the quiz covers while it is played.
struct Aside {
    project: projects::Aside,
    runs: Runs,
}

impl Studio {
    /// The welcome project, nothing trained, nothing written to disk.
    pub fn new(wake: Wake) -> Self {
        Self {
            projects: Projects::new(Arc::clone(&wake)),
            runs: Runs::new(Arc::clone(&wake)),
            hardware: Hardware::new(Arc::clone(&wake)),
            history: History::new(Arc::clone(&wake)),
            quiz: Quiz::default(),
            exports: Exports::new(Arc::clone(&wake)),
            aside: None,
            is_asked: false,
            opening: Opening::new(wake),
            written: None,
            notices: Vec::new(),
        }
    }

    /// Writes every run into a folder of its own below `runs`.
    pub fn keeping_runs_in(mut self, runs: PathBuf) -> Self {
        self.history.keep_in(runs.clone());
        self.runs.keep_in(runs);
        self
    }

    /// Trains and asks about the hardware in processes of `program`, this very program, so that whatever crashes there
    /// takes nothing with it.
    pub fn working_through(mut self, program: PathBuf) -> Self {
        self.hardware.ask_through(program.clone());
        self.history.repeating.train_through(program.clone());
        self.runs.train_through(program);
        self
    }

    /// Lets chance choose what the quiz asks.
    pub fn shuffled_by(mut self, seed: u64) -> Self {
        self.quiz.shuffle_by(seed);
        self
    }

    /// Takes in what other threads have told since. Called every frame.
    pub fn poll(&mut self) {
        self.opening.poll(&mut self.notices);
        // The same log, read another way, is in nobody's way, nor is what was there before.
        if matches!(self.opening.found(), Some(Found::Again(_) | Found::Before(_))) {
            self.take_opened();
        }
        self.projects.poll();
        let mut of_runs = Vec::new();
        self.runs.poll(&mut of_runs, |event| self.quiz.withholds(event));
        self.notices.extend(self.quiz.lets_through(of_runs));
        if let Some(aside) = &mut self.aside {
            aside.runs.poll(&mut self.notices, |_| false);
        }
        self.train_what_is_asked();
        self.hardware.poll();
        self.follow_written();
        self.history.poll(&mut self.notices);
        self.exports.poll(&mut self.notices);
    }

    /// Polls until what was opened is there and the draft's data has been read, or has failed, for programs without
    /// frames.
    pub fn wait_for_data(&mut self) {
        loop {
            self.poll();
            self.act(Action::Project(ProjectAction::TakeOpened));
            let is_reading = self.being_opened().is_some() || self.runs.is_reading();
            if !matches!(self.projects.data, DataState::Loading) && !is_reading {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// The path that is being read, to be opened.
    pub fn being_opened(&self) -> Option<&Path> {
        self.opening.path()
    }

    /// What was opened has been read and waits to be taken in.
    pub fn has_opened(&self) -> bool {
        self.opening.found().is_some()
    }

    /// Whether what was opened is a log, which leaves the project as it is.
    pub fn has_opened_log(&self) -> bool {
        matches!(self.opening.found(), Some(Found::Log(_)))
    }

    /// Does what was asked.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Run(action) => self.runs.act(action, &mut self.projects, &mut self.notices),
            Action::Log(LogAction::ReadColumn { role, name }) => self.read_column(role, &name),
            Action::Log(LogAction::Close) => self.runs.close_log(),
            Action::Project(ProjectAction::Open(path)) if !is_project_file(&path) => self.opening.open(&path, None),
            Action::Project(ProjectAction::OpenAs(path, kind)) => self.opening.open(&path, Some(kind)),
            Action::Project(ProjectAction::TakeOpened) => self.take_opened(),
            Action::Project(ProjectAction::LeaveOpened) => self.opening.forget(),
            Action::Project(action) => {
                if self.projects.act(action, &mut self.notices) {
                    self.leave_quiz();
                    self.opening.forget();
                    self.runs.clear();
                }
            }
            Action::Hardware(action) => self.hardware.act(&action, &self.projects),
            Action::Quiz(action) => self.play(&action),
            Action::History(action) => {
                if let HistoryAction::Delete(runs) = &action {
                    self.runs.let_go_of(runs);
                }
                self.history.act(action);
            }
            Action::Export(action) => {
                let compared = &self.history.compared.runs;
                self.exports.act(action, self.runs.shown.as_ref(), self.projects.base(), compared);
            }
        }
    }

    fn play(&mut self, action: &QuizAction) {
        match action {
            QuizAction::Start => {
                if self.aside.is_none() {
                    self.aside = Some(Aside { project: self.projects.set_aside(), runs: self.runs.set_aside() });
                }
                self.quiz.begin();
                let project = self.quiz.next();
                self.ask(project);
            }
            QuizAction::Answer(choice) => {
                let mut of_runs = Vec::new();
                for event in self.quiz.answer(*choice) {
                    self.runs.tell(event, &mut of_runs);
                }
                self.notices.extend(self.quiz.lets_through(of_runs));
            }
            QuizAction::Next => {
                let project = self.quiz.next();
                self.ask(project);
            }
            QuizAction::Again(place) => {
                let project = self.quiz.again(*place);
                self.ask(project);
            }
            QuizAction::End => self.end_quiz(),
        }
    }

    fn ask(&mut self, project: Option<Project>) {
        let Some(project) = project else { return };
        self.runs.clear();
        self.projects.open_as(project, None, PathBuf::new());
        self.is_asked = true;
    }

    /// A question's run begins once its data is there, at a pace that can be watched.
    fn train_what_is_asked(&mut self) {
        let (true, Some(prepared)) = (self.is_asked, self.projects.prepared()) else { return };
        self.is_asked = false;
        let n_rows = prepared.split.train.len() as u64;
        let training = &mut self.projects.draft.training;
        let batch = training.batch_size.unwrap_or(n_rows).clamp(1, n_rows.max(1));
        training.pace = Some(quiz::pace(n_rows.div_ceil(batch), training.epochs));
        self.projects.saved = self.projects.draft.clone();
        self.runs.train(&self.projects, false);
    }

    fn end_quiz(&mut self) {
        if let Some(project) = self.leave_quiz() {
            self.projects.put_back(project);
        }
    }

    /// Ends the quiz and puts the runs back; the project that it covered, where it is to come back as well.
    fn leave_quiz(&mut self) -> Option<projects::Aside> {
        self.quiz.end();
        self.is_asked = false;
        let aside = self.aside.take()?;
        self.runs.put_back(aside.runs);
        Some(aside.project)
    }

    fn take_opened(&mut self) {
        match self.opening.take() {
            None => {}
            Some(Found::Data { project, base, notice }) => {
                self.notices.extend(notice);
                self.leave_quiz();
                self.projects.open_as(*project, None, base);
                self.runs.clear();
            }
            Some(Found::Run { run, folder }) => {
                self.leave_quiz();
                self.projects.open_as(run.project.clone(), None, PathBuf::new());
                self.runs.clear();
                self.runs.show_run(*run, folder);
            }
            Some(Found::Log(read)) => {
                let (log, run) = *read;
                self.runs.show_log(log, run);
            }
            Some(Found::Before(before)) => self.bring_back(*before),
            Some(Found::Again(read)) => {
                let (log, run) = *read;
                // It may have been closed meanwhile.
                if self.runs.log.as_ref().is_some_and(|it| it.path == log.path) {
                    self.runs.show_log(log, run);
                }
            }
        }
    }

    /// Puts what was on the chart before on it again.
    fn bring_back(&mut self, before: Before) {
        // Whoever has trained or opened something meanwhile wants to see that.
        if self.runs.shown.is_some() || self.quiz.round.is_some() {
            return;
        }
        let Before { shown, ghosts, log } = before;
        if let Some((run, folder)) = shown {
            self.runs.show_run(run, folder);
        }
        self.runs.ghosts.extend(ghosts);
        if let Some((log, run)) = log {
            self.runs.show_log(log, run);
        }
    }

    fn read_column(&mut self, role: Role, name: &str) {
        if let Some(log) = &self.runs.log {
            self.opening.read_again(&log.path, &log.curves.columns, role, name);
        }
    }

    /// Looks at the runs again when one that is written here has begun or ended, if anybody has looked before.
    fn follow_written(&mut self) {
        let written = self.runs.written();
        if written != self.written {
            self.written = written;
            if self.history.has_looked() {
                self.history.look();
            }
        }
    }

    /// What keeps Train from starting, by the section in which it is chosen.
    pub fn problems(&self) -> Vec<(Section, String)> {
        let mut problems = self.projects.problems();
        problems.extend(self.runs.planned.as_ref().and_then(|it| it.problem(&self.projects.draft)));
        problems.extend(self.hardware.missing(self.projects.draft.device).map(|it| (Section::Hardware, it)));
        problems
    }
}
