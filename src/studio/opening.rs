//! Opening a path: a thread finds out what it holds and reads it; then it waits to be taken in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keeping::{HeldRun, HeldRuns};
use super::log::ReadLog;
use super::propose::propose;
use super::{Action, Kind, Notice, Offer, ProjectAction, Wake};
use crate::data;
use crate::logs::{self, Columns, Guess, Role};
use crate::run::Run;
use crate::session::{Background, Model, in_background, read_run};
use crate::spec::{Project, Source, TaskChoice};

/// What is being opened, and what was.
pub(super) struct Opening {
    work: Option<(PathBuf, Work)>,
    found: Option<Found>,
    wake: Wake,
}

type Work = Background<Result<Found, Notice>>;

/// What a path turned out to hold.
pub(super) enum Found {
    /// A project made for data, with the folder in which its relative paths start.
    Data { project: Box<Project>, base: PathBuf, notice: Option<Notice> },
    /// A run of this program, with its project.
    Run { run: Box<Run>, folder: PathBuf },
    /// Curves of another program, and the run they make.
    Log(Box<(ReadLog, Run)>),
    /// What was on the chart when the window was there last.
    Before(Box<Before>),
    /// The log that is shown, read with other columns.
    Again(Box<(ReadLog, Run)>),
}

/// Runs that come back to the chart.
pub(super) struct Before {
    pub(super) shown: Option<(Run, PathBuf)>,
    pub(super) ghosts: Vec<Run>,
    pub(super) log: Option<(ReadLog, Run)>,
}

impl Opening {
    pub(super) fn new(wake: Wake) -> Self {
        Self { work: None, found: None, wake }
    }

    /// Finds out what a path holds; `kind` says it where it is known.
    pub(super) fn open(&mut self, path: &Path, kind: Option<Kind>) {
        let what = path.to_owned();
        self.begin(path, move || Ok(look(&what, kind)));
    }

    /// Reads the runs that were on the chart before; those that are gone are left out.
    pub(super) fn bring_back(&mut self, held: HeldRuns) {
        let path = held.shown.as_ref().map(|it| it.folder.clone()).unwrap_or_default();
        self.begin(&path, move || {
            let read = |it: &HeldRun| match run_in(&it.folder) {
                Ok(Found::Run { mut run, folder }) => {
                    run.change.clone_from(&it.change);
                    Some((*run, folder))
                }
                _ => None,
            };
            let log = held.log.and_then(|it| Some(ReadLog::of(&it, logs::read_anyhow(&it).ok()?)));
            let ghosts = held.ghosts.iter().filter_map(|it| Some(read(it)?.0)).collect();
            Ok(Ok(Found::Before(Box::new(Before { shown: held.shown.as_ref().and_then(read), ghosts, log }))))
        });
    }

    /// Reads a log again, with another column for a role.
    pub(super) fn read_again(&mut self, path: &Path, columns: &Columns, role: Role, name: &str) {
        let (what, columns, name) = (path.to_owned(), columns.clone(), name.to_owned());
        self.begin(path, move || {
            let curves = ReadLog::read_again(&what, &columns, role, &name)?;
            Ok(Ok(Found::Again(Box::new(ReadLog::of(&what, curves)))))
        });
    }

    fn begin(&mut self, path: &Path, work: impl FnOnce() -> Result<Result<Found, Notice>, String> + Send + 'static) {
        self.found = None;
        self.work = Some((path.to_owned(), in_background("open", Arc::clone(&self.wake), work)));
    }

    /// Takes in what the thread has read. Where it was refused everything stays as it was.
    pub(super) fn poll(&mut self, notices: &mut Vec<Notice>) {
        let Some(outcome) = self.work.as_ref().and_then(|(_, work)| work.take()) else { return };
        self.work = None;
        match Arc::into_inner(outcome) {
            Some(Ok(Ok(found))) => self.found = Some(found),
            Some(Ok(Err(refused))) => notices.push(refused),
            Some(Err(why)) => notices.push(Notice::error(why)),
            None => {}
        }
    }

    /// The path that is being read.
    pub(super) fn path(&self) -> Option<&Path> {
        self.work.as_ref().map(|(path, _)| path.as_path())
    }

    pub(super) fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }

    pub(super) fn take(&mut self) -> Option<Found> {
        self.found.take()
    }

    /// Forgets what was opened, and what is still being read.
    pub(super) fn forget(&mut self) {
        (self.work, self.found) = (None, None);
    }
}

