//! A curve: append-only points, smoothed at full resolution and thinned to the pixel.

/// One measured value. `x` is a step or an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// An append-only curve whose x never falls. Values may be NaN or infinite: they are part of what happened.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    points: Vec<Point>,
}

/// What is left of a curve after thinning: unbroken pieces, and where it was not finite.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Thinned {
    /// Finite stretches, each at most four points a pixel column: first, lowest, highest, last.
    pub pieces: Vec<Vec<Point>>,
    /// x of values that are not finite, at most one a column.
    pub not_finite: Vec<f64>,
}

impl Series {
    /// Appends a point. An x below the last one, as a damaged file may hold, is lifted to it.
    pub fn push(&mut self, x: f64, y: f64) {
        let x = self.points.last().map_or(x, |last| x.max(last.x));
        self.points.push(Point { x, y });
    }

    /// Forgets what lies behind an x.
    pub(super) fn cut(&mut self, x: f64) {
        self.points.truncate(self.points.partition_point(|it| it.x <= x));
    }

    pub fn points(&self) -> &[Point] {
        &self.points
    }

    pub fn last(&self) -> Option<Point> {
        self.points.last().copied()
    }

    pub fn len(&self) -> usize {
        self.points.len()
    }

    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The value at the largest x that is not above the given one.
    pub fn at(&self, x: f64) -> Option<Point> {
        let after = self.points.partition_point(|it| it.x <= x);
        after.checked_sub(1).map(|idx| self.points[idx])
    }

    /// The curve between two x, thinned to a number of pixel columns, every spike kept.
    ///
    /// Each column keeps its first, lowest, highest and last finite value, so that no extreme is lost
    /// and neighbours join where they did; a value that is not finite ends the piece. One point on each
    /// side of the range is kept too, so that the line runs on to the edge. Only what lies between the
    /// two x is read.
    pub fn thinned(&self, from: f64, to: f64, columns: usize) -> Thinned {
        let start = self.points.partition_point(|it| it.x < from).saturating_sub(1);
        let end = (self.points.partition_point(|it| it.x <= to) + 1).min(self.points.len());
        thin(self.points.get(start..end).unwrap_or_default(), from, to, columns)
    }
}

/// Thins points that are in order of x; see [`Series::thinned`].
fn thin(points: &[Point], from: f64, to: f64, columns: usize) -> Thinned {
    let mut out = Thinned::default();
    let mut piece = Vec::new();
    let width = ((to - from) / columns.max(1) as f64).max(f64::MIN_POSITIVE);
    // A curve with fewer points than columns is drawn as it is.
    let column_of =
        |point: &Point| if points.len() <= 2 * columns { f64::NAN } else { ((point.x - from) / width).floor() };
    let mut bucket: Vec<Point> = Vec::new();
    let mut column = f64::NAN;
    for point in points {
        if !point.y.is_finite() {
            close(&mut bucket, &mut piece);
            if !piece.is_empty() {
                out.pieces.push(std::mem::take(&mut piece));
            }
            if out.not_finite.last().is_none_or(|last| point.x - last >= width) {
                out.not_finite.push(point.x);
            }
            column = f64::NAN;
            continue;
        }
        let here = column_of(point);
        if here != column {
            close(&mut bucket, &mut piece);
            column = here;
        }
        add(&mut bucket, *point);
    }
    close(&mut bucket, &mut piece);
    if !piece.is_empty() {
        out.pieces.push(piece);
    }
    out
}

/// The bucket holds first, lowest, highest, last.
fn add(bucket: &mut Vec<Point>, point: Point) {
    if bucket.is_empty() {
        bucket.extend([point; 4]);
        return;
    }
    if point.y < bucket[1].y {
        bucket[1] = point;
    }
    if point.y > bucket[2].y {
        bucket[2] = point;
    }
    bucket[3] = point;
}

fn close(bucket: &mut Vec<Point>, piece: &mut Vec<Point>) {
    // Ties in x keep first and last at the ends.
    if let [_, low, high, _] = bucket.as_mut_slice()
        && high.x < low.x
    {
        std::mem::swap(low, high);
    }
    for point in bucket.drain(..) {
        if piece.last() != Some(&point) {
            piece.push(point);
        }
    }
}

/// The exponential moving average of TensorBoard: debiased, so that it starts at the first value.
///
/// `weight` in `0.0..=0.999` is how much of the past is kept. Values that are not finite pass through
/// and leave the average as it was. Smoothing comes before thinning, so the curve does not depend on
/// the window's size.
pub fn smooth(points: &[Point], weight: f64) -> Series {
    let weight = weight.clamp(0.0, 0.999);
    let (mut average, mut mass) = (0.0, 0.0);
    let mut out = Series { points: Vec::with_capacity(points.len()) };
    for point in points {
        let y = if point.y.is_finite() {
            average = average * weight + (1.0 - weight) * point.y;
            mass = mass * weight + (1.0 - weight);
            average / mass
        } else {
            point.y
        };
        out.push(point.x, y);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = f64>) -> Series {
        let mut series = Series::default();
        for (idx, y) in values.into_iter().enumerate() {
            series.push(idx as f64, y);
        }
        series
    }

    #[test]
    fn a_single_spike_among_a_million_points_survives() {
        let curve = series((0..1_000_000).map(|idx| if idx == 423_456 { 99.0 } else { 1.0 }));
        let thinned = curve.thinned(0.0, 1e6, 800);
        assert_eq!(thinned.pieces.len(), 1);
        assert!(thinned.pieces[0].contains(&Point { x: 423_456.0, y: 99.0 }));
        assert!(thinned.pieces[0].len() <= 4 * 801 + 2, "{}", thinned.pieces[0].len());
    }

    #[test]
    fn a_value_that_is_not_finite_breaks_the_line_and_is_told() {
        let thinned = series([1.0, 2.0, f64::NAN, 3.0]).thinned(0.0, 3.0, 100);
        assert_eq!(thinned.pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(thinned.not_finite, [2.0]);
    }

    #[test]
    fn a_part_of_the_curve_keeps_one_neighbour_on_each_side() {
        let thinned = series((0..100).map(f64::from)).thinned(10.0, 20.0, 50);
        let xs: Vec<_> = thinned.pieces[0].iter().map(|it| it.x).collect();
        assert_eq!((xs[0], xs[xs.len() - 1]), (9.0, 21.0));
    }

    #[test]
    fn smoothing_agrees_with_tensorboards_debiased_average() {
        let smoothed = smooth(series([1.0, 2.0, f64::NAN, 4.0]).points(), 0.6);
        // 1; (0.4*1*0.6 + 0.4*2) / (1 - 0.36); NaN; then 4 with the average of before.
        let expected = [1.0, (0.24 + 0.8) / 0.64, f64::NAN, (0.6 * (0.24 + 0.8) + 1.6) / (1.0 - 0.216)];
        for (point, expected) in smoothed.points().iter().zip(expected) {
            assert!(
                (point.y - expected).abs() < 1e-12 || (point.y.is_nan() && expected.is_nan()),
                "{point:?} {expected}"
            );
        }
    }
}
