//! What a stop rule is, its knobs, and what it says of an epoch.

use super::median::Earlier;
use crate::run::EpochRow;

/// A rule that decides when to stop, as data: what it is called, what can be turned, how to begin.
#[derive(Clone, Copy, Debug)]
pub struct StopRule {
    /// Stable name, such as `keras`.
    pub id: &'static str,
    /// Name on screen.
    pub label: &'static str,
    /// One plain sentence: when it stops.
    pub about: &'static str,
    /// Where the rule is defined.
    pub source: &'static str,
    pub knobs: &'static [StopKnob],
    pub(super) make: fn(&Settings, &Earlier) -> Box<dyn Stopper>,
}

/// A number of a rule that can be turned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StopKnob {
    /// Stable name. Knobs of several rules that mean the same have the same one, so that one slider can turn all:
    /// `patience`, `min_delta`, `warmup`, `restore_best`.
    pub id: &'static str,
    /// The name that the rule's own package or paper gives it.
    pub label: &'static str,
    pub help: &'static str,
    pub kind: KnobKind,
    /// The package's or paper's own default.
    pub default: f64,
    pub min: f64,
    pub max: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnobKind {
    /// A whole number.
    Count,
    Real,
    /// A number, or NaN for off.
    MaybeReal,
    /// 1 for on, 0 for off.
    Flag,
}

/// The losses of one epoch in which the validation loss was measured; NaN where a loss is not a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Counted from 1.
    pub epoch: u64,
    pub train: f64,
    pub validation: f64,
}

/// What a rule does behind an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// It lowers the learning rate.
    pub reduces: bool,
    /// It ends the training.
    pub stop: bool,
}

/// A rule at work on one run.
pub trait Stopper {
    /// Looks at the next epoch. Not called again once it has stopped.
    fn observe(&mut self, point: Point) -> Verdict;

    /// The epoch whose weights the model has if training ends now; 0 before the first.
    fn kept(&self) -> u64;

    /// The epoch of the value that later ones must beat; none for rules without one.
    fn since(&self) -> Option<u64> {
        None
    }
}

/// A rule with its knobs as they are set.
#[derive(Clone, Debug)]
pub struct Settings {
    rule: &'static StopRule,
    /// One for each of the rule's knobs.
    values: Vec<f64>,
}

impl StopRule {
    /// The rule as it is by default.
    pub fn settings(&'static self) -> Settings {
        Settings { rule: self, values: self.knobs.iter().map(|it| it.default).collect() }
    }
}

impl Settings {
    pub fn rule(&self) -> &'static StopRule {
        self.rule
    }

    /// Where a knob stands; none where the rule lacks it.
    pub fn get(&self, id: &str) -> Option<f64> {
        self.values.get(self.position(id)?).copied()
    }

    /// Turns a knob, as far as its range goes. False where the rule lacks it or the value is not a number.
    pub fn set(&mut self, id: &str, value: f64) -> bool {
        let Some(idx) = self.position(id) else { return false };
        let knob = &self.rule.knobs[idx];
        let within = value.clamp(knob.min, knob.max);
        self.values[idx] = match knob.kind {
            KnobKind::MaybeReal => within,
            _ if value.is_nan() => return false,
            KnobKind::Count | KnobKind::Flag => within.round(),
            KnobKind::Real => within,
        };
        true
    }

    /// Begins to watch a run. The earlier runs are for rules that compare with them.
    pub fn stopper(&self, earlier: &Earlier) -> Box<dyn Stopper> {
        (self.rule.make)(self, earlier)
    }

    /// A knob that the rule is known to have.
    pub(super) fn real(&self, id: &str) -> f64 {
        self.get(id).unwrap_or(f64::NAN)
    }

    pub(super) fn count(&self, id: &str) -> u64 {
        self.real(id) as u64
    }

    pub(super) fn flag(&self, id: &str) -> bool {
        self.real(id) > 0.5
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.rule.knobs.iter().position(|it| it.id == id)
    }
}

impl StopKnob {
    pub(super) const fn count(
        id: &'static str,
        label: &'static str,
        default: f64,
        (min, max): (f64, f64),
        help: &'static str,
    ) -> Self {
        Self { id, label, help, kind: KnobKind::Count, default, min, max }
    }

    pub(super) const fn real(
        id: &'static str,
        label: &'static str,
        default: f64,
        (min, max): (f64, f64),
        help: &'static str,
    ) -> Self {
        Self { id, label, help, kind: KnobKind::Real, default, min, max }
    }

    /// A bound that is off by default.
    pub(super) const fn maybe(id: &'static str, label: &'static str, help: &'static str) -> Self {
        Self { id, label, help, kind: KnobKind::MaybeReal, default: f64::NAN, min: -1e9, max: 1e9 }
    }

    pub(super) const fn flag(id: &'static str, label: &'static str, default: bool, help: &'static str) -> Self {
        Self { id, label, help, kind: KnobKind::Flag, default: if default { 1.0 } else { 0.0 }, min: 0.0, max: 1.0 }
    }
}

impl Verdict {
    pub(super) const GO_ON: Self = Self { reduces: false, stop: false };

    pub(super) fn stop_if(stop: bool) -> Self {
        Self { reduces: false, stop }
    }
}

impl From<&EpochRow> for Point {
    fn from(row: &EpochRow) -> Self {
        Self { epoch: row.epoch, train: row.train_loss, validation: row.validation_loss }
    }
}
