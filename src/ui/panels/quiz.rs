//! The quiz: what is wrong with this run? One looks at curves and guesses; then the doctor proves it.

use egui::{Align, Key, Label, Layout, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_CIRCLE, ICON_CLOSE};

use super::{Cx, Home, Panel, PanelDef};
use crate::project::GALLERY;
use crate::run::Severity;
use crate::studio::quiz::{HEALTHY, QUESTIONS, Question, Round, choice_label};
use crate::studio::{Action, QuizAction};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{empty_ui, link_ui, primary_ui, scroll_ui, secondary_ui};

pub(super) const QUIZ: PanelDef = PanelDef { id: "quiz", title: "Quiz", home: Home::Bottom, make: || Box::new(Quiz) };

/// The keys that choose an answer.
const KEYS: [Key; 4] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4];
const CHOICE: f32 = 250.0;

/// Has no state of its own: questions and score are the studio's.
struct Quiz;

impl Panel for Quiz {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let studio = cx.studio;
        match &studio.quiz.round {
            None => idle_ui(ui, cx),
            Some(round) => match &round.question {
                Some(question) if question.answer.is_none() => asking_ui(ui, cx, round, question),
                Some(question) => answered_ui(ui, cx, round, question),
                None => summary_ui(ui, cx, round),
            },
        }
    }
}

fn idle_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    empty_ui(
        ui,
        "Guess the fault",
        "Ten runs are trained before your eyes, most with something wrong. Look at the curves and say what; then the doctor shows its proof. Your project comes back afterwards",
    );
    ui.add_space(space::M);
    let last = cx.studio.quiz.last;
    ui.vertical_centered(|ui| {
        if primary_ui(ui, None, "Start the quiz").clicked() {
            cx.ask(Action::Quiz(QuizAction::Start));
        }
        if let Some((right, of)) = last {
            ui.add_space(space::XS);
            ui.label(Theme::of(ui).dim(format!("Last time: {right} of {of} right")));
        }
    });
}

fn header_ui(ui: &mut Ui, cx: &mut Cx<'_>, round: &Round, title: &str) {
    let theme = Theme::of(ui);
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if secondary_ui(ui, None, "End the quiz").on_hover_text("Back to your project").clicked() {
                cx.ask(Action::Quiz(QuizAction::End));
            }
            if round.question.is_none() && primary_ui(ui, None, "Another ten").clicked() {
                cx.ask(Action::Quiz(QuizAction::Start));
            }
            let score = ui.label(theme.dim(format!("{} of {} right", round.n_right(), round.results.len())));
            score.on_hover_text("Questions of this round whose fault you named, of those you answered");
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(theme.strong(title)).truncate());
            });
        });
    });
}

fn asking_ui(ui: &mut Ui, cx: &mut Cx<'_>, round: &Round, question: &Question) {
    header_ui(ui, cx, round, &format!("Question {} of {QUESTIONS}: what is wrong with this run?", round.number()));
    ui.add_space(space::S);
    let mut chosen = key_pressed(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(space::S, space::S);
        for (idx, id) in question.choices.iter().enumerate() {
            let text = format!("{}  {}", idx + 1, choice_label(id));
            let button = egui::Button::new(egui::RichText::new(text).text_style(egui::TextStyle::Button));
            let button = ui.add(button.min_size(vec2(CHOICE, size::BUTTON)));
            if button.on_hover_text(about(id)).clicked() {
                chosen = Some(idx);
            }
        }
    });
    ui.add_space(space::S);
    let text = if cx.studio.quiz.has_ended() {
        "The run is over. Look at its curves, and choose."
    } else {
        "It is being trained. Choose as soon as you know, with a click or a key from 1 to 4."
    };
    ui.add(Label::new(Theme::of(ui).paragraph(text)).wrap());
    if let Some(idx) = chosen.filter(|it| *it < question.choices.len()) {
        cx.ask(Action::Quiz(QuizAction::Answer(idx)));
    }
}

/// The choice whose key was pressed, unless a dialog on top or a field has the keyboard.
fn key_pressed(ui: &Ui) -> Option<usize> {
    let is_ours = ui.memory(|memory| memory.allows_interaction(ui.layer_id())) && !ui.ctx().text_edit_focused();
    let is_pressed = |key: &Key| ui.input(|input| input.modifiers.is_none() && input.key_pressed(*key));
    KEYS.iter().position(is_pressed).filter(|_| is_ours)
}

