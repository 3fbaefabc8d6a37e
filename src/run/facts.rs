//! What is known of the data before any training.

use serde::{Deserialize, Serialize};

use super::number;

/// What the data show by themselves, before any training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataFacts {
    /// Training rows of each class, in the order of their index; empty for a regression.
    pub class_rows: Vec<usize>,
    /// Validation rows, and test rows, whose inputs and target all stand in a training row as well.
    pub repeated_validation_rows: usize,
    pub repeated_test_rows: usize,
    /// The columns that alone say most about the target, the most telling first, at most five; none for images.
    pub telling: Vec<TellingColumn>,
    /// How the inputs are scaled, as the network sees them; none for images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scales: Option<InputScales>,
}

/// How much one column alone says about the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TellingColumn {
    pub column: String,
    /// Share of the baseline's loss on the validation rows that a lookup in this column alone, filled from the training
    /// rows, takes away: squared error or cross-entropy; 1 decides the target, 0 says nothing.
    #[serde(with = "number")]
    pub skill: f64,
}

/// Mean and standard deviation over the training rows of single inputs, as the network sees them; one-hot,
/// indicator and word columns are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputScales {
    /// The input that lies furthest from 0, and its mean.
    pub furthest: String,
    #[serde(with = "number")]
    pub furthest_mean: f64,
    /// The widest input, and its standard deviation.
    pub widest: String,
    #[serde(with = "number")]
    pub widest_deviation: f64,
    /// The narrowest input, and its standard deviation.
    pub narrowest: String,
    #[serde(with = "number")]
    pub narrowest_deviation: f64,
}
