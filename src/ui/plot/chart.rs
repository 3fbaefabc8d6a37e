//! A chart's ground: frame, grid, axes and how the mouse moves about in it. The curves are painted on top.
//!
//! egui_plot draws grid and axes and turns values into positions; what is in sight is decided by the panel,
//! so that all charts of a run share one x and a growing run can be followed.

use egui::{
    Color32, FontId, Id, Painter, PointerButton, Pos2, Rangef, Rect, Response, Stroke, StrokeKind, TextStyle, Ui, Vec2,
    pos2, vec2,
};
use egui_plot::{AxisHints, Plot, PlotPoint, PlotTransform};

use super::axis::{Marks, tick_text, ticks};
use crate::ui::theme::{Theme, size, space};

/// Room for the numbers beside the y axis: the same for all charts, so that their x line up.
const Y_AXIS: f32 = 46.0;
const X_AXIS: f32 = 16.0;
/// Room for the words along the y axis.
const Y_TITLE: f32 = 16.0;
/// Least distance of marks.
const X_MARKS: f32 = 90.0;
const Y_MARKS: f32 = 36.0;
const TICK_TEXT: f32 = 11.0;

/// A range on an axis, lowest first.
pub(crate) type Span = (f64, f64);

/// What a chart shows.
pub(crate) struct Ground<'a> {
    pub(crate) id: Id,
    /// Told to screen readers.
    pub(crate) summary: String,
    pub(crate) height: f32,
    pub(crate) x: Span,
    pub(crate) y: Span,
    pub(crate) x_marks: Marks,
    pub(crate) y_marks: Marks,
    /// Along the y axis: what is measured.
    pub(crate) y_title: &'a str,
    /// Whether the numbers below are written; charts above others leave them out.
    pub(crate) has_x_axis: bool,
}

/// A chart's ground as it stands on screen.
pub(crate) struct Chart {
    pub(crate) response: Response,
    pub(crate) transform: PlotTransform,
    pub(crate) is_log: bool,
    /// Paints inside the axes only.
    pub(crate) painter: Painter,
}

/// What the mouse asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Look {
    /// All there is, and what comes.
    Fit,
    At {
        x: Span,
        y: Option<Span>,
    },
}

impl Ground<'_> {
    /// Draws the ground and answers where things stand on it.
    pub(crate) fn ui(self, ui: &mut Ui) -> Chart {
        let theme = Theme::of(ui.ctx());
        let Self { id, summary, height, x, y, x_marks, y_marks, y_title, has_x_axis } = self;
        let frame = egui::Frame::new()
            .fill(theme.panel)
            .stroke(Stroke::new(size::HAIRLINE, theme.line))
            .corner_radius(size::CARD_RADIUS)
            .inner_margin(egui::Margin { left: 4, right: 14, top: 8, bottom: 4 });
        frame
            .show(ui, |ui| {
                let width = ui.available_width();
                let inner = Plot::new(id)
                    .id(id)
                    .height(height - 12.0)
                    .width(width)
                    .min_size(Vec2::splat(24.0))
                    .allow_zoom(false)
                    .allow_drag(false)
                    .allow_scroll(false)
                    .allow_boxed_zoom(false)
                    .allow_axis_zoom_drag(false)
                    .allow_double_click_reset(false)
                    .show_x(false)
                    .show_y(false)
                    .show_background(false)
                    .show_grid([false, true])
                    .grid_color(theme.line.gamma_multiply(0.6))
                    .grid_spacing(Rangef::new(0.5, 1.0))
                    .set_margin_fraction(Vec2::ZERO)
                    .include_x(x.0)
                    .include_x(x.1)
                    .include_y(y.0)
                    .include_y(y.1)
                    .x_grid_spacer(move |it| ticks(x_marks, it.bounds.0, it.bounds.1, (width / X_MARKS) as usize))
                    .y_grid_spacer(move |it| {
                        ticks(y_marks, it.bounds.0, it.bounds.1, (height / Y_MARKS).max(3.0) as usize)
                    })
                    .custom_x_axes(vec![x_axis(theme, x_marks, has_x_axis)])
                    .custom_y_axes(vec![y_axis(theme, y_marks)])
                    .show(ui, |_| ());
                inner.response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, &summary));
                let frame = *inner.transform.frame();
                if inner.response.has_focus() {
                    ui.painter().rect_stroke(
                        frame.expand(2.0),
                        2,
                        Stroke::new(size::FOCUS_RING, theme.accent),
                        StrokeKind::Outside,
                    );
                }
                if !y_title.is_empty() {
                    title_along(ui, theme, id, y_title, frame);
                }
                let painter = ui.painter().with_clip_rect(frame.intersect(ui.clip_rect()));
                Chart { response: inner.response, transform: inner.transform, is_log: y_marks == Marks::Log, painter }
            })
            .inner
    }
}

impl Chart {
    pub(crate) fn frame(&self) -> Rect {
        *self.transform.frame()
    }

    pub(crate) fn x(&self, x: f64) -> f32 {
        self.transform.position_from_point_x(x)
    }

    /// Where a value stands; none where a logarithmic axis has no place for it.
    pub(crate) fn y(&self, y: f64) -> Option<f32> {
        let y = if self.is_log { y.log10() } else { y };
        // Values far outside stay outside, but on numbers a screen can hold.
        y.is_finite().then(|| self.transform.position_from_point_y(y).clamp(-1e5, 1e5))
    }

