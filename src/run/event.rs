//! The whole protocol: commands to a training, events from it. Plain data that can cross a process boundary.
//!
//! Events are also the lines of a run's `events.jsonl` and of `learnscope train --json`. Readers ignore
//! events and fields that they do not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::epoch::EpochRow;
use super::experiment::{AfterRow, Forgotten, Probe, RangeTest};
use super::facts::DataFacts;
use super::number;
use super::seeds::SeedRow;

/// Named metric values in the target's own units, such as `validation_r2`.
pub type Metrics = BTreeMap<String, f64>;

/// What one may ask of a training. Each takes effect after the current step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    Pause,
    Resume,
    /// Makes one step and pauses.
    Step,
    /// Ends the run; what was reached is kept and tested.
    Stop,
    /// Writes a checkpoint and leaves without an end, so that the run can go on later.
    Leave,
    /// Turns a knob that may be turned while training.
    Set {
        key: String,
        value: String,
    },
    /// Tries other learning rates on copies, to tell one that is too high from one that is too low.
    Probe,
    /// Raises the learning rate of a copy until its loss explodes.
    RangeTest,
    /// Trains two copies on, one of them without the optimizer's memory, to see what a checkpoint needs it for.
    Forget,
    /// Behind the end: trains a copy on for so many epochs, to see whether stopping was right.
    GoOn {
        epochs: u64,
    },
}

/// What a training tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Started(Started),
    Preparing(Preparing),
    Step(StepRow),
    Epoch(EpochRow),
    Finding(FindingRow),
    Probe(Probe),
    RangeTest(RangeTest),
    Forgotten(Forgotten),
    After(AfterRow),
    /// Behind the end: the project was trained with a seed once more.
    Seed(SeedRow),
    Changed(Changed),
    Paused {
        step: u64,
    },
    Resumed {
        step: u64,
    },
    Warning {
        text: String,
    },
    Checkpoint {
        step: u64,
        epoch: u64,
    },
    Finished(Finished),
    /// An event of a later version.
    #[serde(other)]
    Unknown,
}

/// First event of every run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Started {
    pub version: u32,
    /// Name of the run's folder, or of the run where there is none.
    pub run: String,
    pub project: String,
    /// The device that trains, as `--device` would name it.
    pub device: String,
    pub parameters: usize,
    pub train_rows: usize,
    pub validation_rows: usize,
    pub test_rows: usize,
    /// Steps in one epoch.
    pub steps_per_epoch: u64,
    /// Epochs asked for.
    pub epochs: u64,
    /// The task in words a program can read: `regression`, `binary`, `classes`.
    pub task: String,
    /// The column that is predicted.
    pub target: String,
    /// Classes in the order of their index; empty for a regression.
    pub classes: Vec<String>,
    /// The unit the loss is measured in: `standardized` when the target was, else `target` or `nats`.
    pub loss_unit: String,
    /// What always guessing the mean or the most frequent class would get on the validation rows, by metric key without prefix, and `loss`.
    #[serde(with = "number::map")]
    pub baseline: Metrics,
    /// Validation loss of the network before its first step; training loss where nothing is validated.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub initial_loss: Option<f64>,
    /// What the data show by themselves; none where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataFacts>,
    /// The run that this one branched off; none where it began by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
}

/// Where a fork branched off.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parent {
    /// The parent's name: that of its folder.
    pub run: String,
    /// The last epoch that both have in common.
    pub epoch: u64,
}

/// Something takes long before the first step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preparing {
    pub text: String,
}

/// One optimizer update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepRow {
    /// Counted from 1 over the whole run.
    pub step: u64,
    pub epoch: u64,
    /// Mean loss of the step's batch before the update.
    #[serde(with = "number")]
    pub train_loss: f64,
    #[serde(with = "number")]
    pub learning_rate: f64,
    /// Norm of all gradients together before clipping; measured on some steps only.
    #[serde(with = "number::maybe", skip_serializing_if = "Option::is_none")]
    pub gradient_norm: Option<f64>,
}

/// What a diagnosis rule saw: raised once, changed as it grows, cleared when it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FindingRow {
    pub rule: String,
    pub state: FindingState,
    pub severity: Severity,
    /// How bad, from 1 to 3; 0 where a rule has no grades.
    #[serde(default)]
    pub grade: u8,
    /// The epoch at which it was seen.
    pub epoch: u64,
    /// The span on the curve it speaks of.
    pub from_epoch: u64,
    pub to_epoch: u64,
    /// One or two plain sentences.
    pub text: String,
    #[serde(default)]
    pub evidence: BTreeMap<String, Evidence>,
    /// The rule's formula with this run's numbers in it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub formula: String,
    /// The cause that could look the same.
    #[serde(default)]
    pub rival: String,
    #[serde(default)]
    pub remedies: Vec<Remedy>,
}

