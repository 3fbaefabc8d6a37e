//! A few options side by side, one of them chosen.

use egui::accesskit::Role;
use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, vec2};

use crate::ui::theme::{Theme, size, space};

/// Options as value, name and help. Returns whether another one was chosen.
pub fn segmented_ui<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, options: &[(T, &str, &str)]) -> bool {
    let theme = Theme::of(ui);
    let font = TextStyle::Body.resolve(ui.style());
    let width_of = |text: &str| {
        ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font.clone(), theme.text).size().x)
            + 2.0 * (space::S + 1.0)
    };
    let widths: Vec<f32> = options.iter().map(|(_, name, _)| width_of(name).round()).collect();
    let (rect, _) = ui.allocate_exact_size(vec2(widths.iter().sum(), size::CONTROL), Sense::hover());
    let radius = CornerRadius::same(size::CONTROL_RADIUS);
    let mut changed = false;
    let mut left = rect.left();
    for ((value, name, help), width) in options.iter().zip(widths) {
        let part = Rect::from_min_size(egui::pos2(left, rect.top()), vec2(width, rect.height()));
        left += width;
        let response = ui.interact(part, ui.scope_id().with(("segment", name)), Sense::click());
        let is_chosen = *value == *chosen;
        if is_chosen {
            ui.painter().rect_filled(part.shrink(1.0), radius, theme.chosen);
        }
        let ink = if is_chosen || response.hovered() { theme.text } else { theme.dim };
        ui.painter().text(part.center(), Align2::CENTER_CENTER, name, font.clone(), ink);
        if response.has_focus() {
            ui.painter().rect_stroke(
                part.shrink(1.0),
                radius,
                Stroke::new(size::FOCUS_RING, theme.accent),
                StrokeKind::Inside,
            );
        }
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, ui.is_enabled(), is_chosen, name));
        let response = if help.is_empty() { response } else { response.on_hover_text(*help) };
        if response.clicked() && !is_chosen {
            *chosen = *value;
            changed = true;
        }
    }
    ui.painter().rect_stroke(rect, radius, Stroke::new(size::HAIRLINE, theme.line), StrokeKind::Inside);
    changed
}
