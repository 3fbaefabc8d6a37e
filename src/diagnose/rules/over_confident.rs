//! Rule: the classes are told apart as well as ever, but with too much certainty.
//!
//! ## What you see
//! Validation loss rises while validation accuracy holds.
//! ## Why it happens
//! Training pushes every answer towards certainty; the few wrong answers, given with ever more of it, rule the loss.
//! ## What to try
//! Label smoothing; the weights of the best epoch; dropout or weight decay.
//! ## Source
//! Guo et al. 2017, "On calibration of modern neural networks" (arXiv 1706.04599), section 3. How it lives beside
//! overfitting is ours: both see a rising validation loss, and both may stand, for a network that fits accidents
//! of the training rows mostly does so with certainty. Overfitting speaks of the loss alone. This one is a mere
//! note while the loss stays below what a network of the same accuracy would lose that states that accuracy as its
//! certainty each time (the entropy of its errors), and a warning from there on, or once the loss has grown by
//! a quarter: such certainty is worth less than none.

use super::answers::{entropy, loss_by_chance};
use super::curves::{Wobble, guessing, keeps_best, validation_error, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, FinishReason, Severity};
use crate::spec::{LossSpec, Task};

pub(super) const OVER_CONFIDENT: Rule = Rule {
    id: "over-confident",
    label: "Over-confident",
    about: "Validation loss rises while validation accuracy holds.",
    needs: &[Need::TrainLoss, Need::ValidationLoss, Need::ValidationAccuracy],
    explains: &["overtraining"],
    make: |context| {
        Box::new(OverConfident {
            rise: context.threshold("over-confident.rise"),
            errors: context.threshold("over-confident.accuracy_errors"),
            loss: Recent::new(SMOOTHED),
            train: Recent::new(SMOOTHED),
            accuracy: Recent::new(SMOOTHED),
            wobble: Wobble::default(),
            first: None,
            best: None,
            best_accuracy: 0.0,
            is_kept: false,
            now: Now::default(),
        })
    },
};

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 5;

/// The rise in standard deviations of single epochs, and in standard errors of the validation loss, most of which
/// cancel between two epochs of one run.
const RISE_DEVIATIONS: f64 = 3.0;
const RISE_ERRORS: f64 = 0.5;

/// The rise as a share of what guessing loses: below it nobody would notice.
const RISE_OF_GUESSING: f64 = 0.01;

/// How much further training must have fallen since the best epoch: certainty is what training still gains.
const TRAIN_FALL: f64 = 0.03;

/// Fewest epochs behind the best one.
const FEWEST: u64 = 8;

/// A rise of this share is a warning whatever the accuracy, if it is this share of what guessing loses.
const STEEP: f64 = 0.25;
const STEEP_OF_GUESSING: f64 = 0.05;

/// The share of the rise that a loss of accuracy may explain, by what the honest loss has risen with it: then nearly
/// all of the rise is certainty all the same.
const BY_ACCURACY: f64 = 0.25;

/// Rows taken where nobody knows how many were validated.
const UNKNOWN_ROWS: f64 = 200.0;

struct OverConfident {
    rise: f64,
    errors: f64,
    loss: Recent,
    train: Recent,
    accuracy: Recent,
    wobble: Wobble,
    first: Option<f64>,
    best: Option<Best>,
    /// The highest level of accuracy so far.
    best_accuracy: f64,
    /// Whether the run ended with the best epoch's weights.
    is_kept: bool,
    now: Now,
}

/// The epoch of the lowest validation loss.
#[derive(Clone, Copy)]
struct Best {
    epoch: u64,
    loss: f64,
    train: f64,
}

#[derive(Clone, Copy, Default)]
struct Now {
    loss: f64,
    rise: f64,
    accuracy: f64,
    accuracy_error: f64,
    /// Loss of a network of this accuracy that says so.
    honest: f64,
}

impl Observer for OverConfident {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let accuracy = row.metrics.get("validation_accuracy").copied().filter(|it| (0.0..=1.0).contains(it));
        let (Some(loss), Some(accuracy)) = (validation_loss(context, row), accuracy) else {
            return Look::Unclear;
        };
        let guessing = guessing(context, *self.first.get_or_insert(loss));
        self.wobble.push(loss);
        self.loss.push(loss);
        self.train.push(row.train_loss);
        self.accuracy.push(accuracy);
        let best = match self.best {
            Some(best) if best.loss <= loss => best,
            Some(_) | None => Best { epoch: row.epoch, loss, train: row.train_loss },
        };
        self.best = Some(best);
        let (Some(loss), Some(accuracy)) = (self.loss.median_of_last(SMOOTHED), self.accuracy.median_of_last(SMOOTHED))
        else {
            return Look::Unclear;
        };
        self.best_accuracy = self.best_accuracy.max(accuracy);
        let rows = if context.validation_rows > 0 { context.validation_rows as f64 } else { UNKNOWN_ROWS };
        let held = self.best_accuracy;
        let accuracy_error = (held * (1.0 - held) / rows).sqrt().max(0.5 / rows);
        let classes = match context.task {
            Task::Classes(n) => n.max(2),
            Task::Regression | Task::Binary => 2,
        };
        let rise = loss / best.loss.max(1e-30) - 1.0;
        self.now = Now { loss, rise, accuracy, accuracy_error, honest: honest_loss(accuracy, classes) };

