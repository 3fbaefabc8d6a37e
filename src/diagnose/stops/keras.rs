//! Stop rule: Keras' `EarlyStopping`.
//!
//! ## When it stops
//! An epoch improves where loss + |`min_delta`| < best. Each epoch behind the first `start_from_epoch` adds one to the
//! wait; an improvement sets it back to none; without one, training stops when the wait has reached the patience.
//! So patience 0 is the same as 1. Epochs of the warm-up are not looked at, whatever their loss.
//!
//! ## What it keeps
//! The last epoch's weights, or with `restore_best_weights` those of the last improvement, also when training was not
//! stopped early. A better value within `min_delta` of the best is not kept.
//!
//! ## Numbers
//! The comparison is made by the backend, in single precision with PyTorch and JAX: values that differ by less are
//! ties. (The NumPy backend, which cannot train, compares in double precision.) The first loss counts as an improvement
//! even if it is not a number, and then no later one can beat it.
//!
//! ## Source
//! Keras 3.15, `keras/src/callbacks/early_stopping.py` and `monitor_callback.py`.

use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const KERAS: StopRule = StopRule {
    id: "keras",
    label: "Keras EarlyStopping",
    about: "Stops when the validation loss has not beaten its best by min delta for patience epochs in a row.",
    source: "Keras 3, keras.callbacks.EarlyStopping",
    knobs: &[
        StopKnob::count("patience", "patience", 0.0, (0.0, 1000.0), "Epochs without improvement; 0 is the same as 1."),
        StopKnob::real(
            "min_delta",
            "min_delta",
            0.0,
            (0.0, 1e9),
            "How much lower counts as better, in the loss's unit.",
        ),
        StopKnob::count("warmup", "start_from_epoch", 0.0, (0.0, 1e5), "First epochs that are not looked at."),
        StopKnob::flag(
            "restore_best",
            "restore_best_weights",
            false,
            "Keep the weights of the last improvement, not those of the last epoch.",
        ),
    ],
    make: |settings, _| {
        Box::new(Keras {
            patience: settings.count("patience"),
            min_delta: settings.real("min_delta"),
            warmup: settings.count("warmup"),
            restores: settings.flag("restore_best"),
            best: None,
            waited: 0,
            last: 0,
        })
    },
};

struct Keras {
    patience: u64,
    min_delta: f64,
    warmup: u64,
    restores: bool,
    best: Option<(u64, f64)>,
    waited: u64,
    last: u64,
}

impl Stopper for Keras {
    fn observe(&mut self, Point { epoch, validation, .. }: Point) -> Verdict {
        self.last = epoch;
        if epoch <= self.warmup {
            return Verdict::GO_ON;
        }
        self.waited += 1;
        // The sum is Python's, in double precision; the comparison is the backend's, in single.
        let improves = self.best.is_none_or(|(_, best)| ((validation + self.min_delta) as f32) < best as f32);
        if improves {
            self.best = Some((epoch, validation));
            self.waited = 0;
            return Verdict::GO_ON;
        }
        Verdict::stop_if(self.waited >= self.patience && epoch > 1)
    }

    fn kept(&self) -> u64 {
        self.since().filter(|_| self.restores).unwrap_or(self.last)
    }

    fn since(&self) -> Option<u64> {
        self.best.map(|it| it.0)
    }
}