    pub(crate) fn at(&self, x: f64, y: f64) -> Option<Pos2> {
        Some(pos2(self.x(x), self.y(y)?))
    }

    /// The x in sight.
    pub(crate) fn x_span(&self) -> Span {
        let bounds = self.transform.bounds();
        (bounds.min()[0], bounds.max()[0])
    }

    /// The x under the pointer.
    pub(crate) fn hovered_x(&self) -> Option<f64> {
        let pos = self.response.hover_pos()?;
        Some(self.transform.value_from_position(pos).x)
    }

    /// Where the mouse wants to look: the wheel zooms x about the pointer, dragging pans, a box drawn
    /// with the other button is filled, pinching zooms both axes, a double click fits all.
    pub(crate) fn look(&self, ui: &Ui, y_is_zoomed: bool) -> Option<Look> {
        if self.response.double_clicked() {
            return Some(Look::Fit);
        }
        let frame = self.frame();
        if self.response.dragged_by(PointerButton::Primary) {
            let mut delta = -self.response.drag_delta();
            if !y_is_zoomed {
                delta.y = 0.0;
            }
            return (delta != Vec2::ZERO).then(|| self.look_at(frame.translate(delta), y_is_zoomed));
        }
        if self.response.dragged_by(PointerButton::Secondary) || self.response.drag_stopped_by(PointerButton::Secondary)
        {
            return self.box_look(ui);
        }
        let pointer = self.response.hover_pos().filter(|_| self.response.contains_pointer())?;
        let (scroll, pinch) = ui.input(|it| (it.smooth_scroll_delta, it.zoom_delta_2d()));
        if pinch != Vec2::splat(1.0) {
            return Some(self.look_at(about(frame, pointer, pinch), true));
        }
        if scroll.y != 0.0 {
            let zoom = vec2((scroll.y / 240.0).exp(), 1.0);
            return Some(self.look_at(about(frame, pointer, zoom), y_is_zoomed));
        }
        (scroll.x != 0.0).then(|| self.look_at(frame.translate(vec2(-scroll.x, 0.0)), y_is_zoomed))
    }

    fn box_look(&self, ui: &Ui) -> Option<Look> {
        let (from, to) = ui.input(|it| (it.pointer.press_origin(), it.pointer.latest_pos()));
        let chosen = Rect::from_two_pos(from?, to?).intersect(self.frame());
        if self.response.drag_stopped_by(PointerButton::Secondary) {
            return (chosen.width() > space::S && chosen.height() > space::S).then(|| self.look_at(chosen, true));
        }
        let theme = Theme::of(ui.ctx());
        self.painter.rect(
            chosen,
            2,
            Theme::tint(theme.accent),
            Stroke::new(size::HAIRLINE, theme.accent),
            StrokeKind::Inside,
        );
        None
    }

    fn look_at(&self, rect: Rect, with_y: bool) -> Look {
        let low: PlotPoint = self.transform.value_from_position(rect.left_bottom());
        let high: PlotPoint = self.transform.value_from_position(rect.right_top());
        Look::At { x: (low.x, high.x), y: with_y.then_some((low.y, high.y)) }
    }
}

/// The part of a frame that fills it when it is zoomed about a point.
fn about(frame: Rect, center: Pos2, zoom: Vec2) -> Rect {
    Rect::from_min_max(center + (frame.min - center) / zoom, center + (frame.max - center) / zoom)
}

fn tick_font() -> FontId {
    FontId::monospace(TICK_TEXT)
}

fn x_axis(theme: &Theme, marks: Marks, is_written: bool) -> AxisHints<'static> {
    let color = if is_written { theme.dim } else { Color32::TRANSPARENT };
    let thickness = if is_written { X_AXIS } else { space::XS };
    let axis = AxisHints::new_x()
        .min_thickness(thickness)
        .label_spacing(Rangef::new(0.0, 0.5))
        .tick_label_color(color)
        .tick_label_font(tick_font());
    axis.formatter(move |mark, range| if is_written { tick_text(marks, mark, range) } else { String::new() })
}

fn y_axis(theme: &Theme, marks: Marks) -> AxisHints<'static> {
    let axis = AxisHints::new_y()
        .min_thickness(Y_AXIS + Y_TITLE)
        .label_spacing(Rangef::new(0.0, 0.5))
        .tick_label_color(theme.dim);
    axis.tick_label_font(tick_font()).formatter(move |mark, range| tick_text(marks, mark, range))
}

/// Words that run up along the y axis, shortened to its length; all of them under the pointer.
fn title_along(ui: &Ui, theme: &Theme, id: Id, title: &str, frame: Rect) {
    let mut job =
        egui::text::LayoutJob::simple_singleline(title.to_owned(), TextStyle::Small.resolve(ui.style()), theme.dim);
    job.wrap = egui::text::TextWrapping::truncate_at_width(frame.height());
    let galley = ui.fonts_mut(|it| it.layout_job(job));
    let left = frame.left() - Y_AXIS - Y_TITLE + 2.0;
    let bottom = frame.center().y + galley.size().x / 2.0;
    let is_short = galley.elided;
    ui.painter().add(
        egui::epaint::TextShape::new(pos2(left, bottom), galley, theme.dim).with_angle(-std::f32::consts::FRAC_PI_2),
    );
    if is_short {
        let area = Rect::from_x_y_ranges(Rangef::new(left, left + Y_TITLE), frame.y_range());
        ui.interact(area, id.with("title"), egui::Sense::hover()).on_hover_text(title);
    }
}
