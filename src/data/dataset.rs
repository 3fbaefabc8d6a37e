//! What a source holds before any choice is made: typed columns, or images by class.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::builtin::Origin;
use super::cell;

/// Code of a missing cell in [`Values::Words`].
pub const MISSING: u32 = u32::MAX;

/// Rows as found in a file, a built-in set or a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// File name without folder, or the label of a set that ships.
    pub name: String,
    /// The path or set, as messages name it.
    pub place: String,
    /// In the file's order; empty for images.
    pub columns: Vec<Column>,
    pub n_rows: usize,
    /// Pictures, where the source holds some.
    pub images: Option<Images>,
    /// What was noticed while reading, one sentence each.
    pub notes: Vec<String>,
    /// Where a set that ships comes from. None for the user's own and for generated rows.
    pub origin: Option<&'static Origin>,
    /// The column one would predict, where the source says so.
    pub usual_target: Option<String>,
    /// Line of the file each row starts in, from 1. Empty where there is no text file.
    pub lines: Vec<u64>,
}

/// One column with all its cells.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
    /// Why it is of that kind, as a clause: `every value is different, it only names the row`.
    pub why: String,
    pub values: Values,
    /// Rows without a value, odd cells included.
    pub n_missing: usize,
    /// Cells of a numeric column that are no numbers; they count as missing.
    pub odd: Option<OddCell>,
    /// Cells of a numeric column that are infinite or larger than a network's numbers; the column cannot be used as it is.
    pub infinite: Option<OddCell>,
}

/// What a column is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Numeric,
    /// A day, with or without a time of day.
    Date,
    /// A word out of a limited choice.
    Category,
    /// Many words, mostly different in each row.
    Text,
    /// Only names the row; never an input.
    Identifier,
    /// The same value in every row; never an input.
    Constant,
    /// No value in any row; never an input.
    Empty,
}

/// The cells of a column, one for each row.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// NaN where missing, infinite where the file says so.
    Numbers(Vec<f64>),
    /// Days since 1970-01-01; NaN where missing.
    Dates(Vec<f64>),
    /// Codes into `levels`, which are ordered by name; [`MISSING`] where missing.
    Words { levels: Vec<String>, codes: Vec<u32> },
}

/// The first of some cells that do not fit their column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddCell {
    pub text: String,
    /// Line of the file, from 1.
    pub line: u64,
    /// How many cells of the column are like it.
    pub count: usize,
}

/// Pictures of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    /// `[rows, channels, height, width]`, 0 to 255.
    pub pixels: Vec<u8>,
    /// Class of each row. Empty where the images come without classes.
    pub labels: Vec<u32>,
    /// Ordered by name, or by number where the source numbers them.
    pub classes: Vec<String>,
    /// File name of each row. Empty where the source has none.
    pub names: Vec<String>,
}

impl Dataset {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|it| it.name == name)
    }

    /// The line of the file that a row stands in, from 1; rows without a file count from 1 as well.
    pub fn line(&self, row: usize) -> u64 {
        self.lines.get(row).copied().unwrap_or(row as u64 + 1)
    }
}

impl Column {
    /// The cell as text; None where it is missing or the row is not there.
    pub fn text(&self, row: usize) -> Option<Cow<'_, str>> {
        match &self.values {
            Values::Numbers(numbers) => {
                numbers.get(row).filter(|it| !it.is_nan()).map(|it| Cow::Owned(cell::number_text(*it)))
            }
            Values::Dates(days) => days.get(row).filter(|it| !it.is_nan()).map(|it| Cow::Owned(cell::date_text(*it))),
            Values::Words { levels, codes } => {
                levels.get(*codes.get(row)? as usize).map(|it| Cow::Borrowed(it.as_str()))
            }
        }
    }

    /// Whether the network may see it. Identifiers, constants and empty columns say nothing about other rows.
    pub fn is_input(&self) -> bool {
        match self.kind {
            ColumnKind::Numeric | ColumnKind::Date | ColumnKind::Category | ColumnKind::Text => true,
            ColumnKind::Identifier | ColumnKind::Constant | ColumnKind::Empty => false,
        }
    }
}

impl Values {
    /// Numbers, or dates in days, where it holds those; NaN where missing.
    pub fn numbers(&self) -> Option<&[f64]> {
        match self {
            Self::Numbers(it) | Self::Dates(it) => Some(it),
            Self::Words { .. } => None,
        }
    }
}

impl ColumnKind {
    /// What it is called on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Numeric => "number",
            Self::Date => "date",
            Self::Category => "category",
            Self::Text => "text",
            Self::Identifier => "identifier",
            Self::Constant => "constant",
            Self::Empty => "empty",
        }
    }
}

impl Images {
    /// Values in one picture.
    pub fn size(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Pixels of one row: `[channels, height, width]`, 0 to 255. None past the last row.
    pub fn row(&self, row: usize) -> Option<&[u8]> {
        let size = self.size();
        self.pixels.get(row.checked_mul(size)?..row.checked_add(1)?.checked_mul(size)?)
    }
}
