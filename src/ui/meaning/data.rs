//! Numbers of the data: how its columns are spread, what is missing, how it is split.

use super::Meaning;
use crate::data::{Column, ColumnKind, ColumnProfile, Prepared, Scaling, SeenCell};
use crate::ui::{grouped, percent_text, short_number};

/// Features of one cell that are told; a text has hundreds.
const MOST_FEATURES: usize = 6;

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

/// One cell, and what the network sees of it.
pub(in crate::ui) fn cell(column: &Column, row: usize, prepared: Option<&Prepared>) -> Meaning {
    let name = format!("{} of row {}", column.name, grouped(row as u64 + 1));
    let Some(prepared) = prepared else { return Meaning::new(name, "As the file has it.", "") };
    if column.name == prepared.target_name {
        return target_cell(name, column, row, prepared);
    }
    let seen = prepared.row(row).and_then(|it| prepared.encoder.seen(&column.name, it));
    let Some(seen) = seen else {
        return Meaning::new(name, "As the file has it. The network does not see this column.", "");
    };
    match (seen.scaling, number(column, row)) {
        (Some(scaling), Some(value)) => {
            scaled_cell(name, "the network sees", column, scaling, value, f64::from(seen.features[0]))
        }
        (Some(_), None) => {
            let beside = if seen.names.len() > 1 { ", and a 1 beside it" } else { "" };
            let about = format!("It has no value, so the network sees the mean of the training rows{beside}.");
            Meaning { values: features_text(&seen), ..Meaning::new(name, about, "") }
        }
        (None, _) => {
            let about = "As the file has it. The network sees a number for each category or word; the others are 0.";
            Meaning { values: features_text(&seen), ..Meaning::new(name, about, "") }
        }
    }
}

fn number(column: &Column, row: usize) -> Option<f64> {
    column.values.numbers()?.get(row).copied().filter(|it| it.is_finite())
}

fn target_cell(name: String, column: &Column, row: usize, prepared: &Prepared) -> Meaning {
    let Some(target) = prepared.targets.get(row).copied().filter(|it| !it.is_nan()) else {
        return Meaning::new(name, "The network cannot learn from it, so the row is left out.", "");
    };
    match number(column, row) {
        Some(value) if prepared.classes.is_empty() => {
            scaled_cell(name, "the network learns", column, prepared.target_scale, value, f64::from(target))
        }
        _ => {
            let about = "What the network learns to predict: the place of the class in the list of all.";
            let values = format!("class {target} of {}, counted from 0", prepared.classes.len());
            Meaning { values, ..Meaning::new(name, about, "") }
        }
    }
}

/// A number as the file has it, and `seen` instead of it by the network.
fn scaled_cell(name: String, who: &str, column: &Column, scaling: Scaling, value: f64, seen: f64) -> Meaning {
    let worked = scaling.apply(value);
    // Features are kept in single precision.
    if (worked - seen).abs() > 1e-5 * seen.abs().max(1.0) {
        let about = format!("As the file has it; {who} another row's value in its place, as data.label_noise asks.");
        return Meaning { values: short_number(seen), ..Meaning::new(name, about, "") };
    }
    if scaling.is_identity() {
        return Meaning::new(name, format!("As the file has it, and as {who} it."), "");
    }
    let about = format!("As the file has it; {who} it scaled, by what the training rows are like.");
    let (what, unit) = if column.kind == ColumnKind::Date { ("day", " days since 1970") } else { ("value", "") };
    let [of, mean, std, result] = [value, scaling.mean, scaling.std, worked].map(short_number);
    Meaning::new(name, about, format!("({what} − mean) / standard deviation"))
        .with(format!("({of}{unit} − {mean}) / {std} = {result}"), worked)
}

/// The features that are not 0, a line each.
fn features_text(seen: &SeenCell<'_>) -> String {
    let some: Vec<_> = seen.names.iter().zip(seen.features).filter(|it| *it.1 != 0.0).collect();
    let mut lines: Vec<String> = some
        .iter()
        .take(MOST_FEATURES)
        .map(|(name, it)| format!("{name}  {}", short_number(f64::from(**it))))
        .collect();
    if some.len() > MOST_FEATURES {
        lines.push(format!("and {} more", some.len() - MOST_FEATURES));
    }
    if lines.is_empty() { format!("0 for each of {}", seen.names.len()) } else { lines.join("\n") }
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

    /// What is told of a cell of five cars, the last two of which stand outside of training.
    fn told(settings: &[&str], column: &str, row: usize) -> Meaning {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cars.csv");
        let rows = "km,sold,price\n10,2020-01-01,1\n20,2020-01-02,2\n30,2020-01-03,3\n,2020-01-04,4\n50,2020-01-05,5\n";
        std::fs::write(&file, rows).unwrap();
        let mut project = crate::spec::Project::default();
        for setting in ["data.target=price", "split.method=ordered", "split.validation=0.2", "split.test=0.2"] {
            project.set(setting).unwrap();
        }
        project.data.source = crate::spec::Source::File(file.display().to_string());
        for setting in settings {
            project.set(setting).unwrap();
        }
        let dataset = crate::data::load(&project.data.source, folder.path()).unwrap();
        let prepared = crate::data::prepare(&dataset, &project.data, &project.split, 1).unwrap();
        cell(dataset.column(column).unwrap(), row, Some(&prepared))
    }

    #[test]
    fn a_cell_tells_what_the_network_sees_instead_of_it() {
        let km = told(&[], "km", 4);
        assert!(km.values.starts_with("(50 − 20) / 8.16") && (km.result.unwrap() - 3.674_234_6).abs() < 1e-6, "{km:?}");
        let gap = told(&[], "km", 3);
        assert!(
            gap.about.ends_with("the mean of the training rows."),
            "no training row lacks it, so nothing says so: {gap:?}"
        );
        let day = told(&[], "sold", 0);
        assert!(day.values.starts_with("(18,262 days since 1970 − 18,263)"), "{day:?}");
        let price = told(&[], "price", 0);
        assert!(price.about.contains("the network learns it scaled"), "{price:?}");
        let plain = told(&["data.standardize=off"], "price", 0);
        assert_eq!((plain.about.as_str(), plain.result), ("As the file has it, and as the network learns it.", None));
        let noisy = (0..5).map(|row| told(&["data.label_noise=0.5"], "price", row).about);
        let replaced = noisy.filter(|it| it.contains("another row's value in its place")).count();
        assert!((1..5).contains(&replaced), "{replaced} of five values were replaced");
    }

    #[test]
    fn shares_are_of_all_rows() {
        let meaning = class_share("Yes", 25, 125);
        assert_eq!((meaning.values.as_str(), meaning.result), ("25 / 125 = 20.0 %", Some(0.2)));
        assert_eq!(split("Test", "kept for the end", 287, 1436).values, "287 / 1,436 = 20.0 %");
    }
}
