//! The gallery of faults, each project trained as it ships: what is wrong is found, and nothing else is made up.

use std::collections::BTreeSet;
use std::path::Path;

use learnscope::project::{GALLERY, Sample, from_text};
use learnscope::run::{Event, FindingRow, FindingState, Severity};
use learnscope::session::{Job, Session, ready};

/// Everything told while the project was trained.
fn findings(sample: &Sample) -> (learnscope::spec::Truth, Vec<FindingRow>) {
    let mut project = from_text(sample.text, sample.id).unwrap();
    for setting in ["device=cpu", "pace=unlimited"] {
        project.set(setting).unwrap();
    }
    let truth = project.truth.clone().unwrap();
    let ready =
        ready(Job::new(project, Path::new(""))).unwrap_or_else(|problems| panic!("{}: {problems:?}", sample.id));
    let mut session = Session::start(ready, || ());
    let mut told = Vec::new();
    while let Some(events) = session.wait() {
        told.extend(events.into_iter().filter_map(|it| if let Event::Finding(row) = it { Some(row) } else { None }));
    }
    told.retain(|it| it.state != FindingState::Cleared);
    (truth, told)
}

#[test]
fn every_fault_is_found_and_no_other_is_made_up() {
    let mut wrong = Vec::new();
    for sample in GALLERY {
        let (truth, told) = findings(sample);
        let is_enough = |it: &FindingRow| it.severity >= Severity::Warning || it.rule == "still-improving";
        if !truth.primary.is_empty() && !told.iter().any(|it| it.rule == truth.primary && is_enough(it)) {
            wrong.push(format!("{}: missed", sample.id));
        }
        let loud: BTreeSet<_> =
            told.iter().filter(|it| it.severity >= Severity::Warning).map(|it| it.rule.clone()).collect();
        let made_up = loud.into_iter().filter(|it| *it != truth.primary && !truth.also.contains(it));
        wrong.extend(made_up.map(|rule| format!("{}: {rule} is made up", sample.id)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_but_those_that_read_clocks_has_its_fault_in_the_gallery() {
    let truths: BTreeSet<_> =
        GALLERY.iter().map(|it| from_text(it.text, it.id).unwrap().truth.unwrap().primary).collect();
    let rules = learnscope::diagnose::RULES.iter().map(|it| it.id);
    let without: Vec<_> = rules.filter(|it| !truths.contains(*it)).collect();
    assert_eq!(without, ["slow-device", "input-bound"]);
    let healthy = GALLERY.iter().filter(|it| it.id.starts_with("gallery/healthy")).count();
    assert_eq!((healthy, truths.contains("")), (3, true));
}
