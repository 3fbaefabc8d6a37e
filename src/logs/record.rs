//! What every format is read into: lines of a few numbers each.

use strum::EnumCount as _;

use super::columns::{Picked, Role};
use super::curves::Format;
use super::error::LogError;

/// More lines than this are no log of epochs, and would need hundreds of megabytes.
pub(super) const MOST_RECORDS: usize = 1_000_000;

/// One line of a log: a value for each role, none where the line has none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// The line, entry or step it was read from.
    pub(super) spot: u64,
    values: [Option<f64>; Role::COUNT],
}

impl Record {
    pub(super) fn at(spot: u64) -> Self {
        Self { spot, ..Self::default() }
    }

    pub(super) fn get(&self, role: Role) -> Option<f64> {
        self.values[role as usize]
    }

    pub(super) fn put(&mut self, role: Role, value: Option<f64>) {
        self.values[role as usize] = value;
    }
}

/// A log as it was read, before it is cut into epochs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Log {
    pub(super) format: Format,
    pub(super) names: Vec<String>,
    pub(super) picked: Picked,
    pub(super) records: Vec<Record>,
    pub(super) notes: Vec<String>,
    /// Whether the records were out of order and had to be sorted.
    pub(super) was_sorted: bool,
    /// What a record's `spot` counts: `line`, `entry` or `step`.
    pub(super) spots: &'static str,
    pub(super) place: String,
}

impl Log {
    /// Where a record stands, in words.
    pub(super) fn spot(&self, record: &Record) -> String {
        format!("{} {}", self.spots, record.spot)
    }

    /// Whether any record has a value for the role.
    pub(super) fn has(&self, role: Role) -> bool {
        self.records.iter().any(|it| it.get(role).is_some())
    }

    pub(super) fn push(&mut self, record: Record) -> Result<(), LogError> {
        if self.records.len() >= MOST_RECORDS {
            return Err(LogError::TooManyLines { limit: MOST_RECORDS, place: self.place.clone() });
        }
        self.records.push(record);
        Ok(())
    }
}
