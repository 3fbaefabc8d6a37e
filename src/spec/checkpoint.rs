//! How often a training is written down so that it can go on from there.

use serde::{Deserialize, Serialize};

use super::knob::{Knob, Range, Scale, Value};

/// When checkpoints are written, and how many are kept. Results do not depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointSpec {
    /// One behind every so many epochs.
    pub epochs: Option<u64>,
    /// One after so many seconds, also in the middle of an epoch.
    pub seconds: Option<f64>,
    /// The newest that are kept, beside the one with the lowest validation loss.
    pub keep: u64,
}

impl Default for CheckpointSpec {
    fn default() -> Self {
        Self { epochs: None, seconds: Some(10.0), keep: 2 }
    }
}

impl CheckpointSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { epochs, seconds, keep } = self;
        vec![
            Knob {
                key: "checkpoint.seconds",
                label: "Seconds",
                help: "Write a checkpoint after so many seconds. What a power cut costs is at most the work since the last one.",
                value: Value::MaybeReal {
                    at: seconds,
                    range: Range::new(0.1, 86_400.0),
                    scale: Scale::Log,
                    none: "off",
                    usual: 10.0,
                },
                live: true,
            },
            Knob {
                key: "checkpoint.epochs",
                label: "Epochs",
                help: "Write a checkpoint behind every so many epochs.",
                value: Value::MaybeCount {
                    at: epochs,
                    range: Range::new(1.0, 1_000_000.0),
                    scale: Scale::Log,
                    none: "off",
                    usual: 1,
                },
                live: true,
            },
            Knob::count(
                "checkpoint.keep",
                "Keep",
                keep,
                Range::new(1.0, 1000.0),
                "The newest checkpoints that are kept, beside the one with the lowest validation loss. An old one goes only once the new one is safe.",
            )
            .live(),
        ]
    }
}
