//! How far something has come.

use egui::accesskit::Role;
use egui::{Rect, Response, Sense, Ui, WidgetInfo, vec2};

use crate::ui::theme::{Theme, size};

/// A thin bar, filled by `share` in `0.0..=1.0`.
pub fn progress_ui(ui: &mut Ui, width: f32, share: f64, name: &str) -> Response {
    let theme = Theme::of(ui);
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    let (rect, response) = ui.allocate_exact_size(vec2(width, size::LINE), Sense::hover());
    let bar = Rect::from_center_size(rect.center(), vec2(width, size::PROGRESS));
    let radius = size::PROGRESS / 2.0;
    ui.painter().rect_filled(bar, radius, theme.line);
    let filled = Rect::from_min_size(bar.min, vec2(width * share as f32, size::PROGRESS));
    if filled.width() >= 1.0 {
        ui.painter().rect_filled(filled, radius, theme.accent);
    }
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(Role::ProgressIndicator, true, name);
        info.value = Some((share * 100.0).round());
        info
    });
    response
}
