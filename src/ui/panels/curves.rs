//! The curves of a run: loss and metric, learning rate and gradient norm, with earlier runs behind them.

mod controls;
mod forking;
mod layers;
mod legend;
mod pointer;
mod strips;
mod words;

use std::collections::VecDeque;

use egui::Ui;
use serde::{Deserialize, Serialize};
use strips::{STRIP, STRIPS};

use super::{Cx, Home, Panel, PanelDef};
use crate::report::epochs_csv;
use crate::run::{FindingRow, Run};
use crate::studio::{Action, RunAction, Runs, Studio};
use crate::ui::Spotlight;
use crate::ui::plot::band::Smoothing;
use crate::ui::plot::chart::{Ground, Span};
use crate::ui::plot::life::life_ui;
use crate::ui::plot::marks::{Kind, Mark, marks, planned_fork};
use crate::ui::plot::scene::{self, Margins, Unit, along_epochs, measures_during};
use crate::ui::plot::trace::Traces;
use crate::ui::plot::watch::Watch;
use crate::ui::plot::{Marks, marking};
use crate::ui::theme::{Ghost, Theme, size, space};
use crate::ui::widgets::empty_ui;

pub(super) const CURVES: PanelDef =
    PanelDef { id: "curves", title: "Curves", home: Home::Center, make: || Box::new(Curves::default()) };

/// Heights below which the charts become unreadable.
const LEAST_LOSS: f32 = 120.0;
const LEAST_METRIC: f32 = 72.0;
/// Share of the height that the loss takes of both charts.
const LOSS_SHARE: f32 = 0.68;
/// A panel lower than this shows the loss alone.
const LOW: f32 = 260.0;
/// A panel this high shows the strips unless it is told otherwise.
const ROOM_FOR_STRIPS: f32 = 620.0;

/// A smoothed line must still move.
const MOST_SMOOTHING: f64 = 0.999;

/// How the curves are looked at. What happened is in the run.
struct Curves {
    unit: Unit,
    is_log: bool,
    /// How much of the past a smoothed line keeps, over a hundredth of the run.
    smoothing: f64,
    /// The metric below the loss; none: the one the task leads with.
    metric: Option<String>,
    /// Whether the strips are unfolded; none: where there is room.
    has_strips: Option<bool>,
    /// The x in sight; none: all, and what comes.
    x: Option<Span>,
    /// The y in sight of loss and metric; none: what the curves need.
    y: [Option<Span>; 2],
    /// The epoch under the pointer.
    hovered: Option<u64>,
    /// The epoch that the arrow keys chose on the chart with the keyboard.
    cursor: Option<u64>,
    /// The epoch that the menu of a chart was opened at.
    pointed: Option<u64>,
    /// The epoch at which a fork was asked for in this frame.
    forked: Option<u64>,
    /// What the x in sight belongs to.
    run: String,
    watch: Watch,
    traces: Traces,
    ghost_traces: Vec<Traces>,
}

/// What stays from one start to the next.
#[derive(Serialize, Deserialize)]
struct Remembered {
    unit: Unit,
    is_log: bool,
    smoothing: f64,
    metric: Option<String>,
    has_strips: Option<bool>,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            unit: Unit::Epochs,
            is_log: false,
            smoothing: 0.6,
            metric: None,
            has_strips: None,
            x: None,
            y: [None; 2],
            hovered: None,
            cursor: None,
            pointed: None,
            forked: None,
            run: String::new(),
            watch: Watch::default(),
            traces: Traces::new(),
            ghost_traces: Vec::new(),
        }
    }
}

/// A run with its earlier runs, as one frame draws them.
struct Scene<'a> {
    run: &'a Run,
    ghosts: Vec<(&'a Run, Ghost, String)>,
    marks: Vec<Mark>,
    /// The finding whose card is pointed at.
    lit: Option<&'a FindingRow>,
    x: Span,
    /// Of curves by epoch.
    smoothing: Smoothing,
    /// While the quiz waits for a guess, nothing that was chosen is told.
    is_guessing: bool,
    runs: &'a Runs,
}

