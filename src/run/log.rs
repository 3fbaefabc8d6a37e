//! The log: what happened, a line each.

use super::event::{Event, FindingState, FinishReason, Severity, Started};
use super::seeds::SeedRow;

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The epoch it belongs to; 0 before the first.
    pub epoch: u64,
    pub text: String,
    /// Whether it tells of trouble.
    pub is_warning: bool,
}

impl LogLine {
    /// What an event is told as; none where it is no news.
    ///
    /// # Arguments
    /// - epoch: epochs completed by then
    pub(super) fn of(event: &Event, epoch: u64) -> Option<Self> {
        let (text, is_warning) = match event {
            Event::Started(it) => started_line(it),
            Event::Preparing(it) => (it.text.clone(), false),
            Event::Finding(it) => {
                let what = match it.state {
                    FindingState::Raised => "Finding",
                    FindingState::Changed => "Finding changed",
                    FindingState::Cleared => "Finding cleared",
                };
                (format!("{what}, {}: {}", it.rule, it.text), it.severity > Severity::Info)
            }
            Event::Changed(it) => (
                format!("{} changed from {} to {} after step {} by the {}", it.key, it.from, it.to, it.step, it.by),
                false,
            ),
            Event::Probe(it) => (format!("Tried other learning rates on copies. {}", it.text), false),
            Event::RangeTest(it) => (format!("Learning-rate range test. {}", it.text), false),
            Event::Forgotten(it) => (format!("Went on without the optimizer\u{2019}s memory. {}", it.text), false),
            Event::Seed(it) => seed_line(it),
            Event::Paused { step } => (format!("Paused after step {step}"), false),
            Event::Resumed { step } => (format!("Resumed after step {step}"), false),
            Event::Warning { text } => (text.clone(), true),
            Event::Checkpoint { step, .. } => (format!("Checkpoint written after step {step}"), false),
            Event::Finished(it) => (
                format!("Ended: {}. {}", it.reason.label(), it.text),
                matches!(it.reason, FinishReason::Diverged | FinishReason::Failed),
            ),
            Event::Step(_) | Event::Epoch(_) | Event::After(_) | Event::Unknown => return None,
        };
        Some(Self { epoch, text, is_warning })
    }
}

fn started_line(it: &Started) -> (String, bool) {
    let text = format!(
        "Started on {}: {} parameters, {} training, {} validation and {} test rows",
        it.device, it.parameters, it.train_rows, it.validation_rows, it.test_rows
    );
    (text, false)
}

fn seed_line(it: &SeedRow) -> (String, bool) {
    let SeedRow { seed, best_validation_loss: best, .. } = it;
    match it.value() {
        Some(_) => (format!("Trained with seed {seed}: best validation loss {best:.6}, {}", it.reason.label()), false),
        None => (format!("Trained with seed {seed}: {}. {}", it.reason.label(), it.text), true),
    }
}
