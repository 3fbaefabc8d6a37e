//! The end of a run: keeping weights, the one look at the test rows, and the report.

use std::time::{Duration, Instant};

use super::{End, Worker};
use crate::run::{Command, Event, FinishReason, Finished, Metrics};

/// How often the best weights are written while training; the end always writes them.
const KEEP_EVERY: Duration = Duration::from_secs(5);

impl Worker<'_> {
    pub(super) fn keep_best_if_due(&mut self) {
        if !self.has_unwritten_best || self.last_kept.elapsed() < KEEP_EVERY {
            return;
        }
        self.last_kept = Instant::now();
        let outcome = self.write_best();
        // Said once; the end of the run says what became of it.
        if let Err(text) = &outcome
            && !self.is_best_failing
        {
            self.desk.out.show(Event::Warning { text: format!("{text}. Training goes on, and it is tried again") });
        }
        self.is_best_failing = outcome.is_err();
    }

    fn write_best(&mut self) -> Result<(), String> {
        let Some((_, weights)) = &self.best else { return Ok(()) };
        self.desk.out.recorder().map_or(Ok(()), |it| it.write_weights("best.safetensors", weights))?;
        self.has_unwritten_best = false;
        Ok(())
    }

    pub(super) fn finish(mut self, end: End) {
        let (reason, text) = match end {
            End::Reason(reason, text) => (reason, text),
            End::Trouble(err) => (FinishReason::Failed, err.to_string()),
            // It lies in the checkpoint, too.
            End::Left => return drop(self.write_best()),
        };
        self.keep_at_the_end(reason);
        for finding in self.doctor.finish(reason) {
            self.tell_finding(finding);
        }
        let mut kept = self.write_best();
        self.wait_for_checkpoint();
        // The test is made with the weights that are kept; experiments go on from where training stood.
        let as_trained = self.trainer.fork();
        let test = self.test(reason, &mut kept);
        let best = self.best.as_ref().map(|(row, _)| (row.epoch, row.validation_loss));
        let run_dir = self.desk.out.recorder().map(|it| it.folder().path().display().to_string()).unwrap_or_default();
        let finished = Finished {
            reason,
            text,
            epochs: self.epoch,
            best_epoch: best.map_or(0, |it| it.0),
            best_validation_loss: best.map_or(f64::NAN, |it| it.1),
            test,
            run_dir,
            seconds: self.began.elapsed().as_secs_f64(),
            samples_per_second: self.trained_rows as f64 / self.trained.as_secs_f64().max(1e-9),
        };
        self.draw();
        let reason = self.desk.out.end(finished, kept);
        self.desk.out.flush();
        // Who stopped it has turned away; and a window that closes must not wait for experiments.
        if self.watched && reason.is_success() && reason != FinishReason::Stopped {
            self.trainer = as_trained;
            self.linger();
        }
    }

    /// Takes a last checkpoint of a training that came to an end in order: to look into, and to fork from.
    fn keep_at_the_end(&mut self, reason: FinishReason) {
        self.has_stopped = reason == FinishReason::EarlyStopping;
        let is_in_order =
            matches!(reason, FinishReason::Completed | FinishReason::EarlyStopping | FinishReason::Stopped);
        if is_in_order {
            self.wait_for_checkpoint();
            // Without it the run is still whole.
            self.keep().ok();
        }
    }

    /// Makes experiments for whoever still looks on, until they turn to something else. The run itself is over, so
    /// that nothing of it is written any more.
    fn linger(&mut self) {
        self.desk.out.stop_recording();
        while let Ok(command) = self.desk.asked.recv() {
            let outcome = match command {
                Command::Probe => self.probe(),
                Command::RangeTest => self.range_test(),
                Command::Forget => self.forget(),
                Command::GoOn { epochs } => self.go_on(epochs),
                Command::Stop | Command::Leave => return,
                Command::Pause | Command::Resume | Command::Step | Command::Set { .. } => Ok(()),
            };
            if let Err(End::Trouble(err)) = outcome {
                self.desk.out.tell(Event::Warning { text: err.to_string() });
                self.desk.out.flush();
            }
        }
    }

    /// Measures the test rows, once, with the weights that are kept.
    fn test(&mut self, reason: FinishReason, kept: &mut Result<(), String>) -> Metrics {
        if reason == FinishReason::Failed {
            return Metrics::new();
        }
        let keeps_best = self.watch.restores_best() || reason == FinishReason::Diverged;
        match &self.best {
            Some((_, weights)) if keeps_best => self.trainer.load(&weights.clone()),
            Some(_) if self.trainer.weights().is_ok_and(|it| it.is_finite()) => {
                let written = self.write_last();
                *kept = std::mem::replace(kept, Ok(())).and(written);
            }
            None if reason == FinishReason::Diverged => return Metrics::new(),
            _ => {}
        }
        let Ok(evaluation) = self.trainer.evaluate(&self.data.split.test) else { return Metrics::new() };
        let mut test = evaluation.metrics;
        test.insert("loss".to_owned(), evaluation.loss);
        test
    }

    /// Where the last weights are kept, they have a file of their own beside the best.
    fn write_last(&mut self) -> Result<(), String> {
        let (Ok(weights), Some(recorder)) = (self.trainer.weights(), self.desk.out.recorder()) else { return Ok(()) };
        recorder.write_weights("last.safetensors", &weights)
    }
}
