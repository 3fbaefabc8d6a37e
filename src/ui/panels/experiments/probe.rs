//! How the copies of a probe went on: a line each, from the same start.

use egui::{Align2, TextStyle, Ui, pos2, vec2};
use egui_plot::LineStyle;

use crate::run::{Fork, Probe, Verdict};
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::plot::Marks;
use crate::ui::plot::chart::{Chart, Ground, Span};
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::short_number;
use crate::ui::theme::{Theme, size, space};

/// Names closer than this cover each other.
const APART: f32 = 13.0;

pub(super) fn chart_ui(ui: &mut Ui, probe: &Probe, height: f32) {
    let theme = Theme::of(ui);
    let Some(y) = span(probe) else { return };
    let n_stretches = probe.forks.iter().map(|it| it.losses.len()).max().unwrap_or(1).saturating_sub(1);
    let steps = (probe.stretch * n_stretches as u64) as f64;
    let ground = Ground {
        id: ui.scope_id().with("probe"),
        summary: format!("Training loss of copies at other learning rates. {}", probe.text),
        height,
        // Room at the right for the learning rates behind their lines.
        x: (0.0, steps * 1.25),
        y,
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: "training loss",
        has_x_axis: true,
    };
    let chart = ground.ui(ui);
    let mut above = f32::NAN;
    // From the lowest end up, so that a name moves up where it would cover another.
    let mut forks: Vec<_> = probe.forks.iter().collect();
    forks.sort_by(|a, b| end_of(a).total_cmp(&end_of(b)));
    for fork in forks {
        let is_favored = match probe.verdict {
            Verdict::TooHigh => fork.factor < 1.0,
            Verdict::TooLow => fork.factor > 1.0,
            Verdict::Neither => fork.factor == 1.0,
        };
        above = fork_ui(ui, &chart, probe.stretch, fork, is_favored, above);
    }
    chart.response.clone().on_hover_meaning(ui, || meaning::probe(probe));
    // Behind the last number of the axis there is room for its name.
    let corner = chart.frame().right_bottom() + vec2(-space::XS, space::XS);
    let font = TextStyle::Small.resolve(ui.style());
    ui.painter().text(corner, Align2::RIGHT_TOP, "steps", font, theme.dim);
}

/// Draws a copy and its rate at its end, clear of the name at `above`. Returns where that name stands.
fn fork_ui(ui: &Ui, chart: &Chart, stretch: u64, fork: &Fork, is_favored: bool, above: f32) -> f32 {
    let theme = Theme::of(ui);
    let color = if is_favored { theme.accent } else { theme.dim };
    let points: Vec<_> = fork
        .losses
        .iter()
        .enumerate()
        .filter_map(|(idx, loss)| chart.at((stretch * idx as u64) as f64, *loss))
        .collect();
    let Some(end) = points.last().copied() else { return above };
    // The dash tells the factor where the color cannot.
    let style = if fork.factor < 1.0 {
        LineStyle::Dashed { length: 6.0 }
    } else if fork.factor > 1.0 {
        LineStyle::Dotted { spacing: 4.0 }
    } else {
        LineStyle::Solid
    };
    paint_line(&chart.painter, &points, Pen { color, width: size::CURVE, style });
    let name = short_number(fork.learning_rate);
    let font = TextStyle::Small.resolve(ui.style());
    let y = if above - end.y < APART { above - APART } else { end.y };
    chart.painter.text(pos2(end.x + space::XS, y), Align2::LEFT_CENTER, name, font, color);
    y
}

/// The last finite loss of a copy.
fn end_of(fork: &Fork) -> f64 {
    fork.losses.iter().copied().rfind(|it| it.is_finite()).unwrap_or(f64::INFINITY)
}

/// Every finite loss with a margin; a copy that blew up is cut at three times the start.
fn span(probe: &Probe) -> Option<Span> {
    let start = probe.forks.iter().find_map(|it| it.losses.first()).copied().filter(|it| it.is_finite())?;
    let losses = || probe.forks.iter().flat_map(|it| it.losses.iter().copied()).filter(|it| it.is_finite());
    let low = losses().fold(start, f64::min);
    let high = losses().fold(start, f64::max).min(3.0 * start.abs().max(f64::MIN_POSITIVE));
    let margin = 0.08 * (high - low).max(1e-9);
    Some((low - margin, high + margin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_that_blew_up_does_not_flatten_the_others() {
        let fork = |losses: &[f64]| Fork { losses: losses.to_vec(), ..Fork::default() };
        let probe =
            Probe { forks: vec![fork(&[1.0, 0.8]), fork(&[1.0, 1e9]), fork(&[1.0, f64::NAN])], ..Probe::default() };
        let (low, high) = span(&probe).unwrap();
        assert!((0.5..0.8).contains(&low) && (3.0..3.5).contains(&high), "{low} {high}");
        assert_eq!(span(&Probe::default()), None);
    }
}
