//! Cards with an edge that tells how much they matter, and pills.

use egui::{Color32, CornerRadius, Frame, InnerResponse, Margin, Response, Stroke, Ui};

use crate::ui::theme::{Theme, size, space};

/// A raised part with an edge of three points at its left, in the color of what it tells.
pub fn card_ui<R>(ui: &mut Ui, edge: Option<Color32>, contents: impl FnOnce(&mut Ui) -> R) -> InnerResponse<R> {
    let theme = Theme::of(ui);
    let left = if edge.is_some() { space::M + size::CARD_EDGE } else { space::M };
    let frame = Frame {
        fill: theme.card,
        stroke: Stroke::new(size::HAIRLINE, theme.line),
        corner_radius: CornerRadius::same(size::CARD_RADIUS),
        inner_margin: Margin { left: left as i8, right: space::M as i8, top: space::M as i8, bottom: space::M as i8 },
        ..Frame::default()
    };
    let response = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        contents(ui)
    });
    if let Some(color) = edge {
        // The whole card once more in the edge's color, cut down to the edge: so the corners fit.
        let rect = response.response.rect;
        let strip = egui::Rect::from_min_size(rect.min, egui::vec2(size::CARD_EDGE, rect.height()));
        ui.painter().with_clip_rect(strip.intersect(ui.clip_rect())).rect_filled(
            rect,
            CornerRadius::same(size::CARD_RADIUS),
            color,
        );
    }
    response
}

/// Contents that scroll up and down, with room for the bar beside them and not over them.
pub fn scroll_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        ui.set_max_width(ui.available_width() - size::GUTTER);
        contents(ui);
    });
}

/// A rounded label with a dot, such as the device in the top bar.
pub fn pill_ui(ui: &mut Ui, dot: Option<Color32>, text: &str) -> Response {
    let theme = Theme::of(ui);
    let frame = Frame {
        stroke: Stroke::new(size::HAIRLINE, theme.line),
        corner_radius: CornerRadius::same((size::CONTROL / 2.0) as u8),
        inner_margin: Margin::symmetric(10, 3),
        ..Frame::default()
    };
    let shown = frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        ui.spacing_mut().interact_size.y = size::LINE;
        ui.horizontal(|ui| {
            if let Some(color) = dot {
                let (rect, _) = ui.allocate_exact_size(egui::Vec2::splat(2.0 * size::DOT), egui::Sense::hover());
                ui.painter().circle_filled(rect.center(), size::DOT, color);
            }
            ui.label(theme.dim(text));
        });
    });
    shown.response
}
