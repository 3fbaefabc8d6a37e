//! SageMaker Debugger's built-in rules with their documented definitions and defaults, for comparison.
//!
//! Source: Amazon SageMaker Developer Guide, "List of Debugger Built-in Rules" (2023). What it calls a step is a
//! saved step; here that is an epoch. Its rules have no severities, so that each firing counts as a warning. A rule
//! is counted under the name that Learnscope gives to the same pattern.

use std::collections::BTreeMap;

use learnscope::run::{EpochRow, LayerRow};

use crate::Trained;
use crate::score::Outcome;

/// What its rules say of a run.
pub(crate) fn outcome(run: &Trained) -> Outcome {
    let mut told = BTreeMap::new();
    let mut tell = |rule: &str, epoch: Option<u64>| {
        if let Some(epoch) = epoch {
            told.insert(rule.to_owned(), epoch);
        }
    };
    let rows = &run.epochs;
    let first = |is_there: &dyn Fn(&EpochRow) -> bool| rows.iter().find(|it| is_there(it)).map(|it| it.epoch);
    let any_layer = |is_there: fn(&LayerRow) -> bool| first(&|row| row.layers.iter().any(is_there));

    // Overfit: (validation - train) / train above 0.1, patience 1.
    tell("overfitting", first(&|it| (it.validation_loss - it.train_loss) / it.train_loss > 0.1));
    tell("overtraining", overtraining(rows));
    tell("plateau", loss_not_decreasing(rows));
    // ExplodingTensor: any value that is not finite.
    let lost = run.lost.first().map(|it| it.epoch);
    tell(
        "loss-not-finite",
        lost.or_else(|| first(&|it| !it.train_loss.is_finite() || !it.validation_loss.is_finite())),
    );
    // VanishingGradient: mean absolute gradient below 1e-7.
    tell("vanishing-gradients", any_layer(|it| it.gradient < 1e-7));
    // DeadRelu and SaturatedActivation: more than 50 % of a layer.
    tell("dead-relu", any_layer(|it| it.dead.is_some_and(|share| share > 0.5)));
    tell("saturated-units", any_layer(|it| it.saturated.is_some_and(|share| share > 0.5)));
    // WeightUpdateRatio: above 10 or below 1e-8, with 1e-9 added to the weights.
    tell("exploding-gradients", any_layer(|it| it.update / (it.weight + 1e-9) > 10.0));
    tell("frozen-layers", any_layer(|it| it.update / (it.weight + 1e-9) < 1e-8));
    tell("bad-initialization", poor_initialization(rows));
    // ClassImbalance: largest to smallest class above 10, once 500 labels were seen.
    let sizes = run.started.data.as_ref().map(|it| it.class_rows.clone()).unwrap_or_default();
    let (most, least) = (sizes.iter().max().copied().unwrap_or(0), sizes.iter().min().copied().unwrap_or(0));
    tell("class-imbalance", (sizes.iter().sum::<usize>() > 500 && most > 10 * least.max(1)).then_some(1));
    Outcome { told }
}

/// Overtraining: training not improving for 5 epochs, or validation not for 10, by more than 0.01.
fn overtraining(rows: &[EpochRow]) -> Option<u64> {
    let (mut train, mut validation) = ((f64::INFINITY, 0), (f64::INFINITY, 0));
    for row in rows {
        for (best, value) in [(&mut train, row.train_loss), (&mut validation, row.validation_loss)] {
            if value < best.0 - 0.01 {
                *best = (value, row.epoch);
            }
        }
        if row.epoch >= train.1 + 5 || row.epoch >= validation.1 + 10 {
            return Some(row.epoch);
        }
    }
    None
}

/// LossNotDecreasing: over 10 epochs the loss fell by less than 0.1 %, or rose by more than 5 %.
fn loss_not_decreasing(rows: &[EpochRow]) -> Option<u64> {
    let fell_too_little = |pair: &&[EpochRow]| {
        let (before, now) = (pair[0].train_loss, pair[10].train_loss);
        now > before * (1.0 - 0.001)
    };
    rows.windows(11).find(fell_too_little).map(|it| it[10].epoch)
}

/// PoorWeightInitialization, in the first 10 epochs: layers' weight variances more than tenfold apart, or a loss that
/// does not fall for 5.
fn poor_initialization(rows: &[EpochRow]) -> Option<u64> {
    let early = &rows[..rows.len().min(10)];
    let uneven = early.iter().find(|row| {
        let variances = || row.layers.iter().map(|it| it.weight * it.weight);
        let (most, least) = (variances().fold(0.0, f64::max), variances().fold(f64::INFINITY, f64::min));
        least > 0.0 && least.is_finite() && most / least > 10.0
    });
    let flat = early.windows(6).find(|it| it[5].train_loss >= it[0].train_loss).map(|it| it[5].epoch);
    uneven.map(|it| it.epoch).or(flat)
}
