//! The best validation loss of every seed: a dot each, a column for each setting, the same seed joined by a line.

use egui::text::{LayoutJob, TextWrapping};
use egui::{Color32, Pos2, Stroke, TextStyle, Ui, pos2, vec2};

use crate::run::Run;
use crate::ui::plot::Marks;
use crate::ui::plot::chart::{Chart, Ground, Span};
use crate::ui::short_number;
use crate::ui::text::counted;
use crate::ui::theme::{Theme, size, space};

const DOT: f32 = 4.0;
/// How near the pointer must be to a dot.
const NEAR: f32 = 12.0;
/// Share of a column that its dots are spread over, in the order of the seeds, so that none hides another.
const SPREAD: f64 = 0.4;
/// Half the length of the line at a mean, as a share of a column.
const MEAN: f64 = 0.3;

/// One setting.
pub(super) struct Strip {
    name: String,
    color: Color32,
    /// Seeds with their best validation loss, in order.
    values: Vec<(u64, f64)>,
    /// Seeds without one: they diverged or failed.
    n_lost: usize,
}

impl Strip {
    /// A run with its seeds, or with its own alone.
    pub(super) fn of(run: &Run, name: String, color: Color32) -> Self {
        let own = || run.history.best_epoch().map(|it| (run.project.training.seed, it.validation_loss));
        let values = if run.seeds.is_spread() { run.seeds.values() } else { own().into_iter().collect() };
        let n_lost = run.seeds.rows().iter().filter(|it| it.value().is_none()).count();
        Self { name, color, values, n_lost }
    }

    /// Where the seed of an index stands within the column around `center`.
    fn x(&self, center: usize, idx: usize) -> f64 {
        let share = if self.values.len() > 1 { idx as f64 / (self.values.len() - 1) as f64 - 0.5 } else { 0.0 };
        center as f64 + SPREAD * share
    }

    fn mean(&self) -> Option<f64> {
        (self.values.len() > 1).then(|| self.values.iter().map(|it| it.1).sum::<f64>() / self.values.len() as f64)
    }

    fn summary(&self) -> String {
        let values: Vec<_> =
            self.values.iter().map(|(seed, it)| format!("seed {seed} {}", short_number(*it))).collect();
        let lost =
            if self.n_lost > 0 { format!(", {} lost", counted(self.n_lost as u64, "seed")) } else { String::new() };
        format!("{}: {}{lost}", self.name, values.join(", "))
    }
}

pub(super) fn chart_ui(ui: &mut Ui, strips: &[Strip], height: f32) {
    let theme = Theme::of(ui);
    let Some(y) = span(strips) else {
        ui.label(theme.dim("No finite validation loss"));
        return;
    };
    let summaries: Vec<_> = strips.iter().map(Strip::summary).collect();
    let ground = Ground {
        id: ui.scope_id().with("seeds"),
        summary: format!("Best validation loss by seed. {}", summaries.join("; ")),
        height,
        x: (-0.5, strips.len() as f64 - 0.5),
        y,
        x_marks: Marks::Number,
        y_marks: Marks::Number,
        y_title: "best validation loss",
        has_x_axis: false,
    };
    let chart = ground.ui(ui);
    join_seeds(theme, &chart, strips);
    for (idx, strip) in strips.iter().enumerate() {
        strip_ui(ui, &chart, idx, strip, strips.len());
    }
    pointed_ui(&chart, strips);
}

/// The same seed of neighboring settings: how each moved is what pairs compare.
fn join_seeds(theme: &Theme, chart: &Chart, strips: &[Strip]) {
    for (left, pair) in strips.windows(2).enumerate() {
        for (a, (seed, value)) in pair[0].values.iter().enumerate() {
            let Some(b) = pair[1].values.iter().position(|it| it.0 == *seed) else { continue };
            let ends = (chart.at(pair[0].x(left, a), *value), chart.at(pair[1].x(left + 1, b), pair[1].values[b].1));
            if let (Some(from), Some(to)) = ends {
                chart.painter.line_segment([from, to], Stroke::new(size::HAIRLINE, theme.faint.gamma_multiply(0.7)));
            }
        }
    }
}

