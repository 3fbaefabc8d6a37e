//! The course of a fork: how its settings stood, step by step, until it left its parent. Kept as `fork.ron`, so that
//! the fork can be made again from its first step, whatever becomes of its parent.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::project;
use crate::run::{Event, Parent};
use crate::spec::Project;

/// A fork's file of that name.
pub(super) const FILE: &str = "fork.ron";

/// What lies before a fork's own part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Course {
    pub(super) parent: Parent,
    /// Training and validation loss of the last epoch in common, as the parent told them.
    pub(super) losses: (f64, f64),
    /// As the first ancestor began.
    pub(super) begin: Project,
    /// In order of their steps; with the last one it leaves its parent.
    pub(super) turns: Vec<Turn>,
}

/// Settings that were changed between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Turn {
    /// Updates made before.
    pub(super) step: u64,
    pub(super) by: By,
    /// How everything is set from there on.
    pub(super) project: Project,
}

/// Who changed the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum By {
    /// A knob that was turned while training.
    User,
    /// A fork, where it left its parent.
    Fork,
}

impl Course {
    /// The course that a run has taken by a step: the turns of its own file, and the knobs turned since.
    ///
    /// # Errors
    /// When its file is damaged, or it had not left its own parent by then, which is the one to fork there.
    pub(super) fn taken(run: &Path, project: &Project, events: &[Event], end: u64) -> Result<Self, String> {
        let mut course = Self::read(run)?.unwrap_or_else(|| Self::new(project.clone()));
        let left = course.turns.last().map_or(0, |it| it.step);
        if end < left {
            return Err(format!(
                "up to epoch {} this fork is the same as {}; fork that one there ({})",
                course.parent.epoch,
                course.parent.run,
                run.display()
            ));
        }
        for event in events {
            let Event::Changed(it) = event else { continue };
            // What was turned behind the last epoch in common is the parent's future.
            if it.by == <&str>::from(By::User) && (left..end).contains(&it.step) {
                let mut project = course.stands().clone();
                project.set_value(&it.key, &it.to).map_err(|err| format!("{err} ({})", run.display()))?;
                course.turns.push(Turn { step: it.step, by: By::User, project });
            }
        }
        Ok(course)
    }

    fn new(begin: Project) -> Self {
        Self { parent: Parent::default(), losses: (f64::NAN, f64::NAN), begin, turns: Vec::new() }
    }

    /// A run folder's own course; none where it is no fork.
    pub(super) fn read(run: &Path) -> Result<Option<Self>, String> {
        let file = run.join(FILE);
        if file.is_file() { project::read_ron(&file).map(Some) } else { Ok(None) }
    }

    /// How everything is set at its end.
    pub(super) fn stands(&self) -> &Project {
        self.turns.last().map_or(&self.begin, |it| &it.project)
    }

    /// The settings that the doctor knows of once so many turns were taken: a fork begins with a doctor of its own.
    pub(super) fn known_to_the_doctor(&self, n_taken: usize) -> &Project {
        let taken = self.turns.iter().take(n_taken);
        taken.rev().find(|it| it.by == By::Fork).map_or(&self.begin, |it| &it.project)
    }
}
