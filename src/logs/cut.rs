//! Where one row ends and the next begins.

use super::columns::Role;
use super::record::{Log, Record};

/// Fewer groups than this show no curve; a log of so few epochs is cut finer.
const FEWEST_EPOCHS: usize = 3;
/// So many lines without epochs and evaluations may each be a row; more are put together into `BLOCKS` rows at most,
/// since single steps are far noisier than what an epoch's rules expect.
const MOST_SINGLE: usize = 500;
const BLOCKS: usize = 200;
/// How far an evaluation may lie from a whole epoch and still end it: a last, smaller batch shifts it.
const NEAR_WHOLE: f64 = 0.05;

/// Records that make one row, by index: from the first to the one behind the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Counted from 1.
    pub(super) epoch: u64,
}

/// A log in parts.
pub(super) struct Parts {
    pub(super) groups: Vec<Group>,
    /// Whether groups are epochs, and not evaluations or blocks of steps.
    pub(super) are_epochs: bool,
    /// What an evaluation before the first step said.
    pub(super) initial_loss: Option<f64>,
}

/// Which role shows that an evaluation was made.
pub(super) fn evaluation(log: &Log) -> Role {
    if log.has(Role::ValidationLoss) { Role::ValidationLoss } else { Role::ValidationAccuracy }
}

/// Cuts the records, which are in order, into rows.
pub(super) fn cut(log: &mut Log) -> Parts {
    let role = evaluation(log);
    let evaluations = log.records.iter().filter(|it| it.get(role).is_some()).count();
    let losses = log.records.iter().filter(|it| it.get(Role::TrainLoss).is_some()).count();
    let epochs: Option<Vec<f64>> = log.records.iter().map(|it| it.get(Role::Epoch)).collect();
    let Some(epochs) = epochs.filter(|it| !it.is_empty()) else {
        return if evaluations > 0 { by_evaluation(log, role, false) } else { by_blocks(log) };
    };
    let is_whole = epochs.iter().all(|it| it.fract() == 0.0);
    if !is_whole && evaluations > 0 {
        return by_evaluation(log, role, false);
    }
    let groups = by_epoch(&epochs, is_whole);
    if evaluations == 0 && groups.len() < FEWEST_EPOCHS && losses >= 5 * FEWEST_EPOCHS {
        return by_blocks(log);
    }
    let is_evaluated = |it: &Group| log.records[it.from..it.to].iter().any(|it| it.get(role).is_some());
    let n_evaluated = groups.iter().filter(|it| is_evaluated(it)).count();
    let has_gaps = groups.iter().take_while(|it| is_evaluated(it)).count() < n_evaluated;
    if evaluations == 0 || (!has_gaps && 2 * evaluations <= 3 * groups.len()) {
        return Parts { groups, are_epochs: true, initial_loss: None };
    }
    by_evaluation(log, role, is_whole && evaluations == n_evaluated)
}

/// Blocks of one epoch each. Epochs counted from 0 become counted from 1; a part of an epoch counts to its end.
fn by_epoch(epochs: &[f64], is_whole: bool) -> Vec<Group> {
    let shift = u64::from(is_whole && epochs.first() == Some(&0.0));
    let number = |it: f64| if is_whole { it as u64 + shift } else { (it.ceil() as u64).max(1) };
    let mut groups: Vec<Group> = Vec::new();
    for (idx, epoch) in epochs.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if last.epoch == number(*epoch) => last.to = idx + 1,
            _ => groups.push(Group { from: idx, to: idx + 1, epoch: number(*epoch) }),
        }
    }
    groups
}

/// One row for each evaluation, with everything logged since the last one and at its own step.
fn by_evaluation(log: &mut Log, role: Role, keeps_epochs: bool) -> Parts {
    let mut groups: Vec<Group> = Vec::new();
    // The evaluation that closed the last group.
    let mut closed: Option<usize> = None;
    for (idx, record) in log.records.iter().enumerate() {
        let evaluates = record.get(role).is_some();
        let is_beside = closed.is_some_and(|it| {
            let step = log.records[it].get(Role::Step);
            step.is_some() && step == record.get(Role::Step) && !evaluates
        });
        match groups.last_mut() {
            Some(last) if closed.is_none() || is_beside => last.to = idx + 1,
            _ => {
                groups.push(Group { from: idx, to: idx + 1, epoch: 0 });
                closed = None;
            }
        }
        if evaluates {
            closed = Some(idx);
        }
    }
    let initial_loss = before_training(log, &groups);
    groups.drain(..usize::from(initial_loss.is_some()));
    let shift = if log.records.first().and_then(|it| it.get(Role::Epoch)) == Some(0.0) { 1.0 } else { 0.0 };
    let of_log: Option<Vec<f64>> = groups
        .iter()
        .map(|it| log.records[it.from..it.to].iter().rev().find_map(|record| record.get(Role::Epoch)))
        .collect();
    let whole = of_log
        .and_then(|it| if keeps_epochs { Some(it.iter().map(|it| it + shift).collect()) } else { near_whole(&it) });
    if let Some(epochs) = &whole {
        groups.iter_mut().zip(epochs).for_each(|(group, epoch)| group.epoch = *epoch as u64);
    } else {
        groups.iter_mut().zip(1..).for_each(|(group, epoch)| group.epoch = epoch);
        if groups.len() < log.records.len() {
            log.notes.push(
                "Evaluations are not made at the ends of epochs that the log names: each of them counts as one epoch in what follows."
                    .to_owned(),
            );
        }
    }
    Parts { groups, are_epochs: whole.is_some(), initial_loss }
}

/// The epochs of evaluations, rounded, where each was made at the end of another one.
fn near_whole(epochs: &[f64]) -> Option<Vec<f64>> {
    let rounded: Vec<f64> = epochs.iter().map(|it| it.round()).collect();
    let is_near = epochs.iter().zip(&rounded).all(|(epoch, near)| (epoch - near).abs() <= NEAR_WHOLE && *near >= 1.0);
    (is_near && rounded.is_sorted_by(|a, b| a < b)).then_some(rounded)
}

/// The loss of an evaluation at step 0, which is no epoch's.
fn before_training(log: &Log, groups: &[Group]) -> Option<f64> {
    let first = groups.first().filter(|_| groups.len() > 1)?;
    let records = &log.records[first.from..first.to];
    let is_start =
        |it: &Record| it.get(Role::TrainLoss).is_none() && it.get(Role::Step).or(it.get(Role::Epoch)) == Some(0.0);
    if !log.has(Role::TrainLoss) || !records.iter().all(is_start) {
        return None;
    }
    records.iter().find_map(|it| it.get(Role::ValidationLoss)).filter(|it| it.is_finite())
}

/// Equally many lines for each row, where the log knows neither epochs nor evaluations.
fn by_blocks(log: &mut Log) -> Parts {
    let n = log.records.len();
    let size = if n <= MOST_SINGLE { 1 } else { n.div_ceil(BLOCKS) };
    let starts = (0..n).step_by(size);
    let groups = starts.zip(1..).map(|(from, epoch)| Group { from, to: (from + size).min(n), epoch }).collect();
    let each = if size == 1 { "each line".to_owned() } else { format!("the mean of each {size} lines") };
    log.notes
        .push(format!("The log names no epochs that could be told apart: {each} counts as one epoch in what follows."));
    Parts { groups, are_epochs: false, initial_loss: None }
}
