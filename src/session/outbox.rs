//! Events on their way out, in batches, without ever holding up the training.

use std::sync::mpsc::{SyncSender, TrySendError};
use std::time::{Duration, Instant};

use super::recorder::Recorder;
use super::report;
use crate::run::{Event, FinishReason, Finished};

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
        // Training is worth more than its diary: where that cannot be written, it is said, and training goes on.
        if let Some(text) = self.recorder.as_mut().and_then(|it| it.write(&event)) {
            self.batch.push(Event::Warning { text });
        }
        if matches!(event, Event::Finished(_)) {
            self.finished = true;
            self.write_report();
        }
        self.batch.push(event);
    }

    /// Tells the end of a run, `kept` being what became of its files. A run that asked to be written and could not be
    /// has failed, whatever its training came to. Returns the reason that was told.
    pub(super) fn end(&mut self, finished: Finished, kept: Result<(), String>) -> FinishReason {
        let finished = if let Err(why) = kept { unwritten(finished, &why) } else { finished };
        let written = self.recorder.as_mut().map_or(Ok(()), |it| it.write_end(&Event::Finished(finished.clone())));
        let finished = if let Err(why) = written { unwritten(finished, &why) } else { finished };
        let reason = finished.reason;
        self.finished = true;
        self.write_report();
        self.batch.push(Event::Finished(finished));
        reason
    }

    /// Writes the run down in words, once its diary has an end. Without it nothing is lost that could not be written
    /// again from the diary.
    fn write_report(&mut self) {
        if let Some(Err(text)) = self.recorder.as_mut().map(report::write_own) {
            self.batch.push(Event::Warning { text });
        }
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

/// The end of a run that came to one and could not be written.
fn unwritten(finished: Finished, why: &str) -> Finished {
    if !finished.reason.is_success() {
        return finished;
    }
    let end = finished.text.trim_end_matches('.');
    let text = format!("{end}, but the run is not written to its end: {why}. Once it can be, the run can go on");
    Finished { reason: FinishReason::Failed, text, ..finished }
}
