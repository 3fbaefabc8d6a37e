//! Rule: the batch size does not suit the data.
//!
//! ## What you see
//! Too small: batches of a few rows whose losses differ wildly, and a training loss that wanders from epoch to epoch
//! in place of settling. Too large: a smooth curve that falls so slowly that epochs go by, because an epoch has only
//! a handful of steps.
//! ## Why it happens
//! A step goes by the mean slope of its batch. Of one to four rows that is mostly chance; of thousands it is hardly
//! better than of hundreds, and costs as many steps as could have been made in its place.
//! ## What to try
//! Batches of about 32 rows; a smaller learning rate for small ones, a larger one for large ones.
//! ## Source
//! Bengio 2012, "Practical recommendations", on 32 as a default; Masters and Luschi 2018, "Revisiting small batch
//! training"; McCandlish et al. 2018, "An empirical model of large-batch training", on where more rows stop helping;
//! CS231n on wiggle as a matter of batch size. Small data sets that are trained whole, and well, are left alone.

use crate::diagnose::Context;
use crate::diagnose::layers::Remains;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const BATCH_SIZE: Rule = Rule {
    id: "batch-size",
    label: "Batch size",
    about: "Batches are so small that steps go by chance, or so large that there are hardly any steps.",
    needs: &[Need::TrainLoss],
    explains: &["still-improving", "learning-rate-too-low", "underfitting"],
    make: |context| Box::new(BatchSize::new(context)),
};

/// Epochs over which a fall is measured, and from which on jitter is.
const STRETCH: usize = 10;
const JITTER_EPOCHS: usize = 20;

/// Below this many training rows a batch of all of them is no large batch.
const MANY_ROWS: usize = 1000;

/// With so many steps made, a slow fall is not for want of steps.
const MANY_STEPS: u64 = 1000;

/// Falls over a stretch, as shares of the loss: below the least nothing is being learned that more steps would
/// speed up; above the most all is well.
const LEAST_FALL: f64 = 0.01;
const MOST_FALL: f64 = 0.2;

/// The fall of a large batch is smooth: at least so many times the jitter.
const SMOOTH: f64 = 3.0;

/// Share of the loss of guessing above which there is much left to learn.
const MUCH_LEFT: f64 = 0.5;

/// Spread of single batches' losses, as a share of their mean, that small batches have.
const WILD: f64 = 0.7;

/// A curve that falls steeply also bends: this share of its fall over a stretch is no jitter. Above `STEEP`, nothing
/// can be said.
const BENDS: f64 = 0.03;
const STEEP: f64 = 1.0;

/// Learning rates this many times above or below the usual are the likelier cause.
const TOO_HIGH: f64 = 30.0;
const TOO_LOW: f64 = 9.0;

/// Rows of a batch that suit most data.
const USUAL_ROWS: u64 = 32;

/// A finding of wandering stands until the jitter is below this share of its line.
const LEAVE: f64 = 0.6;

struct BatchSize {
    small: f64,
    few_steps: f64,
    wander: f64,
    losses: Recent,
    remains: Remains,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    rows: f64,
    is_small: bool,
    jitter: f64,
    batch_spread: Option<f64>,
    fall: f64,
    remains: f64,
    learning_rate: f64,
}

impl BatchSize {
    fn new(context: &Context) -> Self {
        Self {
            small: context.threshold("batch-size.small"),
            few_steps: context.threshold("batch-size.few_steps"),
            wander: context.threshold("batch-size.wander"),
            losses: Recent::new(JITTER_EPOCHS),
            remains: Remains::default(),
            from_epoch: None,
            now: Now::default(),
        }
    }

    /// Fall over a stretch as a share of the loss now; none while the run is too short.
    fn fall(&self, loss: f64) -> Option<f64> {
        self.losses.back(STRETCH).map(|before| (before - loss) / loss.abs().max(f64::MIN_POSITIVE))
    }

    fn look_at_small(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let (Some(fall), Some(jitter)) = (self.fall(row.train_loss), self.losses.jitter()) else {
            return Look::Unclear;
        };
        self.now.jitter = jitter / row.train_loss.abs().max(f64::MIN_POSITIVE);
        self.now.fall = fall;
        let spread = row.batch_deviation.map(|it| it / row.train_loss.abs().max(f64::MIN_POSITIVE));
        self.now.batch_spread = spread;
        let times_usual = times_usual(context, row.learning_rate);
        let line = self.wander * if standing { LEAVE } else { 1.0 } + BENDS * fall.max(0.0);
        let is_wild = spread.is_some_and(|it| it > WILD) && self.now.jitter > line;
        self.seen(row, 1, is_wild && fall < STEEP && times_usual.is_none_or(|it| it < TOO_HIGH))
    }

