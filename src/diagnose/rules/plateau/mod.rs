//! Rule: the training loss has stopped moving.
//!
//! ## What you see
//! The training curve runs level. Near the line of always guessing the same, training is stuck; far below it,
//! training may simply be done.
//! ## Why it happens
//! Stuck: steps too small to get anywhere, or so large that they jump across the valley or have killed the
//! units; a network too simple for the pattern; or no pattern. Done: what can be learned has been.
//! ## What to try
//! Three times and a third of the learning rate: whichever moves the loss names the cause.
//! ## Source
//! SageMaker Debugger's `LossNotDecreasing` (less than 0.1 % in 10 steps), over epochs and at least a hundred
//! updates, with medians for its two single points. CS231n, neural networks 3, for the shapes of too low and
//! too high a rate. PyTorch's `ReduceLROnPlateau` for a plateau as a lack of relative improvement. That a
//! level curve is no fault when the loss is good is ours: none of them asks where the curve runs level. Where the
//! learning rate was lowered, what came of it is told: a loss that then falls was held up by the rate.

mod reduction;
#[cfg(test)]
mod tests;
mod wording;

use reduction::Reduction;

use super::answers::{Answers, first_loss, knows_guessing};
use super::curves::{guessing, skill_by_metrics, validation_loss};
use crate::diagnose::Context;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::{Recent, median};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(in crate::diagnose::rules) const PLATEAU: Rule = Rule {
    id: "plateau",
    label: "Plateau",
    about: "Training loss has stopped improving: stuck near guessing, or settled.",
    needs: &[Need::TrainLoss],
    explains: &["still-improving"],
    make: |context| Box::new(Plateau::new(context)),
};

/// The least improvement over a stretch of a stuck run: at this pace a tenth of the way takes two hundred epochs.
const LEAST_FALL_WHEN_STUCK: f64 = 0.005;

/// The same below `NO_SKILL`: a blown-up network whose loss creeps back to that of guessing learns nothing by it.
/// And what it takes for a stuck run to count as free.
const LEAST_FALL_WITHOUT_SKILL: f64 = 0.02;

/// A rise over a stretch that is no plateau but something worse.
const MOST_RISE: f64 = 0.02;

/// Epochs of a stretch, and the updates it must hold: with one update an epoch ten epochs are nothing.
const STRETCH_EPOCHS: usize = 10;
const STRETCH_UPDATES: u64 = 100;

/// Pairs of epochs a stretch apart whose median improvement counts.
const PAIRS: usize = 5;

/// Below this share, the run is no better than guessing.
const NO_SKILL: f64 = 0.01;

/// Training rows are another sample than the validation rows the baseline was measured on, and where a few rows
/// rule the loss, their mean losses differ by a third. Only above this share does a training loss prove skill.
const PROVEN_BY_TRAIN_LOSS: f64 = 0.5;

/// A loss that has hardly moved from guessing goes with some accuracy all the same: sixty in a hundred on two classes.
/// Only above this share does a metric prove that something was learned.
const PROVEN_BY_METRICS: f64 = 0.35;

/// Where only the first epoch's loss stands for that of guessing, a run that has not left it by this share is stuck.
/// More is what a run gains that begins with trained weights, or learns most in its first epoch.
const STUCK_AT_FIRST: f64 = 0.05;

/// Above this share, there is nothing left to say.
const EXCELLENT_SKILL: f64 = 0.95;

struct Plateau {
    /// The least improvement over a stretch that counts as one, as a share of the loss.
    least_fall: f64,
    /// Below this share of the way from guessing to perfect, nothing has been learned to speak of.
    stuck_skill: f64,
    /// What lowering the learning rate did.
    reduction: Reduction,
    /// Epochs of a stretch for this run.
    stretch: usize,
    train: Recent,
    answers: Answers,
    /// What guessing loses, where nobody measured it and the accuracies show it.
    shown: Option<f64>,
    /// The first epoch's loss, and the highest since.
    first: Option<f64>,
    highest: f64,
    /// The lowest level so far.
    lowest: f64,
    highest_rate: f64,
    from_epoch: Option<u64>,
    was_standing: bool,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    level: f64,
    validation: Option<f64>,
    /// Improvement over a stretch, as a share of the loss.
    fall: f64,
    /// Standard deviation of single epochs, as a share of the loss.
    jitter: f64,
    /// Share of the way from guessing to perfect.
    skill: f64,
    learning_rate: f64,
    gradient_norm: Option<f64>,
    is_stuck: bool,
    /// The improvement below which it counts as level.
    least_fall: f64,
}

impl Plateau {
    fn new(context: &Context) -> Self {
        // Curves from elsewhere do not tell how many updates an epoch holds: then ten epochs must do.
        let updates = if context.steps_per_epoch == 0 { STRETCH_UPDATES } else { context.steps_per_epoch };
        let stretch = (STRETCH_UPDATES.div_ceil(updates) as usize).max(STRETCH_EPOCHS);
        Self {
            least_fall: context.threshold("plateau.least_fall"),
            stuck_skill: context.threshold("plateau.stuck_skill"),
            reduction: Reduction::default(),
            stretch,
            train: Recent::new(2 * stretch + PAIRS),
            answers: Answers::default(),
            shown: None,
            first: None,
            highest: f64::NEG_INFINITY,
            lowest: f64::INFINITY,
            highest_rate: 0.0,
            from_epoch: None,
            was_standing: false,
            now: Now::default(),
        }
    }

