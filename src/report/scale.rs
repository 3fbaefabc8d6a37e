//! An axis of a figure: what it spans, where its ticks stand, and how they are labelled.

use crate::run::text::short_number;

/// An axis from data to a share of its length.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    is_log: bool,
}

/// A curve that spans more than this factor is shown on a log scale.
const LOG_FROM: f64 = 30.0;

impl Scale {
    /// Spans all finite values, with a little room; on a log scale where they are positive and span decades.
    pub(super) fn fit(values: impl Iterator<Item = f64> + Clone, may_be_log: bool) -> Self {
        let finite = values.filter(|it| it.is_finite());
        let low = finite.clone().fold(f64::INFINITY, f64::min);
        let high = finite.fold(f64::NEG_INFINITY, f64::max);
        if low > high {
            return Self { low: 0.0, high: 1.0, is_log: false };
        }
        if may_be_log && low > 0.0 && high > LOG_FROM * low {
            let room = (high / low).powf(0.04);
            return Self { low: low / room, high: high * room, is_log: true };
        }
        let room = if high > low { 0.05 * (high - low) } else { low.abs().max(1.0) * 0.05 };
        Self { low: low - room, high: high + room, is_log: false }
    }

    /// Spans exactly what it is given.
    pub(super) fn exact(low: f64, high: f64) -> Self {
        Self { low, high: if high > low { high } else { low + 1.0 }, is_log: false }
    }

    pub(super) fn is_log(&self) -> bool {
        self.is_log
    }

    /// Where a value lies, 0 at the low end and 1 at the high one; none where a log scale has no place for it.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let share = if self.is_log {
            (value > 0.0).then(|| (value / self.low).ln() / (self.high / self.low).ln())?
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.is_finite().then_some(share)
    }

    /// Round values on the axis, about `n` of them, with their labels.
    pub(super) fn ticks(&self, n: usize) -> Vec<(f64, String)> {
        let values = if self.is_log { self.log_ticks(n) } else { self.linear_ticks(n) };
        values.into_iter().map(|it| (it, short_number(it))).collect()
    }

    fn linear_ticks(&self, n: usize) -> Vec<f64> {
        let raw = (self.high - self.low) / n.max(1) as f64;
        let magnitude = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|it| it * magnitude).into_iter().find(|it| *it >= raw * 0.999);
        let step = step.unwrap_or(10.0 * magnitude);
        let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
        // Multiplied, and not added up, so that 0 is 0.
        (first..=last).map(|it| it as f64 * step).collect()
    }

    fn log_ticks(&self, n: usize) -> Vec<f64> {
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        let decades = (last - first).max(1) as usize;
        let factors: &[f64] = if decades * 3 <= n + 3 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = decades.div_ceil(n.max(1)).max(1);
        let all =
            (first..=last).step_by(every).flat_map(|it| factors.iter().map(move |factor| factor * 10f64.powi(it)));
        all.filter(|it| (self.low..=self.high).contains(it)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> Vec<String> {
        scale.ticks(5).into_iter().map(|it| it.1).collect()
    }

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        assert_eq!(labels(&Scale::exact(0.0, 50.0)), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(labels(&Scale::fit([0.21, 0.48].into_iter(), true)), ["0.2", "0.3", "0.4"]);
        assert_eq!(labels(&Scale::fit([0.012, 3.0].into_iter(), true)), ["0.01", "0.1", "1"]);
    }

    #[test]
    fn positive_values_over_decades_are_on_a_log_scale_and_others_are_not() {
        assert!(Scale::fit([0.01, 1.0].into_iter(), true).is_log());
        assert!(!Scale::fit([0.01, 1.0].into_iter(), false).is_log());
        assert!(!Scale::fit([0.0, 1.0].into_iter(), true).is_log());
        let log = Scale::fit([0.01, 1.0].into_iter(), true);
        assert!((log.share(0.1).unwrap() - 0.5).abs() < 1e-9);
        assert_eq!(log.share(0.0), None);
    }

    #[test]
    fn nothing_and_a_single_value_have_an_axis_all_the_same() {
        assert_eq!(Scale::fit([f64::NAN].into_iter(), true).share(0.5), Some(0.5));
        assert_eq!(Scale::fit([3.0, 3.0].into_iter(), true).share(3.0), Some(0.5));
    }
}
