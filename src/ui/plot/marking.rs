//! Paints marks on a chart: tints behind the curves; bars, dots, lines and labels in front.

use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    Align2, Color32, CornerRadius, FontId, Id, Pos2, Rangef, Rect, Sense, Shape, Stroke, StrokeKind, TextStyle, Ui,
    WidgetInfo, pos2, vec2,
};

use super::chart::Chart;
use super::line::Along;
use super::marks::{Kind, Mark};
use super::pills::{Edge, Skyline, Wanted, place};
use super::scene::LANE;
use crate::ui::theme::{Theme, size, space};

const PILL_TEXT: f32 = 11.0;
const PILL: egui::Vec2 = vec2(8.0, 3.0);
const BAR: f32 = 5.0;
const DOT: f32 = 4.5;
const CROSS: f32 = 5.0;
const TICK: f32 = 9.0;
/// A schedule may turn a knob in each epoch; more ticks than this are one carpet.
const MOST_TURNED: usize = 100;

/// Tints what lies behind the curves.
pub(crate) fn paint_behind(ui: &Ui, chart: &Chart, marks: &[Mark], along: Along) {
    let theme = Theme::of(ui);
    for mark in marks.iter().filter(|it| it.kind == Kind::Patience) {
        let x = Rangef::new(chart.x(along.to_chart(mark.from)), chart.x(along.to_chart(mark.to)));
        chart.painter.rect_filled(Rect::from_x_y_ranges(x, chart.frame().y_range()), 0, Theme::tint(theme.warning));
    }
}

/// Draws marks over the curves; `best` is where the best epoch's dot belongs.
pub(crate) fn paint_front(ui: &Ui, chart: &Chart, marks: &[Mark], along: Along, best: Option<Pos2>) {
    let theme = Theme::of(ui);
    let frame = chart.frame();
    let mut lane = 0.0;
    for mark in marks {
        let (from, to) = (chart.x(along.to_chart(mark.from)), chart.x(along.to_chart(mark.to)));
        let color = ink(theme, mark);
        match mark.kind {
            Kind::Patience => {}
            Kind::Span => {
                let top = frame.top() + lane * LANE;
                lane += 1.0;
                let bar = Rect::from_min_max(pos2(from, top), pos2(to.max(from + BAR), top + BAR));
                chart.painter.rect_filled(bar, CornerRadius::same(2), color.gamma_multiply(0.65));
            }
            Kind::Best => paint_best(chart, from, color, theme, best),
            Kind::Stop => {
                chart.painter.vline(from, frame.y_range(), Stroke::new(size::HAIRLINE, color));
            }
            Kind::NotFinite => paint_cross(chart, from, color),
            Kind::Turned => {
                let points = vec![
                    pos2(from, frame.bottom() - TICK),
                    pos2(from - 3.5, frame.bottom()),
                    pos2(from + 3.5, frame.bottom()),
                ];
                chart.painter.add(Shape::convex_polygon(points, color, Stroke::NONE));
            }
        }
    }
}

/// Labels of the marks along the edges, each where it covers no curve; its details are told under the pointer.
/// Returns where they stand.
pub(crate) fn pills_ui(ui: &Ui, id: Id, chart: &Chart, marks: &[Mark], along: Along, skyline: &Skyline) -> Vec<Rect> {
    let theme = Theme::of(ui);
    let frame = chart.frame();
    let lanes = marks.iter().filter(|it| it.kind == Kind::Span).count() as f32 * LANE;
    let area = Rect::from_min_max(frame.min + vec2(2.0, lanes + 3.0), frame.max - vec2(2.0, 3.0));
    let in_sight = |mark: &&Mark| {
        let x = Rangef::new(chart.x(along.to_chart(mark.from)), chart.x(along.to_chart(mark.to)));
        !mark.label.is_empty() && x.max >= frame.left() - 1.0 && x.min <= frame.right() + 1.0
    };
    let labelled: Vec<&Mark> = marks.iter().filter(in_sight).collect();
    let galleys: Vec<_> = labelled
        .iter()
        .map(|it| ui.painter().layout_no_wrap(it.label.clone(), FontId::monospace(PILL_TEXT), ink(theme, it)))
        .collect();
    let wanted: Vec<Wanted> = labelled
        .iter()
        .zip(&galleys)
        .map(|(mark, galley)| {
            let x = Rangef::new(chart.x(along.to_chart(mark.from)), chart.x(along.to_chart(mark.to)));
            let about = Rangef::new(x.min.max(frame.left()), x.max.min(frame.right()));
            let (about, edge) =
                if mark.kind == Kind::Patience { (Rangef::point(about.max), Edge::Bottom) } else { (about, Edge::Top) };
            Wanted { size: galley.size() + 2.0 * PILL, about, edge }
        })
        .collect();
    let order = order(&labelled);
    let sorted: Vec<Wanted> = order.iter().map(|idx| wanted[*idx]).collect();
    for (idx, mark) in marks.iter().enumerate().filter(|(_, it)| it.kind == Kind::Turned).take(MOST_TURNED) {
        let at = pos2(chart.x(along.to_chart(mark.from)), frame.bottom() - TICK / 2.0);
        told_ui(
            ui,
            id.with(("turned", idx)),
            Rect::from_center_size(at, vec2(TICK, TICK + 3.0)),
            &mark.detail,
            &mark.detail,
        );
    }
    let places = place(&sorted, &[], area, skyline);
    for (idx, rect) in order.into_iter().zip(&places).filter_map(|(idx, rect)| Some((idx, (*rect)?))) {
        let mark = labelled[idx];
        if mark.kind != Kind::Patience {
            chart.painter.rect(
                rect,
                size::CONTROL_RADIUS,
                theme.panel.gamma_multiply(0.92),
                Stroke::new(size::HAIRLINE, theme.line),
                StrokeKind::Inside,
            );
        }
        chart.painter.galley(rect.min + PILL, Arc::clone(&galleys[idx]), theme.text);
        told_ui(ui, id.with(("mark", idx)), rect, &mark.label, &mark.detail);
    }
    places.into_iter().flatten().collect()
}

