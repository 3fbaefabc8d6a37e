//! Counting what was told against what is true.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use learnscope::spec::Truth;

/// What was told of one run: rules, with the epoch at which each was told first.
pub(crate) struct Outcome {
    pub(crate) told: BTreeMap<String, u64>,
}

/// Hits, misses and false alarms by fault.
#[derive(Default)]
pub(crate) struct Table {
    faults: BTreeMap<String, Counts>,
    healthy_runs: usize,
    healthy_alarms: usize,
}

#[derive(Default)]
struct Counts {
    runs: usize,
    hits: usize,
    false_alarms: usize,
    /// Epochs from the fault's onset to its finding.
    delays: Vec<i64>,
    /// What was told instead where it was missed or falsely told.
    confused: BTreeSet<String>,
}

impl Table {
    pub(crate) fn add(&mut self, truth: &Truth, outcome: &Outcome) {
        if truth.primary.is_empty() {
            self.healthy_runs += 1;
            self.healthy_alarms += usize::from(!outcome.told.is_empty());
        } else {
            let counts = self.faults.entry(truth.primary.clone()).or_default();
            counts.runs += 1;
            if let Some(epoch) = outcome.told.get(&truth.primary) {
                counts.hits += 1;
                counts.delays.push(*epoch as i64 - truth.onset as i64);
            }
        }
        for rule in outcome.told.keys().filter(|it| **it != truth.primary && !truth.also.contains(it)) {
            let counts = self.faults.entry(rule.clone()).or_default();
            counts.false_alarms += 1;
            counts.confused.insert(if truth.primary.is_empty() { "healthy".to_owned() } else { truth.primary.clone() });
        }
    }

    /// Mean of the faults' F1 over faults that were planted.
    pub(crate) fn macro_f1(&self) -> f64 {
        let planted: Vec<_> = self.faults.values().filter(|it| it.runs > 0).collect();
        planted.iter().map(|it| it.f1()).sum::<f64>() / planted.len().max(1) as f64
    }
}

impl Counts {
    fn f1(&self) -> f64 {
        let missed = self.runs - self.hits;
        let all = 2 * self.hits + self.false_alarms + missed;
        if all == 0 { 0.0 } else { 2.0 * self.hits as f64 / all as f64 }
    }

    fn median_delay(&self) -> Option<i64> {
        let mut sorted = self.delays.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:24} {:>5} {:>5} {:>6} {:>6} {:>6}  falsely at",
            "fault", "runs", "hits", "false", "F1", "delay"
        )?;
        for (fault, it) in &self.faults {
            let delay = it.median_delay().map_or_else(|| "-".to_owned(), |it| it.to_string());
            let confused: Vec<_> = it.confused.iter().map(String::as_str).collect();
            writeln!(
                f,
                "{fault:24} {:>5} {:>5} {:>6} {:>6.2} {delay:>6}  {}",
                it.runs,
                it.hits,
                it.false_alarms,
                it.f1(),
                confused.join(" ")
            )?;
        }
        writeln!(f, "healthy runs with a warning: {} of {}", self.healthy_alarms, self.healthy_runs)?;
        write!(f, "macro F1 {:.3}", self.macro_f1())
    }
}
