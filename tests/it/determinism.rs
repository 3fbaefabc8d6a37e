//! Same project, same seed: the same events to the bit on the processor, whatever the number of threads.

use std::path::Path;

use learnscope::run::Event;
use learnscope::session::{Job, Session};
use learnscope::spec::Project;
use serde_json::Value;

use crate::program::{Place, sample};

/// The run's events without times and paths.
fn curve(place: &Place, project: &str, settings: &[&str], threads: &str, out: &str) -> Vec<Value> {
    let project = sample(project);
    let mut arguments = vec![project.as_str(), "--device", "cpu", "--log-every", "7", "--out", out];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    place.train_with(&arguments, &[("RAYON_NUM_THREADS", threads)]);
    let text = std::fs::read_to_string(place.path(out).join("events.jsonl")).unwrap();
    let mut events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &mut events {
        for key in ["seconds", "samples_per_second", "run_dir", "run"] {
            event.as_object_mut().unwrap().remove(key);
        }
    }
    events
}

fn check(project: &str, settings: &[&str]) {
    let place = Place::new();
    let first = curve(&place, project, settings, "1", "one");
    assert!(first.len() > 5, "a curve is more than {} events", first.len());
    assert_eq!(first, curve(&place, project, settings, "2", "two"), "{project} with two threads");
    assert_eq!(first, curve(&place, project, settings, "2", "again"), "{project} a second time");
    let other = [settings, &["seed=2"]].concat();
    assert_ne!(first, curve(&place, project, &other, "2", "other"), "{project} with another seed");
}

/// Threads of a process that tensors share.
#[cfg(target_os = "linux")]
fn tensor_threads(process: u32) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let name = |it: std::fs::DirEntry| std::fs::read_to_string(it.path().join("comm")).unwrap_or_default();
    tasks.filter(|it| it.path().exists()).map(name).filter(|it| it.starts_with("tensor")).count()
}

#[test]
fn a_worker_keeps_to_its_share_of_the_cores_and_learns_the_same() {
    let train = |threads: usize| {
        let mut job = Job::new(Project::default(), Path::new(""));
        for setting in [
            "data=spirals",
            "device=cpu",
            "stopping=off",
            "epochs=6",
            "model.hidden=[256,256]",
            "pace=10",
            "batch_size=256",
        ] {
            job.project.set(setting).unwrap();
        }
        job.threads = Some(threads);
        let mut session = Session::spawn_apart(Path::new(env!("CARGO_BIN_EXE_learnscope")), job, || ());
        let process = session.process().expect("it has a process of its own");
        let mut losses = Vec::new();
        while let Some(events) = session.wait() {
            #[cfg(target_os = "linux")]
            if losses.is_empty() && events.iter().any(|it| matches!(it, Event::Epoch(_))) {
                // A thread that has only just begun has no name yet.
                let named = (0..100).map(|_| {
                    std::thread::sleep(std::time::Duration::from_millis(2));
                    tensor_threads(process)
                });
                assert_eq!(named.take_while(|it| *it <= threads).max(), Some(threads));
            }
            losses.extend(events.iter().filter_map(|it| match it {
                Event::Epoch(row) => Some((row.train_loss.to_bits(), row.validation_loss.to_bits())),
                _ => None,
            }));
        }
        assert_eq!(losses.len(), 6, "process {process}");
        losses
    };
    let alone = train(1);
    assert_eq!(train(3), alone);
    assert_eq!(train(2), alone);
}

#[test]
fn a_wide_network_with_dropout_and_clipping_repeats_to_the_bit() {
    check("used_cars", &["epochs=4", "model.hidden=[512,256]", "model.dropout=0.3", "batch_size=256", "clip_norm=0.5"]);
}

#[test]
fn a_convolutional_network_with_batch_norm_and_dropout_repeats_to_the_bit() {
    check("clothing", &["epochs=2", "model.batch_norm=on", "model.dropout=0.2"]);
}
