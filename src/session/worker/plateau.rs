//! When the learning rate drops because the validation loss has stopped improving.

use serde::{Deserialize, Serialize};

use crate::spec::Plateau as Rule;

/// PyTorch's ReduceLROnPlateau on the validation loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::session) struct Plateau {
    best: Option<f64>,
    bad: u64,
    cooldown: u64,
    /// Drops so far.
    pub(in crate::session) drops: u32,
}

impl Plateau {
    pub(super) fn observe(&mut self, loss: f64, rule: &Rule) {
        // PyTorch begins at infinity, which nothing but a finite loss is below.
        if loss.is_finite() && self.best.is_none_or(|best| loss < best * (1.0 - rule.threshold)) {
            self.best = Some(loss);
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad = 0;
        }
        if self.bad > rule.patience {
            self.drops += 1;
            self.cooldown = rule.cooldown;
            self.bad = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plateau_drops_one_epoch_after_patience_as_pytorch_does() {
        // torch.optim.lr_scheduler.ReduceLROnPlateau(patience=2, cooldown=1): drops behind the 4th and 8th value.
        let rule = Rule { patience: 2, cooldown: 1, ..Rule::default() };
        let mut plateau = Plateau::default();
        let drops: Vec<_> = (0..9)
            .map(|_| {
                plateau.observe(1.0, &rule);
                plateau.drops
            })
            .collect();
        assert_eq!(drops, [0, 0, 0, 1, 1, 1, 1, 2, 2]);
    }
}
