//! Categories: one column for each level seen in training, or a single one where there are two.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::cell;
use super::dataset::{Column, MISSING, Values};
use super::encoder::Block;

/// Of more levels, the most frequent ones keep a column of their own and the others share one.
pub(super) const MOST_LEVELS: usize = 50;

/// How one column of categories is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct CategoryCode {
    /// Levels with a column, ordered by name.
    levels: Vec<String>,
    /// Whether a column stands for all rarer levels, and for those not seen in training.
    other: bool,
    /// Whether a column stands for missing values, because training rows had some.
    missing: bool,
    /// Of exactly two levels and nothing else: the share of the second on the training rows. There is one
    /// column then, 1 for the second level; a cell that is neither level gets the share.
    second: Option<f64>,
}

impl CategoryCode {
    /// Learns the levels from the training rows. None where these are all alike.
    pub(super) fn fit(values: &Values, train: &[u32]) -> Option<Self> {
        let Values::Words { levels, codes } = values else {
            return None;
        };
        let mut counts = BTreeMap::new();
        for row in train {
            *counts.entry(codes[*row as usize]).or_insert(0_usize) += 1;
        }
        let missing = counts.remove(&MISSING).is_some();
        let mut seen: Vec<_> = counts.into_iter().collect();
        if seen.len() + usize::from(missing) < 2 {
            return None;
        }
        let other = seen.len() > MOST_LEVELS;
        // Stable, so that of equally frequent levels the first by name are kept.
        seen.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        seen.truncate(MOST_LEVELS);
        seen.sort_by_key(|(code, _)| *code);
        let second = match &seen[..] {
            [_, (_, count)] if !missing => Some(*count as f64 / train.len() as f64),
            _ => None,
        };
        let levels = seen.iter().filter_map(|(code, _)| levels.get(*code as usize)).cloned().collect();
        Some(Self { levels, other, missing, second })
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        let levels = if self.second.is_some() { self.levels.get(1..).unwrap_or_default() } else { &self.levels[..] };
        let mut names: Vec<_> = levels.iter().map(|it| format!("{column}={it}")).collect();
        if self.other {
            names.push(format!("{column}=(other)"));
        }
        if self.missing {
            names.push(format!("{column} is missing"));
        }
        names
    }

    pub(super) fn encode(&self, column: &Column, out: &mut Block<'_>) {
        let slots = self.slots(column);
        for (row, slot) in slots.into_iter().enumerate() {
            // Only in a file that was altered has a column fewer levels than are needed here.
            let features = out.row(row);
            if let (Some(share), Some(feature)) = (self.second, features.first_mut()) {
                *feature = slot.map_or(share as f32, |it| it as f32);
            } else if let Some(feature) = slot.and_then(|it| features.get_mut(it)) {
                *feature = 1.0;
            }
        }
    }

    /// For each row which of the levels it has, counting `(other)` and missing behind them; None for neither.
    fn slots(&self, column: &Column) -> Vec<Option<usize>> {
        let other = self.other.then_some(self.levels.len());
        let missing = self.missing.then_some(self.levels.len() + usize::from(self.other));
        match &column.values {
            Values::Words { levels, codes } => {
                let by_name: HashMap<_, _> = self.levels.iter().zip(0..).collect();
                let by_code: Vec<_> = levels.iter().map(|it| by_name.get(it).copied().or(other)).collect();
                codes.iter().map(|code| by_code.get(*code as usize).copied().unwrap_or(missing)).collect()
            }
            // New rows may happen to hold numbers alone where the training file also held words.
            Values::Numbers(numbers) | Values::Dates(numbers) => {
                let is_date = matches!(column.values, Values::Dates(_));
                let value = |it: &String| if is_date { cell::date(it) } else { cell::number(it, true) };
                let by_value: HashMap<_, _> = self
                    .levels
                    .iter()
                    .zip(0..)
                    .filter_map(|(it, slot)| value(it).map(|it| (it.to_bits(), slot)))
                    .collect();
                let slot =
                    |it: &f64| if it.is_nan() { missing } else { by_value.get(&it.to_bits()).copied().or(other) };
                numbers.iter().map(slot).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::table_of;
    use super::*;

    fn column(cells: &[&str]) -> Column {
        let text = cells.iter().fold("fuel,km\n".to_owned(), |text, cell| format!("{text}{cell},0.5\n"));
        table_of(&text).columns.swap_remove(0)
    }

    fn encoded(code: &CategoryCode, column: &Column, n_rows: usize) -> Vec<f32> {
        let width = code.names("fuel").len();
        let mut features = vec![0.0; n_rows * width];
        code.encode(column, &mut Block { features: &mut features, stride: width, at: 0, width });
        features
    }

    #[test]
    fn levels_of_the_training_rows_get_columns_in_name_order() {
        let column = column(&["petrol", "cng", "diesel", "cng", "steam"]);
        let code = CategoryCode::fit(&column.values, &[0, 1, 2, 3]).unwrap();
        assert_eq!(code.names("fuel"), ["fuel=cng", "fuel=diesel", "fuel=petrol"]);
        let expected = [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]];
        assert_eq!(encoded(&code, &column, 5), expected.concat(), "what training did not see is all zeros");
    }

    #[test]
    fn two_levels_share_one_column_and_strangers_get_the_mean() {
        let two = column(&["b", "a", "a", "a", "c", ""]);
        let code = CategoryCode::fit(&two.values, &[0, 1, 2, 3]).unwrap();
        assert_eq!(code.names("fuel"), ["fuel=b"]);
        assert_eq!(encoded(&code, &two, 6), [1.0, 0.0, 0.0, 0.0, 0.25, 0.25]);
    }

    #[test]
    fn a_missing_category_is_a_category_of_its_own() {
        let gaps = column(&["b", "a", "", "a"]);
        let code = CategoryCode::fit(&gaps.values, &[0, 1, 2, 3]).unwrap();
        assert_eq!(code.names("fuel"), ["fuel=a", "fuel=b", "fuel is missing"]);
        assert_eq!(encoded(&code, &gaps, 4)[6..9], [0.0, 0.0, 1.0]);
        assert_eq!(CategoryCode::fit(&gaps.values, &[1, 3]), None, "alike in all training rows");
    }

    #[test]
    fn of_very_many_levels_the_rare_ones_share_a_column() {
        let cells: Vec<_> = (0..180).map(|it| format!("level {:03}", it % 60)).chain(["rare".to_owned()]).collect();
        let many = column(&cells.iter().map(String::as_str).collect::<Vec<_>>());
        let code = CategoryCode::fit(&many.values, &(0..181).collect::<Vec<_>>()).unwrap();
        let names = code.names("fuel");
        assert_eq!((names.len(), names[0].as_str(), names[50].as_str()), (51, "fuel=level 000", "fuel=(other)"));
        assert_eq!(encoded(&code, &many, 181)[180 * 51 + 50], 1.0);
    }

    #[test]
    fn levels_that_look_like_numbers_are_found_in_columns_of_numbers() {
        let mixed = column(&["1", "2.0", "x", "1"]);
        let code = CategoryCode::fit(&mixed.values, &[0, 1, 2, 3]).unwrap();
        assert_eq!(encoded(&code, &column(&["2", "1"]), 2), [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]].concat());
    }
}
