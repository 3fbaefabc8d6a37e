//! What is on one chart: curves in layers, what they are drawn over, and how much of y they need.

use egui_plot::LineStyle;
use serde::{Deserialize, Serialize};

use super::chart::{Chart, Span};
use super::line::{Along, Path, Pen, paint_path, path};
use super::marks::{Kind, Mark};
use super::pills::{ROW, Skyline};
use super::trace::{Curve, Traces};
use crate::run::{Run, Series};
use crate::spec::MeasureTrain;

/// What x counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    #[default]
    Epochs,
    Steps,
}

/// One curve on a chart.
pub(crate) struct Layer<'a> {
    pub(crate) curve: Curve<'a>,
    pub(crate) along: Along,
    pub(crate) pen: Pen,
    pub(crate) role: Role,
    /// The x of the curve that it begins at, where another layer draws what comes before.
    pub(crate) from: Option<f64>,
}

/// What a layer is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The curve itself: labels keep out of its way.
    Line,
    /// Raw values behind a line.
    Raw,
    /// Single batches or an earlier run: y is stretched a little for them, no more.
    Guest,
}

/// How far y is stretched for guests, as a share of what the curves need.
const STRETCH: f64 = 0.35;

/// x of the epochs of a run; `is_during` for values that were measured while the epoch went on, whose
/// middle is half an epoch earlier.
pub(crate) fn along_epochs(run: &Run, unit: Unit, is_during: bool) -> Along {
    let scale = match unit {
        Unit::Epochs => 1.0,
        Unit::Steps => run.started.steps_per_epoch.max(1) as f64,
    };
    Along { scale, shift: if is_during { -0.5 * scale } else { 0.0 } }
}

/// x of the steps of a run.
pub(crate) fn along_steps(run: &Run, unit: Unit) -> Along {
    let pace = run.pace();
    let scale = match unit {
        Unit::Epochs => 1.0 / pace.steps_per_epoch.max(1) as f64,
        Unit::Steps => return Along { scale: 1.0, shift: 0.0 },
    };
    Along { scale, shift: pace.epoch as f64 - pace.step as f64 * scale }
}

/// The step from which curves by step are drawn: before it an epoch had another number of steps.
pub(crate) fn first_step(run: &Run) -> Option<f64> {
    Some(run.pace().step as f64).filter(|it| *it > 0.0)
}

/// Whether train values are means over the epoch, and not measured at its end.
pub(crate) fn measures_during(run: &Run) -> bool {
    run.project.training.measure_train == MeasureTrain::During
}

/// A curve by name: those of [`crate::run::History::curve`], and by step `step_loss`, `step_learning_rate` and `step_gradient_norm`.
pub(crate) fn series_of<'a>(run: &'a Run, name: &str) -> Option<&'a Series> {
    let series = match name {
        "step_loss" => &run.history.step_loss,
        "step_learning_rate" => &run.history.learning_rate,
        "step_gradient_norm" => &run.history.gradient_norm,
        by_epoch => run.history.curve(by_epoch)?,
    };
    (!series.is_empty()).then_some(series)
}

/// A curve as a layer: the smoothed line where it is smoothed, else the values themselves.
pub(crate) fn line<'a>(
    run: &'a Run,
    traces: &'a Traces,
    name: &str,
    along: Along,
    pen: Pen,
    role: Role,
) -> Option<Layer<'a>> {
    let (series, trace) = (series_of(run, name)?, traces.get(name)?);
    let from = first_step(run).filter(|_| name.starts_with("step_"));
    Some(Layer { curve: trace.smoothed().unwrap_or(trace.raw(series)), along, pen, role, from })
}

/// The raw values of a curve as a faint layer; none where the line itself shows them.
pub(crate) fn raw<'a>(run: &'a Run, traces: &'a Traces, name: &str, along: Along, pen: Pen) -> Option<Layer<'a>> {
    let (series, trace) = (series_of(run, name)?, traces.get(name)?);
    let from = first_step(run).filter(|_| name.starts_with("step_"));
    trace.smoothed().map(|_| Layer { curve: trace.raw(series), along, pen: pen.faint(), role: Role::Raw, from })
}

impl Layer<'_> {
    /// Lowest and highest y in sight, by logarithm where the axis is.
    fn extent(&self, x: Span, is_log: bool) -> Option<Span> {
        let from = self.along.to_curve(x.0).max(self.from.unwrap_or(f64::NEG_INFINITY));
        let (low, high) = self.curve.extent(from, self.along.to_curve(x.1), is_log.then_some(0.0))?;
        Some(if is_log { (low.log10(), high.log10()) } else { (low, high) })
    }
}

