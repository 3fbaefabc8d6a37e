//! Rule: steps are too small to get anywhere.
//!
//! ## What you see
//! The training curve falls steadily and almost in a straight line, by so little that it stays far from a fit.
//! ## Why it happens
//! The learning rate is so low that each step does next to nothing.
//! ## What to try
//! Three times the learning rate, or what is usual for the optimizer.
//! ## Source
//! CS231n, neural networks 3: a low rate looks linear, a good one exponential; steps of about a thousandth of the
//! weights, and DL4J's band for that ratio begins at a ten-thousandth. A straight line on log loss and little
//! jitter tell slow learning from a run that has settled, whose slope dies away, and from one that is stuck.

use super::answers::knows_guessing;
use super::curves::{Course, scales_its_steps, times_usual, update_ratio, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};
use crate::spec::ScheduleKind;

pub(super) const LEARNING_RATE_TOO_LOW: Rule = Rule {
    id: "learning-rate-too-low",
    label: "Learning rate too low",
    about: "Training loss falls steadily, but so slowly that it gets nowhere.",
    needs: &[Need::TrainLoss],
    explains: &[
        "plateau",
        "underfitting",
        "still-improving",
        "overtraining",
        "noisy-validation",
        "validation-below-train",
    ],
    make: |context| {
        Box::new(TooLow {
            slope: context.threshold("learning-rate-too-low.slope"),
            ratio: context.threshold("learning-rate-too-low.update_ratio"),
            course: Course::default(),
            validation: Recent::new(STRETCH + 1),
            highest_rate: 0.0,
            began_skilled: false,
            is_suspect: false,
            from_epoch: None,
            now: Now::default(),
        })
    },
};

/// Epochs over which the slope is read, in two halves.
const STRETCH: usize = 10;

/// The later half's fall as a share of the earlier one's: a line keeps it, what settles loses it.
const STRAIGHT: std::ops::Range<f64> = 0.6..3.0;

/// How far below the optimizer's usual learning rate is suspicious; see the rule for the other side.
const SUSPICIOUS_SCALED: f64 = 1.0 / 9.0;
const SUSPICIOUS_PLAIN: f64 = 1.0 / 9.0;

/// A rate of this share of the usual one is above suspicion where the optimizer scales its steps.
const ABOVE_SUSPICION: f64 = 0.3;

/// Share of the way from guessing to perfect that is far from a fit: where nothing speaks against the rate, and
/// where the rate or the steps are suspiciously small.
const FAR: f64 = 0.25;
const FAR_FOR_SUSPECTS: f64 = 0.6;

/// The fall over the stretch in standard deviations of single epochs, from which it is one.
const FALL_DEVIATIONS: f64 = 4.0;

/// Jitter above which steps are not small, as a share of the loss.
const SMOOTH: f64 = 0.01;

/// Fall of the validation loss as a share of that of the training loss. Near its start a network learns what all rows
/// share, and both fall alike; one that has learned most falls further on the rows it trains with.
const AS_FAST: f64 = 0.6;

/// Epochs on end before anything is said, where nothing but the curve speaks against the rate: some patterns, such
/// as spirals, are found only after a slow beginning.
const PATIENCE: u32 = 9;

/// A fall of the log loss over the stretch that is none.
const LEVEL: f64 = 0.01;

/// With a suspicious rate a slope may be this many times as steep.
const STEEPER_FOR_SUSPECTS: f64 = 4.0;

struct TooLow {
    slope: f64,
    ratio: f64,
    course: Course,
    validation: Recent,
    highest_rate: f64,
    began_skilled: bool,
    is_suspect: bool,
    from_epoch: Option<u64>,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    /// Fall of the log loss in an epoch.
    slope: f64,
    learning_rate: f64,
    times_usual: Option<f64>,
    ratio: Option<f64>,
}

