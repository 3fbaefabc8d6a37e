//! What the doctor says of curves that another program logged, and which of its rules cannot say anything.

use super::columns::Role;
use super::curves::Curves;
use crate::diagnose::{Context, Doctor, Need, RULES, Rule};
use crate::run::{Event, FindingRow, FinishReason};
use crate::spec::Project;

/// A rule that cannot judge a log.
#[derive(Clone)]
pub struct Silent {
    pub rule: &'static Rule,
    /// What the log lacks of what the rule needs.
    pub lacks: Vec<Need>,
}

/// The rules that have to stay silent about a log, in the doctor's order.
pub fn silent(curves: &Curves) -> Vec<Silent> {
    let lacks = |rule: &Rule| rule.needs.iter().copied().filter(|it| !has(curves, *it)).collect::<Vec<_>>();
    let all = RULES.iter().map(|rule| Silent { rule, lacks: lacks(rule) });
    all.filter(|it| !it.lacks.is_empty()).collect()
}

/// The curves as a training would have told them: epochs and steps in order, and between them what the doctor finds.
///
/// No project is known, so that findings bring no remedies. The end is not told: a log does not know how its run ended.
pub fn told(curves: &Curves) -> Vec<Event> {
    let context = Context { knows_project: false, ..Context::new(&Project::default(), &curves.started) };
    let mut doctor = Doctor::new(context);
    let silent = silent(curves);
    // What a rule says without the numbers it needs would be about their absence.
    let may_speak = |it: &FindingRow| silent.iter().all(|silent| silent.rule.id != it.rule);
    let findings =
        |told: Vec<FindingRow>| told.into_iter().filter(|it| may_speak(it)).map(Event::Finding).collect::<Vec<_>>();
    let mut events = Vec::new();
    let mut steps = curves.steps.iter().peekable();
    for row in &curves.rows {
        while let Some(step) = steps.next_if(|it| it.epoch <= row.epoch) {
            events.push(Event::Step(step.clone()));
            events.extend(findings(doctor.not_finite(step)));
        }
        events.push(Event::Epoch(row.clone()));
        events.extend(findings(doctor.observe(row)));
    }
    for step in steps {
        events.push(Event::Step(step.clone()));
        events.extend(findings(doctor.not_finite(step)));
    }
    let is_broken = curves.rows.last().is_some_and(|it| curves.has(Role::TrainLoss) && !it.train_loss.is_finite());
    let reason = if is_broken { FinishReason::Diverged } else { FinishReason::Completed };
    events.extend(findings(doctor.finish(reason)));
    events
}

/// Whether a log holds what a rule cannot do without.
fn has(curves: &Curves, need: Need) -> bool {
    match need {
        Need::TrainLoss => curves.has(Role::TrainLoss),
        Need::ValidationLoss => curves.has(Role::ValidationLoss),
        Need::ValidationAccuracy => curves.has(Role::ValidationAccuracy),
        Need::LearningRate => curves.has(Role::LearningRate),
        Need::GradientNorm => curves.has(Role::GradientNorm),
        Need::InitialLoss => curves.started.initial_loss.is_some(),
        Need::ValidationRows
        | Need::Batches
        | Need::Classes
        | Need::Layers
        | Need::Data
        | Need::Project
        | Need::Timing => false,
    }
}
