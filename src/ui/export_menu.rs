//! The menu of all that can be taken out of the window: pictures, values, the report, the recipe.

use egui::{Button, Popup, RichText, TextStyle, Ui};
use egui_material_icons::icons::ICON_DOWNLOAD;

use super::theme::{Theme, space};
use super::widgets::icon_button_ui;
use super::{Cx, Export, PanelDef, Wish};

/// A panel that is in sight, and whether it draws numbers.
pub(super) struct Shown {
    pub(super) def: PanelDef,
    pub(super) has_values: bool,
}

/// The button with its menu. Each panel that is in sight offers its picture, and its values where it draws numbers.
pub(super) fn export_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>, shown: &[Shown]) {
    let help = "Save a plot, its values, the report of the run, or the recipe that repeats it";
    let button = icon_button_ui(ui, ICON_DOWNLOAD, "Save what is seen", help);
    let has_run = cx.run().is_some();
    let chosen = Popup::menu(&button).show(|ui| {
        let mut chosen = None;
        for Shown { def, has_values } in shown {
            heading_ui(ui, def.title);
            let picture = "As it is seen now: PNG, or SVG to enlarge without loss";
            let of = |what: &str| format!("{what} of {}", def.title);
            item_ui(ui, "Picture\u{2026}", &of("Picture"), picture, Export::Picture(def.id), &mut chosen);
            if *has_values {
                let values = "The numbers that are drawn, in full precision, as a CSV file";
                item_ui(ui, "Values\u{2026}", &of("Values"), values, Export::Values(def.id), &mut chosen);
            }
        }
        if cx.studio.history.compared.runs.len() > 1 {
            heading_ui(ui, "Comparison");
            let report = "The compared runs' curves, results and differing settings, as HTML or Markdown";
            item_ui(ui, "Report\u{2026}", "Report of the comparison", report, Export::Comparison, &mut chosen);
        }
        if has_run {
            heading_ui(ui, "Run");
            let report = "Curves, results, findings, settings and the recipe, as HTML or Markdown";
            item_ui(ui, "Report\u{2026}", "Report", report, Export::Report, &mut chosen);
            let recipe = "A project file that repeats the run, with the data's hash and the values it must give, to paste anywhere";
            item_ui(ui, "Copy recipe", "Copy recipe", recipe, Export::Recipe, &mut chosen);
        }
        chosen
    });
    if let Some(export) = chosen.and_then(|it| it.inner) {
        cx.wish(Wish::Export(export));
    }
}

fn heading_ui(ui: &mut Ui, text: &str) {
    ui.add_space(space::XS);
    let theme = Theme::of(ui);
    ui.label(theme.small(text));
}

fn item_ui(ui: &mut Ui, text: &str, name: &str, help: &str, export: Export, chosen: &mut Option<Export>) {
    let button = Button::new(RichText::new(text).text_style(TextStyle::Body)).frame_when_inactive(false);
    if ui.add(button).on_hover_text(help).accessible_name(name).clicked() {
        *chosen = Some(export);
    }
}
