//! What a column is: number, date, category or text, or nothing to learn from, and why.

use std::collections::{HashMap, HashSet};

use super::cell;
use super::dataset::{Column, ColumnKind, MISSING, OddCell, Values};
use super::table::Table;

/// With more levels than this, words that come in sentences are text.
const MOST_CATEGORY_LEVELS: usize = 50;

/// Words a cell has on average, from which on a column is text.
const WORDS_OF_TEXT: f64 = 3.0;

/// From this share of numbers on, words between them are taken for slips of the pen.
const NUMBERS_BETWEEN_SLIPS: f64 = 0.8;

/// Above this many different numbers a column holds measurements, not classes.
const MOST_CLASS_NUMBERS: usize = 20;

/// Larger numbers do not fit the 32 bits that a network computes with.
const LARGEST: f64 = 1e37;

/// Share of different values from which on a column may name its rows; a few may be listed twice.
const NEARLY_ALL: f64 = 0.95;

/// With fewer rows, words that are all different may be chance.
const FEWEST_NAMED_ROWS: usize = 20;

/// Cells of one column, in the file's order.
struct Cells<'a> {
    table: &'a Table,
    at: usize,
    /// Neither missing nor numbers; where these are few, they are odd cells of a numeric column.
    n_words: usize,
    n_numbers: usize,
    n_dates: usize,
    n_missing: usize,
}

/// The table's columns with their kinds.
pub(super) fn columns(table: &Table) -> Vec<Column> {
    (0..table.header.len()).map(|at| column(table, at)).collect()
}

fn column(table: &Table, at: usize) -> Column {
    let cells = Cells::count(table, at);
    if cells.n_numbers + cells.n_words == 0 {
        return cells.empty();
    }
    let mut column = if cells.is_numeric() {
        cells.numbers()
    } else if cells.n_dates == cells.n_words && cells.n_numbers == 0 {
        cells.dates()
    } else {
        cells.words()
    };
    if let Some((kind, why)) = nothing_to_learn(&column, at, table) {
        (column.kind, column.why) = (kind, why);
    }
    column
}

impl<'a> Cells<'a> {
    fn count(table: &'a Table, at: usize) -> Self {
        let mut cells = Self { table, at, n_words: 0, n_numbers: 0, n_dates: 0, n_missing: 0 };
        for cell in cells.iter() {
            if cell::is_missing(cell) {
                cells.n_missing += 1;
            } else if cell::number(cell, table.decimal_comma).is_some() {
                cells.n_numbers += 1;
            } else {
                cells.n_words += 1;
                cells.n_dates += usize::from(cell::date(cell).is_some());
            }
        }
        cells
    }

    fn iter(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let at = self.at;
        self.table.rows.iter().map(move |row| row.get(at).unwrap_or_default())
    }

    fn number(&self, cell: &str) -> Option<f64> {
        if cell::is_missing(cell) { None } else { cell::number(cell, self.table.decimal_comma) }
    }

    /// Whether the column holds numbers, some words for "no number" and perhaps a few slips.
    fn is_numeric(&self) -> bool {
        if self.n_words == 0 || self.n_numbers == 0 {
            return self.n_numbers > 0;
        }
        let is_odd =
            |cell: &&str| !cell::is_missing(cell) && self.number(cell).is_none() && !cell::is_missing_number(cell);
        if self.iter().find(is_odd).is_none() {
            return true;
        }
        let distinct: HashSet<_> = self.iter().filter_map(|it| self.number(it)).map(f64::to_bits).collect();
        let mostly = self.n_numbers as f64 >= NUMBERS_BETWEEN_SLIPS * (self.n_numbers + self.n_words) as f64;
        mostly && (distinct.len() > MOST_CLASS_NUMBERS || 2 * distinct.len() > self.n_numbers)
    }

    fn numbers(&self) -> Column {
        let numbers: Vec<_> = self.iter().map(|it| self.number(it).unwrap_or(f64::NAN)).collect();
        let is_odd =
            |cell: &str| !cell::is_missing(cell) && !cell::is_missing_number(cell) && self.number(cell).is_none();
        let mut column = self.column(ColumnKind::Numeric, Values::Numbers(numbers));
        column.n_missing = self.n_missing + self.n_words;
        column.odd = self.odd_cells(is_odd);
        column.infinite = self.odd_cells(|cell| self.number(cell).is_some_and(|it| it.abs() > LARGEST));
        column
    }

    fn odd_cells(&self, is_odd: impl Fn(&str) -> bool) -> Option<OddCell> {
        let mut odd = self.iter().zip(&self.table.lines).filter(|(cell, _)| is_odd(cell));
        let (text, line) = odd.next()?;
        Some(OddCell { text: text.to_owned(), line: *line, count: 1 + odd.count() })
    }

    fn dates(&self) -> Column {
        let days = self.iter().map(|it| cell::date(it).unwrap_or(f64::NAN)).collect();
        self.column(ColumnKind::Date, Values::Dates(days))
    }

