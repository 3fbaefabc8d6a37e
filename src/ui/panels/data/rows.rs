//! Sample rows as a table.

use egui::{Label, ScrollArea, Sense, Ui, Vec2};
use egui_extras::{Column, TableBuilder};

use super::parts::{Part, Parts};
use crate::data::{ColumnKind, Dataset};
use crate::studio::Loaded;
use crate::ui::grouped;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::theme::{Theme, size, space};

const MOST_ROWS: usize = 200;
const ROW: f32 = 24.0;
const PART: f32 = 84.0;
const NUMBER: f32 = 88.0;
const WORDS: f32 = 120.0;
const TEXT: f32 = 320.0;

/// Rows taken evenly from all of the data.
pub(super) fn rows_ui(ui: &mut Ui, loaded: &Loaded, parts: &Parts) {
    let theme = Theme::of(ui);
    let dataset = &loaded.dataset;
    let rows = parts.rows(dataset.n_rows);
    let n_shown = rows.len().min(MOST_ROWS);
    let row_at = |idx: usize| rows[idx * rows.len() / n_shown.max(1)];
    ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        let mut table = TableBuilder::new(ui)
            .id_salt("rows")
            .striped(true)
            .auto_shrink(false)
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center));
        table = table.column(Column::exact(64.0)).column(Column::exact(PART));
        for column in &dataset.columns {
            table = table.column(Column::initial(width(dataset, &column.name)).clip(true).resizable(true));
        }
        let table = table.header(size::LINE + space::S, |mut row| {
            row.col(|ui| {
                ui.label(theme.small("Row"));
            });
            row.col(|ui| {
                ui.label(theme.small("Split"));
            });
            for profile in &loaded.profile {
                row.col(|ui| {
                    ui.add(Label::new(theme.small(profile.name.as_str())).truncate())
                        .on_hover_meaning(ui, || meaning::column(profile, dataset.n_rows));
                });
            }
        });
        table.body(|body| {
            body.rows(ROW, n_shown, |mut row| {
                let at = row_at(row.index());
                row.col(|ui| {
                    ui.label(theme.mono(grouped(at as u64 + 1)).color(theme.dim));
                });
                row.col(|ui| match parts.of_row(at) {
                    Some(part) => part_ui(ui, part),
                    None => drop(ui.label(theme.dim("none")).on_hover_text("It has no target, so it is left out")),
                });
                for column in &dataset.columns {
                    row.col(|ui| {
                        let cell = match column.text(at) {
                            Some(text) if column.kind == ColumnKind::Numeric => ui.label(theme.mono(text)),
                            Some(text) => ui.add(Label::new(theme.body(text)).truncate()),
                            None => ui.label(theme.dim("missing")),
                        };
                        cell.on_hover_meaning(ui, || meaning::cell(column, at, loaded.prepared.as_ref().ok()));
                    });
                }
            });
        });
    });
}

/// The part of the split, as a dot in its color and as a word.
fn part_ui(ui: &mut Ui, part: Part) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.x = space::XS;
    let (dot, _) = ui.allocate_exact_size(Vec2::splat(2.0 * size::DOT), Sense::hover());
    ui.painter().circle_filled(dot.center(), size::DOT - 1.0, part.color(theme));
    ui.label(theme.small(part.label()));
}

fn width(dataset: &Dataset, name: &str) -> f32 {
    match dataset.column(name).map(|it| it.kind) {
        Some(ColumnKind::Text) => TEXT,
        Some(ColumnKind::Category | ColumnKind::Identifier) => WORDS,
        Some(ColumnKind::Numeric | ColumnKind::Date | ColumnKind::Constant | ColumnKind::Empty) | None => NUMBER,
    }
}
