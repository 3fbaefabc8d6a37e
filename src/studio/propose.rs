//! A project with sensible choices for a data set, and why they were made.

use crate::data::{ColumnKind, Dataset, find_target};
use crate::spec::{Cnn, DataSpec, LossSpec, Mlp, ModelSpec, Patience, Project, Source, StoppingSpec, Task, TaskChoice};

/// Looks at the data and chooses network, loss and training. The second part says why, a sentence each.
///
/// # Errors
/// When the target is missing, or cannot be learned.
pub fn propose(
    dataset: &Dataset,
    source: Source,
    target: Option<String>,
    task: TaskChoice,
) -> Result<(Project, Vec<String>), String> {
    let mut project = Project { data: DataSpec { source, target, task, ..DataSpec::default() }, ..Project::default() };
    let found = find_target(dataset, &project.data).map_err(|err| err.to_string())?;
    let mut reasons = found.notes.clone();
    reasons.push(format!("Target {}: {}", found.name, found.task.label()));
    if dataset.images.is_none() {
        project.data.target = Some(found.name);
    }
    project.loss = LossSpec::usual_for(found.task);
    project.model = model_for(dataset, &mut reasons);
    let n_rows = dataset.n_rows;
    project.training.batch_size = Some(if n_rows > 20_000 {
        128
    } else if n_rows > 2000 {
        64
    } else {
        32
    });
    project.training.epochs = if dataset.images.is_some() { 20 } else { 100 };
    project.stopping = StoppingSpec::Patience(Patience {
        patience: if dataset.images.is_some() { 4 } else { 12 },
        ..Patience::default()
    });
    if found.task != Task::Regression && n_rows < 300 {
        reasons.push(format!("Only {n_rows} rows: expect validation figures to jump about"));
    }
    Ok((project, reasons))
}

fn model_for(dataset: &Dataset, reasons: &mut Vec<String>) -> ModelSpec {
    if dataset.images.is_some() {
        reasons.push("Images: a small convolutional network".to_owned());
        return ModelSpec::Cnn(Cnn::default());
    }
    if dataset.columns.iter().any(|it| it.kind == ColumnKind::Text) {
        reasons.push("Text: one hidden layer with dropout, since words outnumber rows".to_owned());
        return ModelSpec::Mlp(Mlp { hidden: vec![32], dropout: 0.3, ..Mlp::default() });
    }
    if dataset.n_rows < 500 {
        reasons.push("Few rows: a small network, which cannot learn them all by heart".to_owned());
        return ModelSpec::Mlp(Mlp { hidden: vec![16], ..Mlp::default() });
    }
    reasons.push("A table: two hidden layers".to_owned());
    ModelSpec::Mlp(Mlp::default())
}
