//! From a list of layers to tensors: the network itself.

use burn::module::{Module, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::activation::{gelu, relu, sigmoid, silu, tanh};
use burn::tensor::module::{batch_norm, batch_norm_train, conv2d, linear, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor, TensorData};

use super::layers::{FlatWeights, Taps};
use super::random::{Purpose, dropout_mask, stream, uniform};
use super::weights::Weights;
use crate::spec::{Activation, InputShape, LayerSpec};

/// PyTorch's defaults for batch norm.
const NORM_EPSILON: f64 = 1e-5;
const NORM_MOMENTUM: f64 = 0.1;

/// A network: its layers in order, and the parameters of those that have any.
#[derive(Module, Debug)]
pub(super) struct Network {
    layers: Vec<Layer>,
    #[module(skip)]
    plan: Plan,
}

/// What is known of a network without its parameters.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) input: InputShape,
    pub(super) layers: Vec<LayerSpec>,
    /// Factor on the first weights.
    pub(super) init_gain: f64,
}

/// A layer that has parameters.
#[derive(Module, Debug)]
enum Layer {
    Linear(Dense),
    Conv(Conv),
    BatchNorm(Norm),
}

/// `weight` is `[inputs, outputs]`, Burn's layout; files hold PyTorch's `[outputs, inputs]`.
#[derive(Module, Debug)]
struct Dense {
    weight: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

/// `weight` is `[outputs, inputs, 3, 3]`.
#[derive(Module, Debug)]
struct Conv {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

/// Batch norm with running statistics of its own: Burn's layer shares them between clones and
/// keeps the biased variance, PyTorch the unbiased one.
#[derive(Module, Debug)]
struct Norm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    running_mean: Vec<f32>,
    #[module(skip)]
    running_var: Vec<f32>,
}

/// A tensor that training moves, as an optimizer keeps account of it.
pub(super) struct Parameter {
    /// Such as `layer.0.weight`.
    pub(super) name: String,
    pub(super) id: ParamId,
    pub(super) n_dims: usize,
}

/// Values between layers: a batch of rows or of images.
enum Batch {
    Rows(Tensor<2>),
    Images(Tensor<4>),
}

/// How a forward pass is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum Pass {
    /// With dropout drawn for this step, and batch statistics.
    Train { seed: u64, step: u64 },
    /// As the finished network would.
    Evaluate,
}

impl Network {
    /// First weights as PyTorch draws them: evenly within `1 / sqrt(inputs)`, keyed by seed and layer.
    pub(super) fn new(plan: Plan, seed: u64, device: &Device) -> Self {
        let with_parameters = plan.layers.iter().filter(|it| it.n_parameters() > 0);
        let layer = |(idx, spec)| Layer::new(spec, plan.init_gain as f32, seed, idx, device);
        let layers = with_parameters.enumerate().map(layer).collect();
        Self { layers, plan }
    }

    /// The network's output for a batch.
    ///
    /// # Shapes
    /// - inputs: `[batch, values]`, images as channels, rows, columns in one line
    /// - returns: `[batch, outputs]`, raw scores for classes
    pub(super) fn forward(&mut self, inputs: Tensor<2>, pass: Pass) -> Tensor<2> {
        self.forward_heard(inputs, pass, None)
    }

    /// As [`Network::forward`], with somebody who listens behind the activations.
    pub(super) fn forward_heard(&mut self, inputs: Tensor<2>, pass: Pass, mut taps: Option<&mut Taps>) -> Tensor<2> {
        let n_rows = inputs.dims()[0];
        let mut batch = match self.plan.input {
            InputShape::Flat { .. } => Batch::Rows(inputs),
            InputShape::Image { channels, height, width } => {
                Batch::Images(inputs.reshape([n_rows, channels, height, width]))
            }
        };
        let mut next = 0;
        for (position, spec) in self.plan.layers.iter().enumerate() {
            batch = if spec.n_parameters() > 0 {
                next += 1;
                self.layers[next - 1].forward(batch, pass)
            } else {
                plain_layer(spec, batch, position, pass)
            };
            if let (Some(taps), LayerSpec::Activation(activation)) = (taps.as_deref_mut(), spec) {
                match &batch {
                    Batch::Rows(rows) => taps.hear(*activation, rows),
                    Batch::Images(images) => taps.hear(*activation, images),
                }
            }
        }
        batch.into_rows()
    }

    /// The weights of every linear and convolution layer, from the input on, biases left out.
    pub(super) fn flat_weights(&self) -> Vec<FlatWeights> {
        let flat = |layer: &Layer| match layer {
            Layer::Linear(it) => {
                Some(FlatWeights { id: it.weight.id, n_dims: 2, values: it.weight.val().inner().flatten::<1>(0, 1) })
            }
            Layer::Conv(it) => {
                Some(FlatWeights { id: it.weight.id, n_dims: 4, values: it.weight.val().inner().flatten::<1>(0, 3) })
            }
            Layer::BatchNorm(_) => None,
        };
        self.layers.iter().filter_map(flat).collect()
    }

