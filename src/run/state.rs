//! A run as it stands: the only fold from events.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{Changed, Event, FindingRow, FindingState, Finished, Parent, Started};
use super::experiment::{AfterRow, Forgotten, Probe, RangeTest};
use super::history::History;
use super::log::LogLine;
use super::seeds::SeedSpread;
use super::view::Views;
use crate::spec::Project;

/// One training of a project, as far as its events have told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// The project as it was when the run began.
    pub project: Project,
    /// What was changed against the run before, in words; empty for the first.
    pub change: String,
    pub phase: Phase,
    pub started: Started,
    pub history: History,
    /// Findings now standing, oldest first.
    pub findings: Vec<FindingRow>,
    /// Findings that were cleared, oldest first.
    pub cleared: Vec<FindingRow>,
    /// Every word of the doctor, in order.
    told: Vec<FindingRow>,
    pub changes: Vec<Changed>,
    /// The newest experiments of each kind.
    pub probe: Option<Probe>,
    pub range_test: Option<RangeTest>,
    pub forgotten: Option<Forgotten>,
    /// Epochs of a copy that trained on after the end.
    pub after: Vec<AfterRow>,
    /// The same project with other seeds.
    pub seeds: SeedSpread,
    pub finished: Option<Finished>,
    pub views: Option<Arc<Views>>,
    pub log: Vec<LogLine>,
    /// Updates told so far.
    pub step: u64,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has happened yet.
    #[default]
    Waiting,
    /// Data or device are being made ready.
    Preparing,
    Running,
    Paused,
    /// Ended as asked.
    Finished,
    /// Ended because it had to.
    Failed,
}

/// What an event changed, for a view that keeps something of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Curves,
    Phase,
    Findings,
    Nothing,
}

impl Run {
    /// The device that trained it, as far as it was told; of one that went on elsewhere, or moved, the graphics card.
    pub fn device(&self) -> String {
        use crate::spec::TextValue as _;
        let (first, last) = (&self.started.device, self.project.device.text());
        if first == "cpu" && last.starts_with("gpu") { last } else { first.clone() }
    }

    /// What was turned by hand while it was trained, in words such as `learning_rate from 0.01 to 0.001 after epoch 5`;
    /// none where its project says all.
    pub fn turned(&self) -> Option<String> {
        let turned = self.changes.iter().filter(|it| it.by == "user");
        let words = turned.map(|it| format!("{} from {} to {} after epoch {}", it.key, it.from, it.to, it.epoch));
        Some(words.collect::<Vec<_>>().join(", ")).filter(|it| !it.is_empty())
    }

    /// A run of a project, before its first event.
    pub fn of(project: Project) -> Self {
        Self { project, ..Self::default() }
    }

    /// Folds a recorded list of events.
    pub fn replay(project: Project, events: impl IntoIterator<Item = Event>) -> Self {
        let mut run = Self::of(project);
        for event in events {
            run.apply(event);
        }
        run
    }

    /// Folds one event.
    pub fn apply(&mut self, event: Event) -> Change {
        self.log.extend(LogLine::of(&event, self.epoch()));
        match event {
            Event::Started(started) => {
                self.started = started;
                self.phase = Phase::Running;
                Change::Phase
            }
            Event::Preparing(_) => {
                self.prepare();
                Change::Phase
            }
            Event::Step(row) => {
                self.leave_preparing();
                self.step = row.step;
                self.history.push_step(&row);
                Change::Curves
            }
            Event::Epoch(row) => {
                self.leave_preparing();
                self.step = row.step;
                self.history.push_epoch(row);
                Change::Curves
            }
            Event::Finding(row) => {
                self.fold_finding(row);
                Change::Findings
            }
            Event::Changed(changed) => {
                self.changes.push(changed);
                Change::Curves
            }
            Event::Probe(probe) => {
                self.leave_preparing();
                self.probe = Some(probe);
                Change::Findings
            }
            Event::RangeTest(test) => {
                self.leave_preparing();
                self.range_test = Some(test);
                Change::Findings
            }
            Event::Forgotten(it) => {
                self.leave_preparing();
                self.forgotten = Some(it);
                Change::Findings
            }
            Event::After(row) => {
                self.history.push_after(&row);
                self.after.push(row);
                Change::Curves
            }
            Event::Seed(row) => {
                self.seeds.push(row);
                Change::Curves
            }
            Event::Paused { step } => {
                self.step = step;
                self.phase = Phase::Paused;
                Change::Phase
            }
            Event::Resumed { step } => {
                self.rewind(step);
                self.phase = Phase::Running;
                Change::Phase
            }
            Event::Finished(finished) => {
                self.phase = if finished.reason.is_success() { Phase::Finished } else { Phase::Failed };
                self.finished = Some(finished);
                Change::Phase
            }
            Event::Warning { .. } | Event::Checkpoint { .. } | Event::Unknown => Change::Nothing,
        }
    }

