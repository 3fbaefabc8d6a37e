//! Remedies: changes to a project, each proven valid before it is offered.

use serde_json::{Value, json};
use strum::EnumMessage as _;

use super::context::Context;
use super::words::significant;
use crate::run::Remedy;
use crate::spec::{KnobError, ModelSpec, OptimizerSpec, Project, ScheduleKind, StoppingSpec, number_text};

/// Puts a remedy into a project.
///
/// # Errors
/// When the project has no such knob any more, or the value is not allowed; the project stays as it was.
pub fn apply(remedy: &Remedy, project: &mut Project) -> Result<(), KnobError> {
    let mut changed = project.clone();
    for (key, value) in &remedy.set {
        match value {
            Value::String(text) => changed.set_value(key, text)?,
            other => changed.set_value(key, &other.to_string())?,
        }
    }
    *project = changed;
    Ok(())
}

/// A remedy that this project can take and that changes it; none where it cannot.
fn remedy<const N: usize>(project: &Project, label: String, set: [(&str, Value); N]) -> Option<Remedy> {
    let remedy = Remedy { label, set: set.map(|(key, value)| (key.to_owned(), value)).into() };
    let mut changed = project.clone();
    apply(&remedy, &mut changed).ok()?;
    (changed != *project && changed.check().is_ok()).then_some(remedy)
}

/// Every share of the learning rate a remedy may ask for.
#[derive(Clone, Copy)]
pub(super) enum Rate {
    Tenth,
    Third,
    Triple,
}

/// Another learning rate.
///
/// # Arguments
/// - now: the learning rate of the row that showed the trouble; a schedule's multiple of the base
pub(super) fn learning_rate(context: &Context, now: f64, rate: Rate) -> Option<Remedy> {
    let (factor, words) = match rate {
        Rate::Tenth => (0.1, "a tenth"),
        Rate::Third => (1.0 / 3.0, "a third"),
        Rate::Triple => (3.0, "three times as much"),
    };
    let value = significant(base_rate(context, now) * factor, 2);
    remedy(
        &context.project,
        format!("Learning rate {}, {words}", number_text(value)),
        [("learning_rate", json!(value))],
    )
}

/// The learning rate that is usual for the optimizer.
pub(super) fn usual_learning_rate(context: &Context) -> Option<Remedy> {
    let optimizer = &context.project.optimizer;
    let value = optimizer.usual_learning_rate();
    let name = optimizer.get_message().unwrap_or_default();
    remedy(
        &context.project,
        format!("Learning rate {}, usual for {name}", number_text(value)),
        [("learning_rate", json!(value))],
    )
}

/// A rate far below the present one: a tenth, or what is usual for the optimizer where a tenth is still more.
pub(super) fn much_lower_learning_rate(context: &Context, now: f64) -> Option<Remedy> {
    if context.knows_project && base_rate(context, now) > 10.0 * context.project.optimizer.usual_learning_rate() {
        usual_learning_rate(context)
    } else {
        learning_rate(context, now, Rate::Tenth)
    }
}

/// The knob's value behind a row's learning rate: under a schedule the row shows only a share of it.
pub(super) fn base_rate(context: &Context, now: f64) -> f64 {
    match context.project.schedule.kind {
        // It may have been turned while training, and the row knows.
        ScheduleKind::Constant => now,
        ScheduleKind::Step(_) | ScheduleKind::Exponential(_) | ScheduleKind::Cosine(_) | ScheduleKind::Plateau(_) => {
            context.project.learning_rate
        }
    }
}

pub(super) fn constant_schedule(project: &Project) -> Option<Remedy> {
    remedy(project, "Keep the learning rate constant".to_owned(), [("schedule", json!("constant"))])
}

pub(super) fn clip_norm(project: &Project) -> Option<Remedy> {
    let value = project.clip_norm.map_or(1.0, |it| significant(it / 3.0, 2));
    remedy(project, format!("Clip gradients at norm {}", number_text(value)), [("clip_norm", json!(value))])
}

pub(super) fn standardize(project: &Project) -> Option<Remedy> {
    remedy(project, "Standardize the data".to_owned(), [("data.standardize", json!(true))])
}

pub(super) fn hidden_layers(project: &Project) -> Option<Remedy> {
    match project.model {
        ModelSpec::Linear => remedy(project, "A network with hidden layers".to_owned(), [("model", json!("mlp"))]),
        ModelSpec::Mlp(_) | ModelSpec::Cnn(_) => None,
    }
}

/// Hidden layers up to which a gradient gets through ReLU. First weights are drawn evenly within one over the root of
/// a layer's inputs, of variance a third of that, and half the units are on: each layer leaves 0.41 of the gradient,
/// six of them 1/200, eight less than a thousandth.
pub(super) const DEEP: usize = 6;

