//! The doctor: runs all rules over a run and tells what is raised, changed or cleared.

use super::context::Context;
use super::rule::{Look, Observer, Rule, Words};
use super::rules::RULES;
use crate::run::{EpochRow, FindingRow, FindingState, FinishReason, Severity, StepRow};

/// Watches one run with every rule.
///
/// It has no memory but the rows it was shown: to go on after a pause or a kill, show it the recorded rows
/// again and drop what it says about them.
pub struct Doctor {
    context: Context,
    watches: Vec<Watch>,
    /// The last epoch observed; 0 before the first.
    last_epoch: u64,
}

/// One rule at work, with what was told of it.
struct Watch {
    rule: &'static Rule,
    observer: Box<dyn Observer>,
    /// Looks on end that saw the pattern, and that did not.
    hits: u32,
    misses: u32,
    told: Option<Told>,
    /// Whether the pattern is there, told or not.
    is_there: bool,
    /// The words in which it was told last.
    text: String,
    /// What the last epoch's look saw, for the last word.
    now: Option<Told>,
}

/// A finding as it stands in the events, without its words.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    severity: Severity,
    grade: u8,
    from_epoch: u64,
    to_epoch: u64,
}

/// A standing finding is told again when severity, grade or onset change; when its span has grown by a quarter,
/// and by this many epochs so that a young one does not chatter, and the words have changed with it; and when
/// its span has doubled, whatever the words.
const TELL_AGAIN_EPOCHS: u64 = 5;

impl Doctor {
    pub fn new(context: Context) -> Self {
        let watch = |rule: &'static Rule| Watch {
            rule,
            observer: (rule.make)(&context),
            hits: 0,
            misses: 0,
            told: None,
            is_there: false,
            text: String::new(),
            now: None,
        };
        let watches = RULES.iter().map(watch).collect();
        Self { context, watches, last_epoch: 0 }
    }

    /// Folds a completed epoch. Epochs come once and in order; one that was seen already is passed over.
    pub fn observe(&mut self, row: &EpochRow) -> Vec<FindingRow> {
        if row.epoch <= self.last_epoch {
            return Vec::new();
        }
        self.last_epoch = row.epoch;
        for it in &mut self.watches {
            it.look(&self.context, row);
        }
        let causes = self.causes();
        self.watches.iter_mut().filter_map(|it| it.epoch(&self.context, row.epoch, &causes)).collect()
    }

    /// Folds a step whose loss is no finite number: the run may end before its epoch does. Other steps are passed over.
    pub fn not_finite(&mut self, row: &StepRow) -> Vec<FindingRow> {
        if row.train_loss.is_finite() {
            return Vec::new();
        }
        self.watches.iter_mut().filter_map(|it| it.not_finite(&self.context, row)).collect()
    }

    /// The last word: findings that stand with the numbers the run ended on, and what only the end shows.
    /// Asked once, behind the last epoch.
    pub fn finish(&mut self, reason: FinishReason) -> Vec<FindingRow> {
        let causes = self.causes();
        let (context, epoch) = (&self.context, self.last_epoch);
        self.watches.iter_mut().filter_map(|it| it.finish(context, epoch, reason, &causes)).collect()
    }

    /// Rules whose pattern is there: what they explain is not told beside them.
    fn causes(&self) -> Vec<&'static Rule> {
        self.watches.iter().filter(|it| it.is_there || it.told.is_some()).map(|it| it.rule).collect()
    }
}

impl Watch {
    fn look(&mut self, context: &Context, row: &EpochRow) {
        let look = self.observer.epoch(context, row, self.told.is_some());
        self.now = None;
        match look {
            Look::Unclear => {}
            Look::Absent => {
                (self.hits, self.misses) = (0, self.misses.saturating_add(1));
                self.is_there = false;
            }
            Look::Seen { severity, grade, from_epoch } => {
                (self.hits, self.misses) = (self.hits.saturating_add(1), 0);
                self.is_there = true;
                self.now = Some(Told { severity, grade, from_epoch, to_epoch: row.epoch });
            }
        }
    }

