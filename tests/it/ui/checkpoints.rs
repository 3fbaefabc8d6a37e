//! What a checkpoint holds and what it is good for, as one meets it in the window.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::run::{Event, Forgotten, Phase};
use learnscope::session::{Contents, Part};
use learnscope::studio::{DataState, Lifeline, Stage, Studio};

use super::harness::{Window, options, panel, step_until, still, studio};
use super::runs::{State, churn, churn_project};
use super::window::{click, penguins, phase_is};

fn tab(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::Tab, name).click();
    window.run_steps(2);
}

#[test]
fn leaving_out_the_optimizers_memory_is_tried_on_copies() {
    let mut window = penguins(&["epochs=6", "stopping=off"]);
    tab(&mut window, "Checkpoints");
    window.get_by_label("No checkpoint yet");
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    let before = window.state().run().history.clone();
    click(&mut window, "Leave it out");
    step_until(&mut window, "both copies", |it| it.run().forgotten.is_some());
    let run = window.state().run();
    let forgotten = run.forgotten.clone().unwrap();
    assert_eq!((forgotten.with_memory.len(), forgotten.without.len()), (61, 61));
    assert_eq!(forgotten.with_memory[0].to_bits(), forgotten.without[0].to_bits(), "both begin at the same weights");
    assert_ne!(forgotten.with_memory[1].to_bits(), forgotten.without[1].to_bits(), "and the first step differs");
    assert_eq!((&run.history, run.phase), (&before, Phase::Finished));
    window.get_by_label_contains("Training loss of two copies");
}

/// A run that was cut once, with its checkpoint and what came of forgetting.
fn cut() -> Studio {
    let part = |name, what: &str, why, bytes| Part { name, what: what.to_owned(), why, bytes, tensors: Vec::new() };
    let parts = vec![
        part("Configuration", "every choice of the project", "Without it nobody knows what was trained", 930),
        part("Weights", "6 tensors, 77825 numbers", "Without them training starts from the beginning", 311_300),
        part("Optimizer\u{2019}s memory", "12 tensors, 155650 numbers", "Without it the curve jumps", 622_600),
        part("Random numbers", "nothing to store: keyed by seed 1", "Without it dropout would be drawn anew", 0),
        part("Place in the epoch", "2 steps into epoch 51", "Without it rows would be seen twice", 1_024),
        part("Metrics", "not in here: the run\u{2019}s events hold them", "They are not needed to go on", 0),
    ];
    let mut run = churn(State::Running).unwrap();
    let losses =
        |lift: f64| (0..=60_u32).map(|it| 0.2 + lift * (-f64::from(it) / 12.0).exp() * f64::from(it.min(3))).collect();
    run.apply(Event::Forgotten(Forgotten {
        epoch: 41,
        step: 5000,
        with_memory: losses(0.0),
        without: losses(0.03),
        text: "Without its memory the optimizer steps astray: behind 3 steps the loss was 0.27, and 0.2 for the copy that kept it. It took 21 steps to be back.".to_owned(),
    }));
    let mut studio = studio(churn_project(), DataState::Loading, Some(run), Vec::new());
    studio.runs.checkpoint = Some(Arc::new(Contents {
        path: Path::new("step-00001002.safetensors").to_owned(),
        step: 1002,
        epoch: 50,
        parts,
    }));
    let mut life = Lifeline::default();
    life.enter(Stage::Starting, 0.0);
    life.enter(Stage::Training, 1.2);
    life.look(1200, 14.0);
    life.enter(Stage::Interrupted, 14.0);
    life.enter(Stage::Resuming, 18.0);
    life.resume(1002, 19.5);
    life.look(1240, 26.0);
    studio.runs.lifeline = life;
    studio
}

#[test]
fn the_cost_of_an_interruption_is_told_with_and_without_checkpoints() {
    let window = panel("checkpoints", cut(), egui::Theme::Dark, [716.0, 360.0]);
    // 1,438 steps were made in 19.3 seconds, 198 of them twice.
    window.get_by_label_contains("With checkpoints 2.7 s of training were lost and 83.5 % of the work was saved");
    window.get_by_label_contains(
        "Without (modelled): starting 1.2 s, training 12.8 s, interrupted 4.0 s, starting 1.5 s",
    );
}

#[test]
fn the_curve_carries_the_interruption_where_it_was_and_no_run_without_one_does() {
    let mut window = still(cut(), egui::Theme::Dark, [1280.0, 800.0]);
    let strip = window.get_by_label("interrupted · ep 60.0").rect();
    let chart = window.get_by_label_contains("Loss chart: train").rect();
    assert!(chart.contains(strip.center()) && strip.bottom() > chart.bottom() - 40.0, "{strip} along {chart}");
    // From epoch 50.1 to 60.0 of 100 in sight, and some reach beside it.
    let share = strip.width() / chart.width();
    assert!((0.08..0.13).contains(&share), "{share}");
    window.hover_at(strip.center());
    // Longer than words wait for the pointer to rest.
    window.run_steps(40);
    window.get_by_label_contains("went on from step 1,002 in epoch 50.1, so that 198 steps had to be made again");
    window.get_by_label_contains("2.7 s of training lost, 83.5 % of the work before them saved");
    let mut studio = cut();
    studio.runs.lifeline = Lifeline::default();
    let window = still(studio, egui::Theme::Dark, [1280.0, 800.0]);
    assert!(window.query_by_label_contains("interrupted · ep").is_none());
}

#[test]
fn the_tab_rests_when_nothing_happens() {
    let mut window = still(cut(), egui::Theme::Dark, [1280.0, 800.0]);
    tab(&mut window, "Checkpoints");
    window.run_steps(5);
    let rests = window.output().viewport_output.values().map(|it| it.repaint_delay).min().unwrap();
    assert!(rests > std::time::Duration::from_secs(1), "{rests:?}");
}

#[test]
fn checkpoints_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = still(cut(), look, [1280.0, 800.0]);
        tab(&mut window, "Checkpoints");
        results.add(window.try_snapshot_options(format!("window/checkpoints_{name}"), &options()));
    }
    let mut window = still(cut(), egui::Theme::Dark, [1920.0, 1080.0]);
    tab(&mut window, "Checkpoints");
    results.add(window.try_snapshot_options("window/checkpoints_large", &options()));
    results.unwrap();
}
