//! Numbers of the data: how its columns are spread, what is missing, how it is split.

use super::Meaning;
use crate::data::ColumnProfile;
use crate::ui::{grouped, percent_text, short_number};

/// How a column's values are spread.
pub(in crate::ui) fn column(profile: &ColumnProfile, n_rows: usize) -> Meaning {
    let name = format!("Spread of {}", profile.name);
    if let Some(numbers) = &profile.numbers {
        let about = format!(
            "How its values lie, from {} to {}: a bar for each of equally wide parts.",
            numbers.min_text, numbers.max_text
        );
        let values = format!("mean {}\nstandard deviation {}", short_number(numbers.mean), short_number(numbers.std));
        let formula = "mean = Σ value / n\nstandard deviation = √(Σ (value − mean)² / n)";
        let n = grouped((n_rows - profile.missing.min(n_rows)) as u64);
        return Meaning { values: format!("{values}\nn {n}"), ..Meaning::new(name, about, formula) };
    }
    let lines = profile.top.iter().map(|it| {
        let share = percent_text(it.count as f64 / n_rows.max(1) as f64);
        format!("{}: {} / {} = {share}", it.name, grouped(it.count as u64), grouped(n_rows as u64))
    });
    let mut lines: Vec<String> = lines.collect();
    if profile.distinct > lines.len() && !lines.is_empty() {
        lines.push(format!("and {} more", grouped((profile.distinct - lines.len()) as u64)));
    }
    let about =
        if lines.is_empty() { "It has no values." } else { "Its most frequent values, each as a share of all rows." };
    Meaning { values: lines.join("\n"), ..Meaning::new(name, about, "rows with the value / rows") }
}

/// Rows without a value.
pub(in crate::ui) fn missing(profile: &ColumnProfile, n_rows: usize) -> Meaning {
    let about = format!("{} of {} rows have no value.", grouped(profile.missing as u64), grouped(n_rows as u64));
    let name = format!("Missing in {}", profile.name);
    of_rows(name, about, "rows without a value / rows", profile.missing, n_rows)
}

/// Rows of one class.
pub(in crate::ui) fn class_share(name: &str, count: usize, n_rows: usize) -> Meaning {
    let about = format!("{} of {} rows are of this class.", grouped(count as u64), grouped(n_rows as u64));
    of_rows(format!("Share of {name}"), about, "rows of the class / rows", count, n_rows)
}

/// One part of the split: its name, what it is for, and its rows.
pub(in crate::ui) fn split(name: &str, purpose: &str, rows: usize, n_rows: usize) -> Meaning {
    of_rows(format!("{name} rows"), format!("Rows {purpose}."), "rows of the part / rows", rows, n_rows)
}

fn of_rows(name: String, about: String, formula: &str, part: usize, all: usize) -> Meaning {
    let share = part as f64 / all.max(1) as f64;
    let text = format!("{} / {} = {}", grouped(part as u64), grouped(all as u64), percent_text(share));
    Meaning::new(name, about, formula).with(text, share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_all_rows() {
        let meaning = class_share("Yes", 25, 125);
        assert_eq!((meaning.values.as_str(), meaning.result), ("25 / 125 = 20.0 %", Some(0.2)));
        assert_eq!(split("Test", "kept for the end", 287, 1436).values, "287 / 1,436 = 20.0 %");
    }
}