/// Room on a chart's edges that curves leave to marks, in points.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Margins {
    pub(crate) top: f32,
    pub(crate) bottom: f32,
}

/// Height of a bar along the top, with the gap below it.
pub(crate) const LANE: f32 = 7.0;

impl Margins {
    pub(crate) fn of(marks: &[Mark]) -> Self {
        let has = |kinds: &[Kind]| marks.iter().any(|it| kinds.contains(&it.kind) && !it.label.is_empty());
        let lanes = marks.iter().filter(|it| it.kind == Kind::Span).count() as f32 * LANE;
        Self {
            top: lanes
                + if has(&[Kind::Span, Kind::Best, Kind::Stop, Kind::Copy, Kind::Fork, Kind::NotFinite]) {
                    ROW + 6.0
                } else {
                    6.0
                },
            bottom: if has(&[Kind::Patience]) { ROW } else { 6.0 },
        }
    }
}

/// The y that shows all lines between two x, with room for marks. `also` join in as guests do.
pub(crate) fn fit_y(
    layers: &[Layer<'_>],
    x: Span,
    is_log: bool,
    also: impl IntoIterator<Item = f64>,
    height: f32,
    margins: Margins,
) -> Span {
    let extents = |guests: bool| {
        layers.iter().filter(move |it| (it.role == Role::Guest) == guests).filter_map(move |it| it.extent(x, is_log))
    };
    let also = also.into_iter().map(|it| if is_log { it.log10() } else { it }).filter(|it| it.is_finite());
    let guests = extents(true).chain(also.map(|it| (it, it))).reduce(union);
    let (mut low, mut high) = match (extents(false).reduce(union), guests) {
        (Some(own), None) => own,
        (Some(own), Some(guests)) => {
            let most = STRETCH * (own.1 - own.0);
            (guests.0.clamp(own.0 - most, own.0), guests.1.clamp(own.1, own.1 + most))
        }
        (None, Some(guests)) => guests,
        (None, None) if is_log => (-1.0, 0.0),
        (None, None) => (0.0, 1.0),
    };
    if high - low <= 1e-9 * high.abs().max(low.abs()) {
        let around = (0.1 * high.abs()).max(1e-6);
        (low, high) = (low - around, high + around);
    }
    let usable = f64::from((height - margins.top - margins.bottom).max(height / 4.0));
    let a_point = (high - low) / usable;
    (low - a_point * f64::from(margins.bottom), high + a_point * f64::from(margins.top))
}

/// Whether what is in sight is positive and spans so much that only a log scale shows it.
pub(crate) fn spans_decades(layers: &[Layer<'_>], x: Span) -> bool {
    let extent = layers.iter().filter_map(|it| it.extent(x, false)).reduce(union);
    extent.is_some_and(|(low, high)| low > 0.0 && high > 30.0 * low)
}

/// Paints the layers, first ones below. Returns where the lines run and what could not be shown.
pub(crate) fn paint(chart: &Chart, layers: &[Layer<'_>]) -> (Skyline, bool) {
    let mut skyline = Skyline::new(chart.frame());
    let mut has_unshown = false;
    for layer in layers {
        let path: Path = path(chart, layer.curve, layer.along);
        match layer.from {
            Some(from) => paint_path(&painter_from(chart, layer.along.to_chart(from)), &path, layer.pen),
            None => paint_path(&chart.painter, &path, layer.pen),
        }
        has_unshown |= path.has_unshown;
        if layer.role == Role::Line {
            path.pieces.iter().for_each(|it| skyline.add(it));
            path.not_finite.iter().for_each(|x| paint_cross(chart, *x, layer.pen));
        }
    }
    (skyline, has_unshown)
}

/// Paints nothing before an x.
fn painter_from(chart: &Chart, x: f64) -> egui::Painter {
    let frame = chart.frame();
    chart.painter.with_clip_rect(frame.with_min_x(chart.x(x)).intersect(chart.painter.clip_rect()))
}

/// A value that is not finite: a small cross on the top edge, in the curve's color.
fn paint_cross(chart: &Chart, x: f32, pen: Pen) {
    let center = egui::pos2(x, chart.frame().top() + 4.0);
    let pen = Pen { style: LineStyle::Solid, ..pen };
    super::line::paint_line(&chart.painter, &[center + egui::vec2(-3.0, -3.0), center + egui::vec2(3.0, 3.0)], pen);
    super::line::paint_line(&chart.painter, &[center + egui::vec2(-3.0, 3.0), center + egui::vec2(3.0, -3.0)], pen);
}

fn union(a: Span, b: Span) -> Span {
    (a.0.min(b.0), a.1.max(b.1))
}
