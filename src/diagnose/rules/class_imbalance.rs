//! Rule: some classes are so rare that training passes them over.
//!
//! ## What you see
//! A fine accuracy, and a class that is hardly ever found: its rows are taken for a more common one.
//! ## Why it happens
//! Every row weighs the same in the loss, so that ten times as many rows have ten times the say. Taking all for
//! the common class is then nearly as good as it gets.
//! ## What to try
//! Class weights that let each class count the same; more rows of the rare class; a look at balanced accuracy or
//! F1 rather than accuracy.
//! ## Source
//! SageMaker Debugger's `ClassImbalance`: a largest class of more than 10 times the smallest. King and Zeng 2001,
//! "Logistic regression in rare events data", for weights that undo it. Sizes alone do no harm where the classes
//! lie apart, so that it is only a hint until the rare classes' recall has been measured, and has settled low.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{ClassRow, EpochRow, FinishReason, Severity};

pub(super) const CLASS_IMBALANCE: Rule = Rule {
    id: "class-imbalance",
    label: "Class imbalance",
    about: "Some classes have far fewer rows than others, and may be passed over.",
    needs: &[Need::Classes],
    explains: &[],
    make: |context| Box::new(ClassImbalance::new(context)),
};

/// Validation rows of a rare class from which its recall says something: at 10, a recall of 0.5 errs by 0.16.
const ROWS_OF_ONE: usize = 10;

/// Validation rows of all rare classes together from which their common recall does, where each alone has fewer.
const ROWS_OF_ALL: usize = 5;

/// Epochs before which a low recall is only a beginning.
const WARM_UP: u64 = 5;

/// Epochs over which recall and loss must have stood still.
const SETTLED_OVER: usize = 5;

/// Or else: epochs on end, and share of all that were asked for, in which the recall was low however the loss fell.
const LONG: u64 = 15;
const LONG_SHARE: f64 = 0.25;

/// A rise of the recall over those epochs that still is progress.
const RECALL_RISE: f64 = 0.05;

/// A fall of the validation loss over those epochs, as a share of it, that still is progress.
const LOSS_FALL: f64 = 0.03;

struct ClassImbalance {
    ratio_threshold: f64,
    recall_threshold: f64,
    sizes: Option<Sizes>,
    recalls: Recent,
    losses: Recent,
    /// The last look's worst rare class.
    worst: Option<Recall>,
    hurts: bool,
    /// Epochs on end of a low recall.
    low_for: u64,
    epoch: u64,
}

/// Training rows where they are known, else validation rows.
#[derive(Clone, Copy)]
struct Sizes {
    smallest: usize,
    largest: usize,
    smallest_class: usize,
    largest_class: usize,
}

/// How many of a rare class were found, or of all of them together.
#[derive(Clone, Copy)]
struct Recall {
    /// None for all rare classes together.
    class: Option<usize>,
    rows: usize,
    correct: usize,
}

impl Recall {
    fn share(self) -> f64 {
        self.correct as f64 / self.rows.max(1) as f64
    }
}

impl Sizes {
    fn of(rows: impl Iterator<Item = usize> + Clone) -> Option<Self> {
        let (smallest_class, smallest) = rows.clone().enumerate().min_by_key(|it| it.1)?;
        let (largest_class, largest) = rows.enumerate().max_by_key(|it| it.1)?;
        (largest > 0).then_some(Self { smallest, largest, smallest_class, largest_class })
    }

    fn ratio(self) -> f64 {
        self.largest as f64 / self.smallest.max(1) as f64
    }
}

impl ClassImbalance {
    fn new(context: &Context) -> Self {
        Self {
            ratio_threshold: context.threshold("class-imbalance.ratio"),
            recall_threshold: context.threshold("class-imbalance.recall"),
            sizes: context.data.as_ref().and_then(|it| Sizes::of(it.class_rows.iter().copied())),
            recalls: Recent::new(SETTLED_OVER + 1),
            losses: Recent::new(SETTLED_OVER + 1),
            worst: None,
            hurts: false,
            low_for: 0,
            epoch: 0,
        }
    }

    /// The rare class that fares worst, of those with enough validation rows; else all rare ones together.
    fn worst_of(&self, classes: &[ClassRow]) -> Option<Recall> {
        let largest = classes.iter().map(|it| it.rows).max()? as f64;
        let rare = || classes.iter().enumerate().filter(|(_, it)| it.rows as f64 * self.ratio_threshold < largest);
        let single =
            |(class, it): (usize, &ClassRow)| Recall { class: Some(class), rows: it.rows, correct: it.correct };
        let enough = rare().filter(|(_, it)| it.rows >= ROWS_OF_ONE).map(single);
        enough.min_by(|a, b| a.share().total_cmp(&b.share())).or_else(|| {
            let together = rare().fold(Recall { class: None, rows: 0, correct: 0 }, |sum, (_, it)| Recall {
                class: None,
                rows: sum.rows + it.rows,
                correct: sum.correct + it.correct,
            });
            (together.rows >= ROWS_OF_ALL).then_some(together)
        })
    }

