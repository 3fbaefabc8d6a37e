//! Measuring a network on rows it does not learn from, in the target's own units.

use super::error::TrainError;
use super::loss::mean_and_error;
use super::metrics;
use super::trainer::Trainer;
use crate::data::{Prepared, Scaling};
use crate::run::{LayerRow, Metrics};
use crate::spec::Task;

/// Loss and metrics over some rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Mean loss, weighted by class where the loss is.
    pub loss: f64,
    /// Standard error of the mean loss over the rows.
    pub loss_error: f64,
    /// By key without prefix, such as `r2`.
    pub metrics: Metrics,
    /// What the network said, `[rows, outputs]`.
    pub outputs: Vec<f32>,
}

impl Trainer {
    /// Loss and metrics over rows of the data, in evaluation mode.
    ///
    /// # Errors
    /// When the device failed.
    pub fn evaluate(&self, rows: &[u32]) -> Result<Evaluation, TrainError> {
        let outputs = self.predict_rows(rows)?;
        Ok(self.measure(rows, outputs))
    }

    /// As [`Trainer::evaluate`], and every layer as this pass and a training step have shown it.
    ///
    /// # Arguments
    /// - step: `layers` of a step that measured them, or nothing
    ///
    /// # Errors
    /// When the device failed.
    pub fn evaluate_layers(&self, rows: &[u32], step: &[f32]) -> Result<(Evaluation, Vec<LayerRow>), TrainError> {
        if step.is_empty() {
            return Ok((self.evaluate(rows)?, Vec::new()));
        }
        let (outputs, behind) = self.predict_and_listen(rows)?;
        Ok((self.measure(rows, outputs), self.layer_rows(step, &behind)))
    }

    /// Loss and metrics of outputs that were made already, `[rows, outputs]`.
    pub fn measure(&self, rows: &[u32], outputs: Vec<f32>) -> Evaluation {
        let targets = || rows.iter().map(|row| self.data.targets[*row as usize]);
        let each = outputs.chunks(self.loss.n_outputs());
        let losses: Vec<_> = each
            .zip(targets())
            .map(|(output, target)| (self.loss.of_row(output, target), self.loss.weight_of(target)))
            .collect();
        let (loss, loss_error) = mean_and_error(&losses);
        Evaluation { loss, loss_error, metrics: metrics_of(&self.data, rows, &outputs), outputs }
    }

    /// What always guessing the training mean, or the training shares of the classes, gets on some rows:
    /// metrics by key without prefix, and `loss`.
    pub fn baseline(&self, rows: &[u32]) -> Metrics {
        let output: Vec<f32> = match self.data.task {
            Task::Regression => {
                let train = &self.data.split.train;
                let sum: f64 = train.iter().map(|row| f64::from(self.data.targets[*row as usize])).sum();
                vec![(sum / train.len() as f64) as f32]
            }
            Task::Binary | Task::Classes(_) => {
                let n_rows: usize = self.data.class_counts.iter().sum();
                let log_share = |count: &usize| ((*count as f64).max(0.5) / n_rows as f64).ln() as f32;
                let logs: Vec<f32> = self.data.class_counts.iter().map(log_share).collect();
                if self.loss.n_outputs() == 1 { vec![logs[1] - logs[0]] } else { logs }
            }
        };
        let outputs = output.iter().copied().cycle().take(output.len() * rows.len()).collect();
        let measured = self.measure(rows, outputs);
        let mut baseline = measured.metrics;
        baseline.insert("loss".to_owned(), measured.loss);
        baseline
    }
}

/// Metrics of outputs for rows of the data, in the target's own units.
fn metrics_of(data: &Prepared, rows: &[u32], outputs: &[f32]) -> Metrics {
    let targets: Vec<f32> = rows.iter().map(|row| data.targets[*row as usize]).collect();
    measure_outputs(data.task, data.target_scale, data.classes.len(), &targets, outputs)
}

/// Metrics of outputs, in the target's own units. Rows whose target is NaN are passed over.
///
/// # Shapes
/// - targets: `[rows]`, as [`Prepared::targets`]
/// - outputs: `[rows, outputs]`
pub fn measure_outputs(task: Task, scale: Scaling, n_classes: usize, targets: &[f32], outputs: &[f32]) -> Metrics {
    let width = (outputs.len() / targets.len().max(1)).max(1);
    let known = || targets.iter().zip(outputs.chunks(width)).filter(|(target, _)| !target.is_nan());
    match task {
        Task::Regression => {
            let own_unit = |value: f32| scale.undo(f64::from(value));
            let actual: Vec<f64> = known().map(|it| own_unit(*it.0)).collect();
            let predicted: Vec<f64> = known().map(|it| own_unit(it.1[0])).collect();
            metrics::regression(&actual, &predicted)
        }
        Task::Binary | Task::Classes(_) => {
            let actual: Vec<usize> = known().map(|it| *it.0 as usize).collect();
            let scores: Vec<f32> = known().flat_map(|it| it.1.iter().copied()).collect();
            metrics::classification(&actual, &scores, n_classes)
        }
    }
}
