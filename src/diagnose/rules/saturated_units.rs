//! Rule: most values behind tanh or sigmoid lie at the ends of their range.
//!
//! ## What you see
//! Values at nearly -1, 0 or 1 for most units and rows, while the loss has not come down. There the activation is
//! flat: hardly any gradient passes, and the layers before it learn slowly.
//! ## Why it happens
//! Sums that are too large: first weights too large, inputs that are not standardized, or steps so large that the
//! weights grew.
//! ## What to try
//! First weights of the usual size; standardized data; a smaller learning rate; ReLU.
//! ## Source
//! LeCun, Bottou, Orr and Müller 1998, "Efficient backprop"; Glorot and Bengio 2010 for saturation by layer.
//! SageMaker Debugger's `SaturatedActivation`: half of a layer's nodes. Networks that have learned classes well
//! saturate by that alone (spirals: up to two thirds of the values at a fiftieth of the loss), so that here it is a
//! fault only while the loss is high.

use crate::diagnose::Context;
use crate::diagnose::layers::{Remains, has_wild_inputs, hidden, names};
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, LayerRow, Severity};

pub(super) const SATURATED_UNITS: Rule = Rule {
    id: "saturated-units",
    label: "Saturated units",
    about: "Most values behind tanh or sigmoid lie where the curve is flat.",
    needs: &[Need::TrainLoss, Need::Layers],
    explains: &["vanishing-gradients"],
    make: |context| Box::new(SaturatedUnits::new(context)),
};

/// From this share on, next to nothing passes.
const NEARLY_ALL: f64 = 0.9;

/// A finding that stands is left this far below its line.
const LEAVE: f64 = 0.05;

/// Epochs by which first weights and inputs show; what saturates later was driven there.
const AT_START: u64 = 3;

/// Share of the loss of guessing that must be left for what saturates later.
const UNLEARNED_LATER: f64 = 0.8;

/// How far above the optimizer's usual learning rate is suspicious.
const SUSPICIOUS: f64 = 9.0;

struct SaturatedUnits {
    share: f64,
    unlearned: f64,
    remains: Remains,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Default)]
struct Now {
    share: f64,
    remains: f64,
    worst: String,
    affected: String,
    n_affected: usize,
    activation: String,
    learning_rate: f64,
}

impl SaturatedUnits {
    fn new(context: &Context) -> Self {
        Self {
            share: context.threshold("saturated-units.share"),
            unlearned: context.threshold("saturated-units.unlearned"),
            remains: Remains::default(),
            from_epoch: None,
            now: Now::default(),
        }
    }
}

/// Whether what saturates the units is a fault with a rule of its own: inputs of wild size, or a learning rate far
/// from usual. Then this is told as an info beside it.
fn has_another_name(context: &Context, learning_rate: f64) -> bool {
    has_wild_inputs(context) || (is_fast(context, learning_rate) && context.project.model.init_gain() <= 1.0)
}

fn is_fast(context: &Context, learning_rate: f64) -> bool {
    let usual = context.project.optimizer.usual_learning_rate();
    context.knows_project && remedy::base_rate(context, learning_rate) > SUSPICIOUS * usual
}

fn saturated(layer: &LayerRow) -> f64 {
    layer.saturated.filter(|it| it.is_finite()).unwrap_or(0.0)
}

