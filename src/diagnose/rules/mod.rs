//! Every rule: one file each, one line in the list.

mod answers;
mod bad_initialization;
mod batch_size;
mod class_imbalance;
mod curves;
mod dead_relu;
mod diverging;
mod duplicate_rows;
mod exploding_gradients;
mod frozen_layers;
mod input_bound;
mod label_noise;
mod leakage;
mod learning_rate_too_high;
mod learning_rate_too_low;
mod loss_not_finite;
mod loss_spikes;
mod majority_collapse;
mod noisy_validation;
mod over_confident;
mod overfitting;
mod overtraining;
mod plateau;
mod saturated_units;
mod slow_device;
mod still_improving;
#[cfg(test)]
mod tests;
mod underfitting;
mod unscaled_inputs;
mod unshuffled_batches;
mod validation_below_train;
mod vanishing_gradients;

use super::rule::Rule;

/// Every rule, in the order in which findings of one epoch are told.
pub const RULES: &[Rule] = &[
    loss_not_finite::LOSS_NOT_FINITE,
    diverging::DIVERGING,
    loss_spikes::LOSS_SPIKES,
    learning_rate_too_high::LEARNING_RATE_TOO_HIGH,
    learning_rate_too_low::LEARNING_RATE_TOO_LOW,
    plateau::PLATEAU,
    overfitting::OVERFITTING,
    underfitting::UNDERFITTING,
    still_improving::STILL_IMPROVING,
    overtraining::OVERTRAINING,
    over_confident::OVER_CONFIDENT,
    noisy_validation::NOISY_VALIDATION,
    validation_below_train::VALIDATION_BELOW_TRAIN,
    vanishing_gradients::VANISHING_GRADIENTS,
    exploding_gradients::EXPLODING_GRADIENTS,
    dead_relu::DEAD_RELU,
    saturated_units::SATURATED_UNITS,
    bad_initialization::BAD_INITIALIZATION,
    frozen_layers::FROZEN_LAYERS,
    class_imbalance::CLASS_IMBALANCE,
    majority_collapse::MAJORITY_COLLAPSE,
    leakage::LEAKAGE,
    duplicate_rows::DUPLICATE_ROWS,
    unscaled_inputs::UNSCALED_INPUTS,
    unshuffled_batches::UNSHUFFLED_BATCHES,
    label_noise::LABEL_NOISE,
    batch_size::BATCH_SIZE,
    slow_device::SLOW_DEVICE,
    input_bound::INPUT_BOUND,
];
