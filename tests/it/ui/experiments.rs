//! Experiments and stop rules, as one meets them in the window.

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use learnscope::diagnose::{add_point, band, judge};
use learnscope::run::{AfterRow, Event, Fork, Phase, Probe, RangeTest, Run};
use learnscope::studio::DataState;

use super::harness::{Window, options, panel, step_until, still, studio};
use super::runs::{State, churn, churn_project, ghosts, noise};
use super::window::{click, penguins, phase_is};

pub(super) fn tab(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::Tab, name).click();
    window.run_steps(2);
}

#[test]
fn both_experiments_are_made_at_a_click_and_leave_the_run_as_it_is() {
    let mut window = penguins(&["epochs=5", "stopping=off"]);
    tab(&mut window, "Experiments");
    window.get_by_label("Nothing to experiment with yet");
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    let before = window.state().run().history.clone();
    click(&mut window, "Try both");
    step_until(&mut window, "the probe", |it| it.run().probe.is_some());
    window.get_by_label_contains("Training loss of copies at other learning rates");
    window.get_by_role_and_label(Role::RadioButton, "Which rates to try?").click();
    window.run_steps(2);
    click(&mut window, "Range test");
    step_until(&mut window, "the range test", |it| it.run().range_test.is_some());
    window.get_by_label_contains("Loss against learning rate");
    let run = window.state().run();
    assert_eq!((run.phase, run.history.epochs.len()), (Phase::Finished, 5));
    assert_eq!(run.history, before);
}

#[test]
fn without_its_training_in_memory_a_run_offers_no_experiment() {
    let studio = studio(churn_project(), DataState::Loading, churn(State::Finished), Vec::new());
    let window = panel("experiments", studio, egui::Theme::Dark, [720.0, 240.0]);
    assert!(window.get_by_role_and_label(Role::Button, "Try both").accesskit_node().is_disabled());
}

#[test]
fn the_bench_follows_patience_and_a_run_can_be_trained_on() {
    let mut window = penguins(&["epochs=24", "stopping.patience=3", "stopping.min_delta=0.05"]);
    tab(&mut window, "Stop rules");
    window.get_by_label("No curve to stop yet");
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    let ended = window.state().run().epoch();
    assert!(ended < 24, "it must stop early");
    window.get_by_label("Keras EarlyStopping");
    window.get_by_label_contains(&format!("stop flags over {ended} epochs"));
    click(&mut window, "Train on 10 epochs");
    step_until(&mut window, "ten epochs more", |it| it.run().after.len() == 10);
    window.get_by_label_contains(&format!("stop flags over {} epochs", ended + 10));
    assert_eq!(window.state().run().epoch(), ended, "the run itself is over");
}

/// A finished run with an outcome of each experiment.
pub(super) fn tried() -> Run {
    let mut run = churn(State::Finished).unwrap();
    let fork = |factor: f64, end: f64| Fork {
        factor,
        learning_rate: 0.001 * factor,
        losses: (0..=12_u32).map(|it| 0.41 + (end - 0.41) * f64::from(it) / 12.0 + 0.004 * noise(it.into())).collect(),
    };
    let forks = vec![fork(1.0 / 3.0, 0.33), fork(1.0, 0.4), fork(3.0, 0.56)];
    let (verdict, text) = judge(&forks);
    run.apply(Event::Probe(Probe { epoch: 64, step: 8512, stretch: 23, forks, verdict, text }));
    let mut points = Vec::new();
    for step in 0..100_u64 {
        let rate = 1e-7 * 10_f64.powf(8.0 * step as f64 / 99.0);
        let loss = 0.7 - 0.4 / (1.0 + (2e-3 / rate).powf(0.9)) + (rate / 0.5).powi(2) + 0.02 * noise(step);
        if !add_point(&mut points, rate, loss) {
            break;
        }
    }
    let band = band(&points);
    let text = "Learning rates between the lines are worth trying.".to_owned();
    run.apply(Event::RangeTest(RangeTest { epoch: 64, step: 8512, points, band, text }));
    for epoch in 65..=84 {
        let x = epoch as f64;
        let validation_loss = 0.62 + 0.001 * (x - 64.0) + 0.012 * noise(epoch);
        run.apply(Event::After(AfterRow { epoch, train_loss: 0.19, validation_loss }));
    }
    run
}

#[test]
fn outcomes_of_experiments_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (id, title) in [("experiments", "Experiments"), ("stops", "Stop rules")] {
            let studio = studio(churn_project(), DataState::Loading, Some(tried()), ghosts());
            let mut window = still(studio, look, [1280.0, 800.0]);
            tab(&mut window, title);
            results.add(window.try_snapshot_options(format!("window/{id}_{name}"), &options()));
        }
    }
    results.unwrap();
}
