//! Which errors a classifier makes: by class, and by how certain it was.

use super::trainer::Trainer;
use super::views::likeliest;
use crate::run::ClassRow;

/// With more classes a row each would fill the events and nobody could look at it.
const MOST_CLASSES: usize = 100;

/// Equal parts of the rows, from the most certain prediction to the least.
const PARTS: usize = 4;

/// Which errors were made on some rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Errors {
    /// In the order of the classes' index; empty for a regression.
    pub classes: Vec<ClassRow>,
    /// Share of wrong rows in each quarter, from the most certain prediction to the least; empty for a regression and
    /// for fewer than 4 rows.
    pub by_certainty: Vec<f64>,
}

impl Trainer {
    /// Errors by class and by certainty.
    ///
    /// # Shapes
    /// - outputs: `[rows, outputs]`, raw scores
    pub fn errors(&self, rows: &[u32], outputs: &[f32]) -> Errors {
        let n_classes = self.data.classes.len();
        if n_classes == 0 || n_classes > MOST_CLASSES {
            return Errors::default();
        }
        let mut classes = vec![ClassRow::default(); n_classes];
        let mut certainties = Vec::with_capacity(rows.len());
        for (row, output) in rows.iter().zip(outputs.chunks(self.loss.n_outputs())) {
            let actual = self.data.targets[*row as usize] as usize;
            let (predicted, certainty) = likeliest(output);
            classes[actual].rows += 1;
            classes[predicted].predicted += 1;
            classes[actual].correct += usize::from(actual == predicted);
            certainties.push((certainty, actual != predicted));
        }
        Errors { classes, by_certainty: by_certainty(certainties) }
    }
}

fn by_certainty(mut certainties: Vec<(f32, bool)>) -> Vec<f64> {
    let n = certainties.len();
    if n < PARTS {
        return Vec::new();
    }
    // A stable sort keeps the rows' order among equals, and so the same shares for the same outputs.
    certainties.sort_by(|a, b| b.0.total_cmp(&a.0));
    let part = |idx: usize| &certainties[idx * n / PARTS..(idx + 1) * n / PARTS];
    (0..PARTS).map(|idx| part(idx).iter().filter(|it| it.1).count() as f64 / part(idx).len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_among_the_least_certain_stand_last() {
        let certainties = (0..100).map(|idx| (1.0 - idx as f32 / 200.0, idx >= 90 || idx == 3)).collect();
        assert_eq!(by_certainty(certainties), [0.04, 0.0, 0.0, 0.4]);
        assert!(by_certainty(vec![(0.9, true); 3]).is_empty());
    }
}