        let ease = if standing { 0.7 } else { 1.0 };
        let deviation = self.wobble.deviation().unwrap_or(0.0);
        let thresholds = [
            self.rise * best.loss,
            RISE_DEVIATIONS * deviation,
            RISE_ERRORS * validation_error(row).unwrap_or(0.0),
            RISE_OF_GUESSING * guessing,
        ];
        let rises = loss - best.loss > ease * thresholds.into_iter().fold(0.0, f64::max);
        let lost = honest_loss(accuracy, classes) - honest_loss(held, classes);
        let holds = accuracy >= held - (self.errors / ease) * accuracy_error || lost < BY_ACCURACY * (loss - best.loss);
        // Where training gets worse as well, it is no matter of certainty.
        let train = self.train.median_of_last(SMOOTHED).unwrap_or(row.train_loss);
        let trains = train < (1.0 - TRAIN_FALL) * best.train || standing;
        // Nor where nothing was learned that it could be certain of.
        let trains = trains && loss_by_chance(row).is_none();
        if !rises || !holds || !trains || row.epoch - best.epoch < FEWEST {
            return Look::Absent;
        }
        let is_worth_less = (loss > honest_loss(accuracy, classes) && !smooths_labels(context))
            || (rise > STEEP && loss - best.loss > STEEP_OF_GUESSING * guessing);
        let severity = if is_worth_less { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch: best.epoch }
    }

    fn end(&mut self, context: &Context, _reason: FinishReason) -> Look {
        self.is_kept = keeps_best(context);
        if self.is_kept { Look::Absent } else { Look::Unclear }
    }

    fn words(&self, context: &Context) -> Words {
        let (now, Some(best)) = (self.now, self.best) else {
            return Words::default();
        };
        let project = &context.project;
        let remedies = [
            remedy::label_smoothing(project),
            remedy::weight_decay(project),
            remedy::dropout(project),
            remedy::stop_early(project),
        ];
        let holds = self.best_accuracy - now.accuracy <= self.errors * now.accuracy_error;
        let words = Words {
            text: format!(
                "Validation loss has risen {} above its best of {} at epoch {}, while validation accuracy {}. This is consistent with answers {} that are given with too much certainty.",
                percent(now.rise),
                number(best.loss),
                best.epoch,
                if holds { format!("holds at {}", percent(now.accuracy)) } else { format!("has only gone from {} to {}", percent(self.best_accuracy), percent(now.accuracy)) },
                if holds { "as right as before" } else { "nearly as right as before" },
            ),
            formula: format!(
                "validation loss now / at its best - 1 = {} / {} - 1 = {}, above {}; accuracy {} of at best {}, within {}; stating its accuracy as certainty would lose {}",
                number(now.loss),
                number(best.loss),
                percent(now.rise),
                percent(self.rise),
                number(now.accuracy),
                number(self.best_accuracy),
                number(self.errors * now.accuracy_error),
                number(now.honest),
            ),
            rival: "Overfitting that costs accuracy as well begins like this; more validation rows would show whether accuracy really holds.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        let evidence = [
            ("rise", against(now.rise, self.rise)),
            ("accuracy_lost", against(self.best_accuracy - now.accuracy, self.errors * now.accuracy_error)),
            ("validation_loss", against(now.loss, now.honest)),
            ("validation_accuracy", measured(now.accuracy)),
        ];
        with_evidence(words, evidence)
    }

    fn farewell(&self) -> String {
        if let Some(best) = self.best.filter(|_| self.is_kept) {
            format!("The weights of epoch {} are kept, from before validation loss rose.", best.epoch)
        } else if self.now.rise < self.rise {
            format!("Validation loss has come down again, to {}.", number(self.now.loss))
        } else {
            format!(
                "Validation accuracy has fallen as well, to {}: certainty is not all that is wrong.",
                percent(self.now.accuracy)
            )
        }
    }
}