impl Panel for Curves {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        match &cx.studio.runs.shown {
            Some(run) => self.charts_ui(ui, cx, run),
            None => empty_ui(ui, "No run yet", "Press Train (space) to watch the loss fall"),
        }
        if let Some(epoch) = self.forked.take() {
            cx.ask(Action::Run(RunAction::PlanFork { epoch }));
        }
    }

    fn remembers(&self) -> serde_json::Value {
        let Self { unit, is_log, smoothing, metric, has_strips, .. } = self;
        let look = Remembered {
            unit: *unit,
            is_log: *is_log,
            smoothing: *smoothing,
            metric: metric.clone(),
            has_strips: *has_strips,
        };
        serde_json::to_value(look).unwrap_or_default()
    }

    fn recall(&mut self, remembered: &serde_json::Value) {
        let Ok(it) = Remembered::deserialize(remembered) else { return };
        (self.unit, self.is_log, self.smoothing) = (it.unit, it.is_log, it.smoothing.clamp(0.0, MOST_SMOOTHING));
        (self.metric, self.has_strips) = (it.metric, it.has_strips);
    }

    fn has_values(&self, studio: &Studio) -> bool {
        studio.runs.shown.is_some()
    }

    /// Every epoch of the run that is shown and of those behind it.
    fn values(&self, studio: &Studio) -> Option<String> {
        let runs = studio.runs.shown.iter().chain(&studio.runs.ghosts);
        let named: Vec<_> = runs.map(|it| (it.started.run.clone(), it)).collect();
        (!named.is_empty()).then(|| epochs_csv(&named))
    }
}

