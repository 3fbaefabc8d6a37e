//! What the next training will take of the memory, in the setup's section of the hardware.

use std::collections::BTreeMap;

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::{Event, FinishReason, Finished, Run, Started};
use learnscope::spec::Project;

use super::harness::{Window, loaded, options, panel, studio};

const SIZE: [f32; 2] = [300.0, 900.0];

/// Setup with the hardware unfolded, over a network of two wide layers.
fn setup(budget: &str, look: egui::Theme) -> Window {
    let mut project = Project::default();
    for setting in ["data=digits", "loss=cross_entropy", "device=cpu", "model.hidden=[1024,1024]", "optimizer=adam"] {
        project.set(setting).unwrap();
    }
    project.set(&format!("memory.budget={budget}")).unwrap();
    let mut window = panel("setup", studio(project.clone(), loaded(&project), None, Vec::new()), look, SIZE);
    window.get_by_label("Optimizer").click();
    window.run_steps(2);
    window.get_by_label("Hardware").click();
    window.run_steps(3);
    window
}

#[test]
fn parts_and_total_are_told_and_where_they_fit_nothing_is_advised() {
    let window = setup("1000", egui::Theme::Dark);
    window.get_by_label_contains("of a budget of 1000 MB");
    // 61 · 1024 + 1024 · 1024 + 1024 · 10 weights and 2058 biases, in four bytes each.
    window.get_by_label_contains("Weights 4 MB, Gradients 4 MB, Optimizer state ");
    assert!(window.query_by_label("To need less, in this order").is_none());
}

#[test]
fn above_the_budget_the_remedies_stand_in_the_courses_order_and_one_can_be_pressed() {
    let mut window = setup("30", egui::Theme::Dark);
    window.get_by_label_contains("above the budget of 30 MB");
    let place = |name: &str| window.get_by_label_contains(name).rect().top();
    let names = [
        "Smaller batch:",
        "Gradient accumulation",
        "Smaller input:",
        "Smaller layers",
        "Gradient checkpointing",
        "Model parallel",
    ];
    let places = names.map(place);
    assert!(places.is_sorted(), "{places:?}");
    window.get_by_label_contains("Smaller layers").click();
    window.run_steps(3);
    let hidden = window.state().studio().projects.draft.get("model.hidden");
    assert_eq!(hidden.as_deref(), Some("[256,256]"), "halved until it fits");
}

/// The doctor over a run that took more than its budget.
fn doctor(look: egui::Theme) -> Window {
    let mut project = Project::default();
    for setting in ["data=digits", "loss=cross_entropy", "device=cpu", "model.hidden=[1024,1024]", "memory.budget=30"] {
        project.set(setting).unwrap();
    }
    let finished = Finished {
        reason: FinishReason::Failed,
        text: "Memory ran out: training took 84 MB and memory.budget is 30 MB. Most of it goes to kept copies. Less is needed with smaller layers; or raise memory.budget".to_owned(),
        epochs: 1,
        best_epoch: 0,
        best_validation_loss: f64::NAN,
        test: BTreeMap::new(),
        run_dir: "runs/digits-1".to_owned(),
        seconds: 1.0,
        samples_per_second: 0.0,
    };
    let run = Run::replay(project.clone(), [Event::Started(Started::default()), Event::Finished(finished)]);
    panel("doctor", studio(project.clone(), loaded(&project), Some(run), Vec::new()), look, [300.0, 560.0])
}

#[test]
fn where_memory_ran_out_the_doctor_tells_what_each_remedy_saves_until_it_fits() {
    let mut window = doctor(egui::Theme::Dark);
    window.get_by_label_contains("Gradient accumulation: saves");
    window.get_by_label_contains("Smaller layers: saves").click();
    window.run_steps(3);
    window.get_by_label_contains("MB of a budget of 30 MB.");
    assert!(window.query_by_label("To need less, in this order").is_none());
}

#[test]
fn the_gauge_looks_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, theme) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (budget, state) in [("1000", "fits"), ("30", "over")] {
            let mut window = setup(budget, look);
            results.add(window.try_snapshot_options(format!("panels/memory/{state}_{theme}"), &options()));
        }
        results.add(doctor(look).try_snapshot_options(format!("panels/memory/ran_out_{theme}"), &options()));
    }
}
