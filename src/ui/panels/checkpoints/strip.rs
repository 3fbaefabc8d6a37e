//! The life of a training as a strip of time: once as it was, once as it would have been without checkpoints.

use egui::{Align2, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, pos2, vec2};

use crate::studio::{Lifeline, Span, Stage};
use crate::ui::theme::{Theme, size, space};

const HEIGHT: f32 = 14.0;
/// Width of the words before a strip.
const NAME: f32 = 150.0;

pub(super) fn strips_ui(ui: &mut Ui, life: &Lifeline) {
    // A run that was read from its folder has no time of its own.
    if life.spans.is_empty() {
        return;
    }
    let without = life.without_checkpoints();
    let end = life.spans.iter().chain(&without).map(|it| it.to).fold(1.0, f64::max);
    strip_ui(ui, "With checkpoints", &life.spans, end);
    if life.cost().is_some() {
        strip_ui(ui, "Without (modelled)", &without, end);
    }
    legend_ui(ui, life);
}

fn strip_ui(ui: &mut Ui, name: &str, spans: &[Span], end: f64) {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT + space::XS), Sense::hover());
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().text(rect.left_center(), Align2::LEFT_CENTER, name, font, theme.dim);
    let bar = Rect::from_min_max(
        pos2(rect.left() + NAME.min(0.4 * rect.width()), rect.top() + 2.0),
        rect.max - vec2(0.0, 2.0),
    );
    let x = |seconds: f64| bar.left() + (seconds / end) as f32 * bar.width();
    for span in spans {
        let part = Rect::from_x_y_ranges(x(span.from)..=x(span.to), bar.y_range());
        let color = theme.stage(span.stage);
        match span.stage {
            // The one stage in which nothing is there is hollow, so that no color has to be told apart.
            Stage::Interrupted => {
                ui.painter().rect_stroke(part, 0, Stroke::new(size::HAIRLINE, color), StrokeKind::Inside);
            }
            Stage::Starting | Stage::Training | Stage::Paused | Stage::Resuming => {
                ui.painter().rect_filled(part, 0, color);
            }
        }
    }
    let told: Vec<_> = spans.iter().map(|it| format!("{} {:.1} s", it.stage.label(), it.to - it.from)).collect();
    let summary = format!("{name}: {}", told.join(", "));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &summary));
    response.on_hover_text(told.join("\n"));
}

/// Only stages that have been.
fn legend_ui(ui: &mut Ui, life: &Lifeline) {
    let theme = Theme::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        for stage in [Stage::Starting, Stage::Training, Stage::Paused, Stage::Interrupted, Stage::Resuming] {
            if life.spans.iter().any(|it| it.stage == stage) {
                let (dot, _) = ui.allocate_exact_size(vec2(2.0 * size::DOT, size::LINE), Sense::hover());
                let square = Rect::from_center_size(dot.center(), egui::Vec2::splat(2.0 * size::DOT));
                let color = theme.stage(stage);
                if stage == Stage::Interrupted {
                    ui.painter().rect_stroke(square, 0, Stroke::new(size::HAIRLINE, color), StrokeKind::Inside);
                } else {
                    ui.painter().rect_filled(square, 0, color);
                }
                ui.label(theme.small(stage.label()));
                ui.add_space(space::S);
            }
        }
    });
}