    fn look_at_large(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let remains = self.remains.after(context, row);
        self.now.remains = remains;
        let Some(fall) = self.fall(row.train_loss) else {
            return Look::Unclear;
        };
        self.now.fall = fall;
        let is_slow = fall < MOST_FALL * if standing { 1.5 } else { 1.0 } && fall > LEAST_FALL;
        if !is_slow || remains < MUCH_LEFT || row.step > MANY_STEPS {
            return self.seen(row, 1, false);
        }
        self.now.jitter = self.losses.jitter().unwrap_or(0.0) / row.train_loss.abs().max(f64::MIN_POSITIVE);
        let times_usual = times_usual(context, row.learning_rate);
        self.seen(row, 1, fall > SMOOTH * self.now.jitter && times_usual.is_none_or(|it| it > 1.0 / TOO_LOW))
    }

    fn seen(&mut self, row: &EpochRow, from_epoch: u64, is_seen: bool) -> Look {
        if !is_seen {
            self.from_epoch = None;
            return Look::Absent;
        }
        self.now.learning_rate = row.learning_rate;
        let from_epoch = *self.from_epoch.get_or_insert(from_epoch);
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch }
    }
}

/// The learning rate as a multiple of the optimizer's usual one; none where the project is not known.
fn times_usual(context: &Context, now: f64) -> Option<f64> {
    context.knows_project.then(|| remedy::base_rate(context, now) / context.project.optimizer.usual_learning_rate())
}

impl Observer for BatchSize {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if context.train_rows == 0 || context.steps_per_epoch == 0 || !row.train_loss.is_finite() {
            return Look::Unclear;
        }
        self.losses.push(row.train_loss);
        let steps = context.steps_per_epoch as f64;
        let rows = context.train_rows as f64 / steps;
        self.now.rows = rows;
        self.now.is_small = rows <= self.small;
        if self.now.is_small {
            self.look_at_small(context, row, standing)
        } else if steps <= self.few_steps && context.train_rows >= MANY_ROWS {
            self.look_at_large(context, row, standing)
        } else {
            Look::Absent
        }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let project = &context.project;
        let rows = now.rows.round().max(1.0);
        let steps = context.steps_per_epoch;
        if now.is_small {
            let spread = now
                .batch_spread
                .map_or_else(String::new, |it| format!(", and that of single batches by {}", percent(it)));
            let mut evidence = vec![("rows", against(rows, self.small)), ("wander", against(now.jitter, self.wander))];
            evidence.extend(now.batch_spread.map(|it| ("batch_spread", against(it, WILD))));
            let remedies = [
                remedy::batch_of(project, USUAL_ROWS),
                remedy::bigger_batch(project),
                remedy::learning_rate(context, now.learning_rate, Rate::Third),
            ];
            return Words {
                text: format!(
                    "With {} to a batch, training loss strays by {} from epoch to epoch{spread}. This is consistent with batches too small for the learning rate: each step follows the accidents of its rows.",
                    if rows < 2.0 { "one row".to_owned() } else { format!("{} rows", number(rows)) },
                    percent(now.jitter),
                ),
                evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
                formula: format!(
                    "deviation of epochs from their trend / loss = {}, above {}; rows / steps = {} / {steps} = {}, at most {}",
                    percent(now.jitter),
                    percent(self.wander),
                    context.train_rows,
                    number(rows),
                    number(self.small)
                ),
                rival: "A learning rate that is too high makes any batch size stray; a third of it would tell."
                    .to_owned(),
                remedies: remedies.into_iter().flatten().collect(),
            };
        }
        let evidence = [
            ("steps", against(steps as f64, self.few_steps)),
            ("rows", measured(rows)),
            ("fall", against(now.fall, MOST_FALL)),
            ("remains", against(now.remains, MUCH_LEFT)),
        ];
        let remedies =
            [remedy::batch_of(project, USUAL_ROWS), remedy::batch_of(project, (rows as u64 / 16).max(USUAL_ROWS))];
        let per_epoch = if steps == 1 { "one step".to_owned() } else { format!("{steps} steps") };
        Words {
            text: format!(
                "With {} rows to a batch an epoch has {per_epoch}, and in {STRETCH} epochs training loss fell by {}, with {} of that of guessing left. This is consistent with batches so large that there are too few steps to learn by.",
                number(rows),
                percent(now.fall),
                percent(now.remains)
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "rows / rows to a batch = {} / {} = {steps} steps an epoch, at most {}; fall over {STRETCH} epochs {}, below {}",
                context.train_rows,
                number(rows),
                number(self.few_steps),
                percent(now.fall),
                percent(MOST_FALL)
            ),
            rival: "A learning rate that is too low falls as slowly and as smoothly; three times the rate would speed up either.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        if self.now.is_small {
            format!("Training loss has settled: it strays by {} from epoch to epoch.", percent(self.now.jitter))
        } else {
            format!("Training has got going: {} of the loss of guessing is left.", percent(self.now.remains))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run, states, told};
    use crate::run::{FindingRow, FindingState};