/// The first two hidden layers alone, where there are more.
pub(super) fn two_hidden_layers(project: &Project) -> Option<Remedy> {
    let hidden = match &project.model {
        ModelSpec::Linear => return None,
        ModelSpec::Mlp(it) => &it.hidden,
        ModelSpec::Cnn(it) => &it.hidden,
    };
    let kept = hidden.get(..2)?;
    remedy(project, "Two hidden layers".to_owned(), [("model.hidden", json!(kept))])
}

pub(super) fn relu(project: &Project) -> Option<Remedy> {
    remedy(project, "ReLU as activation".to_owned(), [("model.activation", json!("relu"))])
}

/// An activation that has a slope on either side, so that no unit can die.
pub(super) fn gelu(project: &Project) -> Option<Remedy> {
    remedy(project, "GELU as activation".to_owned(), [("model.activation", json!("gelu"))])
}

pub(super) fn batch_norm(project: &Project) -> Option<Remedy> {
    remedy(project, "Batch normalization".to_owned(), [("model.batch_norm", json!(true))])
}

/// First weights of the usual size, where they were drawn larger or smaller.
pub(super) fn usual_first_weights(project: &Project) -> Option<Remedy> {
    remedy(project, "First weights of the usual size".to_owned(), [("model.init_gain", json!(1.0))])
}

/// Lets every layer learn.
pub(super) fn thaw(project: &Project) -> Option<Remedy> {
    remedy(project, "Let every layer learn".to_owned(), [("model.frozen", json!(0))])
}

pub(super) fn shuffle(project: &Project) -> Option<Remedy> {
    remedy(project, "Shuffle the rows before every epoch".to_owned(), [("training.shuffle", json!(true))])
}

/// A batch of so many rows.
pub(super) fn batch_of(project: &Project, rows: u64) -> Option<Remedy> {
    remedy(project, format!("Batches of {rows} rows"), [("batch_size", json!(rows))])
}

/// More dropout, up to where training itself would suffer.
pub(super) fn dropout(project: &Project) -> Option<Remedy> {
    let now = match &project.model {
        ModelSpec::Linear => return None,
        ModelSpec::Mlp(it) => it.dropout,
        ModelSpec::Cnn(it) => it.dropout,
    };
    let value = if now < 0.25 { 0.3 } else { 0.5 };
    (now < 0.45).then(|| remedy(project, format!("Dropout {value}"), [("model.dropout", json!(value))]))?
}

/// More weight decay: a first value where there was none, else ten times as much.
pub(super) fn weight_decay(project: &Project) -> Option<Remedy> {
    let (now, first) = match &project.optimizer {
        OptimizerSpec::Sgd(it) => (it.weight_decay, 1e-3),
        OptimizerSpec::Adagrad(it) => (it.weight_decay, 1e-3),
        OptimizerSpec::Rmsprop(it) => (it.weight_decay, 1e-3),
        OptimizerSpec::Adam(it) => (it.weight_decay, 1e-3),
        // Decay that stands apart from the gradient is multiplied by the learning rate, and wants more.
        OptimizerSpec::Adamw(it) => (it.weight_decay, 0.1),
        OptimizerSpec::Lion(it) => (it.weight_decay, 0.1),
    };
    let value = if now == 0.0 { first } else { significant(10.0 * now, 2) };
    remedy(project, format!("Weight decay {}", number_text(value)), [("optimizer.weight_decay", json!(value))])
}

/// Half the units in every hidden layer.
pub(super) fn smaller(project: &Project) -> Option<Remedy> {
    let hidden = match &project.model {
        ModelSpec::Linear => return None,
        ModelSpec::Mlp(it) => &it.hidden,
        ModelSpec::Cnn(it) => &it.hidden,
    };
    let halved: Vec<u64> = hidden.iter().map(|it| it.div_ceil(2)).collect();
    remedy(project, "Half the hidden units".to_owned(), [("model.hidden", json!(halved))])
}

/// Stops when validation has stopped improving, where nothing does so yet.
pub(super) fn stop_early(project: &Project) -> Option<Remedy> {
    match project.stopping {
        StoppingSpec::Off => {
            remedy(project, "Stop early and keep the best epoch".to_owned(), [("stopping", json!("patience"))])
        }
        StoppingSpec::Patience(_) => None,
    }
}

/// Twice the units in every hidden layer, or hidden layers where there are none.
pub(super) fn larger(project: &Project) -> Option<Remedy> {
    let hidden = match &project.model {
        ModelSpec::Linear => return hidden_layers(project),
        ModelSpec::Mlp(it) => &it.hidden,
        ModelSpec::Cnn(it) => &it.hidden,
    };
    // A layer of a unit or two is a bottleneck that doubling would not open.
    let grown: Vec<u64> = hidden.iter().map(|it| (2 * it).max(32)).collect();
    remedy(project, "Larger hidden layers".to_owned(), [("model.hidden", json!(grown))])
}

