//! The data as it was read: what each column is, how its values are spread, and some of its rows.

mod bars;
mod columns;
mod gallery;
mod parts;
mod rows;

use std::sync::Arc;

use egui::{Label, Layout, ScrollArea, Ui};
use egui_material_icons::icons::{ICON_FOLDER_OPEN, ICON_REFRESH};

use super::{Cx, Home, Panel, PanelDef};
use crate::spec::Source;
use crate::studio::{Action, DataState, Kind, Loaded, ProjectAction, Studio};
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{card_ui, empty_ui, quiet_ui, secondary_ui, segmented_ui};
use crate::ui::{Wish, grouped};

pub(super) const DATA: PanelDef =
    PanelDef { id: "data", title: "Data", home: Home::Bottom, make: || Box::new(Data::default()) };

/// Which side of the data is looked at, and the pictures that were put on the graphics card for it.
#[derive(Default)]
struct Data {
    side: Side,
    parts: parts::Parts,
    gallery: gallery::Gallery,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Side {
    #[default]
    Columns,
    Rows,
    Notes,
}

impl Panel for Data {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let studio = cx.studio;
        match &studio.projects.data {
            DataState::Loading => {
                empty_ui(ui, "Reading the data", "Columns, their spread and sample rows appear here when it is read");
            }
            DataState::Failed(problem) => failed_ui(ui, cx, problem),
            DataState::Ready(loaded) => self.loaded_ui(ui, cx, loaded),
        }
    }

    fn has_values(&self, studio: &Studio) -> bool {
        matches!(studio.projects.data, DataState::Ready(_))
    }

    fn values(&self, studio: &Studio) -> Option<String> {
        let DataState::Ready(loaded) = &studio.projects.data else { return None };
        Some(bars::values(&loaded.profile))
    }
}

impl Data {
    fn loaded_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, loaded: &Arc<Loaded>) {
        let notes = notes(loaded);
        self.parts.follow(loaded);
        self.header_ui(ui, cx, loaded, notes.len());
        ui.add_space(space::XS);
        if let Err(problem) = &loaded.prepared {
            let theme = Theme::of(ui);
            ui.add(Label::new(theme.body(problem.as_str()).color(theme.critical)).wrap());
        }
        match self.side {
            Side::Columns => columns::columns_ui(ui, loaded),
            Side::Rows if loaded.dataset.images.is_some() => self.gallery.ui(ui, loaded, &self.parts),
            Side::Rows => rows::rows_ui(ui, loaded, &self.parts),
            Side::Notes => notes_ui(ui, loaded, &notes),
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, loaded: &Loaded, n_notes: usize) {
        let theme = Theme::of(ui);
        let dataset = &loaded.dataset;
        let rows = if dataset.images.is_some() { "Images" } else { "Rows" };
        let notes = format!("Notes {n_notes}");
        ui.horizontal(|ui| {
            let sides = [
                (Side::Columns, "Columns", "What each column is and how its values are spread"),
                (Side::Rows, rows, "Some of the rows, as they were read"),
                (Side::Notes, notes.as_str(), "What was noticed, and where the data comes from"),
            ];
            segmented_ui(ui, &mut self.side, &sides);
            // Where the filter stands there is no room for all the rest.
            if self.side != Side::Rows {
                ui.label(theme.strong(&dataset.name));
                ui.label(theme.dim(facts(loaded)));
            }
            if self.side == Side::Rows {
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| self.parts.filter_ui(ui, loaded));
            } else if let Some(origin) = dataset.origin {
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    let text = format!("{} · licence {}", origin.from, origin.licence);
                    ui.add(Label::new(theme.small(text)).truncate()).on_hover_text(origin.authors);
                });
            } else if let Source::File(path) = &loaded.spec.source
                && dataset.images.is_none()
            {
                ui.with_layout(Layout::right_to_left(egui::Align::Center), |ui| {
                    let as_curves = quiet_ui(ui, "Open as curves");
                    if as_curves
                        .on_hover_text("These are no rows to learn from, but curves that another program logged")
                        .clicked()
                    {
                        let path = cx.studio.projects.place_of(path);
                        cx.ask(Action::Project(ProjectAction::OpenAs(path, Kind::Curves)));
                    }
                });
            }
        });
    }
}

/// `7,043 rows · 20 columns`.
fn facts(loaded: &Loaded) -> String {
    let dataset = &loaded.dataset;
    let rows = grouped(dataset.n_rows as u64);
    match &dataset.images {
        Some(it) => {
            let colors = if it.channels == 1 { "grey" } else { "color" };
            format!("{rows} {colors} images · {} × {} pixels · {} classes", it.width, it.height, it.classes.len())
        }
        None => format!("{rows} rows · {} columns", dataset.columns.len()),
    }
}

/// All that was noticed while reading and preparing.
fn notes(loaded: &Loaded) -> Vec<&str> {
    let prepared = loaded.prepared.iter().flat_map(|it| &it.notes);
    loaded.dataset.notes.iter().chain(prepared).map(String::as_str).collect()
}

fn notes_ui(ui: &mut Ui, loaded: &Loaded, notes: &[&str]) {
    let theme = Theme::of(ui);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        if notes.is_empty() {
            ui.label(theme.dim("Nothing was noticed: every row and column is used as it is"));
        }
        for note in notes {
            ui.add(Label::new(theme.body(format!("•  {note}"))).wrap());
        }
        ui.add_space(space::S);
        ui.add(Label::new(theme.small(format!("Read from {}", loaded.dataset.place))).wrap());
        if let Some(origin) = loaded.dataset.origin {
            ui.add(
                Label::new(theme.small(format!("{} · {} · licence {}", origin.authors, origin.from, origin.licence)))
                    .wrap(),
            );
        }
    });
}

fn failed_ui(ui: &mut Ui, cx: &mut Cx<'_>, problem: &str) {
    let theme = Theme::of(ui);
    card_ui(ui, Some(theme.critical), |ui| {
        ui.label(theme.card_title("The data could not be read"));
        ui.add(Label::new(theme.paragraph(problem)).wrap());
        ui.add_space(space::XS);
        ui.horizontal(|ui| {
            if secondary_ui(ui, Some(ICON_REFRESH), "Read again").clicked() {
                cx.ask(Action::Project(ProjectAction::ReloadData));
            }
            if secondary_ui(ui, Some(ICON_FOLDER_OPEN), "Open other data…").clicked() {
                cx.wish(Wish::OpenFile);
            }
        });
    });
}
