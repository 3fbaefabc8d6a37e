//! Losses, twice: as tensors to learn from, and row by row on the host to measure with.

use burn::tensor::activation::{log_sigmoid, log_softmax};
use burn::tensor::{Device, Tensor, TensorData};

use crate::spec::{ClassWeights, LossSpec, Task};

/// A loss with what it needs to know of the data.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    spec: LossSpec,
    n_outputs: usize,
    /// Weight of each class; all 1 where classes are not weighted. Empty for a regression.
    weights: Vec<f32>,
}

impl Loss {
    /// `class_counts` are those of the training rows.
    pub(super) fn new(spec: &LossSpec, task: Task, class_counts: &[usize]) -> Self {
        let balanced = match spec {
            LossSpec::BinaryCrossEntropy(it) => it.class_weights == ClassWeights::Balanced,
            LossSpec::CrossEntropy(it) => it.class_weights == ClassWeights::Balanced,
            LossSpec::Mse | LossSpec::Mae | LossSpec::Huber(_) => false,
        };
        let n_rows: usize = class_counts.iter().sum();
        let weight = |count: &usize| {
            if balanced && *count > 0 { n_rows as f32 / (class_counts.len() * count) as f32 } else { 1.0 }
        };
        Self { spec: spec.clone(), n_outputs: spec.n_outputs(task), weights: class_counts.iter().map(weight).collect() }
    }

    /// Mean loss over the batch, weighted by class where asked.
    ///
    /// # Shapes
    /// - output: `[batch, outputs]`, raw scores for classes
    /// - targets: `[batch]`, values or class indices
    /// - returns: `[1]`
    pub(super) fn mean(&self, output: Tensor<2>, targets: &[f32], device: &Device) -> Tensor<1> {
        let n = targets.len();
        let column = |values: Vec<f32>| Tensor::<2>::from_data(TensorData::new(values, [n, 1]), device);
        match &self.spec {
            LossSpec::Mse => (output - column(targets.to_vec())).square().mean(),
            LossSpec::Mae => (output - column(targets.to_vec())).abs().mean(),
            LossSpec::Huber(it) => {
                let error = (output - column(targets.to_vec())).abs();
                let inner = error.clone().clamp_max(it.delta);
                let outer = error - inner.clone();
                (inner.square().mul_scalar(0.5) + outer.mul_scalar(it.delta)).mean()
            }
            LossSpec::BinaryCrossEntropy(_) => {
                // x (1 - t) - ln sigmoid(x) is the log loss without ever leaving the logits.
                let negative = column(targets.iter().map(|it| 1.0 - it).collect());
                let losses = output.clone() * negative - log_sigmoid(output);
                self.weighted_mean(losses, targets, device)
            }
            LossSpec::CrossEntropy(it) => {
                let distribution = self.distribution(targets, it.label_smoothing as f32);
                let distribution = Tensor::<2>::from_data(TensorData::new(distribution, [n, self.n_outputs]), device);
                let total = (log_softmax(output, 1) * distribution).sum();
                total.mul_scalar(-1.0 / self.total_weight(targets))
            }
        }
    }

    /// Loss of one row.
    ///
    /// # Shapes
    /// - output: `[outputs]`
    pub(super) fn of_row(&self, output: &[f32], target: f32) -> f64 {
        let first = f64::from(output[0]);
        let error = first - f64::from(target);
        match &self.spec {
            LossSpec::Mse => error * error,
            LossSpec::Mae => error.abs(),
            LossSpec::Huber(it) => {
                let inner = error.abs().min(it.delta);
                0.5 * inner * inner + it.delta * (error.abs() - inner)
            }
            LossSpec::BinaryCrossEntropy(_) => {
                first.max(0.0) - first * f64::from(target) + (-first.abs()).exp().ln_1p()
            }
            LossSpec::CrossEntropy(it) => {
                let logs = log_softmax_row(output);
                let n = logs.len() as f64;
                let term = |(class, log): (usize, &f64)| {
                    let share =
                        it.label_smoothing / n + if class == target as usize { 1.0 - it.label_smoothing } else { 0.0 };
                    -f64::from(self.weights[class]) * share * log
                };
                let loss: f64 = logs.iter().enumerate().map(term).sum();
                // A weighted loss is a weighted mean over rows; this is the row's share before weighting.
                loss / self.weight_of(target)
            }
        }
    }

    /// Weight of a row in a mean over rows.
    pub(super) fn weight_of(&self, target: f32) -> f64 {
        self.weights.get(target as usize).map_or(1.0, |it| f64::from(*it))
    }

    pub(super) fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    fn weighted_mean(&self, losses: Tensor<2>, targets: &[f32], device: &Device) -> Tensor<1> {
        if self.weights.iter().all(|it| *it == 1.0) {
            return losses.mean();
        }
        let weights: Vec<f32> = targets.iter().map(|it| self.weight_of(*it) as f32).collect();
        let weights = Tensor::<2>::from_data(TensorData::new(weights, [targets.len(), 1]), device);
        (losses * weights).sum().div_scalar(self.total_weight(targets))
    }

