//! What the window holds comes back after it was ended from outside.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Key;
use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::Phase;
use learnscope::studio::{Action, DataState, Remembered, RunAction, Studio};
use learnscope::ui::LayoutState;

use super::harness::{Window, kept, step_until};
use super::window::{click, phase_is};

const SIZE: [f32; 2] = [1280.0, 800.0];

fn open(folder: &Path) -> Window {
    let studio = Studio::new(Arc::new(|| ())).keeping_runs_in(folder.join("runs"));
    let mut window = kept(studio, &folder.join("window.json"), SIZE);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    window
}

fn remembered(window: &Window) -> Remembered<LayoutState> {
    // Two frames may scroll or animate something further, which is no matter of ours.
    Remembered { toolkit: String::new(), ..window.state().remembered(&window.ctx).unwrap() }
}

/// Frames until the file holds what the window holds.
fn until_written(window: &mut Window, folder: &Path) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        window.step();
        let held = remembered(window);
        let text = std::fs::read_to_string(folder.join("window.json")).unwrap_or_default();
        let written: Option<Remembered<LayoutState>> = serde_json::from_str(&text).ok();
        if written.is_some_and(|it| Remembered { version: 0, toolkit: String::new(), ..it } == held) {
            return;
        }
        assert!(Instant::now() < deadline, "it was never written");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn train(window: &mut Window, setting: &str) {
    window.state_mut().studio_mut().projects.draft.set(setting).unwrap();
    window.run_steps(2);
    step_until(window, "problems to be gone", |it| it.studio().problems().is_empty());
    click(window, "Train");
    step_until(window, "the end", phase_is(Phase::Finished));
}

#[test]
fn a_window_that_was_killed_comes_back_with_all_that_it_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    for setting in ["data=penguins", "loss=cross_entropy", "device=cpu", "epochs=3", "pace=unlimited"] {
        window.state_mut().studio_mut().projects.draft.set(setting).unwrap();
        window.run_steps(2);
    }
    train(&mut window, "learning_rate=0.01");
    train(&mut window, "learning_rate=0.02");
    window.state_mut().studio_mut().projects.draft.set("model.dropout=0.25").unwrap();
    window.run_steps(2);
    window.key_press_modifiers(egui::Modifiers::COMMAND, Key::Z);
    window.run_steps(2);
    window.get_by_role_and_label(Role::RadioButton, "Log").click();
    window.get_by_role_and_label(Role::Tab, "Runs").click();
    step_until(&mut window, "the list of runs", |it| it.studio().history.listing.runs.len() == 2);
    window.run_steps(3);
    let first = window.state().studio().history.listing.runs[0].id.clone();
    super::history::row(&mut window, &first);
    window.get_by_label("Runs: 2 listed, 1 chosen");
    window.get_by_role_and_label(Role::Tab, "Checkpoints").click();
    window.get_by_role_and_label(Role::Button, "Light theme").click();
    window.get_by_role_and_label(Role::Button, "Fold doctor").click();
    window.run_steps(3);
    until_written(&mut window, folder.path());
    let before = remembered(&window);
    let run = window.state().run().clone();
    assert!(before.studio.past.len() >= 3 && before.studio.future.len() == 1, "undo and redo have something to do");
    assert_eq!((before.studio.runs.ghosts.len(), before.layout.is_dark), (1, Some(false)));
    assert_eq!(before.panels["curves"]["is_log"], true);
    assert_eq!(before.panels["runs"]["chosen"].as_array().map(Vec::len), Some(1));
    // Nothing is told on the way out, as when the process is killed.
    std::mem::forget(window);

    let mut window = open(folder.path());
    step_until(&mut window, "the runs", |it| it.studio().runs.shown.is_some());
    assert_eq!(remembered(&window), before);
    assert_eq!(window.state().run().history.epochs, run.history.epochs);
    assert_eq!(window.state().studio().runs.ghosts[0].epoch(), 3);
    window.get_by_role_and_label(Role::Button, "Dark theme");
    window.get_by_label("What a checkpoint holds");
    window.get_by_role_and_label(Role::Tab, "Runs").click();
    window.run_steps(2);
    step_until(&mut window, "the list of runs", |it| it.studio().history.listing.runs.len() == 2);
    window.run_steps(2);
    window.get_by_label("Runs: 2 listed, 1 chosen");
    window.key_press_modifiers(egui::Modifiers { shift: true, ..egui::Modifiers::COMMAND }, Key::Z);
    window.run_steps(2);
    assert_eq!(window.state().studio().projects.draft.get("model.dropout").as_deref(), Some("0.25"), "redo goes on");
}

#[test]
fn a_fork_that_was_being_set_up_is_still_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = open(folder.path());
    for setting in ["data=penguins", "loss=cross_entropy", "device=cpu", "epochs=3", "pace=unlimited"] {
        window.state_mut().studio_mut().projects.draft.set(setting).unwrap();
    }
    train(&mut window, "learning_rate=0.01");
    window.state_mut().studio_mut().act(Action::Run(RunAction::PlanFork { epoch: 2 }));
    window.state_mut().studio_mut().projects.draft.set("learning_rate=0.001").unwrap();
    window.run_steps(2);
    until_written(&mut window, folder.path());
    let planned = window.state().studio().runs.planned.clone();
    assert!(planned.is_some());
    std::mem::forget(window);

    let mut window = open(folder.path());
    step_until(&mut window, "the run", |it| it.studio().runs.shown.is_some());
    assert_eq!(window.state().studio().runs.planned, planned);
    window.state_mut().studio_mut().act(Action::Run(RunAction::Train));
    step_until(&mut window, "the end", phase_is(Phase::Finished));
    assert_eq!(window.state().run().parent().map(|it| it.epoch), Some(2));
}

#[test]
fn a_damaged_file_is_put_aside_in_one_line_and_a_later_version_too() {
    for (text, words) in [("{\"version\":1,\"stu", "EOF"), ("{\"version\":99}", "missing field")] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("window.json"), text).unwrap();
        let mut window = open(folder.path());
        window.get_by_label_contains("the file was put aside");
        window.get_by_label_contains(words);
        assert_eq!(std::fs::read_to_string(folder.path().join("window.damaged.json")).unwrap(), text);
        window.state_mut().studio_mut().projects.draft.learning_rate = 0.5;
        until_written(&mut window, folder.path());
    }
}

#[test]
fn a_write_that_fails_is_said_once_and_an_idle_window_rests() {
    let folder = tempfile::tempdir().unwrap();
    // A file where the folder should be.
    std::fs::write(folder.path().join("place"), "").unwrap();
    let studio = Studio::new(Arc::new(|| ()));
    let mut window = kept(studio, &folder.path().join("place/window.json"), SIZE);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    for rate in [0.5, 0.25] {
        window.state_mut().studio_mut().projects.draft.learning_rate = rate;
        let until = Instant::now() + Duration::from_millis(1500);
        while Instant::now() < until {
            window.step();
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(window.query_all_by_label_contains("cannot be kept").count(), 1);
    // All was tried, so that nothing is asked for any more.
    let rests = window.output().viewport_output.values().map(|it| it.repaint_delay).min().unwrap();
    assert!(rests > Duration::from_secs(1), "{rests:?}");
}
