//! What one may do with runs that were written down.

use std::path::PathBuf;

use crate::session::Marks;

/// What is asked of the history; runs are named by their folders.
#[derive(Clone, Debug, PartialEq)]
pub enum HistoryAction {
    /// Sees what is in the folder now.
    Look,
    Mark {
        runs: Vec<PathBuf>,
        change: MarkChange,
    },
    /// Moves runs to the trash. One that is being trained stays.
    Delete(Vec<PathBuf>),
    /// Moves runs back, by their names in the trash.
    BringBack(Vec<String>),
    /// Deletes for good what is in the trash.
    EmptyTrash,
    /// Reads the curves of these, to compare them.
    Compare(Vec<PathBuf>),
    /// Trains the projects of these with further seeds, and keeps what comes of it.
    Repeat(Vec<PathBuf>),
    /// Ends that.
    CancelRepeat,
    /// Takes the last change of marks, or deletion, back.
    Undo,
}

/// A change of a person's marks on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MarkChange {
    Star(bool),
    Archive(bool),
    /// Name, note and tags at once, as one edits them.
    Words(Box<Words>),
    /// Further tags, to those that are there.
    Tag(Vec<String>),
}

/// What a person calls a run and says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub name: String,
    pub note: String,
    pub tags: Vec<String>,
}

impl MarkChange {
    pub(super) fn applied_to(&self, marks: &Marks) -> Marks {
        let mut marks = marks.clone();
        match self {
            Self::Star(is_starred) => marks.is_starred = *is_starred,
            Self::Archive(is_archived) => marks.is_archived = *is_archived,
            Self::Words(it) => {
                it.name.trim().clone_into(&mut marks.name);
                it.note.trim().clone_into(&mut marks.note);
                marks.tags.clear();
                add_tags(&mut marks.tags, &it.tags);
            }
            Self::Tag(tags) => add_tags(&mut marks.tags, tags),
        }
        marks
    }
}

/// Each tag once, whatever blanks and commas stood around it.
fn add_tags(own: &mut Vec<String>, tags: &[String]) {
    for tag in tags.iter().flat_map(|it| it.split(',')).map(str::trim).filter(|it| !it.is_empty()) {
        if !own.iter().any(|it| it == tag) {
            own.push(tag.to_owned());
        }
    }
}
