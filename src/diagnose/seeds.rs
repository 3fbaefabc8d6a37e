//! Whether a difference between two settings is more than the seed makes.
//!
//! Both are trained with the same seeds, and everything that chance decides is drawn anew by each: leaving one source
//! of it out would make the spread too small (Bouthillier and others 2021, "Accounting for Variance in Machine Learning
//! Benchmarks"). A seed deals the same split to both, so that they are compared seed by seed: the paired t-test of
//! Student 1908, "The probable error of a mean". Where they share no three seeds, it is the test of Welch 1947, "The
//! generalization of Student's problem when several different population variances are involved". Both are two-sided
//! at 95 %.
//!
//! Said of these rows alone: what other rows of the same kind would do, no seed can tell (Nadeau and Bengio 2003,
//! "Inference for the Generalization Error").

use super::student;
use super::words::{number, plus_minus, significant};
use crate::run::{Run, SeedSpread};
use crate::spec::SplitMethod;

/// How sure a difference must be, both sides together.
const CONFIDENCE: f64 = 0.95;

/// Seeds that both must share to be compared one by one.
const FEWEST_PAIRS: usize = 3;

/// Below this many seeds the words say that they are few.
const FEW: usize = 5;

/// A run and what it is called in a sentence.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub name: &'a str,
    pub run: &'a Run,
}

/// Mean and sample standard deviation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    pub n: usize,
    pub mean: f64,
    pub deviation: f64,
}

/// Two settings' means held against each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The first mean less the second.
    pub value: f64,
    /// What chance alone reaches: only a larger difference can be told from it.
    pub by_chance: f64,
    /// Seeds of each that it rests on.
    pub n: [usize; 2],
    pub is_paired: bool,
}

/// Two settings with what each reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    pub difference: Difference,
    /// Of the seeds that are compared.
    pub of: [Summary; 2],
}

impl Summary {
    /// None of fewer than two values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let n = values.len();
        if n < 2 {
            return None;
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
        Some(Self { n, mean, deviation: (squares / (n - 1) as f64).sqrt() })
    }

    fn text(&self) -> String {
        plus_minus(self.mean, self.deviation)
    }
}

impl Difference {
    /// Seed by seed: values of two settings in the order of the same seeds.
    pub fn paired(a: &[f64], b: &[f64]) -> Option<Self> {
        let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
        let Summary { n, mean, deviation } = Summary::of(&differences)?;
        let by_chance = quantile((n - 1) as f64) * deviation / (n as f64).sqrt();
        Some(Self { value: mean, by_chance, n: [n; 2], is_paired: true })
    }

    /// Of seeds that have nothing to do with each other.
    pub fn welch(a: Summary, b: Summary) -> Self {
        let [of_a, of_b] = [a, b].map(|it| it.deviation.powi(2) / it.n as f64);
        let error = of_a + of_b;
        // Welch and Satterthwaite's degrees of freedom.
        let shares = of_a.powi(2) / (a.n - 1) as f64 + of_b.powi(2) / (b.n - 1) as f64;
        let degrees = (error.powi(2) / shares.max(f64::MIN_POSITIVE)).max(1.0);
        let by_chance = if error > 0.0 { quantile(degrees) * error.sqrt() } else { 0.0 };
        Self { value: a.mean - b.mean, by_chance, n: [a.n, b.n], is_paired: false }
    }

    /// Whether it is more than the seed alone makes.
    pub fn is_beyond(&self) -> bool {
        self.value.abs() > self.by_chance
    }
}

fn quantile(degrees: f64) -> f64 {
    student::quantile(0.5 + CONFIDENCE / 2.0, degrees)
}

/// Whether two runs measure the same: the same loss of the same data.
pub fn is_comparable(a: &Run, b: &Run) -> bool {
    a.project.data == b.project.data && a.project.loss == b.project.loss
}

/// The earlier run that one is held against: the newest with seeds of its own, else the newest that measures the same.
pub fn rival<'a>(run: &Run, earlier: impl Iterator<Item = &'a Run>) -> Option<usize> {
    let comparable: Vec<_> = earlier.enumerate().filter(|(_, it)| is_comparable(run, it)).collect();
    let spread = comparable.iter().find(|(_, it)| it.seeds.is_spread());
    spread.or(comparable.first()).map(|it| it.0)
}

/// What the seeds say of a run, and of the difference to another: in a few sentences with their numbers. None before
/// either has seeds enough.
pub fn tell(shown: Setting<'_>, other: Option<Setting<'_>>) -> Option<String> {
    let rival = other.filter(|it| is_comparable(shown.run, it.run));
    let of = |it: Setting<'_>| it.run.seeds.is_spread();
    let mut parts = match (of(shown), rival) {
        (true, Some(other)) if of(other) => vec![two_spreads(shown, other)],
        (true, Some(other)) => vec![one_spread(shown)?, one_run(other, shown)],
        (true, None) => vec![one_spread(shown)?],
        (false, Some(other)) if of(other) => vec![one_run(shown, other)],
        (false, _) => return None,
    };
    parts.extend([Some(shown), rival].into_iter().flatten().map(lost));
    parts.retain(|it| !it.is_empty());
    Some(parts.join(" "))
}

