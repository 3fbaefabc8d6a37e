//! Made-up runs for the rules' tests: seeded, noisy as real ones are, and without a training.

pub(super) mod layered;
pub(super) mod recorded;

use super::{Context, Doctor};
use crate::run::{EpochRow, FindingRow, FindingState, Metrics, Severity};
use crate::spec::{LossSpec, Project, Task};

/// Seeded noise (SplitMix64), so that tests need no dependency for chance.
pub(super) struct Noise(u64);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Even in `0.0..1.0`.
    pub(super) fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Of mean 0 and standard deviation 1.
    pub(super) fn normal(&mut self) -> f64 {
        let (radius, angle) = ((-2.0 * (1.0 - self.even()).ln()).sqrt(), std::f64::consts::TAU * self.even());
        radius * angle.cos()
    }
}

/// A run of so many epochs, each made of its training and validation loss; the standard error is a tenth of
/// the validation loss, as with a few hundred rows.
pub(super) fn run(epochs: u64, mut losses: impl FnMut(f64) -> (f64, f64)) -> Vec<EpochRow> {
    let row = |epoch: u64| {
        let (train_loss, validation_loss) = losses(epoch as f64);
        EpochRow {
            epoch,
            step: 30 * epoch,
            train_loss,
            validation_loss,
            learning_rate: 0.001,
            validation_se: Some(0.1 * validation_loss),
            gradient_norm: Some(0.5),
            ..EpochRow::default()
        }
    };
    (1..=epochs).map(row).collect()
}

/// A regression on a standardized target: guessing the mean loses 1.
pub(super) fn regression() -> Context {
    context(Task::Regression, [("loss", 1.0), ("r2", 0.0), ("rmse", 1.0)])
}

/// The same with another learning rate.
pub(super) fn at_rate(learning_rate: f64) -> Context {
    let mut context = regression();
    context.project.learning_rate = learning_rate;
    context
}

/// Two classes, evenly spread.
pub(super) fn binary() -> Context {
    context(
        Task::Binary,
        [("loss", std::f64::consts::LN_2), ("accuracy", 0.5), ("balanced_accuracy", 0.5), ("roc_auc", 0.5)],
    )
}

fn context<const N: usize>(task: Task, baseline: [(&str, f64); N]) -> Context {
    let project = Project { loss: LossSpec::usual_for(task), ..Project::default() };
    let baseline: Metrics = baseline.map(|(key, value)| (key.to_owned(), value)).into();
    Context {
        project,
        knows_project: true,
        task,
        device: "cpu".to_owned(),
        train_rows: 960,
        validation_rows: 400,
        steps_per_epoch: 30,
        epochs: 1000,
        baseline,
        initial_loss: None,
        classes: Vec::new(),
        data: None,
    }
}

/// Everything the doctor says of one rule over a run, its last word left out.
pub(super) fn told(rule: &str, context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
    let mut doctor = Doctor::new(context.clone());
    let all = rows.iter().flat_map(|row| doctor.observe(row));
    all.filter(|it| it.rule == rule).collect()
}

/// The states told, in order.
pub(super) fn states(told: &[FindingRow]) -> Vec<FindingState> {
    told.iter().map(|it| it.state).collect()
}

/// The worst severity told; none where nothing was.
pub(super) fn worst(told: &[FindingRow]) -> Option<Severity> {
    told.iter().map(|it| it.severity).max()
}

/// A healthy run: both losses fall to a floor, with noise, validation a little above.
pub(super) fn healthy(seed: u64, epochs: u64) -> Vec<EpochRow> {
    let mut noise = Noise::new(seed);
    run(epochs, |epoch| {
        let falling = 0.12 + 0.9 * (-epoch / 8.0).exp() + 0.05 / epoch;
        (falling * (1.0 + 0.01 * noise.normal()), 1.08 * falling * (1.0 + 0.03 * noise.normal()))
    })
}
