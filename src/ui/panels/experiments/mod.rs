//! Experiments on copies of the training: which way the learning rate is wrong, and which rates are worth trying.

mod probe;
mod range;

use egui::{Align, Layout, Ui, UiBuilder, vec2};

use super::{Cx, Home, Panel, PanelDef};
use crate::run::Run;
use crate::studio::{Action, RunAction};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, secondary_ui};

pub(super) const EXPERIMENTS: PanelDef =
    PanelDef { id: "experiments", title: "Experiments", home: Home::Bottom, make: || Box::new(Experiments) };

/// Has no state of its own: results belong to the run.
struct Experiments;

/// One experiment: what it asks, how it is started, and what is shown before it was.
struct Question {
    title: &'static str,
    button: &'static str,
    help: &'static str,
    action: RunAction,
}

impl Panel for Experiments {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(run) = cx.run().cloned() else {
            return empty_ui(
                ui,
                "Nothing to experiment with yet",
                "Press Train (space). Then copies of the training try other learning rates here, while the run itself stays as it is",
            );
        };
        if cx.studio.runs.log.is_some() {
            return empty_ui(
                ui,
                "No training to experiment with",
                "These curves were logged by another program. Train the project at the left, and copies of that training try other learning rates here",
            );
        }
        let rect = ui.available_rect_before_wrap();
        let width = (rect.width() - space::XL) / 2.0;
        let mut half = |idx: f32, add: &mut dyn FnMut(&mut Ui, &mut Cx<'_>)| {
            let at =
                egui::Rect::from_min_size(rect.min + vec2(idx * (width + space::XL), 0.0), vec2(width, rect.height()));
            let mut ui = ui.new_child(UiBuilder::new().max_rect(at).layout(Layout::top_down(Align::LEFT)));
            add(&mut ui, cx);
        };
        half(0.0, &mut |ui, cx| probe_ui(ui, cx, &run));
        half(1.0, &mut |ui, cx| range_ui(ui, cx, &run));
        ui.advance_cursor_after_rect(rect);
    }
}

fn probe_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
    let question = Question {
        title: "Rate too high or too low?",
        button: "Try both",
        help: "Trains copies for two epochs at a third and at three times the learning rate, from the weights and the optimizer's memory as they are now, and compares where they get to",
        action: RunAction::Probe,
    };
    question_ui(ui, cx, &question, run.probe.as_ref().map(|it| it.text.as_str()));
    if let Some(probe) = &run.probe {
        probe::chart_ui(ui, probe);
    }
}

fn range_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
    let question = Question {
        title: "Which rates to try?",
        button: "Range test",
        help: "Trains a copy whose learning rate grows with every step until its loss explodes. The run itself stays as it is",
        action: RunAction::RangeTest,
    };
    question_ui(ui, cx, &question, run.range_test.as_ref().map(|it| it.text.as_str()));
    if let Some(test) = &run.range_test {
        range::chart_ui(ui, test);
    }
}

fn question_ui(ui: &mut Ui, cx: &mut Cx<'_>, question: &Question, answer: Option<&str>) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        // From the right, so that a narrow tab cuts the title and not the button.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let can_start = cx.studio.runs.can_experiment();
            let button = ui.add_enabled_ui(can_start, |ui| secondary_ui(ui, None, question.button)).inner;
            let button = button.on_hover_text(question.help).on_disabled_hover_text(
                "Only the training that is in memory can be copied; train again to experiment with it",
            );
            if button.clicked() {
                cx.ask(Action::Run(question.action.clone()));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(egui::Label::new(theme.strong(question.title)).truncate());
            });
        });
    });
    let text = answer.unwrap_or(question.help);
    ui.add(egui::Label::new(theme.paragraph(text)).wrap());
    ui.add_space(space::XS);
}
