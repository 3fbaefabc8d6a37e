//! Rule: the first weights are far too large, far too small, or all alike.
//!
//! ## What you see
//! Before its first step the network is already sure, and wrong: its loss is far above that of not knowing. Or the
//! first weights are so small that all outputs are the same and the loss does not leave that of guessing.
//! ## Why it happens
//! First weights are drawn by chance, in proportion to one over the root of a layer's inputs, so that signals keep
//! their size from layer to layer. A factor on them is applied once a layer. Weights that are all 0 keep all units
//! of a layer alike for ever.
//! ## What to try
//! First weights of the usual size; batch normalization, which undoes their size.
//! ## Source
//! CS231n, neural networks 3: the first loss should be ln(number of classes). Glorot and Bengio 2010 and He et al.
//! 2015 for the size of first weights. SageMaker Debugger's `PoorWeightInitialization` compares the variances of
//! layers, by a factor of ten, over the first steps. Inputs that are not standardized and targets far from 0 also
//! raise the first loss: those have names of their own, and nothing is concluded where they are there.

use crate::diagnose::Context;
use crate::diagnose::layers::{Remains, has_wild_inputs, hidden};
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, LayerRow, Severity};
use crate::spec::{ModelSpec, Task};

pub(super) const BAD_INITIALIZATION: Rule = Rule {
    id: "bad-initialization",
    label: "Bad first weights",
    about: "The first weights are far too large or too small to start from.",
    needs: &[Need::TrainLoss, Need::InitialLoss],
    explains: &["vanishing-gradients", "dead-relu", "learning-rate-too-low", "plateau", "underfitting"],
    make: |context| Box::new(BadInitialization::new(context)),
};

/// Share of the loss of guessing above which a run that started from too little has not begun to learn.
const NOT_BEGUN: f64 = 0.95;

/// How many times wider or narrower values may become from one layer to the next; healthy first weights stay
/// between 0.4 and 1.6.
const LAYER_FACTOR: f64 = 10.0;

/// An epoch's updates together may change weights by this share for what they are to count as the first ones.
const HARDLY_MOVED: f64 = 0.5;

/// Where the project itself multiplies the first weights by more than this, so much of the excess of the first loss
/// is enough to say what it does.
const DECLARED: f64 = 1.5;
const DECLARED_SHARE: f64 = 0.4;

/// A first epoch that ends above this share of the loss of guessing, from a first loss that was fine, was thrown there.
const THROWN: f64 = 1.5;

/// Share of dead units that narrow what follows whatever the weights.
const BLOCKED: f64 = 0.8;

struct BadInitialization {
    /// Measured once, before and behind the first epoch.
    start: Start,
    remains: Remains,
    now_remains: f64,
    /// Whether the run has got over it. A start is not bad again for what comes later.
    is_over: bool,
}

/// What the start looks like.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Start {
    /// Nothing was seen yet.
    Unknown,
    Fine,
    /// First loss, and what it should be at most.
    TooLarge {
        loss: f64,
        usual: f64,
        limit: f64,
    },
    /// First weights as a multiple of the usual ones.
    TooSmall {
        gain: f64,
        limit: f64,
    },
    /// Values behind one layer as a multiple of those behind the layer before.
    Uneven {
        factor: f64,
    },
    AllZero,
}

impl BadInitialization {
    fn new(context: &Context) -> Self {
        let start = first_loss(context).unwrap_or(Start::Unknown);
        Self { start, remains: Remains::default(), now_remains: 1.0, is_over: false }
    }

    /// What is left of the loss of guessing. On the validation rows, where there are any: guessing was measured on
    /// them, and where little is learned the difference between two samples is larger than what was learned.
    fn remains_of(&mut self, context: &Context, row: &EpochRow) -> f64 {
        let by_train = self.remains.after(context, row);
        let by_validation = context.guessing().map(|it| row.validation_loss / it);
        by_validation.filter(|it| it.is_finite() && context.validation_rows > 0).unwrap_or(by_train)
    }

