//! Lines in the order of their epochs, and one run only.

use super::columns::Role;
use super::error::LogError;
use super::record::{Log, Record};

/// Counts above this are no epochs or steps; behind it not every whole number is a `f64`.
const LARGEST_COUNT: f64 = 1e9;

/// Puts the records in order by epoch, or by step where there are no epochs.
///
/// A log that goes on after an interruption repeats some epochs: the later ones count, as in TensorBoard. One that
/// begins anew is another run.
///
/// # Errors
/// When a count is none, a second run begins, or neither order nor repetition makes sense of the lines.
pub(super) fn in_order(log: &mut Log) -> Result<(), LogError> {
    give_epochs(log);
    for role in [Role::Epoch, Role::Step] {
        for record in &log.records {
            if let Some(value) = record.get(role)
                && !(0.0..=LARGEST_COUNT).contains(&value)
            {
                return Err(LogError::BadCount {
                    what: if role == Role::Epoch { "the epoch" } else { "the step" },
                    spot: log.spot(record),
                    text: value.to_string(),
                    place: log.place.clone(),
                });
            }
        }
    }
    let complete = |role: Role| log.records.iter().all(|it| it.get(role).is_some());
    let Some(role) = [Role::Epoch, Role::Step].into_iter().find(|role| complete(*role)) else { return Ok(()) };
    let key = |it: &Record| it.get(role).unwrap_or_default();
    if log.records.is_sorted_by(|a, b| key(a) <= key(b)) {
        return Ok(());
    }
    if is_permutation(&log.records, &key) {
        log.records.sort_by(|a, b| key(a).total_cmp(&key(b)));
        log.was_sorted = true;
        log.notes.push(format!("The lines were not in the order of their {}s and were sorted.", role.label()));
        return Ok(());
    }
    let kept = without_repeats(log, role)?;
    log.notes.push(format!(
        "The log goes back to an earlier {} and goes on from there: of {} values that are there twice, the later ones count.",
        role.label(),
        log.records.len() - kept.len()
    ));
    log.records = kept;
    Ok(())
}

/// Lightning's learning rates stand in lines without an epoch, before those of their epoch: each takes the next one's.
fn give_epochs(log: &mut Log) {
    if !log.has(Role::Epoch) {
        return;
    }
    let mut next = None;
    for record in log.records.iter_mut().rev() {
        match record.get(Role::Epoch) {
            Some(it) => next = Some(it),
            None => record.put(Role::Epoch, next),
        }
    }
    // Behind the last epoch only, where no epoch follows.
    log.records.retain(|it| it.get(Role::Epoch).is_some());
}

/// Whether each epoch stands in one block of lines, so that sorting loses nothing.
fn is_permutation(records: &[Record], key: &impl Fn(&Record) -> f64) -> bool {
    let mut blocks: Vec<f64> = records.iter().map(key).collect();
    blocks.dedup();
    blocks.sort_by(f64::total_cmp);
    blocks.is_sorted_by(|a, b| a < b)
}

fn without_repeats(log: &Log, role: Role) -> Result<Vec<Record>, LogError> {
    let key = |it: &Record| it.get(role).unwrap_or_default();
    let mut kept: Vec<Record> = Vec::with_capacity(log.records.len());
    for record in &log.records {
        let now = key(record);
        if kept.last().is_some_and(|last| key(last) > now) {
            let at = kept.partition_point(|it| key(it) < now);
            let spot = log.spot(record);
            let (what, value, place) = (role.label(), now.to_string(), log.place.clone());
            match kept.get(at) {
                Some(same) if at == 0 => {
                    let earlier = log.spot(same);
                    return Err(LogError::TwoRuns { spot, what, value, earlier, place });
                }
                Some(same) if key(same) == now => kept.truncate(at),
                Some(_) | None => return Err(LogError::Shuffled { spot, what, value, place }),
            }
        }
        kept.push(record.clone());
    }
    Ok(kept)
}
