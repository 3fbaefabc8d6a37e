//! The same first weights and the same rows give PyTorch's losses, step by step, for every optimizer.
//!
//! `tests/fixtures/parity/make.py` made the expected losses with PyTorch, Lion's with a few lines of its paper.

use serde_json::Value;

use crate::program::{Place, fixture, of_kind};

/// Rounding of 32-bit floats in another order of sums; the issue of a wrong formula is a thousand times larger.
const TOLERANCE: f64 = 1e-4;

#[test]
fn every_optimizer_follows_pytorch_for_fifty_steps() {
    let place = Place::new();
    let expected: Value = serde_json::from_slice(&std::fs::read(fixture("parity/expected.json")).unwrap()).unwrap();
    let cases = expected.as_array().or_else(|| expected["cases"].as_array()).unwrap();
    assert!(cases.len() >= 30, "only {} cases", cases.len());
    for (idx, case) in cases.iter().enumerate() {
        let worst = worst_difference(&place, case, idx);
        let allowed = TOLERANCE.max(3.0 * case["gap"].as_f64().unwrap());
        assert!(worst <= allowed, "{}: losses differ from PyTorch's by {worst:.1e}", case["name"]);
    }
}

/// Largest relative difference over the steps.
fn worst_difference(place: &Place, case: &Value, idx: usize) -> f64 {
    let (data, init) = match case["network"].as_str().unwrap() {
        "mlp" => ("mlp.csv", "mlp.init.safetensors"),
        "mlp_bn" => ("mlp.csv", "mlp_bn.init.safetensors"),
        "cnn" => ("cnn/cnn-images-idx3-ubyte", "cnn/init.safetensors"),
        other => panic!("no network {other}"),
    };
    let folder = fixture("parity");
    let project = place.write("parity.ron", format!("(data: (source: file(\"{}\")))", folder.join(data).display()));
    let (project, init, out) =
        (project.display().to_string(), folder.join(init).display().to_string(), format!("run-{idx}"));
    let mut arguments =
        vec![project.as_str(), "--init", &init, "--no-shuffle", "--log-every", "1", "--device", "cpu", "--out", &out];
    for setting in case["set"].as_array().unwrap() {
        arguments.extend(["--set", setting.as_str().unwrap()]);
    }
    let events = place.train(&arguments);
    let losses: Vec<f64> = of_kind(&events, "step").iter().map(|it| it["train_loss"].as_f64().unwrap()).collect();
    let expected: Vec<f64> = case["losses"].as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
    assert!(losses.len() >= expected.len() && expected.len() == 50, "{}: {} steps", case["name"], losses.len());
    let differences = losses.iter().zip(&expected).map(|(ours, theirs)| (ours - theirs).abs() / theirs.abs());
    differences.fold(0.0, f64::max)
}
