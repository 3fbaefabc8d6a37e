//! Events on their way out, in batches, without ever holding up the training.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use super::recorder::Recorder;
use crate::run::Event;

/// Often enough to look live, rarely enough that a tiny network is not slowed by messages.
const REPORT_EVERY: Duration = Duration::from_millis(33);
/// Steps between looks at the clock, which costs as much as a small layer.
const LOOK_EVERY: u32 = 16;

/// Collects events, writes them to the run folder and hands them on.
pub(crate) struct Outbox {
    to: Option<SyncSender<Vec<Event>>>,
    wake: Box<dyn Fn() + Send + Sync>,
    batch: Vec<Event>,
    recorder: Option<Recorder>,
    last_sent: Instant,
    since_look: u32,
    finished: bool,
}

impl Outbox {
    pub(super) fn new(to: SyncSender<Vec<Event>>, wake: Box<dyn Fn() + Send + Sync>) -> Self {
        Self {
            to: Some(to),
            wake,
            batch: Vec::new(),
            recorder: None,
            last_sent: Instant::now(),
            since_look: 0,
            finished: false,
        }
    }

    /// From now on events are written to a run folder, too.
    pub(super) fn record(&mut self, recorder: Recorder) {
        self.recorder = Some(recorder);
    }

    /// Closes the run's files: what is told from here on is only shown.
    pub(super) fn stop_recording(&mut self) {
        self.recorder = None;
    }

    pub(super) fn recorder(&mut self) -> Option<&mut Recorder> {
        self.recorder.as_mut()
    }

    /// Writes an event and hands it on with the next batch.
    pub(super) fn tell(&mut self, event: Event) {
        if let Some(recorder) = &mut self.recorder
            && let Err(trouble) = recorder.write(&event)
        {
            // Training is worth more than its diary; say it once and go on.
            self.recorder = None;
            self.batch.push(Event::Warning { text: trouble });
        }
        self.finished |= matches!(event, Event::Finished(_));
        self.batch.push(event);
    }

    /// Hands on without writing: what only a watcher wants.
    pub(super) fn show(&mut self, event: Event) {
        self.batch.push(event);
    }

    /// Sends the batch where it is due and the reader has room.
    pub(super) fn flush_if_due(&mut self) {
        self.since_look += 1;
        if self.since_look >= LOOK_EVERY || self.batch.len() >= 1024 {
            self.since_look = 0;
            if self.last_sent.elapsed() >= REPORT_EVERY {
                self.flush();
            }
        }
    }

    /// Sends the batch now where the reader has room; keeps it otherwise.
    pub(super) fn flush(&mut self) {
        let Some(to) = &self.to else { return };
        if self.batch.is_empty() {
            return;
        }
        self.last_sent = Instant::now();
        match to.try_send(std::mem::take(&mut self.batch)) {
            Ok(()) => (self.wake)(),
            Err(TrySendError::Full(batch)) => self.batch = batch,
            Err(TrySendError::Disconnected(_)) => self.to = None,
        }
    }

    /// Whether nobody listens any more.
    pub(super) fn is_deserted(&self) -> bool {
        self.to.is_none()
    }

    /// Ends a run that cannot end itself. Says nothing where it has ended already.
    pub(super) fn fail(&mut self, text: &str) {
        if !self.finished {
            self.tell(super::failed(text));
        }
    }

    /// Sends what is left, waiting for room, and hangs up.
    pub(super) fn close(&mut self) {
        if let Some(to) = self.to.take() {
            to.send(std::mem::take(&mut self.batch)).ok();
        }
        self.recorder = None;
        (self.wake)();
    }
}
