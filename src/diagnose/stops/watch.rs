//! Stop rule: this program's own, patience. One fold, which training, chart and bench all follow.
//!
//! ## When it stops
//! As Keras does: an epoch improves where it beats the reference by more than `min_delta`, and training stops behind
//! the epoch that makes `patience` epochs in a row without improvement. Epochs of the warm-up are not counted.
//!
//! ## What it keeps
//! The best epoch's weights, unless `restore_best` is off. Unlike in Keras, the best is the one with the best value,
//! however little better, warm-up included.
//!
//! ## Numbers
//! Double precision. A value that is not finite never improves, and is never the first to be beaten.

use serde::{Deserialize, Serialize};

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};
use crate::run::EpochRow;
use crate::spec::{Monitor, Patience, StoppingSpec};

pub(super) const LEARNSCOPE: StopRule = StopRule {
    id: "learnscope",
    label: "Learnscope",
    about: "Stops when the validation loss has not improved by more than min delta for patience epochs in a row.",
    source: "This program's early stopping",
    knobs: &[
        StopKnob::count("patience", "patience", 10.0, (1.0, 100_000.0), "Epochs without improvement."),
        StopKnob::real(
            "min_delta",
            "min delta",
            0.0,
            (0.0, 1e9),
            "How much lower counts as better, in the loss's unit.",
        ),
        StopKnob::count("warmup", "warm-up", 0.0, (0.0, 1e5), "First epochs that are not watched."),
        StopKnob::flag(
            "restore_best",
            "restore best",
            true,
            "Keep the weights of the best epoch, not those of the last.",
        ),
    ],
    make: |settings, _| {
        let rule = Patience {
            monitor: Monitor::ValidationLoss,
            patience: settings.count("patience"),
            min_delta: settings.real("min_delta"),
            warmup: settings.count("warmup"),
            restore_best: settings.flag("restore_best"),
        };
        let keeper = Keeper::new(rule.restore_best);
        Box::new(Learnscope { watch: Watch::new(&StoppingSpec::Patience(rule)), keeper })
    },
};

/// Follows the watched value of a run, epoch by epoch: which epoch is the best, and when patience ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    monitor: Monitor,
    /// None where nothing stops early: then it only knows the best.
    rule: Option<Patience>,
    best: Option<(u64, f64)>,
    reference: Option<(u64, f64)>,
    waited: u64,
}

/// What an epoch meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// It has the best value so far.
    pub is_best: bool,
    /// The run should stop behind it.
    pub stop: bool,
}

/// Where early stopping stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Countdown {
    pub monitor: Monitor,
    /// The epoch that last improved by more than min delta.
    pub since_epoch: u64,
    /// Its value, which is to be beaten.
    pub best_value: f64,
    /// Epochs since.
    pub waited: u64,
    pub patience: u64,
}

/// The stretch from the epoch that patience counts from to where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: u64,
    pub to: u64,
}

impl Watch {
    pub fn new(stopping: &StoppingSpec) -> Self {
        let rule = match stopping {
            StoppingSpec::Patience(it) => Some(it.clone()),
            StoppingSpec::Off => None,
        };
        let monitor = rule.as_ref().map_or(Monitor::ValidationLoss, |it| it.monitor);
        Self { monitor, rule, best: None, reference: None, waited: 0 }
    }

    /// The value it watches; without early stopping the validation loss.
    pub fn monitor(&self) -> Monitor {
        self.monitor
    }

    /// Takes new patience and min delta, turned while training. They hold from the next epoch on.
    pub fn turn(&mut self, patience: u64, min_delta: f64) {
        if let Some(rule) = &mut self.rule {
            rule.patience = patience;
            rule.min_delta = min_delta;
        }
    }

    /// Follows another rule from here on. Where it watches the same value, what was seen counts on; otherwise it begins
    /// anew, and says so.
    pub fn follow(&mut self, stopping: &StoppingSpec) -> bool {
        let new = Self::new(stopping);
        let begins_anew = new.monitor != self.monitor;
        if begins_anew {
            *self = new;
        } else {
            self.rule = new.rule;
        }
        begins_anew
    }

    /// Looks at a completed epoch, counted from 1. `value` is the watched one, as [`watched`] reads it.
    pub fn observe(&mut self, epoch: u64, value: f64) -> Seen {
        let sign = if self.monitor.larger_is_better() { -1.0 } else { 1.0 };
        let beats = |margin: f64, old: Option<(u64, f64)>| {
            value.is_finite() && old.is_none_or(|(_, old)| sign * value + margin < sign * old)
        };
        let is_best = beats(0.0, self.best);
        if is_best {
            self.best = Some((epoch, value));
        }
        let Some(rule) = self.rule.as_ref().filter(|it| epoch > it.warmup) else {
            return Seen { is_best, stop: false };
        };
        if beats(rule.min_delta, self.reference) {
            self.reference = Some((epoch, value));
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        Seen { is_best, stop: self.waited >= rule.patience }
    }

    /// The epoch with the best value so far, and that value.
    pub fn best(&self) -> Option<(u64, f64)> {
        self.best
    }

    /// Whether the best epoch's weights are kept at the end.
    pub fn restores_best(&self) -> bool {
        self.rule.as_ref().is_some_and(|it| it.restore_best)
    }

    /// Epochs without improvement that are left before it stops; none where nothing stops early.
    pub fn remaining(&self) -> Option<u64> {
        self.rule.as_ref().map(|it| it.patience.saturating_sub(self.waited))
    }

    /// Where early stopping stands; none where it is off or has seen nothing to count from.
    pub fn countdown(&self) -> Option<Countdown> {
        let rule = self.rule.as_ref()?;
        let (since_epoch, best_value) = self.reference?;
        Some(Countdown { monitor: self.monitor, since_epoch, best_value, waited: self.waited, patience: rule.patience })
    }

    /// The patience window, once an epoch has passed without improvement.
    pub fn window(&self) -> Option<Window> {
        let rule = self.rule.as_ref().filter(|_| self.waited > 0)?;
        let from = self.reference.map_or(rule.warmup, |it| it.0);
        Some(Window { from, to: from + rule.patience })
    }
}

/// The watched value of an epoch; NaN where it was not measured.
pub fn watched(row: &EpochRow, monitor: Monitor) -> f64 {
    match monitor {
        Monitor::ValidationLoss => row.validation_loss,
        Monitor::TrainLoss => row.train_loss,
        other => {
            let key: &str = other.into();
            row.metrics.get(key).copied().unwrap_or(f64::NAN)
        }
    }
}

struct Learnscope {
    watch: Watch,
    keeper: Keeper,
}

impl Stopper for Learnscope {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        Verdict::stop_if(self.watch.observe(point.epoch, point.validation).stop)
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }

