//! What other seeds have made of a run's project, kept in its folder: one line of JSON for each, as the event tells it.

use std::path::Path;

use crate::project::write_whole;
use crate::run::{Event, Metrics, SeedRow};

/// The file's name in a run folder.
pub(super) const FILE: &str = "seeds.jsonl";

/// What one seed came to, as far as lists show it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeedResult {
    pub seed: u64,
    /// The leading metric on the validation rows at the epoch with the lowest validation loss.
    pub validation: Option<f64>,
    /// Loss and metrics on the test rows.
    pub test: Metrics,
}

/// Adds seeds to those that a run folder holds; one that is known already is replaced.
///
/// # Errors
/// In words, when the file cannot be written; it is as it was then.
pub fn keep_seeds(run: &Path, rows: &[SeedRow]) -> Result<(), String> {
    let mut all = kept_seeds(run);
    all.retain(|it| rows.iter().all(|row| row.seed != it.seed));
    all.extend(rows.iter().cloned());
    all.sort_by_key(|it| it.seed);
    let lines: String = all.into_iter().map(|it| Event::Seed(it).to_json() + "\n").collect();
    let path = run.join(FILE);
    write_whole(&path, lines.as_bytes()).map_err(|err| format!("the seeds cannot be kept: {err} ({})", path.display()))
}

/// The seeds that a run folder holds, in order. A line that cannot be read is passed over: it can be trained again.
pub fn kept_seeds(run: &Path) -> Vec<SeedRow> {
    let text = std::fs::read_to_string(run.join(FILE)).unwrap_or_default();
    let row = |line: &str| match serde_json::from_str(line) {
        Ok(Event::Seed(row)) => Some(row),
        _ => None,
    };
    text.lines().filter_map(row).collect()
}

impl SeedResult {
    /// None of a training that came to no end to speak of.
    pub(super) fn of(row: &SeedRow) -> Option<Self> {
        row.value()?;
        let finite = row.validation_loss.iter().enumerate().filter(|it| it.1.is_finite());
        let best = finite.min_by(|a, b| a.1.total_cmp(b.1))?.0;
        let validation = row.validation_metric.get(best).copied().filter(|it| it.is_finite());
        Some(Self { seed: row.seed, validation, test: row.test.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::FinishReason;

    fn row(seed: u64, losses: &[f64]) -> SeedRow {
        SeedRow {
            seed,
            reason: FinishReason::Completed,
            text: String::new(),
            train_loss: losses.to_vec(),
            validation_loss: losses.to_vec(),
            metric: "rmse".to_owned(),
            train_metric: Vec::new(),
            validation_metric: losses.iter().map(|it| 10.0 * it).collect(),
            best_validation_loss: losses.iter().copied().fold(f64::INFINITY, f64::min),
            test: [("rmse".to_owned(), 7.0)].into(),
        }
    }

    #[test]
    fn seeds_are_kept_each_once_and_tell_their_best_epoch() {
        let run = tempfile::tempdir().unwrap();
        keep_seeds(run.path(), &[row(3, &[0.5, 0.25]), row(1, &[0.75])]).unwrap();
        keep_seeds(run.path(), &[row(3, &[0.5, 0.125, 0.25])]).unwrap();
        let kept = kept_seeds(run.path());
        assert_eq!(kept.iter().map(|it| it.seed).collect::<Vec<_>>(), [1, 3]);
        let result = SeedResult::of(&kept[1]).unwrap();
        assert_eq!((result.validation, result.test["rmse"]), (Some(1.25), 7.0));
        let lost = SeedRow { reason: FinishReason::Diverged, ..row(4, &[9.0]) };
        assert_eq!(SeedResult::of(&lost), None);
    }
}
