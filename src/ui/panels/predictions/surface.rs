//! The decision surface over two inputs: colors for what the network says, points for what is so.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align2, Color32, ColorImage, Rect, Sense, Shape, Stroke, StrokeKind, TextStyle, TextureHandle, TextureOptions, Ui,
    WidgetInfo, pos2, vec2,
};

use crate::run::{Run, Surface, Views};
use crate::ui::plot::boundary::{Piece, contour, extent, picture, share};
use crate::ui::plot::palette::{self, Glyph, within};
use crate::ui::theme::{Theme, size, space};
use crate::ui::{grouped, short_number};

/// Room for the names of the inputs beside the picture.
const NAMES: f32 = 16.0;
/// Inputs whose ranges differ by more are not of one unit, and share no scale.
const ALIKE: f64 = 3.0;
const LEGEND: f32 = 132.0;

/// The picture on the graphics card, and what it shows.
#[derive(Default)]
pub(super) struct Boundary {
    of: Option<Arc<Views>>,
    is_dark: bool,
    texture: Option<TextureHandle>,
    line: Vec<Piece>,
}

impl Boundary {
    pub(super) fn ui(&mut self, ui: &mut Ui, run: &Run, views: &Arc<Views>, surface: &Surface, height: f32) {
        self.follow(ui, views, surface);
        let theme = Theme::of(ui);
        let inner = height - NAMES;
        let width = (inner * aspect(surface)).min(ui.available_width() - NAMES);
        let (all, response) = ui.allocate_exact_size(vec2(width + NAMES, height), Sense::hover());
        let rect = Rect::from_min_size(all.min + vec2(NAMES, 0.0), vec2(width, inner));
        if let Some(texture) = &self.texture {
            let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let shape =
                egui::epaint::RectShape::filled(rect, size::CARD_RADIUS, Color32::WHITE).with_texture(texture.id(), uv);
            ui.painter().add(shape);
        }
        let painter = ui.painter().with_clip_rect(rect.shrink(1.0).intersect(ui.clip_rect()));
        let stroke = Stroke::new(1.6, theme.text.gamma_multiply(0.85));
        painter
            .extend(self.line.iter().map(|piece| Shape::line_segment(piece.map(|(x, y)| within(rect, x, y)), stroke)));
        points_ui(&painter, theme, surface, rect);
        ui.painter().rect_stroke(rect, size::CARD_RADIUS, Stroke::new(size::HAIRLINE, theme.line), StrokeKind::Inside);
        names_ui(ui, theme, surface, rect);
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, summary(run, views, surface)));
        if ui.available_width() > LEGEND {
            ui.allocate_ui(vec2(LEGEND, height), |ui| {
                ui.vertical(|ui| {
                    ui.spacing_mut().item_spacing = vec2(space::S, 2.0);
                    ui.spacing_mut().interact_size.y = size::LINE;
                    legend_ui(ui, run, views, surface);
                });
            });
        }
    }

    /// Paints a new picture where there are new predictions.
    fn follow(&mut self, ui: &Ui, views: &Arc<Views>, surface: &Surface) {
        let theme = Theme::of(ui);
        if self.is_dark == theme.is_dark && self.of.as_ref().is_some_and(|it| Arc::ptr_eq(it, views)) {
            return;
        }
        let image: ColorImage = picture(surface, theme);
        match &mut self.texture {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.texture = Some(ui.ctx().load_texture("boundary", image, TextureOptions::LINEAR)),
        }
        self.line = contour(surface);
        (self.of, self.is_dark) = (Some(Arc::clone(views)), theme.is_dark);
    }
}

/// Width to height: true to scale where both inputs are alike, else a little wider than high.
fn aspect(surface: &Surface) -> f32 {
    let (width, height) = (surface.x[1] - surface.x[0], surface.y[1] - surface.y[0]);
    let ratio = width / height.max(f64::MIN_POSITIVE);
    if (1.0 / ALIKE..=ALIKE).contains(&ratio) { ratio.clamp(0.6, 1.8) as f32 } else { 1.4 }
}

