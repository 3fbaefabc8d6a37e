//! What a person has written on a run: a name, a note, tags, a star. One small file in the run's folder, which readers
//! of runs that do not know it pass over.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::project::write_whole;

/// The file's name in a run folder.
pub(super) const FILE: &str = "marks.ron";

/// A person's marks on a run. Nothing of it takes part in training.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// What it is to be called; empty for the folder's name.
    pub name: String,
    pub note: String,
    /// Each once, in the order they were given.
    pub tags: Vec<String>,
    pub is_starred: bool,
    /// Put away: kept, and out of sight unless asked for.
    pub is_archived: bool,
}

impl Marks {
    /// The marks of a run folder; none where it has no such file.
    ///
    /// # Errors
    /// In words, when the file is there and cannot be read.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(err) => return Err(format!("the run's marks cannot be read: {err} ({})", path.display())),
        };
        ron::from_str(&text).map_err(|err| {
            // What is quoted of the file may hold anything, and a message is one line.
            let err = err.to_string().replace('\n', " ");
            format!("the run's marks cannot be read: {err} ({})", path.display())
        })
    }

    /// Writes them, whole or not at all.
    ///
    /// # Errors
    /// In words, when the folder takes no file, or holds marks that cannot be read and would be lost.
    pub fn write(&self, folder: &Path) -> Result<(), String> {
        Self::read(folder)?;
        let path = folder.join(FILE);
        let trouble = |err: &dyn std::fmt::Display| format!("the run cannot be marked: {err} ({})", path.display());
        let pretty = ron::ser::PrettyConfig::new().struct_names(false).compact_arrays(true);
        let text = ron::ser::to_string_pretty(self, pretty).map_err(|err| trouble(&err))?;
        write_whole(&path, format!("{text}\n").as_bytes()).map_err(|err| trouble(&err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_back_and_what_cannot_be_read_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Marks::read(folder.path()), Ok(Marks::default()));
        let marks = Marks {
            name: "Best so far".to_owned(),
            note: "two lines,\n\"quoted\"".to_owned(),
            tags: vec!["paper".to_owned(), "größer".to_owned()],
            is_starred: true,
            is_archived: false,
        };
        marks.write(folder.path()).unwrap();
        assert_eq!(Marks::read(folder.path()), Ok(marks.clone()));
        // A later version may know more of a run than this one.
        std::fs::write(folder.path().join(FILE), "(name: \"a\", mood: \"calm\")").unwrap();
        assert_eq!(Marks::read(folder.path()).unwrap().name, "a");
        std::fs::write(folder.path().join(FILE), "(name: \"a").unwrap();
        let refused = marks.write(folder.path()).unwrap_err();
        assert!(refused.starts_with("the run's marks cannot be read") && refused.contains(FILE), "{refused}");
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap(), "(name: \"a");
    }
}
