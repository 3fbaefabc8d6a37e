//! Lines on a chart: a curve thinned to the pixel, dashes that hold on long noisy paths, and the pens they are drawn with.

use egui::{Color32, Mesh, Painter, Pos2, Rangef, Rect, Shape, Stroke, pos2};
use egui_plot::LineStyle;

use super::chart::Chart;
use super::trace::Curve;
use crate::ui::theme::{Theme, size};

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Pen {
    pub(crate) color: Color32,
    pub(crate) width: f32,
    pub(crate) style: LineStyle,
}

/// How a curve's x becomes that of the chart: `x * scale + shift`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Along {
    pub(crate) scale: f64,
    pub(crate) shift: f64,
}

/// A curve in positions on screen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path {
    /// Unbroken pieces.
    pub(crate) pieces: Vec<Piece>,
    /// x of values that are not finite.
    pub(crate) not_finite: Vec<f32>,
    /// Whether there are values that a logarithmic axis cannot show.
    pub(crate) has_unshown: bool,
}

/// An unbroken piece of a curve.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Piece {
    /// Points to join.
    Line(Vec<Pos2>),
    /// Where points are denser than pixels: the extent of each pixel column, which is what a line through them
    /// would fill, at a tenth of its cost.
    Band(Vec<Column>),
}

/// What a curve fills of one pixel column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Column {
    pub(crate) left: f32,
    pub(crate) y: Rangef,
}

/// More points a column than this are a band.
const DENSE: usize = 2;

impl Pen {
    pub(crate) fn train(theme: &Theme) -> Self {
        Self { color: theme.train, width: size::CURVE, style: LineStyle::Solid }
    }

    pub(crate) fn validation(theme: &Theme) -> Self {
        Self { color: theme.validation, width: size::CURVE, style: LineStyle::Dashed { length: 7.0 } }
    }

    /// The raw values behind a smoothed line.
    pub(crate) fn faint(self) -> Self {
        Self { color: Theme::faded(self.color), width: size::HAIRLINE, style: LineStyle::Solid }
    }

    /// A copy that trained on after the end: the same color, but no line of the run's own.
    pub(crate) fn copied(self) -> Self {
        Self { color: self.color.gamma_multiply(0.8), style: LineStyle::Dotted { spacing: 3.0 }, ..self }
    }

    /// Single batches behind all else: a thousand of them are a band, and must not outshine the lines.
    pub(crate) fn fainter(self, strength: f32) -> Self {
        Self { color: self.color.gamma_multiply(0.18 * strength), ..self.faint() }
    }
}

impl Along {
    pub(crate) fn to_chart(self, x: f64) -> f64 {
        x * self.scale + self.shift
    }

    pub(crate) fn to_curve(self, x: f64) -> f64 {
        (x - self.shift) / self.scale
    }
}

/// The part of a curve that is in sight, thinned to the pixel.
pub(crate) fn path(chart: &Chart, curve: Curve<'_>, along: Along) -> Path {
    let (from, to) = chart.x_span();
    let frame = chart.frame();
    let pixel = 1.0 / chart.painter.pixels_per_point();
    let columns = (frame.width() / pixel).ceil().max(1.0) as usize;
    let thinned = curve.thinned(along.to_curve(from), along.to_curve(to), columns);
    let mut path = Path {
        not_finite: thinned.not_finite.iter().map(|x| chart.x(along.to_chart(*x))).collect(),
        ..Path::default()
    };
    let close = |line: Vec<Pos2>, pieces: &mut Vec<Piece>| {
        let (Some(first), Some(last)) = (line.first(), line.last()) else { return };
        let is_dense = line.len() > 16 && line.len() as f32 > DENSE as f32 * (last.x - first.x) / pixel;
        pieces.push(if is_dense { Piece::Band(band(&line, frame.left(), pixel)) } else { Piece::Line(line) });
    };
    for piece in thinned.pieces {
        let mut line = Vec::with_capacity(piece.len());
        for point in piece {
            if let Some(y) = chart.y(point.y) {
                line.push(pos2(chart.x(along.to_chart(point.x)), y));
            } else {
                path.has_unshown = true;
                close(std::mem::take(&mut line), &mut path.pieces);
            }
        }
        close(line, &mut path.pieces);
    }
    path
}

/// The extent of a line in each pixel column, neighbors joined.
fn band(line: &[Pos2], left: f32, pixel: f32) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut before = line[0].y;
    let mut at = f32::NAN;
    for point in line {
        let here = ((point.x - left) / pixel).floor();
        if here == at
            && let Some(column) = columns.last_mut()
        {
            column.y = Rangef::new(column.y.min.min(point.y), column.y.max.max(point.y));
        } else {
            columns
                .push(Column { left: left + here * pixel, y: Rangef::new(point.y.min(before), point.y.max(before)) });
            at = here;
        }
        before = point.y;
    }
    columns
}