fn points_ui(painter: &egui::Painter, theme: &Theme, surface: &Surface, rect: Rect) {
    // About as much ink for few points in a large picture as for many in a small one.
    let radius = (rect.height() * 0.25 / (surface.points.len().max(1) as f32).sqrt()).clamp(1.6, 4.0);
    let range = extent(surface);
    let place = |value: f32, ends: [f64; 2]| (f64::from(value) - ends[0]) / (ends[1] - ends[0]).max(f64::MIN_POSITIVE);
    for (x, y, value, is_train) in surface.points.iter().copied() {
        let (class, color) = if surface.n_classes == 0 {
            (0, palette::value(theme, share(value, range)))
        } else {
            (value.max(0.0) as usize, palette::class(theme, value.max(0.0) as usize))
        };
        Glyph::new(theme, class, color, is_train, radius)
            .paint(painter, within(rect, place(x, surface.x), place(y, surface.y)));
    }
}

/// Names and ends of both inputs along the edges.
fn names_ui(ui: &Ui, theme: &Theme, surface: &Surface, rect: Rect) {
    let font = TextStyle::Small.resolve(ui.style());
    let below = rect.bottom() + 2.0;
    let [low, high] = surface.x.map(short_number);
    let text = |pos, align: Align2, text: String| ui.painter().text(pos, align, text, font.clone(), theme.dim);
    text(pos2(rect.left(), below), Align2::LEFT_TOP, low);
    text(pos2(rect.center().x, below), Align2::CENTER_TOP, surface.names[0].clone());
    text(pos2(rect.right(), below), Align2::RIGHT_TOP, high);
    let galley = ui.painter().layout_no_wrap(surface.names[1].clone(), font.clone(), theme.dim);
    let pos = pos2(rect.left() - NAMES, rect.center().y + galley.size().x / 2.0);
    ui.painter().add(egui::epaint::TextShape::new(pos, galley, theme.dim).with_angle(-std::f32::consts::FRAC_PI_2));
}

fn legend_ui(ui: &mut Ui, run: &Run, views: &Views, surface: &Surface) {
    let theme = Theme::of(ui);
    ui.label(theme.dim(format!("After epoch {}", grouped(views.epoch))));
    ui.add_space(space::XS);
    ui.label(theme.section_label(if run.started.target.is_empty() { "Classes" } else { run.started.target.as_str() }));
    if surface.n_classes == 0 {
        return scale_ui(ui, theme, surface);
    }
    for class in 0..surface.n_classes.min(12) {
        let name = run.started.classes.get(class).cloned().unwrap_or_else(|| class.to_string());
        entry_ui(ui, Glyph::new(theme, class, palette::class(theme, class), true, 4.0), &name);
    }
    // A low panel says what it has room for, and cuts nothing in half.
    if ui.available_height() < 3.0 * size::LINE {
        return;
    }
    ui.add_space(space::S);
    entry_ui(ui, Glyph::new(theme, 0, theme.dim, true, 3.5), "training rows");
    entry_ui(ui, Glyph::new(theme, 0, theme.dim, false, 3.5), "validation rows");
    if ui.available_height() < 3.0 * size::LINE {
        return;
    }
    ui.add_space(space::S);
    ui.add(egui::Label::new(theme.small("The stronger the color, the surer the network")).wrap());
}

fn entry_ui(ui: &mut Ui, glyph: Glyph, text: &str) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(12.0, size::LINE), Sense::hover());
        glyph.paint(ui.painter(), rect.center());
        ui.add(egui::Label::new(theme.body(text)).truncate());
    });
}

/// A regression's colors, from the lowest to the highest prediction.
fn scale_ui(ui: &mut Ui, theme: &Theme, surface: &Surface) {
    let (low, high) = extent(surface);
    let (rect, _) = ui.allocate_exact_size(vec2(LEGEND - space::XL, 10.0), Sense::hover());
    for idx in 0..24_u8 {
        let from = egui::lerp(rect.x_range(), f32::from(idx) / 24.0);
        let part = Rect::from_min_max(pos2(from, rect.top()), pos2(from + rect.width() / 24.0 + 0.5, rect.bottom()));
        ui.painter().rect_filled(part, 0, palette::value(theme, f32::from(idx) / 23.0));
    }
    ui.horizontal(|ui| {
        ui.set_width(rect.width());
        ui.label(theme.small(short_number(f64::from(low))));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(theme.small(short_number(f64::from(high))))
        });
    });
}

fn summary(run: &Run, views: &Views, surface: &Surface) -> String {
    let what = if surface.n_classes == 0 {
        format!("Predicted {}", run.started.target)
    } else {
        format!("Boundary between {} classes", surface.n_classes)
    };
    format!(
        "{what} over {} and {} after epoch {}, {} points",
        surface.names[0],
        surface.names[1],
        views.epoch,
        surface.points.len()
    )
}
