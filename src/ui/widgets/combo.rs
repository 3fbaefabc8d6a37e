//! A list to choose one entry from, each with its explanation.

use egui::{Button, ComboBox, RichText, Ui};

use crate::ui::theme::{Theme, size};

/// One entry of the list.
pub struct Item {
    pub id: String,
    pub label: String,
    /// Shown under the pointer.
    pub help: String,
    /// Why it would not fit, if so. It can be chosen all the same.
    pub misfit: Option<String>,
}

impl Item {
    pub fn new(id: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { id: id.into(), label: label.into(), help: help.into(), misfit: None }
    }
}

/// Returns the id of the entry that was clicked.
pub fn combo_ui(ui: &mut Ui, name: &str, width: f32, current: &str, items: &[Item]) -> Option<String> {
    let theme = Theme::of(ui);
    let shown = items.iter().find(|it| it.id == current).map_or(current, |it| it.label.as_str());
    let combo = ui.scope(|ui| {
        ui.visuals_mut().widgets.inactive.weak_bg_fill = theme.field;
        ComboBox::from_id_salt(("combo", name)).width(width).truncate().selected_text(shown).icon(chevron).show_ui(
            ui,
            |ui| {
                let mut clicked = None;
                ui.set_min_width(width.max(size::SETUP_NARROW / 2.0));
                for item in items {
                    if item_ui(ui, item, item.id == current) {
                        clicked = Some(item.id.clone());
                    }
                }
                clicked
            },
        )
    });
    let help = items.iter().find(|it| it.id == current).map_or("", |it| it.help.as_str());
    let response = combo.inner.response.accessible_name(name);
    // What does not fit the field is told under the pointer. Not as hover text, which would name the field.
    response.on_hover_ui(|ui| {
        ui.label(if help.is_empty() { shown.to_owned() } else { format!("{shown}\n\n{help}") });
    });
    combo.inner.inner.flatten()
}

fn item_ui(ui: &mut Ui, item: &Item, is_current: bool) -> bool {
    let theme = Theme::of(ui);
    let ink = if item.misfit.is_some() { theme.dim } else { theme.text };
    let mut button = Button::selectable(is_current, RichText::new(&item.label).color(ink));
    if item.misfit.is_some() {
        button =
            button.right_text(RichText::new("does not fit").text_style(egui::TextStyle::Small).color(theme.warning));
    }
    let response = ui.add(button).accessible_name(&item.label);
    let help = match &item.misfit {
        Some(misfit) if item.help.is_empty() => misfit.clone(),
        Some(misfit) => format!("{}\n\n{misfit}", item.help),
        None => item.help.clone(),
    };
    let response = if help.is_empty() { response } else { response.on_hover_text(help) };
    response.clicked()
}

/// The arrow of a list that opens downward.
pub(super) fn chevron(ui: &Ui, rect: egui::Rect, visuals: &egui::style::WidgetVisuals, _is_open: bool) {
    let icon = egui_material_icons::icons::ICON_EXPAND_MORE;
    let font = egui::FontId::new(16.0, icon.font_family());
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon.codepoint, font, visuals.fg_stroke.color);
}
