//! How long and in what portions to train, when to stop early, and on what hardware.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoEnumIterator as _, IntoStaticStr};

use super::data::Task;
use super::knob::{Knob, Range, Scale, TextValue, Value};

/// Length, portions, seed and pace of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingSpec {
    /// Passes over the training rows.
    pub epochs: u64,
    /// Rows in one step. None: all training rows, which makes SGD gradient descent.
    pub batch_size: Option<u64>,
    /// Whether the training rows change their order every epoch, or come in the file's order.
    pub shuffle: bool,
    /// Governs split, first weights, order and dropout.
    pub seed: u64,
    /// Steps a second in the window. None: as fast as the machine can. Results do not depend on it.
    pub pace: Option<f64>,
    pub measure_train: MeasureTrain,
}

/// When the training loss of an epoch is measured.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MeasureTrain {
    /// The mean over the epoch's steps while the weights still move and dropout is on: free, but half an epoch old.
    #[default]
    #[strum(message = "During the epoch")]
    During,
    /// Once more at the epoch's end in evaluation mode, as validation is: comparable, but costs a pass.
    #[strum(message = "At the epoch's end")]
    EpochEnd,
}

/// Whether to stop before the last epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StoppingSpec {
    /// Train all epochs.
    #[strum(message = "Off")]
    Off,
    /// Stop when the watched value has not improved for a number of epochs.
    #[strum(message = "Patience")]
    Patience(Patience),
}

/// Patience as in Keras: an epoch improves when it beats the best so far by more than min_delta;
/// the run stops at the end of the epoch that makes `patience` epochs in a row without improvement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Patience {
    pub monitor: Monitor,
    /// Epochs without improvement after which the run stops.
    #[expect(clippy::struct_field_names, reason = "the field's own word")]
    pub patience: u64,
    /// How much better counts as better, in the watched value's unit.
    pub min_delta: f64,
    /// First epochs that are not watched at all.
    pub warmup: u64,
    /// Whether the weights of the best epoch are kept, or those of the last.
    pub restore_best: bool,
}

/// The value early stopping watches.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Monitor {
    /// Loss on the validation rows; smaller is better.
    #[default]
    #[strum(message = "Validation loss")]
    ValidationLoss,
    /// Loss on the training rows; smaller is better. Does not see overfitting.
    #[strum(message = "Training loss")]
    TrainLoss,
    /// Share of validation rows whose class is right; larger is better.
    #[strum(message = "Validation accuracy")]
    ValidationAccuracy,
    /// F1 averaged over classes; larger is better.
    #[strum(message = "Validation macro F1")]
    ValidationMacroF1,
    /// Recall averaged over classes; larger is better.
    #[strum(message = "Validation balanced accuracy")]
    ValidationBalancedAccuracy,
    /// Chance that a positive row is ranked above a negative one; larger is better.
    #[strum(message = "Validation ROC AUC")]
    ValidationRocAuc,
    /// Share of the target's variance that is explained; larger is better.
    #[strum(message = "Validation R²")]
    ValidationR2,
    /// Root mean squared error in the target's unit; smaller is better.
    #[strum(message = "Validation RMSE")]
    ValidationRmse,
    /// Mean absolute error in the target's unit; smaller is better.
    #[strum(message = "Validation MAE")]
    ValidationMae,
}

/// Where the arithmetic is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceSpec {
    /// The CPU for small networks; otherwise whichever is measured to be faster.
    #[default]
    Auto,
    Cpu,
    /// The first real graphics adapter.
    Gpu,
    /// The N-th adapter that `learnscope devices` lists, from 0, software ones included.
    GpuAt(usize),
}

impl Default for TrainingSpec {
    fn default() -> Self {
        Self {
            epochs: 50,
            batch_size: Some(32),
            shuffle: true,
            seed: 1,
            pace: None,
            measure_train: MeasureTrain::During,
        }
    }
}

impl Default for StoppingSpec {
    fn default() -> Self {
        Self::Patience(Patience::default())
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self { monitor: Monitor::ValidationLoss, patience: 10, min_delta: 0.0, warmup: 0, restore_best: true }
    }
}

