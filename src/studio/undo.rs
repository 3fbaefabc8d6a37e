//! Undo for the draft: old drafts are kept, and turning one knob on and on is one change.

use crate::spec::Project;

/// Old drafts are small; this many are never missed.
const MOST: usize = 200;
/// Looks without a change behind which turning the same knob counts as a change of its own.
const PAUSE: u32 = 40;

/// Drafts before and after the present one.
#[derive(Clone, Debug)]
pub(super) struct Undo {
    present: Project,
    past: Vec<Project>,
    future: Vec<Project>,
    last_keys: Vec<&'static str>,
    idle: u32,
}

impl Undo {
    pub(super) fn new(present: Project) -> Self {
        Self { present, past: Vec::new(), future: Vec::new(), last_keys: Vec::new(), idle: 0 }
    }

    /// With drafts to go back to and forward to, oldest first.
    pub(super) fn taken_up(present: Project, past: Vec<Project>, mut future: Vec<Project>) -> Self {
        future.reverse();
        Self { past, future, ..Self::new(present) }
    }

    /// The drafts before and after the present one, oldest first.
    pub(super) fn drafts(&self) -> (Vec<Project>, Vec<Project>) {
        (self.past.clone(), self.future.iter().rev().cloned().collect())
    }

    /// Looks at the draft, once a frame, and keeps the one before where it changed.
    pub(super) fn look(&mut self, draft: &Project) {
        if *draft == self.present {
            self.idle = self.idle.saturating_add(1);
            return;
        }
        let keys: Vec<_> = draft.changes_from(&self.present).into_iter().map(|it| it.0).collect();
        let goes_on = self.idle < PAUSE && keys == self.last_keys;
        let before = std::mem::replace(&mut self.present, draft.clone());
        if !goes_on {
            self.past.push(before);
            if self.past.len() > MOST {
                self.past.remove(0);
            }
        }
        self.future.clear();
        self.last_keys = keys;
        self.idle = 0;
    }

    pub(super) fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub(super) fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The draft before the last change.
    pub(super) fn undo(&mut self) -> Option<Project> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before));
        self.last_keys.clear();
        Some(self.present.clone())
    }

    /// The draft behind the last undo.
    pub(super) fn redo(&mut self) -> Option<Project> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.present, after));
        self.last_keys.clear();
        Some(self.present.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dragging_one_knob_is_one_change_and_another_knob_is_another() {
        let mut draft = Project::default();
        let mut undo = Undo::new(draft.clone());
        for rate in [0.002, 0.003, 0.004] {
            draft.learning_rate = rate;
            undo.look(&draft);
        }
        draft.training.epochs = 7;
        undo.look(&draft);
        let back = undo.undo().unwrap();
        assert_eq!((back.learning_rate, back.training.epochs), (0.004, 50));
        let back = undo.undo().unwrap();
        assert_eq!(back, Project::default());
        assert!(undo.undo().is_none());
        assert_eq!(undo.redo().unwrap().learning_rate, 0.004);
    }

    #[test]
    fn a_pause_makes_the_same_knob_a_new_change_and_a_change_forgets_what_was_undone() {
        let mut draft = Project::default();
        let mut undo = Undo::new(draft.clone());
        draft.learning_rate = 0.1;
        undo.look(&draft);
        for _ in 0..=PAUSE {
            undo.look(&draft);
        }
        draft.learning_rate = 0.2;
        undo.look(&draft);
        assert_eq!(undo.undo().unwrap().learning_rate, 0.1);
        draft.learning_rate = 0.3;
        undo.look(&draft);
        assert!(!undo.can_redo());
    }
}
