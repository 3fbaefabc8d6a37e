//! A slider without its number: a thin rail, filled up to a round handle.

use std::ops::RangeInclusive;

use egui::accesskit::{Action, ActionData};
use egui::emath::smart_aim::best_in_range_f64;
use egui::{EventFilter, Key, Rect, Response, Sense, Ui, WidgetInfo, pos2, vec2};

use super::focus_ring_ui;
use crate::spec::Scale;
use crate::ui::theme::{Theme, size};

/// Lowest number above 0 that anyone aims for on a logarithmic rail; smaller ones are typed.
const LOWEST: f64 = 1e-6;
/// The same where nothing above 1 is allowed and 0 is not either, as for the epsilon in a denominator.
const LOWEST_OF_SMALL: f64 = 1e-12;
/// Share of a logarithmic rail at its left that stands for 0, where the range begins there: wide enough to be hit.
const ZERO_STOP: f64 = 0.06;

/// How a value lies on the rail.
pub(super) struct Rail {
    range: RangeInclusive<f64>,
    scale: Scale,
    /// Lowest value above 0 of a logarithmic rail.
    low: f64,
    /// Share of the rail that stands for 0.
    stop: f64,
    is_whole: bool,
}

/// Moves `value` within `range`; marks its response as changed when it did.
pub(super) fn slider_ui(ui: &mut Ui, width: f32, value: &mut f64, rail: &Rail, name: &str) -> Response {
    let (rect, mut response) = ui.allocate_exact_size(vec2(width, size::CONTROL), Sense::click_and_drag());
    let before = *value;
    let travel = (rect.left() + size::HANDLE)..=(rect.right() - size::HANDLE);
    if let Some(pointer) = response.interact_pointer_pos() {
        *value = rail.value_at(pointer.x, &travel);
    }
    let steps = keyboard_steps(ui, &response);
    if steps != 0 {
        *value = rail.stepped(*value, steps);
    }
    if let Some(wanted) = asked_value(ui, &response) {
        *value = rail.held(wanted);
    }
    if *value != before {
        response.mark_changed();
    }
    paint(ui, rect, rail.share(*value), &response);
    describe(ui, &response, *value, rail, name);
    focus_ring_ui(ui, &response);
    response
}

impl Rail {
    /// Any number.
    pub(super) fn real(range: RangeInclusive<f64>, scale: Scale) -> Self {
        let is_small = *range.end() <= 1.0 && *range.start() > 0.0;
        let low = range.start().max(if is_small { LOWEST_OF_SMALL } else { LOWEST });
        Self { stop: stop(&range, scale), range, scale, low, is_whole: false }
    }

    /// A whole number.
    pub(super) fn whole(range: RangeInclusive<f64>, scale: Scale) -> Self {
        let low = range.start().max(1.0);
        Self { stop: stop(&range, scale), range, scale, low, is_whole: true }
    }

    /// Where the value lies, from 0 at the left to 1 at the right.
    fn share(&self, value: f64) -> f64 {
        let (min, max) = (*self.range.start(), *self.range.end());
        let share = match self.scale {
            Scale::Linear => (value - min) / (max - min),
            Scale::Log if value <= 0.0 => 0.0,
            Scale::Log => {
                let above = (value.ln() - self.low.ln()) / (max.ln() - self.low.ln());
                self.stop + (1.0 - self.stop) * above.max(0.0)
            }
        };
        if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }
    }

    fn value(&self, share: f64) -> f64 {
        let (min, max) = (*self.range.start(), *self.range.end());
        let share = share.clamp(0.0, 1.0);
        match self.scale {
            Scale::Linear => min + share * (max - min),
            Scale::Log if share < self.stop => min,
            Scale::Log => {
                let above = (share - self.stop) / (1.0 - self.stop);
                (self.low.ln() + above * (max.ln() - self.low.ln())).exp()
            }
        }
    }

    /// The roundest number under the pointer.
    fn value_at(&self, x: f32, travel: &RangeInclusive<f32>) -> f64 {
        let share = |x: f32| f64::from((x - travel.start()) / (travel.end() - travel.start()).max(1.0));
        if share(x) <= 0.0 || share(x) < self.stop {
            return self.held(self.value(0.0));
        }
        let (near, far) = (self.value(share(x - 1.0).max(self.stop)), self.value(share(x + 1.0)));
        self.held(best_in_range_f64(near, far))
    }

    /// A few steps on: by a hundredth of the rail, and by at least one for a whole number.
    fn stepped(&self, value: f64, steps: i32) -> f64 {
        let from = self.share(value);
        // One step leads out of the stop at 0.
        let from = if steps > 0 && from < self.stop { self.stop - 0.01 } else { from };
        // A hair above what rounding would take below the stop.
        let there = self.value(from + f64::from(steps) * 0.01 + 1e-9);
        let there =
            if self.is_whole && (there - value).abs() < 1.0 { value + f64::from(steps.signum()) } else { there };
        self.held(rounded_to_digits(there, 3))
    }

    fn held(&self, value: f64) -> f64 {
        let value = if self.is_whole { value.round() } else { value };
        value.clamp(*self.range.start(), *self.range.end())
    }
}

