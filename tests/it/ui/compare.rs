//! Runs held against each other, as one meets them in the window.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::Phase;
use learnscope::session::kept_seeds;
use learnscope::spec::Project;
use learnscope::studio::DataState;

use super::experiments::tab;
use super::harness::{Stage, Window, options, panel, step_until, still, studio, window};
use super::history::{Shelf, looked, opened, row, row_with, settle, shelf};
use super::window::{click, phase_is};

const BOTTOM: [f32; 2] = [720.0, 300.0];
const LARGE: [f32; 2] = [1920.0, 1080.0];

fn view(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::RadioButton, name).click();
    window.run_steps(3);
}

/// Reads what was asked for, for a window that stands still.
fn read(window: &mut Window) {
    settle(window.state_mut().studio_mut());
    let studio = window.state_mut().studio_mut();
    while studio.history.compared.is_reading() || studio.history.compared.runs.is_empty() {
        studio.poll();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    window.run_steps(3);
}

fn has_read(n: usize) -> impl Fn(&Stage) -> bool {
    move |it| it.studio().history.compared.runs.len() == n && !it.studio().history.compared.is_reading()
}

#[test]
fn two_chosen_runs_tell_their_differing_settings_and_results() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    view(&mut window, "Compare");
    window.get_by_label("Choose two runs or more");
    view(&mut window, "List");
    row(&mut window, "used-cars-2");
    row_with(&mut window, "used-cars-1", Modifiers::COMMAND);
    view(&mut window, "Compare");
    step_until(&mut window, "both to be read", has_read(2));
    window.get_by_label_contains("Validation loss by epoch of 2 runs: used-cars-2 ends at 0.1");
    for told in ["Learning rate", "0.01", "0.001", "−129", "1,292", "1,421"] {
        assert!(window.query_all_by_label(told).count() > 0, "{told} is told");
    }
    let is_in_setup = |it: egui_kittest::Node<'_>| it.rect().left() < 300.0;
    assert!(window.query_all_by_label("Batch size").all(is_in_setup), "what is equal is not");
    window.get_by_label_contains("Whether a difference is more than chance is not known of 1 run");
    click(&mut window, "used-cars-1");
    window.get_by_label("+129");
    view(&mut window, "RMSE");
    window.get_by_label_contains("Validation RMSE by epoch of 2 runs: used-cars-2 ends at 1");
}

#[test]
fn runs_that_differ_by_their_seed_alone_are_the_spread_of_each_other() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    row(&mut window, "used-cars-3");
    row_with(&mut window, "used-cars-1", Modifiers::COMMAND);
    view(&mut window, "Compare");
    step_until(&mut window, "both to be read", has_read(2));
    assert_eq!(window.query_all_by_label("1,302 ± 13.6").count(), 2, "mean of 1,292 and 1,312");
    window.get_by_label("Seed");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    click(&mut window, "Sort by name");
    row(&mut window, "used-cars-1");
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    window.run_steps(2);
    view(&mut window, "Compare");
    step_until(&mut window, "six to be read", has_read(6));
    window.get_by_label("The first 6 of 9 chosen runs");
    window.get_by_label_contains("learned from different data or columns");
    view(&mut window, "List");
    click(&mut window, "Sort by name");
    row(&mut window, "used-cars-10");
    row_with(&mut window, "used-cars-11", Modifiers::COMMAND);
    view(&mut window, "Compare");
    step_until(&mut window, "both to be read", has_read(2));
    window.get_by_label_contains("The project is not valid in line 1");
    assert!(window.query_by_label_contains("learned from different data").is_none());
}

#[test]
fn a_difference_is_settled_by_repeating_with_seeds_and_they_are_kept() {
    let shelf = Shelf::empty();
    let mut project = Project::default();
    for setting in ["data=penguins", "device=cpu", "loss=cross_entropy", "epochs=4", "model.hidden=[8]", "stopping=off"]
    {
        project.set(setting).unwrap();
    }
    let studio = studio(project, DataState::Loading, None, Vec::new()).keeping_runs_in(shelf.path().into());
    let mut window = window(studio, LARGE);
    step_until(&mut window, "the data", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    for rate in [0.0001, 0.02] {
        window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(rate);
        window.run_steps(2);
        click(&mut window, "Train");
        step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    }
    tab(&mut window, "Runs");
    step_until(&mut window, "both to be listed", |it| {
        let runs = &it.studio().history.listing.runs;
        runs.len() == 2
            && runs.iter().all(|it| it.told.as_ref().is_ok_and(learnscope::session::Told::stands_for_its_seed))
    });
    row(&mut window, "penguins-2");
    row_with(&mut window, "penguins-1", Modifiers::COMMAND);
    view(&mut window, "Compare");
    step_until(&mut window, "both to be read", has_read(2));
    assert_eq!(window.query_all_by_label("one seed").count(), 2);
    click(&mut window, "Repeat with seeds");
    let n_seeds = |name: &str| kept_seeds(&shelf.path().join(name)).len();
    step_until(&mut window, "three seeds of both", |it| {
        let history = &it.studio().history;
        history.repeating.now().is_none()
            && !history.is_busy()
            && has_read(2)(it)
            && history.listing.runs.iter().all(|it| it.told.as_ref().is_ok_and(|it| it.seeds.len() == 3))
    });
    assert_eq!((n_seeds("penguins-1"), n_seeds("penguins-2")), (3, 3));
    window.run_steps(3);
    assert_eq!(window.query_all_by_label("one seed").count(), 0);
    window.get_by_label_contains("over the same 3 seeds");
    assert!(window.query_by_label("Repeat with seeds").is_none(), "nothing is left to ask");
}

#[test]
fn compared_runs_look_as_kept() {
    let mut results = SnapshotResults::new();
    let shelf = shelf();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = panel("runs", looked(&shelf), look, BOTTOM);
        choose_three(&mut window);
        results.add(window.try_snapshot_options(format!("panels/runs/compare_{name}"), &options()));
    }
    let mut window = still(looked(&shelf), egui::Theme::Dark, LARGE);
    tab(&mut window, "Runs");
    window.run_steps(3);
    choose_three(&mut window);
    results.add(window.try_snapshot_options("window/compare_large", &options()));
    results.unwrap();
}

fn choose_three(window: &mut Window) {
    row(window, "used-cars-10");
    for name in ["used-cars-3", "used-cars-4"] {
        row_with(window, name, Modifiers::COMMAND);
    }
    view(window, "Compare");
    read(window);
    window.remove_cursor();
    window.run_steps(3);
}