    /// Every tensor that training moves, from the input on.
    pub(super) fn parameters(&self) -> Vec<Parameter> {
        let of_layer = |(idx, layer): (usize, &Layer)| {
            let (weight, n_dims, bias) = match layer {
                Layer::Linear(it) => (it.weight.id, 2, it.bias.id),
                Layer::Conv(it) => (it.weight.id, 4, it.bias.id),
                Layer::BatchNorm(it) => (it.weight.id, 1, it.bias.id),
            };
            let parameter = |part: &str, id, n_dims| Parameter { name: format!("layer.{idx}.{part}"), id, n_dims };
            [parameter("weight", weight, n_dims), parameter("bias", bias, 1)]
        };
        self.layers.iter().enumerate().flat_map(of_layer).collect()
    }

    /// Takes the gradients of the first layers with weights away, batch norms behind them included, so that an
    /// optimizer leaves them as they are.
    pub(super) fn freeze(&self, n_layers: usize, gradients: &mut GradientsParams) {
        let mut n_weighted = 0;
        for layer in &self.layers {
            n_weighted += usize::from(!matches!(layer, Layer::BatchNorm(_)));
            if n_weighted > n_layers {
                return;
            }
            match layer {
                Layer::Linear(it) => {
                    gradients.remove::<2>(it.weight.id);
                    gradients.remove::<1>(it.bias.id);
                }
                Layer::Conv(it) => {
                    gradients.remove::<4>(it.weight.id);
                    gradients.remove::<1>(it.bias.id);
                }
                Layer::BatchNorm(it) => {
                    gradients.remove::<1>(it.weight.id);
                    gradients.remove::<1>(it.bias.id);
                }
            }
        }
    }

    /// Every number training has found, on the host, in PyTorch's names and layouts.
    pub(super) fn weights(&self) -> Result<Weights, burn::tensor::TensorReadError> {
        let mut weights = Weights::default();
        for (idx, layer) in self.layers.iter().enumerate() {
            layer.write(idx, &mut weights)?;
        }
        Ok(weights)
    }

    /// Takes parameters from the host. Names and shapes must have been checked by [`Network::mismatch`].
    pub(super) fn load(&mut self, weights: &Weights, device: &Device) {
        for (idx, layer) in self.layers.iter_mut().enumerate() {
            layer.read(idx, weights, device);
        }
    }

    /// Every parameter's name and shape, in PyTorch's layouts.
    pub(super) fn shapes(&self) -> impl Iterator<Item = (String, Vec<usize>)> {
        self.layers.iter().enumerate().flat_map(|(idx, layer)| layer.shapes(idx))
    }

    /// The first parameter the weights lack or hold in another shape; none where all fit.
    pub(super) fn mismatch(&self, weights: &Weights) -> Option<String> {
        for (name, shape) in self.shapes() {
            match weights.get(&name) {
                None => return Some(format!("{name} is missing; the network needs it as {shape:?}")),
                Some(found) if found.shape != shape => {
                    return Some(format!("{name} is {:?} and the network needs {shape:?}", found.shape));
                }
                Some(_) => {}
            }
        }
        None
    }
}

impl Plan {
    /// Values of one row between layers, at the widest place.
    pub(super) fn widest(&self) -> usize {
        let mut area = match self.input {
            InputShape::Flat { .. } => 1,
            InputShape::Image { height, width, .. } => height * width,
        };
        let mut widest = self.input.n_values();
        for layer in &self.layers {
            match *layer {
                // A convolution is unfolded into nine copies of its input.
                LayerSpec::Conv { inputs, outputs } => widest = widest.max(area * outputs.max(9 * inputs)),
                LayerSpec::Linear { outputs, .. } => widest = widest.max(outputs),
                LayerSpec::MaxPool => area /= 4,
                LayerSpec::BatchNorm { .. }
                | LayerSpec::Activation(_)
                | LayerSpec::Dropout { .. }
                | LayerSpec::Flatten => {}
            }
        }
        widest
    }
}

impl Batch {
    fn into_rows(self) -> Tensor<2> {
        match self {
            Self::Rows(rows) => rows,
            Self::Images(images) => images.flatten(1, 3),
        }
    }

    fn into_images(self) -> Tensor<4> {
        match self {
            Self::Images(images) => images,
            Self::Rows(_) => unreachable!("ModelSpec::layers puts image layers before the first flatten"),
        }
    }
}

