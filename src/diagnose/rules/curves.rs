//! What the rules that read curves share: how far a run has come from guessing, and how smooth its way was.

use super::answers::{Answers, first_loss, knows_guessing};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::Words;
use crate::diagnose::stats::{Recent, median};
use crate::run::{EpochRow, Evidence, LayerRow};
use crate::spec::{Monitor, OptimizerSpec, StoppingSpec};

/// The row's validation loss, where one was measured.
pub(super) fn validation_loss(context: &Context, row: &EpochRow) -> Option<f64> {
    // Curves from elsewhere do not tell how many rows were validated.
    let is_measured = context.validation_rows > 0 || !context.knows_project;
    (is_measured && row.validation_loss.is_finite()).then_some(row.validation_loss)
}

/// The row's standard error of the validation loss, where it was measured.
pub(super) fn validation_error(row: &EpochRow) -> Option<f64> {
    row.validation_se.filter(|it| it.is_finite() && *it > 0.0)
}

/// The loss of always guessing the same, or the nearest thing to it: the loss before the first step, or that of
/// the first epoch. Always above 0.
pub(super) fn guessing(context: &Context, first: f64) -> f64 {
    let start = || context.initial_loss.filter(|it| *it > 0.0);
    context.guessing().or_else(start).unwrap_or(first.abs()).max(f64::MIN_POSITIVE)
}

/// Whether the run ends with the weights of its lowest validation loss, so that what came behind it does no harm.
pub(super) fn keeps_best(context: &Context) -> bool {
    match &context.project.stopping {
        StoppingSpec::Patience(it) => context.knows_project && it.restore_best && it.monitor == Monitor::ValidationLoss,
        StoppingSpec::Off => false,
    }
}

/// Metrics that tell skill, under both of their names.
const TELLING: [(&str, &str, &str); 4] = [
    ("r2", "train_r2", "validation_r2"),
    ("accuracy", "train_accuracy", "validation_accuracy"),
    ("balanced_accuracy", "train_balanced_accuracy", "validation_balanced_accuracy"),
    ("roc_auc", "train_roc_auc", "validation_roc_auc"),
];

/// How much of the way from always guessing the same to perfect has been covered, by the kindest metric: an
/// imbalanced data set can be learned while its accuracy stays that of guessing. 0 where none was measured.
pub(super) fn skill_by_metrics(context: &Context, row: &EpochRow, answers: &Answers) -> f64 {
    let covered = |&(key, train, validation): &(&str, &str, &str)| {
        let measured = row.metrics.get(train).or_else(|| row.metrics.get(validation))?;
        // Where nobody measured what guessing gets, the three whose lowest is known by themselves can still tell.
        let guessing = context.baseline.get(key).copied().or(match key {
            "r2" => Some(0.0),
            "roc_auc" => Some(0.5),
            _ => None,
        });
        guessing.filter(|it| *it < 1.0).map(|it| (measured - it) / (1.0 - it))
    };
    let by_answers = if context.baseline.contains_key("accuracy") { None } else { answers.skill(row) };
    TELLING.iter().filter_map(covered).chain(by_answers).filter(|it| it.is_finite()).fold(0.0, f64::max)
}

/// How many times its optimizer's usual learning rate a project trains with; none where the project is not known.
///
/// Momentum makes plain steps longer by `1 / (1 - momentum)`; the usual rate is that of momentum 0.9 or none.
pub(super) fn times_usual(context: &Context, row_rate: f64) -> Option<f64> {
    let times = remedy::base_rate(context, row_rate) / context.project.optimizer.usual_learning_rate();
    (context.knows_project && times.is_finite() && times > 0.0).then_some(times)
}

/// Whether the optimizer scales each weight's step by itself, so that the learning rate is the step.
pub(super) fn scales_its_steps(optimizer: &OptimizerSpec) -> bool {
    match optimizer {
        OptimizerSpec::Sgd(_) => false,
        OptimizerSpec::Adagrad(_)
        | OptimizerSpec::Rmsprop(_)
        | OptimizerSpec::Adam(_)
        | OptimizerSpec::Adamw(_)
        | OptimizerSpec::Lion(_) => true,
    }
}

