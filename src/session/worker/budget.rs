//! The memory that a training may take: foretold before its first step, measured at every one.

use super::super::meter::{Meter, free_memory};
use super::{End, Worker};
use crate::engine::{DataSize, Forecast, Part, forecast};
use crate::run::{Event, FinishReason};

impl Worker<'_> {
    /// Says before the first step where the training will not fit. It is shown and not recorded: the machine decides
    /// it, and two runs of one seed tell the same.
    pub(super) fn warn_of_memory(&mut self) {
        let Ok(forecast) = forecast(&self.project, &DataSize::of(&self.data)) else { return };
        let budget = self.project.memory.bytes();
        if budget.is_some() && self.meter.is_none() {
            let text = "This system does not tell a program how much memory it takes, so memory.budget is only compared with the forecast".to_owned();
            self.desk.out.show(Event::Warning { text });
        }
        let limit = budget.map(|it| (it, "memory.budget")).or_else(|| free_memory().map(|it| (it, "free memory")));
        if let Some((bytes, what)) = limit.filter(|it| forecast.total() > it.0) {
            self.desk.out.show(Event::Warning { text: will_not_fit(&forecast, bytes, what) });
            self.desk.out.flush();
        }
    }

    /// Ends the run where it has taken more memory than it may, with a checkpoint from which it can go on. Called before
    /// a step, also the first of an epoch: what the step before has measured of the layers is told with its epoch.
    pub(super) fn mind_the_budget(&mut self) -> Result<(), End> {
        // Asking costs some microseconds, which nobody pays without a budget.
        let Some(budget) = self.project.memory.bytes() else { return Ok(()) };
        let Some(taken) = self.meter.and_then(Meter::peak).filter(|it| *it > budget) else { return Ok(()) };
        self.keep_now()?;
        let biggest = forecast(&self.project, &DataSize::of(&self.data)).map_or(Part::Activations, |it| it.biggest());
        Err(End::Reason(FinishReason::Failed, ran_out(taken, budget, biggest)))
    }
}

fn will_not_fit(forecast: &Forecast, limit: u64, what: &str) -> String {
    format!(
        "Training will take about {}, most of it {}, and {what} is {}. It is tried all the same; a smaller batch or smaller layers need less",
        megabytes(forecast.total()),
        forecast.biggest().label().to_lowercase(),
        megabytes(limit)
    )
}

fn ran_out(taken: u64, budget: u64, biggest: Part) -> String {
    format!(
        "Memory ran out: training took {} and memory.budget is {}. Most of it goes to {}. Less is needed with {}; or raise memory.budget. What was written is whole, and the run can go on from its last checkpoint",
        megabytes(taken),
        megabytes(budget),
        biggest.label().to_lowercase(),
        if matches!(biggest, Part::Activations | Part::Batch) { "a smaller batch" } else { "smaller layers" },
    )
}

fn megabytes(bytes: u64) -> String {
    format!("{:.0} MB", bytes as f64 / 1e6)
}
