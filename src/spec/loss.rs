//! Which loss: what training makes small.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};

use super::data::Task;
use super::knob::{Knob, Range};

/// The losses one can choose. Each is a mean over the batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LossSpec {
    /// The square of the error. Large errors weigh most.
    #[strum(message = "Mean squared error")]
    Mse,
    /// The size of the error. Outliers weigh no more than their share.
    #[strum(message = "Mean absolute error")]
    Mae,
    /// Squared for small errors, absolute for large ones: smooth, yet outliers do not rule.
    #[strum(message = "Huber")]
    Huber(Huber),
    /// How surprised the predicted probability is by the true class, for two classes. Computed from logits.
    #[strum(message = "Binary cross-entropy")]
    BinaryCrossEntropy(BinaryCrossEntropy),
    /// How surprised the predicted probabilities are by the true class, for any number of classes. Computed from logits.
    #[strum(message = "Cross-entropy")]
    CrossEntropy(CrossEntropy),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Huber {
    /// Error size at which the square turns into a straight line, in the loss's own unit.
    pub delta: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BinaryCrossEntropy {
    pub class_weights: ClassWeights,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrossEntropy {
    /// Share of certainty moved from the true class to all classes evenly.
    pub label_smoothing: f64,
    pub class_weights: ClassWeights,
}

/// Whether rare classes weigh more.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClassWeights {
    /// Every row weighs the same.
    #[default]
    #[strum(message = "Off")]
    Off,
    /// Each class weighs the same in all: a row counts rows / (classes x rows of its class).
    #[strum(message = "Balanced")]
    Balanced,
}

impl Default for Huber {
    fn default() -> Self {
        Self { delta: 1.0 }
    }
}

impl LossSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        const WEIGHTS: &str = "Let rare classes count as much as common ones.";
        match self {
            Self::Mse | Self::Mae => Vec::new(),
            Self::Huber(it) => {
                vec![Knob::log(
                    "loss.delta",
                    "Delta",
                    &mut it.delta,
                    Range::above(0.0, 1000.0),
                    "Error size at which the square turns into a straight line.",
                )]
            }
            Self::BinaryCrossEntropy(it) => {
                vec![Knob::choice("loss.class_weights", "Class weights", &mut it.class_weights, WEIGHTS)]
            }
            Self::CrossEntropy(it) => vec![
                Knob::real(
                    "loss.label_smoothing",
                    "Label smoothing",
                    &mut it.label_smoothing,
                    Range::new(0.0, 0.9),
                    "Share of certainty moved from the true class to all classes evenly, so that the network never has to be certain.",
                ),
                Knob::choice("loss.class_weights", "Class weights", &mut it.class_weights, WEIGHTS),
            ],
        }
    }

    /// The loss people choose first for a task.
    pub fn usual_for(task: Task) -> Self {
        match task {
            Task::Regression => Self::Mse,
            Task::Binary => Self::BinaryCrossEntropy(BinaryCrossEntropy::default()),
            Task::Classes(_) => Self::CrossEntropy(CrossEntropy::default()),
        }
    }

    /// Why it does not fit the task; none where it does.
    pub fn misfit(&self, task: Task) -> Option<String> {
        let id: &str = self.into();
        let usual: &str = (&Self::usual_for(task)).into();
        let reason = match (self, task) {
            (Self::Mse | Self::Mae | Self::Huber(_), Task::Regression)
            | (Self::BinaryCrossEntropy(_), Task::Binary)
            | (Self::CrossEntropy(_), Task::Binary | Task::Classes(_)) => return None,
            (Self::Mse | Self::Mae | Self::Huber(_), Task::Binary | Task::Classes(_)) => {
                "measures distances between numbers, and classes have none"
            }
            (Self::BinaryCrossEntropy(_), Task::Classes(n)) => {
                return Some(format!("{id} tells two classes apart, and the target has {n}; choose loss={usual}"));
            }
            (Self::BinaryCrossEntropy(_) | Self::CrossEntropy(_), Task::Regression) => {
                "compares probabilities of classes, and the target is a number"
            }
        };
        Some(format!("{id} {reason}; choose loss={usual}"))
    }

    /// Values the network puts out for one row under this loss.
    pub fn n_outputs(&self, task: Task) -> usize {
        match (self, task) {
            (Self::CrossEntropy(_), Task::Binary) => 2,
            _ => task.n_outputs(),
        }
    }

    /// What else people call it.
    pub fn also_called(&self) -> &'static [&'static str] {
        match self {
            Self::Mse => &["MSE", "L2 loss", "quadratic loss", "squared error"],
            Self::Mae => &["MAE", "L1 loss", "absolute error"],
            Self::Huber(_) => &["smooth L1 (at delta 1)", "robust loss"],
            Self::BinaryCrossEntropy(_) => {
                &["BCE", "log loss", "logistic loss", "negative log-likelihood (two classes)"]
            }
            Self::CrossEntropy(_) => {
                &["log loss", "negative log-likelihood", "softmax loss", "categorical cross-entropy"]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_for_another_task_says_why_and_which_fits() {
        let refused = LossSpec::Mse.misfit(Task::Classes(3)).unwrap();
        assert!(refused.ends_with("choose loss=cross_entropy"), "{refused}");
        let binary = LossSpec::BinaryCrossEntropy(BinaryCrossEntropy::default());
        assert!(binary.misfit(Task::Binary).is_none());
        assert!(binary.misfit(Task::Classes(4)).unwrap().contains("the target has 4"));
        for task in [Task::Regression, Task::Binary, Task::Classes(5)] {
            assert_eq!(LossSpec::usual_for(task).misfit(task), None);
        }
    }
}
