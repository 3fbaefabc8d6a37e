//! The quiz as one plays it: a run is trained, nothing gives it away, one answers, and the doctor proves it.

use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use learnscope::run::{Event, FinishReason, Run};
use learnscope::studio::quiz::{Question, choice_label};
use learnscope::studio::{Action, QuizAction, Studio};

use super::harness::{self, Stage, Window, options, panel, step_until};
use super::runs::{State, churn};
use super::window::{click, endless};

const SIZE: [f32; 2] = [1280.0, 800.0];

fn tab(window: &mut Window, name: &str) {
    window.get_by_role_and_label(Role::Tab, name).click();
    window.run_steps(2);
}

fn question(stage: &Stage) -> Question {
    stage.studio().quiz.round.as_ref().unwrap().question.clone().unwrap()
}

/// Where the true answer, or a wrong one, stands among the choices.
fn place(question: &Question, is_right: bool) -> usize {
    question.choices.iter().position(|it| (*it == question.truth.primary) == is_right).unwrap()
}

fn answer(window: &mut Window, is_right: bool) {
    let question = question(window.state());
    let idx = place(&question, is_right);
    window.get_by_label(&format!("{}  {}", idx + 1, choice_label(&question.choices[idx]))).click();
    window.run_steps(3);
}

/// A window in which the first question is asked and its run has come to its end.
fn asked(seed: u64) -> Window {
    let mut window = harness::window(Studio::new(Arc::new(|| ())).shuffled_by(seed), SIZE);
    window.state_mut().studio_mut().projects.draft.learning_rate = 0.123;
    window.run_steps(2);
    tab(&mut window, "Quiz");
    window.get_by_label("Start the quiz").click();
    window.run_steps(2);
    watch(&mut window);
    window
}

/// Everything that a screen reader could tell of the window.
fn told(window: &Window) -> String {
    let mut words = String::new();
    let mut nodes = vec![window.root()];
    while let Some(node) = nodes.pop() {
        let node_words =
            [node.accesskit_node().label(), node.accesskit_node().value(), node.accesskit_node().description()];
        words.extend(node_words.into_iter().flatten().map(|it| it + "\n"));
        nodes.extend(node.children());
    }
    words
}

/// Rests the pointer in the middle of the loss chart; what is told of the window then.
fn told_at_the_curve(window: &mut Window) -> String {
    let at = window.get_by_label_contains("Loss chart").rect().center();
    window.hover_at(at);
    window.run_steps(10);
    let words = told(window);
    window.remove_cursor();
    window.run_steps(3);
    words
}

/// A choice may be named after the learning rate; its own name stands where its value is.
fn tells_the_rate(words: &str) -> bool {
    words.lines().any(|it| it == "Learning rate")
}

/// Neither the project nor the fault is named anywhere; the rule's name stands on its button alone, like three others.
fn tells_nothing(window: &Window) -> String {
    let (question, words) = (question(window.state()), told(window));
    let sample = question.sample();
    // A project may be called nearly as its fault is, which stands among the choices and is counted below.
    let is_choice = |it: &str| question.choices.iter().any(|id| choice_label(id).contains(it));
    for secret in [sample.label, sample.blurb, question.truth.told.as_str(), "patience ends"] {
        assert!(is_choice(secret) || !words.contains(secret), "{}: {secret:?} is told", sample.id);
    }
    assert!(!tells_the_rate(&words), "{}", sample.id);
    for label in question.choices.iter().map(|it| choice_label(it)) {
        assert_eq!(words.matches(label).count(), 1, "{}: {label}", sample.id);
    }
    words
}

