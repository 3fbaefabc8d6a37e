//! What lowering the learning rate did to the loss.

use crate::diagnose::rule::measured;
use crate::diagnose::words::{number, percent};
use crate::run::Evidence;

/// A rate below this share of the last one was lowered at a stroke; a smooth schedule stays above.
const LOWERED: f64 = 0.6;

/// Epochs behind a reduction from which its effect can be read.
const FEWEST: u64 = 5;

/// A fall of the loss by this share is one that a reduction brought.
const BROUGHT: f64 = 0.03;

/// The last time the learning rate was lowered at a stroke.
#[derive(Default)]
pub(super) struct Reduction {
    last_rate: f64,
    last_level: f64,
    lowered: Option<Lowered>,
}

#[derive(Clone, Copy)]
struct Lowered {
    epoch: u64,
    from: f64,
    to: f64,
    /// The level of the loss before it, and now.
    before: f64,
    now: f64,
    epochs: u64,
}

impl Reduction {
    /// Takes in an epoch with its learning rate, which may be unknown, and the level of the loss behind it.
    pub(super) fn push(&mut self, epoch: u64, rate: f64, level: f64) {
        if rate > 0.0 {
            if rate < LOWERED * self.last_rate {
                let (from, before) = (self.last_rate, self.last_level);
                self.lowered = Some(Lowered { epoch, from, to: rate, before, now: level, epochs: 0 });
            }
            self.last_rate = rate;
        }
        self.last_level = level;
        if let Some(it) = &mut self.lowered {
            (it.now, it.epochs) = (level, epoch - it.epoch);
        }
    }

    /// What to add to a sentence: nothing where nothing was lowered, or too lately.
    pub(super) fn told(&self) -> String {
        let Some(it) = self.effective() else {
            return String::new();
        };
        let effect = if it.now < (1.0 - BROUGHT) * it.before {
            format!("brought it down from {} by {}", number(it.before), percent(1.0 - it.now / it.before))
        } else if it.now > (1.0 + BROUGHT) * it.before {
            format!("did not keep it from rising from {}", number(it.before))
        } else {
            "did not move it".to_owned()
        };
        format!(
            ", and lowering the learning rate from {} to {} at epoch {} {effect}",
            number(it.from),
            number(it.to),
            it.epoch
        )
    }

    pub(super) fn evidence(&self) -> Option<(&'static str, Evidence)> {
        self.effective().map(|it| ("fall_after_reduction", measured(1.0 - it.now / it.before)))
    }

    fn effective(&self) -> Option<Lowered> {
        self.lowered.filter(|it| it.epochs >= FEWEST && it.before > 0.0)
    }
}