impl Layer {
    fn new(spec: &LayerSpec, gain: f32, seed: u64, idx: usize, device: &Device) -> Self {
        let scaled = |mut values: Vec<f32>| {
            for it in &mut values {
                *it *= gain;
            }
            values
        };
        let mut rng = stream(seed, Purpose::Weights { layer: idx });
        match *spec {
            LayerSpec::Linear { inputs, outputs } => {
                let bound = 1.0 / (inputs.max(1) as f32).sqrt();
                let weight = uniform(&mut rng, bound, inputs * outputs);
                let bias = uniform(&mut rng, bound, outputs);
                Self::Linear(Dense {
                    weight: parameter(scaled(weight), [inputs, outputs], device),
                    bias: parameter(bias, [outputs], device),
                })
            }
            LayerSpec::Conv { inputs, outputs } => {
                let bound = 1.0 / ((inputs * 9) as f32).sqrt();
                let weight = uniform(&mut rng, bound, inputs * outputs * 9);
                let bias = uniform(&mut rng, bound, outputs);
                Self::Conv(Conv {
                    weight: parameter(scaled(weight), [outputs, inputs, 3, 3], device),
                    bias: parameter(bias, [outputs], device),
                })
            }
            LayerSpec::BatchNorm { features, .. } => Self::BatchNorm(Norm {
                weight: parameter(vec![1.0; features], [features], device),
                bias: parameter(vec![0.0; features], [features], device),
                running_mean: vec![0.0; features],
                running_var: vec![1.0; features],
            }),
            LayerSpec::Activation(_) | LayerSpec::MaxPool | LayerSpec::Dropout { .. } | LayerSpec::Flatten => {
                unreachable!("only layers with parameters are built")
            }
        }
    }

    fn forward(&mut self, batch: Batch, pass: Pass) -> Batch {
        match self {
            Self::Linear(it) => Batch::Rows(linear(batch.into_rows(), it.weight.val(), Some(it.bias.val()))),
            Self::Conv(it) => {
                let options = ConvOptions::new([1, 1], [1, 1], [1, 1], 1);
                Batch::Images(conv2d(batch.into_images(), it.weight.val(), Some(it.bias.val()), options))
            }
            Self::BatchNorm(it) => match batch {
                Batch::Rows(rows) => Batch::Rows(it.forward(rows, pass)),
                Batch::Images(images) => Batch::Images(it.forward(images, pass)),
            },
        }
    }

    fn shapes(&self, idx: usize) -> Vec<(String, Vec<usize>)> {
        let name = |part: &str| format!("layer.{idx}.{part}");
        match self {
            Self::Linear(it) => {
                let [inputs, outputs] = it.weight.dims();
                vec![(name("weight"), vec![outputs, inputs]), (name("bias"), vec![outputs])]
            }
            Self::Conv(it) => {
                vec![(name("weight"), it.weight.dims().to_vec()), (name("bias"), it.bias.dims().to_vec())]
            }
            Self::BatchNorm(it) => {
                vec![(name("weight"), it.weight.dims().to_vec()), (name("bias"), it.bias.dims().to_vec())]
            }
        }
    }

    fn write(&self, idx: usize, to: &mut Weights) -> Result<(), burn::tensor::TensorReadError> {
        let name = |part: &str| format!("layer.{idx}.{part}");
        match self {
            Self::Linear(it) => {
                to.push(name("weight"), host(it.weight.val().transpose())?);
                to.push(name("bias"), host(it.bias.val())?);
            }
            Self::Conv(it) => {
                to.push(name("weight"), host(it.weight.val())?);
                to.push(name("bias"), host(it.bias.val())?);
            }
            Self::BatchNorm(it) => {
                to.push(name("weight"), host(it.weight.val())?);
                to.push(name("bias"), host(it.bias.val())?);
                to.push(name("running_mean"), (vec![it.running_mean.len()], it.running_mean.clone()));
                to.push(name("running_var"), (vec![it.running_var.len()], it.running_var.clone()));
            }
        }
        Ok(())
    }

    fn read(&mut self, idx: usize, from: &Weights, device: &Device) {
        let values =
            |part: &str| from.get(&format!("layer.{idx}.{part}")).map(|it| (it.values.clone(), it.shape.clone()));
        match self {
            Self::Linear(it) => {
                if let Some((weight, shape)) = values("weight") {
                    let tensor =
                        Tensor::<2>::from_data(TensorData::new(weight, shape), &device.clone().inner()).transpose();
                    it.weight = replaced(&it.weight, tensor, device);
                }
                set(&mut it.bias, values("bias"), device);
            }
            Self::Conv(it) => {
                set(&mut it.weight, values("weight"), device);
                set(&mut it.bias, values("bias"), device);
            }
            Self::BatchNorm(it) => {
                set(&mut it.weight, values("weight"), device);
                set(&mut it.bias, values("bias"), device);
                if let (Some((mean, _)), Some((var, _))) = (values("running_mean"), values("running_var")) {
                    (it.running_mean, it.running_var) = (mean, var);
                }
            }
        }
    }
}

