//! Project files: RON text that names every choice made, and leaves the others to their defaults.

use std::path::Path;

use ron::extensions::Extensions;
use ron::ser::PrettyConfig;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::whole::write_whole;
use crate::spec::Project;

/// The newest format this program reads.
const VERSION: u32 = 1;
/// No project is larger; a larger file is something else.
const LARGEST: u64 = 1 << 20;

/// Why a project file cannot be read or written. One line: cause first, path last.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ProjectError {
    #[error("the project cannot be read: {why} ({path})")]
    Unreadable { why: String, path: String },
    #[error("the project is not valid in line {line}, column {column}: {why} ({path})")]
    Invalid { why: String, line: usize, column: usize, path: String },
    #[error(
        "the project was written by a newer version of the program, format {version}; this one reads format {VERSION} ({path})"
    )]
    Newer { version: u32, path: String },
    #[error("the project cannot be saved: {why} ({path})")]
    Unwritable { why: String, path: String },
}

/// Reads a project file.
///
/// # Errors
/// When it cannot be read, is no valid project, or a newer version wrote it. Ranges are not checked here.
pub fn read(path: &Path) -> Result<Project, ProjectError> {
    let place = path.display().to_string();
    let unreadable = |why: String| ProjectError::Unreadable { why, path: place.clone() };
    let size = std::fs::metadata(path).map_err(|err| unreadable(err.to_string()))?;
    if size.is_dir() {
        return Err(unreadable("it is a folder; name the .ron file".to_owned()));
    }
    if size.len() > LARGEST {
        return Err(unreadable(
            "it is larger than 1 MB, which no project is; to train on a data file, run `learnscope new`".to_owned(),
        ));
    }
    let bytes = std::fs::read(path).map_err(|err| unreadable(err.to_string()))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| unreadable("it is not text; to train on a data file, run `learnscope new`".to_owned()))?;
    from_text(&text, &place)
}

/// Reads a project from text; `place` is what messages call it.
pub fn from_text(text: &str, place: &str) -> Result<Project, ProjectError> {
    let project: Project = options().from_str(text).map_err(|err| ProjectError::Invalid {
        why: err.code.to_string(),
        line: err.span.start.line,
        column: err.span.start.col,
        path: place.to_owned(),
    })?;
    if project.version > VERSION {
        return Err(ProjectError::Newer { version: project.version, path: place.to_owned() });
    }
    Ok(project)
}

/// A project as text, every choice explicit.
pub fn to_text(project: &Project) -> String {
    let body = to_ron(project);
    format!("// A Learnscope project: open it with `learnscope FILE`, train it with `learnscope train FILE`.\n{body}\n")
}

/// Saves a project, whole or not at all.
pub fn write(path: &Path, project: &Project) -> Result<(), ProjectError> {
    write_whole(path, to_text(project).as_bytes())
        .map_err(|err| ProjectError::Unwritable { why: err.to_string(), path: path.display().to_string() })
}

/// Plain data as RON, in the project files' own style.
pub fn to_ron(value: &impl Serialize) -> String {
    let pretty = PrettyConfig::new().struct_names(false).indentor("    ").compact_arrays(true);
    options().to_string_pretty(value, pretty).expect("plain data")
}

/// Reads what [`to_ron`] wrote.
///
/// # Errors
/// In one line, when it cannot be read or is something else.
pub fn read_ron<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = std::fs::read_to_string(path).map_err(|err| format!("{err} ({})", path.display()))?;
    let place = |err: ron::error::SpannedError| {
        format!("not valid in line {}: {} ({})", err.span.start.line, err.code, path.display())
    };
    options().from_str(&text).map_err(place)
}

fn options() -> ron::Options {
    ron::Options::default().with_default_extension(Extensions::IMPLICIT_SOME | Extensions::UNWRAP_VARIANT_NEWTYPES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_reads_back_what_it_wrote() {
        let mut project = Project::default();
        for setting in [
            "data=house_prices",
            "data.target=price",
            "model=cnn",
            "optimizer=sgd",
            "schedule=cosine",
            "clip_norm=1",
            "device=gpu:1",
            "stopping=off",
        ] {
            project.set(setting).unwrap();
        }
        let text = to_text(&project);
        assert_eq!(from_text(&text, "a.ron").unwrap(), project, "{text}");
    }

    #[test]
    fn an_unknown_field_is_named_with_its_place() {
        let refused = from_text("(\n  learning_rat: 0.1,\n)", "a.ron").unwrap_err().to_string();
        assert!(
            refused.contains("line 2") && refused.contains("learning_rat") && refused.ends_with("(a.ron)"),
            "{refused}"
        );
    }

    #[test]
    fn a_project_of_a_newer_format_is_refused() {
        assert!(matches!(from_text("(version: 9)", "a.ron"), Err(ProjectError::Newer { version: 9, .. })));
    }
}
