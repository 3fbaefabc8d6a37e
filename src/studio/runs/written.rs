//! The folder that the shown run is written into.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Runs;
use crate::run::{Phase, Run, SeedRow};
use crate::session::{in_background, keep_seeds};
use crate::studio::Wake;

impl Runs {
    /// The folder of the run of this program that is shown, and where it stands; none where it is written nowhere.
    pub fn written(&self) -> Option<(PathBuf, Phase)> {
        let run = if self.log.is_some() { &self.aside.shown } else { &self.shown };
        Some((self.out.clone()?, run.as_ref()?.phase))
    }

    /// Gives up writing the shown run where it has ended and is among these, so that its folder may go. It stays on the
    /// chart.
    pub(in crate::studio) fn let_go_of(&mut self, runs: &[PathBuf]) {
        if !self.is_live() && self.out.as_ref().is_some_and(|it| runs.contains(it)) {
            self.retire();
            self.out = None;
            self.forget_checkpoints();
        }
    }
}

/// Writes seeds that are through into the run's folder, those that were known before with them.
pub(super) fn keep_seeds_of(out: &Path, run: &Run, rows: &[SeedRow], wake: &Wake) {
    let rows: Vec<SeedRow> = run.seeds.rows().iter().chain(rows).cloned().collect();
    let out = out.to_owned();
    // Nothing waits for it, and what could not be kept is trained again.
    drop(in_background("seeds", Arc::clone(wake), move || keep_seeds(&out, &rows)));
}
