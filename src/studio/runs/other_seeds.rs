//! The shown run's project with other seeds.

use std::sync::Arc;

use super::Runs;
use crate::run::{Event, SeedRow};
use crate::studio::Projects;
use crate::studio::seeds::{SeedTraining, stands_for_its_seed};

impl Runs {
    /// The training with other seeds that goes on.
    pub fn seeding(&self) -> Option<&SeedTraining> {
        self.seeding.as_ref()
    }

    /// Trains the seeds that are not known yet; the shown run is the first of them where it has ended by itself.
    pub(super) fn train_seeds(&mut self, k: u64, projects: &Projects) {
        self.quit_seeds();
        let Some(run) = &mut self.shown else { return };
        if !run.seeds.has(run.project.training.seed)
            && stands_for_its_seed(run)
            && let Some(row) = SeedRow::of(run)
        {
            run.apply(Event::Seed(row));
        }
        let data = projects.dataset(&run.project.data.source);
        self.seeding = SeedTraining::start(run, k, projects.base(), data, self.program.clone(), Arc::clone(&self.wake));
    }

    pub(super) fn quit_seeds(&mut self) {
        self.retiring.extend(self.seeding.take().into_iter().flat_map(SeedTraining::quit));
    }
}
