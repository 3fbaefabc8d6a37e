//! What a network puts out over its two inputs, as a picture, and the line where one class ends.

use egui::{Color32, ColorImage};

use super::palette;
use crate::run::Surface;
use crate::ui::theme::Theme;

/// Share of a class's color where the network knows nothing, and how much certainty adds.
const UNSURE: f32 = 0.07;
const CERTAIN: f32 = 0.42;

/// A piece of a line, ends as shares of width and height from the lower left.
pub(crate) type Piece = [(f64, f64); 2];

/// The surface in colors, first row on top: class by hue, certainty by strength; for a regression low to high.
pub(crate) fn picture(surface: &Surface, theme: &Theme) -> ColorImage {
    let Surface { columns, rows, .. } = *surface;
    let range = extent(surface);
    let color = |value: f32| {
        if surface.n_classes == 0 {
            return theme.panel.lerp_to_gamma(palette::value(theme, share(value, range)), 0.75);
        }
        let (class, sure) = class_and_certainty(value, surface.n_classes);
        theme.panel.lerp_to_gamma(palette::class(theme, class), UNSURE + CERTAIN * sure)
    };
    let from_top = (0..rows).rev().flat_map(|row| (0..columns).map(move |column| row * columns + column));
    let pixels: Vec<Color32> =
        from_top.map(|idx| surface.values.get(idx).map_or(theme.panel, |it| color(*it))).collect();
    ColorImage::new([columns, rows], pixels)
}

/// The lines where one class ends and another begins.
///
/// Marching squares over the middles of the cells, for each class but the last: how sure the network is of
/// the class, or of any other, crosses zero on the line.
pub(crate) fn contour(surface: &Surface) -> Vec<Piece> {
    let Surface { columns, rows, n_classes, .. } = *surface;
    if n_classes < 2 || surface.values.len() < columns * rows {
        return Vec::new();
    }
    let mut pieces = Vec::new();
    for class in 0..n_classes - 1 {
        let height = |column: usize, row: usize| {
            let (likeliest, sure) = class_and_certainty(surface.values[row * columns + column], n_classes);
            // Never zero, so that each corner is on one side.
            f64::from(if likeliest == class { sure + 1e-6 } else { -sure - 1e-6 })
        };
        for row in 0..rows.saturating_sub(1) {
            for column in 0..columns.saturating_sub(1) {
                let corners = [
                    height(column, row),
                    height(column + 1, row),
                    height(column + 1, row + 1),
                    height(column, row + 1),
                ];
                cell(
                    corners,
                    |x, y| ((column as f64 + 0.5 + x) / columns as f64, (row as f64 + 0.5 + y) / rows as f64),
                    &mut pieces,
                );
            }
        }
    }
    pieces
}

/// Lowest and highest finite value.
pub(crate) fn extent(surface: &Surface) -> (f32, f32) {
    let finite = surface.values.iter().copied().filter(|it| it.is_finite());
    finite.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)))
}

/// Where a value stands between two others.
pub(crate) fn share(value: f32, (low, high): (f32, f32)) -> f32 {
    if high > low { ((value - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
}

/// The likeliest class, and how far the network is beyond guessing, in `0.0..=1.0`.
fn class_and_certainty(value: f32, n_classes: usize) -> (usize, f32) {
    if !value.is_finite() {
        return (0, 0.0);
    }
    let class = (value.max(0.0) as usize).min(n_classes.saturating_sub(1));
    let guess = 1.0 / n_classes.max(1) as f32;
    (class, ((value - class as f32 - guess) / (1.0 - guess).max(1e-6)).clamp(0.0, 1.0))
}

/// The line through one cell; corners go around from the lower left.
fn cell(corners: [f64; 4], place: impl Fn(f64, f64) -> (f64, f64), pieces: &mut Vec<Piece>) {
    const AT: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)];
    let crossing = |edge: usize| {
        let next = (edge + 1) % 4;
        let (a, b) = (corners[edge], corners[next]);
        let t = a / (a - b);
        ((a > 0.0) != (b > 0.0))
            .then(|| place(AT[edge].0 + t * (AT[next].0 - AT[edge].0), AT[edge].1 + t * (AT[next].1 - AT[edge].1)))
    };
    let found: Vec<(f64, f64)> = (0..4).filter_map(crossing).collect();
    match found[..] {
        [a, b] => pieces.push([a, b]),
        // A saddle: join as the middle of the cell says.
        [a, b, c, d] if corners.iter().sum::<f64>() * corners[0] > 0.0 => pieces.extend([[a, b], [c, d]]),
        [a, b, c, d] => pieces.extend([[a, d], [b, c]]),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(columns: usize, rows: usize, n_classes: usize, value: impl Fn(usize, usize) -> f32) -> Surface {
        let values = (0..rows * columns).map(|idx| value(idx % columns, idx / columns)).collect();
        Surface { columns, rows, values, n_classes, ..Surface::default() }
    }

    #[test]
    fn the_line_runs_where_the_likeliest_class_changes() {
        // Sure of class 0 at the left, of class 1 at the right, even in the middle.
        let halves = surface(10, 4, 2, |column, _| if column < 5 { 0.9 } else { 1.9 });
        let pieces = contour(&halves);
        assert_eq!(pieces.len(), 3);
        assert!(pieces.iter().flatten().all(|(x, _)| (x - 0.5).abs() < 1e-9), "{pieces:?}");
    }

    #[test]
    fn one_class_everywhere_has_no_line_and_a_regression_neither() {
        assert!(contour(&surface(8, 8, 3, |_, _| 2.7)).is_empty());
        assert!(contour(&surface(8, 8, 0, |column, _| column as f32)).is_empty());
    }

    #[test]
    fn the_first_row_of_the_picture_is_the_highest_y() {
        let theme = Theme::named(egui::Theme::Dark);
        let picture = picture(&surface(2, 2, 2, |_, row| if row == 0 { 0.99 } else { 1.99 }), theme);
        assert_eq!(picture.size, [2, 2]);
        assert!(picture.pixels[0].r() > picture.pixels[2].r(), "class 1, orange, is on top");
    }
}
