//! Curves of other programs in the window, and runs of this one: opened by their path, told by the doctor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::logs;
use learnscope::run::Phase;
use learnscope::spec::Project;
use learnscope::studio::{Action, DataState, ProjectAction, Studio};

use super::harness::{Window, loaded, options, panel, step_until, still, studio, window};
use super::window::{click, endless, penguins, phase_is};
use crate::program::fixture;

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A log as Keras writes it, of a run that overfits from epoch 11 or so; one of its columns holds words.
fn keras_log(folder: &Path) -> PathBuf {
    let row = |epoch: u32| {
        let x = f64::from(epoch);
        let (train, validation) =
            (0.7 * (-x / 8.0).exp() + 0.01, 0.3 + 0.4 * (-x / 4.0).exp() + 0.012 * (x - 10.0).max(0.0));
        let accuracy = 0.9 - 0.4 * (-x / 5.0).exp();
        format!("{epoch},{accuracy},{train},words,{},{validation}\n", accuracy - 0.05)
    };
    let rows: String = (0..60).map(row).collect();
    let path = folder.join("overfitted.csv");
    std::fs::write(&path, format!("epoch,accuracy,loss,note,val_accuracy,val_loss\n{rows}")).unwrap();
    path
}

/// Types a path into the dialog of ctrl-O.
fn open(window: &mut Window, path: &Path) {
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    window.run_steps(3);
    window.get_by_role(Role::TextInput).type_text(&path.display().to_string());
    window.run_steps(2);
    click(window, "Open");
}

fn open_log(window: &mut Window, path: &Path) {
    open(window, path);
    step_until(window, "the log", |it| it.studio().runs.log.as_ref().is_some_and(|log| log.path == path));
}

/// A window on the penguins, changed and not saved, with a log in front.
fn with_log(path: &Path) -> Window {
    let mut window = penguins(&["epochs=3", "stopping=off"]);
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.05);
    window.run_steps(3);
    open_log(&mut window, path);
    window
}

fn role_is(window: &Window, role: logs::Role, column: &str) -> bool {
    let log = window.state().studio().runs.log.as_ref().unwrap();
    log.curves.columns.name(role).unwrap_or_default() == column
}

#[test]
fn a_keras_log_is_told_by_the_doctor_and_leaves_the_project_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = with_log(&keras_log(folder.path()));
    assert!(window.query_by_label("The setup is not saved").is_none(), "nothing would be lost");
    window.get_by_label("Overfitting since epoch 11");
    window.get_by_label("overfitting 11 → 60");
    window.get_by_label("best · ep 11");
    window.get_by_label("overfitted.csv · 60 epochs");
    window.get_by_label("Keras\u{2019} CSVLogger · 60 epochs");
    assert_eq!(window.query_all_by_label("Worth trying").count(), window.state().run().findings.len());
    assert!(window.query_by_label_contains("Try ").is_none(), "no button trains the wrong project");
    let studio = window.state().studio();
    assert_eq!(studio.projects.draft.learning_rate, 0.05);
    assert!(studio.projects.is_dirty() && studio.projects.can_undo());
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    let studio = window.state().studio();
    assert!(studio.runs.log.is_none() && studio.runs.ghosts.is_empty(), "a log is no ghost");
    assert_eq!(window.state().run().project.learning_rate, 0.05, "the project was trained");
    assert!(window.query_by_role_and_label(Role::Tab, "Source").is_none(), "the tab went with the log");
}

#[test]
fn the_rules_that_stay_silent_are_a_link_to_what_they_lack() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = with_log(&keras_log(folder.path()));
    window.get_by_role_and_label(Role::Tab, "Data").click();
    window.run_steps(2);
    let silent = window.state().studio().runs.log.as_ref().unwrap().silent.len();
    let told = format!("{silent} of 29 rules stay silent");
    assert_eq!(window.query_all_by_label(&told).count(), 1, "in the doctor alone");
    click(&mut window, &told);
    window.run_steps(2);
    assert_eq!(window.query_all_by_label(&told).count(), 2, "and in the tab that it leads to");
    window.get_by_label("Dead ReLU units");
}

