//! What each number of a finding is called and means. What its rule made of it stands in the finding's formula.

/// One kind of evidence.
#[derive(Debug, PartialEq, Eq)]
pub struct EvidenceDef {
    /// Name in events, such as `gap`.
    pub key: &'static str,
    /// The rule that means something of its own by it; empty: all others.
    pub rule: &'static str,
    /// Name on screen.
    pub label: &'static str,
    /// Whether it is read in per cent.
    pub is_share: bool,
    /// One plain sentence.
    pub about: &'static str,
}

/// Every kind of evidence, that which convinces most first.
pub const EVIDENCE: &[EvidenceDef] = &[
    number(
        "best_validation_loss",
        "best validation loss",
        "The lowest validation loss so far, as the rule smooths it.",
    ),
    share("generalization_loss", "rise since then", "How far the validation loss has risen above its best."),
    number("gap", "train / validation gap", "How much higher the validation loss is than the training loss."),
    number("train_loss", "training loss", "The mean loss over the training rows, as the rule smooths it."),
    number("baseline_loss", "loss of guessing", "What always guessing the same would lose on the validation rows."),
    share("improvement", "fall of late", "How much the loss has fallen over the last epochs."),
    number("learning_rate", "learning rate", "How far a step moves the weights along its direction."),
    number("last_finite_train_loss", "last finite loss", "The training loss of the last epoch that had a number."),
    share(
        "skill",
        "better than guessing",
        "How much of the loss of guessing has been taken away: 1 is perfect, 0 no better.",
    ),
    number("gradient_norm", "gradient norm", "The length of all gradients together, before clipping."),
    number(
        "last_gradient_norm",
        "last gradient norm",
        "The length of all gradients in the last epoch that had a number.",
    ),
    number("rise", "rise since the best", "How much the validation loss has risen above its lowest."),
    number(
        "rise_significance",
        "rise in standard errors",
        "The rise since the best, counted in its own standard errors.",
    ),
    number("accuracy_lost", "accuracy lost", "How far validation accuracy has fallen below its best."),
    number("amplitude", "amplitude", "How much the loss varies within an epoch, as a share of the loss."),
    number("batch_spread", "batch spread", "How far single batches' losses lie apart, as a share of the loss."),
    number(
        "correlation",
        "correlation",
        "How alike the course of the loss within one epoch and the next is: 1 the same, 0 unlike.",
    ),
    number("cpu_step_seconds", "cpu step seconds", "What the same step takes on the CPU, the median of several."),
    number("dead_layers", "dead layers", "Layers in which more units than allowed were 0 on every row."),
    number("dead_share", "dead share", "Units that are 0 on every row, as a share of the worst layer's units."),
    number(
        "deviations",
        "deviations",
        "How far the errors among the surest rows lie above overlapping classes', in standard deviations.",
    ),
    number("epochs", "epochs", "Epochs trained so far."),
    number(
        "epochs_without_improvement",
        "epochs without improvement",
        "Epochs since the validation loss was last better.",
    ),
    number("errors", "errors", "Validation rows whose class was wrong, as a share of all."),
    number(
        "evenness",
        "evenness",
        "Errors among the surest quarter of the rows for each among all: 1 means certainty says nothing.",
    ),
    number("factor", "factor", "How many times as widely values spread behind a layer as behind the one before it."),
    number("fall", "fall", "How much the loss falls over a stretch of epochs, as a share of it."),
    number(
        "fall_after_reduction",
        "fall after reduction",
        "How much the loss fell once the learning rate had been lowered, as a share of it.",
    ),
    number("first_loss", "first loss", "The loss of the network before its first step."),
    number("frozen_layers", "frozen layers", "Layers whose weights hardly move."),
    number("furthest_mean", "furthest mean", "How far from 0 the mean of the input lies that is furthest from it."),
    number("gain", "gain", "The size of the first weights as a multiple of the usual."),
    number("gradient_share", "gradient share", "The first layer's gradient as a share of the largest layer's."),
    number("growth", "growth", "How many times its early size the gradient has."),
    number("height", "height", "How far the highest spike stands above the loss around it, as a share of that."),
    number("input_seconds", "input seconds", "What gathering an epoch's rows and bringing them to the device takes."),
    number("jitter", "jitter", "How far single epochs stray from their trend, as a share of the training loss."),
    number("largest_update_share", "largest update share", "The largest step of any layer, as a share of its weights."),
    number("layers", "layers", "Layers with weights."),
    number("majority_share", "majority share", "Validation rows taken for the most frequent class, as a share of all."),
    number("narrowest_deviation", "narrowest deviation", "The standard deviation of the narrowest input."),
    number("next_skill", "next skill", "How much of the loss of guessing the second most telling column takes away."),
    number("of_chance", "of chance", "How many times what chance would make the pattern within epochs is."),
    number("of_guessing", "of guessing", "The gradient's norm as a multiple of the loss of guessing."),
    number("of_usual", "of usual", "The first loss as a multiple of what a network usually begins with."),
    number("ratio", "ratio", "Rows of the largest class for each row of the smallest."),
    EvidenceDef {
        rule: "majority-collapse",
        ..number("ratio", "ratio", "Rows of the favored class for each of another class.")
    },
    number("rare_recall", "rare recall", "Rows of the rare class that were recognized, as a share of its rows."),
    number(
        "recall_of_others",
        "recall of others",
        "Rows of all other classes that were recognized, as a share of their rows.",
    ),
    number("relu_layers", "relu layers", "Layers behind which a ReLU stands."),
    number("remains", "remains", "How much of the loss of guessing is left: 1 is nothing learned."),
    number("repeated_test_rows", "repeated test rows", "Test rows that stand among the training rows as well."),
    number(
        "repeated_validation_rows",
        "repeated validation rows",
        "Validation rows that stand among the training rows as well.",
    ),
    number("rise_factor", "rise factor", "How many times its lowest the loss now is."),
    number(
        "rise_of_guessing",
        "rise of guessing",
        "The rise above the lowest loss as a share of the loss of guessing.",
    ),
    number("rows", "rows", "Training rows in a batch."),
    number(
        "saturated_layers",
        "saturated layers",
        "Layers in which more values than allowed lie at an end of the activation.",
    ),
    number(
        "saturated_share",
        "saturated share",
        "Values within 2.5 % of an end of the activation, as a share of the worst layer's.",
    ),
    number("share", "share", "Validation rows that stand among the training rows as well, as a share of all."),
    EvidenceDef {
        rule: "input-bound",
        ..number("share", "share", "Gathering rows as a share of the time that steps take.")
    },
    number("slope", "slope", "How much the logarithm of the training loss falls in an epoch."),
    number("smallest_class_rows", "smallest class rows", "Training rows of the smallest class."),
    number("spikes", "spikes", "Epochs at which the loss leapt above those around it and came back."),
    number("step_seconds", "step seconds", "What a step takes on this device, the median of several."),
    number("steps", "steps", "Steps made in an epoch."),
    number("steps_seconds", "steps seconds", "What all training steps of an epoch take, their input included."),
    number(
        "surest_quarter_errors",
        "surest quarter errors",
        "Wrong classes among the quarter of rows with the most certain predictions, as a share of them.",
    ),
    number("times_cpu", "times cpu", "How many times as long a step takes here as on the CPU."),
    number("times_usual", "times usual", "The learning rate as a multiple of what is usual for this optimizer."),
    number(
        "train_fall",
        "train fall",
        "How much the training loss fell since validation was last better, as a share of it.",
    ),
    number(
        "train_jitter",
        "train jitter",
        "How far single epochs stray from their trend, as a share of the training loss.",
    ),
    number("turns", "turns", "Epochs at which the curve turns, as a share of all."),
    number(
        "two_standard_errors",
        "two standard errors",
        "Two standard errors of the validation loss: what chance among its rows moves it by.",
    ),
    number("update_ratio", "update ratio", "The size of a step's change as a share of the weights it changes."),
    number("update_share", "update share", "The size of a step's change to a layer, as a share of its weights."),
    number("validation_accuracy", "validation accuracy", "Validation rows whose class was right, as a share of all."),
    number(
        "validation_jitter",
        "validation jitter",
        "How far single epochs stray from their trend, as a share of the validation loss.",
    ),
    number("validation_loss", "validation loss", "The mean loss over the validation rows, as the rule smooths it."),
    number("wander", "wander", "How far epochs stray from their trend, as a share of the loss."),
    number("weight", "weight", "The root mean square of a layer's weights at the start."),
    number("widest_deviation", "widest deviation", "The standard deviation of the widest input."),
    number(
        "widest_to_narrowest",
        "widest to narrowest",
        "The widest input's standard deviation for each of the narrowest's.",
    ),
    EvidenceDef {
        rule: "validation-below-train",
        ..number("gap", "train / validation gap", "How much lower the validation loss is than the training loss.")
    },
    EvidenceDef {
        rule: "over-confident",
        ..number(
            "rise",
            "rise since the best",
            "How far the validation loss has risen above its best, as a share of it.",
        )
    },
    EvidenceDef {
        rule: "leakage",
        ..share("skill", "better than guessing", "How much of the loss of guessing one column alone takes away.")
    },
];

