//! The line of a section, and what does not fit said right below it.

use egui::accesskit::Role;
use egui::{Label, Rect, Sense, Stroke, TextStyle, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons::ICON_WARNING;
use strum::EnumMessage as _;

use super::way_out_ui;
use crate::spec::{LossSpec, Project, Section, StoppingSpec, Value};
use crate::studio::Studio;
use crate::ui::text::{rule_label, sentence};
use crate::ui::theme::{Theme, size, space, strong_style};
use crate::ui::{Cx, facts};

/// Name at the left, choice at the right; a click unfolds. Returns whether it is unfolded.
pub(super) fn line_ui(ui: &mut Ui, section: Section, summary: &str, has_problem: bool) -> bool {
    let theme = Theme::of(ui);
    let id = egui::Id::unique(("setup section", section.label()));
    let mut is_open = ui.data_mut(|data| *data.get_persisted_mut_or(id, section == Section::Optimizer));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), size::SECTION), Sense::click());
    if response.clicked() {
        is_open = !is_open;
        ui.data_mut(|data| data.insert_persisted(id, is_open));
    }
    let name = ui.painter().text(
        rect.left_center(),
        egui::Align2::LEFT_CENTER,
        section.label(),
        strong_style().resolve(ui.style()),
        theme.text,
    );
    let ink = if has_problem {
        theme.warning
    } else if response.hovered() || response.has_focus() {
        theme.text
    } else {
        theme.dim
    };
    let room = Rect::from_min_max(pos2(name.right() + space::M, rect.top()), rect.max);
    summary_ui(ui, room, summary, ink, has_problem);
    if response.has_focus() {
        let ring = Stroke::new(size::FOCUS_RING, theme.accent);
        ui.painter().rect_stroke(
            rect.expand2(vec2(space::XS, -space::XS)),
            size::CONTROL_RADIUS,
            ring,
            egui::StrokeKind::Inside,
        );
    }
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, section.label()));
    ui.ctx().accesskit_node_builder(response.id, |node| {
        node.set_expanded(is_open);
        node.set_value(summary);
    });
    let help = section.get_documentation().unwrap_or_default();
    response.on_hover_text(format!("{summary}\n\n{help}"));
    is_open
}

fn summary_ui(ui: &Ui, room: Rect, summary: &str, ink: egui::Color32, has_problem: bool) {
    let font = TextStyle::Body.resolve(ui.style());
    let width = room.width() - if has_problem { size::LINE } else { 0.0 };
    let laid_out = |text: &str| {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font.clone(), ink);
        job.wrap = egui::text::TextWrapping::truncate_at_width(width);
        ui.fonts_mut(|fonts| fonts.layout_job(job))
    };
    let mut galley = laid_out(summary);
    if galley.elided {
        // The unit goes before the number does.
        galley = laid_out(summary.trim_end_matches(" rows"));
    }
    let at = pos2(room.right() - galley.size().x, room.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, ink);
    if has_problem {
        let font = egui::FontId::new(size::ICON, ICON_WARNING.font_family());
        ui.painter().text(at - vec2(space::XS, -8.0), egui::Align2::RIGHT_CENTER, ICON_WARNING.codepoint, font, ink);
    }
}

/// The line below a section.
pub(super) fn rule_ui(ui: &mut Ui) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::HAIRLINE), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(size::HAIRLINE, theme.line));
}

/// Why it does not fit, and where there is one the way out. Returns whether that was taken.
pub(super) fn problem_ui(ui: &mut Ui, cx: &Cx<'_>, section: Section, problem: &str) -> bool {
    let theme = Theme::of(ui);
    ui.add(
        Label::new(
            theme.body(in_plain_words(cx.draft, section, problem)).color(theme.warning).line_height(Some(size::LINE)),
        )
        .wrap(),
    );
    let taken = way_out(cx, section).is_some_and(|(text, _)| way_out_ui(ui, &text));
    ui.add_space(space::S);
    taken
}

