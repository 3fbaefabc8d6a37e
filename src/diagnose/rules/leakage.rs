//! Rule: one column gives the answer away.
//!
//! ## What you see
//! Validation is nearly perfect within a few epochs, and one column alone does it.
//! ## Why it happens
//! The column was filled in when the target was already known, or was computed from it: the date of the
//! cancellation, a price with tax. On rows whose answer is still open it will be missing or wrong.
//! ## What to try
//! The same run without the column. What remains is what can really be predicted.
//! ## Source
//! Kaufman, Rosset, Perlich and Stitelman 2012, "Leakage in data mining" (doi 10.1145/2382577.2382579); DataRobot
//! and H2O warn of single columns that predict alone. The column must nearly decide the target, far ahead of every
//! other one: petals alone part most iris (skill 0.84), and are no leak.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity, TellingColumn};

pub(super) const LEAKAGE: Rule = Rule {
    id: "leakage",
    label: "A column gives the answer away",
    about: "One column alone nearly decides the target.",
    needs: &[Need::Data],
    explains: &[],
    make: |context| Box::new(Leakage::new(context)),
};

/// Training rows below which a lookup that hits says little.
const FEWEST_ROWS: usize = 50;

/// Columns below which one that decides is simply what there is to learn from: the sine has one.
const FEWEST_COLUMNS: usize = 3;

/// Columns that may leak together, such as a date and its copy. More are a task that is easy.
const MOST_LEAKS: usize = 2;

/// How many times as much the best of the other columns must leave open.
const TIMES_OPEN: f64 = 4.0;

struct Leakage {
    threshold: f64,
    /// The columns that leak; empty where none does.
    leaks: Vec<TellingColumn>,
    next: TellingColumn,
    /// None where nobody looked, or at too little.
    is_clear: bool,
}

impl Leakage {
    fn new(context: &Context) -> Self {
        let threshold = context.threshold("leakage.skill");
        let none = Self { threshold, leaks: Vec::new(), next: TellingColumn::default(), is_clear: false };
        let telling = context.data.as_ref().map_or(&[][..], |it| &it.telling);
        if telling.len() < FEWEST_COLUMNS || context.train_rows < FEWEST_ROWS {
            return none;
        }
        let n_leaks = telling.iter().take_while(|it| it.skill >= threshold).count();
        let (leaks, rest) = telling.split_at(n_leaks);
        let next = rest.first().cloned().unwrap_or_default();
        let far_ahead = leaks.last().is_some_and(|it| 1.0 - next.skill >= TIMES_OPEN * (1.0 - it.skill));
        let leaks = if n_leaks <= MOST_LEAKS && far_ahead { leaks.to_vec() } else { Vec::new() };
        Self { leaks, next, is_clear: true, ..none }
    }
}

