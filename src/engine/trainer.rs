//! One training, step by step. Synchronous: it starts no thread and knows no clock.

use std::sync::Arc;

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData, Transaction};

use super::device::OpenDevice;
use super::error::TrainError;
use super::gradients;
use super::layers::{Behind, StepMeasure, Taps, layer_rows};
use super::loss::Loss;
use super::network::{Network, Pass, Plan};
use super::optimizer::{Memory, Optimizer};
use super::weights::Weights;
use crate::data::Prepared;
use crate::run::{LayerRow, StepRow};
use crate::spec::{Project, n_parameters};

/// A network, its optimizer and its data on one device.
pub struct Trainer {
    /// None only while the optimizer holds it.
    network: Option<Network>,
    optimizer: Optimizer,
    pub(super) loss: Loss,
    pub(super) data: Arc<Prepared>,
    /// With autodiff, unless it is only to measure; its `inner` is for measuring.
    pub(super) device: Device,
    pub(super) plan: Plan,
    seed: u64,
    /// Layers with parameters that do not learn, from the input on.
    n_frozen: usize,
    pending: Vec<Pending>,
    keeps_outputs: bool,
}

/// A step's rows, gathered and on the device.
pub struct Gathered {
    rows: Vec<u32>,
    /// `[rows, values]`
    inputs: Tensor<2>,
    targets: Vec<f32>,
}

/// What a step is asked to do beyond learning from its rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepOrder {
    /// Counted from 1 over the whole run.
    pub step: u64,
    pub epoch: u64,
    pub learning_rate: f64,
    /// Whether to measure the norm of all gradients.
    pub measure_norm: bool,
    /// Whether to measure weights, gradient and update of every layer.
    pub measure_layers: bool,
    /// Largest allowed norm of all gradients together.
    pub clip_norm: Option<f64>,
}

/// A step whose numbers may still be on the device.
struct Pending {
    order: StepOrder,
    loss: Tensor<1>,
    norm: Option<Tensor<1>>,
    layers: Option<Tensor<1>>,
    outputs: Option<Tensor<2>>,
    rows: Vec<u32>,
}

/// A step's numbers, read back.
#[derive(Clone, Debug, PartialEq)]
pub struct StepDone {
    pub row: StepRow,
    /// The rows it learned from.
    pub rows: Vec<u32>,
    /// What the network said of them before the update, `[rows, outputs]`; empty unless asked for.
    pub outputs: Vec<f32>,
    /// Of every layer, where it was measured; for [`Trainer::layer_rows`].
    pub layers: Vec<f32>,
}

impl Pending {
    fn read(self) -> Result<StepDone, TrainError> {
        let loss = self.loss.try_into_scalar::<f32>()?;
        let norm = self.norm.map(Tensor::try_into_scalar::<f32>).transpose()?;
        let layers = self.layers.map_or_else(|| Ok(Vec::new()), Tensor::try_into_vec_as::<f32>)?;
        let outputs = self.outputs.map_or_else(|| Ok(Vec::new()), Tensor::try_into_vec_as::<f32>)?;
        Ok(self.order.done(loss, norm, self.rows, outputs, layers))
    }
}

impl StepOrder {
    fn done(&self, loss: f32, norm: Option<f32>, rows: Vec<u32>, outputs: Vec<f32>, layers: Vec<f32>) -> StepDone {
        let row = StepRow {
            step: self.step,
            epoch: self.epoch,
            train_loss: f64::from(loss),
            learning_rate: self.learning_rate,
            gradient_norm: norm.map(f64::from),
        };
        StepDone { row, rows, outputs, layers }
    }
}

impl Trainer {
    /// A network with first weights by the project's seed, or with those given.
    ///
    /// # Errors
    /// When the network does not suit the data, or the given weights do not suit the network.
    pub fn new(
        project: &Project,
        data: Arc<Prepared>,
        device: &OpenDevice,
        init: Option<&Weights>,
    ) -> Result<Self, TrainError> {
        Self::on(device.device.clone().autodiff(), project, data, init)
    }

