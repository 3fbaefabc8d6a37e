//! Pictures of what the network does now. Latest only: they are looked at, not kept.

use serde::{Deserialize, Serialize};

/// The latest pictures of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Views {
    /// The epoch and step they were taken at.
    pub epoch: u64,
    pub step: u64,
    pub surface: Option<Surface>,
    pub fit: Option<Fit>,
    pub confusion: Option<Confusion>,
    pub gallery: Option<Gallery>,
}

/// What the network puts out over a grid of its two inputs, or along its one input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surface {
    /// Names of the inputs; the second is empty for a network of one input.
    pub names: [String; 2],
    /// Lowest and highest value of each input, in the data's own units.
    pub x: [f64; 2],
    pub y: [f64; 2],
    pub columns: usize,
    pub rows: usize,
    /// Row-major from the lowest y: for classes `index + confidence` of the likeliest class with confidence
    /// in `[0, 1)`; for a regression the predicted value in the target's unit.
    pub values: Vec<f32>,
    pub n_classes: usize,
    /// Data points to draw on top: x, y, class or value, and whether it is a training row.
    pub points: Vec<(f32, f32, f32, bool)>,
}

/// Predicted against actual values of validation rows, in the target's unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    pub target: String,
    /// Actual, predicted.
    pub pairs: Vec<(f32, f32)>,
}

/// How often each class was taken for which, on validation rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    pub classes: Vec<String>,
    /// Row-major `[actual, predicted]`.
    pub counts: Vec<u64>,
}

/// Some validation images, the same throughout a run, and what the network takes them for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gallery {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// `[samples, channels, height, width]`, 0 to 255.
    pub pixels: Vec<u8>,
    pub classes: Vec<String>,
    pub samples: Vec<Sample>,
}

/// One image of a [`Gallery`]; classes by their index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// Its row in the data, from 0.
    pub row: u32,
    pub actual: u32,
    pub predicted: u32,
    /// Probability of the predicted class, in `0.0..=1.0`.
    pub certainty: f32,
}

impl Sample {
    /// Whether it was recognized.
    pub fn is_right(&self) -> bool {
        self.predicted == self.actual
    }
}

impl Confusion {
    /// Rows of class `actual` that were taken for `predicted`.
    pub fn count(&self, actual: usize, predicted: usize) -> u64 {
        self.counts.get(actual * self.classes.len() + predicted).copied().unwrap_or(0)
    }

    /// Share of a class's rows that were recognized; none where it has no rows.
    pub fn recall(&self, actual: usize) -> Option<f64> {
        let all: u64 = (0..self.classes.len()).map(|predicted| self.count(actual, predicted)).sum();
        (all > 0).then(|| self.count(actual, actual) as f64 / all as f64)
    }
}
