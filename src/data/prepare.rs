//! From a dataset and the choices to the numbers a network trains on.

use crate::spec::{DataSpec, InputShape, Repeats, SplitSpec, Task};

use super::DataError;
use super::category::CategoryCode;
use super::dataset::{Column, ColumnKind, Dataset, Images};
use super::encoder::{Code, ColumnCode, Encoder, TargetCode};
use super::error::{count, gigabytes};
use super::number::{NumberCode, Scaling};
use super::repeats::originals;
use super::split::{Split, deal};
use super::target::{Labels, Target, add_label_noise, check_finite, labels, named};
use super::words::WordsCode;

/// More features than this in all rows together are refused: two gigabytes.
const MOST_VALUES: usize = 500_000_000;

/// Everything a network needs to train, and everything the window needs to say what it trains on.
///
/// Row `i` is row `i` of the dataset. Rows without a target have NaN there and are in no split.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub task: Task,
    pub target_name: String,
    /// Ordered by name, numbers by value; empty for a regression.
    pub classes: Vec<String>,
    pub input: InputShape,
    /// One for each feature, such as `km`, `fuel=Diesel` or `body: free`; empty for images.
    pub feature_names: Vec<String>,
    pub n_rows: usize,
    /// Row-major `[rows, features]`; for images `[rows, channels, height, width]`.
    pub features: Vec<f32>,
    /// `[rows]`: the number, standardized where asked for, or the index of the class.
    pub targets: Vec<f32>,
    /// The identity unless a regression is standardized.
    pub target_scale: Scaling,
    pub split: Split,
    /// Training rows of each class.
    pub class_counts: Vec<usize>,
    /// Encodes new rows exactly as these.
    pub encoder: Encoder,
    /// What was decided on the way, one sentence each.
    pub notes: Vec<String>,
}

/// Splits the rows, learns every statistic from the training rows, and encodes all rows.
///
/// `seed` deals the split unless the split has its own.
///
/// # Errors
/// A target that is missing or does not fit its task, no input columns, a part of the split without
/// rows, or more numbers than fit in memory.
pub fn prepare(dataset: &Dataset, spec: &DataSpec, split: &SplitSpec, seed: u64) -> Result<Prepared, DataError> {
    let Labels { target, mut values } = labels(dataset, spec)?;
    let mut notes = target.notes.clone();
    if spec.label_noise > 0.0 {
        let n_changed = add_label_noise(&mut values, target.task, spec.label_noise, seed);
        notes.push(format!(
            "{} got another {} by chance, as data.label_noise asks",
            count(n_changed, "row"),
            target.name
        ));
    }
    let usable: Vec<u32> = (0..dataset.n_rows as u32).filter(|row| !values[*row as usize].is_nan()).collect();
    if usable.len() < dataset.n_rows {
        notes.push(format!("{} left out: they have no {}", count(dataset.n_rows - usable.len(), "row"), target.name));
    }
    let classes: Vec<_> = usable.iter().map(|row| values[*row as usize] as u32).collect();
    let by_class = target.task.n_classes().map(|_| &classes[..]);
    let copies = (split.repeats == Repeats::Together).then(|| originals(dataset, &usable, &values));
    let split = deal(&usable, by_class, copies.as_deref(), split, seed, &dataset.place)?;
    let target_scale = match target.task {
        Task::Regression if spec.standardize => Scaling::of(split.train.iter().map(|row| values[*row as usize])),
        Task::Regression | Task::Binary | Task::Classes(_) => Scaling::IDENTITY,
    };
    let class_counts = class_counts(&target, &values, &split.train, &mut notes);
    let encoder = match &dataset.images {
        Some(images) => image_encoder(images, &split.train, spec, target_code(&target, target_scale)),
        None => column_encoder(dataset, &split.train, spec, target_code(&target, target_scale), &mut notes)?,
    };
    let features = encoder.encode(dataset)?.features;
    Ok(Prepared {
        task: target.task,
        target_name: target.name,
        classes: target.classes,
        input: encoder.input,
        feature_names: encoder.feature_names(),
        n_rows: dataset.n_rows,
        features,
        targets: values.iter().map(|it| target_scale.apply(*it) as f32).collect(),
        target_scale,
        split,
        class_counts,
        encoder,
        notes,
    })
}

