//! CSV: Keras' and Lightning's loggers, and any table with a column for each curve.

use std::io::BufRead;

use csv::ByteRecord;

use super::columns::{Columns, Picked, Role, pick};
use super::curves::Format;
use super::error::LogError;
use super::number;
use super::record::{Log, Record};

/// A first line longer than this is no line of column names.
const LONGEST_HEADER: usize = 1 << 16;

/// A table of which the first line was read.
struct Begun<R> {
    reader: csv::Reader<R>,
    names: Vec<String>,
    decimal_comma: bool,
}

/// The names of a table's columns.
pub(super) fn names_in(from: impl BufRead, place: &str) -> Result<Vec<String>, LogError> {
    begin(from, place).map(|it| it.names)
}

/// Finds out how a table is written, and reads its names.
fn begin<R: BufRead>(mut from: R, place: &str) -> Result<Begun<R>, LogError> {
    let start = from.fill_buf().map_err(|err| unreadable(&err, place))?;
    let is_marked = start.starts_with(b"\xEF\xBB\xBF");
    let text = if is_marked { &start[3..] } else { start };
    check_text(text, place)?;
    let delimiter = delimiter(text);
    if is_marked {
        from.consume(3);
    }
    let mut builder = csv::ReaderBuilder::new();
    let mut reader =
        builder.has_headers(false).flexible(true).delimiter(delimiter).trim(csv::Trim::All).from_reader(from);
    let mut line = ByteRecord::new();
    if !next(&mut reader, &mut line, place)? {
        return Err(LogError::Empty { place: place.to_owned() });
    }
    let names = names(&line, place)?;
    Ok(Begun { reader, names, decimal_comma: delimiter != b',' })
}

/// Reads a table, a line at a time.
pub(super) fn read(from: impl BufRead, place: &str, choice: &Columns) -> Result<Log, LogError> {
    let Begun { mut reader, names, decimal_comma } = begin(from, place)?;
    let picked = pick(&names, choice, place)?;
    let mut line = ByteRecord::new();
    let mut log = Log {
        format: Format::Table,
        names,
        picked,
        records: Vec::new(),
        notes: Vec::new(),
        was_sorted: false,
        spots: "line",
        place: place.to_owned(),
    };
    // A short line is forgiven where it is the last one: a logger was stopped while writing it.
    let mut short: Option<LogError> = None;
    while next(&mut reader, &mut line, place)? {
        if line.get(0).is_some_and(|it| it.starts_with(b"#")) {
            continue;
        }
        if let Some(err) = short.take() {
            return Err(err);
        }
        let at = line_number(&line);
        let found = if line.len() == log.names.len() + 1 && line.get(log.names.len()) == Some(b"") {
            log.names.len()
        } else {
            line.len()
        };
        if found != log.names.len() {
            short = Some(LogError::Ragged { line: at, found, expected: log.names.len(), place: place.to_owned() });
            if found > log.names.len() {
                break;
            }
            continue;
        }
        if log.names.iter().zip(&line).all(|(name, cell)| name.as_bytes() == cell) {
            return Err(LogError::SecondHeader { line: at, place: place.to_owned() });
        }
        let record = record(&line, &log, decimal_comma)?;
        log.push(record)?;
    }
    if let Some(err) = short {
        if matches!(err, LogError::Ragged { found, expected, .. } if found > expected) || log.records.is_empty() {
            return Err(err);
        }
        log.notes.push("The last line is cut short and is left out.".to_owned());
    }
    if log.records.is_empty() {
        return Err(LogError::HeaderOnly { place: place.to_owned() });
    }
    log.format = format(&log.names, &log.picked, &log.records);
    Ok(log)
}

fn unreadable(err: &dyn std::fmt::Display, place: &str) -> LogError {
    LogError::Unreadable { cause: err.to_string(), place: place.to_owned() }
}

