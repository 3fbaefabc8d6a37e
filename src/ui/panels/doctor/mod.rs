//! Doctor: what the curves mean, in plain words, each finding with its numbers and a way to settle it.

mod card;
mod ending;
mod finding;
mod log;
mod patience;

use std::collections::BTreeSet;

use egui::{Label, Ui};
use egui_material_icons::icons::ICON_RIGHT_PANEL_CLOSE;

use super::{Cx, Home, Panel, PanelDef};
use crate::run::{FindingRow, Run};
use crate::ui::Wish;
use crate::ui::plot::watch::Watch;
use crate::ui::text::{counted, rule_label, short_number};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, link_ui, scroll_ui, small_icon_ui};

pub(super) use log::silent_text;

pub(super) const DOCTOR: PanelDef =
    PanelDef { id: "doctor", title: "Doctor", home: Home::Right, make: || Box::<Doctor>::default() };

/// Epochs before good news is worth a card.
const FEWEST_FOR_NEWS: u64 = 5;
/// How long ago the best epoch may be and still be news.
const NEWS_LASTS: u64 = 2;

/// The cards. Owns only which of them are unfolded.
#[derive(Default)]
struct Doctor {
    /// Rules whose reasons are shown.
    explained: BTreeSet<String>,
    shows_cleared: bool,
    watch: Watch,
}

impl Panel for Doctor {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        header_ui(ui, cx);
        if cx.is_guessing() {
            return empty_ui(
                ui,
                "The doctor waits for your guess",
                "What it sees, with its numbers, is told once you have answered",
            );
        }
        let studio = cx.studio;
        let Some(run) = studio.runs.shown.as_ref() else {
            return empty_ui(
                ui,
                "Nothing to look at yet",
                "Press Train, and what the curves mean is told here in plain words, each with its numbers and something to try.",
            );
        };
        self.watch.follow(run);
        scroll_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = space::M;
            self.cards_ui(ui, cx, run);
            ui.add_space(space::XS);
        });
    }
}

impl Doctor {
    fn cards_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        if let Some(finished) = &run.finished {
            ending::ending_ui(ui, cx, run, finished);
        } else if cx.studio.runs.can_continue() {
            ending::interrupted_ui(ui, cx, run);
        }
        let studio = cx.studio;
        if let Some(log) = &studio.runs.log {
            log::log_ui(ui, cx, log, run);
        }
        let findings = by_severity(&run.findings);
        let raised = cx.spotlight.take_raised();
        for finding in &findings {
            self.finding_ui(ui, cx, finding, run, raised.as_ref() == Some(&finding.rule));
        }
        if run.is_live() {
            patience::countdown_ui(ui, cx, run, &self.watch);
            if findings.is_empty() {
                news_ui(ui, run);
            }
        }
        if !run.cleared.is_empty() {
            self.cleared_ui(ui, run);
        }
    }

    fn finding_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, finding: &FindingRow, run: &Run, is_raised: bool) {
        let mut is_explained = self.explained.contains(&finding.rule);
        finding::finding_ui(ui, cx, finding, run, &mut is_explained, is_raised);
        if is_explained {
            self.explained.insert(finding.rule.clone());
        } else {
            self.explained.remove(&finding.rule);
        }
    }

    /// What was once seen and is over, folded into a line.
    fn cleared_ui(&mut self, ui: &mut Ui, run: &Run) {
        let theme = Theme::of(ui);
        let n = counted(run.cleared.len() as u64, "finding");
        let text = if self.shows_cleared { format!("Hide {n} that cleared") } else { format!("Show {n} that cleared") };
        if link_ui(ui, &text).clicked() {
            self.shows_cleared = !self.shows_cleared;
        }
        if !self.shows_cleared {
            return;
        }
        for finding in run.cleared.iter().rev() {
            let span = format!("Epochs {} to {}: {}", finding.from_epoch, finding.epoch, finding.text);
            ui.add(Label::new(theme.strong(rule_label(&finding.rule)).color(theme.dim)));
            ui.add(Label::new(theme.paragraph(span)).wrap());
        }
    }
}

fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.label(theme.section_label("Doctor"));
        ui.add_space((ui.available_width() - size::SMALL_ICON - size::GUTTER).max(0.0));
        if small_icon_ui(ui, ICON_RIGHT_PANEL_CLOSE, "Fold doctor", "Fold the doctor away").clicked() {
            cx.wish(Wish::FoldDoctor);
        }
    });
}

/// Good news is a card too.
fn news_ui(ui: &mut Ui, run: &Run) {
    let theme = Theme::of(ui);
    let epoch = run.epoch();
    if epoch == 0 {
        ui.add(Label::new(theme.paragraph("Listening. The first words come once an epoch is complete.")).wrap());
        return;
    }
    let Some(best) = run.history.best_epoch().filter(|it| epoch >= FEWEST_FOR_NEWS && epoch - it.epoch <= NEWS_LASTS)
    else {
        let text = format!("Nothing stands out after {}.", counted(epoch, "epoch"));
        ui.add(Label::new(theme.paragraph(text)).wrap());
        return;
    };
    let text = format!(
        "Validation loss came down to {} in epoch {}, its lowest so far, and no rule sees trouble.",
        short_number(best.validation_loss),
        best.epoch
    );
    card::plain_ui(ui, theme.good, "Still learning", "good news", &text, |_| {});
}

/// The worst first; of equals the one that was seen last.
fn by_severity(findings: &[FindingRow]) -> Vec<&FindingRow> {
    let mut sorted: Vec<_> = findings.iter().collect();
    sorted.sort_by_key(|it| std::cmp::Reverse((it.severity, it.epoch)));
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{FindingState, Severity};

    #[test]
    fn the_worst_finding_comes_first() {
        let finding = |rule: &str, severity, epoch| FindingRow {
            rule: rule.to_owned(),
            state: FindingState::Raised,
            severity,
            grade: 0,
            epoch,
            from_epoch: 1,
            to_epoch: epoch,
            text: String::new(),
            evidence: std::collections::BTreeMap::new(),
            formula: String::new(),
            rival: String::new(),
            remedies: Vec::new(),
        };
        let findings = [
            finding("a", Severity::Info, 9),
            finding("b", Severity::Warning, 3),
            finding("c", Severity::Critical, 1),
            finding("d", Severity::Warning, 5),
        ];
        let order: Vec<_> = by_severity(&findings).iter().map(|it| it.rule.as_str()).collect();
        assert_eq!(order, ["c", "d", "b", "a"]);
    }
}
