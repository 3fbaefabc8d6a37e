//! Rule: validation rows stand in training as well.
//!
//! ## What you see
//! Validation looks better than it will be on new rows: some of its rows were learned by heart.
//! ## Why it happens
//! Rows were copied before they were dealt: the same customer twice, a rare class filled up with copies, several
//! frames of one film.
//! ## What to try
//! Dealing identical rows to one split together. What validation says then holds for new rows.
//! ## Source
//! Barz and Denzler 2020, "Do we train on test data?" (doi 10.3390/jimaging6060041), who found 3 and 10 % of the
//! test images of CIFAR-10 and CIFAR-100 in training. Of the data sets that ship, one has any: 4 of 1409 customers,
//! by chance; so that a percent is a hint and a twentieth a warning.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};

pub(super) const DUPLICATE_ROWS: Rule = Rule {
    id: "duplicate-rows",
    label: "Repeated rows",
    about: "Validation rows stand in training as well.",
    needs: &[Need::Data, Need::ValidationRows],
    explains: &[],
    make: |context| Box::new(DuplicateRows::new(context)),
};

/// Repeated rows that may be chance, whatever their share.
const FEWEST_ROWS: usize = 3;

/// How many times the threshold makes a warning.
const TIMES_FOR_WARNING: f64 = 5.0;

struct DuplicateRows {
    threshold: f64,
    repeated: Option<Repeated>,
}

#[derive(Clone, Copy)]
struct Repeated {
    validation: usize,
    test: usize,
    /// All validation rows.
    of: usize,
}

impl Repeated {
    fn share(self) -> f64 {
        self.validation as f64 / self.of as f64
    }
}

impl DuplicateRows {
    fn new(context: &Context) -> Self {
        let data = context.data.as_ref().filter(|_| context.validation_rows > 0);
        let repeated = data.map(|it| Repeated {
            validation: it.repeated_validation_rows,
            test: it.repeated_test_rows,
            of: context.validation_rows,
        });
        Self { threshold: context.threshold("duplicate-rows.share"), repeated }
    }
}

impl Observer for DuplicateRows {
    fn epoch(&mut self, _context: &Context, _row: &EpochRow, _standing: bool) -> Look {
        let Some(repeated) = self.repeated else {
            return Look::Unclear;
        };
        if repeated.validation < FEWEST_ROWS || repeated.share() < self.threshold {
            return Look::Absent;
        }
        let is_much = repeated.share() >= TIMES_FOR_WARNING * self.threshold;
        Look::Seen { severity: if is_much { Severity::Warning } else { Severity::Info }, grade: 0, from_epoch: 1 }
    }

    fn words(&self, context: &Context) -> Words {
        let Some(it) = self.repeated else {
            return Words::default();
        };
        let test = match it.test {
            0 => String::new(),
            1 => ", and so does 1 test row".to_owned(),
            n => format!(", and so do {n} test rows"),
        };
        Words {
            text: format!(
                "{} of {} validation rows, {}, stand in training as well, target and all{test}. This is consistent with rows that were copied before they were dealt: validation looks better than new rows will.",
                it.validation,
                it.of,
                percent(it.share())
            ),
            evidence: [
                ("share", against(it.share(), self.threshold)),
                ("repeated_validation_rows", measured(it.validation as f64)),
                ("repeated_test_rows", measured(it.test as f64)),
            ]
            .map(|(name, it)| (name.to_owned(), it))
            .into(),
            formula: format!(
                "repeated / validation rows = {} / {} = {}, {} or more; a warning from {} on",
                it.validation,
                it.of,
                percent(it.share()),
                percent(self.threshold),
                percent(TIMES_FOR_WARNING * self.threshold)
            ),
            rival: format!(
                "Few columns of few values repeat by chance, and then new rows will as well. Copies dealt together tell: by chance validation loss stays as it is, otherwise it rises to what {} training rows can do for new ones.",
                number(context.train_rows as f64)
            ),
            remedies: remedy::keep_repeats_together(&context.project).into_iter().collect(),
        }
    }

    fn farewell(&self) -> String {
        "No validation row stands in training.".to_owned()
    }

    /// Rows are dealt once.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, healthy, told};
    use crate::run::{DataFacts, FindingRow};

    fn duplicates(repeated_validation_rows: usize, validation_rows: usize) -> Vec<FindingRow> {
        let data = Some(DataFacts { repeated_validation_rows, repeated_test_rows: 2, ..DataFacts::default() });
        told("duplicate-rows", &Context { validation_rows, data, ..binary() }, &healthy(1, 10))
    }

    #[test]
    fn a_twentieth_is_a_warning_at_once_and_a_percent_a_hint() {
        let found = duplicates(20, 400);
        assert_eq!((found[0].epoch, found[0].severity), (1, Severity::Warning));
        assert!(
            found[0].text.starts_with("20 of 400 validation rows, 5 %, stand in training as well"),
            "{}",
            found[0].text
        );
        assert!(found[0].text.contains("and so do 2 test rows"), "{}", found[0].text);
        assert_eq!(found[0].evidence["share"].threshold, Some(0.01));
        assert_eq!(duplicates(19, 400)[0].severity, Severity::Info);
        assert_eq!(duplicates(4, 400)[0].severity, Severity::Info);
    }

    #[test]
    fn a_few_or_a_small_share_may_be_chance() {
        assert!(duplicates(3, 400).is_empty());
        assert!(duplicates(2, 20).is_empty());
        assert!(duplicates(4, 1409).is_empty(), "as customer churn has");
        assert!(duplicates(0, 400).is_empty());
    }

    #[test]
    fn nobody_looked_or_nothing_was_validated() {
        assert!(told("duplicate-rows", &binary(), &healthy(1, 10)).is_empty());
        assert!(duplicates(20, 0).is_empty());
    }

    #[test]
    fn the_remedy_deals_repeats_together_where_the_project_can() {
        let project = binary().project;
        let mut together = project.clone();
        let can = together.set_value("split.repeats", "together").is_ok() && together != project;
        assert_eq!(duplicates(40, 400)[0].remedies.len(), usize::from(can));
    }
}