pub(crate) fn paint_path(painter: &Painter, path: &Path, pen: Pen) {
    for piece in &path.pieces {
        match piece {
            Piece::Line(points) => paint_line(painter, points, pen),
            Piece::Band(columns) => paint_band(painter, columns, pen),
        }
    }
}

/// Columns as high as the line fills them. Dashes go by the width, since the length is mostly up and down.
fn paint_band(painter: &Painter, columns: &[Column], pen: Pen) {
    let pixel = 1.0 / painter.pixels_per_point();
    let (on, off) = match pen.style {
        LineStyle::Solid => (1.0, 0.0),
        LineStyle::Dashed { length } => (length, 0.6 * length),
        LineStyle::Dotted { spacing } => (pen.width, spacing),
    };
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(4 * columns.len());
    mesh.reserve_triangles(2 * columns.len());
    for column in columns.iter().filter(|it| it.left.rem_euclid(on + off) < on || off == 0.0) {
        let y = column.y.expand(pen.width / 2.0);
        mesh.add_colored_rect(Rect::from_x_y_ranges(Rangef::new(column.left, column.left + pixel), y), pen.color);
    }
    painter.add(Shape::mesh(mesh));
}

/// A line through points; a single point becomes a dot.
pub(crate) fn paint_line(painter: &Painter, points: &[Pos2], pen: Pen) {
    let stroke = Stroke::new(pen.width, pen.color);
    match (points, pen.style) {
        ([], _) => {}
        ([point], _) => {
            painter.circle_filled(*point, pen.width, pen.color);
        }
        (_, LineStyle::Solid) => {
            painter.add(Shape::line(points.to_vec(), stroke));
        }
        (_, LineStyle::Dashed { length }) => {
            painter.extend(dashes(points, length, 0.6 * length).into_iter().map(|it| Shape::line(it, stroke)));
        }
        (_, LineStyle::Dotted { spacing }) => {
            painter.extend(dashes(points, pen.width, spacing).into_iter().map(|it| Shape::line(it, stroke)));
        }
    }
}

/// Cuts a line into dashes along its length, keeping its corners.
///
/// A noisy line can be a thousand times as long as it is wide. Its dashes are lengthened so that they still
/// read as dashes, and so that their number is bounded.
fn dashes(points: &[Pos2], on: f32, off: f32) -> Vec<Vec<Pos2>> {
    let length: f32 = points.windows(2).map(|it| it[0].distance(it[1])).sum();
    let width = (points[points.len() - 1].x - points[0].x).abs().max(100.0);
    let stretch = (length / (4.0 * width)).max(1.0);
    let lengths = [on * stretch, off * stretch];
    let (mut out, mut dash) = (Vec::new(), vec![points[0]]);
    let (mut is_on, mut left) = (true, lengths[0]);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let mut distance = from.distance(to);
        while distance > left {
            from += (to - from) * (left / distance);
            distance -= left;
            if is_on {
                dash.push(from);
                out.push(std::mem::take(&mut dash));
            } else {
                dash = vec![from];
            }
            is_on = !is_on;
            left = lengths[usize::from(!is_on)];
        }
        left -= distance;
        if is_on {
            dash.push(to);
        }
    }
    if dash.len() > 1 {
        out.push(dash);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_joins_its_columns() {
        let zigzag = [pos2(10.0, 5.0), pos2(10.4, 9.0), pos2(11.2, 2.0), pos2(12.9, 7.0)];
        let column = |left, min, max| Column { left, y: Rangef::new(min, max) };
        assert_eq!(band(&zigzag, 0.0, 1.0), [column(10.0, 5.0, 9.0), column(11.0, 2.0, 9.0), column(12.0, 2.0, 7.0)]);
    }

    #[test]
    fn dashes_alternate_and_keep_corners() {
        let corner = [pos2(0.0, 0.0), pos2(8.0, 0.0), pos2(8.0, 100.0)];
        let cut = dashes(&corner, 10.0, 5.0);
        assert_eq!(cut[0], [pos2(0.0, 0.0), pos2(8.0, 0.0), pos2(8.0, 2.0)]);
        assert_eq!(cut[1], [pos2(8.0, 7.0), pos2(8.0, 17.0)]);
    }

    #[test]
    fn a_noisy_line_has_no_more_dashes_than_its_width_can_show() {
        let noise: Vec<_> = (0..2800_u16).map(|idx| pos2(f32::from(idx) / 4.0, f32::from(idx % 2) * 300.0)).collect();
        let cut = dashes(&noise, 7.0, 4.2);
        assert!((100..400).contains(&cut.len()), "{}", cut.len());
    }
}
