//! Experiments: which way the learning rate is wrong, which rates are worth trying, and what the seed alone makes.

mod probe;
mod question;
mod range;
mod seeds;
mod strip;
mod values;

use egui::{Align, Label, Layout, Rect, ScrollArea, Ui, UiBuilder, vec2};

use super::{Cx, Home, Panel, PanelDef};
use crate::run::Run;
use crate::studio::Studio;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{Item, combo_ui, empty_ui, scroll_ui, segmented_ui};
use question::{QUESTIONS, Question};

pub(super) const EXPERIMENTS: PanelDef =
    PanelDef { id: "experiments", title: "Experiments", home: Home::Bottom, make: || Box::<Experiments>::default() };

/// A tab this wide shows all questions side by side; otherwise one is chosen.
const SIDE_BY_SIDE: f32 = 1000.0;
/// One this wide has room for the questions in a row, with a button at its end; otherwise they are a list.
const IN_A_ROW: f32 = 604.0;
/// One narrower than this has the list and its button, and words and chart, below each other.
const BESIDE: f32 = 440.0;
/// Share of the width that the words beside a chart take, and the most they need.
const WORDS: f32 = 0.4;
const WORDS_MOST: f32 = 330.0;
/// A chart is no lower than this; what stands above it scrolls away.
const LEAST_CHART: f32 = 110.0;

/// Owns which question is asked, and with how many seeds; outcomes belong to the run.
struct Experiments {
    asked: Question,
    k: u64,
}

impl Default for Experiments {
    fn default() -> Self {
        Self { asked: Question::Rate, k: 5 }
    }
}

impl Panel for Experiments {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let studio = cx.studio;
        let Some(run) = &studio.runs.shown else {
            return empty_ui(
                ui,
                "Nothing to experiment with yet",
                "Press Train (space). Then copies of the training try other learning rates and seeds here, while the run itself stays as it is",
            );
        };
        if cx.studio.runs.log.is_some() {
            return empty_ui(
                ui,
                "No training to experiment with",
                "These curves were logged by another program. Train the project at the left, and copies of that training try other learning rates here",
            );
        }
        if ui.available_width() >= SIDE_BY_SIDE {
            return self.all_ui(ui, cx, run);
        }
        if ui.available_width() >= IN_A_ROW {
            self.row_ui(ui, cx, run);
        } else {
            self.list_ui(ui, cx, run);
        }
    }

    fn has_values(&self, studio: &Studio) -> bool {
        studio
            .runs
            .shown
            .as_ref()
            .is_some_and(|it| it.probe.is_some() || it.range_test.is_some() || !it.seeds.rows().is_empty())
    }

    fn values(&self, studio: &Studio) -> Option<String> {
        studio.runs.shown.as_ref().filter(|_| self.has_values(studio)).map(values::values)
    }
}

impl Experiments {
    /// Every question in a column of its own.
    fn all_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        let rect = ui.available_rect_before_wrap();
        let n = QUESTIONS.len() as f32;
        let width = (rect.width() - (n - 1.0) * space::XL) / n;
        for (idx, question) in QUESTIONS.into_iter().enumerate() {
            let left = rect.min + vec2(idx as f32 * (width + space::XL), 0.0);
            let column = Rect::from_min_size(left, vec2(width, rect.height()));
            let layout = Layout::top_down(Align::LEFT);
            let ui = &mut ui.new_child(UiBuilder::new().id_salt(idx).max_rect(column).layout(layout));
            controls_row_ui(ui, |ui, is_before| {
                if is_before {
                    question.controls_ui(ui, cx, run, &mut self.k);
                } else {
                    ui.add(Label::new(Theme::of(ui).strong(question.title())).truncate());
                }
            });
            stacked_ui(ui, cx, run, question);
        }
        ui.advance_cursor_after_rect(rect);
    }

    /// The questions in a row, and the chosen one's words beside its chart.
    fn row_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        controls_row_ui(ui, |ui, is_before| {
            if is_before {
                self.asked.controls_ui(ui, cx, run, &mut self.k);
            } else {
                segmented_ui(ui, &mut self.asked, &QUESTIONS.map(|it| (it, it.title(), "")));
            }
        });
        ui.add_space(space::XS);
        beside_ui(ui, cx, run, self.asked);
    }

    /// The questions as a list.
    fn list_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, run: &Run) {
        let is_wide = ui.available_width() >= BESIDE;
        let mut asked = self.asked;
        if !is_wide {
            choice_ui(ui, &mut asked);
        }
        controls_row_ui(ui, |ui, is_before| {
            if is_before {
                self.asked.controls_ui(ui, cx, run, &mut self.k);
            } else if is_wide {
                choice_ui(ui, &mut asked);
            }
        });
        self.asked = asked;
        ui.add_space(space::XS);
        if is_wide {
            beside_ui(ui, cx, run, self.asked);
        } else {
            stacked_ui(ui, cx, run, self.asked);
        }
    }
}

fn choice_ui(ui: &mut Ui, asked: &mut Question) {
    let titles = QUESTIONS.map(|it| Item::new(it.title(), it.title(), ""));
    let chosen = combo_ui(ui, "Question", ui.available_width(), asked.title(), &titles);
    *asked = chosen.and_then(|title| QUESTIONS.into_iter().find(|it| it.title() == title)).unwrap_or(*asked);
}

/// A row with controls at its right end and something before them, which a narrow row cuts first. `add` is called for
/// the controls, and then for the rest.
fn controls_row_ui(ui: &mut Ui, mut add: impl FnMut(&mut Ui, bool)) {
    ui.horizontal(|ui| {
        ui.set_min_height(size::CONTROL);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            add(ui, true);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| add(ui, false));
        });
    });
}

/// Words at the left, the outcome at the right.
fn beside_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, question: Question) {
    let rect = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(rect);
    let has_outcome = question.has_outcome(cx, run);
    let width = if has_outcome { (WORDS * rect.width()).min(WORDS_MOST) } else { rect.width() };
    let (left, right) = rect.split_left_right_at_x(rect.left() + width);
    let mut child = |at: Rect| ui.new_child(UiBuilder::new().max_rect(at).layout(Layout::top_down(Align::LEFT)));
    let mut words = child(left);
    let mut outcome = child(right.with_min_x((right.min.x + space::M).min(right.max.x)));
    scroll_ui(&mut words, |ui| question.words_ui(ui, cx, run));
    if has_outcome {
        question.outcome_ui(&mut outcome, cx, run, rect.height());
    }
}

/// Words above, the outcome below, in what is left of the height.
fn stacked_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, question: Question) {
    let bottom = ui.available_rect_before_wrap().bottom();
    ScrollArea::vertical().id_salt(question.title()).auto_shrink(false).show(ui, |ui| {
        let before = ui.cursor().top();
        let room = bottom - before;
        question.words_ui(ui, cx, run);
        ui.add_space(space::XS);
        if question.has_outcome(cx, run) {
            let height = (room - (ui.cursor().top() - before)).max(LEAST_CHART);
            question.outcome_ui(ui, cx, run, height);
        }
    });
}
