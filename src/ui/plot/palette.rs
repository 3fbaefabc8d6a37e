//! Colors and shapes of classes: each differs in both, so that neither is needed alone.

use egui::{Color32, Painter, Pos2, Shape, Stroke, pos2, vec2};

use crate::ui::theme::Theme;

/// Shapes of points, by class; there are more of them than one keeps apart.
const N_SHAPES: usize = 6;

/// The color of a class. The first two are far apart for every eye.
pub(crate) fn class(theme: &Theme, class: usize) -> Color32 {
    let [pink, green, yellow, sky, red] = theme.ghosts.map(|it| it.color);
    [theme.train, theme.validation, green, pink, yellow, sky, red][class % 7]
}

/// From the lowest to the highest value, through the ground in the middle.
pub(crate) fn value(theme: &Theme, share: f32) -> Color32 {
    let end = if share < 0.5 { theme.train } else { theme.validation };
    theme.panel.lerp_to_gamma(end, (2.0 * share - 1.0).abs().clamp(0.0, 1.0))
}

/// How a point is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) class: usize,
    pub(crate) radius: f32,
    pub(crate) fill: Color32,
    pub(crate) edge: Stroke,
}

impl Glyph {
    /// Training rows are filled, validation rows hollow.
    pub(crate) fn new(theme: &Theme, class: usize, color: Color32, is_train: bool, radius: f32) -> Self {
        if is_train {
            Self { class, radius, fill: color, edge: Stroke::new(1.0, theme.panel) }
        } else {
            Self { class, radius, fill: theme.panel, edge: Stroke::new(1.5, color) }
        }
    }

    pub(crate) fn paint(self, painter: &Painter, at: Pos2) {
        let Self { class, radius: r, fill, edge } = self;
        let corners: &[(f32, f32)] = match class % N_SHAPES {
            0 => {
                painter.circle(at, r, fill, edge);
                return;
            }
            1 => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            2 => &[(0.0, -1.3), (1.15, 0.8), (-1.15, 0.8)],
            3 => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
            4 => &[(-1.15, -0.8), (1.15, -0.8), (0.0, 1.3)],
            _ => &[(0.0, -1.25), (1.2, -0.4), (0.75, 1.0), (-0.75, 1.0), (-1.2, -0.4)],
        };
        let points = corners.iter().map(|(x, y)| at + vec2(x * r, y * r)).collect();
        painter.add(Shape::convex_polygon(points, fill, edge));
    }
}

/// A position by shares of a rectangle, from its lower left.
pub(crate) fn within(rect: egui::Rect, x: f64, y: f64) -> Pos2 {
    pos2(egui::lerp(rect.x_range(), x as f32), rect.bottom() - rect.height() * y as f32)
}