    /// As [`Trainer::new`], to predict and to measure only: no step may be taken.
    ///
    /// Burn's table of gradients keeps an entry for each parameter that no backward pass ever reached, so a network
    /// that will not learn must not ask for gradients.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn for_measuring(
        project: &Project,
        data: Arc<Prepared>,
        device: &OpenDevice,
        init: Option<&Weights>,
    ) -> Result<Self, TrainError> {
        Self::on(device.device.clone().inner(), project, data, init)
    }

    fn on(device: Device, project: &Project, data: Arc<Prepared>, init: Option<&Weights>) -> Result<Self, TrainError> {
        let loss = Loss::new(&project.loss, data.task, &data.class_counts);
        let layers =
            project.model.layers(data.input, loss.n_outputs()).map_err(|err| TrainError::Shape(err.to_string()))?;
        let plan = Plan { input: data.input, layers, init_gain: project.model.init_gain() };
        let seed = project.training.seed;
        let mut network = Network::new(plan.clone(), seed, &device);
        if let Some(weights) = init {
            check(&network, weights)?;
            network.load(weights, &device);
        }
        let optimizer = Optimizer::new(&project.optimizer);
        Ok(Self {
            network: Some(network),
            optimizer,
            loss,
            data,
            device,
            plan,
            seed,
            n_frozen: project.model.n_frozen(),
            pending: Vec::new(),
            keeps_outputs: false,
        })
    }

    /// Keeps what the network says in each training step, for metrics over the epoch as it was trained.
    pub fn keep_outputs(&mut self, keep: bool) {
        self.keeps_outputs = keep;
    }

    /// A copy that goes on from the same weights and the same memory of the optimizer; neither knows of the other.
    pub fn fork(&self) -> Self {
        Self {
            network: self.network.clone(),
            optimizer: self.optimizer.clone(),
            loss: self.loss.clone(),
            data: Arc::clone(&self.data),
            device: self.device.clone(),
            plan: self.plan.clone(),
            seed: self.seed,
            n_frozen: self.n_frozen,
            pending: Vec::new(),
            keeps_outputs: false,
        }
    }

    /// Numbers that training finds.
    pub fn n_parameters(&self) -> usize {
        n_parameters(&self.plan.layers)
    }

    /// Brings a batch of rows to the device, for [`Trainer::step`].
    pub fn gather(&self, rows: &[u32]) -> Gathered {
        Gathered {
            rows: rows.to_vec(),
            inputs: self.inputs(rows, &self.device),
            targets: rows.iter().map(|row| self.data.targets[*row as usize]).collect(),
        }
    }

    /// One optimizer update from a batch of rows. Its numbers wait for [`Trainer::collect`].
    pub fn step(&mut self, batch: Gathered, order: StepOrder) {
        let Some(mut network) = self.network.take() else { return };
        let Gathered { rows, inputs, targets } = batch;
        let outputs = network.forward(inputs, Pass::Train { seed: self.seed, step: order.step });
        let loss = self.loss.mean(outputs.clone(), &targets, &self.device);
        let mut gradients = GradientsParams::from_grads(loss.backward(), &network);
        let norm = (order.measure_norm || order.clip_norm.is_some()).then(|| gradients::norm(&network, &gradients));
        let measure = order.measure_layers.then(|| StepMeasure::before(&network, &gradients));
        if let (Some(limit), Some(norm)) = (order.clip_norm, &norm) {
            gradients::clip(&network, &mut gradients, norm, limit);
        }
        network.freeze(self.n_frozen, &mut gradients);
        let network = self.optimizer.step(order.learning_rate, network, gradients);
        let layers = measure.map(|it| it.after(&network));
        self.network = Some(network);
        let outputs = self.keeps_outputs.then(|| outputs.inner());
        self.pending.push(Pending { order, loss: loss.inner(), norm, layers, outputs, rows });
    }

    /// Steps whose numbers have not been read back.
    pub fn n_pending(&self) -> usize {
        self.pending.len()
    }

    /// Reads back the numbers of all steps since the last call, in one go.
    ///
    /// # Errors
    /// When the device failed since.
    pub fn collect(&mut self) -> Result<Vec<StepDone>, TrainError> {
        let pending = std::mem::take(&mut self.pending);
        // A single step is read as it is: gathering reads pays only where each waits for a device.
        if let [_] = pending.as_slice() {
            return pending.into_iter().map(Pending::read).collect();
        }
        let mut transaction = Transaction::default();
        for it in &pending {
            transaction = transaction.register(it.loss.clone());
            if let Some(norm) = &it.norm {
                transaction = transaction.register(norm.clone());
            }
            if let Some(layers) = &it.layers {
                transaction = transaction.register(layers.clone());
            }
            if let Some(outputs) = &it.outputs {
                transaction = transaction.register(outputs.clone());
            }
        }
        let mut read = transaction.try_execute()?.into_iter();
        let mut next = || read.next().and_then(|it| it.try_into_vec::<f32>().ok()).unwrap_or_default();
        let mut done = Vec::with_capacity(pending.len());
        for it in pending {
            let loss = next().first().copied().unwrap_or(f32::NAN);
            let norm = it.norm.as_ref().map(|_| next().first().copied().unwrap_or(f32::NAN));
            let layers = it.layers.as_ref().map(|_| next()).unwrap_or_default();
            let outputs = it.outputs.as_ref().map(|_| next()).unwrap_or_default();
            done.push(it.order.done(loss, norm, it.rows, outputs, layers));
        }
        Ok(done)
    }

    /// What the finished network says of rows given as features, without learning.
    ///
    /// # Shapes
    /// - features: `[rows, values]`, as [`Prepared::features`]
    /// - returns: `[rows, outputs]`
    pub fn predict(&self, features: &[f32]) -> Result<Vec<f32>, TrainError> {
        let mut network = self.measured();
        let device = self.device.clone().inner();
        let width = self.plan.input.n_values();
        let mut outputs = Vec::new();
        for chunk in features.chunks(self.rows_at_once() * width.max(1)) {
            let n = chunk.len() / width.max(1);
            let inputs = Tensor::<2>::from_data(TensorData::new(chunk.to_vec(), [n, width]), &device);
            outputs.extend(network.forward(inputs, Pass::Evaluate).try_into_vec_as::<f32>()?);
        }
        Ok(outputs)
    }

    /// What the network says of rows of its data, without learning.
    pub fn predict_rows(&self, rows: &[u32]) -> Result<Vec<f32>, TrainError> {
        self.listen(rows, None)
    }

    /// As [`Trainer::predict_rows`], and what the first of the rows, a few hundred to a few thousand, did behind every
    /// activation.
    pub(super) fn predict_and_listen(&self, rows: &[u32]) -> Result<(Vec<f32>, Vec<Behind>), TrainError> {
        let mut taps = Taps::default();
        let outputs = self.listen(rows, Some(&mut taps))?;
        Ok((outputs, taps.read()?))
    }

    fn listen(&self, rows: &[u32], mut taps: Option<&mut Taps>) -> Result<Vec<f32>, TrainError> {
        let mut network = self.measured();
        let device = self.device.clone().inner();
        let mut outputs = Vec::with_capacity(rows.len() * self.loss.n_outputs());
        for chunk in rows.chunks(self.rows_at_once()) {
            let inputs = self.inputs(chunk, &device);
            // Only the first rows are listened to: it costs about as much as the pass itself.
            let of_chunk = network.forward_heard(inputs, Pass::Evaluate, taps.take());
            outputs.extend(of_chunk.try_into_vec_as::<f32>()?);
        }
        Ok(outputs)
    }

    /// Every layer with weights, from the input on.
    ///
    /// # Arguments
    /// - step: [`StepDone::layers`] of a step that measured them
    /// - behind: of a pass over some rows
    pub(super) fn layer_rows(&self, step: &[f32], behind: &[Behind]) -> Vec<LayerRow> {
        if step.is_empty() { Vec::new() } else { layer_rows(&self.plan, step, behind) }
    }

    /// Every parameter, on the host.
    pub fn weights(&self) -> Result<Weights, TrainError> {
        let Some(network) = &self.network else { return Ok(Weights::default()) };
        Ok(network.weights()?)
    }

    /// Whether weights fit the network.
    ///
    /// # Errors
    /// Naming the first that is missing or has another shape.
    pub fn check(&self, weights: &Weights) -> Result<(), TrainError> {
        self.network.as_ref().map_or(Ok(()), |it| check(it, weights))
    }

    /// What the optimizer remembers of every parameter, on the host.
    ///
    /// # Errors
    /// When the device failed.
    pub fn memory(&self) -> Result<Memory, TrainError> {
        self.network.as_ref().map_or_else(|| Ok(Memory::default()), |it| self.optimizer.memory(it))
    }

    /// Whether a memory is of this network.
    ///
    /// # Errors
    /// When a tensor of it has another shape than its parameter.
    pub fn check_memory(&self, memory: &Memory) -> Result<(), TrainError> {
        let mismatch = self.network.as_ref().and_then(|it| Optimizer::mismatch(memory, it));
        mismatch.map_or(Ok(()), |text| Err(TrainError::Weights(format!("the optimizer's memory does not fit: {text}"))))
    }

    /// Takes a memory that [`Trainer::memory`] gave, of the same network and optimizer.
    pub fn remember(&mut self, memory: &Memory) {
        if let Some(network) = &self.network {
            self.optimizer.remember(memory, network, &self.device.clone().inner());
        }
    }

    /// Empties the optimizer's memory, as a resume that leaves it out would.
    pub fn forget(&mut self) {
        self.optimizer.forget();
    }

    /// Takes weights that [`Trainer::weights`] gave. The optimizer's memory stays.
    pub fn load(&mut self, weights: &Weights) {
        let device = self.device.clone();
        if let Some(network) = &mut self.network {
            network.load(weights, &device);
        }
    }

    /// Goes on another device: weights at once, the optimizer's memory with its next step.
    pub fn move_to(&mut self, device: &OpenDevice) -> Result<(), TrainError> {
        use burn::module::Module as _;
        let weights = self.weights()?;
        self.device = device.device.clone().autodiff();
        if let Some(network) = self.network.take() {
            let mut network = network.to_device(&self.device);
            network.load(&weights, &self.device);
            self.network = Some(network);
        }
        Ok(())
    }

    fn measured(&self) -> Network {
        use burn::module::Module as _;
        self.network.as_ref().map_or_else(|| Network::new(self.plan.clone(), self.seed, &self.device), Network::valid)
    }

    /// Rows to measure in one go: about a million values between layers, to stay in the cache.
    fn rows_at_once(&self) -> usize {
        let widest = self.plan.widest().max(1);
        (1_000_000 / widest).clamp(16, 4096)
    }

    /// The rows' features as `[rows, values]`.
    fn inputs(&self, rows: &[u32], device: &Device) -> Tensor<2> {
        let width = self.plan.input.n_values();
        let mut values = Vec::with_capacity(rows.len() * width);
        for row in rows {
            let start = *row as usize * width;
            values.extend_from_slice(&self.data.features[start..start + width]);
        }
        Tensor::from_data(TensorData::new(values, [rows.len(), width]), device)
    }
}

