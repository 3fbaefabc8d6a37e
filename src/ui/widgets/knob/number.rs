//! Numbers: slider and field together, and a switch where the number may be absent.

use std::ops::RangeInclusive;

use egui::{DragValue, Response, Ui, vec2};

use super::super::button::small_icon_ui;
use super::super::slider::{Rail, slider_ui};
use super::super::switch::switch_ui;
use crate::spec::{Range, Scale, number_text};
use crate::ui::theme::{Theme, size, space};

/// A count above this is a seed: nobody aims for it on a rail.
const MOST_ON_A_RAIL: f64 = 1e8;

pub(super) fn real_ui(ui: &mut Ui, label: &str, at: &mut f64, range: Range, scale: Scale) {
    let bounds = bounds(range, scale);
    both_ui(ui, label, at, bounds.clone(), &Rail::real(bounds, scale), false);
}

pub(super) fn count_ui(ui: &mut Ui, label: &str, at: &mut u64, range: Range, scale: Scale) {
    let mut value = *at as f64;
    if range.max > MOST_ON_A_RAIL {
        seed_ui(ui, label, &mut value, range.min..=range.max);
    } else {
        both_ui(ui, label, &mut value, range.min..=range.max, &Rail::whole(range.min..=range.max, scale), true);
    }
    // A seed may be larger than a float holds exactly: it stays as it is unless it was turned.
    if value != *at as f64 {
        *at = value as u64;
    }
}

pub(super) fn maybe_real_ui(
    ui: &mut Ui,
    label: &str,
    at: &mut Option<f64>,
    range: Range,
    scale: Scale,
    none: &str,
    usual: f64,
) {
    if maybe_ui(ui, label, at, none, usual)
        && let Some(value) = at
    {
        real_ui(ui, label, value, range, scale);
    }
}

pub(super) fn maybe_count_ui(
    ui: &mut Ui,
    label: &str,
    at: &mut Option<u64>,
    range: Range,
    scale: Scale,
    none: &str,
    usual: u64,
) {
    if maybe_ui(ui, label, at, none, usual)
        && let Some(value) = at
    {
        count_ui(ui, label, value, range, scale);
    }
}

/// The switch between a number and the word for its absence. Returns whether there is a number.
fn maybe_ui<T>(ui: &mut Ui, label: &str, at: &mut Option<T>, none: &str, usual: T) -> bool {
    let theme = Theme::of(ui);
    let mut is_on = at.is_some();
    let name = format!("Set {}", label.to_lowercase());
    if switch_ui(ui, &mut is_on, &name).on_hover_text(format!("Off means {none}")).changed() {
        *at = is_on.then_some(usual);
    }
    if !is_on {
        ui.label(theme.dim(none));
    }
    is_on && at.is_some()
}

fn both_ui(ui: &mut Ui, label: &str, value: &mut f64, bounds: RangeInclusive<f64>, rail: &Rail, is_whole: bool) {
    let field = field_width(ui, *value);
    let rest = ui.available_width() - field - space::M;
    if rest >= 3.0 * size::HANDLE {
        slider_ui(ui, rest, value, rail, &format!("{label} slider"));
        ui.add_space(space::M - ui.spacing().item_spacing.x);
    }
    number_ui(ui, field, value, bounds, is_whole);
}

fn seed_ui(ui: &mut Ui, label: &str, value: &mut f64, bounds: RangeInclusive<f64>) {
    let another = format!("Another {}", label.to_lowercase());
    let width = ui.available_width() - size::SMALL_ICON - ui.spacing().item_spacing.x;
    number_ui(ui, width, value, bounds.clone(), true);
    let dice = egui_material_icons::icons::ICON_CASINO;
    if small_icon_ui(ui, dice, &another, "The next seed").clicked() {
        *value = if *value < *bounds.end() { *value + 1.0 } else { *bounds.start() };
    }
}

/// The number itself: typed, or dragged sideways.
fn number_ui(ui: &mut Ui, width: f32, value: &mut f64, bounds: RangeInclusive<f64>, is_whole: bool) -> Response {
    let theme = Theme::of(ui);
    // A hundredth of the number a point: as fine for 0.001 as for 1000.
    let speed = (value.abs() * 0.01).max(if is_whole { 0.1 } else { (bounds.end() - bounds.start()).min(1.0) * 1e-4 });
    let mut edited = *value;
    let field = DragValue::new(&mut edited)
        .speed(speed)
        .range(bounds)
        .clamp_existing_to_range(false)
        .clip_text(true)
        .update_while_editing(false)
        .min_size(vec2(width, size::CONTROL))
        .custom_formatter(|value, _| number_text(value))
        // What grows behind the number pushes it to the left.
        .suffix(egui::Atom::grow());
    let response = ui
        .scope(|ui| {
            ui.visuals_mut().widgets.inactive.weak_bg_fill = theme.field;
            ui.spacing_mut().button_padding.x = space::S;
            ui.add(field)
        })
        .inner;
    if response.changed() && edited != *value {
        *value = if is_whole { edited.round() } else { tidied(edited) };
    }
    response
}

/// Dragging leaves digits that nobody asked for.
fn tidied(value: f64) -> f64 {
    format!("{value:.6e}").parse().unwrap_or(value)
}

/// Wide enough for the number, so that a long one takes from the rail and not from its own digits.
fn field_width(ui: &Ui, value: f64) -> f32 {
    let text = number_text(value);
    let font = egui::TextStyle::Monospace.resolve(ui.style());
    let width = ui.fonts_mut(|fonts| fonts.layout_no_wrap(text, font, egui::Color32::PLACEHOLDER).size().x);
    (width + 2.0 * space::S + 2.0).ceil().max(size::NUMBER_FIELD)
}

/// The range with its open end closed, close to where it begins.
fn bounds(range: Range, scale: Scale) -> RangeInclusive<f64> {
    let above = match scale {
        Scale::Linear => (range.max - range.min) * 1e-3,
        Scale::Log => 1e-12,
    };
    (if range.above_min { range.min + above } else { range.min })..=range.max
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dragged_numbers_lose_the_digits_nobody_asked_for() {
        assert_eq!(tidied(0.1 + 0.2), 0.3);
        assert_eq!(tidied(1e-8), 1e-8);
    }

    #[test]
    fn an_open_range_never_offers_its_open_end() {
        let range = Range::above(0.0, 0.99);
        assert!(range.contains(*bounds(range, Scale::Linear).start()));
        let range = Range::above(0.0, 100.0);
        assert!(range.contains(*bounds(range, Scale::Log).start()));
    }
}
