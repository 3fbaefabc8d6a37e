//! What is done to the folder of runs, each on a thread, and behind it what is there now.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{HistoryAction, MarkChange};
use crate::session::{Listing, Marks, TRASH_DAYS, bring_back, delete, empty_trash};
use crate::studio::{Action, Notice, Offer};

/// One piece of work on the folder.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Sees what is there.
    Look,
    /// The same for the first time; what is in the trash for long goes.
    FirstLook,
    Mark {
        runs: Vec<PathBuf>,
        change: MarkChange,
    },
    /// Writes these marks.
    Restore(Vec<(PathBuf, Marks)>),
    Delete(Vec<PathBuf>),
    /// Names in the trash.
    BringBack(Vec<String>),
    Empty,
}

/// What a task came to.
pub(super) struct Outcome {
    pub(super) listing: Result<Listing, String>,
    pub(super) notices: Vec<Notice>,
    /// What takes it back; none where there is nothing to take back.
    pub(super) back: Option<Task>,
}

impl Task {
    pub(super) fn perform(self, folder: &Path, known: &Listing) -> Outcome {
        let mut notices = Vec::new();
        let back = match self {
            Self::Look => None,
            Self::FirstLook => {
                empty_trash(folder, SystemTime::now(), TRASH_DAYS)
                    .err()
                    .into_iter()
                    .for_each(|it| notices.push(Notice::error(it)));
                None
            }
            Self::Mark { runs, change } => mark(runs, &mut notices, |own, _| change.applied_to(own)),
            Self::Restore(before) => {
                let (runs, marks): (Vec<_>, Vec<_>) = before.into_iter().unzip();
                mark(runs, &mut notices, |_, idx| marks[idx].clone())
            }
            Self::Delete(runs) => delete_all(&runs, &mut notices),
            Self::BringBack(names) => bring_all_back(folder, &names, &mut notices),
            Self::Empty => {
                match empty_trash(folder, SystemTime::now(), 0) {
                    Ok(n) => notices.push(Notice::info(format!("{} deleted for good", runs_text(n)))),
                    Err(why) => notices.push(Notice::error(why)),
                }
                None
            }
        };
        Outcome { listing: Listing::of(folder, known), notices, back }
    }
}

/// Writes what becomes of the marks of each run, by its place among the runs; those that stay as they are are left.
fn mark(runs: Vec<PathBuf>, notices: &mut Vec<Notice>, changed: impl Fn(&Marks, usize) -> Marks) -> Option<Task> {
    let mut before = Vec::new();
    let mut refused = Vec::new();
    for (idx, run) in runs.into_iter().enumerate() {
        let own = Marks::read(&run);
        let after = own.as_ref().map(|own| changed(own, idx)).unwrap_or_default();
        match own {
            Ok(own) if own == after => {}
            Ok(own) => match after.write(&run) {
                Ok(()) => before.push((run, own)),
                Err(why) => refused.push(why),
            },
            Err(why) => refused.push(why),
        }
    }
    say(&refused, notices);
    (!before.is_empty()).then_some(Task::Restore(before))
}

fn delete_all(runs: &[PathBuf], notices: &mut Vec<Notice>) -> Option<Task> {
    let (names, refused) = sorted(runs.iter().map(|it| delete(it)));
    say(&refused, notices);
    if names.is_empty() {
        return None;
    }
    let what = if let [one] = names.as_slice() { one.clone() } else { runs_text(names.len()) };
    let action = Action::History(HistoryAction::BringBack(names.clone()));
    notices.push(Notice::info(format!("{what} deleted")).offering(Offer { label: "Bring back".to_owned(), action }));
    Some(Task::BringBack(names))
}

fn bring_all_back(folder: &Path, names: &[String], notices: &mut Vec<Notice>) -> Option<Task> {
    let (runs, refused) = sorted(names.iter().map(|it| bring_back(folder, it)));
    say(&refused, notices);
    (!runs.is_empty()).then_some(Task::Delete(runs))
}

fn sorted<T>(outcomes: impl Iterator<Item = Result<T, String>>) -> (Vec<T>, Vec<String>) {
    let (mut done, mut refused) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        match outcome {
            Ok(it) => done.push(it),
            Err(why) => refused.push(why),
        }
    }
    (done, refused)
}

/// One notice, whatever went wrong how often.
fn say(refused: &[String], notices: &mut Vec<Notice>) {
    match refused {
        [] => {}
        [one] => notices.push(Notice::error(one)),
        [first, rest @ ..] => notices.push(Notice::error(format!("{first}; and {} like it", runs_text(rest.len())))),
    }
}

fn runs_text(n: usize) -> String {
    if n == 1 { "1 run".to_owned() } else { format!("{n} runs") }
}
