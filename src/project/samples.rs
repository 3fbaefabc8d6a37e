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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::from_text;

    #[test]
    fn every_sample_is_valid() {
        for sample in SAMPLES {
            let project = from_text(sample.text, sample.id).unwrap();
            assert_eq!(project.check(), Ok(()), "{}", sample.id);
        }
    }
}
