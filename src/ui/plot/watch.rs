//! Early stopping as the chart shows it: which epoch is best so far, and when patience ends.

use crate::run::{EpochRow, Run};
use crate::spec::{Monitor, Patience, StoppingSpec};

/// Follows the watched value epoch by epoch, as early stopping does: any better value is the best, and one
/// that is better by more than min delta starts patience anew.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Watch {
    seen: usize,
    n_changes: usize,
    best: Option<(u64, f64)>,
    /// The epoch and value that patience counts from.
    reference: Option<(u64, f64)>,
}

/// The stretch from the epoch that patience counts from to where it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: u64,
    pub(crate) to: u64,
}

impl Watch {
    /// Takes in the epochs told since the last call.
    pub(crate) fn follow(&mut self, run: &Run) {
        let rows = &run.history.epochs;
        let is_same = self
            .best
            .is_none_or(|(epoch, value)| rows.get(epoch as usize - 1).is_some_and(|it| watched(run, it) == value));
        if self.seen > rows.len() || self.n_changes != run.changes.len() || !is_same {
            *self = Self { n_changes: run.changes.len(), ..Self::default() };
        }
        for row in &rows[self.seen..] {
            self.take(run, row);
        }
        self.seen = rows.len();
    }

    fn take(&mut self, run: &Run, row: &EpochRow) {
        let sign = if monitor(run).larger_is_better() { -1.0 } else { 1.0 };
        let value = watched(run, row);
        if !value.is_finite() {
            return;
        }
        if self.best.is_none_or(|(_, best)| sign * value < sign * best) {
            self.best = Some((row.epoch, value));
        }
        let Some(patience) = patience(run).filter(|it| row.epoch > it.warmup) else { return };
        let min_delta = setting_at(run, "stopping.min_delta", row.epoch).unwrap_or(patience.min_delta);
        if self.reference.is_none_or(|(_, reference)| sign * value + min_delta < sign * reference) {
            self.reference = Some((row.epoch, value));
        }
    }

    /// The best epoch: the one whose weights were kept where that was told, else the best watched value so far.
    pub(crate) fn best_epoch(&self, run: &Run) -> Option<u64> {
        let told = run.finished.as_ref().map(|it| it.best_epoch).filter(|it| *it > 0);
        told.or(self.best.map(|it| it.0))
    }

    /// The patience window, once an epoch has passed without improvement.
    pub(crate) fn window(&self, run: &Run) -> Option<Window> {
        let patience = patience(run)?;
        let length = setting_at(run, "stopping.patience", run.epoch() + 1).map_or(patience.patience, |it| it as u64);
        let from = self.reference.map_or(patience.warmup, |it| it.0);
        (run.epoch() > from).then_some(Window { from, to: from + length })
    }
}

fn monitor(run: &Run) -> Monitor {
    patience(run).map_or(Monitor::ValidationLoss, |it| it.monitor)
}

fn patience(run: &Run) -> Option<&Patience> {
    match &run.project.stopping {
        StoppingSpec::Patience(it) => Some(it),
        StoppingSpec::Off => None,
    }
}

/// The watched value of an epoch; NaN where it was not measured.
fn watched(run: &Run, row: &EpochRow) -> f64 {
    match monitor(run).into() {
        "validation_loss" => row.validation_loss,
        "train_loss" => row.train_loss,
        metric => row.metrics.get(metric).copied().unwrap_or(f64::NAN),
    }
}

/// What a knob that was turned while training stood at in an epoch; none where it was not turned before it.
fn setting_at(run: &Run, key: &str, epoch: u64) -> Option<f64> {
    let turned = run.changes.iter().rev().find(|it| it.key == key && it.epoch <= epoch)?;
    turned.to.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Changed, Event};
    use crate::spec::Project;

    fn run_of(losses: &[f64], settings: &[&str]) -> Run {
        let mut project = Project::default();
        for setting in settings {
            project.set(setting).unwrap();
        }
        let rows = losses.iter().enumerate().map(|(idx, loss)| EpochRow {
            epoch: idx as u64 + 1,
            validation_loss: *loss,
            ..EpochRow::default()
        });
        Run::replay(project, rows.map(Event::Epoch))
    }

    fn watch(run: &Run) -> Watch {
        let mut watch = Watch::default();
        watch.follow(run);
        watch
    }

    #[test]
    fn patience_counts_from_the_best_epoch_that_beats_min_delta() {
        let run = run_of(&[1.0, 0.5, 0.495, 0.6], &["stopping.patience=5", "stopping.min_delta=0.01"]);
        assert_eq!(watch(&run).window(&run), Some(Window { from: 2, to: 7 }));
        assert_eq!(
            watch(&run).best_epoch(&run),
            Some(3),
            "a small gain does not renew patience, but is still the best"
        );
    }

    #[test]
    fn the_window_is_where_early_stopping_counts() {
        let losses = [1.0, 0.9, 0.7, 0.72, f64::NAN, 0.69, 0.71, 0.8];
        for setting in ["stopping.min_delta=0", "stopping.min_delta=0.05", "stopping.warmup=3"] {
            for n in 1..=losses.len() {
                let run = run_of(&losses[..n], &["stopping.patience=5", setting]);
                let counted = crate::session::Watch::countdown_of(&run.project, &run.history.epochs);
                let expected = counted
                    .filter(|it| it.waited > 0)
                    .map(|it| Window { from: it.since_epoch, to: it.since_epoch + it.patience });
                assert_eq!(watch(&run).window(&run), expected, "{setting} after {n} epochs");
            }
        }
    }

    #[test]
    fn a_run_that_improves_each_epoch_has_no_window() {
        let run = run_of(&[1.0, 0.9, 0.8], &[]);
        assert_eq!(watch(&run).window(&run), None);
        let run = run_of(&[1.0, 0.9, 0.95], &["stopping=off"]);
        assert_eq!((watch(&run).window(&run), watch(&run).best_epoch(&run)), (None, Some(2)));
    }

    #[test]
    fn following_epoch_by_epoch_equals_looking_at_all() {
        let losses = [1.0, 0.7, f64::NAN, 0.8, 0.6, 0.61];
        let mut growing = Watch::default();
        for n in 1..=losses.len() {
            growing.follow(&run_of(&losses[..n], &[]));
        }
        assert_eq!(growing, watch(&run_of(&losses, &[])));
    }

    #[test]
    fn patience_turned_while_training_moves_the_end() {
        let mut run = run_of(&[0.5, 0.6, 0.6], &["stopping.patience=5"]);
        run.apply(Event::Changed(Changed {
            epoch: 3,
            key: "stopping.patience".to_owned(),
            to: "9".to_owned(),
            ..Changed::default()
        }));
        assert_eq!(watch(&run).window(&run), Some(Window { from: 1, to: 10 }));
    }
}