impl Prepared {
    /// Numbers in one row: features, or pixels times channels.
    pub fn n_features(&self) -> usize {
        match self.input {
            InputShape::Flat { features } => features,
            InputShape::Image { channels, height, width } => channels * height * width,
        }
    }

    /// One row as the network sees it. None past the last row.
    pub fn row(&self, row: usize) -> Option<&[f32]> {
        let n = self.n_features();
        self.features.get(row.checked_mul(n)?..row.checked_add(1)?.checked_mul(n)?)
    }
}

fn target_code(target: &Target, scaling: Scaling) -> TargetCode {
    TargetCode { name: target.name.clone(), task: target.task, classes: target.classes.clone(), scaling }
}

fn class_counts(target: &Target, values: &[f64], train: &[u32], notes: &mut Vec<String>) -> Vec<usize> {
    let mut counts = vec![0; target.classes.len()];
    if counts.is_empty() {
        return counts;
    }
    for row in train {
        counts[values[*row as usize] as usize] += 1;
    }
    let unseen: Vec<_> =
        target.classes.iter().zip(&counts).filter(|(_, n)| **n == 0).map(|(name, _)| name.as_str()).collect();
    if !unseen.is_empty() {
        notes.push(format!("No training row belongs to {}", unseen.join(", ")));
    }
    counts
}

fn image_encoder(images: &Images, train: &[u32], spec: &DataSpec, target: TargetCode) -> Encoder {
    let input = InputShape::Image { channels: images.channels, height: images.height, width: images.width };
    let pixels = if spec.standardize { pixel_scaling(images, train) } else { Scaling::IDENTITY };
    Encoder { input, columns: Vec::new(), pixels, target }
}

/// Mean and deviation of all training pixels, as value / 255.
fn pixel_scaling(images: &Images, train: &[u32]) -> Scaling {
    let mut counts = [0_u64; 256];
    for row in train {
        for value in images.row(*row as usize).unwrap_or_default() {
            counts[*value as usize] += 1;
        }
    }
    let shares = || counts.iter().enumerate().map(|(value, n)| (value as f64 / 255.0, *n as f64));
    let n: f64 = shares().map(|(_, n)| n).sum();
    let mean = shares().map(|(value, n)| value * n).sum::<f64>() / n;
    let variance = shares().map(|(value, n)| (value - mean).powi(2) * n).sum::<f64>() / n;
    Scaling { mean, std: if variance > 0.0 { variance.sqrt() } else { 1.0 } }
}

fn column_encoder(
    dataset: &Dataset,
    train: &[u32],
    spec: &DataSpec,
    target: TargetCode,
    notes: &mut Vec<String>,
) -> Result<Encoder, DataError> {
    for name in &spec.exclude {
        named(dataset, name)?;
    }
    let mut columns = Vec::new();
    let candidates = dataset.columns.iter().filter(|it| it.name != target.name && !spec.exclude.contains(&it.name));
    for column in candidates {
        if !column.is_input() {
            notes.push(format!("{} left out: {}", column.name, column.why));
            continue;
        }
        check_finite(column, dataset)?;
        match code(column, train, spec) {
            Some(code) => columns.push(ColumnCode { name: column.name.clone(), code }),
            None => notes.push(format!("{} left out: its training rows are all alike", column.name)),
        }
    }
    let n_features = columns.iter().map(|it| it.names().len()).sum();
    if n_features == 0 {
        return Err(DataError::NoInputs { place: dataset.place.clone() });
    }
    check_size(dataset.n_rows, n_features, &dataset.place)?;
    Ok(Encoder { input: InputShape::Flat { features: n_features }, columns, pixels: Scaling::IDENTITY, target })
}

fn check_size(n_rows: usize, n_features: usize, place: &str) -> Result<(), DataError> {
    if n_rows.saturating_mul(n_features) <= MOST_VALUES {
        return Ok(());
    }
    let bytes = n_rows as u64 * n_features as u64 * size_of::<f32>() as u64;
    Err(DataError::TooManyValues { n_rows, n_features, gigabytes: gigabytes(bytes), place: place.to_owned() })
}

