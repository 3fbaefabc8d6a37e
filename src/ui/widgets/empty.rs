//! What an empty panel says.

use egui::{Label, Ui};

use crate::ui::theme::{Theme, size, space};

/// In one friendly sentence, what will appear here and how to get it.
pub fn empty_ui(ui: &mut Ui, title: &str, sentence: &str) {
    let theme = Theme::of(ui);
    let height = 2.0 * (size::LINE + space::S);
    ui.add_space(((ui.available_height() - height) / 2.0).clamp(space::M, size::EMPTY_TOP));
    ui.vertical_centered(|ui| {
        ui.set_max_width((ui.available_width() - space::XL).min(size::DIALOG));
        ui.add(Label::new(theme.strong(title)).wrap());
        ui.add_space(space::XS);
        ui.add(Label::new(theme.paragraph(sentence)).wrap());
    });
}
