//! What the remedies are worth: every gallery project, trained again with what its finding proposes.
//!
//! Each remedy is tried on the project as it ships under several seeds, and is compared with the run it is meant for,
//! of the same seed. Two questions are asked of it:
//!
//! - *Cleared*: does the finding no longer stand, at warning or worse, where the run with the remedy ends?
//! - *Worse*: does the best validation of the runs with the remedy, in the mean over the seeds, lie above that of the
//!   runs without by more than the seeds' own noise, the larger deviation of the two?
//!
//! A loss that was defined anew (class weights, label smoothing) cannot be compared with the old one: there the
//! error is, one minus the balanced accuracy, at the epoch of the best validation loss. Where the validation rows
//! themselves were at fault, because they stood in training or held a column that gave the answer away, the loss
//! before was none of new rows, and must rise: there is nothing to compare.

use std::fmt;
use std::path::PathBuf;

use learnscope::diagnose::apply;
use learnscope::project;
use learnscope::run::{EpochRow, FindingRow, FindingState, Remedy, Severity};
use learnscope::spec::Project;

use crate::{Trained, quick, stem, train};

/// Rules whose remedies take away what made validation too good to be true.
const TOO_GOOD: [&str; 2] = ["leakage", "duplicate-rows"];

/// Tries the remedies of the named projects, or of all.
pub(crate) fn remedies(paths: &[PathBuf], seeds: &[u64]) {
    let mut trials = Vec::new();
    for path in paths {
        let project = quick(&project::read(path).unwrap());
        let truth = project.truth.clone().expect("a project of the gallery says what is wrong with it");
        if truth.primary.is_empty() {
            continue;
        }
        for trial in tried(&stem(path), &truth.primary, &project, seeds) {
            println!("{trial}");
            trials.push(trial);
        }
    }
    summary("first remedies", trials.iter().filter(|it| it.rank == 0));
    summary("all remedies", trials.iter());
}

/// One remedy over all seeds.
struct Trial {
    project: String,
    /// The remedy's place among those proposed.
    rank: usize,
    label: String,
    /// Seeds under which the finding was told and this remedy proposed, and those in which it was then gone.
    told: usize,
    cleared: usize,
    before: Vec<f64>,
    after: Vec<f64>,
    yardstick: Yardstick,
}

/// What a run with the remedy is compared by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Yardstick {
    Loss,
    Error,
    Nothing,
}

/// Every remedy that was proposed under any of the seeds, in the order of the first.
fn tried(name: &str, rule: &str, project: &Project, seeds: &[u64]) -> Vec<Trial> {
    let mut trials: Vec<Trial> = Vec::new();
    for seed in seeds {
        let seeded = with_seed(project, *seed);
        let before = train(seeded.clone());
        for (rank, remedy) in proposed(&before, rule).iter().enumerate() {
            let mut changed = seeded.clone();
            apply(remedy, &mut changed).expect("a remedy is proven to fit before it is proposed");
            let yardstick = yardstick(rule, &seeded, &changed);
            let after = train(changed);
            let at = trials.iter().position(|it| it.label == remedy.label).unwrap_or_else(|| {
                trials.push(Trial {
                    project: name.to_owned(),
                    rank,
                    label: remedy.label.clone(),
                    told: 0,
                    cleared: 0,
                    before: Vec::new(),
                    after: Vec::new(),
                    yardstick,
                });
                trials.len() - 1
            });
            let trial = &mut trials[at];
            trial.told += 1;
            trial.cleared += usize::from(standing(&after.findings, rule).is_none());
            trial.before.push(best(&before, yardstick));
            trial.after.push(best(&after, yardstick));
        }
    }
    trials
}

fn with_seed(project: &Project, seed: u64) -> Project {
    let mut seeded = project.clone();
    seeded.training.seed = seed;
    seeded
}

/// What the finding proposes where it stands at the end, or did when it was told last.
fn proposed(run: &Trained, rule: &str) -> Vec<Remedy> {
    let told = run.findings.iter().rev().find(|it| it.rule == rule && it.state != FindingState::Cleared);
    told.map(|it| it.remedies.clone()).unwrap_or_default()
}

/// The finding as it stands at the end, if it is enough to count.
fn standing<'a>(findings: &'a [FindingRow], rule: &str) -> Option<&'a FindingRow> {
    let last = findings.iter().rev().find(|it| it.rule == rule)?;
    let least = if rule == "still-improving" { Severity::Info } else { Severity::Warning };
    (last.state != FindingState::Cleared && last.severity >= least).then_some(last)
}

fn yardstick(rule: &str, before: &Project, after: &Project) -> Yardstick {
    if TOO_GOOD.contains(&rule) {
        Yardstick::Nothing
    } else if before.loss == after.loss {
        Yardstick::Loss
    } else {
        Yardstick::Error
    }
}

/// The best validation of a run; infinite where it never had one.
fn best(run: &Trained, yardstick: Yardstick) -> f64 {
    let finite = run.epochs.iter().filter(|it| it.validation_loss.is_finite());
    let Some(row) = finite.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss)) else {
        return f64::INFINITY;
    };
    let error = |row: &EpochRow| 1.0 - row.metrics.get("validation_balanced_accuracy").copied().unwrap_or(0.0);
    match yardstick {
        Yardstick::Loss | Yardstick::Nothing => row.validation_loss,
        Yardstick::Error => error(row),
    }
}

impl Trial {
    /// The larger deviation over the seeds, of the runs without and with the remedy.
    fn noise(&self) -> f64 {
        deviation(&self.before).max(deviation(&self.after))
    }

    /// Whether it got worse beyond noise; none where nothing can be compared.
    fn is_worse(&self) -> Option<bool> {
        let worse = mean(&self.after) - mean(&self.before) > self.noise();
        (self.yardstick != Yardstick::Nothing).then_some(worse)
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Standard deviation; 0 of a single value, and where a run was lost.
fn deviation(values: &[f64]) -> f64 {
    let squares = values.iter().map(|it| (it - mean(values)).powi(2)).sum::<f64>();
    let deviation = (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt();
    if deviation.is_finite() { deviation } else { 0.0 }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = match self.yardstick {
            Yardstick::Loss => "loss",
            Yardstick::Error => "error",
            Yardstick::Nothing => "-",
        };
        write!(
            f,
            "{:24} {} {:44} cleared {} of {}  {by:5} {:>9.4} -> {:<9.4} noise {:<8.4}{}",
            self.project,
            self.rank + 1,
            self.label,
            self.cleared,
            self.told,
            mean(&self.before),
            mean(&self.after),
            self.noise(),
            if self.is_worse() == Some(true) { " WORSE" } else { "" },
        )
    }
}

fn summary<'a>(what: &str, trials: impl Iterator<Item = &'a Trial>) {
    let trials: Vec<_> = trials.collect();
    let (told, cleared) = trials.iter().fold((0, 0), |sum, it| (sum.0 + it.told, sum.1 + it.cleared));
    let compared: Vec<bool> = trials.iter().filter_map(|it| it.is_worse()).collect();
    let worse = compared.iter().filter(|it| **it).count();
    println!(
        "\n{what}: {cleared} of {told} findings cleared, {:.1} %; {worse} of {} compared got worse beyond noise",
        100.0 * cleared as f64 / told.max(1) as f64,
        compared.len()
    );
}