/// What a step adds to a layer's weights as a share of them: the middle one of all layers. None where unknown.
pub(super) fn update_ratio(layers: &[LayerRow]) -> Option<f64> {
    let ratio = |it: &LayerRow| Some(it.update / it.weight).filter(|it| it.is_finite());
    median(layers.iter().filter_map(ratio))
}

/// The noise of single epochs around a smooth curve, in constant memory and time.
///
/// A standard deviation from the mean size of second differences, which neither a level nor a steady slope enters;
/// that size is averaged over the last ten epochs or so, a single leap cut down to three times it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wobble {
    n: u32,
    last: f64,
    before: f64,
    bend: f64,
    turns: f64,
}

/// The weight of the last epoch in the averages.
const MEMORY: f64 = 0.1;

/// Mean size of a second difference of independent noise: √6 of its deviation, by √(2/π).
const BEND_OF_NOISE: f64 = 1.954;

impl Wobble {
    pub(super) fn push(&mut self, value: f64) {
        if self.n >= 2 {
            let bend = (self.before - 2.0 * self.last + value).abs();
            let turned = f64::from((self.last - self.before) * (value - self.last) < 0.0);
            // At first a plain mean: the average starts with nothing to forget.
            let share = MEMORY.max(1.0 / f64::from(self.n - 1));
            let cut = if self.n < 6 { bend } else { bend.min(3.0 * self.bend.max(f64::MIN_POSITIVE)) };
            self.bend += share * (cut - self.bend);
            self.turns += share * (turned - self.turns);
        }
        self.before = self.last;
        self.last = value;
        self.n = self.n.saturating_add(1);
    }

    /// Standard deviation of single epochs; none before six.
    pub(super) fn deviation(&self) -> Option<f64> {
        (self.n >= 6).then_some(self.bend / BEND_OF_NOISE)
    }

    /// Share of epochs at which the curve turned from up to down or back: two thirds for pure noise.
    pub(super) fn turns(&self) -> f64 {
        self.turns
    }
}

/// Epochs over which a course is judged.
const STRETCH: usize = 10;

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 3;

/// Training so far: its level, how that moved, and how far it has come.
pub(super) struct Course {
    raw: Recent,
    levels: Recent,
    wobble: Wobble,
    answers: Answers,
    first: Option<f64>,
    /// The highest single epoch and the lowest level, with its epoch.
    pub(super) highest: f64,
    pub(super) best: f64,
    pub(super) best_epoch: u64,
    /// The highest single epoch since then.
    pub(super) top: f64,
    pub(super) level: f64,
    pub(super) guessing: f64,
    /// Share of the way from guessing to perfect, by the loss alone and by the kindest of all measures.
    pub(super) skill_by_loss: f64,
    pub(super) skill: f64,
    pub(super) epochs: usize,
}

impl Default for Course {
    fn default() -> Self {
        Self {
            raw: Recent::new(SMOOTHED),
            levels: Recent::new(STRETCH + 1),
            wobble: Wobble::default(),
            answers: Answers::default(),
            first: None,
            highest: f64::NEG_INFINITY,
            best: f64::INFINITY,
            best_epoch: 0,
            top: f64::NEG_INFINITY,
            level: 0.0,
            guessing: 0.0,
            skill_by_loss: 0.0,
            skill: 0.0,
            epochs: 0,
        }
    }
}

