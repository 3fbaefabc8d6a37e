//! Runs that are killed at random moments and go on: each ends as if nothing had happened, to the bit.
//!
//! `LEARNSCOPE_KILLS=200 cargo test --release --test it survival` kills 200 runs instead of ten
//! (`-- --nocapture` shows what the kills have met).

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::program::{Place, sample};

/// A project that takes at least five seconds, with checkpoints often enough to be hit while they are written.
struct Victim {
    project: &'static str,
    settings: &'static [&'static str],
}

const VICTIMS: [Victim; 3] = [
    Victim {
        project: "used_cars",
        settings: &["epochs=1200", "stopping=off", "model.dropout=0.2", "model.hidden=[96,96]", "checkpoint.keep=3"],
    },
    Victim { project: "spam", settings: &["epochs=150", "stopping=off", "training.measure_train=during"] },
    Victim {
        project: "clothing",
        settings: &["epochs=20", "stopping=off", "model.batch_norm=on", "model.dropout=0.2"],
    },
];

/// What the kills have met.
#[derive(Debug, Default)]
struct Tally {
    kills: usize,
    behind_a_checkpoint: usize,
    while_one_was_written: usize,
}

impl Victim {
    /// The same command begins a run and goes on with it.
    fn train(&self, place: &Place, out: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_learnscope"));
        command.current_dir(place.path("")).args(["train", &sample(self.project), "--device", "cpu", "--quiet"]);
        command.args(["--resume", out, "--log-every", "50", "--set", "checkpoint.seconds=0.4"]);
        for setting in self.settings {
            command.args(["--set", setting]);
        }
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }
}

/// The run's events without times and paths.
pub(crate) fn told(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for key in ["seconds", "samples_per_second", "run_dir", "run"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    events
}

/// Whether a file below has a temporary name.
fn is_writing(run: &Path) -> bool {
    let entries = std::fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    entries.into_iter().any(|it| it.file_name().to_string_lossy().starts_with(".learnscope-"))
}

fn checkpoints(run: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    entries.map(|it| it.path()).filter(|it| it.extension().is_some_and(|it| it == "safetensors")).collect()
}

/// Waits for the moment and kills. False where the run was faster.
fn kill(mut child: Child, run: &Path, moment: Duration, in_a_write: bool, tally: &mut Tally) -> bool {
    let began = Instant::now();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let is_time = began.elapsed() >= moment;
        if is_time && (!in_a_write || is_writing(run)) {
            break;
        }
        std::thread::sleep(Duration::from_micros(if is_time { 200 } else { 2000 }));
    }
    // SIGKILL: nothing in the program gets to know of it.
    child.kill().unwrap();
    child.wait().unwrap();
    tally.kills += 1;
    tally.while_one_was_written += usize::from(is_writing(run));
    // The first one is written before the first step and saves no work.
    let has_one = checkpoints(run).iter().any(|it| !it.ends_with("step-00000000.safetensors"));
    tally.behind_a_checkpoint += usize::from(has_one);
    true
}

