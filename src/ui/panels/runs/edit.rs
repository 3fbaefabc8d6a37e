//! Naming a run, and writing tags and a note on it.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Frame, Id, Key, Margin, Modal, Stroke, TextEdit, Ui, WidgetInfo};

use super::Runs;
use crate::session::Glance;
use crate::studio::history::Words;
use crate::studio::{Action, HistoryAction, MarkChange};
use crate::ui::Cx;
use crate::ui::text::counted;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{primary_ui, secondary_ui};

/// What is being written.
pub(super) struct Edit {
    runs: Vec<PathBuf>,
    /// The folder's name of one run, which stands where it has no other; none where several are given tags.
    id: Option<String>,
    name: String,
    tags: String,
    note: String,
    was_focused: bool,
}

enum Answer {
    Save,
    Cancel,
}

impl Edit {
    /// All there is of one run; of several, only further tags.
    pub(super) fn of(runs: &[Arc<Glance>]) -> Self {
        let folders = runs.iter().map(|it| it.folder.clone()).collect();
        let blank = Self {
            runs: folders,
            id: None,
            name: String::new(),
            tags: String::new(),
            note: String::new(),
            was_focused: false,
        };
        match runs {
            [one] => Self {
                id: Some(one.id.clone()),
                name: one.marks.name.clone(),
                tags: one.marks.tags.join(", "),
                note: one.marks.note.clone(),
                ..blank
            },
            _ => blank,
        }
    }

    fn change(self) -> Action {
        let tags = vec![self.tags];
        let change = match self.id {
            Some(_) => MarkChange::Words(Box::new(Words { name: self.name, note: self.note, tags })),
            None => MarkChange::Tag(tags),
        };
        Action::History(HistoryAction::Mark { runs: self.runs, change })
    }

    fn ui(&mut self, ui: &mut Ui) -> Option<Answer> {
        let theme = Theme::of(ui);
        let title = match &self.id {
            Some(id) => format!("Name and notes of {id}"),
            None => format!("Tag {}", counted(self.runs.len() as u64, "run")),
        };
        ui.set_width(size::DIALOG);
        ui.label(theme.heading(title));
        ui.add_space(space::M);
        let mut is_entered = false;
        if let Some(id) = self.id.clone() {
            let name = line_ui(ui, "Name", &mut self.name, &id);
            is_entered |= entered(ui, &name);
            if !self.was_focused {
                name.request_focus();
            }
        }
        let hint = if self.id.is_some() { "paper, baseline" } else { "Tags to add, such as paper, baseline" };
        let tags = line_ui(ui, "Tags", &mut self.tags, hint);
        is_entered |= entered(ui, &tags);
        if !self.was_focused && self.id.is_none() {
            tags.request_focus();
        }
        if self.id.is_some() {
            ui.label(theme.small("Note"));
            let note = TextEdit::multiline(&mut self.note).desired_rows(4).desired_width(f32::INFINITY);
            let note = ui.add(note);
            note.widget_info(|| {
                WidgetInfo::labeled(egui::accesskit::Role::MultilineTextInput, true, "Note of the run")
            });
        }
        self.was_focused = true;
        ui.add_space(space::L);
        let (saves, cancels) = ui
            .horizontal(|ui| (primary_ui(ui, None, "Keep").clicked(), secondary_ui(ui, None, "Cancel").clicked()))
            .inner;
        match (saves || is_entered, cancels) {
            (true, _) => Some(Answer::Save),
            (false, true) => Some(Answer::Cancel),
            (false, false) => None,
        }
    }
}

impl Runs {
    /// The dialog, where something is being written.
    pub(super) fn edit_ui(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        let Some(mut edit) = self.edit.take() else { return };
        let theme = Theme::of(ui);
        let frame = Frame::new()
            .fill(theme.panel)
            .stroke(Stroke::new(size::HAIRLINE, theme.line))
            .corner_radius(size::CARD_RADIUS)
            .inner_margin(Margin::same(space::XL as i8));
        let modal = Modal::new(Id::unique("edit runs")).backdrop_color(theme.shade).frame(frame);
        let shown = modal.show(ui, |ui| edit.ui(ui));
        match shown.inner {
            Some(Answer::Save) => cx.ask(edit.change()),
            Some(Answer::Cancel) => {}
            None if shown.should_close() => {}
            None => {
                self.edit = Some(edit);
                return;
            }
        }
        if let Some(table) = self.table {
            ui.memory_mut(|it| it.request_focus(table));
        }
    }
}

fn line_ui(ui: &mut Ui, name: &str, text: &mut String, hint: &str) -> egui::Response {
    ui.label(Theme::of(ui).small(name));
    let field = ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY).hint_text(hint));
    field.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::TextInput, true, format!("{name} of the run")));
    ui.add_space(space::S);
    field
}

fn entered(ui: &Ui, field: &egui::Response) -> bool {
    field.lost_focus() && ui.input(|it| it.key_pressed(Key::Enter))
}
