//! How a run ended: what it reached, or what happened, what was saved and what to do next.

use egui::{Label, Ui};

use super::card::{Number, numbers_ui, plain_ui};
use crate::diagnose::was_stopping_right;
use crate::run::{FinishReason, Finished, Run};
use crate::spec::DeviceSpec;
use crate::studio::{Action, RunAction};
use crate::ui::Cx;
use crate::ui::meaning::{self, Meaning};
use crate::ui::memory::{self, megabytes};
use crate::ui::text::{counted, metric_label, metric_text, sentence, short_number};
use crate::ui::theme::Theme;
use crate::ui::widgets::{primary_ui, secondary_ui};

/// Test metrics on the card besides the leading one.
const MOST_FURTHER: usize = 1;

pub(super) fn ending_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, finished: &Finished) {
    match finished.reason {
        FinishReason::Completed | FinishReason::EarlyStopping | FinishReason::Stopped => result_ui(ui, run, finished),
        FinishReason::Diverged | FinishReason::Failed => failure_ui(ui, cx, run, finished),
    }
}

fn result_ui(ui: &mut Ui, run: &Run, finished: &Finished) {
    let theme = Theme::of(ui);
    let title = match finished.reason {
        FinishReason::EarlyStopping => format!("Stopped early after {}", counted(finished.epochs, "epoch")),
        FinishReason::Stopped => format!("Stopped after {}", counted(finished.epochs, "epoch")),
        FinishReason::Completed | FinishReason::Diverged | FinishReason::Failed => {
            format!("Completed {}", counted(finished.epochs, "epoch"))
        }
    };
    plain_ui(ui, theme.good, &title, "result", &sentence(&finished.text), |ui| {
        numbers_ui(ui, &numbers(run, finished));
        if let Some(text) = was_stopping_right(run) {
            ui.add(Label::new(theme.paragraph(text).color(theme.text)).wrap());
        }
        if !finished.test.is_empty() {
            ui.add(
                Label::new(
                    theme
                        .paragraph("The test rows were measured once, now, so that no choice could be fitted to them."),
                )
                .wrap(),
            );
        }
        place_ui(ui, finished);
    });
}

/// The leading test metric, one more, and the best epoch.
fn numbers<'a>(run: &'a Run, finished: &'a Finished) -> Vec<Number<'a>> {
    let lead = run.leading_metric();
    let rank = |key: &str| match key {
        it if it == lead => 0,
        "r2" | "roc_auc" | "macro_f1" => 1,
        "loss" => 2,
        _ => 3,
    };
    let mut test: Vec<_> = finished.test.iter().collect();
    test.sort_by_key(|(key, _)| rank(key));
    let mut rows: Vec<Number<'_>> = test
        .into_iter()
        .take(1 + MOST_FURTHER)
        .map(|(key, value)| {
            let name = format!("test {}", in_a_sentence(metric_label(key)));
            let meaning: Box<dyn Fn() -> Meaning> = Box::new(|| tested(run, key, *value));
            (name, metric_text(key, *value), meaning)
        })
        .collect();
    if finished.best_epoch > 0 {
        let value = format!("{} ({})", finished.best_epoch, short_number(finished.best_validation_loss));
        rows.push(("best epoch (loss)".to_owned(), value, Box::new(|| meaning::best_loss(run))));
    }
    rows
}

/// A test metric, beside what guessing gets.
fn tested(run: &Run, key: &str, value: f64) -> Meaning {
    let meaning = meaning::metric(run, "test", key, value);
    let Some(guess) = run.started.baseline.get(key) else { return meaning };
    let guess = metric_text(key, *guess);
    Meaning {
        about: format!("{} Always guessing the same gets {guess} on the validation rows.", meaning.about),
        ..meaning
    }
}

