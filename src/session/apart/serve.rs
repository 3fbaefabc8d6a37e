//! The worker's side: one training, driven through standard input and output.

use std::io::{self, Read, Write};
use std::path::Path;
use std::thread;

use super::super::job::Job;
use super::super::resume::Interrupted;
use super::super::{Session, failed, use_cpu_threads};
use super::frame::{Down, Order, Up, VERSION, Work, read, write};
use crate::run::Command;

/// Does the one training that is ordered, and returns when it is over. Where the window goes away without a word,
/// the training writes a checkpoint and leaves, so that it can go on later.
///
/// # Arguments
/// - wake: called from the training's thread whenever it has told something
///
/// # Errors
/// When what comes in is no order of this version.
pub fn serve(
    mut from: impl Read + Send + 'static,
    mut to: impl Write,
    wake: impl Fn() + Send + Sync + 'static,
) -> io::Result<()> {
    let order = match read::<Down>(&mut from)? {
        Some(Down::Order(order)) if order.version == VERSION => order,
        Some(Down::Order(order)) => {
            let text = format!(
                "the program was replaced while its window was open (messages of version {}, and this one speaks {VERSION}); close the window and open it again",
                order.version
            );
            return write(&mut to, &Up::Events(vec![failed(&text)]));
        }
        Some(Down::Command(_)) | None => return Err(io::Error::other("a worker must be told first what to do")),
    };
    if let Some(threads) = order.threads {
        use_cpu_threads(threads.max(1));
    }
    let mut session = start(order, wake);
    let commander = session.commander();
    let listen = move || {
        while let Ok(Some(Down::Command(command))) = read(&mut from) {
            commander(command);
        }
        commander(Command::Leave);
    };
    thread::Builder::new().name("listen".to_owned()).spawn(listen)?;
    while let Some(events) = session.wait() {
        if write(&mut to, &Up::Events(events)).is_err() {
            // The window is gone. Before it is dropped, which would end the run for good, the training is told to leave.
            session.send(Command::Leave);
            break;
        }
        if let Some(views) = session.views() {
            write(&mut to, &Up::Views(Box::new((*views).clone()))).ok();
        }
    }
    Ok(())
}

fn start(order: Order, wake: impl Fn() + Send + Sync + 'static) -> Session {
    match order.work {
        Work::Train { project, name, out, log_every, begins_paused, watched, branch } => {
            let mut job = Job::new(*project, &order.base);
            (job.name, job.out, job.log_every, job.branch) = (name, out, log_every, branch);
            (job.watched, job.begins_paused) = (watched, begins_paused);
            Session::spawn(job, wake)
        }
        Work::Resume { folder, device, memory, log_every } => {
            let asked =
                Interrupted { folder, device, memory, log_every, watched: true, began: std::time::Instant::now() };
            Session::resume(asked, wake)
        }
    }
}

