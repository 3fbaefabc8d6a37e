//! Rule: validation gets worse while training gets better.
//!
//! ## What you see
//! The validation curve turns upward while the training curve falls on: a pair of scissors that opens.
//! ## Why it happens
//! The network has more freedom than the training rows can pin down, and begins to fit their accidents, which
//! the validation rows do not share.
//! ## What to try
//! Keep the weights of the best epoch; dropout, weight decay, a smaller network; more data.
//! ## Source
//! Prechelt 1998, "Automatic early stopping using cross validation" (doi 10.1016/S0893-6080(98)00010-0): the
//! generalization loss, at 2, 5 and 10 %. SageMaker Debugger's `Overfit`: a gap of more than a tenth of the
//! training loss. That alone fires on every small training loss, so that the gap must also leave the noise of
//! the validation estimate, by two standard errors; and Prechelt's alone fires on every jittery curve, so that
//! the rise must be a trend. Nakkiran et al. 2020 for validation that falls again: the finding is cleared.

use super::answers::first_loss;
use super::curves::{guessing, keeps_best, validation_error, validation_loss};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::{Recent, Trend};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, FinishReason, Severity};
use crate::spec::SplitMethod;

pub(super) const OVERFITTING: Rule = Rule {
    id: "overfitting",
    label: "Overfitting",
    about: "Validation loss rises while training loss keeps falling.",
    needs: &[Need::TrainLoss, Need::ValidationLoss],
    explains: &["overtraining", "noisy-validation", "still-improving", "plateau"],
    make: |context| Box::new(Overfitting::new(context)),
};

/// Generalization loss from which each grade is entered: the three alphas Prechelt compares.
const ENTER: [f64; 3] = [0.02, 0.05, 0.10];

/// Generalization loss below which each grade is left, so that a curve along a threshold does not flap.
const LEAVE: [f64; 3] = [0.01, 0.04, 0.08];

/// The rise since the best epoch, in standard errors of the validation loss there. Both epochs are measured on
/// the same rows, so that most of the sampling error cancels: between two epochs of one run the difference had
/// 0.1 to 0.4 of the error (spam, used cars, churn; several hundred rows), where two errors would miss it.
const RISE_ERRORS: f64 = 0.5;

/// The rise since the best epoch, in standard deviations of single epochs around their trend.
const RISE_SCATTERS: f64 = 2.0;

/// How sure it must be that validation rises at all, in standard errors of the slope since the best epoch. The
/// lowest of many noisy epochs lies two to three of their deviations below the middle by luck alone, so that
/// everything behind it is higher; but what is behind it then has no slope.
const RISE_SIGNIFICANCE: f64 = 3.0;

/// Fewest epochs behind the best one that can show a trend.
const FEWEST_RISING: usize = 5;

/// The rise since the best epoch, as a share of what guessing would lose. Below it nobody would notice: a
/// loss of a millionth may double.
const RISE_OF_BASELINE: f64 = 0.005;

/// The same, below which it is no more than a note, whatever the grade: where nearly everything has been learned, a
/// tenth of the loss is next to nothing.
const WORTH_A_WARNING: f64 = 0.01;

/// How much further training must have fallen since the best epoch.
const TRAIN_FALL: f64 = 0.01;

/// The standard error where nobody measured it, as a share of the validation loss: that of a hundred or two rows.
const UNKNOWN_ERROR: f64 = 0.08;

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 3;

struct Overfitting {
    gap_share: f64,
    gap_errors: f64,
    train: Recent,
    validation: Recent,
    first: Option<f64>,
    best: Option<Best>,
    /// The validation loss since the best epoch, in multiples of the best.
    since_best: Trend,
    grade: u8,
    /// The onset when it was last seen.
    onset: u64,
    /// Whether the run ended with the best epoch's weights.
    is_kept: bool,
    now: Now,
}

/// The epoch of the validation minimum, which is the onset.
#[derive(Clone, Copy)]
struct Best {
    epoch: u64,
    validation: f64,
    error: Option<f64>,
    train: f64,
    accuracy: Option<f64>,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    train: f64,
    validation: f64,
    /// Prechelt's generalization loss, as a share.
    generalization_loss: f64,
    gap: f64,
    gap_threshold: f64,
    rise: f64,
    rise_threshold: f64,
    significance: f64,
    guessing: f64,
    accuracy: Option<f64>,
}

impl Overfitting {
    fn new(context: &Context) -> Self {
        Self {
            gap_share: context.threshold("overfitting.gap_share"),
            gap_errors: context.threshold("overfitting.gap_errors"),
            train: Recent::new(SMOOTHED),
            validation: Recent::new(SMOOTHED),
            first: None,
            best: None,
            since_best: Trend::default(),
            grade: 0,
            onset: 0,
            is_kept: false,
            now: Now::default(),
        }
    }
}

