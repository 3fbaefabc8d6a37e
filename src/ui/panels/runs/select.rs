//! Which runs are chosen, and where the keyboard stands among them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use egui::Modifiers;

/// Chosen runs by their folders, so that they stay chosen however the list is sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selection {
    chosen: BTreeSet<PathBuf>,
    /// Where arrows go on from.
    cursor: Option<PathBuf>,
    /// Where a range begins.
    anchor: Option<PathBuf>,
}

impl Selection {
    /// These, before anything was clicked.
    pub(super) fn of(chosen: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { chosen: chosen.into_iter().collect(), ..Self::default() }
    }

    /// Every chosen run, in the order of their folders.
    pub(super) fn chosen(&self) -> impl Iterator<Item = &Path> {
        self.chosen.iter().map(PathBuf::as_path)
    }

    pub(super) fn has(&self, folder: &Path) -> bool {
        self.chosen.contains(folder)
    }

    pub(super) fn len(&self) -> usize {
        self.chosen.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets runs that are no longer there.
    pub(super) fn keep(&mut self, is_there: impl Fn(&Path) -> bool) {
        self.chosen.retain(|it| is_there(it));
        for place in [&mut self.cursor, &mut self.anchor] {
            *place = place.take().filter(|it| is_there(it));
        }
    }

    /// Chooses one alone.
    pub(super) fn only(&mut self, folder: &Path) {
        self.chosen = BTreeSet::from([folder.to_owned()]);
        (self.cursor, self.anchor) = (Some(folder.to_owned()), Some(folder.to_owned()));
    }

    /// A click on a line of a list: alone, with ctrl in addition or no longer, with shift all from the anchor on.
    pub(super) fn click(&mut self, list: &[&Path], idx: usize, keys: Modifiers) {
        let Some(folder) = list.get(idx).map(|it| (*it).to_owned()) else { return };
        if keys.shift {
            self.extend_to(list, idx);
        } else if keys.command {
            if !self.chosen.remove(&folder) {
                self.chosen.insert(folder.clone());
            }
            (self.cursor, self.anchor) = (Some(folder.clone()), Some(folder));
        } else {
            self.only(&folder);
        }
    }

    /// Moves along a list, by lines. Returns where it stands then.
    pub(super) fn step(&mut self, list: &[&Path], by: isize, is_extending: bool) -> Option<usize> {
        let last = list.len().checked_sub(1)?;
        let to = match place(list, self.cursor.as_deref()) {
            Some(at) => at.saturating_add_signed(by).min(last),
            None if by > 0 => 0,
            None => last,
        };
        if is_extending {
            self.extend_to(list, to);
        } else {
            self.only(list[to]);
        }
        Some(to)
    }

    /// Chooses all of a list.
    pub(super) fn all(&mut self, list: &[&Path]) {
        self.chosen = list.iter().map(|it| (*it).to_owned()).collect();
        self.cursor = self.cursor.take().or_else(|| list.first().map(|it| (*it).to_owned()));
    }

    fn extend_to(&mut self, list: &[&Path], to: usize) {
        let from = place(list, self.anchor.as_deref()).unwrap_or(to);
        self.chosen = list[from.min(to)..=from.max(to)].iter().map(|it| (*it).to_owned()).collect();
        self.anchor = Some(list[from].to_owned());
        self.cursor = Some(list[to].to_owned());
    }
}

fn place(list: &[&Path], folder: Option<&Path>) -> Option<usize> {
    folder.and_then(|it| list.iter().position(|line| *line == it))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: Modifiers = Modifiers::COMMAND;

    fn list() -> Vec<&'static Path> {
        ["a", "b", "c", "d", "e"].map(Path::new).to_vec()
    }

    fn chosen(selection: &Selection) -> String {
        selection.chosen.iter().map(|it| it.display().to_string()).collect()
    }

    #[test]
    fn a_click_chooses_one_ctrl_adds_and_takes_away_and_shift_fills_up() {
        let mut selection = Selection::default();
        selection.click(&list(), 1, Modifiers::NONE);
        selection.click(&list(), 3, COMMAND);
        assert_eq!(chosen(&selection), "bd");
        selection.click(&list(), 1, COMMAND);
        assert_eq!(chosen(&selection), "d");
        selection.click(&list(), 3, Modifiers::NONE);
        selection.click(&list(), 1, Modifiers::SHIFT);
        assert_eq!(chosen(&selection), "bcd");
        selection.click(&list(), 4, Modifiers::SHIFT);
        assert_eq!(chosen(&selection), "de", "the range begins where it began");
    }

    #[test]
    fn arrows_stop_at_the_ends_and_shift_extends() {
        let mut selection = Selection::default();
        assert_eq!(selection.step(&list(), 1, false), Some(0));
        assert_eq!(selection.step(&list(), -1, false), Some(0));
        assert_eq!(selection.step(&list(), 2, true), Some(2));
        assert_eq!(chosen(&selection), "abc");
        assert_eq!(selection.step(&list(), isize::MAX, false), Some(4));
        assert_eq!((chosen(&selection).as_str(), selection.step(&[], 1, false)), ("e", None));
        selection.all(&list());
        selection.keep(|it| it != Path::new("e"));
        assert_eq!(chosen(&selection), "abcd");
        assert_eq!(selection.step(&list(), 1, false), Some(0), "the cursor went with its run");
    }
}
