//! What was learned from the training rows, and how it turns any rows into the same numbers.

use serde::{Deserialize, Serialize};

use crate::spec::{InputShape, Task};

use super::DataError;
use super::builtin::IMAGE_TARGET;
use super::category::CategoryCode;
use super::cell;
use super::dataset::{Column, Dataset, Images, Values};
use super::number::{NumberCode, Scaling};
use super::pictures;
use super::target::{check_finite, nearest_column};
use super::words::WordsCode;

/// Turns rows into features, exactly as the training rows were. Saved with a run to predict new rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Encoder {
    pub(super) input: InputShape,
    /// In the file's order; empty for images.
    pub(super) columns: Vec<ColumnCode>,
    /// How pixels, as value / 255, are scaled. Only for images.
    pub(super) pixels: Scaling,
    pub(super) target: TargetCode,
}

/// New rows as the network sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// Row-major `[rows, features]`.
    pub features: Vec<f32>,
    pub n_rows: usize,
    /// As [`super::Prepared::targets`], NaN where missing or of an unknown class. None where the rows have no target.
    pub targets: Option<Vec<f32>>,
}

/// One cell as a network sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenCell<'a> {
    pub names: Vec<String>,
    /// One for each name.
    pub features: &'a [f32],
    /// Only for numbers and dates.
    pub scaling: Option<Scaling>,
}

/// One input column and its code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ColumnCode {
    pub name: String,
    pub code: Code,
}

/// How a column becomes features.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    Number(NumberCode),
    Category(CategoryCode),
    Words(WordsCode),
}

/// How the target becomes numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TargetCode {
    pub name: String,
    pub task: Task,
    pub classes: Vec<String>,
    pub scaling: Scaling,
}

/// The features of one column within the matrix of all.
pub(super) struct Block<'a> {
    pub features: &'a mut [f32],
    /// Features of a whole row.
    pub stride: usize,
    /// First feature of the column.
    pub at: usize,
    pub width: usize,
}

impl Block<'_> {
    pub(super) fn row(&mut self, row: usize) -> &mut [f32] {
        let start = row * self.stride + self.at;
        &mut self.features[start..start + self.width]
    }

    pub(super) fn n_rows(&self) -> usize {
        self.features.len() / self.stride.max(1)
    }
}

/// No image that was prepared here has more values.
const MOST_VALUES: usize = 1 << 22;

impl Encoder {
    /// Reads what was saved with a run.
    ///
    /// # Errors
    /// In words, when it is no encoder, or its parts do not fit together.
    pub fn from_text(text: &str) -> Result<Self, String> {
        let encoder: Self = ron::from_str(text).map_err(|err| err.to_string())?;
        if encoder.is_sound() { Ok(encoder) } else { Err("its parts do not fit together".to_owned()) }
    }

    fn is_sound(&self) -> bool {
        let fits_input = match self.input {
            InputShape::Flat { features } => features == self.columns.iter().map(|it| it.names().len()).sum::<usize>(),
            InputShape::Image { channels, height, width } => {
                let values = channels.checked_mul(height).and_then(|it| it.checked_mul(width));
                values.is_some_and(|it| (1..=MOST_VALUES).contains(&it))
            }
        };
        let n_classes = match self.target.task {
            Task::Regression => 0,
            Task::Binary => 2,
            Task::Classes(n) => n,
        };
        fits_input && n_classes == self.target.classes.len()
    }

    /// Encodes rows with the columns, categories, words and statistics of the training rows.
    ///
    /// Columns are found by name, in any order, and others are passed over. Categories that training did
    /// not see become zeros, missing numbers the training mean. The target may be absent.
    ///
    /// # Errors
    /// An input column that is absent or holds words where numbers were, or images where columns were.
    pub fn encode(&self, dataset: &Dataset) -> Result<Encoded, DataError> {
        let features = match (&dataset.images, self.input) {
            (None, InputShape::Flat { .. }) => self.encode_columns(dataset)?,
            (Some(images), InputShape::Image { channels, height, width }) => {
                self.encode_images(images, channels, height, width)
            }
            (None, InputShape::Image { .. }) => return Err(DataError::WantsImages { place: dataset.place.clone() }),
            (Some(_), InputShape::Flat { .. }) => return Err(DataError::WantsColumns { place: dataset.place.clone() }),
        };
        Ok(Encoded { features, n_rows: dataset.n_rows, targets: self.target.encode(dataset) })
    }

