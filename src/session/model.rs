//! A trained model opened again: predicting new rows, and its pictures as the run ended.

use std::path::Path;
use std::sync::Arc;

use crate::data::{self, Dataset, Encoder, Prepared, Split};
use crate::engine::{Comparison, OpenDevice, Trainer, Weights, measure_outputs, open_device, verify};
use crate::run::{Event, FinishReason, Metrics, Views};
use crate::spec::{Project, StoppingSpec, Task};

use super::recorder::read_run;
use super::store::Store;

/// A run's network with the weights that were kept.
pub struct Model {
    project: Project,
    encoder: Encoder,
    weights: Weights,
}

/// What a model says of new rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub target: String,
    /// Empty for a regression.
    pub classes: Vec<String>,
    /// `[rows]` values in the target's unit, or `[rows, classes]` probabilities.
    values: Vec<f32>,
    /// Measured where the rows say what is true; empty otherwise.
    pub metrics: Metrics,
}

impl Model {
    /// Opens the model of a run folder.
    ///
    /// # Errors
    /// When it is no run folder, holds no weights yet, or a file of it is damaged.
    pub fn open(run: &Path) -> Result<Self, String> {
        let (project, events) = read_run(run)?;
        project.check().map_err(|lines| format!("{} ({})", lines.join("; "), run.join("project.ron").display()))?;
        let path = run.join("encoder.ron");
        let text = std::fs::read_to_string(&path)
            .map_err(|err| format!("the run's encoder cannot be read: {err} ({})", path.display()))?;
        let encoder = Encoder::from_text(&text)
            .map_err(|err| format!("the run's encoder is damaged: {} ({})", err.replace('\n', " "), path.display()))?;
        let kept = run.join(kept_weights(&project, &events, run));
        let weights = if kept.is_file() {
            Weights::read(&kept).map_err(|err| err.to_string().replace('\n', " "))?
        } else {
            best_of_checkpoint(run, &events)?
        };
        Ok(Self { project, encoder, weights })
    }

    /// Predicts every row of a table.
    ///
    /// # Errors
    /// When a column the network needs is missing or of another kind.
    pub fn predict(&self, dataset: &Dataset) -> Result<Prediction, String> {
        let encoded = self.encoder.encode(dataset).map_err(|err| err.to_string())?;
        let trainer = self.trainer(Arc::new(bare(&self.encoder)))?;
        let outputs = trainer.predict(&encoded.features).map_err(|err| err.to_string())?;
        let scale = self.encoder.target_scale();
        let metrics = encoded.targets.map_or_else(Metrics::new, |targets| {
            measure_outputs(self.encoder.task(), scale, self.encoder.classes().len(), &targets, &outputs)
        });
        let values = match self.encoder.task() {
            Task::Regression => outputs.iter().map(|it| scale.undo(f64::from(*it)) as f32).collect(),
            Task::Binary | Task::Classes(_) => {
                outputs.chunks(outputs.len() / encoded.n_rows.max(1)).flat_map(probabilities).collect()
            }
        };
        Ok(Prediction {
            target: self.encoder.target_name().to_owned(),
            classes: self.encoder.classes().to_vec(),
            values,
            metrics,
        })
    }

    /// The pictures as the run ended, from its data.
    pub fn views(&self, base: &Path, epoch: u64, step: u64) -> Result<Views, String> {
        let dataset = data::load(&self.project.data.source, base).map_err(|err| err.to_string())?;
        let prepared = data::prepare(&dataset, &self.project.data, &self.project.split, self.project.training.seed)
            .map_err(|err| err.to_string())?;
        self.trainer(Arc::new(prepared))?.views(epoch, step).map_err(|err| err.to_string())
    }

    fn trainer(&self, data: Arc<Prepared>) -> Result<Trainer, String> {
        let device = OpenDevice::cpu();
        Trainer::for_measuring(&self.project, data, &device, Some(&self.weights)).map_err(|err| err.to_string())
    }
}

/// The best weights of a run that was cut short before they had a file of their own.
fn best_of_checkpoint(run: &Path, events: &[Event]) -> Result<Weights, String> {
    let newest = Store::of(run).newest(u64::MAX, u64::MAX).checkpoint;
    newest.and_then(|it| it.best).ok_or_else(|| {
        let why = match events.last() {
            Some(Event::Finished(_)) => "it ended before its first epoch",
            _ => "it was cut short before any were kept; it can go on with train --resume",
        };
        format!("the run has no weights yet: {why} ({})", run.display())
    })
}

impl Prediction {
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.classes.len().max(1)
    }

    /// The predicted value or class of a row.
    pub fn text(&self, row: usize) -> String {
        if self.classes.is_empty() {
            return self.values[row].to_string();
        }
        let shares = self.probabilities(row);
        let likeliest = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        likeliest.map_or_else(String::new, |(class, _)| self.classes[class].clone())
    }

    /// Probability of each class; empty for a regression.
    pub fn probabilities(&self, row: usize) -> &[f32] {
        let n = self.classes.len();
        &self.values[row * n..(row + 1) * n]
    }
}

/// One step on the project's device and on the processor, compared.
///
/// # Errors
/// When the data or the device cannot be used.
pub fn verify_on(project: &Project, base: &Path) -> Result<Comparison, String> {
    let device = open_device(project.device).map_err(|err| err.to_string())?;
    let dataset = data::load(&project.data.source, base).map_err(|err| err.to_string())?;
    let prepared =
        data::prepare(&dataset, &project.data, &project.split, project.training.seed).map_err(|err| err.to_string())?;
    if let Some((_, misfit)) = project.misfits(prepared.task).into_iter().next() {
        return Err(misfit);
    }
    verify(project, &Arc::new(prepared), &device).map_err(|err| err.to_string())
}

/// The file of the weights a run kept: the best, or the last where the best were not asked for.
fn kept_weights(project: &Project, events: &[Event], run: &Path) -> &'static str {
    let restores = matches!(&project.stopping, StoppingSpec::Patience(it) if it.restore_best);
    let diverged = events.iter().any(|it| matches!(it, Event::Finished(end) if end.reason == FinishReason::Diverged));
    if restores || diverged || !run.join("last.safetensors").is_file() {
        "best.safetensors"
    } else {
        "last.safetensors"
    }
}

/// Data without rows: all that a network for new rows needs to know.
fn bare(encoder: &Encoder) -> Prepared {
    Prepared {
        task: encoder.task(),
        target_name: encoder.target_name().to_owned(),
        classes: encoder.classes().to_vec(),
        input: encoder.input(),
        feature_names: Vec::new(),
        n_rows: 0,
        features: Vec::new(),
        targets: Vec::new(),
        target_scale: encoder.target_scale(),
        split: Split::default(),
        class_counts: vec![1; encoder.classes().len()],
        encoder: encoder.clone(),
        notes: Vec::new(),
    }
}

/// One probability a class from one logit of the second of two, or from one logit a class.
fn probabilities(output: &[f32]) -> Vec<f32> {
    if let [logit] = output {
        let positive = 1.0 / (1.0 + (-logit).exp());
        return vec![1.0 - positive, positive];
    }
    let highest = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let shares: Vec<f32> = output.iter().map(|it| (it - highest).exp()).collect();
    let total: f32 = shares.iter().sum();
    shares.iter().map(|it| it / total).collect()
}
