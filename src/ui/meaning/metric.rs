//! Losses and metrics, with the counts of an epoch's validation rows in their formulas.

use super::Meaning;
use crate::run::{self, ClassRow, EpochRow, Fit, Run};
use crate::spec::LossSpec;
use crate::ui::{grouped, metric_label, metric_text, short_number};

/// A loss or metric of one epoch; `key` is `train_…` or `validation_…`.
pub(in crate::ui) fn of_epoch(run: &Run, row: &EpochRow, split: &str, key: &str) -> Meaning {
    if key == "loss" {
        return loss(run, row, split);
    }
    let value = row.metrics.get(&format!("{split}_{key}")).copied().unwrap_or(f64::NAN);
    let meaning = metric(run, split, key, value);
    if split == "validation" { meaning.with_if_it_is(value, worked(run, row, key, value)) } else { meaning }
}

/// The training or validation loss of one epoch.
pub(in crate::ui) fn loss(run: &Run, row: &EpochRow, split: &str) -> Meaning {
    let (name, about, value, rows) = if split == "train" {
        let about = "The mean loss over the rows the network learns from. Far below the validation loss, it learns them by heart.";
        ("Training loss", about, row.train_loss, run.started.train_rows)
    } else {
        let about =
            "The mean loss over rows the network does not learn from: how well it does on what it has not seen.";
        ("Validation loss", about, row.validation_loss, run.started.validation_rows)
    };
    let meaning = Meaning::new(name, about, loss_formula(&run.project.loss));
    if rows == 0 || !value.is_finite() {
        return meaning;
    }
    let error = row.validation_se.filter(|_| split != "train");
    let error = error.map_or_else(String::new, |it| format!(" ± {}", short_number(it)));
    Meaning { values: format!("{}{error} over {} rows", short_number(value), grouped(rows as u64)), ..meaning }
}

/// A metric that was measured on a part of the split.
pub(in crate::ui) fn metric(run: &Run, split: &str, key: &str, value: f64) -> Meaning {
    if key == "loss" {
        let about = format!("The mean loss over the {split} rows.");
        return Meaning::new(format!("{} loss", title(split)), about, loss_formula(&run.project.loss));
    }
    let (about, formula) = run::metric(key).map_or(("", ""), |it| (it.about, it.formula));
    let meaning = Meaning::new(format!("{} {}", title(split), metric_label(key)), about, formula);
    let n_rows = match split {
        "train" => run.started.train_rows,
        "validation" => run.started.validation_rows,
        _ => run.started.test_rows,
    };
    // A share of known rows tells how many they were; one that does not, was measured on others.
    let right = (value * n_rows as f64).round();
    let is_count = key == "accuracy" && n_rows > 0 && (value * n_rows as f64 - right).abs() < 1e-6;
    if is_count { meaning.with_if_it_is(value, Some(share(right as u64, n_rows as u64))) } else { meaning }
}

/// What guessing the same for every row would get.
pub(in crate::ui) fn baseline(run: &Run, key: &str, value: f64) -> Meaning {
    let guess = if run.started.task == "regression" { "the training rows' mean" } else { "the most frequent class" };
    let about = format!(
        "What always guessing {guess}, without looking, would get on the validation rows: the dotted line. A network that has learned something does better."
    );
    let of = metric(run, "validation", key, value);
    Meaning { name: format!("Baseline {}", metric_label(key)), about, ..of }
}

/// A validation metric worked out of what the epoch told about its rows: the values in the formula, and its result.
fn worked(run: &Run, row: &EpochRow, key: &str, value: f64) -> Option<(String, f64)> {
    let fit = || {
        let views = run.views.as_ref().filter(|it| it.epoch == row.epoch)?;
        views.fit.as_ref()
    };
    match key {
        "accuracy" => accuracy(&row.classes),
        "balanced_accuracy" => mean_of(&row.classes, |it| (it.correct, it.rows)),
        "macro_f1" => mean_of(&row.classes, |it| (2 * it.correct, it.rows + it.predicted)),
        "roc_auc" => pairs(&row.classes, value),
        "rmse" | "mae" | "r2" => of_fit(fit()?, key),
        _ => None,
    }
}

fn accuracy(classes: &[ClassRow]) -> Option<(String, f64)> {
    let right: usize = classes.iter().map(|it| it.correct).sum();
    let rows: usize = classes.iter().map(|it| it.rows).sum();
    (rows > 0).then(|| share(right as u64, rows as u64))
}

/// `559 / 573 = 97.6 %`, and the share.
fn share(part: u64, all: u64) -> (String, f64) {
    let share = part as f64 / all as f64;
    (format!("{} / {} = {}", grouped(part), grouped(all), metric_text("accuracy", share)), share)
}

/// A mean over classes of one count for another, left out where the other is 0.
fn mean_of(classes: &[ClassRow], parts: impl Fn(&ClassRow) -> (usize, usize)) -> Option<(String, f64)> {
    /// More would fill the card.
    const MOST_TERMS: usize = 4;
    let terms: Vec<_> = classes.iter().map(parts).filter(|it| it.1 > 0).collect();
    if terms.is_empty() {
        return None;
    }
    let mean = terms.iter().map(|it| it.0 as f64 / it.1 as f64).sum::<f64>() / terms.len() as f64;
    let mut shown: Vec<_> = terms.iter().take(MOST_TERMS).map(|it| format!("{} / {}", it.0, it.1)).collect();
    if terms.len() > MOST_TERMS {
        shown.push("…".to_owned());
    }
    Some((format!("({}) / {} = {}", shown.join(" + "), terms.len(), short_number(mean)), mean))
}

