//! The stop-rule bench: where known rules of early stopping would have ended this run, while their knobs are dragged.

mod chart;
mod table;

use egui::{Align, Label, Layout, Rect, Ui, UiBuilder, vec2};

use super::{Cx, Home, Panel, PanelDef};
use crate::diagnose::stops::{Earlier, Outcome, Point, STOP_RULES, StopRule};
use crate::diagnose::was_stopping_right;
use crate::report::points_csv;
use crate::run::Run;
use crate::spec::{Knob, Range, StoppingSpec};
use crate::studio::{Action, RunAction, Studio};
use crate::ui::text::counted;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{KnobRow, empty_ui, knob_ui, scroll_ui, secondary_ui};

pub(super) const STOPS: PanelDef =
    PanelDef { id: "stops", title: "Stop rules", home: Home::Bottom, make: || Box::<Stops>::default() };

/// Fewer epochs leave no rule anything to say.
const FEWEST_EPOCHS: usize = 3;

/// Share of the width that the table takes, and what it needs at most.
const TABLE: f32 = 0.62;
const TABLE_MOST: f32 = 520.0;

/// Width of a knob with its name, and of the button beside them.
const KNOB: f32 = 230.0;
const GO_ON: f32 = 150.0;

/// Epochs to train on in one go: a third of what was trained, and at least ten.
const FEWEST_ON: u64 = 10;

/// The knobs that all rules share, and what the rules make of the shown run.
struct Stops {
    patience: u64,
    min_delta: f64,
    /// The early stopping that the knobs were taken from; they follow the project until they are dragged.
    taken_from: Option<StoppingSpec>,
    bench: Bench,
}

/// What the rules say, worked out once for each change.
#[derive(Default)]
struct Bench {
    points: Vec<Point>,
    earlier: Earlier,
    n_earlier: usize,
    knobs: (u64, f64),
    rows: Vec<Row>,
}

/// One rule and what it would have done.
struct Row {
    rule: &'static StopRule,
    outcome: Outcome,
}

impl Default for Stops {
    fn default() -> Self {
        Self { patience: 10, min_delta: 0.0, taken_from: None, bench: Bench::default() }
    }
}

impl Panel for Stops {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(run) = cx.run().filter(|it| it.history.epochs.len() >= FEWEST_EPOCHS).cloned() else {
            return empty_ui(
                ui,
                "No curve to stop yet",
                "Press Train (space). After three epochs it shows here where ten known rules of early stopping would end the run",
            );
        };
        self.follow(&run);
        let ghosts = cx.studio.runs.ghosts.iter();
        let earlier: Vec<Vec<f64>> =
            ghosts.map(|it| it.history.epochs.iter().map(|row| row.validation_loss).collect()).collect();
        self.bench.update(&run, &earlier, (self.patience, self.min_delta));
        self.knobs_ui(ui, cx, &run);
        if let Some(text) = was_stopping_right(&run) {
            ui.add(Label::new(Theme::of(ui).paragraph(text)).wrap());
        }
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let (left, right) = rect.split_left_right_at_x(rect.left() + (TABLE * rect.width()).min(TABLE_MOST));
        let mut child = |at: Rect| ui.new_child(UiBuilder::new().max_rect(at).layout(Layout::top_down(Align::LEFT)));
        let mut table = child(left.with_max_x(left.max.x - space::L));
        let mut plot = child(right);
        scroll_ui(&mut table, |ui| table::table_ui(ui, &self.bench.rows));
        chart::chart_ui(&mut plot, &run, &self.bench.points, &self.bench.rows);
    }

    fn has_values(&self, studio: &Studio) -> bool {
        studio.runs.shown.is_some() && !self.bench.points.is_empty()
    }

    /// Every epoch, with the rules that would have ended the run there.
    fn values(&self, studio: &Studio) -> Option<String> {
        let row = |it: &Point| {
            let stops = self.bench.rows.iter().filter(|row| row.outcome.stop == Some(it.epoch));
            let rules: Vec<&str> = stops.map(|row| row.rule.label).collect();
            vec![it.epoch.to_string(), it.train.to_string(), it.validation.to_string(), rules.join("; ")]
        };
        let head = ["epoch", "train_loss", "validation_loss", "stopped_by"];
        self.has_values(studio).then(|| points_csv(&head, self.bench.points.iter().map(row)))
    }
}

