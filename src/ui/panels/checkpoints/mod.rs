//! Checkpoints: what one holds, and what it is good for when the plug is pulled.

mod contents;
mod forgetting;
mod strip;

use egui::{Align, Label, Layout, Rect, Ui, UiBuilder, pos2};

use super::{Cx, Home, Panel, PanelDef};
use crate::studio::{Action, RunAction, Studio};
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::text::{duration_text, grouped, percent_text};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, primary_ui, scroll_ui, secondary_ui};

pub(super) const CHECKPOINTS: PanelDef =
    PanelDef { id: "checkpoints", title: "Checkpoints", home: Home::Bottom, make: || Box::new(Checkpoints) };

/// Share of the width that the list of contents takes, and what it needs at most.
const CONTENTS: f32 = 0.46;
const CONTENTS_MOST: f32 = 460.0;

/// Has no state of its own: what a checkpoint holds is read by the studio.
struct Checkpoints;

impl Panel for Checkpoints {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if cx.run().is_none() {
            return empty_ui(
                ui,
                "No checkpoint yet",
                "Press Train (space). Then you see here what is written down of a training, and can pull its plug",
            );
        }
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let middle = rect.left() + (CONTENTS * rect.width()).min(CONTENTS_MOST);
        let left = Rect::from_min_max(rect.min, pos2(middle - space::XL / 2.0, rect.bottom()));
        let right = Rect::from_min_max(pos2(middle + space::XL / 2.0, rect.top()), rect.max);
        // Names of their own: two scroll areas of one name would take each other's size, and draw on and on.
        let mut child = |name: &str, at: Rect| {
            ui.new_child(UiBuilder::new().id_salt(name).max_rect(at).layout(Layout::top_down(Align::LEFT)))
        };
        let (mut left, mut right) = (child("contents", left), child("plug", right));
        contents::contents_ui(&mut left, cx);
        scroll_ui(&mut right, |ui| {
            plug_ui(ui, cx);
            forgetting::forgetting_ui(ui, cx);
        });
    }

    fn has_values(&self, studio: &Studio) -> bool {
        studio.runs.shown.as_ref().is_some_and(|it| it.forgotten.is_some())
    }

    fn values(&self, studio: &Studio) -> Option<String> {
        studio.runs.shown.as_ref()?.forgotten.as_ref().map(forgetting::values)
    }
}

/// The plug, and what pulling it has cost.
fn plug_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = Theme::of(ui);
    let runs = &cx.studio.runs;
    let (can_continue, has_plug) = (runs.can_continue(), runs.has_plug());
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if can_continue {
                let help = "Go on from the last checkpoint";
                if primary_ui(ui, None, "Continue from the checkpoint").on_hover_text(help).clicked() {
                    cx.ask(Action::Run(RunAction::Continue(None)));
                }
            } else {
                let button = ui.add_enabled_ui(has_plug, |ui| secondary_ui(ui, None, "Pull the plug")).inner;
                let button = button
                    .on_hover_text("End the process that trains at once, as a power cut or a spot machine's end would")
                    .on_disabled_hover_text(
                        "There is nothing to cut short: no training goes on in a process of its own",
                    );
                if button.clicked() {
                    cx.ask(Action::Run(RunAction::PullThePlug));
                }
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme.strong("Interruptions")).truncate());
            });
        });
    });
    let life = &cx.studio.runs.lifeline;
    let text = match life.cost() {
        None => "A spot machine may be taken away at any moment, and a cable pulled. Try it: the run goes on from its last checkpoint.".to_owned(),
        Some(cost) => format!(
            "With checkpoints {} of training were lost and {} of the work was saved; without, all {} would have been (modelled).",
            seconds(cost.lost),
            percent_text(cost.saved),
            seconds(cost.lost_without)
        ),
    };
    let told = ui.add(Label::new(theme.paragraph(text)).wrap());
    if life.cost().is_some() {
        told.on_hover_meaning(ui, || meaning::interruption_cost(life));
    }
    ui.add_space(space::XS);
    strip::strips_ui(ui, life);
    ui.add_space(space::S);
}

fn seconds(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.1} s") } else { duration_text(seconds) }
}

/// Bytes as people say them.
fn bytes_text(bytes: u64) -> String {
    match bytes {
        0 => "\u{2013}".to_owned(),
        1..10_000 => format!("{} B", grouped(bytes)),
        10_000..10_000_000 => format!("{} kB", grouped(bytes / 1000)),
        _ => format!("{} MB", grouped(bytes / 1_000_000)),
    }
}
