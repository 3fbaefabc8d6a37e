//! Fair seeds: the shown run's project with other seeds, and whether a difference to an earlier run is more than they make.

use egui::{DragValue, Label, Ui};

use super::strip::Strip;
use crate::diagnose::seeds::{Setting, drawn_anew, is_comparable, rival, tell};
use crate::run::{FinishReason, Run};
use crate::studio::{Action, MOST_SEEDS, RunAction, SeedTraining};
use crate::ui::Cx;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::text::duration_text;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::{progress_ui, secondary_ui};

/// From right to left: the button, and how many seeds.
pub(super) fn controls_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, k: &mut u64) {
    if cx.studio.runs.seeding().is_some() {
        let button = secondary_ui(ui, None, "Cancel").on_hover_text("Stops here; the seeds that are through are kept");
        if button.clicked() {
            cx.ask(Action::Run(RunAction::CancelSeeds));
        }
        return;
    }
    let first = run.project.training.seed;
    let has_failed = run.finished.as_ref().is_some_and(|it| it.reason == FinishReason::Failed);
    let is_new = (first..first.saturating_add(*k)).any(|it| !run.seeds.has(it));
    let button = ui.add_enabled_ui(is_new && !has_failed, |ui| secondary_ui(ui, None, "Train seeds")).inner;
    let why_not =
        if has_failed { "A project that fails does so with any seed" } else { "These seeds are trained; ask for more" };
    if button.on_hover_text(help(run)).on_disabled_hover_text(why_not).clicked() {
        cx.ask(Action::Run(RunAction::Seeds { k: *k }));
    }
    ui.add(DragValue::new(k).range(MOST_SEEDS).speed(0.05))
        .on_hover_text("Seeds in all, the run's own among them. Drag it or click to type")
        .accessible_name("Number of seeds");
}

fn help(run: &Run) -> String {
    let next = run.project.training.seed.saturating_add(1);
    format!(
        "Trains this run's project with the seeds after its own, from {next} on: {} are drawn anew by each. How far they lie apart is what the seed alone makes",
        drawn_anew(run)
    )
}

/// How far it is, and what the seeds say.
pub(super) fn words_ui(ui: &mut Ui, cx: &Cx<'_>, run: &Run) {
    let theme = Theme::of(ui);
    if let Some(seeding) = cx.studio.runs.seeding() {
        let standing = standing(seeding);
        progress_ui(ui, ui.available_width(), seeding.progress(), "Seeds trained");
        ui.add(Label::new(theme.body(standing)).wrap());
        ui.add_space(space::XS);
    }
    let text = verdict(cx, run).unwrap_or_else(|| help(run));
    let label = ui.add(Label::new(theme.paragraph(text)).wrap());
    let ghosts = &cx.studio.runs.ghosts;
    let other = rival(run, ghosts.iter()).map(|it| &ghosts[it]);
    if run.seeds.is_spread() || other.is_some_and(|it| it.seeds.is_spread()) {
        label.on_hover_meaning(ui, || meaning::seeds(run, other));
    }
}

/// `Seed 3 of 5 · about 0:12 left · 2 at once, each on 4 cores`.
fn standing(seeding: &SeedTraining) -> String {
    let (at, of) = seeding.standing();
    let (n, share) = seeding.side_by_side();
    let share = if share == 1 { "1 core".to_owned() } else { format!("{share} cores") };
    let cores = if n > 1 { format!(" · {n} at once, each on {share}") } else { String::new() };
    let left = seeding.seconds_left().map(|it| format!(" · about {} left", duration_text(it)));
    format!("Seed {at} of {of}{}{cores}", left.unwrap_or_default())
}

fn verdict(cx: &Cx<'_>, run: &Run) -> Option<String> {
    let ghosts = &cx.studio.runs.ghosts;
    let at = rival(run, ghosts.iter());
    let (own, other) = (own_name(run), at.map(|it| (earlier_name(it, &ghosts[it]), &ghosts[it])));
    tell(Setting { name: &own, run }, other.as_ref().map(|(name, run)| Setting { name, run }))
}

/// Whether there is something to draw: a spread of the shown run or of one that it can be held against.
pub(super) fn is_told(cx: &Cx<'_>, run: &Run) -> bool {
    run.seeds.is_spread() || cx.studio.runs.ghosts.iter().any(|it| it.seeds.is_spread() && is_comparable(run, it))
}

/// The settings to draw beside each other, oldest first: those with seeds, and the two that are compared.
pub(super) fn strips(theme: &Theme, cx: &Cx<'_>, run: &Run) -> Vec<Strip> {
    let ghosts = &cx.studio.runs.ghosts;
    let at = rival(run, ghosts.iter());
    let earlier = ghosts.iter().zip(theme.ghosts).enumerate().rev();
    let earlier = earlier.filter(|(idx, (it, _))| Some(*idx) == at || (it.seeds.is_spread() && is_comparable(run, it)));
    let mut strips: Vec<Strip> =
        earlier.map(|(idx, (it, look))| Strip::of(it, earlier_name(idx, it), look.color)).collect();
    strips.push(Strip::of(run, own_name(run), theme.validation));
    strips
}

/// What the shown run is called in a sentence: what was changed in it.
fn own_name(run: &Run) -> String {
    if run.change.is_empty() || run.change == "the same again" { "this run".to_owned() } else { run.change.clone() }
}

fn earlier_name(idx: usize, run: &Run) -> String {
    match (idx, run.change.as_str()) {
        (0, _) => "the run before".to_owned(),
        (_, "") => "the first run".to_owned(),
        (_, change) => change.to_owned(),
    }
}
