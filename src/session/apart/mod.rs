//! Training in a process of its own, so that whatever ends it leaves the window and the run folder whole.
//!
//! The worker is this very program, started as `learnscope worker`. Commands and events are the same as between two
//! threads; the worker writes the run folder. Memory that runs out, a driver that crashes or a kill end the worker
//! and become a message in the window.

mod frame;
#[cfg(test)]
mod fuzz;
mod serve;

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub use serve::serve;

use super::job::{Branch, Job, ready};
use super::resume::{Interrupted, go_on};
use super::{BATCHES_WAITING, COMMANDS_WAITING, Desk, Latest, Session, failed, worker};
use crate::run::{Command, Event, Views};
use frame::{Down, Order, Up, VERSION, Work, read, write};

/// Of what a worker complained of on its way down, the end is kept.
const LAST_WORDS: usize = 4096;
/// What holds however a worker ended.
const WHOLE: &str = "What was written is whole, and the run can go on from its last checkpoint";

/// A running worker, held by whoever may have to end it.
#[derive(Clone)]
pub(super) struct Worker(Arc<Mutex<Child>>);

impl Worker {
    /// Ends it at once.
    pub(super) fn kill(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kill().ok();
    }

    /// The system's number of the process.
    pub(super) fn id(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).id()
    }
}

impl Session {
    /// Trains in a process of its own, started from `program`; on a thread of this one where it cannot be started.
    pub fn spawn_apart(program: &Path, job: Job, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let work = Work::Train {
            project: Box::new(job.project.clone()),
            name: job.name.clone(),
            out: job.out.as_deref().map(serve::absolute),
            log_every: job.log_every,
            begins_paused: job.begins_paused,
            watched: job.watched,
            branch: job.branch.clone().map(|it| Branch { run: serve::absolute(&it.run), ..it }),
        };
        let order = Order { version: VERSION, base: serve::absolute(&job.base), threads: job.threads, work };
        Self::apart(program, &order, wake, move |desk| match ready(job) {
            Ok(ready) => worker::train(ready, desk),
            Err(problems) => desk.out.fail(&problems.join("; ")),
        })
    }

    /// Goes on with an interrupted run in a process of its own; on a thread where none can be started.
    pub fn resume_apart(program: &Path, asked: Interrupted, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let folder = serve::absolute(&asked.folder);
        let work =
            Work::Resume { folder, device: asked.device, memory: asked.memory.clone(), log_every: asked.log_every };
        let order = Order { version: VERSION, base: std::path::PathBuf::new(), threads: None, work };
        Self::apart(program, &order, wake, move |desk| go_on(&asked, desk))
    }

    fn apart(
        program: &Path,
        order: &Order,
        wake: impl Fn() + Send + Sync + 'static,
        otherwise: impl FnOnce(&mut Desk) + Send + 'static,
    ) -> Self {
        let Ok((child, pipe)) = launch(program, order) else { return Self::on_thread(wake, otherwise) };
        let worker = Worker(Arc::new(Mutex::new(child)));
        let (commands, asked) = sync_channel(COMMANDS_WAITING);
        let (told, events) = sync_channel(BATCHES_WAITING);
        let views = Latest::empty();
        let bridge = Bridge { worker: worker.clone(), told, views: views.clone(), wake: Box::new(wake) };
        let obey = move || pass_on(&asked, pipe);
        let listening = thread::Builder::new().name("to worker".to_owned()).spawn(obey);
        let thread = thread::Builder::new().name("from worker".to_owned()).spawn(move || bridge.run()).ok();
        if listening.is_err() || thread.is_none() {
            worker.kill();
        }
        Self { commands, events, views, over: thread.is_none(), thread, worker: Some(worker) }
    }
}

/// Starts the program as a worker and tells it what to do.
fn launch(program: &Path, order: &Order) -> std::io::Result<(Child, ChildStdin)> {
    let mut process = Process::new(program);
    process.arg("worker").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Whatever is inherited: what is not placed by us must not wake a graphics card.
    process.env("BURN_DEVICE", "flex");
    let mut child = process.spawn()?;
    let mut pipe = child.stdin.take().ok_or_else(|| std::io::Error::other("the worker has no input"))?;
    write(&mut pipe, &Down::Order(order.clone()))?;
    Ok((child, pipe))
}

/// Hands commands on until nobody gives any; that closes the pipe, and the worker leaves.
fn pass_on(asked: &Receiver<Command>, mut pipe: ChildStdin) {
    while let Ok(command) = asked.recv() {
        if write(&mut pipe, &Down::Command(command)).is_err() {
            return;
        }
    }
}

