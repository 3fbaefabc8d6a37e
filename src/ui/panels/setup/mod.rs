//! Setup: every choice for the next run, one line a section, each unfolding into its knobs.

mod dataset;
mod fits;
mod forking;
mod hardware;
mod memory;
mod preview;
mod section;
mod summary;

use std::collections::BTreeMap;

use egui::{Label, Ui};
use egui_material_icons::icons::{ICON_LEFT_PANEL_CLOSE, ICON_REDO, ICON_UNDO};
use strum::IntoEnumIterator as _;

use super::{Cx, Home, Panel, PanelDef};
use crate::spec::{Project, Section, fork_refusal};
use crate::studio::{Action, ProjectAction, RunAction};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{KnobRow, empty_ui, knob_ui, link_ui, scroll_ui, secondary_ui, small_icon_ui};
use crate::ui::{Wish, facts};

pub(super) const SETUP: PanelDef =
    PanelDef { id: "setup", title: "Setup", home: Home::Left, make: || Box::<Setup>::default() };

/// The form. Knobs turned while a run trains wait here until the pointer lets go.
#[derive(Default)]
struct Setup {
    turned: BTreeMap<&'static str, String>,
}

/// The knob that has a list of its own in place of a row.
const DRAWN_APART: &str = "device";

/// What the rows of the form need to know.
struct Form {
    problems: Vec<(Section, String)>,
    /// The file's choices with the draft's kinds: what a changed knob goes back to.
    usual: Project,
    /// A run trains, and only some knobs may be turned meanwhile.
    is_live: bool,
    /// A fork is set up, and only what may change there may be turned.
    is_fork: bool,
}

impl Form {
    /// Whether a knob may be turned now; `is_live` of those that may be turned while training.
    fn may_turn(&self, key: &str, is_live: bool) -> bool {
        (!self.is_live || is_live) && !(self.is_fork && fork_refusal(key).is_some())
    }
}

impl Panel for Setup {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        header_ui(ui, cx);
        if cx.is_guessing() {
            return empty_ui(
                ui,
                "Hidden while you guess",
                "What was chosen for this run is shown once you have answered",
            );
        }
        let form = Form {
            problems: cx.studio.problems(),
            usual: usual(&cx.studio.projects.saved, cx.draft),
            is_live: cx.live_run().is_some() && cx.studio.runs.planned.is_none(),
            is_fork: cx.studio.runs.planned.is_some(),
        };
        scroll_ui(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            forking::planned_ui(ui, cx);
            if form.is_live {
                live_note_ui(ui);
            }
            for section in Section::iter() {
                self.section_ui(ui, cx, &form, section);
            }
            ui.add_space(space::L);
            fits::fits_ui(ui, cx, &form.problems);
            reset_ui(ui, cx, form.is_live);
        });
        self.send_what_was_turned(ui, cx);
    }
}

impl Setup {
    fn section_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, form: &Form, section: Section) {
        let summary = summary::summary(cx, section);
        let problem = form.problems.iter().find(|(of, _)| *of == section).map(|(_, reason)| reason.as_str());
        let is_open = section::line_ui(ui, section, &summary, problem.is_some());
        if let Some(problem) = problem
            && section::problem_ui(ui, cx, section, problem)
            && !form.is_live
        {
            section::mend(cx, section);
        }
        if is_open {
            self.unfolded_ui(ui, cx, form, section);
        }
        section::rule_ui(ui);
    }

    fn unfolded_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, form: &Form, section: Section) {
        ui.push_id(section, |ui| match section {
            Section::Dataset => {
                ui.add_enabled_ui(form.may_turn("data", false), |ui| dataset::source_ui(ui, cx));
                self.knobs_ui(ui, cx, form, section);
                dataset::rows_ui(ui, cx);
            }
            Section::Model => {
                kind_ui(ui, cx, form, section);
                self.knobs_ui(ui, cx, form, section);
                fits::parameters_ui(ui, cx);
            }
            Section::Schedule => {
                kind_ui(ui, cx, form, section);
                self.knobs_ui(ui, cx, form, section);
                preview::preview_ui(ui, cx);
            }
            Section::Loss => {
                kind_ui(ui, cx, form, section);
                section::also_called_ui(ui, cx);
                self.knobs_ui(ui, cx, form, section);
            }
            Section::Optimizer | Section::Training | Section::Stopping | Section::Checkpoints => {
                kind_ui(ui, cx, form, section);
                self.knobs_ui(ui, cx, form, section);
            }
            Section::Hardware => {
                hardware::hardware_ui(ui, cx, !form.is_live);
                self.knobs_ui(ui, cx, form, section);
                memory::memory_ui(ui, cx, !form.is_live);
            }
            Section::Doctor => self.knobs_ui(ui, cx, form, section),
        });
        ui.add_space(space::S);
    }

    fn knobs_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, form: &Form, section: Section) {
        let mut usual = form.usual.clone();
        let usual: BTreeMap<_, _> = usual.knobs_of(section).iter().map(|it| (it.key, it.text())).collect();
        let names = facts::column_names(cx.studio);
        let hidden = dataset::hidden_knobs(cx.studio, &cx.draft.data.source);
        let (draft, studio) = (cx.draft.clone(), cx.studio);
        let mut turned = Vec::new();
        let mut rule = "";
        for knob in
            cx.draft.knobs_of(section).into_iter().filter(|it| !hidden.contains(&it.key) && it.key != DRAWN_APART)
        {
            let key = knob.key;
            if section == Section::Doctor && section::rule_of(key) != rule {
                rule = section::rule_of(key);
                section::rule_heading_ui(ui, rule);
            }
            let misfit = |id: &str| section::option_misfit(studio, &draft, key, id);
            let is_enabled = form.may_turn(key, knob.live);
            let row = KnobRow { usual: usual.get(key).map(String::as_str), names: &names, misfit: &misfit, is_enabled };
            let is_live_knob = knob.live;
            if knob_ui(ui, knob, &row) && form.is_live && is_live_knob {
                turned.push(key);
            }
        }
        for key in turned {
            self.turned.extend(cx.draft.get(key).map(|text| (key, text)));
        }
    }

    /// Tells the run what was turned, once for each turn and not once for each pixel.
    fn send_what_was_turned(&mut self, ui: &Ui, cx: &mut Cx<'_>) {
        if self.turned.is_empty() || ui.input(|input| input.pointer.any_down()) {
            return;
        }
        for (key, value) in std::mem::take(&mut self.turned) {
            cx.ask(Action::Run(RunAction::Set { key: key.to_owned(), value }));
        }
    }
}

