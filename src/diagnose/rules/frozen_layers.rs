//! Rule: some layers do not move while others learn.
//!
//! ## What you see
//! Layers whose weights are the same to the last digit epoch after epoch. The rest of the network has to make do
//! with what they happen to compute.
//! ## Why it happens
//! They were frozen, on purpose or left over from fine-tuning, or never handed to the optimizer.
//! ## What to try
//! Let every layer learn; freeze only layers that were trained before.
//! ## Source
//! SageMaker Debugger's `UnchangedTensor` and `WeightUpdateRatio` (update below 1e-8 of the weights). Both also fire
//! when nothing moves at all, and when a gradient has vanished or died on its way: here others must move, and the
//! layer must have had a gradient to move by, or none where nothing stands in its way. That first layers which were
//! trained before may well stay as they are: Yosinski et al. 2014, "How transferable are features in deep neural
//! networks?".

use crate::diagnose::Context;
use crate::diagnose::layers::{hidden, names};
use crate::diagnose::remedy;
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::number;
use crate::run::{EpochRow, LayerRow, Severity};

pub(super) const FROZEN_LAYERS: Rule = Rule {
    id: "frozen-layers",
    label: "Frozen layers",
    about: "Some layers' weights do not move while others learn.",
    needs: &[Need::Layers],
    explains: &["learning-rate-too-low"],
    make: |context| Box::new(FrozenLayers::new(context)),
};

/// Update of another layer, as a share of its weights, that shows that training goes on.
const MOVES: f64 = 1e-6;

/// A gradient this share of the largest is enough to move a weight by: its step is no smaller than the last digit.
const MOVABLE: f64 = 1e-4;

/// Share of dead units, or of saturated values, through which no gradient may be expected.
const BLOCKED: f64 = 0.95;

/// First loss of a classifier or regression, as a share of guessing, above which nothing was trained before.
const UNTRAINED: f64 = 0.9;

struct FrozenLayers {
    update_share: f64,
    from_epoch: Option<u64>,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Default)]
struct Now {
    frozen: String,
    n_frozen: usize,
    n_layers: usize,
    /// The largest update of a frozen layer, and of any, as shares of their weights.
    frozen_update: f64,
    largest_update: f64,
}

impl FrozenLayers {
    fn new(context: &Context) -> Self {
        Self { update_share: context.threshold("frozen-layers.update_share"), from_epoch: None, now: Now::default() }
    }
}

/// Update as a share of the weights; 0 where both are 0.
fn update_share(layer: &LayerRow) -> f64 {
    let share = layer.update / layer.weight;
    if layer.update == 0.0 { 0.0 } else { share }
}

/// Whether the frozen layers are the project's choice, and what they hold was learned before.
fn is_on_purpose(context: &Context, n_frozen: usize) -> bool {
    let was_trained = match (context.initial_loss, context.guessing()) {
        (Some(first), Some(guessing)) => first < UNTRAINED * guessing,
        (None, _) | (_, None) => true,
    };
    context.knows_project && context.project.model.n_frozen() >= n_frozen && was_trained
}

