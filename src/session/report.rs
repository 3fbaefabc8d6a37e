//! Reports as files: `report.md` in a run's folder, and those that somebody asked for.

use std::fs;
use std::path::Path;

use super::recorder::{Recorder, read_run};
use crate::data::{Fingerprint, fingerprint};
use crate::project::write_whole;
use crate::report::{Document, report};
use crate::run::Run;

/// A run as its folder tells it, and what its data file is, where it has one that can still be read.
///
/// # Errors
/// As [`read_run`].
pub fn read_folded(folder: &Path) -> Result<(Run, Option<Fingerprint>), String> {
    let (project, events) = read_run(folder)?;
    let data = fingerprint(&project.data.source, folder).ok().flatten();
    Ok((Run::replay(project, events), data))
}

/// Writes a document: HTML with everything inside, or Markdown with its figures in a folder beside it, as the file's
/// ending says. Each file is written whole.
///
/// # Errors
/// When the ending is neither `.md` nor `.html`, or a file cannot be written.
pub fn write_document(document: &Document, path: &Path) -> Result<(), String> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().unwrap_or(Path::new(""));
    let write = |path: &Path, text: &str| {
        write_whole(path, text.as_bytes())
            .map_err(|err| format!("the report cannot be written: {err} ({})", path.display()))
    };
    match ending.as_str() {
        "html" | "htm" => write(path, &document.to_html()),
        "md" | "markdown" => {
            let markdown = document.to_markdown(&format!("{stem}_figures"));
            for (name, svg) in &markdown.figures {
                let file = folder.join(name);
                fs::create_dir_all(file.parent().unwrap_or(folder))
                    .map_err(|err| format!("the report cannot be written: {err} ({})", file.display()))?;
                write(&file, svg)?;
            }
            // The text comes last, so that it never names a figure that is not there.
            write(path, &markdown.text)
        }
        _ => Err(format!("a report is written as .md or .html; end its name so ({})", path.display())),
    }
}

/// Writes a file whole.
///
/// # Errors
/// In one line, the path last.
pub fn write_bytes(path: &Path, bytes: &[u8]) -> Result<(), String> {
    write_whole(path, bytes).map_err(|err| format!("the file cannot be written: {err} ({})", path.display()))
}

/// Writes `report.md` of the run that was just recorded to its end.
///
/// # Errors
/// When what was recorded cannot be read back, or a file cannot be written.
pub(super) fn write_own(recorder: &mut Recorder) -> Result<(), String> {
    recorder.told().map_err(|err| format!("report.md cannot be written: {err}"))?;
    let folder = recorder.folder().path();
    let (run, data) = read_folded(folder)?;
    write_document(&report(&run, data.as_ref()), &folder.join("report.md"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Block, Figure};

    #[test]
    fn a_document_is_written_as_its_ending_says() {
        let folder = tempfile::tempdir().unwrap();
        let figure = Figure { name: "loss".to_owned(), ..Figure::default() };
        let document = Document { title: "A".to_owned(), blocks: vec![Block::Figure(figure)] };
        let path = folder.path().join("my report.md");
        write_document(&document, &path).unwrap();
        assert!(fs::read_to_string(&path).unwrap().contains("(my%20report_figures/loss.svg)"));
        assert!(folder.path().join("my report_figures/loss.svg").is_file());
        write_document(&document, &folder.path().join("a.HTML")).unwrap();
        assert!(fs::read_to_string(folder.path().join("a.HTML")).unwrap().starts_with("<!DOCTYPE html>"));
        let refused = write_document(&document, &folder.path().join("a.pdf")).unwrap_err();
        assert!(refused.starts_with("a report is written as .md or .html"), "{refused}");
        let refused = write_document(&document, &folder.path().join("missing/a.html")).unwrap_err();
        assert!(refused.starts_with("the report cannot be written"), "{refused}");
    }
}
