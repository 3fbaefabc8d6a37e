//! What a log tells of guessing where nobody measured it: the first epoch, and accuracies beside their losses.
//!
//! Curves from elsewhere come without the loss of always guessing the same. The first epoch's loss stands in for it, and
//! may be far off: a run that begins with trained weights, or learns most in its first epoch, begins below it, and one
//! that is thrown by its first steps above. An accuracy beside the loss tells more.

use crate::diagnose::Context;
use crate::run::EpochRow;

/// Whether somebody measured what guessing loses. Otherwise the first epoch's loss stands in for it, which may be that
/// of a network that had learned most of it by then, or before.
pub(super) fn knows_guessing(context: &Context) -> bool {
    context.guessing().is_some() || context.initial_loss.is_some_and(|it| it > 0.0)
}

/// Whether skill is more than the way from the first epoch's loss, which may be no guess's.
pub(super) fn knows_skill(context: &Context, row: &EpochRow) -> bool {
    let has_accuracy = ["train_accuracy", "validation_accuracy"].iter().any(|it| row.metrics.contains_key(*it));
    knows_guessing(context) || has_accuracy
}

/// What stands for the loss of guessing where nobody measured it: the loss of the first epoch. That is a mean over the
/// epoch, which a first step far too large can rule; then the validation loss behind it comes nearer.
pub(super) fn first_loss(row: &EpochRow) -> f64 {
    let behind = Some(row.validation_loss).filter(|it| it.is_finite() && *it > 0.0);
    behind.filter(|it| row.train_loss > BLOWN_UP_AT_FIRST * it).unwrap_or(row.train_loss)
}

/// A first epoch whose mean lies this many times above the loss behind it.
const BLOWN_UP_AT_FIRST: f64 = 3.0;

/// What accuracies tell of a classifier where nobody measured what guessing gets: whether its answers differ from row
/// to row, and whether they are right more often than by chance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    validation_accuracy: Option<f64>,
    /// Epochs on end, behind the first, at which the validation accuracy was the same to the digit.
    same_for: usize,
}

/// Epochs on end of one accuracy that no network has whose answers change at all.
const ONE_ANSWER: usize = 8;

/// Accuracies that a single answer may have where two classes are unequal, and the validation loss that goes with it,
/// in multiples of their entropy. Rounded logs show one accuracy for long where nearly all is right, and a loss with
/// smoothed labels lies far above.
const OF_ONE_ANSWER: std::ops::RangeInclusive<f64> = 0.5..=0.95;
const OF_ENTROPY: std::ops::RangeInclusive<f64> = 0.85..=1.2;

/// An accuracy of at most this multiple of the certainty is that of chance among equal classes, and at most this share
/// of the rows: two unequal classes have more.
const OF_CHANCE: f64 = 1.3;
const MOST_BY_CHANCE: f64 = 0.6;

impl Answers {
    pub(super) fn push(&mut self, row: &EpochRow) {
        let now = row.metrics.get("validation_accuracy").copied();
        self.same_for = if now.is_some() && now == self.validation_accuracy { self.same_for + 1 } else { 0 };
        self.validation_accuracy = now;
    }

    /// What guessing loses, where the accuracies give it away: one that never changes is that of a single answer to
    /// every row, which loses the entropy of the classes' shares; one of chance comes with a loss of chance.
    pub(super) fn loss_of_guessing(&self, row: &EpochRow) -> Option<f64> {
        self.loss_of_one_answer(row).or_else(|| loss_by_chance(row))
    }

    fn loss_of_one_answer(&self, row: &EpochRow) -> Option<f64> {
        let share = self.validation_accuracy.filter(|it| self.same_for >= ONE_ANSWER && OF_ONE_ANSWER.contains(it))?;
        Some(entropy(share)).filter(|it| OF_ENTROPY.contains(&(row.validation_loss / it)))
    }

    /// How much more often the network is right than as certain as it is of the truth, `exp(-loss)` in the geometric
    /// mean. At guessing among equal classes the two are the same, however many there are.
    pub(super) fn skill(&self, row: &EpochRow) -> Option<f64> {
        let (accuracy, loss) = pair(row)?;
        let certainty = (-loss).exp();
        let skill = (accuracy - certainty) / (1.0 - certainty);
        (self.loss_of_one_answer(row).is_none() && (0.0..1.0).contains(&certainty)).then_some(skill)
    }
}