#[test]
fn killed_runs_go_on_to_the_very_same_end() {
    let n_kills: usize = std::env::var("LEARNSCOPE_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(10);
    let place = Place::new();
    let mut chance = ChaCha8Rng::seed_from_u64(4);
    let mut tally = Tally::default();
    let whole: Vec<_> = VICTIMS
        .iter()
        .map(|victim| {
            let (out, began) = (format!("whole-{}", victim.project), Instant::now());
            assert!(victim.train(&place, &out).wait().unwrap().success(), "{}", victim.project);
            (told(&place.path(&out)), began.elapsed())
        })
        .collect();
    let mut attempt = 0;
    while tally.kills < n_kills {
        let (victim, (events, took)) = (&VICTIMS[attempt % 3], &whole[attempt % 3]);
        let out = format!("run-{attempt}");
        attempt += 1;
        let run = place.path(&out);
        let moment = took.mul_f64(chance.random_range(0.02..0.95));
        if !kill(victim.train(&place, &out), &run, moment, attempt % 3 == 0, &mut tally) {
            continue;
        }
        for checkpoint in checkpoints(&run) {
            let bytes = std::fs::read(&checkpoint).unwrap();
            assert!(safetensors::SafeTensors::deserialize(&bytes).is_ok(), "{} is not whole", checkpoint.display());
        }
        assert!(victim.train(&place, &out).wait().unwrap().success(), "{} killed after {moment:?}", victim.project);
        assert_eq!(told(&run), *events, "{} killed after {moment:?}", victim.project);
        std::fs::remove_dir_all(&run).unwrap();
    }
    writeln!(std::io::stdout(), "{tally:?}").unwrap();
    assert!(2 * tally.behind_a_checkpoint >= tally.kills, "{tally:?}");
    assert!(tally.while_one_was_written > 0, "{tally:?}");
}

/// The steps of the checkpoints that are there, ascending.
fn steps(run: &Path) -> Vec<u64> {
    let step = |it: &std::path::PathBuf| it.file_stem()?.to_str()?.strip_prefix("step-")?.parse().ok();
    let mut steps: Vec<u64> = checkpoints(run).iter().filter_map(step).collect();
    steps.sort_unstable();
    steps
}

/// Steps in an epoch of the used cars: 862 training rows in batches of 32.
const STEPS_AN_EPOCH: u64 = 27;

/// Kills a training once it has a checkpoint in the middle of its second epoch or later. False where it was over by
/// then: a machine that is slow to write, or busy, lets steps pass between two checkpoints.
fn kill_in_the_middle_of_an_epoch(mut child: Child, run: &Path) -> bool {
    let is_met = || steps(run).last().is_some_and(|it| *it > STEPS_AN_EPOCH && it % STEPS_AN_EPOCH != 0);
    while !is_met() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    !std::fs::read_to_string(run.join("events.jsonl")).unwrap().contains("finished")
}

#[test]
fn a_run_goes_on_from_the_middle_of_an_epoch_with_every_optimizer_and_schedule() {
    let place = Place::new();
    let settings = [
        ["optimizer=sgd", "optimizer.momentum=0.9", "learning_rate=0.01", "schedule=step"],
        ["optimizer=adagrad", "learning_rate=0.01", "schedule=exponential", "clip_norm=1"],
        ["optimizer=rmsprop", "optimizer.momentum=0.5", "learning_rate=0.001", "schedule=cosine"],
        ["optimizer=adam", "learning_rate=0.001", "schedule=plateau", "schedule.warmup_steps=40"],
        ["optimizer=adamw", "learning_rate=0.001", "model.dropout=0.3", "training.measure_train=epoch_end"],
        ["optimizer=lion", "learning_rate=0.0003", "model.batch_norm=on", "stopping=off"],
    ];
    for (idx, settings) in settings.iter().enumerate() {
        let project = sample("used_cars");
        let train = |out: &str, pace: &str| {
            let mut arguments: Vec<String> =
                ["train", &project, "--device", "cpu", "--quiet", "--out", out].map(str::to_owned).to_vec();
            for setting in ["epochs=6", "checkpoint.seconds=0.1", pace].iter().chain(settings) {
                arguments.extend(["--set".to_owned(), (*setting).to_owned()]);
            }
            let mut command = Command::new(env!("CARGO_BIN_EXE_learnscope"));
            command.current_dir(place.path("")).args(arguments).spawn().unwrap()
        };
        let whole = format!("whole-{idx}");
        assert!(train(&whole, "pace=unlimited").wait().unwrap().success());
        // A run that was over too early shows nothing, and is made again at a slower pace.
        let cut = ["pace=120", "pace=40", "pace=10", "pace=3"].into_iter().find_map(|pace| {
            let cut = format!("cut-{idx}-{pace}");
            kill_in_the_middle_of_an_epoch(train(&cut, pace), &place.path(&cut)).then_some(cut)
        });
        let cut = cut.expect("it was killed too late to show anything at every pace");
        let outcome = place.run(&["train", "--resume", &cut, "--quiet"]);
        assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""), "{settings:?}");
        assert_eq!(told(&place.path(&cut)), told(&place.path(&whole)), "{settings:?}");
        let weights = |run: &str| std::fs::read(place.path(run).join("best.safetensors")).unwrap();
        assert_eq!(weights(&cut), weights(&whole), "{settings:?}");
    }
}

