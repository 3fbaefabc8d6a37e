//! Rule: steps are too large for the valley.
//!
//! ## What you see
//! The training curve jumps up and down without getting lower; or it drops at first and sticks at a level that is
//! far from good; or it is thrown out of a level it had reached.
//! ## Why it happens
//! The learning rate is so high that each step crosses the valley instead of going down it, or has pushed units
//! where they no longer answer.
//! ## What to try
//! A third of the learning rate, or what is usual for the optimizer; a schedule that lets it fall.
//! ## Source
//! CS231n, neural networks 3: the shape of a rate that is too high, and steps of about a thousandth of the weights.
//! DL4J's band for that ratio ends at a hundredth. Adam's first steps on small weights go beyond it in healthy runs
//! as well, so that neither the ratio nor the rate convicts alone: the curve must suffer. Google's machine learning
//! crash course for the oscillating curve. Noise that the batches explain, by their deviation over the root of
//! their number, is no sign of large steps.

use super::curves::{Course, Wobble, scales_its_steps, times_usual, update_ratio, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const LEARNING_RATE_TOO_HIGH: Rule = Rule {
    id: "learning-rate-too-high",
    label: "Learning rate too high",
    about: "Training loss jumps about or sticks at a bad level, because steps are too large.",
    needs: &[Need::TrainLoss],
    explains: &[
        "loss-spikes",
        "underfitting",
        "still-improving",
        "overfitting",
        "overtraining",
        "over-confident",
        "noisy-validation",
        "validation-below-train",
    ],
    make: |context| {
        Box::new(TooHigh {
            jitter: context.threshold("learning-rate-too-high.jitter"),
            turns: context.threshold("learning-rate-too-high.turns"),
            ratio: context.threshold("learning-rate-too-high.update_ratio"),
            course: Course::default(),
            validation: Wobble::default(),
            sign: Sign::Jumps,
            from_epoch: None,
            now: Now::default(),
        })
    },
};

/// How far above the optimizer's usual learning rate is suspicious: for those that scale each weight's step, the
/// rate is the step; for plain SGD the slope matters as well.
const SUSPICIOUS_SCALED: f64 = 9.0;
const SUSPICIOUS_PLAIN: f64 = 90.0;

/// Below this multiple of the usual rate it is above suspicion, again by the kind of optimizer.
const CLEARED_SCALED: f64 = 2.25;
const CLEARED_PLAIN: f64 = 10.0;

/// From this multiple of a suspicious rate on, a run that stands still need not have been hurt in plain sight.
const FAR_OUT: f64 = 3.0;

/// Jitter in multiples of what the batches' own noise explains.
const BEYOND_BATCHES: f64 = 3.0;

/// Skill above which jumps harm nobody, with a suspicious rate and without one.
const GOOD_ENOUGH: f64 = 0.95;
const GOOD_ENOUGH_UNSUSPECTED: f64 = 0.8;

/// Skill below which a run that stands still is stuck, and where the rate is far out.
const STUCK: f64 = 0.1;
const STUCK_FAR_OUT: f64 = 0.5;

/// A validation loss this many times that of guessing is bad, however many rows are right.
const WORSE_THAN_GUESSING: f64 = 1.5;

/// Jitter of a stuck loss that small steps do not make.
const UNEASY: f64 = 0.01;

/// Movement over ten epochs, as a share of the loss, up to which a run stands still.
const STANDS_STILL: f64 = 0.02;

/// A fall over ten epochs, as a share of the loss, that is progress for all the jumps.
const PROGRESS: f64 = 0.15;

/// With a suspicious rate or ratio, this share of the jitter convicts.
const JITTER_OF_SUSPECTS: f64 = 0.3;

/// Where validation jumps by the threshold as well, which neither dropout nor the order of rows makes it do, this share
/// of it in training is enough, up to this skill.
const JITTER_OF_BOTH: f64 = 0.4;
const SHAKEN_SKILL: f64 = 0.5;

/// A level this many times the lowest, and this share of guessing above it, was thrown out of that.
const THROWN_OUT: f64 = 1.5;
const THROWN_OUT_OF_GUESSING: f64 = 0.1;

/// A rise of less than this share of the highest since is the tail of a spike, whatever made that.
const TAIL: f64 = 1.0 / 3.0;

/// A loss this many times that of guessing takes steps that made things worse.
const BLOWN_UP: f64 = 3.0;

/// Epochs before which nothing is said.
const WARM_UP: usize = 8;

struct TooHigh {
    jitter: f64,
    turns: f64,
    ratio: f64,
    course: Course,
    validation: Wobble,
    sign: Sign,
    from_epoch: Option<u64>,
    now: Now,
}

/// What gave it away last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    Jumps,
    Stuck,
    ThrownOut,
    /// Validation loses more than guessing would.
    Wild,
}

