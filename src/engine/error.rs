//! What can go wrong while training, as one clear line each.

use burn::tensor::{ExecutionError, TensorReadError};
use thiserror::Error;

/// Why a training cannot begin or go on.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TrainError {
    #[error("{0}")]
    Weights(String),
    #[error("{0}")]
    Device(String),
    #[error("{0}")]
    Shape(String),
}

impl From<ExecutionError> for TrainError {
    fn from(err: ExecutionError) -> Self {
        Self::Device(device_trouble(&err.to_string()))
    }
}

impl From<TensorReadError> for TrainError {
    fn from(err: TensorReadError) -> Self {
        Self::Device(device_trouble(&err.to_string()))
    }
}

/// A driver's words, first line only, with what to do.
fn device_trouble(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    let lower = text.to_lowercase();
    let advice = if lower.contains("memory") {
        "memory ran out on the device; use a smaller batch or network, or train on the CPU"
    } else if lower.contains("poison") || lower.contains("lost") {
        "the device was lost; restart the program to use it again, or train on the CPU"
    } else {
        "the device failed; try again, or train on the CPU"
    };
    format!("{advice} ({first})")
}
