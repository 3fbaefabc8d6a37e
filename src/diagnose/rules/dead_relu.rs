//! Rule: most ReLU units of a layer are dead.
//!
//! ## What you see
//! Units that are 0 on every row. They pass no gradient, so that they can hardly come back; when a whole layer is
//! dead, the network gives the same answer to everything and the loss stands still.
//! ## Why it happens
//! One step too large pushes a unit's bias so far down that no row lifts it above 0 again. Seldom the first
//! weights or unscaled inputs have put it there.
//! ## What to try
//! A smaller learning rate; an activation with a slope on either side; batch normalization.
//! ## Source
//! SageMaker Debugger's `DeadRelu`: more than half of a layer's units inactive. Lu, Shin, Su and Karniadakis 2020,
//! "Dying ReLU and initialization", for units that are born dead in deep and narrow networks; CS231n, neural
//! networks 1, for those that a high learning rate kills. That some dead units in a run that learns are no fault
//! is measured: healthy networks of three to eight ReLU layers hold up to half, and lose nothing by it.

use crate::diagnose::Context;
use crate::diagnose::layers::{Remains, hidden, names};
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, LayerRow, Severity};

pub(super) const DEAD_RELU: Rule = Rule {
    id: "dead-relu",
    label: "Dead ReLU units",
    about: "Most units of a layer are 0 on every row and no longer learn.",
    needs: &[Need::TrainLoss, Need::Layers],
    explains: &["frozen-layers", "learning-rate-too-low"],
    make: |context| Box::new(DeadRelu::new(context)),
};

/// From this share of a layer on, no signal gets through to speak of.
const WHOLE_LAYER: f64 = 0.99;

/// A finding that stands is left this far below its line.
const LEAVE: f64 = 0.05;

/// Steps that kill move weights by more than this share of themselves; a thousandth is usual.
const VIOLENT: f64 = 0.015;

/// How far above the optimizer's usual learning rate is suspicious.
const SUSPICIOUS: f64 = 5.0;

struct DeadRelu {
    share: f64,
    harmful_share: f64,
    remains: Remains,
    /// The largest update of a layer so far, as a share of its weights.
    most_violent: f64,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Default)]
struct Now {
    share: f64,
    remains: f64,
    worst: String,
    /// Layers above the line.
    affected: String,
    n_affected: usize,
    n_relu: usize,
    learning_rate: f64,
}

impl DeadRelu {
    fn new(context: &Context) -> Self {
        Self {
            share: context.threshold("dead-relu.share"),
            harmful_share: context.threshold("dead-relu.harmful_share"),
            remains: Remains::default(),
            most_violent: 0.0,
            from_epoch: None,
            now: Now::default(),
        }
    }
}

fn dead_of(layer: &LayerRow) -> f64 {
    layer.dead.filter(|it| it.is_finite()).unwrap_or(0.0)
}