fn failure_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, finished: &Finished) {
    let theme = Theme::of(ui);
    // A process that was ended from outside could not say how far it came.
    let epochs = counted(finished.epochs.max(run.epoch()), "epoch");
    let title = match finished.reason {
        FinishReason::Diverged => format!("The run diverged after {epochs}"),
        FinishReason::Failed | FinishReason::Completed | FinishReason::EarlyStopping | FinishReason::Stopped => {
            format!("The run failed after {epochs}")
        }
    };
    plain_ui(ui, theme.critical, &title, "ended", &sentence(&finished.text), |ui| {
        if cx.studio.runs.can_continue() {
            continue_ui(ui, cx, run);
            return less_memory_ui(ui, cx, finished);
        }
        let saved = match (finished.best_epoch, finished.run_dir.is_empty()) {
            (0, true) => "Nothing was saved: no epoch was completed.".to_owned(),
            (0, false) => "Its events were saved; no epoch was completed whose weights could be kept.".to_owned(),
            (best, _) => format!("All it told until then is kept, and the weights of epoch {best}, its best."),
        };
        ui.add(Label::new(theme.paragraph(saved)).wrap());
        let next = match finished.reason {
            FinishReason::Diverged => "Next: lower the learning rate or clip gradients, then train again.",
            FinishReason::Failed | FinishReason::Completed | FinishReason::EarlyStopping | FinishReason::Stopped => {
                "Next: change what it names, or choose the CPU under Hardware, then train again."
            }
        };
        ui.add(Label::new(theme.paragraph(next).color(theme.text)).wrap());
        less_memory_ui(ui, cx, finished);
        place_ui(ui, finished);
    });
}

/// What to change where memory ran out. What was enough is known of a budget; elsewhere half is tried.
fn less_memory_ui(ui: &mut Ui, cx: &mut Cx<'_>, finished: &Finished) {
    let Some(needs) = memory::forecast_of(cx).map(|it| it.total()).filter(|_| finished.is_out_of_memory()) else {
        return;
    };
    let theme = Theme::of(ui);
    let room = memory::Room::of(cx.draft);
    match room.budget {
        Some(budget) if needs <= budget => {
            let text = format!(
                "As it is set now, training needs about {} of a budget of {}.",
                megabytes(needs),
                megabytes(budget)
            );
            ui.add(Label::new(theme.paragraph(text).color(theme.text)).wrap());
        }
        _ => {
            let limit = room.limit().filter(|it| *it < needs).unwrap_or(needs / 2);
            memory::remedies_ui(ui, cx, limit, true);
            let text = "Each changes what is trained next, from its first step.";
            ui.add(Label::new(theme.small(text)).wrap());
        }
    }
}

/// A run that was killed and could tell no end.
pub(super) fn interrupted_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
    let theme = Theme::of(ui);
    let title = format!("Interrupted after {}", counted(run.epoch(), "epoch"));
    let text =
        "It was cut short without an end. What it had written is whole, and it can go on from its last checkpoint.";
    plain_ui(ui, theme.warning, &title, "interrupted", text, |ui| continue_ui(ui, cx, run));
}

/// An interrupted run goes on where it was, or on the CPU where a graphics device let it down.
fn continue_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
    ui.horizontal_wrapped(|ui| {
        let help =
            "Go on from the last checkpoint. What was told behind it is trained again, to the same numbers on the CPU";
        if primary_ui(ui, None, "Continue").on_hover_text(help).clicked() {
            cx.ask(Action::Run(RunAction::Continue(None)));
        }
        if run.started.device != "cpu"
            && secondary_ui(ui, None, "Continue on the CPU")
                .on_hover_text("Leave the device that let it down")
                .clicked()
        {
            cx.ask(Action::Run(RunAction::Continue(Some(DeviceSpec::Cpu))));
        }
    });
}

fn place_ui(ui: &mut Ui, finished: &Finished) {
    if finished.run_dir.is_empty() {
        return;
    }
    let theme = Theme::of(ui);
    let folder = finished.run_dir.rsplit(['/', '\\']).next().unwrap_or(&finished.run_dir);
    ui.add(Label::new(theme.small(format!("Saved as {folder}"))).truncate()).on_hover_text(&finished.run_dir);
}

/// `Accuracy` as `accuracy`, but `RMSE` as it is.
fn in_a_sentence(label: &str) -> String {
    let mut chars = label.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            first.to_lowercase().chain(label.chars().skip(1)).collect()
        }
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_keep_their_capitals() {
        assert_eq!([in_a_sentence("Accuracy"), in_a_sentence("RMSE"), in_a_sentence("R²")], ["accuracy", "RMSE", "R²"]);
    }
}
