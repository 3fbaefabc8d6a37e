//! The card of one finding: verdict, words, numbers, the remedy as a button, and why.

use egui::style::ScrollAnimation;
use egui::{Align, Label, Memory, Stroke, StrokeKind, Ui};

use super::card::{Number, numbers_ui, plain_ui};
use crate::diagnose::{EVIDENCE, RULES, advice, evidence};
use crate::run::{Evidence, FindingRow, Remedy, Run, Severity};
use crate::studio::{Action, RunAction};
use crate::ui::Cx;
use crate::ui::meaning;
use crate::ui::text::{percent_text, rule_label, short_number};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{link_ui, primary_ui, quiet_ui};

/// Numbers on the card before it is asked why.
const MOST_NUMBERS: usize = 3;

pub(super) fn finding_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    finding: &FindingRow,
    run: &Run,
    is_explained: &mut bool,
    is_raised: bool,
) {
    let theme = Theme::of(ui);
    let edge = theme.severity(finding.severity);
    let card = ui.push_id(&finding.rule, |ui| {
        plain_ui(ui, edge, &verdict(finding), &corner(finding), &finding.text, |ui| {
            let shown = in_order(finding).into_iter().take(MOST_NUMBERS);
            let rows: Vec<_> =
                shown.map(|(name, it)| number(finding, name, it, value_text(finding, name, it.value))).collect();
            numbers_ui(ui, &rows);
            advice_ui(ui, cx, finding);
            buttons_ui(ui, cx, finding, run, is_explained, is_raised);
            if *is_explained {
                why_ui(ui, cx, finding, run);
            }
        })
    });
    let card = card.inner.rect;
    if is_raised {
        ui.scroll_to_rect_animation(card, Some(Align::Min), ScrollAnimation::none());
    }
    let has_keyboard = ui
        .memory(Memory::focused)
        .and_then(|id| ui.ctx().read_response(id))
        .is_some_and(|it| card.contains(it.rect.center()));
    if ui.rect_contains_pointer(card) {
        cx.spotlight.point_at(&finding.rule);
    } else if has_keyboard {
        cx.spotlight.focus_on(&finding.rule);
    }
    if cx.spotlight.lit() == Some(finding.rule.as_str()) {
        ui.painter().rect_stroke(card, size::CARD_RADIUS, Stroke::new(size::HAIRLINE, edge), StrokeKind::Inside);
    }
}

/// The verdict in a few words.
fn verdict(finding: &FindingRow) -> String {
    let since = finding.from_epoch;
    match (finding.rule.as_str(), finding.severity) {
        ("plateau", Severity::Info) => format!("Settled since epoch {since}"),
        ("plateau", Severity::Warning | Severity::Critical) => format!("The loss is stuck since epoch {since}"),
        ("loss-not-finite", _) => format!("The loss blew up in epoch {since}"),
        (rule, _) => format!("{} since epoch {since}", rule_label(rule)),
    }
}

fn corner(finding: &FindingRow) -> String {
    match (finding.grade, finding.severity) {
        (1.., _) => format!("grade {} of 3", finding.grade),
        (0, Severity::Info) => "info".to_owned(),
        (0, Severity::Warning) => "warning".to_owned(),
        (0, Severity::Critical) => "critical".to_owned(),
    }
}

/// What to try where a log was trained. A remedy would change the project in the window, which has no part in it.
fn advice_ui(ui: &mut Ui, cx: &Cx<'_>, finding: &FindingRow) {
    let Some(words) = advice(&finding.rule).filter(|_| cx.studio.runs.log.is_some()) else { return };
    let theme = Theme::of(ui);
    ui.add_space(space::XS);
    ui.label(theme.strong("Worth trying"));
    ui.add(Label::new(theme.paragraph(words)).wrap());
}

fn buttons_ui(ui: &mut Ui, cx: &mut Cx<'_>, finding: &FindingRow, run: &Run, is_explained: &mut bool, is_raised: bool) {
    ui.add_space(space::XS);
    ui.horizontal_wrapped(|ui| {
        if let Some(remedy) = finding.remedies.first() {
            let button = primary_ui(ui, None, &attempt(remedy)).on_hover_text(remedy_text(remedy, run));
            if button.clicked() {
                cx.ask(Action::Run(RunAction::Try(remedy.clone())));
            }
        }
        let (text, help) = if *is_explained {
            ("Less", "Fold the reasons away")
        } else {
            ("Why?", "What was measured, against which thresholds, and what else it could be")
        };
        let why =
            quiet_ui(ui, text).on_hover_text(help).accessible_name(format!("{text} {}", rule_label(&finding.rule)));
        if is_raised {
            why.request_focus();
        }
        if why.clicked() {
            *is_explained = !*is_explained;
        }
    });
}

