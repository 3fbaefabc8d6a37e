//! What each column tells of a run.

use egui::{Sense, Stroke, Ui, pos2, vec2};
use egui_material_icons::icons::ICON_STAR;

use super::Line;
use super::table::{ROW, words_ui};
use crate::run::FinishReason;
use crate::session::{Glance, RunState, Told};
use crate::studio::history::{Branch, Column, state_label, test_metric};
use crate::studio::{Action, HistoryAction, MarkChange};
use crate::ui::text::{duration_text, grouped, metric_label, metric_text, moment_text, sentence};
use crate::ui::theme::{Theme, size, space};
use crate::ui::{Cx, short_number};

/// How far a level of the tree is indented.
const INDENT: f32 = 18.0;
/// Room for where a run began.
pub(super) const ORIGIN: f32 = 84.0;

/// Title and help of a column.
pub(super) fn head(column: Column) -> (&'static str, &'static str) {
    match column {
        Column::Star => ("Star", "Starred runs, to find them again (space)"),
        Column::Name => ("Name", "The name you gave it (F2), else that of its folder"),
        Column::Result => (
            "Validation",
            "On the validation rows at the best epoch, in the target\u{2019}s own unit. Sorted, the better comes first",
        ),
        Column::Test => ("Test", "The same on the test rows, measured once, with the weights that were kept"),
        Column::State => ("Ended", "How the run stands, or how it ended"),
        Column::Epochs => ("Epochs", "Epochs completed"),
        Column::Seconds => ("Took", "Wall time"),
        Column::When => ("Last written", "When its events were last written, by the clock of this machine"),
        Column::Project => ("Project", "The project\u{2019}s name, else its data"),
        Column::Device => ("Device", "Where the arithmetic was done"),
        Column::Tags => ("Tags", "Your own words to filter by"),
        Column::Note => ("Note", "What you wrote about it"),
    }
}

/// Width at first, in points.
pub(super) fn width(column: Column) -> f32 {
    match column {
        Column::Star => 22.0,
        Column::Name => 176.0,
        Column::Result => 96.0,
        Column::Test => 88.0,
        Column::State => 92.0,
        Column::Epochs | Column::Seconds => 56.0,
        Column::When => 128.0,
        Column::Project => 130.0,
        Column::Device => 62.0,
        Column::Tags => 120.0,
        Column::Note => 220.0,
    }
}

pub(super) fn cell_ui(ui: &mut Ui, cx: &mut Cx<'_>, line: &Line, column: Column) {
    let theme = Theme::of(ui);
    let run = line.run.as_ref();
    let told = run.told.as_ref().ok();
    match column {
        Column::Star => star_ui(ui, cx, run),
        Column::Name => name_ui(ui, cx, line),
        Column::Result => value_ui(ui, told, told.and_then(|it| it.best_metric), result_help),
        Column::Test => value_ui(ui, told, told.and_then(test_metric), test_help),
        Column::State => state_ui(ui, run),
        Column::Epochs => {
            words_ui(ui, theme.mono(told.map_or_else(|| "–".to_owned(), |it| grouped(it.epochs))));
        }
        Column::Seconds => {
            words_ui(ui, theme.mono(told.map_or_else(|| "–".to_owned(), |it| duration_text(it.seconds))));
        }
        Column::When => {
            // Pictures have neither clock nor place.
            let text = run.when.map_or_else(|| "–".to_owned(), |it| moment_text(it, cx.now.is_some()));
            words_ui(ui, theme.mono(text).color(theme.dim));
        }
        Column::Project => {
            words_ui(ui, theme.body(told.map_or("–", |it| it.title.as_str())));
        }
        Column::Device => {
            words_ui(ui, theme.dim(told.map_or("–", |it| it.device.as_str())));
        }
        Column::Tags => {
            words_ui(ui, theme.dim(run.marks.tags.join(", ")));
        }
        Column::Note => {
            words_ui(ui, theme.dim(run.marks.note.replace('\n', " ")));
        }
    }
}

/// A line in words, for those who do not see it.
pub(super) fn summary(line: &Line) -> String {
    let run = line.run.as_ref();
    let mut parts = vec![run.name().to_owned()];
    parts.extend(run.marks.is_starred.then(|| "starred".to_owned()));
    parts.extend(run.marks.is_archived.then(|| "archived".to_owned()));
    parts.push(state_label(run).to_owned());
    if let Ok(told) = &run.told
        && let Some(value) = told.best_metric
    {
        parts.push(format!("validation {} {}", metric_label(told.metric), metric_text(told.metric, value)));
    }
    if let Some(origin) = origin_text(&line.branch) {
        parts.push(origin);
    }
    parts.join(", ")
}

/// From which run at which epoch it began.
pub(super) fn origin_text(branch: &Branch) -> Option<String> {
    let origin = branch.origin.as_ref()?;
    let epoch = if origin.epoch == 0 { "its start".to_owned() } else { format!("epoch {}", grouped(origin.epoch)) };
    Some(match (branch.depth, origin.is_here) {
        (0, false) => format!("from {epoch} of {}, no longer here", origin.run),
        (0, true) => format!("from {epoch} of {}", origin.run),
        (_, _) => format!("from {epoch}"),
    })
}