    fn is_low(&self) -> bool {
        self.worst.is_some_and(|it| it.share() < self.recall_threshold)
    }

    /// Whether neither recall nor loss have got better lately.
    fn has_settled(&self) -> bool {
        let recalls = self.recalls.back(0).zip(self.recalls.back(SETTLED_OVER));
        let losses = self.losses.back(0).zip(self.losses.back(SETTLED_OVER));
        let stands = recalls.is_some_and(|(now, before)| now < before + RECALL_RISE);
        stands && losses.is_none_or(|(now, before)| now > before * (1.0 - LOSS_FALL))
    }
}

impl Observer for ClassImbalance {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        self.epoch = row.epoch;
        let sizes = self.sizes.or_else(|| Sizes::of(row.classes.iter().map(|it| it.rows)));
        let Some(sizes) = sizes else {
            return Look::Unclear;
        };
        self.sizes = Some(sizes);
        if sizes.ratio() <= self.ratio_threshold {
            return Look::Absent;
        }
        self.worst = self.worst_of(&row.classes);
        if let Some(worst) = self.worst {
            self.recalls.push(worst.share());
        }
        if row.validation_loss.is_finite() {
            self.losses.push(row.validation_loss);
        }
        // What has been told as harm is not taken back for an epoch's luck: it stays while the recall is low.
        self.low_for = if self.is_low() { self.low_for + 1 } else { 0 };
        let is_late = self.low_for as f64 > (LONG_SHARE * context.epochs as f64).max(LONG as f64);
        let shows = row.epoch > WARM_UP && self.has_settled() || is_late;
        self.hurts = self.is_low() && (self.hurts && standing || shows);
        seen(self.hurts)
    }

    fn end(&mut self, _context: &Context, _reason: FinishReason) -> Look {
        let is_late = self.sizes.is_some_and(|it| it.ratio() > self.ratio_threshold)
            && self.is_low()
            && self.epoch > WARM_UP
            && !self.hurts;
        if !is_late {
            return Look::Unclear;
        }
        self.hurts = true;
        seen(true)
    }

    fn words(&self, context: &Context) -> Words {
        let Some(sizes) = self.sizes else {
            return Words::default();
        };
        let name = |class: usize| context.classes.get(class).cloned().unwrap_or_else(|| format!("class {class}"));
        let common = format!(
            "{} has {} rows for each of {}",
            name(sizes.largest_class),
            number(sizes.ratio()),
            name(sizes.smallest_class)
        );
        let text = match self.worst.filter(|_| self.hurts) {
            Some(worst) => {
                let rows = worst.class.map_or_else(|| "the rare classes".to_owned(), name);
                format!(
                    "Of the {} validation rows of {rows}, {} are found; {common}. This is consistent with a loss in which the common class outvotes the rare one.",
                    worst.rows,
                    if worst.correct == 0 { "none".to_owned() } else { worst.correct.to_string() },
                )
            }
            None => format!("{common}. Accuracy may look fine while the rare class is passed over."),
        };
        let mut evidence = vec![
            ("ratio", against(sizes.ratio(), self.ratio_threshold)),
            ("smallest_class_rows", measured(sizes.smallest as f64)),
        ];
        evidence.extend(self.worst.map(|it| ("rare_recall", against(it.share(), self.recall_threshold))));
        let recall = self.worst.map_or_else(String::new, |it| {
            let side = if it.share() < self.recall_threshold { "below" } else { "not below" };
            format!(
                "; recall {} / {} = {}, {side} {}",
                it.correct,
                it.rows,
                percent(it.share()),
                percent(self.recall_threshold)
            )
        });
        Words {
            text,
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula: format!(
                "largest / smallest class = {} / {} = {}, above {}{recall}",
                sizes.largest, sizes.smallest, number(sizes.ratio()), number(self.ratio_threshold)
            ),
            rival: "A rare class whose inputs look like the common one's is missed in the same way; then class weights only trade one error for another.".to_owned(),
            remedies: remedy::balanced_classes(&context.project).into_iter().collect(),
        }
    }

    fn farewell(&self) -> String {
        "The rare classes are found now.".to_owned()
    }

    /// Sizes do not change while training.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

