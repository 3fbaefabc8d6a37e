//! The doctor's thresholds: where each rule draws its line.
//!
//! A rule reads its own by [`DoctorSpec::get`] under its id and the threshold's name, such as
//! `overfitting.gap_share`; the key of the setting has `doctor.` in front.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::knob::{Knob, Range};

/// A line a rule draws, and where it may be moved.
struct Threshold {
    key: &'static str,
    default: f64,
    range: Range,
    help: &'static str,
}

const fn threshold(key: &'static str, default: f64, min: f64, max: f64, help: &'static str) -> Threshold {
    Threshold { key, default, range: Range::new(min, max), help }
}

/// Every threshold, by rule, in the order in which the rules are listed.
const THRESHOLDS: &[Threshold] = &[
    // diverging
    threshold(
        "doctor.diverging.factor",
        2.0,
        1.0,
        100.0,
        "How many times its lowest level the training loss must have reached.",
    ),
    threshold(
        "doctor.diverging.share_of_guessing",
        0.3,
        0.0,
        10.0,
        "The rise of the training loss, as a share of what guessing loses.",
    ),
    // loss-spikes
    threshold(
        "doctor.loss-spikes.deviations",
        6.0,
        1.0,
        100.0,
        "The height of a spike, in standard deviations of single epochs.",
    ),
    threshold("doctor.loss-spikes.share", 0.4, 0.0, 10.0, "The height of a spike, as a share of the loss around it."),
    threshold("doctor.loss-spikes.count", 2.0, 1.0, 100.0, "Spikes that make a finding."),
    // learning-rate-too-high
    threshold(
        "doctor.learning-rate-too-high.jitter",
        0.1,
        0.0,
        10.0,
        "How far single epochs stray from a smooth training curve, as a share of the loss.",
    ),
    threshold(
        "doctor.learning-rate-too-high.turns",
        0.4,
        0.0,
        1.0,
        "Share of epochs at which the training curve turns up or down.",
    ),
    threshold(
        "doctor.learning-rate-too-high.update_ratio",
        0.01,
        0.0,
        10.0,
        "What a step adds to the weights, as a share of them, that is too much.",
    ),
    // learning-rate-too-low
    threshold(
        "doctor.learning-rate-too-low.slope",
        0.01,
        0.0,
        1.0,
        "The fall of the training loss in an epoch, as a share of it, that is too little.",
    ),
    threshold(
        "doctor.learning-rate-too-low.update_ratio",
        0.0001,
        0.0,
        1.0,
        "What a step adds to the weights, as a share of them, that is too little.",
    ),
    // plateau
    threshold(
        "doctor.plateau.least_fall",
        0.001,
        0.0,
        1.0,
        "The fall of the training loss over a stretch of ten epochs or more, as a share of it, that still counts as one.",
    ),
    threshold(
        "doctor.plateau.stuck_skill",
        0.1,
        0.0,
        1.0,
        "Share of the way from guessing to perfect below which a level run is stuck.",
    ),
    // overfitting
    threshold(
        "doctor.overfitting.gap_share",
        0.1,
        0.0,
        10.0,
        "The gap between the curves, as a share of the training loss.",
    ),
    threshold(
        "doctor.overfitting.gap_errors",
        2.0,
        0.0,
        10.0,
        "The gap between the curves, in standard errors of the validation loss.",
    ),
    // underfitting
    threshold(
        "doctor.underfitting.skill",
        0.3,
        0.0,
        1.0,
        "Share of the way from guessing to perfect below which a level run has learned too little.",
    ),
    threshold(
        "doctor.underfitting.gap",
        0.1,
        0.0,
        10.0,
        "The gap between the curves, as a share of the training loss, up to which they run together.",
    ),
    // still-improving
    threshold(
        "doctor.still-improving.least_fall",
        0.01,
        0.0,
        1.0,
        "The fall of the loss over the last tenth of the epochs, as a share of it.",
    ),
    // overtraining
    threshold("doctor.overtraining.patience", 10.0, 3.0, 10000.0, "Epochs without a better validation loss."),
    threshold(
        "doctor.overtraining.train_fall",
        0.2,
        0.0,
        1.0,
        "The fall of the training loss in that time, as a share of it.",
    ),
    // over-confident
    threshold(
        "doctor.over-confident.rise",
        0.1,
        0.0,
        10.0,
        "The rise of the validation loss above its best, as a share of it.",
    ),
    threshold(
        "doctor.over-confident.accuracy_errors",
        0.5,
        0.0,
        10.0,
        "The loss of validation accuracy since then that counts as none, in its standard errors.",
    ),
    // noisy-validation
    threshold(
        "doctor.noisy-validation.jitter",
        0.08,
        0.0,
        10.0,
        "How far single epochs stray from a smooth validation curve, as a share of the loss.",
    ),
    threshold(
        "doctor.noisy-validation.times_training",
        3.0,
        1.0,
        1000.0,
        "How many times the jitter of the training loss that of the validation loss must be.",
    ),
    threshold(
        "doctor.noisy-validation.rows",
        200.0,
        0.0,
        1000000.0,
        "Validation rows from which on their number is no cause of noise.",
    ),
    // validation-below-train
    threshold(
        "doctor.validation-below-train.share",
        0.1,
        0.0,
        1.0,
        "How far validation loss lies below training loss, as a share of it.",
    ),
    // vanishing-gradients
    threshold(
        "doctor.vanishing-gradients.ratio",
        1e-3,
        0.0,
        1.0,
        "Gradient of the first layer, as a share of the largest layer's.",
    ),
    threshold(
        "doctor.vanishing-gradients.unlearned",
        0.5,
        0.0,
        10.0,
        "Training loss, as a share of the loss of guessing, above which the run has not learned.",
    ),
    // exploding-gradients
    threshold(
        "doctor.exploding-gradients.growth",
        100.0,
        1.0,
        1e9,
        "Gradient norm, as a multiple of what it was in the first epochs.",
    ),
    threshold(
        "doctor.exploding-gradients.start",
        60.0,
        1.0,
        1e9,
        "Gradient norm in the first epochs, as a multiple of the loss of guessing.",
    ),
    // dead-relu
    threshold("doctor.dead-relu.share", 0.5, 0.0, 1.0, "Share of units of a layer that are 0 on every row."),
    threshold(
        "doctor.dead-relu.harmful_share",
        0.65,
        0.0,
        1.0,
        "The same, from which it is a fault: half a layer may be born dead and not be missed.",
    ),
    // saturated-units
    threshold(
        "doctor.saturated-units.share",
        0.5,
        0.0,
        1.0,
        "Share of values of a layer that lie at the ends of their range.",
    ),
    threshold(
        "doctor.saturated-units.unlearned",
        0.5,
        0.0,
        10.0,
        "Training loss, as a share of the loss of guessing, above which it is a fault.",
    ),
    // bad-initialization
    threshold(
        "doctor.bad-initialization.first_loss",
        1.5,
        1.0,
        1e9,
        "Loss before the first step of a classifier, as a multiple of the logarithm of the number of classes.",
    ),
    threshold(
        "doctor.bad-initialization.first_error",
        2.5,
        1.0,
        1e9,
        "Loss before the first step of a regression, as a multiple of the loss of guessing.",
    ),
    threshold(
        "doctor.bad-initialization.gain",
        5.0,
        1.0,
        1e9,
        "How many times larger or smaller than usual the first weights are.",
    ),
    // frozen-layers
    threshold("doctor.frozen-layers.update_share", 1e-8, 0.0, 1.0, "Update of a layer, as a share of its weights."),
    // class-imbalance
    threshold(
        "doctor.class-imbalance.ratio",
        10.0,
        1.0,
        1e6,
        "How many times as many rows the largest class must have as the smallest.",
    ),
    threshold(
        "doctor.class-imbalance.recall",
        0.5,
        0.0,
        1.0,
        "Share of a rare class's validation rows that must be found.",
    ),
    // majority-collapse
    threshold(
        "doctor.majority-collapse.ratio",
        3.0,
        1.0,
        1e6,
        "How many rows the largest class must have for each row of another class.",
    ),
    threshold(
        "doctor.majority-collapse.recall",
        0.05,
        0.0,
        1.0,
        "Share of the other classes' validation rows that must be found.",
    ),
    // leakage
    threshold(
        "doctor.leakage.skill",
        0.95,
        0.0,
        1.0,
        "Share of the loss of guessing that one column alone takes away.",
    ),
    // duplicate-rows
    threshold(
        "doctor.duplicate-rows.share",
        0.01,
        0.0,
        1.0,
        "Share of validation rows that stand in training; five times as much is a warning.",
    ),
    // unscaled-inputs
    threshold(
        "doctor.unscaled-inputs.size",
        20.0,
        0.0,
        1e6,
        "How far from 0 an input's mean, or how large its deviation, may be.",
    ),
    threshold(
        "doctor.unscaled-inputs.ratio",
        1000.0,
        1.0,
        1e9,
        "How many times the narrowest input's deviation the widest one's may be.",
    ),
    // unshuffled-batches
    threshold(
        "doctor.unshuffled-batches.correlation",
        0.8,
        0.0,
        1.0,
        "Correlation of the losses within an epoch with those of the epoch before.",
    ),
    // label-noise
    threshold(
        "doctor.label-noise.evenness",
        0.55,
        0.0,
        1.0,
        "Errors among the most certain quarter of validation rows, as a share of errors among all.",
    ),
    threshold(
        "doctor.label-noise.deviations",
        2.2,
        0.0,
        100.0,
        "How many standard deviations these errors must be above what overlapping classes explain.",
    ),
    // batch-size
    threshold("doctor.batch-size.small", 4.0, 1.0, 1e6, "Rows in a batch that are few."),
    threshold("doctor.batch-size.few_steps", 5.0, 1.0, 1e6, "Steps in an epoch that are few."),
    threshold(
        "doctor.batch-size.wander",
        0.02,
        0.0,
        10.0,
        "How far the training loss of single epochs strays, as a share of it.",
    ),
    // slow-device
    threshold("doctor.slow-device.times", 1.2, 1.0, 1000.0, "How many times as long as on the CPU a step must take."),
    // input-bound
    threshold("doctor.input-bound.share", 0.5, 0.0, 1.0, "Share of the steps' time that goes into their input."),
];

