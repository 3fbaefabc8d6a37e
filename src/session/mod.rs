//! Where training happens: a named thread that obeys commands and tells events.
//!
//! Nothing above knows of threads. What crosses is plain data, commands in and events out, so the
//! thread could as well be another process.

mod apart;
mod auto;
mod checkpoint;
mod course;
#[cfg(test)]
mod faults;
mod fork;
#[cfg(test)]
mod fuzz;
mod glance;
mod inspector;
mod job;
mod marks;
mod meter;
mod model;
mod outbox;
mod probe;
mod recorder;
mod report;
mod resume;
mod seeds;
mod shelf;
mod store;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub use apart::serve;
pub use fork::settings_at;
pub use glance::{Glance, RunState, Told};
pub use inspector::{Contents, Part, checkpoints, open_checkpoint};
pub use job::{Branch, Job, Ready, ready};
pub use marks::Marks;
pub use meter::free_memory;
pub use model::{Model, Prediction, verify_on};
pub use probe::{
    Background, Inquiry, cpu_threads, hardware, in_background, use_cpu_threads, use_huge_pages, verify_device,
};
pub use recorder::{RunFolder, is_record, read_run};
pub use report::{read_folded, write_bytes, write_document};
pub use resume::{Interrupted, Resumption, resume};
pub use seeds::{SeedResult, keep_seeds, kept_seeds};
pub use shelf::{Listing, TRASH_DAYS, bring_back, delete, empty_trash, is_in_trash};

pub use crate::engine::{
    Advice, Comparison, DataSize, DeviceInfo, Forecast, MemoryRemedy, Part as MemoryPart, advise, forecast, try_devices,
};

use crate::run::{Command, Event, FinishReason, Finished, Views};

/// Commands that may wait; more than a person can press in a step.
const COMMANDS_WAITING: usize = 64;
/// A worker that has not left by then is ended.
const PATIENCE: Duration = Duration::from_secs(10);
/// Batches of events that may wait before the training keeps them back itself.
const BATCHES_WAITING: usize = 32;

/// A training on its own thread.
///
/// Dropping it asks the training to stop and waits for the current step, so that what was reached is written.
pub struct Session {
    commands: SyncSender<Command>,
    events: Receiver<Vec<Event>>,
    views: Latest<Views>,
    thread: Option<thread::JoinHandle<()>>,
    over: bool,
    /// The process that trains; none where a thread does.
    worker: Option<apart::Worker>,
}

/// A value of which only the newest counts.
pub(crate) struct Latest<T>(Arc<Mutex<Option<Arc<T>>>>);

