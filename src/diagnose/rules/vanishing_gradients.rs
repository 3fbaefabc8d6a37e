//! Rule: the gradient fades on its way to the first layers.
//!
//! ## What you see
//! The loss hardly leaves that of guessing. The last layers get gradients of ordinary size, the first ones a
//! thousandth of them or far less, and their weights stay as they were drawn.
//! ## Why it happens
//! Backwards, every layer multiplies the gradient by its slope and its weights. A sigmoid's slope is at most a
//! quarter, and small first weights shrink it further; over many layers nothing is left.
//! ## What to try
//! ReLU in place of sigmoid or tanh; fewer hidden layers; batch normalization.
//! ## Source
//! Hochreiter 1991 and Bengio et al. 1994, "Learning long-term dependencies with gradient descent is difficult";
//! Glorot and Bengio 2010 for gradients by layer. SageMaker Debugger's `VanishingGradient` asks for a mean below
//! 1e-7, which a converged run reaches as well and a loss in other units never: here a layer is held against the
//! run's own largest, and only while the run has not learned.

use crate::diagnose::Context;
use crate::diagnose::layers::{Remains, hidden, names};
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, LayerRow, Severity};

pub(super) const VANISHING_GRADIENTS: Rule = Rule {
    id: "vanishing-gradients",
    label: "Vanishing gradients",
    about: "The first layers get so little gradient that they do not learn.",
    needs: &[Need::TrainLoss, Need::Layers],
    explains: &["plateau", "learning-rate-too-low", "underfitting"],
    make: |context| Box::new(VanishingGradients::new(context)),
};

/// Epochs whose median stands for the present one: one batch's gradient is a noisy thing.
const SMOOTHED: usize = 5;

/// Share of dead units from which a layer lets nothing through for that reason alone, which has a rule of its own.
const BLOCKED: f64 = 0.8;

/// Below this share of the last layers' gradient, nothing arrives in any arithmetic that is used.
const NOTHING: f64 = 1e-7;

/// A finding that stands is left this many times above its line.
const LEAVE: f64 = 3.0;

struct VanishingGradients {
    /// Gradient of the first layer that learns, as a share of the largest layer's, above which all is well.
    ratio: f64,
    /// Share of the loss of guessing that must be left: who learns is not held up.
    unlearned: f64,
    shares: Recent,
    remains: Remains,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Default)]
struct Now {
    share: f64,
    remains: f64,
    /// Layers below the ratio.
    faded: String,
    n_hidden: usize,
    activation: String,
    first_gradient: f64,
    largest_gradient: f64,
    largest: String,
    /// Update of the first layer as a share of its weights.
    update_share: f64,
}

impl VanishingGradients {
    fn new(context: &Context) -> Self {
        Self {
            ratio: context.threshold("vanishing-gradients.ratio"),
            unlearned: context.threshold("vanishing-gradients.unlearned"),
            shares: Recent::new(SMOOTHED),
            remains: Remains::default(),
            from_epoch: None,
            now: Now::default(),
        }
    }
}

/// A layer that is kept from learning, rather than one that nothing reaches.
fn is_frozen(layer: &LayerRow) -> bool {
    layer.gradient == 0.0 && layer.update == 0.0
}

