//! From logged lines to epochs.

use super::columns::Role;
use super::curves::Curves;
use super::cut::{Group, cut, evaluation};
use super::error::LogError;
use super::names::Tokens;
use super::order::in_order;
use super::record::{Log, Record};
use crate::run::{EpochRow, Started, StepRow};

/// Cuts a log into epochs.
///
/// # Errors
/// When its order makes no sense, or the losses hold no value.
pub(super) fn assemble(mut log: Log) -> Result<Curves, LogError> {
    let (columns, ignored) = log.picked.told(&log.names);
    let losses = [Role::TrainLoss, Role::ValidationLoss].iter().filter_map(|it| columns.name(*it)).collect::<Vec<_>>();
    let no_values = LogError::NoValues { columns: losses.join(", "), place: log.place.clone() };
    if !log.has(Role::TrainLoss) && !log.has(Role::ValidationLoss) {
        return Err(no_values);
    }
    in_order(&mut log)?;
    let parts = cut(&mut log);
    // A log whose steps begin at 0 tells a step's index, and not how many were made.
    let shift = u64::from(log.records.iter().find_map(|it| it.get(Role::Step)) == Some(0.0));
    let mut drafts: Vec<Draft> = parts.groups.iter().map(|it| draft(&log, it, shift)).collect();
    leave_out_cut_off(&mut log, &mut drafts);
    let mut rows = completed(&mut log, drafts);
    as_shares(&mut log, &mut rows);
    let Some(last) = rows.last() else { return Err(no_values) };
    let started = Started {
        epochs: last.epoch,
        steps_per_epoch: if parts.are_epochs {
            (last.step as f64 / last.epoch.max(1) as f64).round() as u64
        } else {
            0
        },
        task: task(&log.names).to_owned(),
        initial_loss: parts.initial_loss,
        ..Started::default()
    };
    let steps = steps(&log, &parts.groups, rows.len(), shift);
    let names = log.names.iter().filter(|it| !it.is_empty()).cloned().collect();
    let Log { format, notes, was_sorted, .. } = log;
    Ok(Curves { format, rows, steps, started, names, columns, ignored, was_sorted, notes })
}

/// A row whose losses may still be missing, which is something else than no number.
struct Draft {
    row: EpochRow,
    train_loss: Option<f64>,
    validation_loss: Option<f64>,
}

/// The values of one row: training losses as means of what was logged, everything else as it was last.
fn draft(log: &Log, group: &Group, shift: u64) -> Draft {
    let records = &log.records[group.from..group.to];
    let last = |role: Role| records.iter().rev().find_map(|it| it.get(role));
    let metrics = [
        ("train_accuracy", mean(records, Role::TrainAccuracy)),
        ("validation_accuracy", last(Role::ValidationAccuracy)),
    ];
    let row = EpochRow {
        epoch: group.epoch,
        step: last(Role::Step).map_or(0, |it| it as u64 + shift),
        metrics: metrics.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect(),
        learning_rate: last(Role::LearningRate).unwrap_or(f64::NAN),
        gradient_norm: last(Role::GradientNorm),
        ..EpochRow::default()
    };
    Draft { row, train_loss: mean(records, Role::TrainLoss), validation_loss: last(Role::ValidationLoss) }
}

/// The mean of a role's values; NaN where one of them is no finite number.
fn mean(records: &[Record], role: Role) -> Option<f64> {
    let values = records.iter().filter_map(|it| it.get(role));
    let (sum, n) = values.fold((0.0, 0_u64), |(sum, n), it| (sum + if it.is_finite() { it } else { f64::NAN }, n + 1));
    // A single value stays what it was to the bit, and so does an infinite one.
    match n {
        0 => None,
        1 => records.iter().find_map(|it| it.get(role)),
        _ => Some(if sum.is_nan() { f64::NAN } else { sum / n as f64 }),
    }
}

/// Whether every line has the role's value, up to the last one that has: then an empty cell is a loss that was no
/// number, as tables write it, and not one that was not measured.
fn is_dense(log: &Log, role: Role) -> bool {
    log.records.iter().skip_while(|it| it.get(role).is_some()).all(|it| it.get(role).is_none())
}

