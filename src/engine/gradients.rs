//! All gradients of a step together: their norm, and clipping by it.

use burn::module::{Module as _, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::network::Network;

/// Euclidean norm over every parameter's gradient, `[1]`, still on the device.
pub(super) fn norm(network: &Network, gradients: &GradientsParams) -> Tensor<1> {
    let mut squares = Squares { gradients, sums: Vec::new() };
    network.visit(&mut squares);
    Tensor::cat(squares.sums, 0).sum().sqrt()
}

/// Scales all gradients together where their norm is above the limit, as `torch.nn.utils.clip_grad_norm_`.
pub(super) fn clip(network: &Network, gradients: &mut GradientsParams, norm: &Tensor<1>, limit: f64) {
    // The small number is PyTorch's; it keeps a norm of zero from dividing by zero.
    let factor = norm.clone().add_scalar(1e-6).recip().mul_scalar(limit).clamp_max(1.0);
    network.visit(&mut Scale { gradients, factor });
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.sums.push(gradient.square().sum());
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.gradients.register::<D>(param.id, gradient * factor);
        }
    }
}
