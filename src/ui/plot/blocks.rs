//! Thinning that stays cheap for a million points: the extremes of whole blocks are kept beside a curve.
//!
//! A curve only grows, so a block of points is read once. A pixel column that holds whole blocks is thinned
//! from their extremes; points near its edges are read one by one. What comes out is what
//! [`Series::thinned`] gives for all points.

use std::ops::Range;

use crate::run::{Point, Series, Thinned};

/// Points in a block. A frame reads about `points / BLOCK` blocks and `columns * BLOCK` points; for a
/// million points on 700 columns the sum is smallest near here.
const BLOCK: usize = 64;

/// Up to this many points a column, a curve is thinned as it is.
const PLAIN: usize = 8;

/// Extremes of the full blocks of a curve that only grows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocks {
    blocks: Vec<Block>,
    /// Those that hold values that are not finite, ascending.
    broken: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Block {
    first: Point,
    low: Point,
    high: Point,
    last: Point,
    is_finite: bool,
}

impl Blocks {
    /// Reads what the curve has gained since the last call, or all of it when it is another curve.
    pub(crate) fn follow(&mut self, series: &Series) {
        let points = series.points();
        let covered = self.blocks.len() * BLOCK;
        let ends = self.blocks.first().zip(self.blocks.last());
        if let Some((first, last)) = ends
            && (covered > points.len() || !same(first.first, points[0]) || !same(last.last, points[covered - 1]))
        {
            *self = Self::default();
        }
        for block in points.chunks_exact(BLOCK).skip(self.blocks.len()).map(Block::of) {
            if !block.is_finite {
                self.broken.push(self.blocks.len());
            }
            self.blocks.push(block);
        }
    }

    /// As [`Series::thinned`], for the series that was followed.
    pub(crate) fn thinned(&self, series: &Series, from: f64, to: f64, columns: usize) -> Thinned {
        let points = series.points();
        let Range { start, end } = visible(points, from, to);
        if end - start <= PLAIN * columns {
            return series.thinned(from, to, columns);
        }
        let width = ((to - from) / columns.max(1) as f64).max(f64::MIN_POSITIVE);
        let column = |point: &Point| ((point.x - from) / width).floor();
        let mut out = Thinned::default();
        let mut at = start;
        while at < end {
            let piece_end = self.first_not_finite(points, at..end);
            let mut piece = Vec::new();
            let mut guess = (end - start) / columns;
            while at < piece_end {
                let here = column(&points[at]);
                let next = at + run_length(&points[at..piece_end], guess, |it| column(it) <= here);
                guess = next - at;
                for point in self.extremes(points, at..next).in_order() {
                    if piece.last() != Some(&point) {
                        piece.push(point);
                    }
                }
                at = next;
            }
            if !piece.is_empty() {
                out.pieces.push(piece);
            }
            if let Some(point) = points[..end].get(at) {
                if out.not_finite.last().is_none_or(|last| point.x - last >= width) {
                    out.not_finite.push(point.x);
                }
                at += 1;
            }
        }
        out
    }

    /// Where the first value that is not finite stands, or the end of the range.
    fn first_not_finite(&self, points: &[Point], range: Range<usize>) -> usize {
        let is_broken = |it: &Point| !it.y.is_finite();
        let next = self.broken[self.broken.partition_point(|it| (it + 1) * BLOCK <= range.start)..].iter();
        let blocks = next.map(|it| it * BLOCK..(it + 1) * BLOCK).chain([self.blocks.len() * BLOCK..range.end]);
        for block in blocks {
            let (from, to) = (block.start.max(range.start), block.end.min(range.end));
            if let Some(found) = points.get(from..to).and_then(|it| it.iter().position(is_broken)) {
                return from + found;
            }
        }
        range.end
    }

    /// First, lowest, highest and last of some finite points, one at least.
    fn extremes(&self, points: &[Point], range: Range<usize>) -> Block {
        let whole = range.start.div_ceil(BLOCK)..range.end / BLOCK;
        if whole.is_empty() {
            return Block::of(&points[range]);
        }
        let mut all = Block { first: points[range.start], last: points[range.end - 1], ..self.blocks[whole.start] };
        for block in &self.blocks[whole.clone()] {
            all.take(block);
        }
        // What lies before comes first where values are equal.
        let (before, behind) = (&points[range.start..whole.start * BLOCK], &points[whole.end * BLOCK..range.end]);
        if !before.is_empty() {
            let mut first = Block::of(before);
            first.take(&all);
            (all.low, all.high) = (first.low, first.high);
        }
        if !behind.is_empty() {
            all.take(&Block::of(behind));
        }
        all
    }

