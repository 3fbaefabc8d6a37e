//! Made-up runs with layers, for the rules that read them.

use super::{Context, Noise, regression, run};
use crate::run::{EpochRow, LayerRow};

/// A healthy run of 60 epochs with so many hidden ReLU layers of 32 units: gradients and updates as PyTorch's first
/// weights and Adam at 0.001 give them, with the noise of a single batch, and gradients that shrink towards the input.
pub(in crate::diagnose) fn healthy(seed: u64, n_hidden: usize) -> Vec<EpochRow> {
    let mut noise = Noise::new(seed);
    let mut rows = run(60, |epoch| (0.15 + (-epoch / 6.0).exp(), 0.18 + (-epoch / 6.0).exp()));
    for row in &mut rows {
        let mut draw = |scale: f64| scale * (0.3 * noise.normal()).exp();
        let layer = |idx: usize| {
            let is_output = idx == n_hidden;
            LayerRow {
                name: if is_output { "output".to_owned() } else { format!("linear {}", idx + 1) },
                weight: 0.1,
                gradient: draw(0.02 * 0.5_f64.powi((n_hidden - idx) as i32)),
                update: draw(3e-4),
                activation: if is_output { String::new() } else { "relu".to_owned() },
                dead: (!is_output).then_some(0.125),
                saturated: None,
                mean: Some(0.2),
                deviation: Some(0.4),
            }
        };
        row.layers = (0..=n_hidden).map(layer).collect();
    }
    rows
}

/// The same run with every layer of every epoch changed; layers are counted from 0.
pub(in crate::diagnose) fn changed(
    mut rows: Vec<EpochRow>,
    mut change: impl FnMut(u64, usize, &mut LayerRow),
) -> Vec<EpochRow> {
    for row in &mut rows {
        let epoch = row.epoch;
        row.layers.iter_mut().enumerate().for_each(|(idx, it)| change(epoch, idx, it));
    }
    rows
}

/// The same run with a loss that stays where it was at first.
pub(in crate::diagnose) fn stuck(mut rows: Vec<EpochRow>) -> Vec<EpochRow> {
    for row in &mut rows {
        (row.train_loss, row.validation_loss) = (1.0, 1.0);
    }
    rows
}

/// Runs that between them trouble every rule that reads layers and batches, by the rule's name.
pub(in crate::diagnose) fn troubles() -> Vec<(&'static str, Context, Vec<EpochRow>)> {
    let set = |settings: &[&str]| {
        let mut context = regression();
        for it in settings {
            context.project.set(it).unwrap();
        }
        context
    };
    let fading = |_: u64, idx: usize, it: &mut LayerRow| {
        it.gradient = 0.02 * 0.1_f64.powi(4 - idx as i32);
        it.activation = "sigmoid".to_owned();
        it.dead = None;
    };
    let mut exploding = stuck(healthy(1, 2));
    for it in &mut exploding {
        it.gradient_norm = Some(500.0);
    }
    let mut sawtooth = healthy(1, 2);
    for row in &mut sawtooth {
        row.train_parts = [0.5, 0.2, 0.0, -0.1, 0.5, 0.2, 0.0, -0.1].map(|it| row.train_loss + it).into();
        row.batch_deviation = Some(0.1);
    }
    let whole = run(40, |epoch| (0.95 - 0.004 * epoch, 0.95));
    vec![
        (
            "vanishing-gradients",
            set(&["model.activation=sigmoid", "model.hidden=[32,32,32,32]"]),
            changed(stuck(healthy(1, 4)), fading),
        ),
        ("exploding-gradients", set(&["model.init_gain=4"]), exploding),
        (
            "dead-relu",
            set(&["learning_rate=0.1"]),
            changed(stuck(healthy(1, 2)), |_, _, it| it.dead = it.dead.map(|_| 1.0)),
        ),
        (
            "saturated-units",
            set(&["model.init_gain=8", "model.activation=tanh"]),
            changed(stuck(healthy(1, 2)), |_, idx, it| {
                it.saturated = (idx < 2).then_some(0.8);
            }),
        ),
        (
            "bad-initialization",
            Context { initial_loss: Some(30.0), ..set(&["model.init_gain=4"]) },
            stuck(healthy(1, 2)),
        ),
        (
            "frozen-layers",
            set(&["model.frozen=1"]),
            changed(healthy(1, 2), |_, idx, it| {
                if idx == 0 {
                    it.update = 0.0;
                }
            }),
        ),
        ("unshuffled-batches", set(&["training.shuffle=off"]), sawtooth),
        ("batch-size", Context { train_rows: 4000, steps_per_epoch: 1, ..set(&["batch_size=all"]) }, whole),
    ]
}
