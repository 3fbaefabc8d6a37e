//! Small bars: how the values of a column are spread, and how many rows each class has.

use egui::accesskit::Role;
use egui::{Color32, CornerRadius, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use crate::data::ColumnProfile;
use crate::report::points_csv;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::theme::Theme;
use crate::ui::{percent_text, short_number};

const GAP: f32 = 1.0;
/// A bar of few rows beside one of many can still be seen.
const LEAST: f32 = 1.5;
const WIDEST: f32 = 14.0;

/// Upright bars of a column's values, told in words under the pointer and to screen readers.
pub(super) fn spread_ui(ui: &mut Ui, profile: &ColumnProfile, n_rows: usize, size: egui::Vec2) -> Response {
    let theme = Theme::of(ui);
    let counts: Vec<usize> = match &profile.numbers {
        Some(numbers) => numbers.histogram.iter().map(|it| it.count).collect(),
        None => profile.top.iter().map(|it| it.count).collect(),
    };
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f32;
    let width = (size.x / counts.len().max(1) as f32).min(WIDEST);
    for (idx, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let left = rect.left() + idx as f32 * width;
        let height = (size.y * *count as f32 / most).max(LEAST);
        let bar =
            Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + (width - GAP).max(GAP), rect.bottom()));
        ui.painter().rect_filled(bar, CornerRadius { nw: 1, ne: 1, sw: 0, se: 0 }, theme.accent.gamma_multiply(0.8));
    }
    response.widget_info(|| {
        let words = profile.numbers.as_ref().map_or_else(
            || meaning::column(profile, n_rows).values.replace('\n', ", "),
            |it| format!("from {} to {}", it.min_text, it.max_text),
        );
        WidgetInfo::labeled(Role::Image, true, format!("Spread of {}: {words}", profile.name))
    });
    response.on_hover_meaning(ui, || meaning::column(profile, n_rows))
}

/// Every bar of every column: numbers from one value to another, which only the last bar includes, or a level.
pub(super) fn values(profiles: &[ColumnProfile]) -> String {
    let rows = profiles.iter().flat_map(|it| {
        let name = || it.name.clone();
        let bins = it.numbers.iter().flat_map(|it| &it.histogram);
        let bins = bins.map(|it| vec![name(), it.from.to_string(), it.to.to_string(), it.count.to_string()]);
        let levels = it.top.iter().map(|it| vec![name(), it.name.clone(), String::new(), it.count.to_string()]);
        bins.chain(levels).collect::<Vec<_>>()
    });
    points_csv(&["column", "value", "to", "rows"], rows)
}

/// One bar with its name and count, for each class.
pub(super) fn class_bars_ui(ui: &mut Ui, classes: &[(String, usize)], colors: &[Color32]) {
    let theme = Theme::of(ui);
    let total: usize = classes.iter().map(|it| it.1).sum();
    let most = classes.iter().map(|it| it.1).max().unwrap_or(0).max(1);
    for (idx, (name, count)) in classes.iter().enumerate() {
        let share = *count as f64 / total.max(1) as f64;
        let row = ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                ui.add(egui::Label::new(theme.body(name.as_str())).truncate());
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    ui.label(theme.small(percent_text(share)))
                });
            });
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), Sense::hover());
            ui.painter().rect_filled(rect, 2, theme.line);
            let filled = Rect::from_min_size(rect.min, vec2(rect.width() * *count as f32 / most as f32, rect.height()));
            ui.painter().rect_filled(filled, 2, colors.get(idx % colors.len().max(1)).copied().unwrap_or(theme.accent));
        });
        row.response.on_hover_meaning(ui, || meaning::class_share(name, *count, total));
    }
}

/// `2.5 … 480 · mean 31.2`, or the most frequent values with their shares.
pub(super) fn typical_text(profile: &ColumnProfile, n_rows: usize) -> String {
    if let Some(numbers) = &profile.numbers {
        let mean = if numbers.min_text == short_number(numbers.min) || numbers.min_text.parse::<f64>().is_ok() {
            format!(" · mean {}", short_number(numbers.mean))
        } else {
            String::new()
        };
        return format!("{} … {}{mean}", numbers.min_text, numbers.max_text);
    }
    let share = |count: usize| format!("{:.0} %", 100.0 * count as f64 / n_rows.max(1) as f64);
    let top = profile.top.iter().take(4).map(|it| format!("{} {}", it.name, share(it.count)));
    top.collect::<Vec<_>>().join(", ")
}
