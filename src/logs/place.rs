//! Which file of a folder is the log.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::LogError;
use super::names::Tokens;

/// Loggers nest their files this deep at most, such as `lightning_logs/version_0/Loss_train`.
const DEEPEST: usize = 4;
/// Folders of data hold more; a log is not looked for among them.
const MOST_ENTRIES: usize = 20_000;
/// Names of so many runs are told in an error.
const MOST_TOLD: usize = 6;

/// What is to be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    File(PathBuf),
    /// The event files of one run, by folder and by age.
    Events {
        root: PathBuf,
        files: Vec<PathBuf>,
    },
}

/// Whether this is a run folder of this program, or a file in one that tells of the run.
pub fn is_run_folder(path: &Path) -> bool {
    run_folder(path).is_some()
}

fn run_folder(path: &Path) -> Option<&Path> {
    if path.join("project.ron").is_file() {
        return Some(path);
    }
    let is_events = path.file_name().is_some_and(|it| it == "events.jsonl");
    path.parent().filter(|it| is_events && it.join("project.ron").is_file())
}

pub(super) fn is_event_file(path: &Path) -> bool {
    path.file_name().is_some_and(|it| it.to_string_lossy().contains("tfevents"))
}

/// Finds the log: the file itself, or what a logger has written into the folder.
pub(super) fn find(path: &Path) -> Result<Found, LogError> {
    let place = path.display().to_string();
    if let Some(folder) = run_folder(path) {
        return Err(LogError::IsRun { place: folder.display().to_string() });
    }
    let unreadable = |err: std::io::Error| LogError::Unreadable { cause: err.to_string(), place: place.clone() };
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(Found::File(path.to_owned()));
    }
    let mut files = Vec::new();
    walk(path, 0, &mut files).map_err(unreadable)?;
    files.sort();
    for name in ["trainer_state.json", "metrics.csv"] {
        let named: Vec<_> = files.iter().filter(|it| it.file_name().is_some_and(|it| it == name)).collect();
        if let Some(own) = named.iter().find(|it| it.parent() == Some(path)) {
            return Ok(Found::File((*own).clone()));
        }
        // Of several checkpoints the last one knows the whole run.
        if let Some((_, last)) = named.iter().filter_map(|it| Some((checkpoint(it)?, it))).max() {
            return Ok(Found::File((**last).clone()));
        }
        if !named.is_empty() {
            return one(&named, path).map(Found::File);
        }
    }
    let events: Vec<_> = files.iter().filter(|it| is_event_file(it)).cloned().collect();
    if !events.is_empty() {
        return one_run(&events, path);
    }
    let tables: Vec<_> =
        files.iter().filter(|it| it.extension().is_some_and(|it| it.eq_ignore_ascii_case("csv"))).collect();
    if tables.is_empty() { Err(LogError::NoLogs { place }) } else { one(&tables, path).map(Found::File) }
}

/// Every file below a folder that could be a log. Links are not followed, so that a circle of them ends.
fn walk(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if files.len() >= MOST_ENTRIES {
            break;
        }
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < DEEPEST {
            // A folder below that may not be looked into hides nothing of the others.
            walk(&path, depth + 1, files).ok();
        } else if !kind.is_dir() && is_log_name(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn is_log_name(path: &Path) -> bool {
    let ending = path.extension().map(|it| it.to_string_lossy().to_lowercase());
    is_event_file(path) || matches!(ending.as_deref(), Some("csv" | "json"))
}

/// The step of a Hugging Face checkpoint's folder.
fn checkpoint(path: &Path) -> Option<u64> {
    path.parent()?.file_name()?.to_str()?.strip_prefix("checkpoint-")?.parse().ok()
}

fn one(files: &[&PathBuf], root: &Path) -> Result<PathBuf, LogError> {
    match files {
        [only] => Ok((*only).clone()),
        _ => Err(several(files.iter().map(|it| it.as_path()), root)),
    }
}

fn several<'a>(paths: impl Iterator<Item = &'a Path>, root: &Path) -> LogError {
    let names: Vec<_> = paths.map(|it| it.strip_prefix(root).unwrap_or(it).display().to_string()).collect();
    let told: Vec<_> = names.iter().take(MOST_TOLD).map(|it| if it.is_empty() { "." } else { it }).collect();
    let more = names.len() - told.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let told = format!("{}{more}", told.join(", "));
    LogError::SeveralLogs { names: told, place: root.display().to_string() }
}

/// The event files of the one run below a folder. Folders named for a split, such as Keras' `train` and
/// `validation`, are parts of the run above them.
fn one_run(events: &[PathBuf], root: &Path) -> Result<Found, LogError> {
    let run_of = |file: &PathBuf| -> PathBuf {
        let folder = file.parent().unwrap_or(root);
        let is_part =
            folder != root && folder.file_name().is_some_and(|it| Tokens::of(&it.to_string_lossy()).names_split());
        let run = if is_part { folder.parent().unwrap_or(root) } else { folder };
        run.to_owned()
    };
    let mut runs: Vec<PathBuf> = events.iter().map(run_of).collect();
    runs.dedup();
    runs.sort();
    runs.dedup();
    match runs.as_slice() {
        [run] => Ok(Found::Events { root: run.clone(), files: events.to_vec() }),
        _ => Err(several(runs.iter().map(PathBuf::as_path), root)),
    }
}