#[test]
fn another_column_is_read_at_once_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = with_log(&keras_log(folder.path()));
    let choose = |window: &mut Window, role: &str, column: &str| {
        window.get_by_role_and_label(Role::ComboBox, role).click();
        window.run_steps(3);
        window.get_by_label(column).click();
        window.run_steps(2);
    };
    choose(&mut window, "Column for the validation loss", "accuracy");
    step_until(&mut window, "the log to be read again", |it| {
        it.run().history.row(1).is_some_and(|row| row.validation_loss == 0.5)
    });
    assert!(role_is(&window, logs::Role::ValidationLoss, "accuracy"));
    assert!(role_is(&window, logs::Role::TrainLoss, "loss"), "the others stay");
    assert!(window.query_by_label("Overfitting since epoch 11").is_none(), "the doctor looked again");
    choose(&mut window, "Column for the training loss", "note");
    let refused = "the column \"note\" is not a number in line 2";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while window.query_by_label_contains(refused).is_none() {
        assert!(std::time::Instant::now() < deadline, "it must be refused");
        window.step();
    }
    assert!(role_is(&window, logs::Role::TrainLoss, "loss"));
}

#[test]
fn a_damaged_log_is_told_in_a_line_and_everything_stays() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("damaged.csv");
    std::fs::write(&damaged, "epoch,loss,val_loss\n1,0.9,1\n2,high,0.8\n").unwrap();
    let mut window = with_log(&keras_log(folder.path()));
    // Runs hold numbers that are none, which equal nothing: what is told of them is compared.
    let told = |window: &Window| {
        let run = window.state().run();
        (run.started.clone(), run.findings.clone(), run.log.clone(), run.epoch())
    };
    let before = (window.state().studio().projects.draft.clone(), told(&window));
    open(&mut window, &damaged);
    step_until(&mut window, "an answer", |it| it.studio().being_opened().is_none());
    window.get_by_label_contains("the column \"loss\" is not a number in line 3: \"high\"");
    window.get_by_label("Open as data instead");
    assert_eq!(window.state().studio().projects.draft, before.0);
    assert_eq!(told(&window), before.1);
}

#[test]
fn what_was_taken_for_curves_can_be_opened_as_data_and_that_is_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = with_log(&keras_log(folder.path()));
    click(&mut window, "Open as data");
    let is_asked = |it: &super::harness::Stage| it.studio().has_opened();
    step_until(&mut window, "the data to be looked at", is_asked);
    window.get_by_label("The setup is not saved");
    click(&mut window, "Cancel");
    window.run_steps(3);
    assert!(window.state().studio().runs.log.is_some() && !window.state().studio().has_opened());
    click(&mut window, "Open as data");
    step_until(&mut window, "the data to be looked at", is_asked);
    click(&mut window, "Discard changes");
    step_until(
        &mut window,
        "the project",
        |it| matches!(&it.studio().projects.data, DataState::Ready(it) if it.dataset.n_rows == 60),
    );
    assert!(window.state().studio().runs.log.is_none());
    // And back again, from the tab of the data, which is there now.
    click(&mut window, "Open as curves");
    step_until(&mut window, "the log", |it| it.studio().runs.log.is_some());
}

#[test]
fn a_log_over_a_run_that_goes_on_asks_and_closing_it_leads_back() {
    let mut window = endless();
    open(&mut window, &fixture("logs/lightning"));
    step_until(&mut window, "the log to be read", |it| it.studio().has_opened());
    window.get_by_label("A run is going on");
    click(&mut window, "Keep training");
    window.run_steps(3);
    assert!(window.state().run().is_live() && window.state().studio().runs.log.is_none());
    open(&mut window, &fixture("logs/lightning"));
    step_until(&mut window, "the log to be read", |it| it.studio().has_opened());
    click(&mut window, "Stop and open");
    step_until(&mut window, "the log", |it| it.studio().runs.log.is_some());
    assert_eq!(window.state().run().epoch(), 12);
    click(&mut window, "Close log");
    window.run_steps(2);
    assert!(window.state().run().epoch() >= 2 && !window.state().run().is_live(), "the run is back, and over");
    window.get_by_role_and_label(Role::Button, "Train");
}

