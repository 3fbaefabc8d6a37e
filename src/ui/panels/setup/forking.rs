//! A fork that is being set up: where it begins, what it changes so far, and the way back.

use egui::{Label, Ui};

use crate::spec::Project;
use crate::studio::{Action, Planned, RunAction};
use crate::ui::Cx;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{card_ui, link_ui};

pub(super) fn planned_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(planned) = &cx.studio.runs.planned else { return };
    let theme = Theme::of(ui);
    let mut is_given_up = false;
    ui.add_space(space::XS);
    card_ui(ui, Some(theme.accent), |ui| {
        let parent = &planned.parent;
        ui.add(Label::new(theme.strong(format!("Fork of {} at epoch {}", parent.run, parent.epoch))).wrap());
        ui.add_space(space::XS);
        ui.add(Label::new(theme.paragraph(words(planned, cx.draft))).wrap());
        is_given_up = link_ui(ui, "Cancel the fork").on_hover_text("Back to what was set before (Escape)").clicked();
    });
    ui.add_space(space::S);
    if is_given_up {
        cx.ask(Action::Run(RunAction::CancelFork));
    }
}

/// What is changed so far, or what to do.
fn words(planned: &Planned, draft: &Project) -> String {
    match planned.change_words(draft) {
        Some(changes) => format!("From there on: {changes}. Train starts it; its parent stays on the chart."),
        None => "Change a knob, then press Train. What made the past, such as data and network, stays.".to_owned(),
    }
}