#[test]
fn what_cannot_be_resumed_is_refused_in_one_line_and_left_alone() {
    let place = Place::new();
    let welcome = sample("welcome");
    let refused = |arguments: &[&str], words: &str| {
        let outcome = place.run(&[&["train"], arguments].concat());
        assert_eq!((outcome.status, outcome.stderr.lines().count()), (2, 1), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains(words), "{arguments:?}: {}", outcome.stderr);
    };
    refused(&["--resume", "nowhere"], "not a run folder");
    refused(&[], "PROJECT");
    refused(&[&welcome, "--resume", "a", "--out", "b"], "--out");
    let train = [welcome.as_str(), "--out", "run", "--device", "cpu", "--set", "epochs=3"];
    assert_eq!(place.run(&[&["train"], &train[..]].concat()).status, 0);
    let before = std::fs::read(place.path("run/events.jsonl")).unwrap();
    let again = place.run(&["train", "--resume", "run"]);
    assert_eq!((again.status, again.stdout.contains("nothing was left to do")), (0, true), "{}", again.stdout);
    assert_eq!(std::fs::read(place.path("run/events.jsonl")).unwrap(), before, "a run that is over is left as it is");
    // Cut short, as if it had been killed; but its data are others now.
    let cut = before.iter().position(|it| *it == b'\n').unwrap() + 1;
    std::fs::write(place.path("run/events.jsonl"), &before[..cut]).unwrap();
    refused(&["--resume", "run", "--set", "epochs=9"], "keeps its own settings");
    let project = std::fs::read_to_string(place.path("run/project.ron")).unwrap();
    place.write(
        "run/project.ron",
        project.replace("samples:500", "samples:400").replace("samples: 500", "samples: 400"),
    );
    refused(&["--resume", "run"], "data has changed");
}

#[test]
fn a_damaged_checkpoint_is_named_and_the_one_before_it_used() {
    let place = Place::new();
    let welcome = sample("welcome");
    let settings =
        ["--device", "cpu", "--set", "epochs=40", "--set", "checkpoint.epochs=10", "--set", "checkpoint.keep=9"];
    for out in ["whole", "cut"] {
        assert_eq!(place.run(&[&["train", &welcome, "--out", out], &settings[..]].concat()).status, 0);
    }
    let events = std::fs::read_to_string(place.path("cut/events.jsonl")).unwrap();
    let kept: Vec<&str> = events.lines().filter(|it| !it.contains("\"finished\"")).collect();
    place.write("cut/events.jsonl", kept.join("\n") + "\n");
    let mut saved = checkpoints(&place.path("cut"));
    saved.sort();
    let newest = saved.last().unwrap();
    let mut bytes = std::fs::read(newest).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(newest, bytes).unwrap();
    let outcome = place.run(&["train", "--resume", "cut"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("is damaged and is passed over"), "{}", outcome.stdout);
    assert_eq!(told(&place.path("cut")), told(&place.path("whole")));
}

/// A run that early stopping ended, cut short again right before it could say so.
#[test]
fn a_run_that_was_killed_between_its_last_checkpoint_and_its_end_ends_the_same() {
    let place = Place::new();
    let project = sample("digits");
    let settings =
        ["epochs=200", "stopping=patience", "stopping.patience=3", "learning_rate=0.02", "device=cpu", "pace=400"];
    let settings = settings.iter().flat_map(|it| ["--set", it]);
    let train: Vec<&str> = ["train", &project, "--out", "run", "--quiet"].into_iter().chain(settings).collect();
    assert_eq!(place.run(&train).status, 0);
    let run = place.path("run");
    let whole = told(&run);
    let end = whole.last().unwrap();
    assert_eq!((end["event"].as_str(), end["reason"].as_str()), (Some("finished"), Some("early_stopping")));
    let inside = place.run(&["inspect", "run"]).stdout;
    assert!(inside.contains(&format!("{} epochs completed", end["epochs"])), "{inside}");

    let diary = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let (told_before, _) = diary.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(run.join("events.jsonl"), format!("{told_before}\n")).unwrap();
    let best = std::fs::read(run.join("best.safetensors")).unwrap();
    let predict = |out: &str| place.run(&["predict", "run", "digits", "--out", out]);
    assert_eq!(predict("by_file.csv").status, 0);
    std::fs::remove_file(run.join("best.safetensors")).unwrap();
    let outcome = predict("by_checkpoint.csv");
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    let read = |name: &str| std::fs::read(place.path(name)).unwrap();
    assert!(read("by_file.csv") == read("by_checkpoint.csv"), "the checkpoint holds the best weights, too");

    assert_eq!(place.run(&["train", "--resume", "run", "--quiet"]).status, 0);
    assert_eq!(told(&run), whole);
    let seconds = |diary: &str| {
        let end: Value = serde_json::from_str(diary.trim_end().rsplit('\n').next().unwrap()).unwrap();
        end["seconds"].as_f64().unwrap()
    };
    let again = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    assert!(seconds(&again) > 0.8 * seconds(&diary), "its time is that of both parts");
    assert!(std::fs::read(run.join("best.safetensors")).unwrap() == best);
}
