//! Which columns say most about the target, each judged alone by a lookup from its value.

use super::{Rows, features};
use crate::data::encoder::Code;
use crate::data::prepare::Prepared;
use crate::run::TellingColumn;

/// Columns that are told.
const MOST_TELLING: usize = 5;

/// Bins of a column of numbers, of so many training rows at least.
const BINS: usize = 20;
const ROWS_A_BIN: usize = 20;

/// Rows of one class on end, in the order of a column, with as many of another class behind them, between which a
/// border is drawn: it would blur two classes that the column parts if it fell within a bin.
const ROWS_OF_A_SIDE: usize = 10;

/// Numbers of no more distinct values than this get a bin for each, as categories do.
const MOST_DISTINCT: usize = 50;

/// The columns that alone say most about the target, the most telling first.
pub(super) fn telling(data: &Prepared, rows: &Rows) -> Vec<TellingColumn> {
    let target = Goal::of(data, rows);
    let mut found = Vec::new();
    let mut at = 0;
    for column in &data.encoder.columns {
        let width = column.names().len();
        let said = match &column.code {
            Code::Number(_) => target.skill_of_numbers(data, rows, at, width).map(|it| (column.name.clone(), it)),
            // Of two levels there is one feature, 0 or 1, and a share for neither: a number as good as any.
            Code::Category(_) if width == 1 => {
                target.skill_of_numbers(data, rows, at, width).map(|it| (column.name.clone(), it))
            }
            Code::Category(_) => {
                let hot = |row| features(data, row, at, width).iter().position(|it| *it != 0.0).map_or(0, |it| it + 1);
                target.skill_of_lookup(rows, width + 1, hot).map(|it| (column.name.clone(), it))
            }
            Code::Words(_) => target
                .most_telling_word(data, rows, at, width)
                .and_then(|(word, skill)| Some((column.names().into_iter().nth(word)?, skill))),
        };
        found.extend(said.map(|(column, skill)| TellingColumn { column, skill }));
        at += width;
    }
    // Stable, so that of equally telling columns the first in the file comes first.
    found.sort_by(|a, b| b.skill.total_cmp(&a.skill));
    found.truncate(MOST_TELLING);
    found
}

/// What is to be said, and what guessing loses.
struct Goal {
    /// Target of each row of the data, centered for a regression so that sums of squares keep their digits.
    values: Vec<f64>,
    /// Share of each class on the training rows; empty for a regression.
    shares: Vec<f64>,
    /// Loss of the mean or of the shares on all judging rows together.
    guessing: f64,
}

impl Goal {
    fn of(data: &Prepared, rows: &Rows) -> Self {
        let mean =
            rows.train.iter().map(|row| f64::from(data.targets[*row])).sum::<f64>() / rows.train.len().max(1) as f64;
        if data.classes.is_empty() {
            let values: Vec<_> = data.targets.iter().map(|it| f64::from(*it) - mean).collect();
            let guessing = rows.judge.iter().map(|row| values[*row].powi(2)).sum();
            return Self { values, shares: Vec::new(), guessing };
        }
        let mut goal = Self {
            values: data.targets.iter().map(|it| f64::from(*it)).collect(),
            shares: vec![0.0; data.classes.len()],
            guessing: 0.0,
        };
        for row in &rows.train {
            goal.shares[goal.values[*row] as usize] += 1.0 / rows.train.len() as f64;
        }
        goal.guessing = rows.judge.iter().map(|row| -goal.share(goal.values[*row] as usize).ln()).sum();
        goal
    }

    /// Share of a class; one that no training row has counts as half a row of a small sample.
    fn share(&self, class: usize) -> f64 {
        self.shares[class].max(1e-4)
    }

    /// The share of the guessing's loss that is taken away; none where guessing loses nothing.
    fn skill(&self, loss: f64) -> Option<f64> {
        let skill = 1.0 - loss / self.guessing;
        (self.guessing > 0.0 && skill.is_finite()).then(|| skill.clamp(-1.0, 1.0))
    }

