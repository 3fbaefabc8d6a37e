//! What to do where a training will not fit, in the order in which it is tried, with what each would save.

use strum::{EnumIter, EnumMessage, IntoEnumIterator as _};

use super::{DataSize, Forecast, batch_rows, forecast};
use crate::spec::{InputShape, LayerSpec, ModelSpec, Project};

/// Ways to need less memory, the least harmful first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, EnumMessage)]
pub enum Remedy {
    /// Fewer rows in a step keep fewer activations. Steps become noisier, and more of them are made
    #[strum(message = "Smaller batch")]
    BatchSize,
    /// Adds up the gradients of several small batches before each update: the updates of the large batch, the activations of the small one
    #[strum(message = "Gradient accumulation")]
    GradientAccumulation,
    /// Half the height and width of an image, or half the columns of a table
    #[strum(message = "Smaller input")]
    InputSize,
    /// Fewer units take less of everything. The network can learn less
    #[strum(message = "Smaller layers")]
    SmallerLayers,
    /// Keeps the activations of few layers and makes the others again in the backward pass, a third slower (Chen et al. 2016)
    #[strum(message = "Gradient checkpointing")]
    GradientCheckpointing,
    /// Puts half of the layers on a second device
    #[strum(message = "Model parallel, 2 devices")]
    ModelParallel,
}

/// One way to need less, with what it would come to. Modelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    pub remedy: Remedy,
    /// Bytes less.
    pub saves: u64,
    /// Bytes needed then.
    pub needs: u64,
    /// Settings that do it, as `--set` takes them; empty where Learnscope has none for it yet.
    pub set: Vec<(String, String)>,
}

impl Remedy {
    /// Its name on screen.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// What it does and what it costs.
    pub fn help(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }
}

/// Every remedy in order, with what it would save; those with settings go as far as the limit asks, or as they can.
///
/// # Arguments
/// - limit: bytes that the training may take
pub fn advise(project: &Project, data: &DataSize, limit: u64) -> Vec<Advice> {
    let Ok(now) = forecast(project, data) else { return Vec::new() };
    Remedy::iter()
        .map(|remedy| {
            let (then, set) = match remedy {
                Remedy::BatchSize => {
                    smaller_batch(project, data, limit).map_or((now, Vec::new()), |it| told(&it, data))
                }
                Remedy::GradientAccumulation => {
                    let small = smaller_batch(project, data, limit).map_or(now, |it| told(&it, data).0);
                    (Forecast { gradients: now.gradients + now.weights, ..small }, Vec::new())
                }
                Remedy::InputSize => (forecast(project, &halved_input(data)).unwrap_or(now), Vec::new()),
                Remedy::SmallerLayers => {
                    smaller_layers(project, data, limit).map_or((now, Vec::new()), |it| told(&it, data))
                }
                Remedy::GradientCheckpointing => (checkpointed(project, data, now), Vec::new()),
                Remedy::ModelParallel => (shared_by_two(now), Vec::new()),
            };
            let needs = then.total().min(now.total());
            Advice { remedy, saves: now.total() - needs, needs, set }
        })
        .collect()
}

type Changed = (Project, Vec<(String, String)>);

fn told((project, set): &Changed, data: &DataSize) -> (Forecast, Vec<(String, String)>) {
    (forecast(project, data).unwrap_or_default(), set.clone())
}

fn fits(project: &Project, data: &DataSize, limit: u64) -> bool {
    forecast(project, data).is_ok_and(|it| it.total() <= limit)
}

/// The batch halved until it fits, or as far as one row. None where it is one already.
fn smaller_batch(project: &Project, data: &DataSize, limit: u64) -> Option<Changed> {
    let mut rows = batch_rows(project, data);
    let mut changed = None;
    while rows > 1 {
        // The next power of two below, as batch sizes are usually chosen.
        rows = rows.next_power_of_two() / 2;
        let mut smaller = project.clone();
        smaller.training.batch_size = Some(rows);
        let done = fits(&smaller, data, limit);
        changed = Some((smaller, vec![("batch_size".to_owned(), rows.to_string())]));
        if done {
            break;
        }
    }
    changed
}

/// Every layer halved until it fits, or as far as one unit. None for a network without hidden layers.
fn smaller_layers(project: &Project, data: &DataSize, limit: u64) -> Option<Changed> {
    let mut smaller = project.clone();
    let mut changed = false;
    loop {
        let lists = match &mut smaller.model {
            ModelSpec::Linear => Vec::new(),
            ModelSpec::Mlp(it) => vec![&mut it.hidden],
            ModelSpec::Cnn(it) => vec![&mut it.channels, &mut it.hidden],
        };
        let mut units: Vec<_> = lists.into_iter().flatten().filter(|it| **it > 1).collect();
        if units.is_empty() {
            break;
        }
        for it in &mut units {
            **it /= 2;
        }
        changed = true;
        if fits(&smaller, data, limit) {
            break;
        }
    }
    let keys = ["model.channels", "model.hidden"];
    let set = keys.into_iter().filter_map(|key| Some((key.to_owned(), smaller.get(key)?))).collect();
    changed.then_some((smaller, set))
}

fn halved_input(data: &DataSize) -> DataSize {
    let input = match data.input {
        InputShape::Flat { features } => InputShape::Flat { features: features.div_ceil(2) },
        InputShape::Image { channels, height, width } => {
            InputShape::Image { channels, height: height.div_ceil(2), width: width.div_ceil(2) }
        }
    };
    DataSize { input, ..*data }
}

/// Of `n` layers' activations it keeps about `2 √n` layers' worth.
fn checkpointed(project: &Project, data: &DataSize, now: Forecast) -> Forecast {
    let layers = project.model.layers(data.input, project.loss.n_outputs(data.task)).unwrap_or_default();
    let n = layers.iter().filter(|it| matches!(it, LayerSpec::Linear { .. } | LayerSpec::Conv { .. })).count();
    let share = (2.0 / (n.max(1) as f64).sqrt()).min(1.0);
    Forecast { activations: (now.activations as f64 * share) as u64, ..now }
}

fn shared_by_two(now: Forecast) -> Forecast {
    Forecast {
        weights: now.weights / 2,
        gradients: now.gradients / 2,
        optimizer: now.optimizer / 2,
        activations: now.activations / 2,
        ..now
    }
}
