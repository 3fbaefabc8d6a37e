//! Predictions along the one input of a network, with the points they should meet.

use egui::Ui;

use crate::run::{Run, Surface};
use crate::ui::plot::Marks;
use crate::ui::plot::chart::Ground;
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::plot::palette::Glyph;
use crate::ui::theme::Theme;

/// The curve over its points. For classes, y is the index of the class and the certainty beyond it.
pub(super) fn line_ui(ui: &mut Ui, run: &Run, surface: &Surface, height: f32) {
    let theme = Theme::of(ui);
    let values = surface.values.iter().copied().chain(surface.points.iter().map(|it| it.2)).filter(|it| it.is_finite());
    let (low, high) = values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    let (low, high) = if high > low { (f64::from(low), f64::from(high)) } else { (0.0, 1.0) };
    let margin = 0.06 * (high - low);
    let ground = Ground {
        id: ui.scope_id().with("predicted line"),
        summary: format!(
            "Predicted {} along {}, {} points",
            run.started.target,
            surface.names[0],
            surface.points.len()
        ),
        height,
        x: (surface.x[0], surface.x[1].max(surface.x[0] + f64::MIN_POSITIVE)),
        y: (low - margin, high + margin),
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: &run.started.target,
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    for (x, _, value, is_train) in surface.points.iter().copied() {
        if let Some(pos) = chart.at(f64::from(x), f64::from(value)) {
            let color = if is_train { theme.train } else { theme.validation };
            Glyph::new(theme, usize::from(!is_train), color.gamma_multiply(0.7), is_train, 2.5)
                .paint(&chart.painter, pos);
        }
    }
    let width = (surface.x[1] - surface.x[0]) / surface.columns.max(1) as f64;
    let at = |(idx, value): (usize, &f32)| chart.at(surface.x[0] + (idx as f64 + 0.5) * width, f64::from(*value));
    let line: Vec<_> = surface.values.iter().enumerate().filter_map(at).collect();
    paint_line(&chart.painter, &line, Pen { color: theme.text, ..Pen::train(theme) });
}
