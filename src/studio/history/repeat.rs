//! Training a listed run's project with further seeds, in the background, and keeping what they came to in its folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::run::{Run, SeedRow};
use crate::session::{Session, keep_seeds};
use crate::studio::seeds::stands_for_its_seed;
use crate::studio::{Notice, SeedTraining, Wake};

/// Seeds that a comparison asks for: the fewest that tell something.
pub const SEEDS: u64 = 3;

/// A run that is being repeated.
#[derive(Default)]
pub struct Repeating {
    now: Option<(PathBuf, SeedTraining)>,
    /// Runs that come next, with what is known of them.
    waiting: Vec<(PathBuf, Run)>,
    /// Trainings that were asked to stop.
    leaving: Vec<Session>,
    /// This program, where seeds have processes of their own.
    program: Option<PathBuf>,
}

impl Repeating {
    /// The run whose seeds are being trained.
    pub fn now(&self) -> Option<(&Path, &SeedTraining)> {
        self.now.as_ref().map(|it| (it.0.as_path(), &it.1))
    }

    /// Gives every seed a process of this program.
    pub(in crate::studio) fn train_through(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    /// Trains those of the first [`SEEDS`] seeds that a run does not know yet.
    pub(super) fn ask(&mut self, folder: PathBuf, run: Run) {
        self.waiting.push((folder, run));
    }

    /// Ends it; the seeds that are through are kept.
    pub(super) fn cancel(&mut self) {
        self.waiting.clear();
        self.leaving.extend(self.now.take().into_iter().flat_map(|it| it.1.quit()));
    }

    /// Takes in the seeds that are through. Whether something was written.
    pub(super) fn poll(&mut self, wake: &Wake, notices: &mut Vec<Notice>) -> bool {
        self.leaving.retain_mut(|it| {
            it.drain();
            !it.is_over()
        });
        let mut has_written = false;
        if let Some((folder, training)) = &mut self.now {
            let rows = training.poll();
            if !rows.is_empty() {
                has_written = keep(folder, &rows, notices);
            }
            if training.is_over() {
                self.now = None;
            }
        }
        if self.now.is_none() && !self.waiting.is_empty() {
            let (folder, mut run) = self.waiting.remove(0);
            if stands_for_its_seed(&run)
                && !run.seeds.has(run.project.training.seed)
                && let Some(own) = SeedRow::of(&run)
            {
                has_written |= keep(&folder, std::slice::from_ref(&own), notices);
                run.seeds.push(own);
            }
            // Relative paths of its data begin where the run is.
            let training = SeedTraining::start(&run, SEEDS, &folder, None, self.program.clone(), Arc::clone(wake));
            self.now = training.map(|it| (folder, it));
        }
        has_written
    }
}

fn keep(folder: &Path, rows: &[SeedRow], notices: &mut Vec<Notice>) -> bool {
    let kept = keep_seeds(folder, rows);
    if let Err(why) = &kept {
        notices.push(Notice::error(why));
    }
    kept.is_ok()
}
