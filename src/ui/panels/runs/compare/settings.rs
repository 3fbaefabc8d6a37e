//! The settings in which runs differ, as a table: one line a setting, one column a run.

use egui::{Grid, Label, ScrollArea, Ui, vec2};

use super::{Worked, color};
use crate::run::Run;
use crate::ui::theme::{Theme, size, space};

/// Widths of the setting's name and of a run's value.
const LABEL: f32 = 116.0;
const VALUE: f32 = 92.0;

pub(super) fn settings_ui(ui: &mut Ui, worked: &Worked) {
    let theme = Theme::of(ui);
    ui.label(theme.strong("Settings that differ"));
    if worked.settings.is_empty() {
        ui.add(Label::new(theme.dim("None: they were set up alike")).wrap());
    } else {
        table_ui(ui, theme, worked);
    }
    for row in &worked.rows {
        if let Some(turned) = row.run().and_then(Run::turned) {
            let text = format!("{}: {turned}, by hand", row.glance().name());
            ui.add(Label::new(theme.paragraph(text)).wrap());
        }
    }
}

fn table_ui(ui: &mut Ui, theme: &Theme, worked: &Worked) {
    ScrollArea::horizontal().id_salt("settings").show(ui, |ui| {
        Grid::new("settings that differ").spacing(vec2(space::M, 2.0)).striped(true).show(ui, |ui| {
            cell_ui(ui, LABEL, theme.small("Setting"));
            for (idx, row) in worked.rows.iter().enumerate() {
                cell_ui(ui, VALUE, theme.small(row.glance().name()).color(color(theme, idx)));
            }
            ui.end_row();
            for setting in &worked.settings {
                cell_ui(ui, LABEL, theme.body(&setting.label)).on_hover_text(setting.key);
                for value in &setting.values {
                    match value {
                        Some(text) => cell_ui(ui, VALUE, theme.mono(text)),
                        None => {
                            cell_ui(ui, VALUE, theme.dim("–")).on_hover_text("Its other choices leave no such setting")
                        }
                    };
                }
                ui.end_row();
            }
        });
    });
}

fn cell_ui(ui: &mut Ui, width: f32, text: egui::RichText) -> egui::Response {
    ui.scope(|ui| {
        ui.set_min_size(vec2(width, size::LINE));
        ui.set_max_width(width);
        ui.add(Label::new(text).truncate().selectable(false))
    })
    .inner
}
