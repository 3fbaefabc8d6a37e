//! What the curves mean: rules that watch a run and say in plain words what they see.
//!
//! A [`Rule`] is one file in `rules/` and one line in [`RULES`]. Its [`Observer`] folds every completed epoch
//! once, in order, and says whether its pattern is there now. The [`Doctor`] waits until it has been there, or
//! gone, for a few epochs on end, and tells it as a finding that is raised, changed or cleared. Nothing here
//! reads a clock or draws a number by chance: the same rows give the same findings, live or read from a file.

mod advice;
mod after;
mod consult;
mod context;
mod doctor;
mod evidence;
mod experiment;
mod layers;
#[cfg(test)]
mod made_up;
mod remedy;
mod rule;
mod rules;
pub mod seeds;
mod stats;
pub mod stops;
mod student;
mod words;

pub use advice::advice;
pub use after::was_stopping_right;
pub use consult::consult;
pub use context::Context;
pub use doctor::Doctor;
pub use evidence::{EVIDENCE, EvidenceDef, evidence};
pub use experiment::{add_point, band, judge, weigh};
pub use remedy::apply;
pub use rule::{Hysteresis, Look, Need, Observer, Rule, Words};
pub use rules::RULES;
