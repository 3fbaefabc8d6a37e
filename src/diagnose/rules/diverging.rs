//! Rule: the training loss rises in earnest.
//!
//! ## What you see
//! The training curve turns upward and leaves the level it had reached, or the one it started from, far below.
//! ## Why it happens
//! Steps so large that each overshoots by more than the last; momentum that adds them up; gradients that explode.
//! ## What to try
//! A tenth of the learning rate; gradient clipping; warm-up; standardized data.
//! ## Source
//! Lightning's range test and fastai's stop at 4 times the best loss, which near a tiny loss is nothing: the rise
//! must also matter beside what guessing loses. Google's tuning playbook: a training loss that rises is a bug or
//! an instability. CS231n, neural networks 3, on a very high rate.

use super::answers::first_loss;
use super::curves::{Wobble, guessing, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::number;
use crate::run::{EpochRow, Severity};

pub(super) const DIVERGING: Rule = Rule {
    id: "diverging",
    label: "Diverging",
    about: "Training loss rises far above what it had reached.",
    needs: &[Need::TrainLoss],
    explains: &[
        "loss-spikes",
        "learning-rate-too-high",
        "learning-rate-too-low",
        "plateau",
        "overfitting",
        "underfitting",
        "still-improving",
        "overtraining",
        "over-confident",
        "noisy-validation",
        "validation-below-train",
    ],
    make: |context| {
        Box::new(Diverging {
            factor: context.threshold("diverging.factor"),
            share: context.threshold("diverging.share_of_guessing"),
            train: Recent::new(SMOOTHED),
            levels: Recent::new(RISING_EPOCHS + 1),
            wobble: Wobble::default(),
            first: None,
            best: f64::INFINITY,
            best_epoch: 0,
            top: f64::NEG_INFINITY,
            now: Now::default(),
        })
    },
};

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 3;

/// Epochs over which it is asked whether the loss still rises.
const RISING_EPOCHS: usize = 5;

/// The rise in standard deviations of single epochs.
const RISE_DEVIATIONS: f64 = 4.0;

/// A loss this many times that of guessing is worse than any that merely bounces.
const WORSE_THAN_GUESSING: f64 = 1.2;

/// A rise of less than this share of the highest since is the tail of a spike, which is on its way back.
const TAIL: f64 = 1.0 / 3.0;

/// From this multiple of guessing on, the run is lost.
const LOST: f64 = 3.0;

struct Diverging {
    factor: f64,
    share: f64,
    train: Recent,
    levels: Recent,
    wobble: Wobble,
    first: Option<f64>,
    /// The lowest level so far, and the epoch it was reached.
    best: f64,
    best_epoch: u64,
    /// The highest single epoch since then.
    top: f64,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    level: f64,
    guessing: f64,
    learning_rate: f64,
    gradient_norm: Option<f64>,
}

impl Observer for Diverging {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if !row.train_loss.is_finite() {
            return Look::Unclear;
        }
        let first = *self.first.get_or_insert_with(|| first_loss(row));
        let deviation = self.wobble.deviation().unwrap_or(0.0);
        self.train.push(row.train_loss);
        self.wobble.push(row.train_loss);
        let level = self.train.median_of_last(SMOOTHED).unwrap_or(row.train_loss);
        self.levels.push(level);
        if self.best == f64::INFINITY {
            // Where the network stood before its first step, the first epoch itself may be the rise.
            self.best = context.initial_loss.unwrap_or(f64::INFINITY);
        }
        self.top = self.top.max(row.train_loss);
        if level <= self.best {
            (self.best, self.best_epoch, self.top) = (level, row.epoch, row.train_loss);
        }
        let guessing = guessing(context, first);
        self.now = Now { level, guessing, learning_rate: row.learning_rate, gradient_norm: row.gradient_norm };

        let ease = if standing { 0.6 } else { 1.0 };
        let rise = level - self.best;
        let is_far = level > (1.0 + ease * (self.factor - 1.0)) * self.best && rise > ease * self.share * guessing;
        // One that has calmed down at a lower level than guessing's was thrown out, and does not diverge.
        let rises = self.levels.back(RISING_EPOCHS).is_none_or(|before| level > before + 0.08 * rise);
        let comes_down = self.levels.back(1).is_some_and(|before| level < 0.97 * before);
        let is_lost = level > WORSE_THAN_GUESSING * guessing.max(self.best);
        let leaves_noise = rise > RISE_DEVIATIONS * deviation || level > LOST * guessing;
        let is_tail = rise < TAIL * (self.top - self.best) && !is_lost;
        let has_turned = standing || (leaves_noise && !comes_down && !is_tail);
        if !(is_far && (rises || is_lost) && has_turned) || row.epoch < 2 {
            return Look::Absent;
        }
        let severity = if level > LOST * guessing { Severity::Critical } else { Severity::Warning };
        Look::Seen { severity, grade: 0, from_epoch: self.best_epoch.max(1) }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let when = if self.best_epoch == 0 {
            "before the first step".to_owned()
        } else {
            format!("at epoch {}", self.best_epoch)
        };
        let evidence = [
            ("rise_factor", against(now.level / self.best, self.factor)),
            ("rise_of_guessing", against((now.level - self.best) / now.guessing, self.share)),
            ("learning_rate", measured(now.learning_rate)),
        ];
        let remedies = [
            remedy::standardize(&context.project),
            remedy::much_lower_learning_rate(context, now.learning_rate),
            remedy::clip_norm(&context.project),
        ];
        let words = Words {
            text: format!(
                "Training loss has risen to {}, from {} {when}. This is consistent with steps that overshoot further each time{}.",
                number(now.level),
                number(self.best),
                at_rate(now.learning_rate),
            ),
            formula: format!(
                "loss now / at its lowest = {} / {} = {}, above {}; rise / loss of guessing = {}, above {}",
                number(now.level),
                number(self.best),
                number(now.level / self.best),
                number(self.factor),
                number((now.level - self.best) / now.guessing),
                number(self.share),
            ),
            rival: "A batch of corrupt rows, or rows of another kind that come late, would raise the loss at any learning rate; at a tenth of it a run that overshoots falls again.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        with_evidence(words, evidence.into_iter().chain(now.gradient_norm.map(|it| ("gradient_norm", measured(it)))))
    }

    fn farewell(&self) -> String {
        format!("Training loss has come down again, to {}.", number(self.now.level))
    }
}

/// The learning rate, where the row knows one.
fn at_rate(learning_rate: f64) -> String {
    if learning_rate > 0.0 { format!(", at a learning rate of {}", number(learning_rate)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn diverging(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("diverging", context, rows)
    }

    /// Falls until epoch 10, then grows by `factor` an epoch.
    fn turning(scale: f64, factor: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(4);
        run(40, |epoch| {
            let loss =
                if epoch < 10.0 { 0.3 + 0.7 * (-epoch / 3.0).exp() } else { 0.325 * f64::powf(factor, epoch - 10.0) };
            let loss = scale * loss * (1.0 + 0.02 * noise.normal());
            (loss, loss)
        })
    }

    #[test]
    fn a_loss_that_grows_is_told_with_its_lowest_epoch() {
        for scale in [1e-6, 1.0, 1e6] {
            let mut context = regression();
            context.baseline.insert("loss".to_owned(), scale);
            let told = diverging(&context, &turning(scale, 1.3));
            assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning), "{scale}");
            assert!((8..=12).contains(&told[0].from_epoch) && told[0].epoch <= 18, "{:?}", told[0]);
            assert_eq!(worst(&told), Some(Severity::Critical));
            assert!(told[0].text.contains("has risen to") && told[0].text.contains("learning rate of 0.001"));
            assert_eq!(told[0].remedies[0].label, "Learning rate 0.0001, a tenth");
            assert!(!states(&told).contains(&FindingState::Cleared));
        }
    }

    #[test]
    fn one_that_rises_from_the_start_is_critical_by_epoch_four() {
        let rows = run(12, |epoch| (3.0_f64.powf(epoch), 3.0_f64.powf(epoch)));
        let told = diverging(&regression(), &rows);
        assert_eq!((told[0].severity, told[0].from_epoch), (Severity::Critical, 1));
        assert!(told[0].epoch <= 5, "{}", told[0].epoch);
    }

    #[test]
    fn a_tiny_loss_may_grow_tenfold_and_a_bad_start_may_come_down() {
        assert!(diverging(&regression(), &run(60, |epoch| (1e-4 * (1.0 + epoch / 5.0), 1e-3))).is_empty());
        let bad_start = run(40, |epoch| (80.0 * (-epoch / 2.0).exp() + 0.2, 0.3));
        assert!(diverging(&regression(), &bad_start).is_empty());
        let spike = run(40, |epoch| (if epoch == 20.0 { 9.0 } else { 0.3 }, 0.3));
        assert!(diverging(&regression(), &spike).is_empty());
    }

    #[test]
    fn the_threshold_divides() {
        let grown = |to: f64| run(60, move |epoch| (0.4 + (to - 0.4) * ((epoch - 10.0) / 40.0).clamp(0.0, 1.0), 0.4));
        // Twice the lowest, and 0.3 of what guessing loses.
        assert!(!diverging(&regression(), &grown(0.9)).is_empty());
        assert!(diverging(&regression(), &grown(0.75)).is_empty());
        let mut context = regression();
        context.project.set("doctor.diverging.factor=1.5").unwrap();
        assert!(!diverging(&context, &grown(0.75)).is_empty());
    }

    #[test]
    fn the_tail_of_a_spike_is_on_its_way_back() {
        let spiked = |top: f64| {
            run(30, move |epoch| {
                let loss = if epoch < 20.0 { 0.1 } else { 0.5 + 0.02 * (epoch - 20.0) };
                (if epoch == 20.0 { top } else { loss }, 0.5)
            })
        };
        assert!(diverging(&regression(), &spiked(8.0)).is_empty());
        assert!(!diverging(&regression(), &spiked(0.5)).is_empty(), "without the spike it rises");
    }

    #[test]
    fn healthy_and_short_runs_are_left_alone() {
        for seed in 0..40 {
            assert!(diverging(&regression(), &healthy(seed, 100)).is_empty(), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(diverging(&binary(), &rows).is_empty(), "{name}");
        }
        assert!(diverging(&regression(), &run(2, |epoch| (10.0_f64.powf(epoch), 1.0))).is_empty());
    }
}
