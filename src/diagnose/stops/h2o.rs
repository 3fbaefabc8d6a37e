//! Stop rule: H2O's moving averages.
//!
//! ## When it stops
//! With k = `stopping_rounds`: of the last 2k losses, k + 1 averages over k are formed. The first of them is the
//! reference, the k others are newer. Training stops where the smallest newer one / the reference >=
//! 1 - `stopping_tolerance`, that is, where smoothed progress over k looks is less than the tolerance. The first look
//! is never used, so the earliest stop is behind look 2k + 1. It also stops where the reference is 0.
//!
//! ## What it keeps
//! The best epoch's weights (`overwrite_with_best_model`).
//!
//! ## Numbers
//! An average that is not a number, or averages on both sides of zero, are no reason to stop. Below zero the
//! ratio grows as the loss falls, and the rule stops: as in the package. An epoch costs about
//! 2k steps, as the averages are formed as in the package, for the same rounding.
//!
//! ## Source
//! H2O-3, `hex/ScoreKeeper.java` (`stopEarly`), and its documentation of `stopping_rounds`.

use std::collections::VecDeque;

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const H2O: StopRule = StopRule {
    id: "h2o",
    label: "H2O moving average",
    about: "Stops when the loss, averaged over some epochs, has improved by less than a tolerance over as many epochs.",
    source: "H2O-3, stopping_rounds and stopping_tolerance",
    knobs: &[
        StopKnob::count("rounds", "stopping_rounds", 5.0, (1.0, 50.0), "Epochs in an average, and averages compared."),
        StopKnob::real(
            "tolerance",
            "stopping_tolerance",
            1e-3,
            (0.0, 1.0),
            "Least improvement, as a share of the reference.",
        ),
        StopKnob::flag(
            "restore_best",
            "overwrite_with_best_model",
            true,
            "Keep the weights of the best epoch, not those of the last.",
        ),
    ],
    make: |settings, _| {
        let rounds = settings.count("rounds").max(1) as usize;
        Box::new(H2o {
            rounds,
            tolerance: settings.real("tolerance"),
            n_seen: 0,
            losses: VecDeque::with_capacity(rounds),
            averages: VecDeque::with_capacity(rounds + 1),
            keeper: Keeper::new(settings.flag("restore_best")),
        })
    },
};

struct H2o {
    rounds: usize,
    tolerance: f64,
    n_seen: usize,
    /// The last `rounds` losses.
    losses: VecDeque<f64>,
    /// The last `rounds` + 1 averages.
    averages: VecDeque<f64>,
    keeper: Keeper,
}

impl H2o {
    fn has_converged(&self) -> bool {
        let Some(reference) = self.averages.front().copied() else { return false };
        if self.averages.iter().any(|it| it.is_nan()) {
            return false;
        }
        if reference == 0.0 {
            return true;
        }
        let newer = self.averages.iter().skip(1).copied();
        let (least, most) = newer.fold((f64::MAX, -f64::MAX), |(least, most), it| (least.min(it), most.max(it)));
        if sign(least.min(reference)) != sign(most.max(reference)) {
            return false;
        }
        // Infinity by infinity is not a number, and that is no reason to stop.
        least / reference >= 1.0 - self.tolerance
    }
}

/// -1, 0 or 1.
fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}

impl Stopper for H2o {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        self.n_seen += 1;
        if self.losses.len() == self.rounds {
            self.losses.pop_front();
        }
        self.losses.push_back(point.validation);
        if self.losses.len() == self.rounds {
            if self.averages.len() > self.rounds {
                self.averages.pop_front();
            }
            self.averages.push_back(self.losses.iter().sum::<f64>() / self.rounds as f64);
        }
        Verdict::stop_if(self.n_seen > 2 * self.rounds && self.has_converged())
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::stops::tests::{outcome, stop};

    /// k = 2: averages of epochs (2, 3), (3, 4), (4, 5) at epoch 5, and so on.
    #[test]
    fn it_stops_where_the_best_newer_average_is_too_near_the_reference() {
        let losses = [9.0, 8.0, 6.0, 4.0, 4.0, 4.0, 4.0, 3.9];
        // Epoch 5: 7 -> 5, 4. Epoch 6: 5 -> 4, 4. Epoch 7: 4 -> 4, 4, a ratio of 1.
        assert_eq!(stop("h2o", &[("rounds", 2.0), ("tolerance", 0.001)], &losses), Some(7));
        // Epoch 6: 4 / 5 = 0.8 = 1 - 0.2 stops, too; epoch 5: 4 / 7 = 0.57 does not.
        assert_eq!(stop("h2o", &[("rounds", 2.0), ("tolerance", 0.2)], &losses), Some(6));
        assert_eq!(stop("h2o", &[("rounds", 2.0), ("tolerance", 0.19)], &losses), Some(7));
        // 2k + 1 = 9 epochs are needed.
        assert_eq!(stop("h2o", &[("rounds", 4.0)], &losses), None);
        assert_eq!(stop("h2o", &[("rounds", 1.0), ("tolerance", 0.0)], &[1.0, 1.0, 1.0]), Some(3));
    }

    #[test]
    fn it_keeps_the_best_and_minds_zero_and_values_that_are_no_numbers() {
        let rounds = |k| vec![("rounds", k), ("tolerance", 0.001)];
        let rising = outcome("h2o", &rounds(1.0), &[0.3, 0.2, 0.5, 0.6]);
        assert_eq!((rising.stop, rising.kept, rising.epochs_saved), (Some(3), Some(2), 1));
        assert_eq!(stop("h2o", &rounds(1.0), &[1.0, f64::NAN, 1.0, 0.5, 0.5]), Some(5));
        assert_eq!(stop("h2o", &rounds(1.0), &[1.0, 0.5, -0.5]), None, "zero is crossed");
        assert_eq!(stop("h2o", &rounds(1.0), &[1.0, 0.5, -0.5, -1.0]), Some(4), "below zero a fall looks like a rise");
        assert_eq!(stop("h2o", &rounds(1.0), &[1.0, 0.0, 5.0]), Some(3), "the reference is 0");
    }
}
