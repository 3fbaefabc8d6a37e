//! Every panel: what it says and does, by accessible names; then how it looks, in every state and both themes.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::spec::Project;
use learnscope::studio::DataState;
use learnscope::ui::PANELS;

use super::harness::{Window, loaded, options, panel, studio};
use super::runs::{STATES, State, cars, churn, churn_project, clothes, ghosts};

const WIDE: [f32; 2] = [760.0, 580.0];
const BOTTOM: [f32; 2] = [720.0, 240.0];

fn curves(state: State) -> Window {
    panel("curves", studio(churn_project(), DataState::Loading, churn(state), Vec::new()), egui::Theme::Dark, WIDE)
}

pub(super) fn data(settings: &[&str]) -> Window {
    let mut project = Project::default();
    for setting in settings {
        project.set(setting).unwrap();
    }
    let data = loaded(&project);
    panel("data", studio(project, data, None, Vec::new()), egui::Theme::Light, BOTTOM)
}

fn predictions(state: State) -> Window {
    panel(
        "predictions",
        studio(churn_project(), DataState::Loading, churn(state), Vec::new()),
        egui::Theme::Dark,
        BOTTOM,
    )
}

#[test]
fn an_empty_chart_says_what_will_appear_and_how() {
    let window = curves(State::Empty);
    window.get_by_label("No run yet");
    window.get_by_label("Press Train (space) to watch the loss fall");
}

#[test]
fn the_charts_tell_their_last_and_best_values_to_those_who_do_not_see_them() {
    let window = curves(State::Running);
    window.get_by_label("Loss chart: train 0.193, validation 0.603 at epoch 62; best 0.421 at epoch 9");
    window.get_by_label("Accuracy chart: train 91.1 %, validation 78.2 % at epoch 62");
    window.get_by_label("Train 0.193");
    window.get_by_label("always “No” = 73.5 %");
}

#[test]
fn marks_of_every_state_have_their_labels() {
    let window = curves(State::Running);
    for label in ["best · ep 9", "overfitting 9 → now", "patience ends 64", "learning_rate 0.003 → 0.001"] {
        window.get_by_label(label);
    }
    curves(State::Finished).get_by_label("early stop · ep 64");
    curves(State::Failed).get_by_label("loss not finite · step 143");
}

#[test]
fn no_zoom_loses_a_mark_and_fit_shows_all_again() {
    let mut window = curves(State::Running);
    assert!(window.query_by_label("Fit").is_none());
    let chart = window.get_by_label_contains("Loss chart").rect();
    window.hover_at(egui::pos2(chart.left() + 0.12 * chart.width(), chart.center().y));
    for _ in 0..4 {
        window.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, 60.0),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        });
        window.run_steps(8);
    }
    window.remove_cursor();
    window.run_steps(2);
    for label in ["best · ep 9", "overfitting 9 → now"] {
        window.get_by_label(label);
    }
    window.get_by_label("Fit").click();
    window.run_steps(2);
    assert!(window.query_by_label("Fit").is_none(), "a fitted chart needs no button");
}

#[test]
fn the_pointer_tells_every_value_at_the_nearest_epoch() {
    let shown = churn(State::Finished);
    let mut window =
        panel("curves", studio(churn_project(), DataState::Loading, shown, ghosts()), egui::Theme::Dark, WIDE);
    let chart = window.get_by_label_contains("Loss chart").rect();
    window.hover_at(egui::pos2(chart.center().x, chart.center().y));
    window.run_steps(3);
    let epoch = window.get_by_label_contains("after step").rect();
    assert!(epoch.width() > 0.0);
    for label in ["Accuracy", "ROC AUC", "Learning rate", "Gradient norm", "dropout 0.3", "hidden [16]"] {
        assert!(window.query_all_by_label(label).count() > 0, "{label} is told under the pointer");
    }
    assert_eq!(window.query_all_by_label("train").count(), 1);
}

#[test]
fn the_arrow_keys_walk_along_a_chart_and_its_values_are_told() {
    let mut window = curves(State::Running);
    window.get_by_label_contains("Loss chart").focus();
    window.run_steps(2);
    window.key_press(egui::Key::ArrowLeft);
    window.run_steps(3);
    let told = window.get_by_label_contains("Loss chart").value().unwrap_or_default();
    assert!(told.starts_with("At epoch 61: train loss 0."), "{told}");
    window.get_by_label("Epoch 61");
}

