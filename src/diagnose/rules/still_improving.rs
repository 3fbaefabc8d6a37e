//! Rule: the run ended while it was still getting better.
//!
//! ## What you see
//! Both curves still fall where they end.
//! ## Why it happens
//! Too few epochs were asked for.
//! ## What to try
//! More epochs; early stopping decides when it is enough.
//! ## Source
//! Google's tuning playbook: a run whose best step lies in its last tenth is bound by its length. Keras' and
//! Lightning's patience for what no longer counts as better.

use super::curves::{Wobble, guessing, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::{Recent, median};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, FinishReason, Severity};

pub(super) const STILL_IMPROVING: Rule = Rule {
    id: "still-improving",
    label: "Still improving",
    about: "The loss was still falling when the run ended.",
    needs: &[Need::TrainLoss],
    explains: &[],
    make: |context| {
        let tail = (context.epochs.div_ceil(10) as usize).clamp(2, LONGEST_TAIL);
        Box::new(StillImproving {
            least: context.threshold("still-improving.least_fall"),
            tail,
            losses: Recent::new(2 * tail),
            wobble: Wobble::default(),
            first: None,
            epoch: 0,
            validated: false,
            now: Now::default(),
        })
    },
};

/// Epochs of the last tenth that are kept; a longer run is judged by so many.
const LONGEST_TAIL: usize = 1000;

/// The fall in standard errors of the difference of two medians.
const FALL_ERRORS: f64 = 3.0;

/// The fall as a share of what guessing loses: a tiny loss that halves is of no use to anyone.
const FALL_OF_GUESSING: f64 = 0.002;

struct StillImproving {
    least: f64,
    tail: usize,
    losses: Recent,
    wobble: Wobble,
    first: Option<f64>,
    epoch: u64,
    validated: bool,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    before: f64,
    last: f64,
    fall: f64,
}

impl Observer for StillImproving {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        let validation = validation_loss(context, row);
        self.validated |= validation.is_some();
        let loss = if self.validated { validation } else { Some(row.train_loss).filter(|it| it.is_finite()) };
        self.epoch = row.epoch;
        if let Some(loss) = loss {
            self.first.get_or_insert(loss);
            self.losses.push(loss);
            self.wobble.push(loss);
        }
        Look::Unclear
    }

    fn end(&mut self, context: &Context, reason: FinishReason) -> Look {
        // Who stops by hand knows that more was to come; who runs out of patience knows that it was not.
        if reason != FinishReason::Completed {
            return Look::Unclear;
        }
        let before = median((self.tail..2 * self.tail).filter_map(|back| self.losses.back(back)));
        let enough = self.losses.back(2 * self.tail - 1).is_some();
        let (Some(before), Some(last), Some(first), true) =
            (before, self.losses.median_of_last(self.tail), self.first, enough)
        else {
            return Look::Unclear;
        };
        let fall = before - last;
        let error = self.wobble.deviation().unwrap_or(0.0) * 1.25 * (2.0 / self.tail as f64).sqrt();
        let scale = before.abs().max(f64::MIN_POSITIVE);
        self.now = Now { before, last, fall: fall / scale };
        if fall / scale > self.least && fall > FALL_ERRORS * error && fall > FALL_OF_GUESSING * guessing(context, first)
        {
            let from_epoch = self.epoch.saturating_sub(self.tail as u64).max(1);
            return Look::Seen { severity: Severity::Info, grade: 0, from_epoch };
        }
        Look::Absent
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let curve = if self.validated { "Validation loss" } else { "Training loss" };
        let words = Words {
            text: format!(
                "{curve} fell from {} to {} over the last {} epochs. This is consistent with a run that was cut short.",
                number(now.before),
                number(now.last),
                self.tail,
            ),
            formula: format!(
                "1 - median of the last {} epochs / median of those before = 1 - {} / {} = {}, above {}",
                self.tail,
                number(now.last),
                number(now.before),
                percent(now.fall),
                percent(self.least),
            ),
            rival: "A learning rate that is too low looks the same; at three times the rate the same epochs would then get further.".to_owned(),
            remedies: [remedy::until_it_settles(&context.project).filter(|_| self.validated), remedy::more_epochs(&context.project)]
                .into_iter()
                .flatten()
                .collect(),
            ..Words::default()
        };
        with_evidence(words, [("fall", against(now.fall, self.least)), ("epochs", measured(self.epoch as f64))])
    }

    fn farewell(&self) -> String {
        "The loss no longer falls.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Doctor;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run};
    use crate::run::FindingRow;

    fn ended(rows: &[EpochRow], reason: FinishReason) -> Vec<FindingRow> {
        let context = Context { epochs: rows.len() as u64, ..regression() };
        let mut doctor = Doctor::new(context);
        let mut all: Vec<_> = rows.iter().flat_map(|row| doctor.observe(row)).collect();
        all.extend(doctor.finish(reason));
        all.into_iter().filter(|it| it.rule == "still-improving").collect()
    }

    fn falling(epochs: u64) -> Vec<EpochRow> {
        let mut noise = Noise::new(3);
        run(epochs, |epoch| {
            let loss = (-epoch / 15.0).exp() * (1.0 + 0.005 * noise.normal());
            (loss, 1.05 * loss)
        })
    }

    #[test]
    fn a_run_cut_short_says_so_at_its_end() {
        for epochs in [6, 20, 40] {
            let told = ended(&falling(epochs), FinishReason::Completed);
            assert_eq!((told.len(), told[0].severity, told[0].epoch), (1, Severity::Info, epochs), "{epochs}");
            assert!(told[0].text.starts_with("Validation loss fell from"), "{}", told[0].text);
            assert_eq!(told[0].remedies[1].label, "100 epochs, twice as many");
        }
        assert_eq!(ended(&falling(20), FinishReason::Completed)[0].from_epoch, 18);
    }

    #[test]
    fn one_that_was_stopped_or_has_settled_or_is_too_short_does_not() {
        assert!(ended(&falling(20), FinishReason::Stopped).is_empty());
        assert!(ended(&falling(20), FinishReason::EarlyStopping).is_empty());
        assert!(ended(&falling(3), FinishReason::Completed).is_empty());
        for seed in 0..40 {
            assert!(ended(&healthy(seed, 100), FinishReason::Completed).is_empty(), "seed {seed}");
        }
        let [cars, churn, _] = recorded::healthy();
        for (name, rows) in [cars, churn] {
            assert!(ended(&rows, FinishReason::Completed).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_fall_of_one_percent_is_the_line() {
        let slope = |by: f64| run(20, move |epoch| (1.0 - by * epoch, 1.0 - by * epoch));
        assert_eq!(ended(&slope(0.008), FinishReason::Completed).len(), 1);
        assert!(ended(&slope(0.003), FinishReason::Completed).is_empty());
        assert!(ended(&run(40, |epoch| (1e-3 / epoch, 1e-3 / epoch)), FinishReason::Completed).is_empty());
    }
}