/// What each seed draws anew: all that chance decides, but for a split that the project fixes.
pub fn drawn_anew(run: &Run) -> &'static str {
    let (split, own) = (&run.project.split, run.project.training.seed);
    let follows = split.seed.is_none_or(|it| it == own) && split.method != SplitMethod::Ordered;
    if follows { "split, weights, order and dropout" } else { "weights, order and dropout" }
}

/// Two settings' means held against each other: seed by seed where they share enough of the same split, else as two
/// groups. None where either has fewer than two seeds.
pub fn compare(a: &Run, b: &Run) -> Option<Comparison> {
    let (of_a, of_b) = (a.seeds.values(), b.seeds.values());
    let values = |of: &[(u64, f64)]| of.iter().map(|it| it.1).collect::<Vec<_>>();
    let shared = |of: &[(u64, f64)], with: &[(u64, f64)]| -> Vec<f64> {
        of.iter().filter(|(seed, _)| with.iter().any(|it| it.0 == *seed)).map(|it| it.1).collect()
    };
    let is_paired = shared(&of_a, &of_b).len() >= FEWEST_PAIRS && a.project.split == b.project.split;
    let (in_a, in_b) =
        if is_paired { (shared(&of_a, &of_b), shared(&of_b, &of_a)) } else { (values(&of_a), values(&of_b)) };
    let [of_a, of_b] = [Summary::of(&in_a)?, Summary::of(&in_b)?];
    let paired = Difference::paired(&in_a, &in_b).filter(|_| is_paired);
    Some(Comparison { difference: paired.unwrap_or_else(|| Difference::welch(of_a, of_b)), of: [of_a, of_b] })
}

fn two_spreads(a: Setting<'_>, b: Setting<'_>) -> String {
    let Some(Comparison { difference, of: [of_a, of_b] }) = compare(a.run, b.run) else { return String::new() };
    let over = if difference.is_paired {
        format!("Over the same {} seeds", of_a.n)
    } else {
        format!("Over {} and {} seeds", of_a.n, of_b.n)
    };
    let few = of_a.n.min(of_b.n);
    let few =
        if few < FEW { format!(" {few} seeds are few: more would tell smaller differences.") } else { String::new() };
    format!("{over}, {} reaches {} and {} {}: {}{few}", a.name, of_a.text(), b.name, of_b.text(), judged(&difference))
}

fn judged(difference: &Difference) -> String {
    let [value, by_chance] = [difference.value.abs(), difference.by_chance].map(|it| number(significant(it, 2)));
    let test = if difference.is_paired { "paired t-test" } else { "Welch's t-test" };
    if difference.is_beyond() {
        format!(
            "the difference of {value} is beyond what the seed alone makes, which is up to {by_chance} ({test}, 95 %)."
        )
    } else {
        format!(
            "the difference of {value} is within what the seed alone makes; below {by_chance} nothing can be told ({test}, 95 %)."
        )
    }
}

fn one_spread(it: Setting<'_>) -> Option<String> {
    let values: Vec<f64> = it.run.seeds.values().iter().map(|it| it.1).collect();
    let summary = Summary::of(&values)?;
    let (low, high) = range(&it.run.seeds);
    Some(format!(
        "Over {} seeds, {} reaches {}, from {} to {}: that much the seed alone makes, by {}.",
        summary.n,
        it.name,
        summary.text(),
        number(low),
        number(high),
        drawn_anew(it.run)
    ))
}

/// A run of one seed against what the seeds of another span.
fn one_run(single: Setting<'_>, spread: Setting<'_>) -> String {
    let best = single.run.history.best_epoch().map(|it| it.validation_loss);
    let failed = single.run.finished.as_ref().is_some_and(|it| !it.reason.is_success());
    let Some(value) = best.filter(|_| !failed) else { return String::new() };
    let (low, high) = range(&spread.run.seeds);
    let n = spread.run.seeds.values().len();
    let span = format!("{} to {}", number(low), number(high));
    let (value_text, name) = (number(value), capital(single.name));
    if (low..=high).contains(&value) {
        format!(
            "{name} reached {value_text} with one seed, within the {span} that {n} seeds of {} span: the seed alone can make that difference.",
            spread.name
        )
    } else {
        let side = if value < low { "below" } else { "above" };
        format!(
            "{name} reached {value_text} with one seed, {side} the {span} that {n} seeds of {} span. One seed proves nothing yet: the same seeds of it would.",
            spread.name
        )
    }
}

fn lost(it: Setting<'_>) -> String {
    let rows = it.run.seeds.rows();
    let n = rows.iter().filter(|row| row.value().is_none()).count();
    if n == 0 {
        return String::new();
    }
    let is = if n == 1 { "is" } else { "are" };
    format!("{n} of {} seeds of {} diverged or failed and {is} left out.", rows.len(), it.name)
}

fn range(seeds: &SeedSpread) -> (f64, f64) {
    let values = seeds.values();
    let fold = |by: fn(f64, f64) -> f64, from| values.iter().map(|it| it.1).fold(from, by);
    (fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY))
}

fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests;
