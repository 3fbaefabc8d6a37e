//! What the program knows, without a window: one project, its runs, its data and the hardware.
//!
//! Window and tests drive it the same way: look at its fields, [`Studio::act`] on it, and
//! [`Studio::poll`] it for what training and loading have told since. It never waits.

mod action;
mod hardware;
mod lifeline;
mod projects;
mod propose;
pub mod quiz;
mod runs;
mod seeds;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use action::{Action, HardwareAction, ProjectAction, QuizAction, RunAction};
pub use hardware::{Hardware, Verification};
pub use lifeline::{Cost, Interruption, Lifeline, Span, Stage};
pub use projects::{DataState, Loaded, Projects};
pub use propose::propose;
pub use quiz::Quiz;
pub use runs::{Runs, next_free};
pub use seeds::{MOST_SEEDS, SeedTraining};

use crate::run::Run;
use crate::session::{Model, read_run};
use crate::spec::{Project, Section};

/// Called from other threads whenever there is something to poll.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Everything the program knows.
pub struct Studio {
    pub projects: Projects,
    pub runs: Runs,
    pub hardware: Hardware,
    pub quiz: Quiz,
    /// What was open when the quiz began.
    aside: Option<Aside>,
    /// Whether the quiz's project is trained once its data is there.
    is_asked: bool,
    /// What should be said aloud; whoever shows it takes it.
    pub notices: Vec<Notice>,
}

/// Something to say in passing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub is_error: bool,
}

impl Notice {
    pub fn error(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: true }
    }

    pub fn info(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_error: false }
    }
}

/// What the quiz covers while it is played.
struct Aside {
    project: projects::Aside,
    runs: runs::Aside,
}

impl Studio {
    /// The welcome project, nothing trained, nothing written to disk.
    pub fn new(wake: Wake) -> Self {
        Self {
            projects: Projects::new(Arc::clone(&wake)),
            runs: Runs::new(Arc::clone(&wake)),
            hardware: Hardware::new(wake),
            quiz: Quiz::default(),
            aside: None,
            is_asked: false,
            notices: Vec::new(),
        }
    }

    /// Writes every run into a folder of its own below `runs`.
    pub fn keeping_runs_in(mut self, runs: PathBuf) -> Self {
        self.runs.keep_in(runs);
        self
    }

    /// Trains and asks about the hardware in processes of `program`, this very program, so that whatever crashes there
    /// takes nothing with it.
    pub fn working_through(mut self, program: PathBuf) -> Self {
        self.hardware.ask_through(program.clone());
        self.runs.train_through(program);
        self
    }

    /// Lets chance choose what the quiz asks.
    pub fn shuffled_by(mut self, seed: u64) -> Self {
        self.quiz.shuffle_by(seed);
        self
    }

    /// The studio as a run folder's end left it, for looking at.
    ///
    /// # Errors
    /// When it is no run folder or cannot be read.
    pub fn of_run(path: &Path, wake: Wake) -> Result<Self, String> {
        let (project, events) = read_run(path)?;
        let mut studio = Self::new(wake);
        studio.projects.open_as(project.clone(), None, PathBuf::new());
        let mut run = Run::replay(project, events);
        studio.runs.open_checkpoint_of(path);
        run.views = Model::open(path).and_then(|it| it.views(Path::new(""), run.epoch(), run.step)).ok().map(Arc::new);
        studio.runs.shown = Some(run);
        Ok(studio)
    }

    /// Takes in what other threads have told since. Called every frame.
    pub fn poll(&mut self) {
        if self.projects.poll(&mut self.notices) {
            self.leave_quiz();
            self.runs.clear();
        }
        self.runs.poll(&mut self.notices, &mut self.quiz);
        self.train_what_is_asked();
        self.hardware.poll();
    }

    /// Polls until the draft's data is there or has failed, for programs without frames.
    pub fn wait_for_data(&mut self) {
        loop {
            self.poll();
            if !matches!(self.projects.data, DataState::Loading) && !self.projects.is_opening() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Does what was asked.
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Run(action) => self.runs.act(action, &mut self.projects, &mut self.notices),
            Action::Project(action) => {
                if self.projects.act(action, &mut self.notices) {
                    self.leave_quiz();
                    self.runs.clear();
                }
            }
            Action::Hardware(action) => self.hardware.act(&action, &self.projects),
            Action::Quiz(action) => self.play(&action),
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
                for event in self.quiz.answer(*choice) {
                    self.runs.tell(event, &mut self.notices);
                }
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
        self.runs.train_for_quiz(&self.projects);
    }

    fn end_quiz(&mut self) {
        self.quiz.end();
        self.is_asked = false;
        self.runs.clear();
        if let Some(aside) = self.aside.take() {
            self.projects.put_back(aside.project);
            self.runs.put_back(aside.runs);
        }
    }

    /// Another project was opened over the quiz.
    fn leave_quiz(&mut self) {
        self.quiz.end();
        (self.aside, self.is_asked) = (None, false);
    }

    /// What keeps Train from starting, by the section in which it is chosen.
    pub fn problems(&self) -> Vec<(Section, String)> {
        let mut problems = self.projects.problems();
        problems.extend(self.hardware.missing(self.projects.draft.device).map(|it| (Section::Hardware, it)));
        problems
    }
}