    /// Whether it is still going on, paused or not.
    pub fn is_live(&self) -> bool {
        match self.phase {
            Phase::Waiting | Phase::Preparing | Phase::Running | Phase::Paused => true,
            Phase::Finished | Phase::Failed => false,
        }
    }

    /// No training tells any more of it: it was killed, or is looked at without one.
    pub fn close(&mut self) {
        if self.is_live() {
            self.phase = Phase::Finished;
        }
    }

    /// The run it branched off, and the last epoch that both have in common; none where it began by itself.
    pub fn parent(&self) -> Option<&Parent> {
        self.started.parent.as_ref()
    }

    /// Whether a fork still makes the steps that it has in common with its parent.
    pub fn is_retracing(&self) -> bool {
        self.is_live() && self.parent().is_some_and(|it| self.epoch() < it.epoch)
    }

    /// Epochs completed.
    pub fn epoch(&self) -> u64 {
        self.history.epochs.last().map_or(0, |row| row.epoch)
    }

    /// The last epoch that is drawn: that of a copy which trained on after the end, where there is one.
    pub fn last_epoch(&self) -> u64 {
        self.after.last().map_or(self.epoch(), |row| row.epoch)
    }

    /// The metric a chart leads with: RMSE for a regression, accuracy for classes.
    pub fn leading_metric(&self) -> &'static str {
        if self.started.task == "regression" { "rmse" } else { "accuracy" }
    }

    /// Goes back to the end of an epoch, as if nothing had been told behind it, for a fork that goes on from there.
    pub fn go_back_to(&mut self, epoch: u64) {
        let Some(end) = self.history.row(epoch).map(|it| it.step) else { return };
        (self.finished, self.views) = (None, None);
        self.after.clear();
        self.log.clear();
        self.cut_back(end);
        let left = self.parent().map_or(0, |it| it.epoch);
        // What was turned behind its last step is no part of the epoch, but for what made it a fork there.
        self.changes.retain(|it| it.step < end || (it.by == "fork" && left == epoch));
        (self.probe, self.range_test, self.forgotten, self.seeds) = (None, None, None, SeedSpread::default());
    }

    fn leave_preparing(&mut self) {
        if self.phase == Phase::Preparing {
            self.phase = Phase::Running;
        }
    }

    /// An experiment after the end is no going on.
    fn prepare(&mut self) {
        if self.finished.is_none() {
            self.phase = Phase::Preparing;
        }
    }

    /// Goes back to a step, where a run that was interrupted goes on from there. What it had told beyond was lost
    /// with the interruption, and will be told again.
    fn rewind(&mut self, step: u64) {
        self.finished = None;
        self.after.clear();
        if self.step > step {
            self.cut_back(step);
        }
    }

    fn cut_back(&mut self, step: u64) {
        self.step = step;
        let epoch = self.history.cut(step);
        self.changes.retain(|it| it.step <= step);
        (self.findings, self.cleared) = (Vec::new(), Vec::new());
        for row in std::mem::take(&mut self.told) {
            if row.epoch <= epoch {
                self.fold_finding(row);
            }
        }
    }

    fn fold_finding(&mut self, row: FindingRow) {
        self.told.push(row.clone());
        self.findings.retain(|it| it.rule != row.rule);
        match row.state {
            FindingState::Raised | FindingState::Changed => self.findings.push(row),
            FindingState::Cleared => self.cleared.push(row),
        }
    }
}