impl Observer for DeadRelu {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let remains = self.remains.after(context, row);
        let layers = hidden(row);
        let Some(worst) = layers.iter().max_by(|a, b| dead_of(a).total_cmp(&dead_of(b))) else {
            return Look::Unclear;
        };
        if worst.dead.is_none() {
            return Look::Unclear;
        }
        let violence = row.layers.iter().map(|it| it.update / it.weight).filter(|it| it.is_finite());
        self.most_violent = violence.fold(self.most_violent, f64::max);
        let share = dead_of(worst);
        if share <= self.share - if standing { LEAVE } else { 0.0 } {
            self.from_epoch = None;
            return Look::Absent;
        }
        let affected: Vec<_> = layers.iter().filter(|it| dead_of(it) > self.share - LEAVE).collect();
        self.now = Now {
            share,
            remains,
            worst: worst.name.clone(),
            affected: names(&affected),
            n_affected: affected.len(),
            n_relu: layers.iter().filter(|it| it.dead.is_some()).count(),
            learning_rate: row.learning_rate,
        };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch);
        let (severity, grade) = if share >= WHOLE_LAYER {
            (Severity::Critical, 3)
        } else if share > self.harmful_share {
            (Severity::Warning, 2)
        } else {
            // Half a layer may be born dead, and the rest learns on without it.
            (Severity::Info, 1)
        };
        Look::Seen { severity, grade, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = &self.now;
        let project = &context.project;
        let usual = project.optimizer.usual_learning_rate();
        let is_fast = context.knows_project && remedy::base_rate(context, now.learning_rate) > SUSPICIOUS * usual;
        let is_gain = context.knows_project && project.model.init_gain() != 1.0;
        let was_violent = is_fast || self.most_violent > VIOLENT;
        let why = if was_violent {
            format!(
                "steps too large, at a learning rate of {}, that pushed units below 0 for good",
                number(now.learning_rate)
            )
        } else {
            "first weights and biases that put units below 0 for every row".to_owned()
        };
        let what = if now.share >= WHOLE_LAYER {
            format!("All units of {} are 0 on every row looked at, so that nothing gets through", now.worst)
        } else if now.n_affected > 1 {
            format!(
                "In {} most units are 0 on every row looked at, in {} {}",
                now.affected,
                now.worst,
                percent(now.share)
            )
        } else {
            format!("{} of the units of {} are 0 on every row looked at", percent(now.share), now.worst)
        };
        let lower = if is_fast {
            remedy::usual_learning_rate(context)
        } else {
            remedy::learning_rate(context, now.learning_rate, Rate::Tenth)
        };
        let first = if is_gain { remedy::usual_first_weights(project) } else { None };
        let remedies = if was_violent {
            [first, lower, remedy::gelu(project), remedy::batch_norm(project)]
        } else {
            [first, remedy::gelu(project), remedy::batch_norm(project), lower]
        };
        let evidence = [
            ("dead_share", against(now.share, self.share)),
            ("dead_layers", measured(now.n_affected as f64)),
            ("relu_layers", measured(now.n_relu as f64)),
            ("largest_update_share", measured(self.most_violent)),
            ("remains", measured(now.remains)),
        ];
        Words {
            text: format!("{what}. This is consistent with {why}."),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "units that are 0 on every row / units of {} = {}, above {}",
                now.worst,
                percent(now.share),
                percent(self.share)
            ),
            rival: "Units may also be born dead in deep and narrow networks; at a tenth of the learning rate those stay dead, and those that large steps killed live.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        format!("No layer has more than {} of its units dead any more.", percent(self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::layered::{changed, healthy, stuck};
    use crate::diagnose::made_up::{recorded, regression, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn dying(rows: Vec<EpochRow>, share: f64, from: u64) -> Vec<EpochRow> {
        changed(rows, |epoch, idx, layer| {
            if idx == 1 && epoch >= from {
                layer.dead = Some(share);
            }
        })
    }

    fn dead(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("dead-relu", &regression(), rows)
    }

    #[test]
    fn a_dead_layer_is_critical_and_named() {
        let told = dead(&dying(stuck(healthy(1, 3)), 1.0, 10));
        assert_eq!((told[0].state, told[0].severity, told[0].grade), (FindingState::Raised, Severity::Critical, 3));
        assert_eq!((told[0].epoch, told[0].from_epoch), (12, 10));
        assert!(told[0].text.starts_with("All units of linear 2 are 0"), "{}", told[0].text);
        assert!(told[0].text.contains("first weights and biases"), "{}", told[0].text);
    }

    #[test]
    fn grades_follow_the_share() {
        assert_eq!(worst(&dead(&dying(stuck(healthy(1, 3)), 0.8, 1))), Some(Severity::Warning));
        assert_eq!(worst(&dead(&dying(stuck(healthy(1, 3)), 0.66, 1))), Some(Severity::Warning));
        assert_eq!(worst(&dead(&dying(stuck(healthy(1, 3)), 0.64, 1))), Some(Severity::Info));
        assert!(dead(&dying(stuck(healthy(1, 3)), 0.5, 1)).is_empty(), "half is not most");
    }

    #[test]
    fn violent_steps_are_blamed_and_slowed_first() {
        let mut context = regression();
        context.project.set("learning_rate=0.1").unwrap();
        let mut rows = changed(dying(stuck(healthy(1, 3)), 0.9, 2), |_, _, it| it.update = 0.01);
        for it in &mut rows {
            it.learning_rate = 0.1;
        }
        let told = told("dead-relu", &context, &rows);
        assert!(told[0].text.contains("steps too large, at a learning rate of 0.1"), "{}", told[0].text);
        let labels: Vec<_> = told[0].remedies.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["Learning rate 0.001, usual for Adam", "GELU as activation", "Batch normalization"]);
    }

    #[test]
    fn it_clears_when_units_come_back() {
        let rows = changed(dying(stuck(healthy(1, 2)), 0.9, 1), |epoch, _, it| {
            if epoch > 30 {
                it.dead = it.dead.map(|_| 0.1);
            }
        });
        let told = dead(&rows);
        let last = told.last().unwrap();
        assert_eq!((last.state, last.epoch), (FindingState::Cleared, 33));
        assert_eq!(states(&told)[0], FindingState::Raised);
    }

    #[test]
    fn healthy_short_and_other_activations_are_silent() {
        assert!(dead(&healthy(1, 5)).is_empty());
        assert!(dead(&dying(stuck(healthy(1, 3)), 1.0, 1)[..2]).is_empty());
        assert!(dead(&changed(stuck(healthy(1, 3)), |_, _, it| it.dead = None)).is_empty());
        assert!(dead(&recorded::spam_emails()).is_empty());
    }
}
