//! What happened: the events of a run, its curves, and the one fold that turns events into a run.

mod epoch;
mod event;
mod experiment;
mod facts;
mod history;
mod log;
mod metric;
mod number;
mod pace;
mod seeds;
mod series;
mod state;
pub mod text;
mod view;

pub use epoch::{ClassRow, EpochRow, LayerRow, Timing};
pub use event::{
    Changed, Command, Event, Evidence, FindingRow, FindingState, FinishReason, Finished, Metrics, Parent, Preparing,
    Remedy, Severity, Started, StepRow,
};
pub use experiment::{AfterRow, Forgotten, Fork, Probe, RangePoint, RangeTest, Verdict};
pub use facts::{DataFacts, InputScales, TellingColumn};
pub use history::History;
pub use log::LogLine;
pub use metric::{METRICS, MetricDef, metric};
pub use pace::Pace;
pub use seeds::{BandPoint, SeedRow, SeedSpread};
pub use series::{Point, Series, Thinned, smooth};
pub use state::{Change, Phase, Run};
pub use view::{Confusion, Fit, Gallery, Sample, Surface, Views};
