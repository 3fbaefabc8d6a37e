//! The whole window, driven as people drive it: by the names of its controls, while a real training runs.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::{FinishReason, Phase};
use learnscope::spec::Project;
use learnscope::studio::{DataState, Studio};

use super::harness::{Window, step_until, window};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A window on the penguins, its data read.
pub(super) fn penguins(settings: &[&str]) -> Window {
    let mut project = Project::default();
    for setting in ["data=penguins", "model.hidden=[16]", "learning_rate=0.01", "device=cpu", "loss=cross_entropy"]
        .iter()
        .chain(settings)
    {
        project.set(setting).unwrap();
    }
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.projects.saved = project.clone();
    studio.projects.draft = project;
    let mut window = window(studio, SIZE);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    window
}

/// One that trains on and on, slowly enough to be watched.
pub(super) fn endless() -> Window {
    let mut window = penguins(&["epochs=100000", "pace=300", "stopping=off"]);
    click(&mut window, "Train");
    step_until(&mut window, "two epochs", |it| it.run().epoch() >= 2);
    window
}

pub(super) fn click(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::Button, name).click();
    window.run_steps(2);
}

pub(super) fn phase_is(phase: Phase) -> impl Fn(&super::harness::Stage) -> bool {
    move |it| it.studio().runs.shown.as_ref().is_some_and(|run| run.phase == phase)
}

#[test]
fn train_ends_by_early_stopping_and_the_curve_shows_where() {
    let mut window = penguins(&["epochs=500", "stopping.patience=4", "stopping.min_delta=0.05"]);
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    let finished = window.state().run().finished.clone().unwrap();
    assert_eq!(finished.reason, FinishReason::EarlyStopping, "{}", finished.text);
    assert!(finished.epochs < 500, "{}", finished.text);
    window.get_by_label(&format!("early stop · ep {}", finished.epochs));
    window.get_by_label(&format!("best · ep {}", finished.best_epoch));
    window.get_by_label_contains("Loss chart: train");
    window.get_by_role_and_label(Role::Button, "Train");
}

#[test]
fn pause_holds_the_run_and_resume_lets_it_go_on() {
    let mut window = endless();
    click(&mut window, "Pause");
    step_until(&mut window, "the pause", phase_is(Phase::Paused));
    let step = window.state().run().step;
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        window.step();
    }
    assert_eq!(window.state().run().step, step, "a paused run makes no step");
    click(&mut window, "Resume");
    step_until(&mut window, "further steps", |it| it.run().step > step + 10);
    assert_eq!(window.state().run().phase, Phase::Running);
}

#[test]
fn step_makes_one_step_and_pauses() {
    let mut window = penguins(&["epochs=100000", "stopping=off"]);
    click(&mut window, "Step");
    step_until(&mut window, "the first step", |it| {
        it.studio().runs.shown.as_ref().is_some_and(|run| run.step == 1 && run.phase == Phase::Paused)
    });
    click(&mut window, "Step");
    step_until(&mut window, "the second step", |it| it.run().step == 2 && it.run().phase == Phase::Paused);
    for _ in 0..20 {
        std::thread::sleep(std::time::Duration::from_millis(5));
        window.step();
    }
    assert_eq!(window.state().run().step, 2);
}

#[test]
fn stop_ends_the_run_and_measures_it() {
    let mut window = endless();
    click(&mut window, "Stop");
    step_until(&mut window, "the end", phase_is(Phase::Finished));
    let finished = window.state().run().finished.clone().unwrap();
    assert_eq!(finished.reason, FinishReason::Stopped);
    assert!(finished.test.contains_key("accuracy"), "{:?}", finished.test);
    window.get_by_label(&format!("stopped · ep {}", finished.epochs));
}

#[test]
fn the_learning_rate_can_be_turned_while_training_and_the_run_notes_it() {
    let mut window = endless();
    let field = window.get_by_role_and_label(Role::SpinButton, "Learning rate");
    field.set_value_accesskit(0.003);
    step_until(&mut window, "the change", |it| !it.run().changes.is_empty());
    let change = window.state().run().changes[0].clone();
    assert_eq!(
        (change.key.as_str(), change.from.as_str(), change.to.as_str(), change.by.as_str()),
        ("learning_rate", "0.01", "0.003", "user")
    );
    let step = change.step;
    step_until(&mut window, "steps at the new rate", |it| {
        it.run().history.learning_rate.last().is_some_and(|last| last.x > step as f64 && last.y == 0.003)
    });
    window.get_by_role_and_label(Role::Tab, "Log").click();
    window.run_steps(2);
    window.get_by_label_contains("learning_rate changed from 0.01 to 0.003");
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.003, "the draft follows");
}

#[test]
fn a_csv_of_ones_own_is_opened_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("snails.csv");
    let rows: String = (0..80)
        .map(|row| format!("{},{},{}\n", row % 13, row % 7 + row % 13, if row % 13 > 6 { "fast" } else { "slow" }))
        .collect();
    std::fs::write(&path, format!("length,weight,speed\n{rows}")).unwrap();
    let mut window = penguins(&[]);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::O);
    window.run_steps(3);
    window.get_by_label("Open a file");
    window.get_by_role(Role::TextInput).type_text(&path.display().to_string());
    window.run_steps(2);
    click(&mut window, "Open");
    step_until(
        &mut window,
        "the snails",
        |it| matches!(&it.studio().projects.data, DataState::Ready(loaded) if loaded.dataset.name.starts_with("snails")),
    );
    // The data tab is the first one, so it is shown.
    for column in ["length", "weight", "speed"] {
        assert!(window.query_all_by_label(column).count() > 0, "{column} is listed");
    }
}