/// Pairs of a row of each of two classes, and how many of them the area says are in the right order.
fn pairs(classes: &[ClassRow], area: f64) -> Option<(String, f64)> {
    let [first, second] = classes else { return None };
    let all = first.rows as f64 * second.rows as f64;
    // Ties count half, so that twice the area's pairs are a whole number.
    let right = (2.0 * area * all).round() / 2.0;
    let result = right / all;
    let is_whole = all > 0.0 && (2.0 * area * all - 2.0 * right).abs() < 1e-3;
    let (right, all) = (grouped(right.round() as u64), grouped(all as u64));
    is_whole.then(|| (format!("{right} / {all} = {}", short_number(result)), result))
}

/// An error of the pairs of predicted and actual values.
pub(super) fn of_fit(fit: &Fit, key: &str) -> Option<(String, f64)> {
    let pairs = || fit.pairs.iter().map(|it| (f64::from(it.0), f64::from(it.1)));
    let n = fit.pairs.len();
    if n < 2 {
        return None;
    }
    let rows = n as f64;
    let squared: f64 = pairs().map(|it| (it.0 - it.1).powi(2)).sum();
    let absolute: f64 = pairs().map(|it| (it.0 - it.1).abs()).sum();
    let mean = pairs().map(|it| it.0).sum::<f64>() / rows;
    let variance = pairs().map(|it| (it.0 - mean).powi(2)).sum::<f64>() / rows;
    let (text, result) = match key {
        "rmse" => (format!("√({} / {})", short_number(squared), grouped(n as u64)), (squared / rows).sqrt()),
        "mae" => (format!("{} / {}", short_number(absolute), grouped(n as u64)), absolute / rows),
        "r2" if variance > 0.0 => (
            format!("1 − {} / {}", short_number(squared / rows), short_number(variance)),
            1.0 - squared / rows / variance,
        ),
        _ => return None,
    };
    Some((format!("{text} = {}", short_number(result)), result))
}

fn loss_formula(loss: &LossSpec) -> String {
    let weighted = if is_weighted(loss) { "weighted by class: " } else { "" };
    let formula = match loss {
        LossSpec::Mse => "Σ (predicted − actual)² / rows",
        LossSpec::Mae => "Σ |predicted − actual| / rows",
        LossSpec::Huber(_) => "Σ huber(predicted − actual) / rows",
        LossSpec::BinaryCrossEntropy(_) | LossSpec::CrossEntropy(_) => "Σ −ln(probability of the actual class) / rows",
    };
    format!("{weighted}{formula}")
}

fn is_weighted(loss: &LossSpec) -> bool {
    use crate::spec::ClassWeights::Balanced;
    match loss {
        LossSpec::BinaryCrossEntropy(it) => it.class_weights == Balanced,
        LossSpec::CrossEntropy(it) => it.class_weights == Balanced,
        LossSpec::Mse | LossSpec::Mae | LossSpec::Huber(_) => false,
    }
}

fn title(split: &str) -> &'static str {
    match split {
        "train" => "Training",
        "validation" => "Validation",
        _ => "Test",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Actual and predicted classes of two classes as rows, numbers as `src/engine/metrics.rs` has them in its tests.
    fn two() -> Vec<ClassRow> {
        vec![ClassRow { rows: 4, predicted: 3, correct: 2 }, ClassRow { rows: 4, predicted: 5, correct: 3 }]
    }

    #[test]
    fn the_formulas_values_give_the_metric() {
        let row = EpochRow { classes: two(), ..EpochRow::default() };
        let run = Run::default();
        for (key, value) in
            [("accuracy", 0.625), ("macro_f1", 0.6190476190476191), ("balanced_accuracy", 0.625), ("roc_auc", 0.5625)]
        {
            let row = EpochRow { metrics: [(format!("validation_{key}"), value)].into(), ..row.clone() };
            let meaning = of_epoch(&run, &row, "validation", key);
            assert!((meaning.result.unwrap() - value).abs() < 1e-12, "{meaning:?}");
        }
        assert_eq!(accuracy(&two()).unwrap().0, "5 / 8 = 62.5 %");
        assert_eq!(mean_of(&two(), |it| (it.correct, it.rows)).unwrap().0, "(2 / 4 + 3 / 4) / 2 = 0.625");
    }

    #[test]
    fn errors_of_a_fit_are_scikit_learns() {
        let fit = Fit { pairs: vec![(3.0, 2.5), (-0.5, 0.0), (2.0, 2.0), (7.0, 8.0)], ..Fit::default() };
        for (key, expected) in [("r2", 0.9486081370449679), ("rmse", 0.6123724356957945), ("mae", 0.5)] {
            let (text, result) = of_fit(&fit, key).unwrap();
            assert!((result - expected).abs() < 1e-12, "{key}: {text}");
        }
    }

    #[test]
    fn values_that_do_not_give_the_number_on_screen_are_not_shown() {
        let metrics = [("validation_accuracy".to_owned(), 0.9)].into();
        let row = EpochRow { classes: two(), metrics, ..EpochRow::default() };
        let meaning = of_epoch(&Run::default(), &row, "validation", "accuracy");
        assert_eq!((meaning.values.as_str(), meaning.formula.as_str()), ("", "right / rows"));
    }

    #[test]
    fn every_metric_has_a_name_of_its_own() {
        for it in run::METRICS {
            assert_ne!(metric_label(it.key), it.key, "{} has no name on screen", it.key);
            assert!(it.about.ends_with('.') && !it.formula.is_empty());
        }
    }
}