/// Everything measured, the cause that could look the same, and what else one might try.
fn why_ui(ui: &mut Ui, cx: &mut Cx<'_>, finding: &FindingRow, run: &Run) {
    let theme = Theme::of(ui);
    if let Some(rule) = RULES.iter().find(|it| it.id == finding.rule) {
        ui.add(Label::new(theme.paragraph(rule.about)).wrap());
    }
    let text = |name: &str, it: Evidence| {
        let value = value_text(finding, name, it.value);
        it.threshold.map_or(value.clone(), |threshold| format!("{value} / {}", value_text(finding, name, threshold)))
    };
    let rows = in_order(finding).into_iter().map(|(name, it)| number(finding, name, it, text(name, it)));
    numbers_ui(ui, &rows.collect::<Vec<_>>());
    if finding.evidence.values().any(|it| it.threshold.is_some()) {
        ui.label(theme.small("measured / threshold"));
    }
    if !finding.formula.is_empty() {
        ui.label(theme.strong("Formula"));
        ui.add(Label::new(theme.mono(&finding.formula).color(theme.dim)).wrap());
    }
    if !finding.rival.is_empty() {
        ui.label(theme.strong("What else it could be"));
        ui.add(Label::new(theme.paragraph(&finding.rival)).wrap());
    }
    for remedy in finding.remedies.iter().skip(1) {
        if link_ui(ui, &attempt(remedy)).on_hover_text(remedy_text(remedy, run)).clicked() {
            cx.ask(Action::Run(RunAction::Try(remedy.clone())));
        }
    }
}

/// `Try dropout 0.3`.
fn attempt(remedy: &Remedy) -> String {
    let mut chars = remedy.label.chars();
    let (first, second) = (chars.next(), chars.next());
    let keeps_its_capital = second.is_some_and(char::is_uppercase);
    match first {
        Some(first) if !keeps_its_capital => {
            format!("Try {}{}", first.to_lowercase(), remedy.label.get(first.len_utf8()..).unwrap_or_default())
        }
        _ => format!("Try {}", remedy.label),
    }
}

fn remedy_text(remedy: &Remedy, run: &Run) -> String {
    let set = |(key, value): (&String, &serde_json::Value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match run.project.get(key) {
            Some(before) => format!("{key} from {before} to {value}"),
            None => format!("{key} to {value}"),
        }
    };
    let sets: Vec<_> = remedy.set.iter().map(set).collect();
    format!("Sets {} and trains again from the start. This run stays on the chart to compare with", sets.join(", "))
}

/// The evidence that convinces most first.
fn in_order(finding: &FindingRow) -> Vec<(&str, Evidence)> {
    let rank = |name: &str| EVIDENCE.iter().position(|it| it.key == name).unwrap_or(EVIDENCE.len());
    let mut all: Vec<_> = finding.evidence.iter().map(|(name, it)| (name.as_str(), *it)).collect();
    all.sort_by_key(|(name, _)| rank(name));
    all
}

/// A line of evidence; `text` is its value as it is shown.
fn number<'a>(finding: &'a FindingRow, name: &'a str, it: Evidence, text: String) -> Number<'a> {
    let label = evidence(&finding.rule, name).map_or_else(|| name.replace('_', " "), |it| it.label.to_owned());
    (label, text, Box::new(move || meaning::finding_number(finding, name, it)))
}

fn value_text(finding: &FindingRow, name: &str, value: f64) -> String {
    let is_share = evidence(&finding.rule, name).is_some_and(|it| it.is_share);
    if is_share { percent_text(value) } else { short_number(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_reads_as_something_to_try() {
        let remedy = |label: &str| Remedy { label: label.to_owned(), set: std::collections::BTreeMap::new() };
        assert_eq!(attempt(&remedy("Dropout 0.3")), "Try dropout 0.3");
        assert_eq!(attempt(&remedy("SGD with momentum")), "Try SGD with momentum");
    }
}
