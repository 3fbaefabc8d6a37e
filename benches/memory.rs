//! How much memory a training takes: foretold before it begins, and measured by the process that trains.
//!
//! Run with `cargo bench --bench memory`; ten minutes on two cores. Each project is trained on the CPU for three epochs
//! in a process of its own, with a checkpoint behind each; measured is that process's peak of resident memory above
//! what it took when program and data were there and the network was not. The exit status is 1 where a forecast is off
//! by more than a quarter, or a project takes less than 200 MB, below which a share says little. Needs Linux.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot"
)]

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use learnscope::data::{load, prepare};
use learnscope::session::{DataSize, Forecast, forecast};
use learnscope::spec::Project;
use serde_json::Value;

/// Sample projects with what makes each of them large.
const CASES: [(&str, &[&str]); 8] = [
    ("house_prices", &["batch_size=all", "model.hidden=[1024,1024]", "optimizer=sgd"]),
    ("house_prices", &["model.hidden=[4096,4096]", "optimizer=sgd", "optimizer.momentum=0.9", "learning_rate=0.001"]),
    ("spam", &["model.hidden=[4096,4096]", "optimizer=adam"]),
    ("spam", &["batch_size=all", "model.hidden=[2048,2048]", "optimizer=adam"]),
    ("used_cars", &["model.hidden=[4096,4096]", "optimizer=lion", "learning_rate=0.0001"]),
    ("clothing10", &["model=mlp", "model.hidden=[2048,2048]", "optimizer=rmsprop", "learning_rate=0.0001"]),
    ("clothing10", &["batch_size=1024"]),
    ("clothing10", &["batch_size=1024", "model.batch_norm=on", "model.activation=silu"]),
];

const ALIKE: [&str; 5] = ["epochs=3", "stopping=off", "checkpoint.epochs=1", "checkpoint.seconds=off", "device=cpu"];
/// How far a forecast may be off, as a share of what is measured.
const MOST_OFF: f64 = 0.25;
const LEAST_BYTES: f64 = 200e6;

fn main() -> ExitCode {
    if !cfg!(target_os = "linux") {
        println!("this system does not tell a program how much memory it takes; the table needs Linux");
        return ExitCode::FAILURE;
    }
    println!("{:>8} {:>8} {:>6}   {:14}  project", "foretold", "measured", "ratio", "most of it");
    let mut is_good = true;
    for (name, settings) in CASES {
        let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_projects").join(format!("{name}.ron"));
        let (foretold, measured) = (foretold(&project, settings), measured(&project, settings));
        let ratio = foretold.total() as f64 / measured;
        is_good &= (ratio - 1.0).abs() <= MOST_OFF && measured >= LEAST_BYTES;
        println!(
            "{:5.0} MB {:5.0} MB {ratio:6.2}   {:14}  {name} {}",
            foretold.total() as f64 / 1e6,
            measured / 1e6,
            foretold.biggest().label(),
            settings.join(" ")
        );
    }
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn foretold(path: &Path, settings: &[&str]) -> Forecast {
    let mut project: Project = learnscope::project::read(path).unwrap();
    for setting in settings.iter().chain(&ALIKE) {
        project.set(setting).unwrap();
    }
    let dataset = load(&project.data.source, Path::new("")).unwrap();
    let data = prepare(&dataset, &project.data, &project.split, project.training.seed).unwrap();
    forecast(&project, &DataSize::of(&data)).unwrap()
}

/// Bytes at the peak, as the process that trains has measured them.
fn measured(project: &Path, settings: &[&str]) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut command = Command::new(env!("CARGO_BIN_EXE_learnscope"));
    command.arg("train").arg(project).arg("--out").arg(&run).arg("--quiet").stdout(Stdio::null());
    for setting in settings.iter().chain(&ALIKE) {
        command.args(["--set", setting]);
    }
    assert!(command.status().unwrap().success(), "{} {settings:?}", project.display());
    let text = std::fs::read_to_string(run.join("timing.jsonl")).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    last["peak_memory"].as_f64().expect("an epoch's time comes with its memory")
}