    fn is_still_there(&self, row: &EpochRow) -> bool {
        match self.start {
            Start::Unknown | Start::Fine => false,
            Start::TooLarge { .. } => self.now_remains > 1.0,
            Start::TooSmall { .. } | Start::Uneven { .. } => self.now_remains > NOT_BEGUN,
            Start::AllZero => hidden(row).iter().any(|it| it.weight == 0.0),
        }
    }
}

/// What the loss before the first step says; none where it says nothing.
fn first_loss(context: &Context) -> Option<Start> {
    let loss = context.initial_loss.filter(|_| !has_wild_inputs(context))?;
    let (usual, limit) = match context.task {
        Task::Binary => (std::f64::consts::LN_2, "first_loss"),
        Task::Classes(n) if n >= 2 => ((n as f64).ln(), "first_loss"),
        Task::Classes(_) => return None,
        // The loss of a target in its own units begins with the distance of its mean from 0.
        Task::Regression if !context.knows_project || !context.project.data.standardize => return None,
        Task::Regression => (context.guessing()?, "first_error"),
    };
    // Weights of the classes make losses larger, that of guessing among them.
    let usual = context.guessing().map_or(usual, |it| it.max(usual));
    let limit = context.threshold(&format!("bad-initialization.{limit}"));
    let is_declared = context.knows_project && context.project.model.init_gain() > DECLARED;
    let limit = if is_declared { 1.0 + DECLARED_SHARE * (limit - 1.0) } else { limit };
    (loss > limit * usual).then_some(Start::TooLarge { loss, usual, limit })
}

/// What the layers behind the first epoch say.
fn first_layers(context: &Context, row: &EpochRow, remains: f64) -> Start {
    let layers = hidden(row);
    if !layers.is_empty() && layers.iter().all(|it| it.weight == 0.0) {
        return Start::AllZero;
    }
    let limit = context.threshold("bad-initialization.gain");
    let gain = first_gain(context, layers);
    if let Some(gain) = gain
        && gain < 1.0 / limit
        && remains > NOT_BEGUN
    {
        return Start::TooSmall { gain, limit };
    }
    let steps = context.steps_per_epoch.max(1) as f64;
    let has_moved = row.layers.iter().any(|it| it.update * steps > HARDLY_MOVED * it.weight);
    // Units that died and a loss that jumped since it was measured say the same: steps did it.
    let was_thrown = remains > THROWN || layers.iter().any(|it| it.dead.is_some_and(|share| share > BLOCKED));
    let factors = layers.windows(2).filter_map(|pair| Some(pair[1].deviation? / pair[0].deviation?));
    let is_odd = |it: &f64| it.is_finite() && (*it > LAYER_FACTOR || (*it > 0.0 && *it < 1.0 / LAYER_FACTOR));
    match factors.filter(is_odd).max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs())) {
        Some(factor) if !has_moved && !was_thrown && remains > NOT_BEGUN => Start::Uneven { factor },
        Some(_) | None => Start::Fine,
    }
}

/// How the first weights compare with the usual: as the project says, else as the layers whose number of inputs is
/// known show. PyTorch draws evenly between plus and minus one over the root of a layer's inputs.
fn first_gain(context: &Context, layers: &[LayerRow]) -> Option<f64> {
    if !context.knows_project {
        return None;
    }
    let ModelSpec::Mlp(mlp) = &context.project.model else {
        return Some(context.project.model.init_gain());
    };
    if mlp.init_gain != 1.0 {
        return Some(mlp.init_gain);
    }
    let gain = |(layer, inputs): (&LayerRow, &u64)| layer.weight * (3.0 * *inputs as f64).sqrt();
    layers.iter().skip(1).zip(&mlp.hidden).map(gain).filter(|it| it.is_finite()).reduce(f64::max)
}