/// Adam in place of RMSProp, whose step goes by a single gradient over the size of those before it: where they were
/// tiny, the first ordinary one throws it far. Adam's step goes by their mean.
pub(super) fn adam_for_rmsprop(project: &Project) -> Option<Remedy> {
    match &project.optimizer {
        OptimizerSpec::Rmsprop(_) => {
            remedy(project, "Adam, which averages gradients".to_owned(), [("optimizer", json!("adam"))])
        }
        OptimizerSpec::Sgd(_)
        | OptimizerSpec::Adagrad(_)
        | OptimizerSpec::Adam(_)
        | OptimizerSpec::Adamw(_)
        | OptimizerSpec::Lion(_) => None,
    }
}

/// No dropout, where there is some.
pub(super) fn no_dropout(project: &Project) -> Option<Remedy> {
    remedy(project, "No dropout".to_owned(), [("model.dropout", json!(0.0))])
}

/// No weight decay, where there is some.
pub(super) fn no_weight_decay(project: &Project) -> Option<Remedy> {
    remedy(project, "No weight decay".to_owned(), [("optimizer.weight_decay", json!(0.0))])
}

/// Twice the epochs.
pub(super) fn more_epochs(project: &Project) -> Option<Remedy> {
    let epochs = project.training.epochs.saturating_mul(2);
    remedy(project, format!("{epochs} epochs, twice as many"), [("epochs", json!(epochs))])
}

/// Epochs without end to speak of, until validation has stopped improving.
pub(super) fn until_it_settles(project: &Project) -> Option<Remedy> {
    let epochs = project.training.epochs.saturating_mul(10);
    let label = "Train on until validation no longer improves".to_owned();
    match project.stopping {
        StoppingSpec::Off => remedy(project, label, [("epochs", json!(epochs)), ("stopping", json!("patience"))]),
        StoppingSpec::Patience(_) => remedy(project, label, [("epochs", json!(epochs))]),
    }
}

/// Four times the rows in a batch.
pub(super) fn bigger_batch(project: &Project) -> Option<Remedy> {
    let rows = project.training.batch_size?.saturating_mul(4);
    remedy(project, format!("Batches of {rows} rows"), [("batch_size", json!(rows))])
}

/// More rows for validation, up to three in ten.
pub(super) fn more_validation(project: &Project) -> Option<Remedy> {
    let share = if project.split.validation < 0.15 { 0.2 } else { 0.3 };
    (project.split.validation < 0.29).then(|| {
        remedy(project, format!("{} % of the rows for validation", 100.0 * share), [("split.validation", json!(share))])
    })?
}

/// Targets that leave some doubt, where there is none yet.
pub(super) fn label_smoothing(project: &Project) -> Option<Remedy> {
    remedy(project, "Label smoothing 0.1".to_owned(), [("loss.label_smoothing", json!(0.1))])
}

/// Measures the training loss as the validation loss is measured.
pub(super) fn measure_at_epoch_end(project: &Project) -> Option<Remedy> {
    remedy(
        project,
        "Measure training loss at the epoch's end".to_owned(),
        [("training.measure_train", json!("epoch_end"))],
    )
}

/// Deals the rows by chance, where they were taken in the file's order.
pub(super) fn random_split(project: &Project) -> Option<Remedy> {
    remedy(project, "Split the rows by chance".to_owned(), [("split.method", json!("random"))])
}

/// A learning rate that falls to nothing by the end of the run.
pub(super) fn cosine_schedule(project: &Project) -> Option<Remedy> {
    remedy(project, "Let the learning rate fall along a cosine".to_owned(), [("schedule", json!("cosine"))])
}

/// Every class weighs the same, where each row did.
pub(super) fn balanced_classes(project: &Project) -> Option<Remedy> {
    remedy(project, "Let each class weigh the same".to_owned(), [("loss.class_weights", json!("balanced"))])
}

/// The same without these columns. None for a single word of a text column, which cannot be left out, and for names
/// that a list of settings would take apart.
pub(super) fn without_columns(project: &Project, columns: &[&str]) -> Option<Remedy> {
    if columns.iter().any(|it| it.contains(": ") || it.contains([',', '"', '\\'])) {
        return None;
    }
    let mut left_out: Vec<&str> = project.data.exclude.iter().map(String::as_str).collect();
    left_out.extend(columns);
    remedy(project, format!("Leave out {}", columns.join(" and ")), [("data.exclude", json!(left_out))])
}

/// No labels changed by chance, where some are.
pub(super) fn true_labels(project: &Project) -> Option<Remedy> {
    remedy(project, "Labels as they are in the data".to_owned(), [("data.label_noise", json!(0.0))])
}

/// Trains on the CPU.
pub(super) fn on_the_cpu(project: &Project) -> Option<Remedy> {
    remedy(project, "Train on the CPU".to_owned(), [("device", json!("cpu"))])
}

/// Deals rows that are alike to one split.
pub(super) fn keep_repeats_together(project: &Project) -> Option<Remedy> {
    remedy(project, "Keep identical rows in one split".to_owned(), [("split.repeats", json!("together"))])
}
