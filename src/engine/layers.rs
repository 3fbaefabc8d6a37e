//! What single layers do: how large their weights, gradients and updates are, and what leaves their activations.

use burn::module::ParamId;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::error::TrainError;
use super::network::{Network, Plan};
use crate::run::LayerRow;
use crate::spec::{Activation, LayerSpec};

/// Share of an activation's range that counts as its end.
const END: f64 = 0.025;

/// One layer's weights in a line, and the parameter they belong to.
pub(super) struct FlatWeights {
    pub(super) id: ParamId,
    /// Dimensions of the parameter: 2 for a linear layer, 4 for a convolution.
    pub(super) n_dims: usize,
    pub(super) values: Tensor<1>,
}

/// Mean squares of every layer's weights, gradients and updates in one step, still on the device.
pub(super) struct StepMeasure {
    before: Vec<Tensor<1>>,
    /// `[layers]` each.
    weights: Tensor<1>,
    gradients: Tensor<1>,
}

impl StepMeasure {
    /// Looks before the update.
    pub(super) fn before(network: &Network, gradients: &GradientsParams) -> Self {
        let flat = network.flat_weights();
        let mean_square = |it: Tensor<1>| it.square().mean();
        let of_gradient = |it: &FlatWeights| {
            let gradient = match it.n_dims {
                2 => gradients.get::<2>(it.id).map(|it| it.flatten::<1>(0, 1)),
                _ => gradients.get::<4>(it.id).map(|it| it.flatten::<1>(0, 3)),
            };
            mean_square(gradient.unwrap_or_else(|| it.values.zeros_like()))
        };
        let gradients = Tensor::cat(flat.iter().map(of_gradient).collect(), 0);
        let weights = Tensor::cat(flat.iter().map(|it| mean_square(it.values.clone())).collect(), 0);
        Self { before: flat.into_iter().map(|it| it.values).collect(), weights, gradients }
    }

    /// Looks behind the update: `[3 * layers]`, mean squares of weights, gradients and updates.
    pub(super) fn after(self, network: &Network) -> Tensor<1> {
        let flat = network.flat_weights();
        let moved = flat.into_iter().zip(self.before).map(|(now, then)| (now.values - then).square().mean());
        Tensor::cat(vec![self.weights, self.gradients, Tensor::cat(moved.collect(), 0)], 0)
    }
}

/// What left one activation for some rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Behind {
    activation: Activation,
    /// Dead units for ReLU, values at the ends for tanh and sigmoid; of no meaning for others.
    share: f64,
    mean: f64,
    deviation: f64,
}

/// Listens to activations during a pass over rows.
#[derive(Default)]
pub(super) struct Taps {
    heard: Vec<(Activation, Tensor<1>)>,
}

impl Taps {
    /// Notes what leaves an activation, `[rows, units]` or `[rows, channels, height, width]`.
    pub(super) fn hear<const D: usize>(&mut self, activation: Activation, values: &Tensor<D>) {
        let share = match activation {
            // A unit is dead where not even its largest value over all rows and places is above 0.
            Activation::Relu => {
                let units = values.dims()[1];
                let largest = values.clone().swap_dims(0, 1).reshape([units as i32, -1]).max_dim(1);
                largest.lower_equal_scalar(0.0).float().mean()
            }
            Activation::Tanh => values.clone().abs().greater_scalar(1.0 - 2.0 * END).float().mean(),
            Activation::Sigmoid => (values.clone().sub_scalar(0.5).abs()).greater_scalar(0.5 - END).float().mean(),
            Activation::Gelu | Activation::Silu => values.clone().mean().zeros_like(),
        };
        let mean = values.clone().mean();
        let square = values.clone().square().mean();
        self.heard.push((activation, Tensor::cat(vec![share, mean, square], 0)));
    }

    /// Reads everything back in one go.
    pub(super) fn read(self) -> Result<Vec<Behind>, TrainError> {
        let (activations, tensors): (Vec<_>, Vec<_>) = self.heard.into_iter().unzip();
        if tensors.is_empty() {
            return Ok(Vec::new());
        }
        let numbers = Tensor::cat(tensors, 0).try_into_vec_as::<f32>()?;
        let behind = |(activation, it): (Activation, &[f32])| {
            let (share, mean, square) = (f64::from(it[0]), f64::from(it[1]), f64::from(it[2]));
            Behind { activation, share, mean, deviation: (square - mean * mean).max(0.0).sqrt() }
        };
        Ok(activations.into_iter().zip(numbers.chunks(3)).map(behind).collect())
    }
}

/// Every layer with weights, from what one step and one pass over rows have shown.
///
/// # Shapes
/// - step: `[3 * layers]` as [`StepMeasure::after`] gives it
/// - behind: one for each activation of the plan, in order
pub(super) fn layer_rows(plan: &Plan, step: &[f32], behind: &[Behind]) -> Vec<LayerRow> {
    let mut rows: Vec<LayerRow> = Vec::new();
    let (mut n_linear, mut n_convolutions) = (0, 0);
    let mut behind = behind.iter();
    for layer in &plan.layers {
        match layer {
            LayerSpec::Linear { .. } => {
                n_linear += 1;
                rows.push(LayerRow { name: format!("linear {n_linear}"), ..LayerRow::default() });
            }
            LayerSpec::Conv { .. } => {
                n_convolutions += 1;
                rows.push(LayerRow { name: format!("convolution {n_convolutions}"), ..LayerRow::default() });
            }
            LayerSpec::Activation(_) => {
                if let (Some(row), Some(it)) = (rows.last_mut(), behind.next()) {
                    <&'static str>::from(it.activation).clone_into(&mut row.activation);
                    row.dead = (it.activation == Activation::Relu).then_some(it.share);
                    row.saturated = matches!(it.activation, Activation::Tanh | Activation::Sigmoid).then_some(it.share);
                    row.mean = Some(it.mean);
                    row.deviation = Some(it.deviation);
                }
            }
            LayerSpec::BatchNorm { .. } | LayerSpec::MaxPool | LayerSpec::Dropout { .. } | LayerSpec::Flatten => {}
        }
    }
    if let Some(last) = rows.last_mut() {
        "output".clone_into(&mut last.name);
    }
    let n = rows.len();
    let root = |part: usize, idx: usize| step.get(part * n + idx).map_or(f64::NAN, |it| f64::from(*it).sqrt());
    for (idx, row) in rows.iter_mut().enumerate() {
        (row.weight, row.gradient, row.update) = (root(0, idx), root(1, idx), root(2, idx));
    }
    rows
}
