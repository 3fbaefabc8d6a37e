//! The learning rate over all epochs, drawn before a single step is made.

use egui::accesskit::Role;
use egui::{Align2, Pos2, Rect, Sense, Stroke, StrokeKind, TextStyle, Ui, WidgetInfo, pos2, vec2};

use super::fits::steps_per_epoch;
use crate::spec::{Project, ScheduleKind};
use crate::ui::Cx;
use crate::ui::text::{counted, short_number};
use crate::ui::theme::{Theme, size, space};

/// Steps of an epoch while the data is not known yet.
const GUESSED_STEPS: u64 = 100;

/// A small curve from the first step to the last.
pub(super) fn preview_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = Theme::of(ui);
    let steps = steps_per_epoch(cx).unwrap_or(GUESSED_STEPS);
    ui.add_space(space::S);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::PREVIEW), Sense::hover());
    let painter = ui.painter_at(rect);
    painter.rect(
        rect,
        size::CONTROL_RADIUS,
        theme.background,
        Stroke::new(size::HAIRLINE, theme.line),
        StrokeKind::Inside,
    );
    let chart = Rect::from_min_max(rect.min + vec2(space::S, space::L), rect.max - vec2(space::S, space::S));
    let rates = rates(cx.draft, steps, chart.width() as usize);
    let highest = rates.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let last = (rates.len().max(2) - 1) as f32;
    let points: Vec<Pos2> = rates
        .iter()
        .enumerate()
        .map(|(idx, rate)| {
            pos2(
                chart.left() + chart.width() * idx as f32 / last,
                chart.bottom() - chart.height() * (rate / highest) as f32,
            )
        })
        .collect();
    painter.line(points, Stroke::new(size::FOCUS_RING, theme.accent));
    let font = TextStyle::Small.resolve(ui.style());
    painter.text(rect.min + vec2(space::S, 2.0), Align2::LEFT_TOP, short_number(highest), font.clone(), theme.dim);
    let epochs = counted(cx.draft.training.epochs, "epoch");
    painter.text(pos2(rect.right() - space::S, rect.top() + 2.0), Align2::RIGHT_TOP, &epochs, font, theme.dim);
    let told = told(cx.draft, &rates, &epochs);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &told));
    response.on_hover_text(told);
}

/// The learning rate at evenly spread steps of the whole run.
fn rates(draft: &Project, steps_per_epoch: u64, n: usize) -> Vec<f64> {
    let epochs = draft.training.epochs.max(1);
    let all = epochs.saturating_mul(steps_per_epoch).max(1);
    let n = n.clamp(2, 400) as u64;
    let step_at = |idx: u64| 1 + ((all - 1) as f64 * idx as f64 / (n - 1) as f64) as u64;
    (0..n)
        .map(|idx| {
            let step = step_at(idx);
            let epoch = ((step - 1) / steps_per_epoch + 1).min(epochs);
            draft.learning_rate * draft.schedule.share(step, epoch, epochs, 0)
        })
        .collect()
}

fn told(draft: &Project, rates: &[f64], epochs: &str) -> String {
    let (first, last) = (rates.first().copied().unwrap_or_default(), rates.last().copied().unwrap_or_default());
    let curve = format!("Learning rate from {} to {} over {epochs}", short_number(first), short_number(last));
    match draft.schedule.kind {
        ScheduleKind::Plateau(_) => {
            format!("{curve}. It drops when the validation loss stops improving, which nobody knows before")
        }
        ScheduleKind::Constant | ScheduleKind::Step(_) | ScheduleKind::Exponential(_) | ScheduleKind::Cosine(_) => {
            curve
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preview_runs_from_the_first_step_to_the_last_epoch() {
        let mut draft = Project::default();
        for setting in ["schedule=step", "schedule.every=10", "schedule.gamma=0.1", "epochs=20", "learning_rate=0.01"] {
            draft.set(setting).unwrap();
        }
        let rates = rates(&draft, 5, 200);
        assert_eq!((rates[0], rates.len()), (0.01, 200));
        assert!((rates[199] - 0.001).abs() < 1e-12, "{}", rates[199]);
        draft.set("schedule.warmup_steps=50").unwrap();
        assert!(super::rates(&draft, 5, 200)[0] < 0.001, "warm-up begins near zero");
    }
}
