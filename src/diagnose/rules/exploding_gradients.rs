//! Rule: the gradient is out of all proportion.
//!
//! ## What you see
//! The gradient norm stands far above the loss of guessing from the start, where healthy runs keep it below fifteen times, or climbs by orders of magnitude above
//! its own beginning, and the loss jumps with it.
//! ## Why it happens
//! Backwards, every layer multiplies the gradient by its weights; where they are too large, the product grows with
//! every layer. A few extreme rows can do it for a batch.
//! ## What to try
//! First weights of the usual size; gradient clipping; a smaller learning rate.
//! ## Source
//! Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks", for the cause and
//! for clipping. Google's tuning playbook: log the gradient norm to tell an unstable start from a later blow-up.
//! SageMaker Debugger's `ExplodingTensor` waits for infinity, which is too late. That the norm's own first epochs
//! are the measure, and stay it, is because a moving average follows what it should catch. A loss that runs away
//! takes the gradient along, at most in proportion: that is told as divergence, and not here.

use crate::diagnose::Context;
use crate::diagnose::layers::has_wild_inputs;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::{Recent, median};
use crate::diagnose::words::number;
use crate::run::{EpochRow, Severity};

pub(super) const EXPLODING_GRADIENTS: Rule = Rule {
    id: "exploding-gradients",
    label: "Exploding gradients",
    about: "The gradient is orders of magnitude larger than is usual, or than it was.",
    needs: &[Need::TrainLoss, Need::GradientNorm],
    explains: &["loss-spikes"],
    make: |context| Box::new(ExplodingGradients::new(context)),
};

/// First epochs whose median is the measure for all that follow.
const BASELINE_EPOCHS: usize = 5;

/// Epochs of which a few must be above the line: a norm is one batch's, and explosions come and go.
const WINDOW: u32 = 12;
const HITS: u32 = 3;

/// How many times faster than the loss the gradient must have grown. Along a quadratic valley it grows as the root
/// of the loss; a gradient in proportion to its loss is only the loss's.
const FASTER_THAN_LOSS: f64 = 10.0;

/// A loss this much above its lowest is hurt. Gradients also grow when a network wakes up and begins to learn.
const HURT: f64 = 1.1;

/// A loss this many times its lowest runs away by itself.
const RUNS_AWAY: f64 = 4.0;

/// Median of norms behind which the start no longer explodes, as a share of the line.
const LEAVE: f64 = 0.3;

/// Multiples of the line from which it is critical.
const CRITICAL: f64 = 100.0;

struct ExplodingGradients {
    growth: f64,
    start: f64,
    /// The loss of guessing, which a norm of ordinary size is in proportion to; none where unknown or meaningless.
    guessing: Option<f64>,
    first: Vec<f64>,
    baseline: Option<f64>,
    norms: Recent,
    lowest_loss: f64,
    /// Whether each of the last epochs was above the line of growth, the latest in the lowest bit.
    hits: u32,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    norm: f64,
    loss: f64,
    lowest_loss: f64,
    learning_rate: f64,
    is_start: bool,
}

impl ExplodingGradients {
    fn new(context: &Context) -> Self {
        Self {
            growth: context.threshold("exploding-gradients.growth"),
            start: context.threshold("exploding-gradients.start"),
            guessing: context.guessing().filter(|_| !has_wild_inputs(context)),
            first: Vec::with_capacity(BASELINE_EPOCHS),
            baseline: None,
            norms: Recent::new(HITS as usize),
            lowest_loss: f64::INFINITY,
            hits: 0,
            from_epoch: None,
            now: Now::default(),
        }
    }

    /// Keeps the first norms until there are enough for the measure of all that follow.
    fn settle_baseline(&mut self, norm: f64) {
        if self.baseline.is_none() {
            self.first.push(norm);
            if self.first.len() == BASELINE_EPOCHS {
                self.baseline = median(self.first.iter().copied()).filter(|it| *it > 0.0);
                if self.baseline.is_none() {
                    self.first.clear();
                }
            }
        }
    }

