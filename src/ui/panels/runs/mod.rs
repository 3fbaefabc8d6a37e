//! Every run that was written down: a list to sort, filter and search, a tree of what began from what, and a comparison.

mod bar;
mod cells;
mod compare;
mod edit;
mod filter;
mod keys;
mod select;
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Ui;
use serde::{Deserialize, Serialize};

use super::{Cx, Home, Panel, PanelDef};
use crate::report::epochs_csv;
use crate::session::Glance;
use crate::studio::history::{Branch, Query, tree};
use crate::studio::{Action, HistoryAction, Studio};
use crate::ui::text::sentence;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{empty_ui, secondary_ui};
use compare::Compare;
use edit::Edit;
use select::Selection;

pub(super) const RUNS: PanelDef =
    PanelDef { id: "runs", title: "Runs", home: Home::Bottom, make: || Box::<Runs>::default() };

/// Seconds between two looks at the folder while a run in it is being trained.
const BETWEEN_LOOKS: f64 = 2.0;

/// How the runs are looked at.
#[derive(Default)]
struct Runs {
    query: Query,
    view: View,
    selection: Selection,
    lines: Vec<Line>,
    /// What the lines were made for.
    made_for: Option<(u64, Query, View)>,
    edit: Option<Edit>,
    compare: Compare,
    /// What has the keyboard while one moves about in the table; none before it was drawn.
    table: Option<egui::Id>,
    /// The line to bring into sight.
    reveal: Option<usize>,
    /// When the folder was last looked into, on egui's clock.
    last_look: f64,
}

/// What is the same the next time.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Remembered {
    query: Query,
    view: View,
    /// Folders of runs.
    chosen: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum View {
    #[default]
    List,
    Tree,
    Compare,
}

/// A run in the list, and where it stands in the tree.
struct Line {
    run: Arc<Glance>,
    branch: Branch,
}

impl Line {
    fn folder(&self) -> &Path {
        &self.run.folder
    }
}

fn folders(lines: &[Line]) -> Vec<&Path> {
    lines.iter().map(Line::folder).collect()
}

impl Panel for Runs {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.look(ui, cx);
        self.arrange(cx.studio);
        let history = &cx.studio.history;
        if !history.trouble.is_empty() {
            return trouble_ui(ui, cx, &sentence(&history.trouble));
        }
        if !history.has_looked() && history.folder().is_some() {
            return empty_ui(ui, "Looking for runs", "Every run that was trained in this window is listed here");
        }
        if history.listing.runs.is_empty() && history.listing.trash.is_empty() {
            return empty_ui(
                ui,
                "No run was written down yet",
                "Press Train (space). Every run is kept here with its settings and results, to look at, mark and compare",
            );
        }
        self.bar_ui(ui, cx);
        ui.add_space(space::XS);
        if self.lines.is_empty() {
            self.nothing_ui(ui, cx);
        } else if self.view == View::Compare {
            self.compare_ui(ui, cx);
        } else {
            self.table_ui(ui, cx);
        }
        self.edit_ui(ui, cx);
    }

    fn remembers(&self) -> serde_json::Value {
        let chosen = self.selection.chosen().map(Path::to_owned).collect();
        let look = Remembered { query: self.query.clone(), view: self.view, chosen };
        serde_json::to_value(look).unwrap_or_default()
    }

    fn recall(&mut self, remembered: &serde_json::Value) {
        let Ok(it) = Remembered::deserialize(remembered) else { return };
        (self.query, self.view, self.selection) = (it.query, it.view, Selection::of(it.chosen));
    }

    fn has_values(&self, studio: &Studio) -> bool {
        self.view == View::Compare && studio.history.compared.runs.iter().any(|it| it.run.is_ok())
    }

    /// Every epoch of the runs that are compared.
    fn values(&self, studio: &Studio) -> Option<String> {
        let compared = studio.history.compared.runs.iter();
        let named: Vec<_> =
            compared.filter_map(|it| Some((it.glance.name().to_owned(), it.run.as_ref().ok()?))).collect();
        self.has_values(studio).then(|| epochs_csv(&named))
    }

    /// Where nothing is written down there is nothing to list.
    fn has_tab(&self, studio: &Studio) -> bool {
        studio.history.folder().is_some()
    }
}

impl Runs {
    /// Looks into the folder the first time, and while a run is being trained again and again: another program may be
    /// training it.
    fn look(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        let history = &cx.studio.history;
        if !history.has_looked() {
            if !history.is_busy() && history.folder().is_some() {
                cx.ask(Action::History(HistoryAction::Look));
            }
            return;
        }
        let Some(now) = cx.now.filter(|_| history.listing.runs.iter().any(|it| it.is_training())) else { return };
        if now - self.last_look >= BETWEEN_LOOKS {
            self.last_look = now;
            cx.ask(Action::History(HistoryAction::Look));
        }
        ui.ctx().request_repaint_after(std::time::Duration::from_secs(2));
    }

    /// Works out the lines anew where runs or wishes have changed.
    fn arrange(&mut self, studio: &Studio) {
        // Before that nothing is known of the runs that were chosen the last time.
        if !studio.history.has_looked() {
            return;
        }
        let wanted = (studio.history.generation, self.query.clone(), self.view);
        if self.made_for.as_ref() == Some(&wanted) {
            return;
        }
        let runs = &studio.history.listing.runs;
        let shown = self.query.arrange(runs);
        let branches = match self.view {
            View::List | View::Compare => shown.into_iter().map(|it| Branch::alone(it, false)).collect(),
            View::Tree => tree(runs, &shown),
        };
        self.lines = branches.into_iter().map(|branch| Line { run: Arc::clone(&runs[branch.run]), branch }).collect();
        self.selection.keep(|folder| studio.history.listing.run(folder).is_some());
        self.made_for = Some(wanted);
    }

    /// What is said where the filter leaves nothing.
    fn nothing_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let facets = cx.studio.history.listing.runs.len();
        if facets == 0 {
            return empty_ui(
                ui,
                "No run is left",
                "Those that were deleted are in the trash, from which they come back",
            );
        }
        let text = if self.query.is_filtering() {
            "Search for less, or take a filter away"
        } else {
            "All of them are archived: the filter shows them"
        };
        empty_ui(ui, "No run is asked for", text);
        if self.query.is_filtering() {
            ui.vertical_centered(|ui| {
                ui.add_space(space::S);
                if secondary_ui(ui, None, "Show all runs").clicked() {
                    let Query { sort, is_descending, .. } = self.query;
                    self.query = Query { sort, is_descending, ..Query::default() };
                }
            });
        }
    }
}

fn trouble_ui(ui: &mut Ui, cx: &mut Cx<'_>, why: &str) {
    let theme = Theme::of(ui);
    empty_ui(ui, "The runs cannot be listed", why);
    ui.vertical_centered(|ui| {
        ui.add_space(space::S);
        ui.label(theme.small("Nothing was changed"));
        ui.add_space(space::S);
        if secondary_ui(ui, None, "Look again").clicked() {
            cx.ask(Action::History(HistoryAction::Look));
        }
    });
}
