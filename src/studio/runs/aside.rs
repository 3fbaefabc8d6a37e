//! Runs that are set aside: behind a log of another program, or while the quiz has the chart.

use std::collections::VecDeque;
use std::sync::Arc;

use super::Runs;
use crate::run::{Command, Run};
use crate::studio::ReadLog;

/// Runs of this program while a log of another one is shown. A log is never a ghost, nor has it any: its losses may
/// be of other rows, in another unit, and an epoch may be something else, so that lines side by side would compare
/// nothing.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) shown: Option<Run>,
    pub(super) ghosts: VecDeque<Run>,
}

impl Runs {
    /// Puts all of them aside, to make room for runs that are kept nowhere. A live one is asked to stop, and tells its
    /// end where it is polled.
    pub(in crate::studio) fn set_aside(&mut self) -> Self {
        self.planned = None;
        self.quit_seeds();
        if self.is_live() {
            self.send(Command::Stop);
        }
        let room = Self { program: self.program.clone(), ..Self::new(Arc::clone(&self.wake)) };
        std::mem::replace(self, room)
    }

    /// Puts those that were set aside in the place of these. A live one of these is asked to stop.
    pub(in crate::studio) fn put_back(&mut self, aside: Self) {
        self.retire();
        let room = std::mem::replace(self, aside);
        self.retiring.extend(room.retiring);
    }

    /// Shows a log in front of the runs of this program. A live one is asked to stop.
    pub(in crate::studio) fn show_log(&mut self, log: ReadLog, run: Run) {
        self.planned = None;
        if self.is_live() {
            self.retire();
        }
        let before = self.shown.replace(run);
        if self.log.replace(log).is_none() {
            self.aside = Aside { shown: before, ghosts: std::mem::take(&mut self.ghosts) };
            self.aside.shown.iter_mut().for_each(Run::close);
        }
    }

    /// Leads back to the runs of this program.
    pub(in crate::studio) fn close_log(&mut self) {
        if self.log.take().is_some() {
            let Aside { shown, ghosts } = std::mem::take(&mut self.aside);
            (self.shown, self.ghosts) = (shown, ghosts);
        }
    }
}
