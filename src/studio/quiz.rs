//! The quiz: a run of the gallery is trained, and one guesses what is wrong with it before the doctor says so.
//!
//! While one is guessing, what would give it away is withheld: the project's name and settings are hidden by the
//! panels, and what the doctor says waits here. With the answer it all comes out.

use std::collections::BTreeSet;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::Notice;
use crate::diagnose::RULES;
use crate::project::{self, GALLERY, Sample};
use crate::run::Event;
use crate::spec::{Project, Truth};

/// Questions of one round.
pub const QUESTIONS: usize = 10;
/// Answers to choose from.
pub const CHOICES: usize = 4;
/// The choice that nothing is wrong, beside the rules' ids.
pub const HEALTHY: &str = "";
/// Seconds that a run takes to be watched.
const SECONDS: f64 = 8.0;

/// Faults that look alike. A question takes its other choices from among them first.
const FAMILIES: [&[&str]; 4] = [
    &[
        "overfitting",
        "overtraining",
        "over-confident",
        "noisy-validation",
        "label-noise",
        "duplicate-rows",
        "leakage",
        "validation-below-train",
    ],
    &[
        "learning-rate-too-high",
        "learning-rate-too-low",
        "diverging",
        "loss-spikes",
        "loss-not-finite",
        "plateau",
        "unshuffled-batches",
        "batch-size",
    ],
    &[
        "vanishing-gradients",
        "exploding-gradients",
        "dead-relu",
        "saturated-units",
        "bad-initialization",
        "frozen-layers",
    ],
    &["underfitting", "still-improving", "class-imbalance", "majority-collapse", "unscaled-inputs"],
];

/// The quiz, played or not.
#[derive(Debug, Default)]
pub struct Quiz {
    /// Draws the order and the choices; every round takes the next.
    seed: u64,
    /// Places in the gallery that were answered. Once all were, it begins anew.
    had: BTreeSet<usize>,
    pub round: Option<Round>,
    /// Right answers and questions of the last round that was ended.
    pub last: Option<(usize, usize)>,
}

/// Ten questions.
#[derive(Debug)]
pub struct Round {
    /// Places in the gallery, in the order they are asked.
    pub order: Vec<usize>,
    /// Whether each question so far was answered rightly.
    pub results: Vec<bool>,
    pub question: Option<Question>,
    /// Told by the training and not to be seen yet.
    withheld: Vec<Event>,
}

/// A question and what became of it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its place in the gallery.
    pub sample: usize,
    pub truth: Truth,
    /// Ids of rules, and [`HEALTHY`].
    pub choices: Vec<String>,
    /// Which of them was chosen.
    pub answer: Option<usize>,
    /// Asked before in this round, so that it counts no more.
    pub is_repeat: bool,
}