impl Stops {
    /// Takes patience and min delta from a project whose early stopping is new here.
    fn follow(&mut self, run: &Run) {
        if self.taken_from.as_ref() == Some(&run.project.stopping) {
            return;
        }
        if let StoppingSpec::Patience(it) = &run.project.stopping {
            (self.patience, self.min_delta) = (it.patience, it.min_delta);
        }
        self.taken_from = Some(run.project.stopping.clone());
    }

    fn knobs_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        let row = KnobRow { is_enabled: true, ..KnobRow::default() };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::L;
            let width = ((ui.available_width() - GO_ON) / 2.0 - space::L).min(KNOB);
            let column = |ui: &mut Ui, knob: Knob<'_>| {
                ui.allocate_ui_with_layout(vec2(width, size::ROW), Layout::top_down(Align::LEFT), |ui| {
                    ui.set_width(width);
                    knob_ui(ui, knob, &row);
                });
            };
            let help = "Epochs without improvement, for every rule that counts them.";
            column(ui, Knob::count("bench.patience", "Patience", &mut self.patience, Range::new(0.0, 200.0), help));
            let help = "How much better counts as better, for every rule that asks.";
            column(ui, Knob::log("bench.min_delta", "Min delta", &mut self.min_delta, Range::new(0.0, 1.0), help));
            go_on_ui(ui, cx, run);
        });
        ui.add_space(space::XS);
    }
}

/// Trains a copy on, so that one sees what stopping gave away.
fn go_on_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
    let epochs = (run.epoch() / 3).max(FEWEST_ON);
    let can_go_on = run.finished.is_some() && cx.studio.runs.can_experiment();
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let text = format!("Train on {}", counted(epochs, "epoch"));
        let button = ui.add_enabled_ui(can_go_on, |ui| secondary_ui(ui, None, &text)).inner;
        let button = button
            .on_hover_text("Trains a copy on from the end of the run, to see whether stopping was right. The run itself stays as it is")
            .on_disabled_hover_text("Once a run has ended, a copy of it can be trained on to see whether stopping was right");
        if button.clicked() {
            cx.ask(Action::Run(RunAction::GoOn { epochs }));
        }
    });
}

impl Bench {
    fn update(&mut self, run: &Run, earlier: &[Vec<f64>], knobs: (u64, f64)) {
        let told = run.history.epochs.iter().map(Point::from);
        let after =
            run.after.iter().map(|it| Point { epoch: it.epoch, train: it.train_loss, validation: it.validation_loss });
        let points: Vec<Point> = told.chain(after).collect();
        let n_earlier = earlier.iter().map(Vec::len).sum::<usize>() + earlier.len();
        if n_earlier != self.n_earlier {
            self.earlier = Earlier::new(earlier);
        } else if points == self.points && knobs == self.knobs && !self.rows.is_empty() {
            return;
        }
        self.rows = STOP_RULES
            .iter()
            .map(|rule| Row { rule, outcome: outcome(rule, run, &points, knobs, &self.earlier) })
            .collect();
        (self.points, self.n_earlier, self.knobs) = (points, n_earlier, knobs);
    }
}

fn outcome(rule: &'static StopRule, run: &Run, points: &[Point], knobs: (u64, f64), earlier: &Earlier) -> Outcome {
    let mut settings = rule.settings();
    // A rule without such a knob has nothing to set.
    settings.set("patience", knobs.0 as f64);
    settings.set("min_delta", knobs.1);
    settings.set("learning_rate", run.project.learning_rate);
    settings.outcome(points, earlier)
}
