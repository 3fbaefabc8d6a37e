//! When a fault that the curves make begins: where validation, in the mean over many seeds, is best.
//!
//! Faults that are planted in a project are there from its first epoch, or from the one that the file names. Those
//! of learning too long begin where the validation loss turns, which differs from run to run; the minimum of the mean
//! curve does not.

use std::path::PathBuf;

use learnscope::project;

use crate::{stem, train, varied};

/// Rules that speak of a validation curve that has turned, or run out.
const TURNING: [&str; 3] = ["overfitting", "over-confident", "overtraining"];

/// Prints the measured onset beside the one in the file.
pub(crate) fn onset(paths: &[PathBuf], seeds: &[u64]) {
    println!("{:24} {:>6} {:>8} {:>8}  mean validation loss there and at the end", "fault", "seeds", "file", "onset");
    for path in paths {
        let project = project::read(path).unwrap();
        let truth = project.truth.clone().expect("a project of the gallery says what is wrong with it");
        if !TURNING.contains(&truth.primary.as_str()) {
            println!("{:24} {:>6} {:>8} {:>8}", stem(path), "-", truth.onset, "planted");
            continue;
        }
        let curves: Vec<Vec<f64>> = seeds
            .iter()
            .map(|seed| train(varied(&project, *seed)).epochs.iter().map(|it| it.validation_loss).collect())
            .collect();
        let shortest = curves.iter().map(Vec::len).min().unwrap_or(0);
        let mean = |epoch: usize| curves.iter().map(|it| it[epoch]).sum::<f64>() / curves.len() as f64;
        let means: Vec<f64> = (0..shortest).map(mean).collect();
        let Some(best) = (0..shortest).min_by(|a, b| means[*a].total_cmp(&means[*b])) else { continue };
        println!(
            "{:24} {:>6} {:>8} {:>8}  {:.4} {:.4}",
            stem(path),
            curves.len(),
            truth.onset,
            best + 1,
            means[best],
            means[shortest - 1]
        );
    }
}
