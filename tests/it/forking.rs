//! Forks: a run's past is kept to the bit, and from its last epoch on another future begins.

use std::path::Path;

use serde_json::Value;

use crate::program::{Place, sample};

/// Steps in an epoch of the used cars: 862 training rows in batches of 32.
const STEPS: u64 = 27;

/// The run's events without times, paths and names.
fn told(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for key in ["seconds", "samples_per_second", "run_dir", "run", "parent"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    events
}

/// Two tellings are the same; where not, the first line that differs is shown.
#[track_caller]
fn assert_same(ours: &[Value], theirs: &[Value], what: &str) {
    let differs = ours.iter().zip(theirs).find(|(a, b)| a != b);
    assert!(differs.is_none() && ours.len() == theirs.len(), "{what}: {} {} {differs:?}", ours.len(), theirs.len());
}

/// Those of an epoch or before.
fn until(epoch: u64, events: &[Value]) -> Vec<Value> {
    let end = events.iter().position(|it| it["event"] == "epoch" && it["epoch"].as_u64() == Some(epoch)).unwrap();
    events[..=end].to_vec()
}

/// The newest checkpoint at or before a step.
fn earlier(run: &Path, step: u64) -> Option<u64> {
    let names = std::fs::read_dir(run.join("checkpoints")).unwrap().flatten().map(|it| it.file_name());
    let of = |it: std::ffi::OsString| it.to_str()?.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
    names.filter_map(of).filter(|it| *it <= step).max()
}

fn losses(events: &[Value]) -> Vec<f64> {
    events.iter().filter(|it| it["event"] == "epoch").map(|it| it["validation_loss"].as_f64().unwrap()).collect()
}

/// Trains the used cars for eight epochs, with everything in it that a retrace must get right.
fn parent(place: &Place, out: &str, settings: &[&str]) {
    let project = sample("used_cars");
    let mut arguments = vec!["train", &project, "--device", "cpu", "--quiet", "--out", out, "--log-every", "10"];
    let usual = [
        "epochs=8",
        "stopping=off",
        "model.dropout=0.2",
        "model.batch_norm=on",
        "schedule=plateau",
        "schedule.patience=0",
    ];
    for setting in usual.iter().chain(settings) {
        arguments.extend(["--set", setting]);
    }
    let outcome = place.run(&arguments);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
}

fn fork(place: &Place, run: &str, at: &str, out: &str, settings: &[&str]) -> String {
    let mut arguments = vec!["train", "--fork", run, "--at", at, "--out", out, "--log-every", "10"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    let outcome = place.run(&arguments);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{settings:?}");
    outcome.stdout
}

#[test]
fn a_fork_with_nothing_changed_is_its_parent_to_the_bit() {
    let place = Place::new();
    // Checkpoints behind every epoch, or none but the first, which goes as soon as there is a later one.
    for (kept, settings, has_any) in [
        ("all", ["checkpoint.epochs=1", "checkpoint.keep=20"], true),
        ("some", ["checkpoint.epochs=3", "checkpoint.keep=20"], true),
        ("last", ["checkpoint.epochs=7", "checkpoint.keep=1"], false),
    ] {
        parent(&place, kept, &settings);
        let out = format!("{kept}-fork");
        let said = fork(&place, kept, "5", &out, &[]);
        // Where the disk was busy when a checkpoint was due there is none, and an earlier one must do.
        let step = earlier(&place.path(kept), 5 * STEPS);
        let from = match step {
            Some(step) if step == 5 * STEPS => "from its checkpoint there".to_owned(),
            Some(step) => format!("retraces it from the checkpoint after step {step}"),
            None => "retraced from step 1".to_owned(),
        };
        assert!(said.contains(&from) && (!has_any || step.is_some()), "{kept}: {said}");
        assert_same(&told(&place.path(&out)), &told(&place.path(kept)), kept);
        let weights = |run: &str| std::fs::read(place.path(run).join("best.safetensors")).unwrap();
        assert_eq!(weights(&out), weights(kept), "{kept}");
        let first = std::fs::read_to_string(place.path(&out).join("events.jsonl")).unwrap();
        let first: Value = serde_json::from_str(first.lines().next().unwrap()).unwrap();
        assert_eq!((&first["run"], &first["parent"]["run"]), (&Value::from(out), &Value::from(kept)));
        assert_eq!(first["parent"]["epoch"], 5);
    }
}

#[test]
fn a_changed_knob_changes_nothing_before_the_fork_and_everything_behind_it() {
    let place = Place::new();
    parent(&place, "run", &["checkpoint.epochs=7", "checkpoint.keep=1"]);
    let run = told(&place.path("run"));
    for (idx, setting) in [
        "learning_rate=0.02",
        "batch_size=64",
        "schedule=cosine",
        "optimizer=lion",
        "optimizer.weight_decay=0.3",
        "model.dropout=0.5",
        "clip_norm=0.01",
        "training.shuffle=off",
    ]
    .into_iter()
    .enumerate()
    {
        let out = format!("fork-{idx}");
        fork(&place, "run", "4", &out, &[setting]);
        let events = told(&place.path(&out));
        assert_same(&until(4, &events), &until(4, &run), setting);
        let key = setting.split('=').next().unwrap();
        let changed = events.iter().find(|it| it["event"] == "changed" && it["key"] == key).unwrap();
        assert_eq!((&changed["by"], &changed["step"]), (&Value::from("fork"), &Value::from(4 * STEPS)), "{setting}");
        let (ours, theirs) = (losses(&events), losses(&run));
        assert_eq!((ours.len(), &ours[..4]), (8, &theirs[..4]), "{setting}");
        assert!(ours[4..].iter().zip(&theirs[4..]).all(|(a, b)| a != b), "{setting}: {ours:?} {theirs:?}");
        let steps = if setting == "batch_size=64" { 4 * STEPS + 4 * 14 } else { 8 * STEPS };
        let last = events.iter().rfind(|it| it["event"] == "epoch").unwrap();
        assert_eq!(last["step"], steps, "{setting}");
    }
}

#[test]
fn a_run_that_ended_goes_on_where_a_fork_gives_it_more_epochs_or_patience() {
    let place = Place::new();
    let spirals = sample("welcome");
    let train = ["train", &spirals, "--device", "cpu", "--quiet", "--out", "run", "--set", "pace=unlimited"];
    let early = ["stopping=patience", "stopping.patience=1", "stopping.min_delta=0.5"].map(|it| ["--set", it]).concat();
    assert_eq!(place.run(&[&train[..], &early[..]].concat()).status, 0);
    let run = told(&place.path("run"));
    let end = run.last().unwrap();
    assert_eq!(end["reason"], "early_stopping");
    let at = end["epochs"].to_string();
    fork(&place, "run", &at, "same", &[]);
    assert_eq!(told(&place.path("same")).last().unwrap()["epochs"], end["epochs"], "its patience is over, too");
    fork(&place, "run", &at, "longer", &["stopping=off", "epochs=9"]);
    let longer = told(&place.path("longer"));
    assert_eq!(
        (&longer.last().unwrap()["epochs"], &longer.last().unwrap()["reason"]),
        (&9.into(), &"completed".into())
    );
}

#[test]
fn a_fork_can_be_forked_and_resumed_and_needs_its_parent_no_more() {
    let place = Place::new();
    parent(&place, "run", &["checkpoint.epochs=7", "checkpoint.keep=1"]);
    fork(&place, "run", "3", "fork", &["learning_rate=0.02", "checkpoint.epochs=2", "checkpoint.keep=9"]);
    fork(&place, "fork", "6", "again", &["optimizer=sgd", "checkpoint.keep=1"]);
    let (first, second) = (told(&place.path("fork")), told(&place.path("again")));
    assert_same(&until(6, &second), &until(6, &first), "the past");
    assert_ne!(losses(&second)[6], losses(&first)[6]);
    let refused = place.run(&["train", "--fork", "again", "--at", "2", "--out", "no"]);
    assert!(
        refused.status == 2 && refused.stderr.contains("the same as fork; fork that one there"),
        "{}",
        refused.stderr
    );
    // Killed before it had a checkpoint of its own, and its parents gone: it makes all of it again.
    std::fs::remove_dir_all(place.path("run")).unwrap();
    std::fs::remove_dir_all(place.path("fork")).unwrap();
    std::fs::remove_dir_all(place.path("again/checkpoints")).unwrap();
    let text = std::fs::read_to_string(place.path("again/events.jsonl")).unwrap();
    place.write("again/events.jsonl", text.lines().take(4).collect::<Vec<_>>().join("\n") + "\n");
    let outcome = place.run(&["train", "--resume", "again", "--quiet", "--log-every", "10"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    assert_same(&told(&place.path("again")), &second, "made again");
}

#[test]
fn what_cannot_be_forked_is_refused_in_one_line_and_nothing_is_written() {
    let place = Place::new();
    parent(&place, "run", &["checkpoint.epochs=7", "checkpoint.keep=1"]);
    let refused = |arguments: &[&str], words: &str| {
        let outcome = place.run(&[&["train", "--out", "fork"], arguments].concat());
        assert_eq!((outcome.status, outcome.stderr.lines().count()), (2, 1), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.stderr);
        assert!(!place.path("fork").exists(), "{arguments:?}");
    };
    refused(&["--fork", "run"], "--at");
    refused(&["--fork", "nowhere", "--at", "3"], "not a run folder");
    refused(&["--fork", "run", "--at", "9"], "has epochs 1 to 8");
    refused(&["--fork", "run", "--at", "0"], "0 is not in 1..");
    refused(
        &["--fork", "run", "--at", "3", "--set", "model.hidden=[9]"],
        "model.hidden cannot change where a run is forked",
    );
    refused(&["--fork", "run", "--at", "3", "--set", "loss=mae"], "loss cannot change");
    refused(&["--fork", "run", "--at", "3", "--set", "learning_rat=1"], "learning_rate");
    refused(&["--fork", "run", "--at", "3", "--resume", "run"], "--resume");
    // A run that began with weights of its own has no first step that its project could tell.
    let project = sample("used_cars");
    let weights = place.path("run/best.safetensors").display().to_string();
    let arguments = ["train", &project, "--device", "cpu", "--quiet", "--out", "fed", "--init", &weights];
    let settings = ["epochs=8", "model.batch_norm=on", "checkpoint.epochs=7", "checkpoint.keep=1"];
    let settings: Vec<&str> = settings.into_iter().flat_map(|it| ["--set", it]).collect();
    assert_eq!(place.run(&[&arguments[..], &settings[..]].concat()).status, 0);
    refused(&["--fork", "fed", "--at", "3"], "began with weights of its own");
    let text = std::fs::read_to_string(place.path("run/encoder.ron")).unwrap();
    place.write("run/encoder.ron", text + " ");
    refused(&["--fork", "run", "--at", "3"], "data has changed");
}
