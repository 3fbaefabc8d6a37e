//! Rule: every row is taken for the most common class.
//!
//! ## What you see
//! Accuracy stands exactly at the share of the most common class, and the other classes are never predicted,
//! although the loss is better than guessing.
//! ## Why it happens
//! The network ranks the rows, but no row of a rare class ever seems more likely than not: the common class weighs
//! too much in the loss.
//! ## What to try
//! Class weights that let each class count the same; longer training, or more freedom, where the signal is weak.
//! ## Source
//! SageMaker Debugger's `ClassImbalance`, whose second half is a share of rows of a class taken for another.
//! Johnson and Khoshgoftaar 2019, "Survey on deep learning with class imbalance". A network that learns nothing
//! predicts one class as well; so the classes must be unequal, at three to one or more, and the loss must be
//! better than that of guessing by their shares.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{ClassRow, EpochRow, FinishReason, Severity};

pub(super) const MAJORITY_COLLAPSE: Rule = Rule {
    id: "majority-collapse",
    label: "Only one class predicted",
    about: "Nearly every row is taken for the most common class.",
    needs: &[Need::Classes],
    // Level curves not far from guessing are what such a network shows.
    explains: &["underfitting", "plateau"],
    make: |context| Box::new(MajorityCollapse::new(context)),
};

/// Validation rows of the other classes below which none of them found is no wonder.
const FEWEST_OTHERS: usize = 8;

/// Epochs before which predicting the common class is how training begins.
const WARM_UP: u64 = 5;

/// Epochs over which the loss must have stood still.
const SETTLED_OVER: usize = 5;

/// A fall of the validation loss over those epochs, as a share of it, that still is progress.
const LOSS_FALL: f64 = 0.01;

/// Or else: epochs on end, and share of all that were asked for, in which a network that ranks the rows has found next
/// to none of the others. However slowly the loss still falls, nothing has come of it in so long.
const LONG: u64 = 15;
const LONG_SHARE: f64 = 0.25;

/// The loss of guessing, less this share, is a loss that has learned something.
const LEARNED: f64 = 0.01;

/// A ranking of rows at which something has been learned, whatever the loss; 0.5 is none.
const LEARNED_RANKING: f64 = 0.58;

struct MajorityCollapse {
    ratio_threshold: f64,
    recall_threshold: f64,
    losses: Recent,
    onset: Option<u64>,
    /// The epoch from which on next to none of the others were found.
    missed_from: Option<u64>,
    epoch: u64,
    now: Now,
}

#[derive(Clone, Copy, Default)]
struct Now {
    class: usize,
    rows: usize,
    all: usize,
    /// Validation rows of the other classes, and those of them that were found.
    others: usize,
    found: usize,
    ratio: f64,
    loss: f64,
}

impl Now {
    fn of(classes: &[ClassRow], loss: f64) -> Option<Self> {
        let (class, largest) = classes.iter().enumerate().max_by_key(|(_, it)| it.rows)?;
        let all: usize = classes.iter().map(|it| it.rows).sum();
        let correct: usize = classes.iter().map(|it| it.correct).sum();
        let others = all - largest.rows;
        let found = correct - largest.correct;
        let mean_of_others = others as f64 / (classes.len() as f64 - 1.0).max(1.0);
        Some(Self {
            class,
            rows: largest.rows,
            all,
            others,
            found,
            ratio: largest.rows as f64 / mean_of_others.max(1e-9),
            loss,
        })
    }

    fn recall(self) -> f64 {
        self.found as f64 / self.others.max(1) as f64
    }
}

impl MajorityCollapse {
    fn new(context: &Context) -> Self {
        Self {
            ratio_threshold: context.threshold("majority-collapse.ratio"),
            recall_threshold: context.threshold("majority-collapse.recall"),
            losses: Recent::new(SETTLED_OVER + 1),
            onset: None,
            missed_from: None,
            epoch: 0,
            now: Now::default(),
        }
    }

    fn has_settled(&self) -> bool {
        let pair = self.losses.back(0).zip(self.losses.back(SETTLED_OVER));
        pair.is_some_and(|(now, before)| now > before * (1.0 - LOSS_FALL))
    }
}

impl Observer for MajorityCollapse {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        self.epoch = row.epoch;
        let Some(now) = Now::of(&row.classes, row.validation_loss).filter(|it| it.others >= FEWEST_OTHERS) else {
            return Look::Unclear;
        };
        self.now = now;
        self.losses.push(row.validation_loss);
        let misses = now.ratio >= self.ratio_threshold && now.recall() < self.recall_threshold;
        self.missed_from = misses.then(|| self.missed_from.unwrap_or(row.epoch));
        let is_there = misses && has_learned(context, row);
        if !is_there {
            self.onset = None;
            return Look::Absent;
        }
        let onset = *self.onset.get_or_insert(row.epoch);
        let long = (LONG_SHARE * context.epochs as f64).max(LONG as f64);
        let misses_long = self.missed_from.is_some_and(|from| (row.epoch - from) as f64 >= long);
        if !standing && (row.epoch <= WARM_UP || !(self.has_settled() || misses_long)) {
            return Look::Absent;
        }
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: onset }
    }

    /// The end is judged as it stands, on its way or not.
    fn end(&mut self, _context: &Context, _reason: FinishReason) -> Look {
        match self.onset {
            Some(onset) if self.epoch > WARM_UP && self.epoch - onset >= WARM_UP => {
                Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: onset }
            }
            Some(_) | None => Look::Unclear,
        }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let name = context.classes.get(now.class).cloned().unwrap_or_else(|| format!("class {}", now.class));
        let share = now.rows as f64 / now.all.max(1) as f64;
        let evidence = [
            ("ratio", against(now.ratio, self.ratio_threshold)),
            ("recall_of_others", against(now.recall(), self.recall_threshold)),
            ("majority_share", measured(share)),
            ("validation_loss", measured(now.loss)),
        ];
        // Longer training and more freedom help where classes weigh the same already, and only there.
        let remedies = match remedy::balanced_classes(&context.project) {
            Some(it) => [Some(it), None],
            None => [remedy::more_epochs(&context.project), remedy::larger(&context.project)],
        };
        Words {
            text: format!(
                "Of {} validation rows that are not {name}, {} are found: nearly everything is taken for {name}, which makes up {} of the rows. This is consistent with a common class that outvotes the others in the loss.",
                now.others,
                if now.found == 0 { "none".to_owned() } else { now.found.to_string() },
                percent(share),
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "found of the others = {} / {} = {}, below {}; rows of {name} for each of another class = {}, {} or more",
                now.found, now.others, percent(now.recall()), percent(self.recall_threshold), number(now.ratio), number(self.ratio_threshold)
            ),
            rival: "Inputs that say little about the classes look the same; then class weights spread the errors, and balanced accuracy stays near that of guessing.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        format!(
            "Other classes are predicted now: {} of their {} validation rows are found.",
            self.now.found, self.now.others
        )
    }
}

