//! What the choices come to: parameters, memory, steps and time.

use super::Meaning;
use crate::run::Run;
use crate::spec::{LayerSpec, n_parameters};
use crate::ui::pace::{LOOK_BACK, epoch_seconds};
use crate::ui::{grouped, short_number};

/// The parameters of each layer and their sum.
pub(in crate::ui) fn parameters(layers: &[LayerSpec]) -> Meaning {
    let about =
        "Every weight and bias of the network. Hyperparameters are what you choose; these are what training finds.";
    let term = |it: &LayerSpec| match it {
        LayerSpec::Linear { inputs, outputs } => Some(format!("({inputs} + 1) · {outputs}")),
        LayerSpec::Conv { inputs, outputs } => Some(format!("(9 · {inputs} + 1) · {outputs}")),
        LayerSpec::BatchNorm { features, .. } => Some(format!("2 · {features}")),
        LayerSpec::Activation(_) | LayerSpec::MaxPool | LayerSpec::Dropout { .. } | LayerSpec::Flatten => None,
    };
    let terms: Vec<_> = layers.iter().filter_map(term).collect();
    let all = n_parameters(layers);
    Meaning::new("Parameters", about, "Σ (inputs + 1) · outputs over layers")
        .with(format!("{} = {}", terms.join(" + "), grouped(all as u64)), all as f64)
}

/// What training takes of the memory, part by part, in bytes.
pub(in crate::ui) fn memory(parts: &[(&str, u64)]) -> Meaning {
    let about = "What training takes above program and data, modelled: within a quarter of what is measured.";
    let terms: Vec<_> = parts.iter().map(|(name, bytes)| format!("{name} {}", grouped(*bytes))).collect();
    let bytes: u64 = parts.iter().map(|it| it.1).sum();
    Meaning::new("Memory need", about, "sum of its parts")
        .with(format!("{} = {} bytes", terms.join(" + "), grouped(bytes)), bytes as f64)
}

/// `batch`: none for all rows at once.
pub(in crate::ui) fn steps_per_epoch(rows: u64, batch: Option<u64>) -> Meaning {
    let about = "Updates of the weights in one pass over the training rows; the last batch may be smaller.";
    let batch = batch.unwrap_or(rows).max(1);
    let steps = rows.div_ceil(batch).max(1);
    let text = format!("⌈{} / {}⌉ = {}", grouped(rows), grouped(batch), grouped(steps));
    Meaning::new("Steps per epoch", about, "⌈training rows / batch size⌉").with(text, steps as f64)
}

/// What an epoch of the run on the chart takes.
pub(in crate::ui) fn time_per_epoch(run: &Run) -> Meaning {
    let about = "What an epoch takes at this pace, validation included: one pause does not move it.";
    let meaning = Meaning::new("Time per epoch", about, format!("median of the last {LOOK_BACK} epochs"));
    match epoch_seconds(run) {
        Some(seconds) => meaning.with(format!("{} s", short_number(seconds)), seconds),
        None => meaning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_choices_come_to_is_worked_out() {
        let layers = [LayerSpec::Linear { inputs: 5, outputs: 64 }, LayerSpec::Linear { inputs: 64, outputs: 1 }];
        assert_eq!(parameters(&layers).values, "(5 + 1) · 64 + (64 + 1) · 1 = 449");
        assert_eq!(memory(&[("Weights", 1796), ("Batch", 204)]).result, Some(2000.0));
        assert_eq!(steps_per_epoch(919, Some(32)).result, Some(29.0));
        assert_eq!(steps_per_epoch(919, None).result, Some(1.0));
    }
}
