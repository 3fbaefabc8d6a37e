//! What a rule is, and how it answers.

use std::collections::BTreeMap;

use super::context::Context;
use super::words::significant;
use crate::run::{EpochRow, Evidence, FinishReason, Remedy, Severity, StepRow};

/// A pattern in a run that has a name.
pub struct Rule {
    /// Stable name in events and lessons, such as `overfitting`.
    pub id: &'static str,
    /// Name on screen, in sentence case.
    pub label: &'static str,
    /// One plain sentence: what one sees.
    pub about: &'static str,
    /// What must have been measured; without it the rule is silent.
    pub needs: &'static [Need],
    /// Rules whose pattern is a mere consequence of this one. While this one's pattern is there they are not told,
    /// so that one cause is one finding.
    pub explains: &'static [&'static str],
    /// Begins to watch a run.
    pub make: fn(&Context) -> Box<dyn Observer>,
}

/// Something that a rule cannot do without, and that curves from elsewhere may lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::EnumMessage)]
pub enum Need {
    #[strum(message = "training loss")]
    TrainLoss,
    #[strum(message = "validation loss")]
    ValidationLoss,
    #[strum(message = "validation accuracy")]
    ValidationAccuracy,
    #[strum(message = "learning rate")]
    LearningRate,
    #[strum(message = "gradient norm")]
    GradientNorm,
    #[strum(message = "number of validation rows")]
    ValidationRows,
    #[strum(message = "losses within the epoch")]
    Batches,
    #[strum(message = "validation rows by class")]
    Classes,
    #[strum(message = "layers' weights, gradients and activations")]
    Layers,
    #[strum(message = "loss before the first step")]
    InitialLoss,
    #[strum(message = "the data")]
    Data,
    #[strum(message = "the project")]
    Project,
    #[strum(message = "times")]
    Timing,
}

/// One rule watching one run: a small fold over its epochs.
pub trait Observer: Send {
    /// Folds a completed epoch and says what it shows.
    ///
    /// `standing` is whether this rule's finding stands: to leave may take more than not to enter.
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look;

    /// A step whose loss is no finite number; the epoch it belongs to may never be completed.
    fn not_finite(&mut self, _row: &StepRow) -> Look {
        Look::Unclear
    }

    /// The run is over, behind its last epoch. What is seen only now is told at once, and what is absent now is over;
    /// most rules have nothing to add.
    fn end(&mut self, _context: &Context, _reason: FinishReason) -> Look {
        Look::Unclear
    }

    /// Words and numbers for what the last look saw. Asked only when something is to be told.
    fn words(&self, context: &Context) -> Words;

    /// One sentence for a finding that is over.
    fn farewell(&self) -> String;

    /// How often it must be seen, or not seen, before that is told.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis::default()
    }
}

/// What a rule makes of the run as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Too early, or what the rule needs was not measured: counts neither way.
    Unclear,
    /// The pattern is not there.
    Absent,
    /// The pattern is there.
    Seen {
        severity: Severity,
        /// How bad, from 1 to 3; 0 where a rule has no grades.
        grade: u8,
        /// Where on the curve it begins.
        from_epoch: u64,
    },
}

/// What is said about a finding.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Words {
    /// One or two plain sentences with this run's numbers.
    pub text: String,
    /// Measured values against thresholds, by name.
    pub evidence: BTreeMap<String, Evidence>,
    /// The rule's formula with this run's numbers in it, such as `rise / best = 0.12 / 0.4 = 30 %, above 2 %`.
    pub formula: String,
    /// The cause that could look the same.
    pub rival: String,
    /// Changes that would settle it, the likeliest first.
    pub remedies: Vec<Remedy>,
}

/// Epochs on end a look must hold before it is told, so that a single odd epoch neither raises nor clears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hysteresis {
    pub enter: u32,
    pub leave: u32,
}

impl Default for Hysteresis {
    fn default() -> Self {
        Self { enter: 3, leave: 3 }
    }
}

/// Digits that evidence keeps: more than anyone reads, and few enough that what is computed from rows read back
/// from a file, whose last bit may differ, is the same.
const EVIDENCE_DIGITS: usize = 6;

/// A measured value with the threshold it is held against.
pub(super) fn against(value: f64, threshold: f64) -> Evidence {
    Evidence { threshold: Some(significant(threshold, EVIDENCE_DIGITS)), ..measured(value) }
}

/// A value that was measured and has no threshold.
pub(super) fn measured(value: f64) -> Evidence {
    Evidence { value: significant(value, EVIDENCE_DIGITS), threshold: None }
}
