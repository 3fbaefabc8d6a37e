//! Validation images with what the network takes them for: what it gets wrong comes first.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Label, Rect, ScrollArea, Sense, Stroke, StrokeKind, TextStyle, TextureHandle, Ui, WidgetInfo, pos2, vec2};

use crate::run::{Gallery, Sample, Views};
use crate::ui::theme::{Theme, size, space};
use crate::ui::{grouped, sheet};

const SIDE: f32 = 56.0;
const WIDTH: f32 = 76.0;
const LINE: f32 = 14.0;
const CROSS: f32 = 4.0;

/// The pictures on the graphics card, and what they show.
#[derive(Default)]
pub(super) struct Pictures {
    of: Option<Arc<Views>>,
    texture: Option<TextureHandle>,
}

impl Pictures {
    pub(super) fn ui(&mut self, ui: &mut Ui, views: &Arc<Views>, gallery: &Gallery) {
        self.follow(ui, views, gallery);
        let theme = Theme::of(ui);
        let n_right = gallery.samples.iter().filter(|it| it.is_right()).count();
        let text = format!("{n_right} of {} recognized", gallery.samples.len());
        ui.horizontal(|ui| {
            ui.label(theme.strong("Validation images"));
            ui.add(Label::new(theme.dim(text)).truncate()).on_hover_text(format!(
                "After epoch {}; the same images throughout, wrong ones first",
                grouped(views.epoch)
            ));
        });
        let Some(texture) = &self.texture else { return };
        ScrollArea::vertical().id_salt("gallery").auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(space::S, space::S);
                for idx in order(&gallery.samples) {
                    let uv = sheet::part(idx, gallery.samples.len());
                    sample_ui(ui, texture, uv, gallery, gallery.samples[idx]);
                }
            });
        });
    }

    /// The pictures stay the same for a run; only what is said of them changes.
    fn follow(&mut self, ui: &Ui, views: &Arc<Views>, gallery: &Gallery) {
        let before = self.of.replace(Arc::clone(views));
        let is_same = before.is_some_and(|it| it.gallery.as_ref().is_some_and(|it| it.pixels == gallery.pixels));
        if is_same && self.texture.is_some() {
            return;
        }
        let shape = [gallery.channels, gallery.height, gallery.width];
        let pictures: Vec<&[u8]> = gallery.pixels.chunks(shape.iter().product::<usize>().max(1)).collect();
        let options = sheet::options(gallery.width, SIDE);
        self.texture = Some(ui.ctx().load_texture("validation images", sheet::sheet(shape, &pictures), options));
    }
}

/// Wrong ones first, the surest of them before all; the others as they come, so that they do not jump about.
fn order(samples: &[Sample]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..samples.len()).collect();
    order.sort_by(|a, b| {
        let [a, b] = [samples[*a], samples[*b]];
        let surest = || if a.is_right() { std::cmp::Ordering::Equal } else { b.certainty.total_cmp(&a.certainty) };
        a.is_right().cmp(&b.is_right()).then_with(surest)
    });
    order
}

fn sample_ui(ui: &mut Ui, texture: &TextureHandle, uv: Rect, gallery: &Gallery, sample: Sample) {
    let theme = Theme::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(WIDTH, SIDE + 2.0 * LINE + 2.0), Sense::hover());
    let name = |class: u32| gallery.classes.get(class as usize).map_or("?", String::as_str);
    let sure = format!("{:.0} %", 100.0 * sample.certainty);
    let picture = Rect::from_min_size(rect.min, vec2(SIDE, SIDE));
    let painter = ui.painter();
    sheet::paint(painter, theme, texture.id(), uv, picture);
    let (taken, actual) = (name(sample.predicted), name(sample.actual));
    let (ink, below, words) = if sample.is_right() {
        (theme.text, sure.clone(), format!("Recognized as {taken}, {sure} sure"))
    } else {
        painter.rect_stroke(picture, 2, Stroke::new(size::CURVE, theme.critical), StrokeKind::Inside);
        let center = picture.right_top() + vec2(2.5 * CROSS, 1.5 * CROSS);
        for turn in [CROSS, -CROSS] {
            let stroke = Stroke::new(size::CURVE, theme.critical);
            painter.line_segment([center + vec2(-CROSS, -turn), center + vec2(CROSS, turn)], stroke);
        }
        (theme.critical, format!("is {actual}"), format!("Taken for {taken}, {sure} sure; it is {actual}"))
    };
    let laid_out = |text: &str, width: f32, ink: egui::Color32| {
        let font = TextStyle::Small.resolve(ui.style());
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(width);
        ui.fonts_mut(|it| it.layout_job(job))
    };
    // A long name is cut before the number is.
    let number = laid_out(if sample.is_right() { "" } else { &sure }, WIDTH, ink);
    let name = laid_out(taken, WIDTH - number.size().x - space::XS, ink);
    let [first, second] = [2.0, 2.0 + LINE].map(|down| picture.bottom() + down);
    painter.galley(pos2(rect.left() + name.size().x + space::XS, first), number, ink);
    painter.galley(pos2(rect.left(), first), name, ink);
    painter.galley(pos2(rect.left(), second), laid_out(&below, WIDTH, theme.dim), theme.dim);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &words));
    response.on_hover_text(format!("{words}\nRow {}", grouped(u64::from(sample.row) + 1)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_mistake_comes_first_and_what_is_right_keeps_its_order() {
        let sample = |predicted, certainty| Sample { row: 0, actual: 0, predicted, certainty };
        let samples = [sample(0, 0.5), sample(1, 0.6), sample(0, 0.9), sample(2, 0.8)];
        assert_eq!(order(&samples), [3, 1, 0, 2]);
    }
}
