//! Loss against learning rate, with the rates worth trying as a band.

use egui::{Align2, Rangef, Rect, Shape, Stroke, TextStyle, Ui, vec2};

use crate::run::RangeTest;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::plot::Marks;
use crate::ui::plot::chart::{Ground, Span};
use crate::ui::theme::{Theme, size};

pub(super) fn chart_ui(ui: &mut Ui, test: &RangeTest, height: f32) {
    let theme = Theme::of(ui);
    let (Some(first), Some(last)) = (test.points.first(), test.points.last()) else { return };
    let Some(y) = span(test) else { return };
    let ground = Ground {
        id: ui.scope_id().with("range"),
        summary: format!("Loss against learning rate. {}", test.text),
        height,
        x: (first.learning_rate.log10(), last.learning_rate.log10().max(first.learning_rate.log10() + 1.0)),
        y,
        x_marks: Marks::Log,
        y_marks: Marks::Number,
        y_title: "loss",
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    if let Some([low, high]) = test.band {
        let sides = Rangef::new(chart.x(low.log10()), chart.x(high.log10()));
        let rect = Rect::from_x_y_ranges(sides, chart.frame().y_range());
        chart.painter.rect_filled(rect, 0, Theme::tint(theme.good));
        for side in [sides.min, sides.max] {
            chart.painter.vline(side, rect.y_range(), Stroke::new(size::HAIRLINE, theme.good));
        }
        let font = TextStyle::Small.resolve(ui.style());
        chart.painter.text(rect.left_top() + vec2(4.0, 2.0), Align2::LEFT_TOP, "worth trying", font, theme.good);
    }
    let line = |value: fn(&crate::run::RangePoint) -> f64| -> Vec<_> {
        test.points.iter().filter_map(|it| chart.at(it.learning_rate.log10(), value(it))).collect()
    };
    chart.painter.add(Shape::line(line(|it| it.loss), Stroke::new(size::HAIRLINE, Theme::faded(theme.train))));
    chart.painter.add(Shape::line(line(|it| it.smoothed), Stroke::new(size::CURVE, theme.train)));
    chart.response.clone().on_hover_meaning(ui, || meaning::range_test(test));
    // The left end is where the curves are high.
    let corner = chart.frame().left_bottom() + vec2(4.0, -2.0);
    let font = TextStyle::Small.resolve(ui.style());
    chart.painter.text(corner, Align2::LEFT_BOTTOM, "learning rate", font, theme.dim);
}

/// From a little below the lowest smoothed loss to twice the first: what explodes is cut.
fn span(test: &RangeTest) -> Option<Span> {
    let smoothed = || test.points.iter().map(|it| it.smoothed).filter(|it| it.is_finite());
    let first = smoothed().next()?;
    let low = smoothed().fold(first, f64::min);
    let high = smoothed().fold(first, f64::max).min(low + 2.5 * (first - low).max(0.2 * first.abs()));
    let margin = 0.08 * (high - low).max(1e-9);
    Some((low - margin, high + margin))
}
