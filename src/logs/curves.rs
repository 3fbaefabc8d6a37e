//! What a log turns into.

use strum::EnumMessage;

use super::columns::{Columns, Role};
use crate::run::{EpochRow, Started, StepRow};

/// Who wrote a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumMessage)]
pub enum Format {
    #[strum(message = "Keras\u{2019} CSVLogger")]
    Keras,
    #[strum(message = "Lightning\u{2019}s CSVLogger")]
    Lightning,
    #[strum(message = "a table of curves")]
    Table,
    #[strum(message = "Hugging Face\u{2019}s Trainer")]
    HuggingFace,
    #[strum(message = "TensorBoard")]
    TensorBoard,
}

impl Format {
    /// Its name on screen.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }
}

/// The curves of one run of another program.
#[derive(Clone, Debug, PartialEq)]
pub struct Curves {
    pub format: Format,
    /// Epochs, or evaluations where the log knows no epochs, counted from 1, in order. What was not logged is NaN,
    /// or 0 where a row counts.
    pub rows: Vec<EpochRow>,
    /// Losses within the epochs, where the log holds more of them than rows.
    pub steps: Vec<StepRow>,
    /// What is known of the run: its task as the metrics show it, how many epochs, and hardly more.
    pub started: Started,
    /// Every column of the log, in its order.
    pub names: Vec<String>,
    /// The column taken for each role.
    pub columns: Columns,
    /// Columns that were not taken for anything.
    pub ignored: Vec<String>,
    /// Whether its lines were out of order and had to be sorted.
    pub was_sorted: bool,
    /// What was done to the log, and what it lacks, in whole sentences.
    pub notes: Vec<String>,
}

impl Curves {
    /// Whether the log has any number for a role.
    pub fn has(&self, role: Role) -> bool {
        let any = |value: fn(&EpochRow) -> f64| self.rows.iter().any(|row| value(row).is_finite());
        let metric = |key: &str| self.rows.iter().any(|row| row.metrics.contains_key(key));
        match role {
            Role::Epoch | Role::Step => self.columns.name(role).is_some_and(|it| !it.is_empty()),
            // A loss that was never a number was logged all the same.
            Role::TrainLoss => self.columns.name(role).is_some(),
            Role::ValidationLoss => any(|row| row.validation_loss),
            Role::TrainAccuracy => metric("train_accuracy"),
            Role::ValidationAccuracy => metric("validation_accuracy"),
            Role::LearningRate => any(|row| row.learning_rate),
            Role::GradientNorm => self.rows.iter().any(|row| row.gradient_norm.is_some()),
        }
    }
}