impl Curves {
    fn charts_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        let studio = cx.studio;
        self.watch.follow(run);
        let ghosts = studio
            .runs
            .ghosts
            .iter()
            .zip(Theme::of(ui).ghosts)
            .map(|(it, look)| (it, look, words::change(it)))
            .collect();
        let lit = run.findings.iter().find(|it| Some(it.rule.as_str()) == cx.spotlight.lit());
        let is_guessing = cx.is_guessing();
        let mut marks = marks(run, &self.watch);
        marks.extend(studio.runs.planned.as_ref().map(planned_fork));
        marks.retain(|it| !is_guessing || it.kind == Kind::Best);
        let runs = &studio.runs;
        let smoothing = Smoothing::default();
        let mut scene = Scene { run, ghosts, marks, lit, x: (0.0, 1.0), smoothing, is_guessing, runs };
        let all = self.fit_x(&scene);
        let epochs = (all.1 - all.0) / along_epochs(run, self.unit, false).scale;
        self.follow(run, &studio.runs.ghosts, epochs);
        scene.smoothing = Smoothing { weight: self.smoothing, stretch: epochs / 100.0 };
        scene.x = self.x.unwrap_or(all);
        let before = self.hovered.take();
        ui.spacing_mut().item_spacing.y = space::S;
        self.loss_header_ui(ui, cx, &scene);
        let has_strips = self.has_strips.unwrap_or(ui.available_height() > ROOM_FOR_STRIPS) && !is_guessing;
        if ui.available_height() < LOW {
            let height = ui.available_height() - space::S;
            return self.loss_ui(ui, cx.spotlight, &scene, height.max(LEAST_METRIC), before);
        }
        let measured = STRIPS.iter().filter(|(names, _)| words::has_strip(run, *names));
        let strips: Vec<_> = measured.filter(|_| has_strips).collect();
        let header = size::CONTROL + 2.0 * space::S;
        // The learning rate would give away what the quiz asks, so that not even the header of the strips is there.
        let below = if is_guessing { 0.0 } else { header + strips.len() as f32 * (STRIP + space::S) };
        if words::has_metric(run, self.metric.as_deref()) {
            let rest = ui.available_height() - below - header - space::S;
            let heights = [(rest * LOSS_SHARE).max(LEAST_LOSS), (rest * (1.0 - LOSS_SHARE)).max(LEAST_METRIC)];
            self.loss_ui(ui, cx.spotlight, &scene, heights[0], before);
            self.metric_header_ui(ui, &scene);
            self.metric_ui(ui, &scene, heights[1], before);
        } else {
            let height = (ui.available_height() - below).max(LEAST_LOSS);
            self.loss_ui(ui, cx.spotlight, &scene, height, before);
        }
        if !is_guessing {
            self.strips_header_ui(ui, &scene, has_strips);
        }
        for (names, title) in strips {
            self.strip_ui(ui, &scene, *names, title, before);
        }
        if self.hovered != before {
            // Charts above the one under the pointer draw its line in the next frame.
            ui.ctx().request_repaint();
        }
    }

    /// Takes in what the runs have told since the last frame. Lines are smoothed over a hundredth of the epochs in
    /// sight, zoomed or not, so that ten epochs are hardly smoothed and a thousand are.
    fn follow(&mut self, run: &Run, ghosts: &VecDeque<Run>, epochs: f64) {
        if self.run != run.started.run {
            self.run.clone_from(&run.started.run);
            (self.x, self.y) = (None, [None; 2]);
            self.traces.clear();
        }
        if !controls::counts_steps(run) {
            self.unit = Unit::Epochs;
        }
        let metric = words::metric(run, self.metric.as_deref()).to_owned();
        let names = [
            "step_loss",
            "train_loss",
            "validation_loss",
            "after_train_loss",
            "after_validation_loss",
            "step_learning_rate",
            "learning_rate",
            "step_gradient_norm",
            "gradient_norm",
            &format!("train_{metric}"),
            &format!("validation_{metric}"),
        ];
        self.ghost_traces.resize_with(ghosts.len(), Traces::new);
        let runs = std::iter::once((run, &mut self.traces)).chain(ghosts.iter().zip(&mut self.ghost_traces));
        for (run, traces) in runs {
            for name in names {
                let Some(series) = scene::series_of(run, name) else { continue };
                let per_epoch = if name.starts_with("step_") { run.pace().steps_per_epoch.max(1) as f64 } else { 1.0 };
                let stretch = per_epoch * epochs / 100.0;
                let weight = if name.ends_with("learning_rate") { 0.0 } else { self.smoothing };
                traces.entry(name.to_owned()).or_default().follow(series, weight, stretch);
            }
        }
    }

    /// All that happened, with room for what comes while training.
    fn fit_x(&self, scene: &Scene<'_>) -> Span {
        let run = scene.run;
        let epochs = scene.run.epoch_of_step(run.step as f64).max(run.epoch() as f64);
        let asked = run.epochs_asked().max(if run.started.epochs == 0 { run.project.training.epochs } else { 0 });
        let mut last = if run.is_live() { words::epochs_ahead(epochs, asked as f64) } else { epochs };
        let ghosts = scene.ghosts.iter().flat_map(|(it, ..)| [it.epoch(), it.seeds.epochs()]);
        let others = ghosts.chain([run.seeds.epochs()]).map(|it| it as f64);
        last = others.filter(|it| *it <= 2.0 * last).fold(last.max(run.last_epoch() as f64), f64::max);
        let first = if run.history.step_loss.is_empty() && !measures_during(run) { 1.0 } else { 0.0 };
        // What ended leaves a little room, so that a mark on its last epoch stands clear of the frame.
        let last = last.max(first + 1.0) + if run.is_live() { 0.0 } else { 0.015 * (last - first) };
        let along = along_epochs(run, self.unit, false);
        (along.to_chart(first), along.to_chart(last))
    }

    fn loss_ui(
        &mut self,
        ui: &mut Ui,
        spotlight: &mut Spotlight,
        scene: &Scene<'_>,
        height: f32,
        hovered: Option<u64>,
    ) {
        let run = scene.run;
        let layers = self.loss_layers(Theme::of(ui), scene);
        let bands = self.bands(Theme::of(ui), scene, "loss");
        let baseline = run.started.baseline.get("loss").copied();
        let y = self.y[0].unwrap_or_else(|| {
            let also = baseline.into_iter().chain(bands.iter().flat_map(|it| it.extent(scene.x)));
            scene::fit_y(&layers, scene.x, self.is_log, also, height - 40.0, Margins::of(&scene.marks))
        });
        let ground = Ground {
            id: ui.scope_id().with("loss chart"),
            summary: words::loss_summary(run, &self.watch) + &words::seeds_summary(run, &scene.ghosts, "loss"),
            height,
            x: scene.x,
            y,
            x_marks: Marks::Count,
            y_marks: if self.is_log { Marks::Log } else { Marks::Number },
            y_title: &words::loss_unit(run),
            has_x_axis: true,
        };
        let chart = ground.ui(ui);
        let along = along_epochs(run, self.unit, false);
        marking::paint_behind(ui, &chart, &scene.marks, along);
        for band in &bands {
            band.paint(&chart);
        }
        let (skyline, has_unshown) = scene::paint(&chart, &layers);
        self.lit_ui(ui, scene, &chart);
        if scene.runs.log.is_none() {
            life_ui(ui, &chart, run, &scene.runs.lifeline, along);
        }
        let best = self
            .watch
            .best_epoch(run)
            .and_then(|epoch| Some((epoch, run.history.curve("validation_loss")?.at(epoch as f64)?.y)));
        let dot = best.and_then(|(epoch, loss)| chart.at(along.to_chart(epoch as f64), loss));
        marking::paint_front(ui, &chart, &scene.marks, along, dot);
        let here = self.crosshair_ui(ui, scene, &chart, "loss", hovered);
        let pills = marking::pills_ui(ui, spotlight, &chart, &scene.marks, along, &skyline);
        if let Some(value) = baseline {
            marking::baseline_ui(ui, &chart, value, &words::baseline_name(run), &pills, &skyline);
        }
        if run.history.epochs.is_empty() && run.history.step_loss.is_empty() && scene.marks.is_empty() {
            marking::note(ui, &chart, words::waiting(run));
        } else if has_unshown {
            marking::note_below(ui, &chart, "Values of 0 and below have no place on a log scale");
        }
        self.pointer_ui(ui, scene, &chart, 0, here);
    }

    fn metric_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, height: f32, hovered: Option<u64>) {
        let run = scene.run;
        let metric = words::metric(run, self.metric.as_deref()).to_owned();
        let layers = self.pair_layers(Theme::of(ui), scene, &metric);
        let bands = self.bands(Theme::of(ui), scene, &metric);
        let baseline = run.started.baseline.get(&metric).copied();
        let y = self.y[1].unwrap_or_else(|| {
            let also = baseline.into_iter().chain(bands.iter().flat_map(|it| it.extent(scene.x)));
            scene::fit_y(&layers, scene.x, false, also, height - 40.0, Margins { top: 8.0, bottom: 8.0 })
        });
        let ground = Ground {
            id: ui.scope_id().with("metric chart"),
            summary: words::metric_summary(run, &metric) + &words::seeds_summary(run, &scene.ghosts, &metric),
            height,
            x: scene.x,
            y,
            x_marks: Marks::Count,
            y_marks: if words::is_share(&metric) { Marks::Percent } else { Marks::Number },
            y_title: &words::metric_unit(run, &metric),
            has_x_axis: true,
        };
        let chart = ground.ui(ui);
        for band in &bands {
            band.paint(&chart);
        }
        let (skyline, _) = scene::paint(&chart, &layers);
        self.lit_ui(ui, scene, &chart);
        if let Some(value) = baseline {
            marking::baseline_ui(ui, &chart, value, "", &[], &skyline);
        }
        let here = self.crosshair_ui(ui, scene, &chart, &metric, hovered);
        self.pointer_ui(ui, scene, &chart, 1, here);
    }
}