impl Course {
    /// Takes in an epoch; says false, and forgets it, where the training loss is no finite number.
    pub(super) fn push(&mut self, context: &Context, row: &EpochRow) -> bool {
        if !row.train_loss.is_finite() {
            return false;
        }
        self.raw.push(row.train_loss);
        self.wobble.push(row.train_loss);
        self.answers.push(row);
        self.level = self.raw.median_of_last(SMOOTHED).unwrap_or(row.train_loss);
        self.levels.push(self.level);
        self.guessing = guessing(context, *self.first.get_or_insert_with(|| first_loss(row)));
        if let Some(it) = self.answers.loss_of_guessing(row).filter(|_| !knows_guessing(context)) {
            self.guessing = self.guessing.min(it);
        }
        self.highest = self.highest.max(row.train_loss);
        self.top = self.top.max(row.train_loss);
        if self.level < self.best {
            (self.best, self.best_epoch, self.top) = (self.level, row.epoch, row.train_loss);
        }
        self.skill_by_loss = 1.0 - self.level / self.guessing;
        self.skill = skill_by_metrics(context, row, &self.answers).max(self.skill_by_loss);
        self.epochs += 1;
        true
    }

    /// The level so many epochs ago, at most ten.
    pub(super) fn level_back(&self, back: usize) -> Option<f64> {
        self.levels.back(back)
    }

    /// The fall of the level over ten epochs as a share of it, negative for a rise; none before that.
    pub(super) fn fall(&self) -> Option<f64> {
        self.level_back(STRETCH).map(|before| (before - self.level) / self.scale())
    }

    /// Deviation of single epochs as a share of the level; 0 while there are too few.
    pub(super) fn jitter(&self) -> f64 {
        self.wobble.deviation().unwrap_or(0.0) / self.scale()
    }

    pub(super) fn turns(&self) -> f64 {
        self.wobble.turns()
    }

    fn scale(&self) -> f64 {
        self.level.abs().max(f64::MIN_POSITIVE)
    }
}

/// Words with their evidence in the order given.
pub(super) fn with_evidence(words: Words, evidence: impl IntoIterator<Item = (&'static str, Evidence)>) -> Words {
    Words { evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(), ..words }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, regression, run};

    #[test]
    fn the_wobble_of_noise_on_a_slope_is_its_deviation() {
        let mut noise = Noise::new(1);
        let (mut mean, mut turns) = (0.0, 0.0);
        for _ in 0..300 {
            let mut wobble = Wobble::default();
            (0..40).for_each(|epoch| wobble.push(10.0 - 0.001 * f64::from(epoch) + 0.1 * noise.normal()));
            mean += wobble.deviation().unwrap() / 300.0;
            turns += wobble.turns() / 300.0;
        }
        assert!((mean - 0.1).abs() < 0.01 && (turns - 2.0 / 3.0).abs() < 0.03, "{mean} {turns}");
    }

    #[test]
    fn a_smooth_curve_does_not_wobble_and_a_short_one_does_not_say() {
        let mut wobble = Wobble::default();
        for epoch in 0..30 {
            assert_eq!(wobble.deviation().is_some(), epoch >= 6);
            wobble.push(2.0 - 0.03 * f64::from(epoch));
        }
        assert!(wobble.deviation().unwrap() < 1e-9 && wobble.turns() < 1e-9);
    }

    #[test]
    fn a_single_leap_hardly_counts() {
        let mut noise = Noise::new(2);
        let mut wobble = Wobble::default();
        (0..40).for_each(|epoch| wobble.push(1.0 + 0.01 * noise.normal() + if epoch == 30 { 5.0 } else { 0.0 }));
        assert!(wobble.deviation().unwrap() < 0.03, "{wobble:?}");
    }

    #[test]
    fn skill_is_the_kindest_metric_and_usual_rates_are_the_optimizers() {
        let mut row = run(1, |_| (0.4, 0.4)).remove(0);
        let none = Answers::default();
        assert_eq!(skill_by_metrics(&binary(), &row, &none), 0.0);
        row.metrics.extend([("validation_accuracy".to_owned(), 0.6), ("validation_roc_auc".to_owned(), 0.9)]);
        assert!((skill_by_metrics(&binary(), &row, &none) - 0.8).abs() < 1e-12);
        assert_eq!(times_usual(&regression(), 0.01).map(f64::round), Some(10.0));
        assert_eq!(times_usual(&Context { knows_project: false, ..regression() }, 0.01), None);
    }
}
