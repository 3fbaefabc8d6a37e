//! The column to predict: which it is, what task follows from it, and its values row by row.

use std::collections::BTreeMap;

use crate::spec::{DataSpec, Task, TaskChoice, nearest_name};

use super::DataError;
use super::builtin::IMAGE_TARGET;
use super::cell;
use super::chance::{Purpose, stream, uniform};
use super::dataset::{Column, Dataset, Images, MISSING, Values};

/// Up to this many different whole numbers are taken for classes.
const MOST_NUMBERED_CLASSES: usize = 20;

/// Rows a numbered class has on average; fewer speak for measurements.
const ROWS_A_CLASS: usize = 5;

/// More classes than this are names, not classes.
const MOST_CLASSES: usize = 1000;

/// Names people give to what they want to predict, likeliest first.
const USUAL_NAMES: [&str; 9] = ["target", "label", "class", "y", "outcome", "output", "price", "category", "species"];

/// What is to be predicted and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub name: String,
    pub task: Task,
    /// Ordered by name, numbers by value; empty for a regression.
    pub classes: Vec<String>,
    /// What was decided for the user, one sentence each.
    pub notes: Vec<String>,
}

/// The target with its value in each row of the dataset: a number or a class index, NaN where missing.
pub(super) struct Labels {
    pub target: Target,
    pub values: Vec<f64>,
}

/// The target that the choices and the data lead to, before anything is split or encoded.
///
/// # Errors
/// A target that is not there, has no or one value, or does not fit the chosen task.
pub fn find_target(dataset: &Dataset, spec: &DataSpec) -> Result<Target, DataError> {
    labels(dataset, spec).map(|it| it.target)
}

/// As [`find_target`], with the values.
pub(super) fn labels(dataset: &Dataset, spec: &DataSpec) -> Result<Labels, DataError> {
    if let Some(images) = &dataset.images {
        return image_labels(images, dataset, spec);
    }
    let mut notes = Vec::new();
    let column = target_column(dataset, spec, &mut notes)?;
    let labels = match &column.values {
        Values::Numbers(numbers) | Values::Dates(numbers) => {
            check_numbers(column, dataset)?;
            let regression = match spec.task {
                TaskChoice::Auto => !are_classes(numbers),
                TaskChoice::Regression => true,
                TaskChoice::Classification => false,
            };
            if regression { regression_labels(numbers) } else { numbered_labels(numbers) }
        }
        Values::Words { levels, codes } => {
            if spec.task == TaskChoice::Regression {
                return Err(first_word(column, levels, codes, dataset));
            }
            word_labels(levels, codes)
        }
    };
    let labels = Labels { target: Target { name: column.name.clone(), notes, ..labels.target }, ..labels };
    check(&labels, &dataset.place)?;
    Ok(labels)
}

/// Replaces the target in a share of the rows by chance: by another class, or by the number of any row. Returns how
/// many rows were changed.
pub(super) fn add_label_noise(values: &mut [f64], task: Task, share: f64, seed: u64) -> usize {
    let mut rng = stream(Purpose::LabelNoise, seed, 0);
    let known: Vec<f64> = values.iter().copied().filter(|it| !it.is_nan()).collect();
    let mut n_changed = 0;
    for value in values.iter_mut().filter(|it| !it.is_nan()) {
        // Drawn for every row, so that a larger share changes the same rows and more.
        let (hit, pick) = (uniform(&mut rng) < share, uniform(&mut rng));
        if !hit {
            continue;
        }
        n_changed += 1;
        *value = match task.n_classes() {
            Some(n) => {
                let other = 1 + (pick * (n - 1) as f64) as usize;
                ((*value as usize + other) % n) as f64
            }
            None => known[((pick * known.len() as f64) as usize).min(known.len() - 1)],
        };
    }
    n_changed
}