    fn total_weight(&self, targets: &[f32]) -> f64 {
        targets.iter().map(|it| self.weight_of(*it)).sum()
    }

    /// For each row the weighted share of certainty each class should get, `[batch, outputs]`.
    fn distribution(&self, targets: &[f32], smoothing: f32) -> Vec<f32> {
        let evenly = smoothing / self.n_outputs as f32;
        let mut shares = Vec::with_capacity(targets.len() * self.n_outputs);
        for target in targets {
            let of_class = |class: usize| {
                self.weights[class] * (evenly + if class == *target as usize { 1.0 - smoothing } else { 0.0 })
            };
            shares.extend((0..self.n_outputs).map(of_class));
        }
        shares
    }
}

/// Weighted mean and standard error of row losses given as `(loss, weight)`; NaN where there are none.
pub(super) fn mean_and_error(rows: &[(f64, f64)]) -> (f64, f64) {
    let weight: f64 = rows.iter().map(|it| it.1).sum();
    let mean = rows.iter().map(|it| it.0 * it.1).sum::<f64>() / weight;
    let n = rows.len() as f64;
    let spread: f64 = rows.iter().map(|it| (it.1 * (it.0 - mean)).powi(2)).sum();
    (mean, (spread * n / (n - 1.0)).sqrt() / weight)
}

fn log_softmax_row(output: &[f32]) -> Vec<f64> {
    let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shifted: Vec<f64> = output.iter().map(|it| f64::from(*it) - f64::from(highest)).collect();
    let log_sum = shifted.iter().map(|it| it.exp()).sum::<f64>().ln();
    shifted.iter().map(|it| it - log_sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{BinaryCrossEntropy, CrossEntropy, Huber};

    /// The tensor's mean must be the host's weighted mean of rows.
    #[test]
    fn what_is_learned_from_is_what_is_measured() {
        let balanced = ClassWeights::Balanced;
        let losses = [
            (LossSpec::Mse, Task::Regression),
            (LossSpec::Mae, Task::Regression),
            (LossSpec::Huber(Huber { delta: 0.7 }), Task::Regression),
            (LossSpec::BinaryCrossEntropy(BinaryCrossEntropy::default()), Task::Binary),
            (LossSpec::BinaryCrossEntropy(BinaryCrossEntropy { class_weights: balanced }), Task::Binary),
            (LossSpec::CrossEntropy(CrossEntropy { label_smoothing: 0.1, class_weights: balanced }), Task::Classes(3)),
            (LossSpec::CrossEntropy(CrossEntropy::default()), Task::Classes(3)),
        ];
        let device = Device::flex();
        for (spec, task) in losses {
            let counts: &[usize] = match task {
                Task::Regression => &[],
                Task::Binary => &[30, 10],
                Task::Classes(_) => &[5, 10, 25],
            };
            let loss = Loss::new(&spec, task, counts);
            let width = loss.n_outputs();
            let outputs: Vec<f32> = (0..4 * width).map(|it| (it as f32 * 0.7 - 2.0).sin() * 3.0).collect();
            let targets: &[f32] = if task == Task::Regression { &[0.5, -1.0, 2.0, 0.1] } else { &[0.0, 1.0, 1.0, 0.0] };
            let tensor = Tensor::<2>::from_data(TensorData::new(outputs.clone(), [4, width]), &device);
            let learned = f64::from(loss.mean(tensor, targets, &device).into_scalar::<f32>());
            let rows: Vec<_> =
                outputs.chunks(width).zip(targets).map(|(out, t)| (loss.of_row(out, *t), loss.weight_of(*t))).collect();
            let (measured, _) = mean_and_error(&rows);
            assert!((learned - measured).abs() < 1e-6 * measured.abs().max(1.0), "{spec:?}: {learned} {measured}");
        }
    }

    #[test]
    fn cross_entropy_agrees_with_pytorchs_weighted_and_smoothed_one() {
        // torch.nn.functional.cross_entropy([[1, 2, 0.5]], [1]) = 0.46436879; smoothing 0.1 = 0.54770213.
        let plain = Loss::new(&LossSpec::CrossEntropy(CrossEntropy::default()), Task::Classes(3), &[1, 1, 1]);
        assert!((plain.of_row(&[1.0, 2.0, 0.5], 1.0) - 0.464_368_79).abs() < 1e-6);
        let smooth = CrossEntropy { label_smoothing: 0.1, class_weights: ClassWeights::Off };
        let smooth = Loss::new(&LossSpec::CrossEntropy(smooth), Task::Classes(3), &[1, 1, 1]);
        assert!((smooth.of_row(&[1.0, 2.0, 0.5], 1.0) - (0.464_368_79 + 0.1 * (2.0 - 3.5 / 3.0))).abs() < 1e-6);
    }

    #[test]
    fn the_standard_error_shrinks_with_the_root_of_the_rows() {
        let rows: Vec<_> = (0..100).map(|it| (f64::from(it % 2), 1.0)).collect();
        let (mean, error) = mean_and_error(&rows);
        assert_eq!(mean, 0.5);
        assert!((error - 0.5 * (100.0_f64 / 99.0).sqrt() / 10.0).abs() < 1e-12);
    }
}