/// Whether the network knows more than the classes' shares. One that does not predicts the common class as well,
/// and then the imbalance is not to blame.
fn has_learned(context: &Context, row: &EpochRow) -> bool {
    let ranks = row.metrics.get("validation_roc_auc").is_some_and(|it| *it > LEARNED_RANKING);
    ranks || context.guessing().is_some_and(|it| row.validation_loss < it * (1.0 - LEARNED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Doctor;
    use crate::diagnose::made_up::{binary, healthy, run, states, told};
    use crate::run::{FindingRow, FindingState};

    fn context() -> Context {
        let mut context = Context { classes: vec!["no".to_owned(), "yes".to_owned()], ..binary() };
        context.baseline.insert("loss".to_owned(), 0.5);
        context
    }

    /// Two classes of 320 and 80 rows, the rare one found at that share, at that loss.
    fn rows(
        epochs: u64,
        common: usize,
        rare: usize,
        found: impl Fn(u64) -> usize,
        loss: impl Fn(f64) -> f64,
    ) -> Vec<EpochRow> {
        let mut rows = run(epochs, |epoch| (loss(epoch), loss(epoch)));
        for row in &mut rows {
            let found = found(row.epoch);
            row.classes = vec![
                ClassRow { rows: common, predicted: common + rare - found, correct: common },
                ClassRow { rows: rare, predicted: found, correct: found },
            ];
        }
        rows
    }

    fn collapse(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("majority-collapse", &context(), rows)
    }

    #[test]
    fn a_rare_class_that_is_never_predicted_is_a_warning() {
        let told = collapse(&rows(30, 320, 80, |_| 1, |_| 0.47));
        assert_eq!((told[0].epoch, told[0].from_epoch, told[0].severity), (8, 1, Severity::Warning));
        assert!(told[0].text.starts_with("Of 80 validation rows that are not no, 1 are found"), "{}", told[0].text);
        assert!(told[0].formula.contains("1 / 80 = 1.2 %, below 5 %"), "{}", told[0].formula);
        assert_eq!(told[0].remedies[0].set["loss.class_weights"], "balanced");
    }

    #[test]
    fn equal_classes_or_a_found_class_are_no_collapse() {
        assert!(collapse(&rows(30, 210, 190, |_| 0, |_| 0.47)).is_empty());
        assert!(collapse(&rows(30, 239, 80, |_| 0, |_| 0.47)).is_empty(), "just below three to one");
        assert_eq!(collapse(&rows(30, 240, 80, |_| 3, |_| 0.47))[0].epoch, 8);
        assert!(collapse(&rows(30, 320, 80, |_| 4, |_| 0.47)).is_empty(), "5 % are found");
    }

    #[test]
    fn a_network_that_learned_nothing_is_another_rules() {
        assert!(collapse(&rows(30, 320, 80, |_| 0, |_| 0.5)).is_empty());
        let mut ranked = rows(30, 320, 80, |_| 0, |_| 0.5);
        for row in &mut ranked {
            row.metrics.insert("validation_roc_auc".to_owned(), 0.7);
        }
        assert_eq!(collapse(&ranked)[0].epoch, 8);
    }

    #[test]
    fn the_beginning_of_a_slow_run_is_silent_and_the_end_is_not() {
        let falling = rows(60, 320, 80, |epoch| if epoch < 40 { 0 } else { 30 }, |epoch| 0.48 * 0.98_f64.powf(epoch));
        assert!(collapse(&falling).is_empty());
        assert!(collapse(&rows(5, 320, 80, |_| 0, |_| 0.47)).is_empty());
        assert!(collapse(&healthy(1, 50)).is_empty());
        let mut doctor = Doctor::new(context());
        for row in &falling[..30] {
            doctor.observe(row);
        }
        let last = doctor.finish(FinishReason::Completed);
        assert!(last.iter().any(|it| it.rule == "majority-collapse" && it.from_epoch == 1));
    }

    #[test]
    fn it_clears_when_the_other_class_is_found() {
        let told = collapse(&rows(40, 320, 80, |epoch| if epoch < 20 { 0 } else { 30 }, |_| 0.45));
        assert_eq!(states(&told).last(), Some(&FindingState::Cleared));
        assert_eq!(told.last().unwrap().epoch, 22);
    }
}
