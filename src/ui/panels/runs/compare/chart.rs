//! The curves of all runs on one chart: validation solid, training faint, each with its name at its end.

use egui::{Align2, Color32, FontId, Pos2, TextStyle, Ui, pos2};
use egui_plot::LineStyle;

use super::{Compare, Row, color};
use crate::run::Run;
use crate::ui::metric_label;
use crate::ui::plot::Marks;
use crate::ui::plot::chart::{Chart, Ground};
use crate::ui::plot::line::{Pen, paint_line};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::segmented_ui;

/// Points a line needs at most: more than pixels.
const MOST_POINTS: usize = 1500;
/// Least distance of two names.
const APART: f32 = 13.0;
/// Letters of a name at most, and what stands beside the chart's frame in its width.
const LETTERS: usize = 16;
const AXIS: f32 = 82.0;

impl Compare {
    pub(super) fn chart_ui(&mut self, ui: &mut Ui) {
        let theme = Theme::of(ui);
        // A metric is drawn where all runs have the same.
        let metric = common_metric(&self.worked.rows);
        ui.horizontal(|ui| {
            ui.set_min_height(size::CONTROL);
            if let Some(metric) = metric {
                let of = [
                    (false, "Loss", "What training makes small"),
                    (true, metric_label(metric), "In the target\u{2019}s own unit"),
                ];
                segmented_ui(ui, &mut self.shows_metric, &of);
            }
            ui.label(theme.small("validation strong, training faint"));
        });
        let curve = metric.filter(|_| self.shows_metric).unwrap_or("loss");
        let lines: Vec<Line> = self
            .worked
            .rows
            .iter()
            .enumerate()
            .filter_map(|(idx, it)| Line::of(it, color(theme, idx), curve))
            .collect();
        let Some((x, y)) = extent(&lines) else {
            ui.label(theme.dim("No finite value to draw"));
            return;
        };
        let title = if curve == "loss" { "loss".to_owned() } else { metric_label(curve).to_owned() };
        let names: Vec<String> = lines.iter().map(|it| format!("{} ends at {:.4}", it.name, it.last())).collect();
        let room = (y.1 - y.0).max(1e-9);
        let ground = Ground {
            id: ui.scope_id().with("compare"),
            summary: format!("Validation {title} by epoch of {} runs: {}", lines.len(), names.join(", ")),
            height: ui.available_height(),
            x: (0.0, x.max(2.0) / (1.0 - names_share(ui, &lines))),
            y: (y.0 - 0.06 * room, y.1 + 0.06 * room),
            x_marks: Marks::Number,
            y_marks: Marks::Number,
            y_title: &title,
            has_x_axis: true,
        };
        let chart = ground.ui(ui);
        for line in &lines {
            let pen = Pen { color: line.color, width: size::CURVE, style: LineStyle::Solid };
            paint_line(&chart.painter, &on(&chart, &line.train), pen.faint());
        }
        for line in &lines {
            let pen = Pen { color: line.color, width: size::CURVE, style: LineStyle::Solid };
            paint_line(&chart.painter, &on(&chart, &line.validation), pen);
        }
        names_ui(ui, &chart, &lines);
    }
}

/// One run's curves by epoch, finite values only.
struct Line {
    name: String,
    color: Color32,
    train: Vec<(f64, f64)>,
    validation: Vec<(f64, f64)>,
}

impl Line {
    /// None where nothing was measured.
    fn of(row: &Row, color: Color32, curve: &str) -> Option<Self> {
        let run = row.run()?;
        let name = shortened(row.glance().name());
        let line = Self {
            name,
            color,
            train: points(run, &format!("train_{curve}")),
            validation: points(run, &format!("validation_{curve}")),
        };
        (!line.validation.is_empty()).then_some(line)
    }

    fn last(&self) -> f64 {
        self.validation.last().map_or(f64::NAN, |it| it.1)
    }
}

