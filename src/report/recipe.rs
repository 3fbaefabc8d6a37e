//! The recipe of a run: a project file that says above what it needs and what it gave.

use std::fmt::Write as _;

use crate::data::Fingerprint;
use crate::project;
use crate::run::{FinishReason, Run};
use crate::spec::Source;

/// A project file that repeats a run: every choice explicit, and above it in comments the command, the program's
/// version, the data with their hash, what was done by hand while it trained, and the values it must give.
///
/// `data` is the fingerprint of the data file, where the data are one.
pub fn recipe(run: &Run, data: Option<&Fingerprint>) -> String {
    let mut out = String::new();
    let mut say = |line: &str| {
        writeln!(out, "// {}", line.replace(['\n', '\r'], " ")).ok();
    };
    say(&format!("The recipe of the run {}. Save this text as recipe.ron, then:", name(run)));
    say("    learnscope train recipe.ron");
    say(&format!("Made by Learnscope {} on {}, {}.", env!("CARGO_PKG_VERSION"), std::env::consts::OS, device(run)));
    for line in [branched_off(run), data_lines(run, data), by_hand(run), outcome(run)].concat() {
        say(&line);
    }
    let body = project::to_text(&run.project);
    // What a project file says above itself is said here already.
    body.lines().filter(|it| !it.starts_with("//")).for_each(|it| {
        out.push_str(it);
        out.push('\n');
    });
    out
}

fn name(run: &Run) -> &str {
    if run.started.run.is_empty() { &run.project.name } else { &run.started.run }
}

fn device(run: &Run) -> String {
    match run.device().as_str() {
        "" => "on a device that was not told".to_owned(),
        "cpu" => "on the CPU, where the same machine and build repeat it to the bit".to_owned(),
        gpu => format!("on {gpu}, where it is repeated within rounding"),
    }
}

fn data_lines(run: &Run, data: Option<&Fingerprint>) -> Vec<String> {
    match (&run.project.data.source, data) {
        (Source::Builtin(id), _) => vec![format!("Data: {id}, which ships with the program.")],
        (Source::Generated(_), _) => vec!["Data: drawn from a formula, as chosen below.".to_owned()],
        (Source::File(path), Some(Fingerprint { bytes, sha256 })) => vec![
            format!("Data: {path}, {bytes} bytes. Where they lie elsewhere, change the path below."),
            format!("    SHA-256 {sha256}"),
        ],
        (Source::File(path), None) => vec![format!("Data: {path}, which could not be read when this was written.")],
    }
}

/// A fork's past was made with its parent's settings, which this file does not hold.
fn branched_off(run: &Run) -> Vec<String> {
    let Some(parent) = run.parent() else { return Vec::new() };
    vec![
        format!(
            "A fork: up to epoch {} it is the past of {}, which the command above does not repeat.",
            parent.epoch, parent.run
        ),
        "    Repeat that run by its own recipe, and then, with --set for each setting that differs below:".to_owned(),
        format!("    learnscope train --fork {} --at {}", parent.run, parent.epoch),
    ]
}

/// Knobs turned by a hand: a schedule's own steps repeat by themselves.
fn by_hand(run: &Run) -> Vec<String> {
    let turned: Vec<_> = run.changes.iter().filter(|it| it.by != "schedule").collect();
    if turned.is_empty() {
        return Vec::new();
    }
    let lines = turned.iter().map(|it| format!("    after step {}: {} from {} to {}", it.step, it.key, it.from, it.to));
    let head = "Turned by hand while it trained; the command above leaves this out:".to_owned();
    std::iter::once(head).chain(lines).collect()
}

/// What it gave, in all digits, to compare with.
fn outcome(run: &Run) -> Vec<String> {
    let Some(finished) = &run.finished else {
        return vec![format!("It had no end when this was written, after {} epochs.", run.epoch())];
    };
    let mut lines = vec![format!("It gave: {} after {} epochs.", finished.reason.label(), finished.epochs)];
    if finished.reason == FinishReason::Stopped {
        lines.push("    It was stopped by hand; the command above trains on.".to_owned());
    }
    if finished.best_epoch > 0 {
        lines
            .push(format!("    best epoch {}, validation loss {}", finished.best_epoch, finished.best_validation_loss));
    }
    lines.extend(finished.test.iter().map(|(key, value)| format!("    test {key} {value}")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Changed, Event, Finished, Parent, Started};
    use crate::spec::Project;

    #[test]
    fn a_recipe_is_a_project_file_that_says_what_it_needs_and_gave() {
        let mut project = Project::default();
        project.set("learning_rate=0.03").unwrap();
        project.data.source = Source::File("/data/my.csv".to_owned());
        let finished = Finished {
            reason: FinishReason::Completed,
            text: String::new(),
            epochs: 3,
            best_epoch: 2,
            best_validation_loss: 0.1 + 0.2,
            test: [("rmse".to_owned(), 1.5)].into(),
            run_dir: String::new(),
            seconds: 1.0,
            samples_per_second: 1.0,
        };
        let turned = Changed {
            step: 7,
            key: "clip_norm".to_owned(),
            from: "off".to_owned(),
            to: "1".to_owned(),
            by: "user".to_owned(),
            ..Changed::default()
        };
        let by_schedule = Changed { by: "schedule".to_owned(), key: "learning_rate".to_owned(), ..Changed::default() };
        let started = Started { run: "my-3".to_owned(), device: "cpu".to_owned(), ..Started::default() };
        let events =
            [Event::Started(started), Event::Changed(turned), Event::Changed(by_schedule), Event::Finished(finished)];
        let run = Run::replay(project.clone(), events);
        let data = Fingerprint { bytes: 12, sha256: "abcd".to_owned() };
        let text = recipe(&run, Some(&data));
        for part in [
            "the run my-3",
            "learnscope train recipe.ron",
            "/data/my.csv, 12 bytes",
            "SHA-256 abcd",
            "after step 7: clip_norm from off to 1",
            "best epoch 2, validation loss 0.30000000000000004",
            "test rmse 1.5",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("learning_rate from"), "a schedule repeats by itself: {text}");
        assert_eq!(project::from_text(&text, "recipe.ron").unwrap(), project);
        assert!(!text.contains("--fork"), "{text}");
        let parent = Some(Parent { run: "my-2".to_owned(), epoch: 9 });
        let fork = Run::replay(project, [Event::Started(Started { parent, ..Started::default() })]);
        assert!(recipe(&fork, None).contains("learnscope train --fork my-2 --at 9"));
    }
}
