//! A look at each column before anything is chosen: kind, gaps and distribution, over all rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::builtin::IMAGE_TARGET;
use super::cell;
use super::dataset::{Column, ColumnKind, Dataset, MISSING, Values};
use super::words;

/// Bins of a histogram at most; more would be thinner than a finger on a small drawing.
const MOST_BINS: usize = 24;

/// Levels or words that are listed, the most frequent first.
const MOST_LISTED: usize = 20;

/// What one column looks like.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnProfile {
    pub name: String,
    pub kind: ColumnKind,
    /// Why it is of that kind, as a clause.
    pub why: String,
    /// Rows without a value.
    pub missing: usize,
    /// Different values, the missing one not counted.
    pub distinct: usize,
    /// For numbers and dates.
    pub numbers: Option<NumberProfile>,
    /// The most frequent levels, or the words that stand in the most rows of a text. Empty for numbers.
    pub top: Vec<LevelCount>,
}

/// How numbers are distributed. Dates are days since 1970-01-01.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NumberProfile {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    /// Population standard deviation.
    pub std: f64,
    /// Smallest and largest value as the column writes them, such as a date.
    pub min_text: String,
    pub max_text: String,
    /// Equally wide, from `min` to `max`; each finite value in exactly one.
    pub histogram: Vec<Bin>,
}

/// One bar of a histogram. The last one includes its upper end.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub count: usize,
}

/// How many rows have a level, or a word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelCount {
    pub name: String,
    pub count: usize,
}

/// One profile for each column; for images one of their classes.
pub fn profile(dataset: &Dataset) -> Vec<ColumnProfile> {
    if let Some(images) = &dataset.images {
        let n_missing = if images.labels.is_empty() { dataset.n_rows } else { 0 };
        return vec![ColumnProfile {
            name: IMAGE_TARGET.to_owned(),
            kind: ColumnKind::Category,
            why: "the folder or label of each image".to_owned(),
            missing: n_missing,
            distinct: images.classes.len(),
            numbers: None,
            top: listed(level_counts(&images.classes, &images.labels)),
        }];
    }
    dataset.columns.iter().map(of_column).collect()
}

fn of_column(column: &Column) -> ColumnProfile {
    let (numbers, distinct, top) = match &column.values {
        Values::Numbers(numbers) => (of_numbers(numbers, cell::number_text), distinct(numbers), Vec::new()),
        Values::Dates(days) => (of_numbers(days, cell::date_text), distinct(days), Vec::new()),
        Values::Words { levels, codes } => {
            let counts = level_counts(levels, codes);
            let top = if column.kind == ColumnKind::Text { listed(word_counts(&counts)) } else { listed(counts) };
            (None, levels.len(), top)
        }
    };
    ColumnProfile {
        name: column.name.clone(),
        kind: column.kind,
        why: column.why.clone(),
        missing: column.n_missing,
        distinct,
        numbers,
        top,
    }
}

fn of_numbers(numbers: &[f64], text: impl Fn(f64) -> String) -> Option<NumberProfile> {
    let finite = || numbers.iter().copied().filter(|it| it.is_finite());
    let n = finite().count();
    if n == 0 {
        return None;
    }
    let (min, max) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), it| (min.min(it), max.max(it)));
    let mean = finite().sum::<f64>() / n as f64;
    let variance = finite().map(|it| (it - mean).powi(2)).sum::<f64>() / n as f64;
    let histogram = histogram(finite(), min, max, distinct(numbers));
    Some(NumberProfile { min, mean, max, std: variance.sqrt(), min_text: text(min), max_text: text(max), histogram })
}

fn histogram(values: impl Iterator<Item = f64>, min: f64, max: f64, n_distinct: usize) -> Vec<Bin> {
    let n_bins = n_distinct.clamp(1, MOST_BINS);
    // Divided first: the whole width may be more than a number holds.
    let edge =
        |idx: usize| if idx == n_bins { max } else { min + (max / n_bins as f64 - min / n_bins as f64) * idx as f64 };
    let mut bins: Vec<_> = (0..n_bins).map(|idx| Bin { from: edge(idx), to: edge(idx + 1), count: 0 }).collect();
    for value in values {
        let found = bins.partition_point(|it| it.to <= value).min(n_bins - 1);
        bins[found].count += 1;
    }
    bins
}

