//! What one does with the chosen runs, by keys, buttons and the menu of a line.

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Key, Modifiers, Rect, Ui};

use super::table::ROW;
use super::{Edit, Runs, folders};
use crate::session::Glance;
use crate::studio::{Action, HistoryAction, MarkChange, ProjectAction};
use crate::ui::Cx;

/// What can be done with the chosen runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Open,
    Star,
    Edit,
    Archive,
    Delete,
    CopyPath,
}

/// Shows a run as its folder holds it. The one on the chart is there already.
pub(super) fn open(cx: &mut Cx<'_>, run: &Glance) {
    if cx.studio.runs.written().is_none_or(|it| it.0 != run.folder) {
        cx.ask(Action::Project(ProjectAction::Open(run.folder.clone())));
    }
}

impl Runs {
    /// The chosen runs, in the order of the list.
    pub(super) fn chosen(&self) -> Vec<Arc<Glance>> {
        self.lines.iter().filter(|it| self.selection.has(it.folder())).map(|it| Arc::clone(&it.run)).collect()
    }

    pub(super) fn perform(&mut self, ui: &Ui, cx: &mut Cx<'_>, deed: Deed) {
        let chosen = self.chosen();
        let folders: Vec<PathBuf> = chosen.iter().map(|it| it.folder.clone()).collect();
        let Some(first) = chosen.first() else { return };
        match deed {
            Deed::Open => open(cx, first),
            Deed::Star => mark(cx, folders, MarkChange::Star(!all(&chosen, |it| it.marks.is_starred))),
            Deed::Archive => mark(cx, folders, MarkChange::Archive(!all(&chosen, |it| it.marks.is_archived))),
            Deed::Edit => self.edit = Some(Edit::of(&chosen)),
            Deed::Delete => cx.ask(Action::History(HistoryAction::Delete(folders))),
            Deed::CopyPath => {
                let paths: Vec<String> = folders.iter().map(|it| it.display().to_string()).collect();
                ui.ctx().copy_text(paths.join("\n"));
            }
        }
        if let Some(table) = self.table.filter(|_| self.edit.is_none()) {
            ui.memory_mut(|it| it.request_focus(table));
        }
    }

    /// Reads the keys of this frame while the table has the keyboard.
    pub(super) fn keys(&mut self, ui: &Ui, cx: &mut Cx<'_>, rect: Rect) {
        if self.edit.is_some() {
            return;
        }
        let page = ((rect.height() / ROW) as isize - 2).max(1);
        let moves = [
            (Key::ArrowDown, 1),
            (Key::ArrowUp, -1),
            (Key::PageDown, page),
            (Key::PageUp, -page),
            (Key::End, isize::MAX),
            (Key::Home, isize::MIN + 1),
        ];
        let pressed = |keys: Modifiers, key: Key| ui.input_mut(|it| it.consume_key(keys, key));
        for (key, by) in moves {
            // The longer one first: a key without shift is also pressed with it.
            let is_extending = pressed(Modifiers::SHIFT, key);
            if is_extending || pressed(Modifiers::NONE, key) {
                self.reveal = self.selection.step(&folders(&self.lines), by, is_extending);
            }
        }
        if pressed(Modifiers::COMMAND, Key::A) {
            self.selection.all(&folders(&self.lines));
        }
        // Only where there is something of its own to take back: else it is the project's.
        if cx.studio.history.can_undo() && pressed(Modifiers::COMMAND, Key::Z) {
            cx.ask(Action::History(HistoryAction::Undo));
        }
        if self.selection.len() > 0 && pressed(Modifiers::NONE, Key::Escape) {
            self.selection.clear();
        }
        for (key, deed) in
            [(Key::Enter, Deed::Open), (Key::Space, Deed::Star), (Key::F2, Deed::Edit), (Key::Delete, Deed::Delete)]
        {
            if pressed(Modifiers::NONE, key) {
                self.perform(ui, cx, deed);
            }
        }
    }

    /// The menu of the chosen runs.
    pub(super) fn menu_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let chosen = self.chosen();
        let is_one = chosen.len() == 1;
        let (is_starred, is_archived) =
            (all(&chosen, |it| it.marks.is_starred), all(&chosen, |it| it.marks.is_archived));
        let deeds = [
            (is_one, Deed::Open, "Open (enter)"),
            (true, Deed::Star, if is_starred { "Take the star away (space)" } else { "Star (space)" }),
            (true, Deed::Edit, if is_one { "Name, tags, note… (F2)" } else { "Add tags… (F2)" }),
            (true, Deed::Archive, if is_archived { "Take out of the archive" } else { "Archive" }),
            (true, Deed::CopyPath, "Copy folder path"),
            (true, Deed::Delete, "Delete (del)"),
        ];
        for (is_there, deed, text) in deeds {
            if is_there && ui.button(text).clicked() {
                self.perform(ui, cx, deed);
                ui.close();
            }
        }
    }
}

pub(super) fn all(runs: &[Arc<Glance>], is_so: impl Fn(&Glance) -> bool) -> bool {
    runs.iter().all(|it| is_so(it))
}

fn mark(cx: &mut Cx<'_>, runs: Vec<PathBuf>, change: MarkChange) {
    cx.ask(Action::History(HistoryAction::Mark { runs, change }));
}
