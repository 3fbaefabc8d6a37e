//! The rows above the charts: what each line is, its last value, and how to look at it.

use egui::{Response, Sense, Stroke, Ui, vec2};

use super::{Curves, Cx, Scene, controls, words};
use crate::diagnose::seeds::drawn_anew;
use crate::run::{EpochRow, Run, Series};
use crate::studio::{Action, RunAction};
use crate::ui::meaning::{self, HoverMeaning as _, Meaning};
use crate::ui::plot::hover;
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::plot::scene::measures_during;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{icon_button_ui, quiet_ui};
use crate::ui::{metric_text, short_number};

/// Below this width the controls get a row of their own.
const ONE_ROW: f32 = 640.0;
/// Below this width they wrap.
const NARROW: f32 = 370.0;
const ROOM_FOR_GHOSTS: f32 = 260.0;
const SWATCH: f32 = 18.0;
/// Width of the controls in a row, and of the entry of a band, which stands there where both have room.
const CONTROLS: f32 = 334.0;
const BAND_ENTRY: f32 = 80.0;

impl Curves {
    /// Name, last values and controls of the loss chart; earlier runs below.
    pub(super) fn loss_header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, scene: &Scene<'_>) {
        let theme = Theme::of(ui);
        let is_one_row = ui.available_width() >= ONE_ROW;
        ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL);
            ui.label(theme.heading("Loss"));
            let history = &scene.run.history;
            // Before the first epoch both are announced; behind it those that were measured are there.
            let value = |name: &str| match history.curve(name).and_then(Series::last) {
                Some(last) => Some(format!(" {}", short_number(last.y))),
                None => history.epochs.is_empty().then(String::new),
            };
            let last = history.epochs.last();
            if let Some(value) = value("train_loss") {
                let train = entry_ui(ui, Pen::train(theme), &format!("Train{value}"));
                if let Some(last) = last {
                    train.on_hover_meaning(ui, || train_loss(scene.run, last));
                }
            }
            if let Some(value) = value("validation_loss") {
                let validation = entry_ui(ui, Pen::validation(theme), &format!("Validation{value}"));
                if let Some(last) = last {
                    validation.on_hover_meaning(ui, || meaning::loss(scene.run, last, "validation"));
                }
            }
            let room = ui.available_width() - if is_one_row { CONTROLS } else { 0.0 };
            if scene.run.seeds.is_spread() && room > BAND_ENTRY {
                band_entry_ui(ui, scene.run);
            }
            if is_one_row {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| self.controls_ui(ui, scene.run));
            }
        });
        if ui.available_width() < NARROW {
            ui.horizontal_wrapped(|ui| self.controls_ui(ui, scene.run));
        } else if !is_one_row {
            ui.horizontal(|ui| {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| self.controls_ui(ui, scene.run));
            });
        }
        // Where there is little room these are told under the pointer only.
        if ui.available_height() <= ROOM_FOR_GHOSTS {
            return;
        }
        if !scene.ghosts.is_empty() {
            ui.horizontal_wrapped(|ui| {
                ui.label(theme.small("Validation of earlier runs"));
                for (ghost, look, name) in &scene.ghosts {
                    let pen = Pen { color: look.color, width: 1.5, style: look.style };
                    let last = ghost.history.epochs.last().map(|it| format!(" {}", short_number(it.validation_loss)));
                    let n = ghost.seeds.values().len();
                    let seeds = if ghost.seeds.is_spread() { format!(" · {n} seeds") } else { String::new() };
                    let entry = entry_ui(ui, pen, &format!("{name}{}{seeds}", last.unwrap_or_default()));
                    if let Some(row) = ghost.history.epochs.last() {
                        entry.on_hover_meaning(ui, || meaning::loss(ghost, row, "validation"));
                    }
                }
                if quiet_ui(ui, "Forget them").clicked() {
                    cx.ask(Action::Run(RunAction::ForgetGhosts));
                }
            });
        }
    }

    /// Name, last values and baseline of the metric chart.
    pub(super) fn metric_header_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let theme = Theme::of(ui);
        let run = scene.run;
        let names = run.history.metric_names();
        let metric = words::metric(run, self.metric.as_deref()).to_owned();
        ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL);
            if let Some(chosen) = controls::title_menu_ui(ui, &metric, &names) {
                (self.metric, self.y[1]) = (Some(chosen), None);
            }
            for (split, pen) in [("train", Pen::train(theme)), ("validation", Pen::validation(theme))] {
                if let Some(last) = run.history.curve(&format!("{split}_{metric}")).and_then(Series::last) {
                    let entry = entry_ui(ui, pen, &metric_text(&metric, last.y));
                    if let Some(row) = run.history.epochs.last() {
                        entry.on_hover_meaning(ui, || meaning::of_epoch(run, row, split, &metric));
                    }
                }
            }
            if let Some(baseline) = run.started.baseline.get(&metric) {
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let text = format!("{} = {}", words::baseline_name(run), metric_text(&metric, *baseline));
                    let label = ui.add(egui::Label::new(theme.dim(text)).truncate());
                    label.on_hover_meaning(ui, || meaning::baseline(run, &metric, *baseline));
                });
            }
        });
    }

    /// The last values of the strips, and the button that folds them.
    pub(super) fn strips_header_ui(&mut self, ui: &mut Ui, scene: &Scene<'_>, has_strips: bool) {
        let theme = Theme::of(ui);
        let icons = egui_material_icons::icons::ICON_EXPAND_MORE;
        let (icon, help) = if has_strips {
            (icons, "Fold the strips")
        } else {
            (egui_material_icons::icons::ICON_CHEVRON_RIGHT, "Unfold the strips")
        };
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = space::XS;
            let name = "Learning rate and gradient norm";
            if icon_button_ui(ui, icon, name, help).clicked() {
                self.has_strips = Some(!has_strips);
            }
            let value = |name: &str| scene.run.history.curve(name).and_then(Series::last).map(|it| short_number(it.y));
            for (name, key) in [("Learning rate", "learning_rate"), ("Gradient norm", "gradient_norm")] {
                let meaning = |run| {
                    if key == "learning_rate" { meaning::learning_rate(run) } else { meaning::gradient_norm(run) }
                };
                ui.label(theme.dim(name)).on_hover_meaning(ui, || meaning(scene.run));
                let value = value(key).unwrap_or_else(|| "–".to_owned());
                ui.label(theme.mono(value)).on_hover_meaning(ui, || meaning(scene.run));
                ui.add_space(space::S);
            }
        });
    }
}

