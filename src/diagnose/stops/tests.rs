//! The bench as a whole, and the packages' own outcomes on 200 curves.

use serde_json::Value;

use super::{Earlier, KnobKind, Outcome, Point, STOP_RULES, Settings, StopRule};

/// Made by `make_stops.py` beside it with the real packages.
const OUTCOMES: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/stops/outcomes.json"));

fn rule(id: &str) -> &'static StopRule {
    STOP_RULES.iter().find(|it| it.id == id).unwrap_or_else(|| panic!("no rule {id}"))
}

pub(super) fn settings(id: &str, knobs: &[(&str, f64)]) -> Settings {
    let mut settings = rule(id).settings();
    for (knob, value) in knobs {
        assert!(settings.set(knob, *value), "{id} lacks {knob}");
    }
    settings
}

pub(super) fn points(train: &[f64], validation: &[f64]) -> Vec<Point> {
    let losses = train.iter().zip(validation);
    (1..)
        .zip(losses)
        .map(|(epoch, (train, validation))| Point { epoch, train: *train, validation: *validation })
        .collect()
}

pub(super) fn outcome_of(id: &str, knobs: &[(&str, f64)], points: &[Point]) -> Outcome {
    settings(id, knobs).outcome(points, &Earlier::none())
}

/// The outcome on a curve whose training loss is its validation loss.
pub(super) fn outcome(id: &str, knobs: &[(&str, f64)], losses: &[f64]) -> Outcome {
    outcome_of(id, knobs, &points(losses, losses))
}

pub(super) fn stop(id: &str, knobs: &[(&str, f64)], losses: &[f64]) -> Option<u64> {
    outcome(id, knobs, losses).stop
}

/// Each curve of the fixture with its number and losses.
fn curves() -> Vec<(usize, Vec<f64>, Value)> {
    let all: Value = serde_json::from_str(OUTCOMES).unwrap();
    let loss = |it: &Value| match it {
        Value::Null => f64::NAN,
        Value::String(_) => f64::INFINITY,
        number => number.as_f64().unwrap(),
    };
    let curves = all["curves"].as_array().unwrap().iter().enumerate();
    curves.map(|(idx, it)| (idx, it["losses"].as_array().unwrap().iter().map(loss).collect(), it.clone())).collect()
}

/// A package's settings as knobs; a bound that is off is not set.
fn knobs<'a>(told: &Value, names: &[(&'a str, &str)]) -> Vec<(&'a str, f64)> {
    let number = |it: &Value| it.as_f64().or_else(|| it.as_bool().map(|it| f64::from(u8::from(it))));
    names.iter().filter_map(|(knob, name)| Some((*knob, number(&told[name])?))).collect()
}

fn epoch(told: &Value) -> Option<u64> {
    told.as_u64()
}

#[test]
fn keras_stops_and_keeps_as_the_package_does_on_200_curves() {
    let names = [
        ("patience", "patience"),
        ("min_delta", "min_delta"),
        ("warmup", "start_from_epoch"),
        ("restore_best", "restore_best_weights"),
    ];
    let mut n_stopped = 0;
    for (idx, losses, told) in curves() {
        let told = &told["keras"];
        let ours = outcome("keras", &knobs(told, &names), &losses);
        let theirs = (epoch(&told["stop"]), epoch(&told["kept"]), epoch(&told["best"]));
        assert_eq!((ours.stop, ours.kept, ours.since), theirs, "curve {idx}: {told}");
        n_stopped += usize::from(ours.stop.is_some());
    }
    assert!((50..150).contains(&n_stopped), "some stop and some do not: {n_stopped}");
}

