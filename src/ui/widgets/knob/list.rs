//! Lists, names and everything that is typed.

use egui::{ComboBox, Id, PopupCloseBehavior, Response, TextEdit, TextStyle, Ui};

use super::super::button::small_icon_ui;
use super::super::combo::{Item, chevron, combo_ui};
use crate::spec::Range;
use crate::ui::theme::{Theme, size, space};

/// Whole numbers as text, with buttons that add and take one. Returns what was typed.
pub(super) fn counts_ui(
    ui: &mut Ui,
    label: &str,
    at: &mut Vec<u64>,
    range: Range,
    longest: usize,
    text: &str,
) -> Option<String> {
    use egui_material_icons::icons::{ICON_ADD, ICON_REMOVE};
    let gap = ui.spacing().item_spacing.x / 2.0;
    ui.spacing_mut().item_spacing.x = gap;
    let shown = text.trim_matches(['[', ']']).replace(',', ", ");
    let width = ui.available_width() - 2.0 * (size::SMALL_ICON + gap);
    let typed = text_ui(ui, &shown, width, "none");
    let name = label.to_lowercase();
    let can_grow = at.len() < longest && typed.is_none();
    if ui
        .add_enabled_ui(can_grow, |ui| {
            small_icon_ui(ui, ICON_ADD, &format!("Add to {name}"), "One more, like the last")
        })
        .inner
        .clicked()
    {
        at.push(at.last().copied().unwrap_or(32.0_f64.clamp(range.min, range.max) as u64));
    }
    let can_shrink = !at.is_empty() && typed.is_none();
    if ui
        .add_enabled_ui(can_shrink, |ui| small_icon_ui(ui, ICON_REMOVE, &format!("Take from {name}"), "One less"))
        .inner
        .clicked()
    {
        at.pop();
    }
    typed
}

/// Any of some names, each with a check mark; typed where no names are known.
pub(super) fn names_ui(ui: &mut Ui, at: &mut Vec<String>, names: &[String], text: &str) -> Option<String> {
    if names.is_empty() {
        return text_ui(ui, text.trim_matches(['[', ']']), ui.available_width(), "none");
    }
    let shown = match at.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        more => format!("{} columns", more.len()),
    };
    ui.visuals_mut().widgets.inactive.weak_bg_fill = Theme::of(ui).field;
    let combo = ComboBox::from_id_salt("names").width(ui.available_width()).truncate().icon(chevron);
    combo.selected_text(shown).close_behavior(PopupCloseBehavior::CloseOnClickOutside).show_ui(ui, |ui| {
        for name in names {
            let mut is_in = at.contains(name);
            if ui.checkbox(&mut is_in, name).changed() {
                at.retain(|it| it != name);
                if is_in {
                    at.push(name.clone());
                }
            }
        }
    });
    None
}

/// One of some names, or found by itself; typed where no names are known.
pub(super) fn name_ui(ui: &mut Ui, at: &mut Option<String>, names: &[String], text: &str) -> Option<String> {
    if names.is_empty() {
        return text_ui(ui, at.as_deref().unwrap_or_default(), ui.available_width(), "found by itself");
    }
    let found = Item::new("auto", "Found by itself", "The column that looks most like a target");
    let mut items = vec![found];
    items.extend(names.iter().map(|it| Item::new(it, it, "")));
    combo_ui(ui, "", ui.available_width(), text, &items)
}

/// One of some texts, each with its help; typed where there are none.
pub(super) fn suggestions_ui(ui: &mut Ui, suggestions: &[(String, String)], text: &str) -> Option<String> {
    if suggestions.is_empty() {
        return text_ui(ui, text, ui.available_width(), "");
    }
    let items: Vec<Item> = suggestions.iter().map(|(id, help)| Item::new(id, id, help)).collect();
    combo_ui(ui, "", ui.available_width(), text, &items)
}

/// A text field; returns the text when it was left or Enter was pressed, and not when Escape was.
fn text_ui(ui: &mut Ui, current: &str, width: f32, hint: &str) -> Option<String> {
    let id = ui.make_persistent_id("text");
    let mut text = ui.data(|data| data.get_temp::<String>(id)).unwrap_or_else(|| current.to_owned());
    ui.spacing_mut().button_padding.x = space::S;
    let edit = TextEdit::singleline(&mut text).id(id).font(TextStyle::Monospace).desired_width(width - 2.0 * space::S);
    let response = ui.add(edit);
    // The hint is painted here: as egui's own it would be the field's name instead of the row's.
    if text.is_empty() && !response.has_focus() {
        hint_ui(ui, &response, hint);
    }
    keep_while_edited(ui, &response, id, text, current)
}

fn hint_ui(ui: &Ui, response: &Response, hint: &str) {
    let theme = Theme::of(ui);
    let at = response.rect.left_center() + egui::vec2(ui.spacing().button_padding.x, 0.0);
    ui.painter().text(at, egui::Align2::LEFT_CENTER, hint, TextStyle::Body.resolve(ui.style()), theme.dim);
}

fn keep_while_edited(ui: &Ui, response: &Response, id: Id, text: String, current: &str) -> Option<String> {
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(id, text));
        return None;
    }
    ui.data_mut(|data| data.remove::<String>(id));
    let is_given_up = ui.input(|input| input.key_pressed(egui::Key::Escape));
    (response.lost_focus() && !is_given_up && text != current).then_some(text)
}
