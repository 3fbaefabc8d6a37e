//! Closing the window, and opening another project, where a run is going on or the setup is not saved.

use std::path::Path;
use std::time::{Duration, Instant};

use egui::accesskit::Role;
use egui::{Key, Modifiers, ViewportCommand, ViewportEvent, ViewportId};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::project;
use learnscope::run::{Event, Phase};
use learnscope::session::{Interrupted, Resumption, read_run, resume};
use learnscope::spec::Project;
use learnscope::studio::{DataState, Studio};

use super::doctor::churned;
use super::harness::{Window, options, step_until, window};
use super::window::{click, endless, penguins, phase_is};

/// Presses the window's close button. Returns whether the window stays for now.
fn close(window: &mut Window) -> bool {
    window.input_mut().viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
    window.step();
    let is_held = commands(window).contains(&ViewportCommand::CancelClose);
    window.run_steps(2);
    is_held
}

fn commands(window: &Window) -> Vec<ViewportCommand> {
    window.output().viewport_output.values().flat_map(|it| it.commands.clone()).collect()
}

/// Presses a button, with frames for what it opens.
fn press(window: &mut Window, name: &str) {
    click(window, name);
    window.run_steps(3);
}

/// Presses a button; whether the window closes by itself then.
fn closes_by(window: &mut Window, name: &str) -> bool {
    window.get_by_role_and_label(Role::Button, name).click();
    closes_in_time(window)
}

fn closes_in_time(window: &mut Window) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        window.step();
        if commands(window).contains(&ViewportCommand::Close) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    false
}

fn turn_the_learning_rate(window: &mut Window) {
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.05);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.05);
}

/// The penguins as a project of that file, read and not changed.
fn saved_penguins(file: &Path) -> Window {
    let mut project = Project::default();
    for setting in ["data=penguins", "model.hidden=[16]", "learning_rate=0.01", "device=cpu", "loss=cross_entropy"] {
        project.set(setting).unwrap();
    }
    project::write(file, &project).unwrap();
    let mut studio = Studio::new(std::sync::Arc::new(|| ()));
    studio.act(learnscope::studio::Action::Project(learnscope::studio::ProjectAction::Open(file.to_owned())));
    let mut window = window(studio, [1280.0, 800.0]);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    window
}

#[test]
fn a_window_where_nothing_would_be_lost_closes_at_once() {
    let mut window = penguins(&[]);
    assert!(!close(&mut window), "nothing holds it");
    assert!(window.query_by_label("The setup is not saved").is_none());
}

#[test]
fn closing_while_training_asks_and_staying_lets_the_run_go_on() {
    let mut window = endless();
    assert!(close(&mut window), "the window is held");
    window.get_by_label("A run is going on");
    press(&mut window, "Keep training");
    assert!(window.query_by_label("A run is going on").is_none());
    let step = window.state().run().step;
    step_until(&mut window, "further steps", |it| it.run().step > step + 10);
    assert_eq!(window.state().run().phase, Phase::Running);
}

#[test]
fn closing_while_training_leaves_a_run_that_goes_on_another_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut project = Project::default();
    for setting in ["data=penguins", "device=cpu", "loss=cross_entropy", "epochs=100000", "pace=300", "stopping=off"] {
        project.set(setting).unwrap();
    }
    let mut studio = Studio::new(std::sync::Arc::new(|| ())).keeping_runs_in(folder.path().to_owned());
    studio.projects.saved = project.clone();
    studio.projects.draft = project;
    let mut window = window(studio, [1280.0, 800.0]);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    press(&mut window, "Train");
    step_until(&mut window, "two epochs", |it| {
        it.studio().runs.shown.as_ref().is_some_and(|run| run.history.epochs.len() >= 2)
    });
    assert!(close(&mut window), "the window is held");
    window.get_by_label_contains("can be continued when the window is opened again");
    assert!(closes_by(&mut window, "Stop and close"), "the window closes once the run is left");
    let run = window.state().run().clone();
    let at = folder.path().join(&run.started.run);
    assert!(run.finished.is_none() && at.join("best.safetensors").is_file(), "{}", at.display());
    let (_, events) = read_run(&at).unwrap();
    let n_epochs = events.iter().filter(|it| matches!(it, Event::Epoch(_))).count() as u64;
    assert_eq!(n_epochs, run.epoch(), "every epoch is written");
    drop(window);
    let (device, memory, log_every, watched, began) = (None, None, None, false, Instant::now());
    let again = Interrupted { folder: at, device, memory, log_every, watched, began };
    assert!(matches!(resume(&again), Ok(Resumption::Ready(_))), "it has no end");
}

