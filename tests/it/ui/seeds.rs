//! Fair seeds and the copy that trains on, as one meets them in the window.

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use learnscope::run::{Event, FinishReason, Metrics, Phase, Run, SeedRow};
use learnscope::studio::DataState;

use super::experiments::{tab, tried};
use super::harness::{Window, options, panel, step_until, still, studio};
use super::runs::{State, churn, churn_project, ghosts, noise};
use super::window::{click, endless, penguins, phase_is};

const USUAL: [f32; 2] = [1280.0, 800.0];
const LARGE: [f32; 2] = [1920.0, 1080.0];
const WIDE: [f32; 2] = [760.0, 580.0];

fn ask_for_seeds(window: &mut Window) {
    tab(window, "Experiments");
    window.get_by_role_and_label(Role::RadioButton, "Is the difference real?").click();
    window.run_steps(2);
}

/// Asks for three seeds and waits for them.
fn train_three(window: &mut Window) {
    window.get_by_label("Number of seeds").set_value_accesskit(3.0);
    window.run_steps(2);
    click(window, "Train seeds");
    step_until(window, "three seeds", |it| it.run().seeds.rows().len() == 3 && it.studio().runs.seeding().is_none());
}

#[test]
fn two_settings_are_compared_over_the_same_seeds_at_a_few_clicks() {
    let mut window = penguins(&["epochs=5", "stopping=off"]);
    click(&mut window, "Train");
    step_until(&mut window, "the run to end", phase_is(Phase::Finished));
    ask_for_seeds(&mut window);
    window.get_by_label_contains("split, weights, order and dropout are drawn anew by each");
    assert!(window.query_by_label_contains("Best validation loss by seed").is_none());
    train_three(&mut window);
    window.get_by_label_contains("Over 3 seeds, this run reaches");
    window.get_by_label_contains("Best validation loss by seed. this run: seed 1 0.");
    window.get_by_label_contains("; band of 3 seeds: validation 0.");
    window.get_by_label("3 seeds");
    let button = window.get_by_role_and_label(Role::Button, "Train seeds");
    assert!(button.accesskit_node().is_disabled(), "these three are trained");

    window.get_by_role_and_label(Role::SpinButton, "Learning rate").set_value_accesskit(0.0001);
    window.run_steps(2);
    click(&mut window, "Train");
    step_until(&mut window, "the second run to end", phase_is(Phase::Finished));
    window.get_by_label_contains("Learning rate 0.0001 reached");
    window.get_by_label_contains("band of 3 seeds of first run: validation 0.");
    train_three(&mut window);
    let verdict = window.get_by_label_contains("Over the same 3 seeds, learning rate 0.0001 reaches");
    let meaning = verdict.accesskit_node().description().unwrap();
    assert!(meaning.contains("t(97.5 %, n − 1) · their deviation / √n") && meaning.ends_with("n 3 and 3"), "{meaning}");
    window.get_by_label_contains("Best validation loss by seed. the run before: seed 1 0.");
}

#[test]
fn seeds_tell_how_far_they_are_and_can_be_cancelled() {
    let mut window = endless();
    ask_for_seeds(&mut window);
    click(&mut window, "Train seeds");
    step_until(&mut window, "the first epochs", |it| {
        it.studio().runs.seeding().is_some_and(|it| it.seconds_left().is_some())
    });
    let told = window.get_by_label_contains("Seed 1 of 5 · about ").rect();
    assert!(told.width() > 0.0);
    window.get_by_role_and_label(Role::ProgressIndicator, "Seeds trained");
    click(&mut window, "Cancel");
    assert!(window.state().studio().runs.seeding().is_none());
    window.get_by_role_and_label(Role::Button, "Train seeds");
    assert!(window.query_by_label_contains("Seed 1 of 5").is_none());
    assert_eq!(window.state().run().phase, Phase::Running, "the run itself goes on");
}

