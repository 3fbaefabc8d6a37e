//! The shape all cards share: a verdict, a word in the corner, a sentence or two, and rows of numbers.

use egui::{Align, Color32, Label, Layout, Response, Ui, vec2};

use crate::ui::meaning::{HoverMeaning as _, Meaning};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::card_ui;

/// A card with its verdict and words, and whatever follows them.
pub(super) fn plain_ui(
    ui: &mut Ui,
    edge: Color32,
    title: &str,
    corner: &str,
    text: &str,
    rest: impl FnOnce(&mut Ui),
) -> Response {
    let theme = Theme::of(ui);
    card_ui(ui, Some(edge), |ui| {
        ui.spacing_mut().item_spacing.y = space::XS + 2.0;
        title_ui(ui, title, corner);
        if !text.is_empty() {
            ui.add(Label::new(theme.paragraph(text)).wrap());
        }
        rest(ui);
    })
    .response
}

fn title_ui(ui: &mut Ui, title: &str, corner: &str) {
    let theme = Theme::of(ui);
    let small = egui::TextStyle::Small.resolve(ui.style());
    let title_font = crate::ui::theme::card_title_style().resolve(ui.style());
    let width_of = |text: &str, font: egui::FontId| {
        ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font, theme.text).size().x).ceil()
    };
    let room = ui.available_width() - ui.spacing().item_spacing.x - width_of(title, title_font);
    let is_grade = corner.starts_with("grade ");
    // A narrow card says the grade's numbers only, before its verdict breaks.
    let corner = if width_of(corner, small.clone()) > room { corner.trim_start_matches("grade ") } else { corner };
    let corner_width = width_of(corner, small);
    ui.horizontal_top(|ui| {
        let width = ui.available_width() - corner_width - ui.spacing().item_spacing.x;
        ui.allocate_ui_with_layout(vec2(width, size::LINE), Layout::top_down(Align::LEFT), |ui| {
            ui.set_width(width);
            ui.add(Label::new(theme.card_title(title)).wrap());
        });
        let corner = ui.add(Label::new(theme.small(corner)).extend());
        if is_grade {
            corner.on_hover_text("How bad it is: 1 is mild, 3 is severe");
        }
    });
}

/// A name, its number as it is shown, and what makes its meaning.
pub(super) type Number<'a> = (String, String, Box<dyn Fn() -> Meaning + 'a>);

/// A line each of a name, its number and what the pointer tells about it.
pub(super) fn numbers_ui(ui: &mut Ui, rows: &[Number<'_>]) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        // A row is as high as a control unless it is told otherwise.
        ui.spacing_mut().interact_size.y = size::LINE;
        for (name, value, meaning) in rows {
            number_ui(ui, name, value, meaning);
        }
    });
}

/// A name and its number, at both ends of a line.
fn number_ui(ui: &mut Ui, name: &str, value: &str, meaning: &dyn Fn() -> Meaning) {
    let theme = Theme::of(ui);
    let font = egui::TextStyle::Monospace.resolve(ui.style());
    let value_width = ui.fonts_mut(|fonts| fonts.layout_no_wrap(value.to_owned(), font, theme.text).size().x).ceil();
    let response = ui.horizontal(|ui| {
        let width = ui.available_width() - value_width - ui.spacing().item_spacing.x;
        ui.allocate_ui_with_layout(vec2(width, size::LINE), Layout::left_to_right(Align::Center), |ui| {
            ui.set_width(width);
            ui.add(Label::new(theme.mono(name).color(theme.dim)).truncate());
        });
        ui.add(Label::new(theme.mono(value)).extend())
    });
    (response.inner | response.response).on_hover_meaning(ui, meaning);
}
