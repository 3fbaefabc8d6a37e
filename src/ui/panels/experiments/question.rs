//! The questions of the tab: what each asks, how it is started, and what came of it.

use egui::{Label, Ui};

use super::{probe, range, seeds, strip};
use crate::run::Run;
use crate::studio::{Action, RunAction};
use crate::ui::Cx;
use crate::ui::theme::Theme;
use crate::ui::widgets::secondary_ui;

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Which way the learning rate is wrong.
    Rate,
    /// Which rates are worth trying.
    Range,
    /// Whether two settings differ by more than the seed makes.
    Seeds,
}

/// All of them, in their order on screen.
pub(super) const QUESTIONS: [Question; 3] = [Question::Rate, Question::Range, Question::Seeds];

const RATE_HELP: &str = "Trains copies for two epochs at a third and at three times the learning rate, from the weights and the optimizer's memory as they are now, and compares where they get to";
const RANGE_HELP: &str =
    "Trains a copy whose learning rate grows with every step until its loss explodes. The run itself stays as it is";

impl Question {
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Rate => "Rate too high or too low?",
            Self::Range => "Which rates to try?",
            Self::Seeds => "Is the difference real?",
        }
    }

    /// What starts it, from right to left.
    pub(super) fn controls_ui(self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, k: &mut u64) {
        match self {
            Self::Rate => start_ui(ui, cx, "Try both", RATE_HELP, RunAction::Probe),
            Self::Range => start_ui(ui, cx, "Range test", RANGE_HELP, RunAction::RangeTest),
            Self::Seeds => seeds::controls_ui(ui, cx, run, k),
        }
    }

    /// What came of it in words; before, what it does.
    pub(super) fn words_ui(self, ui: &mut Ui, cx: &Cx<'_>, run: &Run) {
        let said = |answer: Option<&String>, help: &str| answer.map_or_else(|| help.to_owned(), Clone::clone);
        let text = match self {
            Self::Rate => said(run.probe.as_ref().map(|it| &it.text), RATE_HELP),
            Self::Range => said(run.range_test.as_ref().map(|it| &it.text), RANGE_HELP),
            Self::Seeds => return seeds::words_ui(ui, cx, run),
        };
        ui.add(Label::new(Theme::of(ui).paragraph(text)).wrap());
    }

    pub(super) fn has_outcome(self, cx: &Cx<'_>, run: &Run) -> bool {
        match self {
            Self::Rate => run.probe.is_some(),
            Self::Range => run.range_test.is_some(),
            Self::Seeds => seeds::is_told(cx, run),
        }
    }

    /// What came of it, drawn.
    pub(super) fn outcome_ui(self, ui: &mut Ui, cx: &Cx<'_>, run: &Run, height: f32) {
        match self {
            Self::Rate => run.probe.iter().for_each(|it| probe::chart_ui(ui, it, height)),
            Self::Range => run.range_test.iter().for_each(|it| range::chart_ui(ui, it, height)),
            Self::Seeds => strip::chart_ui(ui, &seeds::strips(Theme::of(ui), cx, run), height),
        }
    }
}

/// Starts an experiment on a copy of the training that is in memory.
fn start_ui(ui: &mut Ui, cx: &mut Cx<'_>, text: &str, help: &str, action: RunAction) {
    let can_start = cx.studio.runs.can_experiment();
    let button = ui.add_enabled_ui(can_start, |ui| secondary_ui(ui, None, text)).inner;
    let button = button
        .on_hover_text(help)
        .on_disabled_hover_text("Only the training that is in memory can be copied; train again to experiment with it");
    if button.clicked() {
        cx.ask(Action::Run(action));
    }
}
