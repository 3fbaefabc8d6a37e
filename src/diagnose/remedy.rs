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