    fn since(&self) -> Option<u64> {
        self.watch.reference.map(|it| it.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::stops::tests::outcome;

    fn watch(patience: u64, min_delta: f64, warmup: u64) -> Watch {
        Watch::new(&StoppingSpec::Patience(Patience { patience, min_delta, warmup, ..Patience::default() }))
    }

    /// The epoch at which it stops, and the best one.
    fn stops_at(mut watch: Watch, values: &[f64]) -> (Option<u64>, u64) {
        let stop = (1..).zip(values).find(|(epoch, value)| watch.observe(*epoch, **value).stop).map(|it| it.0);
        (stop, watch.best().map_or(0, |it| it.0))
    }

    #[test]
    fn it_stops_behind_the_epoch_that_makes_patience_full() {
        let losses = [1.0, 0.8, 0.9, 0.85, 0.81, 0.7];
        assert_eq!(stops_at(watch(3, 0.0, 0), &losses), (Some(5), 2));
        assert_eq!(stops_at(watch(4, 0.0, 0), &losses), (None, 6));
        let early = outcome("learnscope", &[("patience", 3.0)], &losses);
        assert_eq!((early.stop, early.kept, early.since, early.epochs_saved), (Some(5), Some(2), Some(2), 1));
        assert!((early.loss_given_up.unwrap() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn small_gains_do_not_reset_patience_but_are_still_the_best() {
        assert_eq!(stops_at(watch(3, 0.05, 0), &[1.0, 0.99, 0.98, 0.97]), (Some(4), 4));
    }

    #[test]
    fn warm_up_epochs_are_not_counted_and_nan_never_improves() {
        assert_eq!(stops_at(watch(2, 0.0, 1), &[0.1, 1.0, f64::NAN, 1.1]), (Some(4), 1));
        let mut blind = watch(3, 0.0, 2);
        let windows = [0.5, 0.4, f64::NAN, f64::NAN].map(|it| (blind.observe(0, it), blind.window()).1);
        assert_eq!(windows, [None; 4], "epoch 0 lies within the warm-up");
        blind.observe(3, f64::NAN);
        assert_eq!((blind.window(), blind.countdown()), (Some(Window { from: 2, to: 5 }), None));
    }

    #[test]
    fn larger_is_better_for_accuracy_and_turning_holds_from_the_next_epoch() {
        let rule =
            Patience { monitor: Monitor::ValidationAccuracy, patience: 5, min_delta: 0.01, ..Patience::default() };
        let mut watch = Watch::new(&StoppingSpec::Patience(rule));
        let best = [0.5, 0.8, 0.805, 0.7].map(|it| (it, watch.observe((it * 10.0) as u64, it).is_best).1);
        assert_eq!(best, [true, true, true, false]);
        let countdown = watch.countdown().unwrap();
        assert_eq!((countdown.since_epoch, countdown.waited, watch.remaining()), (8, 2, Some(3)));
        watch.turn(3, 0.0);
        assert!(watch.observe(9, 0.8).stop, "three epochs without improvement are enough now");
        assert_eq!(watch.window(), Some(Window { from: 8, to: 11 }));
    }

    #[test]
    fn without_early_stopping_it_only_knows_the_best() {
        let mut watch = Watch::new(&StoppingSpec::Off);
        let stops = [0.5, 0.4, 0.6].map(|it| watch.observe(1, it).stop);
        assert_eq!((stops, watch.best(), watch.remaining()), ([false; 3], Some((1, 0.4)), None));
        assert!(!watch.restores_best() && watch.countdown().is_none() && watch.window().is_none());
    }

    #[test]
    fn the_watched_value_is_read_from_the_row() {
        let mut row = EpochRow { train_loss: 0.3, validation_loss: 0.4, ..EpochRow::default() };
        row.metrics.insert("validation_accuracy".into(), 0.9);
        let read =
            [Monitor::TrainLoss, Monitor::ValidationLoss, Monitor::ValidationAccuracy].map(|it| watched(&row, it));
        assert_eq!(read, [0.3, 0.4, 0.9]);
        assert!(watched(&row, Monitor::ValidationRmse).is_nan());
    }
}
