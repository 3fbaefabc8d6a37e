//! Several runs held against each other: their curves on one chart, their results, and the settings in which they
//! differ.

mod chart;
mod results;
mod settings;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Align, Color32, Label, Layout, Rect, Ui, UiBuilder, pos2};

use super::Runs;
use crate::run::Run;
use crate::session::{Glance, Told};
use crate::spec::{Differing, Project, differing};
use crate::studio::history::{Comparand, MOST_COMPARED, Seeded, seeded};
use crate::studio::{Action, HistoryAction};
use crate::ui::Cx;
use crate::ui::text::sentence;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{empty_ui, scroll_ui};

/// Share of the width that the chart takes, and what it needs at most.
const CHART: f32 = 0.4;
const CHART_MOST: f32 = 720.0;

/// How runs are compared, and what was worked out of them.
#[derive(Default)]
pub(super) struct Compare {
    shows_metric: bool,
    /// The run that the others are held against; the first where it is none of them.
    baseline: Option<PathBuf>,
    worked: Worked,
}

/// Worked out once for each change of the runs.
#[derive(Default)]
struct Worked {
    made_for: Option<(u64, Vec<PathBuf>)>,
    rows: Vec<Row>,
    settings: Vec<Differing>,
}

/// One run of the comparison.
struct Row {
    of: Arc<Comparand>,
    /// What its seeds reach on the validation rows.
    seeds: Seeded,
}

impl Row {
    fn glance(&self) -> &Glance {
        &self.of.glance
    }

    fn told(&self) -> Option<&Told> {
        self.of.glance.told.as_ref().ok()
    }

    fn run(&self) -> Option<&Run> {
        self.of.run.as_ref().ok()
    }
}

/// Colors that differ for every eye; the first two are far apart, and each line has its name at its end.
pub(super) fn color(theme: &Theme, idx: usize) -> Color32 {
    let [pink, green, yellow, _, vermilion] = theme.ghosts.map(|it| it.color);
    [theme.train, theme.validation, green, pink, yellow, vermilion][idx % MOST_COMPARED]
}

impl Runs {
    pub(super) fn compare_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let chosen: Vec<PathBuf> = self.chosen().iter().map(|it| it.folder.clone()).collect();
        if chosen.len() < 2 {
            return empty_ui(
                ui,
                "Choose two runs or more",
                "In the list, with ctrl or shift and a click or an arrow. Here you see then in what they differ",
            );
        }
        let compared = &cx.studio.history.compared;
        if compared.asked() != &chosen[..chosen.len().min(MOST_COMPARED)] {
            cx.ask(Action::History(HistoryAction::Compare(chosen)));
            return;
        }
        if compared.runs.len() < 2 {
            return empty_ui(ui, "Reading the runs", "Their curves are drawn here in a moment");
        }
        self.compare.work_out(cx);
        self.compare.ui(ui, cx, chosen.len());
    }
}

impl Compare {
    fn work_out(&mut self, cx: &Cx<'_>) {
        let history = &cx.studio.history;
        let folders = history.compared.runs.iter().map(|it| it.glance.folder.clone()).collect();
        let wanted = Some((history.generation, folders));
        let is_fresh = self.worked.rows.iter().zip(&history.compared.runs).all(|(own, it)| Arc::ptr_eq(&own.of, it));
        if self.worked.made_for == wanted && is_fresh {
            return;
        }
        let all = &history.listing.runs;
        let rows: Vec<Row> = history
            .compared
            .runs
            .iter()
            .map(|it| {
                let told = it.glance.told.as_ref().ok();
                let seeds = told.map_or_else(Seeded::default, |told| seeded(told, all));
                Row { of: Arc::clone(it), seeds }
            })
            .collect();
        let projects: Vec<&Project> = rows.iter().filter_map(|it| it.told().map(|it| &it.project)).collect();
        // A damaged run has no settings to tell.
        let settings = if projects.len() == rows.len() { differing(&projects) } else { Vec::new() };
        self.worked = Worked { made_for: wanted, rows, settings };
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, n_chosen: usize) {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let middle = rect.left() + (CHART * rect.width()).min(CHART_MOST);
        let mut child = |at: Rect| ui.new_child(UiBuilder::new().max_rect(at).layout(Layout::top_down(Align::LEFT)));
        let mut left = child(Rect::from_min_max(rect.min, pos2(middle, rect.bottom())));
        let mut right = child(Rect::from_min_max(pos2(middle + space::L, rect.top()), rect.max));
        self.chart_ui(&mut left);
        scroll_ui(&mut right, |ui| {
            let theme = Theme::of(ui);
            if n_chosen > MOST_COMPARED {
                ui.label(theme.small(format!("The first {MOST_COMPARED} of {n_chosen} chosen runs")));
            }
            for row in &self.worked.rows {
                if let Err(why) = &row.of.run {
                    ui.add(Label::new(theme.body(sentence(why)).color(theme.critical)).wrap());
                }
            }
            if let Some(warning) = self.warning() {
                ui.add(Label::new(theme.body(warning).color(theme.warning)).wrap());
            }
            self.results_ui(ui, cx);
            ui.add_space(space::M);
            settings::settings_ui(ui, &self.worked);
        });
    }

    /// What keeps the numbers from meaning the same.
    fn warning(&self) -> Option<&'static str> {
        let told: Vec<&Told> = self.worked.rows.iter().filter_map(Row::told).collect();
        let first = told.first()?;
        let differ = |of: fn(&Told, &Told) -> bool| told.iter().any(|it| of(it, first));
        if differ(|a, b| a.project.data != b.project.data) {
            Some("These runs learned from different data or columns: their numbers do not measure the same")
        } else if differ(|a, b| {
            a.project.split != b.project.split && a.project.training.seed == b.project.training.seed
        }) {
            Some("These runs held back different rows: part of the difference may be the split")
        } else {
            None
        }
    }

    /// Place of the run that the others are held against.
    fn baseline(&self) -> usize {
        let is_it = |it: &Row| Some(&it.glance().folder) == self.baseline.as_ref();
        self.worked.rows.iter().position(is_it).unwrap_or(0)
    }
}