    fn words(&self) -> Column {
        let present = |cell: &&str| !cell::is_missing(cell);
        let mut levels: Vec<_> = self.iter().filter(present).collect::<HashSet<_>>().into_iter().collect();
        levels.sort_unstable();
        let codes: HashMap<_, _> = levels.iter().zip(0_u32..).map(|(level, code)| (*level, code)).collect();
        let codes = self.iter().map(|it| if present(&it) { codes[it] } else { MISSING }).collect();
        let n_present = self.n_numbers + self.n_words;
        let n_words: usize = self.iter().filter(present).map(|it| it.split_whitespace().count()).sum();
        let wordy = n_words as f64 >= WORDS_OF_TEXT * n_present as f64;
        let is_text = wordy && (levels.len() > MOST_CATEGORY_LEVELS || (n_present > 1 && 2 * levels.len() > n_present));
        let kind = if is_text { ColumnKind::Text } else { ColumnKind::Category };
        let levels = levels.into_iter().map(str::to_owned).collect();
        self.column(kind, Values::Words { levels, codes })
    }

    fn empty(&self) -> Column {
        let mut column = self.column(ColumnKind::Empty, Values::Numbers(vec![f64::NAN; self.table.rows.len()]));
        "no row has a value".clone_into(&mut column.why);
        column
    }

    fn column(&self, kind: ColumnKind, values: Values) -> Column {
        let why = match kind {
            ColumnKind::Numeric => "its cells are numbers",
            ColumnKind::Date => "its cells are dates; the network sees days",
            ColumnKind::Category => "its words come from a limited choice",
            ColumnKind::Text => "its cells hold several words each and mostly differ",
            ColumnKind::Identifier | ColumnKind::Constant | ColumnKind::Empty => "",
        };
        Column {
            name: self.table.header[self.at].clone(),
            kind,
            why: why.to_owned(),
            values,
            n_missing: self.n_missing,
            odd: None,
            infinite: None,
        }
    }
}

/// Constant and identifying columns, with the reason.
fn nothing_to_learn(column: &Column, at: usize, table: &Table) -> Option<(ColumnKind, String)> {
    let n_rows = table.rows.len();
    let n_present = n_rows - column.n_missing;
    let n_distinct = match &column.values {
        Values::Numbers(numbers) | Values::Dates(numbers) => distinct(numbers),
        Values::Words { levels, .. } => levels.len(),
    };
    // A cell that is empty in some rows says something in the others, even if it is always the same.
    if n_distinct == 1 && column.n_missing == 0 && n_rows > 1 {
        return Some((ColumnKind::Constant, "the same value in every row".to_owned()));
    }
    let nearly_all = n_present > 1 && n_distinct as f64 >= NEARLY_ALL * n_present as f64;
    if !nearly_all || column.kind == ColumnKind::Text {
        return None;
    }
    let how_many = if n_distinct == n_present { "every value is different" } else { "nearly every value is different" };
    match &column.values {
        Values::Numbers(numbers) => {
            let whole = numbers.iter().all(|it| it.is_nan() || it.fract() == 0.0);
            if whole && is_name_of_identifier(&column.name) {
                return Some((ColumnKind::Identifier, format!("{how_many}, it only names the row")));
            }
            // In a small table `x, y` a first column 1, 2, 3 … may well be the input.
            let counts = at == 0 && table.header.len() > 2 && counts_rows(numbers);
            counts.then(|| (ColumnKind::Identifier, "it counts the rows".to_owned()))
        }
        Values::Dates(_) => None,
        Values::Words { .. } => {
            let named = is_name_of_identifier(&column.name) || n_present >= FEWEST_NAMED_ROWS;
            named.then(|| (ColumnKind::Identifier, format!("{how_many}, it only names the row")))
        }
    }
}

fn distinct(numbers: &[f64]) -> usize {
    // Adding zero makes -0 and 0 the same.
    numbers.iter().filter(|it| !it.is_nan()).map(|it| (it + 0.0).to_bits()).collect::<HashSet<_>>().len()
}

/// Whether the numbers go 0, 1, 2 … or 1, 2, 3 … down the rows.
fn counts_rows(numbers: &[f64]) -> bool {
    let starts = numbers.first().is_some_and(|it| *it == 0.0 || *it == 1.0);
    starts && numbers.len() > 2 && numbers.windows(2).all(|it| it[1] - it[0] == 1.0)
}