/// The next line that is UTF-8; false behind the last.
fn next(reader: &mut csv::Reader<impl std::io::Read>, line: &mut ByteRecord, place: &str) -> Result<bool, LogError> {
    let is_there = reader.read_byte_record(line).map_err(|err| unreadable(&err, place))?;
    if is_there && std::str::from_utf8(line.as_slice()).is_err() {
        return Err(LogError::NotUtf8 { line: line_number(line), place: place.to_owned() });
    }
    Ok(is_there)
}

fn line_number(line: &ByteRecord) -> u64 {
    line.position().map_or(0, csv::Position::line)
}

/// Refuses what cannot be a table, by the beginning of the file.
fn check_text(start: &[u8], place: &str) -> Result<(), LogError> {
    let not_text = |found: &str| LogError::NotText { found: found.to_owned(), place: place.to_owned() };
    if start.iter().all(u8::is_ascii_whitespace) {
        return Err(LogError::Empty { place: place.to_owned() });
    }
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        return Err(not_text("UTF-16 (save it as UTF-8)"));
    }
    if start.contains(&0) {
        return Err(not_text("binary"));
    }
    let first = start.iter().position(|it| *it == b'\n').unwrap_or(start.len());
    if first >= LONGEST_HEADER.min(start.len()) && start.len() >= LONGEST_HEADER {
        return Err(not_text("one endless line"));
    }
    Ok(())
}

/// The separator that the first line with words has most of.
fn delimiter(text: &[u8]) -> u8 {
    let line = text.split(|it| *it == b'\n').find(|it| !it.trim_ascii().is_empty()).unwrap_or_default();
    let count = |it: u8| line.split(|byte| *byte == it).count();
    // The first of equals wins, so the comma comes last here.
    [b'\t', b';', b','].into_iter().max_by_key(|it| count(*it)).unwrap_or(b',')
}

fn names(line: &ByteRecord, place: &str) -> Result<Vec<String>, LogError> {
    let mut names: Vec<String> = line.iter().map(|it| String::from_utf8_lossy(it).trim().to_owned()).collect();
    // NumPy's savetxt writes its header as a comment.
    if let Some(first) = names.first_mut()
        && let Some(bare) = first.strip_prefix('#')
    {
        *first = bare.trim().to_owned();
    }
    if names.iter().all(|it| matches!(number::read(it, true), Ok(Some(_)))) {
        return Err(LogError::NoHeader { place: place.to_owned() });
    }
    Ok(names)
}

fn record(line: &ByteRecord, log: &Log, decimal_comma: bool) -> Result<Record, LogError> {
    let mut record = Record::at(line_number(line));
    for (role, idx) in log.picked.iter() {
        let text = line.get(idx).and_then(|it| std::str::from_utf8(it).ok()).unwrap_or_default();
        let value = number::read(text, decimal_comma).map_err(|()| LogError::NotANumber {
            column: log.names.get(idx).cloned().unwrap_or_default(),
            role: role.label(),
            spot: log.spot(&record),
            text: text.chars().take(60).collect(),
            place: log.place.clone(),
        })?;
        record.put(role, value);
    }
    Ok(record)
}

/// Who wrote a table, by its columns: Keras orders them by name behind `epoch`, Lightning leaves most cells empty.
fn format(names: &[String], picked: &Picked, records: &[Record]) -> Format {
    let is_keras =
        names.first().is_some_and(|it| it == "epoch") && names.iter().any(|it| it == "loss") && names[1..].is_sorted();
    if is_keras {
        return Format::Keras;
    }
    let has = |name: &str| names.iter().any(|it| it == name);
    let is_sparse = |role: Role| picked.index(role).is_some() && records.iter().any(|it| it.get(role).is_none());
    if has("epoch") && has("step") && (is_sparse(Role::TrainLoss) || is_sparse(Role::ValidationLoss)) {
        return Format::Lightning;
    }
    Format::Table
}
