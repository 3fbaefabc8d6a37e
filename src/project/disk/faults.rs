//! Faults on purpose: one operation below a folder fails, and perhaps everything behind it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Operation;

/// What happens at an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It fails, and everything behind it works.
    Once,
    /// The disk is full from then on: nothing that needs room succeeds.
    Full,
    /// The program is killed: nothing behind it happens.
    Kill,
    /// The same, and what had not reached the disk is lost.
    PowerCut,
}

/// An operation of a program: what it does, to which kind of file, and the how manieth time, from 0.
pub(crate) type Moment = (Operation, String, u64);

/// Faults below a folder, as long as this lives.
pub(crate) struct Faults(PathBuf);

struct Plan {
    folder: PathBuf,
    strikes: Option<(Kind, Moment)>,
    has_struck: bool,
    met: BTreeMap<(Operation, String), u64>,
    /// Bytes of each diary that are on the disk for good.
    synced: BTreeMap<PathBuf, u64>,
}

/// Several tests inject faults at once, each below a folder of its own.
static PLANS: Mutex<Vec<Plan>> = Mutex::new(Vec::new());

fn plans() -> MutexGuard<'static, Vec<Plan>> {
    PLANS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether what is done at a path is counted.
pub(crate) fn are_watched(path: &Path) -> bool {
    plans().iter().any(|it| path.starts_with(&it.folder))
}

impl Faults {
    /// Counts what is done below a folder, and strikes where that is asked for.
    pub(crate) fn below(folder: &Path, strikes: Option<(Kind, Moment)>) -> Self {
        let (met, synced) = (BTreeMap::new(), BTreeMap::new());
        plans().push(Plan { folder: folder.to_owned(), strikes, has_struck: false, met, synced });
        Self(folder.to_owned())
    }

    fn with<T>(&self, of: impl FnOnce(&Plan) -> T) -> T {
        of(plans().iter().find(|it| it.folder == self.0).expect("it lives as long as this"))
    }

    /// Everything that was done so far.
    pub(crate) fn moments(&self) -> Vec<Moment> {
        let times = |(key, n): (&(Operation, String), &u64)| {
            let (operation, name) = key.clone();
            (0..*n).map(move |nth| (operation, name.clone(), nth)).collect::<Vec<_>>()
        };
        self.with(|it| it.met.iter().flat_map(times).collect())
    }

    pub(crate) fn has_struck(&self) -> bool {
        self.with(|it| it.has_struck)
    }

    /// Takes from the diaries what a power cut takes.
    pub(crate) fn lose_what_was_not_synced(&self) {
        let synced = self.with(|it| it.synced.clone());
        for name in ["events.jsonl", "timing.jsonl"] {
            let path = self.0.join(name);
            if let Ok(file) = File::options().write(true).open(&path) {
                file.set_len(synced.get(&path).copied().unwrap_or(0)).unwrap();
            }
        }
    }
}

impl Drop for Faults {
    fn drop(&mut self) {
        plans().retain(|it| it.folder != self.0);
    }
}

/// An operation that is not to succeed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    kind: Kind,
    /// It is the operation that was named, and not one behind it.
    is_first: bool,
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        match self.kind {
            Kind::Once => io::Error::other("the device did not answer"),
            Kind::Full => io::ErrorKind::StorageFull.into(),
            Kind::Kill | Kind::PowerCut => io::Error::other("the program is gone"),
        }
    }

    /// How many of some bytes are written all the same.
    pub(super) fn lets_through(self, n: usize) -> usize {
        if self.is_first { n / 2 } else { 0 }
    }
}

/// Whether an operation fails; counts it.
pub(super) fn meet(operation: Operation, path: &Path) -> Option<Fault> {
    let mut plans = plans();
    let plan = plans.iter_mut().find(|it| path.starts_with(&it.folder))?;
    let name = kind_of_file(path.strip_prefix(&plan.folder).unwrap_or(path));
    let key = (operation, name);
    let nth = plan.met.entry(key.clone()).or_default();
    let moment = (key.0, key.1, *nth);
    *nth += 1;
    let (kind, at) = plan.strikes.as_ref()?;
    let is_first = !plan.has_struck && *at == moment;
    let is_behind = plan.has_struck
        && match kind {
            Kind::Once => false,
            Kind::Full => !matches!(operation, Operation::Cut | Operation::Remove),
            Kind::Kill | Kind::PowerCut => true,
        };
    plan.has_struck |= is_first;
    (is_first || is_behind).then_some(Fault { kind: *kind, is_first })
}

/// Checkpoints are one kind, whatever their steps.
fn kind_of_file(path: &Path) -> String {
    let is_in_folder = path.starts_with("checkpoints") && path.components().count() > 1;
    if is_in_folder { "a checkpoint".to_owned() } else { path.display().to_string() }
}

pub(super) fn note_synced(file: &File, path: &Path) {
    let mut plans = plans();
    if let Some(plan) = plans.iter_mut().find(|it| path.starts_with(&it.folder))
        && let Ok(it) = file.metadata()
    {
        plan.synced.insert(path.to_owned(), it.len());
    }
}