impl Observer for TooLow {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if !self.course.push(context, row) {
            return Look::Unclear;
        }
        if let Some(it) = validation_loss(context, row) {
            self.validation.push(it);
        }
        if self.course.epochs == 1 {
            // Where nobody measured what guessing loses, an accuracy may tell that the run did not begin there.
            self.began_skilled = !knows_guessing(context) && self.course.skill > FAR;
        }
        self.highest_rate = self.highest_rate.max(row.learning_rate);
        let course = &self.course;
        let (Some(start), Some(middle)) = (course.level_back(STRETCH), course.level_back(STRETCH / 2)) else {
            return Look::Unclear;
        };
        if course.level <= 0.0 || middle <= 0.0 || start <= 0.0 {
            return Look::Absent;
        }
        let (early, late) = ((start / middle).ln(), (middle / course.level).ln());
        self.now = Now {
            slope: (early + late) / STRETCH as f64,
            learning_rate: row.learning_rate,
            times_usual: times_usual(context, row.learning_rate),
            ratio: update_ratio(&row.layers),
        };
        self.is_suspect = self.is_suspect(context);
        if !self.is_too_slow(context, early, late, standing) {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(STRETCH as u64).max(1));
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let (course, now) = (&self.course, self.now);
        let at = if now.learning_rate > 0.0 {
            format!(" of {}", number(remedy::base_rate(context, now.learning_rate)))
        } else {
            String::new()
        };
        let usual = now
            .times_usual
            .filter(|it| *it <= 0.5)
            .map_or_else(String::new, |it| format!(", {} of what is usual for the optimizer", percent(it)));
        let mut evidence = vec![("slope", against(now.slope, self.slope)), ("skill", measured(course.skill_by_loss))];
        evidence.extend(now.ratio.map(|it| ("update_ratio", against(it, self.ratio))));
        evidence.extend(now.times_usual.map(|it| ("times_usual", measured(it))));
        evidence.extend([("train_loss", measured(course.level)), ("learning_rate", measured(now.learning_rate))]);
        let triple = remedy::learning_rate(context, now.learning_rate, Rate::Triple);
        let far_out = now.times_usual.is_some_and(|it| it <= 1.0 / 6.0);
        // Three times a rate that is a hundred times too low is no more use.
        let usual_rate = if far_out { remedy::usual_learning_rate(context) } else { None };
        let remedies = usual_rate.or(triple);
        let words = Words {
            text: format!(
                "Training loss falls by only {} an epoch, steadily, and at {} has covered {} of the way from guessing to a fit. This is consistent with a learning rate{at} that is too low{usual}.",
                percent(now.slope.max(0.0)),
                number(course.level),
                percent(course.skill_by_loss.max(0.0)),
            ),
            formula: format!(
                "fall of the log of the training loss in an epoch = {}, below {}; loss taken from guessing = 1 - {} / {} = {}",
                percent(now.slope),
                percent(self.slope),
                number(course.level),
                number(course.guessing),
                percent(course.skill_by_loss),
            ),
            rival: "A run that is merely young, or inputs that say little about the target, look the same; at three times the rate the loss would fall three times as fast only if the rate is the cause.".to_owned(),
            remedies: remedies.into_iter().collect(),
            ..Words::default()
        };
        with_evidence(words, evidence)
    }

    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: if self.is_suspect { 3 } else { PATIENCE }, leave: 3 }
    }

    fn farewell(&self) -> String {
        format!("Training loss has picked up speed, and is now {}.", number(self.course.level))
    }
}

impl TooLow {
    /// Whether the rate, or what a step does, is suspiciously small.
    fn is_suspect(&self, context: &Context) -> bool {
        let limit = if scales_its_steps(&context.project.optimizer) { SUSPICIOUS_SCALED } else { SUSPICIOUS_PLAIN };
        self.now.times_usual.is_some_and(|it| it <= limit) || self.now.ratio.is_some_and(|it| it < self.ratio)
    }

    fn is_too_slow(&self, context: &Context, early: f64, late: f64, standing: bool) -> bool {
        let (course, now) = (&self.course, self.now);
        let scales = scales_its_steps(&context.project.optimizer);
        let has_tiny_steps = now.ratio.is_some_and(|it| it < self.ratio);
        let is_suspect = self.is_suspect;
        let is_above_suspicion = now.times_usual.is_some_and(|it| {
            // Plain steps of the usual rate can be small where the slope is.
            it >= if scales { ABOVE_SUSPICION } else { 1.0 } && !has_tiny_steps
        });
        // What a schedule brought down was high enough before; reduce on plateau answers a level loss.
        let has_decayed = now.learning_rate < 0.5 * self.highest_rate
            || matches!(context.project.schedule.kind, ScheduleKind::Plateau(_)) && context.knows_project;
        if is_above_suspicion || has_decayed || course.highest > 3.0 * course.guessing {
            return false;
        }
        let ease = if standing { 1.3 } else { 1.0 };
        let limit = ease * self.slope * if is_suspect { STEEPER_FOR_SUSPECTS } else { 1.0 };
        if now.slope > limit || course.jitter() > SMOOTH && !is_suspect {
            return false;
        }
        if is_suspect {
            // With a rate far below the usual one it does not matter whether the crawl can be told from noise, as
            // long as it is no rise.
            return course.skill_by_loss < FAR_FOR_SUSPECTS * ease
                && now.slope > -0.5 * self.slope
                && (late > 0.4 * early || early + late < LEVEL);
        }
        let validation_falls = match (self.validation.back(STRETCH), self.validation.back(0)) {
            (Some(before), Some(last)) => {
                before - last > AS_FAST * (course.level_back(STRETCH).unwrap_or(0.0) - course.level)
            }
            (Some(_) | None, _) => true,
        };
        let leaves_noise = early + late > FALL_DEVIATIONS * course.jitter() && course.turns() < 0.25;
        let is_straight = STRAIGHT.contains(&(late / early.max(f64::MIN_POSITIVE)));
        course.skill_by_loss < FAR * ease
            && !self.began_skilled
            && now.slope > 0.0
            && validation_falls
            && (standing || leaves_noise && is_straight)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, at_rate, binary, healthy, recorded, regression, run, states, told};
    use crate::run::{FindingRow, FindingState, LayerRow};

