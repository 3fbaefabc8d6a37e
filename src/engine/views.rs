//! Pictures of what the network does now, for whoever looks on.

use super::error::TrainError;
use super::trainer::Trainer;
use crate::run::{Confusion, Fit, Gallery, Sample, Surface, Views};
use crate::spec::{InputShape, Task};

/// Points along each side of a decision surface.
const GRID: usize = 100;
/// Points along a curve over a single input.
const LINE: usize = 256;
/// More points than this are a blot.
const MOST_POINTS: usize = 2000;
/// Images to look at: each class a few times, and not more than one would look through.
const MOST_SAMPLES: usize = 48;
/// A little of the world beyond the data.
const MARGIN: f32 = 0.08;

impl Trainer {
    /// The pictures that this data allows: a surface over one or two inputs, predicted against actual
    /// values for a regression, a confusion matrix for classes, sample images.
    ///
    /// # Errors
    /// When the device failed.
    pub fn views(&self, epoch: u64, step: u64) -> Result<Views, TrainError> {
        let rows: Vec<u32> = thinned(&self.data.split.validation);
        let outputs = self.predict_rows(&rows)?;
        let (fit, confusion) = match self.data.task {
            Task::Regression => (Some(self.fit(&rows, &outputs)), None),
            Task::Binary | Task::Classes(_) => (None, Some(self.confusion(&rows, &outputs))),
        };
        let gallery = self.gallery(&rows, &outputs);
        Ok(Views { epoch, step, surface: self.surface()?, fit, confusion, gallery })
    }

    /// None but for images with classes. Which images depends on the data alone.
    fn gallery(&self, rows: &[u32], outputs: &[f32]) -> Option<Gallery> {
        let InputShape::Image { channels, height, width } = self.data.input else { return None };
        if self.data.task == Task::Regression {
            return None;
        }
        let class_of = |row: u32| self.data.targets[row as usize] as usize;
        let classes: Vec<usize> = rows.iter().map(|row| class_of(*row)).collect();
        let chosen = in_turn(&classes, self.data.classes.len(), MOST_SAMPLES);
        let n_outputs = self.loss.n_outputs();
        let sample = |idx: &usize| {
            let (predicted, certainty) = likeliest(&outputs[idx * n_outputs..(idx + 1) * n_outputs]);
            Sample { row: rows[*idx], actual: classes[*idx] as u32, predicted: predicted as u32, certainty }
        };
        let scale = self.data.encoder.pixel_scale();
        let byte = |value: &f32| (255.0 * scale.undo(f64::from(*value))).round().clamp(0.0, 255.0) as u8;
        let pixels = chosen.iter().filter_map(|idx| self.data.row(rows[*idx] as usize)).flatten().map(byte).collect();
        let samples = chosen.iter().map(sample).collect();
        Some(Gallery { channels, height, width, pixels, classes: self.data.classes.clone(), samples })
    }

    fn fit(&self, rows: &[u32], outputs: &[f32]) -> Fit {
        let pairs = rows
            .iter()
            .zip(outputs)
            .map(|(row, output)| (self.own_unit(self.data.targets[*row as usize]), self.own_unit(*output)));
        Fit { target: self.data.target_name.clone(), pairs: pairs.collect() }
    }

    fn confusion(&self, rows: &[u32], outputs: &[f32]) -> Confusion {
        let n = self.data.classes.len();
        let mut counts = vec![0; n * n];
        for (row, output) in rows.iter().zip(outputs.chunks(self.loss.n_outputs())) {
            let (predicted, _) = likeliest(output);
            counts[self.data.targets[*row as usize] as usize * n + predicted] += 1;
        }
        Confusion { classes: self.data.classes.clone(), counts }
    }

    /// None for images and for more than two inputs.
    fn surface(&self) -> Result<Option<Surface>, TrainError> {
        let InputShape::Flat { features: n @ (1 | 2) } = self.data.input else { return Ok(None) };
        let Some(axes) = self.data.encoder.axes() else { return Ok(None) };
        let bounds: Vec<[f32; 2]> = (0..n).map(|axis| self.bounds(axis, n)).collect();
        let (columns, rows) = if n == 1 { (LINE, 1) } else { (GRID, GRID) };
        let at = |[low, high]: [f32; 2], idx: usize, of: usize| low + (high - low) * (idx as f32 + 0.5) / of as f32;
        let mut features = Vec::with_capacity(columns * rows * n);
        for row in 0..rows {
            for column in 0..columns {
                features.push(at(bounds[0], column, columns));
                if n == 2 {
                    features.push(at(bounds[1], row, rows));
                }
            }
        }
        let outputs = self.predict(&features)?;
        let values = outputs.chunks(self.loss.n_outputs()).map(|output| self.shown(output)).collect();
        let unit = |axis: usize, value: f32| (f64::from(value) * axes[axis].1.std + axes[axis].1.mean) as f32;
        let ends = |axis: usize| {
            bounds.get(axis).map_or([0.0, 1.0], |it| [f64::from(unit(axis, it[0])), f64::from(unit(axis, it[1]))])
        };
        let name = |axis: usize| axes.get(axis).map(|it| it.0.clone()).unwrap_or_default();
        let points = self.points(n, &unit);
        Ok(Some(Surface {
            names: [name(0), name(1)],
            x: ends(0),
            y: ends(1),
            columns,
            rows,
            values,
            n_classes: self.data.classes.len(),
            points,
        }))
    }

