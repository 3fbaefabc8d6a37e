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
use crate::run::FindingRow;
use crate::ui::Spotlight;
use crate::ui::theme::{Theme, size, space};

const PILL_TEXT: f32 = 11.0;
const PILL: egui::Vec2 = vec2(8.0, 3.0);
const BAR: f32 = 5.0;
const DOT: f32 = 4.5;
const CROSS: f32 = 5.0;
const TICK: f32 = 9.0;
/// Narrowest lit span, and how much of what lies outside it is veiled.
const LEAST_LIT: f32 = 6.0;
const VEIL: f32 = 0.6;
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
    for mark in marks {
        let from = chart.x(along.to_chart(mark.from));
        let color = ink(theme, mark);
        match mark.kind {
            Kind::Patience | Kind::Copy => {}
            Kind::Span => {
                let bar = bar(chart, marks, mark, along);
                chart.painter.rect_filled(bar, CornerRadius::same(2), color.gamma_multiply(0.65));
            }
            Kind::Best => paint_best(chart, from, color, theme, best),
            Kind::Stop | Kind::Fork => {
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

/// The bar of a finding's span along the top, in a lane of its own.
fn bar(chart: &Chart, marks: &[Mark], mark: &Mark, along: Along) -> Rect {
    let lane = marks.iter().filter(|it| it.kind == Kind::Span).position(|it| it == mark).unwrap_or_default();
    let top = chart.frame().top() + lane as f32 * LANE;
    let (from, to) = (chart.x(along.to_chart(mark.from)), chart.x(along.to_chart(mark.to)));
    Rect::from_min_max(pos2(from, top), pos2(to.max(from + BAR), top + BAR))
}

/// Labels of the marks along the edges, each where it covers no curve; its details are told under the pointer.
/// Returns where they stand.
pub(crate) fn pills_ui(
    ui: &Ui,
    spotlight: &mut Spotlight,
    chart: &Chart,
    marks: &[Mark],
    along: Along,
    skyline: &Skyline,
) -> Vec<Rect> {
    let theme = Theme::of(ui);
    let id = ui.scope_id();
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
            let (about, edge) = match mark.kind {
                Kind::Patience => (Rangef::point(about.max), Edge::Bottom),
                Kind::Span => (about, Edge::BelowBar),
                Kind::Best | Kind::NotFinite | Kind::Stop | Kind::Copy | Kind::Fork | Kind::Turned => {
                    (about, Edge::Top)
                }
            };
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
    for (idx, rect) in order.into_iter().zip(&places) {
        let mark = labelled[idx];
        let Some(rect) = *rect else {
            // The bar itself tells what there was no room for.
            if let Some(rule) = &mark.finding
                && mark.kind == Kind::Span
            {
                finding_pill_ui(
                    ui,
                    spotlight,
                    id.with(("mark", rule)),
                    bar(chart, marks, mark, along).intersect(frame),
                    mark,
                    rule,
                );
            }
            continue;
        };
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
        match &mark.finding {
            Some(rule) => finding_pill_ui(ui, spotlight, id.with(("mark", rule)), rect, mark, rule),
            None => told_ui(ui, id.with(("mark", idx)), rect, &mark.label, &mark.detail),
        }
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

/// The pill of a finding: lights its span, and a click shows its card.
fn finding_pill_ui(ui: &Ui, spotlight: &mut Spotlight, id: Id, rect: Rect, mark: &Mark, rule: &str) {
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &mark.label));
    if response.clicked() {
        spotlight.raise(rule);
    }
    if response.hovered() {
        spotlight.point_at(rule);
    } else if response.has_focus() {
        spotlight.focus_on(rule);
        let ring = Stroke::new(size::FOCUS_RING, Theme::of(ui).accent);
        ui.painter().rect_stroke(rect.expand(1.0), size::CONTROL_RADIUS, ring, StrokeKind::Outside);
    }
    response.on_hover_text(format!("{}\n\nClick to see its card", mark.detail));
}

/// Lights the span of a finding: the rest is veiled a little, so that the eye goes where the words do.
pub(crate) fn paint_lit(ui: &Ui, chart: &Chart, finding: &FindingRow, along: Along) {
    let theme = Theme::of(ui);
    let frame = chart.frame();
    let [from, to] = [finding.from_epoch, finding.to_epoch].map(|it| chart.x(along.to_chart(it as f64)));
    let span = Rangef::new(from, to.max(from));
    // A single epoch is a stretch one can see.
    let span = if span.span() < LEAST_LIT { Rangef::new(from - LEAST_LIT / 2.0, from + LEAST_LIT / 2.0) } else { span };
    let color = theme.severity(finding.severity);
    for x in [Rangef::new(frame.left(), span.min), Rangef::new(span.max, frame.right())] {
        if x.max > x.min {
            chart.painter.rect_filled(Rect::from_x_y_ranges(x, frame.y_range()), 0, theme.panel.gamma_multiply(VEIL));
        }
    }
    let tint = Theme::tint(color).gamma_multiply(0.6);
    chart.painter.rect_filled(Rect::from_x_y_ranges(span, frame.y_range()), 0, tint);
    for x in [span.min, span.max] {
        chart.painter.vline(x, frame.y_range(), Stroke::new(size::HAIRLINE, color.gamma_multiply(0.7)));
    }
}

/// A single x is placed before a stretch: it has fewer places that are its own.
fn order(marks: &[&Mark]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..marks.len()).collect();
    order.sort_by_key(|idx| match marks[*idx].kind {
        Kind::NotFinite => 0,
        Kind::Best => 1,
        Kind::Fork => 2,
        Kind::Copy => 3,
        Kind::Stop => 4,
        Kind::Patience => 5,
        Kind::Span => 6,
        Kind::Turned => 7,
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
        (Kind::Fork, _) => theme.accent,
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
