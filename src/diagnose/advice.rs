//! What usually helps, for findings about curves whose project nobody knows: words without a number and without a
//! button. Where the project is known a finding proposes changes to it instead.

/// Rules that curves alone can raise, and what to try where they were trained.
const ADVICE: &[(&str, &str)] = &[
    (
        "bad-initialization",
        "First weights of the usual size for the activation, inputs that are standardized, or batch normalization.",
    ),
    ("batch-size", "Batches of another size: larger ones where steps go by chance, smaller ones where there are few."),
    ("diverging", "A third or a tenth of the learning rate, or gradients clipped at a norm of 1."),
    ("exploding-gradients", "Gradients clipped at a norm of 1, a lower learning rate, or smaller first weights."),
    ("learning-rate-too-high", "A third of the learning rate, or a schedule that lets it fall."),
    ("learning-rate-too-low", "Three times the learning rate."),
    (
        "loss-not-finite",
        "A tenth of the learning rate, clipped gradients, and a look for values in the data that are no numbers.",
    ),
    ("loss-spikes", "Gradients clipped at a norm of 1, or a lower learning rate."),
    ("noisy-validation", "More rows for validation, so that chance moves its curve less."),
    ("over-confident", "Label smoothing, weight decay, or the weights of the epoch with the lowest validation loss."),
    (
        "overfitting",
        "The weights of the best epoch; then dropout, weight decay, a smaller network, or more rows to learn from.",
    ),
    ("overtraining", "Early stopping, which keeps the best epoch and saves those behind it."),
    ("plateau", "Where it is stuck, another learning rate: too high and too low look alike until one is tried."),
    ("still-improving", "More epochs."),
    ("underfitting", "A larger network, less dropout and weight decay, or another learning rate."),
    (
        "validation-below-train",
        "The training loss measured again behind the epoch, without dropout: if the gap stays, the rows were split unevenly.",
    ),
];

/// What usually helps against what a rule sees; none for rules that curves alone cannot raise.
pub fn advice(rule: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(id, _)| *id == rule).map(|(_, words)| *words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Need, RULES};

    #[test]
    fn every_rule_that_curves_alone_can_raise_has_advice_and_no_other() {
        let on_curves = |need: &Need| match need {
            Need::TrainLoss
            | Need::ValidationLoss
            | Need::ValidationAccuracy
            | Need::LearningRate
            | Need::GradientNorm
            | Need::InitialLoss => true,
            Need::ValidationRows
            | Need::Batches
            | Need::Classes
            | Need::Layers
            | Need::Data
            | Need::Project
            | Need::Timing => false,
        };
        for rule in RULES {
            assert_eq!(advice(rule.id).is_some(), rule.needs.iter().all(on_curves), "{}", rule.id);
        }
        assert!(ADVICE.iter().all(|(id, words)| words.ends_with('.') && RULES.iter().any(|it| it.id == *id)));
    }
}
