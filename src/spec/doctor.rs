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
    // loss-spikes
    // learning-rate-too-high
    // learning-rate-too-low
    // plateau
    // overfitting
    threshold("doctor.overfitting.gap_share", 0.1, 0.0, 10.0, "The gap between the curves, as a share of the training loss."),
    threshold("doctor.overfitting.gap_errors", 2.0, 0.0, 10.0, "The gap between the curves, in standard errors of the validation loss."),
    // underfitting
    // still-improving
    // overtraining
    // over-confident
    // noisy-validation
    // validation-below-train
    // vanishing-gradients
    // exploding-gradients
    // dead-relu
    // saturated-units
    // bad-initialization
    // frozen-layers
    // class-imbalance
    // majority-collapse
    // leakage
    // duplicate-rows
    // unscaled-inputs
    // unshuffled-batches
    // label-noise
    // batch-size
    // slow-device
    // input-bound
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

    fn moved(&self) -> BTreeMap<&'static str, f64> {
        let all = THRESHOLDS.iter().zip(self.0);
        all.filter(|(it, value)| it.default != *value).map(|(it, value)| (name(it.key), value)).collect()
    }
}

/// The key without the section.
fn name(key: &'static str) -> &'static str {
    key.strip_prefix("doctor.").unwrap_or(key)
}

/// The threshold's own name, without its rule.
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
                serde::de::Error::custom(format!("no threshold of the doctor is called {named:?}; the nearest is {nearest:?}"))
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
        let refused = serde_json::from_str::<DoctorSpec>(r#"{"overfitting.gap":1}"#).unwrap_err().to_string();
        assert!(refused.contains("overfitting.gap_share"), "{refused}");
    }
}
