//! How training happens: networks, losses, steps and measuring. The only folder that names Burn.

mod device;
mod error;
mod errors;
mod evaluate;
mod forecast;
mod gradients;
mod layers;
mod loss;
mod metrics;
mod network;
mod optimizer;
mod random;
mod trainer;
mod verify;
mod views;
mod weights;

pub use device::{
    DeviceInfo, OpenDevice, check as check_device, list as list_devices, list_tried as try_devices, open as open_device,
};
pub use error::TrainError;
pub use errors::Errors;
pub use evaluate::{Evaluation, measure_outputs};
pub use forecast::{Advice, DataSize, Forecast, MemoryRemedy, Part, advise, forecast};
pub use optimizer::Memory;
pub use trainer::{Gathered, StepDone, StepOrder, Trainer};
pub use verify::{Comparison, verify};
pub use weights::{Entry, Weights};
