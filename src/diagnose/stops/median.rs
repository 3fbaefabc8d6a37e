//! Stop rule: the median rule of SageMaker's automatic model tuning.
//!
//! ## When it stops
//! Behind each epoch, the running average of every earlier run's loss up to the same epoch is taken, and the median of
//! these. A run whose loss is higher than the median is stopped. So it compares with other runs, not with itself, and
//! without earlier runs it never stops.
//!
//! ## What it keeps
//! The last epoch's weights, or the best ones if asked to.
//!
//! ## Numbers
//! An earlier run that ended before the epoch counts with the average of all its epochs; one with a loss that is not
//! finite counts as worst from there on. Of an even number of runs, the median is the mean of the two in the middle.
//! A loss of this run that is not a number is not called worse.
//!
//! ## Source
//! Amazon SageMaker Developer Guide, "Stop training jobs early"; Golovin et al., "Google Vizier", KDD 2017, section 3.2,
//! on which such rules are modelled.

use std::sync::Arc;

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

pub(super) const MEDIAN: StopRule = StopRule {
    id: "sagemaker_median",
    label: "SageMaker median rule",
    about: "Stops when the validation loss is worse than the median of earlier runs' averages up to the same epoch.",
    source: "Amazon SageMaker, early stopping of tuning jobs",
    knobs: &[
        StopKnob::count("warmup", "warm-up", 0.0, (0.0, 1e5), "First epochs in which it does not stop."),
        StopKnob::flag(
            "restore_best",
            "restore best",
            false,
            "Keep the weights of the best epoch, not those of the last.",
        ),
    ],
    make: |settings, earlier| {
        Box::new(Median {
            warmup: settings.count("warmup"),
            medians: Arc::clone(&earlier.medians),
            n_seen: 0,
            keeper: Keeper::new(settings.flag("restore_best")),
        })
    },
};

/// Earlier runs' validation losses, as far as a stop rule needs them. Cheap to clone; made once, not in each frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Earlier {
    /// The median of the running averages, for each epoch of the longest run.
    medians: Arc<[f64]>,
}

impl Earlier {
    pub fn none() -> Self {
        Self { medians: Arc::new([]) }
    }

    /// Each run is its epochs' validation losses, in order. Empty ones do not count.
    pub fn new(runs: &[Vec<f64>]) -> Self {
        let runs: Vec<_> = runs.iter().filter(|it| !it.is_empty()).collect();
        let n_epochs = runs.iter().map(|it| it.len()).max().unwrap_or(0);
        let mut sums = vec![0.0; runs.len()];
        let mut averages = vec![0.0; runs.len()];
        let medians = (0..n_epochs).map(|idx| {
            for ((run, sum), average) in runs.iter().zip(&mut sums).zip(&mut averages) {
                *sum += run.get(idx).copied().unwrap_or(0.0);
                let mean = *sum / run.len().min(idx + 1) as f64;
                *average = if mean.is_finite() { mean } else { f64::INFINITY };
            }
            median(averages.clone())
        });
        Self { medians: medians.collect() }
    }

    /// The median that a run is held against behind its n-th epoch, from 1. Past the longest run it stays as it is.
    pub fn median(&self, n: usize) -> Option<f64> {
        self.medians.get(n.saturating_sub(1)).or(self.medians.last()).copied()
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let mid = values.len() / 2;
    if values.len() % 2 == 1 { values[mid] } else { f64::midpoint(values[mid - 1], values[mid]) }
}

struct Median {
    warmup: u64,
    medians: Arc<[f64]>,
    n_seen: usize,
    keeper: Keeper,
}

impl Stopper for Median {
    fn observe(&mut self, point: Point) -> Verdict {
        self.keeper.observe(point);
        let median = self.medians.get(self.n_seen).or(self.medians.last());
        self.n_seen += 1;
        Verdict::stop_if(point.epoch > self.warmup && median.is_some_and(|it| point.validation > *it))
    }

    fn kept(&self) -> u64 {
        self.keeper.epoch()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::stops::tests::{points, settings};

    /// Running averages: run 1: 1, 0.8, 0.6; run 2: 2, 1.5, 1 (ends at 2); run 3: 3, 2, 1.5.
    fn earlier() -> Earlier {
        Earlier::new(&[vec![1.0, 0.6, 0.2], vec![2.0, 1.0], vec![3.0, 1.0, 0.5], Vec::new()])
    }

    fn stop(earlier: &Earlier, warmup: f64, losses: &[f64]) -> Option<u64> {
        settings("sagemaker_median", &[("warmup", warmup)]).outcome(&points(losses, losses), earlier).stop
    }

    #[test]
    fn the_median_is_taken_of_running_averages_up_to_the_same_epoch() {
        let of = |n| earlier().median(n);
        assert_eq!([of(1), of(2), of(3), of(9)], [Some(2.0), Some(1.5), Some(1.5), Some(1.5)]);
        let even = Earlier::new(&[vec![1.0, 1.0], vec![3.0, f64::NAN]]);
        assert_eq!([even.median(1), even.median(2)], [Some(2.0), Some(f64::INFINITY)]);
        assert_eq!(Earlier::none().median(1), None);
    }

    #[test]
    fn it_stops_where_this_runs_loss_is_above_the_median() {
        assert_eq!(stop(&earlier(), 0.0, &[2.0, 1.5, 1.5, 1.5]), None, "as good as the median is not worse");
        assert_eq!(stop(&earlier(), 0.0, &[2.0, f64::NAN, 1.6, 1.0]), Some(3));
        assert_eq!(stop(&earlier(), 0.0, &[2.1, 0.1, 0.1]), Some(1));
        assert_eq!(stop(&earlier(), 1.0, &[2.1, 0.1, 0.1]), None, "the warm-up spares the slow start");
        assert_eq!(stop(&earlier(), 0.0, &[1.0, 1.0, 1.0, 1.0, 9.0]), Some(5), "past the longest earlier run");
        assert_eq!(stop(&Earlier::none(), 0.0, &[1.0, 9.0, 99.0]), None);
    }
}