impl Observer for FrozenLayers {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        let largest_update = row.layers.iter().map(update_share).filter(|it| it.is_finite()).fold(0.0, f64::max);
        let largest_gradient = row.layers.iter().map(|it| it.gradient).filter(|it| it.is_finite()).fold(0.0, f64::max);
        if row.layers.len() < 2 || largest_update < MOVES {
            return Look::Unclear;
        }
        let n_layers = row.layers.len();
        let is_blocked = |it: &LayerRow| {
            it.dead.is_some_and(|share| share > BLOCKED) || it.saturated.is_some_and(|share| share > BLOCKED)
        };
        // The gradient comes from behind: what is dead or saturated there keeps it from all layers before.
        let reached = hidden(row).iter().rposition(is_blocked).map_or(0, |idx| idx + 1);
        let is_frozen = |idx: usize, it: &LayerRow| {
            let may_move = (it.gradient == 0.0 && idx >= reached) || it.gradient > MOVABLE * largest_gradient;
            it.weight > 0.0 && update_share(it) < self.update_share && may_move
        };
        if !row.layers.iter().enumerate().any(|(idx, it)| is_frozen(idx, it)) {
            self.from_epoch = None;
            return Look::Absent;
        }
        let frozen: Vec<_> =
            row.layers.iter().enumerate().filter(|(idx, it)| is_frozen(*idx, it)).map(|(_, it)| it).collect();
        self.now = Now {
            frozen: names(&frozen),
            n_frozen: frozen.len(),
            n_layers,
            frozen_update: frozen.iter().map(|it| update_share(it)).fold(0.0, f64::max),
            largest_update,
        };
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch);
        let severity = if is_on_purpose(context, self.now.n_frozen) { Severity::Info } else { Severity::Warning };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = &self.now;
        let do_not = if now.n_frozen == 1 { "does not" } else { "do not" };
        let is_chosen = context.knows_project && context.project.model.n_frozen() >= now.n_frozen;
        let why = if is_on_purpose(context, now.n_frozen) {
            "layers that the project freezes on purpose, to keep what they have learned"
        } else if is_chosen {
            "layers that the project freezes although nothing was learned before: their weights are as drawn by chance"
        } else {
            "layers that were frozen by mistake, or that the optimizer does not know of"
        };
        let evidence = [
            ("update_share", against(now.frozen_update, self.update_share)),
            ("largest_update_share", measured(now.largest_update)),
            ("frozen_layers", measured(now.n_frozen as f64)),
            ("layers", measured(now.n_layers as f64)),
        ];
        Words {
            text: format!(
                "The weights of {} {do_not} move, while those of others change by up to {} of their size in a step. This is consistent with {why}.",
                now.frozen,
                number(now.largest_update)
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "update / weights of {} = {}, below {}; largest elsewhere {}",
                now.frozen,
                number(now.frozen_update),
                number(self.update_share),
                number(now.largest_update)
            ),
            rival: "A gradient that vanishes on its way back also leaves the first layers where they are, but then it is tiny there, and not of ordinary size or cut off.".to_owned(),
            remedies: remedy::thaw(&context.project).into_iter().collect(),
        }
    }

    fn farewell(&self) -> String {
        "Every layer that can move does.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::layered::{changed, healthy};
    use crate::diagnose::made_up::{recorded, regression, states, told};
    use crate::run::{FindingRow, FindingState};

    fn freeze(rows: Vec<EpochRow>, n: usize) -> Vec<EpochRow> {
        changed(rows, |_, idx, it| {
            if idx < n {
                it.update = 0.0;
            }
        })
    }

    fn frozen(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("frozen-layers", context, rows)
    }

    #[test]
    fn layers_that_stand_still_are_named() {
        let told = frozen(&regression(), &freeze(healthy(1, 3), 2));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert_eq!((told[0].epoch, told[0].from_epoch), (3, 1));
        assert!(told[0].text.starts_with("The weights of linear 1 and linear 2 do not move"), "{}", told[0].text);
        assert!(told[0].text.contains("by mistake"), "{}", told[0].text);
    }

    #[test]
    fn frozen_on_purpose_is_an_info_unless_nothing_was_learned_before() {
        let mut context = regression();
        context.project.set("model.frozen=1").unwrap();
        let rows = freeze(healthy(1, 3), 1);
        assert_eq!(frozen(&context, &rows)[0].severity, Severity::Info);
        context.initial_loss = Some(0.2);
        assert_eq!(frozen(&context, &rows)[0].severity, Severity::Info);
        context.initial_loss = Some(1.02);
        let told = frozen(&context, &rows);
        assert_eq!(told[0].severity, Severity::Warning);
        assert!(told[0].text.contains("as drawn by chance"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "Let every layer learn");
    }

    #[test]
    fn an_update_of_a_hundred_millionth_is_the_line() {
        let with = |share: f64| {
            let rows = changed(healthy(1, 3), |_, idx, it| {
                if idx == 0 {
                    it.update = share * it.weight;
                }
            });
            frozen(&regression(), &rows).len()
        };
        assert_eq!((with(2e-8) > 0, with(0.5e-8) > 0), (false, true));
    }

    #[test]
    fn a_gradient_that_vanished_or_died_is_another_cause() {
        let vanished = changed(freeze(healthy(1, 3), 1), |_, idx, it| {
            if idx == 0 {
                it.gradient = 1e-12;
            }
        });
        assert!(frozen(&regression(), &vanished).is_empty());
        let died = changed(freeze(healthy(1, 3), 2), |_, idx, it| {
            if idx < 2 {
                it.gradient = 0.0;
                it.dead = Some(if idx == 1 { 1.0 } else { 0.1 });
            }
        });
        assert!(frozen(&regression(), &died).is_empty());
        let cut_off = changed(freeze(healthy(1, 3), 1), |_, idx, it| {
            if idx == 0 {
                it.gradient = 0.0;
            }
        });
        assert!(!frozen(&regression(), &cut_off).is_empty(), "no gradient, and nothing in its way");
    }

    #[test]
    fn when_nothing_moves_no_layer_is_singled_out() {
        assert!(frozen(&regression(), &freeze(healthy(1, 3), 4)).is_empty());
    }

    #[test]
    fn it_clears_when_a_layer_thaws_and_is_silent_on_healthy_and_short() {
        let rows = changed(freeze(healthy(1, 3), 1), |epoch, _, it| {
            if epoch > 10 {
                it.update = 1e-4;
            }
        });
        assert_eq!(states(&frozen(&regression(), &rows)).last(), Some(&FindingState::Cleared));
        assert!(frozen(&regression(), &healthy(1, 4)).is_empty());
        assert!(frozen(&regression(), &freeze(healthy(1, 3), 1)[..2]).is_empty());
        assert!(frozen(&regression(), &recorded::spam_emails()).is_empty());
    }
}
