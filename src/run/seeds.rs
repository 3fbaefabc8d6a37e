//! The same project trained with several seeds: how each went, and the band that their curves span.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{FinishReason, Metrics};
use super::number;
use super::state::Run;

/// One training of a run's project with a seed of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeedRow {
    pub seed: u64,
    /// How it ended, and why in words.
    pub reason: FinishReason,
    #[serde(default)]
    pub text: String,
    /// Curves by epoch, from epoch 1 on.
    #[serde(with = "number::list")]
    pub train_loss: Vec<f64>,
    #[serde(with = "number::list")]
    pub validation_loss: Vec<f64>,
    /// The metric that the task leads with, by its key without prefix, and its curves.
    pub metric: String,
    #[serde(with = "number::list")]
    pub train_metric: Vec<f64>,
    #[serde(with = "number::list")]
    pub validation_metric: Vec<f64>,
    /// The lowest of all epochs; NaN where none was finite.
    #[serde(with = "number")]
    pub best_validation_loss: f64,
    /// Loss and metrics on the test rows, as [`super::Finished`] has them.
    #[serde(with = "number::map", default)]
    pub test: Metrics,
}

/// What the seeds of one run's project have come to.
///
/// A training that diverged or failed is counted and kept, but is part of no band and no mean.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeedSpread {
    rows: Vec<SeedRow>,
    bands: BTreeMap<String, Vec<BandPoint>>,
}

/// What the seeds span at one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPoint {
    pub epoch: u64,
    pub low: f64,
    pub mean: f64,
    pub high: f64,
    /// Seeds with a finite value at this epoch: those that stopped before it have none.
    pub n: usize,
}

/// A single seed spans nothing.
const FEWEST: usize = 2;

impl SeedRow {
    /// A run as one seed of its project; none before it has ended.
    pub fn of(run: &Run) -> Option<Self> {
        let finished = run.finished.as_ref()?;
        let metric = run.leading_metric();
        let curve = |name: &str| -> Vec<f64> {
            run.history.curve(name).map_or_else(Vec::new, |it| it.points().iter().map(|point| point.y).collect())
        };
        Some(Self {
            seed: run.project.training.seed,
            reason: finished.reason,
            text: finished.text.clone(),
            train_loss: curve("train_loss"),
            validation_loss: curve("validation_loss"),
            metric: metric.to_owned(),
            train_metric: curve(&format!("train_{metric}")),
            validation_metric: curve(&format!("validation_{metric}")),
            best_validation_loss: run.history.best_epoch().map_or(f64::NAN, |it| it.validation_loss),
            test: finished.test.clone(),
        })
    }

    /// Epochs completed.
    pub fn epochs(&self) -> u64 {
        self.validation_loss.len() as u64
    }

    /// The lowest validation loss of a training that ended as asked; none otherwise.
    pub fn value(&self) -> Option<f64> {
        Some(self.best_validation_loss).filter(|it| self.reason.is_success() && it.is_finite())
    }
}

impl SeedSpread {
    /// Takes in another seed; one that is known already is replaced.
    pub fn push(&mut self, row: SeedRow) {
        self.rows.retain(|it| it.seed != row.seed);
        let at = self.rows.partition_point(|it| it.seed < row.seed);
        self.rows.insert(at, row);
        self.bands = bands(&self.rows);
    }

    /// Every seed, in order.
    pub fn rows(&self) -> &[SeedRow] {
        &self.rows
    }

    /// Whether a seed is known.
    pub fn has(&self, seed: u64) -> bool {
        self.rows.iter().any(|it| it.seed == seed)
    }

    /// Seeds with their lowest validation loss, those left out that have none to speak of.
    pub fn values(&self) -> Vec<(u64, f64)> {
        self.rows.iter().filter_map(|it| it.value().map(|value| (it.seed, value))).collect()
    }

    /// Whether there are seeds enough to span something.
    pub fn is_spread(&self) -> bool {
        self.rows.iter().filter(|it| it.value().is_some()).count() >= FEWEST
    }

    /// What the seeds span of a curve by epoch, such as `validation_loss`; empty where fewer than two were trained.
    pub fn band(&self, curve: &str) -> &[BandPoint] {
        self.bands.get(curve).map_or(&[], Vec::as_slice)
    }

    /// The same at one epoch.
    pub fn band_at(&self, curve: &str, epoch: u64) -> Option<&BandPoint> {
        let band = self.band(curve);
        band.get(band.partition_point(|it| it.epoch < epoch)).filter(|it| it.epoch == epoch)
    }

    /// The last epoch that two seeds have reached; 0 where there is none.
    pub fn epochs(&self) -> u64 {
        self.band("validation_loss").last().map_or(0, |it| it.epoch)
    }
}

