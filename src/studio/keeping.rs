//! What the window holds, kept in a file so that it comes back after a crash, a kill or a power cut.
//!
//! Runs and data are on disk already: the file names them. A thread writes it, whole or not at all.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Notice, Planned, Studio, Wake};
use crate::project::write_whole;
use crate::session::{Background, in_background};
use crate::spec::Project;

/// Of the file; one of a later version is put aside as a damaged one is.
const VERSION: u32 = 1;

/// All that comes back: what the studio holds, and how the window looks at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Remembered<L> {
    pub version: u32,
    pub studio: Held,
    pub layout: L,
    /// How the panels are looked at, by their ids.
    pub panels: BTreeMap<String, serde_json::Value>,
    /// The toolkit's own memory: sizes, scroll positions, what is unfolded.
    pub toolkit: String,
}

/// What the studio holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    pub draft: Project,
    /// As its file holds it.
    pub saved: Project,
    pub file: Option<PathBuf>,
    /// Where relative paths in the draft start.
    pub base: PathBuf,
    /// Drafts that undo and redo lead to, oldest first.
    pub past: Vec<Project>,
    pub future: Vec<Project>,
    pub runs: HeldRuns,
    /// A fork that is being set up; the draft holds its settings.
    pub planned: Option<Planned>,
}

/// The runs on the chart, by their folders.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HeldRuns {
    pub shown: Option<HeldRun>,
    /// Newest first.
    pub ghosts: Vec<HeldRun>,
    /// The log of another program in front of them.
    pub log: Option<PathBuf>,
}

/// A run on the chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRun {
    pub folder: PathBuf,
    /// What was changed against the run before, in words.
    pub change: String,
}

impl Studio {
    /// What it holds; none while the quiz covers it.
    pub fn held(&self) -> Option<Held> {
        let planned = self.runs.planned.clone();
        self.quiz.round.is_none().then(|| Held { runs: self.runs.held(), planned, ..self.projects.held() })
    }

    /// Takes up what was held before. Runs are read by a thread, and those that are gone are left out.
    pub fn take_up(&mut self, held: Held) {
        let runs = held.runs.clone();
        self.runs.planned = held.planned.clone().filter(Planned::has_parent);
        self.projects.take_up(held);
        if runs != HeldRuns::default() {
            self.opening.bring_back(runs);
        }
    }
}

/// Writes the file whenever it is told to, and reads it once.
pub struct Keeper {
    path: PathBuf,
    /// As it was written last.
    last: Option<Arc<Vec<u8>>>,
    writing: Option<Background<Arc<Vec<u8>>>>,
    is_failing: bool,
    wake: Wake,
}

impl Keeper {
    pub fn new(path: PathBuf, wake: Wake) -> Self {
        Self { path, last: None, writing: None, is_failing: false, wake }
    }

    /// Reads what was kept. What is damaged is put aside, said in one line, and nothing comes back.
    pub fn read<L: for<'a> Deserialize<'a>>(&self) -> (Option<Remembered<L>>, Option<Notice>) {
        let Ok(bytes) = std::fs::read(&self.path) else { return (None, None) };
        let trouble = match serde_json::from_slice::<Remembered<L>>(&bytes) {
            Ok(it) if it.version <= VERSION => return (Some(it), None),
            Ok(it) => format!("a later version of the program wrote it (format {})", it.version),
            // What is quoted of an altered file may hold anything, and a notice is one line.
            Err(err) => err.to_string().replace('\n', " "),
        };
        let aside = self.path.with_extension("damaged.json");
        let moved = std::fs::rename(&self.path, &aside);
        let place = if moved.is_ok() { &aside } else { &self.path };
        let text = format!(
            "What the window held last time cannot be read, and it starts anew: {trouble}; the file was put aside ({})",
            place.display()
        );
        (None, Some(Notice::error(text)))
    }

    /// Whether a write goes on.
    pub fn is_busy(&self) -> bool {
        self.writing.is_some()
    }

    /// Has it written by a thread, where it differs from what was written last.
    pub fn keep<L: Serialize + Send + 'static>(&mut self, what: Remembered<L>) {
        let (path, last) = (self.path.clone(), self.last.clone());
        let write =
            move || write(&path, what, last.as_deref()).map(|it| it.map_or_else(|| last.unwrap_or_default(), Arc::new));
        self.writing = Some(in_background("window", Arc::clone(&self.wake), write));
    }

    /// Writes it at once, on the way out.
    pub fn keep_now<L: Serialize>(&mut self, what: Remembered<L>) {
        self.writing = None;
        // Nobody is there any more to be told.
        write(&self.path, what, self.last.as_deref().map(|it| it as &Vec<u8>)).ok();
    }

    /// Takes in what became of the last write. One that fails is told once, until one succeeds.
    pub fn poll(&mut self, notices: &mut Vec<Notice>) {
        let Some(outcome) = self.writing.as_ref().and_then(Background::take) else { return };
        self.writing = None;
        match outcome.as_ref() {
            Ok(written) => (self.last, self.is_failing) = (Some(Arc::clone(written)), false),
            Err(why) if !self.is_failing => {
                self.is_failing = true;
                notices.push(Notice::error(why.clone()));
            }
            Err(_) => {}
        }
    }
}

/// Writes where it differs from the last; the bytes that were written.
fn write<L: Serialize>(path: &Path, what: Remembered<L>, last: Option<&Vec<u8>>) -> Result<Option<Vec<u8>>, String> {
    let trouble = |err: &dyn std::fmt::Display| {
        format!(
            "what the window holds cannot be kept: {err}; it would not come back after a crash ({})",
            path.display()
        )
    };
    let bytes = serde_json::to_vec(&Remembered { version: VERSION, ..what }).map_err(|err| trouble(&err))?;
    if last == Some(&bytes) {
        return Ok(None);
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|err| trouble(&err))?;
    }
    write_whole(path, &bytes).map_err(|err| trouble(&err))?;
    Ok(Some(bytes))
}