/// The folder that relative paths start at, for an order.
pub(super) fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, pipe};
    use std::time::{Duration, Instant};

    use super::*;
    use crate::run::{Event, FinishReason};
    use crate::session::read_run;
    use crate::spec::Project;

    /// An order to train for a long time.
    fn long_order(out: &Path) -> Down {
        let mut project = Project::default();
        for setting in
            ["data=spirals", "device=cpu", "stopping=off", "epochs=1000", "pace=200", "checkpoint.seconds=60"]
        {
            project.set(setting).unwrap();
        }
        let work = Work::Train {
            project: Box::new(project),
            name: "spirals".to_owned(),
            out: Some(out.to_owned()),
            log_every: None,
            begins_paused: false,
            watched: true,
            branch: None,
        };
        Down::Order(Order { version: VERSION, base: "".into(), threads: None, work })
    }

    #[test]
    fn where_the_window_goes_away_without_a_word_the_run_is_left_to_go_on_later() {
        is_left(|to_worker, from_worker| {
            drop(to_worker);
            let mut from_worker = from_worker;
            let began = Instant::now();
            while read::<Up>(&mut from_worker).unwrap().is_some() {
                assert!(began.elapsed() < Duration::from_secs(20), "it never leaves");
            }
        });
    }

    #[test]
    fn where_the_window_no_longer_listens_the_run_is_left_to_go_on_later() {
        let (keep, kept) = std::sync::mpsc::sync_channel(1);
        is_left(|to_worker, from_worker| {
            drop(from_worker);
            // Nothing but the pipe that broke tells the worker.
            keep.send(to_worker).unwrap();
        });
        drop(kept);
    }

    /// Trains for some epochs, does something to the pipes, and looks at what the worker left.
    fn is_left(go_away: impl FnOnce(std::io::PipeWriter, BufReader<std::io::PipeReader>)) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let (ours, mut to_worker) = pipe().unwrap();
        let (from_worker, theirs) = pipe().unwrap();
        let worker =
            thread::Builder::new().name("worker".to_owned()).spawn(move || serve(ours, theirs, || ())).unwrap();
        write(&mut to_worker, &long_order(&out)).unwrap();
        let mut from_worker = BufReader::new(from_worker);
        let mut n_epochs = 0;
        while n_epochs < 3 {
            let message = read::<Up>(&mut from_worker).unwrap().expect("the worker goes on");
            let Up::Events(events) = message else { continue };
            n_epochs += events.iter().filter(|it| matches!(it, Event::Epoch(_))).count();
        }
        go_away(to_worker, from_worker);
        worker.join().unwrap().unwrap();
        let (_, events) = read_run(&out).unwrap();
        assert!(!events.iter().any(|it| matches!(it, Event::Finished(_))), "it has no end");
        let last = std::fs::read_dir(out.join("checkpoints")).unwrap().map(|it| it.unwrap().file_name()).max().unwrap();
        assert_ne!(last, "step-00000000.safetensors", "a checkpoint was written on leaving");
    }

    #[test]
    fn a_worker_whose_training_panics_says_so_and_leaves() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("run");
        let (ours, mut to_worker) = pipe().unwrap();
        let (from_worker, theirs) = pipe().unwrap();
        let run = out.clone();
        let wake = move || {
            let diary = std::fs::read_to_string(run.join("events.jsonl")).unwrap_or_default();
            let has_end = diary.contains("\"finished\"");
            if !has_end && diary.contains("\"epoch\":2") && thread::current().name() == Some("training") {
                // As a panic, without its print in the log of the tests.
                std::panic::resume_unwind(Box::new("the driver is gone"));
            }
        };
        let serve = move || serve(ours, theirs, wake);
        let worker = thread::Builder::new().name("worker".to_owned()).spawn(serve).unwrap();
        write(&mut to_worker, &long_order(&out)).unwrap();
        let mut told = Vec::new();
        let mut from_worker = BufReader::new(from_worker);
        while let Some(message) = read::<Up>(&mut from_worker).unwrap() {
            told.extend(if let Up::Events(events) = message { events } else { Vec::new() });
        }
        worker.join().unwrap().unwrap();
        let Some(Event::Finished(end)) = told.last() else { panic!("{told:?}") };
        assert_eq!(end.reason, FinishReason::Failed);
        assert!(end.text.contains("inside the program: the driver is gone"), "{}", end.text);
        assert!(matches!(read_run(&out).unwrap().1.last(), Some(Event::Finished(it)) if it.text == end.text));
    }

    #[test]
    fn another_version_is_refused_in_words() {
        let work = Work::Resume { folder: "nowhere".into(), device: None, memory: None, log_every: None };
        let mut order = Vec::new();
        write(&mut order, &Down::Order(Order { version: VERSION + 1, base: "".into(), threads: None, work })).unwrap();
        let (from_worker, theirs) = pipe().unwrap();
        serve(std::io::Cursor::new(order), theirs, || ()).unwrap();
        let Some(Up::Events(events)) = read(&mut BufReader::new(from_worker)).unwrap() else { panic!("no answer") };
        let [Event::Finished(finished)] = events.as_slice() else { panic!("{events:?}") };
        assert!(finished.text.contains("close the window and open it again"), "{}", finished.text);
    }
}
