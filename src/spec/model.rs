//! Which network: presets that unfold into a list of layers with inferred shapes.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoStaticStr};
use thiserror::Error;

use super::knob::{Knob, Range, Value};

/// The networks one can choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ModelSpec {
    /// One weight for each input and nothing hidden: linear regression, or logistic regression for classes.
    #[strum(message = "Linear")]
    Linear,
    /// Layers of units, each connected to all of the layer before: the multilayer perceptron.
    #[strum(message = "Multilayer perceptron")]
    Mlp(Mlp),
    /// Small filters slide over the image, then a perceptron reads what they found: the convolutional network.
    #[strum(message = "Convolutional network")]
    Cnn(Cnn),
}

/// A multilayer perceptron.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mlp {
    /// Units of each hidden layer, first to last.
    pub hidden: Vec<u64>,
    pub activation: Activation,
    /// Probability that a hidden unit is silenced in a training step.
    pub dropout: f64,
    /// Whether hidden units are normalized over the batch before their activation.
    pub batch_norm: bool,
    /// Factor on the first weights, which are drawn as PyTorch draws them; 1 leaves them so.
    pub init_gain: f64,
    /// First layers with weights that do not learn, counted from the input.
    pub frozen: u64,
}

/// A convolutional network: 3x3 filters, halving after each block, then hidden layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cnn {
    /// Filters of each convolution block, first to last.
    pub channels: Vec<u64>,
    /// Units of each hidden layer behind the blocks.
    pub hidden: Vec<u64>,
    pub activation: Activation,
    /// Probability that a hidden unit is silenced in a training step.
    pub dropout: f64,
    /// Whether filters and hidden units are normalized over the batch before their activation.
    pub batch_norm: bool,
    /// Factor on the first weights, which are drawn as PyTorch draws them; 1 leaves them so.
    pub init_gain: f64,
    /// First layers with weights that do not learn, counted from the input.
    pub frozen: u64,
}

/// What bends the straight line between layers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Activation {
    /// Lets positive values through and cuts negative ones to zero. Fast; units can die.
    #[default]
    #[strum(message = "ReLU")]
    Relu,
    /// Squeezes values smoothly between -1 and 1. Saturates when they are large.
    #[strum(message = "Tanh")]
    Tanh,
    /// Squeezes values smoothly between 0 and 1. Its gradients are small.
    #[strum(message = "Sigmoid")]
    Sigmoid,
    /// A smooth ReLU, weighted by how likely a normal value is smaller.
    #[strum(message = "GELU")]
    Gelu,
    /// A smooth ReLU, weighted by the value's own sigmoid. Also called swish.
    #[strum(message = "SiLU")]
    Silu,
}

/// Shape of one row as the network sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputShape {
    /// `[features]`
    Flat { features: usize },
    /// `[channels, height, width]`
    Image { channels: usize, height: usize, width: usize },
}

/// One layer with its inferred shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LayerSpec {
    /// `[batch, inputs] -> [batch, outputs]`
    Linear {
        inputs: usize,
        outputs: usize,
    },
    /// 3x3, padding 1: `[batch, inputs, height, width] -> [batch, outputs, height, width]`
    Conv {
        inputs: usize,
        outputs: usize,
    },
    /// Over the batch, for `[batch, features]` or, behind a convolution, `[batch, features, height, width]`.
    BatchNorm {
        features: usize,
        image: bool,
    },
    Activation(Activation),
    /// 2x2, halving height and width, rounded down.
    MaxPool,
    Dropout {
        probability: f64,
    },
    /// `[batch, channels, height, width] -> [batch, channels * height * width]`
    Flatten,
}

/// Why a network cannot be built on this data.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShapeError {
    #[error("a convolutional network needs images, and this data set has rows of {features} numbers; choose model=mlp")]
    NeedsImages { features: usize },
    #[error(
        "the image is too small for {blocks} blocks: {height} x {width} pixels can be halved {at_most} times; shorten model.channels"
    )]
    TooManyBlocks { blocks: usize, height: usize, width: usize, at_most: usize },
    #[error("a convolutional network needs at least one block; set model.channels=[16]")]
    NoBlocks,
    #[error("the network would have {parameters} parameters, more than the {limit} that fit; make its layers smaller")]
    TooLarge { parameters: usize, limit: usize },
}

/// Above this a single weight matrix would not fit the memory of an ordinary machine together with
/// its gradient and Adam's two moments.
const MOST_PARAMETERS: usize = 200_000_000;

impl Default for Mlp {
    fn default() -> Self {
        Self {
            hidden: vec![64, 64],
            activation: Activation::Relu,
            dropout: 0.0,
            batch_norm: false,
            init_gain: 1.0,
            frozen: 0,
        }
    }
}

impl Default for Cnn {
    fn default() -> Self {
        Self {
            channels: vec![16, 32],
            hidden: vec![64],
            activation: Activation::Relu,
            dropout: 0.0,
            batch_norm: false,
            init_gain: 1.0,
            frozen: 0,
        }
    }
}