    /// Class and confidence in one number, or the value in the target's unit.
    fn shown(&self, output: &[f32]) -> f32 {
        if self.data.task == Task::Regression {
            return self.own_unit(output[0]);
        }
        let (class, confidence) = likeliest(output);
        class as f32 + confidence.clamp(0.0, 0.999)
    }

    fn points(&self, n: usize, unit: &dyn Fn(usize, f32) -> f32) -> Vec<(f32, f32, f32, bool)> {
        let point = |row: u32, is_train: bool| {
            let start = row as usize * n;
            let target = self.data.targets[row as usize];
            if n == 1 {
                (unit(0, self.data.features[start]), self.own_unit(target), self.own_unit(target), is_train)
            } else {
                (
                    unit(0, self.data.features[start]),
                    unit(1, self.data.features[start + 1]),
                    self.own_unit(target),
                    is_train,
                )
            }
        };
        let train = thinned(&self.data.split.train);
        let validation = thinned(&self.data.split.validation);
        train.iter().map(|row| point(*row, true)).chain(validation.iter().map(|row| point(*row, false))).collect()
    }

    /// Lowest and highest training value of a feature, with a margin.
    fn bounds(&self, axis: usize, n: usize) -> [f32; 2] {
        let values = self.data.split.train.iter().map(|row| self.data.features[*row as usize * n + axis]);
        let (low, high) =
            values.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let margin = (high - low).max(1e-6) * MARGIN;
        [low - margin, high + margin]
    }

    fn own_unit(&self, value: f32) -> f32 {
        if self.data.task == Task::Regression {
            (f64::from(value) * self.data.target_scale.std + self.data.target_scale.mean) as f32
        } else {
            value
        }
    }
}

/// The likeliest class and its probability.
///
/// # Shapes
/// - output: `[1]`, the logit of the second of two classes, or one logit a class
pub(super) fn likeliest(output: &[f32]) -> (usize, f32) {
    if let [logit] = output {
        let positive = 1.0 / (1.0 + (-logit).exp());
        return if positive > 0.5 { (1, positive) } else { (0, 1.0 - positive) };
    }
    let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = output.iter().map(|it| (it - highest).exp()).sum();
    // The first of equals, so that a tie does not flicker.
    let class = output.iter().position(|it| *it == highest).unwrap_or(0);
    (class, 1.0 / total)
}

/// Places of at most so many entries: one of each class, then the next of each, so that every class is in sight.
fn in_turn(classes: &[usize], n_classes: usize, most: usize) -> Vec<usize> {
    let mut by_class = vec![Vec::new(); n_classes];
    for (idx, class) in classes.iter().enumerate() {
        if let Some(found) = by_class.get_mut(*class).filter(|it| it.len() < most) {
            found.push(idx);
        }
    }
    let rounds = by_class.iter().map(Vec::len).max().unwrap_or(0);
    (0..rounds).flat_map(|round| by_class.iter().filter_map(move |it| it.get(round).copied())).take(most).collect()
}

/// At most as many rows as can be told apart, evenly taken.
fn thinned(rows: &[u32]) -> Vec<u32> {
    let stride = rows.len().div_ceil(MOST_POINTS).max(1);
    rows.iter().copied().step_by(stride).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_images_come_from_every_class_in_turn() {
        let classes = [0, 0, 0, 2, 0, 1, 2];
        assert_eq!(in_turn(&classes, 3, 5), [0, 5, 3, 1, 6]);
        assert_eq!(in_turn(&classes, 3, 100).len(), 7);
    }

    #[test]
    fn the_likeliest_class_and_its_probability() {
        assert_eq!(likeliest(&[0.0]).0, 0);
        let (class, confidence) = likeliest(&[2.0]);
        assert!(class == 1 && (confidence - 0.880_797).abs() < 1e-5);
        let (class, confidence) = likeliest(&[1.0, 3.0, 1.0]);
        assert!(class == 1 && (confidence - 0.786_986).abs() < 1e-5);
    }
}
