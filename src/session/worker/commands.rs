//! Between two steps: doing what was asked, and keeping the pace.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::{End, Worker};
use crate::run::{Changed, Command, Event, FinishReason};
use crate::spec::StoppingSpec;

/// Between two looks at a checkpoint that is being written while paused.
const A_LOOK: Duration = Duration::from_millis(20);

impl Worker<'_> {
    /// Does what was asked since the last step; waits here while paused.
    pub(super) fn obey(&mut self) -> Result<(), End> {
        loop {
            let command = if self.paused && !self.single {
                self.next_command().ok_or_else(|| stopped("The window was closed"))?
            } else {
                match self.desk.asked.try_recv() {
                    Ok(command) => command,
                    Err(TryRecvError::Empty) if self.desk.out.is_deserted() => {
                        return Err(stopped("Nobody listens any more"));
                    }
                    Err(TryRecvError::Empty) => return Ok(()),
                    Err(TryRecvError::Disconnected) => return Err(stopped("The window was closed")),
                }
            };
            self.follow(command)?;
        }
    }

    /// Waits for a command, and tells meanwhile what became of a checkpoint; none when nobody gives any more.
    fn next_command(&mut self) -> Option<Command> {
        while self.is_writing_checkpoint() {
            match self.desk.asked.recv_timeout(A_LOOK) {
                Ok(command) => return Some(command),
                Err(RecvTimeoutError::Timeout) => self.note_written(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
            self.desk.out.flush();
        }
        self.desk.asked.recv().ok()
    }

    fn follow(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Pause if !self.paused => {
                // Whoever pauses may be about to leave.
                self.wait_for_checkpoint();
                self.keep()?;
                self.paused = true;
                self.draw();
                self.desk.out.tell(Event::Paused { step: self.step });
                self.desk.out.flush();
            }
            Command::Resume if self.paused => {
                self.paused = false;
                self.single = false;
                self.next_step_at = Instant::now();
                self.desk.out.tell(Event::Resumed { step: self.step });
                self.desk.out.flush();
            }
            // Training on behind the end is for a run that has one.
            Command::Pause | Command::Resume | Command::GoOn { .. } => {}
            Command::Step => {
                self.single = true;
                self.next_step_at = Instant::now();
            }
            Command::Stop => return Err(stopped("Stopped by hand")),
            Command::Leave => {
                self.keep_now()?;
                return Err(End::Left);
            }
            Command::Set { key, value } => self.turn(&key, &value),
            Command::Probe => self.probe()?,
            Command::RangeTest => self.range_test()?,
            Command::Forget => self.forget()?,
        }
        Ok(())
    }

    /// Turns a knob that may be turned while training; refuses others in words.
    fn turn(&mut self, key: &str, value: &str) {
        let mut project = self.project.clone();
        let is_live = project.with_knob(key, |knob| knob.live).unwrap_or(false);
        let refusal = if self.is_retracing() {
            Some(format!("{key} can be changed once the fork has left its parent; it is still retracing it"))
        } else if is_live {
            project.set_value(key, value).err().map(|err| err.to_string())
        } else {
            Some(format!("{key} cannot be changed while training"))
        };
        if let Some(text) = refusal {
            return self.desk.out.tell(Event::Warning { text });
        }
        let changed = Changed {
            step: self.step,
            epoch: self.epoch,
            key: key.to_owned(),
            from: self.project.get(key).unwrap_or_default(),
            to: project.get(key).unwrap_or_default(),
            by: "user".to_owned(),
        };
        if changed.from == changed.to {
            return;
        }
        self.project = project;
        if let StoppingSpec::Patience(it) = &self.project.stopping {
            self.watch.turn(it.patience, it.min_delta);
        }
        self.next_step_at = Instant::now();
        self.desk.out.tell(Event::Changed(changed));
        self.desk.out.flush();
    }

    /// Waits until the next step is due, and obeys meanwhile.
    pub(super) fn keep_pace(&mut self) -> Result<(), End> {
        // What is retraced was watched before.
        let unhurried = self.single || self.is_retracing();
        let Some(pace) = self.project.training.pace.filter(|it| *it > 0.0 && !unhurried) else { return Ok(()) };
        loop {
            let wait = self.next_step_at.saturating_duration_since(Instant::now());
            if wait.is_zero() || self.project.training.pace.is_none() || self.single {
                break;
            }
            self.desk.out.flush();
            match self.desk.asked.recv_timeout(wait) {
                Ok(command) => {
                    self.follow(command)?;
                    self.obey()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(stopped("The window was closed")),
            }
        }
        let gap = Duration::try_from_secs_f64(1.0 / self.project.training.pace.unwrap_or(pace)).unwrap_or_default();
        // After a hiccup it goes on from now and does not hurry to catch up.
        self.next_step_at = (self.next_step_at + gap).max(Instant::now());
        Ok(())
    }
}

fn stopped(why: &str) -> End {
    End::Reason(FinishReason::Stopped, why.to_owned())
}
