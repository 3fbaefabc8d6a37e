//! How much memory a training will take, told before it begins.
//!
//! A model of what [`super::Trainer`] and a run keep at the moment when they keep most: a step while the checkpoint
//! before it is still being written. Counted in numbers of four bytes above what the program and its data take; what
//! `benches/memory.rs` measures beside it lies within a quarter where it is 200 MB or more; below, the room for the
//! program itself is the larger part, and may be twice as much.

mod activations;
mod advice;

pub use advice::{Advice, Remedy as MemoryRemedy, advise};

use strum::{EnumIter, EnumMessage, IntoEnumIterator as _};

use crate::data::Prepared;
use crate::spec::{InputShape, LayerSpec, OptimizerSpec, Project, ShapeError, Task, n_parameters};

/// Bytes of a 32-bit float.
const NUMBER: u64 = 4;
/// An update works on the largest matrix beside the optimizer's memory of it; measured.
const UPDATE_WORK: f64 = 1.5;
/// Threads, measuring, messages and the program's own code as it is read in take about so many bytes whatever is
/// trained; measured.
const ROOM: u64 = 16_000_000;
/// A checkpoint is a copy of the numbers, and the file they are put together to.
const CHECKPOINT_COPIES: u64 = 2;

/// What of the data decides how much memory a training takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DataSize {
    pub input: InputShape,
    pub task: Task,
    /// Rows that are trained on.
    pub train: u64,
}

/// What memory is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumIter, EnumMessage)]
pub enum Part {
    /// parameters · 4 bytes
    #[strum(message = "Weights")]
    Weights,
    /// parameters · 4 bytes: one slope for each weight
    #[strum(message = "Gradients")]
    Gradients,
    /// parameters that learn · numbers the optimizer remembers of each · 4 bytes, and what an update works with
    #[strum(message = "Optimizer state")]
    Optimizer,
    /// rows in a batch · values between the layers that the backward pass needs · 4 bytes
    #[strum(message = "Activations")]
    Activations,
    /// rows in a batch · values in a row · 4 bytes
    #[strum(message = "Batch")]
    Batch,
    /// the best weights so far, the copies that a checkpoint is written from, and 16 MB for the program itself
    #[strum(message = "Kept copies")]
    Kept,
}

/// Bytes that a training takes above what the program and its data take before the network is built. Modelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    pub weights: u64,
    pub gradients: u64,
    pub optimizer: u64,
    pub activations: u64,
    pub batch: u64,
    pub kept: u64,
}

impl DataSize {
    /// Of data that a network trains on.
    pub fn of(data: &Prepared) -> Self {
        Self { input: data.input, task: data.task, train: data.split.train.len() as u64 }
    }
}

impl Part {
    /// Its name on screen.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// How it is counted.
    pub fn formula(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

impl Forecast {
    /// What one part takes, in bytes.
    pub fn of(&self, part: Part) -> u64 {
        match part {
            Part::Weights => self.weights,
            Part::Gradients => self.gradients,
            Part::Optimizer => self.optimizer,
            Part::Activations => self.activations,
            Part::Batch => self.batch,
            Part::Kept => self.kept,
        }
    }

    /// Every part with its bytes, in the order they are told.
    pub fn parts(&self) -> impl Iterator<Item = (Part, u64)> {
        Part::iter().map(|part| (part, self.of(part)))
    }

    /// All parts together.
    pub fn total(&self) -> u64 {
        self.parts().map(|it| it.1).sum()
    }

    /// The part that takes most.
    pub fn biggest(&self) -> Part {
        self.parts().max_by_key(|it| it.1).map_or(Part::Weights, |it| it.0)
    }
}

/// Foretells what training a project on data of this size will take.
///
/// # Errors
/// When the network cannot be built on the data.
pub fn forecast(project: &Project, data: &DataSize) -> Result<Forecast, ShapeError> {
    let layers = project.model.layers(data.input, project.loss.n_outputs(data.task))?;
    let bytes = |n: u64| n.saturating_mul(NUMBER);
    let parameters = n_parameters(&layers) as u64;
    let learning = n_parameters(learning(&layers, project.model.n_frozen())) as u64;
    let rows = batch_rows(project, data);
    let Slots { in_use, written } = slots(&project.optimizer);
    let largest = layers.iter().map(LayerSpec::n_parameters).max().unwrap_or(0) as f64;
    let work = if in_use > 0 { (UPDATE_WORK * largest) as u64 } else { 0 };
    let checkpoint = if writes_checkpoints(project) {
        CHECKPOINT_COPIES * (2 * parameters + written * learning)
    } else {
        // The one before the first step, of weights alone, is gone before the best weights are kept.
        (CHECKPOINT_COPIES - 1) * parameters
    };
    Ok(Forecast {
        weights: bytes(parameters),
        gradients: bytes(parameters),
        optimizer: bytes(in_use * learning + work),
        activations: bytes(rows.saturating_mul(activations::values_a_row(&layers, data.input))),
        batch: bytes(rows.saturating_mul(data.input.n_values() as u64)),
        kept: bytes(parameters + checkpoint) + ROOM,
    })
}

/// Rows in one step: the batch size, and at most all of them.
fn batch_rows(project: &Project, data: &DataSize) -> u64 {
    project.training.batch_size.map_or(data.train, |it| it.min(data.train)).max(1)
}

fn writes_checkpoints(project: &Project) -> bool {
    project.checkpoint.seconds.is_some() || project.checkpoint.epochs.is_some()
}

/// The layers behind those that do not learn, batch norms of these included.
fn learning(layers: &[LayerSpec], n_frozen: usize) -> &[LayerSpec] {
    let weighted = |it: &LayerSpec| matches!(it, LayerSpec::Linear { .. } | LayerSpec::Conv { .. });
    let mut positions = layers.iter().enumerate().filter(|(_, it)| weighted(it)).map(|it| it.0);
    positions.nth(n_frozen).map_or(&[], |at| &layers[at..])
}

/// Numbers that an optimizer remembers of each parameter.
struct Slots {
    in_use: u64,
    /// In a checkpoint: RMSProp's average is written twice there.
    written: u64,
}

fn slots(optimizer: &OptimizerSpec) -> Slots {
    let same = |n: u64| Slots { in_use: n, written: n };
    match optimizer {
        OptimizerSpec::Sgd(it) => same(u64::from(it.momentum > 0.0)),
        OptimizerSpec::Rmsprop(it) => {
            let momentum = u64::from(it.momentum > 0.0);
            Slots { in_use: 1 + momentum, written: 2 + momentum }
        }
        OptimizerSpec::Adagrad(_) | OptimizerSpec::Lion(_) => same(1),
        OptimizerSpec::Adam(_) | OptimizerSpec::Adamw(_) => same(2),
    }
}

#[cfg(test)]
mod tests;
