//! Every rule: one file each, one line in the list.

mod loss_not_finite;
mod overfitting;
mod plateau;

use super::rule::Rule;

/// Every rule, in the order in which findings of one epoch are told.
pub const RULES: &[Rule] = &[loss_not_finite::LOSS_NOT_FINITE, plateau::PLATEAU, overfitting::OVERFITTING];