    fn too_low(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("learning-rate-too-low", context, rows)
    }

    /// Falls by `slope` of itself in every epoch.
    fn creeping(slope: f64, learning_rate: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(7);
        let mut rows = run(40, |epoch| {
            let loss = (-slope * epoch).exp();
            (loss * (1.0 + 0.0005 * noise.normal()), loss)
        });
        for row in &mut rows {
            row.learning_rate = learning_rate;
        }
        rows
    }

    #[test]
    fn a_slow_straight_fall_at_a_tiny_rate_is_told_and_the_usual_one_offered() {
        let told = too_low(&at_rate(1e-5), &creeping(0.004, 1e-5));
        assert_eq!((told[0].severity, told[0].epoch, told[0].from_epoch), (Severity::Warning, 13, 1));
        assert!(told[0].text.contains("1 % of what is usual"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Learning rate 0.001, usual for Adam");
        assert!(!states(&told).contains(&FindingState::Cleared));
    }

    #[test]
    fn the_curve_alone_convicts_later_and_the_usual_rate_acquits() {
        let elsewhere = Context { knows_project: false, ..regression() };
        let told = too_low(&elsewhere, &creeping(0.004, f64::NAN));
        assert!((18..=24).contains(&told[0].epoch) && told[0].remedies.is_empty(), "{}", told[0].epoch);
        assert!(too_low(&elsewhere, &creeping(0.03, f64::NAN)).is_empty(), "3 % an epoch");
        assert!(too_low(&at_rate(0.001), &creeping(0.004, 0.001)).is_empty());
        let mut rows = creeping(0.004, 0.001);
        for row in &mut rows {
            row.layers = vec![LayerRow { weight: 0.1, update: 5e-6, ..LayerRow::default() }];
        }
        assert!(!too_low(&at_rate(0.001), &rows).is_empty(), "steps of a twenty-thousandth of the weights");
    }

    #[test]
    fn what_settles_is_level_or_has_come_far_is_not_too_slow() {
        let elsewhere = Context { knows_project: false, ..regression() };
        let settling = run(60, |epoch| (0.85 + 0.15 * (-epoch / 6.0).exp(), 0.86));
        assert!(too_low(&elsewhere, &settling).is_empty());
        assert!(too_low(&elsewhere, &run(60, |_| (0.95, 0.95))).is_empty());
        assert!(too_low(&elsewhere, &run(60, |epoch| (0.4 * (-0.004 * epoch).exp(), 0.4))).is_empty());
        let mut decayed = creeping(0.004, 0.001);
        decayed[0].learning_rate = 0.1;
        assert!(too_low(&elsewhere, &decayed).is_empty(), "a schedule brought it down");
    }

    #[test]
    fn it_clears_when_the_loss_picks_up_speed() {
        let rows = run(60, |epoch| {
            let loss = if epoch < 30.0 { 1.0 - 0.002 * epoch } else { 0.94 * (-(epoch - 30.0) / 5.0).exp() };
            (loss, loss)
        });
        let told = too_low(&Context { knows_project: false, ..regression() }, &rows);
        assert_eq!(states(&told).last(), Some(&FindingState::Cleared));
        assert!(told.last().unwrap().text.contains("picked up speed"));
    }

    #[test]
    fn healthy_and_short_runs_are_left_alone() {
        for seed in 0..40 {
            assert!(too_low(&Context { knows_project: false, ..regression() }, &healthy(seed, 100)).is_empty());
        }
        for (name, rows) in recorded::healthy() {
            assert!(too_low(&Context { knows_project: false, ..binary() }, &rows).is_empty(), "{name}");
        }
        assert!(too_low(&at_rate(1e-5), &creeping(0.004, 1e-5)[..12]).is_empty());
    }
}
