//! The data set: shipped, drawn from a formula or a file, where it comes from and how its rows are dealt.

use egui::{Label, Ui};

use crate::data::ColumnKind;
use crate::spec::{Source, TextValue as _};
use crate::studio::{Action, DataState, ProjectAction, Studio};
use crate::ui::text::grouped;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{Item, combo_ui, link_ui, row_ui};
use crate::ui::{Cx, Wish, facts};

/// Id of the entry that asks for a file; no data set can have it.
const OPEN_FILE: &str = "open…";

/// The list of data sets, and below it origin and licence.
pub(super) fn source_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let current = cx.draft.data.source.text();
    let mut items: Vec<Item> =
        facts::ready_made().into_iter().map(|(id, label, help)| Item::new(id, label, help)).collect();
    if let Source::File(path) = &cx.draft.data.source {
        items.push(Item::new(path, facts::source_label(&cx.draft.data.source), path));
    }
    items.push(Item::new(OPEN_FILE, "Open file…", "A table (.csv, .csv.gz), or images by class as a .zip or a folder"));
    let (_, chosen) =
        row_ui(ui, "Data set", "What to learn from", |ui| combo_ui(ui, "", ui.available_width(), &current, &items));
    match chosen {
        Some(id) if id == OPEN_FILE => cx.wish(Wish::OpenFile),
        Some(id) => {
            cx.draft.set_value("data", &id).ok();
        }
        None => {}
    }
    origin_ui(ui, cx);
}

fn origin_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let theme = Theme::of(ui);
    if let Some(origin) = facts::origin(&cx.draft.data.source) {
        ui.add(
            Label::new(
                theme.small(format!("{}, from the {}. Licence: {}", origin.authors, origin.from, origin.licence)),
            )
            .wrap(),
        );
        ui.add_space(space::XS);
    }
    let is_file = matches!(cx.draft.data.source, Source::File(_));
    let has_failed = matches!(cx.studio.projects.data, DataState::Failed(_));
    if is_file
        && link_ui(ui, if has_failed { "Try again" } else { "Read again" })
            .on_hover_text("Read the file again, after it has changed")
            .clicked()
    {
        cx.ask(Action::Project(ProjectAction::ReloadData));
    }
}

/// How many rows each part got.
pub(super) fn rows_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = Theme::of(ui);
    if let Some([train, validation, test]) = facts::split_sizes(cx.studio) {
        let text = format!("{} rows train, {} validate, {} test", grouped(train), grouped(validation), grouped(test));
        ui.add_space(space::XS);
        ui.add(Label::new(theme.small(text)).wrap());
    }
}

/// Knobs that would have nothing to turn on this data.
pub(super) fn hidden_knobs(studio: &Studio, source: &Source) -> Vec<&'static str> {
    let mut hidden = Vec::new();
    if matches!(source, Source::Generated(_)) {
        hidden.extend(["data.target", "data.task", "data.exclude"]);
    }
    let Some(loaded) = facts::loaded(studio) else {
        return hidden;
    };
    if loaded.dataset.images.is_some() {
        hidden.extend(["data.target", "data.task", "data.exclude", "data.text", "data.vocabulary"]);
    }
    if !loaded.dataset.columns.iter().any(|it| it.kind == ColumnKind::Text) {
        hidden.extend(["data.text", "data.vocabulary"]);
    }
    hidden
}