#[test]
fn lightning_stops_as_the_package_does_on_200_curves() {
    let names = [
        ("patience", "patience"),
        ("min_delta", "min_delta"),
        ("check_finite", "check_finite"),
        ("stopping_threshold", "stopping_threshold"),
        ("divergence_threshold", "divergence_threshold"),
    ];
    let mut n_stopped = 0;
    for (idx, losses, told) in curves() {
        let told = &told["lightning"];
        let ours = outcome("lightning", &knobs(told, &names), &losses);
        let theirs = (epoch(&told["stop"]), epoch(&told["best"]));
        assert_eq!((ours.stop, ours.since), theirs, "curve {idx}: {told}");
        assert_eq!(ours.kept, ours.stop.or(Some(losses.len() as u64)), "curve {idx} keeps the last weights");
        n_stopped += usize::from(ours.stop.is_some());
    }
    assert!((50..150).contains(&n_stopped), "some stop and some do not: {n_stopped}");
}

#[test]
fn pytorch_reduces_as_the_package_does_on_200_curves() {
    let names = ["patience", "threshold", "factor", "cooldown", "min_lr"].map(|it| (it, it));
    let mut n_reduced = 0;
    for (idx, losses, told) in curves() {
        let told = &told["pytorch"];
        let mut knobs = knobs(told, &names);
        knobs.extend([("learning_rate", told["lr"].as_f64().unwrap()), ("reductions", 0.0)]);
        let ours = outcome("pytorch_plateau", &knobs, &losses);
        let theirs: Vec<_> = told["reductions"].as_array().unwrap().iter().filter_map(epoch).collect();
        assert_eq!(ours.reductions, theirs, "curve {idx}: {told}");
        if ours.stop.is_some() {
            let (rate, lr, factor) = (&told["rate"], told["lr"].as_f64().unwrap(), told["factor"].as_f64().unwrap());
            let lowest = told["min_lr"].as_f64().unwrap();
            let rate = rate.as_f64().unwrap();
            let is_lowest = rate == lowest || rate - (rate * factor).max(lowest) <= 1e-8;
            assert!(is_lowest, "curve {idx} stops from {lr} at {rate}: {told}");
        }
        let first = outcome("pytorch_plateau", &[&knobs[..], &[("reductions", 1.0)]].concat(), &losses);
        assert_eq!(first.reductions, theirs[..theirs.len().min(1)], "curve {idx}");
        assert!(theirs.is_empty() || first.stop == theirs.first().copied(), "curve {idx}");
        n_reduced += usize::from(!theirs.is_empty());
    }
    assert!((40..160).contains(&n_reduced), "some reduce and some do not: {n_reduced}");
}

#[test]
fn the_fixture_tells_its_packages_versions() {
    let all: Value = serde_json::from_str(OUTCOMES).unwrap();
    assert_eq!(all["curves"].as_array().unwrap().len(), 200);
    for package in ["keras", "keras_backend", "lightning", "torch"] {
        assert!(!all["versions"][package].as_str().unwrap().is_empty(), "{package}");
    }
}

#[test]
fn an_improvement_below_single_precision_is_a_tie_to_keras_and_lightning_only() {
    let losses = [0.5, 0.5 - 1e-9, 0.5 - 2e-9];
    let two = &[("patience", 2.0)];
    assert_eq!(stop("keras", two, &losses), Some(3));
    assert_eq!(stop("lightning", two, &losses), Some(3));
    assert_eq!(stop("learnscope", two, &losses), None);
}

#[test]
fn one_patience_ends_at_different_epochs_in_different_packages() {
    let losses = [0.5, 0.4, 0.45, 0.45, 0.45, 0.45, 0.45];
    let knobs = &[("patience", 3.0)];
    let stops = ["learnscope", "keras", "lightning", "burn"].map(|it| stop(it, knobs, &losses));
    assert_eq!(stops, [Some(5); 4]);
    let reduced = outcome("pytorch_plateau", &[("patience", 3.0), ("reductions", 1.0)], &losses);
    assert_eq!((reduced.stop, reduced.reductions), (Some(6), vec![6]), "it bears three and reduces with the fourth");
}

