//! The comparison of seeds against worked examples, and what is said of them.

use super::*;
use crate::run::{EpochRow, Event, FinishReason, Metrics, SeedRow};
use crate::spec::Project;

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 5e-4 * expected.abs().max(1.0), "{found} instead of {expected}");
}

#[test]
fn pairs_agree_with_students_own_example() {
    // Student 1908: additional hours of sleep by two drugs on the same ten patients; t = 4.06 with 9 degrees.
    let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let difference = Difference::paired(&second, &first).unwrap();
    near(difference.value, 1.58);
    // 2.262 times the standard error of 0.38896; R's t.test gives the interval 0.7001 to 2.4599.
    near(difference.value - difference.by_chance, 0.7001);
    near(difference.value + difference.by_chance, 2.4599);
    assert!(difference.is_beyond() && difference.is_paired);
}

#[test]
fn what_is_not_paired_agrees_with_welch() {
    // The same numbers as two groups, as R's t.test(extra ~ group) has them: 17.776 degrees, -3.3655 to 0.2055.
    let first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    let second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    let difference = Difference::welch(Summary::of(&first).unwrap(), Summary::of(&second).unwrap());
    near(difference.value - difference.by_chance, -3.3655);
    near(difference.value + difference.by_chance, 0.2055);
    assert!(!difference.is_beyond() && !difference.is_paired, "pairing is what shows it");
}

#[test]
fn values_without_any_spread_are_told_apart_and_equal_ones_are_not() {
    let same = Difference::paired(&[0.4, 0.5, 0.6], &[0.4, 0.5, 0.6]).unwrap();
    assert!(!same.is_beyond());
    let flat = |mean| Summary { n: 3, mean, deviation: 0.0 };
    assert!(Difference::welch(flat(0.4), flat(0.5)).is_beyond());
    assert!(!Difference::welch(flat(0.4), flat(0.4)).is_beyond());
    assert_eq!(Summary::of(&[1.0]), None);
    let summary = Summary::of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]).unwrap();
    assert!(summary.mean == 5.0 && (summary.deviation - (32.0_f64 / 7.0).sqrt()).abs() < 1e-12);
}

/// A run whose first seed is the first value; a value that is not finite is a seed that diverged.
fn run(settings: &[&str], seeds: &[f64]) -> Run {
    let mut project = Project::default();
    for setting in settings {
        project.set(setting).unwrap();
    }
    let own = EpochRow { epoch: 1, validation_loss: seeds[0], ..EpochRow::default() };
    let rows = (1..).zip(seeds).filter(|_| seeds.len() > 1).map(|(seed, value)| {
        Event::Seed(SeedRow {
            seed,
            reason: if value.is_finite() { FinishReason::Completed } else { FinishReason::Diverged },
            text: String::new(),
            train_loss: vec![*value],
            validation_loss: vec![*value],
            metric: "accuracy".to_owned(),
            train_metric: Vec::new(),
            validation_metric: Vec::new(),
            best_validation_loss: *value,
            test: Metrics::new(),
        })
    });
    Run::replay(project, std::iter::once(Event::Epoch(own)).chain(rows))
}

fn said(shown: &Run, other: &Run) -> String {
    let shown = Setting { name: "dropout 0.3", run: shown };
    tell(shown, Some(Setting { name: "the run before", run: other })).unwrap_or_default()
}

#[test]
fn a_difference_within_the_seeds_is_told_as_such() {
    let a = run(&["model.dropout=0.3"], &[0.420, 0.428, 0.415, 0.427, 0.415]);
    let b = run(&[], &[0.436, 0.421, 0.440, 0.424, 0.439]);
    assert_eq!(
        said(&a, &b),
        "Over the same 5 seeds, dropout 0.3 reaches 0.421 ± 0.006 and the run before 0.432 ± 0.009: the difference of \
         0.011 is within what the seed alone makes; below 0.019 nothing can be told (paired t-test, 95 %)."
    );
}

#[test]
fn the_same_spread_seed_by_seed_is_beyond_it() {
    // As far apart as above, but every seed moves both the same way.
    let a = run(&["model.dropout=0.3"], &[0.420, 0.428, 0.415, 0.427, 0.415]);
    let b = run(&[], &[0.431, 0.440, 0.425, 0.438, 0.426]);
    let text = said(&a, &b);
    assert!(
        text.contains("the difference of 0.011 is beyond what the seed alone makes, which is up to 0.00"),
        "{text}"
    );
    let other_split = run(&["split.validation=0.3"], &[0.431, 0.440, 0.425, 0.438, 0.426]);
    assert!(said(&a, &other_split).contains("Over 5 and 5 seeds"), "another split has no pairs");
}

#[test]
fn three_seeds_are_called_few_and_one_that_diverged_is_counted() {
    let a = run(&["model.dropout=0.3"], &[0.42, 0.43, 0.41, f64::NAN]);
    let b = run(&[], &[0.44, 0.43, 0.45, 0.40]);
    let text = said(&a, &b);
    assert!(text.starts_with("Over the same 3 seeds, dropout 0.3 reaches 0.420 ± 0.010 and"), "{text}");
    assert!(text.contains("3 seeds are few") && !text.contains("not a number"), "{text}");
    assert!(text.ends_with("1 of 4 seeds of dropout 0.3 diverged or failed and is left out."), "{text}");
}

#[test]
fn a_single_run_is_held_against_the_band_whichever_of_the_two_it_is() {
    let spread = run(&["model.dropout=0.3"], &[0.42, 0.43, 0.41]);
    let (inside, below) = (run(&[], &[0.425]), run(&[], &[0.39]));
    let text = said(&spread, &inside);
    assert!(text.starts_with("Over 3 seeds, dropout 0.3 reaches 0.420 ± 0.010, from 0.41 to 0.43:"), "{text}");
    assert!(
        text.contains("The run before reached 0.425 with one seed, within the 0.41 to 0.43 that 3 seeds"),
        "{text}"
    );
    let text = said(&below, &spread);
    assert!(text.starts_with("Dropout 0.3 reached 0.39 with one seed, below the 0.41 to 0.43 that 3 seeds"), "{text}");
    assert!(text.contains("proves nothing yet"), "{text}");
    assert_eq!(said(&inside, &below), "", "without any seeds nothing is said");
}

#[test]
fn another_loss_or_other_data_are_never_compared() {
    let a = run(&["loss=cross_entropy"], &[0.42, 0.43, 0.41]);
    let other_loss = run(&["loss=mse"], &[0.2, 0.21, 0.22]);
    assert!(!said(&a, &other_loss).contains("the run before"));
    let (same, spread) = (run(&["loss=cross_entropy"], &[0.4]), run(&["loss=cross_entropy"], &[0.4, 0.41, 0.42]));
    assert_eq!(rival(&a, [&other_loss, &same, &spread].into_iter()), Some(2), "one with seeds of its own goes before");
    assert_eq!(rival(&a, [&other_loss, &same].into_iter()), Some(1));
    assert_eq!(rival(&a, [&other_loss].into_iter()), None);
}

#[test]
fn a_split_that_the_project_fixes_is_not_said_to_be_drawn_anew() {
    let split = |settings: &[&str]| {
        let mut project = Project::default();
        for setting in settings {
            project.set(setting).unwrap();
        }
        drawn_anew(&Run::of(project)).starts_with("split")
    };
    assert!(split(&[]) && split(&["split.seed=1"]), "a run folder names the seed that the split followed");
    assert!(!split(&["split.seed=8"]) && !split(&["split.method=ordered"]));
}
