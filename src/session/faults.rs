//! A training whose disk fails: at every write, rename and flush of a whole run, in every way.
//!
//! After each fault everything that was acknowledged can be read, and the run goes on to the very same end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Instant;

use super::checkpoint::Checkpoint;
use super::resume::Interrupted;
use super::store::Store;
use super::{Job, Session, read_run};
use crate::engine::Weights;
use crate::project::disk::Operation;
use crate::project::disk::faults::{Faults, Kind, Moment};
use crate::run::{EpochRow, Event, FinishReason};
use crate::spec::Project;

const SETTINGS: [&str; 10] = [
    "data=spirals",
    "device=cpu",
    "epochs=5",
    "batch_size=64",
    "model.hidden=[8]",
    "stopping=patience",
    "stopping.restore_best=off",
    "checkpoint.epochs=1",
    "checkpoint.keep=2",
    // So slowly that no checkpoint has to wait for the one before it.
    "pace=800",
];

/// Steps are told, too: they wait in memory for the next epoch.
const LOG_EVERY: Option<u64> = Some(4);

/// What a watcher was told, and may count on from then.
#[derive(Default)]
struct Acknowledged {
    epochs: Vec<EpochRow>,
    checkpoint: Option<u64>,
    end: Option<FinishReason>,
    warnings: Vec<String>,
}

impl Acknowledged {
    /// Follows a training to its end. What is told while events wait for room counts only once they are written.
    fn follow(mut session: Session) -> Self {
        let mut known = Self::default();
        let (mut waiting, mut is_waiting) = (Vec::new(), false);
        while let Some(events) = session.wait() {
            for event in events {
                match event {
                    Event::Warning { text } => {
                        is_waiting |= text.contains("events cannot be written");
                        if text.contains("events are written again") {
                            is_waiting = false;
                            known.epochs.append(&mut waiting);
                        }
                        known.warnings.push(text);
                    }
                    Event::Epoch(row) if is_waiting => waiting.push(row),
                    Event::Epoch(row) => known.epochs.push(row),
                    Event::Checkpoint { step, .. } => known.checkpoint = Some(step),
                    Event::Finished(it) => known.end = Some(it.reason),
                    _ => {}
                }
            }
        }
        known
    }
}

fn train(out: &Path) -> Acknowledged {
    let mut project = Project::default();
    for setting in SETTINGS {
        project.set(setting).unwrap();
    }
    let mut job = Job::new(project, Path::new(""));
    (job.out, job.log_every) = (Some(out.to_owned()), LOG_EVERY);
    Acknowledged::follow(Session::spawn(job, || ()))
}

fn resume(run: &Path) -> Acknowledged {
    let folder = run.to_owned();
    let asked =
        Interrupted { folder, device: None, memory: None, log_every: LOG_EVERY, watched: false, began: Instant::now() };
    Acknowledged::follow(Session::resume(asked, || ()))
}

/// What does not depend on the clock: a run's events, and its weights to the bit.
fn essence(run: &Path) -> (Vec<String>, BTreeMap<&'static str, Vec<u8>>) {
    let (_, events) = read_run(run).unwrap();
    let timeless = |event: Event| match event {
        Event::Epoch(row) => Event::Epoch(EpochRow { seconds: 0.0, timing: None, ..row }),
        Event::Started(it) => Event::Started(crate::run::Started { run: String::new(), ..it }),
        Event::Finished(it) => Event::Finished(crate::run::Finished {
            seconds: 0.0,
            samples_per_second: 0.0,
            run_dir: String::new(),
            ..it
        }),
        other => other,
    };
    let lines = events.into_iter().map(|it| timeless(it).to_json()).collect();
    let weights = |name: &'static str| (name, std::fs::read(run.join(name)).unwrap());
    (lines, ["best.safetensors", "last.safetensors"].map(weights).into())
}

/// The same training on a disk without faults, and every operation that it made.
struct Whole {
    essence: (Vec<String>, BTreeMap<&'static str, Vec<u8>>),
    moments: Vec<Moment>,
}

static WHOLE: LazyLock<Whole> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let faults = Faults::below(&run, None);
    let known = train(&run);
    assert_eq!((known.end, known.warnings), (Some(FinishReason::Completed), Vec::new()));
    Whole { essence: essence(&run), moments: faults.moments() }
});