/// The reason without the command line's words: the kind by its name on screen, and no advice to type something.
fn in_plain_words(draft: &Project, section: Section, problem: &str) -> String {
    let reason = ["; choose ", "; set ", "; shorten "]
        .iter()
        .fold(problem, |text, advice| text.split(*advice).next().unwrap_or(text));
    if let StoppingSpec::Patience(it) = &draft.stopping
        && let Some((_, rest)) = reason.split_once(", which is").filter(|_| section == Section::Stopping)
    {
        return format!("{} is{rest}", it.monitor.get_message().unwrap_or_default());
    }
    let mut draft = draft.clone();
    let kind = draft.kind_of(section).and_then(|knob| match knob.value {
        Value::Choice { at } => at.options().into_iter().find(|it| it.id == at.current()).map(|it| (it.id, it.label)),
        _ => None,
    });
    match kind.and_then(|(id, label)| Some((label, reason.strip_prefix(id)?))) {
        Some((label, rest)) => format!("{label}{rest}"),
        None => sentence(reason),
    }
}

/// Takes the way out that [`problem_ui`] offered.
pub(super) fn mend(cx: &mut Cx<'_>, section: Section) {
    if let Some((_, mended)) = way_out(cx, section) {
        *cx.draft = mended;
    }
}

/// What would fit instead: the button's words, and the draft after it.
fn way_out(cx: &Cx<'_>, section: Section) -> Option<(String, Project)> {
    let (task, _) = facts::shape(cx.studio)?;
    let mut mended = cx.draft.clone();
    let text = match section {
        Section::Loss => {
            mended.loss = LossSpec::usual_for(task);
            format!("Use {}", mended.loss.get_message().unwrap_or_default().to_lowercase())
        }
        Section::Stopping => {
            let StoppingSpec::Patience(patience) = &mut mended.stopping else { return None };
            patience.monitor = crate::spec::Monitor::default();
            "Watch the validation loss".to_owned()
        }
        Section::Model => {
            mended.set("model=mlp").ok()?;
            "Use a multilayer perceptron".to_owned()
        }
        Section::Hardware => {
            mended.device = crate::spec::DeviceSpec::Cpu;
            "Use the CPU".to_owned()
        }
        Section::Dataset
        | Section::Optimizer
        | Section::Schedule
        | Section::Training
        | Section::Checkpoints
        | Section::Doctor => return None,
    };
    (mended != *cx.draft).then_some((text, mended))
}

/// Why a kind would not fit the data, by its id.
pub(super) fn misfit(studio: &Studio, draft: &Project, section: Section, id: &str) -> Option<String> {
    let key = match section {
        Section::Loss => "loss",
        Section::Model => "model",
        Section::Dataset
        | Section::Optimizer
        | Section::Schedule
        | Section::Training
        | Section::Stopping
        | Section::Checkpoints
        | Section::Hardware
        | Section::Doctor => return None,
    };
    let mut tried = draft.clone();
    tried.set_value(key, id).ok()?;
    let (task, input) = facts::shape(studio)?;
    match section {
        Section::Loss => tried.loss.misfit(task).map(|it| sentence(&it)),
        _ => tried.model.layers(input, tried.loss.n_outputs(task)).err().map(|it| sentence(&it.to_string())),
    }
}

/// Why an option of a knob would not fit the data.
pub(super) fn option_misfit(studio: &Studio, draft: &Project, key: &str, id: &str) -> Option<String> {
    if key != "stopping.monitor" {
        return None;
    }
    let mut tried = draft.clone();
    tried.set_value(key, id).ok()?;
    let (task, _) = facts::shape(studio)?;
    tried
        .misfits(task)
        .into_iter()
        .find(|(section, _)| *section == Section::Stopping)
        .map(|(_, reason)| sentence(&reason))
}

/// What else people call the loss.
pub(super) fn also_called_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = Theme::of(ui);
    let names = cx.draft.loss.also_called().join(", ");
    ui.add(Label::new(theme.small(format!("Also called {names}"))).wrap());
    ui.add_space(space::XS);
}
/// The rule that a threshold such as `doctor.overfitting.gap_share` belongs to.
pub(super) fn rule_of(key: &str) -> &str {
    key.split('.').nth(1).unwrap_or_default()
}

/// What the thresholds below it belong to.
pub(super) fn rule_heading_ui(ui: &mut Ui, rule: &str) {
    ui.add_space(space::XS);
    ui.label(Theme::of(ui).small(rule_label(rule)));
}
