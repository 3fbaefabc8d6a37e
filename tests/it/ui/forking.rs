//! Forking a run in the window: pointing at an epoch, changing a knob, and both futures on the chart.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use learnscope::project;
use learnscope::run::{Event, FinishReason, Phase, Run};
use learnscope::spec::Project;
use learnscope::studio::{Action, DataState, ProjectAction, RunAction, Studio};

use super::harness::{self, Window, options, step_until, still};
use super::runs::{churn_project, forked};
use super::window::{click, phase_is};

/// A window that keeps its runs in a folder, with a finished run of the spirals. It keeps no checkpoint but the last.
fn trained(folder: &Path, settings: &[&str]) -> Window {
    let mut project = Project::default();
    let usual = ["data=spirals", "device=cpu", "stopping=off", "checkpoint.keep=1", "checkpoint.seconds=off"];
    for setting in usual.iter().chain(settings) {
        project.set(setting).unwrap();
    }
    let studio = Studio::new(Arc::new(|| ()))
        .keeping_runs_in(folder.to_owned())
        .working_through(env!("CARGO_BIN_EXE_learnscope").into());
    let mut window = harness::window(studio, [1280.0, 800.0]);
    let projects = &mut window.state_mut().studio_mut().projects;
    (projects.saved, projects.draft) = (project.clone(), project);
    window.run_steps(2);
    step_until(&mut window, "the data", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    click(&mut window, "Train");
    step_until(&mut window, "the end", phase_is(Phase::Finished));
    window
}

/// Chooses an epoch on the loss chart by the keyboard, counted back from the last, and presses F.
fn fork_by_keys(window: &mut Window, back: usize) {
    window.get_by_label_contains("Loss chart: train").focus();
    window.run_steps(2);
    for _ in 0..back {
        window.key_press(Key::ArrowLeft);
        window.run_steps(1);
    }
    window.key_press(Key::F);
    window.run_steps(3);
}

fn losses(run: &Run) -> Vec<u64> {
    run.history.epochs.iter().map(|it| it.validation_loss.to_bits()).collect()
}

#[test]
fn a_fork_keeps_the_past_to_the_bit_and_leaves_its_parents_future_on_the_chart() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = trained(folder.path(), &["epochs=12"]);
    let parent = window.state().run().clone();
    fork_by_keys(&mut window, 5);
    window.get_by_label("Fork of spirals-1 at epoch 7");
    window.get_by_label("fork here · ep 7");
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.05);
    window.run_steps(3);
    window.get_by_label_contains("From there on: learning rate 0.05.");
    click(&mut window, "Train");
    step_until(&mut window, "the fork's end", phase_is(Phase::Finished));
    let (fork, ghost) = (window.state().run(), &window.state().studio().runs.ghosts[0]);
    assert_eq!((losses(ghost), ghost.epoch()), (losses(&parent), 12), "the parent stays as it was");
    assert_eq!((fork.epoch(), &losses(fork)[..7]), (12, &losses(&parent)[..7]));
    assert!((7..12).all(|idx| losses(fork)[idx] != losses(&parent)[idx]), "and has another future");
    assert_eq!(fork.parent().map(|it| (it.run.as_str(), it.epoch)), Some(("spirals-1", 7)));
    assert!(window.state().studio().runs.planned.is_none());
    window.get_by_label("fork of spirals-1 · ep 7");
    assert!(window.query_by_label_contains("interrupted · ep").is_none(), "and that is no interruption");
    // Up to there the fork is its parent, which is the one to fork.
    let notices = window.state_mut().studio_mut();
    notices.act(Action::Run(RunAction::PlanFork { epoch: 3 }));
    assert!(notices.notices[0].text.contains("fork that one there"), "{:?}", notices.notices);
}

#[test]
fn a_right_click_offers_a_fork_and_escape_brings_the_setup_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = trained(folder.path(), &["epochs=9", "learning_rate=0.01"]);
    window.state_mut().studio_mut().projects.draft.learning_rate = 0.5;
    window.run_steps(2);
    window.get_by_label_contains("Loss chart: train").click_secondary();
    window.run_steps(3);
    let item = window.get_by_label_contains("Fork at epoch").accesskit_node().label().unwrap_or_default();
    let epoch: u64 = item.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!((3..=7).contains(&epoch), "the middle of the chart is the middle of the run: {item}");
    window.get_by_label_contains("Fork at epoch").click();
    window.run_steps(3);
    let rate = |window: &Window| window.state().studio().projects.draft.learning_rate;
    assert_eq!(rate(&window), 0.01, "the parent's own settings");
    let network = window.get_by_role_and_label(Role::Button, "Undo");
    assert!(!network.accesskit_node().is_disabled());
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert!(window.state().studio().runs.planned.is_none());
    assert_eq!(rate(&window), 0.5);
    assert!(window.query_by_label_contains("Fork of spirals-1").is_none());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run_steps(3);
    assert_eq!(rate(&window), 0.01, "what was set up can be brought back");
}

