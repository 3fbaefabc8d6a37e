//! The projects that ship: each shows one thing, and each is a file in `sample_projects`.

/// A project that ships with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// File name without its ending.
    pub id: &'static str,
    pub label: &'static str,
    /// What it shows, in one sentence.
    pub blurb: &'static str,
    pub text: &'static str,
}

macro_rules! sample {
    ($id:literal, $label:literal, $blurb:literal) => {
        Sample {
            id: $id,
            label: $label,
            blurb: $blurb,
            text: include_str!(concat!("../../sample_projects/", $id, ".ron")),
        }
    };
}

/// Every sample in menu order.
pub const SAMPLES: &[Sample] = &[
    sample!("welcome", "Welcome: two spirals", "Watch a boundary wind itself around two spirals"),
    sample!("used_cars", "Used cars", "What should a second-hand car cost?"),
    sample!("house_prices", "House prices", "What does a house sell for?"),
    sample!("churn", "Customer churn", "Which customers will leave?"),
    sample!("clothing", "Clothing: top or bottom", "Tell shirts from trousers in small pictures"),
    sample!("clothing10", "Clothing: ten kinds", "Tell ten kinds of clothing apart"),
    sample!("spam", "Spam e-mails", "Which e-mails are junk, by their words?"),
    sample!("sensors", "Shuttle sensors", "Spot rare states in readings of a radiator"),
    sample!("digits", "Handwritten digits", "Read digits of eight by eight pixels"),
    sample!("overfitting", "Lesson: overfitting", "Training loss falls while validation loss rises"),
    sample!("stall", "Lesson: a stalled loss", "The loss sticks at one value, and why"),
    sample!("early_stopping", "Lesson: early stopping", "Validation accuracy stops improving, and so does the run"),
];

/// The gallery of faults, and healthy runs among them: each says in its file what is wrong with it.
pub const GALLERY: &[Sample] = &[
    sample!(
        "gallery/bad_initialization",
        "A bad start",
        "First weights so large that the untrained network is certain, and wrong."
    ),
    sample!(
        "gallery/batch_size",
        "Batches that are too large",
        "All 3,600 rows make one step: forty epochs are forty steps."
    ),
    sample!("gallery/class_imbalance", "Unequal classes", "Thirty rows of one class for each of the other."),
    sample!(
        "gallery/dead_relu",
        "Dead units",
        "A few steps far too large push most units into a corner where they are 0 for every row."
    ),
    sample!(
        "gallery/diverging",
        "A loss that runs away",
        "Steps a little too long for the steepest direction: each one lands higher than the last."
    ),
    sample!(
        "gallery/duplicate_rows",
        "Copies on both sides",
        "Two rows in five are copies of others, and stand in training and validation alike."
    ),
    sample!(
        "gallery/exploding_gradients",
        "Exploding gradients",
        "Seven layers whose first weights are too large: gradients grow from layer to layer."
    ),
    sample!(
        "gallery/frozen_layers",
        "Layers that do not learn",
        "The first two layers keep the weights they were born with."
    ),
    sample!("gallery/healthy_digits", "A healthy classifier", "Nothing is wrong here."),
    sample!("gallery/healthy_regression", "A healthy regression", "Nothing is wrong here."),
    sample!("gallery/healthy_table", "A healthy run", "Nothing is wrong here."),
    sample!("gallery/label_noise", "Wrong labels", "One label in four was replaced by chance."),
    sample!("gallery/leakage", "A column that knows the answer", "A column was written down after the fact."),
    sample!(
        "gallery/learning_rate_too_high",
        "A learning rate that is too high",
        "Steps that jump across the valley and never settle in it."
    ),
    sample!(
        "gallery/learning_rate_too_low",
        "A learning rate that is too low",
        "Steps so short that the loss falls in a slow, straight line."
    ),
    sample!(
        "gallery/loss_not_finite",
        "A loss that is no number",
        "A learning rate a thousand times too high: within a few steps the weights overflow."
    ),
    sample!(
        "gallery/loss_spikes",
        "A loss with spikes",
        "Adam with a short memory of squares and a high learning rate: now and then a step goes far astray and comes back."
    ),
    sample!(
        "gallery/majority_collapse",
        "One answer for everything",
        "Unequal classes that are hard to tell apart: always saying the larger one is the cheapest way out."
    ),
    sample!(
        "gallery/noisy_validation",
        "Too few validation rows",
        "Nine rows judge the run: their loss jumps with every row that changes sides."
    ),
    sample!(
        "gallery/over_confident",
        "Over-confidence",
        "The classes overlap. The accuracy holds, but the network grows ever more certain of its errors."
    ),
    sample!(
        "gallery/overfitting",
        "Overfitting",
        "Few noisy rows and a large network: training loss goes to zero, validation loss turns and rises."
    ),
    sample!(
        "gallery/overtraining",
        "Epochs that gain nothing",
        "Validation has long been level while training falls on."
    ),
    sample!(
        "gallery/plateau",
        "A learning rate that decays too soon",
        "The schedule halves the learning rate every two epochs, and the loss gets stuck high above what it could reach."
    ),
    sample!(
        "gallery/saturated_units",
        "Saturated units",
        "First weights so large that every tanh stands at one of its ends."
    ),
    sample!(
        "gallery/still_improving",
        "A run that ends too early",
        "The loss is still falling when the epochs run out."
    ),
    sample!("gallery/underfitting", "Underfitting", "A straight line cannot wind itself around a spiral."),
    sample!(
        "gallery/unscaled_inputs",
        "Unscaled inputs",
        "The last column is a thousand times as wide as the first and nobody standardized."
    ),
    sample!(
        "gallery/unshuffled_batches",
        "Batches in the file's order",
        "The rows come class by class: every batch pulls to its own class."
    ),
    sample!(
        "gallery/validation_below_train",
        "Validation below training",
        "Dropout silences most units while training and none while validating: the validation curve lies below."
    ),
    sample!(
        "gallery/vanishing_gradients",
        "Vanishing gradients",
        "Eight layers of sigmoids: hardly any gradient reaches the first ones."
    ),
];

/// A sample or a project of the gallery by its id.
pub fn sample(id: &str) -> Option<&'static Sample> {
    SAMPLES.iter().chain(GALLERY).find(|it| it.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::from_text;

    #[test]
    fn every_sample_is_valid() {
        for sample in SAMPLES.iter().chain(GALLERY) {
            let project = from_text(sample.text, sample.id).unwrap();
            assert_eq!(project.check(), Ok(()), "{}", sample.id);
            assert_eq!(project.truth.is_some(), sample.id.starts_with("gallery/"), "{}", sample.id);
        }
    }
}