#[derive(Clone, Copy, Default)]
struct Now {
    jitter: f64,
    turns: f64,
    validation: f64,
    learning_rate: f64,
    times_usual: Option<f64>,
    ratio: Option<f64>,
}

impl Observer for TooHigh {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if !self.course.push(context, row) {
            return Look::Unclear;
        }
        if let Some(it) = validation_loss(context, row) {
            self.validation.push(it);
        }
        if self.course.epochs < WARM_UP {
            return Look::Unclear;
        }
        self.now = Now {
            jitter: self.course.jitter(),
            turns: self.course.turns(),
            validation: row.validation_loss,
            learning_rate: row.learning_rate,
            times_usual: times_usual(context, row.learning_rate),
            ratio: update_ratio(&row.layers),
        };
        let Some(sign) = self.sign(context, row, standing) else {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        };
        self.sign = sign;
        let onset = match sign {
            Sign::ThrownOut => self.course.best_epoch,
            Sign::Jumps | Sign::Stuck | Sign::Wild => row.epoch.saturating_sub(WARM_UP as u64),
        };
        let from_epoch = *self.from_epoch.get_or_insert(onset.max(1));
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let (course, now) = (&self.course, self.now);
        let rate = number(remedy::base_rate(context, now.learning_rate));
        let at = if now.learning_rate > 0.0 { format!(" of {rate}") } else { String::new() };
        let seen = match self.sign {
            Sign::Jumps => format!(
                "Training loss jumps by {} around {} from epoch to epoch and gets no lower",
                percent(now.jitter),
                number(course.level)
            ),
            Sign::Stuck => {
                format!(
                    "Training loss sticks at {}, with guessing at {}",
                    number(course.level),
                    number(course.guessing)
                )
            }
            Sign::Wild => format!(
                "Validation loss, at {}, is far above the {} that guessing would lose",
                number(now.validation),
                number(course.guessing)
            ),
            Sign::ThrownOut => format!(
                "Training loss had come down to {} at epoch {}, was thrown out and is now {}",
                number(course.best),
                course.best_epoch,
                number(course.level)
            ),
        };
        let usual = now
            .times_usual
            .filter(|it| *it >= 2.0)
            .map_or_else(String::new, |it| format!(", {} times what is usual for the optimizer", number(it)));
        let mut evidence =
            vec![("jitter", against(now.jitter, self.jitter)), ("turns", against(now.turns, self.turns))];
        evidence.extend(now.ratio.map(|it| ("update_ratio", against(it, self.ratio))));
        evidence.extend(now.times_usual.map(|it| ("times_usual", measured(it))));
        evidence.extend([("train_loss", measured(course.level)), ("learning_rate", measured(now.learning_rate))]);
        let third = remedy::learning_rate(context, now.learning_rate, Rate::Third);
        // A third of a rate that is ten times too high settles little.
        let far_out = now.times_usual.is_some_and(|it| it >= 6.0);
        let remedies = if far_out {
            [remedy::usual_learning_rate(context), third]
        } else {
            [third, remedy::cosine_schedule(&context.project)]
        };
        let words = Words {
            text: format!("{seen}. This is consistent with a learning rate{at} that is too high{usual}."),
            formula: format!(
                "deviation of single epochs / training loss = {}, line at {}; epochs at which the curve turns = {}, line at {}",
                percent(now.jitter),
                percent(self.jitter),
                percent(now.turns),
                percent(self.turns),
            ),
            rival: match self.sign {
                Sign::Jumps => "Batches of very few rows make a curve rough as well; four times the batch size would calm that, and only that.".to_owned(),
                Sign::Wild => "A few validation rows unlike all others can rule the loss as well; then training loss would be calm at a third of the rate, and they would still do so.".to_owned(),
                Sign::Stuck => "Inputs that say nothing about the target stick at the same place at any rate; a third of it would tell.".to_owned(),
                Sign::ThrownOut => "A single batch of odd rows can throw a run out too; then it would find back, or go wrong at the same place with a third of the rate.".to_owned(),
            },
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        with_evidence(words, evidence)
    }

