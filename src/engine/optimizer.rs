//! The optimizer: Burn's rule for each of ours, applied to every parameter, with a memory that can be written down.
//!
//! Burn's own `ModuleOptimizer` can save its memory, too, but reads it back onto the default device, which is the
//! graphics card even where training goes on without one. So the memory is kept here, by parameter.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use burn::module::{Module as _, ModuleMapper, Param, ParamId};
use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdaGradConfig, AdamConfig, AdamWConfig, DynOptimizer, DynState, GradientsParams, LionConfig, RmsPropConfig,
    SgdConfig, StateSink, StateSource,
};
use burn::tensor::{Device, Tensor, TensorData};

use super::error::TrainError;
use super::network::{Network, Parameter};
use super::weights::{Entry, Weights};
use crate::spec::OptimizerSpec;

/// A rule with what it remembers of every parameter.
#[derive(Clone)]
pub(super) struct Optimizer {
    rule: Arc<dyn DynOptimizer>,
    memory: HashMap<ParamId, DynState>,
}

/// An optimizer's memory on the host: for every parameter what its rule keeps, in the rule's own terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// Such as `layer.0.weight.momentum.moment_1`, shaped as Burn keeps the parameter: `[inputs, outputs]`.
    pub tensors: Weights,
    /// Such as `layer.0.weight.momentum.time`, the steps seen.
    pub counts: BTreeMap<String, u64>,
}

impl Optimizer {
    /// With an empty memory.
    pub(super) fn new(spec: &OptimizerSpec) -> Self {
        Self { rule: rule(spec), memory: HashMap::new() }
    }

    /// Updates every parameter that has a gradient.
    pub(super) fn step(&mut self, learning_rate: f64, network: Network, gradients: GradientsParams) -> Network {
        let mut update = Update { optimizer: self, learning_rate, gradients };
        network.map(&mut update)
    }

    /// Reads the memory of a network's parameters from the device.
    ///
    /// # Errors
    /// When the device failed.
    pub(super) fn memory(&self, network: &Network) -> Result<Memory, TrainError> {
        let mut memory = Memory::default();
        for Parameter { name, id, .. } in network.parameters() {
            let Some(state) = self.memory.get(&id) else { continue };
            let mut sink = StateSink::default();
            self.rule.state_flatten(&name, state, &mut sink);
            for (name, data) in sink.tensors {
                let shape = data.shape().to_vec();
                let values = data.try_into_vec::<f32>().map_err(|err| TrainError::Device(format!("{err:?}")))?;
                memory.tensors.push(name, (shape, values));
            }
            for (name, count) in sink.scalars {
                let count = u64::try_from(count).map_err(|err| TrainError::Weights(err.to_string()))?;
                memory.counts.insert(name, count);
            }
        }
        Ok(memory)
    }

    /// Remembers nothing any more.
    pub(super) fn forget(&mut self) {
        self.memory.clear();
    }

    /// What does not fit a network's parameters; every rule remembers in their shape.
    pub(super) fn mismatch(memory: &Memory, network: &Network) -> Option<String> {
        let shapes: Vec<_> = network.shapes().collect();
        let fits = |(name, entry): &&(String, Entry)| {
            let of = |(parameter, _): &&(String, Vec<usize>)| {
                name.strip_prefix(parameter.as_str()).is_some_and(|it| it.starts_with('.'))
            };
            // Burn keeps the two sides of a weight the other way around.
            shapes.iter().find(of).is_some_and(|(_, shape)| match shape.as_slice() {
                [outputs, inputs] => entry.shape == [*inputs, *outputs],
                shape => entry.shape == shape,
            })
        };
        let misfit = memory.tensors.iter().find(|it| !fits(it))?;
        Some(format!("{} is {:?}, as no parameter of the network is", misfit.0, misfit.1.shape))
    }

    /// Takes a memory that [`Optimizer::memory`] gave. A parameter it lacks is remembered afresh.
    pub(super) fn remember(&mut self, memory: &Memory, network: &Network, device: &Device) {
        let counts = memory.counts.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
        let mut source = StateSource::new(counts);
        for (name, Entry { shape, values }) in memory.tensors.iter() {
            source.insert_tensor(name.clone(), TensorData::new(values.clone(), shape.clone()));
        }
        self.memory.clear();
        for Parameter { name, id, n_dims } in network.parameters() {
            if let Some(state) = self.rule.state_unflatten(n_dims, &name, &mut source, device) {
                self.memory.insert(id, state);
            }
        }
    }
}

/// One pass over the parameters.
struct Update<'a> {
    optimizer: &'a mut Optimizer,
    learning_rate: f64,
    gradients: GradientsParams,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = parameter.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let Optimizer { rule, memory } = &mut *self.optimizer;
        let device = gradient.device();
        // Where the network has moved, its memory follows.
        let state = memory.remove(&id).map(|it| rule.to_device_dyn(it, &device));
        let (tensor, gradient) = (tensor.inner().into_bridge(), gradient.into_bridge());
        let (updated, state) = rule.step_dyn(D, self.learning_rate, tensor, gradient, state);
        memory.extend(state.map(|it| (id, it)));
        let updated = Tensor::<D>::from_inner(Tensor::from_bridge(updated)).require_grad();
        Param::from_mapped_value(id, updated, mapper)
    }
}

/// The studio-to-Burn dictionary. Every field is set: Burn's defaults are not PyTorch's.
fn rule(spec: &OptimizerSpec) -> Arc<dyn DynOptimizer> {
    match spec {
        OptimizerSpec::Sgd(it) => {
            let momentum =
                MomentumConfig::new().with_momentum(it.momentum).with_dampening(0.0).with_nesterov(it.nesterov);
            let config = SgdConfig::new()
                .with_momentum((it.momentum > 0.0).then_some(momentum))
                .with_weight_decay(decay(it.weight_decay));
            Arc::new(config.build())
        }
        OptimizerSpec::Adagrad(it) => {
            let config = AdaGradConfig::new()
                .with_lr_decay(0.0)
                .with_epsilon(it.epsilon as f32)
                .with_weight_decay(decay(it.weight_decay));
            Arc::new(config.build())
        }
        OptimizerSpec::Rmsprop(it) => {
            let config = RmsPropConfig::new()
                .with_alpha(it.alpha as f32)
                .with_momentum(it.momentum as f32)
                .with_epsilon(it.epsilon as f32)
                .with_centered(false)
                .with_weight_decay(decay(it.weight_decay));
            Arc::new(config.build())
        }
        OptimizerSpec::Adam(it) => {
            let config = AdamConfig::new()
                .with_beta_1(it.beta_1 as f32)
                .with_beta_2(it.beta_2 as f32)
                .with_epsilon(it.epsilon as f32)
                .with_amsgrad(false)
                .with_weight_decay(decay(it.weight_decay));
            Arc::new(config.build())
        }
        OptimizerSpec::Adamw(it) => {
            let config = AdamWConfig::new()
                .with_beta_1(it.beta_1 as f32)
                .with_beta_2(it.beta_2 as f32)
                .with_epsilon(it.epsilon as f32)
                .with_amsgrad(false)
                .with_cautious_weight_decay(false)
                .with_weight_decay(it.weight_decay as f32);
            Arc::new(config.build())
        }
        OptimizerSpec::Lion(it) => {
            let config = LionConfig::new()
                .with_beta_1(it.beta_1 as f32)
                .with_beta_2(it.beta_2 as f32)
                .with_weight_decay(it.weight_decay as f32);
            Arc::new(config.build())
        }
    }
}

fn decay(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty > 0.0).then(|| WeightDecayConfig::new(penalty as f32))
}
