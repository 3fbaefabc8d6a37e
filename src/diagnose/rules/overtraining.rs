//! Rule: training goes on long after validation has stopped improving.
//!
//! ## What you see
//! The validation curve runs level while the training curve falls on.
//! ## Why it happens
//! What can be carried over to other rows has been learned; what is still learned is peculiar to the training rows.
//! ## What to try
//! Early stopping; fewer epochs. The time is better spent on another idea.
//! ## Source
//! SageMaker Debugger's `Overtraining` (validation without improvement for 10 steps) and the patience of Keras and
//! Lightning. A tenth of the way past the best epoch is every run's end, so that it must also be a good share of
//! the run, and training must have gained by it.

use super::curves::{Wobble, guessing, validation_error, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const OVERTRAINING: Rule = Rule {
    id: "overtraining",
    label: "Overtraining",
    about: "Validation loss runs level while training loss keeps falling.",
    needs: &[Need::TrainLoss, Need::ValidationLoss],
    explains: &["still-improving", "plateau"],
    make: |context| {
        Box::new(Overtraining {
            patience: context.threshold("overtraining.patience"),
            train_fall: context.threshold("overtraining.train_fall"),
            train: Recent::new(STILL_FALLING + 1),
            validation: Recent::new(SMOOTHED),
            wobble: Wobble::default(),
            first: None,
            mark: None,
            now: Now::default(),
        })
    },
};

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 3;

/// Epochs over which training must still fall, and by what share.
const STILL_FALLING: usize = 5;
const STILL_FALLS: f64 = 0.02;

/// A better validation loss must be better by this share of it, or by half its epochs' deviation.
const IMPROVEMENT: f64 = 0.005;
const IMPROVEMENT_DEVIATIONS: f64 = 0.5;

/// Share of the run's epochs without improvement, and patience in multiples, from which it is a warning.
const LONG: f64 = 0.5;
const LONG_PATIENCE: u64 = 3;

/// How far below the validation loss training must lie by then, as a share of it: what it still gains is by heart.
const OPEN: f64 = 0.8;

/// A validation loss of so small a share of guessing is as good as perfect, and no harm can come of more.
const EXCELLENT: f64 = 0.02;

/// A validation loss above its mark by this share rises: another rule's.
const RISES: f64 = 0.1;

struct Overtraining {
    patience: f64,
    train_fall: f64,
    train: Recent,
    validation: Recent,
    wobble: Wobble,
    first: Option<f64>,
    mark: Option<Mark>,
    now: Now,
}

/// The last epoch at which validation improved by more than noise.
#[derive(Clone, Copy)]
struct Mark {
    epoch: u64,
    validation: f64,
    train: f64,
}

#[derive(Clone, Copy, Default)]
struct Now {
    epochs: u64,
    train: f64,
    validation: f64,
    train_fall: f64,
}

impl Observer for Overtraining {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let Some(validation) = validation_loss(context, row).filter(|_| row.train_loss.is_finite()) else {
            return Look::Unclear;
        };
        let guessing = guessing(context, *self.first.get_or_insert(validation));
        self.train.push(row.train_loss);
        self.validation.push(validation);
        self.wobble.push(validation);
        let (Some(train), Some(validation)) =
            (self.train.median_of_last(SMOOTHED), self.validation.median_of_last(SMOOTHED))
        else {
            return Look::Unclear;
        };
        let noise = IMPROVEMENT_DEVIATIONS * self.wobble.deviation().unwrap_or(0.0);
        let mark = *self.mark.get_or_insert(Mark { epoch: row.epoch, validation, train });
        if validation < mark.validation - noise.max(IMPROVEMENT * mark.validation.abs()) {
            self.mark = Some(Mark { epoch: row.epoch, validation, train });
            return Look::Absent;
        }
        // Shares of a loss that may be below 0, as that of a density, mean nothing.
        if mark.train <= 0.0 || validation <= 0.0 {
            return Look::Unclear;
        }
        let epochs = row.epoch - mark.epoch;
        let train_fall = 1.0 - train / mark.train.max(f64::MIN_POSITIVE);
        self.now = Now { epochs, train, validation, train_fall };
        let ease = if standing { 0.8 } else { 1.0 };
        // One that stands tells of time that was spent, whether or not training has come to rest since.
        let still_falls = self.train.back(STILL_FALLING).is_some_and(|it| train < (1.0 - STILL_FALLS) * it) || standing;
        let rises = validation - mark.validation > RISES * mark.validation + 2.0 * noise;
        // Half an epoch's noise of the estimate itself is what level means.
        let rises = rises && validation - mark.validation > 0.5 * validation_error(row).unwrap_or(0.0);
        if still_falls && epochs as f64 >= self.patience && train_fall > ease * self.train_fall && (standing || !rises)
        {
            let is_long = epochs as f64 >= (LONG * row.epoch as f64).max((LONG_PATIENCE as f64) * self.patience);
            let is_open = train < (1.0 - OPEN) * validation && validation > EXCELLENT * guessing;
            let severity = if is_long && is_open { Severity::Warning } else { Severity::Info };
            return Look::Seen { severity, grade: 0, from_epoch: mark.epoch };
        }
        Look::Absent
    }

    fn words(&self, context: &Context) -> Words {
        let (now, Some(mark)) = (self.now, self.mark) else {
            return Words::default();
        };
        let words = Words {
            text: format!(
                "Validation loss has not improved on {} for {} epochs, while training loss fell by {} to {}. This is consistent with a network that has learned what it can carry over to other rows and now learns these by heart.",
                number(mark.validation),
                now.epochs,
                percent(now.train_fall),
                number(now.train),
            ),
            formula: format!(
                "epochs since validation improved = {}, at least {}; fall of training loss since = 1 - {} / {} = {}, above {}",
                now.epochs,
                number(self.patience),
                number(now.train),
                number(mark.train),
                percent(now.train_fall),
                percent(self.train_fall),
            ),
            rival: "Validation may fall again much later, as it does for some networks far larger than their data; letting a copy run on would tell.".to_owned(),
            remedies: [remedy::stop_early, remedy::dropout, remedy::smaller].iter().filter_map(|it| it(&context.project)).collect(),
            ..Words::default()
        };
        let evidence = [
            ("epochs_without_improvement", against(now.epochs as f64, self.patience)),
            ("train_fall", against(now.train_fall, self.train_fall)),
            ("validation_loss", measured(now.validation)),
            ("train_loss", measured(now.train)),
        ];
        with_evidence(words, evidence)
    }

    fn farewell(&self) -> String {
        format!("Validation loss has moved again, to {}.", number(self.now.validation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run, told, worst};
    use crate::run::FindingRow;

    fn overtraining(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("overtraining", context, rows)
    }

    /// Validation settles at `floor` by epoch 15 or so; training falls on.
    fn level(floor: f64, fall: f64, epochs: u64) -> Vec<EpochRow> {
        let mut noise = Noise::new(6);
        run(epochs, |epoch| {
            let validation = floor + 0.7 * (-epoch / 2.5).exp();
            (0.8 * (-fall * epoch).exp(), validation * (1.0 + 0.01 * noise.normal()))
        })
    }

    #[test]
    fn a_level_validation_under_a_falling_training_loss_grows_from_note_to_warning() {
        let told = overtraining(&regression(), &level(0.3, 0.08, 100));
        assert_eq!(told[0].severity, Severity::Info);
        assert!((18..=40).contains(&told[0].epoch) && told[0].from_epoch <= 25, "{:?}", told[0]);
        assert_eq!(worst(&told), Some(Severity::Warning));
        assert!(told[0].text.contains("has not improved on"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Dropout 0.3", "early stopping is on already");
    }

    #[test]
    fn a_short_end_or_a_loss_near_nothing_is_a_note_at_most() {
        assert!(worst(&overtraining(&regression(), &level(0.3, 0.08, 40))) <= Some(Severity::Info));
        assert!(worst(&overtraining(&regression(), &level(0.005, 0.08, 100))) <= Some(Severity::Info));
    }

    #[test]
    fn where_training_is_level_too_or_validation_falls_nothing_is_told() {
        assert!(overtraining(&regression(), &run(100, |epoch| (0.3 + (-epoch).exp(), 0.35))).is_empty());
        let falling = run(100, |epoch| ((-0.05 * epoch).exp(), 0.2 + (-0.03 * epoch).exp()));
        assert!(overtraining(&regression(), &falling[..80]).is_empty());
    }

    #[test]
    fn healthy_and_short_runs_earn_a_note_at_most() {
        for seed in 0..40 {
            assert!(worst(&overtraining(&regression(), &healthy(seed, 100))) <= Some(Severity::Info), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(worst(&overtraining(&regression(), &rows)) <= Some(Severity::Info), "{name}");
        }
        assert!(overtraining(&regression(), &level(0.3, 0.08, 12)).is_empty());
    }
}
