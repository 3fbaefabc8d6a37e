//! Why a log could not be read: what is wrong, where, and what to do, in one line with the path last.

use thiserror::Error;

/// What went wrong between a logged file and its curves.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LogError {
    #[error("this is a run folder of this program and no log of another one: {place}")]
    IsRun { place: String },
    #[error("cannot read the log ({cause}): {place}")]
    Unreadable { cause: String, place: String },
    #[error(
        "the folder holds no log; it should hold a CSV file, a trainer_state.json or event files of TensorBoard: {place}"
    )]
    NoLogs { place: String },
    #[error("the folder holds several runs ({names}); name one of them: {place}")]
    SeveralLogs { names: String, place: String },
    #[error("the log has {gigabytes} GB and at most {limit} GB are read; log by epoch and not by step: {place}")]
    TooLarge { gigabytes: String, limit: String, place: String },
    #[error("the log has more than {limit} lines with values; log by epoch and not by step: {place}")]
    TooManyLines { limit: usize, place: String },
    #[error("the file is empty; was the training ended before its first epoch?: {place}")]
    Empty { place: String },
    #[error("the file holds column names and no values; was the training ended before its first epoch?: {place}")]
    HeaderOnly { place: String },
    #[error("the file is not text but {found}; choose a CSV file, a trainer_state.json or an event file: {place}")]
    NotText { found: String, place: String },
    #[error("line {line} is not UTF-8 text; save the file as UTF-8: {place}")]
    NotUtf8 { line: u64, place: String },
    #[error("line 1 holds numbers, and should name the columns, such as epoch,train_loss,val_loss: {place}")]
    NoHeader { place: String },
    #[error("line {line} has {found} values and line 1 names {expected} columns; correct that line: {place}")]
    Ragged { line: u64, found: usize, expected: usize, place: String },
    #[error(
        "the column {column:?} is not a number in {spot}: {text:?}; correct the value, or choose another column for the {role}: {place}"
    )]
    NotANumber { column: String, role: &'static str, spot: String, text: String, place: String },
    #[error("{what} in {spot} is {text}, and should be a number from 0 to 1000000000; correct it: {place}")]
    BadCount { what: &'static str, spot: String, text: String, place: String },
    #[error("there is no column {name:?} for the {role}; the nearest is {nearest:?}: {place}")]
    NoColumn { name: String, role: &'static str, nearest: String, place: String },
    #[error(
        "no column looks like a loss; there are {}; choose one for the training or validation loss: {place}",
        some_of(.names)
    )]
    NoLoss { names: Vec<String>, place: String },
    #[error("the columns taken for losses hold no value ({columns}); choose others: {place}")]
    NoValues { columns: String, place: String },
    #[error(
        "{spot} begins a second run: {what} {value} was there already in {earlier}; keep one run in the log: {place}"
    )]
    TwoRuns { spot: String, what: &'static str, value: String, earlier: String, place: String },
    #[error("line {line} names the columns again, so a second run begins there; keep one run in the log: {place}")]
    SecondHeader { line: u64, place: String },
    #[error(
        "{spot} goes back to {what} {value}, and others are there twice; put the lines in order, each once: {place}"
    )]
    Shuffled { spot: String, what: &'static str, value: String, place: String },

    #[error("the JSON is damaged ({cause}); copy the file again: {place}")]
    BadJson { cause: String, place: String },
    #[error(
        "this JSON has no log_history as trainer_state.json of Hugging Face's Trainer has it; choose that file: {place}"
    )]
    NoHistory { place: String },

    #[error("the event file is damaged at byte {offset} ({what}); copy it again: {place}")]
    BadRecord { offset: u64, what: &'static str, place: String },
    #[error("the event file ends at byte {bytes}, before its first complete record; copy it again: {place}")]
    NothingComplete { bytes: u64, place: String },
    #[error("the event files hold no scalars, only pictures, texts or the like; log the losses as scalars: {place}")]
    NoScalars { place: String },

    #[error("{text:?} names no column; write it as ROLE=NAME with one of the roles {roles}")]
    BadChoice { text: String, roles: String },
}

/// Names of so many columns are told; a log can hold thousands.
const MOST_TOLD: usize = 12;

fn some_of(names: &[String]) -> String {
    let mut told: Vec<_> = names.iter().take(MOST_TOLD).map(|it| it.chars().take(60).collect::<String>()).collect();
    if names.len() > MOST_TOLD {
        told.push(format!("{} more", names.len() - MOST_TOLD));
    }
    told.join(", ")
}
