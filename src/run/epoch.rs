//! What an epoch leaves: losses and metrics, and what its steps and validation rows have shown.

use serde::{Deserialize, Serialize};

use super::event::Metrics;
use super::number;

/// One pass over the training rows, and what validation said behind it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EpochRow {
    pub epoch: u64,
    /// Updates made so far.
    pub step: u64,
    #[serde(with = "number")]
    pub train_loss: f64,
    #[serde(with = "number")]
    pub validation_loss: f64,
    #[serde(with = "number::map")]
    pub metrics: Metrics,
    /// Learning rate of the epoch's last step.
    #[serde(with = "number")]
    pub learning_rate: f64,
    /// Norm of the gradients at the epoch's last measured step.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
    /// Standard error of the validation loss over its rows.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub validation_se: Option<f64>,
    /// Wall time of this epoch, validation included.
    pub seconds: f64,
    /// Mean batch loss in each of up to eight equally long parts of the epoch, in the order they were trained.
    #[serde(with = "number::list", skip_serializing_if = "Vec::is_empty")]
    pub train_parts: Vec<f64>,
    /// Standard deviation of single batches' losses around the line through them; none with fewer than 3 steps an epoch.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub batch_deviation: Option<f64>,
    /// How each class fared on the validation rows, in the order of their index; empty for a regression.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassRow>,
    /// Share of validation rows whose class was wrong, in each quarter of them from the most certain prediction to
    /// the least; empty for a regression.
    #[serde(with = "number::list", skip_serializing_if = "Vec::is_empty")]
    pub errors_by_certainty: Vec<f64>,
    /// Every layer with weights, from the input on, at the last step of the epoch; empty where nobody looked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerRow>,
    /// Where the time went. Read from a clock and so different each time, it has a file of its own in the run folder
    /// and is no part of the event's line.
    #[serde(skip)]
    pub timing: Option<Timing>,
}

/// One class on the validation rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassRow {
    /// Rows that belong to it.
    pub rows: usize,
    /// Rows that were taken for it.
    pub predicted: usize,
    /// Rows of it that were taken for it.
    pub correct: usize,
}

/// One linear or convolution layer at the last step of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayerRow {
    /// Such as `linear 2`, counted from 1; the last one is `output`.
    pub name: String,
    /// Root mean square of its weights before the step, bias left out.
    #[serde(with = "number")]
    pub weight: f64,
    /// Root mean square of its weights' gradient, before clipping.
    #[serde(with = "number")]
    pub gradient: f64,
    /// Root mean square of what the step added to its weights.
    #[serde(with = "number")]
    pub update: f64,
    /// Its activation function, such as `relu`; empty for the output.
    pub activation: String,
    /// Share of its units, for a convolution of its channels, that were exactly 0 behind the activation for every
    /// row looked at; none but for ReLU.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub dead: Option<f64>,
    /// Share of values behind the activation that lie within 2.5 % of its range of an end, so that nearly no
    /// gradient passes; none but for tanh and sigmoid.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub saturated: Option<f64>,
    /// Mean and standard deviation of the values behind the activation, over all units and rows looked at.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub deviation: Option<f64>,
}

/// Where an epoch's time went, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    pub epoch: u64,
    /// All training steps, their input included.
    pub steps: f64,
    /// Gathering the steps' rows and bringing them to the device.
    pub input: f64,
    /// Measuring the validation rows.
    pub validation: f64,
    /// Median of a step here.
    pub step: f64,
    /// Median of the same step on the CPU, where a graphics device trains and both were timed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_step: Option<f64>,
    /// Most bytes that the process has taken by the end of the epoch, above what it took before the network was built;
    /// none where the system does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
}