fn bands(rows: &[SeedRow]) -> BTreeMap<String, Vec<BandPoint>> {
    let sound: Vec<&SeedRow> = rows.iter().filter(|it| it.value().is_some()).collect();
    let Some(metric) = sound.first().map(|it| it.metric.clone()) else { return BTreeMap::new() };
    let band = |curve: fn(&SeedRow) -> &[f64]| -> Vec<BandPoint> {
        let longest = sound.iter().map(|it| curve(it).len()).max().unwrap_or(0);
        let at = |idx: usize| sound.iter().filter_map(move |it| curve(it).get(idx).copied());
        (0..longest).filter_map(|idx| band_point(idx as u64 + 1, at(idx))).collect()
    };
    BTreeMap::from([
        ("train_loss".to_owned(), band(|it| &it.train_loss)),
        ("validation_loss".to_owned(), band(|it| &it.validation_loss)),
        (format!("train_{metric}"), band(|it| &it.train_metric)),
        (format!("validation_{metric}"), band(|it| &it.validation_metric)),
    ])
}

/// A value that is not finite is left out, and not counted.
fn band_point(epoch: u64, values: impl Iterator<Item = f64>) -> Option<BandPoint> {
    let mut point = BandPoint { epoch, low: f64::INFINITY, mean: 0.0, high: f64::NEG_INFINITY, n: 0 };
    for value in values.filter(|it| it.is_finite()) {
        point.n += 1;
        point.low = point.low.min(value);
        point.high = point.high.max(value);
        point.mean += (value - point.mean) / point.n as f64;
    }
    (point.n >= FEWEST).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(seed: u64, reason: FinishReason, losses: &[f64]) -> SeedRow {
        let finite = losses.iter().copied().filter(|it| it.is_finite());
        SeedRow {
            seed,
            reason,
            text: String::new(),
            train_loss: losses.to_vec(),
            validation_loss: losses.to_vec(),
            metric: "accuracy".to_owned(),
            train_metric: Vec::new(),
            validation_metric: losses.iter().map(|it| 1.0 - it).collect(),
            best_validation_loss: finite.reduce(f64::min).unwrap_or(f64::NAN),
            test: Metrics::new(),
        }
    }

    fn spread(rows: impl IntoIterator<Item = SeedRow>) -> SeedSpread {
        let mut spread = SeedSpread::default();
        rows.into_iter().for_each(|it| spread.push(it));
        spread
    }

    #[test]
    fn a_band_holds_lowest_mean_and_highest_as_far_as_two_seeds_go() {
        use FinishReason::{Completed, EarlyStopping};
        let spread = spread([
            row(3, Completed, &[0.9, 0.6, 0.3, 0.2]),
            row(1, EarlyStopping, &[0.7, 0.5]),
            row(2, Completed, &[0.8, 0.4, 0.5]),
        ]);
        assert_eq!(spread.rows().iter().map(|it| it.seed).collect::<Vec<_>>(), [1, 2, 3]);
        let band = spread.band("validation_loss");
        assert_eq!(band.iter().map(|it| (it.epoch, it.n)).collect::<Vec<_>>(), [(1, 3), (2, 3), (3, 2)]);
        let first = band[0];
        assert!(first.low == 0.7 && first.high == 0.9 && (first.mean - 0.8).abs() < 1e-12, "{first:?}");
        assert_eq!(spread.band_at("validation_accuracy", 3).map(|it| (it.low, it.high)), Some((0.5, 0.7)));
        assert_eq!((spread.epochs(), spread.band_at("validation_loss", 4)), (3, None));
    }

    #[test]
    fn a_seed_that_diverged_is_kept_but_in_no_band_and_no_value() {
        let mut spread = spread([
            row(1, FinishReason::Completed, &[0.7, 0.5]),
            row(2, FinishReason::Diverged, &[9.0, f64::NAN]),
            row(3, FinishReason::Completed, &[0.5, f64::NAN, 0.4]),
        ]);
        assert_eq!((spread.rows().len(), spread.values()), (3, vec![(1, 0.5), (3, 0.4)]));
        let band = spread.band("validation_loss");
        assert_eq!(band.iter().map(|it| (it.epoch, it.high)).collect::<Vec<_>>(), [(1, 0.7)], "9 and NaN stay out");
        spread.push(row(2, FinishReason::Completed, &[0.6, 0.6]));
        assert_eq!(spread.rows().len(), 3, "a seed is never there twice");
        assert_eq!(spread.band_at("validation_loss", 2).map(|it| it.n), Some(2));
    }

    #[test]
    fn a_row_reads_back_from_its_line() {
        let row = row(7, FinishReason::Completed, &[0.5, f64::NAN]);
        let line = super::super::Event::Seed(row.clone()).to_json();
        let super::super::Event::Seed(back) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert!(back.validation_loss[1].is_nan() && back.best_validation_loss == 0.5, "{back:?}");
        assert_eq!((back.seed, back.reason, back.metric), (7, row.reason, row.metric));
    }
}