/// The loss, where the accuracy beside it is that of chance among equal classes.
pub(super) fn loss_by_chance(row: &EpochRow) -> Option<f64> {
    let (accuracy, loss) = pair(row)?;
    let is_chance = accuracy < MOST_BY_CHANCE && accuracy <= OF_CHANCE * (-loss).exp();
    (is_chance && loss > 0.0).then_some(loss)
}

/// Accuracy and loss of the same rows: those trained with, where both were measured.
fn pair(row: &EpochRow) -> Option<(f64, f64)> {
    let of = |accuracy: &str, loss: f64| Some((*row.metrics.get(accuracy)?, loss));
    of("train_accuracy", row.train_loss).or_else(|| of("validation_accuracy", row.validation_loss))
}

/// Entropy of two classes of which one has this share, in nats.
pub(super) fn entropy(share: f64) -> f64 {
    let part = |it: f64| if it > 0.0 { -it * it.ln() } else { 0.0 };
    part(share) + part(1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, regression, run, told, worst};
    use crate::run::Severity;

    fn elsewhere() -> Context {
        let mut context = Context { knows_project: false, ..regression() };
        context.baseline.clear();
        context
    }

    /// A run that comes from a first loss down to a level at once, with these accuracies where there are any.
    fn level(first: f64, level: f64, accuracy: Option<fn(u64) -> f64>) -> Vec<EpochRow> {
        let mut rows = run(40, |epoch| {
            let loss = level + (first - level) * (-1.5 * (epoch - 1.0)).exp();
            (loss, loss)
        });
        for row in &mut rows {
            if let Some(of) = accuracy {
                let shares = ["train_accuracy", "validation_accuracy"].map(|it| (it.to_owned(), of(row.epoch)));
                row.metrics.extend(shares);
            }
        }
        rows
    }

    fn severity(rule: &str, rows: &[EpochRow]) -> Option<Severity> {
        worst(&told(rule, &elsewhere(), rows))
    }

    #[test]
    fn a_run_that_begins_well_is_neither_stuck_nor_too_simple() {
        let rows = level(0.30, 0.26, None);
        assert!(severity("plateau", &rows) <= Some(Severity::Info));
        assert_eq!(severity("underfitting", &rows), None, "nobody knows what guessing loses");
        assert_eq!(severity("plateau", &level(0.30, 0.295, None)), Some(Severity::Warning), "it never left its start");
    }

    #[test]
    fn one_answer_to_every_row_is_stuck_however_far_the_loss_came_down() {
        let shares = entropy(0.9);
        assert_eq!(severity("plateau", &level(0.9, shares, Some(|_| 0.9))), Some(Severity::Warning));
        let smoothed = level(0.9, 1.8 * shares, Some(|_| 0.9));
        assert!(severity("plateau", &smoothed) <= Some(Severity::Info), "no loss of one answer");
        let moving = level(0.9, shares, Some(|epoch| 0.9 + 0.001 * (epoch % 3) as f64));
        assert!(severity("plateau", &moving) <= Some(Severity::Info), "answers that change are not one");
    }

    #[test]
    fn chance_among_ten_classes_is_stuck_behind_a_first_epoch_that_blew_up() {
        let chance = |epoch: u64| 0.1 + 0.004 * (epoch % 3) as f64;
        assert_eq!(severity("plateau", &level(46.0, 2.31, Some(chance))), Some(Severity::Warning));
        let learned = |epoch: u64| 0.8 + 0.004 * (epoch % 3) as f64;
        assert!(severity("plateau", &level(46.0, 2.31, Some(learned))) <= Some(Severity::Info));
    }

    #[test]
    fn a_blown_up_first_epoch_is_no_measure() {
        let mut row = EpochRow { train_loss: 46.0, validation_loss: 2.3, ..EpochRow::default() };
        assert_eq!(first_loss(&row), 2.3);
        row.train_loss = 6.0;
        assert_eq!(first_loss(&row), 6.0);
        row = EpochRow { train_loss: 46.0, validation_loss: f64::NAN, ..row };
        assert_eq!(first_loss(&row), 46.0);
    }

    #[test]
    fn what_was_measured_is_not_guessed_at() {
        assert!(knows_guessing(&binary()) && !knows_guessing(&elsewhere()));
        let started = Context { initial_loss: Some(0.7), ..elsewhere() };
        assert!(knows_guessing(&started));
        assert!((entropy(0.5) - std::f64::consts::LN_2).abs() < 1e-12 && entropy(1.0) == 0.0);
    }
}
