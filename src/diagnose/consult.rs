//! A doctor who is shown a whole recorded run at once, as a training would have shown it epoch by epoch.

use super::context::Context;
use super::doctor::Doctor;
use crate::run::{Event, FindingRow, FinishReason, Started};
use crate::spec::Project;

/// Shows a recorded run to a fresh doctor, under the project it was trained with. Returns all that it says, in order.
pub fn consult(project: &Project, events: &[Event]) -> Vec<FindingRow> {
    let started = events.iter().find_map(|it| if let Event::Started(it) = it { Some(it) } else { None });
    let unknown = Started::default();
    let mut doctor = Doctor::new(Context::new(project, started.unwrap_or(&unknown)));
    let mut told = Vec::new();
    // A run that was killed tells no end.
    let mut reason = FinishReason::Stopped;
    for event in events {
        if let Event::Epoch(row) = event {
            told.extend(doctor.observe(row));
        } else if let Event::Step(row) = event {
            told.extend(doctor.not_finite(row));
        } else if let Event::Finished(it) = event {
            reason = it.reason;
        }
    }
    told.extend(doctor.finish(reason));
    told
}
