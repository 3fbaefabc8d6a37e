//! The card of a log: whose curves these are, and how much of the doctor they let speak.

use egui::Ui;

use super::card::plain_ui;
use crate::diagnose::RULES;
use crate::run::Run;
use crate::studio::ReadLog;
use crate::ui::text::{counted, sentence};
use crate::ui::theme::Theme;
use crate::ui::widgets::link_ui;
use crate::ui::{Cx, Wish};

pub(super) fn log_ui(ui: &mut Ui, cx: &mut Cx<'_>, log: &ReadLog, run: &Run) {
    let theme = Theme::of(ui);
    let verdict = if run.findings.is_empty() { " No rule sees trouble in them." } else { "" };
    let text = format!(
        "{}, {}. They were logged by another program; the project at the left has no part in them.{verdict}",
        sentence(log.curves.format.label()),
        counted(run.history.epochs.len() as u64, "epoch"),
    );
    plain_ui(ui, theme.accent, &log.name(), "log", &text, |ui| {
        let text = silent_text(log);
        if !log.silent.is_empty() && link_ui(ui, &text).on_hover_text("Which ones, and what they lack").clicked() {
            cx.wish(Wish::ShowSource);
        }
    });
}

/// `13 of 29 rules stay silent`.
pub(in crate::ui::panels) fn silent_text(log: &ReadLog) -> String {
    format!("{} of {} rules stay silent", log.silent.len(), RULES.len())
}