/// What a rule means by a name in its evidence; none where nobody has said so.
pub fn evidence(rule: &str, key: &str) -> Option<&'static EvidenceDef> {
    let of = |rule: &str| EVIDENCE.iter().find(|it| it.key == key && it.rule == rule);
    of(rule).or_else(|| of(""))
}

const fn number(key: &'static str, label: &'static str, about: &'static str) -> EvidenceDef {
    EvidenceDef { key, rule: "", label, is_share: false, about }
}

const fn share(key: &'static str, label: &'static str, about: &'static str) -> EvidenceDef {
    EvidenceDef { is_share: true, ..number(key, label, about) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::diagnose::RULES;

    /// Every name that a rule gives to a piece of evidence, read from the rules themselves: some are told only in runs
    /// that no test has.
    fn told() -> BTreeSet<String> {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnose/rules")];
        let mut names = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()) {
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for made in [", against(", ", measured("] {
                    for (at, _) in code.match_indices(made) {
                        let name = code[..at].strip_suffix(".to_owned()").unwrap_or(&code[..at]);
                        let name = name.strip_suffix('"').and_then(|it| it.rsplit('"').next());
                        names.extend(name.map(str::to_owned));
                    }
                }
            }
        }
        names
    }

    #[test]
    fn all_evidence_of_every_rule_has_a_meaning() {
        let told = told();
        assert!(told.len() > 60 && told.contains("gap"), "{told:?}");
        let unknown: Vec<_> = told.iter().filter(|it| evidence("", it).is_none()).collect();
        assert!(unknown.is_empty(), "no meaning for {unknown:?}");
    }

    #[test]
    fn a_meaning_is_a_sentence_and_belongs_to_a_rule_that_is_there() {
        let mut seen = BTreeSet::new();
        for it in EVIDENCE {
            assert!(it.about.ends_with('.') && !it.label.is_empty(), "{it:?}");
            assert!(seen.insert((it.rule, it.key)), "{} is told twice", it.key);
            assert!(it.rule.is_empty() || RULES.iter().any(|rule| rule.id == it.rule), "{it:?}");
        }
    }

    #[test]
    fn a_rule_may_mean_something_of_its_own() {
        assert!(evidence("overfitting", "gap").unwrap().about.contains("higher"));
        assert!(evidence("validation-below-train", "gap").unwrap().about.contains("lower"));
        assert_eq!(evidence("overfitting", "telepathy"), None);
    }
}
