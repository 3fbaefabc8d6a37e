//! Sample images, a few of each class.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Rect, ScrollArea, Sense, TextureHandle, Ui, WidgetInfo, pos2, vec2};

use super::parts::{Part, Parts};
use crate::data::Images;
use crate::studio::Loaded;
use crate::ui::sheet;
use crate::ui::theme::{Theme, size, space};

/// Enough to see what is in the data, few enough for one texture.
const MOST: usize = 60;
const SIDE: f32 = 64.0;
/// Room below a picture for the name of its class, and for its part of the split.
const CLASS: f32 = 16.0;
const PART: f32 = 15.0;

/// Pictures of one data set, side by side in one texture.
#[derive(Default)]
pub(super) struct Gallery {
    /// What the texture was made from.
    of: Option<Arc<Loaded>>,
    wanted: Option<Part>,
    texture: Option<TextureHandle>,
    rows: Vec<usize>,
}

impl Gallery {
    pub(super) fn ui(&mut self, ui: &mut Ui, loaded: &Arc<Loaded>, parts: &Parts) {
        let Some(images) = &loaded.dataset.images else { return };
        if self.wanted != parts.wanted() || !self.of.as_ref().is_some_and(|it| Arc::ptr_eq(it, loaded)) {
            self.rows = sample(images, &parts.rows(loaded.dataset.n_rows));
            let shape = [images.channels, images.height, images.width];
            let pictures: Vec<&[u8]> = self.rows.iter().map(|row| images.row(*row).unwrap_or_default()).collect();
            let options = sheet::options(images.width, SIDE);
            self.texture = Some(ui.ctx().load_texture("sample images", sheet::sheet(shape, &pictures), options));
            (self.of, self.wanted) = (Some(Arc::clone(loaded)), parts.wanted());
        }
        let Some(texture) = &self.texture else { return };
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(space::S, space::S);
                for (idx, row) in self.rows.iter().enumerate() {
                    let uv = sheet::part(idx, self.rows.len());
                    picture_ui(ui, texture, uv, class_of(images, *row), parts.of_row(*row));
                }
            });
        });
    }
}

fn picture_ui(ui: &mut Ui, texture: &TextureHandle, uv: Rect, class: &str, part: Option<Part>) {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(SIDE, SIDE + CLASS + PART), Sense::hover());
    let picture = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    sheet::paint(ui.painter(), theme, texture.id(), uv, picture);
    let line = |text: &str, left: f32, top: f32, ink: egui::Color32| {
        let mut job =
            egui::text::LayoutJob::simple_singleline(text.to_owned(), egui::TextStyle::Small.resolve(ui.style()), ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(rect.right() - left);
        let galley = ui.fonts_mut(|it| it.layout_job(job));
        ui.painter().galley(pos2(left, top), galley, ink);
    };
    line(class, rect.left(), picture.bottom() + 2.0, theme.text);
    let words = match part {
        Some(part) => {
            let top = picture.bottom() + CLASS;
            let dot = pos2(rect.left() + size::DOT, top + CLASS / 2.0);
            ui.painter().circle_filled(dot, size::DOT - 1.0, part.color(theme));
            line(part.label(), rect.left() + size::DOT + space::S, top + 1.0, theme.dim);
            format!("Sample image: {class}, {}", part.label())
        }
        None => format!("Sample image: {class}"),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    if !class.is_empty() {
        response.on_hover_text(class);
    }
}

fn class_of(images: &Images, row: usize) -> &str {
    images.labels.get(row).and_then(|it| images.classes.get(*it as usize)).map_or("", String::as_str)
}

/// Rows of each class in turn, so that every class is in sight; without classes evenly from all rows.
fn sample(images: &Images, rows: &[usize]) -> Vec<usize> {
    if images.labels.is_empty() {
        let n = rows.len().min(MOST);
        return (0..n).map(|idx| rows[idx * rows.len() / n]).collect();
    }
    let mut by_class = vec![Vec::new(); images.classes.len()];
    let each = MOST.div_ceil(images.classes.len().max(1));
    for row in rows {
        let class = images.labels.get(*row).and_then(|label| by_class.get_mut(*label as usize));
        if let Some(rows) = class.filter(|it| it.len() < each) {
            rows.push(*row);
        }
    }
    let in_turn = (0..each).flat_map(|idx| by_class.iter().filter_map(move |rows| rows.get(idx).copied()));
    in_turn.take(MOST).collect()
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
        let all: Vec<usize> = (0..100).collect();
        let rows = sample(&images(), &all);
        assert_eq!(rows[..4], [0, 90, 1, 91]);
        assert!(rows.len() <= MOST);
        assert_eq!(sample(&images(), &[5, 95, 7]), [5, 95, 7], "a part of the rows");
    }
}
