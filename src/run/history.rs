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
        let mut push = |name: &str, y: f64| self.by_epoch.entry(name.to_owned()).or_default().push(x, y);
        push("train_loss", row.train_loss);
        push("validation_loss", row.validation_loss);
        push("learning_rate", row.learning_rate);
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