fn distinct(numbers: &[f64]) -> usize {
    let mut bits: Vec<_> = numbers.iter().filter(|it| !it.is_nan()).map(|it| (it + 0.0).to_bits()).collect();
    bits.sort_unstable();
    bits.dedup();
    bits.len()
}

fn level_counts<'a>(levels: &'a [String], codes: &[u32]) -> Vec<(&'a str, usize)> {
    let mut counts = vec![0; levels.len()];
    for code in codes.iter().filter(|it| **it != MISSING) {
        counts[*code as usize] += 1;
    }
    levels.iter().map(String::as_str).zip(counts).collect()
}

/// For each word the rows that hold it.
fn word_counts(texts: &[(&str, usize)]) -> Vec<(String, usize)> {
    let mut counts = BTreeMap::new();
    for (text, n_rows) in texts {
        for word in words::words(text).collect::<BTreeSet<_>>() {
            *counts.entry(word).or_default() += n_rows;
        }
    }
    counts.into_iter().collect()
}

fn listed<S: Into<String>>(mut counts: Vec<(S, usize)>) -> Vec<LevelCount> {
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.truncate(MOST_LISTED);
    counts.into_iter().map(|(name, count)| LevelCount { name: name.into(), count }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::table_of;
    use super::*;

    #[test]
    fn numbers_are_summed_up_and_every_value_is_in_one_bin() {
        let text = (0..100).fold("n,even,gaps\n".to_owned(), |text, it| {
            format!("{text}{},{},{}\n", it * it, it % 2, if it < 7 { "NA" } else { "1.5" })
        });
        let profiles = profile(&table_of(&text));
        let numbers = profiles[0].numbers.as_ref().unwrap();
        assert_eq!((numbers.min, numbers.mean, numbers.max), (0.0, 3283.5, 9801.0));
        assert_eq!(numbers.histogram.len(), 24);
        assert_eq!(numbers.histogram.iter().map(|it| it.count).sum::<usize>(), 100);
        assert_eq!(
            (numbers.histogram[23].to, numbers.histogram[23].count),
            (9801.0, 3),
            "the largest value is in the last bin"
        );
        assert_eq!(
            profiles[1].numbers.as_ref().unwrap().histogram.iter().map(|it| it.count).collect::<Vec<_>>(),
            [50, 50]
        );
        assert_eq!((profiles[2].missing, profiles[2].distinct), (7, 1));
    }

    #[test]
    fn the_most_frequent_levels_and_words_come_first() {
        let profiles = profile(&table_of(
            "fuel\tbody\tday\nb\tred car, red wheels\t2020-01-01\na\ta blue car\t2020-01-03\nb\tnothing at all here\t\n",
        ));
        let top = |idx: usize| profiles[idx].top.iter().map(|it| (it.name.as_str(), it.count)).collect::<Vec<_>>();
        assert_eq!(top(0), [("b", 2), ("a", 1)]);
        assert_eq!(top(1)[0], ("car", 2));
        let day = profiles[2].numbers.as_ref().unwrap();
        assert_eq!((day.min_text.as_str(), day.max_text.as_str()), ("2020-01-01", "2020-01-03"));
    }

    #[test]
    fn an_empty_column_has_no_numbers_and_extreme_ones_do_not_overflow() {
        let profiles = profile(&table_of("a,b,c\n1,,1e300\n2,,-1e300\n"));
        assert_eq!((profiles[1].kind, profiles[1].missing, profiles[1].numbers.clone()), (ColumnKind::Empty, 2, None));
        assert_eq!(profiles[2].numbers.as_ref().unwrap().histogram.iter().map(|it| it.count).sum::<usize>(), 2);
    }
}