/// A run with five seeds, the last of which may have diverged; `lift` moves them all.
fn seeded(mut run: Run, lift: f64, has_diverged: bool) -> Run {
    let epochs = run.history.epochs.clone();
    for seed in 1..=5_u64 {
        let n = epochs.len() - if seed == 1 { 0 } else { 3 * (seed as usize % 3) };
        let apart = if seed == 1 { 0.0 } else { 0.014 * noise(40 * seed) + lift };
        let wave =
            |epoch: u64, base: f64| base + apart + if seed == 1 { 0.0 } else { 0.012 * noise(1000 * seed + epoch) };
        let curve = |of: fn(&learnscope::run::EpochRow) -> f64| -> Vec<f64> {
            epochs[..n].iter().map(|it| wave(it.epoch, of(it))).collect()
        };
        let accuracy = |split: &str| -> Vec<f64> {
            epochs[..n].iter().map(|it| it.metrics[&format!("{split}_accuracy")] - 0.4 * apart).collect()
        };
        let validation_loss = curve(|it| it.validation_loss);
        let best = validation_loss.iter().copied().fold(f64::INFINITY, f64::min);
        let is_lost = has_diverged && seed == 5;
        run.apply(Event::Seed(SeedRow {
            seed,
            reason: if is_lost { FinishReason::Diverged } else { FinishReason::EarlyStopping },
            text: String::new(),
            train_loss: curve(|it| it.train_loss),
            validation_loss,
            metric: "accuracy".to_owned(),
            train_metric: accuracy("train"),
            validation_metric: accuracy("validation"),
            best_validation_loss: if is_lost { f64::NAN } else { best },
            test: Metrics::new(),
        }));
    }
    run
}

/// The churn run and the one before it, both with seeds.
fn two_spreads(look: egui::Theme, size: [f32; 2]) -> Window {
    let mut earlier = ghosts();
    earlier[0] = seeded(earlier[0].clone(), 0.003, true);
    let mut shown = seeded(churn(State::Finished).unwrap(), 0.0, false);
    "hidden [256, 256]".clone_into(&mut shown.change);
    still(studio(churn_project(), DataState::Loading, Some(shown), earlier), look, size)
}

#[test]
fn a_band_is_told_under_the_pointer_and_a_seed_at_its_dot() {
    let mut window = two_spreads(egui::Theme::Dark, USUAL);
    ask_for_seeds(&mut window);
    window.get_by_label_contains("1 of 5 seeds of the run before diverged or failed and is left out.");
    let chart = window.get_by_label_contains("Loss chart").rect();
    window.hover_at(egui::pos2(chart.left() + 0.3 * chart.width(), chart.center().y));
    window.run_steps(3);
    window.get_by_label("its 5 seeds");
    window.get_by_label("its 4 seeds");
    let strips = window.get_by_label_contains("Best validation loss by seed").rect();
    let (own, before) = (window.state().run().seeds.values(), window.state().studio().runs.ghosts[0].seeds.values());
    let all: Vec<f64> = own.iter().chain(&before).map(|it| it.1).collect();
    let (low, high) = (all.iter().copied().fold(f64::MAX, f64::min), all.iter().copied().fold(f64::MIN, f64::max));
    for (idx, (seed, value)) in own.into_iter().enumerate() {
        // The right one of two columns; a margin of 0.12 above and 0.3 below.
        let x = 0.75 + 0.2 * (idx as f32 / 4.0 - 0.5);
        let y = ((1.12 * high - 0.12 * low - value) / (1.42 * (high - low))) as f32;
        window.hover_at(strips.min + egui::vec2(x * strips.width(), y * strips.height()));
        // Hover text takes its time.
        window.run_steps(30);
        window.get_by_label(&format!("hidden [256, 256], seed {seed}: {value:.3}"));
    }
}

#[test]
fn all_questions_are_in_sight_where_there_is_room_and_in_reach_where_there_is_none() {
    let mut window = two_spreads(egui::Theme::Dark, LARGE);
    tab(&mut window, "Experiments");
    for button in ["Try both", "Range test", "Train seeds"] {
        window.get_by_role_and_label(Role::Button, button);
    }
    let size = [267.0, 111.0];
    let shown = seeded(churn(State::Finished).unwrap(), 0.0, false);
    let mut narrow = panel(
        "experiments",
        studio(churn_project(), DataState::Loading, Some(shown), Vec::new()),
        egui::Theme::Dark,
        size,
    );
    narrow.get_by_label("Question").click();
    narrow.run_steps(2);
    narrow.get_by_label("Is the difference real?").click();
    narrow.run_steps(3);
    for name in ["Question", "Train seeds", "Number of seeds"] {
        let rect = narrow.get_by_label(name).rect();
        assert!(egui::Rect::from_min_size(egui::Pos2::ZERO, size.into()).contains_rect(rect), "{name} {rect:?}");
    }
    narrow.get_by_label_contains("Over 5 seeds, this run reaches");
}