/// Where each rule draws its lines. Only those that were moved are written to files.
#[derive(Clone, Debug, PartialEq)]
pub struct DoctorSpec([f64; THRESHOLDS.len()]);

impl Default for DoctorSpec {
    fn default() -> Self {
        let mut values = [0.0; THRESHOLDS.len()];
        for (value, threshold) in values.iter_mut().zip(THRESHOLDS) {
            *value = threshold.default;
        }
        Self(values)
    }
}

impl DoctorSpec {
    /// One threshold by rule and name, such as `overfitting.gap_share`.
    ///
    /// # Panics
    /// When there is none of that name: a rule asks for its own.
    pub fn get(&self, name: &str) -> f64 {
        let is_it = |it: &Threshold| it.key.strip_prefix("doctor.") == Some(name);
        let idx = THRESHOLDS.iter().position(is_it).unwrap_or_else(|| panic!("no threshold is called {name}"));
        self.0[idx]
    }

    pub(super) fn knobs(&mut self) -> Vec<Knob<'_>> {
        let knob = |(at, it): (_, &Threshold)| Knob::real(it.key, label(it.key), at, it.range, it.help);
        self.0.iter_mut().zip(THRESHOLDS).map(knob).collect()
    }

    /// How many thresholds were moved.
    pub fn n_moved(&self) -> usize {
        self.moved().len()
    }

    fn moved(&self) -> BTreeMap<&'static str, f64> {
        let all = THRESHOLDS.iter().zip(self.0);
        all.filter(|(it, value)| it.default != *value).map(|(it, value)| (name(it.key), value)).collect()
    }
}

