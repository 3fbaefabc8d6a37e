//! Help: the keys, and where things are; and the note while a file hovers over the window.

use egui::{Align2, Area, Id, Label, Modal, Order, Ui, Vec2};

use super::dialogs::frame;
use super::shortcuts::SHORTCUTS;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::secondary_ui;

/// Where things are, in the order of the window.
const PLACES: &[(&str, &str)] = &[
    ("Setup", "Every choice for the next run. Double-click a changed name to put it back."),
    (
        "Curves",
        "What training does. Drag to move, scroll to zoom, double-click to see all of it. Right-click an epoch, or choose one with the arrow keys and press F, to fork the run there.",
    ),
    (
        "Doctor",
        "What the curves mean, with numbers, and something to try. Point at a card to see its epochs on the curves.",
    ),
    (
        "Tabs below",
        "The data, the predictions as they change, all runs, and the log; where curves of another program are shown, how they were read.",
    ),
    (
        "Runs",
        "Every run that was trained. In the list: enter opens one, space gives a star, F2 renames it and notes something on it, delete deletes, ctrl-Z brings back, ctrl-A chooses all; arrows with shift choose several, which are compared.",
    ),
];

/// Returns whether it was closed.
pub(super) fn help_ui(ui: &Ui) -> bool {
    let theme = Theme::of(ui);
    let modal = Modal::new(Id::unique("help")).backdrop_color(theme.shade).frame(frame(theme));
    let shown = modal.show(ui, |ui| {
        ui.set_width(size::DIALOG);
        let room = ui.ctx().content_rect().height() - size::HELP_AROUND;
        egui::ScrollArea::vertical().max_height(room).show(ui, |ui| contents_ui(ui, theme));
        ui.add_space(space::M);
        secondary_ui(ui, None, "Close").clicked()
    });
    shown.inner || shown.should_close()
}

fn contents_ui(ui: &mut Ui, theme: &Theme) {
    ui.label(theme.heading("Keyboard"));
    ui.add_space(space::S);
    for shortcut in SHORTCUTS.iter().filter(|it| it.keys.logical_key != egui::Key::Questionmark) {
        let keys = ui.ctx().format_shortcut(&shortcut.keys);
        line_ui(ui, shortcut.help, |ui| {
            ui.label(theme.mono(keys));
        });
    }
    ui.add_space(space::L);
    ui.label(theme.heading("Where things are"));
    ui.add_space(space::S);
    for (name, text) in PLACES {
        ui.add(Label::new(theme.strong(*name)));
        ui.add(Label::new(theme.paragraph(*text)).wrap());
        ui.add_space(space::XS);
    }
}

fn line_ui(ui: &mut Ui, help: &str, keys: impl FnOnce(&mut Ui)) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_height(size::LINE + space::XS);
        ui.label(theme.dim(help));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), keys);
    });
}

/// Over everything while a file is dragged across the window.
pub(super) fn drop_here_ui(ctx: &egui::Context) {
    let theme = Theme::of(ctx);
    let area = Area::new(Id::unique("drop here"))
        .order(Order::Foreground)
        .anchor(Align2::CENTER_CENTER, Vec2::ZERO)
        .interactable(false);
    area.show(ctx, |ui| {
        frame(theme)
            .stroke(egui::Stroke::new(size::CURVE, theme.accent))
            .show(ui, |ui| ui.label(theme.heading("Drop to open")));
    });
}