fn look(path: &Path, kind: Option<Kind>) -> Result<Found, Notice> {
    match kind {
        Some(Kind::Data) => data_in(path, None),
        Some(Kind::Curves) => match logs::read_anyhow(path) {
            Ok(curves) => Ok(Found::Log(Box::new(ReadLog::of(path, curves)))),
            Err(err) => Err(Notice::error(err.to_string())),
        },
        None if logs::is_run_folder(path) => run_in(path),
        None => match logs::guess(path) {
            Ok(Guess::Log(curves)) => Ok(Found::Log(Box::new(ReadLog::of(path, *curves)))),
            Ok(Guess::Either) => data_in(path, Some(as_other(path, Kind::Curves))),
            Ok(Guess::Other) => data_in(path, None),
            Err(err) => Err(Notice::error(err.to_string()).offering(as_other(path, Kind::Data))),
        },
    }
}

/// The offer to open a path as what it was not taken for.
fn as_other(path: &Path, kind: Kind) -> Offer {
    let label = match kind {
        Kind::Data => "Open as data instead",
        Kind::Curves => "Open as curves instead",
    };
    Offer { label: label.to_owned(), action: Action::Project(ProjectAction::OpenAs(path.to_owned(), kind)) }
}

/// A project with sensible choices for data.
fn data_in(path: &Path, offer: Option<Offer>) -> Result<Found, Notice> {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let source = Source::File(whole.display().to_string());
    let refused = |why: String| Notice { offer: offer.clone(), ..Notice::error(why) };
    let dataset = data::load(&source, Path::new("")).map_err(|err| refused(err.to_string()))?;
    let (project, _) = propose(&dataset, source, None, TaskChoice::Auto).map_err(refused)?;
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let notice = offer.map(|it| Notice::info(format!("{name} is read as data to learn from")).offering(it));
    Ok(Found::Data { project: Box::new(project), base, notice })
}

