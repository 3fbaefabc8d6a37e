//! The house's own rules: who may import whom, where each outside crate lives, and how long files get.

use std::path::{Path, PathBuf};

/// Each layer, and the layers it may name. A layer missing here fails the test.
const MAY_USE: &[(&str, &[&str])] = &[
    ("spec", &[]),
    ("run", &["spec"]),
    ("project", &["spec"]),
    ("data", &["spec", "run"]),
    ("diagnose", &["spec", "run"]),
    ("logs", &["spec", "run", "diagnose"]),
    ("engine", &["spec", "run", "data"]),
    ("report", &["spec", "run", "project", "data", "diagnose"]),
    ("session", &["spec", "run", "project", "data", "diagnose", "engine", "report"]),
    ("studio", &["spec", "run", "project", "data", "diagnose", "logs", "report", "session"]),
    ("cli", &["spec", "run", "project", "data", "diagnose", "logs", "report", "session", "studio"]),
    ("ui", &["spec", "run", "project", "data", "diagnose", "logs", "report", "session", "studio"]),
    ("app", &["spec", "run", "studio", "ui"]),
];

/// Crates and calls that belong to some folders, so that an upgrade touches these alone.
const HOME: &[(&str, &[&str])] = &[
    ("burn::", &["engine"]),
    ("wgpu::", &["engine/device.rs"]),
    ("egui", &["ui", "app", "lib.rs", "main.rs"]),
    ("eframe::", &["app"]),
    ("rfd::", &["app"]),
    ("rayon::", &["session"]),
    ("rustix::", &["session"]),
    ("prost::", &["logs"]),
    ("crc32c::", &["logs", "session"]),
    ("sha2::", &["data"]),
    ("thread::Builder", &["session", "app"]),
    ("println!(", &["cli"]),
    ("indicatif::", &["cli"]),
    ("clap::", &["cli"]),
];

/// Longer files are looked at twice in review; these are the limit.
const MOST_LINES: usize = 600;

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "the walk found only {} files", found.len());
    found
}

/// Lines of code: no comments, no docs.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(idx, line)| (idx + 1, line)).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

#[test]
fn layers_import_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let layer = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        if path.components().count() == 1 {
            continue;
        }
        let (_, allowed) =
            MAY_USE.iter().find(|(name, _)| *name == layer).unwrap_or_else(|| panic!("{layer} has no line in MAY_USE"));
        for (line, code) in code(&text) {
            for used in code.match_indices("crate::").map(|(at, _)| &code[at + 7..]) {
                let used: String = used.chars().take_while(|it| it.is_alphanumeric() || *it == '_').collect();
                let is_layer = MAY_USE.iter().any(|(name, _)| *name == used);
                if is_layer && used != layer && !allowed.contains(&used.as_str()) {
                    wrong.push(format!("{}:{line} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn outside_crates_stay_in_their_folders() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (what, homes) in HOME {
            if homes.iter().any(|home| path.starts_with(home)) {
                continue;
            }
            let uses = |code: &str| {
                code.match_indices(what)
                    .any(|(at, _)| !code[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_'))
            };
            wrong.extend(
                code(&text)
                    .filter(|(_, code)| uses(code))
                    .map(|(line, _)| format!("{}:{line} names {what}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_and_stays_short() {
    for (path, text) in sources() {
        assert!(text.starts_with("//!"), "{} does not begin with what it is", path.display());
        let tests = text.lines().position(|it| it == "#[cfg(test)]").unwrap_or(usize::MAX);
        let lines = text.lines().count().min(tests);
        assert!(lines <= MOST_LINES, "{} has {lines} lines", path.display());
    }
}