#[test]
fn earlier_runs_say_what_was_changed_and_can_be_forgotten() {
    let mut window = panel(
        "curves",
        studio(churn_project(), DataState::Loading, churn(State::Finished), ghosts()),
        egui::Theme::Light,
        WIDE,
    );
    window.get_by_label_contains("dropout 0.3");
    window.get_by_label_contains("hidden [16]");
    window.get_by_label("Forget them").click();
    window.run_steps(3);
    assert!(window.state().studio().runs.ghosts.is_empty());
    assert!(window.query_by_label_contains("dropout 0.3").is_none());
}

#[test]
fn another_metric_can_be_chosen() {
    let mut window = curves(State::Running);
    window.get_by_label("Metric").click();
    window.run_steps(2);
    window.get_by_label("ROC AUC").click();
    window.run_steps(2);
    window.get_by_label_contains("ROC AUC chart: train");
}

#[test]
fn learning_rate_and_gradient_norm_unfold() {
    let mut window = curves(State::Running);
    assert!(window.query_by_label_contains("Learning rate chart").is_none());
    window.get_by_label("Learning rate and gradient norm").click();
    window.run_steps(2);
    window.get_by_label("Learning rate chart: 0.001 at epoch 62");
    window.get_by_label_contains("Gradient norm chart");
}

#[test]
fn smoothing_changes_the_drawing_and_no_number() {
    let mut window = curves(State::Running);
    let before = window.render().unwrap();
    window.get_by_label("Smoothing").set_value_accesskit(0.0);
    window.run_steps(2);
    window.get_by_label("Train 0.193");
    assert!(before != window.render().unwrap(), "the strong line is now the raw one");
}

#[test]
fn a_column_that_is_left_out_says_why() {
    let window = data(&["data=used_cars"]);
    window.get_by_label_contains("left out: every value is different");
    window.get_by_label("Price");
    window.get_by_label("target");
    window.get_by_label_contains("licence MIT");
    window.get_by_label_contains("Spread of Price: from 4350 to 32500");
}

#[test]
fn classes_show_their_balance_and_rows_their_cells() {
    let mut window = data(&["data=penguins"]);
    window.get_by_label("Training rows by species");
    window.get_by_label("Rows").click();
    window.run_steps(2);
    assert!(window.query_all_by_label("Adelie").count() > 0);
    window.get_by_label("Row");
}

#[test]
fn images_are_shown_with_their_classes() {
    let mut window = data(&["data=clothing10k"]);
    window.get_by_label("Images").click();
    window.run_steps(2);
    assert!(window.query_all_by_label_contains("Sample image: Sneaker").count() > 0);
}

#[test]
fn rows_say_which_part_they_belong_to_and_one_part_can_be_looked_at() {
    let mut window = data(&["data=penguins", "split.validation=0.2", "split.test=0.2"]);
    window.get_by_label("Rows").click();
    window.run_steps(2);
    let count = |window: &Window, part: &str| window.query_all_by_label(part).count();
    assert!(count(&window, "train") > 0 && count(&window, "train") > count(&window, "validation"));
    for (part, others) in
        [("validation", ["train", "test"]), ("test", ["train", "validation"]), ("train", ["validation", "test"])]
    {
        let button = format!("{}{}", part[..1].to_uppercase(), &part[1..]);
        window.get_by_label(&button).click();
        window.run_steps(2);
        assert!(count(&window, part) > 2, "rows of {part} are shown");
        assert_eq!(others.map(|it| count(&window, it)), [0, 0], "and no others beside {part}");
    }
    // The row that is told to be of a part is of it.
    let prepared = window.state().studio().projects.prepared().unwrap().clone();
    let first = prepared.split.train[0] + 1;
    assert!(window.query_all_by_label(&first.to_string()).count() > 0, "row {first} is the first of train");
}

#[test]
fn images_say_which_part_they_belong_to() {
    let mut window = data(&["data=clothing10k"]);
    window.get_by_label("Images").click();
    window.run_steps(2);
    window.get_by_label("Test").click();
    window.run_steps(2);
    assert!(window.query_all_by_label("Sample image: Sneaker, test").count() > 0);
    assert_eq!(window.query_all_by_label_contains(", train").count(), 0);
}