/// At most as many as are drawn; of several that stand close the first.
fn points(run: &Run, curve: &str) -> Vec<(f64, f64)> {
    let points = run.history.curve(curve).map_or(&[][..], |it| it.points());
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    points.iter().step_by(every).map(|it| (it.x, it.y)).filter(|it| it.1.is_finite()).collect()
}

fn on(chart: &Chart, points: &[(f64, f64)]) -> Vec<Pos2> {
    points.iter().filter_map(|(x, y)| chart.at(*x, *y)).collect()
}

/// Last epoch, and lowest and highest value. The first epochs may lie far above all that matters: the strong lines decide,
/// but for the highest twentieth of their values.
fn extent(lines: &[Line]) -> Option<(f64, (f64, f64))> {
    let x = lines.iter().filter_map(|it| it.validation.last()).map(|it| it.0).fold(0.0, f64::max);
    let mut values: Vec<f64> = lines.iter().flat_map(|it| it.validation.iter().map(|it| it.1)).collect();
    values.sort_by(f64::total_cmp);
    let high = *values.get(values.len().saturating_sub(1 + values.len() / 20))?;
    Some((x, (*values.first()?, high)))
}

fn common_metric(rows: &[Row]) -> Option<&'static str> {
    let first = rows.iter().find_map(Row::told)?.metric;
    rows.iter().filter_map(Row::told).all(|it| it.metric == first).then_some(first)
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}

/// The share of the chart's width that the longest name needs behind the last epoch.
fn names_share(ui: &Ui, lines: &[Line]) -> f64 {
    let font: FontId = TextStyle::Small.resolve(ui.style());
    let width =
        |it: &Line| ui.fonts_mut(|fonts| fonts.layout_no_wrap(it.name.clone(), font.clone(), it.color).size().x);
    let longest = lines.iter().map(width).fold(0.0, f32::max) + 2.0 * space::S;
    f64::from(longest / (ui.available_width() - AXIS).max(1.0)).min(0.6)
}

/// The name of each line at its end, moved apart where they would cover each other.
fn names_ui(ui: &Ui, chart: &Chart, lines: &[Line]) {
    let font: FontId = TextStyle::Small.resolve(ui.style());
    let frame = chart.frame();
    let mut ends: Vec<(usize, Pos2)> = lines
        .iter()
        .enumerate()
        .filter_map(|(idx, it)| Some((idx, chart.at(it.validation.last()?.0, it.last())?)))
        .collect();
    ends.sort_by(|a, b| a.1.y.total_cmp(&b.1.y));
    let wanted: Vec<f32> = ends.iter().map(|it| it.1.y.clamp(frame.top() + 6.0, frame.bottom() - 6.0)).collect();
    for ((idx, end), y) in ends.iter().zip(apart(&wanted, APART, frame.bottom() - 6.0)) {
        let line = &lines[*idx];
        chart.painter.circle_filled(*end, size::CURVE, line.color);
        let at = pos2(end.x + space::S, y);
        chart.painter.text(at, Align2::LEFT_CENTER, &line.name, font.clone(), line.color);
    }
}

/// Moves ascending places apart, down first and up where they would leave the chart.
fn apart(wanted: &[f32], least: f32, bottom: f32) -> Vec<f32> {
    let mut places: Vec<f32> = Vec::with_capacity(wanted.len());
    for y in wanted {
        places.push(places.last().map_or(*y, |above| y.max(above + least)));
    }
    let mut below = bottom + least;
    for y in places.iter_mut().rev() {
        *y = y.min(below - least);
        below = *y;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_and_stay_on_the_chart() {
        assert_eq!(apart(&[10.0, 12.0, 50.0], 13.0, 100.0), [10.0, 23.0, 50.0]);
        assert_eq!(apart(&[90.0, 95.0, 96.0], 13.0, 100.0), [74.0, 87.0, 100.0]);
        assert_eq!(shortened("a name that is far too long"), "a name that is …");
    }
}