/// Something painted, told to screen readers, with its details under the pointer.
fn told_ui(ui: &Ui, id: Id, rect: Rect, label: &str, detail: &str) {
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label));
    if !detail.is_empty() {
        response.on_hover_text(detail);
    }
}

/// A single x is placed before a stretch: it has fewer places that are its own.
fn order(marks: &[&Mark]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by_key(|idx| match marks[*idx].kind {
        Kind::NotFinite => 0,
        Kind::Best => 1,
        Kind::Stop => 2,
        Kind::Patience => 3,
        Kind::Span => 4,
        Kind::Turned => 5,
    });
    order
}

/// The line of a baseline, and its name at the right end.
pub(crate) fn baseline_ui(ui: &Ui, chart: &Chart, value: f64, name: &str, taken: &[Rect], skyline: &Skyline) {
    let theme = Theme::of(ui);
    let frame = chart.frame();
    let Some(y) = chart.y(value).filter(|y| frame.y_range().contains(*y)) else { return };
    let line = Shape::dotted_line(&[pos2(frame.left(), y), pos2(frame.right(), y)], theme.faint, 5.0, 0.8);
    chart.painter.extend(line);
    if name.is_empty() {
        return;
    }
    let near = Rect::from_x_y_ranges(frame.x_range(), Rangef::new(y - size::LINE, y + size::LINE));
    name_ui(ui, chart, near, name, taken, skyline);
}

/// A name at the right end of a chart's part, where it covers no curve.
pub(crate) fn name_ui(ui: &Ui, chart: &Chart, part: Rect, name: &str, taken: &[Rect], skyline: &Skyline) {
    let theme = Theme::of(ui);
    let galley = ui.painter().layout_no_wrap(name.to_owned(), FontId::proportional(PILL_TEXT), theme.dim);
    let wanted = Wanted { size: galley.size(), about: Rangef::point(part.right()), edge: Edge::Top };
    if let [Some(rect)] = place(&[wanted], taken, part.intersect(chart.frame().shrink(2.0)), skyline)[..] {
        chart.painter.galley(rect.min, galley, theme.dim);
    }
}

fn paint_best(chart: &Chart, x: f32, color: Color32, theme: &Theme, dot: Option<Pos2>) {
    let frame = chart.frame();
    let line = [pos2(x, frame.top()), pos2(x, frame.bottom())];
    chart.painter.extend(Shape::dashed_line(&line, Stroke::new(1.2, color), 3.0, 3.0));
    if let Some(dot) = dot {
        chart.painter.circle(dot, DOT, color, Stroke::new(1.5, theme.panel));
    }
}

fn paint_cross(chart: &Chart, x: f32, color: Color32) {
    let center = pos2(x, chart.frame().top() + CROSS + 2.0);
    let stroke = Stroke::new(2.5, color);
    chart.painter.line_segment([center - vec2(CROSS, CROSS), center + vec2(CROSS, CROSS)], stroke);
    chart.painter.line_segment([center - vec2(CROSS, -CROSS), center + vec2(CROSS, -CROSS)], stroke);
    chart.painter.vline(
        x,
        Rangef::new(center.y + CROSS + 2.0, chart.frame().bottom()),
        Stroke::new(size::HAIRLINE, color.gamma_multiply(0.5)),
    );
}

fn ink(theme: &Theme, mark: &Mark) -> Color32 {
    match (mark.kind, mark.severity) {
        (Kind::Best, _) => theme.good,
        (_, Some(severity)) => theme.severity(severity),
        (_, None) => theme.dim,
    }
}

/// A sentence in the middle of a chart that has nothing to show yet.
pub(crate) fn note(ui: &Ui, chart: &Chart, text: &str) {
    chart.painter.text(
        chart.frame().center(),
        Align2::CENTER_CENTER,
        text,
        TextStyle::Body.resolve(ui.style()),
        Theme::of(ui).dim,
    );
}

/// A remark at the lower left.
pub(crate) fn note_below(ui: &Ui, chart: &Chart, text: &str) {
    let pos = chart.frame().left_bottom() + vec2(space::XS, -space::XS);
    chart.painter.text(pos, Align2::LEFT_BOTTOM, text, TextStyle::Small.resolve(ui.style()), Theme::of(ui).warning);
}
