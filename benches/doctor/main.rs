//! How often the doctor is right: trains the gallery of faults and compares what it says with the truth in the files.
//!
//! Run with `cargo bench --bench doctor`, or with `-- --seeds 1,2` and names of projects. Every seed changes the first
//! weights, the order, the split, the data where they are drawn, and the width of the network. Thresholds were
//! chosen on seeds 1 and 2; the table that counts is that of seeds 3 to 5.
//!
//! Instead, `-- --remedies` trains each project again with what its finding proposes, by default under seeds 1 to 5;
//! `-- --onset` finds the epoch at which faults of the validation curve begin, by default from seeds 1 to 20;
//! `-- --speed` measures what diagnosing 100,000 epochs costs.
//!
//! A finding counts from warning on, told at any time (`still-improving` also as info). One that is neither the
//! project's primary fault nor among those that may come with it is false.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot"
)]

mod debugger;
mod onset;
mod remedies;
mod score;
mod speed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use learnscope::project;
use learnscope::run::{EpochRow, Event, FindingRow, FindingState, Severity, Started, StepRow};
use learnscope::session::{Job, Session, ready};
use learnscope::spec::{ModelSpec, Project, Source, Truth};

use score::{Outcome, Table};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Factors on the hidden units, by seed.
const WIDTHS: [f64; 5] = [1.0, 0.75, 1.5, 1.25, 0.5];

/// A trained project of the gallery, with everything that was told of it.
pub(crate) struct Trained {
    pub(crate) started: Started,
    pub(crate) epochs: Vec<EpochRow>,
    /// Steps whose loss was no number.
    pub(crate) lost: Vec<StepRow>,
    findings: Vec<FindingRow>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    if arguments.iter().any(|it| it == "--speed") {
        return speed::speed();
    }
    let given = arguments.iter().position(|it| it == "--seeds");
    let given = given.map(|at| arguments[at + 1].split(',').map(|it| it.parse().unwrap()).collect::<Vec<u64>>());
    let seeds = |usual: std::ops::RangeInclusive<u64>| given.clone().unwrap_or_else(|| usual.collect());
    let mut paths = gallery();
    if paths.iter().any(|path| arguments.contains(&stem(path))) {
        paths.retain(|path| arguments.contains(&stem(path)));
    }
    if arguments.iter().any(|it| it == "--remedies") {
        remedies::remedies(&paths, &seeds(1..=5));
    } else if arguments.iter().any(|it| it == "--onset") {
        onset::onset(&paths, &seeds(1..=20));
    } else {
        scores(&paths, &seeds(3..=5));
    }
}

/// Trains every project under every seed and counts what was told.
fn scores(paths: &[PathBuf], seeds: &[u64]) {
    let (mut ours, mut theirs) = (Table::default(), Table::default());
    for path in paths {
        let project = project::read(path).unwrap();
        let truth = project.truth.clone().expect("a project of the gallery says what is wrong with it");
        for seed in seeds {
            let trained = train(varied(&project, *seed));
            let told = outcome(&truth, &trained.findings);
            println!("{:24} {seed}  {}", stem(path), describe(&truth, &trained.findings));
            ours.add(&truth, &told);
            theirs.add(&truth, &debugger::outcome(&trained));
        }
    }
    println!("\nLearnscope, seeds {seeds:?}\n{ours}");
    println!("\nSageMaker Debugger's rules as documented, same runs\n{theirs}");
}

fn gallery() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_projects/gallery");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.retain(|it| it.extension().is_some_and(|it| it == "ron"));
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// The project with another seed, other data and another width.
fn varied(project: &Project, seed: u64) -> Project {
    let mut varied = quick(project);
    varied.training.seed = seed;
    if let Source::Generated(recipe) = &mut varied.data.source {
        recipe.seed = 1000 + seed;
    }
    let factor = WIDTHS[(seed as usize - 1) % WIDTHS.len()];
    let widen = |hidden: &mut Vec<u64>| {
        for units in hidden {
            *units = ((*units as f64 * factor).round() as u64).max(2);
        }
    };
    match &mut varied.model {
        ModelSpec::Linear => {}
        ModelSpec::Mlp(it) => widen(&mut it.hidden),
        ModelSpec::Cnn(it) => widen(&mut it.hidden),
    }
    varied
}

/// The project as it ships, on the processor and as fast as it goes.
fn quick(project: &Project) -> Project {
    let mut quick = project.clone();
    quick.training.pace = None;
    quick.set("device=cpu").unwrap();
    quick
}

fn train(project: Project) -> Trained {
    let ready = ready(Job::new(project, Path::new(""))).unwrap_or_else(|problems| panic!("{problems:?}"));
    let mut session = Session::start(ready, || ());
    let mut trained =
        Trained { started: Started::default(), epochs: Vec::new(), lost: Vec::new(), findings: Vec::new() };
    while let Some(events) = session.wait() {
        for event in events {
            match event {
                Event::Started(it) => trained.started = it,
                Event::Epoch(row) => trained.epochs.push(row),
                Event::Step(row) if !row.train_loss.is_finite() => trained.lost.push(row),
                Event::Finding(row) => trained.findings.push(row),
                _ => {}
            }
        }
    }
    trained
}

/// Every rule that was told at warning or worse, with the epoch of its first telling.
fn outcome(truth: &Truth, findings: &[FindingRow]) -> Outcome {
    let mut told = BTreeMap::new();
    let least = |rule: &str| {
        if rule == "still-improving" && truth.primary == rule { Severity::Info } else { Severity::Warning }
    };
    let raised = findings.iter().filter(|it| it.state != FindingState::Cleared && it.severity >= least(&it.rule));
    for finding in raised {
        told.entry(finding.rule.clone()).or_insert(finding.epoch);
    }
    Outcome { told }
}

fn describe(truth: &Truth, findings: &[FindingRow]) -> String {
    let told = outcome(truth, findings).told;
    let mark = |rule: &String| {
        if *rule == truth.primary {
            "+"
        } else if truth.also.contains(rule) {
            "~"
        } else {
            "!"
        }
    };
    let mut words: Vec<_> = told.iter().map(|(rule, epoch)| format!("{}{rule}@{epoch}", mark(rule))).collect();
    if !truth.primary.is_empty() && !told.contains_key(&truth.primary) {
        words.push("MISSED".to_owned());
    }
    let infos: std::collections::BTreeSet<_> =
        findings.iter().filter(|it| !told.contains_key(&it.rule)).map(|it| it.rule.as_str()).collect();
    if !infos.is_empty() {
        words.push(format!("(info: {})", infos.into_iter().collect::<Vec<_>>().join(" ")));
    }
    words.join(" ")
}
