//! Small robust statistics: medians, so that a single odd epoch decides nothing.

use std::collections::VecDeque;

/// The last values of a curve, oldest first.
#[derive(Clone, Debug)]
pub(super) struct Recent {
    values: VecDeque<f64>,
    capacity: usize,
}

/// Epochs from which the jitter is read: enough for a median, few enough to forget how the curve began.
const JITTER_EPOCHS: usize = 20;

/// Below this many epochs nothing is said about jitter.
const FEWEST_FOR_JITTER: usize = 6;

impl Recent {
    pub(super) fn new(capacity: usize) -> Self {
        Self { values: VecDeque::with_capacity(capacity), capacity }
    }

    pub(super) fn push(&mut self, value: f64) {
        if self.values.len() == self.capacity {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// The value `back` epochs ago; 0 is the last.
    pub(super) fn back(&self, back: usize) -> Option<f64> {
        let idx = self.values.len().checked_sub(back + 1)?;
        self.values.get(idx).copied()
    }

    /// Median of the last `n` values, or of all while there are fewer; none before the first.
    pub(super) fn median_of_last(&self, n: usize) -> Option<f64> {
        median(self.values.iter().rev().take(n).copied())
    }

    /// How far single values stray from a smooth curve, as a standard deviation; none while there are too few.
    ///
    /// Read from second differences, which neither a level nor a steady slope enters: for independent noise they
    /// spread by √6 of the noise, and the median of their size is 0.6745 of that.
    pub(super) fn jitter(&self) -> Option<f64> {
        let n = self.values.len();
        if n < FEWEST_FOR_JITTER {
            return None;
        }
        let from = n.saturating_sub(JITTER_EPOCHS);
        let bend = |idx: usize| (self.values[idx - 1] - 2.0 * self.values[idx] + self.values[idx + 1]).abs();
        median((from + 1..n - 1).map(bend)).map(|it| it / (0.6745 * 6.0_f64.sqrt()))
    }
}

/// A straight line through values as they come, in constant memory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trend {
    n: f64,
    last: f64,
    sum: f64,
    sum_of_squares: f64,
    /// Sum of `index * value`.
    weighted: f64,
    /// Sum of squared differences between neighbours.
    wobble: f64,
}

impl Trend {
    pub(super) fn push(&mut self, value: f64) {
        if self.n > 0.0 {
            self.wobble += (value - self.last).powi(2);
        }
        self.weighted += self.n * value;
        self.sum += value;
        self.sum_of_squares += value * value;
        self.last = value;
        self.n += 1.0;
    }

    pub(super) fn len(&self) -> usize {
        self.n as usize
    }

    /// Standard deviation of the values around the line.
    pub(super) fn scatter(&self) -> f64 {
        (self.residual() / (self.n - 2.0).max(1.0)).sqrt()
    }

    /// The slope in standard errors of itself.
    ///
    /// Neighbouring epochs err together, which makes a wandering curve look like a rising one; the error is
    /// widened for that by the residuals' first autocorrelation, read from von Neumann's ratio. At most a thousand,
    /// as for a line without any scatter.
    pub(super) fn significance(&self) -> f64 {
        let error = self.scatter() / self.spread().sqrt();
        let correlation = (1.0 - self.wobble / (2.0 * self.residual()).max(f64::MIN_POSITIVE)).clamp(0.0, 0.9);
        let widened = error * ((1.0 + correlation) / (1.0 - correlation)).sqrt();
        (self.slope() / widened.max(f64::MIN_POSITIVE)).clamp(-1000.0, 1000.0)
    }

    fn slope(&self) -> f64 {
        (self.weighted - 0.5 * (self.n - 1.0) * self.sum) / self.spread()
    }

    /// Sum of squared distances of the indices from their mean.
    fn spread(&self) -> f64 {
        (self.n * (self.n * self.n - 1.0) / 12.0).max(f64::MIN_POSITIVE)
    }

    /// Sum of squared distances of the values from the line.
    fn residual(&self) -> f64 {
        let around_mean = self.sum_of_squares - self.sum * self.sum / self.n.max(1.0);
        (around_mean - self.slope().powi(2) * self.spread()).max(0.0)
    }
}

/// The middle value, or the mean of the two middle ones; none of nothing.
///
/// A few values, as rules ask for at every epoch, are sorted without asking for memory.
pub(super) fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    const FEW: usize = 24;
    let (mut few, mut n) = ([0.0; FEW], 0);
    let mut many = Vec::new();
    for value in values {
        if n < FEW {
            few[n] = value;
        } else {
            if many.is_empty() {
                many.extend_from_slice(&few);
            }
            many.push(value);
        }
        n += 1;
    }
    let sorted = if many.is_empty() { &mut few[..n] } else { &mut many[..] };
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { Some(f64::midpoint(sorted[middle - 1], upper)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::Noise;

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
        assert_eq!(median((0..101).rev().map(f64::from)), Some(50.0));
    }

    #[test]
    fn jitter_is_the_noise_and_not_the_slope() {
        let mut noise = Noise::new(1);
        let mut mean = 0.0;
        for _ in 0..200 {
            let mut curve = Recent::new(30);
            for epoch in 0..30 {
                curve.push(10.0 - 0.3 * f64::from(epoch) + 0.1 * noise.normal());
            }
            mean += curve.jitter().unwrap() / 200.0;
        }
        assert!((mean - 0.1).abs() < 0.01, "{mean}");
    }

    #[test]
    fn a_trend_is_told_from_noise_and_from_wandering() {
        let significances = |slope: f64, keep: f64| {
            let mut noise = Noise::new(3);
            let one = |noise: &mut Noise| {
                let (mut trend, mut wander) = (Trend::default(), 0.0);
                for epoch in 0..40 {
                    wander = keep * wander + (1.0 - keep * keep).sqrt() * noise.normal();
                    trend.push(slope * f64::from(epoch) + wander);
                }
                assert!(trend.scatter() > 0.3 && trend.scatter() < 1.6, "{}", trend.scatter());
                trend.significance()
            };
            (0..200).filter(|_| one(&mut noise) > 3.0).count()
        };
        assert!(significances(0.0, 0.0) <= 2);
        assert!(significances(0.0, 0.7) <= 10);
        assert!(significances(0.15, 0.0) >= 195);
    }

    #[test]
    fn only_the_last_values_are_kept() {
        let mut curve = Recent::new(3);
        (0..10).for_each(|it| curve.push(f64::from(it)));
        assert_eq!((curve.back(0), curve.back(2), curve.back(3)), (Some(9.0), Some(7.0), None));
        assert_eq!(curve.median_of_last(9), Some(8.0));
    }
}