impl Norm {
    fn forward<const D: usize>(&mut self, input: Tensor<D>, pass: Pass) -> Tensor<D> {
        match pass {
            Pass::Train { .. } => {
                let dims = input.dims();
                let n_values = dims.iter().product::<usize>() / dims[1];
                let out = batch_norm_train(input, self.weight.val(), self.bias.val(), NORM_EPSILON);
                let unbiased = n_values as f64 / (n_values as f64 - 1.0).max(1.0);
                blend(&mut self.running_mean, out.mean.detach(), 1.0);
                blend(&mut self.running_var, out.variance.detach(), unbiased);
                out.output
            }
            Pass::Evaluate => {
                let device = input.device();
                let stats =
                    |values: &[f32]| Tensor::<1>::from_data(TensorData::new(values.to_vec(), [values.len()]), &device);
                let (mean, var) = (stats(&self.running_mean), stats(&self.running_var));
                batch_norm(input, self.weight.val(), self.bias.val(), mean, var, NORM_EPSILON)
            }
        }
    }
}

/// Moves running statistics a tenth of the way to the batch's. A failed read leaves them: the loss of
/// the same step will fail to be read too, and says so.
fn blend(running: &mut [f32], batch: Tensor<1>, factor: f64) {
    if let Ok(batch) = batch.try_into_vec_as::<f32>() {
        for (old, new) in running.iter_mut().zip(batch) {
            *old = ((1.0 - NORM_MOMENTUM) * f64::from(*old) + NORM_MOMENTUM * f64::from(new) * factor) as f32;
        }
    }
}

fn plain_layer(spec: &LayerSpec, batch: Batch, position: usize, pass: Pass) -> Batch {
    match *spec {
        LayerSpec::Activation(activation) => match batch {
            Batch::Rows(rows) => Batch::Rows(activate(activation, rows)),
            Batch::Images(images) => Batch::Images(activate(activation, images)),
        },
        LayerSpec::MaxPool => {
            let options = MaxPoolOptions::new([2, 2]).with_stride([2, 2]);
            Batch::Images(max_pool2d(batch.into_images(), options))
        }
        LayerSpec::Flatten => Batch::Rows(batch.into_rows()),
        LayerSpec::Dropout { probability } => match pass {
            Pass::Train { seed, step } => {
                let rows = batch.into_rows();
                let [n_rows, width] = rows.dims();
                let mut rng = stream(seed, Purpose::Dropout { step, layer: position });
                let mask = TensorData::new(dropout_mask(&mut rng, probability, n_rows * width), [n_rows, width]);
                let mask = Tensor::<2>::from_data(mask, &rows.device());
                Batch::Rows(rows * mask)
            }
            Pass::Evaluate => batch,
        },
        LayerSpec::Linear { .. } | LayerSpec::Conv { .. } | LayerSpec::BatchNorm { .. } => {
            unreachable!("layers with parameters are forwarded by themselves")
        }
    }
}

fn activate<const D: usize>(activation: Activation, values: Tensor<D>) -> Tensor<D> {
    match activation {
        Activation::Relu => relu(values),
        Activation::Tanh => tanh(values),
        Activation::Sigmoid => sigmoid(values),
        Activation::Gelu => gelu(values),
        Activation::Silu => silu(values),
    }
}

fn parameter<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Param<Tensor<D>> {
    Param::from_data(TensorData::new(values, shape), device)
}

fn replaced<const D: usize>(old: &Param<Tensor<D>>, values: Tensor<D>, device: &Device) -> Param<Tensor<D>> {
    let id: ParamId = old.id;
    let data = values.into_data();
    Param::initialized(id, Tensor::from_data(data, device).set_require_grad(device.is_autodiff()))
}

fn set<const D: usize>(parameter: &mut Param<Tensor<D>>, values: Option<(Vec<f32>, Vec<usize>)>, device: &Device) {
    if let Some((values, shape)) = values {
        let tensor = Tensor::<D>::from_data(TensorData::new(values, shape), &device.clone().inner());
        *parameter = replaced(parameter, tensor, device);
    }
}

fn host<const D: usize>(values: Tensor<D>) -> Result<(Vec<usize>, Vec<f32>), burn::tensor::TensorReadError> {
    let shape = values.dims().to_vec();
    Ok((shape, values.try_into_vec_as::<f32>()?))
}
