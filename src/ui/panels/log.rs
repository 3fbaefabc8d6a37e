//! The log of a run, line by line, newest last.

use egui::{Label, Layout, ScrollArea, Ui, vec2};
use egui_material_icons::icons::{ICON_CONTENT_COPY, ICON_WARNING};

use super::{Cx, Home, Panel, PanelDef};
use crate::run::{LogLine, Run};
use crate::ui::grouped;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, secondary_ui};

pub(super) const LOG: PanelDef = PanelDef { id: "log", title: "Log", home: Home::Bottom, make: || Box::new(Log) };

/// Room for `epoch 1,000`.
const EPOCH: f32 = 84.0;
const ICON: f32 = 18.0;

/// Has no state of its own: the newest line stays in sight unless one scrolls up.
struct Log;

impl Panel for Log {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(run) = cx.run().filter(|it| !it.log.is_empty()) else {
            return empty_ui(
                ui,
                "Nothing to tell yet",
                "Press Train (space): what the run does is written here, line by line",
            );
        };
        header_ui(ui, run);
        let height = size::LINE + space::XS;
        let lines = ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true);
        lines.show_rows(ui, height, run.log.len(), |ui, shown| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for line in &run.log[shown] {
                line_ui(ui, run, line, height);
            }
        });
    }
}

fn header_ui(ui: &mut Ui, run: &Run) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        let n_warnings = run.log.iter().filter(|it| it.is_warning).count();
        let warnings = match n_warnings {
            0 => String::new(),
            1 => " · 1 warning".to_owned(),
            n => format!(" · {n} warnings"),
        };
        let lines = if run.log.len() == 1 { "line" } else { "lines" };
        ui.label(theme.dim(format!("{} {lines}{warnings}", grouped(run.log.len() as u64))));
        ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
            if secondary_ui(ui, Some(ICON_CONTENT_COPY), "Copy log").clicked() {
                ui.ctx().copy_text(text_of(&run.log));
            }
        });
    });
}

fn line_ui(ui: &mut Ui, run: &Run, line: &LogLine, height: f32) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(height);
        ui.spacing_mut().item_spacing.x = space::S;
        ui.allocate_ui_with_layout(vec2(EPOCH, height), Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(EPOCH);
            let label = ui.label(theme.mono(epoch_text(line.epoch)).color(theme.dim));
            if let Some(row) = run.history.row(line.epoch) {
                label.on_hover_meaning(ui, || meaning::epoch(row));
            }
        });
        let (place, _) = ui.allocate_exact_size(vec2(ICON, height), egui::Sense::hover());
        if line.is_warning {
            let font = egui::FontId::new(ICON - 2.0, ICON_WARNING.font_family());
            ui.painter().text(place.center(), egui::Align2::CENTER_CENTER, ICON_WARNING.codepoint, font, theme.warning);
        }
        let text = if line.is_warning { theme.body(&line.text) } else { theme.dim(&line.text) };
        ui.add(Label::new(text).truncate().selectable(true));
    });
}

fn epoch_text(epoch: u64) -> String {
    if epoch == 0 { "start".to_owned() } else { format!("epoch {}", grouped(epoch)) }
}

/// All lines, as one would paste them into a letter.
fn text_of(log: &[LogLine]) -> String {
    let line = |it: &LogLine| {
        format!("{}\t{}{}\n", epoch_text(it.epoch), if it.is_warning { "warning: " } else { "" }, it.text)
    };
    log.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_lines_tell_their_epoch_and_which_are_of_trouble() {
        let line = |epoch, text: &str, is_warning| LogLine { epoch, text: text.to_owned(), is_warning };
        let log = [line(0, "Started", false), line(1200, "Disk full", true)];
        assert_eq!(text_of(&log), "start\tStarted\nepoch 1,200\twarning: Disk full\n");
    }
}