    /// Median improvement over a stretch of so many epochs; none while the run is too short.
    fn fall_over(&self, stretch: usize) -> Option<f64> {
        self.train.back(stretch + PAIRS - 1)?;
        let pair = |k: usize| Some(self.train.back(stretch + k)? - self.train.back(k)?);
        median((0..PAIRS).filter_map(pair))
    }
}

impl Observer for Plateau {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if std::mem::replace(&mut self.was_standing, standing) && !standing {
            // What stood was cleared: the next one begins anew.
            self.from_epoch = None;
        }
        if !row.train_loss.is_finite() {
            return Look::Unclear;
        }
        self.train.push(row.train_loss);
        self.answers.push(row);
        self.first.get_or_insert_with(|| first_loss(row));
        self.shown = self.answers.loss_of_guessing(row).filter(|_| !knows_guessing(context));
        self.highest = self.highest.max(row.train_loss);
        self.highest_rate = self.highest_rate.max(row.learning_rate);
        let (Some(fall), Some(level), Some(jitter)) =
            (self.fall_over(self.stretch), self.train.median_of_last(PAIRS), self.train.jitter())
        else {
            return Look::Unclear;
        };
        self.lowest = self.lowest.min(level);
        let scale = level.abs().max(f64::MIN_POSITIVE);
        let (fall, jitter) = (fall / scale, jitter / scale);
        self.reduction.push(row.epoch, row.learning_rate, level);
        let validation = validation_loss(context, row);
        let skill = self.skill(context, row, level, validation);
        let first = self.first.unwrap_or(row.train_loss);
        let is_known = knows_guessing(context) || self.shown.is_some();
        let is_stuck = skill < if is_known { self.stuck_skill } else { self.stuck_skill.min(STUCK_AT_FIRST) };
        // Who has not come below where the curve began has not learned since, whatever was known before.
        let is_without = skill < NO_SKILL && (is_known || level >= first);
        let least_fall = if is_without || (is_stuck && standing) {
            LEAST_FALL_WITHOUT_SKILL
        } else if is_stuck {
            LEAST_FALL_WHEN_STUCK
        } else {
            self.least_fall
        };
        self.now = Now {
            level,
            validation,
            fall,
            jitter,
            skill,
            learning_rate: row.learning_rate,
            gradient_norm: row.gradient_norm,
            is_stuck,
            least_fall,
        };

        // The median of five differences spreads by 0.76 of one epoch's noise. Within twice that, no movement can be
        // told from none: enough where the run is stuck, and enough to let a finding stand. Where the run may just be
        // slow, more evidence is asked for.
        let noise = 2.0 * 0.76 * jitter;
        let has_level = if is_stuck || standing {
            fall < least_fall.max(noise)
        } else {
            fall < least_fall && self.is_level_for_long(scale)
        };
        let is_level = has_level && fall > -MOST_RISE.max(noise);
        if skill > EXCELLENT_SKILL || !is_level {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(self.stretch as u64).max(1));
        let severity = if is_stuck { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let mut evidence = vec![
            ("improvement", against(now.fall, now.least_fall)),
            ("skill", against(now.skill, self.stuck_skill)),
            ("learning_rate", measured(now.learning_rate)),
        ];
        evidence.push(("train_loss", measured(now.level)));
        evidence.extend(context.baseline.get("loss").map(|it| ("baseline_loss", measured(*it))));
        evidence.extend(self.reduction.evidence());
        evidence.extend(now.gradient_norm.map(|it| ("gradient_norm", measured(it))));
        let (text, rival, remedies) = if now.is_stuck { self.stuck(context) } else { self.settled(context) };
        Words {
            text,
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula: format!(
                "fall of the training loss over {} epochs = {}, at most {}; loss taken from guessing = {}",
                self.stretch,
                number(now.fall),
                number(now.least_fall),
                percent(now.skill)
            ),
            rival,
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        let from = self.from_epoch.unwrap_or_default();
        let moved = if self.now.fall > 0.0 { "has come down" } else { "has gone up" };
        format!(
            "Training loss {moved} to {}, after having been level from epoch {from} on{}.",
            number(self.now.level),
            self.reduction.told()
        )
    }
}

impl Plateau {
    /// Whether it has been level for two stretches, too.
    fn is_level_for_long(&self, scale: f64) -> bool {
        self.fall_over(2 * self.stretch).is_some_and(|fall| fall / scale < self.least_fall)
    }

    /// How much of the way from always guessing the same to perfect has been covered, by the loss or, where that is
    /// kinder, by a metric: an imbalanced data set can be learned while its accuracy stays that of guessing.
    fn skill(&self, context: &Context, row: &EpochRow, level: f64, validation: Option<f64>) -> f64 {
        let covered = |loss: f64| 1.0 - loss / self.guessing(context);
        let by_train_loss = Some(covered(level)).filter(|it| *it > PROVEN_BY_TRAIN_LOSS || validation.is_none());
        let shares = by_train_loss.into_iter().chain(validation.map(covered)).filter(|it| it.is_finite());
        let by_metrics = Some(skill_by_metrics(context, row, &self.answers)).filter(|it| *it > PROVEN_BY_METRICS);
        shares.fold(by_metrics.unwrap_or(0.0), f64::max)
    }

    /// The loss of always guessing the same; the nearest thing to it where nobody measured it.
    fn guessing(&self, context: &Context) -> f64 {
        let guessing = guessing(context, self.first.unwrap_or(f64::INFINITY));
        self.shown.map_or(guessing, |it| it.min(guessing))
    }
}