#[test]
fn seeds_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = two_spreads(look, USUAL);
        ask_for_seeds(&mut window);
        results.add(window.try_snapshot_options(format!("window/seeds_{name}"), &options()));
    }
    let mut window = two_spreads(egui::Theme::Dark, LARGE);
    tab(&mut window, "Experiments");
    results.add(window.try_snapshot_options("window/seeds_large", &options()));
    let mut window = two_spreads(egui::Theme::Light, USUAL);
    window.key_press(egui::Key::P);
    window.run_steps(2);
    window.set_size(egui::Vec2::from(USUAL) / 1.5);
    window.run_steps(3);
    tab(&mut window, "Experiments");
    window.get_by_label("Question").click();
    window.run_steps(2);
    window.get_by_label("Is the difference real?").click();
    window.run_steps(3);
    results.add(window.try_snapshot_options("window/seeds_presenter", &options()));
    results.unwrap();
}

/// The churn run with a copy of it that trained on for twenty epochs.
fn copied(look: egui::Theme) -> Window {
    panel("curves", studio(churn_project(), DataState::Loading, Some(tried()), Vec::new()), look, WIDE)
}

#[test]
fn a_copy_that_trained_on_is_on_the_chart_and_told_to_be_one() {
    let mut window = copied(egui::Theme::Dark);
    window.get_by_label("stopped here · ep 64");
    window.get_by_label("copy · to ep 84");
    window.get_by_label_contains("; stopped here, and a copy trained on to epoch 84: train 0.19, validation 0.");
    let chart = window.get_by_label_contains("Loss chart").rect();
    window.hover_at(egui::pos2(chart.right() - 8.0, chart.center().y));
    window.run_steps(3);
    window.get_by_label("Epoch 84");
    window.get_by_label("of a copy, 20 epochs behind the stop");
    window.remove_cursor();
    window.get_by_label_contains("Loss chart").focus();
    window.run_steps(2);
    window.key_press(egui::Key::ArrowLeft);
    window.run_steps(3);
    let told = window.get_by_label_contains("Loss chart").value().unwrap_or_default();
    assert!(told.starts_with("At epoch 83 of a copy that trained on: train loss 0.19"), "{told}");
}

#[test]
fn whether_stopping_was_right_is_said_by_the_doctor_and_beside_the_rules() {
    let stands =
        |run: Run| still(studio(churn_project(), DataState::Loading, Some(run), Vec::new()), egui::Theme::Dark, USUAL);
    let said = "Stopping was right: in 20 epochs more a copy reached 0.6";
    let mut window = stands(tried());
    assert_eq!(window.query_all_by_label_contains(said).count(), 1, "on the card");
    tab(&mut window, "Stop rules");
    assert_eq!(window.query_all_by_label_contains(said).count(), 2, "and beside the rules");
    let window = stands(churn(State::Finished).unwrap());
    assert_eq!(window.query_all_by_label_contains("Stopping was").count(), 0, "nobody knows before a copy went on");
}

#[test]
fn bands_and_a_copy_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        results.add(copied(look).try_snapshot_options(format!("panels/curves/copied_{name}"), &options()));
        let mut earlier = ghosts();
        earlier[0] = seeded(earlier[0].clone(), 0.003, true);
        let shown = Some(seeded(churn(State::Finished).unwrap(), 0.0, false));
        let mut window = panel("curves", studio(churn_project(), DataState::Loading, shown, earlier), look, WIDE);
        results.add(window.try_snapshot_options(format!("panels/curves/seeds_{name}"), &options()));
    }
    results.unwrap();
}