impl Observer for VanishingGradients {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let remains = self.remains.after(context, row);
        let largest = row.layers.iter().max_by(|a, b| a.gradient.total_cmp(&b.gradient));
        let first = row.layers.iter().position(|it| !is_frozen(it));
        let (Some(largest), Some(first)) = (largest, first) else {
            return Look::Unclear;
        };
        let first_layer = &row.layers[first];
        let share = first_layer.gradient / largest.gradient;
        if hidden(row).len() < 2 || !share.is_finite() || !largest.gradient.is_finite() {
            return Look::Unclear;
        }
        let is_blocked = hidden(row).iter().any(|it| it.dead.is_some_and(|dead| dead > BLOCKED));
        self.shares.push(share);
        let share = self.shares.median_of_last(SMOOTHED).unwrap_or(share);
        let ratio = self.ratio * if standing { LEAVE } else { 1.0 };
        if is_blocked || share >= ratio || remains < self.unlearned || largest.name == first_layer.name {
            self.from_epoch = None;
            return Look::Absent;
        }
        // Below, words are gathered: only while the pattern is there.
        let faded: Vec<_> =
            row.layers[first..].iter().take_while(|it| it.gradient < self.ratio * largest.gradient).collect();
        self.now = Now {
            share,
            remains,
            faded: if faded.is_empty() { first_layer.name.clone() } else { names(&faded) },
            n_hidden: hidden(row).len(),
            activation: first_layer.activation.clone(),
            first_gradient: first_layer.gradient,
            largest_gradient: largest.gradient,
            largest: largest.name.clone(),
            update_share: first_layer.update / first_layer.weight.max(f64::MIN_POSITIVE),
        };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch);
        let severity = if share < NOTHING { Severity::Critical } else { Severity::Warning };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = &self.now;
        let why = match now.activation.as_str() {
            "sigmoid" => format!("{} sigmoid layers, each of which lets at most a quarter through", now.n_hidden),
            "tanh" => format!("{} tanh layers, each of which lets only a part through", now.n_hidden),
            _ => format!("{} hidden layers, each of which lets only a part through", now.n_hidden),
        };
        let evidence = [
            ("gradient_share", against(now.share, self.ratio)),
            ("remains", against(now.remains, self.unlearned)),
            ("update_share", measured(now.update_share)),
        ];
        let project = &context.project;
        let relu = if matches!(now.activation.as_str(), "sigmoid" | "tanh") { remedy::relu(project) } else { None };
        let (few, norm) = (remedy::two_hidden_layers(project), remedy::batch_norm(project));
        // Deep ReLU networks fade as well, under first weights drawn as they are here.
        let ways_out = if now.n_hidden > remedy::DEEP { [norm, few, relu] } else { [relu, few, norm] };
        Words {
            text: format!(
                "The gradient of {} is {} of that of {}, and {} of the loss of guessing is left. This is consistent with a gradient that vanishes on its way back through {why}.",
                now.faded,
                percent(now.share),
                now.largest,
                percent(now.remains.min(1.0)),
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "gradient of the first layer / of {} = {} / {}, median of {SMOOTHED} epochs {}, below {}",
                now.largest,
                number(now.first_gradient),
                number(now.largest_gradient),
                number(now.share),
                number(self.ratio),
            ),
            rival: "A learning rate that is too low also leaves the loss where it is, but then the gradients of all layers are of like size.".to_owned(),
            remedies: ways_out.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        "The gradient reaches the first layers, or the run learns without.".to_owned()
    }

    /// A few epochs more than usual: behind sigmoids the gradient is weak at first and often grows by itself.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 4, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::layered::{changed, healthy, stuck};
    use crate::diagnose::made_up::{recorded, regression, states, told};
    use crate::run::FindingState;

    /// Deep sigmoids: every layer gets `fade` of the gradient of the one behind it.
    fn fading(fade: f64, activation: &str) -> Vec<EpochRow> {
        changed(stuck(healthy(1, 6)), |_, idx, layer| {
            layer.gradient = 0.02 * fade.powi(6 - idx as i32);
            if idx < 6 {
                layer.activation = activation.to_owned();
            }
        })
    }

    fn vanishing(context: &Context, rows: &[EpochRow]) -> Vec<crate::run::FindingRow> {
        told("vanishing-gradients", context, rows)
    }

    fn deep(activation: &str) -> Context {
        let mut context = regression();
        context.project.set("model.hidden=[32,32,32,32,32,32]").unwrap();
        context.project.set(&format!("model.activation={activation}")).unwrap();
        context
    }

    #[test]
    fn deep_sigmoids_are_named_and_relu_is_offered_first() {
        let told = vanishing(&deep("sigmoid"), &fading(0.14, "sigmoid"));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert_eq!((told[0].epoch, told[0].from_epoch), (4, 1));
        assert!(told[0].text.contains("linear 1 to linear 3 is"), "{}", told[0].text);
        assert!(told[0].text.contains("6 sigmoid layers"), "{}", told[0].text);
        let labels: Vec<_> = told[0].remedies.iter().map(|it| it.label.as_str()).collect();
        assert_eq!(labels, ["ReLU as activation", "Two hidden layers", "Batch normalization"]);
        assert_eq!(vanishing(&deep("sigmoid"), &fading(0.05, "sigmoid"))[0].severity, Severity::Critical);
    }

    #[test]
    fn the_threshold_is_a_thousandth_both_ways() {
        // The sixth root of a thousandth is 0.316.
        assert!(vanishing(&deep("tanh"), &fading(0.32, "tanh")).is_empty());
        assert_eq!(vanishing(&deep("tanh"), &fading(0.31, "tanh")).len(), 4);
    }

    #[test]
    fn gradients_that_shrink_in_a_run_that_learns_are_no_fault() {
        for n_hidden in 1..=8 {
            assert!(vanishing(&regression(), &healthy(n_hidden as u64, n_hidden)).is_empty(), "{n_hidden}");
        }
        let learns = changed(healthy(3, 6), |_, idx, it| it.gradient = 0.02 * 0.1_f64.powi(6 - idx as i32));
        let told = vanishing(&deep("relu"), &learns);
        assert_eq!(states(&told), [FindingState::Raised, FindingState::Cleared]);
        assert!(told[1].epoch < 12, "{}", told[1].epoch);
    }

    #[test]
    fn a_converged_run_has_small_gradients_everywhere() {
        let rows = changed(stuck(healthy(1, 3)), |_, _, it| it.gradient *= 1e-9);
        assert!(vanishing(&regression(), &rows).is_empty());
    }

    #[test]
    fn dead_units_and_frozen_layers_are_other_causes() {
        let dead = changed(fading(0.1, "relu"), |_, idx, it| it.dead = (idx == 3).then_some(0.9));
        assert!(vanishing(&regression(), &dead).is_empty());
        let frozen = changed(stuck(healthy(1, 3)), |_, idx, it| {
            if idx < 2 {
                (it.gradient, it.update) = (0.0, 0.0);
            }
        });
        assert!(vanishing(&regression(), &frozen).is_empty());
    }

    #[test]
    fn too_short_or_without_layers_is_silent() {
        assert!(vanishing(&deep("sigmoid"), &fading(0.1, "sigmoid")[..3]).is_empty());
        assert!(vanishing(&regression(), &recorded::house_prices_stalled()).is_empty());
    }
}
