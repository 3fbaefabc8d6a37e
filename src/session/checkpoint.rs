//! Where a training stands between two steps, as one file from which it goes on as if it had never stopped.
//!
//! A checkpoint is a safetensors file that any reader of that format can open: weights under `network.`, the
//! optimizer's memory under `optimizer.`, the best weights so far under `best.`, what the network said of the rows of
//! an unfinished epoch under `epoch.`; and beside the numbers, as JSON, the [`Position`]. Chance needs no state: every
//! draw is keyed by seed, step and purpose.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::worker::Plateau;
use crate::diagnose::stops::Watch;
use crate::engine::{Memory, Weights};
use crate::run::EpochRow;
use crate::spec::Project;

/// Of the file format; a later one is refused.
const VERSION: u32 = 1;

/// Everything of a training that is not a tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) version: u32,
    /// Updates made.
    pub(super) step: u64,
    /// Epochs completed.
    pub(super) epoch: u64,
    /// As it stood, knobs turned while training included.
    pub(super) project: Project,
    /// Every how many steps a `step` event was asked for.
    pub(super) log_every: Option<u64>,
    /// Where early stopping stands.
    pub(super) watch: Watch,
    /// Where the schedule stands, beyond what step and epoch say.
    pub(super) plateau: Plateau,
    /// Norm of all gradients when it was last measured, as the bits of a double: it may be infinite.
    pub(super) last_norm: Option<u64>,
    pub(super) best: Option<EpochRow>,
    pub(super) last: Option<EpochRow>,
    /// Mean loss of every batch of the unfinished epoch, in order.
    pub(super) losses: Vec<f64>,
    /// Bytes of `events.jsonl` and `timing.jsonl` that were told by then.
    pub(super) events: u64,
    pub(super) timing: u64,
    /// Seconds spent on steps, and rows learned from, for the run's speed.
    pub(super) trained_seconds: f64,
    pub(super) trained_rows: u64,
    /// Wall seconds since it began, without those in which nobody trained it.
    #[serde(default)]
    pub(super) seconds: f64,
    /// Lowest validation loss at a checkpoint, and the step of that one, which is kept whatever is newer.
    pub(super) best_kept: Option<(f64, u64)>,
    /// Counts of the optimizer's memory.
    pub(super) counts: BTreeMap<String, u64>,
    /// Turns of its course that a fork has taken.
    #[serde(default)]
    pub(super) turns: usize,
    /// Whether early stopping has ended it there.
    #[serde(default)]
    pub(super) has_stopped: bool,
}

/// A training between two steps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Checkpoint {
    pub(super) position: Position,
    pub(super) weights: Weights,
    pub(super) memory: Memory,
    /// The best weights so far.
    pub(super) best: Option<Weights>,
    /// What the network said of the unfinished epoch's rows, `[rows, outputs]`; empty where nobody asked.
    pub(super) outputs: Vec<f32>,
}

/// The file's words: where the numbers end, and what makes sure that all of it is as it was written.
const POSITION: &str = "position";
const CHECKSUM: &str = "crc32c";

impl Checkpoint {
    pub(super) fn new(mut position: Position, weights: Weights, memory: Memory) -> Self {
        position.version = VERSION;
        Self { position, weights, memory, best: None, outputs: Vec::new() }
    }

    /// The bytes of its file.
    pub(super) fn into_bytes(mut self) -> Result<Vec<u8>, String> {
        let mut all = Weights::default();
        all.extend_under("network.", self.weights);
        all.extend_under("optimizer.", self.memory.tensors);
        all.extend_under("best.", self.best.unwrap_or_default());
        all.push("epoch.outputs".to_owned(), (vec![self.outputs.len()], self.outputs));
        self.position.counts = self.memory.counts;
        let position = serde_json::to_string(&self.position).map_err(|err| err.to_string())?;
        let checksum = checksum(&position, &all).to_string();
        let words = HashMap::from([(POSITION.to_owned(), position), (CHECKSUM.to_owned(), checksum)]);
        all.to_bytes(words).map_err(|err| err.to_string())
    }

