//! The runs as a table: only the lines in sight are drawn, however many there are.

use egui::accesskit::Role;
use egui::{Align, EventFilter, Label, Layout, Rect, Response, ScrollArea, Sense, Stroke, StrokeKind, Ui, WidgetInfo};
use egui_extras::{TableBuilder, TableRow};
use egui_material_icons::icons::{ICON_ARROW_DOWNWARD, ICON_ARROW_UPWARD};
use strum::IntoEnumIterator as _;

use super::{Runs, View, cells, folders};
use crate::studio::history::Column;
use crate::ui::Cx;
use crate::ui::theme::{Theme, size, space};

/// Height of a line.
pub(super) const ROW: f32 = 26.0;

impl Runs {
    pub(super) fn table_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let rect = ui.available_rect_before_wrap();
        let table = self.ground_ui(ui, rect);
        if table.has_focus() {
            self.keys(ui, cx, rect);
        }
        let mut clicked = None;
        ScrollArea::horizontal().id_salt("across").auto_shrink(false).show(ui, |ui| {
            let mut builder = TableBuilder::new(ui)
                .id_salt(("runs", self.view == View::Tree))
                .sense(Sense::click())
                .auto_shrink(false)
                .animate_scrolling(false)
                .cell_layout(Layout::left_to_right(Align::Center));
            if let Some(line) = self.reveal.take() {
                builder = builder.scroll_to_row(line, None);
            }
            for column in Column::iter() {
                // What a run began from stands beside its name.
                let is_wider = self.view == View::Tree && column == Column::Name;
                let width = cells::width(column) + if is_wider { cells::ORIGIN } else { 0.0 };
                builder = builder.column(match column {
                    Column::Star => egui_extras::Column::exact(width),
                    _ => egui_extras::Column::initial(width).at_least(40.0).clip(true).resizable(true),
                });
            }
            let table = builder.header(size::LINE + space::S, |mut row| {
                for column in Column::iter() {
                    row.col(|ui| self.head_ui(ui, column));
                }
            });
            table.body(|body| {
                body.rows(ROW, self.lines.len(), |mut row| {
                    let idx = row.index();
                    if let Some(keys) = self.row_ui(&mut row, cx, idx) {
                        clicked = Some((idx, keys));
                    }
                });
            });
        });
        if let Some((idx, keys)) = clicked {
            self.selection.click(&folders(&self.lines), idx, keys);
            table.request_focus();
        }
        if table.has_focus() {
            let ring = Stroke::new(size::FOCUS_RING, Theme::of(ui).accent);
            ui.painter().rect_stroke(rect, size::CONTROL_RADIUS, ring, StrokeKind::Outside);
        }
    }

    /// What the keyboard stands on.
    fn ground_ui(&mut self, ui: &Ui, rect: Rect) -> Response {
        let table = ui.interact(rect, ui.scope_id().with("runs"), Sense::focusable_noninteractive());
        self.table = Some(table.id);
        let summary = format!("Runs: {} listed, {} chosen", self.lines.len(), self.selection.len());
        table.widget_info(|| WidgetInfo::labeled(Role::Table, true, &summary));
        let filter = EventFilter { vertical_arrows: true, escape: true, ..EventFilter::default() };
        ui.memory_mut(|it| it.set_focus_lock_filter(table.id, filter));
        table
    }

    fn head_ui(&mut self, ui: &mut Ui, column: Column) {
        let (title, help) = cells::head(column);
        let theme = Theme::of(ui);
        let is_sorted = self.query.sort == column;
        let ink = if is_sorted { theme.text } else { theme.dim };
        let icon = if self.query.is_descending { ICON_ARROW_DOWNWARD } else { ICON_ARROW_UPWARD };
        let arrow = icon.rich_text().size(12.0).color(ink);
        let shown = if column == Column::Star { "" } else { title };
        let button = match (is_sorted, column) {
            (true, Column::Star) => egui::Button::new(arrow),
            (false, Column::Star) => {
                egui::Button::new(egui_material_icons::icons::ICON_STAR.rich_text().size(12.0).color(ink))
            }
            (true, _) => egui::Button::new((theme.small(shown).color(ink), arrow)),
            (false, _) => egui::Button::new(theme.small(shown).color(ink)),
        };
        let button = ui.add(button.frame(false)).on_hover_text(help);
        let name = format!("Sort by {}", title.to_lowercase());
        button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if button.clicked() {
            self.query.sort_by(column);
        }
    }

    /// One line. Returns the keys held where it was clicked.
    fn row_ui(&mut self, row: &mut TableRow<'_, '_>, cx: &mut Cx<'_>, idx: usize) -> Option<egui::Modifiers> {
        let line = &self.lines[idx];
        let is_chosen = self.selection.has(&line.run.folder);
        row.set_selected(is_chosen);
        let mut name = None;
        for column in Column::iter() {
            let (_, cell) = row.col(|ui| cells::cell_ui(ui, cx, line, column));
            if column == Column::Name {
                name = Some(cell);
            }
        }
        let response = row.response();
        if let Some(name) = name {
            let text = cells::summary(line);
            name.widget_info(|| WidgetInfo::selected(Role::Row, true, is_chosen, &text));
        }
        let run = std::sync::Arc::clone(&line.run);
        if response.double_clicked() {
            super::keys::open(cx, &run);
            return None;
        }
        if response.secondary_clicked() && !is_chosen {
            self.selection.only(&run.folder);
        }
        response.context_menu(|ui| self.menu_ui(ui, cx));
        response.clicked().then(|| response.ctx.input(|it| it.modifiers))
    }
}

/// A cell's words, cut where they do not fit, and all of them under the pointer.
pub(super) fn words_ui(ui: &mut Ui, text: egui::RichText) -> Response {
    ui.add(Label::new(text).truncate().selectable(false))
}
