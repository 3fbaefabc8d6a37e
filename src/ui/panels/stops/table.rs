//! The rules in lines: when each would stop, what it would keep, and what that saves and gives up.

use egui::{Align, Grid, Label, Layout, Ui, vec2};

use super::Row;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::short_number;
use crate::ui::text::percent_text;
use crate::ui::theme::{Theme, size, space};

/// Width that the numbers beside a rule's name need.
const NUMBERS: f32 = 256.0;

const HEADS: [(&str, &str); 6] = [
    ("", "The rule's number on the curve"),
    ("Rule", ""),
    ("Stops", "The epoch behind which it would have stopped"),
    ("Keeps", "The epoch whose weights it would have kept"),
    ("Saved", "Epochs that would not have been trained"),
    ("Given up", "How much higher the kept validation loss is than the best of the whole curve"),
];

pub(super) fn table_ui(ui: &mut Ui, rows: &[Row]) {
    let theme = Theme::of(ui);
    let room = (ui.available_width() - NUMBERS).max(size::NUMBER_FIELD);
    Grid::new("stop rules").num_columns(HEADS.len()).spacing(vec2(space::M, 2.0)).striped(true).show(ui, |ui| {
        for (idx, (head, help)) in HEADS.into_iter().enumerate() {
            let response = cell_ui(ui, idx, |ui| ui.label(theme.small(head)));
            if !help.is_empty() {
                response.on_hover_text(help);
            }
        }
        ui.end_row();
        for (idx, row) in rows.iter().enumerate() {
            row_ui(ui, idx, row, room);
            ui.end_row();
        }
    });
}

fn row_ui(ui: &mut Ui, idx: usize, row: &Row, room: f32) {
    let theme = Theme::of(ui);
    let outcome = &row.outcome;
    let epoch = |it: Option<u64>| it.map_or_else(|| "–".to_owned(), |it| it.to_string());
    let stops = match (outcome.stop, outcome.reductions.len()) {
        (None, n) if n > 0 => format!("– ({n}×)"),
        (stop, _) => epoch(stop),
    };
    let saved = if outcome.stop.is_some() { outcome.epochs_saved.to_string() } else { "–".to_owned() };
    cell_ui(ui, 0, |ui| ui.label(theme.mono((idx + 1).to_string()).color(theme.dim)));
    let name = cell_ui(ui, 1, |ui| {
        ui.set_max_width(room);
        ui.add(Label::new(theme.body(row.rule.label)).selectable(false).truncate())
    });
    name.on_hover_text(format!("{}\n{}", row.rule.about, row.rule.source));
    let response = cell_ui(ui, 2, |ui| ui.label(theme.mono(stops)));
    response.on_hover_meaning(ui, || meaning::stops(outcome));
    let response = cell_ui(ui, 3, |ui| ui.label(theme.mono(epoch(outcome.kept))));
    response.on_hover_meaning(ui, || meaning::keeps(outcome));
    let response = cell_ui(ui, 4, |ui| ui.label(theme.mono(saved)));
    response.on_hover_meaning(ui, || meaning::epochs_saved(outcome));
    let given_up = outcome.loss_given_up.filter(|it| it.is_finite());
    let best = given_up.and_then(|it| outcome.kept_loss.map(|kept| kept - it));
    let text = match (given_up, best) {
        (Some(0.0), _) => "nothing".to_owned(),
        (Some(lost), Some(best)) if best > 0.0 => percent_text(lost / best),
        (Some(lost), _) => short_number(lost),
        (None, _) => "–".to_owned(),
    };
    let response = cell_ui(ui, 5, |ui| ui.label(theme.mono(text)));
    response.on_hover_meaning(ui, || meaning::loss_given_up(outcome));
}

/// Numbers stand at the right of their column, words at the left.
fn cell_ui(ui: &mut Ui, column: usize, add: impl FnOnce(&mut Ui) -> egui::Response) -> egui::Response {
    let layout = if column == 1 { Layout::left_to_right(Align::Center) } else { Layout::right_to_left(Align::Center) };
    ui.with_layout(layout, |ui| {
        ui.set_min_height(size::LINE);
        add(ui)
    })
    .inner
}
