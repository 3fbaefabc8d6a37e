//! Rows drawn from a formula: the classics one can look at in two dimensions.
//!
//! Inputs lie in about -1 to 1; `planted` draws the made-up table, which has more columns. Rows come in random order, so that an ordered split works as well.

use std::f64::consts::{PI, TAU};

use rand_chacha::ChaCha8Rng;
use strum::EnumMessage as _;

use crate::spec::{Generator, Recipe};

use super::DataError;
use super::chance::{Purpose, normal, shuffle, stream, uniform};
use super::dataset::{Column, ColumnKind, Dataset, Values};

/// Turns of one spiral arm from the middle to the rim.
const SPIRAL_TURNS: f64 = 1.75;

/// The arms start this far from the middle, where they could not be told apart.
const SPIRAL_START: f64 = 0.08;

/// Standard deviation of a cloud of points before any noise is added.
const BLOB_SPREAD: f64 = 0.12;

/// Width of the empty cross between the quarters of XOR, from its middle line.
const XOR_GAP: f64 = 0.04;

/// With fewer rows no part of a split could hold one of each class.
const FEWEST_SAMPLES: u64 = 4;

/// More rows than the window could draw or a lesson could need.
const MOST_SAMPLES: u64 = 1_000_000;

/// A point and its class, as an index into the generator's class names.
type Point = ([f64; 2], u32);

/// What the shape is called on screen.
pub(super) fn label(shape: Generator) -> &'static str {
    shape.get_message().unwrap_or_default()
}

/// Draws the recipe. The same recipe always gives the same rows.
///
/// Columns are `x`, `y` and `class`; for the sine `x` and `y`, where `y` is the target.
///
/// # Errors
/// [`DataError::BadRecipe`] for fewer than four rows or noise that is no number.
pub(super) fn draw(recipe: &Recipe) -> Result<Dataset, DataError> {
    let id: &'static str = recipe.shape.into();
    let table = &recipe.table;
    let numbers = [recipe.noise, table.repeats, table.imbalance - 1.0, table.spread - 1.0];
    let fewest = if recipe.shape == Generator::Table { FEWEST_SAMPLES.max(2 * table.classes) } else { FEWEST_SAMPLES };
    if !(fewest..=MOST_SAMPLES).contains(&recipe.samples)
        || !numbers.iter().all(|it| it.is_finite() && *it >= 0.0)
        || table.repeats > 0.9
        || !(2..=20).contains(&table.classes)
        || !(1..=200).contains(&table.features)
    {
        return Err(DataError::BadRecipe {
            id: id.to_owned(),
            samples: recipe.samples,
            noise: recipe.noise.to_string(),
        });
    }
    let mut rng = stream(Purpose::Recipe, recipe.seed, 0);
    let n_rows = recipe.samples as usize;
    if recipe.shape == Generator::Table {
        return Ok(dataset(recipe, super::planted::columns(recipe, &mut rng), "class"));
    }
    let mut points: Vec<_> = (0..n_rows).map(|idx| point(recipe.shape, idx, n_rows, &mut rng)).collect();
    for ([x, y], _) in &mut points {
        // A sine's x is the input and stays where it was measured.
        if recipe.shape != Generator::Sine {
            *x += recipe.noise * normal(&mut rng);
        }
        *y += recipe.noise * normal(&mut rng);
    }
    shuffle(&mut points, &mut rng);
    let (columns, target) = columns(recipe.shape, &points);
    Ok(dataset(recipe, columns, target))
}

fn dataset(recipe: &Recipe, columns: Vec<Column>, target: &str) -> Dataset {
    let id: &'static str = recipe.shape.into();
    Dataset {
        name: label(recipe.shape).to_owned(),
        place: format!("the generated data set {id}"),
        columns,
        n_rows: recipe.samples as usize,
        images: None,
        notes: Vec::new(),
        origin: None,
        usual_target: Some(target.to_owned()),
        lines: Vec::new(),
    }
}

fn point(shape: Generator, idx: usize, n_rows: usize, rng: &mut ChaCha8Rng) -> Point {
    // Two classes take turns, so that both are equally large.
    let (class, along) = ((idx % 2) as u32, (idx / 2) as f64 / (n_rows.div_ceil(2) - 1).max(1) as f64);
    match shape {
        Generator::Moons => (moon(class, along), class),
        Generator::Circles => {
            let radius = if class == 0 { 0.5 * uniform(rng).sqrt() } else { 0.75 + 0.25 * uniform(rng) };
            (on_circle(radius, TAU * uniform(rng)), class)
        }
        Generator::Spirals => {
            let radius = SPIRAL_START + (1.0 - SPIRAL_START) * along;
            (on_circle(radius, SPIRAL_TURNS * TAU * along + PI * f64::from(class)), class)
        }
        Generator::Xor => {
            let side = XOR_GAP + (1.0 - XOR_GAP) * uniform(rng);
            let other = XOR_GAP + (1.0 - XOR_GAP) * uniform(rng);
            let sign = if uniform(rng) < 0.5 { 1.0 } else { -1.0 };
            // Class 1 has equal signs.
            ([sign * side, if class == 1 { sign * other } else { -sign * other }], class)
        }
        Generator::Blobs => {
            let class = (idx % 3) as u32;
            let [x, y] = on_circle(0.6, TAU * (f64::from(class) / 3.0 + 7.0 / 12.0));
            ([x + BLOB_SPREAD * normal(rng), y + BLOB_SPREAD * normal(rng)], class)
        }
        Generator::Sine => {
            let x = 2.0 * uniform(rng) - 1.0;
            ([x, (PI * x).sin()], 0)
        }
        Generator::Table => unreachable!("a table has more than two columns and is drawn by itself"),
    }
}

