//! Rule: the rows come in the same order every epoch.
//!
//! ## What you see
//! Within each epoch the loss of the batches makes the same pattern as in the epoch before, often a sawtooth: it
//! jumps where another kind of rows begins, and falls while they last.
//! ## Why it happens
//! The training rows are not shuffled, and the file is sorted, by class or by target. Each stretch pulls the
//! network towards its own rows, and away from those of the stretch before.
//! ## What to try
//! Shuffle the rows before every epoch.
//! ## Source
//! Bengio 2012, "Practical recommendations for gradient-based training of deep architectures", on the order of
//! rows; Google's machine learning crash course on loss curves that rise in steps. The measure is ours: the
//! correlation of an epoch's losses, part by part, with the epoch's before. In shuffled runs it strays around 0;
//! without shuffling it was above 0.97 from the third epoch on.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const UNSHUFFLED_BATCHES: Rule = Rule {
    id: "unshuffled-batches",
    label: "Unshuffled batches",
    about: "The loss makes the same pattern within every epoch: the rows always come in the same order.",
    needs: &[Need::TrainLoss, Need::Batches],
    explains: &["loss-spikes", "learning-rate-too-high"],
    make: |context| Box::new(UnshuffledBatches::new(context)),
};

/// Parts of an epoch that make a pattern.
const FEWEST_PARTS: usize = 4;
const MOST_PARTS: usize = 8;

/// Pairs of neighbouring epochs whose median correlation counts. Of four patterns drawn by chance the median is
/// above 0.8 once in thousands.
const PAIRS: usize = 4;
const FEWEST_PAIRS: usize = 3;

/// A pattern smaller than this share of the loss is nothing to see.
const LEAST_AMPLITUDE: f64 = 0.002;

/// Amplitude above what parts drawn by chance would have, from which rows of a kind lie together.
const BEYOND_CHANCE: f64 = 1.5;

/// Squared steps between neighbouring parts, against the variance of all parts: 2 where order is chance, less
/// where neighbours are alike (von Neumann's ratio).
const ALIKE: f64 = 1.0;

/// The same where a part holds so few batches that nobody knows what chance would make.
const ALIKE_WITHOUT_CHANCE: f64 = 1.5;

struct UnshuffledBatches {
    correlation: f64,
    before: [f64; MOST_PARTS],
    n_before: usize,
    last_loss: Option<f64>,
    correlations: Recent,
    /// Whether rows of a kind were ever seen to lie together.
    is_sorted: bool,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    correlation: f64,
    /// Standard deviation of the parts, as a share of the loss.
    amplitude: f64,
    /// The same in multiples of what chance would make; none where unknown.
    beyond_chance: Option<f64>,
    lowest: f64,
    highest: f64,
}

impl UnshuffledBatches {
    fn new(context: &Context) -> Self {
        Self {
            correlation: context.threshold("unshuffled-batches.correlation"),
            before: [0.0; MOST_PARTS],
            n_before: 0,
            last_loss: None,
            correlations: Recent::new(PAIRS),
            is_sorted: false,
            from_epoch: None,
            now: Now::default(),
        }
    }

    /// Keeps this epoch's pattern for the next, and gives its correlation with the one before.
    fn compare(&mut self, centered: [f64; MOST_PARTS], n: usize) -> Option<f64> {
        let before = std::mem::replace(&mut self.before, centered);
        let n_before = std::mem::replace(&mut self.n_before, n);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let correlation =
            product(&before, &centered) / (product(&before, &before) * product(&centered, &centered)).sqrt();
        (n_before == n && correlation.is_finite()).then_some(correlation)
    }
}

/// Steps between neighbours, squared, over the variance: small where neighbours are alike.
fn roughness(centered: &[f64]) -> f64 {
    let steps: f64 = centered.windows(2).map(|it| (it[1] - it[0]).powi(2)).sum();
    let squares: f64 = centered.iter().map(|it| it * it).sum();
    let n = centered.len() as f64;
    (steps / (n - 1.0)) / (squares / n).max(f64::MIN_POSITIVE)
}