#[test]
fn epochs_saved_and_loss_given_up_are_against_the_whole_record() {
    let losses = [1.0, 0.5, 0.6, 0.7, 0.4, 0.45];
    let last = outcome("keras", &[("patience", 2.0)], &losses);
    assert_eq!((last.stop, last.kept, last.kept_loss, last.epochs_saved), (Some(4), Some(4), Some(0.7), 2));
    assert!((last.loss_given_up.unwrap() - 0.3).abs() < 1e-12);
    let best = outcome("keras", &[("patience", 2.0), ("restore_best", 1.0)], &losses);
    assert_eq!((best.kept, best.loss_given_up), (Some(2), Some(0.5 - 0.4)));
    let never = outcome("learnscope", &[], &losses);
    assert_eq!((never.stop, never.kept, never.epochs_saved, never.loss_given_up), (None, Some(5), 0, Some(0.0)));
    // Epochs as another program may have logged them: validated every fifth.
    let sparse: Vec<_> = points(&losses, &losses).into_iter().map(|it| Point { epoch: 5 * it.epoch, ..it }).collect();
    let sparse = outcome_of("lightning", &[("patience", 2.0)], &sparse);
    assert_eq!((sparse.stop, sparse.epochs_saved), (Some(20), 10));
}

#[test]
fn curves_without_a_finite_loss_have_an_outcome_too() {
    for rule in STOP_RULES {
        let empty = outcome(rule.id, &[], &[]);
        assert_eq!((empty.stop, empty.kept, empty.loss_given_up), (None, None, None), "{}", rule.id);
        let broken = outcome(rule.id, &[], &[f64::NAN, f64::INFINITY, f64::NAN]);
        assert_eq!((broken.kept_loss, broken.loss_given_up), (None, None), "{}", rule.id);
        assert!(broken.kept.is_some(), "{} keeps the last weights", rule.id);
    }
}

#[test]
fn every_rule_is_described_and_its_knobs_stay_within_their_ranges() {
    let mut ids: Vec<_> = STOP_RULES.iter().map(|it| it.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10, "ten rules, each with a name of its own");
    for rule in STOP_RULES {
        assert!(rule.about.ends_with('.') && !rule.label.is_empty() && !rule.source.is_empty(), "{}", rule.id);
        for knob in rule.knobs {
            let name = format!("{}.{}", rule.id, knob.id);
            assert!(knob.help.ends_with('.'), "{name}");
            let mut settings = rule.settings();
            assert_eq!(knob.default.is_nan(), knob.kind == KnobKind::MaybeReal, "{name}");
            assert!(knob.default.is_nan() || (knob.min..=knob.max).contains(&knob.default), "{name}");
            for (asked, got) in [(-1e300, knob.min), (1e300, knob.max)] {
                assert!(settings.set(knob.id, asked), "{name}");
                assert_eq!(settings.get(knob.id), Some(got), "{name}");
            }
            assert_eq!(settings.set(knob.id, f64::NAN), knob.kind == KnobKind::MaybeReal, "{name}");
        }
        assert!(!rule.settings().set("no such knob", 1.0), "{}", rule.id);
    }
}

/// A bound for a busy machine and a program that is not optimized; optimized it takes about a millisecond.
#[test]
fn the_bench_over_ten_thousand_epochs_is_quick() {
    let train: Vec<_> = (0..10_000).map(|it| 1.0 / (1.0 + 0.01 * f64::from(it))).collect();
    let points = points(&train, &train);
    let earlier = Earlier::new(&[vec![2.0; 10_000], vec![3.0; 100]]);
    let start = std::time::Instant::now();
    let stops: Vec<_> = STOP_RULES.iter().map(|it| it.settings().outcome(&points, &earlier).stop).collect();
    let took = start.elapsed();
    assert_eq!(stops.iter().filter(|it| it.is_none()).count(), stops.len() - 1, "all but H2O's run on: {stops:?}");
    assert!(took.as_millis() < 1000, "{took:?}");
}
