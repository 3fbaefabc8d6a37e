//! The folder in which runs are kept: what is in it, and a trash folder beside them from which they can be brought back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use rayon::prelude::*;

use super::glance::{Glance, RunState};
use super::recorder::lock;

/// Beside the runs, so that a deleted one only takes another name and no disk has to copy it.
const TRASH: &str = ".trash";
/// In a deleted run: its name before, and by the file's own time when that was.
const DELETED: &str = ".learnscope-deleted";
/// What was deleted stays this long.
pub const TRASH_DAYS: u64 = 30;
/// A training that has ended lets its folder go in this time.
const PATIENCE: Duration = Duration::from_secs(3);

/// Everything in a folder of runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// In the order of their folders' names.
    pub runs: Vec<Arc<Glance>>,
    /// Names of those that were deleted, newest first.
    pub trash: Vec<String>,
}

impl Listing {
    /// Looks into a folder. Runs that have not changed since `known` are not read again. A folder that is not there
    /// holds nothing.
    ///
    /// # Errors
    /// In words, when the folder cannot be looked into.
    pub fn of(folder: &Path, known: &Self) -> Result<Self, String> {
        let known: HashMap<&Path, &Arc<Glance>> = known.runs.iter().map(|it| (it.folder.as_path(), it)).collect();
        let mut folders = subfolders(folder)?;
        folders.sort();
        let runs = folders.par_iter().filter_map(|it| Glance::of(it, known.get(it.as_path()).copied())).collect();
        Ok(Self { runs, trash: trashed(folder).into_iter().map(|it| it.1).collect() })
    }

    /// A run by its folder.
    pub fn run(&self, folder: &Path) -> Option<&Arc<Glance>> {
        self.runs.iter().find(|it| it.folder == folder)
    }
}

/// Folders in a folder, hidden ones left out.
fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(err) => return Err(format!("the folder of runs cannot be looked into: {err} ({})", folder.display())),
    };
    let is_shown = |it: &std::fs::DirEntry| !it.file_name().to_string_lossy().starts_with('.');
    Ok(entries.flatten().filter(is_shown).map(|it| it.path()).filter(|it| it.is_dir()).collect())
}

/// Moves a run to the trash. Returns its name there.
///
/// # Errors
/// In words, when a program is training it, or the system refuses; it is where it was then.
pub fn delete(run: &Path) -> Result<String, String> {
    let name = run.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let trash = run.parent().unwrap_or(Path::new("")).join(TRASH);
    let trouble = |err: &dyn std::fmt::Display| format!("{name} cannot be deleted: {err} ({})", run.display());
    // Dropped before the folder moves: some systems move nothing that is open.
    drop(hold(run, &name)?);
    std::fs::create_dir_all(&trash).map_err(|err| trouble(&err))?;
    std::fs::write(run.join(DELETED), &name).map_err(|err| trouble(&err))?;
    let to = free_name(&trash, &name);
    std::fs::rename(run, trash.join(&to)).map_err(|err| {
        std::fs::remove_file(run.join(DELETED)).ok();
        trouble(&err)
    })?;
    Ok(to)
}

/// Whether the trash beside a run's folder holds one of its name.
pub fn is_in_trash(run: &Path) -> bool {
    let (Some(folder), Some(name)) = (run.parent(), run.file_name()) else { return false };
    folder.join(TRASH).join(name).exists()
}

