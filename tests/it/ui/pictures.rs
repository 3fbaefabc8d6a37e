//! The whole window in pictures, those that the README shows: runs that were really trained and recorded.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::project;
use learnscope::run::{Command, Event, Run, Views};
use learnscope::session::{Job, Session};
use learnscope::spec::Project;

use super::harness::{loaded, options, still, studio};
use crate::program::{fixture, sample};

const USUAL: [f32; 2] = [1280.0, 800.0];
const LARGE: [f32; 2] = [1920.0, 1080.0];

/// The runs that are recorded, with what is asked of each once it is over.
const RECORDED: [(&str, Option<Command>); 4] = [
    ("overfitting", None),
    ("welcome", None),
    ("gallery/learning_rate_too_low", Some(Command::Probe)),
    ("early_stopping", Some(Command::GoOn { epochs: 20 })),
];

fn sample_project(name: &str) -> Project {
    project::read(Path::new(&sample(name))).unwrap()
}

/// A run as it was recorded, with its last pictures.
fn recorded(name: &str) -> Run {
    let project = sample_project(name);
    let name = file_name(name);
    let text = std::fs::read_to_string(fixture(&format!("runs/{name}.jsonl"))).unwrap();
    let mut run = Run::replay(project, text.lines().map(|line| serde_json::from_str(line).unwrap()));
    let views: Views =
        serde_json::from_slice(&std::fs::read(fixture(&format!("runs/{name}.views.json"))).unwrap()).unwrap();
    run.views = Some(Arc::new(views));
    run
}

/// A sample's name without its folder.
fn file_name(sample: &str) -> &str {
    sample.rsplit('/').next().unwrap_or(sample)
}

#[test]
fn the_window_looks_as_the_readme_shows_it() {
    let mut results = SnapshotResults::new();
    let (dark, light) = (egui::Theme::Dark, egui::Theme::Light);
    for (name, sample, is_trained, tab, look, size) in [
        ("empty_dark", "welcome", false, "", dark, USUAL),
        ("overfitting_dark", "overfitting", true, "", dark, USUAL),
        ("welcome_light", "welcome", true, "", light, USUAL),
        ("welcome_large", "welcome", true, "", dark, LARGE),
        ("probe_dark", "gallery/learning_rate_too_low", true, "Experiments", dark, USUAL),
        ("stop_rules_light", "early_stopping", true, "Stop rules", light, USUAL),
    ] {
        let project = sample_project(sample);
        let data = loaded(&project);
        let run = is_trained.then(|| recorded(sample));
        let mut window = still(studio(project, data, run, Vec::new()), look, size);
        window.run_steps(4);
        if !tab.is_empty() {
            window.get_by_role_and_label(Role::Tab, tab).click();
            window.run_steps(4);
        }
        results.add(window.try_snapshot_options(format!("window/{name}"), &options()));
    }
    results.unwrap();
}

#[test]
#[ignore = "trains and records the runs that the pictures show; run it when what is recorded changes"]
fn record_the_runs() {
    for (name, asked) in RECORDED {
        let mut project = sample_project(name);
        for setting in ["device=cpu", "pace=unlimited"] {
            project.set(setting).unwrap();
        }
        let job = Job { watched: true, name: project.name.clone(), ..Job::new(project, Path::new("")) };
        let mut session = Session::spawn(job, || ());
        let (mut lines, mut views) = (String::new(), None);
        let asked = asked.as_ref();
        let mut is_over = false;
        while !is_over {
            let events = session.wait().expect("a run ends in words");
            // Single steps would make a large file of a small run.
            for event in events.iter().filter(|it| !matches!(it, Event::Step(_) | Event::Preparing(_))) {
                lines += &(event.to_json() + "\n");
            }
            views = session.views().or(views);
            let has_ended = events.iter().any(|it| matches!(it, Event::Finished(_)));
            match asked {
                Some(command) if has_ended => session.send(command.clone()),
                Some(Command::GoOn { epochs }) => {
                    is_over = lines.matches("\"event\":\"after\"").count() as u64 == *epochs;
                }
                Some(_) => is_over = events.iter().any(|it| matches!(it, Event::Probe(_))),
                None => is_over = has_ended,
            }
        }
        let name = file_name(name);
        std::fs::create_dir_all(fixture("runs")).unwrap();
        std::fs::write(fixture(&format!("runs/{name}.jsonl")), lines).unwrap();
        let views = serde_json::to_vec(views.unwrap().as_ref()).unwrap();
        std::fs::write(fixture(&format!("runs/{name}.views.json")), views).unwrap();
    }
}