    /// What the look just made means for what is told.
    fn epoch(&mut self, context: &Context, epoch: u64, causes: &[&'static Rule]) -> Option<FindingRow> {
        if self.told.is_none() && self.now.is_none() {
            return None;
        }
        if let Some(cause) = self.cause(causes) {
            let text = format!("This is a consequence of what is told under \u{201c}{}\u{201d}.", cause.label);
            return self.clear(epoch, text);
        }
        let Some(now) = self.now else {
            let is_over = !self.is_there && self.misses >= self.observer.hysteresis().leave;
            return if is_over { self.clear(epoch, self.observer.farewell()) } else { None };
        };
        match self.told {
            None if self.hits < self.observer.hysteresis().enter => None,
            None => Some(self.tell(context, FindingState::Raised, now)),
            Some(told) => self.is_news(context, told, now).then(|| self.tell(context, FindingState::Changed, now)),
        }
    }

    fn cause(&self, causes: &[&'static Rule]) -> Option<&'static Rule> {
        causes.iter().copied().find(|it| it.explains.contains(&self.rule.id))
    }

    fn not_finite(&mut self, context: &Context, row: &StepRow) -> Option<FindingRow> {
        match (self.observer.not_finite(row), self.told) {
            (Look::Seen { severity, grade, from_epoch }, None) => {
                self.is_there = true;
                Some(self.tell(
                    context,
                    FindingState::Raised,
                    Told { severity, grade, from_epoch, to_epoch: row.epoch },
                ))
            }
            (Look::Unclear | Look::Absent | Look::Seen { .. }, _) => None,
        }
    }

    fn finish(
        &mut self,
        context: &Context,
        epoch: u64,
        reason: FinishReason,
        causes: &[&'static Rule],
    ) -> Option<FindingRow> {
        match self.observer.end(context, reason) {
            Look::Seen { severity, grade, from_epoch } => {
                self.now = Some(Told { severity, grade, from_epoch, to_epoch: epoch.max(from_epoch) });
            }
            Look::Absent => return self.clear(epoch, self.observer.farewell()),
            Look::Unclear if self.told.is_none() => return None,
            Look::Unclear => {}
        }
        let now = self.now?;
        match self.told {
            None if self.cause(causes).is_some() => None,
            None => Some(self.tell(context, FindingState::Raised, now)),
            Some(told) => (told != now).then(|| self.tell(context, FindingState::Changed, now)),
        }
    }

    fn clear(&mut self, epoch: u64, text: String) -> Option<FindingRow> {
        let told = self.told.take()?;
        let words = Words { text, ..Words::default() };
        // Severity and grade stay what they were: they say which kind of finding is over.
        Some(self.row(FindingState::Cleared, Told { to_epoch: epoch, ..told }, words))
    }

    /// Whether what stands in the events no longer says what is there now.
    fn is_news(&self, context: &Context, told: Told, now: Told) -> bool {
        if (told.severity, told.grade, told.from_epoch) != (now.severity, now.grade, now.from_epoch) {
            return true;
        }
        let length = |it: Told| it.to_epoch.saturating_sub(it.from_epoch) + 1;
        let growth = length(now).saturating_sub(length(told));
        let has_grown = growth >= TELL_AGAIN_EPOCHS && 4 * growth >= length(told);
        has_grown && (growth >= length(told) || self.observer.words(context).text != self.text)
    }

    fn tell(&mut self, context: &Context, state: FindingState, now: Told) -> FindingRow {
        let mut words = self.observer.words(context);
        if !context.knows_project {
            words.remedies.clear();
        }
        self.told = Some(now);
        self.text.clone_from(&words.text);
        self.row(state, now, words)
    }

    fn row(&self, state: FindingState, it: Told, words: Words) -> FindingRow {
        FindingRow {
            rule: self.rule.id.to_owned(),
            state,
            severity: it.severity,
            grade: it.grade,
            epoch: it.to_epoch,
            from_epoch: it.from_epoch,
            to_epoch: it.to_epoch,
            text: words.text,
            evidence: words.evidence,
            formula: words.formula,
            rival: words.rival,
            remedies: words.remedies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, recorded, regression, run};
    use crate::run::Event;

    fn everything(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        let mut doctor = Doctor::new(context.clone());
        let mut told: Vec<_> = rows.iter().flat_map(|row| doctor.observe(row)).collect();
        told.extend(doctor.finish(FinishReason::Completed));
        told
    }

    #[test]
    fn stored_rows_give_the_same_findings_again() {
        for rows in [
            recorded::spam_emails(),
            recorded::house_prices_stalled(),
            run(9, |epoch| (1.0 / (6.0 - epoch).max(0.0), 1.0)),
        ] {
            let stored: Vec<String> = rows.iter().map(|row| Event::Epoch(row.clone()).to_json()).collect();
            let read = stored.iter().map(|line| match serde_json::from_str(line) {
                Ok(Event::Epoch(row)) => row,
                other => panic!("{line}: {other:?}"),
            });
            let (live, again) = (everything(&binary(), &rows), everything(&binary(), &read.collect::<Vec<_>>()));
            assert!(!live.is_empty());
            assert_eq!(live, again);
            assert!(
                live.iter()
                    .all(|it| serde_json::from_str::<FindingRow>(&serde_json::to_string(it).unwrap()).unwrap() == *it)
            );
        }
    }

    #[test]
    fn a_doctor_shown_the_rows_again_goes_on_as_if_never_stopped() {
        let rows = recorded::spam_emails();
        let whole = everything(&binary(), &rows);
        let mut doctor = Doctor::new(binary());
        for row in &rows[..30] {
            doctor.observe(row);
        }
        let mut rest: Vec<_> = rows.iter().flat_map(|row| doctor.observe(row)).collect();
        rest.extend(doctor.finish(FinishReason::Completed));
        assert_eq!(rest, whole.into_iter().filter(|it| it.epoch > 30).collect::<Vec<_>>());
    }

    #[test]
    fn a_standing_finding_is_told_again_only_for_news() {
        let told = everything(&regression(), &run(400, |_| (1.0, 1.0)));
        let epochs: Vec<_> = told.iter().map(|it| it.epoch).collect();
        // The words stay, so that only a doubled span is news, and the end.
        assert_eq!(epochs, [17, 30, 56, 108, 212, 400]);
        assert!(told.windows(2).all(|it| it[0].from_epoch == it[1].from_epoch && it[0].to_epoch < it[1].to_epoch));
    }

    #[test]
    fn the_last_word_has_the_last_numbers_and_is_said_once() {
        let mut context = binary();
        context.project.set("stopping=off").unwrap();
        let mut doctor = Doctor::new(context);
        for row in &recorded::spam_emails() {
            doctor.observe(row);
        }
        let last = doctor.finish(FinishReason::Completed);
        assert!(last.iter().any(|it| it.rule == "overfitting"), "{last:?}");
        assert!(last.iter().all(|it| it.state == FindingState::Changed && it.to_epoch == 40), "{last:?}");
        assert!(doctor.finish(FinishReason::Completed).is_empty());
    }

    #[test]
    fn what_early_stopping_undid_is_over_at_the_end() {
        for (setting, is_over) in [
            ("stopping.restore_best=on", true),
            ("stopping.restore_best=off", false),
            ("stopping.monitor=train_loss", false),
        ] {
            let mut context = binary();
            context.project.set("stopping=patience").unwrap();
            context.project.set(setting).unwrap();
            let mut doctor = Doctor::new(context);
            let told: Vec<_> = recorded::spam_emails().iter().flat_map(|row| doctor.observe(row)).collect();
            assert!(told.iter().any(|it| it.rule == "overfitting"));
            let last = doctor.finish(FinishReason::EarlyStopping);
            let end = last.iter().find(|it| it.rule == "overfitting").unwrap();
            assert_eq!(end.state == FindingState::Cleared, is_over, "{setting}: {}", end.text);
            assert!(!is_over || end.text.contains("weights of epoch 12"), "{}", end.text);
        }
    }

    #[test]
    fn no_row_however_odd_makes_it_stumble() {
        const ODD: [f64; 12] =
            [0.0, -0.0, 1.0, -1.0, 1e-300, -1e300, 1e308, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.5];
        for seed in 0..300 {
            let mut noise = Noise::new(seed);
            let mut odd = |few: bool| {
                if few && noise.even() < 0.9 { 1.0 - 0.5 * noise.even() } else { ODD[(noise.even() * 12.0) as usize] }
            };
            let mut rows = run(80, |_| (odd(seed % 2 == 0), odd(seed % 2 == 0)));
            for row in &mut rows {
                row.validation_se = (odd(false) > 0.0).then(|| odd(false));
                row.learning_rate = odd(seed % 3 == 0);
                row.metrics.insert("validation_accuracy".to_owned(), odd(true));
            }
            let mut context = if seed % 5 == 0 { regression() } else { binary() };
            context.steps_per_epoch = seed % 4;
            context.baseline.insert("loss".to_owned(), odd(true));
            for finding in everything(&context, &rows) {
                assert!(finding.from_epoch <= finding.to_epoch && !finding.text.is_empty(), "{finding:?}");
            }
        }
    }

    #[test]
    fn rules_have_unique_names_and_one_sentence() {
        for (idx, rule) in RULES.iter().enumerate() {
            assert!(RULES[..idx].iter().all(|it| it.id != rule.id && it.label != rule.label), "{}", rule.id);
            assert!(rule.id.chars().all(|it| it.is_ascii_lowercase() || it == '-'), "{}", rule.id);
            assert!(rule.about.ends_with('.') && !rule.about.contains('`'), "{}", rule.about);
        }
    }
}
