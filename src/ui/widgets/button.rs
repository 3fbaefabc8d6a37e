//! Buttons: the one that matters, the ordinary ones, the quiet ones and those with only an icon.

use egui::{Button, Response, RichText, TextStyle, Ui, Vec2};
use egui_material_icons::MaterialIcon;

use super::focus_ring_ui;
use crate::ui::theme::{Theme, size};

/// The one button that matters most here.
pub fn primary_ui(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let theme = Theme::of(ui);
    let response = ui
        .scope(|ui| {
            let widgets = &mut ui.visuals_mut().widgets;
            for (visuals, fill) in [
                (&mut widgets.inactive, theme.accent),
                (&mut widgets.hovered, theme.accent_hovered),
                (&mut widgets.active, theme.accent_hovered),
            ] {
                visuals.weak_bg_fill = fill;
                visuals.bg_stroke.color = fill;
                visuals.fg_stroke.color = theme.on_accent;
            }
            add_ui(ui, icon, text)
        })
        .inner;
    focus_ring_ui(ui, &response);
    response
}

/// An ordinary button.
pub fn secondary_ui(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    add_ui(ui, icon, text)
}

/// A button that is only words until the pointer is on it.
pub fn quiet_ui(ui: &mut Ui, text: &str) -> Response {
    let label = RichText::new(text).text_style(TextStyle::Button);
    ui.add(Button::new(label).frame_when_inactive(false))
}

/// Words to click within running text.
pub fn link_ui(ui: &mut Ui, text: &str) -> Response {
    let theme = Theme::of(ui);
    ui.add(Button::new(RichText::new(text).color(theme.link)).frame(false))
}

/// A button that shows only an icon; its name is for tooltips, screen readers and tests.
pub fn icon_button_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, help: &str) -> Response {
    let theme = Theme::of(ui);
    icon_ui(ui, icon.rich_text().size(size::LARGE_ICON).color(theme.dim), size::BUTTON, name, help)
}

/// The same, small, for the header of a panel.
pub fn small_icon_ui(ui: &mut Ui, icon: MaterialIcon, name: &str, help: &str) -> Response {
    let theme = Theme::of(ui);
    icon_ui(ui, icon.rich_text().size(size::ICON).color(theme.dim), size::SMALL_ICON, name, help)
}

fn icon_ui(ui: &mut Ui, icon: RichText, side: f32, name: &str, help: &str) -> Response {
    let response = ui
        .scope(|ui| {
            ui.spacing_mut().button_padding = Vec2::splat(2.0);
            ui.spacing_mut().interact_size.y = side;
            ui.add(Button::new(icon).frame_when_inactive(false).min_size(Vec2::splat(side)))
        })
        .inner;
    response.on_hover_text(help).accessible_name(name)
}

fn add_ui(ui: &mut Ui, icon: Option<MaterialIcon>, text: &str) -> Response {
    let label = RichText::new(text).text_style(TextStyle::Button);
    let button = match icon {
        Some(icon) => Button::new((icon.rich_text().size(size::ICON), label)),
        None => Button::new(label),
    };
    ui.add(button).accessible_name(text)
}