#[test]
fn nothing_gives_the_answer_away_until_it_is_given() {
    for seed in [1, 2] {
        let mut window = asked(seed);
        let question = question(window.state());
        let (sample, rule) = (question.sample(), question.truth.primary.clone());
        let words = tells_nothing(&window);
        window.get_by_label("Hidden while you guess");
        window.get_by_label("The doctor waits for your guess");
        window.get_by_label("Quiz, question 1 of 10");
        let at_the_curve = told_at_the_curve(&mut window);
        assert!(at_the_curve.contains("after step"), "the pointer tells what the curves show");
        assert!(!tells_the_rate(&at_the_curve), "and nothing that was chosen");
        assert_eq!(window.query_all_by_role(Role::Tab).count(), 1, "other tabs would tell");
        answer(&mut window, true);
        let run = window.state().run();
        let has_told = rule.is_empty() || run.findings.iter().chain(&run.cleared).any(|it| it.rule == rule);
        assert!(has_told, "{}: the doctor's proof comes out", sample.id);
        for finding in run.findings.iter().chain(&run.cleared) {
            assert!(!words.contains(&finding.text), "{}: {} was told before", sample.id, finding.rule);
        }
        assert!(window.query_by_label("Hidden while you guess").is_none(), "settings are shown again");
        window.get_by_label(sample.label);
        window.get_by_label_contains(&format!("Right: {}", choice_label(&rule)));
        window.get_by_label_contains(&question.truth.told);
        window.get_by_label("1 of 1 right");
        assert!(window.query_all_by_role(Role::Tab).count() > 5);
        assert!(tells_the_rate(&told_at_the_curve(&mut window)));
    }
}

/// Lets the run of the question that is asked come to its end, and nothing tells what is wrong with it meanwhile.
fn watch(window: &mut Window) {
    step_until(window, "a run", |it| {
        let is_on = |run: &Run| run.epoch() > 0 || it.studio().quiz.has_ended();
        it.studio().runs.shown.as_ref().is_some_and(is_on)
    });
    tells_nothing(window);
    // Nobody has to watch a test.
    let unlimited = learnscope::studio::RunAction::Set { key: "pace".to_owned(), value: "unlimited".to_owned() };
    window.state_mut().studio_mut().act(Action::Run(unlimited));
    step_until(window, "the end of its run", |it| it.studio().quiz.has_ended());
    tells_nothing(window);
}

#[test]
fn three_rounds_ask_of_the_whole_gallery_and_the_doctor_proves_each() {
    let mut window = asked(5);
    let mut samples = std::collections::BTreeSet::new();
    for round in 0..3 {
        for number in 1..=10 {
            if (round, number) != (0, 1) {
                watch(&mut window);
            }
            let question = question(window.state());
            samples.insert(question.sample);
            answer(&mut window, number != 4);
            let proof =
                if question.truth.primary.is_empty() { "nothing to complain of" } else { "The doctor found it, too" };
            let words = told(&window);
            assert!(words.contains(proof), "{}", question.sample().id);
            assert!(
                !words.contains("Dismiss"),
                "{}: a notice would stand beside the next question",
                question.sample().id
            );
            window.get_by_label(if number == 10 { "See how it went" } else { "Next question" }).click();
            window.run_steps(2);
        }
        window.get_by_label("9 of 10 right");
        assert_eq!((window.query_all_by_label("right").count(), window.query_all_by_label("missed").count()), (9, 1));
        window.get_by_label("Show again").click();
        window.run_steps(2);
        window.get_by_label("Once more");
        step_until(&mut window, "its run once more", |it| {
            it.studio().runs.shown.as_ref().is_some_and(|run| run.epoch() > 0 || run.finished.is_some())
        });
        window.get_by_label("See how it went").click();
        window.run_steps(2);
        window.get_by_label("9 of 10 right");
        window.get_by_label("Another ten").click();
        window.run_steps(2);
    }
    assert_eq!(samples.len(), 30, "none comes again before all were asked");
}

#[test]
fn only_the_best_epoch_is_marked_until_the_answer() {
    let patience_is_told = |then: fn(&mut Studio)| {
        let window = harness::still(still(0, 0, then), egui::Theme::Dark, SIZE);
        window.get_by_label_contains("best · ep");
        told(&window).contains("patience ends")
    };
    assert!(!patience_is_told(|_| ()));
    assert!(patience_is_told(|studio| studio.act(Action::Quiz(QuizAction::Answer(0)))));
}

#[test]
fn a_key_that_a_dialog_has_answers_nothing() {
    let mut window = harness::still(still(0, 0, |_| ()), egui::Theme::Dark, SIZE);
    window.key_press(egui::Key::F1);
    window.run_steps(3);
    window.key_press(egui::Key::Num1);
    window.run_steps(3);
    assert!(window.state().studio().quiz.is_guessing(), "help is on top");
    window.key_press(egui::Key::Escape);
    window.run_steps(3);
    window.key_press(egui::Key::Num1);
    window.run_steps(3);
    assert!(!window.state().studio().quiz.is_guessing());
}