impl Observer for Leakage {
    fn epoch(&mut self, _context: &Context, _row: &EpochRow, _standing: bool) -> Look {
        match (self.is_clear, self.leaks.is_empty()) {
            (false, _) => Look::Unclear,
            (true, true) => Look::Absent,
            (true, false) => Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: 1 },
        }
    }

    fn words(&self, context: &Context) -> Words {
        let Some(top) = self.leaks.first() else {
            return Words::default();
        };
        let columns: Vec<_> = self.leaks.iter().map(|it| it.column.as_str()).collect();
        let alone = if columns.len() == 1 { " alone takes" } else { " each alone take" };
        Words {
            text: format!(
                "{}{alone} away {} of what guessing loses; the next column, {}, takes {}. This is consistent with a column that was filled in when the answer was known.",
                columns.join(" and "),
                percent(top.skill),
                self.next.column,
                percent(self.next.skill.max(0.0)),
            ),
            evidence: [("skill", against(top.skill, self.threshold)), ("next_skill", against(self.next.skill, 1.0 - TIMES_OPEN * (1.0 - top.skill)))]
                .map(|(name, it)| (name.to_owned(), it))
                .into(),
            formula: format!(
                "share of the guessing's loss that {} takes away = {}, {} or more; the next leaves {} times as much open, {} or more",
                top.column,
                number(top.skill),
                number(self.threshold),
                number((1.0 - self.next.skill) / (1.0 - top.skill).max(1e-6)),
                number(TIMES_OPEN)
            ),
            rival: "A target that simply follows from this column looks the same. Ask whether the column is known before the answer is.".to_owned(),
            remedies: remedy::without_columns(&context.project, &columns).into_iter().collect(),
        }
    }

    fn farewell(&self) -> String {
        "No column alone decides the target.".to_owned()
    }

    /// Columns do not change while training.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::apply;
    use crate::diagnose::made_up::{binary, healthy, told};
    use crate::run::{DataFacts, FindingRow};

    fn leakage(skills: &[(&str, f64)], train_rows: usize) -> Vec<FindingRow> {
        let telling =
            skills.iter().map(|(column, skill)| TellingColumn { column: (*column).to_owned(), skill: *skill });
        let data = Some(DataFacts { telling: telling.collect(), ..DataFacts::default() });
        told("leakage", &Context { train_rows, data, ..binary() }, &healthy(1, 40))
    }

    #[test]
    fn a_column_that_decides_alone_is_told_at_once_and_left_out() {
        let found = leakage(&[("cancelled on", 0.993), ("contract", 0.18), ("tenure", 0.12)], 500);
        assert_eq!((found[0].epoch, found[0].severity), (1, Severity::Warning));
        assert!(found[0].text.starts_with("cancelled on alone takes away 99 %"), "{}", found[0].text);
        let mut project = binary().project;
        project.data.exclude = vec!["id".to_owned()];
        apply(&found[0].remedies[0], &mut project).unwrap();
        assert_eq!(project.data.exclude, ["cancelled on"]);
    }

    #[test]
    fn what_was_left_out_stays_left_out() {
        let telling = ["a", "b", "c"]
            .map(|it| TellingColumn { column: it.to_owned(), skill: if it == "a" { 0.99 } else { 0.1 } });
        let mut context =
            Context { data: Some(DataFacts { telling: telling.into(), ..DataFacts::default() }), ..binary() };
        context.project.data.exclude = vec!["id".to_owned()];
        let found = told("leakage", &context, &healthy(1, 3));
        assert_eq!(found[0].remedies[0].set["data.exclude"], serde_json::json!(["id", "a"]));
    }

    #[test]
    fn two_copies_leak_together_and_a_word_cannot_be_left_out() {
        let found = leakage(&[("paid", 0.99), ("paid_on", 0.98), ("age", 0.2)], 500);
        assert_eq!(found[0].remedies[0].set["data.exclude"], serde_json::json!(["paid", "paid_on"]));
        for name in ["body: unsubscribe", "paid, on"] {
            assert!(leakage(&[(name, 0.98), ("a", 0.2), ("b", 0.1)], 500)[0].remedies.is_empty(), "{name}");
        }
    }

    #[test]
    fn easy_tasks_are_no_leaks() {
        // As measured: iris, the sine, blobs, used cars, shuttle sensors.
        let easy: [&[(&str, f64)]; 7] = [
            &[("petal_width_cm", 0.841), ("petal_length_cm", 0.653), ("sepal_length_cm", 0.303)],
            &[("x", 0.994)],
            &[("x", 0.97), ("y", 0.52)],
            &[("Mfg_Year", 0.824), ("Age_08_04", 0.812), ("Weight", 0.53)],
            &[("V1", 0.751), ("V9", 0.583), ("V7", 0.543)],
            &[("a", 0.97), ("b", 0.9), ("c", 0.9)],
            &[("a", 0.99), ("b", 0.98), ("c", 0.97), ("d", 0.1)],
        ];
        for it in easy {
            assert!(leakage(it, 500).is_empty(), "{it:?}");
        }
    }

    #[test]
    fn the_line_is_drawn_at_its_threshold_and_too_few_rows_are_silent() {
        assert!(leakage(&[("a", 0.949), ("b", 0.1), ("c", 0.1)], 500).is_empty());
        assert!(!leakage(&[("a", 0.95), ("b", 0.1), ("c", 0.1)], 50).is_empty());
        assert!(leakage(&[("a", 0.99), ("b", 0.1), ("c", 0.1)], 49).is_empty());
        assert!(told("leakage", &binary(), &healthy(1, 40)).is_empty());
    }
}