fn strip_ui(ui: &Ui, chart: &Chart, idx: usize, strip: &Strip, n: usize) {
    let theme = Theme::of(ui);
    let center = idx as f64;
    if let Some(y) = strip.mean().and_then(|it| chart.y(it)) {
        let (left, right) = (chart.x(center - MEAN), chart.x(center + MEAN));
        chart.painter.hline(left..=right, y, Stroke::new(size::CURVE, strip.color));
    }
    for (at, _) in dots(chart, idx, strip) {
        chart.painter.circle(at, DOT, strip.color, Stroke::new(size::HAIRLINE, theme.panel));
    }
    let width = chart.frame().width() / n as f32 - space::S;
    let lost = if strip.n_lost > 0 { format!(" · {} lost", strip.n_lost) } else { String::new() };
    let font = TextStyle::Small.resolve(ui.style());
    let mut job = LayoutJob::simple_singleline(format!("{}{lost}", strip.name), font, theme.text);
    job.wrap = TextWrapping::truncate_at_width(width);
    let galley = ui.fonts_mut(|it| it.layout_job(job));
    let at = pos2(chart.x(center), chart.frame().bottom()) - vec2(galley.size().x / 2.0, galley.size().y + 2.0);
    chart.painter.galley(at, galley, theme.text);
}

fn dots(chart: &Chart, center: usize, strip: &Strip) -> impl Iterator<Item = (Pos2, (u64, f64))> {
    let at = move |(idx, it): (usize, &(u64, f64))| chart.at(strip.x(center, idx), it.1).map(|pos| (pos, *it));
    strip.values.iter().enumerate().filter_map(at)
}

/// The seed under the pointer, in words.
fn pointed_ui(chart: &Chart, strips: &[Strip]) {
    let Some(pointer) = chart.response.hover_pos() else { return };
    let all = strips.iter().enumerate().flat_map(|(idx, strip)| dots(chart, idx, strip).map(move |it| (strip, it)));
    let nearest = all.min_by(|a, b| a.1.0.distance(pointer).total_cmp(&b.1.0.distance(pointer)));
    if let Some((strip, (_, (seed, value)))) = nearest.filter(|it| it.1.0.distance(pointer) <= NEAR) {
        let text = format!("{}, seed {seed}: {}", strip.name, short_number(value));
        chart.response.clone().on_hover_text_at_pointer(text);
    }
}

/// Every value, with room for the names below.
fn span(strips: &[Strip]) -> Option<Span> {
    let values = || strips.iter().flat_map(|it| it.values.iter().map(|it| it.1));
    let (low, high) = (values().reduce(f64::min)?, values().reduce(f64::max)?);
    let room = (high - low).max(1e-6 * high.abs()).max(1e-12);
    Some((low - 0.3 * room, high + 0.12 * room))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(values: &[f64]) -> Strip {
        let values = (1..).zip(values.iter().copied()).collect();
        Strip { name: "this run".to_owned(), color: Color32::WHITE, values, n_lost: 1 }
    }

    #[test]
    fn dots_of_a_setting_stand_side_by_side_and_all_are_in_sight() {
        let strip = strip(&[0.4, 0.5, 0.45]);
        let xs: Vec<f64> = (0..3).map(|idx| strip.x(2, idx)).collect();
        assert_eq!(xs, [1.8, 2.0, 2.2]);
        assert_eq!(strip.summary(), "this run: seed 1 0.4, seed 2 0.5, seed 3 0.45, 1 seed lost");
        let (low, high) = span(&[strip]).unwrap();
        assert!(low < 0.4 && high > 0.5);
    }

    #[test]
    fn equal_values_and_none_at_all_have_a_span_or_none() {
        let (low, high) = span(&[strip(&[0.4, 0.4])]).unwrap();
        assert!(low < 0.4 && high > 0.4);
        assert_eq!(span(&[strip(&[])]), None);
    }
}
