//! Experiments on a copy of a training: what they tried and what came of it.

use serde::{Deserialize, Serialize};

use super::number;

/// Short trainings of copies, from the same weights and the same memory of the optimizer, at several learning rates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Probe {
    /// Where the copies were taken.
    pub epoch: u64,
    pub step: u64,
    /// Steps between two losses of a fork.
    pub stretch: u64,
    /// The training's own learning rate among them.
    pub forks: Vec<Fork>,
    pub verdict: Verdict,
    /// The verdict in a sentence with its numbers.
    pub text: String,
}

/// One copy and how it went on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fork {
    /// Multiple of the training's own learning rate.
    #[serde(with = "number")]
    pub factor: f64,
    #[serde(with = "number")]
    pub learning_rate: f64,
    /// Loss on the same sample of training rows, in evaluation mode, before the first step and behind every stretch.
    #[serde(with = "number::list")]
    pub losses: Vec<f64>,
}

/// Two copies of a training that went on from the same weights, one of them without the optimizer's memory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forgotten {
    /// Where the copies were taken.
    pub epoch: u64,
    pub step: u64,
    /// Loss on the same sample of training rows, in evaluation mode: before the first step and behind each.
    #[serde(with = "number::list")]
    pub with_memory: Vec<f64>,
    #[serde(with = "number::list")]
    pub without: Vec<f64>,
    /// What came of it, in a sentence with its numbers.
    pub text: String,
}

/// Which cause a probe supports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Smaller steps got further.
    TooHigh,
    /// Larger steps got further.
    TooLow,
    /// The learning rate is not what holds it back.
    #[default]
    Neither,
}

/// One epoch of a copy that trains on after the run's end, to see whether stopping was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterRow {
    pub epoch: u64,
    #[serde(with = "number")]
    pub train_loss: f64,
    #[serde(with = "number")]
    pub validation_loss: f64,
}

/// Loss against learning rate, from a copy whose learning rate grew with every step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RangeTest {
    /// Where the copy was taken.
    pub epoch: u64,
    pub step: u64,
    /// In the order of growing learning rates.
    pub points: Vec<RangePoint>,
    /// Learning rates worth trying, the lowest and the highest; none where the loss never fell.
    pub band: Option<[f64; 2]>,
    /// What is to be seen, in a sentence with its numbers.
    pub text: String,
}

/// One step of a range test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RangePoint {
    #[serde(with = "number")]
    pub learning_rate: f64,
    /// Loss of the step's batch before the update.
    #[serde(with = "number")]
    pub loss: f64,
    /// Debiased moving average of the losses so far.
    #[serde(with = "number")]
    pub smoothed: f64,
}
