//! What diagnosing costs: epochs as they arrive, through every rule.

use std::collections::BTreeMap;
use std::time::Instant;

use learnscope::diagnose::{Context, Doctor};
use learnscope::run::{ClassRow, EpochRow, LayerRow, Started};
use learnscope::spec::Project;

const EPOCHS: [u64; 3] = [25_000, 50_000, 100_000];
const ROUNDS: usize = 5;

/// Prints the median of some rounds for each length; the time an epoch takes must not grow with their number.
pub(crate) fn speed() {
    println!("{:>8} {:>10} {:>14}", "epochs", "seconds", "us an epoch");
    for n in EPOCHS {
        let rows: Vec<_> = (1..=n).map(row).collect();
        let mut times: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let mut doctor = Doctor::new(context(n));
                let began = Instant::now();
                let told: usize = rows.iter().map(|row| doctor.observe(row).len()).sum();
                assert!(told < 5000, "a doctor who chatters is not listened to: {told}");
                began.elapsed().as_secs_f64()
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let median = times[ROUNDS / 2];
        println!("{n:>8} {median:>10.3} {:>14.2}", median * 1e6 / n as f64);
    }
}

fn context(epochs: u64) -> Context {
    let baseline = BTreeMap::from([("loss".to_owned(), 0.693), ("accuracy".to_owned(), 0.5)]);
    let started = Started {
        task: "binary".to_owned(),
        classes: vec!["no".to_owned(), "yes".to_owned()],
        device: "cpu".to_owned(),
        train_rows: 960,
        validation_rows: 400,
        steps_per_epoch: 30,
        epochs,
        baseline,
        initial_loss: Some(0.7),
        ..Started::default()
    };
    Context::new(&Project::default(), &started)
}

/// A run that falls, turns and jitters, with everything measured that can be.
fn row(epoch: u64) -> EpochRow {
    let x = epoch as f64;
    let noise = |salt: u64| ((epoch.wrapping_mul(0x9E37_79B9).wrapping_add(salt) >> 3) % 1000) as f64 / 1000.0 - 0.5;
    let train = 0.1 + 0.6 * (-x / 3000.0).exp() * (1.0 + 0.02 * noise(1));
    let validation = 0.2 + 0.5 * (-x / 2000.0).exp() + 1e-6 * x + 0.01 * noise(7);
    let layer = |idx: usize| LayerRow {
        name: format!("linear {idx}"),
        weight: 0.1,
        gradient: 0.01 * (1.0 + noise(idx as u64)),
        update: 1e-4,
        activation: "relu".to_owned(),
        dead: Some(0.1),
        mean: Some(0.2),
        deviation: Some(0.4),
        ..LayerRow::default()
    };
    EpochRow {
        epoch,
        step: 30 * epoch,
        train_loss: train,
        validation_loss: validation,
        metrics: BTreeMap::from([
            ("train_accuracy".to_owned(), 0.9 + 0.05 * noise(3)),
            ("validation_accuracy".to_owned(), 0.85 + 0.05 * noise(4)),
        ]),
        learning_rate: 0.001,
        gradient_norm: Some(0.5 + 0.2 * noise(5)),
        validation_se: Some(0.02),
        seconds: 0.01,
        train_parts: (0..8).map(|idx| train + 0.02 * noise(10 + idx)).collect(),
        batch_deviation: Some(0.05),
        classes: vec![ClassRow { rows: 200, predicted: 200, correct: 170 }; 2],
        errors_by_certainty: vec![0.01, 0.05, 0.15, 0.4],
        layers: (1..=4).map(layer).collect(),
        timing: None,
    }
}
