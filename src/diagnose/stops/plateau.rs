//! Stop rule: PyTorch's `ReduceLROnPlateau`, taken to its end.
//!
//! ## When it reduces
//! An epoch is good where loss < best x (1 - `threshold`). More than `patience` bad ones on end lower the rate to
//! rate x `factor`, not below `min_lr`; so patience 10 reduces behind the eleventh. Behind a reduction, `cooldown`
//! epochs are not counted. A step of the rate of 1e-8 or less is not made.
//!
//! ## When it stops
//! The scheduler itself never stops. Here training ends where the rate is as low as it gets, or with a set number of
//! reductions, whichever comes first: what people use it for by hand.
//!
//! ## What it keeps
//! The last epoch's weights, or the best ones if asked to.
//!
//! ## Numbers
//! Double precision. A loss that is not a number is a bad epoch. Below zero, best x (1 - `threshold`) lies above best,
//! so that a loss that stays as it is counts as good: as in the package.
//!
//! ## Source
//! PyTorch 2.15, `torch/optim/lr_scheduler.py`.

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const PYTORCH: StopRule = StopRule {
    id: "pytorch_plateau",
    label: "PyTorch ReduceLROnPlateau",
    about: "Lowers the learning rate when the validation loss stalls, and stops when it has done so often enough.",
    source: "PyTorch 2, torch.optim.lr_scheduler.ReduceLROnPlateau",
    knobs: &[
        StopKnob::count(
            "patience",
            "patience",
            10.0,
            (0.0, 1000.0),
            "Bad epochs that are borne; the next one reduces.",
        ),
        StopKnob::real(
            "threshold",
            "threshold",
            1e-4,
            (0.0, 1.0),
            "How much lower counts as better, as a share of the best.",
        ),
        StopKnob::real("factor", "factor", 0.1, (0.001, 0.999), "What the learning rate is multiplied by."),
        StopKnob::count("cooldown", "cooldown", 0.0, (0.0, 1000.0), "Epochs behind a reduction that are not counted."),
        StopKnob::real("learning_rate", "lr", 1e-3, (1e-12, 1e3), "The learning rate at the start."),
        StopKnob::real("min_lr", "min_lr", 0.0, (0.0, 1e3), "The lowest learning rate; training ends there."),
        StopKnob::count(
            "reductions",
            "reductions",
            3.0,
            (0.0, 100.0),
            "Reductions with which training ends; 0 for no such end. Not part of the package.",
        ),
        StopKnob::flag(
            "restore_best",
            "restore best",
            false,
            "Keep the weights of the best epoch, not those of the last.",
        ),
    ],
    make: |settings, _| {
        Box::new(Plateau {
            patience: settings.count("patience"),
            threshold: settings.real("threshold"),
            factor: settings.real("factor"),
            cooldown: settings.count("cooldown"),
            min_lr: settings.real("min_lr"),
            most: settings.count("reductions"),
            rate: settings.real("learning_rate"),
            n_reductions: 0,
            best: (None, f64::INFINITY),
            n_bad: 0,
            resting: 0,
            keeper: Keeper::new(settings.flag("restore_best")),
        })
    },
};

/// Smaller steps of the rate are not made: the scheduler's `eps`.
const LEAST_STEP: f64 = 1e-8;

struct Plateau {
    patience: u64,
    threshold: f64,
    factor: f64,
    cooldown: u64,
    min_lr: f64,
    most: u64,
    rate: f64,
    n_reductions: u64,
    best: (Option<u64>, f64),
    n_bad: u64,
    /// Epochs of the cooldown that are left.
    resting: u64,
    keeper: Keeper,
}

impl Plateau {
    /// Lowers the rate if there is a step left to make.
    fn reduce(&mut self) -> Verdict {
        let lower = (self.rate * self.factor).max(self.min_lr);
        let reduces = self.rate - lower > LEAST_STEP;
        if reduces {
            self.rate = lower;
            self.n_reductions += 1;
        }
        let is_lowest = !reduces || self.rate <= self.min_lr;
        Verdict { reduces, stop: is_lowest || (self.most > 0 && self.n_reductions >= self.most) }
    }
}

impl Stopper for Plateau {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        if point.validation < self.best.1 * (1.0 - self.threshold) {
            self.best = (Some(point.epoch), point.validation);
            self.n_bad = 0;
        } else {
            self.n_bad += 1;
        }
        if self.resting > 0 {
            self.resting -= 1;
            self.n_bad = 0;
        }
        if self.n_bad <= self.patience {
            return Verdict::GO_ON;
        }
        self.resting = self.cooldown;
        self.n_bad = 0;
        self.reduce()
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }

    fn since(&self) -> Option<u64> {
        self.best.0
    }
}
