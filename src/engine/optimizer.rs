//! The studio-to-Burn dictionary of optimizers. Every field is set: Burn's defaults are not PyTorch's.

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdaGradConfig, AdamConfig, AdamWConfig, LionConfig, ModuleOptimizer, RmsPropConfig, SgdConfig};

use crate::spec::OptimizerSpec;

/// A fresh optimizer with an empty memory.
pub(super) fn build(spec: &OptimizerSpec) -> ModuleOptimizer {
    match spec {
        OptimizerSpec::Sgd(it) => {
            let momentum =
                MomentumConfig::new().with_momentum(it.momentum).with_dampening(0.0).with_nesterov(it.nesterov);
            SgdConfig::new()
                .with_momentum((it.momentum > 0.0).then_some(momentum))
                .with_weight_decay(decay(it.weight_decay))
                .init()
        }
        OptimizerSpec::Adagrad(it) => AdaGradConfig::new()
            .with_lr_decay(0.0)
            .with_epsilon(it.epsilon as f32)
            .with_weight_decay(decay(it.weight_decay))
            .init(),
        OptimizerSpec::Rmsprop(it) => RmsPropConfig::new()
            .with_alpha(it.alpha as f32)
            .with_momentum(it.momentum as f32)
            .with_epsilon(it.epsilon as f32)
            .with_centered(false)
            .with_weight_decay(decay(it.weight_decay))
            .init(),
        OptimizerSpec::Adam(it) => AdamConfig::new()
            .with_beta_1(it.beta_1 as f32)
            .with_beta_2(it.beta_2 as f32)
            .with_epsilon(it.epsilon as f32)
            .with_amsgrad(false)
            .with_weight_decay(decay(it.weight_decay))
            .init(),
        OptimizerSpec::Adamw(it) => AdamWConfig::new()
            .with_beta_1(it.beta_1 as f32)
            .with_beta_2(it.beta_2 as f32)
            .with_epsilon(it.epsilon as f32)
            .with_amsgrad(false)
            .with_cautious_weight_decay(false)
            .with_weight_decay(it.weight_decay as f32)
            .init(),
        OptimizerSpec::Lion(it) => LionConfig::new()
            .with_beta_1(it.beta_1 as f32)
            .with_beta_2(it.beta_2 as f32)
            .with_weight_decay(it.weight_decay as f32)
            .init(),
    }
}

fn decay(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty > 0.0).then(|| WeightDecayConfig::new(penalty as f32))
}
