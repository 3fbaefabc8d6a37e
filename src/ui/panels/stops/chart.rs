//! The validation curve with a flag for each rule, and what came after the end.

use egui::{Align2, Pos2, Stroke, TextStyle, Ui, pos2, vec2};
use egui_plot::LineStyle;

use super::Row;
use crate::diagnose::stops::Point;
use crate::run::Run;
use crate::ui::plot::Marks;
use crate::ui::plot::chart::{Chart, Ground};
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::theme::{Theme, size, space};

/// Radius of a flag's disc, and the least distance of two in one row.
const FLAG: f32 = 8.0;
const APART: f32 = 2.0 * FLAG + 2.0;

/// Points a line needs at most: more than pixels.
const MOST_POINTS: usize = 2000;

pub(super) fn chart_ui(ui: &mut Ui, run: &Run, points: &[Point], rows: &[Row]) {
    let theme = Theme::of(ui);
    let finite = || points.iter().map(|it| it.validation).filter(|it| it.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    if low > high {
        ui.label(theme.dim("No finite validation loss"));
        return;
    }
    let stopped = rows.iter().filter(|it| it.outcome.stop.is_some()).count();
    let last = points.last().map_or(1, |it| it.epoch) as f64;
    // Flags have the top to themselves.
    let room = (high - low).max(1e-9);
    let ground = Ground {
        id: ui.scope_id().with("stops"),
        summary: format!("Validation loss with {stopped} stop flags over {} epochs", points.len()),
        height: ui.available_height(),
        // Room for half a flag at both ends.
        x: (1.0 - 0.05 * last.max(2.0), 1.05 * last.max(2.0)),
        y: (low - 0.06 * room, high + 0.45 * room),
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: "validation loss",
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    let n_told = run.history.epochs.len().min(points.len());
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let line = |part: &[Point]| -> Vec<Pos2> {
        part.iter().step_by(every).filter_map(|it| chart.at(it.epoch as f64, it.validation)).collect()
    };
    paint_line(&chart.painter, &line(&points[..n_told]), Pen { style: LineStyle::Solid, ..Pen::validation(theme) });
    if n_told < points.len() {
        let after = Pen { color: theme.dim, width: size::CURVE, style: LineStyle::Dashed { length: 5.0 } };
        paint_line(&chart.painter, &line(&points[n_told.saturating_sub(1)..]), after);
    }
    flags_ui(ui, &chart, rows);
    let corner = chart.frame().right_bottom() + vec2(-2.0, -2.0);
    chart.painter.text(corner, Align2::RIGHT_BOTTOM, "epoch", TextStyle::Small.resolve(ui.style()), theme.dim);
}

/// A numbered disc for each rule that stops, in as many rows as keep them apart.
fn flags_ui(ui: &Ui, chart: &Chart, rows: &[Row]) {
    let theme = Theme::of(ui);
    let mut flags: Vec<(usize, f32)> = rows
        .iter()
        .enumerate()
        .filter_map(|(idx, row)| row.outcome.stop.map(|epoch| (idx, chart.x(epoch as f64))))
        .collect();
    flags.sort_by(|a, b| a.1.total_cmp(&b.1));
    let xs: Vec<f32> = flags.iter().map(|it| it.1).collect();
    let font = TextStyle::Small.resolve(ui.style());
    for ((idx, x), level) in flags.iter().zip(levels(&xs, APART)) {
        let center = pos2(*x, chart.frame().top() + space::XS + FLAG + level as f32 * APART);
        let color = if *idx == 0 { theme.accent } else { theme.dim };
        chart.painter.vline(*x, center.y..=chart.frame().bottom(), Stroke::new(size::HAIRLINE, color));
        chart.painter.circle(center, FLAG, theme.card, Stroke::new(size::FOCUS_RING, color));
        chart.painter.text(center, Align2::CENTER_CENTER, (idx + 1).to_string(), font.clone(), theme.text);
    }
}

/// The row of each flag: the first in which it stands clear of those before. `xs` ascend.
fn levels(xs: &[f32], apart: f32) -> Vec<usize> {
    let mut ends: Vec<f32> = Vec::new();
    xs.iter()
        .map(|x| {
            let level = ends.iter().position(|end| x - end >= apart).unwrap_or(ends.len());
            if level == ends.len() {
                ends.push(*x);
            } else {
                ends[level] = *x;
            }
            level
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_at_one_epoch_stand_below_each_other() {
        assert_eq!(levels(&[10.0, 10.0, 12.0, 40.0, 41.0], 18.0), [0, 1, 2, 0, 1]);
        assert!(levels(&[], 18.0).is_empty());
    }
}
