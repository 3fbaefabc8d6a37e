//! The stop-rule bench: where known rules of early stopping would have ended one and the same curve.
//!
//! A [`StopRule`] is one family's file and one line in [`STOP_RULES`]. Its [`Stopper`] folds the epochs once, in
//! order, with a bounded memory, so that the whole bench can be worked out anew in each frame while a knob is
//! dragged. [`Settings::outcome`] plays a recorded curve to it and weighs the stop against having trained on:
//! epochs saved, and loss given up. Where a rule is another package's, it follows that package epoch for epoch,
//! with its arithmetic and its treatment of values that are no numbers; the tests replay the packages' own outcomes.
//!
//! [`Watch`] is this program's own rule, which training and chart follow, too.

mod h2o;
mod keras;
mod lightning;
mod median;
mod no_improvement;
mod outcome;
mod plateau;
mod prechelt;
mod rule;
#[cfg(test)]
mod tests;
mod watch;

pub use median::Earlier;
pub use outcome::Outcome;
pub use rule::{KnobKind, Point, Settings, StopKnob, StopRule, Stopper, Verdict};
pub use watch::{Countdown, Seen, Watch, Window, watched};

/// Every stop rule, in the order of the bench.
pub const STOP_RULES: &[StopRule] = &[
    watch::LEARNSCOPE,
    keras::KERAS,
    lightning::LIGHTNING,
    plateau::PYTORCH,
    no_improvement::BURN,
    h2o::H2O,
    prechelt::GL,
    prechelt::PQ,
    prechelt::UP,
    median::MEDIAN,
];
