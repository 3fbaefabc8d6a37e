//! Delimited text to rows of cells: delimiter and header found, ragged lines refused by number.

use csv::{Position, ReaderBuilder, StringRecord, Trim};

use super::DataError;
use super::cell;

/// Cells as found, before any column has a type.
#[derive(Debug)]
pub(super) struct Table {
    pub header: Vec<String>,
    pub rows: Vec<StringRecord>,
    /// Line each row starts in, from 1.
    pub lines: Vec<u64>,
    /// Whether a comma may be a decimal comma, as where `;` or a tab separates cells.
    pub decimal_comma: bool,
    /// Whether the names were made up because the first line holds values.
    pub made_up_names: bool,
}

/// In order of preference among those that fit equally well: a comma also turns up as a decimal comma.
const DELIMITERS: [u8; 4] = [b'\t', b';', b'|', b','];

/// Rows that decide about the delimiter.
const ROWS_LOOKED_AT: usize = 100;

/// Characters that decide about the delimiter.
const CHARS_LOOKED_AT: usize = 1 << 17;

/// Reads all rows.
///
/// # Errors
/// Ragged rows, duplicate names and a header without rows, each with line or position.
pub(super) fn read(text: &str, place: &str) -> Result<Table, DataError> {
    let named = named_delimiter(text);
    let delimiter = named.unwrap_or_else(|| delimiter(text));
    let mut records = records(text, delimiter);
    if named.is_some() && !records.is_empty() {
        records.remove(0);
    }
    let Some(first) = records.first() else {
        return Err(DataError::Empty { place: place.to_owned() });
    };
    let expected = first.1.len();
    if let Some((line, record)) = records.iter().find(|(_, it)| it.len() != expected) {
        return Err(DataError::Ragged { line: *line, found: record.len(), expected, place: place.to_owned() });
    }
    let made_up_names = !has_header(&records);
    let header = if made_up_names {
        (1..=expected).map(|number| format!("column {number}")).collect()
    } else {
        names(&records.remove(0).1)
    };
    if records.is_empty() {
        return Err(DataError::HeaderOnly { place: place.to_owned() });
    }
    check_names(&header, place)?;
    let (lines, rows) = records.into_iter().unzip();
    Ok(Table { header, rows, lines, decimal_comma: delimiter != b',', made_up_names })
}

/// The delimiter that Excel writes into a first line of its own, as in `sep=;`.
fn named_delimiter(text: &str) -> Option<u8> {
    let first = text.lines().next()?.trim_matches('"').strip_prefix("sep=")?;
    DELIMITERS.into_iter().find(|it| first.as_bytes() == [*it])
}

/// All records with the line each starts in. Blank lines are none.
fn records(text: &str, delimiter: u8) -> Vec<(u64, StringRecord)> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .from_reader(text.as_bytes());
    // Reading from memory that is known to be UTF-8 and may be ragged cannot fail.
    reader
        .records()
        .map_while(Result::ok)
        .filter(|it| it.len() > 1 || it.get(0).is_some_and(|cell| !cell.is_empty()))
        .map(|it| (it.position().map_or(0, |at| line(text, at)), it))
        .collect()
}

/// The line a record starts in. The reader stands before the blank lines that it then skips.
fn line(text: &str, at: &Position) -> u64 {
    let rest = text.as_bytes().get(at.byte() as usize..).unwrap_or_default();
    let n_blank = rest.iter().take_while(|it| matches!(it, b'\r' | b'\n')).filter(|it| **it == b'\n').count();
    at.line() + n_blank as u64
}

