//! Above the runs: how they are looked at, search and filter, and what can be done with those that are chosen.

use egui::{Align, Layout, TextEdit, Ui, WidgetInfo};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{
    ICON_ARCHIVE, ICON_DELETE, ICON_EDIT, ICON_OPEN_IN_NEW, ICON_REFRESH, ICON_RESTORE_FROM_TRASH, ICON_STAR,
    ICON_UNARCHIVE,
};

use super::keys::{Deed, all};
use super::{Runs, View};
use crate::studio::{Action, HistoryAction};
use crate::ui::Cx;
use crate::ui::text::{counted, grouped};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{icon_button_ui, segmented_ui};

/// Width of the search field; less where there is little room.
const SEARCH: f32 = 170.0;
const SEARCH_LEAST: f32 = 80.0;
/// What is needed for the buttons at the right, and for the count beside them.
const BUTTONS: f32 = 290.0;
const COUNT: f32 = 110.0;

impl Runs {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        ui.horizontal(|ui| {
            ui.set_min_height(size::BUTTON);
            let views = [
                (View::List, "List", "Every run in a line"),
                (View::Tree, "Tree", "Which run began from which, and at which epoch"),
                (View::Compare, "Compare", "Two or more chosen runs: curves, results and the settings that differ"),
            ];
            segmented_ui(ui, &mut self.view, &views);
            let room = ui.available_width() - BUTTONS;
            let search = TextEdit::singleline(&mut self.query.text)
                .hint_text("Search")
                .desired_width((room - space::L).clamp(SEARCH_LEAST, SEARCH));
            let search = ui.add(search).on_hover_text("Words in name, project, data, device, tags and note");
            search.widget_info(|| WidgetInfo::labeled(egui::accesskit::Role::SearchInput, true, "Search runs"));
            self.filter_ui(ui, cx);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 0.0;
                trash_ui(ui, cx);
                if icon_button_ui(ui, ICON_REFRESH, "Look again", "See what other programs have trained since")
                    .clicked()
                {
                    cx.ask(Action::History(HistoryAction::Look));
                }
                self.deeds_ui(ui, cx);
                if room > SEARCH + COUNT {
                    ui.add_space(space::S);
                    self.count_ui(ui, cx);
                }
            });
        });
    }

    /// Buttons for the chosen runs, from right to left.
    fn deeds_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let chosen = self.chosen();
        let (n, is_one) = (chosen.len(), chosen.len() == 1);
        let is_archived = n > 0 && all(&chosen, |it| it.marks.is_archived);
        let (archive, archive_name) =
            if is_archived { (ICON_UNARCHIVE, "Take out of the archive") } else { (ICON_ARCHIVE, "Archive runs") };
        let is_training = chosen.iter().any(|it| it.is_training());
        let deeds: [(MaterialIcon, Deed, &str, &str, bool, &str); 5] = [
            (
                ICON_DELETE,
                Deed::Delete,
                "Delete runs",
                "Delete; it can be brought back (del)",
                n > 0 && !is_training,
                if is_training { "A run that is being trained is not deleted; stop it first" } else { NONE_CHOSEN },
            ),
            (archive, Deed::Archive, archive_name, "Keep, but out of sight", n > 0, NONE_CHOSEN),
            (ICON_EDIT, Deed::Edit, "Edit runs", "Name, tags and note (F2)", n > 0, NONE_CHOSEN),
            (ICON_STAR, Deed::Star, "Star runs", "Star, to find again (space)", n > 0, NONE_CHOSEN),
            (
                ICON_OPEN_IN_NEW,
                Deed::Open,
                "Open run",
                "Show it in the window as it ended, with its settings (enter)",
                is_one,
                if n > 1 { "One run can be shown at a time" } else { NONE_CHOSEN },
            ),
        ];
        for (icon, deed, name, help, can, why_not) in deeds {
            let button = ui.add_enabled_ui(can, |ui| icon_button_ui(ui, icon, name, help)).inner;
            if button.on_disabled_hover_text(why_not).clicked() {
                self.perform(ui, cx, deed);
            }
        }
    }

    fn count_ui(&self, ui: &mut Ui, cx: &Cx<'_>) {
        let theme = Theme::of(ui);
        let (n, of) =
            (self.lines.iter().filter(|it| !it.branch.is_context).count(), cx.studio.history.listing.runs.len());
        let all = counted(of as u64, "run");
        let text = match self.selection.len() {
            0 if n == of => all,
            0 => format!("{} of {all}", grouped(n as u64)),
            chosen => format!("{} of {} chosen", grouped(chosen as u64), grouped(n as u64)),
        };
        ui.label(theme.dim(text));
    }
}

const NONE_CHOSEN: &str = "Choose a run first";

/// What was deleted, to bring it back or to be rid of it for good.
fn trash_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let trash = &cx.studio.history.listing.trash;
    if trash.is_empty() {
        return;
    }
    let (names, theme) = (trash.clone(), Theme::of(ui));
    let button = icon_button_ui(ui, ICON_RESTORE_FROM_TRASH, "Trash", "Deleted runs. They stay for 30 days");
    egui::Popup::menu(&button).show(|ui| {
        ui.set_min_width(size::MENU);
        ui.label(theme.small("Bring back"));
        egui::ScrollArea::vertical().max_height(size::LIST).show(ui, |ui| {
            for name in &names {
                if ui.button(name).clicked() {
                    cx.ask(Action::History(HistoryAction::BringBack(vec![name.clone()])));
                }
            }
        });
        ui.separator();
        let text = format!("Delete {} for good", counted(names.len() as u64, "run"));
        if ui.button(text).on_hover_text("They cannot be brought back then").clicked() {
            cx.ask(Action::History(HistoryAction::EmptyTrash));
        }
    });
}