fn code(column: &Column, train: &[u32], spec: &DataSpec) -> Option<Code> {
    match column.kind {
        ColumnKind::Numeric | ColumnKind::Date => {
            NumberCode::fit(&column.values, train, spec.standardize).map(Code::Number)
        }
        ColumnKind::Category => CategoryCode::fit(&column.values, train).map(Code::Category),
        ColumnKind::Text => WordsCode::fit(column, train, spec.text, spec.vocabulary as usize).map(Code::Words),
        ColumnKind::Identifier | ColumnKind::Constant | ColumnKind::Empty => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use crate::spec::{BUILTIN_IDS, Generator, Recipe, Source, SplitMethod};

    use super::super::source::{Found, from_text, tests::table_of};
    use super::super::{load, profile};
    use super::*;

    fn ordered() -> SplitSpec {
        SplitSpec { validation: 0.2, test: 0.2, method: SplitMethod::Ordered, ..SplitSpec::default() }
    }

    fn choices(target: &str) -> DataSpec {
        DataSpec { target: Some(target.to_owned()), ..DataSpec::default() }
    }

    /// Rows of a table with every kind of input and gaps, and a numeric target.
    fn row(idx: usize) -> String {
        let km = if idx % 7 == 3 { String::new() } else { format!("{}.5", idx * idx % 83) };
        let fuel = ["diesel", "petrol", "", "gas"][idx % 4];
        format!("{km},{fuel},words of row {} and {},2020-01-{:02},{}.25\n", idx % 13, idx % 5, idx % 28 + 1, idx * 3)
    }

    fn table(rows: impl Iterator<Item = String>) -> String {
        rows.fold("km,fuel,note,day,price\n".to_owned(), |text, row| text + &row)
    }

    #[test]
    fn other_validation_and_test_rows_change_no_statistic() {
        let original = prepare(&table_of(&table((0..100).map(row))), &choices("price"), &ordered(), 1).unwrap();
        let strange = |idx: usize| format!("{}e6,steam,new words in {idx} rows,1999-01-01,{idx}e5\n", idx + 1);
        let changed = table((0..100).map(|idx| if idx < 60 { row(idx) } else { strange(idx) }));
        let changed = prepare(&table_of(&changed), &choices("price"), &ordered(), 1).unwrap();
        assert_eq!(original.encoder, changed.encoder);
        let train = 60 * original.n_features();
        assert_eq!(original.features[..train], changed.features[..train]);
        assert_eq!(original.targets[..60], changed.targets[..60]);
    }

    #[test]
    fn training_rows_have_mean_0_and_population_deviation_1() {
        let cars = prepare(&table_of(&table((0..100).map(row))), &choices("price"), &ordered(), 1).unwrap();
        for (name, values) in
            [("km", 0), ("day", cars.feature_names.iter().position(|it| it == "day").unwrap())].map(|(name, at)| {
                (
                    name,
                    cars.split
                        .train
                        .iter()
                        .map(|row| f64::from(cars.row(*row as usize).unwrap()[at]))
                        .collect::<Vec<_>>(),
                )
            })
        {
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            assert!(mean.abs() < 1e-6, "{name} has mean {mean}");
        }
        let squares: f64 = cars.split.train.iter().map(|row| f64::from(cars.targets[*row as usize]).powi(2)).sum();
        assert!((squares / 60.0 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_standardizing_numbers_stay_as_they_are() {
        let spec = DataSpec { standardize: false, ..choices("price") };
        let cars = prepare(&table_of(&table((0..100).map(row))), &spec, &ordered(), 1).unwrap();
        let day = cars.feature_names.iter().position(|it| it == "day").unwrap();
        assert_eq!((cars.row(1).unwrap()[0], cars.row(1).unwrap()[day], cars.targets[1]), (1.5, 1.0, 3.25));
        assert_eq!(cars.target_scale, Scaling::IDENTITY);
    }

    #[test]
    fn inputs_keep_the_files_order_and_notes_say_what_was_left_out() {
        let text = (0..40).fold("Id,b,a,same,none,t\n".to_owned(), |text, idx| {
            format!(
                "{text}{},{},{}.5,x,,{}\n",
                idx * 3,
                ["u", "v", "w"][idx % 3],
                idx % 9,
                if idx == 5 { "" } else { ["n", "y"][idx % 2] }
            )
        });
        let found = prepare(&table_of(&text), &choices("t"), &SplitSpec::default(), 1).unwrap();
        assert_eq!(found.feature_names, ["b=u", "b=v", "b=w", "a"]);
        let expected = [
            "1 row left out: they have no t",
            "Id left out: every value is different, it only names the row",
            "same left out: the same value in every row",
            "none left out: no row has a value",
        ];
        assert_eq!(found.notes, expected);
        assert_eq!((found.task, found.classes.clone()), (Task::Binary, vec!["n".to_owned(), "y".to_owned()]));
        let dealt = found.split.train.len() + found.split.validation.len() + found.split.test.len();
        assert_eq!((dealt, found.n_rows, found.targets[5].is_nan()), (39, 40, true));
        assert_eq!(found.class_counts.iter().sum::<usize>(), found.split.train.len());
        let spec = DataSpec { exclude: vec!["b".to_owned()], ..choices("t") };
        assert_eq!(prepare(&table_of(&text), &spec, &SplitSpec::default(), 1).unwrap().feature_names, ["a"]);
    }

    #[test]
    fn choices_that_leave_nothing_to_learn_are_refused() {
        let text = table((0..20).map(row));
        let with = |exclude: &[&str]| DataSpec {
            exclude: exclude.iter().map(|it| (*it).to_owned()).collect(),
            ..choices("price")
        };
        let cases = [
            (with(&["km", "fuel", "note", "day"]), "no column is left to learn from"),
            (with(&["kmh"]), "there is no column \"kmh\"; the nearest is \"km\""),
        ];
        for (spec, expected) in cases {
            let refused = prepare(&table_of(&text), &spec, &SplitSpec::default(), 1).unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(": a.csv"), "{refused}");
        }
        let refused = check_size(1_000_000, 4000, "a.csv").unwrap_err().to_string();
        assert!(refused.starts_with("1000000 rows of 4000 numbers need 16.0 GB"), "{refused}");
        let infinite = table_of("km,t\n1.5,2.5\n-inf,3.5\n2.5,4.5\n");
        let refused = prepare(&infinite, &choices("t"), &SplitSpec::default(), 1).unwrap_err().to_string();
        assert!(refused.starts_with("column \"km\" holds \"-inf\" in line 3"), "{refused}");
    }

    #[test]
    fn label_noise_changes_its_share_of_targets_and_says_so() {
        let source = Source::Generated(Recipe { shape: Generator::Moons, samples: 2000, ..Recipe::default() });
        let dataset = load(&source, Path::new("")).unwrap();
        let with = |label_noise: f64| {
            let spec = DataSpec { label_noise, ..DataSpec::default() };
            prepare(&dataset, &spec, &SplitSpec::default(), 3).unwrap()
        };
        let (clean, noisy, noisier) = (with(0.0), with(0.2), with(0.3));
        let changed = |it: &Prepared| (0..2000).filter(|row| it.targets[*row] != clean.targets[*row]).count();
        assert!((360..440).contains(&changed(&noisy)), "{}", changed(&noisy));
        assert!(
            (0..2000).all(|row| noisy.targets[row] == clean.targets[row] || noisier.targets[row] == noisy.targets[row])
        );
        let told = format!("{} rows got another class by chance", changed(&noisy));
        assert!(noisy.notes.iter().any(|it| it.starts_with(&told)), "{:?}", noisy.notes);
    }

    #[test]
    fn copies_stay_together_where_asked_for() {
        let table = crate::spec::Planted { repeats: 0.5, ..crate::spec::Planted::default() };
        let source = Source::Generated(Recipe { shape: Generator::Table, samples: 600, table, ..Recipe::default() });
        let dataset = load(&source, Path::new("")).unwrap();
        let repeated = |repeats: Repeats| {
            let split = SplitSpec { repeats, ..SplitSpec::default() };
            let found = prepare(&dataset, &DataSpec::default(), &split, 1).unwrap();
            let dealt = found.split.train.len() + found.split.validation.len() + found.split.test.len();
            assert_eq!(dealt, 600);
            let bits = |row: &u32| found.row(*row as usize).unwrap().iter().map(|it| it.to_bits()).collect::<Vec<_>>();
            let train: std::collections::BTreeSet<_> = found.split.train.iter().map(bits).collect();
            found.split.validation.iter().filter(|row| train.contains(&bits(row))).count()
        };
        assert!(repeated(Repeats::Anywhere) > 40);
        assert_eq!(repeated(Repeats::Together), 0);
    }

    #[test]
    fn every_data_set_that_ships_or_is_drawn_can_be_prepared() {
        let shapes =
            [Generator::Moons, Generator::Sine].map(|shape| Source::Generated(Recipe { shape, ..Recipe::default() }));
        for source in BUILTIN_IDS.iter().map(|it| Source::Builtin((*it).to_owned())).chain(shapes) {
            let dataset = load(&source, Path::new("")).unwrap();
            let found = prepare(
                &dataset,
                &DataSpec { source: source.clone(), ..DataSpec::default() },
                &SplitSpec::default(),
                1,
            )
            .unwrap();
            assert_eq!(found.features.len(), found.n_rows * found.n_features(), "{source:?}");
            assert!(found.features.iter().all(|it| it.is_finite()), "{source:?}");
            assert_eq!(found.targets.len(), found.n_rows, "{source:?}");
        }
    }

    #[test]
    fn images_are_scaled_by_their_training_pixels() {
        let dataset = load(&Source::Builtin("clothing_top_bottom".to_owned()), Path::new("")).unwrap();
        let found = prepare(&dataset, &DataSpec::default(), &SplitSpec::default(), 1).unwrap();
        assert_eq!(found.input, InputShape::Image { channels: 1, height: 28, width: 28 });
        assert_eq!(
            (found.classes.clone(), found.class_counts.clone()),
            (vec!["bottom".to_owned(), "top".to_owned()], vec![600, 600])
        );
        let train: Vec<_> = found
            .split
            .train
            .iter()
            .flat_map(|row| found.row(*row as usize).unwrap())
            .map(|it| f64::from(*it))
            .collect();
        let mean = train.iter().sum::<f64>() / train.len() as f64;
        assert!(mean.abs() < 1e-6, "{mean}");
        let plain =
            prepare(&dataset, &DataSpec { standardize: false, ..DataSpec::default() }, &SplitSpec::default(), 1)
                .unwrap();
        assert_eq!(plain.features.iter().copied().fold(0.0, f32::max), 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_table_makes_preparing_panic(
            rows in proptest::collection::vec(proptest::collection::vec(proptest::sample::select(CELLS), 4), 1..40),
            seed in any::<u64>(),
        ) {
            let text = rows.iter().fold("a\tb\tc\ty\n".to_owned(), |text, row| text + &row.join("\t") + "\n");
            let found = Found { name: "a.csv", place: "a.csv" };
            if let Ok(dataset) = from_text(text.as_bytes(), &found) {
                for standardize in [true, false] {
                    let spec = DataSpec { standardize, ..DataSpec::default() };
                    if let Ok(found) = prepare(&dataset, &spec, &SplitSpec::default(), seed) {
                        prop_assert!(found.features.iter().all(|it| it.is_finite()), "{text:?}");
                        prop_assert_eq!(&found.encoder.encode(&dataset).unwrap().features, &found.features);
                    }
                }
                profile(&dataset);
            }
        }
    }

    const CELLS: &[&str] = &[
        "1",
        "2",
        "3.5",
        "-7e4",
        "1e36",
        "inf",
        "",
        "NA",
        "x",
        "y",
        "long text of words",
        "more of it here",
        "2020-01-01",
        "2021-02-03",
    ];
}