/// The delimiter that cuts the most of the first rows into the same number of cells.
fn delimiter(text: &str) -> u8 {
    let end = text.char_indices().nth(CHARS_LOOKED_AT).map_or(text.len(), |(at, _)| at);
    // A row cut off in the middle would look ragged.
    let end = if end < text.len() { text[..end].rfind('\n').map_or(end, |at| at + 1) } else { end };
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let score = evenness(&text[..end], delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// Thousandths of the first rows that have the commonest number of cells; 0 where these are the fewer
/// rows, which hold the delimiter by chance.
fn evenness(text: &str, delimiter: u8) -> usize {
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut widths: Vec<_> = reader.records().map_while(Result::ok).take(ROWS_LOOKED_AT).map(|it| it.len()).collect();
    widths.sort_unstable();
    let commonest = widths.chunk_by(|a, b| a == b).filter(|it| it[0] > 1).map(<[usize]>::len).max();
    commonest.filter(|n| 2 * n > widths.len()).map_or(0, |n| n * 1000 / widths.len())
}

/// Whether the first row names the columns: no cell of it is a value.
fn has_header(records: &[(u64, StringRecord)]) -> bool {
    let Some(((_, first), body)) = records.split_first() else {
        return false;
    };
    if first.iter().any(|it| cell::number(it, true).is_some() || cell::date(it).is_some()) {
        return false;
    }
    // A table of words alone: names are not found again below, values are.
    let looked_at = &body[..body.len().min(ROWS_LOOKED_AT)];
    let is_value = |(column, name): &(usize, &str)| {
        !name.is_empty() && looked_at.iter().any(|(_, row)| row.get(*column) == Some(*name))
    };
    let n_values = first.iter().enumerate().filter(is_value).count();
    2 * n_values <= first.len()
}

fn names(record: &StringRecord) -> Vec<String> {
    let name =
        |(idx, name): (usize, &str)| if name.is_empty() { format!("column {}", idx + 1) } else { name.to_owned() };
    record.iter().enumerate().map(name).collect()
}

fn check_names(header: &[String], place: &str) -> Result<(), DataError> {
    for (second, name) in header.iter().enumerate() {
        if let Some(first) = header[..second].iter().position(|it| it == name) {
            return Err(DataError::DuplicateColumn {
                name: name.clone(),
                first: first + 1,
                second: second + 1,
                place: place.to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
        let table = read(text, "a.csv").unwrap();
        (table.header, table.rows.iter().map(|row| row.iter().map(str::to_owned).collect()).collect())
    }

    #[test]
    fn the_delimiter_is_found() {
        for (text, decimal_comma) in [
            ("a,b\n1,2\n3,4\n", false),
            ("a;b\n1;2\n3;4\n", true),
            ("a\tb\n1\t2\n3\t4\n", true),
            ("a|b\n1|2\n3|4\n", true),
            ("\"a\";\"b\"\r\n1;2\r\n\r\n3;4", true),
            ("sep=;\r\na;b\r\n1;2\r\n3;4", true),
            ("  a , b \n1 , 2\n 3,4 \n", false),
        ] {
            let table = read(text, "a.csv").unwrap();
            assert_eq!(table.decimal_comma, decimal_comma, "{text:?}");
            let (header, rows) = cells(text);
            assert_eq!(header, ["a", "b"], "{text:?}");
            assert_eq!(rows, [["1", "2"], ["3", "4"]], "{text:?}");
        }
        let (header, rows) = cells("x;y\n1,5;2,5\n3,5;4,5\n");
        assert_eq!(
            (header, rows[1].clone()),
            (vec!["x".to_owned(), "y".to_owned()], vec!["3,5".to_owned(), "4,5".to_owned()])
        );
        for text in ["word\nalpha\nbeta\n", "word\nalpha\nbeta;gamma\n"] {
            let (header, rows) = cells(text);
            assert_eq!((header.len(), rows.len()), (1, 2), "{text:?}");
        }
    }

    #[test]
    fn a_header_is_told_from_values() {
        let cases = [
            ("a,b\n1,2\n", false),
            ("1,2\n3,4\n", true),
            ("x,2\ny,4\n", true),
            ("red,small\nblue,large\nred,large\nblue,small\n", true),
            ("color,size\nblue,large\nred,large\nblue,small\n", false),
            ("2014-01-01,a\n2014-01-02,b\n", true),
        ];
        for (text, made_up) in cases {
            let table = read(text, "a.csv").unwrap();
            assert_eq!(table.made_up_names, made_up, "{text:?}");
            if made_up {
                assert_eq!(table.header, ["column 1", "column 2"]);
            }
        }
        assert_eq!(cells(",b\n1,2\n").0, ["column 1", "b"]);
    }

    #[test]
    fn quoted_cells_keep_delimiters_and_line_breaks_and_lines_stay_right() {
        let table = read("a,b\n\"x, y\",\"two\nlines\"\n1,2\n", "a.csv").unwrap();
        assert_eq!(&table.rows[0][1], "two\nlines");
        assert_eq!(table.lines, [2, 4]);
    }

    #[test]
    fn bad_tables_are_refused_with_the_line() {
        let cases = [
            ("a,b\n", "the file holds a header and no rows"),
            ("a,b\n1,2\n3\n", "line 3 has 1 value and the first line has 2 columns"),
            ("a,b\n1,2\n\n3,4,5\n", "line 4 has 3 values and the first line has 2 columns"),
            ("a,b,a\n1,2,3\n", "two columns are called \"a\" (the 1. and the 3.)"),
        ];
        for (text, expected) in cases {
            let refused = read(text, "a.csv").unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(": a.csv"), "{refused}");
        }
    }
}