/// A band as it is drawn, and whose it is.
fn band_entry_ui(ui: &mut Ui, run: &Run) {
    let theme = Theme::of(ui);
    let n = run.seeds.values().len();
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(SWATCH, size::LINE), Sense::hover());
        let band = rect.shrink2(vec2(0.0, 4.0));
        ui.painter().rect_filled(band, 0, Theme::band(theme.validation));
        for (y, color) in [
            (band.top(), Theme::faded(theme.validation)),
            (band.bottom(), Theme::faded(theme.validation)),
            (band.center().y, theme.validation),
        ] {
            ui.painter().hline(band.x_range(), y, Stroke::new(size::HAIRLINE, color));
        }
        ui.label(theme.dim(format!("{n} seeds")))
    });
    (row.response | row.inner).on_hover_text(format!(
        "Band: lowest to highest of {n} seeds, and the thin line their mean as long as all go on. The same project was trained with each: {} are drawn anew",
        drawn_anew(run)
    ));
}

/// The training loss, and why its curve is drawn where it is.
fn train_loss(run: &Run, row: &EpochRow) -> Meaning {
    let meaning = meaning::loss(run, row, "train");
    if measures_during(run) {
        return Meaning { about: format!("{} {}", meaning.about, hover::TRAIN_HELP), ..meaning };
    }
    meaning
}

/// A line as it is drawn, and what it is.
fn entry_ui(ui: &mut Ui, pen: Pen, text: &str) -> Response {
    let theme = Theme::of(ui);
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let (rect, _) = ui.allocate_exact_size(vec2(SWATCH, size::LINE), Sense::hover());
        paint_line(ui.painter(), &[rect.left_center(), rect.right_center()], pen);
        ui.label(theme.dim(text))
    });
    row.inner | row.response
}