fn is_name_of_identifier(name: &str) -> bool {
    let lower = name.to_lowercase();
    let whole = ["id", "uuid", "guid", "index", "idx", "key", "rownames", "row", "unnamed: 0"];
    let camel = name.strip_suffix("Id").or_else(|| name.strip_suffix("ID"));
    whole.contains(&lower.as_str())
        || ["_id", "-id", " id", ".id", "_uuid", "_key"].iter().any(|it| lower.ends_with(it))
        || ["id_", "id-", "id "].iter().any(|it| lower.starts_with(it))
        || camel.is_some_and(|it| it.ends_with(|last: char| last.is_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn column_of(name: &str, cells: &[&str]) -> Column {
        let text = cells.iter().fold(format!("other\t{name}\tlast\n"), |text, cell| text + "w\t" + cell + "\tz\n");
        columns(&table::read(&text, "a.csv").unwrap()).swap_remove(1)
    }

    fn check(name: &str, cells: &[&str], kind: ColumnKind) {
        let column = column_of(name, cells);
        assert_eq!(column.kind, kind, "{name}: {cells:?}: {}", column.why);
    }

    fn numbered(prefix: &str, n: usize) -> Vec<String> {
        (0..n).map(|it| format!("{prefix}{}", it * 7 % 1009)).collect()
    }

    fn borrowed(cells: &[String]) -> Vec<&str> {
        cells.iter().map(String::as_str).collect()
    }

    #[test]
    fn cells_decide_what_a_column_is() {
        check("km", &["1", "2.5", "-3", "NA", "4e2"], ColumnKind::Numeric);
        check("doors", &["2", "3", "2", "3", "5"], ColumnKind::Numeric);
        check("price", &["1,5", "2,5", "none", "3"], ColumnKind::Numeric);
        check("fuel", &["Diesel", "Petrol", "Diesel", ""], ColumnKind::Category);
        check("rating", &["1", "2", "3", "5+", "1", "2", "2", "5+"], ColumnKind::Category);
        check("sold", &["2014-10-13", "2014-12-09", "", "2015-02-25"], ColumnKind::Date);
        check("note", &["cheap and cheerful car", "one owner only", "never driven in winter"], ColumnKind::Text);
        check(
            "plan",
            &["pay by the month", "pay by the year", "pay by the month", "pay by the year"],
            ColumnKind::Category,
        );
        check("same", &["4", "4.0", "4"], ColumnKind::Constant);
        check("mostly", &["4", "", "4"], ColumnKind::Numeric);
        check("none", &["", "NA", "?"], ColumnKind::Empty);
    }

    #[test]
    fn columns_that_only_name_the_row_are_identifiers() {
        check("Id", &["7", "12", "3", "99"], ColumnKind::Identifier);
        check("customerID", &["A-1", "A-2", "B-7"], ColumnKind::Identifier);
        check("plate", &borrowed(&numbered("XB-", 30)), ColumnKind::Identifier);
        check("km", &borrowed(&numbered("", 300)), ColumnKind::Numeric);
        check("width", &borrowed(&numbered("0.", 300)), ColumnKind::Numeric);
        check("word", &["a", "b", "c"], ColumnKind::Category);
        let mut twice = numbered("", 100);
        twice[50] = twice[0].clone();
        check("id", &borrowed(&twice), ColumnKind::Identifier);
        assert_eq!(column_of("id", &borrowed(&twice)).why, "nearly every value is different, it only names the row");
        check("paid", &["7", "12", "3", "99"], ColumnKind::Numeric);
    }

    #[test]
    fn a_first_column_that_counts_is_left_out_unless_it_may_be_the_input() {
        let first = |text: &str| columns(&table::read(text, "a.csv").unwrap()).swap_remove(0).kind;
        assert_eq!(first("n,x,y\n1,5,2\n2,3,2\n3,7,1\n"), ColumnKind::Identifier);
        assert_eq!(first("x,y\n1,5\n2,3\n3,7\n"), ColumnKind::Numeric);
        assert_eq!(first("n,x,y\n1,5,2\n3,3,2\n2,7,1\n"), ColumnKind::Numeric);
    }

    #[test]
    fn a_slip_between_measurements_is_missing_and_remembered_with_its_line() {
        let mut cells = numbered("1.", 40);
        cells[4] = "abc".to_owned();
        cells[9] = "see above".to_owned();
        let column = column_of("km", &borrowed(&cells));
        assert_eq!((column.kind, column.n_missing), (ColumnKind::Numeric, 2));
        assert_eq!(column.odd, Some(OddCell { text: "abc".to_owned(), line: 6, count: 2 }));
    }

    #[test]
    fn infinity_is_remembered_with_its_line() {
        let column = column_of("km", &["1", "inf", "3", "-inf"]);
        assert_eq!(column.infinite, Some(OddCell { text: "inf".to_owned(), line: 3, count: 2 }));
    }

    #[test]
    fn levels_are_in_name_order() {
        let column = column_of("fuel", &["Petrol", "CNG", "", "Diesel", "CNG"]);
        let Values::Words { levels, codes } = column.values else { panic!("words") };
        assert_eq!(levels, ["CNG", "Diesel", "Petrol"]);
        assert_eq!(codes, [2, 0, MISSING, 1, 0]);
    }
}
