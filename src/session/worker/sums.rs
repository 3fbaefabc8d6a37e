//! What an epoch leaves to be told of: its losses in order, what its last step did to the layers, and its time.

use std::time::Duration;

use crate::engine::StepDone;
use crate::run::Timing;

/// Equal parts of an epoch whose mean losses are told.
const MOST_PARTS: usize = 8;

/// With fewer steps a line through their losses leaves nothing over.
const FEWEST_FOR_DEVIATION: usize = 3;

/// An epoch as it is trained.
#[derive(Default)]
pub(super) struct EpochSums {
    loss: f64,
    /// Rows in the order they were trained.
    pub(super) rows: Vec<u32>,
    /// What the network said of them, `[rows, outputs]`.
    pub(super) outputs: Vec<f32>,
    /// Of the last step that measured them.
    pub(super) layers: Vec<f32>,
    /// Mean loss of every batch, in order.
    losses: Vec<f64>,
    steps: Vec<Duration>,
    input: Duration,
}

impl EpochSums {
    pub(super) fn add(&mut self, done: StepDone) {
        self.loss += done.row.train_loss * done.rows.len() as f64;
        self.losses.push(done.row.train_loss);
        self.rows.extend(done.rows);
        self.outputs.extend(done.outputs);
        if !done.layers.is_empty() {
            self.layers = done.layers;
        }
    }

    /// Mean loss of every batch so far, in order.
    pub(super) fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The sums as they stood behind the first batches of an epoch, times apart.
    pub(super) fn restored<'a>(losses: &[f64], batches: impl Iterator<Item = &'a [u32]>, outputs: Vec<f32>) -> Self {
        let mut sums = Self { losses: losses.to_vec(), outputs, ..Self::default() };
        for (loss, batch) in losses.iter().zip(batches) {
            sums.loss += loss * batch.len() as f64;
            sums.rows.extend_from_slice(batch);
        }
        sums
    }

    pub(super) fn note_time(&mut self, step: Duration, input: Duration) {
        self.steps.push(step);
        self.input += input;
    }

    /// Mean loss over the rows.
    pub(super) fn mean_loss(&self) -> f64 {
        self.loss / self.rows.len().max(1) as f64
    }

    /// Mean batch loss in each part of the epoch.
    pub(super) fn parts(&self) -> Vec<f64> {
        let n = self.losses.len();
        let n_parts = n.min(MOST_PARTS);
        let part = |idx: usize| &self.losses[idx * n / n_parts..(idx + 1) * n / n_parts];
        (0..n_parts).map(|idx| part(idx).iter().sum::<f64>() / part(idx).len() as f64).collect()
    }

    /// Standard deviation of the batches' losses around the line through them.
    pub(super) fn deviation(&self) -> Option<f64> {
        let n = self.losses.len();
        if n < FEWEST_FOR_DEVIATION {
            return None;
        }
        let middle = (n - 1) as f64 / 2.0;
        let mean = self.losses.iter().sum::<f64>() / n as f64;
        let places = || self.losses.iter().enumerate().map(|(idx, loss)| (idx as f64 - middle, loss - mean));
        let spread: f64 = places().map(|(x, _)| x * x).sum();
        let slope = places().map(|(x, y)| x * y).sum::<f64>() / spread;
        let squares: f64 = places().map(|(x, y)| (y - slope * x).powi(2)).sum();
        Some((squares / (n - 2) as f64).sqrt())
    }

    pub(super) fn timing(&mut self, epoch: u64, validation: Duration, cpu_step: Option<f64>) -> Option<Timing> {
        let middle = self.steps.len() / 2;
        let steps: Duration = self.steps.iter().sum();
        let (_, median, _) = (!self.steps.is_empty()).then(|| self.steps.select_nth_unstable(middle))?;
        Some(Timing {
            epoch,
            steps: steps.as_secs_f64(),
            input: self.input.as_secs_f64(),
            validation: validation.as_secs_f64(),
            step: median.as_secs_f64(),
            cpu_step,
            peak_memory: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::StepRow;

    fn epoch(losses: impl Iterator<Item = f64>) -> EpochSums {
        let mut sums = EpochSums::default();
        for (idx, train_loss) in losses.enumerate() {
            let row = StepRow { train_loss, ..StepRow::default() };
            let rows = if idx == 0 { vec![0] } else { vec![1, 2, 3] };
            sums.add(StepDone { row, rows, outputs: Vec::new(), layers: Vec::new() });
        }
        sums
    }

    #[test]
    fn the_mean_weighs_batches_by_their_rows() {
        assert_eq!(epoch([1.0, 5.0].into_iter()).mean_loss(), 4.0);
    }

    #[test]
    fn parts_are_means_in_order_and_never_more_than_steps() {
        assert_eq!(epoch([1.0, 2.0, 4.0].into_iter()).parts(), [1.0, 2.0, 4.0]);
        let parts = epoch((0..16).map(f64::from)).parts();
        assert_eq!(parts, [0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5, 14.5]);
        assert!(epoch(std::iter::empty()).parts().is_empty());
    }

    #[test]
    fn a_falling_line_has_no_deviation_and_a_zigzag_has() {
        assert!(epoch((0..10).map(|it| 3.0 - 0.1 * f64::from(it))).deviation().is_some_and(|it| it < 1e-12));
        let zigzag = epoch((0..1000).map(|it| f64::from(it % 2))).deviation().unwrap();
        assert!((zigzag - 0.5).abs() < 0.001, "{zigzag}");
        assert_eq!(epoch([1.0, 2.0].into_iter()).deviation(), None);
    }

    #[test]
    fn the_median_step_is_told_beside_the_sums() {
        let mut sums = EpochSums::default();
        for milliseconds in [9, 1, 2] {
            sums.note_time(Duration::from_millis(milliseconds), Duration::from_millis(1));
        }
        let timing = sums.timing(1, Duration::from_millis(4), Some(0.5)).unwrap();
        assert_eq!((timing.step, timing.steps, timing.input, timing.validation), (0.002, 0.012, 0.003, 0.004));
        assert!(EpochSums::default().timing(1, Duration::ZERO, None).is_none());
    }
}
