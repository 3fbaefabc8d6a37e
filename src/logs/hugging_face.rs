//! `trainer_state.json` of Hugging Face's Trainer: everything it logged, in `log_history`.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::columns::{Columns, pick};
use super::curves::Format;
use super::error::LogError;
use super::number;
use super::record::{Log, Record};

#[derive(Deserialize)]
struct State {
    log_history: Option<Vec<Entry>>,
}

type Entry = Map<String, Value>;

/// Reads the state, or a bare `log_history`.
pub(super) fn read(bytes: Vec<u8>, place: &str, choice: &Columns) -> Result<Log, LogError> {
    let mut text = String::from_utf8(bytes).map_err(|err| {
        let upto = err.utf8_error().valid_up_to();
        let line = err.as_bytes()[..upto].split(|it| *it == b'\n').count() as u64;
        LogError::NotUtf8 { line, place: place.to_owned() }
    })?;
    if text.contains("NaN") || text.contains("Infinity") {
        text = without_nan(&text);
    }
    let damaged = |err: serde_json::Error| LogError::BadJson { cause: err.to_string(), place: place.to_owned() };
    let entries = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text).map_err(damaged)?
    } else {
        let state: State = serde_json::from_str(&text).map_err(damaged)?;
        state.log_history.ok_or_else(|| LogError::NoHistory { place: place.to_owned() })?
    };
    from_entries(&entries, place, choice)
}

fn from_entries(entries: &[Entry], place: &str, choice: &Columns) -> Result<Log, LogError> {
    // The entry that closes a training repeats its mean loss over all epochs.
    let is_summary = |it: &Entry| it.contains_key("train_runtime");
    let mut names: Vec<String> = Vec::new();
    let mut known = std::collections::BTreeSet::new();
    for name in entries.iter().filter(|it| !is_summary(it)).flat_map(|it| it.keys()) {
        if known.insert(name) {
            names.push(name.clone());
        }
    }
    if names.is_empty() {
        return Err(LogError::HeaderOnly { place: place.to_owned() });
    }
    let picked = pick(&names, choice, place)?;
    let mut log = Log {
        format: Format::HuggingFace,
        names,
        picked,
        records: Vec::new(),
        notes: Vec::new(),
        was_sorted: false,
        spots: "entry",
        place: place.to_owned(),
    };
    for (idx, entry) in entries.iter().enumerate().filter(|(_, it)| !is_summary(it)) {
        let mut record = Record::at(idx as u64 + 1);
        for (role, column) in log.picked.iter() {
            let name = &log.names[column];
            let Some(value) = entry.get(name) else { continue };
            let value = of_json(value).map_err(|text| LogError::NotANumber {
                column: name.clone(),
                role: role.label(),
                spot: log.spot(&record),
                text,
                place: place.to_owned(),
            })?;
            record.put(role, Some(value));
        }
        log.push(record)?;
    }
    Ok(log)
}

/// A logged value; `null` is what stands for a number that was none.
fn of_json(value: &Value) -> Result<f64, String> {
    let word = |text: &str| text.chars().take(60).collect::<String>();
    match value {
        Value::Null => Ok(f64::NAN),
        Value::Number(it) => Ok(it.as_f64().unwrap_or(f64::NAN)),
        Value::String(it) => number::read(it, false).map(|it| it.unwrap_or(f64::NAN)).map_err(|()| word(it)),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(word(&value.to_string())),
    }
}

/// Python writes NaN and infinities into JSON, which knows neither: outside of texts they become `null`.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_text = false;
    while let Some(letter) = rest.chars().next() {
        let token = ["NaN", "Infinity", "-Infinity"].into_iter().find(|it| !is_text && rest.starts_with(it));
        let taken = token.map_or(letter.len_utf8(), str::len);
        if token.is_some() {
            out.push_str("null");
        } else if is_text && letter == '\\' {
            // What is escaped ends no text.
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            out.push_str(&rest[..taken + escaped]);
            rest = &rest[taken + escaped..];
            continue;
        } else {
            is_text ^= letter == '"';
            out.push(letter);
        }
        rest = &rest[taken..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_writes_for_no_number_becomes_null_but_not_inside_a_text() {
        let text = r#"{"a":NaN,"NaN \" Infinity":-Infinity,"b":[Infinity,1]}"#;
        assert_eq!(without_nan(text), r#"{"a":null,"NaN \" Infinity":null,"b":[null,1]}"#);
    }
}