    fn farewell(&self) -> String {
        format!("Training loss has calmed down, at {}.", number(self.course.level))
    }
}

impl TooHigh {
    fn sign(&self, context: &Context, row: &EpochRow, standing: bool) -> Option<Sign> {
        let (course, now) = (&self.course, self.now);
        let (limit, cleared) = if scales_its_steps(&context.project.optimizer) {
            (SUSPICIOUS_SCALED, CLEARED_SCALED)
        } else {
            (SUSPICIOUS_PLAIN, CLEARED_PLAIN)
        };
        let is_suspect = now.times_usual.is_some_and(|it| it >= limit);
        let is_cleared = now.times_usual.is_some_and(|it| it < cleared);
        let has_large_steps = is_suspect || now.ratio.is_some_and(|it| it > self.ratio && !is_cleared);
        let ease = if standing { 0.7 } else { 1.0 };

        let fall = course.fall().unwrap_or(0.0);
        let shaken = validation_loss(context, row).is_some_and(|level| {
            self.validation.deviation().unwrap_or(0.0) > ease * self.jitter * level.abs()
                && self.validation.turns() >= ease * self.turns
        });
        let share = if has_large_steps {
            JITTER_OF_SUSPECTS
        } else if shaken && course.skill < SHAKEN_SKILL {
            JITTER_OF_BOTH
        } else {
            1.0
        };
        let needed = ease * self.jitter * share;
        let by_batches = row.batch_deviation.filter(|it| it.is_finite()).map_or(0.0, |it| {
            it / (context.steps_per_epoch.max(1) as f64).sqrt() / course.level.abs().max(f64::MIN_POSITIVE)
        });
        let jumps = now.jitter > needed.max(BEYOND_BATCHES * by_batches) && now.turns >= ease * self.turns;
        let is_worse = validation_loss(context, row).is_some_and(|it| it > WORSE_THAN_GUESSING * course.guessing);
        if is_worse && is_suspect {
            return Some(Sign::Wild);
        }
        let good_enough = if has_large_steps { GOOD_ENOUGH } else { GOOD_ENOUGH_UNSUSPECTED };
        // A training loss near nothing with a validation loss above guessing's is over-confident, and not jumpy.
        let is_bad = course.skill < good_enough || is_worse && course.skill_by_loss < good_enough;
        if is_bad && !is_cleared && self.was_thrown_out(ease) {
            return Some(Sign::ThrownOut);
        }
        // A tiny share of guessing may jump as it likes, even where no metric says how good the run is.
        if is_bad && jumps && fall < PROGRESS.max(1.5 * now.jitter) && !is_cleared {
            return Some(Sign::Jumps);
        }
        let is_still = course.fall().is_some_and(|it| it.abs() < STANDS_STILL.max(2.0 * now.jitter) / ease);
        let is_far_out = now.times_usual.is_some_and(|it| it >= FAR_OUT * limit);
        let was_hurt = course.highest > BLOWN_UP * course.guessing || now.jitter > UNEASY;
        let stuck = if is_far_out { STUCK_FAR_OUT } else { STUCK };
        (course.skill < stuck / ease && is_still && (is_far_out || has_large_steps && was_hurt)).then_some(Sign::Stuck)
    }

    /// Whether it stands well above a level it had reached, for ten epochs now.
    fn was_thrown_out(&self, ease: f64) -> bool {
        let course = &self.course;
        let is_above = |level: f64| {
            level > (1.0 + ease * (THROWN_OUT - 1.0)) * course.best
                && level - course.best > ease * THROWN_OUT_OF_GUESSING * course.guessing
        };
        // Below the present level's jitter there is nothing to be thrown out of.
        let leaves_noise = course.level - course.best > 3.0 * self.now.jitter * course.level;
        let is_tail = course.level - course.best < TAIL * (course.top - course.best);
        leaves_noise && !is_tail && is_above(course.level) && course.level_back(5).is_some_and(is_above)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, at_rate, binary, healthy, recorded, regression, run, told};
    use crate::run::{FindingRow, LayerRow};

    fn too_high(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("learning-rate-too-high", context, rows)
    }

