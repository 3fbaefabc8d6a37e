//! Early stopping as the chart shows it: which epoch is best so far, and when patience ends.

use crate::diagnose::stops::{self, watched};
use crate::run::{EpochRow, Run};
use crate::spec::StoppingSpec;

pub(crate) use stops::Window;

/// Follows the watched value of the shown run, epoch by epoch, as its training does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watch {
    rule: stops::Watch,
    stopping: StoppingSpec,
    seen: usize,
    n_changes: usize,
}

impl Default for Watch {
    fn default() -> Self {
        Self::of(&StoppingSpec::Off, 0)
    }
}

impl Watch {
    fn of(stopping: &StoppingSpec, n_changes: usize) -> Self {
        Self { rule: stops::Watch::new(stopping), stopping: stopping.clone(), seen: 0, n_changes }
    }

    /// Takes in the epochs told since the last call.
    pub(crate) fn follow(&mut self, run: &Run) {
        let rows = &run.history.epochs;
        let monitor = self.rule.monitor();
        let is_same = self.stopping == run.project.stopping
            && self
                .rule
                .best()
                .is_none_or(|(epoch, value)| run.history.row(epoch).is_some_and(|it| watched(it, monitor) == value));
        if self.seen > rows.len() || self.n_changes != run.changes.len() || !is_same {
            *self = Self::of(&run.project.stopping, run.changes.len());
        }
        for row in &rows[self.seen..] {
            self.take(run, row);
        }
        self.seen = rows.len();
    }

    fn take(&mut self, run: &Run, row: &EpochRow) {
        turn(&mut self.rule, run, row.epoch);
        self.rule.observe(row.epoch, watched(row, self.rule.monitor()));
    }

    /// The best epoch: the one whose weights were kept where that was told, else the best watched value so far.
    pub(crate) fn best_epoch(&self, run: &Run) -> Option<u64> {
        let told = run.finished.as_ref().map(|it| it.best_epoch).filter(|it| *it > 0);
        told.or(self.rule.best().map(|it| it.0))
    }

    /// The patience window, once an epoch has passed without improvement.
    pub(crate) fn window(&self, run: &Run) -> Option<Window> {
        let mut rule = self.rule.clone();
        turn(&mut rule, run, run.epoch() + 1);
        rule.window()
    }
}

/// Patience and min delta as they stood in an epoch, where they were turned while training.
fn turn(rule: &mut stops::Watch, run: &Run, epoch: u64) {
    let StoppingSpec::Patience(usual) = &run.project.stopping else { return };
    let patience = setting_at(run, "stopping.patience", epoch).map_or(usual.patience, |it| it as u64);
    rule.turn(patience, setting_at(run, "stopping.min_delta", epoch).unwrap_or(usual.min_delta));
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