fn seen(hurts: bool) -> Look {
    Look::Seen { severity: if hurts { Severity::Warning } else { Severity::Info }, grade: 0, from_epoch: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, healthy, run, told, worst};
    use crate::diagnose::{Doctor, apply};
    use crate::run::{DataFacts, FindingRow, FindingState};
    use crate::spec::Task;

    fn sized(class_rows: &[usize]) -> Context {
        let data = Some(DataFacts { class_rows: class_rows.to_vec(), ..DataFacts::default() });
        Context { data, classes: vec!["stays".to_owned(), "leaves".to_owned()], ..binary() }
    }

    /// A level run of two classes whose rare one is found at that share.
    fn rows(epochs: u64, common: usize, rare: usize, recall: impl Fn(u64) -> f64) -> Vec<EpochRow> {
        let mut rows = run(epochs, |_| (0.2, 0.21));
        for row in &mut rows {
            let found = (recall(row.epoch) * rare as f64).round() as usize;
            row.classes = vec![
                ClassRow { rows: common, predicted: common + rare - found, correct: common },
                ClassRow { rows: rare, predicted: found, correct: found },
            ];
        }
        rows
    }

    fn imbalance(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("class-imbalance", context, rows)
    }

    #[test]
    fn a_rare_class_that_is_passed_over_is_a_hint_at_once_and_a_warning_once_it_stays() {
        let told = imbalance(&sized(&[950, 50]), &rows(30, 380, 20, |_| 0.2));
        assert_eq!((told[0].epoch, told[0].severity, told[0].state), (1, Severity::Info, FindingState::Raised));
        assert_eq!((told[1].epoch, told[1].severity), (6, Severity::Warning));
        assert!(
            told[1].text.starts_with("Of the 20 validation rows of leaves, 4 are found; stays has 19 rows"),
            "{}",
            told[1].text
        );
        assert!(
            told[1].formula.contains("950 / 50 = 19, above 10; recall 4 / 20 = 20 %, below 50 %"),
            "{}",
            told[1].formula
        );
        let mut project = sized(&[1]).project;
        apply(&told[1].remedies[0], &mut project).unwrap();
        assert_eq!(told[1].remedies[0].set["loss.class_weights"], "balanced");
    }

    #[test]
    fn a_rare_class_that_is_found_stays_a_hint() {
        assert_eq!(worst(&imbalance(&sized(&[950, 50]), &rows(60, 380, 20, |_| 0.8))), Some(Severity::Info));
        // Found late, but on the way all the time.
        let rising = rows(60, 380, 100, |epoch| 0.02 * epoch as f64);
        assert_eq!(worst(&imbalance(&sized(&[4000, 300]), &rising)), Some(Severity::Info));
    }

    #[test]
    fn ten_to_one_is_not_yet_too_much() {
        assert!(imbalance(&sized(&[1000, 100]), &rows(30, 400, 40, |_| 0.0)).is_empty());
        assert_eq!(worst(&imbalance(&sized(&[1010, 100]), &rows(30, 404, 40, |_| 0.0))), Some(Severity::Warning));
        // Without the sizes of training, those of validation speak.
        assert_eq!(worst(&imbalance(&binary(), &rows(30, 404, 40, |_| 0.0))), Some(Severity::Warning));
    }

    #[test]
    fn a_few_rows_and_a_few_epochs_prove_nothing() {
        assert_eq!(worst(&imbalance(&sized(&[950, 50]), &rows(60, 80, 4, |_| 0.0))), Some(Severity::Info));
        assert_eq!(worst(&imbalance(&sized(&[950, 50]), &rows(5, 380, 20, |_| 0.0))), Some(Severity::Info));
        assert!(imbalance(&binary(), &healthy(1, 60)).is_empty());
        let regression = Context { task: Task::Regression, ..binary() };
        assert!(imbalance(&regression, &healthy(1, 60)).is_empty());
    }

    #[test]
    fn the_end_of_a_run_that_still_moved_is_judged_as_it_stands() {
        let mut falling = rows(12, 380, 20, |_| 0.1);
        for row in &mut falling {
            row.validation_loss = 0.9_f64.powf(row.epoch as f64);
        }
        let context = sized(&[950, 50]);
        let mut doctor = Doctor::new(context);
        let during: Vec<_> =
            falling.iter().flat_map(|row| doctor.observe(row)).filter(|it| it.rule == "class-imbalance").collect();
        assert_eq!(worst(&during), Some(Severity::Info));
        let last: Vec<_> =
            doctor.finish(FinishReason::Completed).into_iter().filter(|it| it.rule == "class-imbalance").collect();
        assert_eq!(worst(&last), Some(Severity::Warning));
    }
}
