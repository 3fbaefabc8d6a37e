//! Many small pictures side by side in one texture.

use egui::{Color32, ColorImage, Painter, Rect, Stroke, StrokeKind, TextureId, TextureOptions, vec2};

use super::theme::{Theme, size};

/// Pictures beside each other, so that the whole is about as wide as it is high.
const ACROSS: usize = 8;

/// All pictures in one image.
///
/// # Shapes
/// - `shape`: channels, height and width; 1 channel is grey, 3 are red, green and blue
/// - `pictures`: `[channels, height, width]` each, 0 to 255
pub(super) fn sheet(shape: [usize; 3], pictures: &[&[u8]]) -> ColorImage {
    let [channels, height, width] = shape;
    let size = [width * ACROSS, height * pictures.len().div_ceil(ACROSS)];
    let mut rgb = vec![0; size[0] * size[1] * 3];
    for (idx, values) in pictures.iter().enumerate() {
        let corner = (idx / ACROSS) * height * size[0] + (idx % ACROSS) * width;
        for pixel in 0..width * height {
            let at = 3 * (corner + pixel / width * size[0] + pixel % width);
            for (color, value) in rgb[at..at + 3].iter_mut().enumerate() {
                let channel = color.min(channels.saturating_sub(1));
                *value = values.get(pixel + channel * width * height).copied().unwrap_or_default();
            }
        }
    }
    ColorImage::from_rgb(size, &rgb)
}

/// Where a picture of so many stands in the texture.
pub(super) fn part(idx: usize, n: usize) -> Rect {
    let part = vec2(1.0 / ACROSS as f32, 1.0 / n.div_ceil(ACROSS).max(1) as f32);
    let corner = vec2((idx % ACROSS) as f32, (idx / ACROSS) as f32) * part;
    Rect::from_min_size(corner.to_pos2(), part)
}

/// Few pixels are shown as they are; many are smoothed.
pub(super) fn options(width: usize, side: f32) -> TextureOptions {
    if (width as f32) < side { TextureOptions::NEAREST } else { TextureOptions::LINEAR }
}

/// A picture of the texture in a thin frame.
pub(super) fn paint(painter: &Painter, theme: &Theme, texture: TextureId, uv: Rect, rect: Rect) {
    painter.image(texture, rect, uv, Color32::WHITE);
    painter.rect_stroke(rect, 2, Stroke::new(size::HAIRLINE, theme.line), StrokeKind::Inside);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_keep_their_pixels() {
        let sheet = sheet([1, 1, 2], &[&[0, 255], &[90, 165]]);
        assert_eq!(sheet.size, [2 * ACROSS, 1]);
        assert_eq!(sheet.pixels[..2], [Color32::BLACK, Color32::WHITE]);
        assert_eq!(sheet.pixels[2..4], [Color32::from_gray(90), Color32::from_gray(165)]);
    }

    #[test]
    fn colors_come_from_their_channels() {
        let sheet = sheet([3, 1, 2], &[&[10, 20, 30, 40, 50, 60]]);
        assert_eq!(sheet.pixels[..2], [Color32::from_rgb(10, 30, 50), Color32::from_rgb(20, 40, 60)]);
    }

    #[test]
    fn the_ninth_picture_begins_the_second_row() {
        assert_eq!(part(8, 9).min, egui::pos2(0.0, 0.5));
    }
}
