//! What the studio's loop costs over bare Burn: the same network, the same steps, side by side.
//!
//! Run with `cargo bench --bench loop`. Both train the used-cars project on the processor: the studio with its
//! commands, events, metrics and diagnosis, bare Burn with nothing but batches, the loss read at each step and
//! the gradients' norm at every tenth. Validation has 14 rows, so that it hardly counts. The rounds alternate.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use burn::module::{Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use learnscope::data::{self, Prepared, epoch_order};
use learnscope::project;
use learnscope::run::Event;
use learnscope::session::{Job, Session, ready};
use learnscope::spec::Project;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const EPOCHS: u64 = 60;
const ROUNDS: usize = 9;
const BATCH: usize = 32;

#[derive(Module, Debug)]
struct Bare {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Bare {
    fn forward(&self, rows: Tensor<2>) -> Tensor<2> {
        self.last.forward(relu(self.second.forward(relu(self.first.forward(rows)))))
    }
}

fn main() {
    let mut project =
        project::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_projects/used_cars.ron")).unwrap();
    for setting in [
        "split.validation=0.01",
        "split.test=0.01",
        "stopping=off",
        "device=cpu",
        "pace=unlimited",
        &format!("epochs={EPOCHS}"),
    ] {
        project.set(setting).unwrap();
    }
    let dataset = data::load(&project.data.source, Path::new("")).unwrap();
    let prepared = data::prepare(&dataset, &project.data, &project.split, project.training.seed).unwrap();
    let n_steps = EPOCHS as usize * prepared.split.train.len().div_ceil(BATCH);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(studio(&project));
        bare.push(bare_burn(&prepared));
    }
    let each = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        times[ROUNDS / 2].as_secs_f64() * 1e6 / n_steps as f64
    };
    let (ours, bare) = (each(&mut ours), each(&mut bare));
    println!("used cars, {n_steps} steps, median of {ROUNDS} rounds");
    println!("studio's loop  {ours:8.1} us a step");
    println!("bare Burn      {bare:8.1} us a step");
    println!("ratio          {:8.3}", ours / bare);
}

fn studio(project: &Project) -> Duration {
    let ready = ready(Job::new(project.clone(), Path::new(""))).unwrap();
    let began = Instant::now();
    let mut session = Session::start(ready, || ());
    let mut epochs = 0;
    while let Some(events) = session.wait() {
        epochs += events.iter().filter(|it| matches!(it, Event::Epoch(_))).count() as u64;
    }
    assert_eq!(epochs, EPOCHS, "the run must be whole to be timed");
    began.elapsed()
}

fn bare_burn(data: &Prepared) -> Duration {
    let device = Device::flex().autodiff();
    let width = data.input.n_values();
    let began = Instant::now();
    let mut model = Bare {
        first: LinearConfig::new(width, 64).init(&device),
        second: LinearConfig::new(64, 64).init(&device),
        last: LinearConfig::new(64, 1).init(&device),
    };
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let (mut step, mut total) = (0, 0.0);
    for epoch in 1..=EPOCHS {
        for rows in epoch_order(&data.split.train, 1, epoch, true).chunks(BATCH) {
            step += 1;
            let features: Vec<f32> =
                rows.iter().flat_map(|row| data.features[*row as usize * width..][..width].iter().copied()).collect();
            let targets: Vec<f32> = rows.iter().map(|row| data.targets[*row as usize]).collect();
            let inputs = Tensor::<2>::from_data(TensorData::new(features, [rows.len(), width]), &device);
            let targets = Tensor::<2>::from_data(TensorData::new(targets, [rows.len(), 1]), &device);
            let loss = (model.forward(inputs) - targets).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            if step % 10 == 1 {
                let mut norm = Norm { gradients: &gradients, squares: 0.0 };
                model.visit(&mut norm);
                total += norm.squares.sqrt();
            }
            model = optimizer.step(0.001, model, gradients);
            total += loss.inner().into_scalar::<f32>();
        }
    }
    assert!(total.is_finite(), "bare Burn must have trained");
    began.elapsed()
}

struct Norm<'a> {
    gradients: &'a GradientsParams,
    squares: f32,
}

impl ModuleVisitor for Norm<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.squares += gradient.square().sum().into_scalar::<f32>();
        }
    }
}
