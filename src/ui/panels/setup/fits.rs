//! What the choices come to together: parameters, memory, time.

use egui::{Label, Ui};

use crate::spec::{OptimizerSpec, Project, Section};
use crate::ui::meaning::{self, HoverMeaning as _, Meaning};
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
    line(ui, format!("{} parameters. {}", grouped(parameters), memory_text(cx, parameters)), false)
        .on_hover_meaning(ui, || parameters_meaning(cx))
        .on_hover_meaning(ui, || memory(cx, parameters));
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

/// What weights, gradients, the optimizer's memory and the rows take, in four bytes a number.
fn memory(cx: &Cx<'_>, parameters: u64) -> Meaning {
    let rows = facts::split_sizes(cx.studio).map_or(0, |parts| parts.iter().sum::<u64>());
    let values = facts::shape(cx.studio).map_or(0, |(_, input)| input.n_values() as u64);
    meaning::memory(parameters, 2 + moments(&cx.draft.optimizer), rows, values)
}

fn memory_text(cx: &Cx<'_>, parameters: u64) -> String {
    let megabytes = memory(cx, parameters).result.unwrap_or_default() / 1e6;
    if megabytes >= 1000.0 {
        format!("Needs about {:.1} GB.", megabytes / 1000.0)
    } else {
        format!("Needs about {:.0} MB.", megabytes.max(1.0))
    }
}

/// Numbers an optimizer remembers for each weight.
fn moments(optimizer: &OptimizerSpec) -> u64 {
    match optimizer {
        OptimizerSpec::Sgd(it) => u64::from(it.momentum > 0.0),
        OptimizerSpec::Rmsprop(it) => 1 + u64::from(it.momentum > 0.0),
        OptimizerSpec::Adagrad(_) | OptimizerSpec::Lion(_) => 1,
        OptimizerSpec::Adam(_) | OptimizerSpec::Adamw(_) => 2,
    }
}

/// Whether an epoch of the run took what one of the draft would.
fn same_work(run: &Project, draft: &Project) -> bool {
    (&run.data, &run.model, &run.training.batch_size, run.training.pace, run.device)
        == (&draft.data, &draft.model, &draft.training.batch_size, draft.training.pace, draft.device)
}