/// What the worker tells, on its way to the window.
struct Bridge {
    worker: Worker,
    told: SyncSender<Vec<Event>>,
    views: Latest<Views>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl Bridge {
    fn run(self) {
        let (out, complaints) = {
            let mut child = self.worker.0.lock().unwrap_or_else(PoisonError::into_inner);
            (child.stdout.take(), child.stderr.take())
        };
        let listener = complaints.and_then(|it| {
            thread::Builder::new().name("worker's complaints".to_owned()).spawn(move || last_words(it)).ok()
        });
        let mut has_ended = false;
        let heard = out.map_or(Ok(()), |it| self.pass_up(BufReader::new(it), &mut has_ended));
        if heard.is_err() {
            // It may go on talking for hours to somebody who does not understand it.
            self.worker.kill();
        }
        let status = self.worker.0.lock().unwrap_or_else(PoisonError::into_inner).wait();
        let said = listener.and_then(|it| it.join().ok()).unwrap_or_default();
        if !has_ended {
            let why = match heard {
                Ok(()) => why_it_ended(status.ok(), &said),
                Err(err) => format!(
                    "The training was ended, since what it told could not be understood: {err}. A graphics driver may have written in between; the CPU does not. {WHOLE}"
                ),
            };
            self.told.send(vec![failed(&why)]).ok();
        }
        drop(self.told);
        (self.wake)();
    }

    /// Hands on what comes until the other side hangs up, in the middle of a message or not.
    ///
    /// # Errors
    /// When what comes is no message.
    fn pass_up(&self, mut from: impl Read, has_ended: &mut bool) -> std::io::Result<()> {
        loop {
            match read::<Up>(&mut from) {
                Ok(Some(Up::Events(events))) => {
                    *has_ended |= events.iter().any(|it| matches!(it, Event::Finished(_)));
                    if self.told.send(events).is_err() {
                        return Ok(());
                    }
                }
                Ok(Some(Up::Views(views))) => self.views.put(*views),
                Ok(None) => return Ok(()),
                Err(err) if err.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(err) => return Err(err),
            }
            (self.wake)();
        }
    }
}

/// Reads to the end and keeps the last line.
fn last_words(mut from: impl Read) -> String {
    let mut kept = Vec::new();
    let mut piece = [0; 1024];
    while let Ok(n) = from.read(&mut piece) {
        if n == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..n]);
        let excess = kept.len().saturating_sub(LAST_WORDS);
        kept.drain(..excess);
    }
    let text = String::from_utf8_lossy(&kept);
    text.lines().map(str::trim).rfind(|it| !it.is_empty()).unwrap_or_default().to_owned()
}

/// What ended a worker that could not say so itself, and what to do.
fn why_it_ended(status: Option<ExitStatus>, said: &str) -> String {
    let lower = said.to_lowercase();
    let out_of_memory = lower.contains("memory") || lower.contains("alloc");
    let what = match status.and_then(signal) {
        Some(9) => {
            "The training was ended from outside, most often because the machine had no memory left. A smaller batch or network needs less"
        }
        _ if out_of_memory => "Memory ran out. A smaller batch or network needs less",
        Some(4 | 6 | 7 | 8 | 11) => {
            "The training crashed in native code, most often in a graphics driver. The CPU may do better"
        }
        _ => "The training broke off without a word",
    };
    format!("{what}. {WHOLE}")
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal()
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_the_last_line_however_much_came_before() {
        let text = "noise\n".repeat(5000) + "memory allocation of 8 bytes failed\n\n";
        assert_eq!(last_words(text.as_bytes()), "memory allocation of 8 bytes failed");
        assert!(why_it_ended(None, "memory allocation of 8 bytes failed").starts_with("Memory ran out"));
        assert!(why_it_ended(None, "").contains("without a word"));
    }

    #[cfg(unix)]
    #[test]
    fn a_worker_that_cannot_be_understood_is_ended_and_told_of() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("worker");
        std::fs::write(&script, "#!/bin/sh\necho validation layer: all is well\nexec sleep 600\n").unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
        let began = std::time::Instant::now();
        let mut session =
            Session::spawn_apart(&script, Job::new(crate::spec::Project::default(), Path::new("")), || ());
        let events: Vec<_> = std::iter::from_fn(|| session.wait()).flatten().collect();
        let [Event::Finished(end)] = events.as_slice() else { panic!("{events:?}") };
        assert!(end.text.contains("could not be understood"), "{}", end.text);
        assert!(session.kill(), "there was a process");
        assert!(began.elapsed() < std::time::Duration::from_mins(1), "nobody waits for it");
    }

    #[test]
    fn where_no_worker_can_be_started_a_thread_trains() {
        let mut job = Job::new(crate::spec::Project::default(), Path::new(""));
        for setting in ["epochs=2", "device=cpu", "stopping=off"] {
            job.project.set(setting).unwrap();
        }
        let mut session = Session::spawn_apart(Path::new("/no/such/program"), job, || ());
        let mut n_epochs = 0;
        while let Some(events) = session.wait() {
            n_epochs += events.iter().filter(|it| matches!(it, Event::Epoch(_))).count();
        }
        assert_eq!(n_epochs, 2);
    }
}