impl Observer for BadInitialization {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        self.now_remains = self.remains_of(context, row);
        if self.start == Start::Unknown {
            if row.epoch > 1 || (row.layers.is_empty() && context.initial_loss.is_none()) {
                return Look::Unclear;
            }
            self.start = first_layers(context, row, self.now_remains);
        }
        self.is_over |= !self.is_still_there(row) && row.epoch > 1;
        if self.is_over {
            return Look::Absent;
        }
        let severity = match self.start {
            Start::Unknown => return Look::Unclear,
            Start::Fine => return Look::Absent,
            Start::AllZero => Severity::Critical,
            Start::TooLarge { .. } | Start::TooSmall { .. } | Start::Uneven { .. } => Severity::Warning,
        };
        Look::Seen { severity, grade: 0, from_epoch: 1 }
    }

    fn words(&self, context: &Context) -> Words {
        let project = &context.project;
        let left = percent(self.now_remains);
        let (text, formula, evidence) = match self.start {
            Start::Unknown | Start::Fine => return Words::default(),
            Start::TooLarge { loss, usual, limit } => {
                let of_what = match context.task {
                    Task::Regression => "guessing the mean",
                    Task::Binary | Task::Classes(_) => "not knowing",
                };
                (
                    format!(
                        "Before its first step the network had a loss of {}, {} times that of {of_what}. This is consistent with first weights that are too large: it begins sure of itself, and wrong.",
                        number(loss),
                        number(loss / usual)
                    ),
                    format!(
                        "first loss / loss of {of_what} = {} / {} = {}, above {}",
                        number(loss),
                        number(usual),
                        number(loss / usual),
                        number(limit)
                    ),
                    vec![("of_usual", against(loss / usual, limit)), ("first_loss", measured(loss))],
                )
            }
            Start::TooSmall { gain, limit } => (
                format!(
                    "The first weights are {} times the usual, and {left} of the loss of guessing is left. This is consistent with first weights that are too small: signals fade from layer to layer until all rows look the same.",
                    number(gain)
                ),
                format!("first weights / usual ones = {}, below 1 / {}", number(gain), number(limit)),
                vec![("gain", against(gain, 1.0 / limit)), ("remains", against(self.now_remains, NOT_BEGUN))],
            ),
            Start::Uneven { factor } => (
                format!(
                    "From one layer to the next, values become {} times as wide, and {left} of the loss of guessing is left. This is consistent with first weights of the wrong size.",
                    number(factor)
                ),
                format!(
                    "deviation behind a layer / behind the one before = {}, outside 1 / {LAYER_FACTOR} to {LAYER_FACTOR}",
                    number(factor)
                ),
                vec![("factor", against(factor, LAYER_FACTOR)), ("remains", against(self.now_remains, NOT_BEGUN))],
            ),
            Start::AllZero => (
                "All weights of the hidden layers are 0. No gradient passes through them, so that only the output's bias learns: this is consistent with first weights that were set to 0.".to_owned(),
                "weights of the hidden layers = 0".to_owned(),
                vec![("weight", measured(0.0))],
            ),
        };
        let remedies =
            [remedy::usual_first_weights(project), remedy::standardize(project), remedy::batch_norm(project)];
        Words {
            text,
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula,
            rival: "Inputs that are not standardized do the same to weights of the usual size; a learning rate that is too high shows only behind the first step.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        format!("The start is overcome: {} of the loss of guessing is left.", percent(self.now_remains))
    }

    /// There is one start, and the first look shows it.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::layered::{changed, healthy, stuck};
    use crate::diagnose::made_up::{binary, recorded, regression, states, told};
    use crate::run::{DataFacts, FindingRow, FindingState, InputScales};

    fn bad(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("bad-initialization", context, rows)
    }

    fn starting_at(mut context: Context, loss: f64) -> Context {
        context.initial_loss = Some(loss);
        context
    }

    #[test]
    fn a_classifier_that_starts_sure_and_wrong_is_told_at_once() {
        let mut context = starting_at(binary(), 4.0);
        context.project.set("model.init_gain=8").unwrap();
        let told = bad(&context, &stuck(healthy(1, 2)));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning));
        assert_eq!((told[0].epoch, told[0].from_epoch), (1, 1));
        assert!(told[0].text.contains("a loss of 4, 5.77 times that of not knowing"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "First weights of the usual size");
    }

    #[test]
    fn thresholds_hold_both_ways() {
        let rows = healthy(1, 2);
        let n = |context: Context, loss| bad(&starting_at(context, loss), &rows).len();
        let classes = || Context { task: Task::Classes(10), baseline: [("loss".to_owned(), 2.3)].into(), ..binary() };
        assert_eq!((n(binary(), 1.03) > 0, n(binary(), 1.05) > 0), (false, true));
        assert_eq!((n(classes(), 3.45) > 0, n(classes(), 3.46) > 0), (false, true));
        assert_eq!((n(regression(), 2.49) > 0, n(regression(), 2.51) > 0), (false, true));
    }

    #[test]
    fn a_declared_factor_on_the_first_weights_needs_less_proof() {
        let mut context = starting_at(binary(), 0.9);
        assert!(bad(&context, &healthy(1, 2)).is_empty());
        context.project.set("model.init_gain=3").unwrap();
        assert_eq!(bad(&context, &healthy(1, 2))[0].severity, Severity::Warning);
        context.initial_loss = Some(0.8);
        assert!(bad(&context, &healthy(1, 2)).is_empty(), "it does no harm");
    }

    #[test]
    fn it_clears_when_the_start_is_overcome() {
        let told = bad(&starting_at(binary(), 4.0), &healthy(1, 2));
        assert_eq!(states(&told), [FindingState::Raised, FindingState::Cleared]);
        assert!(told[1].epoch <= 8, "{}", told[1].epoch);
    }

    #[test]
    fn unscaled_inputs_and_targets_are_other_causes() {
        let mut context = starting_at(regression(), 40.0);
        context.project.set("data.standardize=off").unwrap();
        assert!(bad(&context, &healthy(1, 2)).is_empty(), "a target far from 0");
        let mut context = starting_at(binary(), 40.0);
        let scales = InputScales { widest_deviation: 1000.0, ..InputScales::default() };
        context.data = Some(DataFacts { scales: Some(scales), ..DataFacts::default() });
        assert!(bad(&context, &healthy(1, 2)).is_empty(), "wild inputs");
    }

    #[test]
    fn weights_too_small_to_begin_with_are_told_while_nothing_is_learned() {
        let mut context = starting_at(binary(), 0.693);
        context.project.set("model.hidden=[32,32]").unwrap();
        let small = |rows| changed(rows, |_, _, it| it.weight = 0.01);
        let told = bad(&context, &small(stuck(healthy(1, 2))));
        assert_eq!((told[0].severity, told[0].epoch), (Severity::Warning, 1));
        assert!(told[0].text.contains("0.098 times the usual"), "{}", told[0].text);
        context.project.set("model.init_gain=0.1").unwrap();
        assert_eq!(bad(&context, &stuck(healthy(1, 2)))[0].evidence["gain"].value, 0.1);
        context.project.set("model.init_gain=1").unwrap();
        assert!(bad(&context, &stuck(healthy(1, 2))).is_empty(), "of the usual size, and stuck for another reason");
    }

    #[test]
    fn zeros_are_critical_and_a_jump_from_layer_to_layer_is_seen() {
        let context = starting_at(binary(), 0.693);
        let zeros = changed(stuck(healthy(1, 2)), |_, _, it| (it.weight, it.update) = (0.0, 0.0));
        assert_eq!(bad(&context, &zeros)[0].severity, Severity::Critical);
        let uneven = |factor: f64| {
            changed(stuck(healthy(1, 3)), move |_, idx, it| {
                it.update = 1e-6;
                it.deviation = Some(factor.powi(idx as i32));
            })
        };
        assert!(bad(&context, &uneven(0.11)).is_empty());
        assert!(bad(&context, &uneven(0.09))[0].text.contains("0.09 times as wide"));
        let violent = changed(uneven(20.0), |_, _, it| it.update = 0.1);
        assert!(bad(&context, &violent).is_empty(), "large steps did it");
    }

    #[test]
    fn healthy_runs_and_runs_without_a_measured_start_are_silent() {
        for n_hidden in 1..8 {
            assert!(bad(&starting_at(regression(), 1.1), &healthy(1, n_hidden)).is_empty());
            assert!(bad(&starting_at(binary(), 0.75), &healthy(1, n_hidden)).is_empty());
        }
        assert!(bad(&regression(), &recorded::house_prices_stalled()).is_empty());
        let unknown = Context { knows_project: false, ..starting_at(regression(), 300.0) };
        assert!(bad(&unknown, &recorded::spam_emails()).is_empty());
    }
}