fn stop(range: &RangeInclusive<f64>, scale: Scale) -> f64 {
    if scale == Scale::Log && *range.start() == 0.0 { ZERO_STOP } else { 0.0 }
}

fn rounded_to_digits(value: f64, digits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let factor = 10_f64.powi(digits - 1 - value.abs().log10().floor() as i32);
    if factor.is_finite() && factor > 0.0 { (value * factor).round() / factor } else { value }
}

fn keyboard_steps(ui: &Ui, response: &Response) -> i32 {
    let mut steps = 0;
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        steps += ui.input(|input| input.num_presses(Key::ArrowRight) as i32 - input.num_presses(Key::ArrowLeft) as i32);
    }
    let asked = |action| ui.input(|input| input.num_accesskit_action_requests(response.id, action) as i32);
    steps + asked(Action::Increment) - asked(Action::Decrement)
}

/// The value a screen reader or a test asked for.
fn asked_value(ui: &Ui, response: &Response) -> Option<f64> {
    ui.input(|input| {
        let requests = input.accesskit_action_requests(response.id, Action::SetValue);
        let values = requests.filter_map(|it| match it.data {
            Some(ActionData::NumericValue(value)) => Some(value),
            _ => None,
        });
        values.last()
    })
}

fn paint(ui: &Ui, rect: Rect, share: f64, response: &Response) {
    let theme = Theme::of(ui);
    let fade = |color: egui::Color32| if ui.is_enabled() { color } else { color.gamma_multiply(0.5) };
    let rail = Rect::from_center_size(rect.center(), vec2(rect.width(), size::RAIL));
    let x = egui::lerp((rect.left() + size::HANDLE)..=(rect.right() - size::HANDLE), share as f32);
    let painter = ui.painter();
    painter.rect_filled(rail, size::RAIL / 2.0, fade(theme.line));
    let filled = Rect::from_min_max(rail.min, pos2(x, rail.max.y));
    painter.rect_filled(filled, size::RAIL / 2.0, fade(theme.accent));
    let radius = if response.hovered() || response.dragged() { size::HANDLE + 1.0 } else { size::HANDLE };
    // Opaque even where it is disabled, or the rail would shine through.
    let knob = if ui.is_enabled() { theme.text } else { theme.faint };
    painter.circle_filled(pos2(x, rect.center().y), radius, knob);
}

fn describe(ui: &Ui, response: &Response, value: f64, rail: &Rail, name: &str) {
    response.widget_info(|| WidgetInfo::slider(ui.is_enabled(), value, name));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_min_numeric_value(*rail.range.start());
        node.set_max_numeric_value(*rail.range.end());
        for action in [Action::SetValue, Action::Increment, Action::Decrement] {
            node.add_action(action);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logarithmic_rail_from_zero_has_a_stop_at_zero_and_room_for_small_values() {
        let decay = Rail::real(0.0..=10.0, Scale::Log);
        let travel = 0.0..=100.0;
        assert_eq!([0.0, 3.0, 5.5].map(|x| decay.value_at(x, &travel)), [0.0; 3], "the stop is wide enough to be hit");
        let middle = decay.value_at(53.0, &travel);
        assert!((1e-3..1e-2).contains(&middle), "half way lies half way between the decades, got {middle}");
        assert_eq!((decay.stepped(0.0, 1), decay.stepped(1e-6, -1)), (1e-6, 0.0));
        assert!(decay.share(1e-4) - decay.share(1e-5) > 0.1);
        assert_eq!(decay.value_at(100.0, &travel), 10.0);
    }

    #[test]
    fn a_logarithmic_rail_gives_each_factor_of_ten_the_same_room() {
        let rail = Rail::real(0.0..=100.0, Scale::Log);
        let part = rail.share(0.01) - rail.share(0.001);
        assert!((rail.share(1.0) - rail.share(0.1) - part).abs() < 1e-12);
        assert!((rail.value(rail.share(0.003)) - 0.003).abs() < 1e-9);
        assert_eq!((rail.share(0.0), rail.share(100.0)), (0.0, 1.0));
    }

    #[test]
    fn a_rail_that_begins_at_zero_reaches_zero() {
        let rail = Rail::whole(0.0..=1e6, Scale::Log);
        assert_eq!(rail.value(0.0), 0.0);
        assert_eq!(rail.stepped(3.0, 1), 4.0);
        assert_eq!(rail.stepped(0.0, -1), 0.0);
    }

    #[test]
    fn the_pointer_finds_round_numbers() {
        let rail = Rail::real(0.0..=1.0, Scale::Linear);
        assert_eq!(rail.value_at(50.3, &(0.0..=100.0)), 0.5);
        assert_eq!(rail.value_at(-5.0, &(0.0..=100.0)), 0.0);
        assert_eq!(rail.value_at(500.0, &(0.0..=100.0)), 1.0);
    }
}
