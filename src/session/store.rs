//! The checkpoints of a run folder: written whole, checked when read, and old ones gone only once a new one is safe.

use std::path::{Path, PathBuf};

use super::checkpoint::Checkpoint;
use crate::project::{disk, sweep, write_whole};

/// A run folder's `checkpoints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Store {
    folder: PathBuf,
}

/// A checkpoint's file, known by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Saved {
    pub(super) step: u64,
    pub(super) path: PathBuf,
}

/// The checkpoint to go on from, and what was wrong with those that are newer.
#[derive(Default)]
pub(super) struct Newest {
    pub(super) checkpoint: Option<Checkpoint>,
    /// A sentence for each that is damaged.
    pub(super) damaged: Vec<String>,
}

impl Store {
    pub(super) fn of(run: &Path) -> Self {
        Self { folder: run.join("checkpoints") }
    }

    /// Every checkpoint, the newest first. None where there is no folder.
    pub(super) fn list(&self) -> Vec<Saved> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut saved: Vec<_> = entries
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let step = name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()?;
                Some(Saved { step, path: entry.path() })
            })
            .collect();
        saved.sort_by_key(|it| std::cmp::Reverse(it.step));
        saved
    }

    /// Reads the newest checkpoint at or before a step that is whole and says no more than `events` bytes of the run were
    /// told by then.
    pub(super) fn newest(&self, events: u64, until: u64) -> Newest {
        let mut newest = Newest::default();
        for saved in self.list().into_iter().filter(|it| it.step <= until) {
            let read = std::fs::read(&saved.path)
                .map_err(|err| err.to_string())
                .and_then(|bytes| Checkpoint::from_bytes(&bytes));
            match read {
                Ok(checkpoint) if checkpoint.position.events <= events => {
                    newest.checkpoint = Some(checkpoint);
                    return newest;
                }
                Ok(_) => newest.damaged.push(format!(
                    "the checkpoint of step {} knows more of the run than its events tell, and is passed over ({})",
                    saved.step,
                    saved.path.display()
                )),
                Err(why) => newest.damaged.push(format!(
                    "the checkpoint of step {} is damaged and is passed over: {why} ({})",
                    saved.step,
                    saved.path.display()
                )),
            }
        }
        newest
    }

    /// Writes a checkpoint, and then lets those go that are neither among the `keep` newest nor the best one.
    ///
    /// # Errors
    /// As the file system gives them; every earlier checkpoint is still there then.
    pub(super) fn write(&self, checkpoint: Checkpoint, best_step: Option<u64>, keep: u64) -> Result<(), String> {
        let step = checkpoint.position.step;
        let path = self.folder.join(format!("step-{step:08}.safetensors"));
        let trouble =
            |err: &dyn std::fmt::Display| format!("a checkpoint cannot be written: {err} ({})", path.display());
        let bytes = checkpoint.into_bytes().map_err(|err| trouble(&err))?;
        disk::make_folder(&self.folder).map_err(|err| trouble(&err))?;
        write_whole(&path, &bytes).map_err(|err| trouble(&err))?;
        for old in self.list().into_iter().filter(|it| it.step < step).skip(keep.saturating_sub(1) as usize) {
            if Some(old.step) != best_step {
                // One that cannot be deleted takes room and does no harm.
                disk::remove(&old.path).ok();
            }
        }
        Ok(())
    }

    /// Deletes those behind a step, which a run that goes on from there will write again, and what a killed writer left.
    pub(super) fn forget_behind(&self, step: u64) {
        for saved in self.list().into_iter().filter(|it| it.step > step) {
            disk::remove(&saved.path).ok();
        }
        sweep(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::super::checkpoint::tests::made_up;
    use super::*;

    fn steps(store: &Store) -> Vec<u64> {
        store.list().iter().map(|it| it.step).collect()
    }

    #[test]
    fn the_newest_and_the_best_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        for step in [10, 20, 30, 40, 50] {
            store.write(made_up(step), Some(20), 2).unwrap();
        }
        assert_eq!(steps(&store), [50, 40, 20]);
        store.forget_behind(40);
        assert_eq!(steps(&store), [40, 20]);
    }

    #[test]
    fn a_damaged_checkpoint_is_named_and_the_one_before_it_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        for step in [10, 20, 30] {
            store.write(made_up(step), None, 9).unwrap();
        }
        let newest = store.list()[0].path.clone();
        let mut bytes = std::fs::read(&newest).unwrap();
        let middle = bytes.len() - 3;
        bytes[middle] ^= 1;
        std::fs::write(&newest, bytes).unwrap();
        let found = store.newest(u64::MAX, u64::MAX);
        assert_eq!(found.checkpoint.map(|it| it.position.step), Some(20));
        assert!(found.damaged[0].contains("step 30 is damaged"), "{:?}", found.damaged);
        let found = store.newest(1000, u64::MAX);
        assert!(found.checkpoint.is_none(), "events that are not there cannot be gone on from");
        assert_eq!(found.damaged.len(), 3);
        assert_eq!(store.newest(u64::MAX, 19).checkpoint.map(|it| it.position.step), Some(10));
    }

    #[test]
    fn where_nothing_can_be_written_the_earlier_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::of(folder.path());
        store.write(made_up(10), None, 1).unwrap();
        // A folder of that name is in the way of the file.
        std::fs::create_dir(folder.path().join("checkpoints/step-00000020.safetensors")).unwrap();
        let trouble = store.write(made_up(20), None, 1).unwrap_err();
        assert!(trouble.contains("cannot be written"), "{trouble}");
        assert_eq!(store.newest(u64::MAX, u64::MAX).checkpoint.map(|it| it.position.step), Some(10));
    }
}
