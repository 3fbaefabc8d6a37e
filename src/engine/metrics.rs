//! How good predictions are, in numbers people know. Pure functions on slices, summed in double precision.
//!
//! Definitions are scikit-learn's, `zero_division=0`, and the tests hold its numbers. A metric that is not
//! defined for the rows at hand is NaN.

use crate::run::Metrics;

/// `r2`, `rmse` and `mae`, in whatever unit the values have.
///
/// # Arguments
/// - actual, predicted: `[rows]`
pub(crate) fn regression(actual: &[f64], predicted: &[f64]) -> Metrics {
    let n_rows = actual.len() as f64;
    let errors = || actual.iter().zip(predicted).map(|(actual, predicted)| actual - predicted);
    let squared: f64 = errors().map(|it| it * it).sum();
    let absolute: f64 = errors().map(f64::abs).sum();
    [("r2", r2(actual, squared)), ("rmse", (squared / n_rows).sqrt()), ("mae", absolute / n_rows)].map(named).into()
}

/// `accuracy`, `macro_f1`, `balanced_accuracy` and, for two classes, `roc_auc`.
///
/// # Arguments
/// - actual: `[rows]`, index of each row's class
/// - scores: `[rows, n_classes]` row-major, one logit a class; or `[rows, 1]`, the logit of the second of two classes
pub(crate) fn classification(actual: &[usize], scores: &[f32], n_classes: usize) -> Metrics {
    let counts = confusion(actual, scores, n_classes);
    let count = |actual: usize, predicted: usize| counts[actual * n_classes + predicted] as f64;
    let n_actual = |class: usize| (0..n_classes).map(|it| count(class, it)).sum::<f64>();
    let n_predicted = |class: usize| (0..n_classes).map(|it| count(it, class)).sum::<f64>();
    let right: f64 = (0..n_classes).map(|it| count(it, it)).sum();
    let recalls = (0..n_classes).filter(|it| n_actual(*it) > 0.0).map(|it| count(it, it) / n_actual(it));
    // A class that neither occurs nor is predicted has no F1.
    let f1s = (0..n_classes)
        .map(|it| (count(it, it), n_actual(it) + n_predicted(it)))
        .filter(|it| it.1 > 0.0)
        .map(|(hits, all)| 2.0 * hits / all);
    let metrics =
        [("accuracy", right / actual.len() as f64), ("macro_f1", mean(f1s)), ("balanced_accuracy", mean(recalls))];
    let mut metrics: Metrics = metrics.map(named).into();
    if n_classes == 2 {
        let (name, auc) = named(("roc_auc", roc_auc(actual, scores)));
        metrics.insert(name, auc);
    }
    metrics
}

/// How often each class was taken for which: `[actual, predicted]` row-major. Arguments as [`classification`]'s.
pub(crate) fn confusion(actual: &[usize], scores: &[f32], n_classes: usize) -> Vec<u64> {
    let mut counts = vec![0; n_classes * n_classes];
    for (actual, predicted) in actual.iter().zip(predictions(scores, actual.len())) {
        counts[actual * n_classes + predicted] += 1;
    }
    counts
}

/// Coefficient of determination. Around a target that never varies it is 1 for perfect predictions, else 0.
///
/// # Arguments
/// - squared: sum of the squared errors
fn r2(actual: &[f64], squared: f64) -> f64 {
    let Some(first) = actual.first().filter(|_| actual.len() > 1) else {
        return f64::NAN;
    };
    // A mean is rounded, so that a constant target is better found by looking.
    if actual.iter().all(|it| it == first) {
        return if squared == 0.0 { 1.0 } else { 0.0 };
    }
    let mean = mean(actual.iter().copied());
    let variation: f64 = actual.iter().map(|it| (it - mean).powi(2)).sum();
    1.0 - squared / variation
}

/// Index of the likeliest class for each row; the first of equals.
fn predictions(scores: &[f32], n_rows: usize) -> impl Iterator<Item = usize> {
    scores.chunks(width(scores, n_rows)).map(|row| match row {
        [logit] => usize::from(*logit > 0.0),
        _ => (1..row.len()).fold(0, |best, idx| if row[idx] > row[best] { idx } else { best }),
    })
}

