//! The menu by which the list is narrowed down.

use std::collections::BTreeSet;

use egui::{Button, Popup, PopupCloseBehavior, RichText, ScrollArea, TextStyle, Ui};
use egui_material_icons::icons::ICON_FILTER_LIST;

use super::Runs;
use crate::studio::history::{Archived, Facets};
use crate::ui::Cx;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{icon_button_ui, segmented_ui};

/// Width of a group of choices at least.
const GROUP: f32 = 110.0;

impl Runs {
    pub(super) fn filter_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        let theme = Theme::of(ui);
        let button = icon_button_ui(ui, ICON_FILTER_LIST, "Filter runs", "By project, ending, tag, star and archive");
        if self.query.is_filtering() {
            // A dot says that something is left out.
            let at = button.rect.right_top() + egui::vec2(-6.0, 6.0);
            ui.painter().circle_filled(at, size::DOT - 1.0, theme.accent);
        }
        let menu = Popup::menu(&button).close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        menu.show(|ui| {
            ui.set_min_width(size::MENU);
            let facets = Facets::of(&cx.studio.history.listing.runs);
            let query = &mut self.query;
            ui.horizontal(|ui| {
                let stars = [(false, "All", "Starred or not"), (true, "Starred", "Only those with a star")];
                segmented_ui(ui, &mut query.only_starred, &stars);
                let archives = [
                    (Archived::Hidden, "Current", "Without those that were archived"),
                    (Archived::Shown, "Both", "Archived or not"),
                    (Archived::Only, "Archived", "Only those that were archived"),
                ];
                if facets.n_archived > 0 || query.archived != Archived::Hidden {
                    segmented_ui(ui, &mut query.archived, &archives);
                }
            });
            ui.horizontal_top(|ui| {
                group_ui(ui, "Project", &facets.projects, &mut query.project);
                group_ui(ui, "Ended", &facets.states, &mut query.state);
                group_ui(ui, "Tag", &facets.tags, &mut query.tag);
            });
        });
    }
}

/// Choices of which one may hold, or none.
fn group_ui(ui: &mut Ui, title: &str, choices: &BTreeSet<String>, chosen: &mut Option<String>) {
    if choices.is_empty() && chosen.is_none() {
        return;
    }
    ui.vertical(|ui| {
        ui.set_min_width(GROUP);
        ui.add_space(space::XS);
        ui.label(Theme::of(ui).small(title));
        ScrollArea::vertical().id_salt(title).max_height(size::LIST).show(ui, |ui| {
            // What is filtered by may be gone; it must still be possible to take it away.
            let gone = chosen.clone().filter(|it| !choices.contains(it));
            for choice in choices.iter().chain(&gone) {
                let is_chosen = chosen.as_ref() == Some(choice);
                let text = RichText::new(choice).text_style(TextStyle::Body);
                if ui.add(Button::selectable(is_chosen, text)).clicked() {
                    *chosen = (!is_chosen).then(|| choice.clone());
                }
            }
        });
    });
}
