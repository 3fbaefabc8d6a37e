//! What leaves the window as a file or as text to paste: reports, recipes, pictures and values.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::history::Comparand;
use super::{Notice, Wake};
use crate::data::{Fingerprint, fingerprint};
use crate::report::{self, Document};
use crate::run::Run;
use crate::session::{Background, in_background, write_bytes, write_document};
use crate::spec::Source;

/// About the run that is shown, and what is seen of it.
#[derive(Clone, Debug, PartialEq)]
pub enum ExportAction {
    /// Writes the run's report: `.html` or `.md`.
    Report(PathBuf),
    /// Writes the report of the runs that are compared.
    Comparison(PathBuf),
    /// Puts the run's recipe together, to be pasted somewhere.
    Recipe,
    /// Writes what a panel has made of itself: a picture, or values.
    File { path: PathBuf, bytes: Vec<u8> },
}

/// Everything on its way out. Files are written on threads of their own, so that no frame waits for a disk.
pub struct Exports {
    work: Vec<Background<Done>>,
    /// Text to put on the clipboard; whoever has one takes it.
    pub copied: Option<String>,
    wake: Wake,
}

enum Done {
    Written(PathBuf),
    Recipe(String),
}

impl Exports {
    pub(super) fn new(wake: Wake) -> Self {
        Self { work: Vec::new(), copied: None, wake }
    }

    /// Starts what was asked. Relative paths in the run's project start at `base`.
    pub(super) fn act(&mut self, action: ExportAction, run: Option<&Run>, base: &Path, compared: &[Arc<Comparand>]) {
        let run = || run.map(|it| rooted(it, base));
        let work: Box<dyn FnOnce() -> Result<Done, String> + Send> = match action {
            ExportAction::File { path, bytes } => Box::new(move || {
                write_bytes(&path, &bytes)?;
                Ok(Done::Written(path))
            }),
            ExportAction::Report(path) => {
                let Some(run) = run() else { return };
                Box::new(move || {
                    write_document(&report::report(&run, data_of(&run).as_ref()), &path)?;
                    Ok(Done::Written(path))
                })
            }
            ExportAction::Comparison(path) => {
                let compared = compared.to_vec();
                Box::new(move || {
                    write_document(&comparison(&compared), &path)?;
                    Ok(Done::Written(path))
                })
            }
            ExportAction::Recipe => {
                let Some(run) = run() else { return };
                Box::new(move || Ok(Done::Recipe(report::recipe(&run, data_of(&run).as_ref()))))
            }
        };
        self.work.push(in_background("export", Arc::clone(&self.wake), work));
    }

    pub(super) fn poll(&mut self, notices: &mut Vec<Notice>) {
        let mut done = Vec::new();
        self.work.retain(|it| it.take().map(|it| done.push(it)).is_none());
        for outcome in done {
            match outcome.as_ref() {
                Ok(Done::Written(path)) => notices.push(Notice::info(format!("Saved {}", path.display()))),
                Ok(Done::Recipe(text)) => {
                    self.copied = Some(text.clone());
                    notices.push(Notice::info("The recipe is on the clipboard: a project file that repeats the run"));
                }
                Err(text) => notices.push(Notice::error(text.clone())),
            }
        }
    }
}

/// A damaged run has nothing to be held against the others.
fn comparison(compared: &[Arc<Comparand>]) -> Document {
    let readable = compared.iter().filter_map(|it| Some((it.glance.name().to_owned(), it.run.as_ref().ok()?)));
    report::comparison(&readable.collect::<Vec<_>>())
}

/// A copy of a run whose project says by a whole path where its data are, so that it may lie anywhere.
fn rooted(run: &Run, base: &Path) -> Run {
    let mut run = run.clone();
    if let Source::File(path) = &mut run.project.data.source
        && let Ok(whole) = base.join(&*path).canonicalize()
    {
        *path = whole.display().to_string();
    }
    run
}

fn data_of(run: &Run) -> Option<Fingerprint> {
    fingerprint(&run.project.data.source, Path::new("")).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Project;
    use crate::studio::{Action, Studio};

    fn wait(studio: &mut Studio, what: impl Fn(&Studio) -> bool) {
        for _ in 0..2000 {
            studio.poll();
            if what(studio) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("waited in vain: {:?}", studio.notices);
    }

    #[test]
    fn a_report_a_recipe_and_a_file_leave_and_what_cannot_be_written_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let mut studio = Studio::new(Arc::new(|| ()));
        studio.act(Action::Export(ExportAction::Recipe));
        assert!(studio.exports.work.is_empty(), "there is no run to tell of");

        let table = folder.path().join("my.csv");
        std::fs::write(&table, "abc").unwrap();
        let mut project = Project { name: "Mine".to_owned(), ..Project::default() };
        project.data.source = Source::File(table.display().to_string());
        studio.runs.shown = Some(Run::of(project));
        studio.act(Action::Export(ExportAction::Report(folder.path().join("mine.html"))));
        studio.act(Action::Export(ExportAction::Recipe));
        let values = ExportAction::File { path: folder.path().join("mine.csv"), bytes: b"a,b\n".to_vec() };
        studio.act(Action::Export(values));
        wait(&mut studio, |it| it.notices.len() == 3);
        assert!(studio.notices.iter().all(|it| !it.is_error), "{:?}", studio.notices);
        assert!(studio.exports.work.is_empty());
        assert!(std::fs::read_to_string(folder.path().join("mine.html")).unwrap().contains("<h1>Mine</h1>"));
        assert_eq!(std::fs::read(folder.path().join("mine.csv")).unwrap(), b"a,b\n");
        let recipe = studio.exports.copied.take().unwrap();
        assert!(recipe.contains("SHA-256 ba7816bf8f01cfea"), "{recipe}");

        studio.notices.clear();
        studio.act(Action::Export(ExportAction::Report(folder.path().join("missing/mine.html"))));
        wait(&mut studio, |it| it.notices.len() == 1);
        assert!(
            studio.notices[0].is_error && studio.notices[0].text.contains("cannot be written"),
            "{:?}",
            studio.notices
        );
    }
}
