//! The band that several seeds span, behind the curves: from the lowest to the highest, with their mean.

use egui::{Color32, Mesh, Pos2, Shape, Stroke, pos2};

use super::chart::{Chart, Span};
use super::line::Along;
use super::trace;
use crate::run::{BandPoint, Point, SeedSpread};
use crate::ui::theme::{Theme, size};

/// What several seeds span of one curve, smoothed as the lines are: so a run stays within the band of its own seeds.
pub(crate) struct Band {
    points: Vec<BandPoint>,
    /// Seeds at its widest: the mean is drawn while all of them are there, since it jumps where one ends.
    n: usize,
    along: Along,
    color: Color32,
    /// How much of it is seen, against the shown run's own.
    strength: f32,
}

/// How lines are smoothed: how much of the past they keep, and over which distance in x.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Smoothing {
    pub(crate) weight: f64,
    pub(crate) stretch: f64,
}

/// A band in positions on screen, at most one a pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Edges {
    low: Pos2,
    high: Pos2,
    mean: Option<Pos2>,
}

impl Band {
    /// None where fewer than two seeds were trained.
    pub(crate) fn of(
        seeds: &SeedSpread,
        curve: &str,
        along: Along,
        smoothing: Smoothing,
        color: Color32,
        strength: f32,
    ) -> Option<Self> {
        let told = seeds.band(curve);
        let n = told.iter().map(|it| it.n).max()?;
        let line = |y: fn(&BandPoint) -> f64| {
            let values = told.iter().map(|it| Point { x: it.epoch as f64, y: y(it) });
            trace::smoothed(values, smoothing.weight, smoothing.stretch)
        };
        let (low, mean, high) = (line(|it| it.low), line(|it| it.mean), line(|it| it.high));
        let points = told.iter().zip(low.points()).zip(mean.points()).zip(high.points());
        let points =
            points.map(|(((it, low), mean), high)| BandPoint { low: low.y, mean: mean.y, high: high.y, ..*it });
        Some(Self { points: points.collect(), n, along, color, strength })
    }

    /// Its lowest and highest value between two x of the chart.
    pub(crate) fn extent(&self, x: Span) -> impl Iterator<Item = f64> {
        let seen = self.in_sight(x);
        let low = seen.iter().map(|it| it.low).reduce(f64::min);
        low.into_iter().chain(seen.iter().map(|it| it.high).reduce(f64::max))
    }

    pub(crate) fn paint(&self, chart: &Chart) {
        let edges = self.edges(chart);
        let mut mesh = Mesh::default();
        for it in &edges {
            let fill = Theme::band(self.color).gamma_multiply(self.strength);
            let next = mesh.vertices.len() as u32;
            mesh.colored_vertex(it.low, fill);
            mesh.colored_vertex(it.high, fill);
            if next > 0 {
                mesh.add_triangle(next - 2, next - 1, next);
                mesh.add_triangle(next - 1, next, next + 1);
            }
        }
        chart.painter.add(Shape::mesh(mesh));
        let edge = Stroke::new(size::HAIRLINE, Theme::faded(self.color).gamma_multiply(self.strength));
        for line in [edges.iter().map(|it| it.low).collect(), edges.iter().map(|it| it.high).collect::<Vec<_>>()] {
            chart.painter.add(Shape::line(line, edge));
        }
        let mean = Stroke::new(size::HAIRLINE, self.color.gamma_multiply(0.8 * self.strength));
        chart.painter.add(Shape::line(edges.iter().filter_map(|it| it.mean).collect(), mean));
    }

    fn edges(&self, chart: &Chart) -> Vec<Edges> {
        let pixel = 1.0 / chart.painter.pixels_per_point();
        let floor = chart.frame().bottom();
        let mut edges: Vec<Edges> = Vec::new();
        for point in self.in_sight(chart.x_span()) {
            let x = chart.x(self.along.to_chart(point.epoch as f64));
            // A logarithmic axis has no place for 0: there the band runs down to its foot.
            let at = |y: f64| pos2(x, chart.y(y).unwrap_or(floor));
            let mean = (point.n == self.n).then(|| at(point.mean));
            let here = Edges { low: at(point.low), high: at(point.high), mean };
            match edges.last_mut().filter(|it| x - it.low.x < pixel) {
                Some(last) => last.widen(here),
                None => edges.push(here),
            }
        }
        edges
    }

    /// The points between two x of the chart, and one more on each side.
    fn in_sight(&self, x: Span) -> &[BandPoint] {
        let [from, to] = [x.0, x.1].map(|it| self.along.to_curve(it));
        let start = self.points.partition_point(|it| (it.epoch as f64) < from).saturating_sub(1);
        let end = (self.points.partition_point(|it| it.epoch as f64 <= to) + 1).min(self.points.len());
        self.points.get(start..end).unwrap_or_default()
    }
}

impl Edges {
    /// Takes in another epoch of the same pixel column; y grows downward.
    fn widen(&mut self, other: Self) {
        self.low.y = self.low.y.max(other.low.y);
        self.high.y = self.high.y.min(other.high.y);
        self.mean = self.mean.or(other.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_needs_as_much_of_y_as_its_widest_epoch_in_sight() {
        let at = |epoch: u64, low: f64, high: f64| BandPoint { epoch, low, mean: f64::midpoint(low, high), high, n: 3 };
        let points = vec![at(1, 0.1, 0.9), at(2, 0.3, 0.5), at(3, 0.35, 0.6), at(4, 0.3, 0.5), at(5, 0.2, 0.3)];
        let along = Along { scale: 10.0, shift: 0.0 };
        let band = Band { points, n: 3, along, color: Color32::WHITE, strength: 1.0 };
        assert_eq!(band.extent((0.0, 50.0)).collect::<Vec<_>>(), [0.1, 0.9]);
        assert_eq!(band.extent((30.0, 30.0)).collect::<Vec<_>>(), [0.3, 0.6], "with a neighbor on each side");
        assert_eq!(Band { points: Vec::new(), ..band }.extent((0.0, 50.0)).count(), 0);
    }

    #[test]
    fn epochs_of_one_pixel_lose_no_extreme() {
        let at = |low: f32, high: f32| Edges { low: pos2(4.0, low), high: pos2(4.0, high), mean: None };
        let mut edges = at(90.0, 80.0);
        edges.widen(at(85.0, 20.0));
        edges.widen(at(99.0, 70.0));
        assert_eq!(edges, at(99.0, 20.0));
    }
}
