//! The projects that ship do what they promise.

use serde_json::Value;

use crate::program::{Place, of_kind, sample};

fn train(name: &str, settings: &[&str]) -> Vec<Value> {
    let place = Place::new();
    let project = sample(name);
    let mut arguments = vec![project.as_str(), "--device", "cpu", "--out", "run"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    place.train(&arguments)
}

fn findings<'a>(events: &'a [Value], rule: &str, state: &str) -> Vec<&'a Value> {
    of_kind(events, "finding").into_iter().filter(|it| it["rule"] == rule && it["state"] == state).collect()
}

fn number(event: &Value, key: &str) -> f64 {
    event[key].as_f64().unwrap()
}

#[test]
fn the_overfitting_lesson_is_marked_from_its_best_epoch_on() {
    let events = train("overfitting", &[]);
    let raised = findings(&events, "overfitting", "raised");
    assert_eq!(raised.len(), 1, "raised once and never cleared");
    let epochs = of_kind(&events, "epoch");
    let best =
        epochs.iter().min_by(|a, b| number(a, "validation_loss").total_cmp(&number(b, "validation_loss"))).unwrap();
    let onset = number(raised[0], "from_epoch");
    assert!((onset - number(best, "epoch")).abs() <= 2.0, "onset {onset}, best epoch {}", best["epoch"]);
    let last = epochs.last().unwrap();
    assert!(
        number(last, "train_loss") < 0.001 && number(last, "validation_loss") > 1.1 * number(best, "validation_loss"),
        "{last}"
    );
    assert!(findings(&events, "overfitting", "cleared").is_empty());
}

#[test]
fn the_stall_lesson_sticks_at_the_baseline_and_says_so() {
    let events = train("stall", &[]);
    let raised = findings(&events, "plateau", "raised");
    assert_eq!((raised.len(), &raised[0]["severity"]), (1, &Value::from("warning")));
    let baseline = of_kind(&events, "started")[0]["baseline"]["loss"].as_f64().unwrap();
    let from = number(raised[0], "from_epoch");
    for epoch in of_kind(&events, "epoch").iter().filter(|it| number(it, "epoch") > from) {
        let loss = number(epoch, "validation_loss");
        assert!((loss / baseline - 1.0).abs() < 0.05, "epoch {}: {loss}, baseline {baseline}", epoch["epoch"]);
    }
}

#[test]
fn the_early_stopping_lesson_stops_when_accuracy_has_not_improved_for_its_patience() {
    let events = train("early_stopping", &[]);
    let finished = of_kind(&events, "finished")[0];
    assert_eq!(finished["reason"], "early_stopping");
    let accuracy: Vec<f64> =
        of_kind(&events, "epoch").iter().map(|it| it["metrics"]["validation_accuracy"].as_f64().unwrap()).collect();
    let best = accuracy.iter().copied().fold(0.0, f64::max);
    let best_epoch = accuracy.iter().position(|it| *it == best).unwrap() + 1;
    assert_eq!(accuracy.len(), best_epoch + 10, "patience of the lesson");
    assert_eq!(finished["best_epoch"], best_epoch);
    assert!(accuracy.len() < 200, "it must stop before its last epoch");
}

#[test]
fn healthy_samples_raise_no_warning() {
    for name in ["welcome", "used_cars", "digits", "churn", "early_stopping"] {
        let events = train(name, &[]);
        let raised: Vec<_> = of_kind(&events, "finding").into_iter().filter(|it| it["severity"] != "info").collect();
        assert!(raised.is_empty(), "{name}: {raised:?}");
    }
}

/// Bounds a little below the mean over three seeds, which the benchmark `samples` measures.
#[test]
fn quick_samples_reach_their_test_results() {
    for (name, measure, least) in [
        ("welcome", "accuracy", 0.97),
        ("used_cars", "r2", 0.86),
        ("churn", "roc_auc", 0.84),
        ("spam", "accuracy", 0.94),
        ("digits", "accuracy", 0.96),
    ] {
        let events = train(name, &[]);
        let reached = of_kind(&events, "finished")[0]["test"][measure].as_f64().unwrap();
        assert!(reached >= least, "{name}: {measure} {reached}, hoped for {least}");
    }
}
