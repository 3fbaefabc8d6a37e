//! The shown run's project trained with other seeds: in the background, unwatched, and kept nowhere but with the run.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Wake;
use crate::data::Dataset;
use crate::run::{Command, FinishReason, Run, SeedRow};
use crate::session::{Job, Session, cpu_threads};
use crate::spec::{DeviceSpec, Project};

/// How many seeds one may ask for.
pub const MOST_SEEDS: std::ops::RangeInclusive<u64> = 3..=20;

/// Trainings side by side at most: beyond, they fight for memory more than they gain.
const MOST_AT_ONCE: usize = 4;

/// Several trainings of one project that differ by their seed.
pub struct SeedTraining {
    project: Project,
    base: PathBuf,
    data: Option<Arc<Dataset>>,
    wake: Wake,
    /// This very program, which trains each seed in a process of its own where it is known.
    program: Option<PathBuf>,
    /// Cores left to each of them.
    share: usize,
    waiting: VecDeque<u64>,
    running: Vec<(Session, Run)>,
    asked: usize,
    /// Epochs that one seed took at the mean, as far as is known.
    epochs: f64,
    n_known: usize,
    /// What an epoch took when last looked at.
    epoch_seconds: Option<f64>,
}

impl SeedTraining {
    /// Trains those of the `k` seeds from the run's own on that it does not know yet. None where it knows them all.
    pub(super) fn start(
        run: &Run,
        k: u64,
        base: &Path,
        data: Option<Arc<Dataset>>,
        program: Option<PathBuf>,
        wake: Wake,
    ) -> Option<Self> {
        let k = k.clamp(*MOST_SEEDS.start(), *MOST_SEEDS.end());
        let mut project = run.project.clone();
        project.training.pace = None;
        let first = project.training.seed;
        // A split that follows the seed is dealt anew with it, though a run folder's project names it.
        project.split.seed = project.split.seed.filter(|it| *it != first);
        let waiting: VecDeque<u64> = (first..first.saturating_add(k)).filter(|it| !run.seeds.has(*it)).collect();
        let at_once = at_once(project.device, cpu_threads()).min(waiting.len());
        let mut it = Self {
            program,
            share: share(cpu_threads(), at_once + usize::from(run.is_live())),
            epochs: project.training.epochs as f64,
            project,
            base: base.to_owned(),
            data,
            wake,
            asked: k as usize,
            running: Vec::new(),
            n_known: 0,
            epoch_seconds: None,
            waiting,
        };
        for row in run.seeds.rows() {
            it.note_epochs(row);
        }
        it.fill();
        (!it.is_over()).then_some(it)
    }

    /// Takes in what the trainings have told; the seeds that are through.
    pub(super) fn poll(&mut self) -> Vec<SeedRow> {
        let mut through = Vec::new();
        for (session, run) in &mut self.running {
            for event in session.drain() {
                run.apply(event);
            }
            self.epoch_seconds = run.history.epochs.last().map(|it| it.seconds).or(self.epoch_seconds);
        }
        self.running.retain(|(session, run)| {
            if session.is_over() {
                through.extend(SeedRow::of(run));
            }
            !session.is_over()
        });
        for row in &through {
            self.note_epochs(row);
        }
        self.fill();
        through
    }

    pub(super) fn is_over(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// Asks all to stop; they must be kept until they have.
    pub(super) fn quit(self) -> impl Iterator<Item = Session> {
        self.running.into_iter().map(|(session, _)| {
            session.send(Command::Stop);
            session
        })
    }

    /// The seed under way, counted from 1, of those asked for.
    pub fn standing(&self) -> (usize, usize) {
        (self.n_through() + 1, self.asked)
    }

    /// Trainings that go on side by side, and the cores that each may use.
    pub fn side_by_side(&self) -> (usize, usize) {
        (self.running.len(), self.share)
    }

    /// Share of the work that is done, in `0.0..=1.0`.
    pub fn progress(&self) -> f64 {
        let under_way: f64 = self.running.iter().map(|(_, run)| (run.epoch() as f64 / self.epochs).min(1.0)).sum();
        (self.n_through() as f64 + under_way) / self.asked.max(1) as f64
    }

    /// About how long it still takes; none before the first epoch. Seeds that stop early are reckoned to do so where
    /// those before them did.
    pub fn seconds_left(&self) -> Option<f64> {
        let under_way: f64 = self.running.iter().map(|(_, run)| (self.epochs - run.epoch() as f64).max(1.0)).sum();
        let epochs = under_way + self.waiting.len() as f64 * self.epochs;
        Some(epochs * self.epoch_seconds? / self.running.len().max(1) as f64)
    }

    fn n_through(&self) -> usize {
        self.asked.saturating_sub(self.running.len() + self.waiting.len())
    }

    fn note_epochs(&mut self, row: &SeedRow) {
        if row.value().is_some() {
            let n = self.n_known as f64;
            self.epochs = (n * self.epochs + row.epochs() as f64) / (n + 1.0);
            self.n_known += 1;
        }
    }

    fn fill(&mut self) {
        while self.running.len() < at_once(self.project.device, cpu_threads())
            && let Some(seed) = self.waiting.pop_front()
        {
            let mut project = self.project.clone();
            project.training.seed = seed;
            let mut job = Job::new(project.clone(), &self.base);
            job.data.clone_from(&self.data);
            job.threads = Some(self.share);
            let wake = Arc::clone(&self.wake);
            let session = match &self.program {
                Some(program) => Session::spawn_apart(program, job, move || wake()),
                None => Session::spawn(job, move || wake()),
            };
            self.running.push((session, Run::of(project)));
        }
    }
}

/// Trainings side by side: a graphics card has one queue, and half of the cores are left to what they share and to the
/// window.
fn at_once(device: DeviceSpec, cores: usize) -> usize {
    match device {
        DeviceSpec::Auto | DeviceSpec::Cpu => (cores / 2).clamp(1, MOST_AT_ONCE),
        DeviceSpec::Gpu | DeviceSpec::GpuAt(_) => 1,
    }
}

/// Cores for each of several trainings: none is left without, and all together use no more than there are where that
/// can be.
fn share(cores: usize, trainings: usize) -> usize {
    (cores / trainings.max(1)).max(1)
}

/// Whether a run is what its project makes by itself: ended by its own rules, with no knob turned on the way, and no fork.
pub(super) fn stands_for_its_seed(run: &Run) -> bool {
    let reason = run.finished.as_ref().map(|it| it.reason);
    let by_itself = match reason {
        Some(FinishReason::Completed | FinishReason::EarlyStopping | FinishReason::Diverged) => true,
        Some(FinishReason::Stopped | FinishReason::Failed) | None => false,
    };
    by_itself && run.parent().is_none() && !run.changes.iter().any(|it| it.by == "user")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_keeps_half_of_the_cores() {
        let cores = [1, 2, 4, 6, 16].map(|it| at_once(DeviceSpec::Auto, it));
        assert_eq!(cores, [1, 1, 2, 3, 4]);
        assert_eq!(at_once(DeviceSpec::Gpu, 16), 1);
    }

    #[test]
    fn trainings_side_by_side_divide_the_cores() {
        assert_eq!(
            [(16, 1), (16, 4), (16, 5), (2, 1), (2, 2), (2, 3)].map(|(cores, n)| share(cores, n)),
            [16, 4, 3, 2, 1, 1]
        );
    }
}