impl TrainingSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { epochs, batch_size, shuffle, seed, pace, measure_train } = self;
        vec![
            Knob::count("epochs", "Epochs", epochs, Range::new(1.0, 1_000_000.0), "Passes over all training rows.")
                .live(),
            Knob {
                key: "batch_size",
                label: "Batch size",
                help: "Rows in one step. Small batches are noisy and quick, large ones smooth and slow; all of them make it gradient descent.",
                value: Value::MaybeCount {
                    at: batch_size,
                    range: Range::new(1.0, 1_000_000.0),
                    scale: Scale::Log,
                    none: "all",
                    usual: 32,
                },
                live: false,
            },
            Knob::flag(
                "training.shuffle",
                "Shuffle",
                shuffle,
                "Visit the training rows in a new order every epoch. In the file's order neighbours are often alike, and every batch pulls another way.",
            ),
            Knob::count(
                "seed",
                "Seed",
                seed,
                Range::new(0.0, 9e15),
                "Decides split, first weights, order and dropout. The same seed gives the same curve.",
            ),
            Knob {
                key: "pace",
                label: "Pace",
                help: "Steps a second, to have something to watch. It has no effect on results.",
                value: Value::MaybeReal {
                    at: pace,
                    range: Range::new(0.1, 100_000.0),
                    scale: Scale::Log,
                    none: "unlimited",
                    usual: 100.0,
                },
                live: true,
            },
            Knob::choice(
                "training.measure_train",
                "Train loss",
                measure_train,
                "When the training loss of an epoch is measured.",
            ),
        ]
    }
}

impl StoppingSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self::Patience(Patience { monitor, patience, min_delta, warmup, restore_best }) = self else {
            return Vec::new();
        };
        vec![
            Knob::choice("stopping.monitor", "Watch", monitor, "The value that must keep improving."),
            Knob::count(
                "stopping.patience",
                "Patience",
                patience,
                Range::new(1.0, 100_000.0),
                "Epochs without improvement after which the run stops.",
            )
            .live(),
            Knob::log(
                "stopping.min_delta",
                "Min delta",
                min_delta,
                Range::new(0.0, 1e9),
                "How much better counts as better, in the watched value's unit.",
            )
            .live(),
            Knob::count(
                "stopping.warmup",
                "Warm-up",
                warmup,
                Range::new(0.0, 100_000.0),
                "First epochs that are not watched.",
            ),
            Knob::flag(
                "stopping.restore_best",
                "Restore best",
                restore_best,
                "Keep the weights of the best epoch, not those of the last.",
            ),
        ]
    }
}

impl Monitor {
    /// Whether larger values are better.
    pub fn larger_is_better(self) -> bool {
        match self {
            Self::ValidationLoss | Self::TrainLoss | Self::ValidationRmse | Self::ValidationMae => false,
            Self::ValidationAccuracy
            | Self::ValidationMacroF1
            | Self::ValidationBalancedAccuracy
            | Self::ValidationRocAuc
            | Self::ValidationR2 => true,
        }
    }

    /// Why it cannot be watched for a task; none where it can.
    pub fn misfit(self, task: Task) -> Option<String> {
        let fits = match self {
            Self::ValidationLoss | Self::TrainLoss => true,
            Self::ValidationR2 | Self::ValidationRmse | Self::ValidationMae => task == Task::Regression,
            Self::ValidationRocAuc => task == Task::Binary,
            Self::ValidationAccuracy | Self::ValidationMacroF1 | Self::ValidationBalancedAccuracy => {
                task != Task::Regression
            }
        };
        let id: &str = self.into();
        (!fits).then(|| {
            format!("stopping.monitor is {id}, which is not measured for {}; choose validation_loss", task.label())
        })
    }
}

impl TextValue for DeviceSpec {
    fn text(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::Cpu => "cpu".to_owned(),
            Self::Gpu => "gpu".to_owned(),
            Self::GpuAt(n) => format!("gpu:{n}"),
        }
    }

    fn read(&mut self, text: &str) -> Result<(), String> {
        *self = match text.trim() {
            "auto" => Self::Auto,
            "cpu" => Self::Cpu,
            "gpu" => Self::Gpu,
            other => match other.strip_prefix("gpu:").and_then(|n| n.parse().ok()) {
                Some(n) => Self::GpuAt(n),
                None => return Err("but must be auto, cpu, gpu or gpu:N; `learnscope devices` lists them".to_owned()),
            },
        };
        Ok(())
    }

    fn suggestions(&self) -> Vec<(String, String)> {
        [
            ("auto", "The CPU for small networks; otherwise whichever is measured to be faster."),
            ("cpu", "The processor, with all its cores."),
            ("gpu", "The first real graphics adapter."),
        ]
        .map(|(text, help)| (text.to_owned(), help.to_owned()))
        .to_vec()
    }
}

/// The monitors that are measured for a task, in menu order.
pub fn monitors_for(task: Task) -> Vec<Monitor> {
    Monitor::iter().filter(|it| it.misfit(task).is_none()).collect()
}