impl InputShape {
    /// Numbers in one row.
    pub fn n_values(self) -> usize {
        match self {
            Self::Flat { features } => features,
            Self::Image { channels, height, width } => channels * height * width,
        }
    }
}

impl ModelSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        match self {
            Self::Linear => Vec::new(),
            Self::Mlp(Mlp { hidden, activation, dropout, batch_norm, init_gain, frozen }) => {
                let mut knobs = vec![hidden_knob(hidden)];
                knobs.extend(common_knobs(activation, dropout, batch_norm));
                knobs.extend(start_knobs(init_gain, frozen));
                knobs
            }
            Self::Cnn(Cnn { channels, hidden, activation, dropout, batch_norm, init_gain, frozen }) => {
                let mut knobs = vec![
                    Knob {
                        key: "model.channels",
                        label: "Filters",
                        help: "3x3 filters of each block, first to last. Each block halves the image.",
                        value: Value::Counts { at: channels, range: Range::new(1.0, 512.0), longest: 6 },
                        live: false,
                    },
                    hidden_knob(hidden),
                ];
                knobs.extend(common_knobs(activation, dropout, batch_norm));
                knobs.extend(start_knobs(init_gain, frozen));
                knobs
            }
        }
    }

    /// Factor on the first weights.
    pub fn init_gain(&self) -> f64 {
        match self {
            Self::Linear => 1.0,
            Self::Mlp(it) => it.init_gain,
            Self::Cnn(it) => it.init_gain,
        }
    }

    /// First layers with weights that do not learn.
    pub fn n_frozen(&self) -> usize {
        match self {
            Self::Linear => 0,
            Self::Mlp(it) => it.frozen as usize,
            Self::Cnn(it) => it.frozen as usize,
        }
    }

    /// Every layer from input to output, with shapes inferred.
    ///
    /// # Errors
    /// When the data's shape does not suit the network, or it would be too large to hold.
    pub fn layers(&self, input: InputShape, n_outputs: usize) -> Result<Vec<LayerSpec>, ShapeError> {
        let mut layers = Vec::new();
        let mut width = input.n_values();
        if matches!(input, InputShape::Image { .. }) && !matches!(self, Self::Cnn(_)) {
            layers.push(LayerSpec::Flatten);
        }
        match self {
            Self::Linear => {}
            Self::Mlp(it) => {
                width = hidden_layers(&mut layers, width, &it.hidden, it.activation, it.dropout, it.batch_norm);
            }
            Self::Cnn(it) => {
                width = blocks(&mut layers, input, it)?;
                width = hidden_layers(&mut layers, width, &it.hidden, it.activation, it.dropout, it.batch_norm);
            }
        }
        layers.push(LayerSpec::Linear { inputs: width, outputs: n_outputs });
        let parameters = n_parameters(&layers);
        if parameters > MOST_PARAMETERS {
            return Err(ShapeError::TooLarge { parameters, limit: MOST_PARAMETERS });
        }
        Ok(layers)
    }

    /// The widths in one line, such as `45 → 64 → 1`.
    pub fn summary(&self, input: InputShape, n_outputs: usize) -> String {
        let mut widths = match input {
            InputShape::Flat { features } => vec![features.to_string()],
            InputShape::Image { channels: 1, height, width } => vec![format!("{height}×{width}")],
            InputShape::Image { channels, height, width } => vec![format!("{height}×{width}×{channels}")],
        };
        match self {
            Self::Linear => {}
            Self::Mlp(it) => widths.extend(it.hidden.iter().map(u64::to_string)),
            Self::Cnn(it) => {
                widths.extend(it.channels.iter().map(|n| format!("{n}c")));
                widths.extend(it.hidden.iter().map(u64::to_string));
            }
        }
        widths.push(n_outputs.to_string());
        widths.join(" → ")
    }
}

impl LayerSpec {
    /// Numbers that training finds in this layer.
    pub fn n_parameters(&self) -> usize {
        match *self {
            Self::Linear { inputs, outputs } => inputs.saturating_mul(outputs).saturating_add(outputs),
            Self::Conv { inputs, outputs } => inputs * outputs * 9 + outputs,
            Self::BatchNorm { features, .. } => 2 * features,
            Self::Activation(_) | Self::MaxPool | Self::Dropout { .. } | Self::Flatten => 0,
        }
    }
}

/// Numbers that training finds in all layers.
pub fn n_parameters(layers: &[LayerSpec]) -> usize {
    layers.iter().map(LayerSpec::n_parameters).fold(0, usize::saturating_add)
}

fn hidden_knob(hidden: &mut Vec<u64>) -> Knob<'_> {
    Knob {
        key: "model.hidden",
        label: "Hidden units",
        help: "Units of each hidden layer, first to last. More units can bend further, and can learn the rows by heart.",
        value: Value::Counts { at: hidden, range: Range::new(1.0, 8192.0), longest: 12 },
        live: false,
    }
}

