//! Rule: most of the time goes into bringing rows to the device.
//!
//! ## What you see
//! Epochs take long although the network is small: the device waits for its rows.
//! ## Why it happens
//! Gathering a batch and copying it costs the same whatever the network does with it.
//! ## What to try
//! Larger batches, so that there are fewer of them; the CPU, where nothing is copied.
//! ## Source
//! SageMaker Debugger's `IOBottleneck` and `CPUBottleneck`: waiting for more than half of the time. The TensorFlow
//! profiler calls a step input-bound from the share of its time that is spent on input.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const INPUT_BOUND: Rule = Rule {
    id: "input-bound",
    label: "Waiting for input",
    about: "Most of a step's time goes into gathering its rows.",
    needs: &[Need::Timing],
    explains: &[],
    make: |context| Box::new(InputBound::new(context)),
};

/// Epochs whose median stands for the present one: a clock stumbles now and then.
const SMOOTHED: usize = 5;

/// Seconds of steps in all below which a clock's grain decides.
const FEWEST_SECONDS: f64 = 0.02;

/// Seconds of waiting in all that anyone would notice; less is a remark.
const NOTICED_SECONDS: f64 = 1.0;

struct InputBound {
    threshold: f64,
    shares: Recent,
    share: f64,
    /// Seconds so far of steps, and of their input.
    steps: f64,
    input: f64,
}

impl InputBound {
    fn new(context: &Context) -> Self {
        Self {
            threshold: context.threshold("input-bound.share"),
            shares: Recent::new(SMOOTHED),
            share: 0.0,
            steps: 0.0,
            input: 0.0,
        }
    }
}

impl Observer for InputBound {
    fn epoch(&mut self, _context: &Context, row: &EpochRow, standing: bool) -> Look {
        let timed = |steps: f64, input: f64| steps.is_finite() && steps > 0.0 && (0.0..=steps).contains(&input);
        let Some(timing) = row.timing.filter(|it| timed(it.steps, it.input)) else {
            return Look::Unclear;
        };
        self.steps += timing.steps;
        self.input += timing.input;
        self.shares.push(timing.input / timing.steps);
        self.share = self.shares.median_of_last(SMOOTHED).unwrap_or_default();
        if self.steps < FEWEST_SECONDS {
            return Look::Unclear;
        }
        // Along the line it would come and go with every other epoch.
        let line = if standing { 0.9 * self.threshold } else { self.threshold };
        if self.share <= line {
            return Look::Absent;
        }
        let severity = if self.input > NOTICED_SECONDS { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch: 1 }
    }

    fn words(&self, context: &Context) -> Words {
        Words {
            text: format!(
                "{} of the time of training steps goes into gathering rows and bringing them to {}, {} of {} seconds so far. This is consistent with batches too small for what one costs.",
                percent(self.share),
                context.device,
                number(self.input),
                number(self.steps)
            ),
            evidence: [
                ("share", against(self.share, self.threshold)),
                ("input_seconds", measured(self.input)),
                ("steps_seconds", measured(self.steps)),
            ]
            .map(|(name, it)| (name.to_owned(), it))
            .into(),
            formula: format!("input / steps = {}, above {}", percent(self.share), percent(self.threshold)),
            rival: "Another program that keeps the processor busy slows the gathering as well; then the share falls once that ends.".to_owned(),
            remedies: [remedy::bigger_batch(&context.project), remedy::on_the_cpu(&context.project)].into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        format!("Gathering rows takes {} of the time of training steps now.", percent(self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, healthy, states, told};
    use crate::run::{FindingRow, FindingState, Timing};

    fn timed(shares: &[f64], steps: f64) -> Vec<FindingRow> {
        let mut rows = healthy(1, shares.len() as u64);
        for (row, share) in rows.iter_mut().zip(shares) {
            row.timing = Some(Timing { steps, input: share * steps, step: steps / 30.0, ..Timing::default() });
        }
        told("input-bound", &binary(), &rows)
    }

    #[test]
    fn waiting_that_is_noticed_is_a_warning_and_otherwise_a_remark() {
        let found = timed(&[0.7; 20], 0.4);
        assert_eq!((found[0].epoch, found[0].severity), (3, Severity::Info));
        assert_eq!((found[1].epoch, found[1].severity), (4, Severity::Warning), "1.12 seconds");
        assert!(found[1].text.starts_with("70 % of the time of training steps goes into gathering rows and bringing them to cpu, 1.12 of 1.6 seconds"), "{}", found[1].text);
        assert_eq!(found[0].remedies[0].set["batch_size"], 128);
        assert_eq!(timed(&[0.7; 20], 0.01)[0].severity, Severity::Info);
    }

    #[test]
    fn half_is_the_line_and_a_stumble_is_none() {
        assert!(timed(&[0.5; 20], 0.4).is_empty());
        assert_eq!(timed(&[0.51; 3], 0.4).len(), 1);
        let mut stumbles = [0.2; 20];
        (stumbles[7], stumbles[8]) = (0.9, 0.8);
        assert!(timed(&stumbles, 0.4).is_empty());
    }

    #[test]
    fn a_few_milliseconds_or_epochs_or_no_clock_are_silent() {
        assert!(timed(&[0.9; 20], 0.0009).is_empty(), "18 ms in all");
        assert!(timed(&[0.9; 2], 0.4).is_empty());
        assert!(timed(&[1.5; 20], 0.4).is_empty(), "more than there is");
        assert!(told("input-bound", &binary(), &healthy(1, 30)).is_empty());
    }

    #[test]
    fn it_clears_when_steps_take_over() {
        let shares: Vec<_> = (0..40).map(|idx| if idx < 20 { 0.7 } else { 0.3 }).collect();
        assert_eq!(states(&timed(&shares, 0.4)).last(), Some(&FindingState::Cleared));
    }
}