impl<T> Clone for Latest<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Latest<T> {
    fn empty() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(value));
    }

    /// Takes the newest value; none where it was taken before.
    fn take(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

impl Session {
    /// Loads, checks and trains on a thread of its own. Bad input becomes a failed run.
    ///
    /// `wake` is called from that thread whenever there is something to drain.
    pub fn spawn(job: Job, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::on_thread(wake, move |desk| match ready(job) {
            Ok(ready) => worker::train(ready, desk),
            Err(problems) => desk.out.fail(&problems.join("; ")),
        })
    }

    /// Goes on with an interrupted run on a thread of its own.
    pub fn resume(asked: Interrupted, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::on_thread(wake, move |desk| resume::go_on(&asked, desk))
    }

    /// Trains what was made ready before.
    pub fn start(ready: Ready, wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self::on_thread(wake, move |desk| worker::train(ready, desk))
    }

    /// Asks for something; it takes effect after the current step. Lost where the training is over.
    pub fn send(&self, command: Command) {
        self.commands.try_send(command).ok();
    }

    /// What happened since the last call. Never waits.
    pub fn drain(&mut self) -> Vec<Event> {
        let mut drained = Vec::new();
        loop {
            match self.events.try_recv() {
                Ok(events) => drained.extend(events),
                Err(TryRecvError::Empty) => return drained,
                Err(TryRecvError::Disconnected) => {
                    self.over = true;
                    return drained;
                }
            }
        }
    }

    /// Waits for what happens next; none when the training is over.
    pub fn wait(&mut self) -> Option<Vec<Event>> {
        let events = self.events.recv().ok();
        self.over = events.is_none();
        events
    }

    /// The newest pictures; none where they were taken before.
    pub fn views(&self) -> Option<Arc<Views>> {
        self.views.take()
    }

    /// Whether everything was told and the thread is done.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// The process that trains, by the system's number; none where a thread does.
    pub fn process(&self) -> Option<u32> {
        self.worker.as_ref().map(apart::Worker::id)
    }

    /// Pulls the plug: ends the process that trains at once. False where a thread trains, which cannot be ended so.
    pub fn kill(&self) -> bool {
        self.worker.as_ref().inspect(|it| it.kill()).is_some()
    }

    /// A handle that can ask from another thread, for a signal handler.
    pub fn commander(&self) -> impl Fn(Command) + Send + Sync + 'static {
        let commands = self.commands.clone();
        move |command| {
            commands.try_send(command).ok();
        }
    }

    fn on_thread(wake: impl Fn() + Send + Sync + 'static, body: impl FnOnce(&mut Desk) + Send + 'static) -> Self {
        let (commands, asked) = sync_channel(COMMANDS_WAITING);
        let (told, events) = sync_channel(BATCHES_WAITING);
        let views = Latest::empty();
        let mut desk = Desk { asked, out: outbox::Outbox::new(told, Box::new(wake)), views: views.clone() };
        let body = move || {
            // Burn panics where a driver fails or a shape is wrong; a run must end in words.
            let caught = catch_unwind(AssertUnwindSafe(|| body(&mut desk)));
            if let Err(panic) = caught {
                desk.out.fail(&panic_words(panic.as_ref()));
            }
            desk.out.close();
        };
        let thread = thread::Builder::new().name("training".to_owned()).spawn(body).ok();
        Self { commands, events, views, over: thread.is_none(), thread, worker: None }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.commands.try_send(Command::Stop).ok();
        // The training must not wait for a reader that has gone.
        match &self.worker {
            None => while self.events.recv().is_ok() {},
            Some(worker) => {
                let patience = Instant::now() + PATIENCE;
                while let Ok(_) | Err(RecvTimeoutError::Timeout) =
                    self.events.recv_timeout(patience.saturating_duration_since(Instant::now()))
                {
                    if Instant::now() >= patience {
                        worker.kill();
                    }
                }
            }
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// What the training side holds of a session.
pub(crate) struct Desk {
    pub(crate) asked: Receiver<Command>,
    pub(crate) out: outbox::Outbox,
    pub(crate) views: Latest<Views>,
}

/// A run that ended before it could say anything itself.
pub(crate) fn failed(text: &str) -> Event {
    Event::Finished(Finished {
        reason: FinishReason::Failed,
        text: text.to_owned(),
        epochs: 0,
        best_epoch: 0,
        best_validation_loss: f64::NAN,
        test: std::collections::BTreeMap::new(),
        run_dir: String::new(),
        seconds: 0.0,
        samples_per_second: 0.0,
    })
}

/// A panic as one line for a user: no file, no line number, no trace.
pub(crate) fn panic_words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let first = text.and_then(|it| it.lines().next()).unwrap_or("no reason was given");
    format!(
        "Training broke off inside the program: {first}. Earlier epochs are kept; try the CPU, or a smaller network"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_while_training_ends_the_run_in_words() {
        let mut session = Session::on_thread(|| (), |_| panic!("boom in the driver"));
        let events = session.wait().unwrap_or_default();
        let [Event::Finished(finished)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(finished.reason, FinishReason::Failed);
        assert!(finished.text.contains("boom in the driver") && !finished.text.contains(".rs"), "{}", finished.text);
        assert!(session.wait().is_none(), "and then it is over");
    }
}
