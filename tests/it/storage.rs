//! A disk that fills up or refuses while the program trains: the run goes on or ends with one clear line, and what was
//! written before is whole and can be gone on from.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{Outcome, Place, sample};

/// Small checkpoints, and events that grow beyond them.
const SETTINGS: [&str; 7] = [
    "epochs=200",
    "stopping=off",
    "model.hidden=[8]",
    "checkpoint.epochs=10",
    "checkpoint.keep=50",
    "device=cpu",
    "pace=unlimited",
];

fn arguments<'a>(project: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let settings = SETTINGS.iter().chain(more).flat_map(|it| ["--set", it]);
    ["train", project, "--out", out, "--quiet"].into_iter().chain(settings).collect()
}

/// The run's events without times and names.
fn told(run: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(run.join("events.jsonl")).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for key in ["seconds", "samples_per_second", "run_dir", "run"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    events
}

fn checkpoints(run: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(run.join("checkpoints")).into_iter().flatten();
    entries.map(|it| it.unwrap().path()).filter(|it| it.extension().is_some_and(|it| it == "safetensors")).collect()
}

/// Status 3, one line that says what could not be written and why, and checkpoints that are all whole.
fn ended_unwritten(place: &Place, out: &str, outcome: &Outcome, words: &[&str]) {
    let Outcome { status, stderr, .. } = outcome;
    assert_eq!((*status, stderr.lines().count()), (3, 1), "{stderr}");
    for word in words.iter().chain(&["not written to its end", "can go on"]) {
        assert!(stderr.contains(word), "{word:?} is missing in {stderr}");
    }
    for checkpoint in checkpoints(&place.path(out)) {
        let outcome = place.run(&["inspect", &checkpoint.display().to_string()]);
        assert_eq!(outcome.status, 0, "{}: {}", checkpoint.display(), outcome.stderr);
    }
}

/// Once there is room the run goes on to the end of one that always had it.
fn goes_on_to_the_same_end(place: &Place, out: &str, project: &str) {
    assert_eq!(place.run(&arguments(project, "whole", &[])).status, 0);
    let outcome = place.run(&["train", "--resume", out, "--quiet"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    assert_eq!(told(&place.path(out)), told(&place.path("whole")));
    let weights = |run: &str| std::fs::read(place.path(run).join("best.safetensors")).unwrap();
    assert!(weights(out) == weights("whole"), "the weights are others");
}

/// No file may grow beyond so many blocks of 512 bytes, as where a disk is full or a quota is reached.
#[cfg(unix)]
#[test]
fn a_run_whose_files_may_not_grow_ends_with_one_line_and_goes_on_later() {
    let place = Place::new();
    let project = sample("welcome");
    // Without the trap the system would kill whoever writes too much.
    let script = "trap '' XFSZ; ulimit -f 128; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_learnscope")]).args(arguments(&project, "cut", &[]));
    let output = command.current_dir(place.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let outcome = Outcome { status: output.status.code().unwrap(), stdout: String::new(), stderr };
    ended_unwritten(&place, "cut", &outcome, &["events cannot be written", "File too large"]);
    let n_checkpoints = checkpoints(&place.path("cut")).len();
    assert!((2..20).contains(&n_checkpoints), "{n_checkpoints} of 21 were written before");
    goes_on_to_the_same_end(&place, "cut", &project);
}

/// A disk of its own for the command, so small that the run does not fit; made where the system lets anybody do that.
#[cfg(target_os = "linux")]
#[test]
fn a_run_on_a_disk_that_fills_up_ends_with_one_line_and_goes_on_later() {
    let place = Place::new();
    let project = sample("welcome");
    let in_namespace = |script: &str, arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_learnscope")]);
        command.args(arguments).current_dir(place.path("")).output()
    };
    std::fs::create_dir(place.path("disk")).unwrap();
    let mount = "mount -t tmpfs -o size=192k none disk";
    if !in_namespace(mount, &[]).is_ok_and(|it| it.status.success()) {
        writeln!(std::io::stdout(), "left out: this system lets nobody mount a disk").unwrap();
        return;
    }
    // The disk is gone with the command, so that what is on it is taken along.
    let script = format!("{mount}; \"$@\"; status=$?; cp -r disk/cut cut; exit $status");
    let output = in_namespace(&script, &arguments(&project, "disk/cut", &[])).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let outcome = Outcome { status: output.status.code().unwrap(), stdout: String::new(), stderr };
    ended_unwritten(&place, "cut", &outcome, &["No space left on device"]);
    assert!(checkpoints(&place.path("cut")).len() > 2);
    goes_on_to_the_same_end(&place, "cut", &project);
}

fn wait_for(what: &str, child: &mut Child, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before {what}");
        assert!(began.elapsed() < Duration::from_mins(1), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Things in the way of its files: the same errors as in a folder that became read-only, for root, too.
#[test]
fn a_run_folder_that_refuses_while_training_costs_no_checkpoint() {
    let place = Place::new();
    let project = sample("welcome");
    let mut child = Command::new(env!("CARGO_BIN_EXE_learnscope"))
        .current_dir(place.path(""))
        .args(arguments(&project, "cut", &["pace=2000"]))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let run = place.path("cut");
    wait_for("a few checkpoints", &mut child, || checkpoints(&run).len() > 3);
    std::fs::rename(run.join("checkpoints"), run.join("aside")).unwrap();
    std::fs::write(run.join("checkpoints"), "in the way").unwrap();
    std::fs::create_dir_all(run.join("best.safetensors/in the way")).unwrap();
    let output = child.wait_with_output().unwrap();
    std::fs::remove_file(run.join("checkpoints")).unwrap();
    std::fs::rename(run.join("aside"), run.join("checkpoints")).unwrap();
    std::fs::remove_dir_all(run.join("best.safetensors")).unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let outcome = Outcome { status: output.status.code().unwrap(), stdout: String::new(), stderr };
    ended_unwritten(&place, "cut", &outcome, &["best.safetensors cannot be written"]);
    assert_eq!(told(&run).iter().filter(|it| it["event"] == "epoch").count(), 200, "training went on");
    goes_on_to_the_same_end(&place, "cut", &project);
}

#[test]
fn a_place_where_nothing_can_be_written_is_refused_before_training() {
    let place = Place::new();
    place.write("file", "no folder");
    for out in ["file", "file/run"] {
        let outcome = place.run(&arguments(&sample("welcome"), out, &[]));
        assert_eq!((outcome.status, outcome.stderr.lines().count()), (2, 1), "{out}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("run folder cannot be"), "{out}: {}", outcome.stderr);
    }
    assert_eq!(place.names(), ["file"]);
}
