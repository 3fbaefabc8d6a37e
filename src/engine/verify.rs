//! Whether a device computes as the processor does: one step on each, compared.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::device::OpenDevice;
use super::error::TrainError;
use super::trainer::{StepOrder, Trainer};
use crate::data::Prepared;
use crate::spec::Project;

/// Largest relative difference that rounding explains.
const TOLERANCE: f64 = 1e-3;

/// One training step on two devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub cpu_loss: f64,
    pub device_loss: f64,
    pub cpu_gradient_norm: f64,
    pub device_gradient_norm: f64,
    /// The larger of both relative differences.
    pub difference: f64,
}

impl Comparison {
    /// Whether they agree to within rounding.
    pub fn agrees(&self) -> bool {
        self.difference <= TOLERANCE
    }

    /// The figures in one sentence.
    pub fn text(&self) -> String {
        let verdict =
            if self.agrees() { "Agrees with the CPU" } else { "Does not agree with the CPU: do not train on it" };
        format!(
            "{verdict}: loss {:.6} and {:.6}, gradient norm {:.6} and {:.6}, relative difference {:.1e}",
            self.device_loss, self.cpu_loss, self.device_gradient_norm, self.cpu_gradient_norm, self.difference
        )
    }
}

/// Makes the first step of a project on the device and on the processor.
///
/// # Errors
/// When either device fails.
pub fn verify(project: &Project, data: &Arc<Prepared>, device: &OpenDevice) -> Result<Comparison, TrainError> {
    let (cpu_loss, cpu_gradient_norm) = first_step(project, data, &OpenDevice::cpu())?;
    let (device_loss, device_gradient_norm) = first_step(project, data, device)?;
    let relative = |a: f64, b: f64| (a - b).abs() / b.abs().max(1e-12);
    // A device that returns NaN must not pass: `max` would skip it.
    let differences = [relative(device_loss, cpu_loss), relative(device_gradient_norm, cpu_gradient_norm)];
    let difference =
        differences.into_iter().fold(0.0, |worst, it| if it.is_nan() { f64::INFINITY } else { it.max(worst) });
    Ok(Comparison { cpu_loss, device_loss, cpu_gradient_norm, device_gradient_norm, difference })
}

fn first_step(project: &Project, data: &Arc<Prepared>, device: &OpenDevice) -> Result<(f64, f64), TrainError> {
    let mut trainer = Trainer::new(project, Arc::clone(data), device, None)?;
    let n = project.training.batch_size.unwrap_or(u64::MAX).min(data.split.train.len() as u64) as usize;
    let order = StepOrder {
        step: 1,
        epoch: 1,
        learning_rate: project.learning_rate,
        measure_norm: true,
        measure_layers: false,
        clip_norm: None,
    };
    let batch = trainer.gather(&data.split.train[..n]);
    trainer.step(batch, order);
    let done = trainer.collect()?;
    let row = done.first().map(|it| it.row.clone()).unwrap_or_default();
    Ok((row.train_loss, row.gradient_norm.unwrap_or(f64::NAN)))
}