    /// Lowest and highest finite value between two x; with `above`, of those values above it.
    pub(crate) fn extent(&self, series: &Series, from: f64, to: f64, above: Option<f64>) -> Option<(f64, f64)> {
        let points = series.points();
        let counts = |y: f64| y.is_finite() && above.is_none_or(|it| y > it);
        let start = points.partition_point(|it| it.x < from);
        let end = points.partition_point(|it| it.x <= to).max(start);
        let mut extent: Option<(f64, f64)> = None;
        let mut add = |y: f64| {
            if counts(y) {
                extent = Some(extent.map_or((y, y), |(low, high)| (low.min(y), high.max(y))));
            }
        };
        let mut at = start;
        while at < end {
            let block = self
                .blocks
                .get(at / BLOCK)
                .filter(|it| at % BLOCK == 0 && at + BLOCK <= end && it.is_finite && counts(it.low.y));
            if let Some(block) = block {
                add(block.low.y);
                add(block.high.y);
                at += BLOCK;
            } else {
                add(points[at].y);
                at += 1;
            }
        }
        extent
    }
}

impl Block {
    fn of(points: &[Point]) -> Self {
        let mut block =
            Self { first: points[0], low: points[0], high: points[0], last: points[points.len() - 1], is_finite: true };
        for point in points {
            block.is_finite &= point.y.is_finite();
            if point.y < block.low.y {
                block.low = *point;
            }
            if point.y > block.high.y {
                block.high = *point;
            }
        }
        block
    }

    /// Extremes of a later block.
    fn take(&mut self, later: &Self) {
        if later.low.y < self.low.y {
            self.low = later.low;
        }
        if later.high.y > self.high.y {
            self.high = later.high;
        }
    }

    fn in_order(&self) -> [Point; 4] {
        if self.low.x <= self.high.x {
            [self.first, self.low, self.high, self.last]
        } else {
            [self.first, self.high, self.low, self.last]
        }
    }
}

/// How many points from the first on are inside, the first one being so: a search around a guess, since columns
/// are mostly alike and a search over all points would wait for memory.
fn run_length(points: &[Point], guess: usize, is_inside: impl Fn(&Point) -> bool) -> usize {
    let inside = |idx: usize| points.get(idx).is_some_and(&is_inside);
    let (mut low, mut high) = (1, guess.clamp(1, points.len()));
    let mut step = 1;
    if inside(high) {
        while inside(high) {
            low = high + 1;
            high += step;
            step *= 2;
        }
        high = high.min(points.len());
    } else {
        while low + step < high && !inside(high - step) {
            high -= step;
            step *= 2;
        }
        low = low.max(if low + step < high { high - step + 1 } else { low });
    }
    low + points[low.min(high)..high].partition_point(is_inside)
}

/// The points between two x, and one neighbor on each side.
fn visible(points: &[Point], from: f64, to: f64) -> Range<usize> {
    let start = points.partition_point(|it| it.x < from).saturating_sub(1);
    let end = (points.partition_point(|it| it.x <= to) + 1).min(points.len());
    start..end.max(start)
}

/// Whether two points are the same, NaN included.
fn same(a: Point, b: Point) -> bool {
    a.x.to_bits() == b.x.to_bits() && a.y.to_bits() == b.y.to_bits()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noisy(n: usize) -> Series {
        let mut series = Series::default();
        let mut state = 1_u64;
        for idx in 0..n {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 40) as f64 / 16_777_216.0;
            let y = if idx % 70_001 == 70_000 { f64::NAN } else { noise };
            series.push(idx as f64, y);
        }
        series
    }

    #[test]
    fn blocks_give_what_all_points_give() {
        let series = noisy(200_000);
        let mut blocks = Blocks::default();
        blocks.follow(&series);
        for (from, to) in [(0.0, 200_000.0), (13.0, 150_123.0), (-5e4, 3e5), (70_000.0, 71_000.0)] {
            assert_eq!(blocks.thinned(&series, from, to, 500), series.thinned(from, to, 500), "{from} to {to}");
        }
    }

    #[test]
    fn a_growing_curve_is_read_once_and_another_one_is_noticed() {
        let (long, mut short) = (noisy(100_000), Series::default());
        let mut blocks = Blocks::default();
        for point in long.points() {
            short.push(point.x, point.y);
            if short.len().is_multiple_of(9_999) {
                blocks.follow(&short);
            }
        }
        blocks.follow(&short);
        assert_eq!(blocks.thinned(&short, 0.0, 1e5, 300), long.thinned(0.0, 1e5, 300));
        let mut other = Series::default();
        (0..100_000).for_each(|idx| other.push(f64::from(idx), 5.0));
        blocks.follow(&other);
        assert_eq!(blocks.extent(&other, 0.0, 1e5, None), Some((5.0, 5.0)));
    }

    #[test]
    fn an_extent_can_leave_out_what_a_logarithm_cannot_show() {
        let mut series = Series::default();
        (0..1000).for_each(|idx| series.push(f64::from(idx), f64::from(idx) - 10.0));
        let mut blocks = Blocks::default();
        blocks.follow(&series);
        assert_eq!(blocks.extent(&series, 0.0, 999.0, Some(0.0)), Some((1.0, 989.0)));
        assert_eq!(blocks.extent(&series, 5.0, 20.0, None), Some((-5.0, 10.0)));
        assert_eq!(blocks.extent(&series, 2000.0, 3000.0, None), None);
    }
}
