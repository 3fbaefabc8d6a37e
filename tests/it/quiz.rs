//! The quiz without a window: what it covers comes back as it was, and what it trains is kept nowhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use learnscope::run::FinishReason;
use learnscope::studio::{Action, ProjectAction, QuizAction, RunAction, Studio};

use crate::program::{fixture, poll_until};

/// A studio over a saved project of so many epochs, in a folder that also keeps its runs.
fn studio(folder: &Path, settings: &[&str]) -> Studio {
    let mut project = learnscope::spec::Project::default();
    for setting in ["data=moons", "model.hidden=[8]", "device=cpu", "stopping=off"].iter().chain(settings) {
        project.set(setting).unwrap();
    }
    let file = folder.join("moons.ron");
    learnscope::project::write(&file, &project).unwrap();
    let mut studio = Studio::new(Arc::new(|| ())).keeping_runs_in(folder.join("runs")).shuffled_by(5);
    studio.act(Action::Project(ProjectAction::Open(file)));
    studio.wait_for_data();
    studio
}

fn epoch(studio: &Studio) -> u64 {
    studio.runs.shown.as_ref().map_or(0, learnscope::run::Run::epoch)
}

fn has_ended(studio: &Studio) -> bool {
    studio.runs.shown.as_ref().is_some_and(|it| it.finished.is_some())
}

/// Begins a round, and lets its first run get to an epoch.
fn start(studio: &mut Studio) {
    studio.act(Action::Quiz(QuizAction::Start));
    assert!(studio.runs.shown.is_none() && studio.runs.ghosts.is_empty(), "no earlier run is on the chart");
    poll_until(studio, "an epoch of the first question", |it| epoch(it) > 0);
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("runs")).into_iter().flatten().flatten();
    entries.map(|it| it.path()).collect()
}

#[test]
fn project_and_runs_come_back_and_those_of_the_quiz_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = studio(folder.path(), &["epochs=3"]);
    for _ in 0..2 {
        studio.act(Action::Run(RunAction::Train));
        poll_until(&mut studio, "the run to end", has_ended);
    }
    studio.projects.draft.learning_rate = 0.123;
    studio.poll();
    let kept = folders(folder.path());
    let (file, saved) = (studio.projects.file.clone(), studio.projects.saved.clone());
    start(&mut studio);
    assert_ne!(studio.projects.draft.data, saved.data, "another project is trained");
    // What one tries out once it is answered is the quiz's as well.
    studio.act(Action::Quiz(QuizAction::Answer(0)));
    studio.act(Action::Run(RunAction::Train));
    poll_until(&mut studio, "an epoch of a second run", |it| epoch(it) > 0);
    studio.act(Action::Quiz(QuizAction::End));
    assert_eq!((&studio.projects.file, &studio.projects.saved), (&file, &saved));
    assert_eq!(studio.projects.draft.learning_rate, 0.123);
    assert!(studio.projects.is_dirty() && studio.projects.can_undo(), "what was not saved is still not saved");
    assert!(has_ended(&studio) && studio.runs.ghosts.len() == 1 && studio.runs.can_experiment());
    poll_until(&mut studio, "the quiz's runs to stop", |it| !it.runs.is_retiring());
    assert_eq!(folders(folder.path()), kept, "no run of the quiz is kept");
    studio.wait_for_data();
    studio.act(Action::Run(RunAction::Train));
    poll_until(&mut studio, "the run to end", has_ended);
    assert_eq!(folders(folder.path()).len(), kept.len() + 1, "later runs are kept as before");
}

#[test]
fn a_run_that_was_going_on_stops_and_tells_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = studio(folder.path(), &["epochs=100000", "pace=300"]);
    studio.act(Action::Run(RunAction::Train));
    poll_until(&mut studio, "two epochs", |it| epoch(it) >= 2);
    start(&mut studio);
    studio.act(Action::Quiz(QuizAction::End));
    poll_until(&mut studio, "the end of the run", has_ended);
    let finished = studio.runs.shown.as_ref().unwrap().finished.clone().unwrap();
    assert_eq!(finished.reason, FinishReason::Stopped);
    assert!(Path::new(&finished.run_dir).join("best.safetensors").is_file(), "{}", finished.run_dir);
}

#[test]
fn an_interrupted_run_can_still_go_on_behind_the_quiz() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = studio(folder.path(), &[]);
    let mut run = learnscope::run::Run::of(studio.projects.draft.clone());
    run.close();
    let at = folder.path().join("interrupted");
    std::fs::create_dir(&at).unwrap();
    learnscope::project::write(&at.join("project.ron"), &run.project).unwrap();
    std::fs::write(at.join("events.jsonl"), "{\"event\":\"started\",\"version\":1,\"run\":\"interrupted\"}\n").unwrap();
    studio.act(Action::Project(ProjectAction::Open(at)));
    studio.wait_for_data();
    assert!(studio.runs.can_continue(), "{:?}", studio.notices);
    start(&mut studio);
    assert!(!studio.runs.can_continue(), "that is another run");
    studio.act(Action::Quiz(QuizAction::End));
    assert!(studio.runs.can_continue());
}

#[test]
fn a_log_in_front_of_the_runs_is_in_front_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = studio(folder.path(), &["epochs=3"]);
    studio.act(Action::Run(RunAction::Train));
    poll_until(&mut studio, "the run to end", has_ended);
    studio.act(Action::Project(ProjectAction::Open(fixture("logs/keras.csv"))));
    studio.wait_for_data();
    let log = studio.runs.log.as_ref().expect("a log is shown").path.clone();
    let n_epochs = epoch(&studio);
    start(&mut studio);
    assert!(studio.runs.log.is_none());
    studio.act(Action::Quiz(QuizAction::End));
    assert_eq!(studio.runs.log.as_ref().map(|it| &it.path), Some(&log));
    assert_eq!(epoch(&studio), n_epochs);
    studio.act(Action::Log(learnscope::studio::LogAction::Close));
    assert!(studio.runs.log.is_none() && has_ended(&studio) && epoch(&studio) == 3, "behind it is the project's run");
}

#[test]
fn a_project_that_is_opened_over_the_quiz_keeps_its_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut studio = studio(folder.path(), &["epochs=3"]);
    start(&mut studio);
    studio.act(Action::Project(ProjectAction::Open(folder.path().join("moons.ron"))));
    assert!(studio.quiz.round.is_none() && studio.runs.shown.is_none());
    studio.wait_for_data();
    studio.act(Action::Run(RunAction::Train));
    poll_until(&mut studio, "the run to end", has_ended);
    assert_eq!(folders(folder.path()).len(), 1);
}