/// The upper moon is class 1; both are shrunk from the textbook's size to -1 to 1.
fn moon(class: u32, along: f64) -> [f64; 2] {
    let (sin, cos) = (PI * along).sin_cos();
    let (x, y) = if class == 1 { (cos, sin) } else { (1.0 - cos, 0.5 - sin) };
    [(x - 0.5) / 1.5, (y - 0.25) / 1.5]
}

fn on_circle(radius: f64, angle: f64) -> [f64; 2] {
    let (sin, cos) = angle.sin_cos();
    [radius * cos, radius * sin]
}

/// In name order, as [`Values::Words`] keeps them.
fn class_names(shape: Generator) -> &'static [&'static str] {
    match shape {
        Generator::Moons => &["lower", "upper"],
        Generator::Circles => &["disc", "ring"],
        Generator::Spirals => &["arm 1", "arm 2"],
        Generator::Xor => &["different signs", "equal signs"],
        Generator::Blobs => &["left", "right", "top"],
        Generator::Sine | Generator::Table => &[],
    }
}

fn columns(shape: Generator, points: &[Point]) -> (Vec<Column>, &'static str) {
    let axis = |name: &str, axis: usize| {
        column(name, ColumnKind::Numeric, Values::Numbers(points.iter().map(|it| it.0[axis]).collect()))
    };
    let mut columns = vec![axis("x", 0), axis("y", 1)];
    let names = class_names(shape);
    if names.is_empty() {
        return (columns, "y");
    }
    let levels = names.iter().map(|it| (*it).to_owned()).collect();
    let codes = points.iter().map(|it| it.1).collect();
    columns.push(column("class", ColumnKind::Category, Values::Words { levels, codes }));
    (columns, "class")
}

pub(super) fn column(name: &str, kind: ColumnKind, values: Values) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        why: "drawn from a formula".to_owned(),
        values,
        n_missing: 0,
        odd: None,
        infinite: None,
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator as _;

    use super::*;

    fn drawn(shape: Generator, noise: f64, seed: u64) -> Dataset {
        draw(&Recipe { shape, samples: 300, noise, seed, ..Recipe::default() }).unwrap()
    }

    fn numbers(dataset: &Dataset, name: &str) -> Vec<f64> {
        match &dataset.column(name).unwrap().values {
            Values::Numbers(numbers) => numbers.clone(),
            Values::Dates(_) | Values::Words { .. } => panic!("{name} should hold numbers"),
        }
    }

    #[test]
    fn a_recipe_draws_the_same_rows_and_another_seed_draws_others() {
        for shape in Generator::iter() {
            let dataset = drawn(shape, 0.05, 1);
            assert_eq!(dataset, drawn(shape, 0.05, 1), "{shape:?}");
            assert_ne!(dataset, drawn(shape, 0.05, 2), "{shape:?}");
            assert_eq!(dataset.n_rows, 300);
        }
    }

    #[test]
    fn points_lie_between_minus_1_and_1_and_classes_are_equally_large() {
        for shape in Generator::iter().filter(|it| *it != Generator::Table) {
            let dataset = drawn(shape, 0.0, 1);
            for name in ["x", "y"] {
                let most = numbers(&dataset, name).iter().fold(0.0, |most: f64, it| most.max(it.abs()));
                assert!((0.45..1.1).contains(&most), "{shape:?} {name} reaches {most}");
            }
            if let Some(Column { values: Values::Words { levels, codes }, .. }) = dataset.column("class") {
                let mut sorted = levels.clone();
                sorted.sort();
                assert_eq!(*levels, sorted, "{shape:?}: classes are in name order");
                for class in 0..levels.len() as u32 {
                    assert_eq!(codes.iter().filter(|it| **it == class).count(), 300 / levels.len(), "{shape:?}");
                }
            }
        }
    }

    #[test]
    fn the_noise_is_a_standard_deviation() {
        let dataset =
            draw(&Recipe { shape: Generator::Sine, samples: 20_000, noise: 0.3, seed: 4, ..Recipe::default() })
                .unwrap();
        let (x, y) = (numbers(&dataset, "x"), numbers(&dataset, "y"));
        let squares: f64 = x.iter().zip(&y).map(|(x, y)| (y - (PI * x).sin()).powi(2)).sum();
        let deviation = (squares / 20_000.0).sqrt();
        assert!((deviation - 0.3).abs() < 0.01, "{deviation}");
    }

    #[test]
    fn a_recipe_that_cannot_be_drawn_is_refused() {
        for (samples, noise) in [(0, 0.1), (3, 0.1), (u64::MAX, 0.1), (100, f64::NAN), (100, -1.0)] {
            let refused = draw(&Recipe { shape: Generator::Xor, samples, noise, seed: 1, ..Recipe::default() });
            assert!(matches!(refused, Err(DataError::BadRecipe { .. })), "{samples} {noise}");
        }
    }
}