fn common_knobs<'a>(activation: &'a mut Activation, dropout: &'a mut f64, batch_norm: &'a mut bool) -> Vec<Knob<'a>> {
    vec![
        Knob::choice("model.activation", "Activation", activation, "What bends the straight line between layers."),
        Knob::real(
            "model.dropout",
            "Dropout",
            dropout,
            Range::new(0.0, 0.95),
            "Share of hidden units silenced by chance in each training step, so that no unit can rely on another. Fights overfitting.",
        ),
        Knob::flag(
            "model.batch_norm",
            "Batch norm",
            batch_norm,
            "Keep each unit's values at mean 0 and spread 1 over the batch. Lets deep networks train faster.",
        ),
    ]
}

fn start_knobs<'a>(init_gain: &'a mut f64, frozen: &'a mut u64) -> [Knob<'a>; 2] {
    [
        Knob::real(
            "model.init_gain",
            "Start gain",
            init_gain,
            Range::new(0.0, 100.0),
            "Factor on the first weights. Far above 1 units saturate before they learn; far below 1 nothing gets through.",
        ),
        Knob::count(
            "model.frozen",
            "Frozen layers",
            frozen,
            Range::new(0.0, 20.0),
            "First layers that keep the weights they start with, counted from the input, as when a trained network is tuned to new data.",
        ),
    ]
}

fn hidden_layers(
    layers: &mut Vec<LayerSpec>,
    mut width: usize,
    hidden: &[u64],
    activation: Activation,
    dropout: f64,
    batch_norm: bool,
) -> usize {
    for &units in hidden {
        let outputs = units as usize;
        layers.push(LayerSpec::Linear { inputs: width, outputs });
        if batch_norm {
            layers.push(LayerSpec::BatchNorm { features: outputs, image: false });
        }
        layers.push(LayerSpec::Activation(activation));
        if dropout > 0.0 {
            layers.push(LayerSpec::Dropout { probability: dropout });
        }
        width = outputs;
    }
    width
}

/// Returns the width behind the blocks, flattened.
fn blocks(layers: &mut Vec<LayerSpec>, input: InputShape, cnn: &Cnn) -> Result<usize, ShapeError> {
    let InputShape::Image { mut channels, mut height, mut width } = input else {
        return Err(ShapeError::NeedsImages { features: input.n_values() });
    };
    if cnn.channels.is_empty() {
        return Err(ShapeError::NoBlocks);
    }
    let at_most = height.min(width).max(1).ilog2() as usize;
    if cnn.channels.len() > at_most {
        return Err(ShapeError::TooManyBlocks { blocks: cnn.channels.len(), height, width, at_most });
    }
    for &filters in &cnn.channels {
        let outputs = filters as usize;
        layers.push(LayerSpec::Conv { inputs: channels, outputs });
        if cnn.batch_norm {
            layers.push(LayerSpec::BatchNorm { features: outputs, image: true });
        }
        layers.push(LayerSpec::Activation(cnn.activation));
        layers.push(LayerSpec::MaxPool);
        (channels, height, width) = (outputs, height / 2, width / 2);
    }
    layers.push(LayerSpec::Flatten);
    Ok(channels * height * width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_counted_as_pytorch_counts_them() {
        let mlp = ModelSpec::Mlp(Mlp { hidden: vec![256, 256], ..Mlp::default() });
        let layers = mlp.layers(InputShape::Flat { features: 45 }, 1).unwrap();
        assert_eq!(n_parameters(&layers), 45 * 256 + 256 + 256 * 256 + 256 + 256 + 1);
        let cnn = ModelSpec::Cnn(Cnn { channels: vec![32, 64], hidden: vec![128], batch_norm: true, ..Cnn::default() });
        let layers = cnn.layers(InputShape::Image { channels: 1, height: 28, width: 28 }, 10).unwrap();
        let convolutions = 9 * 32 + 32 + 32 * 9 * 64 + 64;
        let dense = 64 * 49 * 128 + 128 + 128 * 10 + 10;
        assert_eq!(n_parameters(&layers), convolutions + dense + 2 * (32 + 64 + 128));
    }

    #[test]
    fn what_cannot_be_built_is_refused_with_a_way_out() {
        let cnn = ModelSpec::Cnn(Cnn { channels: vec![8; 4], ..Cnn::default() });
        let refused = cnn.layers(InputShape::Image { channels: 1, height: 12, width: 12 }, 2).unwrap_err().to_string();
        assert!(refused.contains("halved 3 times"), "{refused}");
        let refused = cnn.layers(InputShape::Flat { features: 4 }, 2).unwrap_err().to_string();
        assert!(refused.contains("model=mlp"), "{refused}");
        let wide = ModelSpec::Mlp(Mlp { hidden: vec![8192; 12], ..Mlp::default() });
        assert!(matches!(wide.layers(InputShape::Flat { features: 8192 }, 1), Err(ShapeError::TooLarge { .. })));
    }

    #[test]
    fn the_summary_reads_from_input_to_output() {
        let mlp = ModelSpec::Mlp(Mlp { hidden: vec![64], ..Mlp::default() });
        assert_eq!(mlp.summary(InputShape::Flat { features: 45 }, 1), "45 → 64 → 1");
    }
}
