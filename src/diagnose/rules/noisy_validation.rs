//! Rule: too few validation rows for what is concluded from them.
//!
//! ## What you see
//! The validation curve jumps about while the training curve is smooth; or its error band is nearly
//! as wide as the loss is high.
//! ## Why it happens
//! A handful of rows decides each value. The best epoch is then the luckiest, and looks better than it is.
//! ## What to try
//! More rows for validation; a verdict from the test rows only; repeats over several seeds.
//! ## Source
//! Google's tuning playbook: variance from epoch to epoch comes from small validation sets as well as from high
//! rates. The binomial standard error of an accuracy. Cawley & Talbot 2010 on the bias of choosing by validation.

use super::curves::{Wobble, guessing, validation_error, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const NOISY_VALIDATION: Rule = Rule {
    id: "noisy-validation",
    label: "Noisy validation",
    about: "Validation is too noisy to tell one epoch from another.",
    needs: &[Need::TrainLoss, Need::ValidationLoss],
    explains: &["overtraining", "validation-below-train"],
    make: |context| {
        Box::new(NoisyValidation {
            jitter: context.threshold("noisy-validation.jitter"),
            times: context.threshold("noisy-validation.times_training"),
            rows: context.threshold("noisy-validation.rows"),
            train: Wobble::default(),
            validation: Wobble::default(),
            levels: (Recent::new(SMOOTHED), Recent::new(SETTLING + 1)),
            first: None,
            best: f64::INFINITY,
            from_epoch: None,
            now: Now::default(),
        })
    },
};

const SMOOTHED: usize = 5;

/// Epochs over which a loss that still falls by more than this share is on its way, and may do so in leaps.
const SETTLING: usize = 10;
const ON_ITS_WAY: f64 = 0.2;

/// Epochs before which jitter is part of a steep beginning.
const WARM_UP: u64 = 12;

/// So few rows whose two standard errors are above this share of the loss itself leave nothing to be said. More
/// rows with as wide a band have a loss that a few of them rule, and would need far more to mend it.
const HANDFUL: usize = 30;
const OF_THE_LOSS: f64 = 0.4;

/// Share of guessing below which neither loss nor its jitter matters.
const EXCELLENT: f64 = 0.1;

struct NoisyValidation {
    jitter: f64,
    times: f64,
    rows: f64,
    train: Wobble,
    validation: Wobble,
    levels: (Recent, Recent),
    first: Option<f64>,
    best: f64,
    from_epoch: Option<u64>,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    level: f64,
    jitter: f64,
    train_jitter: f64,
    /// Two standard errors.
    band: Option<f64>,
    is_handful: bool,
}

impl Observer for NoisyValidation {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let Some(validation) = validation_loss(context, row).filter(|_| row.train_loss.is_finite()) else {
            return Look::Unclear;
        };
        let guessing = guessing(context, *self.first.get_or_insert(validation));
        self.train.push(row.train_loss);
        self.validation.push(validation);
        self.levels.0.push(row.train_loss);
        self.levels.1.push(validation);
        self.best = self.best.min(validation);
        if row.epoch < WARM_UP {
            return Look::Unclear;
        }
        let (Some(train), Some(level)) =
            (self.levels.0.median_of_last(SMOOTHED), self.levels.1.median_of_last(SMOOTHED))
        else {
            return Look::Unclear;
        };
        let share = |it: &Wobble, level: f64| it.deviation().unwrap_or(0.0) / level.abs().max(f64::MIN_POSITIVE);
        let jitter = share(&self.validation, level);
        // A training loss close to nothing jitters by large shares of it that no validation loss would feel.
        let train_jitter = share(&self.train, train.max(0.3 * level));
        let band = validation_error(row).map(|it| 2.0 * it);
        self.now = Now { level, jitter, train_jitter, band, is_handful: false };

        let ease = if standing { 0.7 } else { 1.0 };
        let has_few = context.validation_rows == 0 || (context.validation_rows as f64) < self.rows;
        // How far a lucky epoch lies below its neighbours must be within the error band, where that is known.
        let is_luck = band.is_none_or(|it| level - self.best < it);
        let has_settled = self.levels.1.back(SETTLING).is_none_or(|it| level > (1.0 - ON_ITS_WAY) * it);
        let jumps = jitter > ease * self.jitter && jitter > ease * self.times * train_jitter;
        let jumps =
            jumps && self.validation.turns() > ease * 0.35 && level > EXCELLENT * guessing && is_luck && has_settled;
        let is_handful = context.validation_rows > 0 && context.validation_rows < HANDFUL;
        // A few easy rows can look excellent while training is not.
        let worth = level.max(train);
        let is_lost =
            is_handful && worth > ease * EXCELLENT * guessing && band.is_some_and(|it| it > ease * OF_THE_LOSS * level);
        self.now.is_handful = is_lost;
        if !has_few || !(jumps || is_lost) {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(WARM_UP).max(1));
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let rows = if context.validation_rows > 0 {
            format!("{} validation rows", context.validation_rows)
        } else {
            "very few validation rows".to_owned()
        };
        let seen = match now.band {
            Some(band) if now.is_handful => {
                format!("Validation loss is {}, give or take {}", number(now.level), number(band))
            }
            Some(_) | None => format!(
                "Validation loss strays by {} from epoch to epoch, training loss by {}",
                percent(now.jitter),
                percent(now.train_jitter)
            ),
        };
        let mut evidence =
            vec![("validation_jitter", against(now.jitter, self.jitter)), ("train_jitter", measured(now.train_jitter))];
        evidence.extend(now.band.map(|it| ("two_standard_errors", against(it, OF_THE_LOSS * now.level))));
        let words = Words {
            text: format!("{seen}. This is consistent with {rows} being too few to choose a best epoch by."),
            formula: format!(
                "deviation of single epochs / validation loss = {}, above {} and {} times that of training, {}",
                percent(now.jitter),
                percent(self.jitter),
                number(self.times),
                percent(now.train_jitter),
            ),
            rival: "Steps that are too large shake validation, too, and more than training, which is a mean over the epoch; at a third of the learning rate that would calm down.".to_owned(),
            remedies: [remedy::more_validation(&context.project)].into_iter().flatten().collect(),
            ..Words::default()
        };
        with_evidence(words, evidence)
    }

    /// A wild stretch on the way down is nothing to be told.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 6, leave: 6 }
    }

    fn farewell(&self) -> String {
        format!("Validation loss has calmed down, at {}.", number(self.now.level))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run, told};
    use crate::run::FindingRow;

    fn noisy(rows: usize, of: &[EpochRow]) -> Vec<FindingRow> {
        told("noisy-validation", &Context { validation_rows: rows, ..regression() }, of)
    }

    /// A smooth training curve, and a validation loss that strays by `jitter` with this error.
    fn straying(seed: u64, jitter: f64, error: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(seed);
        let mut rows = run(60, |epoch| {
            let loss = 0.4 + 0.6 * (-epoch / 4.0).exp();
            (loss * (1.0 + 0.005 * noise.normal()), loss * (1.0 + jitter * noise.normal()).max(0.1))
        });
        for row in &mut rows {
            row.validation_se = Some(error);
        }
        rows
    }

    #[test]
    fn a_validation_curve_that_strays_beside_a_smooth_one_is_told() {
        for seed in 0..20 {
            let told = noisy(40, &straying(seed, 0.2, 0.2));
            assert_eq!(told[0].severity, Severity::Warning, "{seed}");
            assert!(told[0].epoch <= 40 && told[0].text.contains("40 validation rows"), "{:?}", told[0]);
            assert_eq!(told[0].remedies[0].label, "30 % of the rows for validation");
        }
        let mut unknown = straying(1, 0.2, 0.2);
        for row in &mut unknown {
            row.validation_se = None;
        }
        let elsewhere = Context { knows_project: false, validation_rows: 0, ..regression() };
        let told = told("noisy-validation", &elsewhere, &unknown);
        assert!(told[0].text.contains("very few validation rows") && told[0].remedies.is_empty(), "{told:?}");
    }

    #[test]
    fn a_handful_of_rows_with_a_wide_band_is_told_without_any_jitter() {
        assert!(noisy(20, &straying(1, 0.0, 0.15))[0].text.contains("give or take 0.3"));
        assert!(noisy(20, &straying(1, 0.0, 0.05)).is_empty());
        assert!(noisy(35, &straying(1, 0.0, 0.15)).is_empty());
    }

    #[test]
    fn many_rows_or_little_jitter_or_a_rough_training_curve_acquit() {
        for seed in 0..20 {
            assert!(noisy(1000, &straying(seed, 0.2, 0.2)).is_empty(), "many rows");
            assert!(noisy(40, &straying(seed, 0.03, 0.1)).is_empty(), "little jitter");
            let mut rough = straying(seed, 0.2, 0.2);
            let mut noise = Noise::new(seed + 100);
            for row in &mut rough {
                row.train_loss *= (1.0 + 0.2 * noise.normal()).max(0.2);
            }
            assert!(noisy(40, &rough).is_empty(), "rough training");
        }
    }

    #[test]
    fn healthy_and_short_runs_are_left_alone() {
        for seed in 0..40 {
            assert!(noisy(400, &healthy(seed, 100)).is_empty() && noisy(100, &healthy(seed, 100)).is_empty(), "{seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(noisy(100, &rows).is_empty(), "{name}");
        }
        assert!(noisy(20, &straying(1, 0.2, 0.2)[..12]).is_empty());
    }
}
