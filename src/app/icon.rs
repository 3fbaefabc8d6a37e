//! The window's icon: a curve that falls, drawn here so that no picture has to ship.

use crate::ui::theme::Theme;

const SIDE: usize = 64;

pub(super) fn icon() -> egui::IconData {
    let theme = Theme::named(egui::Theme::Dark);
    let mut rgba = Vec::with_capacity(SIDE * SIDE * 4);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
            let ground = coverage(corner_distance(x, y));
            let mut color = theme.panel;
            color = color.lerp_to_gamma(
                theme.validation,
                coverage(curve_distance(x, y, |t| 0.34 + 0.42 * (t - 0.45).powi(2) * 3.0) - 2.2),
            );
            color = color
                .lerp_to_gamma(theme.train, coverage(curve_distance(x, y, |t| 0.78 - 0.62 * (-3.2 * t).exp()) - 2.6));
            rgba.extend([color.r(), color.g(), color.b(), (255.0 * ground) as u8]);
        }
    }
    egui::IconData { rgba, width: SIDE as u32, height: SIDE as u32 }
}

/// How much of a pixel lies inside, from its distance to the edge.
fn coverage(distance: f32) -> f32 {
    (0.5 - distance).clamp(0.0, 1.0)
}

/// Distance to a square with round corners that fills the icon.
fn corner_distance(x: f32, y: f32) -> f32 {
    const RADIUS: f32 = 14.0;
    let half = SIDE as f32 / 2.0;
    let (dx, dy) = (((x - half).abs() - half + RADIUS).max(0.0), ((y - half).abs() - half + RADIUS).max(0.0));
    dx.hypot(dy) - RADIUS
}

/// Distance to a curve over the middle of the icon; its y grows downward from 0 to 1.
fn curve_distance(x: f32, y: f32, curve: impl Fn(f32) -> f32) -> f32 {
    let side = SIDE as f32;
    let points = (0..=48).map(|idx| {
        let t = idx as f32 / 48.0;
        (side * (0.16 + 0.68 * t), side * curve(t))
    });
    points.map(|(px, py)| (px - x).hypot(py - y)).fold(f32::INFINITY, f32::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icon_is_opaque_in_the_middle_and_clear_in_the_corners() {
        let icon = icon();
        assert_eq!(icon.rgba.len(), SIDE * SIDE * 4);
        let alpha = |x: usize, y: usize| icon.rgba[(y * SIDE + x) * 4 + 3];
        assert_eq!((alpha(32, 32), alpha(0, 0)), (255, 0));
    }
}
