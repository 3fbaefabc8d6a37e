//! Running the program as a user would, in a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use learnscope::studio::Studio;
use serde_json::Value;

/// A scratch folder in which the program is run.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

/// What a run of the program left.
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Names of everything in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with(arguments, &[])
    }

    pub(crate) fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_learnscope"));
        command.args(arguments).current_dir(self.folder.path()).envs(variables.iter().copied());
        let Output { status, stdout, stderr } = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Outcome { status: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Trains with `--json` and returns the events; fails the test where the run did.
    pub(crate) fn train(&self, arguments: &[&str]) -> Vec<Value> {
        self.train_with(arguments, &[])
    }

    pub(crate) fn train_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Vec<Value> {
        let mut all = vec!["train"];
        all.extend(arguments);
        all.push("--json");
        let outcome = self.run_with(&all, variables);
        assert_eq!(outcome.status, 0, "{arguments:?}: {}", outcome.stderr);
        outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The events of one kind.
pub(crate) fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|it| it["event"] == kind).collect()
}

/// A sample project that ships.
pub(crate) fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_projects").join(format!("{name}.ron")).display().to_string()
}

/// A file beside the tests.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// Lets a studio take in what its threads tell, until something is so.
///
/// # Panics
/// When it is not so in time, naming what was waited for.
pub(crate) fn poll_until(studio: &mut Studio, what: &str, is_so: impl Fn(&Studio) -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so(studio) {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        studio.poll();
        std::thread::sleep(Duration::from_millis(1));
    }
}
