//! A made-up table with faults planted in it, so that one can see what each does to a training.
//!
//! A random network of one hidden layer scores each row; the classes are bands of that score, so that every
//! size of class can be had and a small network can learn it.

use rand_chacha::ChaCha8Rng;

use super::chance::{below, normal, shuffle, uniform};
use super::dataset::{Column, ColumnKind, Values};
use crate::spec::{Planted, Recipe};

/// Hidden units of the formula that decides the class: enough to bend, few enough to be learned.
const UNITS: usize = 4;

/// How far the column that gives the class away strays from it: a tenth of the distance between classes.
const LEAK_NOISE: f64 = 0.1;

/// One row: its inputs, and the index of its class.
struct Row {
    inputs: Vec<f64>,
    class: u32,
}

/// Columns `x1`, `x2` … and `class`, with `result` where a column leaks.
pub(super) fn columns(recipe: &Recipe, rng: &mut ChaCha8Rng) -> Vec<Column> {
    let rows = rows(recipe, rng);
    let planted = &recipe.table;
    let numbers = |values: Vec<f64>| Values::Numbers(values);
    let mut columns: Vec<_> = (0..planted.features as usize)
        .map(|idx| {
            let scale = scale(planted, idx);
            // A wide column lies off its zero as well, as years and prices do.
            let offset = if planted.spread > 1.0 { scale } else { 0.0 };
            let values = rows.iter().map(|row| offset + scale * row.inputs[idx]).collect();
            super::generate::column(&format!("x{}", idx + 1), ColumnKind::Numeric, numbers(values))
        })
        .collect();
    if planted.leak {
        let values = rows.iter().map(|row| f64::from(row.class) + LEAK_NOISE * normal(rng)).collect();
        columns.push(super::generate::column("result", ColumnKind::Numeric, numbers(values)));
    }
    // Two digits keep 20 classes in name order.
    let levels = (1..=planted.classes).map(|it| format!("class {it:02}")).collect();
    let codes = rows.iter().map(|row| row.class).collect();
    columns.push(super::generate::column("class", ColumnKind::Category, Values::Words { levels, codes }));
    columns
}

fn rows(recipe: &Recipe, rng: &mut ChaCha8Rng) -> Vec<Row> {
    let planted = &recipe.table;
    let n_rows = recipe.samples as usize;
    let n_copies =
        ((planted.repeats * n_rows as f64).round() as usize).min(n_rows.saturating_sub(planted.classes as usize));
    let n_own = n_rows - n_copies;
    let width = planted.features as usize;
    let formula = Formula::draw(width, rng);
    let mut scored: Vec<(f64, Vec<f64>)> = (0..n_own)
        .map(|_| {
            let inputs: Vec<f64> = (0..width).map(|_| normal(rng)).collect();
            (formula.score(&inputs) + recipe.noise * normal(rng), inputs)
        })
        .collect();
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let bounds = bounds(n_own, planted);
    let class_of = |rank: usize| bounds.iter().filter(|bound| rank >= **bound).count() as u32;
    let mut rows: Vec<_> =
        scored.into_iter().enumerate().map(|(rank, (_, inputs))| Row { inputs, class: class_of(rank) }).collect();
    for _ in 0..n_copies {
        let copied = &rows[below(rng, n_own)];
        rows.push(Row { inputs: copied.inputs.clone(), class: copied.class });
    }
    shuffle(&mut rows, rng);
    if planted.sorted {
        rows.sort_by_key(|row| row.class);
    }
    rows
}

/// The ranks at which classes 1, 2 … begin; the first class is `imbalance` times as large as each other.
fn bounds(n_rows: usize, planted: &Planted) -> Vec<usize> {
    let n_others = (planted.classes - 1) as f64;
    let unit = n_rows as f64 / (planted.imbalance + n_others);
    (0..planted.classes - 1).map(|idx| ((planted.imbalance + idx as f64) * unit).round() as usize).collect()
}