/// Area under the receiver operating characteristic: the chance that a row of the second class is scored above one
/// of the first, ties counting half. From the mean ranks of tied scores (Mann and Whitney).
fn roc_auc(actual: &[usize], scores: &[f32]) -> f64 {
    let score = |row: &[f32]| match row {
        [logit] => f64::from(*logit),
        _ => f64::from(row[1]) - f64::from(row[0]),
    };
    let rows = scores.chunks(width(scores, actual.len())).map(score);
    let mut ranked: Vec<(f64, bool)> = rows.zip(actual.iter().map(|it| *it == 1)).collect();
    let n_positive = ranked.iter().filter(|it| it.1).count() as f64;
    let n_negative = ranked.len() as f64 - n_positive;
    if n_positive == 0.0 || n_negative == 0.0 || ranked.iter().any(|it| it.0.is_nan()) {
        return f64::NAN;
    }
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut below, mut rank_sum) = (0, 0.0);
    for tied in ranked.chunk_by(|a, b| a.0 == b.0) {
        let mean_rank = below as f64 + 0.5 * (tied.len() + 1) as f64;
        rank_sum += mean_rank * tied.iter().filter(|it| it.1).count() as f64;
        below += tied.len();
    }
    (rank_sum - 0.5 * n_positive * (n_positive + 1.0)) / (n_positive * n_negative)
}

/// Scores in each row, at least 1.
fn width(scores: &[f32], n_rows: usize) -> usize {
    (scores.len() / n_rows.max(1)).max(1)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (n, sum) = values.fold((0.0, 0.0), |(n, sum), it| (n + 1.0, sum + it));
    sum / n
}

