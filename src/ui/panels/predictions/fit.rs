//! Predicted against actual values, with the diagonal on which they would be the same.

use egui::{Align2, Shape, Stroke, TextStyle, Ui, vec2};

use crate::run::Fit;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::plot::Marks;
use crate::ui::plot::chart::Ground;
use crate::ui::plot::palette::Glyph;
use crate::ui::theme::{Theme, size, space};
use crate::ui::{grouped, short_number};

/// How far predictions are off, and how much of the spread they explain.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Quality {
    rmse: f64,
    r2: f64,
}

pub(super) fn fit_ui(ui: &mut Ui, fit: &Fit, epoch: u64, height: f32) {
    let theme = Theme::of(ui);
    let pairs: Vec<(f64, f64)> = fit
        .pairs
        .iter()
        .map(|it| (f64::from(it.0), f64::from(it.1)))
        .filter(|it| it.0.is_finite() && it.1.is_finite())
        .collect();
    let Some(quality) = quality(&pairs) else {
        ui.label(theme.dim("No finite predictions"));
        return;
    };
    let words = format!(
        "RMSE {} · R² {} · {} validation rows after epoch {}",
        short_number(quality.rmse),
        short_number(quality.r2),
        grouped(fit.pairs.len() as u64),
        grouped(epoch)
    );
    ui.horizontal(|ui| {
        ui.label(theme.strong(format!("Predicted against actual {}", fit.target)));
        let label = ui.add(egui::Label::new(theme.dim(&words)).truncate());
        label.on_hover_meaning(ui, || meaning::fit(fit));
    });
    let values = || pairs.iter().flat_map(|it| [it.0, it.1]);
    let (low, high) = values().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
    let margin = (0.04 * (high - low)).max(1e-9);
    let span = (low - margin, high + margin);
    let ground = Ground {
        id: ui.scope_id().with("fit"),
        summary: format!("Predicted against actual {}: {words}", fit.target),
        height: height - size::LINE - space::S,
        x: span,
        y: span,
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: "predicted",
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    let diagonal = [
        chart.transform.position_from_point(&[span.0, span.0].into()),
        chart.transform.position_from_point(&[span.1, span.1].into()),
    ];
    chart.painter.extend(Shape::dashed_line(&diagonal, Stroke::new(1.2, theme.dim), 5.0, 4.0));
    let radius = if pairs.len() > 800 { 2.0 } else { 2.8 };
    let glyph =
        Glyph { edge: Stroke::NONE, ..Glyph::new(theme, 0, theme.validation.gamma_multiply(0.6), true, radius) };
    for (actual, predicted) in pairs {
        if let Some(pos) = chart.at(actual, predicted) {
            glyph.paint(&chart.painter, pos);
        }
    }
    let corner = chart.frame().right_bottom() + vec2(-2.0, -2.0);
    chart.painter.text(corner, Align2::RIGHT_BOTTOM, "actual", TextStyle::Small.resolve(ui.style()), theme.dim);
}

/// None without a pair.
fn quality(pairs: &[(f64, f64)]) -> Option<Quality> {
    if pairs.is_empty() {
        return None;
    }
    let n = pairs.len() as f64;
    let mean = pairs.iter().map(|it| it.0).sum::<f64>() / n;
    let left: f64 = pairs.iter().map(|it| (it.0 - it.1).powi(2)).sum();
    let spread: f64 = pairs.iter().map(|it| (it.0 - mean).powi(2)).sum();
    Some(Quality { rmse: (left / n).sqrt(), r2: 1.0 - left / spread.max(f64::MIN_POSITIVE) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perfect_predictions_explain_everything_and_the_mean_nothing() {
        assert_eq!(quality(&[(1.0, 1.0), (3.0, 3.0)]), Some(Quality { rmse: 0.0, r2: 1.0 }));
        assert_eq!(quality(&[(1.0, 2.0), (3.0, 2.0)]), Some(Quality { rmse: 1.0, r2: 0.0 }));
        assert_eq!(quality(&[]), None);
    }
}