    /// Reads what [`Checkpoint::into_bytes`] wrote.
    ///
    /// # Errors
    /// In words, when any of it is not as it was written, or a later version wrote it.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (mut all, words) = Weights::from_bytes(bytes).map_err(|err| err.to_string())?;
        let word = |name: &str| words.get(name).ok_or_else(|| format!("it has no {name}"));
        let (position, told) = (word(POSITION)?, word(CHECKSUM)?);
        if checksum(position, &all).to_string() != *told {
            return Err("its checksum does not match what it holds".to_owned());
        }
        // What is quoted of an altered file may hold anything, and a message is one line.
        let mut position: Position = serde_json::from_str(position)
            .map_err(|err| format!("its position cannot be read: {err}").replace('\n', " "))?;
        if position.version > VERSION {
            return Err(format!("a later version of the program wrote it (format {})", position.version));
        }
        let counts = std::mem::take(&mut position.counts);
        let best = all.take_under("best.");
        Ok(Self {
            weights: all.take_under("network."),
            memory: Memory { tensors: all.take_under("optimizer."), counts },
            best: position.best.is_some().then_some(best),
            outputs: all.get("epoch.outputs").map(|it| it.values.clone()).unwrap_or_default(),
            position,
        })
    }
}

/// Over position, names, shapes and values, in the order of the names.
fn checksum(position: &str, weights: &Weights) -> u32 {
    let mut entries: Vec<_> = weights.iter().collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    entries.into_iter().fold(crc32c::crc32c(position.as_bytes()), |sum, (name, entry)| {
        let sum = crc32c::crc32c_append(sum, format!("{name}{:?}", entry.shape).as_bytes());
        crc32c::crc32c_append(sum, &entry.bytes())
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::spec::StoppingSpec;

    /// A checkpoint with other contents and the checksum that is right for them.
    pub(in crate::session) fn with_right_checksum(
        bytes: &[u8],
        alter: impl FnOnce(&mut String, &mut Weights),
    ) -> Vec<u8> {
        let (mut all, mut words) = Weights::from_bytes(bytes).unwrap();
        let mut position = words.remove(POSITION).unwrap();
        alter(&mut position, &mut all);
        let checksum = checksum(&position, &all).to_string();
        all.to_bytes(HashMap::from([(POSITION.to_owned(), position), (CHECKSUM.to_owned(), checksum)])).unwrap()
    }

    /// A small checkpoint at a step.
    pub(in crate::session) fn made_up(step: u64) -> Checkpoint {
        let mut weights = Weights::default();
        weights.push("layer.0.weight".to_owned(), (vec![2, 1], vec![0.5, f32::MIN_POSITIVE]));
        let mut tensors = Weights::default();
        tensors.push("layer.0.weight.momentum.moment_1".to_owned(), (vec![1, 2], vec![1e-30, -0.0]));
        let memory = Memory { tensors, counts: BTreeMap::from([("layer.0.weight.momentum.time".to_owned(), step)]) };
        let position = Position {
            version: 0,
            step,
            epoch: step / 10,
            project: Project::default(),
            log_every: Some(7),
            watch: Watch::new(&StoppingSpec::default()),
            plateau: Plateau::default(),
            last_norm: Some(f64::INFINITY.to_bits()),
            best: Some(EpochRow { epoch: 1, validation_loss: 0.1 + 0.2, ..EpochRow::default() }),
            last: None,
            losses: vec![1.0 / 3.0],
            events: 1234,
            timing: 56,
            trained_seconds: 0.25,
            trained_rows: 320,
            seconds: 1.5,
            best_kept: Some((0.5, 20)),
            counts: BTreeMap::new(),
            turns: 0,
            has_stopped: false,
        };
        let best = Some(weights.clone());
        Checkpoint { best, outputs: vec![0.25], ..Checkpoint::new(position, weights, memory) }
    }

    #[test]
    fn a_checkpoint_comes_back_to_the_bit() {
        let written = made_up(42);
        let read = Checkpoint::from_bytes(&written.clone().into_bytes().unwrap()).unwrap();
        assert_eq!(read, written);
        assert_eq!(read.weights.get("layer.0.weight").unwrap().values[1].to_bits(), f32::MIN_POSITIVE.to_bits());
        assert!(read.memory.tensors.get("layer.0.weight.momentum.moment_1").unwrap().values[1].is_sign_negative());
    }

    #[test]
    fn no_byte_of_a_checkpoint_can_change_unnoticed() {
        let bytes = made_up(42).into_bytes().unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            // What is read all the same must be what was written: JSON may be spelled in more than one way.
            let read = Checkpoint::from_bytes(&damaged);
            assert!(read.is_err() || read == Ok(made_up(42)), "byte {at} of {}", bytes.len());
        }
        for length in 0..bytes.len() {
            assert!(Checkpoint::from_bytes(&bytes[..length]).is_err(), "{length} bytes of {}", bytes.len());
        }
    }

    #[test]
    fn a_later_format_is_refused_in_words() {
        let mut checkpoint = made_up(1);
        checkpoint.position.version = VERSION + 1;
        let refused = Checkpoint::from_bytes(&checkpoint.into_bytes().unwrap()).unwrap_err();
        assert!(refused.contains("later version"), "{refused}");
    }
}