    /// Skill of a feature of numbers, cut into bins of equally many training rows; a second feature that says what
    /// is missing gets a bin of its own.
    fn skill_of_numbers(&self, data: &Prepared, rows: &Rows, at: usize, width: usize) -> Option<f64> {
        let value = |row: usize| features(data, row, at, width).first().copied().unwrap_or_default();
        let is_missing = |row: usize| width > 1 && features(data, row, at, width)[1] != 0.0;
        let present = rows.train.iter().filter(|row| !is_missing(**row));
        let mut sorted: Vec<_> = present.map(|row| (value(*row), self.values[*row])).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut edges = edges(&sorted);
        if !self.shares.is_empty() {
            edges.extend(borders(&sorted));
            edges.sort_unstable_by(f32::total_cmp);
        }
        let missing_bin = edges.len() + 1;
        let bin = |row: usize| {
            if is_missing(row) { missing_bin } else { edges.partition_point(|edge| *edge <= value(row)) }
        };
        if self.shares.is_empty() {
            self.skill_of_lines(rows, missing_bin + 1, bin, |row| f64::from(value(row)))
        } else {
            self.skill_of_lookup(rows, missing_bin + 1, bin)
        }
    }

    /// Skill of guessing, in each bin, what its training rows have.
    fn skill_of_lookup(&self, rows: &Rows, n_bins: usize, bin: impl Fn(usize) -> usize) -> Option<f64> {
        if self.shares.is_empty() {
            return self.skill_of_lines(rows, n_bins, bin, |_| 0.0);
        }
        let n_classes = self.shares.len();
        let (mut counts, mut totals) = (vec![0.0; n_bins * n_classes], vec![0.0; n_bins]);
        for row in &rows.train {
            let bin = bin(*row);
            counts[bin * n_classes + self.values[*row] as usize] += 1.0;
            totals[bin] += 1.0;
        }
        let loss = rows.judge.iter().map(|row| {
            let (bin, class) = (bin(*row), self.values[*row] as usize);
            self.surprise(counts[bin * n_classes + class], totals[bin], class)
        });
        self.skill(loss.sum())
    }

    /// Cross-entropy of one row of that class, where so many of so many training rows had it. One more row of the
    /// overall shares keeps a class that was never seen there possible.
    fn surprise(&self, count: f64, total: f64, class: usize) -> f64 {
        -((count + self.share(class)) / (total + 1.0)).ln()
    }

    /// Skill of a line in each bin, for a regression: a mere mean would lose most of a long tail that lies in one bin.
    fn skill_of_lines(
        &self,
        rows: &Rows,
        n_bins: usize,
        bin: impl Fn(usize) -> usize,
        x: impl Fn(usize) -> f64,
    ) -> Option<f64> {
        let mut lines = vec![Line::default(); n_bins];
        for row in &rows.train {
            lines[bin(*row)].push(x(*row), self.values[*row]);
        }
        let error = |row: &usize| self.values[*row] - lines[bin(*row)].at(x(*row));
        self.skill(rows.judge.iter().map(|row| error(row).powi(2)).sum())
    }

    /// The word of a text column whose presence says most, by its place in the column, and its skill.
    fn most_telling_word(&self, data: &Prepared, rows: &Rows, at: usize, width: usize) -> Option<(usize, f64)> {
        let train = WordCounts::of(self, data, &rows.train, at, width);
        let judge = WordCounts::of(self, data, &rows.judge, at, width);
        let skill = |word: usize| self.skill(train.loss(self, &judge, word));
        (0..width).filter_map(|word| Some((word, skill(word)?))).max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
    }
}

/// Values at which a new bin begins: between all distinct values where they are few, else one for every equal share
/// of rows. Takes values with their targets, ascending.
fn edges(sorted: &[(f32, f64)]) -> Vec<f32> {
    let steps = sorted.array_windows().filter(|[a, b]| a.0 < b.0);
    let between: Vec<_> = steps.take(MOST_DISTINCT).map(|[a, b]| f32::midpoint(a.0, b.0)).collect();
    if between.len() < MOST_DISTINCT {
        return between;
    }
    let n_bins = (sorted.len() / ROWS_A_BIN).clamp(2, BINS);
    let mut edges: Vec<_> =
        (1..n_bins).filter_map(|idx| sorted.get(idx * sorted.len() / n_bins)).map(|it| it.0).collect();
    edges.dedup();
    edges
}

