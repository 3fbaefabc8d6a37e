//! How far a run has come, and how many steps make an epoch.

use super::state::Run;

/// How many steps make an epoch, from an epoch and step on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub epoch: u64,
    pub step: u64,
    pub steps_per_epoch: u64,
}

impl Run {
    /// Share of all steps made, in `0.0..=1.0`.
    pub fn progress(&self) -> f64 {
        let all = self.steps_asked();
        if all == 0 { 0.0 } else { (self.step as f64 / all as f64).min(1.0) }
    }

    /// Steps of all epochs asked for.
    pub fn steps_asked(&self) -> u64 {
        let Pace { epoch, step, steps_per_epoch } = self.pace();
        step + self.epochs_asked().saturating_sub(epoch).saturating_mul(steps_per_epoch)
    }

    /// How many steps make an epoch now, and since when: a fork may have another batch size than its parent.
    pub fn pace(&self) -> Pace {
        let changed = self.changes.iter().rev().find(|it| it.key == "batch_size");
        let rows = self.started.train_rows as u64;
        changed.filter(|_| rows > 0).map_or(
            Pace { epoch: 0, step: 0, steps_per_epoch: self.started.steps_per_epoch },
            |it| {
                let batch = it.to.parse().unwrap_or(rows).clamp(1, rows);
                Pace { epoch: it.epoch, step: it.step, steps_per_epoch: rows.div_ceil(batch) }
            },
        )
    }

    /// Epochs asked for, changes while training included.
    pub fn epochs_asked(&self) -> u64 {
        let changed = self.changes.iter().rev().find(|it| it.key == "epochs").and_then(|it| it.to.parse().ok());
        changed.unwrap_or(self.started.epochs)
    }

    /// Steps x into epochs, for curves that are drawn over either. The last epoch where no one knows how many steps
    /// make one, as in curves that another program logged.
    pub fn epoch_of_step(&self, step: f64) -> f64 {
        let pace = self.pace();
        match (pace.steps_per_epoch, self.started.steps_per_epoch) {
            (0, _) => self.epoch() as f64,
            (n, _) if step >= pace.step as f64 => pace.epoch as f64 + (step - pace.step as f64) / n as f64,
            (_, n) => step / n.max(1) as f64,
        }
    }
}
