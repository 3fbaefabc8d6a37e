//! What a checkpoint holds, part by part, for people: why a training can go on from it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::Checkpoint;
use super::store::Store;
use crate::engine::Weights;
use crate::spec::ScheduleKind;

/// A checkpoint, opened up.
#[derive(Clone, Debug, PartialEq)]
pub struct Contents {
    pub path: PathBuf,
    /// Updates made, and epochs completed.
    pub step: u64,
    pub epoch: u64,
    pub parts: Vec<Part>,
}

/// A part of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub name: &'static str,
    /// What is in it, in a few words.
    pub what: String,
    /// What would be lost without it, in a sentence.
    pub why: &'static str,
    pub bytes: u64,
    /// Its tensors by name, with their shapes.
    pub tensors: Vec<(String, Vec<usize>)>,
}

/// Steps of the checkpoints in a run folder, the newest first.
pub fn checkpoints(run: &Path) -> Vec<(u64, PathBuf)> {
    Store::of(run).list().into_iter().map(|it| (it.step, it.path)).collect()
}

/// Opens up a checkpoint's file.
///
/// # Errors
/// When it cannot be read or is damaged, in one line.
pub fn open_checkpoint(path: &Path) -> Result<Contents, String> {
    let trouble = |why: String| format!("the checkpoint cannot be opened: {why} ({})", path.display());
    let bytes = std::fs::read(path).map_err(|err| trouble(err.to_string()))?;
    let checkpoint = Checkpoint::from_bytes(&bytes).map_err(trouble)?;
    Ok(Contents {
        path: path.to_owned(),
        step: checkpoint.position.step,
        epoch: checkpoint.position.epoch,
        parts: parts(&checkpoint),
    })
}

fn parts(checkpoint: &Checkpoint) -> Vec<Part> {
    let position = &checkpoint.position;
    let words = |name, what: String, why, bytes| Part { name, what, why, bytes, tensors: Vec::new() };
    let n_done = position.losses.len();
    let schedule: &str = (&position.project.schedule.kind).into();
    let stopping = position.watch.countdown().map_or_else(
        || "nothing counted yet".to_owned(),
        |it| format!("{} of {} epochs without improvement since epoch {}", it.waited, it.patience, it.since_epoch),
    );
    vec![
        words(
            "Configuration",
            "every choice of the project, with what was turned while training".to_owned(),
            "Without it nobody knows what was trained",
            written(&position.project),
        ),
        tensors("Weights", &checkpoint.weights, "Without them training starts from the beginning"),
        tensors(
            "Optimizer\u{2019}s memory",
            &checkpoint.memory.tensors,
            "Without it the first steps go another way and another length, and the curve jumps",
        ),
        words(
            "Schedule",
            match &position.project.schedule.kind {
                ScheduleKind::Plateau(_) => format!("{schedule}, {} drops so far", position.plateau.drops),
                _ => format!("{schedule}, which follows from the step"),
            },
            "Without it the learning rate would start over",
            written(&position.plateau),
        ),
        words("Early stopping", stopping, "Without it patience would start over", written(&position.watch)),
        words(
            "Random numbers",
            format!(
                "nothing to store: every draw is keyed by seed {}, step and purpose",
                position.project.training.seed
            ),
            "Without their state dropout and order would be drawn anew",
            0,
        ),
        words(
            "Place in the epoch",
            if n_done == 0 {
                "between two epochs".to_owned()
            } else {
                format!("{n_done} {} into epoch {}", if n_done == 1 { "step" } else { "steps" }, position.epoch + 1)
            },
            "Without it rows would be seen twice, or not at all",
            8 * n_done as u64 + 4 * checkpoint.outputs.len() as u64,
        ),
        tensors(
            "Best weights so far",
            checkpoint.best.as_ref().unwrap_or(&Weights::default()),
            "Without them a run that only gets worse could not give its best back",
        ),
        words(
            "Metrics",
            format!("not in here: {} bytes of the run\u{2019}s events hold them", position.events),
            "They are not needed to go on",
            0,
        ),
    ]
}

fn tensors(name: &'static str, weights: &Weights, why: &'static str) -> Part {
    let tensors: Vec<_> = weights.iter().map(|(name, entry)| (name.clone(), entry.shape.clone())).collect();
    let n: usize = weights.iter().map(|(_, entry)| entry.values.len()).sum();
    let what = match tensors.len() {
        0 => "none".to_owned(),
        1 => format!("1 tensor, {n} numbers"),
        n_tensors => format!("{n_tensors} tensors, {n} numbers"),
    };
    Part { name, what, why, bytes: 4 * n as u64, tensors }
}

/// Bytes of a part that is written as JSON.
fn written(part: &impl Serialize) -> u64 {
    serde_json::to_vec(part).map_or(0, |it| it.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::tests::made_up;
    use super::*;

    #[test]
    fn a_checkpoint_is_opened_up_part_by_part_and_its_parts_make_up_its_size() {
        let folder = tempfile::tempdir().unwrap();
        Store::of(folder.path()).write(made_up(42), None, 2).unwrap();
        let (step, path) = checkpoints(folder.path()).remove(0);
        let contents = open_checkpoint(&path).unwrap();
        assert_eq!((step, contents.step, contents.epoch), (42, 42, 4));
        let part = |name: &str| contents.parts.iter().find(|it| it.name == name).unwrap();
        assert_eq!((part("Weights").bytes, part("Weights").what.as_str()), (8, "1 tensor, 2 numbers"));
        assert_eq!(part("Optimizer\u{2019}s memory").tensors[0].0, "layer.0.weight.momentum.moment_1");
        assert_eq!(part("Place in the epoch").what, "1 step into epoch 5");
        assert!(part("Random numbers").what.contains("keyed by seed"));
        let all: u64 = contents.parts.iter().map(|it| it.bytes).sum();
        let file = std::fs::metadata(&path).unwrap().len();
        assert!(all < file && 2 * all > file, "{all} of {file} bytes are told");
        std::fs::write(&path, b"junk").unwrap();
        assert!(open_checkpoint(&path).unwrap_err().contains("cannot be opened"));
    }
}
