//! What the runs reached, how far apart they are, and whether that is more than the seed makes.

use std::path::PathBuf;

use egui::{Align, Button, Grid, Label, Layout, ScrollArea, Sense, Ui, vec2};

use super::{Compare, Row, color};
use crate::diagnose::seeds::Difference;
use crate::studio::history::{SEEDS, Seeded};
use crate::studio::{Action, HistoryAction};
use crate::ui::text::{counted, duration_text, metric_label, metric_text};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{secondary_ui, small_icon_ui};
use crate::ui::{Cx, short_number};
use egui_material_icons::icons::ICON_CLOSE;

const NAME: f32 = 116.0;
const NUMBER: f32 = 66.0;
const SEEDS_WIDTH: f32 = 112.0;

impl Compare {
    pub(super) fn results_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let theme = Theme::of(ui);
        let baseline = self.baseline();
        ui.label(theme.strong("Results"));
        let mut chosen = None;
        ScrollArea::horizontal().id_salt("results").show(ui, |ui| {
            Grid::new("results").spacing(vec2(space::M, 2.0)).striped(true).show(ui, |ui| {
                for (title, help, width) in [
                    ("Run", "Click a name to hold the others against it", NAME),
                    ("Validation", "At the best epoch, in the target\u{2019}s own unit", NUMBER),
                    ("Difference", "To the run that the others are held against", NUMBER),
                    ("Over seeds", "Mean and deviation over all seeds that are known of these settings", SEEDS_WIDTH),
                    ("Test", "On the test rows, with the weights that were kept", NUMBER),
                    ("Difference", "To the run that the others are held against, on the test rows", NUMBER),
                    ("Epochs", "Epochs completed", NUMBER),
                    ("Took", "Wall time", NUMBER),
                ] {
                    let cell = cell_ui(ui, width, title == "Run" || title == "Over seeds", theme.small(title));
                    cell.on_hover_text(help);
                }
                ui.end_row();
                for (idx, row) in self.worked.rows.iter().enumerate() {
                    if name_ui(ui, row, idx, idx == baseline) {
                        chosen = Some(row.glance().folder.clone());
                    }
                    self.numbers_ui(ui, row, idx, baseline);
                    ui.end_row();
                }
            });
        });
        if let Some(chosen) = chosen {
            self.baseline = Some(chosen);
        }
        for (idx, row) in self.worked.rows.iter().enumerate() {
            if idx != baseline
                && let Some(text) = judged(row, &self.worked.rows[baseline])
            {
                ui.add(Label::new(theme.paragraph(text)).wrap());
            }
        }
        self.repeat_ui(ui, cx);
    }

    fn numbers_ui(&self, ui: &mut Ui, row: &Row, idx: usize, baseline: usize) {
        let theme = Theme::of(ui);
        let Some(told) = row.told() else {
            ui.label(theme.dim("damaged"));
            return;
        };
        let other = self.worked.rows[baseline].told().filter(|it| idx != baseline && it.metric == told.metric);
        let number = |ui: &mut Ui, value: Option<f64>| {
            let text = value.map_or_else(|| "–".to_owned(), |it| metric_text(told.metric, it));
            cell_ui(ui, NUMBER, false, theme.mono(text))
        };
        let difference = |ui: &mut Ui, own: Option<f64>, other: Option<f64>| {
            let value = own.zip(other).map(|(own, other)| own - other);
            let text = value.map_or_else(String::new, |it| signed(told.metric, it));
            cell_ui(ui, NUMBER, false, theme.mono(text).color(theme.dim));
        };
        let test = |it: &crate::session::Told| it.test.get(it.metric).copied();
        number(ui, told.best_metric).on_hover_text(format!(
            "{} at epoch {}",
            metric_label(told.metric),
            told.best_epoch
        ));
        difference(ui, told.best_metric, other.and_then(|it| it.best_metric));
        let seeds = cell_ui(ui, SEEDS_WIDTH, true, theme.mono(spread_text(told.metric, &row.seeds)));
        seeds.on_hover_text(seeds_help(&row.seeds));
        number(ui, test(told));
        difference(ui, test(told), other.and_then(test));
        cell_ui(ui, NUMBER, false, theme.mono(told.epochs.to_string()));
        cell_ui(ui, NUMBER, false, theme.mono(duration_text(told.seconds)));
    }

    /// The button that finds out what the seed makes, or how far that is.
    fn repeat_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let theme = Theme::of(ui);
        ui.add_space(space::XS);
        if let Some((folder, training)) = cx.studio.history.repeating.now() {
            let (at, of) = training.standing();
            let name = self.worked.rows.iter().find(|it| it.glance().folder == folder).map(|it| it.glance().name());
            let text = format!("Seed {} of {of} of {}", at.min(of), name.unwrap_or("another run"));
            ui.horizontal(|ui| {
                ui.label(theme.dim(text));
                if small_icon_ui(ui, ICON_CLOSE, "Cancel the seeds", "Stop; seeds that are through are kept").clicked()
                {
                    cx.ask(Action::History(HistoryAction::CancelRepeat));
                }
            });
            return;
        }
        let lacking: Vec<PathBuf> = self
            .worked
            .rows
            .iter()
            .filter(|it| (it.seeds.values.len() as u64) < SEEDS && it.run().is_some_and(|it| !it.is_live()))
            .filter(|it| it.told().is_some_and(crate::session::Told::stands_for_its_seed))
            .map(|it| it.glance().folder.clone())
            .collect();
        if lacking.is_empty() {
            return;
        }
        ui.add(
            Label::new(theme.paragraph(format!(
                "Whether a difference is more than chance is not known of {}: repeat with other seeds to know.",
                counted(lacking.len() as u64, "run")
            )))
            .wrap(),
        );
        let button = secondary_ui(ui, None, "Repeat with seeds");
        let help =
            format!("Trains each of these settings with {SEEDS} seeds in the background, and keeps what comes of it");
        if button.on_hover_text(help).clicked() {
            cx.ask(Action::History(HistoryAction::Repeat(lacking)));
        }
    }
}