    /// Shape of one row.
    pub fn input(&self) -> InputShape {
        self.input
    }

    /// What is predicted.
    pub fn task(&self) -> Task {
        self.target.task
    }

    /// Name of the column that is predicted.
    pub fn target_name(&self) -> &str {
        &self.target.name
    }

    /// Ordered by name, numbers by value; empty for a regression.
    pub fn classes(&self) -> &[String] {
        &self.target.classes
    }

    /// How a regression's target was scaled; [`Scaling::undo`] gives predictions in its own unit.
    pub fn target_scale(&self) -> Scaling {
        self.target.scaling
    }

    /// How pixels, as value / 255, are scaled.
    pub fn pixel_scale(&self) -> Scaling {
        self.pixels
    }

    /// Names of the columns it reads, in the training file's order; empty for images.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|it| it.name.as_str())
    }

    /// One name for each feature, such as `km`, `fuel=Diesel` or `body: free`; empty for images.
    pub fn feature_names(&self) -> Vec<String> {
        self.columns.iter().flat_map(ColumnCode::names).collect()
    }

    /// Name and scaling of each feature, to draw axes in the columns' own units.
    ///
    /// None unless every feature is a number or date that no training row lacks.
    pub fn axes(&self) -> Option<Vec<(String, Scaling)>> {
        let axis = |it: &ColumnCode| match &it.code {
            Code::Number(number) => number.plain_scaling().map(|scaling| (it.name.clone(), scaling)),
            Code::Category(_) | Code::Words(_) => None,
        };
        let axes: Option<Vec<_>> = self.columns.iter().map(axis).collect();
        axes.filter(|it| !it.is_empty())
    }

    /// What a network sees of one column's cell: the features of its row that come from it, with their names, and
    /// how a number is scaled. None where the column is no input.
    ///
    /// `features` is one row, as [`super::Prepared::row`] gives it.
    pub fn seen<'a>(&self, column: &str, features: &'a [f32]) -> Option<SeenCell<'a>> {
        let idx = self.columns.iter().position(|it| it.name == column)?;
        let at: usize = self.columns[..idx].iter().map(|it| it.names().len()).sum();
        let names = self.columns[idx].names();
        let features = features.get(at..at + names.len())?;
        let scaling = match &self.columns[idx].code {
            Code::Number(it) => Some(it.scaling()),
            Code::Category(_) | Code::Words(_) => None,
        };
        Some(SeenCell { names, features, scaling })
    }

    fn encode_columns(&self, dataset: &Dataset) -> Result<Vec<f32>, DataError> {
        let widths: Vec<_> = self.columns.iter().map(|it| it.names().len()).collect();
        let stride = widths.iter().sum();
        let mut features = vec![0.0; dataset.n_rows * stride];
        let mut at = 0;
        for (column, width) in self.columns.iter().zip(widths) {
            column.encode(dataset, &mut Block { features: &mut features, stride, at, width })?;
            at += width;
        }
        Ok(features)
    }

    fn encode_images(&self, images: &Images, channels: usize, height: usize, width: usize) -> Vec<f32> {
        let fitted;
        let images = if (images.channels, images.height, images.width) == (channels, height, width) {
            images
        } else {
            fitted = pictures::fitted(images, channels, height, width);
            &fitted
        };
        // 256 results at most, whatever the number of pixels.
        let by_value: Vec<_> = (0..=255).map(|it| self.pixels.apply(f64::from(it) / 255.0) as f32).collect();
        images.pixels.iter().map(|it| by_value[*it as usize]).collect()
    }
}