impl Observer for SaturatedUnits {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let remains = self.remains.after(context, row);
        let layers = hidden(row);
        let Some(worst) = layers.iter().max_by(|a, b| saturated(a).total_cmp(&saturated(b))) else {
            return Look::Unclear;
        };
        if worst.saturated.is_none() {
            return Look::Unclear;
        }
        let share = saturated(worst);
        if share <= self.share - if standing { LEAVE } else { 0.0 } {
            self.from_epoch = None;
            return Look::Absent;
        }
        let affected: Vec<_> = layers.iter().filter(|it| saturated(it) > self.share - LEAVE).collect();
        self.now = Now {
            share,
            remains,
            worst: worst.name.clone(),
            affected: names(&affected),
            n_affected: affected.len(),
            activation: worst.activation.clone(),
            learning_rate: row.learning_rate,
        };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch);
        // What saturates only while the loss comes down is on its way to be sure of its answers.
        let unlearned = if from_epoch <= AT_START { self.unlearned } else { self.unlearned.max(UNLEARNED_LATER) };
        let is_harmful = remains > unlearned && !has_another_name(context, row.learning_rate);
        let severity = if is_harmful { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: if share > NEARLY_ALL { 2 } else { 1 }, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = &self.now;
        let project = &context.project;
        let is_fast = is_fast(context, now.learning_rate);
        let is_gain = context.knows_project && project.model.init_gain() > 1.0;
        let is_unscaled = context.knows_project && !project.data.standardize;
        let why = if now.remains <= self.unlearned {
            "a network that has become sure of its answers; it is a fault only where the loss stays high".to_owned()
        } else if is_gain {
            format!("first weights that are {} times the usual", number(project.model.init_gain()))
        } else if is_unscaled {
            "inputs that are not standardized and make the sums large".to_owned()
        } else if is_fast || self.from_epoch.unwrap_or_default() > AT_START {
            format!("steps so large, at a learning rate of {}, that the weights grew", number(now.learning_rate))
        } else {
            "first weights that are too large for the number of inputs".to_owned()
        };
        let what = if now.n_affected > 1 {
            format!(
                "In {} most values lie where {} is flat, in {} {}",
                now.affected,
                now.activation,
                now.worst,
                percent(now.share)
            )
        } else {
            format!("{} of the values of {} lie where {} is flat", percent(now.share), now.worst, now.activation)
        };
        let lower = if is_fast {
            remedy::usual_learning_rate(context)
        } else {
            remedy::learning_rate(context, now.learning_rate, Rate::Third)
        };
        let remedies = [
            remedy::usual_first_weights(project),
            remedy::standardize(project),
            if is_fast { lower.clone() } else { None },
            // Weights that drive tanh to its ends drive ReLU to values without end.
            if is_gain { None } else { remedy::relu(project) },
            if is_fast || is_gain { None } else { lower },
        ];
        let evidence = [
            ("saturated_share", against(now.share, self.share)),
            ("remains", against(now.remains, self.unlearned)),
            ("saturated_layers", measured(now.n_affected as f64)),
        ];
        Words {
            text: format!(
                "{what}, with {} of the loss of guessing left. This is consistent with {why}.",
                percent(now.remains)
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "values within 2.5 % of an end / values of {} = {}, above {}",
                now.worst,
                percent(now.share),
                percent(self.share)
            ),
            rival: "A network that has learned its classes saturates as well, but then its loss is low.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        format!("No layer has more than {} of its values at the ends any more.", percent(self.share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::layered::{changed, healthy, stuck};
    use crate::diagnose::made_up::{recorded, regression, states, told, worst};
    use crate::run::{FindingRow, FindingState};

    fn flat(rows: Vec<EpochRow>, share: f64, from: u64) -> Vec<EpochRow> {
        changed(rows, |epoch, idx, layer| {
            if idx < 2 {
                layer.activation = "tanh".to_owned();
                layer.dead = None;
                layer.saturated = Some(if idx == 0 && epoch >= from { share } else { 0.1 });
            }
        })
    }

    fn saturated_units(rows: &[EpochRow]) -> Vec<FindingRow> {
        told("saturated-units", &regression(), rows)
    }

    #[test]
    fn a_flat_layer_in_a_run_that_does_not_learn_is_told() {
        let told = saturated_units(&flat(stuck(healthy(1, 2)), 0.7, 1));
        assert_eq!((told[0].state, told[0].severity, told[0].grade), (FindingState::Raised, Severity::Warning, 1));
        assert_eq!((told[0].epoch, told[0].from_epoch), (3, 1));
        assert!(told[0].text.starts_with("70 % of the values of linear 1 lie where tanh is flat"), "{}", told[0].text);
        assert!(told[0].text.contains("first weights that are too large"), "{}", told[0].text);
        assert_eq!(saturated_units(&flat(stuck(healthy(1, 2)), 0.95, 1))[0].grade, 2);
    }

    #[test]
    fn one_that_has_learned_earns_an_info_at_most() {
        let told = saturated_units(&flat(healthy(1, 2), 0.65, 30));
        assert_eq!((worst(&told), told[0].epoch), (Some(Severity::Info), 32));
        assert!(told[0].text.contains("sure of its answers"), "{}", told[0].text);
    }

    #[test]
    fn half_is_the_line_and_it_clears_below() {
        assert!(saturated_units(&flat(stuck(healthy(1, 2)), 0.5, 1)).is_empty());
        let rows = changed(flat(stuck(healthy(1, 2)), 0.51, 1), |epoch, _, it| {
            if epoch > 20 {
                it.saturated = it.saturated.map(|_| 0.4);
            }
        });
        let told = saturated_units(&rows);
        assert_eq!(states(&told).last(), Some(&FindingState::Cleared));
        assert_eq!(told.last().map(|it| it.epoch), Some(23));
    }

    #[test]
    fn the_first_remedy_undoes_what_the_project_did() {
        let first = |setting: &str| {
            let mut context = regression();
            context.project.set("model.activation=tanh").unwrap();
            context.project.set(setting).unwrap();
            let mut rows = flat(stuck(healthy(1, 2)), 0.8, 1);
            for it in &mut rows {
                it.learning_rate = context.project.learning_rate;
            }
            told("saturated-units", &context, &rows)[0].remedies[0].label.clone()
        };
        assert_eq!(first("model.init_gain=10"), "First weights of the usual size");
        assert_eq!(first("data.standardize=off"), "Standardize the data");
        assert_eq!(first("learning_rate=0.02"), "Learning rate 0.001, usual for Adam");
        assert_eq!(first("learning_rate=0.1"), "Learning rate 0.001, usual for Adam");
        assert_eq!(first("seed=2"), "ReLU as activation");
    }

    #[test]
    fn a_wild_learning_rate_or_wild_inputs_are_told_as_themselves() {
        let mut context = regression();
        context.project.set("learning_rate=0.3").unwrap();
        let mut rows = flat(stuck(healthy(1, 2)), 0.9, 1);
        for it in &mut rows {
            it.learning_rate = 0.3;
        }
        assert_eq!(worst(&told("saturated-units", &context, &rows)), Some(Severity::Info));
        context.project.set("model.init_gain=8").unwrap();
        assert_eq!(worst(&told("saturated-units", &context, &rows)), Some(Severity::Warning));
    }

    #[test]
    fn healthy_short_and_without_layers_is_silent() {
        assert!(saturated_units(&healthy(1, 3)).is_empty(), "ReLU cannot saturate");
        assert!(saturated_units(&flat(stuck(healthy(1, 2)), 0.9, 1)[..2]).is_empty());
        assert!(saturated_units(&recorded::house_prices_stalled()).is_empty());
    }
}