impl Observer for Overfitting {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if validation_loss(context, row).is_none() || !row.train_loss.is_finite() {
            return Look::Unclear;
        }
        self.train.push(row.train_loss);
        self.validation.push(row.validation_loss);
        let best = self.best_with(row);
        self.now = self.measure(context, row, best);
        let fell = if standing { 0.0 } else { TRAIN_FALL };
        let still_falls = self.now.train < best.train * (1.0 - fell);
        let rises = self.since_best.len() >= FEWEST_RISING && self.now.significance > RISE_SIGNIFICANCE;
        let leaves_noise = rises && self.now.rise > self.now.rise_threshold && self.now.gap > self.now.gap_threshold;
        self.grade = grade(self.now.generalization_loss, if standing { self.grade } else { 0 });
        if self.grade == 0 || !still_falls || !(standing || leaves_noise) {
            return Look::Absent;
        }
        self.onset = best.epoch;
        let is_worth_it = self.now.rise > WORTH_A_WARNING * self.now.guessing;
        let severity = if self.grade > 1 && is_worth_it { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: self.grade, from_epoch: best.epoch }
    }

    fn end(&mut self, context: &Context, _reason: FinishReason) -> Look {
        self.is_kept = keeps_best(context);
        if self.is_kept { Look::Absent } else { Look::Unclear }
    }

    fn words(&self, context: &Context) -> Words {
        let (Some(best), now) = (self.best, self.now) else {
            return Words::default();
        };
        let evidence = [
            ("generalization_loss", against(now.generalization_loss, ENTER[usize::from(self.grade.clamp(1, 3)) - 1])),
            ("gap", against(now.gap, now.gap_threshold)),
            ("rise", against(now.rise, now.rise_threshold)),
            ("rise_significance", against(now.significance, RISE_SIGNIFICANCE)),
            ("best_validation_loss", measured(best.validation)),
            ("train_loss", measured(now.train)),
        ];
        let remedies = [remedy::stop_early, remedy::dropout, remedy::weight_decay, remedy::smaller];
        Words {
            text: format!(
                "Validation loss has risen {} above its best of {} at epoch {}, while training loss has fallen on from {} to {}. This is consistent with learning the training rows by heart.",
                percent(now.generalization_loss),
                number(best.validation),
                best.epoch,
                number(best.train),
                number(now.train),
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "validation loss now / at its best - 1 = {} / {} - 1 = {}, above {}; rise {} above its noise of {}; gap to training loss {}, above {}",
                number(now.validation),
                number(best.validation),
                percent(now.generalization_loss),
                percent(ENTER[usize::from(self.grade.clamp(1, 3)) - 1]),
                number(now.rise),
                number(now.rise_threshold),
                number(now.gap),
                number(now.gap_threshold),
            ),
            rival: rival(context, best, now),
            remedies: remedies.iter().filter_map(|it| it(&context.project)).collect(),
        }
    }

    fn farewell(&self) -> String {
        let Some(best) = self.best else {
            return String::new();
        };
        if self.is_kept {
            format!("The weights of epoch {} are kept, from before validation loss rose.", best.epoch)
        } else if best.epoch > self.onset || self.now.generalization_loss < LEAVE[0] {
            format!(
                "Validation loss has come down again, to {}; its best is now {} at epoch {}.",
                number(self.now.validation),
                number(best.validation),
                best.epoch
            )
        } else {
            format!(
                "Training loss, at {}, no longer falls below the {} of epoch {}: validation is not alone in getting worse.",
                number(self.now.train),
                number(best.train),
                best.epoch
            )
        }
    }
}

impl Overfitting {
    /// The best epoch so far, this one included.
    fn best_with(&mut self, row: &EpochRow) -> Best {
        self.first.get_or_insert_with(|| first_loss(row));
        let this = Best {
            epoch: row.epoch,
            validation: row.validation_loss,
            error: validation_error(row),
            train: row.train_loss,
            accuracy: row.metrics.get("validation_accuracy").copied(),
        };
        match self.best {
            Some(best) if best.validation <= this.validation => {
                self.since_best.push(this.validation / scale_of(best));
                best
            }
            Some(_) | None => {
                self.since_best = Trend::default();
                self.best = Some(this);
                this
            }
        }
    }