#[test]
fn undo_takes_back_a_turned_knob_and_redo_turns_it_again() {
    let mut window = penguins(&[]);
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.5);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.5);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.01);
    window.key_press_modifiers(egui::Modifiers::COMMAND | egui::Modifiers::SHIFT, egui::Key::Z);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.5);
}

#[test]
fn undo_belongs_to_a_field_while_it_is_typed_into() {
    let mut window = penguins(&[]);
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.5);
    window.run_steps(3);
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").focus();
    window.run_steps(3);
    assert!(window.ctx.text_edit_focused(), "the number is edited as text");
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.5);
    window.key_press(egui::Key::Escape);
    window.run_steps(3);
    window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Z);
    window.run_steps(3);
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.01);
}

#[test]
fn sample_images_are_shown_as_they_are_read_while_training() {
    let settings = ["data=clothing10k", "model=linear", "loss=cross_entropy", "epochs=100000", "device=cpu"];
    let mut project = Project::default();
    for setting in settings {
        project.set(setting).unwrap();
    }
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.projects.saved = project.clone();
    studio.projects.draft = project;
    let mut window = window(studio, SIZE);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    click(&mut window, "Train");
    step_until(&mut window, "the images", |it| {
        let run = it.studio().runs.shown.as_ref();
        run.and_then(|run| run.views.as_ref()).is_some_and(|it| it.gallery.is_some())
    });
    let studio = window.state().studio();
    let views = window.state().run().views.clone().unwrap();
    let gallery = views.gallery.as_ref().unwrap();
    let DataState::Ready(loaded) = &studio.projects.data else { unreachable!("it was read") };
    let images = loaded.dataset.images.as_ref().unwrap();
    let split = &loaded.prepared.as_ref().unwrap().split;
    assert_eq!(gallery.samples.len(), 48);
    for (sample, pixels) in gallery.samples.iter().zip(gallery.pixels.chunks(28 * 28)) {
        assert!(split.validation.contains(&sample.row), "row {} is a validation row", sample.row);
        assert_eq!(sample.actual, images.labels[sample.row as usize]);
        assert_eq!(Some(pixels), images.row(sample.row as usize), "the picture is the one that was read");
        assert!((0.1..=1.0).contains(&sample.certainty), "at least a guess among ten: {}", sample.certainty);
    }
    let n_right = gallery.samples.iter().filter(|it| it.is_right()).count();
    window.get_by_label(&format!("{n_right} of 48 recognized"));
    let step = views.step;
    step_until(&mut window, "newer predictions", |it| it.run().views.as_ref().is_some_and(|it| it.step > step));
    click(&mut window, "Stop");
}

#[test]
fn the_rail_of_weight_decay_has_room_for_small_values_and_a_stop_at_zero() {
    let mut window = penguins(&["optimizer=adamw", "optimizer.weight_decay=0.01"]);
    let pull_to = |window: &mut Window, share: f32| {
        let rail = window.get_by_label("Weight decay slider").rect();
        let at = |share: f32| egui::pos2(egui::lerp(rail.x_range(), share), rail.center().y);
        window.drag_at(at(0.3));
        window.run_steps(2);
        window.hover_at(at(share));
        window.run_steps(2);
        window.drop_at(at(share));
        window.run_steps(2);
        let text = window.state().studio().projects.draft.clone().get("optimizer.weight_decay").unwrap();
        text.parse::<f64>().unwrap()
    };
    let middle = pull_to(&mut window, 0.5);
    assert!((1e-4..1e-1).contains(&middle), "half way lies a usual value, got {middle}");
    assert_eq!(pull_to(&mut window, 0.02), 0.0, "the left end is none at all");
    assert!(pull_to(&mut window, 0.98) > 3.0);
}

#[test]
fn a_second_run_leaves_the_first_on_the_chart_with_what_was_changed() {
    let mut window = penguins(&["epochs=3", "stopping=off"]);
    click(&mut window, "Train");
    step_until(&mut window, "the first run", phase_is(Phase::Finished));
    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.05);
    window.run_steps(3);
    click(&mut window, "Train");
    step_until(&mut window, "the second run", |it| {
        it.studio().runs.ghosts.len() == 1 && it.run().phase == Phase::Finished
    });
    window.get_by_label("Validation of earlier runs");
    assert_eq!(window.state().run().change, "learning rate 0.05");
}

#[test]
fn space_trains_pauses_and_resumes() {
    let mut window = penguins(&["epochs=100000", "pace=300", "stopping=off"]);
    window.key_press(egui::Key::Space);
    step_until(&mut window, "training", |it| it.studio().runs.shown.as_ref().is_some_and(|run| run.epoch() >= 1));
    window.key_press(egui::Key::Space);
    step_until(&mut window, "the pause", phase_is(Phase::Paused));
    window.key_press(egui::Key::Space);
    step_until(&mut window, "training again", phase_is(Phase::Running));
}