/// Takes a run's lock. One that has ended is waited for: its training may still be in memory, and be letting it go.
fn hold(run: &Path, name: &str) -> Result<Arc<std::fs::File>, String> {
    let since = std::time::Instant::now();
    loop {
        let why = match lock(run) {
            Ok(held) => return Ok(held),
            Err(why) => why,
        };
        let is_over = Glance::of(run, None)
            .is_none_or(|it| it.told.as_ref().is_ok_and(|it| matches!(it.state, RunState::Ended(_))));
        if !is_over {
            return Err(format!("{name} is being trained and cannot be deleted; stop it first"));
        }
        if since.elapsed() > PATIENCE {
            return Err(why);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Moves a run back from the trash. Returns where it is.
///
/// # Errors
/// In words, when it is no longer there, or the system refuses.
pub fn bring_back(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let from = folder.join(TRASH).join(name);
    let own = std::fs::read_to_string(from.join(DELETED)).unwrap_or_default();
    let own = if own.is_empty() { name } else { own.as_str() };
    let to = folder.join(free_name(folder, own));
    std::fs::rename(&from, &to).map_err(|err| format!("{own} cannot be brought back: {err} ({})", from.display()))?;
    std::fs::remove_file(to.join(DELETED)).ok();
    Ok(to)
}

/// Deletes for good what was deleted before `now` by at least `days`.
///
/// # Errors
/// In words, with the first folder that the system will not let go.
pub fn empty_trash(folder: &Path, now: SystemTime, days: u64) -> Result<usize, String> {
    let mut n_gone = 0;
    for (since, name) in trashed(folder) {
        let age = now.duration_since(since).unwrap_or_default();
        if age >= Duration::from_secs(days * 24 * 60 * 60) {
            let path = folder.join(TRASH).join(&name);
            std::fs::remove_dir_all(&path)
                .map_err(|err| format!("{name} cannot be deleted for good: {err} ({})", path.display()))?;
            n_gone += 1;
        }
    }
    Ok(n_gone)
}

/// What is in the trash, newest first, and since when. A folder that does not say so is as old as itself.
fn trashed(folder: &Path) -> Vec<(SystemTime, String)> {
    let entries = std::fs::read_dir(folder.join(TRASH)).into_iter().flatten().flatten();
    let mut trashed: Vec<_> = entries
        .filter(|it| it.path().is_dir())
        .filter_map(|it| {
            let known = std::fs::metadata(it.path().join(DELETED)).or_else(|_| it.metadata()).ok()?;
            Some((known.modified().ok()?, it.file_name().to_string_lossy().into_owned()))
        })
        .collect();
    trashed.sort_by(|a, b| b.cmp(a));
    trashed
}

/// A name that no entry of a folder has: itself, else with a count behind it.
fn free_name(folder: &Path, name: &str) -> String {
    if !folder.join(name).exists() {
        return name.to_owned();
    }
    (2_u32..1_000_000).map(|n| format!("{name}~{n}")).find(|it| !folder.join(it).exists()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project;
    use crate::spec::Project;

    fn run_in(shelf: &Path, name: &str) -> PathBuf {
        let run = shelf.join(name);
        std::fs::create_dir_all(&run).unwrap();
        project::write(&run.join("project.ron"), &Project::default()).unwrap();
        std::fs::write(run.join("events.jsonl"), "{\"event\":\"started\",\"device\":\"cpu\"}\n").unwrap();
        run
    }

    fn names(shelf: &Path) -> (Vec<String>, Vec<String>) {
        let listing = Listing::of(shelf, &Listing::default()).unwrap();
        (listing.runs.iter().map(|it| it.id.clone()).collect(), listing.trash)
    }

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn what_was_deleted_comes_back_as_it_was() {
        let shelf = tempfile::tempdir().unwrap();
        let run = run_in(shelf.path(), "cars-1");
        run_in(shelf.path(), "cars-2");
        let files = |run: &Path| {
            let mut names: Vec<_> = std::fs::read_dir(run).unwrap().map(|it| it.unwrap().file_name()).collect();
            names.retain(|it| *it != *super::super::recorder::LOCK);
            names.sort();
            names
        };
        let before = files(&run);
        assert_eq!(delete(&run), Ok("cars-1".to_owned()));
        assert_eq!(names(shelf.path()), (owned(&["cars-2"]), owned(&["cars-1"])));
        assert_eq!(bring_back(shelf.path(), "cars-1"), Ok(run.clone()));
        assert_eq!((names(shelf.path()).1, files(&run)), (Vec::new(), before));
        assert!(bring_back(shelf.path(), "cars-1").unwrap_err().contains("cannot be brought back"));
    }

    #[test]
    fn two_of_one_name_are_both_kept() {
        let shelf = tempfile::tempdir().unwrap();
        delete(&run_in(shelf.path(), "cars-1")).unwrap();
        assert_eq!(delete(&run_in(shelf.path(), "cars-1")), Ok("cars-1~2".to_owned()));
        bring_back(shelf.path(), "cars-1~2").unwrap();
        bring_back(shelf.path(), "cars-1").unwrap();
        assert_eq!(names(shelf.path()), (owned(&["cars-1", "cars-1~2"]), Vec::new()));
    }

    #[test]
    fn a_run_that_is_being_trained_stays_and_says_why() {
        let shelf = tempfile::tempdir().unwrap();
        let run = run_in(shelf.path(), "cars-1");
        let held = lock(&run).unwrap();
        let refused = delete(&run).unwrap_err();
        assert_eq!(refused, "cars-1 is being trained and cannot be deleted; stop it first");
        assert_eq!(names(shelf.path()), (owned(&["cars-1"]), Vec::new()));
        drop(held);
        assert!(delete(&run).is_ok());
    }

    #[test]
    fn the_trash_is_emptied_of_what_is_old_enough() {
        let shelf = tempfile::tempdir().unwrap();
        for name in ["cars-1", "cars-2"] {
            delete(&run_in(shelf.path(), name)).unwrap();
        }
        let days = |n: u64| Duration::from_secs(n * 24 * 60 * 60);
        let note = std::fs::File::options().write(true).open(shelf.path().join(".trash/cars-1").join(DELETED)).unwrap();
        note.set_modified(SystemTime::now() - days(31)).unwrap();
        assert_eq!(empty_trash(shelf.path(), SystemTime::now(), TRASH_DAYS), Ok(1));
        assert_eq!(names(shelf.path()).1, owned(&["cars-2"]));
        assert_eq!(empty_trash(shelf.path(), SystemTime::now(), 0), Ok(1));
        assert!(names(shelf.path()).1.is_empty());
    }

    #[test]
    fn damaged_runs_are_listed_and_what_is_no_run_is_not() {
        let shelf = tempfile::tempdir().unwrap();
        run_in(shelf.path(), "good");
        std::fs::write(run_in(shelf.path(), "torn").join("project.ron"), "(").unwrap();
        std::fs::create_dir(shelf.path().join("thesis")).unwrap();
        std::fs::write(shelf.path().join("notes.txt"), "dear").unwrap();
        let listing = Listing::of(shelf.path(), &Listing::default()).unwrap();
        let told: Vec<_> = listing.runs.iter().map(|it| (it.id.as_str(), it.told.is_ok())).collect();
        assert_eq!(told, [("good", true), ("torn", false)]);
        assert_eq!(Listing::of(&shelf.path().join("nowhere"), &listing), Ok(Listing::default()));
    }
}
