//! A fork on its way: the parent's steps made again, with the knobs turned where the parent had turned them, and the
//! turn with which it leaves its parent.

use std::sync::Arc;

use super::super::course::{By, Course, Turn};
use super::{End, Worker, beginning};
use crate::diagnose::stops::watched;
use crate::diagnose::{Context, Doctor};
use crate::engine::{TrainError, Trainer};
use crate::run::{Changed, EpochRow, Event, FindingRow, FindingState, FinishReason, Started};
use crate::spec::{Project, StoppingSpec};

/// Two graphics cards, or a card and a processor, round differently; this much says nothing.
const ROUNDING: f64 = 1e-3;

/// Where a fork is on its course.
pub(super) struct Retrace {
    course: Course,
    /// Turns taken.
    pub(super) n_taken: usize,
    /// Every epoch so far, for the doctor that the fork begins with.
    rows: Vec<EpochRow>,
    first: Started,
}

impl Retrace {
    pub(super) fn new(course: Course, n_taken: usize, events: &[Event], first: Started) -> Self {
        let row = |it: &Event| if let Event::Epoch(row) = it { Some(row.clone()) } else { None };
        Self { course, n_taken, rows: events.iter().filter_map(row).collect(), first }
    }

    fn is_under_way(&self) -> bool {
        self.n_taken < self.course.turns.len()
    }
}

/// A doctor who knows how a run is set, and nothing yet of how it goes.
pub(super) fn doctor(project: &Project, first: &Started, steps_per_epoch: u64) -> Doctor {
    Doctor::new(Context::new(project, &Started { steps_per_epoch, ..first.clone() }))
}

impl Worker<'_> {
    /// Whether a fork still makes its parent's steps.
    pub(super) fn is_retracing(&self) -> bool {
        self.retrace.as_ref().is_some_and(Retrace::is_under_way)
    }

    pub(super) fn n_turns_taken(&self) -> usize {
        self.retrace.as_ref().map_or(0, |it| it.n_taken)
    }

    /// Remembers an epoch that was retraced.
    pub(super) fn note_retraced(&mut self, row: &EpochRow) {
        if let Some(retrace) = self.retrace.as_mut().filter(|it| it.is_under_way()) {
            retrace.rows.push(row.clone());
        }
    }

    /// Takes the turns that are due before the next step.
    pub(super) fn take_turns(&mut self) -> Result<(), End> {
        while let Some(retrace) = &mut self.retrace
            && let Some(turn) = retrace.course.turns.get(retrace.n_taken).filter(|it| it.step <= self.step)
        {
            let turn = turn.clone();
            retrace.n_taken += 1;
            if !retrace.is_under_way() {
                self.compare_with_parent();
            }
            self.take(turn)?;
        }
        Ok(())
    }

    /// Says so where the last epoch in common did not come out as the parent told it.
    fn compare_with_parent(&mut self) {
        let (Some(retrace), Some(row)) = (&self.retrace, &self.last) else { return };
        let told = retrace.course.losses;
        let differs = |now: f64, told: f64| {
            let allowed = if self.device.is_cpu { 0.0 } else { ROUNDING * told.abs() };
            now.is_finite() != told.is_finite() || (now - told).abs() > allowed
        };
        if differs(row.train_loss, told.0) || differs(row.validation_loss, told.1) {
            let text = format!(
                "Epoch {} of {} came out with validation loss {} and not {}: another machine, build or device trained it. The fork goes on from what came out here",
                retrace.course.parent.epoch, retrace.course.parent.run, row.validation_loss, told.1
            );
            self.desk.out.tell(Event::Warning { text });
        }
    }

    fn take(&mut self, turn: Turn) -> Result<(), End> {
        self.collect()?;
        let project = Project { device: self.project.device, ..turn.project };
        let before = std::mem::replace(&mut self.project, project);
        for (key, to) in self.project.changes_from(&before) {
            let from = before.get(key).unwrap_or_default();
            let by = <&str>::from(turn.by).to_owned();
            let changed = Changed { step: self.step, epoch: self.epoch, key: key.to_owned(), from, to, by };
            self.desk.out.tell(Event::Changed(changed));
        }
        match turn.by {
            By::User => {
                if let StoppingSpec::Patience(it) = &self.project.stopping {
                    self.watch.turn(it.patience, it.min_delta);
                }
            }
            By::Fork if self.project != before => self.set_anew(&before).map_err(End::Trouble)?,
            By::Fork => {}
        }
        if turn.by == By::Fork && self.watch.remaining() == Some(0) {
            return Err(End::Reason(FinishReason::EarlyStopping, self.why_stopped()));
        }
        Ok(())
    }

    /// Goes on with other settings from the same weights: with the same memory where the optimizer is of the same kind.
    fn set_anew(&mut self, before: &Project) -> Result<(), TrainError> {
        let weights = self.trainer.weights()?;
        let keeps_memory = std::mem::discriminant(&self.project.optimizer) == std::mem::discriminant(&before.optimizer);
        let memory = keeps_memory.then(|| self.trainer.memory()).transpose()?;
        let mut trainer = Trainer::new(&self.project, Arc::clone(&self.data), &self.device, None)?;
        trainer.load(&weights);
        if let Some(memory) = memory {
            trainer.remember(&memory);
        }
        trainer.keep_outputs(self.measures_during());
        self.trainer = trainer;
        if self.project.stopping != before.stopping
            && self.watch.follow(&self.project.stopping)
            && let Some(row) = self.last.clone()
        {
            // Another value is watched: it counts from here on, and these are the first weights that may be kept.
            self.watch.observe(row.epoch, watched(&row, self.watch.monitor()));
            self.best = Some((row, weights));
            self.has_unwritten_best = true;
        }
        self.consult_anew();
        Ok(())
    }

    /// Takes a doctor who knows the new settings, and tells what changes with them.
    fn consult_anew(&mut self) {
        let Some(retrace) = &self.retrace else { return };
        let steps = beginning::steps_per_epoch(&self.project, &self.data);
        let mut doctor = doctor(&self.project, &retrace.first, steps);
        let mut standing: Vec<FindingRow> = Vec::new();
        for finding in retrace.rows.iter().flat_map(|row| doctor.observe(row)) {
            standing.retain(|it| it.rule != finding.rule);
            if finding.state != FindingState::Cleared {
                standing.push(finding);
            }
        }
        self.doctor = doctor;
        let stands = |among: &[FindingRow], rule: &str| among.iter().any(|it| it.rule == rule);
        let gone: Vec<_> = self.findings.iter().filter(|it| !stands(&standing, &it.rule)).cloned().collect();
        for it in gone {
            let text = "With the settings of this fork it is none.".to_owned();
            self.tell_finding(FindingRow { state: FindingState::Cleared, epoch: self.epoch, text, ..it });
        }
        standing.retain(|it| !stands(&self.findings, &it.rule));
        for it in standing {
            self.tell_finding(FindingRow { state: FindingState::Raised, epoch: self.epoch, ..it });
        }
    }
}
