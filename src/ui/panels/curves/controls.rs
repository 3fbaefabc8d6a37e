//! How the curves are looked at: x in epochs or steps, y linear or log, smoothing, and back to all of it.

use egui::{Button, DragValue, Popup, RichText, TextStyle, Ui};

use super::Curves;
use crate::run::Run;
use crate::spec::number_text;
use crate::ui::metric_label;
use crate::ui::plot::scene::Unit;
use crate::ui::theme::Theme;
use crate::ui::widgets::{secondary_ui, segmented_ui};

const SMOOTHING_HELP: &str = "How much of the past the strong line keeps over a hundredth of the chart: 0 shows the values as they are. \
    Drag it or click to type. Only the drawing is smoothed: findings, markers and early stopping use the values themselves.";

impl Curves {
    /// From right to left.
    pub(super) fn controls_ui(&mut self, ui: &mut Ui, run: &Run) {
        let smoothing = DragValue::new(&mut self.smoothing)
            .range(0.0..=super::MOST_SMOOTHING)
            .speed(0.004)
            .prefix("Smooth ")
            .custom_formatter(|it, _| number_text((it * 1000.0).round() / 1000.0));
        ui.add(smoothing).on_hover_text(SMOOTHING_HELP).accessible_name("Smoothing");
        let scales =
            [(false, "Linear", ""), (true, "Log", "Equal factors are equally far apart: shows small losses apart")];
        if segmented_ui(ui, &mut self.is_log, &scales) {
            self.y[0] = None;
        }
        let units = [
            (Unit::Epochs, "Epochs", "One pass over the training rows"),
            (Unit::Steps, "Steps", "One update of the weights"),
        ];
        if counts_steps(run) && segmented_ui(ui, &mut self.unit, &units) {
            (self.x, self.y) = (None, [None; 2]);
        }
        let is_zoomed = self.x.is_some() || self.y.iter().any(Option::is_some);
        if is_zoomed
            && secondary_ui(ui, None, "Fit")
                .on_hover_text("Show all of the run and follow it (double click on a chart)")
                .clicked()
        {
            (self.x, self.y) = (None, [None; 2]);
        }
    }
}

/// Whether x can count steps: in curves that another program logged no one may know how many make an epoch.
pub(super) fn counts_steps(run: &Run) -> bool {
    // Where a fork has changed the batch size, steps of both parts are not equally long.
    (run.is_live() || run.started.steps_per_epoch > 0) && run.pace().step == 0
}

/// A chart's name as a menu of the metrics that were measured. Returns the one that was chosen.
pub(super) fn title_menu_ui(ui: &mut Ui, metric: &str, names: &[&str]) -> Option<String> {
    let theme = Theme::of(ui);
    let title = theme.heading(metric_label(metric));
    if names.len() < 2 {
        ui.label(title);
        return None;
    }
    let chevron = egui_material_icons::icons::ICON_EXPAND_MORE.rich_text().size(16.0).color(theme.dim);
    let response = ui
        .add(Button::new((title, chevron)).frame(false))
        .accessible_name("Metric")
        .on_hover_text("Choose another metric");
    let chosen = Popup::menu(&response).show(|ui| {
        let item = |ui: &mut Ui, name: &&str| {
            ui.add(Button::selectable(*name == metric, RichText::new(metric_label(name)).text_style(TextStyle::Body)))
                .clicked()
        };
        names.iter().find(|name| item(ui, name)).map(|it| (*it).to_owned())
    });
    chosen.and_then(|it| it.inner)
}