/// The column of that name.
///
/// # Errors
/// [`DataError::NoColumn`] with the nearest name.
pub(super) fn named<'a>(dataset: &'a Dataset, name: &str) -> Result<&'a Column, DataError> {
    dataset.column(name).ok_or_else(|| DataError::NoColumn {
        name: name.to_owned(),
        nearest: nearest_column(dataset, name),
        place: dataset.place.clone(),
    })
}

/// Name of the column that a mistyped one may have meant.
pub(super) fn nearest_column(dataset: &Dataset, name: &str) -> String {
    nearest_name(name, dataset.columns.iter().map(|it| it.name.as_str())).unwrap_or_default().to_owned()
}

fn target_column<'a>(dataset: &'a Dataset, spec: &DataSpec, notes: &mut Vec<String>) -> Result<&'a Column, DataError> {
    if let Some(name) = spec.target.as_ref().or(dataset.usual_target.as_ref()) {
        return named(dataset, name);
    }
    let usual = USUAL_NAMES
        .iter()
        .find_map(|name| dataset.columns.iter().find(|it| it.is_input() && it.name.eq_ignore_ascii_case(name)));
    if let Some(column) = usual {
        notes.push(format!("No target was chosen; {} was taken by its name", column.name));
        return Ok(column);
    }
    let last = dataset.columns.iter().rev().find(|it| it.is_input()).or(dataset.columns.last());
    let column = last.ok_or_else(|| DataError::NoInputs { place: dataset.place.clone() })?;
    notes.push(format!("No target was chosen; the last column, {}, was taken", column.name));
    Ok(column)
}

fn image_labels(images: &Images, dataset: &Dataset, spec: &DataSpec) -> Result<Labels, DataError> {
    if images.labels.is_empty() {
        return Err(DataError::NoClasses { place: dataset.place.clone() });
    }
    if let Some(name) = spec.target.as_ref().filter(|it| *it != IMAGE_TARGET) {
        return Err(DataError::NoColumn {
            name: name.clone(),
            nearest: IMAGE_TARGET.to_owned(),
            place: dataset.place.clone(),
        });
    }
    if spec.task == TaskChoice::Regression {
        let text = images.classes.first().cloned().unwrap_or_default();
        return Err(DataError::NotANumber {
            column: IMAGE_TARGET.to_owned(),
            text,
            line: 1,
            place: dataset.place.clone(),
        });
    }
    let labels = word_labels(&images.classes, &images.labels);
    let labels = Labels { target: Target { name: IMAGE_TARGET.to_owned(), ..labels.target }, ..labels };
    check(&labels, &dataset.place)?;
    Ok(labels)
}

/// Few different whole numbers, each in several rows. Two different ones are always classes: 0 and 1.
fn are_classes(numbers: &[f64]) -> bool {
    let mut present: Vec<_> = numbers.iter().copied().filter(|it| !it.is_nan()).collect();
    if present.iter().any(|it| it.fract() != 0.0) {
        return false;
    }
    let n_rows = present.len();
    present.sort_unstable_by(f64::total_cmp);
    present.dedup();
    present.len() <= 2 || (present.len() <= MOST_NUMBERED_CLASSES && n_rows >= ROWS_A_CLASS * present.len())
}

/// Slips of the pen are missing values in an input; in a target the user must know of them.
fn check_numbers(column: &Column, dataset: &Dataset) -> Result<(), DataError> {
    check_finite(column, dataset)?;
    match &column.odd {
        Some(odd) => Err(DataError::NotANumber {
            column: column.name.clone(),
            text: odd.text.clone(),
            line: odd.line,
            place: dataset.place.clone(),
        }),
        None => Ok(()),
    }
}

/// # Errors
/// [`DataError::Infinite`] with the line of the first infinite cell.
pub(super) fn check_finite(column: &Column, dataset: &Dataset) -> Result<(), DataError> {
    match &column.infinite {
        Some(odd) => Err(DataError::Infinite {
            column: column.name.clone(),
            text: odd.text.clone(),
            line: odd.line,
            place: dataset.place.clone(),
        }),
        None => Ok(()),
    }
}