    /// Whether this epoch's norm has left its beginning behind, and not just with the loss.
    fn has_grown(&self, norm: f64, loss: f64) -> bool {
        let of_loss = loss / self.lowest_loss.max(f64::MIN_POSITIVE);
        self.baseline.is_some_and(|baseline| {
            let growth = norm / baseline;
            growth > self.growth && growth > FASTER_THAN_LOSS * of_loss && of_loss > HURT
        })
    }

    fn starts_high(&self, typical: f64, loss: f64, standing: bool) -> bool {
        let line = self.start * if standing { LEAVE } else { 1.0 };
        self.guessing.is_some_and(|guessing| typical / guessing > line) && loss < RUNS_AWAY * self.lowest_loss
    }
}

impl Observer for ExplodingGradients {
    fn epoch(&mut self, _context: &Context, row: &EpochRow, standing: bool) -> Look {
        let Some(norm) = row.gradient_norm.filter(|it| it.is_finite()) else {
            return Look::Unclear;
        };
        if !row.train_loss.is_finite() || row.train_loss < 0.0 {
            return Look::Unclear;
        }
        self.lowest_loss = self.lowest_loss.min(row.train_loss);
        self.norms.push(norm);
        let typical = self.norms.median_of_last(HITS as usize).unwrap_or(norm);
        let is_hit = self.has_grown(norm, row.train_loss);
        self.settle_baseline(norm);
        self.hits = ((self.hits << 1) | u32::from(is_hit)) & ((1 << WINDOW) - 1);
        let has_grown = self.hits.count_ones() >= HITS;
        let is_start = self.starts_high(typical, row.train_loss, standing && self.now.is_start);
        if !has_grown && !is_start {
            self.from_epoch = None;
            return Look::Absent;
        }
        let times = if is_start {
            typical / self.guessing.unwrap_or(typical) / self.start
        } else {
            norm / self.baseline.unwrap_or(norm) / self.growth
        };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(u64::from(HITS) - 1).max(1));
        self.now = Now {
            // Between explosions the norm is ordinary: what is told is the one that was seen.
            norm: if is_start {
                typical
            } else if is_hit {
                norm
            } else {
                self.now.norm
            },
            loss: row.train_loss,
            lowest_loss: self.lowest_loss,
            learning_rate: row.learning_rate,
            is_start,
        };
        let severity = if times > CRITICAL { Severity::Critical } else { Severity::Warning };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let project = &context.project;
        let (text, formula, compared) = if now.is_start {
            let guessing = self.guessing.unwrap_or_default();
            (
                format!(
                    "The gradient has a norm of {}, {} times the loss of guessing, where ordinary networks have a tenth to ten. This is consistent with weights so large that every layer makes the gradient grow.",
                    number(now.norm),
                    number(now.norm / guessing)
                ),
                format!(
                    "gradient norm / loss of guessing = {} / {} = {}, above {}",
                    number(now.norm),
                    number(guessing),
                    number(now.norm / guessing),
                    number(self.start)
                ),
                ("of_guessing", against(now.norm / guessing, self.start)),
            )
        } else {
            let baseline = self.baseline.unwrap_or_default();
            (
                format!(
                    "The gradient norm has climbed to {}, {} times the {} of the first epochs, and training loss to {} from {}. This is consistent with gradients that explode on their way back through the layers.",
                    number(now.norm),
                    number(now.norm / baseline),
                    number(baseline),
                    number(now.loss),
                    number(now.lowest_loss)
                ),
                format!(
                    "gradient norm / its median over the first {BASELINE_EPOCHS} epochs = {} / {} = {}, above {}",
                    number(now.norm),
                    number(baseline),
                    number(now.norm / baseline),
                    number(self.growth)
                ),
                ("growth", against(now.norm / baseline, self.growth)),
            )
        };
        let evidence = [compared, ("gradient_norm", measured(now.norm)), ("train_loss", measured(now.loss))];
        let clip = if project.clip_norm.is_none() { remedy::clip_norm(project) } else { None };
        let lower = remedy::learning_rate(context, now.learning_rate, Rate::Tenth);
        // Smaller steps mend no weights that are too large from the start.
        let smaller = if now.is_start { [remedy::batch_norm(project), None] } else { [clip, lower] };
        let remedies = [remedy::usual_first_weights(project), remedy::standardize(project)].into_iter().chain(smaller);
        Words {
            text,
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula,
            rival: "A few extreme rows in the data look the same; with clipping the loss would then still jump at the batches that hold them.".to_owned(),
            remedies: remedies.flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        "The gradient norm is back at an ordinary size.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, healthy, recorded, regression, run, states, told};
    use crate::run::{FindingRow, FindingState};

    fn norms(mut rows: Vec<EpochRow>, norm: impl Fn(u64) -> f64) -> Vec<EpochRow> {
        for row in &mut rows {
            row.gradient_norm = Some(norm(row.epoch));
        }
        rows
    }

    fn exploding(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("exploding-gradients", &regression(), rows)
    }

    #[test]
    fn a_norm_that_climbs_while_the_loss_jumps_is_told() {
        let rows = norms(run(30, |epoch| if epoch < 15.0 { (1.0 / epoch, 1.0) } else { (0.5, 1.0) }), |epoch| {
            if epoch < 15 { 1.0 } else { 300.0 }
        });
        let told = exploding(&rows);
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert_eq!((told[0].epoch, told[0].from_epoch), (19, 15));
        assert!(told[0].text.contains("climbed to 300, 300 times the 1"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Clip gradients at norm 1");
        let below = norms(run(30, |epoch| if epoch < 15.0 { (1.0 / epoch, 1.0) } else { (0.5, 1.0) }), |epoch| {
            if epoch < 15 { 1.0 } else { 99.0 }
        });
        assert!(exploding(&below).is_empty());
    }

    #[test]
    fn a_start_out_of_proportion_is_told_and_clears_when_it_settles() {
        let rows = norms(run(40, |epoch| (200.0 / epoch, 1.0)), |epoch| 4000.0 / (epoch * epoch) as f64);
        let told = exploding(&rows);
        assert_eq!(states(&told).last(), Some(&FindingState::Cleared));
        assert_eq!((told[0].epoch, told[0].from_epoch), (3, 1));
        assert!(exploding(&norms(run(40, |epoch| (1.0 / epoch, 1.0)), |_| 59.0)).is_empty(), "just below the line");
        assert!(!exploding(&norms(run(40, |epoch| (1.0 / epoch, 1.0)), |_| 61.0)).is_empty(), "just above the line");
    }

    #[test]
    fn a_first_remedy_is_the_size_of_the_first_weights() {
        let mut context = regression();
        context.project.set("model.init_gain=4").unwrap();
        let told = told("exploding-gradients", &context, &norms(run(20, |_| (3.0, 3.0)), |_| 2e4));
        assert_eq!(told[0].severity, Severity::Critical);
        assert_eq!(told[0].remedies[0].label, "First weights of the usual size");
    }

    #[test]
    fn a_loss_that_runs_away_takes_its_gradient_along() {
        let rows = norms(run(30, |epoch| (1.5_f64.powf(epoch), 1.0)), |epoch| 1.5_f64.powf(epoch as f64));
        assert!(exploding(&rows).is_empty());
    }

    #[test]
    fn a_network_that_wakes_up_is_no_explosion() {
        let rows = norms(
            run(40, |epoch| if epoch < 20.0 { (1.0, 1.0) } else { (1.0 - 0.03 * (epoch - 20.0), 1.0) }),
            |epoch| if epoch < 20 { 1e-3 } else { 2.0 },
        );
        assert!(exploding(&rows).is_empty());
    }

    #[test]
    fn one_odd_batch_healthy_runs_and_short_ones_are_silent() {
        let odd = norms(healthy(1, 60), |epoch| if epoch % 20 == 0 { 1e4 } else { 1.0 });
        assert!(exploding(&odd).is_empty());
        for seed in 0..20 {
            let mut noise = Noise::new(seed);
            let mut rows = healthy(seed, 100);
            for row in &mut rows {
                row.gradient_norm = Some(noise.normal().exp());
            }
            assert!(exploding(&rows).is_empty());
        }
        assert!(recorded::healthy().iter().all(|(_, rows)| exploding(rows).is_empty()));
        assert!(exploding(&norms(run(2, |_| (200.0, 1.0)), |_| 1e4)).is_empty());
        let mut unknown = run(20, |_| (1.0, 1.0));
        for it in &mut unknown {
            it.gradient_norm = None;
        }
        assert!(exploding(&unknown).is_empty());
    }
}