#[test]
fn images_show_what_they_are_taken_for_wrong_ones_first() {
    let window = panel(
        "predictions",
        studio(Project::default(), DataState::Loading, Some(clothes(9)), Vec::new()),
        egui::Theme::Light,
        BOTTOM,
    );
    window.get_by_label("18 of 24 recognized");
    let wrong = window.get_by_label("Taken for Shirt, 97 % sure; it is Coat").rect();
    for right in window.query_all_by_label_contains("Recognized as") {
        let right = right.rect();
        assert!((wrong.top(), wrong.left()) < (right.top(), right.left()), "{wrong:?} before {right:?}");
    }
}

#[test]
fn unreadable_data_says_what_and_offers_to_read_again() {
    let problem = "column \"price\" is not a number in line 17";
    let mut window = panel(
        "data",
        studio(Project::default(), DataState::Failed(problem.to_owned()), None, Vec::new()),
        egui::Theme::Dark,
        BOTTOM,
    );
    window.get_by_label(problem);
    window.get_by_label("Read again").click();
    window.run_steps(2);
    assert!(matches!(window.state().studio().projects.data, DataState::Loading), "it is being read again");
}

#[test]
fn predictions_are_told_in_words() {
    predictions(State::Empty).get_by_label("Press Train (space): the boundary appears with the first epoch");
    let window = predictions(State::Running);
    window.get_by_label("Boundary between 2 classes over x and y after epoch 62, 300 points");
    window.get_by_label_contains("Confusion matrix, share of each class that was recognized: No 90.6 %");
}

#[test]
fn a_regression_shows_predicted_against_actual_values() {
    let window = panel(
        "predictions",
        studio(Project::default(), DataState::Loading, Some(cars()), Vec::new()),
        egui::Theme::Light,
        BOTTOM,
    );
    window.get_by_label("Predicted against actual price");
    window.get_by_label_contains("Predicted against actual price: RMSE");
    assert!(window.query_all_by_label_contains("R² 0.9").count() > 0);
}

#[test]
fn the_log_lists_what_happened_and_can_be_copied() {
    let mut window = panel(
        "log",
        studio(Project::default(), DataState::Loading, churn(State::Failed), Vec::new()),
        egui::Theme::Dark,
        BOTTOM,
    );
    window.get_by_label("4 lines · 2 warnings");
    window.get_by_label_contains("loss was not a number at step 143");
    window.get_by_label("Copy log").click();
    window.step();
    let copied = window
        .output()
        .platform_output
        .commands
        .iter()
        .any(|it| matches!(it, egui::OutputCommand::CopyText(text) if text.contains("Compiling kernels")));
    assert!(copied, "the log is on the clipboard");
}

/// Small, since they are kept; large enough to read.
fn size_of(id: &str) -> [f32; 2] {
    match id {
        "top_bar" => [960.0, 48.0],
        "setup" => [300.0, 480.0],
        "doctor" => [330.0, 400.0],
        "curves" => [640.0, 420.0],
        _ => [640.0, 220.0],
    }
}

#[test]
fn every_panel_looks_as_kept_in_every_state_and_theme() {
    let mut results = SnapshotResults::new();
    let project = churn_project();
    for (look, look_name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        for (state, state_name) in STATES {
            // The list of runs shows folders, whatever is on the chart: `history` draws it.
            for def in PANELS.iter().filter(|it| it.id != "runs" || state == State::Empty) {
                let data = match state {
                    State::Empty => DataState::Loading,
                    State::Running | State::Paused | State::Finished => loaded(&project),
                    State::Failed => {
                        DataState::Failed("column \"price\" is not a number in line 17: \"n/a?\"".to_owned())
                    }
                };
                let ghosts = if state == State::Finished { ghosts() } else { Vec::new() };
                let mut window =
                    panel(def.id, studio(project.clone(), data, churn(state), ghosts), look, size_of(def.id));
                let name = format!("panels/{}/{state_name}_{look_name}", def.id);
                results.add(window.try_snapshot_options(name, &options()));
            }
        }
    }
    results.unwrap();
}

#[test]
fn images_look_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let studio = studio(Project::default(), DataState::Loading, Some(clothes(9)), Vec::new());
        let mut window = panel("predictions", studio, look, size_of("predictions"));
        results.add(window.try_snapshot_options(format!("panels/predictions/images_{name}"), &options()));
        let mut project = Project::default();
        project.set("data=clothing10k").unwrap();
        let data = loaded(&project);
        let mut window = panel("data", super::harness::studio(project, data, None, Vec::new()), look, size_of("data"));
        window.get_by_label("Images").click();
        window.run_steps(2);
        results.add(window.try_snapshot_options(format!("panels/data/images_{name}"), &options()));
    }
    results.unwrap();
}
