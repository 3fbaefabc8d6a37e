//! Source: the log of another program that is shown, what each of its columns was taken for, and what that leaves out.

mod columns;

use egui::{Align, Label, Layout, Rect, Ui, UiBuilder, vec2};

use super::doctor::silent_text;
use super::{Cx, Home, Panel, PanelDef};
use crate::logs::Silent;
use crate::studio::{Action, Kind, LogAction, ProjectAction, ReadLog, Studio};
use crate::ui::text::{counted, sentence};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, scroll_ui, secondary_ui};

pub(super) const SOURCE: PanelDef =
    PanelDef { id: "source", title: "Source", home: Home::Bottom, make: || Box::<Source>::default() };

/// Share of the width that the columns take, and what they need at least and at most.
const COLUMNS: f32 = 0.46;
const COLUMNS_RANGE: std::ops::RangeInclusive<f32> = 250.0..=620.0;
/// Where there is less the notes stand below the columns.
const ROOM_FOR_BOTH: f32 = 480.0;
/// Columns that were not used are named up to here; a log can hold thousands.
const MOST_UNUSED: usize = 40;

/// Owns only the lists to choose columns from, made once for each log.
#[derive(Default)]
struct Source {
    lists: columns::Lists,
}

impl Panel for Source {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let studio = cx.studio;
        let Some(log) = &studio.runs.log else {
            return empty_ui(
                ui,
                "No log is shown",
                "Open what Keras, Lightning, Hugging Face, TensorBoard or a script of yours has logged, and how it was read is told here",
            );
        };
        header_ui(ui, cx, log);
        ui.add_space(space::XS);
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let mut part = |at: Rect, name: &str, contents: &mut dyn FnMut(&mut Ui)| {
            let layout = Layout::top_down(Align::LEFT);
            let mut ui = ui.new_child(UiBuilder::new().id_salt(name).max_rect(at).layout(layout));
            scroll_ui(&mut ui, contents);
        };
        if rect.width() < ROOM_FOR_BOTH {
            return part(rect, "all", &mut |ui| {
                self.lists.columns_ui(ui, cx, log);
                ui.add_space(space::S);
                notes_ui(ui, log);
            });
        }
        let width = (COLUMNS * rect.width()).clamp(*COLUMNS_RANGE.start(), *COLUMNS_RANGE.end());
        let (left, right) = rect.split_left_right_at_x(rect.left() + width);
        part(left, "columns", &mut |ui| self.lists.columns_ui(ui, cx, log));
        part(right.with_min_x(right.left() + space::L), "notes", &mut |ui| notes_ui(ui, log));
    }

    fn has_tab(&self, studio: &Studio) -> bool {
        studio.runs.log.is_some()
    }
}

fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>, log: &ReadLog) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        // From the right, so that a narrow tab cuts the words and not the buttons.
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = secondary_ui(ui, None, "Close log");
            if close.on_hover_text("Lead back to the runs of the project").clicked() {
                cx.ask(Action::Log(LogAction::Close));
            }
            if log.may_be_data() {
                let other = secondary_ui(ui, None, "Open as data");
                if other.on_hover_text("These are no curves, but rows to learn from: make a project of them").clicked()
                {
                    cx.ask(Action::Project(ProjectAction::OpenAs(log.path.clone(), Kind::Data)));
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let place = log.path.display().to_string();
                ui.add(Label::new(theme.strong(log.name())).truncate()).on_hover_text(place);
                ui.add(Label::new(theme.dim(facts(cx, log))).truncate())
                    .on_hover_text("What wrote it, and how many epochs were read from it");
            });
        });
    });
}

/// `Keras’ CSVLogger · 12 epochs`, or that it is being read again.
fn facts(cx: &Cx<'_>, log: &ReadLog) -> String {
    if cx.studio.being_opened() == Some(&log.path) {
        return "Reading…".to_owned();
    }
    format!("{} · {}", sentence(log.curves.format.label()), counted(log.curves.rows.len() as u64, "epoch"))
}

/// What was done to the log, what was left out of it, and who has nothing to say about it.
fn notes_ui(ui: &mut Ui, log: &ReadLog) {
    let theme = Theme::of(ui);
    ui.spacing_mut().item_spacing.y = space::XS;
    // A line of words is as high as a control unless it is told otherwise.
    ui.spacing_mut().interact_size.y = size::LINE;
    ui.label(theme.section_label("Done to the log"));
    if log.curves.notes.is_empty() {
        ui.add(Label::new(theme.paragraph("Nothing: it was read as it is.")).wrap());
    }
    for note in &log.curves.notes {
        ui.add(Label::new(theme.paragraph(note)).wrap());
    }
    if !log.curves.ignored.is_empty() {
        ui.add_space(space::XS);
        ui.label(theme.section_label("Columns not used"));
        ui.add(Label::new(theme.paragraph(unused(&log.curves.ignored))).wrap());
    }
    if !log.silent.is_empty() {
        ui.add_space(space::XS);
        ui.label(theme.section_label(silent_text(log)));
        for silent in &log.silent {
            silent_ui(ui, silent);
        }
    }
    ui.add_space(space::S);
}

fn silent_ui(ui: &mut Ui, silent: &Silent) {
    let theme = Theme::of(ui);
    let lacks: Vec<_> = silent.lacks.iter().filter_map(strum::EnumMessage::get_message).collect();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::XS, 0.0);
        ui.label(theme.body(silent.rule.label)).on_hover_text(silent.rule.about);
        ui.add(Label::new(theme.dim(format!("lacks {}", lacks.join(", ")))).wrap());
    });
}

fn unused(names: &[String]) -> String {
    let more = names.len().saturating_sub(MOST_UNUSED);
    let told = names[..names.len() - more].join(", ");
    if more > 0 { format!("{told} and {more} more") } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_thousands_of_columns_some_are_named() {
        let names: Vec<_> = (0..2000).map(|it| format!("layer{it}")).collect();
        assert_eq!(unused(&names[..2]), "layer0, layer1");
        assert!(unused(&names).ends_with("layer39 and 1960 more"));
    }
}
