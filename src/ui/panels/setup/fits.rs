//! What the choices come to together: parameters, memory, time.

use egui::{Label, Ui};

use crate::spec::{Project, Section};
use crate::ui::meaning::{self, HoverMeaning as _, Meaning};
use crate::ui::memory::{forecast_of, megabytes};
use crate::ui::pace::epoch_seconds;
use crate::ui::text::{counted, grouped, short_number};
use crate::ui::theme::{Theme, space};
use crate::ui::{Cx, facts};

/// Below the sections: whether all fits together, and what it needs.
pub(super) fn fits_ui(ui: &mut Ui, cx: &Cx<'_>, problems: &[(Section, String)]) {
    let theme = Theme::of(ui);
    ui.label(theme.section_label("Fits together"));
    ui.add_space(space::S);
    let line = |ui: &mut Ui, text: String, is_problem: bool| {
        let ink = if is_problem { theme.warning } else { theme.dim };
        ui.add(Label::new(theme.paragraph(text).color(ink)).wrap())
    };
    if !problems.is_empty() {
        let mut sections: Vec<_> = problems.iter().map(|(section, _)| section.label()).collect();
        sections.dedup();
        line(ui, format!("Not yet: see {}.", sections.join(", ")), true);
    }
    let Some(parameters) = facts::parameters(cx.studio, cx.draft) else {
        if problems.is_empty() {
            line(ui, "Told once the data has been read".to_owned(), false);
        }
        return;
    };
    let forecast = forecast_of(cx);
    let memory = forecast.as_ref().map_or_else(String::new, |it| format!(", about {}", megabytes(it.total())));
    let line_of = line(ui, format!("{} parameters{memory}.", grouped(parameters)), false);
    let line_of = line_of.on_hover_meaning(ui, || parameters_meaning(cx));
    if let Some(forecast) = forecast {
        let parts: Vec<_> = forecast.parts().map(|(part, bytes)| (part.label(), bytes)).collect();
        line_of.on_hover_meaning(ui, || meaning::memory(&parts));
    }
    let steps = steps_per_epoch(cx);
    let seconds = cx.run().filter(|it| same_work(&it.project, cx.draft)).and_then(epoch_seconds);
    let Some(steps) = steps else { return };
    let pace = if cx.draft.training.pace.is_some() { " at this pace" } else { "" };
    let time = seconds.map_or_else(String::new, |it| format!(", about {} s{pace}", short_number(it)));
    let line = line(ui, format!("{} an epoch{time}.", counted(steps, "step")), false);
    let line = line.on_hover_meaning(ui, || steps_meaning(cx));
    if let Some(run) = cx.run().filter(|_| seconds.is_some()) {
        line.on_hover_meaning(ui, || meaning::time_per_epoch(run));
    }
}

/// In the model's section, in the words that tell parameters from hyperparameters.
pub(super) fn parameters_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = Theme::of(ui);
    if let Some(n) = facts::parameters(cx.studio, cx.draft) {
        ui.add_space(space::XS);
        let text = format!("Parameters: training finds {}", grouped(n));
        ui.label(theme.dim(text)).on_hover_meaning(ui, || parameters_meaning(cx));
    }
}

/// Steps that one epoch of the draft takes on this data.
pub(super) fn steps_per_epoch(cx: &Cx<'_>) -> Option<u64> {
    let [train, _, _] = facts::split_sizes(cx.studio)?;
    Some(cx.draft.training.batch_size.map_or(1, |batch| train.div_ceil(batch.max(1))).max(1))
}

fn parameters_meaning(cx: &Cx<'_>) -> Meaning {
    facts::layers(cx.studio, cx.draft).and_then(Result::ok).map_or_else(Meaning::default, |it| meaning::parameters(&it))
}

fn steps_meaning(cx: &Cx<'_>) -> Meaning {
    let [train, _, _] = facts::split_sizes(cx.studio).unwrap_or_default();
    meaning::steps_per_epoch(train, cx.draft.training.batch_size)
}

/// Whether an epoch of the run took what one of the draft would.
fn same_work(run: &Project, draft: &Project) -> bool {
    (&run.data, &run.model, &run.training.batch_size, run.training.pace, run.device)
        == (&draft.data, &draft.model, &draft.training.batch_size, draft.training.pace, draft.device)
}