/// A measured value against the threshold it crossed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    #[serde(with = "number")]
    pub value: f64,
    #[serde(with = "number::maybe", default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

/// A change to the project that a finding proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    pub label: String,
    /// Settings as `--set` takes them, by key.
    pub set: BTreeMap<String, serde_json::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    Raised,
    Changed,
    Cleared,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Warning,
    Critical,
}

/// A knob was turned while training, or a schedule dropped the learning rate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Changed {
    /// The last step made with the old value.
    pub step: u64,
    pub epoch: u64,
    pub key: String,
    pub from: String,
    pub to: String,
    /// Who turned it: `user` or `schedule`.
    pub by: String,
}

/// What every message of memory that ran out says: those of this program, and those of drivers.
const OUT_OF_MEMORY: [&str; 2] = ["memory ran out", "out of memory"];

/// Last event of every run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub reason: FinishReason,
    /// The reason in words: which rule stopped it, or what went wrong and what to do.
    #[serde(default)]
    pub text: String,
    pub epochs: u64,
    /// The epoch whose weights are kept as best; 0 where none was completed.
    pub best_epoch: u64,
    #[serde(with = "number")]
    pub best_validation_loss: f64,
    /// Loss and metrics on the test rows, measured once, with the weights that are kept. Empty where the run failed.
    #[serde(with = "number::map", default)]
    pub test: Metrics,
    #[serde(default)]
    pub run_dir: String,
    /// Wall time since the process, or in the window the run, began.
    pub seconds: f64,
    /// Training rows a second while training, validation left out.
    #[serde(default)]
    pub samples_per_second: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    Completed,
    EarlyStopping,
    Stopped,
    Diverged,
    Failed,
}

impl Finished {
    /// Whether memory ran out. The reason is no more than that it failed; its words say this.
    pub fn is_out_of_memory(&self) -> bool {
        let text = self.text.to_lowercase();
        self.reason == FinishReason::Failed && OUT_OF_MEMORY.iter().any(|it| text.contains(it))
    }
}

impl FinishReason {
    /// Whether the run ended as asked: exit status 0, and not 3.
    pub fn is_success(self) -> bool {
        match self {
            Self::Completed | Self::EarlyStopping | Self::Stopped => true,
            Self::Diverged | Self::Failed => false,
        }
    }

    /// How it is told on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::EarlyStopping => "early stop",
            Self::Stopped => "stopped",
            Self::Diverged => "diverged",
            Self::Failed => "failed",
        }
    }
}

impl Event {
    /// One line of JSON, without its line break.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("events are plain data with text keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_line_and_nan_is_null() {
        let row = EpochRow { epoch: 3, step: 30, train_loss: f64::NAN, validation_loss: 0.5, ..EpochRow::default() };
        let line = Event::Epoch(row).to_json();
        assert!(
            line.starts_with(r#"{"event":"epoch","epoch":3,"step":30,"train_loss":null,"validation_loss":0.5"#),
            "{line}"
        );
        let Event::Epoch(back) = serde_json::from_str(&line).unwrap() else { panic!("{line}") };
        assert!(back.train_loss.is_nan());
    }

    #[test]
    fn a_fork_names_its_parent_and_any_other_run_says_nothing_of_one() {
        let parent = Parent { run: "spirals-1".to_owned(), epoch: 12 };
        let fork = Event::Started(Started { parent: Some(parent), ..Started::default() });
        let line = fork.to_json();
        assert!(line.contains(r#""parent":{"run":"spirals-1","epoch":12}"#), "{line}");
        assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), fork);
        assert!(!Event::Started(Started::default()).to_json().contains("parent"));
    }

    #[test]
    fn events_and_fields_of_later_versions_are_ignored() {
        let event: Event = serde_json::from_str(r#"{"event":"telepathy","depth":3}"#).unwrap();
        assert_eq!(event, Event::Unknown);
        let event: Event = serde_json::from_str(r#"{"event":"paused","step":3,"mood":"calm"}"#).unwrap();
        assert_eq!(event, Event::Paused { step: 3 });
    }
}
