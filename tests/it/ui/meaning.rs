//! Numbers on screen and what the pointer tells about them.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::doctor::churned;
use super::harness::{Window, options};
use super::panels::data;

/// Rests the pointer on what has a name until its card is there.
fn rest_on(window: &mut Window, name: &str) {
    let at = window.get_by_label(name).rect().center();
    window.hover_at(at);
    // Longer than a card waits for the pointer to rest.
    window.run_steps(40);
}

#[test]
fn a_number_tells_its_meaning_formula_and_values() {
    let mut window = churned(egui::Theme::Dark);
    assert!(window.query_by_label("steps / (steps an epoch · epochs)").is_none());
    let loss = window.state().run().history.epochs.last().unwrap().validation_loss;
    rest_on(&mut window, &format!("Validation {}", learnscope::ui::short_number(loss)));
    window.get_by_label("Validation loss");
    window.get_by_label_contains("rows the network does not learn from");
    window.get_by_label("Σ −ln(probability of the actual class) / rows");
    window.get_by_label_contains(&format!("= {}", learnscope::ui::short_number(loss)));
    window.remove_cursor();
    window.run_steps(3);
    assert!(window.query_by_label("Validation loss").is_none(), "the card goes with the pointer");
}

#[test]
fn evidence_tells_its_threshold_and_its_rules_formula() {
    let mut window = churned(egui::Theme::Dark);
    rest_on(&mut window, "train / validation gap");
    window.get_by_label_contains("Measured 0.404, against a threshold of 0.1.");
}

#[test]
fn a_number_is_described_to_screen_readers() {
    let window = churned(egui::Theme::Dark);
    let described = window.get_by_label("Gradient norm").accesskit_node().description();
    assert!(described.is_some_and(|it| it.contains("√(Σ gradient²) over all parameters")));
}

#[test]
fn a_cell_tells_what_the_network_sees_of_it() {
    let mut window = data(&["data=penguins"]);
    window.get_by_label("Rows").click();
    window.run_steps(2);
    let learnscope::studio::DataState::Ready(loaded) = &window.state().studio().projects.data else {
        panic!("the data are read")
    };
    let (prepared, dataset) = (loaded.prepared.as_ref().unwrap(), &loaded.dataset);
    let column = dataset.columns.iter().position(|it| it.name == "body_mass_g").unwrap();
    let text = dataset.columns[column].text(0).unwrap().into_owned();
    let seen = prepared.encoder.seen("body_mass_g", prepared.row(0).unwrap()).unwrap();
    let cell = window.query_all_by_label(&text).next().unwrap();
    let told = cell.accesskit_node().description().unwrap();
    let number = learnscope::ui::short_number(f64::from(seen.features[0]));
    assert!(told.starts_with("body_mass_g of row 1. "), "{told}");
    assert!(
        told.ends_with(&format!("/ {} = {number}", learnscope::ui::short_number(seen.scaling.unwrap().std))),
        "{told}"
    );
    let class = window.query_all_by_label("Adelie").next().unwrap().accesskit_node().description().unwrap();
    assert!(class.contains("class 0 of 3, counted from 0"), "{class}");
}

#[test]
fn grades_and_epochs_of_the_log_tell_what_they_are() {
    let mut window = churned(egui::Theme::Dark);
    rest_on(&mut window, "3 of 3");
    window.get_by_label("How bad it is: 1 is mild, 3 is severe");
    window.remove_cursor();
    window.get_by_role_and_label(egui::accesskit::Role::Tab, "Log").click();
    window.run_steps(3);
    let run = window.state().run();
    let line = run.log.iter().rev().find(|it| run.history.row(it.epoch).is_some()).unwrap();
    let loss = learnscope::ui::short_number(run.history.row(line.epoch).unwrap().validation_loss);
    let name = format!("epoch {}", line.epoch);
    let label = window.query_all_by_label(&name).next().unwrap();
    let told = label.accesskit_node().description().unwrap();
    assert!(told.contains("counted from 1") && told.contains(&format!("validation loss {loss}")), "{told}");
}

#[test]
fn cards_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, theme) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (name, kept) in [("train / validation gap", "evidence"), ("Gradient norm", "gradient_norm")] {
            let mut window = churned(look);
            rest_on(&mut window, name);
            results.add(window.try_snapshot_options(format!("window/meaning_{kept}_{theme}"), &options()));
        }
    }
    results.unwrap();
}
