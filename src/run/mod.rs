//! What happened: the events of a run, its curves, and the one fold that turns events into a run.

mod event;
mod experiment;
mod history;
mod number;
mod series;
mod state;
mod view;

pub use event::{
    Changed, ClassRow, Command, DataFacts, EpochRow, Event, Evidence, FindingRow, FindingState, FinishReason, Finished,
    InputScales, LayerRow, Metrics, Preparing, Remedy, Severity, Started, StepRow, TellingColumn, Timing,
};
pub use experiment::{AfterRow, Fork, Probe, RangePoint, RangeTest, Verdict};
pub use history::History;
pub use series::{Point, Series, Thinned, smooth};
pub use state::{Change, LogLine, Phase, Run};
pub use view::{Confusion, Fit, Gallery, Sample, Surface, Views};