impl Observer for UnshuffledBatches {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        if context.knows_project && context.project.training.shuffle {
            return Look::Absent;
        }
        let n = row.train_parts.len();
        let last_loss = self.last_loss.replace(row.train_loss);
        if !(FEWEST_PARTS..=MOST_PARTS).contains(&n) {
            return Look::Unclear;
        }
        let mean = row.train_parts.iter().sum::<f64>() / n as f64;
        let mut centered = [0.0; MOST_PARTS];
        for (at, part) in centered.iter_mut().zip(&row.train_parts) {
            *at = part - mean;
        }
        let deviation = (centered.iter().map(|it| it * it).sum::<f64>() / n as f64).sqrt();
        let Some(correlation) = self.compare(centered, n) else {
            return Look::Unclear;
        };
        // Learning itself makes one falling pattern in every epoch, but one no higher than what an epoch brings.
        let learned = last_loss.map_or(f64::INFINITY, |it| (it - row.train_loss).abs());
        if !deviation.is_finite() || deviation < LEAST_AMPLITUDE * mean.abs() || deviation < learned {
            return Look::Unclear;
        }
        self.correlations.push(correlation);
        let typical = self.correlations.median_of_last(PAIRS).unwrap_or(correlation);
        if self.correlations.back(FEWEST_PAIRS - 1).is_none() {
            return Look::Unclear;
        }
        if typical <= self.correlation {
            (self.from_epoch, self.is_sorted) = (None, false);
            return Look::Absent;
        }
        let chance = row.batch_deviation.filter(|it| *it > 0.0).and_then(|deviation| {
            let batches = context.steps_per_epoch as f64 / n as f64;
            (batches >= 2.0).then(|| deviation / batches.sqrt())
        });
        let beyond_chance = chance.map(|it| deviation / it);
        let alike = if beyond_chance.is_some() { ALIKE } else { ALIKE_WITHOUT_CHANCE };
        let lies_together = beyond_chance.is_some_and(|it| it > BEYOND_CHANCE) || roughness(&centered[..n]) < alike;
        self.is_sorted |= lies_together;
        let (lowest, highest) =
            row.train_parts.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(*it), b.max(*it)));
        self.now = Now { correlation: typical, amplitude: deviation / mean.abs(), beyond_chance, lowest, highest };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(FEWEST_PAIRS as u64).max(1));
        let severity = if self.is_sorted { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let why = if self.is_sorted {
            "rows that are not shuffled and lie sorted in the file"
        } else {
            "rows that are not shuffled, in an order that does little harm"
        };
        let mut evidence =
            vec![("correlation", against(now.correlation, self.correlation)), ("amplitude", measured(now.amplitude))];
        evidence.extend(now.beyond_chance.map(|it| ("of_chance", against(it, BEYOND_CHANCE))));
        Words {
            text: format!(
                "Within every epoch the loss makes the same pattern, now between {} and {}, and it repeats with a correlation of {}. This is consistent with {why}.",
                number(now.lowest),
                number(now.highest),
                number(now.correlation)
            ),
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula: format!(
                "correlation of an epoch's parts with the epoch's before = {}, above {}; deviation of the parts {} of the loss",
                number(now.correlation),
                number(self.correlation),
                percent(now.amplitude)
            ),
            rival: "A learning rate that is too high also makes losses jump within an epoch, but never twice in the same places.".to_owned(),
            remedies: remedy::shuffle(&context.project).into_iter().collect(),
        }
    }

    fn farewell(&self) -> String {
        "The loss no longer makes the same pattern in every epoch.".to_owned()
    }

    /// Several epochs have been compared already.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 2, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, recorded, regression, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn unshuffled() -> Context {
        let mut context = regression();
        context.project.set("training.shuffle=off").unwrap();
        context
    }

    /// Losses that fall towards 0.3, with so much of a pattern and of chance within each epoch.
    fn epochs(n: u64, seed: u64, pattern: [f64; 8], noise: f64) -> Vec<EpochRow> {
        let mut draw = Noise::new(seed);
        let mut rows = run(n, |epoch| (0.3 + (-epoch / 4.0).exp(), 0.4));
        for row in &mut rows {
            let fall = 0.25 * (-(row.epoch as f64) / 4.0).exp();
            let part = |idx: usize, draw: &mut Noise| {
                row.train_loss + fall * (0.5 - idx as f64 / 7.0) + pattern[idx] + noise * draw.normal()
            };
            row.train_parts = (0..8).map(|idx| part(idx, &mut draw)).collect();
            row.batch_deviation = Some(0.1);
        }
        rows
    }

    /// Two classes one after the other.
    const SORTED: [f64; 8] = [0.2, 0.05, -0.1, -0.15, 0.2, 0.05, -0.1, -0.15];

    fn finding(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("unshuffled-batches", &unshuffled(), rows)
    }

    #[test]
    fn a_sawtooth_that_repeats_is_told() {
        let told = finding(&epochs(30, 1, SORTED, 0.02));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert!(told[0].epoch <= 8 && told[0].from_epoch <= 4, "{} {}", told[0].epoch, told[0].from_epoch);
        assert!(told[0].text.contains("sorted in the file"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Shuffle the rows before every epoch");
    }

    #[test]
    fn a_fixed_order_without_order_in_it_is_an_info() {
        let rough = [0.03, -0.04, 0.05, -0.02, 0.01, -0.05, 0.04, -0.02];
        let told = finding(&epochs(30, 1, rough, 0.005));
        assert_eq!(worst(&told), Some(Severity::Info));
        assert!(told[0].text.contains("does little harm"), "{}", told[0].text);
    }

    #[test]
    fn shuffled_runs_are_silent_whether_known_or_not() {
        let unknown = Context { knows_project: false, ..regression() };
        for seed in 0..200 {
            let rows = epochs(60, seed, [0.0; 8], 0.04);
            assert!(told("unshuffled-batches", &unknown, &rows).is_empty(), "seed {seed}");
        }
        assert!(told("unshuffled-batches", &regression(), &epochs(30, 1, SORTED, 0.0)).is_empty(), "it shuffles");
    }

    #[test]
    fn the_correlation_is_held_against_its_threshold() {
        let mut context = unshuffled();
        let rows = epochs(40, 2, SORTED, 0.1);
        context.project.set("doctor.unshuffled-batches.correlation=0.2").unwrap();
        assert!(!told("unshuffled-batches", &context, &rows).is_empty());
        context.project.set("doctor.unshuffled-batches.correlation=0.95").unwrap();
        assert!(told("unshuffled-batches", &context, &rows).is_empty());
    }

    #[test]
    fn it_clears_once_rows_are_shuffled_and_needs_parts_and_epochs() {
        let mut rows = epochs(20, 1, SORTED, 0.02);
        let mut shuffled = epochs(40, 2, [0.0; 8], 0.04);
        rows.extend(shuffled.split_off(20));
        assert_eq!(states(&finding(&rows)).last(), Some(&FindingState::Cleared));
        assert!(finding(&epochs(4, 1, SORTED, 0.0)).is_empty());
        assert!(finding(&recorded::spam_emails()).is_empty(), "without parts");
        let mut few = epochs(30, 1, SORTED, 0.0);
        for it in &mut few {
            it.train_parts.truncate(3);
        }
        assert!(finding(&few).is_empty());
    }
}
