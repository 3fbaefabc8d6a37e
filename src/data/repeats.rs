//! Rows that are copies of each other.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::dataset::{Dataset, Values};

/// For each of the rows the first of them that is its copy, itself included.
///
/// Two rows are copies where every cell or pixel and the label are the same, names of rows left out.
pub(super) fn originals(dataset: &Dataset, rows: &[u32], labels: &[f64]) -> Vec<u32> {
    let mut first = HashMap::new();
    rows.iter().map(|row| *first.entry(key(dataset, *row as usize, labels)).or_insert(*row)).collect()
}

/// 64 bits of a row: among a million different rows two would meet with a chance of 3 in 100 million.
fn key(dataset: &Dataset, row: usize, labels: &[f64]) -> u64 {
    let mut hasher = DefaultHasher::new();
    labels[row].to_bits().hash(&mut hasher);
    if let Some(images) = &dataset.images {
        images.row(row).hash(&mut hasher);
    }
    for column in dataset.columns.iter().filter(|it| it.is_input()) {
        match &column.values {
            Values::Numbers(values) | Values::Dates(values) => values[row].to_bits().hash(&mut hasher),
            Values::Words { codes, .. } => codes[row].hash(&mut hasher),
        }
    }
    hasher.finish()
}