#[test]
fn a_run_that_goes_on_is_asked_about_before_the_quiz_begins() {
    let mut window = endless();
    tab(&mut window, "Quiz");
    click(&mut window, "Start the quiz");
    window.run_steps(2);
    window.get_by_label("A run is going on");
    click(&mut window, "Keep training");
    assert!(window.state().studio().quiz.round.is_none() && window.state().run().is_live());
    click(&mut window, "Start the quiz");
    window.run_steps(2);
    click(&mut window, "Stop and start the quiz");
    step_until(&mut window, "the first question", |it| it.studio().quiz.is_guessing());
    click(&mut window, "End the quiz");
    step_until(&mut window, "the end of the run", |it| {
        it.studio().runs.shown.as_ref().is_some_and(|run| run.finished.is_some())
    });
    assert_eq!(window.state().run().finished.as_ref().unwrap().reason, FinishReason::Stopped);
}

#[test]
fn a_key_answers_and_the_project_comes_back_in_the_end() {
    let mut window = asked(3);
    let wrong = place(&question(window.state()), false);
    window.key_press([egui::Key::Num1, egui::Key::Num2, egui::Key::Num3, egui::Key::Num4][wrong]);
    window.run_steps(3);
    window.get_by_label_contains("Not quite. It was:");
    let said = question(window.state());
    window.get_by_label_contains(&format!("you said: {}", choice_label(&said.choices[wrong])));
    window.get_by_label("0 of 1 right");
    let first = question(window.state()).sample;
    window.get_by_label("Next question").click();
    window.run_steps(2);
    window.get_by_label("Quiz, question 2 of 10");
    assert_ne!(question(window.state()).sample, first);
    window.get_by_label("End the quiz").click();
    window.run_steps(3);
    let studio = window.state().studio();
    assert_eq!((studio.projects.draft.learning_rate, studio.projects.title().as_str()), (0.123, "Welcome"));
    assert!(studio.projects.is_dirty(), "what was not saved is still not saved");
    assert!(studio.runs.shown.is_none());
    window.get_by_label("Last time: 0 of 1 right");
}

/// A quiz in which some questions were answered, standing still over a recorded run.
fn still(n_right: usize, n_wrong: usize, then: impl FnOnce(&mut Studio)) -> Studio {
    let mut studio = Studio::new(Arc::new(|| ())).shuffled_by(7);
    studio.act(Action::Quiz(QuizAction::Start));
    for idx in 0..n_right + n_wrong {
        let question = studio.quiz.round.as_ref().unwrap().question.clone().unwrap();
        studio.act(Action::Quiz(QuizAction::Answer(place(&question, idx < n_right))));
        studio.act(Action::Quiz(QuizAction::Next));
    }
    then(&mut studio);
    let mut run = churn(State::Running).unwrap();
    if studio.quiz.is_guessing() {
        let events = run.history.epochs.iter().cloned().map(Event::Epoch);
        run = Run::replay(run.project.clone(), std::iter::once(Event::Started(run.started.clone())).chain(events));
    }
    studio.runs.shown = Some(run);
    studio
}

#[test]
fn every_state_of_the_quiz_looks_as_kept() {
    let mut results = SnapshotResults::new();
    let answered = |is_right: bool| {
        move |studio: &mut Studio| {
            let question = studio.quiz.round.as_ref().unwrap().question.clone().unwrap();
            studio.act(Action::Quiz(QuizAction::Answer(place(&question, is_right))));
        }
    };
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let states: Vec<(&str, Studio)> = vec![
            ("idle", Studio::new(Arc::new(|| ()))),
            ("asking", still(2, 1, |_| ())),
            ("right", still(2, 1, answered(true))),
            ("wrong", still(2, 1, answered(false))),
            ("summary", still(2, 8, |_| ())),
        ];
        for (state, studio) in states {
            let mut window = panel("quiz", studio, look, [720.0, 240.0]);
            results.add(window.try_snapshot_options(format!("panels/quiz/{state}_{name}"), &options()));
        }
        // The quiz is the only tab while one is guessing.
        let mut window = harness::still(still(2, 1, |_| ()), look, SIZE);
        results.add(window.try_snapshot_options(format!("window/quiz_{name}"), &options()));
    }
    results.unwrap();
}
