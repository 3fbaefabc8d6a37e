//! Curves that another program logged, read into the rows that the doctor takes.
//!
//! [`read`] knows CSV files (Keras' and Lightning's `CSVLogger`, or any table of curves), `trainer_state.json` of
//! Hugging Face's Trainer, and TensorBoard's event files. Which column means what is guessed from its name; a
//! [`Columns`] names one where the guess is wrong. Whatever the format, lines become [`Record`]s of a few numbers,
//! and `assemble` makes epochs of them, so that every format is cut into epochs by the same rules:
//!
//! - An epoch that the log names is an epoch. Counting from 0 becomes counting from 1.
//! - Where evaluations are rarer or more frequent than epochs, each evaluation is a row, with the mean of the
//!   training losses logged since the last one. A log by steps alone is cut at its evaluations, too.
//! - No value is invented. What was done to the log beyond this is told in [`Curves::notes`].
//!
//! A loss that is no number is no malformed log: it stays NaN in its row, for the doctor to tell.
//!
//! [`told`] shows the curves to the doctor; [`guess`] tells a log from other files.

mod assemble;
mod columns;
mod consult;
mod curves;
mod cut;
mod error;
mod guess;
mod hugging_face;
mod names;
mod number;
mod order;
mod place;
mod record;
mod table;
mod tensorboard;
mod tfrecord;

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

pub use columns::{Columns, Role};
pub use consult::{Silent, silent, told};
pub use curves::{Curves, Format};
pub use error::LogError;
pub use guess::{Guess, guess, read_anyhow};
pub use place::is_run_folder;

use place::Found;

/// A table larger than this is no table of epochs.
const LARGEST_TABLE: u64 = 1 << 30;
/// JSON is read whole, and needs several times its size in memory.
const LARGEST_JSON: u64 = 1 << 26;
/// Event files hold pictures and weights as well; these are passed over.
const LARGEST_EVENTS: u64 = 8 << 30;

/// Reads logged curves from a file, or from the folder that a logger wrote.
///
/// `choice` names columns for roles where the guess from their names is not wanted.
///
/// # Errors
/// When nothing can be read: one line that says what, where and what to do. [`LogError::IsRun`] where the path is a
/// run folder of this program, whose events hold more than curves and are read elsewhere.
pub fn read(path: &Path, choice: &Columns) -> Result<Curves, LogError> {
    let (log, file) = match place::find(path)? {
        Found::Events { root, files } => (tensorboard::read(&root, &files, choice)?, root),
        Found::File(file) => (read_file(&file, choice)?, file),
    };
    let mut curves = assemble::assemble(log)?;
    curves.started.run = file.file_stem().map_or_else(|| "log".to_owned(), |it| it.to_string_lossy().into_owned());
    Ok(curves)
}

fn read_file(path: &Path, choice: &Columns) -> Result<record::Log, LogError> {
    let place = path.display().to_string();
    let unreadable = |err: std::io::Error| LogError::Unreadable { cause: err.to_string(), place: place.clone() };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    let mut head = Vec::with_capacity(64);
    File::open(path).map_err(unreadable)?.take(64).read_to_end(&mut head).map_err(unreadable)?;
    if place::is_event_file(path) || tfrecord::begins(&head) {
        let root = path.parent().unwrap_or(Path::new(""));
        return tensorboard::read(root, &[path.to_owned()], choice);
    }
    let is_json = is_json(&head);
    let limit = if is_json { LARGEST_JSON } else { LARGEST_TABLE };
    check_size(size, limit, &place)?;
    let file = File::open(path).map_err(unreadable)?;
    if is_json {
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
        hugging_face::read(bytes, &place, choice)
    } else {
        table::read(BufReader::with_capacity(1 << 16, file.take(limit)), &place, choice)
    }
}

/// Whether a file's first bytes are those of a JSON object or list.
fn is_json(head: &[u8]) -> bool {
    matches!(head.iter().find(|it| !it.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// Refuses what is too large to be a log of curves, before reading it.
fn check_size(size: u64, limit: u64, place: &str) -> Result<(), LogError> {
    if size <= limit {
        return Ok(());
    }
    let gigabytes = |bytes: u64| format!("{:.1}", bytes as f64 / 1e9);
    Err(LogError::TooLarge { gigabytes: gigabytes(size), limit: gigabytes(limit), place: place.to_owned() })
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
