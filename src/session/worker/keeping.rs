//! Checkpoints of a training: when one is due, what goes into it, and going on from one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::checkpoint::{Checkpoint, Position};
use super::super::probe::{Background, in_background};
use super::super::store::Store;
use super::beginning::batch_size;
use super::sums::EpochSums;
use super::{End, Worker};
use crate::data::epoch_order;
use crate::engine::TrainError;
#[cfg(test)]
use crate::project::disk;
use crate::run::Event;

/// What was written down of a training, and what is being written.
pub(super) struct Keeping {
    /// The step and epoch that a thread of its own is writing. There is never more than one.
    writing: Option<Background<(u64, u64)>>,
    last: Instant,
    last_epoch: u64,
    /// Lowest validation loss at a checkpoint, and its step.
    best: Option<(f64, u64)>,
    /// Whether the last one could not be written, which is told once.
    is_failing: bool,
}

impl Keeping {
    pub(super) fn new() -> Self {
        Self { writing: None, last: Instant::now(), last_epoch: 0, best: None, is_failing: false }
    }
}

impl Worker<'_> {
    /// Writes a checkpoint where one is due and the one before it is safe. Called between two steps.
    pub(super) fn keep_if_due(&mut self) -> Result<(), End> {
        // A disk whose faults are tested meets the same operations every time, however busy the machine is.
        #[cfg(test)]
        if self.desk.out.recorder().is_some_and(|it| disk::faults::are_watched(it.folder().path())) {
            self.wait_for_checkpoint();
        }
        self.note_written();
        let spec = &self.project.checkpoint;
        let by_epoch = spec.epochs.is_some_and(|every| self.epoch >= self.keeping.last_epoch + every);
        let by_time = spec.seconds.is_some_and(|every| self.keeping.last.elapsed().as_secs_f64() >= every);
        if (by_epoch || by_time) && self.keeping.writing.is_none() { self.keep() } else { Ok(()) }
    }

    /// Takes a checkpoint now and has it written on a thread of its own. None may be on its way to the disk.
    pub(super) fn keep(&mut self) -> Result<(), End> {
        self.collect()?;
        let Some(recorder) = self.desk.out.recorder() else { return Ok(()) };
        let store = Store::of(recorder.folder().path());
        (self.keeping.last, self.keeping.last_epoch) = (Instant::now(), self.epoch);
        // Where events cannot be written, whoever writes them says so; the next checkpoint is tried when it is due.
        let Ok((told, diary)) = recorder.told() else { return Ok(()) };
        let loss = self.last.as_ref().map(|it| it.validation_loss).filter(|it| it.is_finite());
        if let Some(loss) = loss.filter(|it| self.keeping.best.is_none_or(|best| *it < best.0)) {
            self.keeping.best = Some((loss, self.step));
        }
        let position = Position {
            version: 0,
            step: self.step,
            epoch: self.epoch,
            project: self.project.clone(),
            log_every: self.log_every,
            watch: self.watch.clone(),
            plateau: self.plateau.clone(),
            last_norm: self.last_norm.map(f64::to_bits),
            best: self.best.as_ref().map(|it| it.0.clone()),
            last: self.last.clone(),
            losses: self.sums.losses().to_vec(),
            events: told.events,
            timing: told.timing,
            trained_seconds: self.trained.as_secs_f64(),
            trained_rows: self.trained_rows,
            seconds: self.began.elapsed().as_secs_f64(),
            best_kept: self.keeping.best,
            counts: std::collections::BTreeMap::new(),
            turns: self.n_turns_taken(),
            has_stopped: self.has_stopped,
        };
        let weights = self.trainer.weights().map_err(End::Trouble)?;
        let memory = self.trainer.memory().map_err(End::Trouble)?;
        let checkpoint = Checkpoint {
            best: self.best.as_ref().map(|it| it.1.clone()),
            outputs: self.sums.outputs.clone(),
            ..Checkpoint::new(position, weights, memory)
        };
        let (step, epoch, keep) = (self.step, self.epoch, self.project.checkpoint.keep);
        let best_step = self.keeping.best.map(|it| it.1);
        let write = move || {
            // A checkpoint must not know of events that a power cut may still take.
            diary.sync().map_err(|err| format!("the run's events cannot be brought to the disk: {err}"))?;
            store.write(checkpoint, best_step, keep).map(|()| (step, epoch))
        };
        self.keeping.writing = Some(in_background("checkpoint", Arc::new(|| ()), write));
        Ok(())
    }

    /// Takes a checkpoint and waits until it is safe.
    pub(super) fn keep_now(&mut self) -> Result<(), End> {
        self.wait_for_checkpoint();
        self.keep()?;
        self.wait_for_checkpoint();
        Ok(())
    }

    pub(super) fn is_writing_checkpoint(&self) -> bool {
        self.keeping.writing.is_some()
    }

    /// Waits until what is being written is safe.
    pub(super) fn wait_for_checkpoint(&mut self) {
        while self.keeping.writing.is_some() {
            self.note_written();
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Tells what came of the checkpoint that was being written. It is shown and not recorded: when it was safe is a
    /// matter of the clock, and two runs of one seed tell the same.
    pub(super) fn note_written(&mut self) {
        let Some(outcome) = self.keeping.writing.as_ref().and_then(Background::take) else { return };
        self.keeping.writing = None;
        match outcome.as_ref() {
            Ok((step, epoch)) => {
                self.keeping.is_failing = false;
                self.desk.out.show(Event::Checkpoint { step: *step, epoch: *epoch });
            }
            Err(text) if !self.keeping.is_failing => {
                self.keeping.is_failing = true;
                self.desk
                    .out
                    .show(Event::Warning { text: format!("{text}. Training goes on; earlier checkpoints are kept") });
            }
            Err(_) => {}
        }
    }

    /// Whether a checkpoint is one of this training: whoever wrote it, nothing in it may lead beyond the data.
    fn check(&self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        let Checkpoint { position, weights, memory, best, outputs } = checkpoint;
        self.trainer.check(weights)?;
        best.as_ref().map_or(Ok(()), |it| self.trainer.check(it))?;
        self.trainer.check_memory(memory)?;
        let n_rows = self.data.split.train.len();
        let batch = batch_size(&position.project, &self.data);
        let n_steps = n_rows.div_ceil(batch) as u64;
        // Not by counting epochs: a fork may have another batch size than its parent.
        let (last_epoch, last_step) = position.last.as_ref().map_or((0, 0), |it| (it.epoch, it.step));
        let n_done = position.step.checked_sub(last_step).filter(|_| last_epoch == position.epoch);
        let n_outputs = position.project.loss.n_outputs(self.data.task);
        let n_seen = n_rows.min(position.losses.len().saturating_mul(batch));
        let is_sound = position.project.check().is_ok()
            && (&position.project.model, &position.project.loss) == (&self.project.model, &self.project.loss)
            && n_done.is_some_and(|it| it <= n_steps && it == position.losses.len() as u64)
            && (outputs.is_empty() || outputs.len() == n_seen * n_outputs)
            && position.best.is_some() == best.is_some();
        let text = || format!("the checkpoint of step {} is not of this run", position.step);
        if is_sound { Ok(()) } else { Err(TrainError::Weights(text())) }
    }

    /// Goes to where a checkpoint was taken; `events` are those that were told by then.
    pub(super) fn restore(&mut self, checkpoint: Checkpoint, events: &[Event]) -> Result<(), TrainError> {
        self.check(&checkpoint)?;
        let Checkpoint { position, weights, memory, best, outputs } = checkpoint;
        self.trainer.load(&weights);
        self.trainer.remember(&memory);
        let (device, memory) = (self.project.device, self.project.memory.clone());
        self.project = position.project;
        (self.project.device, self.project.memory) = (device, memory);
        (self.step, self.epoch) = (position.step, position.epoch);
        (self.watch, self.plateau) = (position.watch, position.plateau);
        self.last_norm = position.last_norm.map(f64::from_bits);
        self.best = position.best.zip(best);
        self.has_unwritten_best = self.best.is_some();
        self.last = position.last;
        self.has_stopped = position.has_stopped;
        self.trained = Duration::try_from_secs_f64(position.trained_seconds).unwrap_or_default();
        self.trained_rows = position.trained_rows;
        let before = Duration::try_from_secs_f64(position.seconds).unwrap_or_default();
        self.began = self.began.checked_sub(before).unwrap_or(self.began);
        self.keeping.best = position.best_kept;
        self.keeping.last_epoch = self.epoch;
        let training = &self.project.training;
        let order = epoch_order(&self.data.split.train, training.seed, self.epoch + 1, training.shuffle);
        self.sums = EpochSums::restored(&position.losses, order.chunks(self.batch_size()), outputs);
        for event in events {
            match event {
                // What the doctor says of them was told before.
                Event::Epoch(row) => drop(self.doctor.observe(row)),
                Event::Finding(row) => self.note_finding(row),
                _ => {}
            }
        }
        Ok(())
    }
}
