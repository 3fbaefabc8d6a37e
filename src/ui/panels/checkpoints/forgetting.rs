//! What the optimizer's memory is in a checkpoint for: two copies, one of which has lost it.

use egui::{Align, Align2, Label, Layout, TextStyle, Ui, vec2};
use egui_plot::LineStyle;

use crate::report::points_csv;
use crate::run::Forgotten;
use crate::studio::{Action, RunAction};
use crate::ui::Cx;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::plot::Marks;
use crate::ui::plot::chart::Ground;
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::secondary_ui;

/// A chart lower than this shows nothing.
const LOWEST: f32 = 120.0;
/// Names closer than this cover each other.
const APART: f32 = 14.0;

pub(super) fn forgetting_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = Theme::of(ui);
    let forgotten = cx.run().and_then(|it| it.forgotten.clone());
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let can_start = cx.studio.runs.can_experiment();
            let button = ui.add_enabled_ui(can_start, |ui| secondary_ui(ui, None, "Leave it out")).inner;
            let button = button
                .on_hover_text("Trains two copies on for 60 steps, one of them without the optimizer\u{2019}s memory. The run itself stays as it is")
                .on_disabled_hover_text("Only the training that is in memory can be copied; train again to experiment with it");
            if button.clicked() {
                cx.ask(Action::Run(RunAction::Forget));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme.strong("Optimizer\u{2019}s memory")).truncate());
            });
        });
    });
    let Some(forgotten) = forgotten else {
        let text = "A checkpoint also holds what the optimizer remembers of earlier gradients. Leave it out of a copy, and see what that does to the curve.";
        ui.add(Label::new(theme.paragraph(text)).wrap());
        return;
    };
    ui.add(Label::new(theme.paragraph(&forgotten.text)).wrap());
    chart_ui(ui, &forgotten);
}

/// Every step behind the checkpoint, with the loss of both copies.
pub(super) fn values(forgotten: &Forgotten) -> String {
    let pairs = forgotten.with_memory.iter().zip(&forgotten.without).enumerate();
    let rows = pairs.map(|(step, (kept, left_out))| [step.to_string(), kept.to_string(), left_out.to_string()].into());
    points_csv(&["step", "kept", "left_out"], rows)
}

fn chart_ui(ui: &mut Ui, forgotten: &Forgotten) {
    let theme = Theme::of(ui);
    let all = || forgotten.with_memory.iter().chain(&forgotten.without).copied().filter(|it| it.is_finite());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if low > high {
        return;
    }
    let margin = 0.08 * (high - low).max(1e-9);
    let steps = forgotten.with_memory.len().saturating_sub(1).max(1) as f64;
    let ground = Ground {
        id: ui.scope_id().with("forgetting"),
        summary: format!(
            "Training loss of two copies, with and without the optimizer\u{2019}s memory. {}",
            forgotten.text
        ),
        height: ui.available_height().max(LOWEST),
        // Room at the right for the names behind their lines.
        x: (0.0, steps * 1.25),
        y: (low - margin, high + margin),
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: "training loss",
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    chart.response.clone().on_hover_meaning(ui, || meaning::forgotten(forgotten));
    let font = TextStyle::Small.resolve(ui.style());
    let mut above = f32::NAN;
    for (losses, name, color, style) in [
        (&forgotten.with_memory, "kept", theme.accent, LineStyle::Solid),
        (&forgotten.without, "left out", theme.warning, LineStyle::Dashed { length: 6.0 }),
    ] {
        let points: Vec<_> = losses.iter().enumerate().filter_map(|(idx, loss)| chart.at(idx as f64, *loss)).collect();
        paint_line(&chart.painter, &points, Pen { color, width: size::CURVE, style });
        if let Some(end) = points.last() {
            let lift = if (end.y - above).abs() < APART { above - APART - end.y } else { 0.0 };
            above = end.y + lift;
            chart.painter.text(*end + vec2(space::XS, lift), Align2::LEFT_CENTER, name, font.clone(), color);
        }
    }
}
