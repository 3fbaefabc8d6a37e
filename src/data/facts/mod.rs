//! What prepared data show by themselves: class sizes, repeated rows, telling columns, scales.
//!
//! Quick rather than exhaustive: columns are judged on an even sample of rows, so that thousands of them take a
//! fraction of a second. Repeated rows are searched among all.

mod telling;

use std::collections::HashSet;

use crate::run::{DataFacts, InputScales};
use crate::spec::InputShape;

use super::encoder::Code;
use super::number::Scaling;
use super::prepare::Prepared;
use telling::telling;

/// Training rows, and validation rows, that a column is judged on at most.
const MOST_ROWS: usize = 3000;

/// Values looked at in all columns together, words left out: with more columns fewer rows are looked at.
const MOST_VALUES: usize = 150_000;

/// Rows that even the widest table keeps.
const FEWEST_ROWS: usize = 500;

/// What the data show by themselves, before any training.
///
/// The same for the same data. Statistics come from training rows, judged on validation rows where there are
/// some. A column is judged on at most 3000 rows of either split, fewer where there are more than 50 columns;
/// of a text column the one word is told whose presence says most.
pub fn facts(data: &Prepared) -> DataFacts {
    let rows = Rows::of(data);
    let is_table = matches!(data.input, InputShape::Flat { .. });
    let [repeated_validation_rows, repeated_test_rows] = repeated(data);
    DataFacts {
        class_rows: data.class_counts.clone(),
        repeated_validation_rows,
        repeated_test_rows,
        telling: if is_table { telling(data, &rows) } else { Vec::new() },
        scales: if is_table { scales(data, &rows) } else { None },
    }
}

/// Validation and test rows whose features and target stand in a training row as well, to the bit.
fn repeated(data: &Prepared) -> [usize; 2] {
    let hash = |row: &u32| {
        let features = data.row(*row as usize).unwrap_or_default();
        features.iter().chain(data.targets.get(*row as usize)).fold(0_u64, |hash, it| mix(hash, it.to_bits()))
    };
    let known: HashSet<u64> = data.split.train.iter().map(hash).collect();
    [&data.split.validation, &data.split.test].map(|part| part.iter().filter(|row| known.contains(&hash(row))).count())
}

/// Multiply and rotate, so that every bit of a row moves all of its hash: of a million rows, two that differ meet
/// in one of 30 million cases.
fn mix(hash: u64, bits: u32) -> u64 {
    (hash ^ u64::from(bits)).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29) ^ 0x5851_F42D_4C95_7F2D
}

/// The rows that columns are judged on.
struct Rows {
    /// Fills the lookups.
    train: Vec<usize>,
    /// Judges them.
    judge: Vec<usize>,
}

impl Rows {
    fn of(data: &Prepared) -> Self {
        let is_words = |code: &Code| matches!(code, Code::Words(_));
        let n_columns = data.encoder.columns.iter().filter(|it| !is_words(&it.code)).count();
        let most = (MOST_VALUES / n_columns.max(1)).clamp(FEWEST_ROWS, MOST_ROWS);
        let judge = if data.split.validation.is_empty() { &data.split.train } else { &data.split.validation };
        Self { train: even_sample(&data.split.train, most), judge: even_sample(judge, most) }
    }
}

/// Every k-th row where there are too many.
fn even_sample(rows: &[u32], most: usize) -> Vec<usize> {
    let n = rows.len().min(most);
    (0..n).map(|idx| rows[idx * rows.len() / n] as usize).collect()
}

fn features(data: &Prepared, row: usize, at: usize, width: usize) -> &[f32] {
    data.row(row).and_then(|it| it.get(at..at + width)).unwrap_or_default()
}