/// A run that was cut off leaves an epoch behind that was not finished, or not evaluated.
fn leave_out_cut_off(log: &mut Log, drafts: &mut Vec<Draft>) {
    let evaluation = evaluation(log);
    let needs_train = log.has(Role::TrainLoss) && !is_dense(log, Role::TrainLoss);
    let needs_evaluation = log.has(evaluation) && !is_dense(log, evaluation);
    let is_cut_off = |it: &Draft| {
        let is_evaluated = if evaluation == Role::ValidationLoss {
            it.validation_loss.is_some()
        } else {
            it.row.metrics.contains_key("validation_accuracy")
        };
        let went_wrong = it.train_loss.is_some_and(|it| !it.is_finite());
        (needs_train && it.train_loss.is_none()) || (needs_evaluation && !is_evaluated && !went_wrong)
    };
    let behind = drafts.iter().rev().take_while(|it| is_cut_off(it)).count();
    if behind > 0 {
        let what = if behind == 1 {
            "What was logged last lacks a loss, as when a run is cut off, and is left out.".to_owned()
        } else {
            format!("The last {behind} rows lack a loss, as when a run is cut off, and are left out.")
        };
        log.notes.push(what);
        drafts.truncate(drafts.len() - behind);
    }
}

/// The rows, with a training loss for each: it may be logged more rarely than evaluations are made, and is the mean
/// of all steps since the last one then, so that the next one speaks for those in between.
fn completed(log: &mut Log, drafts: Vec<Draft>) -> Vec<EpochRow> {
    let (mut next, mut stood_in) = (None, 0);
    let mut rows = Vec::with_capacity(drafts.len());
    for Draft { mut row, train_loss, validation_loss } in drafts.into_iter().rev() {
        stood_in += u64::from(train_loss.is_none() && next.is_some());
        next = train_loss.or(next);
        row.train_loss = next.unwrap_or(f64::NAN);
        row.validation_loss = validation_loss.unwrap_or(f64::NAN);
        rows.push(row);
    }
    rows.reverse();
    if stood_in > 0 {
        let have = if stood_in == 1 { "row has" } else { "rows have" };
        log.notes.push(format!("{stood_in} {have} no training loss logged beside: the next one logged stands there."));
    }
    rows
}

/// Accuracy in percent becomes a share.
fn as_shares(log: &mut Log, rows: &mut [EpochRow]) {
    let most = rows.iter().flat_map(|it| it.metrics.values()).copied().fold(0.0, f64::max);
    if most <= 1.5 {
        return;
    }
    rows.iter_mut().flat_map(|it| it.metrics.values_mut()).for_each(|it| *it /= 100.0);
    log.notes.push("Accuracy is logged in percent and was divided by 100.".to_owned());
}

/// What the metrics say about the task. Losses alone say nothing; as a regression no rule expects classes of them.
fn task(names: &[String]) -> &'static str {
    let mut tasks = names.iter().filter_map(|it| Tokens::of(it).task());
    let first = tasks.next();
    if tasks.any(|it| it == "binary") { "binary" } else { first.unwrap_or("regression") }
}

/// Losses within the epochs, where there are more of them than rows.
fn steps(log: &Log, groups: &[Group], n_rows: usize, shift: u64) -> Vec<StepRow> {
    let losses = log.records.iter().filter(|it| it.get(Role::TrainLoss).is_some()).count();
    if 2 * losses <= 3 * n_rows {
        return Vec::new();
    }
    let mut steps = Vec::with_capacity(losses);
    for group in groups {
        for record in &log.records[group.from..group.to] {
            let Some(train_loss) = record.get(Role::TrainLoss) else { continue };
            let step = record.get(Role::Step).map_or(steps.len() as u64 + 1, |it| it as u64 + shift);
            let learning_rate = record.get(Role::LearningRate).unwrap_or(f64::NAN);
            let gradient_norm = record.get(Role::GradientNorm);
            steps.push(StepRow { step, epoch: group.epoch, train_loss, learning_rate, gradient_norm });
        }
    }
    steps
}
