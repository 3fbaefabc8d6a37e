//! What the newest checkpoint holds, a line for each part.

use egui::{Align, Label, Layout, Ui, vec2};

use super::bytes_text;
use crate::session::Part;
use crate::ui::Cx;
use crate::ui::text::{counted, grouped};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::scroll_ui;

/// Width of a part's name, and of its size.
const NAME: f32 = 130.0;
const BYTES: f32 = 72.0;
/// What a part holds stands between them where it has this much room, and below them where it has not.
const WHAT: f32 = 190.0;

/// Tensors named on hover.
const MOST_TENSORS: usize = 8;

pub(super) fn contents_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = Theme::of(ui);
    let checkpoint = cx.studio.runs.checkpoint.clone();
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        ui.add(Label::new(theme.strong("What a checkpoint holds")).truncate());
        if let Some(it) = &checkpoint {
            let place = format!("step {}, {}", grouped(it.step), counted(it.epoch, "epoch"));
            ui.add(Label::new(theme.dim(place)).truncate())
                .on_hover_text("Steps made and epochs ended when it was taken: from here the run would go on");
        }
    });
    let Some(checkpoint) = checkpoint else {
        let text = if cx.studio.runs.is_live() {
            "The first one is being written\u{2026}"
        } else {
            "This run has none: it was not written to a folder, or its folder was not opened here."
        };
        ui.add(Label::new(theme.paragraph(text)).wrap());
        return;
    };
    scroll_ui(ui, |ui| {
        ui.spacing_mut().item_spacing.y = space::XS;
        // A row is as high as a control unless it is told otherwise.
        ui.spacing_mut().interact_size.y = size::LINE;
        for part in &checkpoint.parts {
            part_ui(ui, part);
        }
    });
}

fn part_ui(ui: &mut Ui, part: &Part) {
    let theme = Theme::of(ui);
    let is_wide = ui.available_width() >= NAME + WHAT + BYTES + 2.0 * space::S;
    let part_of = |ui: &mut Ui| {
        line_ui(ui, part, is_wide);
        if !is_wide {
            ui.add(Label::new(theme.small(&part.what)).truncate());
            ui.add_space(space::XS);
        }
    };
    ui.vertical(part_of).response.on_hover_text(help(part));
}

/// Name and size, and what is in it where there is room between them.
fn line_ui(ui: &mut Ui, part: &Part, is_wide: bool) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(size::LINE);
        ui.spacing_mut().item_spacing.x = space::S;
        ui.allocate_ui_with_layout(vec2(NAME, size::LINE), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(NAME);
            ui.add(Label::new(theme.body(part.name)).truncate());
        });
        let room = (ui.available_width() - BYTES - space::S).max(0.0);
        ui.allocate_ui_with_layout(vec2(room, size::LINE), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(room);
            if is_wide {
                ui.add(Label::new(theme.dim(&part.what)).truncate());
            }
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add(Label::new(theme.mono(bytes_text(part.bytes))).extend());
        });
    });
}

fn help(part: &Part) -> String {
    let shape = |it: &[usize]| it.iter().map(usize::to_string).collect::<Vec<_>>().join(" \u{d7} ");
    let named = part.tensors.iter().take(MOST_TENSORS).map(|(name, of)| format!("\n{name}  {}", shape(of)));
    let more = part.tensors.len().saturating_sub(MOST_TENSORS);
    let more = if more > 0 { format!("\nand {}", counted(more as u64, "tensor")) } else { String::new() };
    format!("{}.\n{}{}{more}", part.why, part.what, named.collect::<String>())
}