#[test]
fn closing_over_changes_saves_them_where_one_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("penguins.ron");
    let mut window = saved_penguins(&file);
    turn_the_learning_rate(&mut window);
    assert!(close(&mut window), "the window is held");
    window.get_by_label("The setup is not saved");
    assert!(closes_by(&mut window, "Save and close"));
    assert_eq!(project::read(&file).unwrap().learning_rate, 0.05);
}

#[test]
fn closing_over_changes_can_be_taken_back_or_discards_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("penguins.ron");
    let mut window = saved_penguins(&file);
    turn_the_learning_rate(&mut window);
    assert!(close(&mut window));
    press(&mut window, "Cancel");
    assert!(window.query_by_label("The setup is not saved").is_none());
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.05, "nothing is lost");
    assert!(close(&mut window), "the next time it asks again");
    assert!(closes_by(&mut window, "Discard changes"));
    assert_eq!(project::read(&file).unwrap().learning_rate, 0.01, "the file stays as it was");
}

#[test]
fn a_run_and_changes_are_asked_about_in_one_dialog() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kept.ron");
    let mut window = endless();
    turn_the_learning_rate(&mut window);
    assert!(close(&mut window));
    window.get_by_label("A run is going on, and the setup is not saved");
    window.get_by_role_and_label(Role::Button, "Stop and discard");
    press(&mut window, "Stop, save and close");
    // The project has no file yet, so a place is asked for; giving that up keeps everything.
    window.get_by_label("Save the project");
    press(&mut window, "Cancel");
    window.run_steps(3);
    assert!(window.state().run().is_live(), "the run goes on");
    assert!(close(&mut window));
    press(&mut window, "Stop, save and close");
    let field = window.get_by_role(Role::TextInput);
    field.focus();
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.get_by_role(Role::TextInput).type_text(&file.display().to_string());
    window.run_steps(2);
    // The top bar has a button of that name as well.
    window.key_press(Key::Enter);
    assert!(closes_in_time(&mut window));
    assert_eq!(project::read(&file).unwrap().learning_rate, 0.05);
    assert!(phase_is(Phase::Finished)(window.state()));
}

#[test]
fn a_sample_is_not_opened_over_changes_without_asking() {
    let mut window = penguins(&[]);
    turn_the_learning_rate(&mut window);
    let open = |window: &mut Window| {
        press(window, "Open…");
        press(window, "Welcome: two spirals");
    };
    open(&mut window);
    window.get_by_label("The setup is not saved");
    press(&mut window, "Cancel");
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.05);
    open(&mut window);
    press(&mut window, "Discard changes");
    step_until(&mut window, "the sample", |it| it.studio().projects.title() == "Welcome");
    assert!(!window.state().studio().projects.is_dirty());
}

#[test]
fn opening_a_sample_over_changes_can_save_them_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("penguins.ron");
    let mut window = saved_penguins(&file);
    turn_the_learning_rate(&mut window);
    press(&mut window, "Open…");
    press(&mut window, "Used cars");
    press(&mut window, "Save and open");
    step_until(&mut window, "the sample", |it| it.studio().projects.title() == "Used cars");
    assert_eq!(project::read(&file).unwrap().learning_rate, 0.05);
}

#[test]
fn the_question_looks_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = churned(look);
        turn_the_learning_rate(&mut window);
        press(&mut window, "Open…");
        press(&mut window, "Used cars");
        window.get_by_role_and_label(Role::Button, "Stop, save and open");
        window.remove_cursor();
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/leaving_{name}"), &options()));
    }
    results.unwrap();
}
