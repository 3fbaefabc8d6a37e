//! Rule: validation loss lies below training loss.
//!
//! ## What you see
//! The network seems to do better on rows it has never seen.
//! ## Why it happens
//! Dropout is on in training and off in validation. Training loss is the mean over an epoch, validation loss is
//! measured behind it, by a network half an epoch older. If neither explains it, the validation rows are easier than
//! the others, or not new.
//! ## What to try
//! Measure the training loss at the epoch's end; look at how the rows were split.
//! ## Source
//! Geurts, "Why is my validation loss lower than my training loss?" (2019), for the three causes. The half epoch is
//! taken out by comparing with the next epoch's training loss, the first
//! that is measured behind it.

use super::answers::first_loss;
use super::curves::{guessing, validation_error, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};
use crate::spec::{MeasureTrain, ModelSpec, SplitMethod};

pub(super) const VALIDATION_BELOW_TRAIN: Rule = Rule {
    id: "validation-below-train",
    label: "Validation below training",
    about: "Validation loss lies clearly below training loss.",
    needs: &[Need::TrainLoss, Need::ValidationLoss],
    explains: &[],
    make: |context| {
        Box::new(BelowTrain {
            share: context.threshold("validation-below-train.share"),
            gaps: Recent::new(SMOOTHED),
            raw: Recent::new(SMOOTHED),
            last: None,
            first: None,
            below_from: None,
            now: Now::default(),
        })
    },
};

/// Epochs whose median gap counts.
const SMOOTHED: usize = 7;

/// The gap in standard errors of the validation loss: the two curves are measured on different rows. Where nothing
/// explains it more is asked for, as it is a reproach.
const GAP_ERRORS: f64 = 1.0;
const GAP_ERRORS_UNEXPLAINED: f64 = 4.0;

/// The share of the training loss without an explanation, in multiples of the threshold.
const SHARE_UNEXPLAINED: f64 = 2.0;

/// The gap as a share of what guessing loses, below which it is nothing.
const GAP_OF_GUESSING: f64 = 0.01;

/// Validation rows below which an unknown error is taken to be large.
const FEW_ROWS: usize = 100;

/// From this share of the training loss on, and of what guessing loses, even a gap with a known reason is a warning.
/// Ordinary dropout and augmentation leave wide shares of a loss that is small by then: up to 0.4 of it, and 0.06 of
/// guessing, in trainings of digits and tables where all was well.
const WIDE: f64 = 0.2;
const WIDE_OF_GUESSING: f64 = 0.08;

/// With fewer validation rows nothing more than a note is made of it.
const FEWEST_FOR_WARNING: usize = 50;

struct BelowTrain {
    share: f64,
    /// Gaps by epoch with the half epoch taken out, and as they are drawn.
    gaps: Recent,
    raw: Recent,
    last: Option<(f64, f64)>,
    first: Option<f64>,
    below_from: Option<u64>,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    train: f64,
    validation: f64,
    gap: f64,
    threshold: f64,
    is_half_epoch: bool,
}

/// What explains it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cause {
    Dropout(f64),
    HalfEpoch,
    /// Nothing that is known; the project is, or is not.
    Rows,
    Unknown,
}

