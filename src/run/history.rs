//! All curves of one run, by epoch and by step.

use std::collections::BTreeMap;

use super::epoch::EpochRow;
use super::event::StepRow;
use super::experiment::AfterRow;
use super::series::Series;

/// All curves of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Every completed epoch, in order.
    pub epochs: Vec<EpochRow>,
    /// Loss of single steps, where steps were told; x is the step.
    pub step_loss: Series,
    /// Learning rate by step, where steps were told; x is the step.
    pub learning_rate: Series,
    /// Gradient norm by step, where it was measured; x is the step.
    pub gradient_norm: Series,
    /// Curves by epoch: `train_loss`, `validation_loss`, `learning_rate`, `gradient_norm` and every metric key; x is the epoch.
    by_epoch: BTreeMap<String, Series>,
}

impl History {
    pub(super) fn push_step(&mut self, row: &StepRow) {
        let x = row.step as f64;
        self.step_loss.push(x, row.train_loss);
        self.learning_rate.push(x, row.learning_rate);
        if let Some(norm) = row.gradient_norm {
            self.gradient_norm.push(x, norm);
        }
    }

    pub(super) fn push_epoch(&mut self, row: EpochRow) {
        let x = row.epoch as f64;
        for (name, y) in [
            ("train_loss", row.train_loss),
            ("validation_loss", row.validation_loss),
            ("learning_rate", row.learning_rate),
        ] {
            // What was never measured is NaN in each row: such a curve has no points, and not one that is no number.
            if !y.is_nan() || self.by_epoch.contains_key(name) {
                self.by_epoch.entry(name.to_owned()).or_default().push(x, y);
            }
        }
        let mut push = |name: &str, y: f64| self.by_epoch.entry(name.to_owned()).or_default().push(x, y);
        if let Some(norm) = row.gradient_norm {
            push("gradient_norm", norm);
        }
        for (name, value) in &row.metrics {
            push(name, *value);
        }
        self.epochs.push(row);
    }

    /// Forgets what was told behind a step. Returns the epochs that are left.
    pub(super) fn cut(&mut self, step: u64) -> u64 {
        for series in [&mut self.step_loss, &mut self.learning_rate, &mut self.gradient_norm] {
            series.cut(step as f64);
        }
        self.epochs.retain(|it| it.step <= step);
        let epoch = self.epochs.last().map_or(0, |it| it.epoch);
        self.by_epoch.values_mut().for_each(|it| it.cut(epoch as f64));
        // What a copy went on with is no part of what is told anew.
        self.by_epoch.retain(|name, it| !it.is_empty() && !name.starts_with("after_"));
        epoch
    }

    /// The row of an epoch. Curves that another program logged may leave epochs out.
    pub fn row(&self, epoch: u64) -> Option<&EpochRow> {
        let idx = self.epochs.partition_point(|it| it.epoch < epoch);
        self.epochs.get(idx).filter(|it| it.epoch == epoch)
    }

    /// The epoch whose row is nearest to an x between epochs; none where there are no rows.
    pub fn nearest(&self, x: f64) -> Option<u64> {
        let idx = self.epochs.partition_point(|it| (it.epoch as f64) < x);
        let around = [idx.checked_sub(1), Some(idx)].into_iter().flatten().filter_map(|it| self.epochs.get(it));
        let distance = |it: &EpochRow| (it.epoch as f64 - x).abs();
        around.min_by(|a, b| distance(a).total_cmp(&distance(b))).map(|it| it.epoch)
    }

    /// Continues both losses by an epoch of a copy, as `after_train_loss` and `after_validation_loss`. These hold the
    /// run's own epochs as well, so that they are smoothed and joined as one.
    pub(super) fn push_after(&mut self, row: &AfterRow) {
        for (own, value) in [("train_loss", row.train_loss), ("validation_loss", row.validation_loss)] {
            let begun = self.by_epoch.get(own).cloned().unwrap_or_default();
            self.by_epoch.entry(format!("after_{own}")).or_insert(begun).push(row.epoch as f64, value);
        }
    }

    /// A curve by epoch; none where nothing of that name was told.
    pub fn curve(&self, name: &str) -> Option<&Series> {
        self.by_epoch.get(name)
    }

    /// Names of the metrics told, without `train_` and `validation_`.
    pub fn metric_names(&self) -> Vec<&str> {
        let names = self.by_epoch.keys().filter_map(|name| name.strip_prefix("validation_"));
        names.filter(|name| *name != "loss").collect()
    }

    /// The epoch with the lowest finite validation loss so far.
    pub fn best_epoch(&self) -> Option<&EpochRow> {
        let finite = self.epochs.iter().filter(|row| row.validation_loss.is_finite());
        finite.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(rows: &[(u64, f64, f64)]) -> History {
        let mut history = History::default();
        for (epoch, train_loss, validation_loss) in rows.iter().copied() {
            history.push_epoch(EpochRow { epoch, train_loss, validation_loss, ..EpochRow::default() });
        }
        history
    }

    #[test]
    fn what_was_never_measured_is_no_curve_and_what_broke_is_one() {
        let unmeasured = history(&[(1, 2.0, f64::NAN), (2, 1.0, f64::NAN)]);
        assert!(unmeasured.curve("validation_loss").is_none());
        let broken = history(&[(1, 2.0, 3.0), (2, f64::NAN, f64::NAN)]);
        assert_eq!(["train_loss", "validation_loss"].map(|it| broken.curve(it).unwrap().len()), [2, 2]);
    }

    #[test]
    fn rows_are_found_by_their_epoch_where_some_are_left_out() {
        let history = history(&[(2, 2.0, 3.0), (4, 1.0, 2.0), (9, 1.0, 2.0)]);
        assert_eq!((history.row(4).unwrap().epoch, history.row(3)), (4, None));
        assert_eq!([0.0, 2.9, 3.1, 7.0, 99.0].map(|x| history.nearest(x).unwrap()), [2, 2, 4, 9, 9]);
        assert_eq!(History::default().nearest(1.0), None);
    }
}
