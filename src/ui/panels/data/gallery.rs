//! Sample images, a few of each class.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Color32, ColorImage, Rect, ScrollArea, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2};

use crate::data::Images;
use crate::studio::Loaded;
use crate::ui::theme::{Theme, size, space};

/// Enough to see what is in the data, few enough for one texture.
const MOST: usize = 60;
/// Pictures beside each other in the texture, so that it is about as wide as it is high.
const ACROSS: usize = 8;
const SIDE: f32 = 64.0;

/// Pictures of one data set, side by side in one texture.
#[derive(Default)]
pub(super) struct Gallery {
    /// What the texture was made from.
    of: Option<Arc<Loaded>>,
    texture: Option<TextureHandle>,
    rows: Vec<usize>,
}

impl Gallery {
    pub(super) fn ui(&mut self, ui: &mut Ui, loaded: &Arc<Loaded>) {
        let Some(images) = &loaded.dataset.images else { return };
        if !self.of.as_ref().is_some_and(|it| Arc::ptr_eq(it, loaded)) {
            self.rows = sample(images, loaded.dataset.n_rows);
            let options = if images.width < SIDE as usize { TextureOptions::NEAREST } else { TextureOptions::LINEAR };
            self.texture = Some(ui.ctx().load_texture("sample images", sheet(images, &self.rows), options));
            self.of = Some(Arc::clone(loaded));
        }
        let Some(texture) = &self.texture else { return };
        let part = vec2(1.0 / ACROSS as f32, 1.0 / self.rows.len().div_ceil(ACROSS).max(1) as f32);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(space::S, space::S);
                for (idx, row) in self.rows.iter().enumerate() {
                    let corner = vec2((idx % ACROSS) as f32, (idx / ACROSS) as f32) * part;
                    let uv = Rect::from_min_size(corner.to_pos2(), part);
                    picture_ui(ui, texture, uv, class_of(images, *row));
                }
            });
        });
    }
}

fn picture_ui(ui: &mut Ui, texture: &TextureHandle, uv: Rect, class: &str) {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + size::LINE), Sense::hover());
    let picture = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    ui.painter().image(texture.id(), picture, uv, Color32::WHITE);
    ui.painter().rect_stroke(picture, 2, egui::Stroke::new(size::HAIRLINE, theme.line), egui::StrokeKind::Inside);
    let mut job = egui::text::LayoutJob::simple_singleline(
        class.to_owned(),
        egui::TextStyle::Small.resolve(ui.style()),
        theme.dim,
    );
    job.wrap = egui::text::TextWrapping::truncate_at_width(SIDE);
    let galley = ui.fonts_mut(|it| it.layout_job(job));
    ui.painter().galley(pos2(rect.left(), picture.bottom() + 2.0), galley, theme.dim);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Sample image: {class}")));
    if !class.is_empty() {
        response.on_hover_text(class);
    }
}

fn class_of(images: &Images, row: usize) -> &str {
    images.labels.get(row).and_then(|it| images.classes.get(*it as usize)).map_or("", String::as_str)
}

/// Rows of each class in turn, so that every class is in sight; without classes evenly from all rows.
fn sample(images: &Images, n_rows: usize) -> Vec<usize> {
    if images.labels.is_empty() {
        let n = n_rows.min(MOST);
        return (0..n).map(|idx| idx * n_rows / n).collect();
    }
    let mut by_class = vec![Vec::new(); images.classes.len()];
    let each = MOST.div_ceil(images.classes.len().max(1));
    for (row, label) in images.labels.iter().enumerate() {
        if let Some(rows) = by_class.get_mut(*label as usize).filter(|it| it.len() < each) {
            rows.push(row);
        }
    }
    let in_turn = (0..each).flat_map(|idx| by_class.iter().filter_map(move |rows| rows.get(idx).copied()));
    in_turn.take(MOST).collect()
}

/// Images side by side in one.
fn sheet(images: &Images, rows: &[usize]) -> ColorImage {
    let Images { channels, width, height, .. } = *images;
    let size = [width * ACROSS, height * rows.len().div_ceil(ACROSS)];
    let mut rgb = vec![0; size[0] * size[1] * 3];
    for (idx, row) in rows.iter().enumerate() {
        let values = images.row(*row).unwrap_or_default();
        let corner = (idx / ACROSS) * height * size[0] + (idx % ACROSS) * width;
        for pixel in 0..width * height {
            let at = 3 * (corner + pixel / width * size[0] + pixel % width);
            for (color, value) in rgb[at..at + 3].iter_mut().enumerate() {
                *value = values.get(pixel + color.min(channels - 1) * width * height).copied().unwrap_or_default();
            }
        }
    }
    ColorImage::from_rgb(size, &rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Images {
        let labels: Vec<u32> = (0..100).map(|row| u32::from(row >= 90)).collect();
        let pixels = (0..100).flat_map(|row| [row, 255 - row]).collect();
        Images {
            channels: 1,
            height: 1,
            width: 2,
            pixels,
            labels,
            classes: vec!["a".to_owned(), "b".to_owned()],
            names: Vec::new(),
        }
    }

    #[test]
    fn a_rare_class_is_in_sight() {
        let rows = sample(&images(), 100);
        assert_eq!(rows[..4], [0, 90, 1, 91]);
        assert!(rows.len() <= MOST);
    }

    #[test]
    fn images_keep_their_pixels() {
        let sheet = sheet(&images(), &[0, 90]);
        assert_eq!(sheet.size, [2 * ACROSS, 1]);
        assert_eq!(sheet.pixels[2..4], [Color32::from_gray(90), Color32::from_gray(165)]);
    }
}
