//! What a training takes: foretold and measured beside each other, and a budget that ends it and lets it go on.

use std::path::Path;

use learnscope::data::{load, prepare};
use learnscope::session::{DataSize, Forecast, MemoryPart, forecast};
use serde_json::Value;

use crate::program::{Place, of_kind, sample};
use crate::survival::told;

/// Dominated by what is kept between the layers: 13,000 rows in one step.
const WIDE_BATCH: [&str; 6] =
    ["batch_size=all", "model.hidden=[1024,1024]", "optimizer=sgd", "epochs=3", "stopping=off", "checkpoint.epochs=1"];

/// Dominated by weights, what Adam remembers of them, and the copies of both.
const MANY_WEIGHTS: [&str; 6] =
    ["batch_size=all", "model.hidden=[1536,1536]", "optimizer=adam", "epochs=3", "stopping=off", "checkpoint.epochs=1"];

fn arguments<'a>(project: &'a str, settings: &[&'a str]) -> Vec<&'a str> {
    let sets = settings.iter().flat_map(|it| ["--set", it]);
    [project, "--device", "cpu"].into_iter().chain(sets).collect()
}

fn foretold(project: &str, settings: &[&str]) -> Forecast {
    let mut project = learnscope::project::read(Path::new(project)).unwrap();
    for setting in settings {
        project.set(setting).unwrap();
    }
    let dataset = load(&project.data.source, Path::new("")).unwrap();
    let data = prepare(&dataset, &project.data, &project.split, project.training.seed).unwrap();
    forecast(&project, &DataSize::of(&data)).unwrap()
}

/// Bytes at the peak, as the process itself has measured them.
fn measured(run: &Path) -> f64 {
    let text = std::fs::read_to_string(run.join("timing.jsonl")).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["peak_memory"].as_f64().expect("the epoch's time comes with its memory")
}

#[test]
#[cfg(target_os = "linux")]
fn the_forecast_is_within_a_quarter_of_what_is_measured() {
    let cases = [("house_prices", WIDE_BATCH, MemoryPart::Activations), ("spam", MANY_WEIGHTS, MemoryPart::Kept)];
    for (name, settings, biggest) in cases {
        let (place, project) = (Place::new(), sample(name));
        let mut asked = arguments(&project, &settings);
        asked.extend(["--out", "run"]);
        place.train(&asked);
        let (foretold, measured) = (foretold(&project, &settings), measured(&place.path("run")));
        let ratio = foretold.total() as f64 / measured;
        assert!(measured > 200e6, "{name} takes {measured}");
        assert!((0.75..=1.25).contains(&ratio), "{name}: {foretold:?} against {measured}: {ratio}");
        assert_eq!(foretold.biggest(), biggest, "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_run_that_passes_its_budget_ends_in_a_line_and_goes_on_with_more_to_the_bit() {
    let (place, project) = (Place::new(), sample("house_prices"));
    let with = |out: &'static str, budget: &'static str| {
        let mut all = arguments(&project, &WIDE_BATCH);
        all.extend(["--set", budget, "--out", out]);
        all
    };
    place.train(&with("whole", "memory.budget=off"));
    let outcome = place.run(&[&["train", "--json"], &with("cut", "memory.budget=120")[..]].concat());
    assert_eq!(outcome.status, 3, "{}", outcome.stderr);
    let events: Vec<Value> = outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let warnings = of_kind(&events, "warning");
    let warned =
        |it: &&Value| it["text"].as_str().unwrap().contains("most of it activations, and memory.budget is 120 MB");
    assert_eq!(warnings.iter().filter(|it| warned(it)).count(), 1, "{warnings:?}");
    let end = of_kind(&events, "finished")[0];
    let text = end["text"].as_str().unwrap();
    assert_eq!(end["reason"], "failed");
    assert!(text.starts_with("Memory ran out: training took ") && text.contains("a smaller batch"), "{text}");
    assert_eq!(of_kind(&events, "epoch").len(), 1, "it ended before its second step, which is of the second epoch");
    let refused = place.run(&["train", "--resume", "cut", "--set", "epochs=9"]);
    assert_eq!(refused.status, 2, "{}", refused.stderr);
    let outcome = place.run(&["train", "--resume", "cut", "--json", "--set", "memory.budget=2000"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains(r#""event":"resumed","step":1"#), "{}", outcome.stdout);
    assert_eq!(told(&place.path("cut")), told(&place.path("whole")));
    let weights = |run: &str| std::fs::read(place.path(run).join("best.safetensors")).unwrap();
    assert!(weights("cut") == weights("whole"), "the same weights to the bit");
}