/// Which optimizer, which loss … : the choice that decides which knobs there are.
fn kind_ui(ui: &mut Ui, cx: &mut Cx<'_>, form: &Form, section: Section) {
    let mut usual = form.usual.clone();
    let usual = usual.kind_of(section).map(|it| it.text());
    let (draft, studio) = (cx.draft.clone(), cx.studio);
    let misfit = |id: &str| section::misfit(studio, &draft, section, id);
    if let Some(mut knob) = cx.draft.kind_of(section) {
        // Beside the section's own name it would be said twice.
        if knob.label == section.label() {
            knob.label = "Kind";
        }
        let row = KnobRow {
            usual: usual.as_deref(),
            misfit: &misfit,
            is_enabled: form.may_turn(knob.key, knob.live),
            ..KnobRow::default()
        };
        knob_ui(ui, knob, &row);
    }
}

/// The saved project with the draft's kinds chosen, so that every knob of the draft has its like.
fn usual(saved: &Project, draft: &Project) -> Project {
    let mut usual = saved.clone();
    for section in Section::iter() {
        let mut draft = draft.clone();
        let Some(kind) = draft.kind_of(section).map(|it| (it.key, it.text())) else { continue };
        if usual.get(kind.0).as_ref() != Some(&kind.1) {
            usual.set_value(kind.0, &kind.1).ok();
        }
    }
    usual
}

fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = Theme::of(ui);
    let projects = &cx.studio.projects;
    let (can_undo, can_redo) = (projects.can_undo(), projects.can_redo());
    ui.horizontal(|ui| {
        ui.set_height(size::CONTROL);
        ui.spacing_mut().item_spacing.x = 0.0;
        let buttons = 3.0 * size::SMALL_ICON;
        let words = egui::vec2(ui.available_width() - buttons - size::GUTTER, size::LINE);
        ui.allocate_ui_with_layout(words, egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_width(words.x);
            let title = Label::new(theme.section_label("Hyperparameters: you choose")).truncate();
            ui.add(title).on_hover_text(
                "Hyperparameters are chosen before training. Parameters, the network's weights, are found by it",
            );
        });
        if ui
            .add_enabled_ui(can_undo, |ui| small_icon_ui(ui, ICON_UNDO, "Undo", "Take the last change back (ctrl-Z)"))
            .inner
            .clicked()
        {
            cx.ask(Action::Project(ProjectAction::Undo));
        }
        if ui
            .add_enabled_ui(can_redo, |ui| small_icon_ui(ui, ICON_REDO, "Redo", "Make the change again (ctrl-shift-Z)"))
            .inner
            .clicked()
        {
            cx.ask(Action::Project(ProjectAction::Redo));
        }
        if small_icon_ui(ui, ICON_LEFT_PANEL_CLOSE, "Fold setup", "Fold setup away").clicked() {
            cx.wish(Wish::FoldSetup);
        }
    });
}

fn live_note_ui(ui: &mut Ui) {
    let theme = Theme::of(ui);
    ui.add_space(space::XS);
    ui.add(
        Label::new(
            theme
                .small("During a run only what may change midway can be turned; the rest is for the next run.")
                .color(theme.dim),
        )
        .wrap(),
    );
    ui.add_space(space::XS);
}

fn reset_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_live: bool) {
    if !cx.studio.projects.is_dirty() {
        return;
    }
    ui.add_space(space::M);
    let reset = ui.add_enabled_ui(!is_live, |ui| secondary_ui(ui, None, "Reset to file")).inner;
    if reset.on_hover_text("Put every choice back to what the file holds. Undo brings them back").clicked() {
        cx.ask(Action::Project(ProjectAction::ResetToFile));
    }
    ui.add_space(space::L);
}

/// A small way out below a problem.
fn way_out_ui(ui: &mut Ui, text: &str) -> bool {
    link_ui(ui, text).clicked()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_knob_of_another_kind_goes_back_to_that_kinds_default() {
        let mut saved = Project::default();
        saved.set("optimizer.beta_1=0.8").unwrap();
        let mut draft = saved.clone();
        assert_eq!(usual(&saved, &draft).get("optimizer.beta_1"), Some("0.8".to_owned()));
        draft.set("optimizer=lion").unwrap();
        draft.set("optimizer.beta_1=0.5").unwrap();
        assert_eq!(usual(&saved, &draft).get("optimizer.beta_1"), Some("0.9".to_owned()), "Lion's own default");
        assert_eq!(usual(&saved, &draft).learning_rate, saved.learning_rate);
    }
}
