//! The steps of an epoch: one batch after the other, what each told, and pictures in between.

use std::time::{Duration, Instant};

use super::sums::EpochSums;
use super::{End, Worker};
use crate::data::epoch_order;
use crate::engine::StepOrder;
use crate::run::{Event, FinishReason, StepRow};

/// Gradient norms cost a pass over all weights; every tenth step is enough to see them move.
const NORM_EVERY: u64 = 10;
/// Steps whose losses are read back together from a graphics card, where each read waits for all work.
const READ_TOGETHER: usize = 16;
/// Pictures may take this share of the time.
const PICTURE_SHARE: u32 = 30;
const PICTURE_EVERY: Duration = Duration::from_millis(60);

impl Worker<'_> {
    pub(super) fn train_epoch(&mut self) -> Result<(), End> {
        let order = epoch_order(
            &self.data.split.train,
            self.project.training.seed,
            self.epoch + 1,
            self.project.training.shuffle,
        );
        // A run that goes on from the middle of an epoch has made some of its steps.
        let n_done = self.step - self.last.as_ref().map_or(0, |it| it.step);
        if n_done == 0 {
            self.sums = EpochSums::default();
        }
        let mut batches = order.chunks(self.batch_size()).skip(n_done as usize).peekable();
        while let Some(batch) = batches.next() {
            self.obey()?;
            self.keep_pace()?;
            self.keep_if_due()?;
            self.take_turns()?;
            self.mind_the_budget()?;
            self.one_step(batch, batches.peek().is_none())?;
            self.desk.out.flush_if_due();
        }
        self.collect()
    }

    fn one_step(&mut self, batch: &[u32], is_last: bool) -> Result<(), End> {
        let began = Instant::now();
        self.step += 1;
        let epoch = self.epoch + 1;
        let share = self.project.schedule.share(self.step, epoch, self.project.training.epochs, self.plateau.drops);
        let order = StepOrder {
            step: self.step,
            epoch,
            learning_rate: self.project.learning_rate * share,
            measure_norm: self.step % NORM_EVERY == 1,
            measure_layers: is_last,
            clip_norm: self.project.clip_norm,
        };
        let gathered = self.trainer.gather(batch);
        let input = began.elapsed();
        self.trainer.step(gathered, order);
        if self.trainer.n_pending() >= self.read_together() {
            self.collect()?;
        }
        let took = began.elapsed();
        self.trained += took;
        self.sums.note_time(took, input);
        self.trained_rows += batch.len() as u64;
        if let Some(scout) = &mut self.scout {
            scout.note_cpu_step(took);
        }
        if self.single {
            self.single = false;
            self.paused = true;
            self.collect()?;
            self.draw();
            self.desk.out.tell(Event::Paused { step: self.step });
            self.desk.out.flush();
        } else {
            self.draw_if_due();
        }
        Ok(())
    }

    /// Reads back what steps have left on the device, and tells it.
    pub(super) fn collect(&mut self) -> Result<(), End> {
        for done in self.trainer.collect().map_err(End::Trouble)? {
            let row = done.row.clone();
            self.sums.add(done);
            self.last_norm = row.gradient_norm.or(self.last_norm);
            let is_finite = row.train_loss.is_finite();
            // A step that blew up is always told: it is what a later diagnosis needs to see.
            if !is_finite || (self.told_every > 0 && row.step % self.told_every == 0) {
                self.desk.out.tell(Event::Step(row.clone()));
            }
            if !is_finite {
                return Err(self.diverge(&row));
            }
        }
        Ok(())
    }

    fn diverge(&mut self, row: &StepRow) -> End {
        for finding in self.doctor.not_finite(row) {
            self.tell_finding(finding);
        }
        let text = format!(
            "The loss was no longer a number at step {}. A smaller learning rate or gradient clipping may help",
            row.step
        );
        End::Reason(FinishReason::Diverged, text)
    }

    pub(super) fn draw_if_due(&mut self) {
        if self.watched
            && self.desk.views.is_empty()
            && self.last_picture.elapsed() >= PICTURE_EVERY.max(self.picture_cost * PICTURE_SHARE)
        {
            self.draw();
        }
    }

    pub(super) fn draw(&mut self) {
        if !self.watched {
            return;
        }
        let began = Instant::now();
        // Without its pictures the run is still whole, so a failure to draw is left to the next step to tell.
        if let Ok(views) = self.trainer.views(self.epoch, self.step) {
            self.desk.views.put(views);
        }
        self.last_picture = Instant::now();
        self.picture_cost = began.elapsed();
    }

    fn read_together(&self) -> usize {
        if self.device.is_cpu || self.single { 1 } else { READ_TOGETHER }
    }
}
