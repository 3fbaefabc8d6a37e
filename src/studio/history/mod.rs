//! Every run that was written down: what is known of each, and what a person does with them.
//!
//! Whatever reads or writes the folder is done on a thread, one thing after the other, and ends with a look at what is
//! there then: the list is always what the disk holds.

mod action;
mod arrange;
mod compare;
mod lineage;
mod repeat;
mod task;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use action::{HistoryAction, MarkChange, Words};
pub use arrange::{Archived, Column, Facets, Query, state_label, test_metric};
pub use compare::{Comparand, Compared, MOST_COMPARED, Seeded, seeded};
pub use lineage::{Branch, Origin, tree};
pub use repeat::{Repeating, SEEDS};

use super::{Notice, Wake};
use crate::session::{Background, Listing, in_background};
use task::{Outcome, Task};

/// Changes that can be taken back.
const MOST_UNDO: usize = 100;

/// The runs in the folder in which they are kept.
pub struct History {
    pub listing: Arc<Listing>,
    /// Counts up with each listing that differs from the one before.
    pub generation: u64,
    /// Why the folder cannot be looked into; empty where it can.
    pub trouble: String,
    /// Runs that are held against each other.
    pub compared: Compared,
    /// Runs that are trained with further seeds.
    pub repeating: Repeating,
    folder: Option<PathBuf>,
    has_looked: bool,
    work: Option<Background<Outcome>>,
    waiting: VecDeque<(Task, Intent)>,
    doing: Intent,
    undo: Vec<Task>,
    wake: Wake,
}

/// What a task is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Intent {
    /// Can be taken back.
    #[default]
    Do,
    /// Takes something back.
    Undo,
}

impl History {
    pub(super) fn new(wake: Wake) -> Self {
        Self {
            listing: Arc::default(),
            generation: 0,
            trouble: String::new(),
            compared: Compared::default(),
            repeating: Repeating::default(),
            folder: None,
            has_looked: false,
            work: None,
            waiting: VecDeque::new(),
            doing: Intent::Do,
            undo: Vec::new(),
            wake,
        }
    }

    pub(super) fn keep_in(&mut self, folder: PathBuf) {
        self.folder = Some(folder);
    }

    /// Where runs are kept; none where they are not.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// Whether the folder was looked into before.
    pub fn has_looked(&self) -> bool {
        self.has_looked
    }

    /// Whether something is being done.
    pub fn is_busy(&self) -> bool {
        self.work.is_some() || !self.waiting.is_empty()
    }

    /// Whether a change can be taken back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Takes in what was done, and begins what waits.
    pub(super) fn poll(&mut self, notices: &mut Vec<Notice>) {
        if let Some(outcome) = self.work.as_ref().and_then(Background::take) {
            self.work = None;
            match Arc::into_inner(outcome) {
                Some(Ok(outcome)) => self.take_in(outcome, notices),
                Some(Err(why)) => notices.push(Notice::error(why)),
                None => {}
            }
        }
        if self.repeating.poll(&self.wake, notices) {
            self.look();
        }
        self.compared.poll(&self.listing, &self.wake);
        let (None, Some(folder)) = (&self.work, self.folder.clone()) else { return };
        if let Some((task, intent)) = self.waiting.pop_front() {
            let known = Arc::clone(&self.listing);
            self.doing = intent;
            let work = move || Ok(task.perform(&folder, &known));
            self.work = Some(in_background("history", Arc::clone(&self.wake), work));
        }
    }

    fn take_in(&mut self, outcome: Outcome, notices: &mut Vec<Notice>) {
        notices.extend(outcome.notices);
        match outcome.listing {
            Ok(listing) => {
                self.trouble.clear();
                if *self.listing != listing || !self.has_looked {
                    self.listing = Arc::new(listing);
                    self.generation += 1;
                }
            }
            Err(why) => self.trouble = why,
        }
        self.has_looked = true;
        if let Some(back) = outcome.back.filter(|_| self.doing == Intent::Do) {
            self.undo.push(back);
            let surplus = self.undo.len().saturating_sub(MOST_UNDO);
            self.undo.drain(..surplus);
        }
    }

    pub(super) fn act(&mut self, action: HistoryAction) {
        match action {
            HistoryAction::Look => self.look(),
            // Applied to what the disk holds when its turn comes: a change before it may still be on its way there.
            HistoryAction::Mark { runs, change } => self.ask(Task::Mark { runs, change }, Intent::Do),
            HistoryAction::Delete(runs) => self.ask(Task::Delete(runs), Intent::Do),
            HistoryAction::BringBack(names) => {
                // Taking back by the notice is taking back the same thing.
                self.undo.retain(|it| *it != Task::BringBack(names.clone()));
                self.ask(Task::BringBack(names), Intent::Undo);
            }
            HistoryAction::EmptyTrash => {
                self.undo.retain(|it| !matches!(it, Task::BringBack(_)));
                self.ask(Task::Empty, Intent::Do);
            }
            HistoryAction::Compare(runs) => {
                self.compared.ask(runs);
                (self.wake)();
            }
            HistoryAction::Repeat(runs) => {
                for it in &self.compared.runs {
                    if let (true, Ok(run)) = (runs.contains(&it.glance.folder), &it.run) {
                        self.repeating.ask(it.glance.folder.clone(), run.clone());
                    }
                }
                (self.wake)();
            }
            HistoryAction::CancelRepeat => self.repeating.cancel(),
            HistoryAction::Undo => {
                if let Some(back) = self.undo.pop() {
                    self.ask(back, Intent::Undo);
                }
            }
        }
    }

    /// Looks again, unless a look is waiting already.
    pub(super) fn look(&mut self) {
        let look = if self.has_looked { Task::Look } else { Task::FirstLook };
        if !self.waiting.iter().any(|it| it.0 == look) {
            self.ask(look, Intent::Do);
        }
    }

    fn ask(&mut self, task: Task, intent: Intent) {
        self.waiting.push_back((task, intent));
        (self.wake)();
    }
}

#[cfg(test)]
mod tests;
