//! The whole window in pictures, those that the README shows: runs that were really trained and recorded.

use std::path::Path;
use std::sync::Arc;

use egui_kittest::SnapshotResults;
use learnscope::project;
use learnscope::run::{Event, Run, Views};
use learnscope::session::{Job, Session};
use learnscope::spec::Project;

use super::harness::{loaded, options, still, studio};
use crate::program::{fixture, sample};

const USUAL: [f32; 2] = [1280.0, 800.0];
const LARGE: [f32; 2] = [1920.0, 1080.0];
const RECORDED: [&str; 2] = ["overfitting", "welcome"];

fn sample_project(name: &str) -> Project {
    project::read(Path::new(&sample(name))).unwrap()
}

/// A run as it was recorded, with its last pictures.
fn recorded(name: &str) -> Run {
    let text = std::fs::read_to_string(fixture(&format!("runs/{name}.jsonl"))).unwrap();
    let mut run = Run::replay(sample_project(name), text.lines().map(|line| serde_json::from_str(line).unwrap()));
    let views: Views =
        serde_json::from_slice(&std::fs::read(fixture(&format!("runs/{name}.views.json"))).unwrap()).unwrap();
    run.views = Some(Arc::new(views));
    run
}

#[test]
fn the_window_looks_as_the_readme_shows_it() {
    let mut results = SnapshotResults::new();
    let (dark, light) = (egui::Theme::Dark, egui::Theme::Light);
    for (name, sample, is_trained, look, size) in [
        ("empty_dark", "welcome", false, dark, USUAL),
        ("overfitting_dark", "overfitting", true, dark, USUAL),
        ("welcome_light", "welcome", true, light, USUAL),
        ("welcome_large", "welcome", true, dark, LARGE),
    ] {
        let project = sample_project(sample);
        let data = loaded(&project);
        let run = is_trained.then(|| recorded(sample));
        let mut window = still(studio(project, data, run, Vec::new()), look, size);
        window.run_steps(4);
        results.add(window.try_snapshot_options(format!("window/{name}"), &options()));
    }
    results.unwrap();
}

#[test]
#[ignore = "trains and records the runs that the pictures show; run it when what is recorded changes"]
fn record_the_runs() {
    for name in RECORDED {
        let mut project = sample_project(name);
        for setting in ["device=cpu", "pace=unlimited"] {
            project.set(setting).unwrap();
        }
        let job = Job { watched: true, name: project.name.clone(), ..Job::new(project, Path::new("")) };
        let mut session = Session::spawn(job, || ());
        let (mut lines, mut views) = (String::new(), None);
        let mut is_over = false;
        while !is_over {
            let events = session.wait().expect("a run ends in words");
            is_over = events.iter().any(|it| matches!(it, Event::Finished(_)));
            // Single steps would make a large file of a small run.
            for event in events.iter().filter(|it| !matches!(it, Event::Step(_))) {
                lines += &(event.to_json() + "\n");
            }
            views = session.views().or(views);
        }
        views = session.views().or(views);
        std::fs::create_dir_all(fixture("runs")).unwrap();
        std::fs::write(fixture(&format!("runs/{name}.jsonl")), lines).unwrap();
        std::fs::write(
            fixture(&format!("runs/{name}.views.json")),
            serde_json::to_vec(views.unwrap().as_ref()).unwrap(),
        )
        .unwrap();
    }
}
