//! Numeric columns and dates: mean imputed, standardized, and a second column that says what was missing.

use serde::{Deserialize, Serialize};

use super::DataError;
use super::cell;
use super::dataset::{Column, Dataset, Values};
use super::encoder::Block;

/// What turns a value into the number a network sees: `(value - mean) / std`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    pub mean: f64,
    /// Population standard deviation, never 0.
    pub std: f64,
}

/// How one column of numbers or dates is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NumberCode {
    scaling: Scaling,
    /// Training mean, in the column's own unit; stands in for missing values.
    fill: f64,
    /// Whether a second column is 1 where the value is missing.
    indicator: bool,
    /// Whether the values are days since 1970-01-01.
    is_date: bool,
}

impl Scaling {
    /// Leaves values as they are.
    pub const IDENTITY: Self = Self { mean: 0.0, std: 1.0 };

    /// Mean and population standard deviation of the finite values; a deviation of 0 counts as 1.
    pub fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let finite = values.filter(|it| it.is_finite());
        let (n, sum) = finite.clone().fold((0_usize, 0.0), |(n, sum), it| (n + 1, sum + it));
        if n == 0 {
            return Self::IDENTITY;
        }
        let mean = sum / n as f64;
        let variance = finite.map(|it| (it - mean).powi(2)).sum::<f64>() / n as f64;
        Self { mean, std: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
    }

    /// Whether values stay as they are.
    pub fn is_identity(&self) -> bool {
        *self == Self::IDENTITY
    }

    /// The value as the network sees it.
    pub fn apply(&self, value: f64) -> f64 {
        (value - self.mean) / self.std
    }

    /// The value in its own unit again.
    pub fn undo(&self, scaled: f64) -> f64 {
        scaled * self.std + self.mean
    }
}

impl NumberCode {
    /// Learns mean and deviation from the training rows. None where these have no value at all.
    pub(super) fn fit(values: &Values, train: &[u32], standardize: bool) -> Option<Self> {
        let numbers = values.numbers()?;
        let is_date = matches!(values, Values::Dates(_));
        let seen = train.iter().map(|row| numbers[*row as usize]);
        if seen.clone().all(f64::is_nan) {
            return None;
        }
        let found = Scaling::of(seen.clone());
        let scaling = if standardize {
            found
        } else if is_date {
            // Days since 1970 are large and nearly equal; days since the first training day are neither.
            Scaling { mean: seen.clone().fold(f64::INFINITY, f64::min).floor(), std: 1.0 }
        } else {
            Scaling::IDENTITY
        };
        Some(Self { scaling, fill: found.mean, indicator: seen.clone().any(f64::is_nan), is_date })
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let mut names = vec![column.to_owned()];
        if self.indicator {
            names.push(format!("{column} is missing"));
        }
        names
    }

    /// How values are scaled.
    pub(super) fn scaling(&self) -> Scaling {
        self.scaling
    }

    /// How values are scaled; None where a second feature says which are missing.
    pub(super) fn plain_scaling(&self) -> Option<Scaling> {
        (!self.indicator).then_some(self.scaling)
    }

    /// # Errors
    /// [`DataError::NotANumber`] where a cell holds words, which only new rows can.
    pub(super) fn encode(&self, column: &Column, dataset: &Dataset, out: &mut Block<'_>) -> Result<(), DataError> {
        let numbers = self.numbers(column, dataset)?;
        for (row, number) in numbers.iter().enumerate() {
            let features = out.row(row);
            features[0] = self.scaling.apply(if number.is_nan() { self.fill } else { *number }) as f32;
            if self.indicator {
                features[1] = if number.is_nan() { 1.0 } else { 0.0 };
            }
        }
        Ok(())
    }

    /// The column's numbers; words of new rows are read as numbers where they can be.
    fn numbers<'a>(&self, column: &'a Column, dataset: &Dataset) -> Result<std::borrow::Cow<'a, [f64]>, DataError> {
        let no_number = |row: usize| DataError::NotANumber {
            column: column.name.clone(),
            text: column.text(row).unwrap_or_default().into_owned(),
            line: dataset.line(row),
            place: dataset.place.clone(),
        };
        match &column.values {
            Values::Numbers(it) if !self.is_date || it.iter().all(|it| it.is_nan()) => Ok(it.into()),
            Values::Dates(it) if self.is_date => Ok(it.into()),
            Values::Numbers(it) | Values::Dates(it) => {
                Err(no_number(it.iter().position(|it| !it.is_nan()).unwrap_or_default()))
            }
            Values::Words { levels, codes } => {
                let read = |cell: &String| if self.is_date { cell::date(cell) } else { cell::number(cell, true) };
                let by_level: Vec<_> = levels
                    .iter()
                    .map(|it| if cell::is_missing_number(it) { Some(f64::NAN) } else { read(it) })
                    .collect();
                let number = |(row, code): (usize, &u32)| match by_level.get(*code as usize) {
                    None => Ok(f64::NAN),
                    Some(number) => number.ok_or_else(|| no_number(row)),
                };
                codes.iter().enumerate().map(number).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_and_population_deviation_are_those_of_finite_values() {
        let scaling = Scaling::of([2.0, f64::NAN, 4.0, 6.0].into_iter());
        assert_eq!(scaling, Scaling { mean: 4.0, std: (8.0_f64 / 3.0).sqrt() });
        assert_eq!(scaling.undo(scaling.apply(5.5)), 5.5);
        assert_eq!(Scaling::of([3.0, 3.0].into_iter()), Scaling { mean: 3.0, std: 1.0 });
        assert_eq!(Scaling::of(std::iter::empty()), Scaling::IDENTITY);
    }

    #[test]
    fn an_indicator_is_there_only_if_training_rows_have_gaps() {
        let values = Values::Numbers(vec![1.0, 3.0, f64::NAN, f64::NAN]);
        let names = |train: &[u32]| NumberCode::fit(&values, train, true).map(|it| it.names("km"));
        assert_eq!(names(&[0, 1]), Some(vec!["km".to_owned()]));
        assert_eq!(names(&[0, 1, 2]), Some(vec!["km".to_owned(), "km is missing".to_owned()]));
        assert_eq!(names(&[2, 3]), None);
    }
}
