//! What is said of a plateau: its likeliest cause, what else could be, and the ways out.

use super::Plateau;
use crate::diagnose::Context;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rules::curves::{scales_its_steps, times_usual};
use crate::diagnose::words::{number, percent};
use crate::run::Remedy;
use crate::spec::{ModelSpec, ScheduleKind, Task};

/// Jitter of the training loss, as a share of it, that steps too large make. Too small ones make none: the same
/// rows come in every epoch.
const BOUNCING: f64 = 0.01;

/// Jitter above which a level curve is better called bouncing.
const BOUNCING_HARD: f64 = 0.05;

/// A settled run whose loss was this much lower before has not converged, but been thrown out.
const ABOVE_ITS_BEST: f64 = 1.1;

/// A loss this many times that of guessing takes steps that made things worse.
const WORSE_THAN_GUESSING: f64 = 1.05;
const BLOWN_UP: f64 = 3.0;

/// How far from the optimizer's usual learning rate is suspicious: for those that scale each weight's step, the
/// rate is the step; for plain SGD the slope matters as well.
const SUSPICIOUS_SCALED: f64 = 9.0;
const SUSPICIOUS_PLAIN: f64 = 90.0;

/// A schedule that has brought the learning rate below this share of its highest has stopped training itself.
const DECAYED: f64 = 0.1;

/// What a stuck run looks most like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    TooHigh,
    TooLow,
    Decayed,
    TooSimple,
    Unclear,
}

impl Plateau {
    fn cause(&self, context: &Context) -> Cause {
        let now = self.now;
        let guessing = self.guessing(context);
        let optimizer = &context.project.optimizer;
        let suspicious = if scales_its_steps(optimizer) { SUSPICIOUS_SCALED } else { SUSPICIOUS_PLAIN };
        let times_usual = times_usual(context, now.learning_rate).unwrap_or(1.0);
        // Reduce on plateau lowers the rate because the loss is level, not the other way round.
        let may_cause = !matches!(context.project.schedule.kind, ScheduleKind::Plateau(_));
        let is_wild = now.jitter > BOUNCING
            || now.validation.unwrap_or(now.level) > WORSE_THAN_GUESSING * guessing
            || self.highest > BLOWN_UP * guessing;
        if may_cause && now.learning_rate < DECAYED * self.highest_rate {
            Cause::Decayed
        } else if times_usual > suspicious {
            Cause::TooHigh
        } else if times_usual < 1.0 / suspicious {
            Cause::TooLow
        } else if context.knows_project && context.project.model == ModelSpec::Linear {
            Cause::TooSimple
        } else if is_wild {
            Cause::TooHigh
        } else {
            Cause::Unclear
        }
    }

    pub(super) fn stuck(&self, context: &Context) -> (String, String, Vec<Option<Remedy>>) {
        let now = self.now;
        let cause = self.cause(context);
        let rate = number(if cause == Cause::Decayed {
            now.learning_rate
        } else {
            remedy::base_rate(context, now.learning_rate)
        });
        let rate = if now.learning_rate > 0.0 { format!(" of {rate}") } else { String::new() };
        let why = match cause {
            Cause::TooHigh => format!(
                "a learning rate{rate} that is too high: steps jump across the valley, or have killed the units"
            ),
            Cause::TooLow => format!("a learning rate{rate} that is too low to get anywhere"),
            Cause::Decayed => {
                format!("a learning rate that has been brought down to {} too soon", number(now.learning_rate))
            }
            Cause::TooSimple => "a network without hidden layers that is too simple for the pattern".to_owned(),
            Cause::Unclear => format!("a learning rate{rate} that does not suit this network, too high or too low"),
        };
        let guess = if context.task == Task::Regression {
            "guessing the mean"
        } else {
            "guessing by the shares of the classes"
        };
        let beside = match (now.validation, context.baseline.get("loss")) {
            (Some(validation), Some(guessing)) => {
                let relation =
                    if validation > WORSE_THAN_GUESSING * guessing { "worse than" } else { "hardly better than" };
                format!(
                    ", and validation loss, at {}, is {relation} the {} of {guess}",
                    number(validation),
                    number(*guessing)
                )
            }
            (Some(_) | None, _) => String::new(),
        };
        let how = if now.jitter > BOUNCING_HARD { "has bounced around" } else { "has been stuck at" };
        let text = format!(
            "Training loss {how} {} since epoch {}{beside}{}. This is consistent with {why}.",
            number(now.level),
            self.from_epoch.unwrap_or_default(),
            self.reduction.told(),
        );
        (text, rival(cause), self.ways_out(context, cause))
    }

    fn ways_out(&self, context: &Context, cause: Cause) -> Vec<Option<Remedy>> {
        let times_usual = times_usual(context, self.now.learning_rate).unwrap_or(1.0);
        let rate = |it: Rate| remedy::learning_rate(context, self.now.learning_rate, it);
        // A third of a rate that is a thousand times too high would settle nothing.
        let lower =
            if times_usual > SUSPICIOUS_SCALED { remedy::usual_learning_rate(context) } else { rate(Rate::Third) };
        let higher = if times_usual < 1.0 / SUSPICIOUS_SCALED {
            remedy::usual_learning_rate(context)
        } else {
            rate(Rate::Triple)
        };
        match cause {
            Cause::TooHigh if times_usual > SUSPICIOUS_SCALED => vec![lower],
            Cause::TooLow => vec![higher],
            Cause::TooHigh | Cause::Unclear => vec![lower, higher],
            Cause::Decayed => vec![remedy::constant_schedule(&context.project), higher],
            Cause::TooSimple => vec![remedy::hidden_layers(&context.project), higher, lower],
        }
    }

    pub(super) fn settled(&self, context: &Context) -> (String, String, Vec<Option<Remedy>>) {
        const TOO_LARGE: &str = "Steps too large to settle any deeper look the same; at a third of the learning rate the loss would fall on.";
        let now = self.now;
        let smaller_steps = remedy::learning_rate(context, now.learning_rate, Rate::Third);
        let (why, rival, remedy) = if now.learning_rate < DECAYED * self.highest_rate {
            let why = format!("a learning rate that has been brought down to {}", number(now.learning_rate));
            (why, "A run that has converged looks the same.", None)
        } else if now.jitter > BOUNCING_HARD || now.level > ABOVE_ITS_BEST * self.lowest {
            (
                format!("steps too large to settle any deeper, at a learning rate of {}", number(now.learning_rate)),
                "A run that has converged on noisy data looks the same.",
                smaller_steps,
            )
        } else {
            ("a run that has converged: more epochs would change little".to_owned(), TOO_LARGE, smaller_steps)
        };
        let text = format!(
            "Training loss has been level at {} since epoch {}, with {} of the way from guessing to a perfect fit covered{}. This is consistent with {why}.",
            number(now.level),
            self.from_epoch.unwrap_or_default(),
            percent(now.skill),
            self.reduction.told(),
        );
        (text, rival.to_owned(), vec![remedy])
    }
}

fn rival(cause: Cause) -> String {
    let rival = match cause {
        Cause::TooHigh => {
            "A rate that is too low looks the same after a bad start; so do inputs that say nothing about the target."
        }
        Cause::TooLow | Cause::Decayed => {
            "Inputs that say nothing about the target look the same at any learning rate."
        }
        Cause::TooSimple => {
            "A learning rate that is far too low or too high looks the same; so do inputs that say nothing about the target."
        }
        Cause::Unclear => {
            "Which of the two, one run with a third and one with three times the rate would tell. Inputs that say nothing about the target look the same."
        }
    };
    rival.to_owned()
}