#[test]
fn a_run_folder_is_opened_as_the_run_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let mut project = Project::default();
    for setting in ["data=penguins", "device=cpu", "loss=cross_entropy", "epochs=3", "stopping=off"] {
        project.set(setting).unwrap();
    }
    let mut first = Studio::new(Arc::new(|| ())).keeping_runs_in(folder.path().to_owned());
    first.projects.saved = project.clone();
    first.projects.draft = project;
    let mut first = window(first, SIZE);
    step_until(&mut first, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    click(&mut first, "Train");
    step_until(&mut first, "the run to end", phase_is(Phase::Finished));
    let trained = first.state().run().clone();
    let run_dir = PathBuf::from(&trained.finished.as_ref().unwrap().run_dir);

    let mut window = window(Studio::new(Arc::new(|| ())), SIZE);
    open(&mut window, &run_dir);
    step_until(&mut window, "the run", |it| it.studio().runs.shown.is_some());
    let run = window.state().run();
    assert_eq!(run.history.epochs.len(), 3);
    assert_eq!(run.history.epochs[2].validation_loss, trained.history.epochs[2].validation_loss);
    assert!(run.views.is_some(), "its weights make the pictures");
    let draft = &window.state().studio().projects.draft;
    assert_eq!((draft, draft.training.epochs), (&run.project, 3));
    assert!(window.state().studio().runs.log.is_none());
    assert!(window.query_all_by_label_contains("Completed 3 epochs").count() > 0, "and how it ended");
    window.get_by_role_and_label(Role::Button, "Train");
}

/// A studio with a log in front, standing still.
fn at_rest(path: &Path) -> Studio {
    let mut project = Project::default();
    for setting in ["data=penguins", "loss=cross_entropy"] {
        project.set(setting).unwrap();
    }
    let data = loaded(&project);
    let mut studio = studio(project, data, None, Vec::new());
    studio.act(Action::Project(ProjectAction::Open(path.to_owned())));
    studio.wait_for_data();
    assert!(studio.runs.log.is_some(), "{:?}", studio.notices);
    studio
}

#[test]
fn where_the_tabs_do_not_fit_the_one_of_the_log_is_in_sight() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = still(at_rest(&keras_log(folder.path())), egui::Theme::Dark, [860.0, 540.0]);
    let is_in_sight = |window: &Window, tab: &str| {
        // The chart begins behind its axis, the row of tabs a little before it.
        let left = window.get_by_label_contains("Loss chart").rect().left() - 80.0;
        let fold = window.get_by_role_and_label(Role::Button, "Fold tabs").rect();
        let tab = window.get_by_role_and_label(Role::Tab, tab).rect();
        left <= tab.left() && tab.right() <= fold.left()
    };
    assert!(is_in_sight(&window, "Source") && !is_in_sight(&window, "Data"));
    // Those beside it lead back, one by one.
    for tab in ["Log", "Quiz", "Checkpoints", "Stop rules", "Experiments", "Predictions", "Data"] {
        window.get_by_role_and_label(Role::Tab, tab).click();
        window.run_steps(2);
        assert!(is_in_sight(&window, tab), "{tab}");
    }
}

#[test]
fn a_log_looks_as_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = keras_log(folder.path());
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut tab = panel("source", at_rest(&path), look, [720.0, 260.0]);
        results.add(tab.try_snapshot_options(format!("panels/source/log_{name}"), &options()));
        let mut window = still(at_rest(&path), look, SIZE);
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/log_{name}"), &options()));
    }
    results.unwrap();
}