/// What a choice means, without saying whether it is the one.
fn about(id: &str) -> &'static str {
    let rule = crate::diagnose::RULES.iter().find(|it| it.id == id);
    rule.map_or("The run is healthy, and learned what there is to learn.", |it| it.about)
}

fn answered_ui(ui: &mut Ui, cx: &mut Cx<'_>, round: &Round, question: &Question) {
    let title = if question.is_repeat {
        "Once more".to_owned()
    } else {
        format!("Question {} of {QUESTIONS}", round.results.len())
    };
    header_ui(ui, cx, round, &title);
    scroll_ui(ui, |ui| {
        verdict_ui(ui, question);
        let theme = Theme::of(ui);
        ui.add(Label::new(theme.paragraph(&question.truth.told)).wrap());
        ui.add(Label::new(theme.paragraph(proof(cx, question))).wrap());
        ui.add_space(space::S);
        let word = if round.is_over() { "See how it went" } else { "Next question" };
        if primary_ui(ui, None, word).clicked() {
            cx.ask(Action::Quiz(QuizAction::Next));
        }
    });
}

/// Right or wrong, in a word and a mark.
fn verdict_ui(ui: &mut Ui, question: &Question) {
    let theme = Theme::of(ui);
    let truth = choice_label(&question.truth.primary);
    let (icon, color, text) = match question.is_right() {
        _ if question.is_repeat => (ICON_CIRCLE, theme.dim, format!("It was: {truth}")),
        Some(true) => (ICON_CHECK_CIRCLE, theme.good, format!("Right: {truth}")),
        Some(false) | None => (ICON_CLOSE, theme.critical, format!("Not quite. It was: {truth}")),
    };
    ui.horizontal(|ui| {
        mark_ui(ui, icon, color);
        ui.add(Label::new(theme.heading(text)).wrap());
    });
    let label = question.sample().label;
    let said =
        question.answer.filter(|_| question.is_right() == Some(false)).map(|it| choice_label(&question.choices[it]));
    ui.label(theme.small(said.map_or_else(|| label.to_owned(), |it| format!("{label} · you said: {it}"))));
}

fn mark_ui(ui: &mut Ui, icon: MaterialIcon, color: egui::Color32) {
    ui.label(icon.rich_text().size(size::LARGE_ICON).color(color));
}

/// What the doctor has to say of it by now.
fn proof(cx: &Cx<'_>, question: &Question) -> String {
    let Some(run) = cx.run() else { return String::new() };
    let primary = &question.truth.primary;
    let has_told = run.findings.iter().chain(&run.cleared).any(|it| it.rule == *primary);
    if primary == HEALTHY {
        let mut warnings = run.findings.iter().filter(|it| it.severity > Severity::Info);
        match warnings.next() {
            None => "The doctor has nothing to complain of; what it says is for information.".to_owned(),
            Some(it) => format!("The doctor is not so sure: it warns of {}.", choice_label(&it.rule).to_lowercase()),
        }
    } else if has_told {
        "The doctor found it, too: its card at the right has the numbers. Point at it to see the epochs on the curves."
            .to_owned()
    } else if run.is_live() {
        "The doctor has not found it yet. Its card will come at the right while the run goes on.".to_owned()
    } else {
        "The doctor did not find it in this run.".to_owned()
    }
}

fn summary_ui(ui: &mut Ui, cx: &mut Cx<'_>, round: &Round) {
    header_ui(ui, cx, round, "How it went");
    scroll_ui(ui, |ui| {
        let theme = Theme::of(ui);
        ui.spacing_mut().item_spacing.y = space::XS;
        for (place, is_right) in round.results.iter().enumerate() {
            let sample = &GALLERY[round.order[place]];
            ui.horizontal(|ui| {
                let (icon, color) =
                    if *is_right { (ICON_CHECK_CIRCLE, theme.good) } else { (ICON_CLOSE, theme.critical) };
                mark_ui(ui, icon, color);
                ui.label(theme.body(sample.label));
                ui.label(theme.dim(if *is_right { "right" } else { "missed" }));
                if !is_right && link_ui(ui, "Show again").on_hover_text(sample.blurb).clicked() {
                    cx.ask(Action::Quiz(QuizAction::Again(place)));
                }
            });
        }
    });
}
