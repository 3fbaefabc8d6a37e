//! Stop rule: Burn's `NoImprovementSince`.
//!
//! ## When it stops
//! An epoch improves where its loss < best, however little. Training stops with an epoch that does not improve and
//! lies `n_epochs` or more behind the best one, but not within the warm-up. Unlike Keras, it looks for the best epoch
//! during the warm-up, too, so that it may stop with the first epoch behind it.
//!
//! ## What it keeps
//! The last epoch's weights, unless a checkpoint strategy keeps others.
//!
//! ## Numbers
//! Double precision. Best begins as the largest number, at epoch 1; a loss that is not a number never improves.
//!
//! ## Source
//! Burn, `crates/burn-train/src/learner/early_stopping.rs`.

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const BURN: StopRule = StopRule {
    id: "burn",
    label: "Burn NoImprovementSince",
    about: "Stops when the best validation loss lies a number of epochs back.",
    source: "Burn, StoppingCondition::NoImprovementSince of burn-train",
    knobs: &[
        StopKnob::count(
            "patience",
            "n_epochs",
            5.0,
            (0.0, 1000.0),
            "Epochs since the best one. The package has no default.",
        ),
        StopKnob::count("warmup", "warmup_epochs", 0.0, (0.0, 1e5), "First epochs in which it does not stop."),
        StopKnob::flag(
            "restore_best",
            "restore best",
            false,
            "Keep the weights of the best epoch, not those of the last.",
        ),
    ],
    make: |settings, _| {
        Box::new(Burn {
            n_epochs: settings.count("patience"),
            warmup: settings.count("warmup"),
            best: (1, f64::MAX),
            keeper: Keeper::new(settings.flag("restore_best")),
        })
    },
};

struct Burn {
    n_epochs: u64,
    warmup: u64,
    best: (u64, f64),
    keeper: Keeper,
}

impl Stopper for Burn {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        if point.validation < self.best.1 {
            self.best = (point.epoch, point.validation);
            return Verdict::GO_ON;
        }
        let since = point.epoch.saturating_sub(self.best.0);
        Verdict::stop_if(point.epoch > self.warmup && since >= self.n_epochs)
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }

    fn since(&self) -> Option<u64> {
        Some(self.best.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::stops::tests::stop;

    // The cases of the package's own tests, and one for its warm-up.
    #[test]
    fn it_stops_as_the_packages_own_tests_do() {
        let two = &[("patience", 2.0)];
        assert_eq!(stop("burn", &[("patience", 1.0)], &[0.4, 0.35, 0.3, 0.25]), None);
        assert_eq!(stop("burn", two, &[0.75, 0.4, 2.0, 1.5]), Some(4));
        assert_eq!(stop("burn", two, &[0.4, 0.4, 0.4]), Some(3));
        let warm = &[("patience", 2.0), ("warmup", 3.0)];
        assert_eq!(stop("burn", warm, &[0.75; 4]), Some(4));
        assert_eq!(stop("burn", two, &[f64::NAN; 3]), Some(3), "counted from epoch 1");
    }
}
