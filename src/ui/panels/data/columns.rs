//! The profile of each column, and the balance of the classes.

use egui::{Color32, Label, RichText, ScrollArea, TextStyle, Ui, vec2};
use egui_extras::{Column, TableBuilder};

use super::bars::{class_bars_ui, spread_ui, typical_text};
use crate::data::{ColumnKind, ColumnProfile};
use crate::spec::Task;
use crate::studio::Loaded;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::percent_text;
use crate::ui::plot::palette;
use crate::ui::theme::{Theme, size, space};

const ROW: f32 = 28.0;
const SPREAD: egui::Vec2 = vec2(104.0, 20.0);
const BALANCE: f32 = 190.0;
/// A panel narrower than this leaves the balance out for the columns' sake.
const ROOM_FOR_BALANCE: f32 = 660.0;

/// Balance of the classes at the left, a line for each column at the right.
pub(super) fn columns_ui(ui: &mut Ui, loaded: &Loaded) {
    let classes = balance(loaded);
    if classes.is_empty() || ui.available_width() < ROOM_FOR_BALANCE {
        return table_ui(ui, loaded);
    }
    ui.horizontal_top(|ui| {
        let height = ui.available_height();
        ui.allocate_ui(vec2(BALANCE, height), |ui| ui.vertical(|ui| balance_ui(ui, loaded, &classes)));
        ui.vertical(|ui| table_ui(ui, loaded));
    });
}

/// Training rows of each class; nothing for a regression.
fn balance(loaded: &Loaded) -> Vec<(String, usize)> {
    let Ok(prepared) = &loaded.prepared else { return Vec::new() };
    match prepared.task {
        Task::Regression => Vec::new(),
        Task::Binary | Task::Classes(_) => {
            prepared.classes.iter().cloned().zip(prepared.class_counts.iter().copied()).collect()
        }
    }
}

fn balance_ui(ui: &mut Ui, loaded: &Loaded, classes: &[(String, usize)]) {
    let theme = Theme::of(ui);
    ScrollArea::vertical().id_salt("balance").auto_shrink(false).show(ui, |ui| {
        ui.set_width(BALANCE - space::M);
        let target = loaded.prepared.as_ref().map_or("", |it| it.target_name.as_str());
        ui.add(Label::new(theme.section_label(format!("Training rows by {target}"))).truncate());
        let colors: Vec<Color32> = (0..classes.len()).map(|class| palette::class(theme, class)).collect();
        class_bars_ui(ui, classes, &colors);
    });
}

fn table_ui(ui: &mut Ui, loaded: &Loaded) {
    let theme = Theme::of(ui);
    let table = TableBuilder::new(ui)
        .id_salt("columns")
        .auto_shrink(false)
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        .column(Column::initial(130.0).at_least(80.0).clip(true))
        .column(Column::exact(74.0))
        .column(Column::exact(64.0))
        .column(Column::exact(SPREAD.x + space::S))
        .column(Column::remainder().at_least(80.0).clip(true));
    let table = table.header(size::LINE + space::XS, |mut row| {
        for title in ["Column", "Kind", "Missing", "Spread", ""] {
            row.col(|ui| {
                ui.label(theme.small(title));
            });
        }
    });
    table.body(|body| {
        body.rows(ROW, loaded.profile.len(), |mut row| {
            let profile = &loaded.profile[row.index()];
            let role = Role::of(profile, loaded);
            row.col(|ui| name_ui(ui, profile, role));
            row.col(|ui| {
                ui.label(theme.dim(profile.kind.label())).on_hover_text(profile.why.as_str());
            });
            row.col(|ui| missing_ui(ui, profile, loaded.dataset.n_rows));
            row.col(|ui| {
                if role != Role::LeftOut {
                    spread_ui(ui, profile, loaded.dataset.n_rows, SPREAD);
                }
            });
            row.col(|ui| {
                let text = if role == Role::LeftOut {
                    left_out(profile, loaded)
                } else {
                    typical_text(profile, loaded.dataset.n_rows)
                };
                let label = ui.add(Label::new(theme.dim(text)).truncate());
                if role != Role::LeftOut {
                    label.on_hover_meaning(ui, || meaning::column(profile, loaded.dataset.n_rows));
                }
            });
        });
    });
}

/// What a column is to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Input,
    Target,
    LeftOut,
}

impl Role {
    fn of(profile: &ColumnProfile, loaded: &Loaded) -> Self {
        let target = loaded.prepared.as_ref().ok().map(|it| it.target_name.as_str());
        if target == Some(profile.name.as_str()) {
            return Self::Target;
        }
        let is_excluded = loaded.spec.exclude.contains(&profile.name);
        match profile.kind {
            ColumnKind::Identifier | ColumnKind::Constant | ColumnKind::Empty => Self::LeftOut,
            ColumnKind::Numeric | ColumnKind::Date | ColumnKind::Category | ColumnKind::Text if is_excluded => {
                Self::LeftOut
            }
            ColumnKind::Numeric | ColumnKind::Date | ColumnKind::Category | ColumnKind::Text => Self::Input,
        }
    }
}

fn name_ui(ui: &mut Ui, profile: &ColumnProfile, role: Role) {
    let theme = Theme::of(ui);
    let name = match role {
        Role::Target => theme.strong(profile.name.as_str()),
        Role::Input => theme.body(profile.name.as_str()),
        Role::LeftOut => theme.dim(profile.name.as_str()).strikethrough(),
    };
    if role == Role::Target {
        let tag = RichText::new("target").text_style(TextStyle::Small).color(theme.accent);
        ui.label(tag).on_hover_text("What the network learns to predict");
    }
    ui.add(Label::new(name).truncate());
}

fn missing_ui(ui: &mut Ui, profile: &ColumnProfile, n_rows: usize) {
    let theme = Theme::of(ui);
    if profile.missing == 0 {
        ui.label(theme.dim("–"));
        return;
    }
    let share = profile.missing as f64 / n_rows.max(1) as f64;
    let ink = if share > 0.2 { theme.warning } else { theme.text };
    let label = ui.label(theme.mono(percent_text(share)).color(ink));
    label.on_hover_meaning(ui, || meaning::missing(profile, n_rows));
}

fn left_out(profile: &ColumnProfile, loaded: &Loaded) -> String {
    let is_chosen = loaded.spec.exclude.contains(&profile.name);
    if is_chosen { "left out: you chose so".to_owned() } else { format!("left out: {}", profile.why) }
}
