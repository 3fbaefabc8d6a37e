//! What was chosen: every choice of a run, as plain data that can check and describe itself.

mod checkpoint;
mod data;
mod differing;
mod doctor;
mod forking;
mod knob;
mod loss;
mod memory;
mod model;
mod optimizer;
mod project;
mod schedule;
mod training;

pub use checkpoint::CheckpointSpec;
pub use data::{
    BUILTIN_IDS, DataSpec, Generator, Planted, Recipe, Repeats, Source, SplitMethod, SplitSpec, Task, TaskChoice,
    TextEncoding,
};
pub use differing::{Differing, differing};
pub use doctor::DoctorSpec;
pub use forking::fork_refusal;
pub use knob::{Choice, ChoiceOption, Knob, KnobError, Range, Scale, TextValue, Value, nearest_name, number_text};
pub use loss::{BinaryCrossEntropy, ClassWeights, CrossEntropy, Huber, LossSpec};
pub use memory::MemorySpec;
pub use model::{Activation, Cnn, InputShape, LayerSpec, Mlp, ModelSpec, ShapeError, n_parameters};
pub use optimizer::{Adagrad, Adam, Adamw, Lion, OptimizerSpec, Rmsprop, Sgd};
pub use project::{Project, Section, Truth};
pub use schedule::{Cosine, Exponential, Plateau, ScheduleKind, ScheduleSpec, StepDecay};
pub use training::{DeviceSpec, MeasureTrain, Monitor, Patience, StoppingSpec, TrainingSpec, monitors_for};
