//! What rules know of a run before its first epoch.

use crate::run::{DataFacts, Metrics, Started};
use crate::spec::{Project, Task};

/// A run's choices, and what was found before its first step.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    pub project: Project,
    /// Whether `project` is what was trained. Curves from another program come without one: then nothing may be
    /// concluded from it, and no remedy is offered.
    pub knows_project: bool,
    pub task: Task,
    /// The device that trains, as `--device` would name it.
    pub device: String,
    pub train_rows: usize,
    /// Rows behind the validation loss; 0 where nothing was validated or nobody knows how many.
    pub validation_rows: usize,
    pub steps_per_epoch: u64,
    pub epochs: u64,
    /// What always guessing the same would get on the validation rows, by metric key without prefix, and `loss`.
    /// Empty where nobody measured it.
    pub baseline: Metrics,
    /// Validation loss of the network before its first step.
    pub initial_loss: Option<f64>,
    /// Names of the classes, in the order of their index.
    pub classes: Vec<String>,
    /// What the data show by themselves.
    pub data: Option<DataFacts>,
}

impl Context {
    /// What the first event of a run tells, with the project it was told of.
    pub fn new(project: &Project, started: &Started) -> Self {
        let task = match (started.task.as_str(), started.classes.len()) {
            ("binary", _) => Task::Binary,
            ("classes", n) => Task::Classes(n),
            _ => Task::Regression,
        };
        Self {
            project: project.clone(),
            knows_project: true,
            task,
            device: started.device.clone(),
            train_rows: started.train_rows,
            validation_rows: started.validation_rows,
            steps_per_epoch: started.steps_per_epoch,
            epochs: started.epochs,
            baseline: started.baseline.clone(),
            initial_loss: started.initial_loss.filter(|it| it.is_finite()),
            classes: started.classes.clone(),
            data: started.data.clone(),
        }
    }

    /// The baseline's loss, where it was measured and is above 0.
    pub(super) fn guessing(&self) -> Option<f64> {
        self.baseline.get("loss").copied().filter(|it| it.is_finite() && *it > 0.0)
    }

    /// One of the doctor's thresholds, such as `overfitting.gap_share`.
    pub(super) fn threshold(&self, name: &str) -> f64 {
        self.project.doctor.get(name)
    }
}
