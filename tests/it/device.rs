//! Training through a graphics driver. The software one will do; without any these tests fail.

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

#[test]
fn verifying_a_device_compares_loss_and_gradient() {
    let outcome = Place::new().run(&["devices", "--verify", "gpu:0", "--project", &sample("used_cars")]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.starts_with("Agrees with the CPU: loss "), "{}", outcome.stdout);
}
