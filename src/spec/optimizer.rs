//! Which optimizer: how a gradient becomes a step. Formulas and defaults are PyTorch's; Lion's are its paper's.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};

use super::knob::{Knob, Range};

/// The optimizers one can choose. The learning rate stands beside them, since a schedule moves it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OptimizerSpec {
    /// Steps straight downhill; momentum lets it roll on through small bumps. With batch size all it is gradient descent.
    #[strum(message = "SGD")]
    Sgd(Sgd),
    /// Gives each weight its own step, smaller the more it has moved. Its steps only ever shrink.
    #[strum(message = "AdaGrad")]
    Adagrad(Adagrad),
    /// Like AdaGrad, but old gradients fade, so that its steps stay alive.
    #[strum(message = "RMSProp")]
    Rmsprop(Rmsprop),
    /// Momentum together with a step of its own for each weight. The usual first choice.
    #[strum(message = "Adam")]
    Adam(Adam),
    /// Adam with weight decay kept apart from the gradient.
    #[strum(message = "AdamW")]
    Adamw(Adamw),
    /// Moves every weight by the same amount, in the direction its recent gradients agree on. Wants a learning rate 3 to 10 times smaller than Adam's.
    #[strum(message = "Lion")]
    Lion(Lion),
}

/// `torch.optim.SGD`, dampening 0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sgd {
    pub momentum: f64,
    pub nesterov: bool,
    pub weight_decay: f64,
}

/// `torch.optim.Adagrad`, learning-rate decay 0. Duchi, Hazan, Singer 2011.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adagrad {
    pub epsilon: f64,
    pub weight_decay: f64,
}

/// `torch.optim.RMSprop`, not centered. Tieleman, Hinton 2012.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rmsprop {
    pub alpha: f64,
    pub momentum: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
}

/// `torch.optim.Adam`: weight decay is added to the gradient. Kingma, Ba 2015.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adam {
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
}

/// `torch.optim.AdamW`: weights shrink apart from the gradient. Loshchilov, Hutter 2019.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adamw {
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
    pub weight_decay: f64,
}

/// Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lion {
    pub beta_1: f64,
    pub beta_2: f64,
    pub weight_decay: f64,
}

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam(Adam::default())
    }
}

impl Default for Adagrad {
    fn default() -> Self {
        Self { epsilon: 1e-10, weight_decay: 0.0 }
    }
}

impl Default for Rmsprop {
    fn default() -> Self {
        Self { alpha: 0.99, momentum: 0.0, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Default for Adam {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.0 }
    }
}

impl Default for Adamw {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8, weight_decay: 0.01 }
    }
}

impl Default for Lion {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.99, weight_decay: 0.0 }
    }
}

impl OptimizerSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        match self {
            Self::Sgd(it) => vec![
                momentum(&mut it.momentum),
                Knob::flag(
                    "optimizer.nesterov",
                    "Nesterov",
                    &mut it.nesterov,
                    "Look ahead along the momentum before measuring the slope. Needs momentum above 0.",
                ),
                decay(&mut it.weight_decay),
            ],
            Self::Adagrad(it) => vec![epsilon(&mut it.epsilon), decay(&mut it.weight_decay)],
            Self::Rmsprop(it) => vec![
                Knob::real(
                    "optimizer.alpha",
                    "Alpha",
                    &mut it.alpha,
                    Range::new(0.0, 0.9999),
                    "How slowly the memory of past gradient sizes fades.",
                ),
                momentum(&mut it.momentum),
                epsilon(&mut it.epsilon),
                decay(&mut it.weight_decay),
            ],
            Self::Adam(Adam { beta_1, beta_2, epsilon: eps, weight_decay })
            | Self::Adamw(Adamw { beta_1, beta_2, epsilon: eps, weight_decay }) => {
                let [first, second] = betas(beta_1, beta_2);
                vec![first, second, epsilon(eps), decay(weight_decay)]
            }
            Self::Lion(it) => {
                let [first, second] = betas(&mut it.beta_1, &mut it.beta_2);
                vec![first, second, decay(&mut it.weight_decay)]
            }
        }
    }

    /// PyTorch's default learning rate; for SGD, which has none we would teach, a common first choice; for Lion the paper's.
    pub fn usual_learning_rate(&self) -> f64 {
        match self {
            Self::Sgd(_) | Self::Rmsprop(_) | Self::Adagrad(_) => 0.01,
            Self::Adam(_) | Self::Adamw(_) => 0.001,
            Self::Lion(_) => 0.0001,
        }
    }
}

fn momentum(at: &mut f64) -> Knob<'_> {
    Knob::real(
        "optimizer.momentum",
        "Momentum",
        at,
        Range::new(0.0, 0.999),
        "How much of the last step is carried into this one.",
    )
}

fn epsilon(at: &mut f64) -> Knob<'_> {
    Knob::log(
        "optimizer.epsilon",
        "Epsilon",
        at,
        Range::above(0.0, 1.0),
        "Keeps the division by a gradient's size from blowing up when gradients are tiny.",
    )
}

fn decay(at: &mut f64) -> Knob<'_> {
    Knob::log(
        "optimizer.weight_decay",
        "Weight decay",
        at,
        Range::new(0.0, 10.0),
        "How hard weights are pulled towards zero. Keeps them small and fights overfitting.",
    )
}

fn betas<'a>(beta_1: &'a mut f64, beta_2: &'a mut f64) -> [Knob<'a>; 2] {
    [
        Knob::real(
            "optimizer.beta_1",
            "Beta 1",
            beta_1,
            Range::new(0.0, 0.9999),
            "How much of the past steers the direction of this step.",
        ),
        Knob::real(
            "optimizer.beta_2",
            "Beta 2",
            beta_2,
            Range::new(0.0, 0.99999),
            "How slowly the memory of past gradient sizes fades.",
        ),
    ]
}