#[test]
fn what_no_fork_may_change_keeps_train_from_starting_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = trained(folder.path(), &["epochs=4"]);
    fork_by_keys(&mut window, 2);
    window.state_mut().studio_mut().projects.draft.set("model.hidden=[9]").unwrap();
    window.run_steps(3);
    let studio = window.state().studio();
    let problem = studio.problems().into_iter().map(|it| it.1).find(|it| it.starts_with("model.hidden"));
    assert!(problem.as_ref().is_some_and(|it| it.contains("fit its own network")), "{:?}", studio.problems());
    let train = window.get_by_role_and_label(Role::Button, "Train");
    assert!(train.accesskit_node().is_disabled());
}

#[test]
fn a_retrace_can_be_stopped_and_the_run_ends_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = trained(folder.path(), &["epochs=1200", "checkpoint.epochs=1190", "model.hidden=[4]"]);
    fork_by_keys(&mut window, 40);
    click(&mut window, "Train");
    step_until(&mut window, "the retrace", |it| it.run().is_retracing() && it.run().phase == Phase::Running);
    window.get_by_label_contains("of 1160, up to the fork");
    click(&mut window, "Stop");
    step_until(&mut window, "the end", phase_is(Phase::Finished));
    let run = window.state().run();
    let finished = run.finished.clone().unwrap();
    assert_eq!((finished.reason, finished.epochs), (FinishReason::Stopped, run.epoch()));
    assert!(run.epoch() < 1160, "{finished:?}");
    let ghost = &window.state().studio().runs.ghosts[0];
    assert_eq!(losses(run), losses(ghost)[..run.epoch() as usize], "what was retraced is the parent's");
}

/// The churn run as it is opened from its folder.
fn opened(folder: &Path) -> Studio {
    let run = folder.join("churn-7");
    std::fs::create_dir_all(&run).unwrap();
    project::write(&run.join("project.ron"), &churn_project()).unwrap();
    let lines: String = forked()[0].iter().map(|it| it.to_json() + "\n").collect();
    std::fs::write(run.join("events.jsonl"), lines).unwrap();
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.act(Action::Project(ProjectAction::Open(run)));
    studio.wait_for_data();
    studio
}

#[test]
fn forks_look_as_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = still(opened(folder.path()), look, [1280.0, 800.0]);
        window.get_by_label_contains("Loss chart: train").click_secondary();
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/fork_menu_{name}"), &options()));
        window.get_by_label_contains("Fork at epoch").click();
        window.run_steps(2);
        window.state_mut().studio_mut().projects.draft.set("model.dropout=0.5").unwrap();
        window.hover_at(egui::pos2(120.0, 770.0));
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/fork_planned_{name}"), &options()));
    }
    for (look, size, name) in [
        (egui::Theme::Dark, [1280.0, 800.0], "dark"),
        (egui::Theme::Light, [1280.0, 800.0], "light"),
        (egui::Theme::Dark, [1920.0, 1080.0], "large"),
    ] {
        let [parent, fork] = forked();
        let mut project = churn_project();
        project.set("model.dropout=0.5").unwrap();
        let parent = Run::replay(churn_project(), parent);
        let (data, run) = (harness::loaded(&project), Run::replay(project.clone(), fork));
        let studio = harness::studio(project, data, Some(run), vec![parent]);
        let mut window = still(studio, look, size);
        results.add(window.try_snapshot_options(format!("window/fork_{name}"), &options()));
    }
    results.unwrap();
}

#[test]
fn a_fork_is_marked_where_it_left_its_parent() {
    let [_, fork] = forked();
    assert!(matches!(&fork[0], Event::Started(it) if it.parent.is_some()));
    let studio =
        harness::studio(churn_project(), DataState::Loading, Some(Run::replay(churn_project(), fork)), Vec::new());
    let window = still(studio, egui::Theme::Dark, [1280.0, 800.0]);
    window.get_by_label("fork of churn-7 · ep 12");
}