fn first_word(column: &Column, levels: &[String], codes: &[u32], dataset: &Dataset) -> DataError {
    let is_word = |code: &u32| levels.get(*code as usize).is_some_and(|it| cell::number(it, true).is_none());
    let row = codes.iter().position(is_word).unwrap_or_default();
    let text = column.text(row).unwrap_or_default().into_owned();
    DataError::NotANumber { column: column.name.clone(), text, line: dataset.line(row), place: dataset.place.clone() }
}

fn regression_labels(numbers: &[f64]) -> Labels {
    Labels { target: unnamed(Task::Regression, Vec::new()), values: numbers.to_vec() }
}

fn numbered_labels(numbers: &[f64]) -> Labels {
    let mut values: Vec<_> = numbers.iter().copied().filter(|it| !it.is_nan()).map(|it| it + 0.0).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    let class_of =
        |it: &f64| values.binary_search_by(|value| value.total_cmp(&(it + 0.0))).map_or(f64::NAN, |class| class as f64);
    let classes: Vec<_> = values.iter().map(|it| cell::number_text(*it)).collect();
    Labels { target: unnamed(task_of(classes.len()), classes), values: numbers.iter().map(class_of).collect() }
}

/// Levels that no row has are no classes.
fn word_labels(levels: &[String], codes: &[u32]) -> Labels {
    let mut classes = BTreeMap::new();
    for code in codes.iter().filter(|it| **it != MISSING) {
        classes.insert(*code, 0);
    }
    for (class, (_, idx)) in classes.iter_mut().enumerate() {
        *idx = class;
    }
    let values = codes.iter().map(|it| classes.get(it).map_or(f64::NAN, |class| *class as f64)).collect();
    let names: Vec<_> = classes.keys().filter_map(|it| levels.get(*it as usize)).cloned().collect();
    Labels { target: unnamed(task_of(names.len()), names), values }
}

fn unnamed(task: Task, classes: Vec<String>) -> Target {
    Target { name: String::new(), task, classes, notes: Vec::new() }
}

fn task_of(n_classes: usize) -> Task {
    if n_classes <= 2 { Task::Binary } else { Task::Classes(n_classes) }
}

