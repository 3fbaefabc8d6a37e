//! On or off.

use egui::accesskit::Role;
use egui::{Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use super::focus_ring_ui;
use crate::ui::theme::{Theme, size};

/// A switch; marks its response as changed when it was turned.
pub fn switch_ui(ui: &mut Ui, is_on: &mut bool, name: &str) -> Response {
    let theme = Theme::of(ui);
    let [width, height] = size::SWITCH;
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::click());
    if response.clicked() {
        *is_on = !*is_on;
        response.mark_changed();
    }
    let track = Rect::from_center_size(rect.center(), vec2(width, height));
    let fill = if *is_on { theme.accent } else { theme.faint };
    let fade = |color: egui::Color32| if ui.is_enabled() { color } else { color.gamma_multiply(0.5) };
    ui.painter().rect_filled(track, height / 2.0, fade(fill));
    let x = if *is_on { track.right() - height / 2.0 } else { track.left() + height / 2.0 };
    // Place tells it as well as color.
    ui.painter().circle_filled(pos2(x, track.center().y), size::SWITCH_HANDLE, theme.panel);
    response.widget_info(|| WidgetInfo::selected(Role::Switch, ui.is_enabled(), *is_on, name));
    focus_ring_ui(ui, &response);
    response
}
