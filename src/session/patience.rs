//! Early stopping, and which epoch's weights are the best.

use crate::run::EpochRow;
use crate::spec::{Monitor, Patience, Project, StoppingSpec};

/// Watches one value over the epochs of a run.
///
/// Patience counts as Keras does: an epoch improves where it beats the reference by more than min_delta,
/// and the run stops behind the epoch that makes `patience` epochs in a row without improvement. The best
/// epoch is the one with the best value, however little better.
#[derive(Clone, Debug, PartialEq)]
pub struct Watch {
    monitor: Monitor,
    rule: Option<Patience>,
    best: Option<(u64, f64)>,
    reference: Option<f64>,
    waited: u64,
    /// The epoch the reference stems from.
    since: u64,
}

/// Where early stopping stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Countdown {
    pub monitor: Monitor,
    /// The epoch that last improved by more than min_delta.
    pub since_epoch: u64,
    pub best_value: f64,
    pub waited: u64,
    pub patience: u64,
}

/// What an epoch meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    /// It has the best value so far.
    pub(super) is_best: bool,
    /// The run should stop behind it.
    pub(super) stop: bool,
}

impl Watch {
    pub fn new(project: &Project) -> Self {
        let rule = match &project.stopping {
            StoppingSpec::Patience(it) => Some(it.clone()),
            StoppingSpec::Off => None,
        };
        let monitor = rule.as_ref().map_or(Monitor::ValidationLoss, |it| it.monitor);
        Self { monitor, rule, best: None, reference: None, waited: 0, since: 0 }
    }

    /// The countdown as a run's recorded epochs leave it, for drawing. None where nothing stops early.
    pub fn countdown_of(project: &Project, epochs: &[EpochRow]) -> Option<Countdown> {
        let mut watch = Self::new(project);
        for row in epochs {
            watch.observe(row);
        }
        watch.countdown()
    }

    /// Where early stopping stands; none where it is off or has seen nothing.
    pub fn countdown(&self) -> Option<Countdown> {
        let rule = self.rule.as_ref()?;
        let best_value = self.reference?;
        Some(Countdown {
            monitor: self.monitor,
            since_epoch: self.since,
            best_value,
            waited: self.waited,
            patience: rule.patience,
        })
    }

    /// Whether the best epoch's weights are kept at the end.
    pub(super) fn restores_best(&self) -> bool {
        self.rule.as_ref().is_some_and(|it| it.restore_best)
    }

    /// Takes new patience and min delta, turned while training.
    pub(super) fn turn(&mut self, project: &Project) {
        if let (Some(rule), StoppingSpec::Patience(new)) = (&mut self.rule, &project.stopping) {
            *rule = new.clone();
        }
    }

    /// Looks at a completed epoch. A value that is not finite never improves.
    pub(super) fn observe(&mut self, row: &EpochRow) -> Verdict {
        let value = self.value(row);
        let better = |new: f64, old: f64| if self.monitor.larger_is_better() { new > old } else { new < old };
        let is_best = value.is_finite() && self.best.is_none_or(|(_, old)| better(value, old));
        let Some(rule) = &self.rule else {
            self.note_best(is_best, row.epoch, value);
            return Verdict { is_best, stop: false };
        };
        if row.epoch <= rule.warmup {
            self.note_best(is_best, row.epoch, value);
            return Verdict { is_best, stop: false };
        }
        let margin = if self.monitor.larger_is_better() { -rule.min_delta } else { rule.min_delta };
        let improves = value.is_finite() && self.reference.is_none_or(|old| better(value + margin, old));
        let patience = rule.patience;
        if improves {
            self.reference = Some(value);
            self.since = row.epoch;
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        self.note_best(is_best, row.epoch, value);
        Verdict { is_best, stop: self.waited >= patience }
    }

    fn note_best(&mut self, is_best: bool, epoch: u64, value: f64) {
        if is_best {
            self.best = Some((epoch, value));
        }
    }

    fn value(&self, row: &EpochRow) -> f64 {
        match self.monitor {
            Monitor::ValidationLoss => row.validation_loss,
            Monitor::TrainLoss => row.train_loss,
            other => {
                let key: &str = other.into();
                row.metrics.get(key).copied().unwrap_or(f64::NAN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(patience: u64, min_delta: f64, warmup: u64) -> Project {
        let stopping = StoppingSpec::Patience(Patience { patience, min_delta, warmup, ..Patience::default() });
        Project { stopping, ..Project::default() }
    }

    /// Feeds validation losses and returns the epoch at which it stops, and the best epoch.
    fn stops_at(project: &Project, losses: &[f64]) -> (Option<u64>, u64) {
        let mut watch = Watch::new(project);
        for (idx, loss) in losses.iter().enumerate() {
            let row = EpochRow { epoch: idx as u64 + 1, validation_loss: *loss, ..EpochRow::default() };
            if watch.observe(&row).stop {
                return (Some(row.epoch), watch.best.unwrap().0);
            }
        }
        (None, watch.best.map_or(0, |it| it.0))
    }

    #[test]
    fn it_stops_behind_the_epoch_that_makes_patience_full() {
        let losses = [1.0, 0.8, 0.9, 0.85, 0.81, 0.7];
        assert_eq!(stops_at(&project(3, 0.0, 0), &losses), (Some(5), 2));
        assert_eq!(stops_at(&project(4, 0.0, 0), &losses), (None, 6));
    }

    #[test]
    fn small_gains_do_not_reset_patience_but_are_still_the_best() {
        let losses = [1.0, 0.99, 0.98, 0.97];
        assert_eq!(stops_at(&project(3, 0.05, 0), &losses), (Some(4), 4));
    }

    #[test]
    fn warm_up_epochs_are_not_watched_and_nan_never_improves() {
        let losses = [0.1, 1.0, f64::NAN, 1.1];
        assert_eq!(stops_at(&project(2, 0.0, 1), &losses), (Some(4), 1));
    }
}