fn check(labels: &Labels, place: &str) -> Result<(), DataError> {
    let (column, place) = (labels.target.name.clone(), place.to_owned());
    let mut present = labels.values.iter().filter(|it| !it.is_nan());
    let Some(first) = present.next() else {
        return Err(DataError::EmptyTarget { column, place });
    };
    if present.clone().all(|it| it == first) {
        let value = labels.target.classes.first().cloned().unwrap_or_else(|| cell::number_text(*first));
        return Err(DataError::OneClass { column, value, place });
    }
    let (n_classes, n_rows) = (labels.target.classes.len(), present.count() + 1);
    if n_classes > MOST_CLASSES || 2 * n_classes > n_rows.max(4) {
        return Err(DataError::TooManyClasses { column, n_classes, n_rows, place });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::table_of;
    use super::*;

    fn found(text: &str, target: Option<&str>, task: TaskChoice) -> Result<Target, DataError> {
        find_target(&table_of(text), &DataSpec { target: target.map(str::to_owned), task, ..DataSpec::default() })
    }

    /// A table with a column `t` of these values and one more.
    fn with_target(values: impl Iterator<Item = String>) -> String {
        values.zip(1..).fold("a,t\n".to_owned(), |text, (value, row)| format!("{text}{}.5,{value}\n", row * row))
    }

    #[test]
    fn the_task_follows_from_the_target() {
        let cases: [(Vec<String>, Task, &[&str]); 6] = [
            ((0..40).map(|it| ["yes", "no"][it % 2].to_owned()).collect(), Task::Binary, &["no", "yes"]),
            ((0..40).map(|it| (it % 2).to_string()).collect(), Task::Binary, &["0", "1"]),
            (
                (0..60).map(|it| (it % 12).to_string()).collect(),
                Task::Classes(12),
                &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"],
            ),
            ((0..59).map(|it| (it % 12).to_string()).collect(), Task::Regression, &[]),
            ((0..210).map(|it| (it % 21).to_string()).collect(), Task::Regression, &[]),
            ((0..40).map(|it| format!("{}.5", it % 2)).collect(), Task::Regression, &[]),
        ];
        for (values, task, classes) in cases {
            let target = found(&with_target(values.iter().cloned()), Some("t"), TaskChoice::Auto).unwrap();
            assert_eq!(target.task, task, "{:?} …", &values[..4]);
            assert_eq!(target.classes, classes);
        }
        let numbers = with_target((0..40).map(|it| (it % 2).to_string()));
        assert_eq!(found(&numbers, Some("t"), TaskChoice::Regression).unwrap().task, Task::Regression);
        let halves = with_target((0..40).map(|it| format!("{}.5", it % 3)));
        assert_eq!(found(&halves, Some("t"), TaskChoice::Classification).unwrap().classes, ["0.5", "1.5", "2.5"]);
    }

    #[test]
    fn without_a_choice_the_target_is_found_and_said() {
        let cases = [
            (
                "Price,km,fuel\n1.5,2,a\n2.5,3,b\n3.5,4,a\n",
                "Price",
                "No target was chosen; Price was taken by its name",
            ),
            (
                "km,fuel,sort\n1,a,x\n2,b,y\n3,a,x\n4,b,y\n",
                "sort",
                "No target was chosen; the last column, sort, was taken",
            ),
            (
                "km,sort,id\n1,x,7\n2,y,3\n3,x,5\n4,y,1\n",
                "sort",
                "No target was chosen; the last column, sort, was taken",
            ),
        ];
        for (text, name, note) in cases {
            let target = found(text, None, TaskChoice::Auto).unwrap();
            assert_eq!((target.name.as_str(), target.notes[0].as_str()), (name, note));
        }
    }

    #[test]
    fn targets_that_cannot_be_learned_are_refused() {
        let cases = [
            ("a,t\n1,5\n2,5\n", TaskChoice::Auto, "the target \"t\" is \"5\" in every row"),
            ("a,t\n1,x\n2,x\n", TaskChoice::Auto, "the target \"t\" is \"x\" in every row"),
            ("a,t\n1,x\n2,x\n3,\n", TaskChoice::Auto, "the target \"t\" is \"x\" in every row"),
            ("a,t\n1,\n2,NA\n", TaskChoice::Auto, "the target \"t\" has no value in any row"),
            ("a,b\n1,2\n2,3\n", TaskChoice::Auto, "there is no column \"t\"; the nearest is"),
            (
                "a,t\n1,v\n2,w\n3,x\n4,y\n5,z\n",
                TaskChoice::Auto,
                "the target \"t\" has 5 different values in 5 rows, too many for classes",
            ),
            ("a,t\n1,2\n2,x\n3,2\n4,x\n", TaskChoice::Regression, "column \"t\" is not a number in line 3: \"x\""),
            ("a,t\n1,2.5\n2,inf\n3,2\n", TaskChoice::Auto, "column \"t\" holds \"inf\" in line 3"),
            (
                "a,t\n1,2.5\n2,3.5\n3,4.5\n4,5.5\n5,6.5\n6,abc\n",
                TaskChoice::Auto,
                "column \"t\" is not a number in line 7: \"abc\"",
            ),
        ];
        for (text, task, expected) in cases {
            let refused = found(text, Some("t"), task).unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(": a.csv"), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_target_of_different_whole_numbers_is_no_identifier() {
        let target = found("a,b,id\n1,x,10\n2,y,20\n3,x,35\n4,y,41\n", Some("id"), TaskChoice::Auto).unwrap();
        assert_eq!(target.task, Task::Regression);
    }
}