/// Means and deviations of the columns of numbers; none where there are none, or all are alike.
fn scales(data: &Prepared, rows: &Rows) -> Option<InputScales> {
    let mut numbers = Vec::new();
    let mut at = 0;
    for column in &data.encoder.columns {
        let width = column.names().len();
        if let Code::Number(_) = &column.code {
            let values = rows.train.iter().map(|row| f64::from(features(data, *row, at, width)[0]));
            let first = values.clone().next().unwrap_or_default();
            if values.clone().any(|it| it != first) {
                numbers.push((&column.name, Scaling::of(values)));
            }
        }
        at += width;
    }
    let furthest = numbers.iter().max_by(|a, b| a.1.mean.abs().total_cmp(&b.1.mean.abs()))?;
    let widest = numbers.iter().max_by(|a, b| a.1.std.total_cmp(&b.1.std))?;
    let narrowest = numbers.iter().min_by(|a, b| a.1.std.total_cmp(&b.1.std))?;
    Some(InputScales {
        furthest: furthest.0.clone(),
        furthest_mean: furthest.1.mean,
        widest: widest.0.clone(),
        widest_deviation: widest.1.std,
        narrowest: narrowest.0.clone(),
        narrowest_deviation: narrowest.1.std,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::chance::{Purpose, normal, stream, uniform};
    use super::super::source::tests::table_of;
    use super::super::{load, prepare};
    use super::*;
    use crate::spec::{BUILTIN_IDS, DataSpec, Generator, Planted, Recipe, Source, SplitMethod, SplitSpec};

    fn facts_of(source: Source, standardize: bool) -> DataFacts {
        let set = load(&source, Path::new(".")).unwrap();
        let spec = DataSpec { source, standardize, ..DataSpec::default() };
        facts(&prepare(&set, &spec, &SplitSpec::default(), 1).unwrap())
    }

    fn builtin(id: &str) -> DataFacts {
        facts_of(Source::Builtin(id.to_owned()), false)
    }

    fn planted(table: Planted) -> DataFacts {
        facts_of(
            Source::Generated(Recipe { shape: Generator::Table, samples: 1000, table, ..Recipe::default() }),
            false,
        )
    }

    /// Facts of a table whose column `t` is predicted.
    fn table(text: &str) -> DataFacts {
        let spec = DataSpec { target: Some("t".to_owned()), standardize: false, ..DataSpec::default() };
        let split = SplitSpec {
            validation: 0.3,
            test: 0.2,
            method: SplitMethod::Random,
            seed: Some(3),
            ..SplitSpec::default()
        };
        facts(&prepare(&table_of(text), &spec, &split, 1).unwrap())
    }

    fn skill(facts: &DataFacts, column: &str) -> f64 {
        facts
            .telling
            .iter()
            .find(|it| it.column == column)
            .unwrap_or_else(|| panic!("{column}: {:?}", facts.telling))
            .skill
    }

    #[test]
    fn sets_that_ship_have_no_column_that_decides_and_next_to_no_repeats() {
        for id in BUILTIN_IDS {
            let it = builtin(id);
            assert!(it.telling.iter().all(|it| it.skill < 0.9), "{id}: {:?}", it.telling);
            let most = if *id == "telco_churn" { 4 } else { 0 };
            assert!(it.repeated_validation_rows <= most && it.repeated_test_rows <= most, "{id}");
        }
    }

    #[test]
    fn what_says_most_comes_first_with_the_share_it_takes_away() {
        let cars = builtin("used_cars");
        assert_eq!(cars.telling[0].column, "Mfg_Year");
        assert!((0.75..0.9).contains(&cars.telling[0].skill), "{:?}", cars.telling);
        let iris = builtin("iris");
        assert_eq!(iris.telling[0].column, "petal_width_cm");
        assert!((0.75..0.9).contains(&iris.telling[0].skill) && iris.telling.len() == 4, "{:?}", iris.telling);
        let spam = builtin("spam_emails");
        assert!(spam.telling[0].column.starts_with("body: ") && spam.telling.len() == 2, "one word of each column");
        assert!((0.1..0.5).contains(&spam.telling[0].skill), "{:?}", spam.telling);
        let churn = builtin("telco_churn");
        assert_eq!(
            (churn.telling[0].column.as_str(), churn.scales.is_some()),
            ("contract", true),
            "a category is one column"
        );
        let clothes = builtin("clothing_top_bottom");
        assert!(clothes.telling.is_empty() && clothes.scales.is_none() && clothes.class_rows == [600, 600]);
    }

    #[test]
    fn a_planted_leak_is_told_for_equal_and_unequal_classes() {
        for (classes, imbalance) in [(2, 1.0), (2, 1.3), (2, 20.0), (3, 1.7), (5, 4.0)] {
            let it = planted(Planted { leak: true, classes, imbalance, ..Planted::default() });
            assert_eq!(it.telling[0].column, "result");
            assert!(it.telling[0].skill > 0.95, "{classes} {imbalance}: {:?}", it.telling);
            assert!(it.telling[1].skill < 0.5, "{:?}", it.telling);
        }
        assert!(planted(Planted::default()).telling[0].skill < 0.5);
    }

    #[test]
    fn a_regressions_leak_is_told_even_with_a_long_tail() {
        let mut rng = stream(Purpose::Recipe, 5, 0);
        let rows = (0..600_u32).map(|idx| {
            let odd = uniform(&mut rng);
            let price = (1000.0 * (3.0 * odd).exp()).round();
            let age = 10.0 - 8.0 * odd + 2.0 * normal(&mut rng);
            format!("{age:.3},{:.2},{},{},{price}\n", 1.19 * price, ["a", "b", "c"][idx as usize % 3], idx * 37 % 101)
        });
        let it = table(&rows.fold("age,with_tax,kind,noise,t\n".to_owned(), |text, row| text + &row));
        assert!(it.class_rows.is_empty());
        assert!(skill(&it, "with_tax") > 0.999, "{:?}", it.telling);
        assert!((0.3..0.95).contains(&skill(&it, "age")), "{:?}", it.telling);
        assert!(skill(&it, "kind") < 0.05 && skill(&it, "noise") < 0.05, "{:?}", it.telling);
    }

    #[test]
    fn a_missing_value_or_a_word_can_be_the_leak() {
        let rows = (0..400_u32).map(|idx| {
            let leaves = idx * 7 % 10 < 4;
            let cancelled = if leaves { format!("{}.5", idx * 13 % 97) } else { String::new() };
            let body = format!(
                "{} letter number {} about topic {}",
                if leaves { "goodbye" } else { "dear" },
                idx,
                idx * idx % 89
            );
            format!("{cancelled},{body},{}.25,{}\n", idx * 29 % 83, if leaves { "yes" } else { "no" })
        });
        let it = table(&rows.fold("cancelled,body,other,t\n".to_owned(), |text, row| text + &row));
        assert!(skill(&it, "cancelled") > 0.97, "{:?}", it.telling);
        let word = it.telling.iter().find(|it| it.column.starts_with("body: ")).unwrap();
        assert!(["body: dear", "body: goodbye"].contains(&word.column.as_str()) && word.skill > 0.97, "{word:?}");
        assert!(skill(&it, "other") < 0.5, "{:?}", it.telling);
    }

    #[test]
    fn copies_are_counted_and_repeats_of_inputs_alone_are_not() {
        let it = planted(Planted { repeats: 0.4, ..Planted::default() });
        // Of 200 validation rows two in five are copies, and some originals of copies.
        assert!((60..140).contains(&it.repeated_validation_rows), "{}", it.repeated_validation_rows);
        assert!((60..140).contains(&it.repeated_test_rows), "{}", it.repeated_test_rows);
        assert_eq!(planted(Planted::default()).repeated_validation_rows, 0);
        let same_inputs = (0..200_u32)
            .fold("a,b,t\n".to_owned(), |text, idx| format!("{text}{}.5,{}.5,{}.25\n", idx % 4, idx % 5, idx));
        assert_eq!(table(&same_inputs).repeated_validation_rows, 0);
        let same = (0..200_u32)
            .fold("a,b,t\n".to_owned(), |text, idx| format!("{text}{}.5,{}.5,{}.25\n", idx % 4, idx % 5, idx % 20));
        assert_eq!((table(&same).repeated_validation_rows, table(&same).repeated_test_rows), (60, 40));
    }

    #[test]
    fn scales_are_those_the_network_sees() {
        let wide = planted(Planted { spread: 1000.0, ..Planted::default() }).scales.unwrap();
        assert!(wide.widest_deviation / wide.narrowest_deviation > 500.0, "{wide:?}");
        let cars = builtin("used_cars").scales.unwrap();
        assert_eq!((cars.furthest.as_str(), cars.widest.as_str()), ("KM", "KM"));
        assert!(
            (cars.furthest_mean / 68_700.0 - 1.0).abs() < 0.01 && (cars.widest_deviation / 35_700.0 - 1.0).abs() < 0.01,
            "{cars:?}"
        );
        let standardized = facts_of(Source::Builtin("used_cars".to_owned()), true).scales.unwrap();
        assert!(
            standardized.furthest_mean.abs() < 1e-5 && (standardized.widest_deviation - 1.0).abs() < 1e-5,
            "{standardized:?}"
        );
    }

    #[test]
    fn the_same_data_give_the_same_facts_and_too_many_rows_are_thinned_evenly() {
        assert_eq!(builtin("telco_churn"), builtin("telco_churn"));
        let rows: Vec<u32> = (0..10_000).collect();
        let sample = even_sample(&rows, 4);
        assert_eq!((sample, even_sample(&rows, 20_000).len()), (vec![0, 2500, 5000, 7500], 10_000));
        assert_eq!(builtin("shuttle_sensors").class_rows.iter().sum::<usize>(), 34_800);
    }
}
