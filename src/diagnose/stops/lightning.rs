//! Stop rule: Lightning's `EarlyStopping`.
//!
//! ## When it stops
//! At once where the loss is not finite (`check_finite`), lower than `stopping_threshold` or higher than
//! `divergence_threshold`. Otherwise an epoch improves where loss + `min_delta` < best; training stops with the epoch
//! that makes `patience` looks in a row without improvement. It counts looks at the validation loss, not epochs.
//!
//! ## What it keeps
//! The last epoch's weights; the best ones only with a checkpoint callback beside it, which `restore_best` stands for.
//!
//! ## Numbers
//! Logged values are single-precision tensors, and sums and comparisons stay in single precision. Best begins as
//! infinity, so a loss that is not a number never improves.
//!
//! ## Source
//! Lightning 2.6, `lightning/pytorch/callbacks/early_stopping.py`.

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const LIGHTNING: StopRule = StopRule {
    id: "lightning",
    label: "Lightning EarlyStopping",
    about: "Stops when the validation loss has not beaten its best by min delta in patience looks, or is not finite.",
    source: "Lightning 2, lightning.pytorch.callbacks.EarlyStopping",
    knobs: &[
        StopKnob::count("patience", "patience", 3.0, (0.0, 1000.0), "Looks without improvement; 0 is the same as 1."),
        StopKnob::real(
            "min_delta",
            "min_delta",
            0.0,
            (0.0, 1e9),
            "How much lower counts as better, in the loss's unit.",
        ),
        StopKnob::flag("check_finite", "check_finite", true, "Stop at once when the loss is not finite."),
        StopKnob::maybe("stopping_threshold", "stopping_threshold", "Stop at once when the loss is below this."),
        StopKnob::maybe("divergence_threshold", "divergence_threshold", "Stop at once when the loss is above this."),
        StopKnob::flag(
            "restore_best",
            "ModelCheckpoint",
            false,
            "Keep the weights of the best epoch, as a checkpoint callback beside it would.",
        ),
    ],
    make: |settings, _| {
        Box::new(Lightning {
            patience: settings.count("patience"),
            min_delta: settings.real("min_delta") as f32,
            check_finite: settings.flag("check_finite"),
            stop_below: settings.real("stopping_threshold") as f32,
            stop_above: settings.real("divergence_threshold") as f32,
            best: (None, f32::INFINITY),
            waited: 0,
            keeper: Keeper::new(settings.flag("restore_best")),
        })
    },
};

struct Lightning {
    patience: u64,
    min_delta: f32,
    check_finite: bool,
    /// NaN where off: no value is below it.
    stop_below: f32,
    stop_above: f32,
    best: (Option<u64>, f32),
    waited: u64,
    keeper: Keeper,
}

impl Stopper for Lightning {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        let value = point.validation as f32;
        if (self.check_finite && !value.is_finite()) || value < self.stop_below || value > self.stop_above {
            return Verdict::stop_if(true);
        }
        if value + self.min_delta < self.best.1 {
            self.best = (Some(point.epoch), value);
            self.waited = 0;
            return Verdict::GO_ON;
        }
        self.waited += 1;
        Verdict::stop_if(self.waited >= self.patience)
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }

    fn since(&self) -> Option<u64> {
        self.best.0
    }
}
