//! The life of a run that was interrupted, along the x axis: what was trained, what an interruption took, and where it
//! went on.

use egui::accesskit::Role;
use egui::{Rangef, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2};

use super::chart::Chart;
use super::line::Along;
use crate::run::Run;
use crate::studio::{Interruption, Lifeline, Stage};
use crate::ui::text::{counted, duration_text};
use crate::ui::theme::{Theme, size};
use crate::ui::{grouped, percent_text};

/// Height of the strip, and what marks are wide that stand for a moment.
const HEIGHT: f32 = 6.0;
const MOMENT: f32 = 3.0;
/// Room around it that answers to the pointer.
const REACH: f32 = 4.0;

/// Paints the strip where there was an interruption, and tells of each under the pointer.
pub(crate) fn life_ui(ui: &Ui, chart: &Chart, run: &Run, life: &Lifeline, along: Along) {
    if life.interruptions.is_empty() {
        return;
    }
    let theme = Theme::of(ui);
    let frame = chart.frame();
    let y = Rangef::new(frame.bottom() - HEIGHT, frame.bottom());
    let x = |step: u64| chart.x(along.to_chart(run.epoch_of_step(step as f64)));
    let part = |from: f32, to: f32| Rect::from_x_y_ranges(from..=to, y);
    chart.painter.rect_filled(part(frame.left(), frame.right()), 0, theme.panel);
    chart.painter.rect_filled(part(x(0), x(run.step)), 0, theme.stage(Stage::Training));
    chart.painter.rect_filled(part(x(0), x(0) + MOMENT), 0, theme.stage(Stage::Starting));
    for (idx, it) in life.interruptions.iter().enumerate() {
        let (from, to) = (x(it.resumed_from), x(it.at));
        let lost = part(from, to.max(from + MOMENT));
        // What was lost is hollow, so that no color has to be told apart.
        chart.painter.rect_filled(lost, 0, theme.panel);
        let edge = Stroke::new(1.5, theme.stage(Stage::Interrupted));
        chart.painter.rect_stroke(lost, 0, edge, StrokeKind::Inside);
        chart.painter.rect_filled(part(from, from + MOMENT), 0, theme.stage(Stage::Resuming));
        let area = Rect::from_min_max(pos2(lost.left() - REACH, y.min - REACH), pos2(lost.right() + REACH, y.max));
        // It takes clicks and drags so that the pointer is on it alone, and not on the epochs behind it as well.
        let response = ui.interact(area, ui.scope_id().with(("interruption", idx)), Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::labeled(Role::Label, true, label(run, it)));
        response.on_hover_text(detail(run, life, it));
    }
    let line = Stroke::new(size::HAIRLINE, theme.line);
    chart.painter.hline(frame.x_range(), y.min - 1.0, line);
}

fn label(run: &Run, it: &Interruption) -> String {
    format!("interrupted · ep {:.1}", run.epoch_of_step(it.at as f64))
}

/// What it took, and what checkpoints saved.
fn detail(run: &Run, life: &Lifeline, it: &Interruption) -> String {
    let epoch = |step: u64| run.epoch_of_step(step as f64);
    let again = it.at - it.resumed_from;
    let text = format!(
        "Interrupted after step {} in epoch {:.1}; went on from step {} in epoch {:.1}, so that {} had to be made again.",
        grouped(it.at),
        epoch(it.at),
        grouped(it.resumed_from),
        epoch(it.resumed_from),
        counted(again, "step")
    );
    let cost = life.cost().map(|it| {
        let lost = if it.lost < 9.95 { format!("{:.1} s", it.lost) } else { duration_text(it.lost) };
        format!(
            "All interruptions so far: {lost} of training lost, {} of the work before them saved.",
            percent_text(it.saved)
        )
    });
    let legend = format!(
        "Filled: {}. Hollow: lost when it was {}. At its left edge: {}.",
        Stage::Training.label(),
        Stage::Interrupted.label(),
        Stage::Resuming.label()
    );
    std::iter::once(text).chain(cost).chain([legend]).collect::<Vec<_>>().join("\n\n")
}