/// A run as its folder's end left it, with the pictures that its weights make.
fn run_in(path: &Path) -> Result<Found, Notice> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let (project, events) = read_run(folder).map_err(Notice::error)?;
    let mut run = Run::replay(project, events);
    run.views = Model::open(folder).and_then(|it| it.views(Path::new(""), run.epoch(), run.step)).ok().map(Arc::new);
    run.close();
    Ok(Found::Run { run: Box::new(run), folder: folder.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::studio::{DataState, LogAction, RunAction, Studio};

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
    }

    fn studio() -> Studio {
        Studio::new(Arc::new(|| ()))
    }

    fn open(studio: &mut Studio, path: &Path) {
        studio.act(Action::Project(ProjectAction::Open(path.to_owned())));
        studio.wait_for_data();
    }

    /// A file in a folder that is there as long as the first part is.
    fn written(name: &str, text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    const ROWS: &str = "1,5,north\n2,4,south\n3,3,north\n4,6,south\n5,2,north\n6,7,south\n7,1,north\n8,8,south\n";

    #[test]
    fn a_log_is_shown_and_the_project_stays_as_it_was() {
        let mut studio = studio();
        studio.projects.draft.learning_rate = 0.5;
        studio.poll();
        let (draft, can_undo) = (studio.projects.draft.clone(), studio.projects.can_undo());
        for log in ["logs/keras.csv", "logs/lightning", "logs/trainer_state.json", "logs/keras_tensorboard"] {
            open(&mut studio, &fixture(log));
            let shown = studio.runs.log.as_ref().map(|it| it.path.clone());
            assert_eq!(shown, Some(fixture(log)), "{:?}", studio.notices);
            assert!(studio.runs.shown.as_ref().unwrap().epoch() >= 6, "{log}");
        }
        assert_eq!((&studio.projects.draft, studio.projects.can_undo()), (&draft, can_undo));
        assert!(can_undo && studio.projects.is_dirty());
        assert!(studio.notices.iter().all(|it| !it.is_error), "{:?}", studio.notices);
        studio.act(Action::Log(LogAction::Close));
        assert!(studio.runs.shown.is_none() && studio.runs.log.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_one_notice_and_changes_nothing() {
        let mut studio = studio();
        open(&mut studio, &fixture("logs/keras.csv"));
        studio.notices.clear();
        let before = (studio.projects.draft.clone(), studio.runs.shown.clone());
        let (_folder, damaged) = written("damaged.csv", "epoch,loss,val_loss\n1,2,3\n2,high,3\n");
        for path in [damaged.as_path(), Path::new("nowhere.csv"), &fixture("logs/make_logs.py")] {
            open(&mut studio, path);
            let [notice] = studio.notices.as_slice() else { panic!("{path:?}: {:?}", studio.notices) };
            assert!(notice.is_error && !notice.text.contains('\n'), "{notice:?}");
            studio.notices.clear();
            assert_eq!((&studio.projects.draft, &studio.runs.shown), (&before.0, &before.1), "{path:?}");
        }
        assert!(studio.runs.log.is_some());
    }

    #[test]
    fn a_table_that_was_taken_for_the_wrong_thing_can_be_opened_as_the_other() {
        let mut studio = studio();
        let (_log, log) = written("log.csv", &format!("epoch,loss,region\n{ROWS}"));
        open(&mut studio, &log);
        assert!(studio.runs.log.as_ref().is_some_and(ReadLog::may_be_data));
        studio.act(Action::Project(ProjectAction::OpenAs(log, Kind::Data)));
        studio.wait_for_data();
        assert!(studio.runs.log.is_none() && studio.runs.shown.is_none());
        assert!(matches!(&studio.projects.data, DataState::Ready(it) if it.dataset.n_rows == 8));

        let (_data, data) = written("data.csv", &format!("weight,loss,region\n{ROWS}"));
        open(&mut studio, &data);
        assert!(studio.runs.log.is_none());
        let offer = studio.notices.drain(..).find_map(|it| it.offer).expect("the notice offers the other way");
        assert_eq!(offer.label, "Open as curves instead");
        studio.act(offer.action);
        studio.wait_for_data();
        assert_eq!(studio.runs.shown.as_ref().unwrap().history.row(4).unwrap().train_loss, 6.0);
    }

    #[test]
    fn another_column_reads_the_log_again_and_one_of_words_leaves_it_as_it_was() {
        let mut studio = studio();
        let (_folder, path) = written("log.csv", &format!("epoch,loss,region\n{ROWS}"));
        open(&mut studio, &path);
        studio.notices.clear();
        let take = |studio: &mut Studio, role: Role, name: &str| {
            studio.act(Action::Log(LogAction::ReadColumn { role, name: name.to_owned() }));
            studio.wait_for_data();
        };
        take(&mut studio, Role::ValidationLoss, "loss");
        let row = |studio: &Studio| studio.runs.shown.as_ref().unwrap().history.row(2).unwrap().clone();
        assert_eq!((row(&studio).train_loss, row(&studio).validation_loss), (4.0, 4.0));
        assert!(studio.notices.is_empty(), "{:?}", studio.notices);
        take(&mut studio, Role::TrainLoss, "region");
        assert!(studio.notices[0].text.contains("\"region\" is not a number in line 2"), "{:?}", studio.notices);
        assert_eq!(row(&studio).train_loss, 4.0);
        take(&mut studio, Role::TrainLoss, "");
        assert!(row(&studio).train_loss.is_nan(), "no column is taken for it");
        let silent = &studio.runs.log.as_ref().unwrap().silent;
        assert!(silent.iter().any(|it| it.rule.id == "overfitting"), "without it that cannot be told");
    }

    #[test]
    fn a_log_is_no_ghost_and_has_none() {
        let mut studio = studio();
        studio.wait_for_data();
        for setting in ["epochs=2", "pace=unlimited", "device=cpu"] {
            studio.projects.draft.set(setting).unwrap();
        }
        let train = |studio: &mut Studio| {
            studio.act(Action::Run(RunAction::Train));
            while studio.runs.shown.as_ref().unwrap().finished.is_none() {
                studio.poll();
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
        };
        train(&mut studio);
        train(&mut studio);
        assert_eq!(studio.runs.ghosts.len(), 1);
        open(&mut studio, &fixture("logs/keras.csv"));
        assert!(studio.runs.ghosts.is_empty() && !studio.runs.can_experiment());
        open(&mut studio, &fixture("logs/lightning"));
        train(&mut studio);
        assert!(studio.runs.log.is_none());
        assert_eq!(studio.runs.ghosts.len(), 2, "the runs of this program, and no log");
        assert!(studio.runs.ghosts.iter().all(|it| it.finished.is_some()));
    }
}
