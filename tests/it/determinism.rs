//! Same project, same seed: the same events to the bit on the processor, whatever the number of threads.

use serde_json::Value;

use crate::program::{Place, sample};

/// The run's events without times and paths.
fn curve(place: &Place, project: &str, settings: &[&str], threads: &str, out: &str) -> Vec<Value> {
    let project = sample(project);
    let mut arguments = vec![project.as_str(), "--device", "cpu", "--log-every", "7", "--out", out];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    place.train_with(&arguments, &[("RAYON_NUM_THREADS", threads)]);
    let text = std::fs::read_to_string(place.path(out).join("events.jsonl")).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for key in ["seconds", "samples_per_second", "run_dir", "run"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    events
}

fn check(project: &str, settings: &[&str]) {
    let place = Place::new();
    let first = curve(&place, project, settings, "1", "one");
    assert!(first.len() > 5, "a curve is more than {} events", first.len());
    assert_eq!(first, curve(&place, project, settings, "2", "two"), "{project} with two threads");
    assert_eq!(first, curve(&place, project, settings, "2", "again"), "{project} a second time");
    let other = [settings, &["seed=2"]].concat();
    assert_ne!(first, curve(&place, project, &other, "2", "other"), "{project} with another seed");
}

#[test]
fn a_wide_network_with_dropout_and_clipping_repeats_to_the_bit() {
    check("used_cars", &["epochs=4", "model.hidden=[512,256]", "model.dropout=0.3", "batch_size=256", "clip_norm=0.5"]);
}

#[test]
fn a_convolutional_network_with_batch_norm_and_dropout_repeats_to_the_bit() {
    check("clothing", &["epochs=2", "model.batch_norm=on", "model.dropout=0.2"]);
}
