//! Whether stopping was right: what a copy found that trained on after the end.

use super::words::{number, percent};
use crate::run::Run;

/// How much lower the copy must get, as a share of the best before, for the stop to have cost something: less would
/// not be worth the wait.
const LEAST_GAIN: f64 = 0.01;

/// A run's stop against what a copy found behind it, in a sentence with its numbers; none before a copy trained on.
pub fn was_stopping_right(run: &Run) -> Option<String> {
    let stop = run.epoch();
    let trained = run.after.last()?.epoch.saturating_sub(stop);
    let before = run.history.best_epoch()?;
    let finite = run.after.iter().filter(|it| it.validation_loss.is_finite());
    let Some(after) = finite.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss)) else {
        return Some("Stopping was right: the loss of a copy that trained on was no number any more.".to_owned());
    };
    let best = format!("{} of epoch {}", number(before.validation_loss), before.epoch);
    let (gain, cost) = (before.validation_loss - after.validation_loss, after.epoch - stop);
    let share = gain / before.validation_loss.abs().max(f64::MIN_POSITIVE);
    let reached = format!("{} (epoch {})", number(after.validation_loss), after.epoch);
    Some(if gain <= 0.0 {
        format!("Stopping was right: in {} more a copy reached {reached}, no better than the {best}.", epochs(trained))
    } else if share < LEAST_GAIN {
        format!(
            "Stopping cost next to nothing: a copy reached {reached}, {} behind it, {} below the {best}.",
            epochs(cost),
            percent(share)
        )
    } else {
        format!(
            "Stopping came too early: a copy reached {reached}, {} behind it, {} below the {best}.",
            epochs(cost),
            percent(share)
        )
    })
}

fn epochs(n: u64) -> String {
    if n == 1 { "1 epoch".to_owned() } else { format!("{n} epochs") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{AfterRow, EpochRow, Event};
    use crate::spec::Project;

    fn said(before: &[f64], after: &[f64]) -> Option<String> {
        let own = before.iter().map(|loss| EpochRow { validation_loss: *loss, ..EpochRow::default() });
        let own = (1..).zip(own).map(|(epoch, row)| Event::Epoch(EpochRow { epoch, ..row }));
        let rows = (before.len() as u64 + 1..).zip(after);
        let on = rows.map(|(epoch, loss)| Event::After(AfterRow { epoch, train_loss: 0.1, validation_loss: *loss }));
        was_stopping_right(&Run::replay(Project::default(), own.chain(on)))
    }

    #[test]
    fn the_best_before_the_stop_is_held_against_the_best_behind_it() {
        assert_eq!(said(&[0.9, 0.5, 0.6], &[]), None, "nobody trained on");
        assert_eq!(
            said(&[0.9, 0.5, 0.6], &[0.55, 0.58]).unwrap(),
            "Stopping was right: in 2 epochs more a copy reached 0.55 (epoch 4), no better than the 0.5 of epoch 2."
        );
        assert_eq!(
            said(&[0.9, 0.5, 0.6], &[0.55, 0.4, 0.45]).unwrap(),
            "Stopping came too early: a copy reached 0.4 (epoch 5), 2 epochs behind it, 20 % below the 0.5 of epoch 2."
        );
        assert_eq!(
            said(&[0.9, 0.5], &[0.499]).unwrap(),
            "Stopping cost next to nothing: a copy reached 0.499 (epoch 3), 1 epoch behind it, 0.2 % below the 0.5 of epoch 2."
        );
    }

    #[test]
    fn a_copy_that_is_lost_speaks_for_the_stop() {
        assert!(said(&[0.9, 0.5], &[f64::NAN]).unwrap().starts_with("Stopping was right"));
        assert!(said(&[0.9, 0.5], &[0.3, f64::NAN]).unwrap().contains("too early"), "it was better before it was lost");
        assert_eq!(said(&[f64::NAN], &[0.3]), None, "there is nothing to hold it against");
    }
}
