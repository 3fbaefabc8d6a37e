//! Which column of a log was taken for what, each to be changed.

use egui::{Align, Label, Layout, Rect, Ui, UiBuilder, vec2};
use strum::IntoEnumIterator as _;

use crate::logs::Role;
use crate::studio::{Action, LogAction, ReadLog};
use crate::ui::Cx;
use crate::ui::text::sentence;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{Item, combo_ui};

/// Names in a list at most; a log can hold thousands of columns.
const MOST_LISTED: usize = 500;
/// Room that a role and its list need; with twice as much they stand in two columns.
const PAIR: f32 = 230.0;
/// Share of it for the role's name.
const NAME_SHARE: f32 = 0.46;

/// Every column of the log that is shown, as entries of a list.
#[derive(Default)]
pub(super) struct Lists {
    of: Vec<String>,
    items: Vec<Item>,
}

impl Lists {
    pub(super) fn columns_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, log: &ReadLog) {
        self.follow(&log.curves.names);
        let theme = Theme::of(ui);
        ui.label(theme.section_label("Taken from column"));
        let roles: Vec<Role> = Role::iter().collect();
        let n_columns = if ui.available_width() >= 2.0 * PAIR + space::L { 2 } else { 1 };
        let width = (ui.available_width() - (n_columns - 1) as f32 * space::L) / n_columns as f32;
        // Rows bring their own distance.
        ui.spacing_mut().item_spacing.y = 0.0;
        for row in 0..roles.len().div_ceil(n_columns) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = space::L;
                // Down the first column, then down the second.
                let here = (0..n_columns).filter_map(|it| roles.get(it * roles.len().div_ceil(n_columns) + row));
                for role in here {
                    self.role_ui(ui, cx, log, *role, width);
                }
            });
        }
    }

    fn follow(&mut self, names: &[String]) {
        if self.of != names {
            self.of = names.to_vec();
            let nothing = Item::new("", "–", "No column: the log does not tell it");
            let columns = names.iter().take(MOST_LISTED).map(|it| Item::new(it, it, ""));
            self.items = std::iter::once(nothing).chain(columns).collect();
        }
    }

    fn role_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>, log: &ReadLog, role: Role, width: f32) {
        let theme = Theme::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(width, size::ROW), egui::Sense::hover());
        let (left, right) = rect.split_left_right_at_fraction(NAME_SHARE);
        let layout = Layout::left_to_right(Align::Center);
        let child = |ui: &mut Ui, at: Rect| ui.new_child(UiBuilder::new().max_rect(at).layout(layout));
        child(ui, left).add(Label::new(theme.dim(sentence(role.label()))).truncate());
        let taken = log.curves.columns.name(role).unwrap_or_default();
        let mut field = child(ui, right);
        let name = format!("Column for the {}", role.label());
        let chosen = combo_ui(&mut field, &name, right.width(), taken, &self.items);
        if let Some(name) = chosen.filter(|it| it != taken) {
            cx.ask(Action::Log(LogAction::ReadColumn { role, name }));
        }
    }
}