fn check(network: &Network, weights: &Weights) -> Result<(), TrainError> {
    let mismatch = |text| TrainError::Weights(format!("the given weights do not fit: {text}"));
    network.mismatch(weights).map_or(Ok(()), |text| Err(mismatch(text)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use burn::module::{Module as _, ModuleVisitor, Param};

    use super::*;
    use crate::data::{load, prepare};

    /// Parameters in all, and those that ask for gradients.
    #[derive(Default)]
    struct Asking([usize; 2]);

    impl ModuleVisitor for Asking {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0[0] += 1;
            self.0[1] += usize::from(param.val().is_require_grad());
        }
    }

    fn asking(trainer: &Trainer) -> [usize; 2] {
        let mut asking = Asking::default();
        trainer.network.as_ref().unwrap().visit(&mut asking);
        asking.0
    }

    #[test]
    fn a_network_that_only_measures_asks_for_no_gradients_and_says_the_same() {
        let project = Project::default();
        let dataset = load(&project.data.source, Path::new(".")).unwrap();
        let data = Arc::new(prepare(&dataset, &project.data, &project.split, project.training.seed).unwrap());
        let cpu = OpenDevice::cpu();
        let learner = Trainer::new(&project, Arc::clone(&data), &cpu, None).unwrap();
        let [all, asked] = asking(&learner);
        assert!(all > 2 && asked == all);
        let weights = learner.weights().unwrap();
        for init in [None, Some(&weights)] {
            let measurer = Trainer::for_measuring(&project, Arc::clone(&data), &cpu, init).unwrap();
            assert_eq!(asking(&measurer), [all, 0]);
            let rows = &data.split.validation;
            assert_eq!(measurer.predict_rows(rows).unwrap(), learner.predict_rows(rows).unwrap());
        }
    }
}
