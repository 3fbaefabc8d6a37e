//! What the next run will take of the memory, part by part, and whether that is too much. All of it modelled.

use egui::accesskit::Role;
use egui::{Color32, Label, Rect, Sense, Ui, WidgetInfo, vec2};

use crate::session::{Forecast, MemoryPart};
use crate::ui::Cx;
use crate::ui::memory::{Room, forecast_of, megabytes, remedies_ui};
use crate::ui::theme::{Theme, size, space};

/// Height of the gauge.
const GAUGE: f32 = 10.0;

/// The gauge, and the remedies where the forecast is above the budget or the free memory.
pub(super) fn memory_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_enabled: bool) {
    let Some(forecast) = forecast_of(cx) else { return };
    let theme = Theme::of(ui);
    let room = Room::of(cx.draft);
    let (budget, limit) = (room.budget, room.limit());
    let is_over = limit.is_some_and(|it| forecast.total() > it);
    ui.add_space(space::XS);
    let total = megabytes(forecast.total());
    let text = match (budget, is_over) {
        (Some(budget), true) => format!("Needs about {total}: above the budget of {}", megabytes(budget)),
        (Some(budget), false) => format!("Needs about {total} of a budget of {}", megabytes(budget)),
        (None, true) => format!("Needs about {total}: more memory than is free"),
        (None, false) => format!("Needs about {total}, modelled"),
    };
    let ink = if is_over { theme.warning } else { theme.dim };
    let about = match (room.on_card, room.free) {
        (true, _) => {
            "How much memory a graphics adapter has is not known. Kept copies are in the machine's memory".to_owned()
        }
        (false, Some(free)) => format!("{} of the machine's memory are free", megabytes(free)),
        (false, None) => "This system does not tell how much memory is free".to_owned(),
    };
    ui.add(Label::new(theme.small(text).color(ink)).wrap()).on_hover_text(format!(
        "Modelled, above what program and data take; within a quarter of what is measured, from 200 MB on. {about}"
    ));
    ui.add_space(space::XS);
    gauge_ui(ui, &forecast, budget);
    legend_ui(ui, &forecast);
    if let Some(limit) = limit.filter(|_| is_over) {
        remedies_ui(ui, cx, limit, is_enabled);
    }
}

/// The parts side by side. With a budget the bar is as long as the larger of both, and a line stands at the budget.
fn gauge_ui(ui: &mut Ui, forecast: &Forecast, budget: Option<u64>) {
    let theme = Theme::of(ui);
    let (bar, response) = ui.allocate_exact_size(vec2(ui.available_width(), GAUGE), Sense::hover());
    let whole = forecast.total().max(budget.unwrap_or(0)).max(1) as f32;
    ui.painter().rect_filled(bar, 0, theme.field);
    let mut left = bar.left();
    for (part, bytes) in forecast.parts() {
        let right = left + bytes as f32 / whole * bar.width();
        ui.painter().rect_filled(Rect::from_x_y_ranges(left..=right, bar.y_range()), 0, color(theme, part));
        left = right;
    }
    if let Some(budget) = budget {
        let x = bar.left() + budget as f32 / whole * bar.width();
        ui.painter().vline(x.min(bar.right() - 1.0), bar.y_range().expand(2.0), (size::CURVE, theme.text));
    }
    let told: Vec<_> = forecast.parts().map(|(part, bytes)| format!("{} {}", part.label(), megabytes(bytes))).collect();
    let told = format!("Memory needed, modelled: {}", told.join(", "));
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &told));
    response.on_hover_text(&told);
}

fn legend_ui(ui: &mut Ui, forecast: &Forecast) {
    let theme = Theme::of(ui);
    ui.add_space(space::XS);
    for (part, bytes) in forecast.parts() {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            let (dot, _) = ui.allocate_exact_size(vec2(2.0 * size::DOT, size::LINE), Sense::hover());
            let square = Rect::from_center_size(dot.center(), egui::Vec2::splat(2.0 * size::DOT));
            ui.painter().rect_filled(square, 0, color(theme, part));
            let name = ui.label(theme.small(part.label()));
            let right = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right, |ui| ui.label(theme.small(megabytes(bytes))));
            name.on_hover_text(part.formula());
        });
    }
}

fn color(theme: &Theme, part: MemoryPart) -> Color32 {
    match part {
        MemoryPart::Weights => theme.accent,
        MemoryPart::Gradients => theme.ghosts[0].color,
        MemoryPart::Optimizer => theme.ghosts[1].color,
        MemoryPart::Activations => theme.validation,
        MemoryPart::Batch => theme.ghosts[2].color,
        MemoryPart::Kept => theme.faint,
    }
}