impl Observer for BelowTrain {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let Some(validation) = validation_loss(context, row).filter(|_| row.train_loss.is_finite()) else {
            return Look::Unclear;
        };
        let guessing = guessing(context, *self.first.get_or_insert_with(|| first_loss(row)));
        let at_end = context.knows_project && context.project.training.measure_train == MeasureTrain::EpochEnd;
        self.raw.push(row.train_loss - validation);
        if at_end {
            self.gaps.push(row.train_loss - validation);
        } else if let Some((train, validation)) = self.last {
            self.gaps.push(train.min(row.train_loss) - validation);
        }
        self.last = Some((row.train_loss, validation));
        if self.gaps.back(SMOOTHED - 1).is_none() {
            return Look::Unclear;
        }
        let (Some(gap), Some(raw)) = (self.gaps.median_of_last(SMOOTHED), self.raw.median_of_last(SMOOTHED)) else {
            return Look::Unclear;
        };
        let ease = if standing { 0.6 } else { 1.0 };
        // Without an error, the spread of a loss over its rows is taken to be as large as the loss.
        let rows = if context.validation_rows > 0 { context.validation_rows } else { FEW_ROWS };
        let error = validation_error(row).unwrap_or(validation.abs() / (rows as f64).sqrt());
        let least = GAP_OF_GUESSING * guessing;
        let explained = (self.share * row.train_loss.abs()).max(GAP_ERRORS * error).max(least);
        let unexplained =
            (SHARE_UNEXPLAINED * self.share * row.train_loss.abs()).max(GAP_ERRORS_UNEXPLAINED * error).max(least);
        let needed = if self.known_cause(context).is_some() { explained } else { unexplained };
        let is_half_epoch = gap <= ease * needed && raw > ease * explained && raw > 2.0 * gap.max(0.0);
        let (gap, threshold) = if is_half_epoch { (raw, explained) } else { (gap, needed) };
        self.now = Now { train: row.train_loss, validation, gap, threshold, is_half_epoch };
        if gap <= ease * threshold {
            if !standing {
                self.below_from = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.below_from.get_or_insert(row.epoch.saturating_sub(SMOOTHED as u64).max(1));
        // The standard error of a few rows is itself a guess.
        let may_warn = !(1..FEWEST_FOR_WARNING).contains(&context.validation_rows);
        let is_unexplained = self.cause(context) == Cause::Rows;
        // However well explained, a gap this wide misleads whoever compares the curves.
        let wide = (WIDE * row.train_loss.abs()).max(WIDE_OF_GUESSING * guessing).max(GAP_ERRORS_UNEXPLAINED * error);
        let is_wide = !is_half_epoch && gap > wide;
        let severity = if may_warn && (is_unexplained || is_wide) { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let cause = self.cause(context);
        let why = match cause {
            Cause::Dropout(share) => {
                format!("dropout of {}, which is on in training and off in validation", number(share))
            }
            Cause::HalfEpoch => {
                "a training loss that is the mean over an epoch in which the network improved".to_owned()
            }
            Cause::Rows => {
                "validation rows that are easier than the training rows, or not new to the network".to_owned()
            }
            Cause::Unknown => "dropout or augmentation in training, or with easier validation rows".to_owned(),
        };
        let rival = match cause {
            Cause::Dropout(_) | Cause::HalfEpoch | Cause::Unknown => {
                "Rows that stand in both splits would do the same; measured at the epoch's end, training loss would then still lie above."
            }
            Cause::Rows => "An unlucky draw of the validation rows does the same; another split seed would tell.",
        };
        let project = &context.project;
        let at_end = remedy::measure_at_epoch_end(project);
        let split = remedy::random_split(project).filter(|_| project.split.method == SplitMethod::Ordered);
        let remedies = if cause == Cause::Rows {
            [remedy::keep_repeats_together(project), split, remedy::more_validation(project)]
        } else {
            [at_end, None, None]
        };
        let words = Words {
            text: format!(
                "Validation loss, at {}, lies {} below training loss, at {}. This is consistent with {why}.",
                number(now.validation),
                percent(now.gap / now.train.abs().max(f64::MIN_POSITIVE)),
                number(now.train),
            ),
            formula: format!(
                "training loss - validation loss{} = {}, above {}",
                if now.is_half_epoch { "" } else { " half an epoch earlier" },
                number(now.gap),
                number(now.threshold)
            ),
            rival: rival.to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        let evidence = [
            ("gap", against(now.gap, now.threshold)),
            ("train_loss", measured(now.train)),
            ("validation_loss", measured(now.validation)),
        ];
        with_evidence(words, evidence)
    }

    fn farewell(&self) -> String {
        format!("Validation loss, at {}, no longer lies below training loss.", number(self.now.validation))
    }
}

impl BelowTrain {
    fn cause(&self, context: &Context) -> Cause {
        if self.now.is_half_epoch { Cause::HalfEpoch } else { self.known_cause(context).unwrap_or(Cause::Rows) }
    }

    /// What the project says may explain it, or that it is not known.
    #[expect(clippy::unused_self, reason = "reads beside `cause`")]
    fn known_cause(&self, context: &Context) -> Option<Cause> {
        if !context.knows_project {
            return Some(Cause::Unknown);
        }
        let at_end = context.project.training.measure_train == MeasureTrain::EpochEnd;
        let dropout = match &context.project.model {
            ModelSpec::Linear => 0.0,
            ModelSpec::Mlp(it) => it.dropout,
            ModelSpec::Cnn(it) => it.dropout,
        };
        (dropout > 0.0 && !at_end).then_some(Cause::Dropout(dropout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn below(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("validation-below-train", context, rows)
    }

    /// Validation at `share` of the training loss.
    fn lower(share: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(9);
        let mut rows = run(40, |epoch| {
            let loss = 0.3 + 0.5 * (-epoch / 5.0).exp();
            (loss, share * loss * (1.0 + 0.01 * noise.normal()))
        });
        for row in &mut rows {
            row.validation_se = Some(0.01);
        }
        rows
    }

    #[test]
    fn dropout_explains_it_and_makes_it_a_note_unless_the_gap_is_wide() {
        let mut context = regression();
        context.project.set("model.dropout=0.5").unwrap();
        assert_eq!(worst(&below(&context, &lower(0.7))), Some(Severity::Warning));
        let told = below(&context, &lower(0.8));
        assert_eq!(worst(&told), Some(Severity::Info));
        assert!(told[0].text.contains("dropout of 0.5"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Measure training loss at the epoch's end");
        context.project.set("training.measure_train=epoch_end").unwrap();
        assert_eq!(worst(&below(&context, &lower(0.7))), Some(Severity::Warning), "then it no longer does");
    }

    #[test]
    fn without_an_explanation_it_is_a_warning_and_elsewhere_a_note_unless_the_gap_is_wide() {
        let told = below(&regression(), &lower(0.7));
        assert_eq!((told[0].severity, told[0].epoch <= 12), (Severity::Warning, true));
        assert!(told[0].text.contains("easier than the training rows"), "{}", told[0].text);
        assert!(below(&regression(), &lower(0.85)).is_empty(), "15 % is not enough for a reproach");
        let elsewhere = Context { knows_project: false, ..regression() };
        assert_eq!(worst(&below(&elsewhere, &lower(0.7))), Some(Severity::Warning));
        let told = below(&elsewhere, &lower(0.8));
        assert_eq!(worst(&told), Some(Severity::Info));
        assert!(told[0].text.contains("dropout or augmentation") && told[0].remedies.is_empty());
    }

    #[test]
    fn a_wide_share_of_a_loss_that_is_small_by_then_is_a_note() {
        let mut context = regression();
        context.project.set("model.dropout=0.5").unwrap();
        let small = |level: f64| run(20, |_| (level, 0.6 * level));
        assert_eq!(worst(&below(&context, &small(0.15))), Some(Severity::Info), "0.06 of guessing");
        assert_eq!(worst(&below(&context, &small(0.25))), Some(Severity::Warning), "0.1 of guessing");
    }

    #[test]
    fn a_steep_fall_is_the_half_epoch_and_nothing_but_a_note() {
        let steep = run(20, |epoch| (0.75_f64.powf(epoch), 0.75_f64.powf(epoch + 0.5)));
        assert!(worst(&below(&regression(), &steep)) <= Some(Severity::Info));
        assert!(below(&regression(), &lower(0.98)).is_empty());
    }

    #[test]
    fn it_clears_when_the_curves_cross() {
        let rows = run(60, |epoch| (0.5 / (1.0 + epoch / 20.0), 0.25));
        let told = below(&Context { knows_project: false, ..regression() }, &rows);
        assert_eq!(states(&told).last(), Some(&FindingState::Cleared));
    }

    #[test]
    fn healthy_and_short_runs_are_left_alone() {
        for seed in 0..40 {
            assert!(below(&regression(), &healthy(seed, 100)).is_empty(), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(worst(&below(&regression(), &rows)) <= Some(Severity::Info), "{name}");
        }
        assert!(below(&regression(), &lower(0.6)[..7]).is_empty());
    }
}
