//! Rule: the training loss leaps up now and then, and comes back.
//!
//! ## What you see
//! A smooth training curve with single high epochs in it, or high parts within epochs.
//! ## Why it happens
//! Single batches with odd rows, such as outliers or wrong targets; now and then a gradient that explodes.
//! ## What to try
//! Gradient clipping; a loss that outliers do not rule; a lower learning rate; a look at the rows.
//! ## Source
//! Chowdhery et al. 2022, "PaLM", section 5.1, on spikes that single batches make in one state of the weights. Six
//! deviations, read robustly on the log of the loss, above the median of what came before; a least height keeps
//! out what nobody would see, and a loss that leaps all the time is another rule's.

use super::answers::first_loss;
use super::curves::{Wobble, guessing, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::number;
use crate::run::{EpochRow, Severity};

pub(super) const LOSS_SPIKES: Rule = Rule {
    id: "loss-spikes",
    label: "Loss spikes",
    about: "Training loss leaps up at single epochs, or within them, and comes back.",
    needs: &[Need::TrainLoss],
    explains: &[],
    make: |context| {
        Box::new(LossSpikes {
            deviations: context.threshold("loss-spikes.deviations"),
            share: context.threshold("loss-spikes.share"),
            count: context.threshold("loss-spikes.count"),
            calm: Recent::new(AROUND),
            wobble: Wobble::default(),
            within: Recent::new(AROUND),
            first: None,
            open: None,
            spikes: 0,
            shown: [Spike::default(); SHOWN],
            last_spike: 0,
            learning_rate: 0.0,
        })
    },
};

/// Calm epochs around which a spike stands out.
const AROUND: usize = 7;

/// Calm epochs before which none is looked for.
const WARM_UP: usize = 5;

/// The least deviation of the log loss that is reckoned with.
const LEAST_DEVIATION: f64 = 0.01;

/// The least height as a share of what guessing loses.
const OF_GUESSING: f64 = 0.05;

/// Epochs within which a spike comes back down by two thirds; what stays is a level.
const LONGEST: u64 = 3;
const COMES_DOWN: f64 = 1.0 / 3.0;

/// Share of the epochs that may be spikes; more is no exception but the way of the run.
const MOST: f64 = 0.25;

/// A finding is over after so many epochs without a spike, and half the run.
const FORGOTTEN: u64 = 20;

/// How much the highest part of an epoch must stand above its others, over what it does as a rule, in log loss.
const PART: f64 = 0.7;

/// Spikes that the words name.
const SHOWN: usize = 5;

struct LossSpikes {
    deviations: f64,
    share: f64,
    count: f64,
    /// Losses of epochs without a spike, and their deviation on a log scale.
    calm: Recent,
    wobble: Wobble,
    /// How far the highest part of an epoch stands above its middle one, in log loss.
    within: Recent,
    first: Option<f64>,
    /// One that has not come down yet.
    open: Option<Spike>,
    spikes: u64,
    /// The latest ones, the last one at `(spikes - 1) % SHOWN`.
    shown: [Spike; SHOWN],
    last_spike: u64,
    learning_rate: f64,
}

#[derive(Clone, Copy, Default)]
struct Spike {
    epoch: u64,
    top: f64,
    around: f64,
    /// Of a part of the epoch's steps, which the mean over the epoch hides.
    is_part: bool,
}

impl Observer for LossSpikes {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if !row.train_loss.is_finite() || row.train_loss < 0.0 {
            return Look::Unclear;
        }
        let guessing = guessing(context, *self.first.get_or_insert_with(|| first_loss(row)));
        self.learning_rate = row.learning_rate;
        self.fold(row, guessing);
        if self.calm.back(WARM_UP - 1).is_none() {
            return Look::Unclear;
        }
        let rare = (self.spikes as f64) <= (MOST * row.epoch as f64).max(self.count);
        let recent = row.epoch - self.last_spike <= FORGOTTEN.max(row.epoch / 2);
        if (self.spikes as f64) < self.count || !rare || !(recent || !standing && self.last_spike == row.epoch) {
            return Look::Absent;
        }
        let oldest = self.latest().map(|it| it.epoch).min().unwrap_or(row.epoch);
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: oldest }
    }

    fn words(&self, context: &Context) -> Words {
        let mut latest: Vec<Spike> = self.latest().collect();
        latest.sort_unstable_by_key(|it| it.epoch);
        let epochs: Vec<String> = latest.iter().map(|it| it.epoch.to_string()).collect();
        let Some(highest) = latest.iter().copied().max_by(|a, b| (a.top / a.around).total_cmp(&(b.top / b.around)))
        else {
            return Words::default();
        };
        let which = if self.spikes > SHOWN as u64 { ", the last of them" } else { "" };
        let third = remedy::learning_rate(context, self.learning_rate, Rate::Third);
        let remedies = match remedy::adam_for_rmsprop(&context.project) {
            Some(it) => [Some(it), third, None],
            None => [remedy::clip_norm(&context.project), third, remedy::bigger_batch(&context.project)],
        };
        let words = Words {
            text: format!(
                "Training loss has leapt up {} times and come back{which} at epochs {}; at epoch {} {} stood at {} among {}. This is consistent with single batches of odd rows, or steps that are now and then far too large.",
                self.spikes,
                epochs.join(", "),
                highest.epoch,
                if highest.is_part { "a part of its steps, hidden in their mean," } else { "it" },
                number(highest.top),
                number(highest.around),
            ),
            formula: format!(
                "highest spike / loss around it = {} / {} = {}, above {} and {} deviations of single epochs",
                number(highest.top),
                number(highest.around),
                number(highest.top / highest.around),
                number(1.0 + self.share),
                number(self.deviations),
            ),
            rival: "A learning rate that is too high throughout makes the whole curve rough, not single epochs."
                .to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        let evidence = [
            ("spikes", against(self.spikes as f64, self.count)),
            ("height", against(highest.top / highest.around - 1.0, self.share)),
            ("learning_rate", measured(self.learning_rate)),
        ];
        with_evidence(words, evidence)
    }

    fn farewell(&self) -> String {
        format!("Training loss has not leapt up since epoch {}.", self.last_spike)
    }

    /// Spikes were counted before: there is nothing more to wait for.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

impl LossSpikes {
    fn latest(&self) -> impl Iterator<Item = Spike> + '_ {
        self.shown.iter().copied().take(self.spikes.min(SHOWN as u64) as usize)
    }

    fn fold(&mut self, row: &EpochRow, guessing: f64) {
        let loss = row.train_loss;
        if let Some(open) = self.open {
            if loss < open.around + COMES_DOWN * (open.top - open.around) {
                self.count_in(open);
                self.open = None;
            } else if row.epoch - open.epoch >= LONGEST {
                // It stayed: a new level, to be known from its own epochs.
                self.open = None;
                self.calm = Recent::new(AROUND);
                self.wobble = Wobble::default();
            } else {
                let top = open.top.max(loss);
                self.open = Some(Spike { top, ..open });
                return;
            }
        }
        // Where the curve still falls the median lags above it, which only asks for more.
        let around = self.calm.back(WARM_UP - 1).and_then(|_| self.calm.median_of_last(AROUND)).filter(|it| *it > 0.0);
        if let Some(around) = around {
            let deviation = self.wobble.deviation().unwrap_or(LEAST_DEVIATION).max(LEAST_DEVIATION);
            let height = (loss.max(f64::MIN_POSITIVE) / around).ln();
            let stands_out = height > self.deviations * deviation && height > self.share.ln_1p();
            if stands_out && loss - around > OF_GUESSING * guessing {
                self.open = Some(Spike { epoch: row.epoch, top: loss, around, is_part: false });
                return;
            }
        }
        self.part(row, guessing);
        self.calm.push(loss);
        self.wobble.push(loss.max(f64::MIN_POSITIVE).ln());
    }

    /// A spike within an epoch whose mean hides it. Where the same part is high in every epoch, it is their order.
    fn part(&mut self, row: &EpochRow, guessing: f64) {
        let parts = &row.train_parts;
        let top = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let Some(middle) = crate::diagnose::stats::median(parts.iter().copied()).filter(|it| *it > 0.0) else {
            return;
        };
        if parts.len() < 4 || !top.is_finite() {
            return;
        }
        let height = (top / middle).ln();
        if self.within.back(WARM_UP - 1).is_some() {
            let usual = self.within.median_of_last(AROUND).unwrap_or(0.0);
            // An epoch's parts are fewer steps than the epoch, and stray more.
            let deviation = self.wobble.deviation().unwrap_or(LEAST_DEVIATION).max(LEAST_DEVIATION);
            let noise = self.deviations * deviation * (parts.len() as f64).sqrt();
            if height - usual > noise.max(PART) && top - middle > (parts.len() as f64).sqrt() * OF_GUESSING * guessing {
                self.count_in(Spike { epoch: row.epoch, top, around: middle, is_part: true });
                return;
            }
        }
        self.within.push(height);
    }

    fn count_in(&mut self, spike: Spike) {
        self.shown[(self.spikes % SHOWN as u64) as usize] = spike;
        self.spikes += 1;
        self.last_spike = self.last_spike.max(spike.epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, states, told};
    use crate::run::{FindingRow, FindingState};

    fn spikes(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("loss-spikes", &regression(), rows)
    }

    /// A healthy fall with the loss multiplied by `factor` at these epochs.
    fn leaping(seed: u64, factor: f64, at: &[u64]) -> Vec<EpochRow> {
        let mut rows = healthy(seed, 60);
        for row in rows.iter_mut().filter(|row| at.contains(&row.epoch)) {
            row.train_loss *= factor;
        }
        rows
    }

    #[test]
    fn rmsprop_is_offered_an_optimizer_that_averages() {
        let mut context = regression();
        context.project.set("optimizer=rmsprop").unwrap();
        let told = told("loss-spikes", &context, &leaping(1, 3.0, &[25, 40]));
        assert_eq!(told[0].remedies[0].set["optimizer"], "adam", "no norm of gradients bounds its steps");
    }

    #[test]
    fn two_leaps_that_come_back_are_told_with_their_epochs() {
        for seed in 0..20 {
            let told = spikes(&leaping(seed, 3.0, &[25, 40]));
            assert_eq!((told[0].severity, told[0].from_epoch, told[0].epoch), (Severity::Warning, 25, 41), "{seed}");
            assert!(told[0].text.contains("2 times") && told[0].text.contains("25, 40"), "{}", told[0].text);
            assert_eq!(told[0].remedies[0].label, "Clip gradients at norm 1");
        }
    }

    #[test]
    fn many_leaps_are_counted_and_the_last_five_named() {
        let told = spikes(&leaping(1, 3.0, &[12, 18, 24, 30, 36, 42, 48]));
        let last = told.last().unwrap();
        assert!(last.text.contains("the last of them at epochs"), "{}", last.text);
        assert!(!states(&told).contains(&FindingState::Cleared));
    }

    #[test]
    fn one_leap_or_low_ones_or_a_new_level_are_none() {
        assert!(spikes(&leaping(1, 3.0, &[25])).is_empty());
        assert!(spikes(&leaping(1, 1.3, &[25, 40])).is_empty());
        assert!(!spikes(&leaping(1, 1.8, &[25, 40])).is_empty());
        assert!(spikes(&leaping(1, 3.0, &(25..=60).collect::<Vec<_>>())).is_empty());
        let tiny = run(60, |epoch| (if epoch % 20.0 == 0.0 { 0.01 } else { 0.001 }, 0.001));
        assert!(spikes(&tiny).is_empty(), "nobody would see a hundredth of guessing");
    }

    #[test]
    fn a_part_of_an_epoch_may_leap_and_a_sawtooth_is_another_matter() {
        let with_parts = |spiked: fn(u64) -> bool| {
            let mut rows = healthy(2, 60);
            for row in &mut rows {
                row.train_parts = vec![row.train_loss; 8];
                if spiked(row.epoch) {
                    row.train_parts[3] = 2.0 * row.train_loss + 1.0;
                }
            }
            rows
        };
        let told = spikes(&with_parts(|epoch| epoch == 30 || epoch == 44));
        assert_eq!((told[0].epoch, told[0].from_epoch), (44, 30));
        assert!(spikes(&with_parts(|_| true)).is_empty());
    }

    #[test]
    fn healthy_rough_and_short_runs_have_none() {
        for seed in 0..60 {
            assert!(spikes(&healthy(seed, 100)).is_empty(), "seed {seed}");
            let mut noise = Noise::new(seed);
            let rough = run(80, |_| (0.4 * (1.0 + 0.2 * noise.normal()).max(0.1), 0.4));
            assert!(spikes(&rough).is_empty(), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(told("loss-spikes", &binary(), &rows).is_empty(), "{name}");
        }
        assert!(spikes(&leaping(1, 3.0, &[2, 4])[..5]).is_empty());
    }
}