/// Returns whether it was clicked.
fn name_ui(ui: &mut Ui, row: &Row, idx: usize, is_baseline: bool) -> bool {
    let theme = Theme::of(ui);
    ui.allocate_ui_with_layout(vec2(NAME, size::LINE), Layout::left_to_right(Align::Center), |ui| {
        ui.set_min_width(NAME);
        ui.spacing_mut().item_spacing.x = 6.0;
        // As high as the numbers beside it.
        ui.spacing_mut().interact_size.y = size::LINE;
        ui.spacing_mut().button_padding = egui::Vec2::ZERO;
        let (dot, _) = ui.allocate_exact_size(egui::Vec2::splat(2.0 * size::DOT), Sense::hover());
        ui.painter().circle_filled(dot.center(), size::DOT, color(theme, idx));
        let name = row.glance().name();
        let text = if is_baseline { theme.strong(name) } else { theme.body(name) };
        let button = ui.add(Button::new(text).frame(false).truncate());
        let help =
            if is_baseline { "The others are held against this one" } else { "Hold the others against this one" };
        button.on_hover_text(help).clicked()
    })
    .inner
}

/// What the seeds say of a difference; none where they say nothing.
fn judged(row: &Row, baseline: &Row) -> Option<String> {
    let (own, other) = (row.told()?, baseline.told()?);
    if own.metric != other.metric || own.project.data != other.project.data {
        return None;
    }
    let Difference { value, by_chance, n, is_paired } = row.seeds.difference_to(&baseline.seeds)?;
    let difference = Difference { value, by_chance, n, is_paired };
    let over =
        if is_paired { format!("over the same {} seeds", n[0]) } else { format!("over {} and {} seeds", n[0], n[1]) };
    let (test, metric) = (if is_paired { "paired t-test" } else { "Welch\u{2019}s t-test" }, metric_label(own.metric));
    let [value_text, chance] = [value, by_chance].map(|it| unsigned(own.metric, it));
    let name = row.glance().name();
    Some(if difference.is_beyond() {
        let is_better = (value < 0.0) == (own.metric != "accuracy");
        let side = if is_better { "better" } else { "worse" };
        format!(
            "{name} is {side} by {value_text} {metric} {over}: more than the seed alone makes, which is up to {chance} ({test}, 95 %)."
        )
    } else {
        format!(
            "{name} differs by {value_text} {metric} {over}: the seed alone can make that; below {chance} nothing can be told ({test}, 95 %)."
        )
    })
}

fn spread_text(metric: &str, seeded: &Seeded) -> String {
    match seeded.summary() {
        Some(it) => format!("{} ± {}", metric_text(metric, it.mean), unsigned(metric, it.deviation)),
        None => "one seed".to_owned(),
    }
}

fn seeds_help(seeded: &Seeded) -> String {
    let seeds: Vec<String> =
        seeded.values.iter().map(|(seed, it)| format!("seed {seed}: {}", short_number(*it))).collect();
    if seeds.len() < 2 {
        return "Only one seed is known of these settings: what the seed alone makes cannot be told".to_owned();
    }
    format!("Mean and deviation over {} seeds. {}", seeds.len(), seeds.join(", "))
}

fn signed(metric: &str, value: f64) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", unsigned(metric, value))
}

fn unsigned(metric: &str, value: f64) -> String {
    metric_text(metric, value.abs())
}

/// Numbers stand at the right of their column, words at the left.
fn cell_ui(ui: &mut Ui, width: f32, is_left: bool, text: egui::RichText) -> egui::Response {
    let layout = if is_left { Layout::left_to_right(Align::Center) } else { Layout::right_to_left(Align::Center) };
    ui.allocate_ui_with_layout(vec2(width, size::LINE), layout, |ui| {
        ui.set_min_size(vec2(width, size::LINE));
        ui.add(Label::new(text).truncate().selectable(false))
    })
    .inner
}
