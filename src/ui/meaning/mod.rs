//! What every number on screen means: its name, a plain sentence, the formula, and this run's values in it.
//!
//! A meaning is made only while the pointer rests on the number or a screen reader asks. Values are shown only
//! where the formula, worked out with them, gives the number on screen.

mod data;
mod metric;
mod run;
mod setup;

use egui::{Label, Response, Ui};

pub(super) use data::{cell, class_share, column, missing, split};
pub(super) use metric::{baseline, loss, metric, of_epoch};
pub(super) use run::{
    best_loss, confusion_cell, countdown, device_speed, epoch, epochs_saved, finding_number, fit, forgotten,
    gradient_norm, interruption_cost, keeps, learning_rate, loss_given_up, probe, progress, range_test, recall, seeds,
    stops, time_left,
};
pub(super) use setup::{memory, parameters, steps_per_epoch, time_per_epoch};

use super::theme::{Theme, space};

/// How far a formula's result may lie from the number on screen, as a share of it: some values are kept in single
/// precision.
const AGREES: f64 = 1e-4;

/// What one number means.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Meaning {
    pub(super) name: String,
    /// One plain sentence.
    pub(super) about: String,
    /// In the notation of the rules' formulas; empty for what is read off and not computed.
    pub(super) formula: String,
    /// The formula with this run's values, such as `559 / 573 = 97.6 %`; empty where they are not known.
    pub(super) values: String,
    /// What the formula gives with these values.
    pub(super) result: Option<f64>,
}

impl Meaning {
    pub(super) fn new(name: impl Into<String>, about: impl Into<String>, formula: impl Into<String>) -> Self {
        Self { name: name.into(), about: about.into(), formula: formula.into(), ..Self::default() }
    }

    /// With this run's values, and what the formula gives with them.
    pub(super) fn with(self, values: impl Into<String>, result: f64) -> Self {
        Self { values: values.into(), result: Some(result), ..self }
    }

    /// The same, if the formula then gives the number that is shown.
    pub(super) fn with_if_it_is(self, shown: f64, worked: Option<(String, f64)>) -> Self {
        match worked {
            Some((values, result)) if agrees(result, shown) => self.with(values, result),
            Some(_) | None => self,
        }
    }

    /// All in one line, for those who do not see it.
    pub(super) fn text(&self) -> String {
        let formula = [&self.formula, &self.values].into_iter().filter(|it| !it.is_empty()).cloned();
        let formula = formula.collect::<Vec<_>>().join(" = ");
        [self.name.as_str(), &self.about, &formula]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>()
            .join(". ")
    }

    fn ui(&self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        ui.spacing_mut().item_spacing.y = space::XS;
        ui.add(Label::new(theme.strong(&self.name)).wrap());
        ui.add(Label::new(theme.paragraph(&self.about)).wrap());
        if !self.formula.is_empty() {
            ui.add_space(space::XS);
            ui.add(Label::new(theme.mono(&self.formula).color(theme.dim)).wrap());
        }
        if !self.values.is_empty() {
            let sign = if self.formula.is_empty() { "" } else { "= " };
            ui.add(Label::new(theme.mono(format!("{sign}{}", self.values))).wrap());
        }
    }
}

fn agrees(result: f64, shown: f64) -> bool {
    (result - shown).abs() <= AGREES * shown.abs().max(1e-9)
}

/// Tells what a number means where it is shown.
pub(super) trait HoverMeaning {
    /// A card under the pointer, and the same in words for screen readers.
    fn on_hover_meaning(self, ui: &Ui, meaning: impl Fn() -> Meaning) -> Self;
}

impl HoverMeaning for Response {
    fn on_hover_meaning(self, ui: &Ui, meaning: impl Fn() -> Meaning) -> Self {
        // Called only while a screen reader listens.
        ui.ctx().accesskit_node_builder(self.id, |node| node.set_description(meaning().text()));
        self.on_hover_ui(|ui| meaning().ui(ui))
    }
}