    fn sized(train_rows: usize, steps_per_epoch: u64) -> Context {
        let mut context = Context { train_rows, steps_per_epoch, ..regression() };
        let rows = (train_rows as u64).div_ceil(steps_per_epoch);
        context.project.set(&format!("batch_size={rows}")).unwrap();
        context
    }

    fn finding(context: &Context, mut rows: Vec<EpochRow>) -> Vec<FindingRow> {
        for row in &mut rows {
            row.step = context.steps_per_epoch * row.epoch;
        }
        told("batch-size", context, &rows)
    }

    fn wandering(noise: f64, spread: f64) -> Vec<EpochRow> {
        let mut draw = Noise::new(3);
        let mut rows = run(60, |epoch| ((0.3 + (-epoch / 5.0).exp()) * (1.0 + noise * draw.normal()), 0.4));
        for row in &mut rows {
            row.batch_deviation = Some(spread * row.train_loss);
        }
        rows
    }

    /// A loss that falls by so much in ten epochs.
    fn falling(share: f64) -> Vec<EpochRow> {
        run(40, |epoch| (0.95 * (1.0 + share).powf(-epoch / 10.0), 0.9))
    }

    #[test]
    fn a_loss_that_wanders_at_one_row_a_batch_is_told() {
        let told = finding(&sized(960, 960), wandering(0.05, 2.0));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert!(told[0].epoch <= 16 && told[0].text.starts_with("With one row to a batch"), "{}", told[0].text);
        let labels: Vec<_> = told[0].remedies.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels[..2], ["Batches of 32 rows", "Batches of 4 rows"]);
    }

    #[test]
    fn wandering_has_a_line_and_other_batch_sizes_are_not_blamed() {
        assert!(finding(&sized(960, 960), wandering(0.01, 2.0)).is_empty(), "it settles");
        assert!(finding(&sized(960, 960), wandering(0.05, 0.3)).is_empty(), "batches agree");
        assert!(finding(&sized(960, 30), wandering(0.05, 2.0)).is_empty(), "32 rows");
        assert!(!finding(&sized(960, 240), wandering(0.05, 2.0)).is_empty(), "4 rows");
        assert!(finding(&sized(960, 192), wandering(0.05, 2.0)).is_empty(), "5 rows");
    }

    #[test]
    fn a_learning_rate_far_from_usual_is_the_likelier_cause() {
        let mut context = sized(960, 960);
        let mut rows = wandering(0.05, 2.0);
        for row in &mut rows {
            row.learning_rate = 0.05;
        }
        context.project.set("learning_rate=0.05").unwrap();
        assert!(finding(&context, rows).is_empty());
        let mut context = sized(4000, 1);
        context.project.set("learning_rate=1e-4").unwrap();
        let mut rows = falling(0.05);
        for it in &mut rows {
            it.learning_rate = 1e-4;
        }
        assert!(finding(&context, rows).is_empty());
    }

    #[test]
    fn a_slow_smooth_fall_at_one_step_an_epoch_is_told_and_cleared_once_it_gets_going() {
        let told = finding(&sized(4000, 1), falling(0.05));
        assert_eq!((told[0].state, told[0].epoch, told[0].from_epoch), (FindingState::Raised, 13, 1));
        assert!(told[0].text.contains("With 4000 rows to a batch an epoch has one step"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Batches of 32 rows");
        assert_eq!(told[0].remedies[1].label, "Batches of 250 rows");
        let rows = run(80, |epoch| {
            (if epoch < 30.0 { 0.95 - 0.004 * epoch } else { 0.83 * (-(epoch - 30.0) / 20.0).exp() }, 0.9)
        });
        assert_eq!(states(&finding(&sized(4000, 1), rows)).last(), Some(&FindingState::Cleared));
    }

    #[test]
    fn large_batches_that_train_well_or_have_nothing_to_learn_are_left_alone() {
        let told = |context: &Context, share: f64| !finding(context, falling(share)).is_empty();
        assert_eq!((told(&sized(4000, 1), 0.19), told(&sized(4000, 1), 0.21)), (true, false));
        assert_eq!((told(&sized(4000, 5), 0.05), told(&sized(4000, 6), 0.05)), (true, false));
        assert!(!told(&sized(999, 1), 0.05), "a small data set, whole");
        assert!(!told(&sized(4000, 1), 0.005), "nothing to learn");
    }

    #[test]
    fn healthy_short_and_unknown_are_silent() {
        for seed in 0..20 {
            assert!(finding(&regression(), healthy(seed, 100)).is_empty());
            let mut settles = healthy(seed, 100);
            for it in &mut settles {
                it.batch_deviation = Some(it.train_loss);
            }
            assert!(finding(&sized(400, 100), settles).is_empty(), "four rows, and it settles");
        }
        assert!(finding(&sized(4000, 1), falling(0.05)[..11].to_vec()).is_empty());
        assert!(finding(&Context { train_rows: 0, ..regression() }, recorded::spam_emails()).is_empty());
    }
}
