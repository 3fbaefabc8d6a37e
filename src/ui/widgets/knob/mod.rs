//! A knob as a row of a form: its name, its control, a mark where it was changed.
//!
//! The control that carries the value has the knob's label as its accessible name; what stands beside
//! it (slider, switch, reset) has a name of its own.

mod list;
mod number;

use egui::accesskit::Role;
use egui::{Align, Id, Label, Layout, Rect, Response, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use super::combo::{Item, combo_ui};
use super::switch::switch_ui;
use crate::spec::{Choice, Knob, Value};
use crate::ui::theme::{Theme, size, space};

/// What a row knows beside its knob.
#[derive(Clone, Copy)]
pub struct KnobRow<'a> {
    /// What the knob goes back to, as text; none where there is nothing to compare with.
    pub usual: Option<&'a str>,
    /// Names to choose from, for a knob that holds names.
    pub names: &'a [String],
    /// Why an option of a choice would not fit, by its id.
    pub misfit: &'a dyn Fn(&str) -> Option<String>,
    pub is_enabled: bool,
}

impl Default for KnobRow<'_> {
    fn default() -> Self {
        Self { usual: None, names: &[], misfit: &|_| None, is_enabled: true }
    }
}

/// One knob in one row. Returns whether its value changed.
pub fn knob_ui(ui: &mut Ui, mut knob: Knob<'_>, row: &KnobRow<'_>) -> bool {
    let before = knob.text();
    let usual = row.usual.filter(|it| *it != before);
    let (label, help) = (knob.label, help_text(&knob, usual));
    let error_id = Id::unique(("knob error", knob.key));
    let shown = ui.push_id(knob.key, |ui| {
        if !row.is_enabled {
            ui.disable();
        }
        let (asked, refused) = row_ui(ui, label, &help, |ui| value_ui(ui, &mut knob, row));
        if let Some(refused) = refused {
            ui.data_mut(|data| data.insert_temp(error_id, refused));
        }
        usual.filter(|_| row.is_enabled && (reset_dot_ui(ui, label, asked.rect) || asked.double_clicked()))
    });
    if let Some(usual) = shown.inner {
        knob.read(usual).ok();
    }
    let is_changed = knob.text() != before;
    error_ui(ui, error_id, is_changed);
    is_changed
}

/// A row of a form: a name at the left, `contents` at the right. Inputs without a name get the row's.
pub fn row_ui<R>(ui: &mut Ui, label: &str, help: &str, contents: impl FnOnce(&mut Ui) -> R) -> (Response, R) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
    let split = rect.left() + (rect.width() * LABEL_SHARE).round();
    let left = Rect::from_min_max(rect.min, pos2(split - space::XS, rect.max.y));
    let right = Rect::from_min_max(pos2(split, rect.min.y), rect.max);
    // Children of their own: whatever they need, the row and those below it keep their width.
    let child = |ui: &mut Ui, rect: Rect| {
        ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::left_to_right(Align::Center)))
    };
    let name = child(ui, left).add(Label::new(theme.dim(label)).truncate().sense(Sense::CLICK));
    let name = if help.is_empty() { name } else { name.on_hover_text(help) };
    let inner = child(ui, right).label_inputs_by(name.id, contents);
    (name, inner)
}

/// Share of a row's width that its name takes.
const LABEL_SHARE: f32 = 0.41;

fn help_text(knob: &Knob<'_>, usual: Option<&str>) -> String {
    let help = knob.help;
    match usual {
        Some(usual) => format!("{help}\n\nChanged from {usual}. Double-click the name to put it back."),
        None => help.to_owned(),
    }
}

/// The value's control; a message where what was typed was refused.
fn value_ui(ui: &mut Ui, knob: &mut Knob<'_>, row: &KnobRow<'_>) -> Option<String> {
    let label = knob.label;
    let text = knob.text();
    let typed = match &mut knob.value {
        Value::Real { at, range, scale } => {
            number::real_ui(ui, label, at, *range, *scale);
            None
        }
        Value::Count { at, range, scale } => {
            number::count_ui(ui, label, at, *range, *scale);
            None
        }
        Value::MaybeReal { at, range, scale, none, usual } => {
            number::maybe_real_ui(ui, label, at, *range, *scale, none, *usual);
            None
        }
        Value::MaybeCount { at, range, scale, none, usual } => {
            number::maybe_count_ui(ui, label, at, *range, *scale, none, *usual);
            None
        }
        Value::Flag { at } => {
            switch_ui(ui, at, "");
            None
        }
        Value::Choice { at } => {
            choice_ui(ui, *at, row.misfit);
            None
        }
        Value::Counts { at, range, longest } => list::counts_ui(ui, label, at, *range, *longest, &text),
        Value::Names { at } => list::names_ui(ui, at, row.names, &text),
        Value::Name { at } => list::name_ui(ui, at, row.names, &text),
        Value::Text { at } => list::suggestions_ui(ui, &at.suggestions(), &text),
    };
    knob.read(&typed?).err().map(|it| it.to_string())
}

fn choice_ui(ui: &mut Ui, at: &mut dyn Choice, misfit: &dyn Fn(&str) -> Option<String>) {
    let options = at.options().into_iter();
    let items: Vec<Item> =
        options.map(|it| Item { misfit: misfit(it.id), ..Item::new(it.id, it.label, it.help) }).collect();
    if let Some(id) = combo_ui(ui, "", ui.available_width(), at.current(), &items) {
        at.choose(&id);
    }
}

/// A dot in the margin of a changed knob; a click on it puts the knob back.
fn reset_dot_ui(ui: &mut Ui, label: &str, beside: Rect) -> bool {
    let theme = Theme::of(ui);
    let center = pos2(beside.left() - space::S, beside.center().y);
    let response = ui.interact(
        Rect::from_center_size(center, vec2(space::M, space::L)),
        ui.scope_id().with("reset"),
        Sense::click(),
    );
    let radius = if response.hovered() || response.has_focus() { size::DOT } else { size::DOT - 1.5 };
    ui.painter().circle_filled(center, radius, theme.accent);
    response
        .widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), format!("Reset {}", label.to_lowercase())));
    response.on_hover_text("Changed. Click to put it back").clicked()
}

/// Why the last text was refused, until something valid is set.
fn error_ui(ui: &mut Ui, id: Id, is_changed: bool) {
    let Some(error) = ui.data(|data| data.get_temp::<String>(id)) else {
        return;
    };
    if is_changed {
        ui.data_mut(|data| data.remove::<String>(id));
        return;
    }
    let theme = Theme::of(ui);
    ui.add(Label::new(theme.small(error).color(theme.critical)).wrap());
}
