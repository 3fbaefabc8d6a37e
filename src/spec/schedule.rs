//! How the learning rate moves over time. Lengths are in epochs; the warm-up is in steps.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};

use super::knob::{Knob, Range};

/// A schedule with an optional linear warm-up in front.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScheduleSpec {
    pub kind: ScheduleKind,
    /// Steps over which the learning rate climbs from 1 / warmup_steps of itself to its full value.
    pub warmup_steps: u64,
}

/// The schedules one can choose. Each multiplies the base learning rate.
#[derive(
    Clone, Debug, Default, PartialEq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ScheduleKind {
    /// The same learning rate from first to last step.
    #[default]
    #[strum(message = "Constant")]
    Constant,
    /// Drops by a factor every few epochs.
    #[strum(message = "Step")]
    Step(StepDecay),
    /// Shrinks by the same factor every epoch.
    #[strum(message = "Exponential")]
    Exponential(Exponential),
    /// Falls along half a cosine wave to its lowest value, then stays there.
    #[strum(message = "Cosine")]
    Cosine(Cosine),
    /// Drops by a factor when the validation loss has stopped improving.
    #[strum(message = "Reduce on plateau")]
    Plateau(Plateau),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepDecay {
    /// Epochs between drops.
    pub every: u64,
    pub gamma: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exponential {
    pub gamma: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cosine {
    /// Epochs from full to lowest. None: all epochs of the run.
    pub length: Option<u64>,
    /// Lowest learning rate, as a share of the base.
    pub floor: f64,
}

/// `torch.optim.lr_scheduler.ReduceLROnPlateau` on the validation loss, relative threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plateau {
    pub factor: f64,
    /// Epochs without improvement that are tolerated; the drop comes with the next one.
    pub patience: u64,
    /// Smallest relative improvement that counts.
    pub threshold: f64,
    /// Epochs after a drop in which bad ones are not counted.
    pub cooldown: u64,
}

impl Default for StepDecay {
    fn default() -> Self {
        Self { every: 10, gamma: 0.1 }
    }
}

impl Default for Exponential {
    fn default() -> Self {
        Self { gamma: 0.95 }
    }
}

impl Default for Plateau {
    fn default() -> Self {
        Self { factor: 0.1, patience: 10, threshold: 1e-4, cooldown: 0 }
    }
}

impl ScheduleSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        const FACTOR: &str = "What the learning rate is multiplied by.";
        let Self { kind, warmup_steps } = self;
        let mut knobs = match kind {
            ScheduleKind::Constant => Vec::new(),
            ScheduleKind::Step(it) => vec![
                Knob::count(
                    "schedule.every",
                    "Every",
                    &mut it.every,
                    Range::new(1.0, 10_000.0),
                    "Epochs between drops.",
                ),
                Knob::real("schedule.gamma", "Factor", &mut it.gamma, Range::above(0.0, 1.0), FACTOR),
            ],
            ScheduleKind::Exponential(it) => {
                vec![Knob::real("schedule.gamma", "Factor", &mut it.gamma, Range::above(0.0, 1.0), FACTOR)]
            }
            ScheduleKind::Cosine(it) => vec![
                Knob {
                    key: "schedule.length",
                    label: "Length",
                    help: "Epochs from the full to the lowest learning rate.",
                    value: super::knob::Value::MaybeCount {
                        at: &mut it.length,
                        range: Range::new(1.0, 100_000.0),
                        scale: super::knob::Scale::Log,
                        none: "all",
                        usual: 20,
                    },
                    live: false,
                },
                Knob::log(
                    "schedule.floor",
                    "Lowest",
                    &mut it.floor,
                    Range::new(0.0, 1.0),
                    "The lowest learning rate, as a share of the base.",
                ),
            ],
            ScheduleKind::Plateau(it) => vec![
                Knob::real("schedule.factor", "Factor", &mut it.factor, Range::above(0.0, 0.99), FACTOR),
                Knob::count(
                    "schedule.patience",
                    "Patience",
                    &mut it.patience,
                    Range::new(0.0, 1000.0),
                    "Epochs without improvement that are tolerated.",
                ),
                Knob::log(
                    "schedule.threshold",
                    "Threshold",
                    &mut it.threshold,
                    Range::new(0.0, 1.0),
                    "Smallest relative improvement that counts as one.",
                ),
                Knob::count(
                    "schedule.cooldown",
                    "Cooldown",
                    &mut it.cooldown,
                    Range::new(0.0, 1000.0),
                    "Epochs after a drop in which bad epochs are not counted.",
                ),
            ],
        };
        knobs.push(Knob::count(
            "schedule.warmup_steps",
            "Warm-up steps",
            warmup_steps,
            Range::new(0.0, 1_000_000.0),
            "Steps over which the learning rate climbs from almost zero to its full value. Tames the first steps.",
        ));
        knobs
    }

    /// Share of the base learning rate at a step, in `(0, 1]` but for a cosine's floor.
    ///
    /// # Arguments
    /// - step: the update about to be made, from 1
    /// - epoch: the epoch it belongs to, from 1
    /// - epochs: epochs of the whole run
    /// - drops: how often a plateau has been seen so far; others ignore it
    pub fn share(&self, step: u64, epoch: u64, epochs: u64, drops: u32) -> f64 {
        let done = epoch.saturating_sub(1);
        let decayed = match &self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Step(it) => it.gamma.powi((done / it.every.max(1)) as i32),
            ScheduleKind::Exponential(it) => it.gamma.powi(done as i32),
            ScheduleKind::Cosine(it) => {
                let length = it.length.unwrap_or(epochs).max(1);
                let part = (done as f64 / length as f64).min(1.0);
                it.floor + (1.0 - it.floor) * 0.5 * (1.0 + (std::f64::consts::PI * part).cos())
            }
            ScheduleKind::Plateau(it) => it.factor.powi(drops as i32),
        };
        let warm = if step >= self.warmup_steps { 1.0 } else { step as f64 / self.warmup_steps as f64 };
        decayed * warm
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_pytorchs_schedulers() {
        let step = ScheduleSpec { kind: ScheduleKind::Step(StepDecay { every: 3, gamma: 0.5 }), warmup_steps: 0 };
        let shares: Vec<_> = (1..=7).map(|epoch| step.share(100, epoch, 9, 0)).collect();
        assert_eq!(shares, [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]);
        let cosine =
            ScheduleSpec { kind: ScheduleKind::Cosine(Cosine { length: Some(10), floor: 0.0 }), warmup_steps: 0 };
        // CosineAnnealingLR(T_max=10): 0.5 * (1 + cos(pi * 5 / 10)) at the sixth epoch.
        assert!((cosine.share(100, 6, 99, 0) - 0.5).abs() < 1e-12);
        assert!(cosine.share(100, 11, 99, 0).abs() < 1e-12);
        assert!(cosine.share(100, 30, 99, 0).abs() < 1e-12, "the cosine must not rise again");
    }

    #[test]
    fn warm_up_climbs_evenly_and_ends_exactly_at_full() {
        let spec = ScheduleSpec { kind: ScheduleKind::Constant, warmup_steps: 4 };
        let shares: Vec<_> = (1..=5).map(|step| spec.share(step, 1, 1, 0)).collect();
        assert_eq!(shares, [0.25, 0.5, 0.75, 1.0, 1.0]);
    }
}
