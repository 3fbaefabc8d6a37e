//! What the pointer tells: a line through all charts of a run, and every value at that epoch.

use egui::{EventFilter, Grid, Key, Modifiers, Response, Stroke, Ui};

use super::chart::Chart;
use super::line::{Along, Pen};
use crate::run::{AfterRow, BandPoint, EpochRow, Run};
use crate::ui::text::counted;
use crate::ui::theme::{Ghost, Theme, size};
use crate::ui::{grouped, metric_label, metric_text, short_number};

/// Why the train curve is drawn where it is.
pub(crate) const TRAIN_HELP: &str = "Measured while the epoch goes on, as the mean over its steps and with dropout on where there is some. \
    Its middle is half an epoch before validation is measured, so it is drawn half an epoch earlier.";

/// The epoch whose values are nearest to an x; none where no epoch has ended.
pub(crate) fn nearest_epoch(run: &Run, along: Along, x: f64) -> Option<u64> {
    let behind = run.after.last().filter(|_| along.to_curve(x) > run.epoch() as f64 + 0.5);
    match behind {
        Some(last) => Some((along.to_curve(x).round() as u64).min(last.epoch)),
        None => run.history.nearest(along.to_curve(x)),
    }
}

/// The epoch that the arrow keys lead to while a chart has the keyboard: one by one, ten with shift.
pub(crate) fn moved_by_keys(ui: &Ui, chart: &Response, run: &Run, cursor: Option<u64>) -> Option<u64> {
    let (rows, after) = (&run.history.epochs, &run.after);
    let Some(last) = (rows.len() + after.len()).checked_sub(1).filter(|_| chart.has_focus()) else { return cursor };
    let arrows = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|it| it.set_focus_lock_filter(chart.id, arrows));
    let way = ui.input_mut(|it| {
        let mut pressed = |modifiers, key| it.consume_key(modifiers, key);
        let ten = isize::from(pressed(Modifiers::SHIFT, Key::ArrowRight))
            - isize::from(pressed(Modifiers::SHIFT, Key::ArrowLeft));
        let one = isize::from(pressed(Modifiers::NONE, Key::ArrowRight))
            - isize::from(pressed(Modifiers::NONE, Key::ArrowLeft));
        10 * ten + one
    });
    let place = |epoch| rows.partition_point(|it| it.epoch < epoch) + after.partition_point(|it| it.epoch < epoch);
    let idx = cursor.map_or(last, place).saturating_add_signed(way).min(last);
    rows.get(idx).map(|it| it.epoch).or_else(|| after.get(idx - rows.len()).map(|it| it.epoch))
}

/// An epoch's loss in words, for those who do not see it.
pub(crate) fn words(run: &Run, epoch: u64) -> String {
    let told = |of: &str, [train, validation]: [Option<String>; 2]| {
        let [train, validation] = [train, validation].map(|it| it.unwrap_or_else(|| "not measured".to_owned()));
        format!("At epoch {epoch}{of}: train loss {train}, validation loss {validation}")
    };
    match (run.history.row(epoch), after_at(run, epoch)) {
        (Some(row), _) => told("", measured(run, row)),
        (None, Some(row)) => {
            told(" of a copy that trained on", [row.train_loss, row.validation_loss].map(|it| Some(short_number(it))))
        }
        (None, None) => String::new(),
    }
}

/// The losses of an epoch, training first; none where nobody measured such a loss.
fn measured(run: &Run, row: &EpochRow) -> [Option<String>; 2] {
    let text = |name: &str, loss: f64| run.history.curve(name).map(|_| short_number(loss));
    [text("train_loss", row.train_loss), text("validation_loss", row.validation_loss)]
}

/// The line through a chart at an epoch.
pub(crate) fn paint_line(ui: &Ui, chart: &Chart, x: f64) {
    let theme = Theme::of(ui);
    chart.painter.vline(chart.x(x), chart.frame().y_range(), Stroke::new(size::HAIRLINE, theme.faint));
}

/// A dot on a curve at an x of the chart.
pub(crate) fn paint_dot(ui: &Ui, chart: &Chart, x: f64, y: f64, pen: Pen) {
    if let Some(pos) = chart.at(x, y) {
        chart.painter.circle(pos, 3.5, pen.color, Stroke::new(1.5, Theme::of(ui).panel));
    }
}