impl Quiz {
    pub(super) fn shuffle_by(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// Whether a question waits for its answer.
    pub fn is_guessing(&self) -> bool {
        self.round.as_ref().and_then(|it| it.question.as_ref()).is_some_and(|it| it.answer.is_none())
    }

    /// Begins a round, in an order of its own: what was not had yet comes first.
    pub(super) fn begin(&mut self) {
        let mut order: Vec<usize> = (0..GALLERY.len()).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        self.seed = self.seed.wrapping_add(1);
        shuffle(&mut order, &mut rng);
        order.sort_by_key(|it| self.had.contains(it));
        order.truncate(QUESTIONS);
        self.round = Some(Round { order, results: Vec::new(), question: None, withheld: Vec::new() });
    }

    /// Asks the next question; the project to train, none where all were asked.
    pub(super) fn next(&mut self) -> Option<Project> {
        let round = self.round.as_mut()?;
        round.question = None;
        let sample = *round.order.get(round.results.len())?;
        self.ask(sample, false)
    }

    /// Shows a question of this round again, answered.
    pub(super) fn again(&mut self, place: usize) -> Option<Project> {
        let sample = *self.round.as_ref()?.order.get(place)?;
        self.ask(sample, true)
    }

    fn ask(&mut self, sample: usize, is_repeat: bool) -> Option<Project> {
        let seed = self.seed;
        let round = self.round.as_mut()?;
        let project = project_of(&GALLERY[sample])?;
        let truth = project.truth.clone()?;
        let choices = choices(&truth, seed ^ ((sample as u64) << 32));
        let answer = is_repeat.then(|| choices.iter().position(|it| *it == truth.primary)).flatten();
        round.question = Some(Question { sample, truth, choices, answer, is_repeat });
        round.withheld.clear();
        Some(project)
    }

    /// Answers the question; what was withheld comes out.
    pub(super) fn answer(&mut self, choice: usize) -> Vec<Event> {
        let Some(round) = &mut self.round else { return Vec::new() };
        let Some(question) = round.question.as_mut().filter(|it| it.answer.is_none() && choice < it.choices.len())
        else {
            return Vec::new();
        };
        question.answer = Some(choice);
        round.results.push(question.choices[choice] == question.truth.primary);
        self.had.insert(question.sample);
        if self.had.len() == GALLERY.len() {
            self.had.clear();
        }
        std::mem::take(&mut round.withheld)
    }

    /// Keeps an event back that would give the answer away.
    pub(super) fn withholds(&mut self, event: &Event) -> bool {
        if !self.is_guessing() {
            return false;
        }
        let tells = matches!(event, Event::Finding(_) | Event::Warning { .. } | Event::Finished(_) | Event::Changed(_));
        if let Some(round) = self.round.as_mut().filter(|_| tells) {
            round.withheld.push(event.clone());
        }
        tells
    }

    /// What is said aloud of runs. A question's run is told of by the doctor's cards: a notice would stand beside the
    /// next question, too.
    pub(super) fn lets_through(&self, notices: Vec<Notice>) -> Vec<Notice> {
        if self.round.is_some() { Vec::new() } else { notices }
    }

    /// Whether all that is left to come of a run is known, and waits for the answer.
    pub fn has_ended(&self) -> bool {
        self.round.as_ref().is_some_and(|it| it.withheld.iter().any(|it| matches!(it, Event::Finished(_))))
    }

    pub(super) fn end(&mut self) {
        if let Some(round) = self.round.take().filter(|it| !it.results.is_empty()) {
            self.last = Some((round.n_right(), round.results.len()));
        }
    }
}

impl Round {
    /// Questions answered rightly.
    pub fn n_right(&self) -> usize {
        self.results.iter().filter(|it| **it).count()
    }

    /// Whether every question was answered.
    pub fn is_over(&self) -> bool {
        self.results.len() == self.order.len()
    }

    /// The question that is asked, from 1.
    pub fn number(&self) -> usize {
        let is_open = self.question.as_ref().is_some_and(|it| it.answer.is_none());
        self.results.len() + usize::from(is_open)
    }
}

impl Question {
    /// Whether it was answered rightly; none before it was.
    pub fn is_right(&self) -> Option<bool> {
        Some(self.choices[self.answer?] == self.truth.primary)
    }

    /// What the project shows, once it may be known.
    pub fn sample(&self) -> &'static Sample {
        &GALLERY[self.sample]
    }
}

/// A choice as it reads on its button.
pub fn choice_label(id: &str) -> &str {
    if id == HEALTHY { "Nothing is wrong" } else { RULES.iter().find(|it| it.id == id).map_or(id, |it| it.label) }
}

/// The pace at which a run can be watched: about eight seconds for all of its steps.
pub(super) fn pace(steps_per_epoch: u64, epochs: u64) -> f64 {
    ((steps_per_epoch * epochs) as f64 / SECONDS).max(1.0).round()
}

fn project_of(sample: &Sample) -> Option<Project> {
    let mut project = project::from_text(sample.text, sample.id).ok()?;
    project.set("device=cpu").ok()?;
    Some(project)
}

/// The true one and three others, in an order drawn by the seed: two that look alike, and one that does not.
fn choices(truth: &Truth, seed: u64) -> Vec<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let may_come = |id: &&str| *id != truth.primary && !truth.also.iter().any(|it| it == id);
    let (mut alike, mut others): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for family in FAMILIES {
        let is_own = family.contains(&truth.primary.as_str());
        if is_own { &mut alike } else { &mut others }.extend(family.iter().copied().filter(may_come));
    }
    shuffle(&mut alike, &mut rng);
    shuffle(&mut others, &mut rng);
    let is_sick = truth.primary != HEALTHY;
    // That nothing is wrong must be a possible answer to a sick run, too.
    let healthy = (is_sick && below(&mut rng, 3) == 0).then_some(HEALTHY);
    let distractors = healthy.into_iter().chain(alike.into_iter().take(2)).chain(others);
    let mut choices: Vec<String> =
        std::iter::once(truth.primary.as_str()).chain(distractors.take(CHOICES - 1)).map(str::to_owned).collect();
    shuffle(&mut choices, &mut rng);
    choices
}

fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    (rng.next_u64() % n.max(1) as u64) as usize
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_gallery_has_a_family_and_every_member_is_a_rule() {
        let members: BTreeSet<_> = FAMILIES.iter().flat_map(|it| it.iter().copied()).collect();
        assert_eq!(members.len(), FAMILIES.iter().map(|it| it.len()).sum::<usize>(), "none has two");
        assert!(members.iter().all(|id| RULES.iter().any(|it| it.id == *id)));
        for sample in GALLERY {
            let primary = project_of(sample).unwrap().truth.unwrap().primary;
            assert!(primary == HEALTHY || members.contains(primary.as_str()), "{}", sample.id);
        }
    }

    #[test]
    fn choices_hold_the_truth_once_and_nothing_that_may_be_true_as_well() {
        let mut n_healthy = 0;
        for (idx, sample) in GALLERY.iter().enumerate() {
            let truth = project_of(sample).unwrap().truth.unwrap();
            let choices = choices(&truth, idx as u64);
            let different: BTreeSet<_> = choices.iter().collect();
            assert_eq!((choices.len(), different.len()), (CHOICES, CHOICES), "{}: {choices:?}", sample.id);
            assert!(choices.contains(&truth.primary), "{}: {choices:?}", sample.id);
            assert!(!choices.iter().any(|it| truth.also.contains(it)), "{}: {choices:?}", sample.id);
            n_healthy += usize::from(truth.primary != HEALTHY && choices.iter().any(|it| it == HEALTHY));
        }
        assert!((4..=16).contains(&n_healthy), "a sick run may look healthy in {n_healthy} questions");
    }

    #[test]
    fn a_round_asks_ten_different_questions_in_an_order_of_its_seed() {
        let order = |seed| {
            let mut quiz = Quiz::default();
            quiz.shuffle_by(seed);
            quiz.begin();
            quiz.round.unwrap().order
        };
        assert_eq!(order(1).iter().collect::<BTreeSet<_>>().len(), QUESTIONS);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn no_question_comes_again_before_all_were_asked() {
        let mut quiz = Quiz::default();
        let mut asked = Vec::new();
        // A round that is ended early leaves the rest of its questions for later ones.
        for n_answered in [4, QUESTIONS, QUESTIONS, QUESTIONS] {
            quiz.begin();
            for _ in 0..n_answered {
                quiz.next().unwrap();
                asked.push(quiz.round.as_ref().unwrap().question.as_ref().unwrap().sample);
                quiz.answer(0);
            }
            quiz.end();
        }
        let (first, again) = asked.split_at(GALLERY.len());
        assert_eq!(first.iter().copied().collect::<BTreeSet<_>>(), (0..GALLERY.len()).collect(), "each is asked once");
        assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), 4, "then they come anew");
    }

    #[test]
    fn what_is_withheld_comes_out_with_the_answer_and_the_score_counts() {
        let mut quiz = Quiz::default();
        quiz.begin();
        quiz.next().unwrap();
        assert!(quiz.is_guessing() && quiz.withholds(&Event::Warning { text: "dead units".to_owned() }));
        assert!(!quiz.withholds(&Event::Paused { step: 1 }), "what tells nothing is seen at once");
        let question = quiz.round.as_ref().unwrap().question.clone().unwrap();
        let right = question.choices.iter().position(|it| *it == question.truth.primary).unwrap();
        assert_eq!(quiz.answer(right).len(), 1);
        assert!(quiz.answer(right).is_empty() && !quiz.is_guessing(), "an answer is final");
        quiz.next().unwrap();
        let question = quiz.round.as_ref().unwrap().question.clone().unwrap();
        let wrong = question.choices.iter().position(|it| *it != question.truth.primary).unwrap();
        quiz.answer(wrong);
        let round = quiz.round.as_ref().unwrap();
        assert_eq!((round.n_right(), round.results.as_slice(), round.number()), (1, [true, false].as_slice(), 2));
        quiz.again(1).unwrap();
        assert!(!quiz.is_guessing(), "what is shown again is known");
        quiz.end();
        assert_eq!(quiz.last, Some((1, 2)));
    }

    #[test]
    fn a_run_is_watched_for_about_eight_seconds() {
        assert_eq!((pace(10, 80), pace(1, 2)), (100.0, 1.0));
    }
}