    fn measure(&self, context: &Context, row: &EpochRow, best: Best) -> Now {
        let train = self.train.median_of_last(SMOOTHED).unwrap_or(row.train_loss);
        let validation = self.validation.median_of_last(SMOOTHED).unwrap_or(row.validation_loss);
        let rise = validation - best.validation;
        let error = validation_error(row).unwrap_or(UNKNOWN_ERROR * row.validation_loss.abs());
        let scale = guessing(context, self.first.unwrap_or(0.0));
        let rise_thresholds = [
            RISE_ERRORS * best.error.unwrap_or(UNKNOWN_ERROR * best.validation.abs()),
            RISE_SCATTERS * self.since_best.scatter() * scale_of(best),
            RISE_OF_BASELINE * scale,
        ];
        Now {
            train,
            validation,
            generalization_loss: rise / scale_of(best),
            gap: validation - train,
            gap_threshold: (self.gap_errors * error).max(self.gap_share * train),
            rise,
            rise_threshold: rise_thresholds.into_iter().fold(0.0, f64::max),
            significance: self.since_best.significance(),
            guessing: scale,
            accuracy: row.metrics.get("validation_accuracy").copied(),
        }
    }
}

/// What a rise is measured in: the best loss, kept off zero.
fn scale_of(best: Best) -> f64 {
    best.validation.abs().max(1e-30)
}

/// The grade of a generalization loss: entered at one threshold, left at a lower one.
fn grade(generalization_loss: f64, before: u8) -> u8 {
    let reached = |thresholds: [f64; 3]| thresholds.iter().filter(|it| generalization_loss > **it).count() as u8;
    reached(ENTER).max(before.min(reached(LEAVE)))
}