impl ColumnCode {
    pub(super) fn names(&self) -> Vec<String> {
        match &self.code {
            Code::Number(it) => it.names(&self.name),
            Code::Category(it) => it.names(&self.name),
            Code::Words(it) => it.names(&self.name),
        }
    }

    fn encode(&self, dataset: &Dataset, out: &mut Block<'_>) -> Result<(), DataError> {
        let column = dataset.column(&self.name).ok_or_else(|| DataError::MissingInput {
            name: self.name.clone(),
            nearest: nearest_column(dataset, &self.name),
            place: dataset.place.clone(),
        })?;
        check_finite(column, dataset)?;
        match &self.code {
            Code::Number(it) => it.encode(column, dataset, out)?,
            Code::Category(it) => it.encode(column, out),
            Code::Words(it) => it.encode(column, out),
        }
        Ok(())
    }
}

impl TargetCode {
    /// One value for each row, NaN where it has none. None where the rows have no target at all.
    fn encode(&self, dataset: &Dataset) -> Option<Vec<f32>> {
        if let Some(images) = &dataset.images {
            if images.labels.is_empty() || self.name != IMAGE_TARGET {
                return None;
            }
            let by_label: Vec<_> = images.classes.iter().map(|it| self.class_of(it)).collect();
            return Some(images.labels.iter().map(|it| by_label[*it as usize]).collect());
        }
        let column = dataset.column(&self.name)?;
        if column.n_missing == dataset.n_rows {
            return None;
        }
        Some((0..dataset.n_rows).map(|row| self.value(column, row)).collect())
    }

    fn value(&self, column: &Column, row: usize) -> f32 {
        let number = column.values.numbers().map(|it| it[row]);
        if self.classes.is_empty() {
            return self.scaling.apply(number.unwrap_or(f64::NAN)) as f32;
        }
        match (&column.values, number) {
            // Classes `0` and `0.0` are one number.
            (Values::Numbers(_), Some(number)) => {
                let class = self.classes.iter().position(|it| cell::number(it, false) == Some(number));
                class.map_or(f32::NAN, |it| it as f32)
            }
            _ => column.text(row).map_or(f32::NAN, |it| self.class_of(&it)),
        }
    }

