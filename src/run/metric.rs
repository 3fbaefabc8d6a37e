//! What each metric means, and by which formula it is computed.

/// A metric's meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct MetricDef {
    /// Its key, without prefix.
    pub key: &'static str,
    /// One plain sentence.
    pub about: &'static str,
    pub formula: &'static str,
}

/// Every metric that is measured beside the loss.
pub const METRICS: &[MetricDef] = &[
    MetricDef {
        key: "rmse",
        about: "How far predictions typically are from the actual values, in the target's unit, large errors counting more.",
        formula: "√(Σ (actual − predicted)² / rows)",
    },
    MetricDef {
        key: "mae",
        about: "How far predictions are from the actual values on average, in the target's unit.",
        formula: "Σ |actual − predicted| / rows",
    },
    MetricDef {
        key: "r2",
        about: "How much of the target's variance the predictions explain: 1 is perfect, 0 no better than the mean.",
        formula: "1 − MSE / variance of the actual values",
    },
    MetricDef { key: "accuracy", about: "The share of rows whose class was predicted right.", formula: "right / rows" },
    MetricDef {
        key: "balanced_accuracy",
        about: "The mean of all classes' recall, so that a rare class counts as much as a frequent one.",
        formula: "Σ (right / rows of the class) / classes with rows",
    },
    MetricDef {
        key: "macro_f1",
        about: "The mean over the classes of F1, which is high only if a class's rows are found and few others taken for it.",
        formula: "Σ (2 right / (rows + predicted)) / classes that occur or are predicted",
    },
    MetricDef {
        key: "roc_auc",
        about: "The chance that a row of the second class is scored above one of the first: 1 is perfect, 0.5 is guessing.",
        formula: "pairs in the right order / pairs of a row of each class, ties counting half",
    },
];

/// A metric's meaning, by its key without prefix; none where nobody has said so.
pub fn metric(key: &str) -> Option<&'static MetricDef> {
    METRICS.iter().find(|it| it.key == key)
}
