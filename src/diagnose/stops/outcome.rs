//! Where a rule would have ended a recorded curve, and what that would have saved and cost.

use super::median::Earlier;
use super::rule::{Point, Settings};

/// A rule's end of a recorded curve, against having trained on to the end of the record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The epoch behind which it stops. None: it trains to the end of the record.
    pub stop: Option<u64>,
    /// The epoch whose weights the model then has. None where the record is empty.
    pub kept: Option<u64>,
    /// The validation loss of that epoch; none where it is not finite.
    pub kept_loss: Option<f64>,
    /// The epoch of the value that later ones had to beat, for rules that have one.
    pub since: Option<u64>,
    /// Recorded epochs that would not have been trained.
    pub epochs_saved: u64,
    /// The kept epoch's validation loss less the best of the whole record, in the loss's unit; 0 where it kept the
    /// best. None where either is not finite.
    pub loss_given_up: Option<f64>,
    /// Epochs behind which the learning rate was lowered.
    pub reductions: Vec<u64>,
}

/// The best epoch and the last one, and which of the two is kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Keeper {
    restores: bool,
    best: Option<(u64, f64)>,
    last: u64,
}

impl Settings {
    /// Plays a recorded curve to the rule, epoch by epoch, until it stops.
    ///
    /// `points` are the epochs with a validation loss, in order; one that was not measured is left out, one that is
    /// not a number is not.
    pub fn outcome(&self, points: &[Point], earlier: &Earlier) -> Outcome {
        let mut stopper = self.stopper(earlier);
        let mut outcome = Outcome::default();
        let mut n_seen = points.len();
        for (idx, point) in points.iter().enumerate() {
            let verdict = stopper.observe(*point);
            if verdict.reduces {
                outcome.reductions.push(point.epoch);
            }
            if verdict.stop {
                outcome.stop = Some(point.epoch);
                n_seen = idx + 1;
                break;
            }
        }
        let kept = points[..n_seen].iter().rfind(|it| it.epoch == stopper.kept());
        outcome.kept = kept.map(|it| it.epoch);
        outcome.kept_loss = kept.map(|it| it.validation).filter(|it| it.is_finite());
        outcome.since = stopper.since();
        outcome.epochs_saved = match (outcome.stop, points.last()) {
            (Some(stop), Some(last)) => last.epoch.saturating_sub(stop),
            _ => 0,
        };
        let losses = points.iter().map(|it| it.validation);
        let best = losses.filter(|it| it.is_finite()).min_by(f64::total_cmp);
        outcome.loss_given_up = outcome.kept_loss.zip(best).map(|(kept, best)| kept - best);
        outcome
    }
}

impl Keeper {
    /// `restores`: whether the best epoch's weights are brought back, or the last epoch's stay.
    pub(super) fn new(restores: bool) -> Self {
        Self { restores, ..Self::default() }
    }

    /// The best is the first epoch with the smallest finite validation loss.
    pub(super) fn observe(&mut self, point: Point) {
        self.last = point.epoch;
        if point.validation.is_finite() && self.best.is_none_or(|(_, best)| point.validation < best) {
            self.best = Some((point.epoch, point.validation));
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.best.filter(|_| self.restores).map_or(self.last, |it| it.0)
    }
}
