//! Rule: the graphics device is slower than the CPU for this model.
//!
//! ## What you see
//! A step takes longer on the graphics device than the same step on the CPU.
//! ## Why it happens
//! Every operation on a graphics device costs some microseconds to start. A small network on a small batch is done
//! on the CPU before that.
//! ## What to try
//! The CPU; or a batch, or a network, that is large enough to be worth the trip.
//! ## Source
//! SageMaker Debugger's `LowGPUUtilization` and `BatchSize`: a device that is busy for less than 70 % of the time.
//! Here both are timed on the same step, which needs no counter that only some devices have.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::number;
use crate::run::{EpochRow, Severity};

pub(super) const SLOW_DEVICE: Rule = Rule {
    id: "slow-device",
    label: "Slower than the CPU",
    about: "A training step takes longer on this device than on the CPU.",
    needs: &[Need::Timing],
    explains: &[],
    make: |context| Box::new(SlowDevice::new(context)),
};

/// Epochs whose median stands for the present one: a clock stumbles now and then.
const SMOOTHED: usize = 5;

/// Epochs before which kernels are still being compiled.
const WARM_UP: u64 = 2;

struct SlowDevice {
    threshold: f64,
    steps: Recent,
    cpu_steps: Recent,
    now: Now,
}

/// Seconds a step takes here and on the CPU.
#[derive(Clone, Copy, Default)]
struct Now {
    here: f64,
    cpu: f64,
}

impl Now {
    fn times(self) -> f64 {
        self.here / self.cpu.max(f64::MIN_POSITIVE)
    }
}

impl SlowDevice {
    fn new(context: &Context) -> Self {
        Self {
            threshold: context.threshold("slow-device.times"),
            steps: Recent::new(SMOOTHED),
            cpu_steps: Recent::new(SMOOTHED),
            now: Now::default(),
        }
    }
}

impl Observer for SlowDevice {
    fn epoch(&mut self, _context: &Context, row: &EpochRow, _standing: bool) -> Look {
        let timed = row.timing.and_then(|it| Some((it.step, it.cpu_step?)));
        let Some((here, cpu)) =
            timed.filter(|(here, cpu)| here.is_finite() && *here > 0.0 && cpu.is_finite() && *cpu > 0.0)
        else {
            return Look::Unclear;
        };
        if row.epoch < WARM_UP {
            return Look::Unclear;
        }
        self.steps.push(here);
        self.cpu_steps.push(cpu);
        let median = |it: &Recent, or: f64| it.median_of_last(SMOOTHED).unwrap_or(or);
        self.now = Now { here: median(&self.steps, here), cpu: median(&self.cpu_steps, cpu) };
        if self.now.times() > self.threshold {
            Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: 1 }
        } else {
            Look::Absent
        }
    }

    fn words(&self, context: &Context) -> Words {
        let (here, cpu) = (milliseconds(self.now.here), milliseconds(self.now.cpu));
        let times = number(self.now.times());
        Words {
            text: format!(
                "A step takes {here} ms on {}, and {cpu} ms on the CPU: {times} times as long. This is consistent with a network and a batch too small to be worth the trip.",
                context.device
            ),
            evidence: [
                ("times_cpu", against(self.now.times(), self.threshold)),
                ("step_seconds", measured(self.now.here)),
                ("cpu_step_seconds", measured(self.now.cpu)),
            ]
            .map(|(name, it)| (name.to_owned(), it))
            .into(),
            formula: format!(
                "step here / on the CPU = {here} ms / {cpu} ms = {times}, above {}",
                number(self.threshold)
            ),
            rival:
                "Another program that uses the graphics device slows it as well; then it is fast again once that ends."
                    .to_owned(),
            remedies: [remedy::on_the_cpu(&context.project), remedy::bigger_batch(&context.project)]
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    fn farewell(&self) -> String {
        format!(
            "A step takes {} ms here now, and {} ms on the CPU.",
            milliseconds(self.now.here),
            milliseconds(self.now.cpu)
        )
    }
}

fn milliseconds(seconds: f64) -> String {
    number(1000.0 * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, healthy, states, told};
    use crate::run::{FindingRow, FindingState, Timing};

    /// Recorded on a small network: a step of so many microseconds here and on the CPU.
    fn timed(steps: &[f64], cpu_step: Option<f64>) -> Vec<FindingRow> {
        let mut rows = healthy(1, steps.len() as u64);
        for (row, step) in rows.iter_mut().zip(steps) {
            row.timing = Some(Timing {
                steps: 30.0 * step * 1e-6,
                step: step * 1e-6,
                cpu_step: cpu_step.map(|it| it * 1e-6),
                ..Timing::default()
            });
        }
        told("slow-device", &Context { device: "gpu".to_owned(), ..binary() }, &rows)
    }

    #[test]
    fn a_slower_step_is_told_with_both_times_and_the_way_out() {
        // An integrated device, 2 layers of 64 units, 32 rows; the first epoch compiles kernels.
        let found = timed(&[9200.0, 1480.0, 1450.0, 1510.0, 1460.0, 1470.0], Some(310.0));
        assert_eq!((found[0].epoch, found[0].severity), (4, Severity::Warning));
        assert!(
            found[0].text.starts_with("A step takes 1.48 ms on gpu, and 0.31 ms on the CPU: 4.77 times as long"),
            "{}",
            found[0].text
        );
        assert_eq!(found[0].remedies[0].set["device"], "cpu");
    }

    #[test]
    fn a_faster_step_one_stumble_or_no_comparison_are_silent() {
        assert!(timed(&[300.0; 20], Some(310.0)).is_empty());
        assert!(timed(&[372.0; 20], Some(310.0)).is_empty(), "a fifth is within what clocks do");
        assert_eq!(timed(&[373.0; 4], Some(310.0)).len(), 1);
        let mut stumbles = [300.0; 20];
        (stumbles[7], stumbles[8]) = (3000.0, 2000.0);
        assert!(timed(&stumbles, Some(310.0)).is_empty());
        assert!(timed(&[1480.0; 20], None).is_empty());
        assert!(timed(&[1480.0; 3], Some(310.0)).is_empty(), "too short");
        assert!(told("slow-device", &binary(), &healthy(1, 30)).is_empty());
    }

    #[test]
    fn it_clears_when_the_device_is_free_again() {
        let steps: Vec<_> = (0..40).map(|idx| if idx < 20 { 900.0 } else { 120.0 }).collect();
        assert_eq!(states(&timed(&steps, Some(310.0))).last(), Some(&FindingState::Cleared));
    }
}
