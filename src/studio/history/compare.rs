//! Runs held against each other: their curves, the settings in which they differ, and whether their results differ by
//! more than the seed makes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnose::seeds::{Difference, Summary};
use crate::run::{Event, Run};
use crate::session::{Background, Glance, Listing, Told, in_background, read_run};
use crate::spec::{CheckpointSpec, DeviceSpec, DoctorSpec, Project};
use crate::studio::Wake;

/// Runs that can be compared at once: as many as colors can be told apart.
pub const MOST_COMPARED: usize = 6;
/// Seeds that two runs must share to be compared one by one.
const FEWEST_PAIRS: usize = 3;

/// Runs that are compared, their curves read on a thread.
#[derive(Default)]
pub struct Compared {
    /// In the order in which they were asked for.
    pub runs: Vec<Arc<Comparand>>,
    asked: Vec<PathBuf>,
    work: Option<Background<Vec<Arc<Comparand>>>>,
}

/// A run with its curves.
pub struct Comparand {
    pub glance: Arc<Glance>,
    /// In words, where its folder is damaged.
    pub run: Result<Run, String>,
}

/// A run's result over all seeds that are known of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seeded {
    /// By seed; its own is among them.
    pub values: BTreeMap<u64, f64>,
}

impl Compared {
    /// The runs that were asked for last.
    pub fn asked(&self) -> &[PathBuf] {
        &self.asked
    }

    pub fn is_reading(&self) -> bool {
        self.work.is_some()
    }

    pub(super) fn ask(&mut self, runs: Vec<PathBuf>) {
        self.asked = runs;
        self.asked.truncate(MOST_COMPARED);
    }

    /// Takes in what was read, and reads what was asked for or has changed since.
    pub(super) fn poll(&mut self, listing: &Listing, wake: &Wake) {
        if let Some(outcome) = self.work.as_ref().and_then(Background::take) {
            self.work = None;
            self.runs = Arc::into_inner(outcome).and_then(Result::ok).unwrap_or_default();
        }
        let wanted: Vec<Arc<Glance>> = self.asked.iter().filter_map(|it| listing.run(it).cloned()).collect();
        let is_there = self.runs.len() == wanted.len()
            && self.runs.iter().zip(&wanted).all(|(own, wanted)| Arc::ptr_eq(&own.glance, wanted));
        if is_there || self.work.is_some() {
            return;
        }
        let known = self.runs.clone();
        let read = move || Ok(wanted.into_iter().map(|it| Comparand::of(it, &known)).collect());
        self.work = Some(in_background("compare", Arc::clone(wake), read));
    }
}

impl Comparand {
    fn of(glance: Arc<Glance>, known: &[Arc<Self>]) -> Arc<Self> {
        if let Some(known) = known.iter().find(|it| Arc::ptr_eq(&it.glance, &glance)) {
            return Arc::clone(known);
        }
        let run = read_run(&glance.folder).map(|(project, events)| {
            // Single steps would make a large run of what is drawn by epochs.
            let mut run = Run::replay(project, events.into_iter().filter(|it| !matches!(it, Event::Step(_))));
            run.close();
            run
        });
        Arc::new(Self { glance, run })
    }
}

/// Every seed that is known of a run: its own, those that were trained for it, and other runs that differ from it by
/// their seed alone; each with its leading metric on the validation rows.
pub fn seeded(run: &Told, all: &[Arc<Glance>]) -> Seeded {
    let mut values = BTreeMap::new();
    let mut add = |seed: u64, it: Option<f64>| {
        if let Some(it) = it.filter(|it| it.is_finite()) {
            values.insert(seed, it);
        }
    };
    if run.stands_for_its_seed() {
        let own = without_seed(&run.project);
        let twins = all
            .iter()
            .filter_map(|it| it.told.as_ref().ok())
            .filter(|it| it.stands_for_its_seed() && it.metric == run.metric && without_seed(&it.project) == own);
        for twin in twins {
            add(twin.project.training.seed, twin.best_metric);
            twin.seeds.iter().for_each(|it| add(it.seed, it.validation));
        }
    }
    run.seeds.iter().for_each(|it| add(it.seed, it.validation));
    add(run.project.training.seed, run.best_metric);
    Seeded { values }
}

/// All that decides a run's result but its seed.
fn without_seed(project: &Project) -> Project {
    let mut project = project.clone();
    let seed = std::mem::take(&mut project.training.seed);
    project.split.seed = project.split.seed.filter(|it| *it != seed);
    project.name.clear();
    project.training.pace = None;
    (project.device, project.checkpoint, project.doctor) =
        (DeviceSpec::Auto, CheckpointSpec::default(), DoctorSpec::default());
    project.truth = None;
    project
}

impl Seeded {
    /// Mean and deviation; none of fewer than two seeds.
    pub fn summary(&self) -> Option<Summary> {
        Summary::of(&self.values.values().copied().collect::<Vec<_>>())
    }

    /// Its difference to another: seed by seed where they share enough, else as two groups. None where either has fewer
    /// than two seeds.
    pub fn difference_to(&self, other: &Self) -> Option<Difference> {
        let shared: Vec<u64> = self.values.keys().copied().filter(|it| other.values.contains_key(it)).collect();
        if shared.len() >= FEWEST_PAIRS {
            let of = |it: &Self| shared.iter().map(|seed| it.values[seed]).collect::<Vec<_>>();
            return Difference::paired(&of(self), &of(other));
        }
        Some(Difference::welch(self.summary()?, other.summary()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeded_by(values: &[(u64, f64)]) -> Seeded {
        Seeded { values: values.iter().copied().collect() }
    }

    #[test]
    fn a_difference_is_judged_seed_by_seed_where_three_are_shared() {
        let one = seeded_by(&[(1, 10.0), (2, 12.0), (3, 14.0)]);
        let better = seeded_by(&[(1, 9.0), (2, 11.1), (3, 12.9)]);
        let paired = better.difference_to(&one).unwrap();
        assert!(paired.is_paired && paired.is_beyond() && (paired.value + 1.0).abs() < 1e-9, "{paired:?}");
        let others = seeded_by(&[(7, 9.0), (8, 11.1), (9, 12.9)]);
        let welch = others.difference_to(&one).unwrap();
        assert!(!welch.is_paired && !welch.is_beyond(), "the same values of other seeds prove nothing: {welch:?}");
        assert_eq!(seeded_by(&[(1, 10.0)]).difference_to(&one), None, "one seed has no spread");
    }
}