/// Whatever was told of is there.
fn check_what_was_acknowledged(run: &Path, known: &Acknowledged, kind: Kind) {
    for saved in Store::of(run).list() {
        let read = Checkpoint::from_bytes(&std::fs::read(&saved.path).unwrap());
        assert_eq!(read.map(|it| it.position.step), Ok(saved.step), "every checkpoint is whole");
    }
    if let Some(step) = known.checkpoint {
        let length = std::fs::metadata(run.join("events.jsonl")).unwrap().len();
        let newest = Store::of(run).newest(length, u64::MAX).checkpoint.map(|it| it.position.step);
        assert!(newest >= Some(step), "{newest:?} is older than the checkpoint of step {step}, which was told of");
    }
    for name in ["best.safetensors", "last.safetensors"] {
        let path = run.join(name);
        assert!(!path.exists() || Weights::read(&path).is_ok(), "{name} is not whole");
    }
    // A power cut may take what lies behind the last checkpoint.
    if kind != Kind::PowerCut && !known.epochs.is_empty() {
        let (_, events) = read_run(run).unwrap();
        let kept: Vec<_> = events
            .iter()
            .filter_map(|it| if let Event::Epoch(row) = it { Some(row.to_owned()) } else { None })
            .collect();
        let plain = |rows: &[EpochRow]| -> Vec<_> {
            rows.iter().map(|it| (it.epoch, it.train_loss.to_bits(), it.validation_loss.to_bits())).collect()
        };
        let (kept, told) = (plain(&kept), plain(&known.epochs));
        assert!(kept.starts_with(&told), "{kept:?} lacks what was told: {told:?}");
    }
}

/// Lets every operation of a training fail in one way.
fn strike_everywhere(kind: Kind) {
    let mut n_struck = 0;
    for moment in &WHOLE.moments {
        let struck = (0..10).find_map(|_| {
            let folder = tempfile::tempdir().unwrap();
            let run = folder.path().join("run");
            let faults = Faults::below(&run, Some((kind, moment.clone())));
            let known = train(&run);
            // On a busy machine a checkpoint may be left out because the one before it is still being written.
            faults.has_struck().then_some((folder, run, faults, known))
        });
        let (_folder, run, faults, known) = struck.unwrap_or_else(|| panic!("{moment:?} was never met"));
        n_struck += 1;
        if kind == Kind::PowerCut {
            faults.lose_what_was_not_synced();
        }
        drop(faults);
        check_what_was_acknowledged(&run, &known, kind);
        let is_run = run.join("project.ron").is_file();
        assert!(is_run || known.epochs.is_empty(), "a training without a project was told of: {moment:?}");
        // A run that is over is left as it is; one that could not even begin is begun.
        let after = if is_run { resume(&run) } else { train(&run) };
        assert!(after.end.is_some_and(FinishReason::is_success), "{moment:?}: {:?}", after.warnings);
        let (lines, weights) = essence(&run);
        for (line, whole) in lines.iter().zip(&WHOLE.essence.0) {
            assert_eq!(line, whole, "{kind:?} at {moment:?}");
        }
        assert_eq!(lines.len(), WHOLE.essence.0.len(), "{kind:?} at {moment:?}");
        assert!(weights == WHOLE.essence.1, "other weights after {kind:?} at {moment:?}");
        let names = std::fs::read_dir(&run).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
        assert!(names.into_iter().all(|it| !it.starts_with(".learnscope-new-")), "leftovers after {moment:?}");
    }
    writeln!(std::io::stdout(), "{kind:?}: {n_struck} faults").unwrap();
}

#[test]
fn every_kind_of_operation_is_met() {
    let met: BTreeSet<_> = WHOLE.moments.iter().map(|it| it.0).collect();
    let all = [
        Operation::MakeFolder,
        Operation::Open,
        Operation::Write,
        Operation::Sync,
        Operation::Rename,
        Operation::SyncFolder,
        Operation::Remove,
    ];
    assert_eq!(met, all.into(), "cutting is left to runs that go on");
    assert!(WHOLE.moments.len() > 60, "{:?}", WHOLE.moments);
}

#[test]
fn a_run_survives_any_operation_that_fails_once() {
    strike_everywhere(Kind::Once);
}

#[test]
fn a_run_survives_a_disk_that_is_full_from_any_moment_on() {
    strike_everywhere(Kind::Full);
}

#[test]
fn a_run_survives_a_kill_at_any_operation() {
    strike_everywhere(Kind::Kill);
}

#[test]
fn a_run_survives_a_power_cut_at_any_operation() {
    strike_everywhere(Kind::PowerCut);
}
