//! One curve as it is drawn: the raw values, and a smoothed line that is kept up while the curve grows.

use std::collections::BTreeMap;

use super::blocks::Blocks;
use crate::run::{Point, Series, Thinned};

/// What is kept beside a curve so that a frame costs the same for a thousand points and for a million.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    raw: Blocks,
    smoothed: Smoothed,
    smoothed_blocks: Blocks,
}

/// The traces of one run, by the curve's name.
pub(crate) type Traces = BTreeMap<String, Trace>;

/// A curve with its thinning at hand.
#[derive(Clone, Copy)]
pub(crate) struct Curve<'a> {
    pub(crate) series: &'a Series,
    blocks: &'a Blocks,
}

impl Trace {
    /// Takes in what the curve has gained. `weight` is how much of the past is kept while x grows by `stretch`:
    /// a curve by step is smoothed over the same time as the one by epoch beside it.
    pub(crate) fn follow(&mut self, series: &Series, weight: f64, stretch: f64) {
        self.raw.follow(series);
        self.smoothed.follow(series, weight, stretch);
        self.smoothed_blocks.follow(&self.smoothed.series);
    }

    /// The values as they were told.
    pub(crate) fn raw<'a>(&'a self, series: &'a Series) -> Curve<'a> {
        Curve { series, blocks: &self.raw }
    }

    /// The smoothed line; none where nothing is smoothed.
    pub(crate) fn smoothed(&self) -> Option<Curve<'_>> {
        (self.smoothed.weight > 0.0).then_some(Curve { series: &self.smoothed.series, blocks: &self.smoothed_blocks })
    }
}

/// Values as a line of that smoothing shows them; see [`Trace::follow`].
pub(crate) fn smoothed(values: impl Iterator<Item = Point>, weight: f64, stretch: f64) -> Series {
    let mut smoothed = Smoothed { weight: weight.clamp(0.0, 0.999), stretch, ..Smoothed::default() };
    values.for_each(|it| smoothed.push(it));
    smoothed.series
}

impl Curve<'_> {
    pub(crate) fn thinned(&self, from: f64, to: f64, columns: usize) -> Thinned {
        self.blocks.thinned(self.series, from, to, columns)
    }

    pub(crate) fn extent(&self, from: f64, to: f64, above: Option<f64>) -> Option<(f64, f64)> {
        self.blocks.extent(self.series, from, to, above)
    }
}

/// [`crate::run::smooth`], continued point by point, with a weight that counts distance in x.
#[derive(Clone, Debug, Default)]
struct Smoothed {
    weight: f64,
    stretch: f64,
    /// The last distance in x, and what is kept over it: mostly the same from point to point.
    keep: (f64, f64),
    average: f64,
    mass: f64,
    series: Series,
    /// The last raw point taken in.
    last: Option<Point>,
}

impl Smoothed {
    fn follow(&mut self, source: &Series, weight: f64, stretch: f64) {
        let points = source.points();
        let weight = weight.clamp(0.0, 0.999);
        let goes_on = match (self.series.len().checked_sub(1), self.last) {
            (Some(idx), Some(last)) => {
                points.get(idx).is_some_and(|it| it.x == last.x && it.y.to_bits() == last.y.to_bits())
            }
            _ => true,
        };
        if weight != self.weight || stretch != self.stretch || !goes_on {
            *self = Self { weight, stretch, ..Self::default() };
        }
        if weight > 0.0 {
            let taken = self.series.len();
            points[taken..].iter().for_each(|point| self.push(*point));
        }
    }

    fn push(&mut self, point: Point) {
        let distance = self.last.map_or(self.stretch, |last| point.x - last.x);
        if distance != self.keep.0 {
            self.keep = (distance, self.weight.powf(distance / self.stretch.max(f64::MIN_POSITIVE)));
        }
        let y = if point.y.is_finite() {
            let keep = self.keep.1;
            self.average = self.average * keep + (1.0 - keep) * point.y;
            self.mass = self.mass * keep + (1.0 - keep);
            // Two values at one x: the first stands until the next.
            if self.mass > 0.0 { self.average / self.mass } else { point.y }
        } else {
            point.y
        };
        self.series.push(point.x, y);
        self.last = Some(point);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::smooth;

    fn wave(n: u32, per_epoch: f64) -> Series {
        let mut series = Series::default();
        (1..=n).for_each(|idx| series.push(f64::from(idx) * per_epoch, (f64::from(idx) * 0.7).sin()));
        series
    }

    #[test]
    fn a_curve_smoothed_as_it_grows_equals_one_smoothed_at_once() {
        let whole = wave(500, 1.0);
        let (mut trace, mut growing) = (Trace::default(), Series::default());
        for point in whole.points() {
            growing.push(point.x, point.y);
            trace.follow(&growing, 0.6, 1.0);
        }
        assert_eq!(trace.smoothed().unwrap().series, &smooth(whole.points(), 0.6));
    }

    #[test]
    fn values_smoothed_at_once_are_the_line_of_the_trace() {
        let (mut trace, whole) = (Trace::default(), wave(300, 1.0));
        trace.follow(&whole, 0.6, 3.0);
        let at_once = smoothed(whole.points().iter().copied(), 0.6, 3.0);
        assert_eq!(trace.smoothed().unwrap().series, &at_once);
        assert_eq!(smoothed(whole.points().iter().copied(), 0.0, 3.0), whole, "a weight of 0 smooths nothing");
    }

    #[test]
    fn another_weight_or_another_curve_starts_over() {
        let mut trace = Trace::default();
        trace.follow(&wave(100, 1.0), 0.6, 1.0);
        trace.follow(&wave(100, 1.0), 0.9, 1.0);
        assert_eq!(trace.smoothed().unwrap().series, &smooth(wave(100, 1.0).points(), 0.9));
        trace.follow(&wave(50, 2.0), 0.9, 2.0);
        assert_eq!(trace.smoothed().unwrap().series.len(), 50);
        trace.follow(&wave(50, 2.0), 0.0, 2.0);
        assert!(trace.smoothed().is_none());
    }

    #[test]
    fn steps_are_smoothed_over_the_same_time_as_epochs() {
        // Twenty steps an epoch: after one epoch a jump has been taken in as far as by epochs.
        let mut steps = Series::default();
        (1..=400).for_each(|idx| steps.push(f64::from(idx), if idx <= 200 { 0.0 } else { 1.0 }));
        let mut trace = Trace::default();
        trace.follow(&steps, 0.6, 20.0);
        let after_one_epoch = trace.smoothed().unwrap().series.at(220.0).unwrap().y;
        assert!((after_one_epoch - 0.4).abs() < 0.01, "{after_one_epoch}");
    }
}