fn named((name, value): (&str, f64)) -> (String, f64) {
    (name.to_owned(), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All expected numbers are scikit-learn 1.9.1's.
    fn check(metrics: &Metrics, expected: &[(&str, f64)]) {
        assert_eq!(metrics.len(), expected.len(), "{metrics:?}");
        for (name, expected) in expected {
            let value = metrics[*name];
            assert!(
                (value - expected).abs() < 1e-12 || (value.is_nan() && expected.is_nan()),
                "{name} is {value}, not {expected}"
            );
        }
    }

    /// Numbers in `0.0..1.0` that a few lines of Python draw again: Knuth's MMIX generator, upper 31 bits.
    fn draw(n: usize, mut state: u64) -> Vec<f64> {
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn regression_agrees_with_scikit_learn() {
        let small = regression(&[3.0, -0.5, 2.0, 7.0], &[2.5, 0.0, 2.0, 8.0]);
        check(&small, &[("r2", 0.9486081370449679), ("rmse", 0.6123724356957945), ("mae", 0.5)]);
        let drawn = draw(400, 7);
        let actual: Vec<f64> = drawn[..200].iter().map(|it| it * 10.0 - 5.0).collect();
        let predicted: Vec<f64> =
            actual.iter().zip(&drawn[200..]).map(|(it, noise)| it + (noise - 0.5) * 3.0).collect();
        let expected = [("r2", 0.9172178961725774), ("rmse", 0.8195499693320712), ("mae", 0.7158360817702487)];
        check(&regression(&actual, &predicted), &expected);
    }

    #[test]
    fn every_metric_has_a_meaning() {
        let computed = [regression(&[1.0, 2.0], &[1.0, 2.0]), classification(&[0, 1], &[-1.0, 1.0], 2)];
        for key in computed.iter().flat_map(Metrics::keys) {
            assert!(crate::run::metric(key).is_some(), "{key} has no meaning");
        }
    }

    #[test]
    fn large_values_keep_their_small_differences() {
        let metrics = regression(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 4.0], &[1e9 + 1.5, 1e9 + 2.0, 1e9 + 3.0]);
        assert!(
            (metrics["r2"] - 0.7321428571428574).abs() < 1e-9 && (metrics["rmse"] - 0.6454972243679028).abs() < 1e-12,
            "{metrics:?}"
        );
    }

    #[test]
    fn a_constant_target_has_an_r2_of_one_or_zero() {
        assert_eq!(regression(&[5.0; 3], &[5.0; 3])["r2"], 1.0);
        assert_eq!(regression(&[5.0; 3], &[5.0, 5.0, 6.0])["r2"], 0.0);
        assert_eq!(regression(&[0.1; 3], &[0.1, 0.1, 0.2])["r2"], 0.0, "0.1 is not its own mean after rounding");
        assert!(regression(&[5.0], &[5.0])["r2"].is_nan());
        assert!(regression(&[], &[])["mae"].is_nan());
    }

    #[test]
    fn two_classes_from_one_logit_with_ties() {
        let actual = [0, 1, 0, 1, 1, 0, 1, 0];
        let scores = [-1.0, 0.5, 0.5, 0.5, 2.0, -1.0, -1.0, 3.0];
        let expected =
            [("accuracy", 0.625), ("macro_f1", 0.6190476190476191), ("balanced_accuracy", 0.625), ("roc_auc", 0.5625)];
        check(&classification(&actual, &scores, 2), &expected);
        assert_eq!(confusion(&actual, &scores, 2), [2, 2, 1, 3]);
        // The same as two logits a row.
        let pairs: Vec<f32> = scores.iter().flat_map(|it| [0.25 - it, 0.25]).collect();
        check(&classification(&actual, &pairs, 2), &expected);
    }

    #[test]
    fn two_classes_of_three_hundred_rows() {
        let drawn = draw(600, 13);
        let actual: Vec<usize> = drawn[..300].iter().map(|it| usize::from(*it < 0.3)).collect();
        let score =
            |(it, class): (&f64, &usize)| ((it * 20.0).round_ties_even() / 20.0 + 0.2 * *class as f64 - 0.6) as f32;
        let scores: Vec<f32> = drawn[300..].iter().zip(&actual).map(score).collect();
        let expected = [
            ("accuracy", 0.6533333333333333),
            ("macro_f1", 0.6222943198876567),
            ("balanced_accuracy", 0.6537698412698413),
            ("roc_auc", 0.7044477513227513),
        ];
        check(&classification(&actual, &scores, 2), &expected);
    }

    #[test]
    fn five_classes_of_three_hundred_rows() {
        let drawn = draw(1800, 11);
        let actual: Vec<usize> = drawn[1500..].iter().map(|it| (*it as f32 * 5.0) as usize).collect();
        let mut scores: Vec<f32> = drawn[..1500].iter().map(|it| (*it as f32 * 8.0).round_ties_even() / 8.0).collect();
        actual.iter().enumerate().for_each(|(row, class)| scores[5 * row + class] += 0.5);
        let expected = [
            ("accuracy", 0.7433333333333333),
            ("macro_f1", 0.7436460777088291),
            ("balanced_accuracy", 0.7423415095114836),
        ];
        check(&classification(&actual, &scores, 5), &expected);
        assert_eq!(confusion(&actual, &scores, 5)[..10], [49, 3, 4, 4, 3, 5, 50, 2, 5, 1]);
    }

    #[test]
    fn classes_that_do_not_occur_count_only_where_they_are_predicted() {
        let one_hot = |predicted: &[usize], n_classes: usize| -> Vec<f32> {
            let row = |class: usize| (0..n_classes).map(move |it| if it == class { 1.0 } else { 0.0 });
            predicted.iter().flat_map(|class| row(*class)).collect()
        };
        let metrics = classification(&[0, 0, 0, 1, 1], &one_hot(&[0, 2, 0, 1, 0], 4), 4);
        check(
            &metrics,
            &[("accuracy", 0.6), ("macro_f1", 0.4444444444444444), ("balanced_accuracy", 0.5833333333333333)],
        );
        let metrics = classification(&[0, 0, 1, 2, 2, 2], &one_hot(&[0, 1, 1, 0, 0, 1], 3), 3);
        check(&metrics, &[("accuracy", 1.0 / 3.0), ("macro_f1", 0.3), ("balanced_accuracy", 0.5)]);
    }

    #[test]
    fn an_area_needs_both_classes_and_scores_that_are_numbers() {
        assert!(classification(&[1, 1], &[0.5, 2.0], 2)["roc_auc"].is_nan());
        assert!(classification(&[0, 1], &[f32::NAN, 2.0], 2)["roc_auc"].is_nan());
        assert!(classification(&[], &[], 2).values().all(|it| it.is_nan()));
    }
}
