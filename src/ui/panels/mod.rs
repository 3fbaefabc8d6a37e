//! Every panel. A new one is a file, a `mod` line and an entry in [`PANELS`].

mod checkpoints;
mod curves;
mod data;
mod doctor;
mod experiments;
mod log;
mod predictions;
mod quiz;
mod runs;
mod setup;
mod source;
mod stops;
mod top_bar;

use super::{Cx, Home, Panel, PanelDef};

/// Every panel, in the order of the window and of its tabs.
pub const PANELS: &[PanelDef] = &[
    top_bar::TOP_BAR,
    setup::SETUP,
    curves::CURVES,
    doctor::DOCTOR,
    data::DATA,
    predictions::PREDICTIONS,
    experiments::EXPERIMENTS,
    stops::STOPS,
    checkpoints::CHECKPOINTS,
    runs::RUNS,
    quiz::QUIZ,
    log::LOG,
    source::SOURCE,
];

/// Id of the tab that tells how the log that is shown was read.
pub(super) const SOURCE: &str = source::SOURCE.id;