    /// Drops at once and then jumps around `level` by `jitter` of it.
    fn jumping(seed: u64, level: f64, jitter: f64, learning_rate: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(seed);
        let mut rows = run(50, |epoch| {
            let loss = (level + (-epoch).exp()) * (1.0 + jitter * noise.normal()).max(0.2);
            (loss, loss)
        });
        for row in &mut rows {
            row.learning_rate = learning_rate;
        }
        rows
    }

    #[test]
    fn a_curve_that_jumps_is_told_and_the_usual_rate_offered() {
        for seed in 0..20 {
            let told = too_high(&at_rate(0.05), &jumping(seed, 0.4, 0.2, 0.05));
            assert_eq!(told[0].severity, Severity::Warning, "{seed}");
            assert!(told[0].epoch <= 30, "{seed}: {}", told[0].epoch);
            assert!(told[0].text.contains("50 times what is usual"), "{}", told[0].text);
            assert_eq!(told[0].remedies[0].label, "Learning rate 0.001, usual for Adam");
        }
        let elsewhere = Context { knows_project: false, ..regression() };
        let told = too_high(&elsewhere, &jumping(1, 0.4, 0.25, f64::NAN));
        assert!(told[0].text.contains("a learning rate that is too high.") && told[0].remedies.is_empty(), "{told:?}");
    }

    #[test]
    fn the_threshold_is_lower_where_the_rate_is_suspicious_and_nothing_is_said_where_it_is_usual() {
        let small = |learning_rate: f64| jumping(3, 0.4, 0.06, learning_rate);
        assert!(!too_high(&at_rate(0.02), &small(0.02)).is_empty());
        assert!(too_high(&at_rate(0.004), &small(0.004)).is_empty());
        assert!(too_high(&at_rate(0.001), &jumping(3, 0.4, 0.2, 0.001)).is_empty());
        let mut rows = small(0.004);
        for row in &mut rows {
            row.layers = vec![LayerRow { weight: 0.1, update: 0.003, ..LayerRow::default() }];
        }
        assert!(!too_high(&at_rate(0.004), &rows).is_empty(), "steps of 3 % of the weights");
    }

    #[test]
    fn noise_of_the_batches_and_of_validation_alone_is_none() {
        let mut rows = jumping(4, 0.4, 0.15, 0.005);
        assert!(!too_high(&at_rate(0.005), &rows).is_empty());
        for row in &mut rows {
            row.batch_deviation = Some(0.2);
        }
        assert!(too_high(&at_rate(0.005), &rows).is_empty());
        let mut noise = Noise::new(1);
        let validation = run(60, |_| (0.4, 0.4 * (1.0 + 0.3 * noise.normal()).max(0.2)));
        assert!(too_high(&at_rate(0.05), &validation).is_empty());
        assert!(too_high(&at_rate(0.05), &jumping(5, 0.01, 0.3, 0.05)).is_empty(), "a tiny loss may jump");
    }

    #[test]
    fn a_stuck_run_far_above_the_usual_rate_and_one_that_was_thrown_out_are_told() {
        let mut context = at_rate(0.1);
        context.baseline.insert("loss".to_owned(), 0.7987);
        let told = too_high(&context, &recorded::house_prices_stalled());
        assert!(told[0].text.contains("sticks at") && told[0].epoch <= 15, "{told:?}");
        let mut thrown =
            run(40, |epoch| if epoch < 20.0 { (0.3, 0.3) } else { (0.8 + 0.01 * (epoch * 2.0).sin(), 0.8) });
        for row in &mut thrown {
            row.learning_rate = 0.004;
        }
        let told = too_high(&at_rate(0.004), &thrown);
        assert!(told[0].text.contains("was thrown out") && told[0].from_epoch <= 20, "{told:?}");
    }

    #[test]
    fn healthy_and_short_runs_are_left_alone() {
        for seed in 0..60 {
            assert!(too_high(&regression(), &healthy(seed, 100)).is_empty(), "seed {seed}");
            let elsewhere = Context { knows_project: false, ..regression() };
            assert!(too_high(&elsewhere, &healthy(seed, 100)).is_empty(), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(too_high(&binary(), &rows).is_empty(), "{name}");
        }
        assert!(too_high(&at_rate(0.05), &jumping(1, 0.4, 0.3, 0.05)[..9]).is_empty());
    }
}