/// How wide a column is: from 1 for the first to `spread` for the last, in equal factors.
fn scale(planted: &Planted, idx: usize) -> f64 {
    let last = (planted.features - 1).max(1) as f64;
    planted.spread.powf(idx as f64 / last)
}

/// The hidden formula, `sum of outputs * tanh(weights * inputs + bias)`, of about unit deviation.
struct Formula {
    weights: Vec<Vec<f64>>,
    biases: Vec<f64>,
    outputs: Vec<f64>,
}

impl Formula {
    fn draw(width: usize, rng: &mut ChaCha8Rng) -> Self {
        let narrow = 1.5 / (width as f64).sqrt();
        let weights = (0..UNITS).map(|_| (0..width).map(|_| narrow * normal(rng)).collect()).collect();
        let biases = (0..UNITS).map(|_| uniform(rng) - 0.5).collect();
        let outputs = (0..UNITS).map(|idx| if idx % 2 == 0 { 0.8 } else { -0.8 }).collect();
        Self { weights, biases, outputs }
    }

    fn score(&self, inputs: &[f64]) -> f64 {
        let unit = |idx: usize| {
            let sum: f64 = self.weights[idx].iter().zip(inputs).map(|(weight, input)| weight * input).sum();
            self.outputs[idx] * (sum + self.biases[idx]).tanh()
        };
        (0..UNITS).map(unit).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::chance::{Purpose, stream};
    use super::*;
    use crate::spec::Generator;

    fn drawn(table: Planted) -> (Vec<Vec<f64>>, Vec<u32>) {
        let recipe = Recipe { shape: Generator::Table, samples: 1000, noise: 0.1, seed: 1, table };
        let columns = columns(&recipe, &mut stream(Purpose::Recipe, 1, 0));
        let mut numbers = Vec::new();
        let mut classes = Vec::new();
        for column in columns {
            match column.values {
                Values::Numbers(it) => numbers.push(it),
                Values::Words { codes, .. } => classes = codes,
                Values::Dates(_) => panic!("a made-up table has no dates"),
            }
        }
        (numbers, classes)
    }

    fn deviation(values: &[f64]) -> f64 {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (values.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn classes_have_the_sizes_asked_for() {
        let (_, classes) = drawn(Planted { classes: 3, imbalance: 8.0, ..Planted::default() });
        let rows = |class: u32| classes.iter().filter(|it| **it == class).count();
        assert_eq!([rows(0), rows(1), rows(2)], [800, 100, 100]);
        assert!(classes.windows(2).any(|it| it[0] > it[1]), "rows come by chance");
    }

    #[test]
    fn sorted_rows_come_class_by_class() {
        let (_, classes) = drawn(Planted { classes: 4, sorted: true, ..Planted::default() });
        assert!(classes.windows(2).all(|it| it[0] <= it[1]) && classes[999] == 3);
    }

    #[test]
    fn the_leak_nearly_is_the_class_and_no_other_column_is() {
        let (numbers, classes) = drawn(Planted { leak: true, ..Planted::default() });
        let right = |column: &[f64]| {
            column.iter().zip(&classes).filter(|(value, class)| u32::from(**value > 0.5) == **class).count()
        };
        assert_eq!(numbers.len(), 9);
        assert!(right(&numbers[8]) > 995);
        assert!(numbers[..8].iter().all(|it| (200..900).contains(&right(it))));
    }

    #[test]
    fn the_spread_widens_the_last_column_and_copies_are_copies() {
        let (numbers, _) = drawn(Planted { spread: 1000.0, repeats: 0.3, ..Planted::default() });
        let ratio = deviation(&numbers[7]) / deviation(&numbers[0]);
        assert!((900.0..1100.0).contains(&ratio), "{ratio}");
        let different: std::collections::BTreeSet<_> = numbers[0].iter().map(|it| it.to_bits()).collect();
        assert_eq!(different.len(), 700);
    }
}
