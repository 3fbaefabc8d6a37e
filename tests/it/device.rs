//! Training through a graphics driver. The software one will do; without any these tests fail.

use std::io::Write as _;
use std::path::Path;

use crate::program::{Place, of_kind, sample};

/// Rounding, summed over three epochs.
const TOLERANCE: f64 = 1e-3;

fn losses(place: &Place, device: &str) -> Vec<f64> {
    let project = sample("used_cars");
    let events = place.train(&[&project, "--set", "epochs=3", "--device", device, "--out", &device.replace(':', "")]);
    let started = of_kind(&events, "started");
    assert_eq!(started[0]["device"], device, "the run must say where it trained");
    let epochs = of_kind(&events, "epoch");
    epochs.iter().flat_map(|it| [it["train_loss"].as_f64().unwrap(), it["validation_loss"].as_f64().unwrap()]).collect()
}

#[test]
fn a_graphics_adapter_gives_the_processors_losses() {
    let place = Place::new();
    let outcome = place.run(&["devices", "--json"]);
    let devices: Vec<serde_json::Value> = serde_json::from_str(&outcome.stdout).unwrap();
    let adapter = devices.iter().find(|it| it["kind"] != "processor");
    let adapter = adapter.expect("no Vulkan driver: install mesa-vulkan-drivers for the software one");
    assert_eq!(adapter["problem"], serde_json::Value::Null);
    let (cpu, gpu) = (losses(&place, "cpu"), losses(&place, adapter["id"].as_str().unwrap()));
    assert_eq!((cpu.len(), gpu.len()), (6, 6));
    for (cpu, gpu) in cpu.iter().zip(&gpu) {
        assert!((cpu - gpu).abs() / cpu < TOLERANCE, "CPU {cpu}, adapter {gpu}");
    }
    assert_ne!(cpu, gpu, "the same bits would mean that the processor trained twice");
}

/// The loss of every step, in order.
fn steps(run: &Path) -> Vec<f64> {
    let text = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let events: Vec<serde_json::Value> = text.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let steps = of_kind(&events, "step");
    assert!(steps.iter().zip(1..).all(|(it, nth)| it["step"] == nth), "each is told once, in order");
    steps.iter().map(|it| it["train_loss"].as_f64().unwrap()).collect()
}

/// Of the used cars: 862 training rows in batches of 32.
const STEPS_AN_EPOCH: usize = 27;

/// A training that is cut short behind its second of six epochs, as if it had been killed there, and goes on; with
/// dropout and Adam, whose states must come back for it.
#[test]
fn a_run_goes_on_through_a_graphics_driver_as_if_it_had_not_been_interrupted() {
    const CUT: usize = 2 * STEPS_AN_EPOCH;
    let (place, project) = (Place::new(), sample("used_cars"));
    for out in ["whole", "cut"] {
        let mut arguments = vec![project.as_str(), "--device", "gpu:0", "--out", out, "--log-every", "1"];
        for setting in ["epochs=6", "stopping=off", "optimizer=adam", "learning_rate=0.003", "model.dropout=0.2"]
            .into_iter()
            .chain(["checkpoint.epochs=1", "checkpoint.seconds=off", "checkpoint.keep=9"])
        {
            arguments.extend(["--set", setting]);
        }
        place.train(&arguments);
    }
    let events = std::fs::read_to_string(place.path("cut/events.jsonl")).unwrap();
    place.write(
        "cut/events.jsonl",
        events.lines().filter(|it| !it.contains("finished")).collect::<Vec<_>>().join("\n") + "\n",
    );
    for entry in std::fs::read_dir(place.path("cut/checkpoints")).unwrap() {
        let path = entry.unwrap().path();
        let step: usize = path.file_stem().unwrap().to_str().unwrap()["step-".len()..].parse().unwrap();
        if step > CUT {
            std::fs::remove_file(path).unwrap();
        }
    }
    let outcome = place.run(&["train", "--resume", "cut", "--json"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains(r#""event":"resumed","step":54"#), "{}", outcome.stdout);
    assert!(outcome.stdout.contains("later ones may drift apart"), "{}", outcome.stdout);
    let (whole, cut) = (steps(&place.path("whole")), steps(&place.path("cut")));
    assert_eq!((whole.len(), cut.len()), (6 * STEPS_AN_EPOCH, 6 * STEPS_AN_EPOCH));
    let apart: Vec<f64> = whole.iter().zip(&cut).map(|(whole, cut)| (whole - cut).abs() / whole).collect();
    let most = |steps: &[f64]| steps.iter().copied().fold(0.0, f64::max);
    // Later drift is told and no failure.
    let (next, later) = (most(&apart[CUT..CUT + 20]), most(&apart[CUT + 20..]));
    writeln!(std::io::stdout(), "apart by {next:.1e} in the next 20 steps, by {later:.1e} later").unwrap();
    assert!(next < TOLERANCE, "{:?}", &apart[CUT..CUT + 20]);
}

#[test]
fn verifying_a_device_compares_loss_and_gradient() {
    let outcome = Place::new().run(&["devices", "--verify", "gpu:0", "--project", &sample("used_cars")]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("Agrees with the CPU: loss "), "{}", outcome.stdout);
}
