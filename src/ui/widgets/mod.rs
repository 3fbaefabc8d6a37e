//! Controls of the house: each takes `ui` first, has an accessible name and says what the user wanted.

mod button;
mod card;
mod combo;
mod empty;
mod knob;
mod progress;
mod segmented;
mod slider;
mod switch;
mod toast;

pub use button::{icon_button_ui, link_ui, primary_ui, quiet_ui, secondary_ui, small_icon_ui};
pub use card::{card_ui, pill_ui, scroll_ui};
pub use combo::{Item, combo_ui};
pub use empty::empty_ui;
pub use knob::{KnobRow, knob_ui, row_ui};
pub use progress::progress_ui;
pub use segmented::segmented_ui;
pub use switch::switch_ui;
pub use toast::Toasts;

use super::theme::{Theme, size};

/// Shows where the keyboard is, around a control that does not show it by itself.
pub(super) fn focus_ring_ui(ui: &egui::Ui, response: &egui::Response) {
    if response.has_focus() {
        let ring = egui::Stroke::new(size::FOCUS_RING, Theme::of(ui).accent);
        ui.painter().rect_stroke(response.rect.expand(2.0), size::CONTROL_RADIUS, ring, egui::StrokeKind::Outside);
    }
}