/// Every value at an epoch, those of earlier runs included. `is_guessing`: only what the curves show as well.
pub(crate) fn readout_ui(ui: &mut Ui, run: &Run, ghosts: &[(&Run, Ghost, String)], epoch: u64, is_guessing: bool) {
    let theme = Theme::of(ui);
    let (own, after) = (run.history.row(epoch), after_at(run, epoch));
    let place = match (own, after) {
        // A log of another program may not know its steps.
        (Some(row), _) if row.step == 0 => String::new(),
        (Some(row), _) => format!("after step {}", grouped(row.step)),
        (None, Some(_)) => format!("of a copy, {} behind the stop", counted(epoch - run.epoch(), "epoch")),
        (None, None) => return,
    };
    ui.label(theme.strong(format!("Epoch {}", grouped(epoch))));
    if !place.is_empty() {
        ui.label(theme.small(place));
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    Grid::new("readout").num_columns(3).spacing([14.0, 3.0]).min_col_width(0.0).min_row_height(0.0).show(ui, |ui| {
        ui.label("");
        ui.label(theme.small("train").color(theme.train));
        ui.label(theme.small("validation").color(theme.validation));
        ui.end_row();
        if let Some(row) = own {
            row_ui(ui, theme, run, row, is_guessing);
        } else if let Some(row) = after {
            pair_ui(ui, theme, "Loss", &short_number(row.train_loss), &short_number(row.validation_loss));
        }
        seeds_ui(ui, theme, run, epoch);
        for (ghost, look, name) in ghosts {
            ghost_ui(ui, theme, ghost, *look, name, epoch);
            seeds_ui(ui, theme, ghost, epoch);
        }
    });
    for change in run.changes.iter().filter(|it| it.epoch == epoch) {
        ui.label(theme.small(format!("{} {} → {} by the {}", change.key, change.from, change.to, change.by)));
    }
    if own.is_some() && super::scene::measures_during(run) {
        ui.label(theme.small("Train is the mean over the epoch, drawn half an epoch earlier"));
    }
}

/// All that the run itself told at an epoch.
fn row_ui(ui: &mut Ui, theme: &Theme, run: &Run, row: &EpochRow, is_guessing: bool) {
    let [train, validation] = measured(run, row).map(Option::unwrap_or_default);
    pair_ui(ui, theme, "Loss", &train, &validation);
    for name in run.history.metric_names() {
        let value = |split: &str| {
            row.metrics.get(&format!("{split}_{name}")).map(|it| metric_text(name, *it)).unwrap_or_default()
        };
        pair_ui(ui, theme, metric_label(name), &value("train"), &value("validation"));
    }
    if is_guessing {
        return;
    }
    if run.history.curve("learning_rate").is_some() {
        pair_ui(ui, theme, "Learning rate", &short_number(row.learning_rate), "");
    }
    if let Some(norm) = row.gradient_norm {
        pair_ui(ui, theme, "Gradient norm", &short_number(norm), "");
    }
}

/// The lowest and highest loss of a run's seeds at an epoch, where several were trained that far.
fn seeds_ui(ui: &mut Ui, theme: &Theme, run: &Run, epoch: u64) {
    let Some(validation) = run.seeds.band_at("validation_loss", epoch) else { return };
    let span = |it: &BandPoint| format!("{}–{}", short_number(it.low), short_number(it.high));
    let train = run.seeds.band_at("train_loss", epoch).map(span).unwrap_or_default();
    pair_ui(ui, theme, &format!("its {} seeds", validation.n), &train, &span(validation));
}

fn pair_ui(ui: &mut Ui, theme: &Theme, name: &str, train: &str, validation: &str) {
    ui.label(theme.dim(name));
    ui.label(theme.mono(train));
    ui.label(theme.mono(validation));
    ui.end_row();
}

fn ghost_ui(ui: &mut Ui, theme: &Theme, ghost: &Run, look: Ghost, name: &str, epoch: u64) {
    ui.add(egui::Label::new(theme.dim(name).color(look.color)).truncate());
    if let Some(row) = ghost.history.row(epoch) {
        ui.label(theme.mono(short_number(row.train_loss)));
        ui.label(theme.mono(short_number(row.validation_loss)));
    } else {
        ui.label(theme.small(format!("ended at {}", ghost.epoch())));
        ui.label("");
    }
    ui.end_row();
}

fn after_at(run: &Run, epoch: u64) -> Option<&AfterRow> {
    run.after.iter().find(|it| it.epoch == epoch)
}