/// Borders between many rows of one class and many of another. Takes values with their classes, ascending.
fn borders(sorted: &[(f32, f64)]) -> Vec<f32> {
    let mut borders = Vec::new();
    let mut before: &[(f32, f64)] = &[];
    for run in sorted.chunk_by(|a, b| a.1 == b.1) {
        if let (Some(last), true) = (before.last(), before.len() >= ROWS_OF_A_SIDE && run.len() >= ROWS_OF_A_SIDE) {
            borders.push(f32::midpoint(last.0, run[0].0));
        }
        before = run;
    }
    borders
}

/// A least-squares line through one bin's training rows.
#[derive(Clone, Copy, Default)]
struct Line {
    n: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    low: f64,
    high: f64,
}

/// Rows from which on a bin has a line; fewer have a mean.
const FEWEST_FOR_A_LINE: f64 = 5.0;

impl Line {
    /// Means and co-moments as they come (Welford), so that years near 2000 keep their digits.
    fn push(&mut self, x: f64, y: f64) {
        (self.low, self.high) = if self.n == 0.0 { (y, y) } else { (self.low.min(y), self.high.max(y)) };
        self.n += 1.0;
        let from_mean = x - self.x;
        self.x += from_mean / self.n;
        self.y += (y - self.y) / self.n;
        self.xx += from_mean * (x - self.x);
        self.xy += from_mean * (y - self.y);
    }

    /// The line at `x`, no further outside of what its rows had than these spread: the first and the last bin are
    /// open, and a tail goes on.
    fn at(&self, x: f64) -> f64 {
        let has_slope = self.n >= FEWEST_FOR_A_LINE && self.xx > 0.0;
        let line = if has_slope { self.y + self.xy / self.xx * (x - self.x) } else { self.y };
        let spread = self.high - self.low;
        line.clamp(self.low - spread, self.high + spread)
    }
}

/// For every word of a column, what the rows with it have.
struct WordCounts {
    n_classes: usize,
    /// Rows by word and class, or for a regression number, sum and sum of squares of the targets by word.
    with: Vec<f64>,
    /// The same over all rows.
    all: Vec<f64>,
}

impl WordCounts {
    fn of(goal: &Goal, data: &Prepared, rows: &[usize], at: usize, width: usize) -> Self {
        let n_classes = goal.shares.len();
        let stride = if n_classes == 0 { 3 } else { n_classes };
        let mut counts = Self { n_classes, with: vec![0.0; width * stride], all: vec![0.0; stride] };
        for row in rows {
            let value = goal.values[*row];
            let add = |to: &mut [f64]| {
                if n_classes == 0 {
                    to[0] += 1.0;
                    to[1] += value;
                    to[2] += value * value;
                } else {
                    to[value as usize] += 1.0;
                }
            };
            add(&mut counts.all);
            let present = features(data, *row, at, width).iter().enumerate().filter(|(_, it)| **it != 0.0);
            present.for_each(|(word, _)| add(&mut counts.with[word * stride..][..stride]));
        }
        counts
    }

    /// What these counts, as a lookup by presence of one word, lose on the judging rows' counts.
    fn loss(&self, goal: &Goal, judge: &Self, word: usize) -> f64 {
        let stride = self.all.len();
        let here = |it: &Self, idx: usize| it.with[word * stride + idx];
        let absent = |it: &Self, idx: usize| it.all[idx] - here(it, idx);
        let one_side = |side: &dyn Fn(&Self, usize) -> f64| {
            if self.n_classes == 0 {
                let mean = side(self, 1) / side(self, 0).max(1.0);
                return side(judge, 2) - 2.0 * mean * side(judge, 1) + mean * mean * side(judge, 0);
            }
            let total: f64 = (0..stride).map(|class| side(self, class)).sum();
            let rows = (0..stride).filter(|class| side(judge, *class) > 0.0);
            rows.map(|class| side(judge, class) * goal.surprise(side(self, class), total, class)).sum()
        };
        one_side(&here) + one_side(&absent)
    }
}
