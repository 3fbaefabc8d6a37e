//! Which run began from which: a tree in lines.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::session::Glance;

/// One line of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Place of the run.
    pub run: usize,
    /// Runs above it that lead to it, from 0.
    pub depth: usize,
    /// For each level from 1 to `depth`, whether the branch goes on below this line.
    pub goes_on: Vec<bool>,
    pub origin: Option<Origin>,
    /// It is here only because something asked for began from it.
    pub is_context: bool,
}

/// Where a run began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Name of the other run's folder.
    pub run: String,
    pub epoch: u64,
    /// Whether that run is still among the others.
    pub is_here: bool,
}

/// The runs that are `shown`, and those they began from, as a tree: what began from a run stands below it, in the order
/// of the epochs at which the ways part, and the rest in the order given.
pub fn tree(runs: &[Arc<Glance>], shown: &[usize]) -> Vec<Branch> {
    let places: HashMap<&str, usize> = runs.iter().enumerate().map(|(idx, it)| (it.id.as_str(), idx)).collect();
    let parent_of = |idx: usize| places.get(parent(&runs[idx])?.0.as_str()).copied().filter(|it| *it != idx);
    let asked: HashSet<usize> = shown.iter().copied().collect();
    let mut in_tree: HashSet<usize> = HashSet::new();
    let mut order = Vec::new();
    for start in shown {
        let mut at = Some(*start);
        while let Some(idx) = at.filter(|it| in_tree.insert(*it)) {
            order.push(idx);
            at = parent_of(idx);
        }
    }
    let mut children: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut roots = Vec::new();
    for idx in order {
        match parent_of(idx) {
            Some(parent) => children.entry(parent).or_default().push(idx),
            None => roots.push(idx),
        }
    }
    for group in children.values_mut() {
        group.sort_by_key(|it| parent(&runs[*it]).map(|it| it.1));
    }
    let mut lines = Vec::new();
    let mut waiting: Vec<(usize, Vec<bool>)> = roots.into_iter().rev().map(|it| (it, Vec::new())).collect();
    while let Some((run, goes_on)) = waiting.pop() {
        let below = children.remove(&run).unwrap_or_default();
        for (place, child) in below.iter().enumerate().rev() {
            let mut further = goes_on.clone();
            further.push(place + 1 < below.len());
            waiting.push((*child, further));
        }
        let origin = parent(&runs[run]).map(|(name, epoch)| {
            let is_here = places.contains_key(name.as_str());
            Origin { run: name, epoch, is_here }
        });
        lines.push(Branch { run, depth: goes_on.len(), goes_on, origin, is_context: !asked.contains(&run) });
    }
    // Runs that began from each other in a ring are no tree, and must not be lost.
    lines.extend(children.into_values().flatten().map(|run| Branch::alone(run, !asked.contains(&run))));
    lines
}

impl Branch {
    /// A line of a plain list.
    pub fn alone(run: usize, is_context: bool) -> Self {
        Self { run, depth: 0, goes_on: Vec::new(), origin: None, is_context }
    }
}

/// Name of the folder of the run it began from, and the epoch.
fn parent(run: &Glance) -> Option<(String, u64)> {
    let parent = run.told.as_ref().ok()?.parent.as_ref()?;
    // Where a whole path was told, its end is the name.
    let name = Path::new(&parent.run).file_name().map_or_else(|| parent.run.clone(), |it| it.to_string_lossy().into());
    Some((name, parent.epoch))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Listing;

    /// Runs by name, each with the one it began from and the epoch.
    fn shelf(runs: &[(&str, Option<(&str, u64)>)]) -> (tempfile::TempDir, Vec<Arc<Glance>>) {
        let shelf = tempfile::tempdir().unwrap();
        for (name, parent) in runs {
            let run = shelf.path().join(name);
            std::fs::create_dir(&run).unwrap();
            crate::project::write(&run.join("project.ron"), &crate::spec::Project::default()).unwrap();
            let parent = parent
                .map_or_else(String::new, |(run, epoch)| format!(r#","parent":{{"run":"{run}","epoch":{epoch}}}"#));
            std::fs::write(run.join("events.jsonl"), format!("{{\"event\":\"started\"{parent}}}\n")).unwrap();
        }
        let runs = Listing::of(shelf.path(), &Listing::default()).unwrap().runs;
        (shelf, runs)
    }

    fn drawn(runs: &[Arc<Glance>], shown: &[usize]) -> Vec<String> {
        let line = |it: &Branch| {
            let origin = it.origin.as_ref().map_or_else(String::new, |it| format!(" from {}", it.epoch));
            let rails: String = it.goes_on.iter().map(|it| if *it { '|' } else { ' ' }).collect();
            format!("{rails}{}{origin}{}", runs[it.run].id, if it.is_context { "?" } else { "" })
        };
        tree(runs, shown).iter().map(line).collect()
    }

    #[test]
    fn what_began_from_a_run_stands_below_it_by_its_epoch() {
        let (_shelf, runs) = shelf(&[
            ("a", None),
            ("b", Some(("a", 20))),
            ("c", Some(("a", 5))),
            ("d", Some(("/elsewhere/runs/c", 7))),
            ("e", None),
        ]);
        assert_eq!(drawn(&runs, &[4, 3, 2, 1, 0]), ["e", "a", "|c from 5", "| d from 7", " b from 20"]);
    }

    #[test]
    fn a_filter_keeps_the_way_to_the_root_and_a_lost_parent_is_told() {
        let (_shelf, runs) = shelf(&[("a", None), ("b", Some(("a", 2))), ("c", Some(("gone", 9)))]);
        assert_eq!(drawn(&runs, &[1]), ["a?", " b from 2"]);
        let lost = tree(&runs, &[2]);
        assert_eq!(lost[0].origin, Some(Origin { run: "gone".to_owned(), epoch: 9, is_here: false }));
        let (_shelf, ring) = shelf(&[("a", Some(("b", 1))), ("b", Some(("a", 1)))]);
        assert_eq!(drawn(&ring, &[0, 1]).len(), 2, "nothing is lost");
    }
}
