//! Cards and curves together: a remedy is one press away, and a card shows what it speaks of.

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::Phase;
use learnscope::studio::DataState;

use super::harness::{Window, loaded, options, panel, step_until, still, studio, window};
use super::runs::{State, churn, churn_project, overfitted};
use super::window::{click, penguins, phase_is};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// The churn run in the whole window, standing still.
pub(super) fn churned(look: egui::Theme) -> Window {
    let project = churn_project();
    let data = loaded(&project);
    still(studio(project, data, churn(State::Running), Vec::new()), look, SIZE)
}

fn is_lit(window: &Window) -> bool {
    window.get_by_label_contains("Loss chart").value().is_some_and(|it| it == "Lit: overfitting, epochs 9 to 62")
}

#[test]
fn a_remedy_trains_the_project_with_that_one_change_and_keeps_the_former_run() {
    let project = penguins(&["epochs=3", "stopping=off"]).state().studio().projects.draft.clone();
    let data = loaded(&project);
    let former = overfitted(project.clone());
    let mut window = window(studio(project.clone(), data, Some(former.clone()), Vec::new()), SIZE);
    step_until(&mut window, "the data to be read", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    click(&mut window, "Try dropout 0.3");
    step_until(&mut window, "the new run", phase_is(Phase::Finished));
    let state = window.state();
    let draft = &state.studio().projects.draft;
    assert_eq!(draft.changes_from(&project), [("model.dropout", "0.3".to_owned())], "one change and no other");
    assert_eq!(state.run().project, *draft, "the new run is of the changed project");
    assert_eq!(state.run().history.epochs.len(), 3, "it was really trained");
    assert_eq!(state.run().change, "dropout 0.3");
    assert_eq!(state.studio().runs.ghosts.len(), 1);
    assert_eq!(state.studio().runs.ghosts[0].history, former.history, "the former run stays to compare with");
    window.get_by_label("Validation of earlier runs");
    click(&mut window, "Model");
    let field = window.get_by_role_and_label(Role::SpinButton, "Dropout");
    assert_eq!(field.value().as_deref(), Some("0.3"));
}

#[test]
fn a_card_under_the_pointer_lights_its_span_on_the_curves() {
    let mut window = churned(egui::Theme::Dark);
    assert!(!is_lit(&window));
    let plain = window.render().unwrap();
    let verdict = window.get_by_label("Overfitting since epoch 9").rect();
    window.hover_at(verdict.center());
    window.run_steps(3);
    assert!(is_lit(&window));
    let chart = window.get_by_label_contains("Loss chart").rect();
    let lit = window.render().unwrap();
    let differs = |share: f32| {
        let x = egui::lerp(chart.x_range(), share) as u32;
        (chart.top() as u32..chart.bottom() as u32).any(|y| plain.get_pixel(x, y) != lit.get_pixel(x, y))
    };
    assert!(differs(0.07) && differs(0.95), "what lies outside the span is veiled");
    window.remove_cursor();
    window.run_steps(3);
    assert!(!is_lit(&window), "it goes out when the pointer leaves");
    assert!(plain == window.render().unwrap());
}

#[test]
fn a_card_with_the_keyboard_lights_its_span_as_well() {
    let mut window = churned(egui::Theme::Light);
    window.get_by_label("Why? Overfitting").focus();
    window.run_steps(3);
    assert!(is_lit(&window));
    window.get_by_role_and_label(Role::Button, "Help").focus();
    window.run_steps(3);
    assert!(!is_lit(&window));
}

#[test]
fn a_pill_on_the_curve_lights_its_span_and_leads_to_its_card() {
    let mut window = churned(egui::Theme::Dark);
    click(&mut window, "Fold doctor");
    assert!(window.query_by_label("Overfitting since epoch 9").is_none());
    click(&mut window, "overfitting 9 → now");
    window.run_steps(3);
    window.get_by_label("Overfitting since epoch 9");
    assert!(window.get_by_label("Why? Overfitting").is_focused(), "the card has the keyboard");
    assert!(is_lit(&window));
}

#[test]
fn a_lit_span_looks_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = churned(look);
        let verdict = window.get_by_label("Overfitting since epoch 9").rect();
        window.hover_at(verdict.center());
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/lit_{name}"), &options()));
    }
    results.unwrap();
}

#[test]
fn every_threshold_of_the_doctor_can_be_read_and_moved() {
    let mut window = panel(
        "setup",
        studio(churn_project(), DataState::Loading, None, Vec::new()),
        egui::Theme::Dark,
        [300.0, 1000.0],
    );
    window.get_by_role_and_label(Role::Button, "Optimizer").click();
    window.run_steps(2);
    window.get_by_role_and_label(Role::Button, "Doctor").click();
    window.run_steps(2);
    window.get_by_label("Learning rate too high");
    window.get_by_role_and_label(Role::SpinButton, "factor").set_value_accesskit(3.0);
    window.run_steps(2);
    let moved = window.state().studio().projects.draft.doctor.get("diverging.factor");
    assert!((moved - 3.0).abs() < 1e-12, "{moved}");
    assert_eq!(window.state().studio().projects.draft.doctor.n_moved(), 1);
    let mut results = SnapshotResults::new();
    results.add(window.try_snapshot_options("panels/setup/thresholds_dark", &options()));
    results.unwrap();
}