/// What a network loses that is right with this probability, says so each time, and spreads the rest evenly.
fn honest_loss(accuracy: f64, classes: usize) -> f64 {
    entropy(accuracy) + (1.0 - accuracy) * ((classes - 1) as f64).ln()
}

/// Whether the loss itself has a floor, so that it does not tell what certainty is worth.
fn smooths_labels(context: &Context) -> bool {
    match &context.project.loss {
        LossSpec::CrossEntropy(it) => it.label_smoothing > 0.0,
        LossSpec::Mse | LossSpec::Mae | LossSpec::Huber(_) | LossSpec::BinaryCrossEntropy(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn over_confident(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("over-confident", &binary(), rows)
    }

    /// Falls to 0.3 at epoch 15, then rises by `rise` of it an epoch, with an accuracy by epoch.
    fn rising(rise: f64, accuracy: impl Fn(f64) -> f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(8);
        let mut rows = run(60, |epoch| {
            let validation = 0.3 * if epoch < 15.0 { 1.0 + 0.05 * (15.0 - epoch) } else { 1.0 + rise * (epoch - 15.0) };
            ((-epoch / 10.0).exp(), validation * (1.0 + 0.01 * noise.normal()))
        });
        for row in &mut rows {
            row.validation_se = Some(0.02);
            row.metrics.insert("validation_accuracy".to_owned(), accuracy(row.epoch as f64));
        }
        rows
    }

    #[test]
    fn a_rising_loss_at_a_steady_accuracy_is_told_from_its_lowest_epoch_on() {
        let told = over_confident(&rising(0.03, |_| 0.88));
        assert!((13..=18).contains(&told[0].from_epoch) && told[0].epoch <= 35, "{:?}", told[0]);
        assert_eq!(worst(&told), Some(Severity::Warning));
        assert!(told[0].text.contains("accuracy holds at 88 %"), "{}", told[0].text);
        assert!(!states(&told).contains(&FindingState::Cleared));
    }

    #[test]
    fn an_accuracy_that_explains_little_of_the_rise_acquits_nobody() {
        let rows = |lost: f64| {
            let mut rows = run(60, |epoch| (0.5 / epoch, 0.15 + 0.01 * (epoch - 10.0).max(0.0)));
            for row in &mut rows {
                let accuracy = 0.95 - lost * (row.epoch as f64 - 10.0).clamp(0.0, 50.0) / 50.0;
                row.metrics.insert("validation_accuracy".to_owned(), accuracy);
            }
            rows
        };
        let told = over_confident(&rows(0.03));
        assert!(told.last().is_some_and(|it| it.text.contains("has only gone from 95 %")), "{told:?}");
        assert!(over_confident(&rows(0.4)).iter().all(|it| it.state == FindingState::Cleared || it.epoch < 30));
    }

    #[test]
    fn an_accuracy_that_falls_is_no_matter_of_certainty() {
        assert!(
            over_confident(&rising(0.03, |epoch| if epoch < 15.0 { 0.88 } else { 0.88 - 0.003 * (epoch - 15.0) }))
                .is_empty()
        );
    }

    #[test]
    fn it_is_a_note_while_certainty_is_still_worth_something() {
        // Right in 88 of 100, and saying so each time, would lose 0.367.
        let told = over_confident(&rising(0.004, |_| 0.88));
        assert_eq!(worst(&told), Some(Severity::Info));
        assert!((honest_loss(0.88, 2) - 0.3669).abs() < 1e-4 && (honest_loss(0.1, 10) - 10.0_f64.ln()).abs() < 1e-12);
        assert_eq!(honest_loss(1.0, 2), 0.0);
    }

    #[test]
    fn it_stands_beside_overfitting() {
        let rows = rising(0.03, |_| 0.88);
        let both = told("overfitting", &binary(), &rows);
        assert_eq!(worst(&both), Some(Severity::Warning));
        assert!(!states(&both).contains(&FindingState::Cleared));
    }

    #[test]
    fn without_accuracy_or_rise_or_time_nothing_is_told() {
        let mut rows = rising(0.03, |_| 0.88);
        assert!(over_confident(&rows[..20]).is_empty());
        for row in &mut rows {
            row.metrics.clear();
        }
        assert!(over_confident(&rows).is_empty());
        for seed in 0..40 {
            let mut rows = healthy(seed, 100);
            for row in &mut rows {
                row.metrics.insert("validation_accuracy".to_owned(), 0.9);
            }
            assert!(over_confident(&rows).is_empty(), "seed {seed}");
        }
        assert!(worst(&over_confident(&recorded::spam_emails())) <= Some(Severity::Info));
    }
}
