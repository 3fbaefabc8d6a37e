//! The life of a training that may be interrupted, as one on a spot machine is: starting, training, interrupted,
//! resuming; and what an interruption cost, with checkpoints and as it would have been without.

/// What a training was busy with for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Data and device are being made ready.
    Starting,
    Training,
    Paused,
    /// Its process is gone.
    Interrupted,
    /// Data, device and the last checkpoint are being made ready.
    Resuming,
}

/// A stretch of time, in seconds since the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    pub stage: Stage,
    pub from: f64,
    pub to: f64,
}

/// Everything so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lifeline {
    pub spans: Vec<Span>,
    pub interruptions: Vec<Interruption>,
    /// The step when it was last looked at.
    step: u64,
}

/// An interruption that was gone on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Steps made when it came.
    pub at: u64,
    /// The checkpoint's step.
    pub resumed_from: u64,
}

/// What interruptions have cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Seconds of training that had to be done again.
    pub lost: f64,
    /// The same without any checkpoint: everything up to each interruption. Modelled, from the same speed.
    pub lost_without: f64,
    /// Share of the work before the interruptions that was saved, in `0.0..=1.0`.
    pub saved: f64,
}

impl Stage {
    /// Its name on screen.
    pub fn label(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Training => "training",
            Self::Paused => "paused",
            Self::Interrupted => "interrupted",
            Self::Resuming => "resuming",
        }
    }
}

impl Lifeline {
    /// Enters a stage; the one before it ends then.
    pub fn enter(&mut self, stage: Stage, now: f64) {
        self.look(self.step, now);
        if self.spans.last().is_none_or(|it| it.stage != stage) {
            self.spans.push(Span { stage, from: now, to: now });
        }
    }

    /// Lets the present stage last until now.
    pub fn look(&mut self, step: u64, now: f64) {
        self.step = step;
        if let Some(last) = self.spans.last_mut() {
            last.to = last.to.max(now);
        }
    }

    /// Goes on from a checkpoint's step.
    pub fn resume(&mut self, from: u64, now: f64) {
        self.interruptions.push(Interruption { at: self.step.max(from), resumed_from: from });
        self.step = from;
        self.enter(Stage::Training, now);
    }

    /// Whether data and device are being made ready for the first time.
    pub fn is_starting(&self) -> bool {
        self.spans.last().is_some_and(|it| it.stage == Stage::Starting)
    }

    /// Seconds spent in a stage.
    pub fn seconds_in(&self, stage: Stage) -> f64 {
        self.spans.iter().filter(|it| it.stage == stage).map(|it| it.to - it.from).sum()
    }

    /// What interruptions have cost so far; none before the first.
    pub fn cost(&self) -> Option<Cost> {
        let again: u64 = self.interruptions.iter().map(|it| it.at - it.resumed_from).sum();
        let before: u64 = self.interruptions.iter().map(|it| it.at).sum();
        if before == 0 {
            return None;
        }
        // Every step that was ever made, those that were lost included.
        let seconds_a_step = self.seconds_in(Stage::Training) / (self.step + again).max(1) as f64;
        let lost = again as f64 * seconds_a_step;
        let lost_without = before as f64 * seconds_a_step;
        Some(Cost { lost, lost_without, saved: 1.0 - again as f64 / before as f64 })
    }

    /// The same life without checkpoints, as far as it can be told from this one: every interruption sends it back to
    /// its start, and it needs that much longer in the end. Modelled.
    pub fn without_checkpoints(&self) -> Vec<Span> {
        let Some(cost) = self.cost() else { return self.spans.clone() };
        let mut spans: Vec<Span> = self
            .spans
            .iter()
            .map(|it| Span { stage: if it.stage == Stage::Resuming { Stage::Starting } else { it.stage }, ..*it })
            .collect();
        let longer = cost.lost_without - cost.lost;
        if let Some(last) = spans.last_mut().filter(|it| it.stage == Stage::Training) {
            last.to += longer;
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::Stage::{Interrupted, Resuming, Starting, Training};
    use super::*;

    /// Starts in 1 s, trains 100 steps in 10 s, is cut, resumes from step 80 within 1 s and trains on to 200.
    fn cut_once() -> Lifeline {
        let mut life = Lifeline::default();
        life.enter(Stage::Starting, 0.0);
        life.enter(Stage::Training, 1.0);
        life.look(100, 11.0);
        life.enter(Stage::Interrupted, 11.0);
        life.enter(Stage::Resuming, 14.0);
        life.resume(80, 15.0);
        life.look(200, 27.0);
        life
    }

    #[test]
    fn an_interruption_costs_what_lay_behind_the_checkpoint() {
        let life = cut_once();
        let stages: Vec<_> = life.spans.iter().map(|it| it.stage).collect();
        assert_eq!(stages, [Starting, Training, Interrupted, Resuming, Training]);
        let cost = life.cost().unwrap();
        // 220 steps were made in 22 seconds, 20 of them twice.
        assert!((cost.lost - 2.0).abs() < 1e-9 && (cost.lost_without - 10.0).abs() < 1e-9, "{cost:?}");
        assert!((cost.saved - 0.8).abs() < 1e-9, "{cost:?}");
    }

    #[test]
    fn without_checkpoints_it_would_have_ended_later_by_what_they_saved() {
        let without = cut_once().without_checkpoints();
        assert_eq!(without[3].stage, Stage::Starting, "it would have had to start over");
        assert!((without.last().unwrap().to - 35.0).abs() < 1e-9, "{without:?}");
    }

    #[test]
    fn a_life_without_interruption_costs_nothing() {
        let mut life = Lifeline::default();
        life.enter(Stage::Training, 0.0);
        life.look(10, 1.0);
        assert_eq!((life.cost(), life.without_checkpoints()), (None, life.spans.clone()));
    }
}