fn star_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Glance) {
    let theme = Theme::of(ui);
    let (is_starred, name) = (run.marks.is_starred, run.name());
    let (rect, response) = ui.allocate_exact_size(vec2(size::SMALL_ICON, ROW), Sense::click());
    // An outline where there is a star to give, so that a star is told by its being there.
    if is_starred || response.hovered() || ui.rect_contains_pointer(rect) {
        let ink = if is_starred { theme.warning } else { theme.faint };
        let font = egui::FontId::new(size::ICON, ICON_STAR.font_family());
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, ICON_STAR.codepoint, font, ink);
    }
    let label = if is_starred { format!("Unstar {name}") } else { format!("Star {name}") };
    response.widget_info(|| egui::WidgetInfo::labeled(egui::accesskit::Role::Button, true, &label));
    if response.on_hover_text(if is_starred { "Take the star away" } else { "Star it" }).clicked() {
        let change = MarkChange::Star(!is_starred);
        cx.ask(Action::History(HistoryAction::Mark { runs: vec![run.folder.clone()], change }));
    }
}

fn name_ui(ui: &mut Ui, cx: &Cx<'_>, line: &Line) {
    let theme = Theme::of(ui);
    let run = line.run.as_ref();
    rails_ui(ui, theme, &line.branch);
    ui.spacing_mut().item_spacing.x = space::S;
    let is_shown = cx.studio.runs.written().is_some_and(|it| it.0 == run.folder);
    if is_shown {
        let (dot, mark) = ui.allocate_exact_size(egui::Vec2::splat(2.0 * size::DOT), Sense::hover());
        ui.painter().circle_filled(dot.center(), size::DOT - 1.0, theme.accent);
        mark.on_hover_text("This run is on the chart");
    }
    let is_faint = line.branch.is_context || run.marks.is_archived;
    let name = if is_faint { theme.dim(run.name()) } else { theme.body(run.name()) };
    let label = words_ui(ui, name);
    if let Some(origin) = origin_text(&line.branch) {
        words_ui(ui, theme.small(origin));
    }
    label.on_hover_ui(|ui| {
        ui.label(theme.strong(run.name()));
        for text in about(run) {
            ui.add(egui::Label::new(theme.paragraph(text)).wrap());
        }
    });
}

/// What does not fit the line.
fn about(run: &Glance) -> Vec<String> {
    let mut lines = vec![format!("Folder {}", run.folder.display())];
    if !run.marks.note.is_empty() {
        lines.push(run.marks.note.clone());
    }
    lines.extend(run.marks.is_archived.then(|| "Archived".to_owned()));
    if !run.marks_trouble.is_empty() {
        lines.push(sentence(&run.marks_trouble));
    }
    lines.extend(run.told.as_ref().err().map(|it| sentence(it)));
    lines
}

/// The tree's lines in front of a name.
fn rails_ui(ui: &mut Ui, theme: &Theme, branch: &Branch) {
    if branch.depth == 0 {
        return;
    }
    let (rect, _) = ui.allocate_exact_size(vec2(INDENT * branch.depth as f32, ROW), Sense::hover());
    let stroke = Stroke::new(size::HAIRLINE, theme.faint);
    for (level, goes_on) in branch.goes_on.iter().enumerate() {
        let x = rect.left() + INDENT * (level as f32 + 0.4);
        let is_own = level + 1 == branch.depth;
        if *goes_on || is_own {
            // Lines of the table stand a little apart; the rails bridge that.
            let bottom = if *goes_on { rect.bottom() + space::XS } else { rect.center().y };
            ui.painter().vline(x, rect.top() - space::XS..=bottom, stroke);
        }
        if is_own {
            ui.painter().line_segment([pos2(x, rect.center().y), pos2(rect.right() - 2.0, rect.center().y)], stroke);
        }
    }
}

fn value_ui(ui: &mut Ui, told: Option<&Told>, value: Option<f64>, help: fn(&Told) -> String) {
    let theme = Theme::of(ui);
    let (Some(told), Some(value)) = (told, value) else {
        words_ui(ui, theme.dim("–"));
        return;
    };
    ui.spacing_mut().item_spacing.x = space::XS;
    let number = words_ui(ui, theme.mono(metric_text(told.metric, value)));
    if told.metric != "accuracy" {
        words_ui(ui, theme.small(metric_label(told.metric)));
    }
    number.on_hover_ui(|ui| {
        ui.add(egui::Label::new(theme.paragraph(help(told))).wrap());
    });
}

fn result_help(told: &Told) -> String {
    let loss =
        told.best_loss.map_or_else(String::new, |it| format!(", where the validation loss was {}", short_number(it)));
    format!("{} on the validation rows at epoch {}, the best{loss}", metric_label(told.metric), told.best_epoch)
}

fn test_help(told: &Told) -> String {
    let others: Vec<String> =
        told.test.iter().map(|(key, value)| format!("{} {}", metric_label(key), metric_text(key, *value))).collect();
    format!("On the test rows: {}", others.join(", "))
}

fn state_ui(ui: &mut Ui, run: &Glance) {
    let theme = Theme::of(ui);
    let ink = match run.told.as_ref().map(|it| it.state) {
        Ok(RunState::Training) => theme.accent,
        Ok(RunState::Ended(FinishReason::Completed | FinishReason::EarlyStopping)) => theme.good,
        Ok(RunState::Ended(FinishReason::Stopped)) => theme.dim,
        Ok(RunState::Interrupted) => theme.warning,
        Ok(RunState::Ended(FinishReason::Diverged | FinishReason::Failed)) | Err(_) => theme.critical,
    };
    ui.spacing_mut().item_spacing.x = 6.0;
    let (dot, _) = ui.allocate_exact_size(egui::Vec2::splat(2.0 * size::DOT), Sense::hover());
    ui.painter().circle_filled(dot.center(), size::DOT - 1.0, ink);
    let label = words_ui(ui, theme.body(state_label(run)));
    match &run.told {
        Err(why) => {
            label.on_hover_text(sentence(why));
        }
        Ok(told) if told.state == RunState::Interrupted => {
            label.on_hover_text("It was cut short; opened, it can go on from its last checkpoint");
        }
        Ok(_) => {}
    }
}