/// Named numbers in a stable order, for tests and tables.
impl Run {
    /// The last epoch's metrics of one split, by key without prefix.
    pub fn last_metrics(&self, split: &str) -> BTreeMap<String, f64> {
        let Some(row) = self.history.epochs.last() else {
            return BTreeMap::new();
        };
        let of_split = row
            .metrics
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(split)?.strip_prefix('_')?.to_owned(), *value)));
        of_split.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_moved_to_a_graphics_card_is_said_to_be_trained_there() {
        let of = |first: &str, last: &str| {
            let mut run = Run::default();
            first.clone_into(&mut run.started.device);
            run.project.set_value("device", last).unwrap();
            run.device()
        };
        let devices = [of("cpu", "auto"), of("cpu", "cpu"), of("cpu", "gpu:1"), of("gpu:0", "cpu")];
        assert_eq!(devices, ["cpu", "cpu", "gpu:1", "gpu:0"]);
    }
    use crate::run::{EpochRow, FinishReason, Severity};

    fn finding(state: FindingState) -> Event {
        Event::Finding(FindingRow {
            rule: "overfitting".to_owned(),
            state,
            severity: Severity::Warning,
            grade: 1,
            epoch: 9,
            from_epoch: 5,
            to_epoch: 9,
            text: String::new(),
            evidence: BTreeMap::new(),
            formula: String::new(),
            rival: String::new(),
            remedies: Vec::new(),
        })
    }

    #[test]
    fn a_finding_stands_until_it_is_cleared_and_never_twice() {
        let mut run = Run::default();
        run.apply(finding(FindingState::Raised));
        run.apply(finding(FindingState::Changed));
        assert_eq!(run.findings.len(), 1);
        run.apply(finding(FindingState::Cleared));
        assert_eq!((run.findings.len(), run.cleared.len()), (0, 1));
    }

    #[test]
    fn a_run_that_goes_on_from_a_checkpoint_forgets_what_lay_behind_it() {
        let row = |epoch: u64| EpochRow { epoch, step: 10 * epoch, validation_loss: 1.0, ..EpochRow::default() };
        let mut run = Run::default();
        for epoch in 1..=8 {
            run.apply(Event::Epoch(row(epoch)));
        }
        run.apply(finding(FindingState::Raised));
        for epoch in 9..=12 {
            run.apply(Event::Epoch(row(epoch)));
        }
        run.apply(Event::Finished(Finished {
            reason: FinishReason::Failed,
            text: String::new(),
            epochs: 12,
            best_epoch: 1,
            best_validation_loss: 1.0,
            test: BTreeMap::new(),
            run_dir: String::new(),
            seconds: 1.0,
            samples_per_second: 1.0,
        }));
        let mut again = run.clone();
        again.apply(Event::Resumed { step: 95 });
        assert_eq!((again.epoch(), again.step, again.phase, again.findings.len()), (9, 95, Phase::Running, 1));
        assert_eq!(again.history.curve("validation_loss").unwrap().len(), 9);
        assert_eq!(again.finished, None);
        run.apply(Event::Resumed { step: 80 });
        assert_eq!((run.epoch(), run.findings.len()), (8, 0), "the finding was told in epoch 9");
    }

    #[test]
    fn steps_and_epochs_follow_a_batch_size_that_a_fork_has_changed() {
        let mut run = Run::default();
        run.apply(Event::Started(Started { steps_per_epoch: 10, epochs: 8, train_rows: 100, ..Started::default() }));
        let batch =
            |to: &str| Changed { step: 40, epoch: 4, key: "batch_size".into(), to: to.into(), ..Changed::default() };
        run.apply(Event::Changed(batch("50")));
        assert_eq!((run.steps_asked(), run.pace().steps_per_epoch), (40 + 4 * 2, 2));
        assert_eq!([20.0, 40.0, 42.0, 44.0].map(|it| run.epoch_of_step(it)), [2.0, 4.0, 5.0, 6.0]);
        run.apply(Event::Changed(batch("all")));
        assert_eq!(run.pace().steps_per_epoch, 1);
    }

    #[test]
    fn going_back_to_an_epoch_keeps_what_was_told_by_then_and_the_knobs_of_its_past() {
        let mut run = Run::default();
        for epoch in 1..=6 {
            run.apply(Event::Epoch(EpochRow { epoch, step: 10 * epoch, ..EpochRow::default() }));
            let key = format!("turned in {epoch}");
            run.apply(Event::Changed(Changed {
                step: 10 * epoch,
                epoch,
                key,
                by: "user".into(),
                ..Changed::default()
            }));
        }
        for epoch in [6, 4] {
            run.go_back_to(epoch);
            let last = run.changes.last().map(|it| it.epoch);
            assert_eq!((run.epoch(), run.step, last), (epoch, 10 * epoch, Some(epoch - 1)));
        }
    }

    #[test]
    fn progress_follows_epochs_changed_while_training() {
        let mut run = Run::default();
        run.apply(Event::Started(Started { steps_per_epoch: 10, epochs: 10, ..Started::default() }));
        run.apply(Event::Epoch(EpochRow { epoch: 5, step: 50, ..EpochRow::default() }));
        assert_eq!(run.progress(), 0.5);
        run.apply(Event::Changed(Changed { key: "epochs".to_owned(), to: "20".to_owned(), ..Changed::default() }));
        assert_eq!(run.progress(), 0.25);
    }
}