/// The key without the section.
fn name(key: &'static str) -> &'static str {
    key.strip_prefix("doctor.").unwrap_or(key)
}

/// The threshold's own name: what it belongs to stands above it.
fn label(key: &'static str) -> &'static str {
    key.rsplit('.').next().unwrap_or(key)
}

impl Serialize for DoctorSpec {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.moved().serialize(to)
    }
}

impl<'de> Deserialize<'de> for DoctorSpec {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut spec = Self::default();
        for (named, value) in BTreeMap::<String, f64>::deserialize(from)? {
            let idx = THRESHOLDS.iter().position(|it| name(it.key) == named).ok_or_else(|| {
                let names = THRESHOLDS.iter().map(|it| name(it.key));
                let nearest = super::knob::nearest_name(&named, names).unwrap_or_default();
                serde::de::Error::custom(format!(
                    "no threshold of the doctor is called {named:?}; the nearest is {nearest:?}"
                ))
            })?;
            spec.0[idx] = value;
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_lie_within_their_ranges_and_names_are_unique() {
        for (idx, it) in THRESHOLDS.iter().enumerate() {
            assert!(it.range.contains(it.default), "{}", it.key);
            assert!(it.help.ends_with('.'), "{}", it.key);
            assert!(THRESHOLDS[..idx].iter().all(|other| other.key != it.key), "{}", it.key);
            assert_eq!(it.key.split('.').count(), 3, "{}", it.key);
        }
    }

    #[test]
    fn only_what_was_moved_is_written_and_a_wrong_name_is_refused() {
        let mut spec = DoctorSpec::default();
        assert_eq!(serde_json::to_string(&spec).unwrap(), "{}");
        spec.0[0] = 0.25;
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<DoctorSpec>(&text).unwrap(), spec);
        let refused = serde_json::from_str::<DoctorSpec>(r#"{"overfitting.gap_shar":1}"#).unwrap_err().to_string();
        assert!(refused.contains("overfitting.gap_share"), "{refused}");
    }
}