    fn class_of(&self, name: &str) -> f32 {
        self.classes.iter().position(|it| it == name).map_or(f32::NAN, |it| it as f32)
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::{DataSpec, SplitMethod, SplitSpec};

    use super::super::prepare::{Prepared, prepare};
    use super::super::source::tests::table_of;
    use super::*;

    /// Six training rows, two to validate, two to test.
    const CARS: &str = "km,fuel,note,day,price\n\
        1,diesel,a good red car,2020-01-01,10.5\n\
        3,petrol,one red car here,2020-01-02,20.5\n\
        NA,petrol,some blue car again,2020-01-03,30.5\n\
        5,diesel,my old blue boat,2020-01-04,40.5\n\
        7,,a new car now,2020-01-05,50.5\n\
        9,diesel,two red cars here,2020-01-06,60.5\n\
        2,steam,never a red thing,2020-01-07,70.5\n\
        4,diesel,car for sale now,2020-01-08,80.5\n\
        6,petrol,car for sale today,2020-01-09,90.5\n\
        8,diesel,boat for sale today,2020-01-10,15.5\n";

    fn prepared(text: &str) -> Prepared {
        let split = SplitSpec { validation: 0.2, test: 0.2, method: SplitMethod::Ordered, ..SplitSpec::default() };
        prepare(&table_of(text), &DataSpec { target: Some("price".to_owned()), ..DataSpec::default() }, &split, 1)
            .unwrap()
    }

    #[test]
    fn saved_and_read_again_it_encodes_its_own_rows_to_the_same_bits() {
        let cars = prepared(CARS);
        let saved = ron::to_string(&cars.encoder).unwrap();
        let read: Encoder = ron::from_str(&saved).unwrap();
        assert_eq!(read, cars.encoder);
        let encoded = read.encode(&table_of(CARS)).unwrap();
        assert_eq!((encoded.features, encoded.targets), (cars.features, Some(cars.targets)));
    }

    #[test]
    fn a_cell_is_seen_as_the_features_that_come_from_its_column() {
        let cars = prepared(CARS);
        let row = cars.row(2).unwrap();
        let km = cars.encoder.seen("km", row).unwrap();
        assert_eq!(
            (km.names.as_slice(), km.features),
            (["km".to_owned(), "km is missing".to_owned()].as_slice(), &row[..2])
        );
        assert_eq!((km.features, km.scaling.unwrap().mean), (&[0.0, 1.0][..], 5.0), "a missing number is the mean");
        let fuel = cars.encoder.seen("fuel", row).unwrap();
        assert_eq!(fuel.names.len(), fuel.features.len());
        let hot: Vec<_> =
            fuel.names.iter().zip(fuel.features).filter(|it| *it.1 != 0.0).map(|it| it.0.as_str()).collect();
        assert_eq!((hot.as_slice(), fuel.scaling), (["fuel=petrol"].as_slice(), None));
        assert_eq!(cars.encoder.seen("price", row), None, "the target is no input");
        assert_eq!(cars.encoder.seen("km", &row[..1]), None, "no whole row");
    }

    #[test]
    fn new_rows_may_lack_the_target_hold_more_columns_and_strange_values() {
        let cars = prepared(CARS);
        let encoded = cars
            .encoder
            .encode(&table_of("extra,day,note,fuel,km\nx,2020-01-01,a good red car,diesel,1\nx,,zebra,wood,\n"))
            .unwrap();
        let n = cars.n_features();
        assert_eq!((encoded.n_rows, encoded.targets), (2, None));
        assert_eq!(encoded.features[..n], cars.features[..n]);
        let strange: Vec<_> =
            cars.feature_names.iter().zip(&encoded.features[n..]).filter(|(_, value)| **value != 0.0).collect();
        assert_eq!(strange, [(&"km is missing".to_owned(), &1.0)], "means, zeros and one indicator");
    }

    #[test]
    fn rows_that_do_not_fit_are_refused_with_column_and_line() {
        let encoder = prepared(CARS).encoder;
        let cases = [
            (
                "kms,fuel,note,day\n1,a,b,2020-01-01\n2,b,c,2020-01-02\n",
                "the model needs the column \"km\", which is not there; the nearest is \"kms\"",
            ),
            (
                "km,fuel,note,day\n1,a,b,2020-01-01\nfar,b,c,2020-01-02\n",
                "column \"km\" is not a number in line 3: \"far\"",
            ),
            ("km,fuel,note,day\n1,a,b,2020-01-01\n2,b,c,15\n", "column \"day\" is not a number in line 3: \"15\""),
            ("km,fuel,note,day\n1,a,b,2020-01-01\ninf,b,c,2020-01-02\n", "column \"km\" holds \"inf\" in line 3"),
        ];
        for (text, expected) in cases {
            let refused = encoder.encode(&table_of(text)).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
    }

    #[test]
    fn axes_can_be_drawn_in_the_columns_own_units() {
        let cars = prepared(CARS);
        assert_eq!(cars.encoder.axes(), None, "words and categories have no axis");
        let plain = prepared(
            "km,day,price\n1,2020-01-01,1.5\n5,2020-01-03,2.5\n9,2020-01-04,1.5\n4,2020-01-05,2.5\n3,2020-01-06,1.5\n",
        );
        let axes = plain.encoder.axes().unwrap();
        assert_eq!(axes.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["km", "day"]);
        let km = f64::from(plain.row(1).unwrap()[0]);
        assert!((axes[0].1.undo(km) - 5.0).abs() < 1e-6);
        let price = cars.encoder.target_scale().undo(f64::from(cars.targets[9]));
        assert!((price - 15.5).abs() < 1e-5, "{price}");
    }
}