fn rival(context: &Context, best: Best, now: Now) -> String {
    if let (Some(then), Some(accuracy)) = (best.accuracy, now.accuracy) {
        let error = (then * (1.0 - then) / context.validation_rows.max(1) as f64).sqrt();
        if accuracy > then - 0.5 * error {
            return format!(
                "Over-confidence: validation accuracy is {}, and was {} at epoch {}, so the classes are told apart as well as before and only the certainty is too great.",
                number(accuracy),
                number(then),
                best.epoch
            );
        }
    }
    match context.project.split.method {
        SplitMethod::Ordered => {
            "The validation rows stand later in the file and may be of another kind than the training rows; a random split would tell.".to_owned()
        }
        SplitMethod::Random | SplitMethod::Stratified => {
            format!("The {} validation rows may be an unlucky draw; another split seed would tell.", context.validation_rows)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn overfitting(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("overfitting", context, rows)
    }

    /// Falls to `floor` at epoch 15, then rises by `rise` of it an epoch, while training falls on.
    fn scissors(seed: u64, floor: f64, rise: f64, jitter: f64, error: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(seed);
        let mut rows = run(60, |epoch| {
            let validation =
                floor * if epoch < 15.0 { 1.0 + 0.1 * (15.0 - epoch) } else { 1.0 + rise * (epoch - 15.0) };
            (
                1.5 * floor * (-epoch / 10.0).exp() * (1.0 + 0.5 * jitter * noise.normal()),
                validation * (1.0 + jitter * noise.normal()),
            )
        });
        for row in &mut rows {
            row.validation_se = Some(error * floor);
        }
        rows
    }

    #[test]
    fn it_marks_the_minimum_as_onset_and_its_grade_grows() {
        let told = overfitting(&binary(), &scissors(1, 0.4, 0.004, 0.0, 0.03));
        assert_eq!(told[0].state, FindingState::Raised);
        assert!(told.iter().all(|it| it.from_epoch == 15));
        assert!(told[0].epoch <= 25, "{}", told[0].epoch);
        assert!(told.windows(2).all(|it| it[0].grade <= it[1].grade) && told.last().unwrap().grade == 3);
        assert_eq!((told[0].severity, worst(&told)), (Severity::Info, Some(Severity::Warning)));
        assert!(
            told[0].text.contains("its best of 0.4 at epoch 15") && told[0].text.contains("consistent with"),
            "{}",
            told[0].text
        );
        let loss = told[0].evidence["generalization_loss"];
        assert!(loss.value > loss.threshold.unwrap(), "{loss:?}");
    }

    #[test]
    fn it_sees_through_noise() {
        for seed in 0..30 {
            let told = overfitting(&binary(), &scissors(seed, 0.4, 0.02, 0.02, 0.05));
            let first = told.first().unwrap_or_else(|| panic!("seed {seed}"));
            assert!(
                first.epoch <= 32 && (10..=22).contains(&first.from_epoch),
                "seed {seed}: {} {}",
                first.epoch,
                first.from_epoch
            );
            assert!(!states(&told).contains(&FindingState::Cleared), "seed {seed}");
        }
    }

    #[test]
    fn spam_emails_are_learned_by_heart_after_epoch_12() {
        let mut context = binary();
        context.validation_rows = 573;
        let told = overfitting(&context, &recorded::spam_emails());
        assert_eq!((told[0].from_epoch, told[0].severity), (12, Severity::Warning));
        assert!(told[0].epoch <= 25 && told.last().unwrap().grade == 3);
        assert!(told[0].rival.contains("Over-confidence"), "{}", told[0].rival);
        let labels: Vec<_> = told[0].remedies.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["Dropout 0.3", "Weight decay 0.001", "Half the hidden units"]);
    }

    #[test]
    fn healthy_runs_are_left_alone_however_precise_the_validation() {
        let mut false_alarms = 0;
        for seed in 0..100 {
            let mut rows = healthy(seed, 100);
            assert!(overfitting(&regression(), &rows).is_empty(), "seed {seed}");
            // A large validation set, and a gap that is there without any rise.
            for row in &mut rows {
                row.train_loss *= 0.7 - 0.001 * row.epoch as f64;
                row.validation_se = Some(0.001);
            }
            false_alarms += usize::from(!overfitting(&regression(), &rows).is_empty());
        }
        assert!(false_alarms <= 2, "{false_alarms}");
        for (name, rows) in recorded::healthy() {
            assert!(overfitting(&regression(), &rows).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_tiny_loss_may_double_and_a_small_validation_set_may_jitter() {
        assert!(overfitting(&regression(), &scissors(1, 1e-6, 0.05, 0.0, 0.1)).is_empty());
        for seed in 0..100 {
            let mut noise = Noise::new(seed);
            let mut rows = healthy(seed, 80);
            for row in &mut rows {
                row.train_loss *= 1.0 - 0.005 * row.epoch as f64;
                row.validation_loss *= 1.0 + 0.1 * noise.normal();
                row.validation_se = Some(0.25 * row.validation_loss);
            }
            assert!(overfitting(&regression(), &rows).is_empty(), "seed {seed}");
        }
    }

    #[test]
    fn a_single_spike_and_a_run_that_gets_worse_altogether_are_no_overfitting() {
        let spike = run(60, |epoch| {
            ((-epoch / 20.0).exp(), 0.1 + (-epoch / 20.0).exp() + if epoch == 30.0 { 2.0 } else { 0.0 })
        });
        assert!(overfitting(&regression(), &spike).is_empty());
        let worse = run(60, |epoch| ((epoch - 20.0).abs() / 10.0 + 0.1, (epoch - 20.0).abs() / 8.0 + 0.2));
        assert!(overfitting(&regression(), &worse).is_empty());
    }

    #[test]
    fn too_short_and_unvalidated_are_silent() {
        let rows = scissors(1, 0.4, 0.05, 0.0, 0.03);
        assert!(overfitting(&binary(), &rows[..20]).is_empty());
        assert!(overfitting(&Context { validation_rows: 0, ..binary() }, &rows).is_empty());
    }

    #[test]
    fn double_descent_clears_it() {
        let rows = run(120, |epoch| {
            let hump = 0.3 * (-((epoch - 45.0) / 12.0).powi(2)).exp();
            let floor = 0.3 + 0.5 * (-epoch / 6.0).exp() - 0.001 * epoch;
            (0.8 * (-epoch / 15.0).exp(), floor + hump)
        });
        let told = overfitting(&binary(), &rows);
        let states = states(&told);
        assert_eq!((states.first(), states.last()), (Some(&FindingState::Raised), Some(&FindingState::Cleared)));
        assert_eq!(states.iter().filter(|it| **it == FindingState::Cleared).count(), 1);
        let last = told.last().unwrap();
        assert!(
            (55..85).contains(&last.epoch) && last.text.contains("come down again"),
            "{} {}",
            last.epoch,
            last.text
        );
    }

    #[test]
    fn a_curve_along_a_threshold_does_not_flap() {
        let mut noise = Noise::new(4);
        let mut rows = run(200, |epoch| {
            let validation = if epoch < 15.0 {
                0.4 + 0.02 * (15.0 - epoch)
            } else {
                0.4 * (1.0 + 0.05 * ((epoch - 15.0) / 15.0).min(1.0))
            };
            (0.6 * (-epoch / 25.0).exp(), validation * (1.0 + 0.003 * noise.normal()))
        });
        for row in &mut rows {
            row.validation_se = Some(0.008);
        }
        let told = overfitting(&binary(), &rows);
        let grades: Vec<_> = told.iter().map(|it| it.grade).collect();
        assert!(!told.is_empty() && !states(&told).contains(&FindingState::Cleared));
        assert!(grades.windows(2).filter(|it| it[0] != it[1]).count() <= 2, "{grades:?}");
    }

    #[test]
    fn curves_without_standard_errors_are_judged_by_their_own_jitter() {
        let mut rows = scissors(3, 0.4, 0.02, 0.02, 0.0);
        for row in &mut rows {
            row.validation_se = None;
        }
        assert!(!overfitting(&binary(), &rows).is_empty());
    }
}
