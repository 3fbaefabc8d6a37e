//! The training loop: commands between steps, events out, patience and pace.

mod beginning;
mod budget;
mod commands;
mod ending;
mod epoch;
mod experiments;
mod keeping;
mod plateau;
mod retracing;
mod steps;
mod sums;

pub(super) use beginning::train;
pub(super) use plateau::Plateau;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Desk;
use super::auto::Scout;
use super::meter::Meter;
use crate::data::Prepared;
use crate::diagnose::Doctor;
use crate::diagnose::stops::Watch;
use crate::engine::{OpenDevice, TrainError, Trainer, Weights};
use crate::run::{EpochRow, Event, FindingRow, FindingState, FinishReason};
use crate::spec::Project;
use keeping::Keeping;
use retracing::Retrace;
use sums::EpochSums;

/// Why the loop was left.
enum End {
    Reason(FinishReason, String),
    Trouble(TrainError),
    /// It goes on another time.
    Left,
}

impl End {
    /// The trouble itself, where nothing but trouble can end what was tried.
    fn or_trouble(self) -> Result<(), TrainError> {
        match self {
            Self::Trouble(err) => Err(err),
            Self::Reason(..) | Self::Left => Ok(()),
        }
    }
}

/// One training with all that changes while it goes on.
struct Worker<'a> {
    desk: &'a mut Desk,
    trainer: Trainer,
    data: Arc<Prepared>,
    /// As it stands now, knobs turned while training included.
    project: Project,
    watched: bool,
    told_every: u64,
    log_every: Option<u64>,
    device: OpenDevice,
    scout: Option<Scout>,
    doctor: Doctor,
    /// Those that stand.
    findings: Vec<FindingRow>,
    watch: Watch,
    plateau: Plateau,
    best: Option<(EpochRow, Weights)>,
    last: Option<EpochRow>,
    step: u64,
    epoch: u64,
    paused: bool,
    single: bool,
    next_step_at: Instant,
    last_norm: Option<f64>,
    sums: EpochSums,
    keeping: Keeping,
    /// Of a fork.
    retrace: Option<Retrace>,
    /// Median seconds of a step on the CPU, where a graphics device trains and the CPU was timed too.
    cpu_step: Option<f64>,
    trained: Duration,
    trained_rows: u64,
    last_kept: Instant,
    /// Whether early stopping has ended it.
    has_stopped: bool,
    /// Whether the best weights are better than those that were written.
    has_unwritten_best: bool,
    /// Whether the best weights could not be written when last tried.
    is_best_failing: bool,
    last_picture: Instant,
    picture_cost: Duration,
    began: Instant,
    /// From before the network was built; none where the system does not tell.
    meter: Option<Meter>,
}

impl<'a> Worker<'a> {
    fn new(
        desk: &'a mut Desk,
        trainer: Trainer,
        data: Arc<Prepared>,
        project: Project,
        device: OpenDevice,
        scout: Option<Scout>,
        doctor: Doctor,
    ) -> Self {
        let now = Instant::now();
        Self {
            watch: Watch::new(&project.stopping),
            doctor,
            desk,
            trainer,
            data,
            project,
            device,
            scout,
            watched: false,
            told_every: 0,
            log_every: None,
            findings: Vec::new(),
            plateau: Plateau::default(),
            best: None,
            last: None,
            step: 0,
            epoch: 0,
            paused: false,
            single: false,
            next_step_at: now,
            last_norm: None,
            sums: EpochSums::default(),
            keeping: Keeping::new(),
            retrace: None,
            cpu_step: None,
            trained: Duration::ZERO,
            trained_rows: 0,
            last_kept: now,
            has_stopped: false,
            has_unwritten_best: false,
            is_best_failing: false,
            last_picture: now,
            picture_cost: Duration::ZERO,
            began: now,
            meter: None,
        }
    }

    fn run(&mut self) -> Result<(), End> {
        loop {
            self.take_turns()?;
            if self.epoch >= self.project.training.epochs {
                return Ok(());
            }
            // It was cut short between its last checkpoint and its end.
            if self.has_stopped {
                return Err(End::Reason(FinishReason::EarlyStopping, self.why_stopped()));
            }
            let epoch_began = Instant::now();
            self.train_epoch()?;
            self.end_epoch(epoch_began)?;
        }
    }

    fn tell_finding(&mut self, finding: FindingRow) {
        self.note_finding(&finding);
        self.desk.out.tell(Event::Finding(finding));
    }

    /// Keeps count of what stands.
    pub(super) fn note_finding(&mut self, finding: &FindingRow) {
        self.findings.retain(|it| it.rule != finding.rule);
        if finding.state != FindingState::Cleared {
            self.findings.push(finding.clone());
        }
    }

    fn batch_size(&self) -> usize {
        beginning::batch_size(&self.project, &self.data)
    }

    fn steps_per_epoch(&self) -> u64 {
        beginning::steps_per_epoch(&self.project, &self.data)
    }
}
