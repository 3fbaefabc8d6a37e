//! Rule: the network is too simple for the pattern, or held back too much.
//!
//! ## What you see
//! Both curves run level and close together, not far below the line of always guessing the same.
//! ## Why it happens
//! Too few units or none that are hidden; weight decay or dropout that leave no room; or inputs that say little.
//! ## What to try
//! More units; less weight decay and dropout; other inputs.
//! ## Source
//! CS231n, neural networks 3: a small gap between the curves at a poor level means a model too small. Goodfellow,
//! Bengio & Courville 2016, section 5.2. That a level curve at the very height of guessing may as well be stuck, and
//! that a smooth way down to it speaks for a model that is done learning, is ours.

use super::answers::knows_skill;
use super::curves::{Course, guessing, times_usual, validation_error, validation_loss, with_evidence};
use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Severity};
use crate::spec::{ModelSpec, OptimizerSpec, Project};

pub(super) const UNDERFITTING: Rule = Rule {
    id: "underfitting",
    label: "Underfitting",
    about: "Both curves run level near guessing: the network is too simple or held back.",
    needs: &[Need::TrainLoss, Need::ValidationLoss],
    explains: &["plateau", "still-improving", "noisy-validation", "validation-below-train"],
    make: |context| {
        Box::new(Underfitting {
            skill: context.threshold("underfitting.skill"),
            gap: context.threshold("underfitting.gap"),
            hindrance: hindrance(context),
            course: Course::default(),
            validation: Recent::new(SMOOTHED),
            first: None,
            highest_rate: 0.0,
            from_epoch: None,
            now: Now::default(),
        })
    },
};

/// Epochs whose median stands for the present one.
const SMOOTHED: usize = 5;

/// Movement of the training loss over ten epochs, as a share of it, up to which it is level.
const LEVEL: f64 = 0.01;

/// The same, and so many epochs on end, where nothing in the project is known to hold the network back: some patterns,
/// such as spirals, are found only after a long level beginning.
const LEVEL_UNEXPLAINED: f64 = 0.005;
const PATIENCE_UNEXPLAINED: u32 = 6;

/// Jitter of the training loss, as a share of it, that steps too large make; small ones make none.
const BOUNCING: f64 = 0.02;

/// Skill below which a network without a known hindrance is stuck rather than done learning.
const NO_SKILL: f64 = 0.03;

/// How far below the first epoch the level must lie, as a share of guessing, to be the end of a way down.
const CAME_DOWN: f64 = 0.03;

/// The skill that is too little where the project shows what holds the network back, in multiples of the threshold.
const WITH_HINDRANCE: f64 = 1.5;

/// Learning rates this many times above or below the usual one explain a poor level better.
const FAR_ABOVE: f64 = 27.0;
const FAR_BELOW: f64 = 9.0;

/// A learning rate below this share of its highest has itself brought training to rest.
const DECAYED: f64 = 0.1;

/// Units of a hidden layer below which it is a bottleneck.
const FEW_UNITS: u64 = 4;

/// Weight decay and dropout that hold a network back.
const MUCH_DECAY: f64 = 0.03;
const MUCH_DECAY_APART: f64 = 3.0;
const MUCH_DROPOUT: f64 = 0.6;

struct Underfitting {
    skill: f64,
    gap: f64,
    hindrance: Option<Hindrance>,
    course: Course,
    validation: Recent,
    first: Option<f64>,
    highest_rate: f64,
    from_epoch: Option<u64>,
    now: Now,
}

/// What in the project holds the network back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hindrance {
    NoHiddenLayers,
    FewUnits,
    WeightDecay,
    Dropout,
}

#[derive(Clone, Copy, Default)]
struct Now {
    validation: f64,
    fall: f64,
    gap: f64,
    gap_threshold: f64,
    skill_threshold: f64,
}

impl Observer for Underfitting {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        let Some(validation) = validation_loss(context, row) else {
            return Look::Unclear;
        };
        if !self.course.push(context, row) {
            return Look::Unclear;
        }
        self.validation.push(validation);
        self.highest_rate = self.highest_rate.max(row.learning_rate);
        let course = &self.course;
        let first = *self.first.get_or_insert(row.train_loss);
        let (Some(fall), Some(validation)) = (course.fall(), self.validation.median_of_last(SMOOTHED)) else {
            return Look::Unclear;
        };
        let ease = if standing { 1.5 } else { 1.0 };
        let error = validation_error(row).unwrap_or(0.0);
        let gap = validation - course.level;
        let gap_threshold = (self.gap * course.level).max(2.0 * error);
        let skill_threshold = self.skill * if self.hindrance.is_some() { WITH_HINDRANCE } else { 1.0 };
        self.now = Now { validation, fall, gap, gap_threshold, skill_threshold };

        // Validation rows are another draw: where a few rule the loss they may lie a good deal lower or higher.
        let runs_together = gap < gap_threshold.max(0.05 * course.guessing) * ease;
        let level = if self.hindrance.is_some() { LEVEL } else { LEVEL_UNEXPLAINED };
        let is_level = fall.abs() < (ease * level).max(course.jitter());
        let rate_is_usual =
            times_usual(context, row.learning_rate).is_none_or(|it| it < FAR_ABOVE && it > 1.0 / FAR_BELOW);
        let has_decayed = row.learning_rate < DECAYED * self.highest_rate && !standing;
        let rate_is_usual = rate_is_usual && !has_decayed;
        let came_down = first - course.level > CAME_DOWN * guessing(context, first) && course.skill > NO_SKILL;
        let has_learned_all = self.hindrance.is_some() || came_down;
        let skill = course.skill.max(1.0 - validation / course.guessing);
        let is_poor = skill < ease.min(1.2) * skill_threshold && course.level < 1.1 * course.guessing;
        // A run that begins with trained weights, or learns most in its first epoch, is level near its first loss, too.
        let is_poor = is_poor && knows_skill(context, row);
        if !(is_poor && is_level && runs_together && rate_is_usual && has_learned_all && course.jitter() < BOUNCING) {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(10).max(1));
        Look::Seen { severity: Severity::Warning, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let (course, now, project) = (&self.course, self.now, &context.project);
        let why = match self.hindrance {
            Some(Hindrance::NoHiddenLayers) => "a network without hidden layers, too simple for the pattern",
            Some(Hindrance::FewUnits) => "a network of too few units for the pattern",
            Some(Hindrance::WeightDecay) => "weight decay that leaves the weights no room",
            Some(Hindrance::Dropout) => "dropout that silences too many units",
            None => "a network too simple for the pattern, or inputs that say little about the target",
        };
        let loosen = [remedy::no_weight_decay(project), remedy::no_dropout(project)];
        let grow = remedy::larger(project);
        let [decay, dropout] = loosen;
        let remedies = match self.hindrance {
            Some(Hindrance::WeightDecay) => [decay, dropout, grow],
            Some(Hindrance::Dropout) => [dropout, decay, grow],
            Some(Hindrance::NoHiddenLayers | Hindrance::FewUnits) | None => [grow, decay, dropout],
        };
        let words = Words {
            text: format!(
                "Training loss, at {}, and validation loss, at {}, run level together and have covered {} of the way from guessing to a fit. This is consistent with {why}.",
                number(course.level),
                number(now.validation),
                percent(course.skill.max(0.0)),
            ),
            formula: format!(
                "loss taken from guessing = 1 - {} / {} = {}, or {} by the kindest metric, below {}; gap {} of at most {}",
                number(course.level),
                number(course.guessing),
                percent(course.skill_by_loss),
                percent(course.skill),
                percent(now.skill_threshold),
                number(now.gap),
                number(now.gap_threshold),
            ),
            rival: "Inputs that say no more about the target look the same however large the network; then a larger one would gain in training only.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
            ..Words::default()
        };
        let evidence = [
            ("skill", against(course.skill, now.skill_threshold)),
            ("gap", against(now.gap, now.gap_threshold)),
            ("improvement", against(now.fall, LEVEL)),
            ("train_loss", measured(course.level)),
            ("validation_loss", measured(now.validation)),
        ];
        with_evidence(words, evidence)
    }

    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: if self.hindrance.is_some() { 3 } else { PATIENCE_UNEXPLAINED }, leave: 3 }
    }

    fn farewell(&self) -> String {
        format!("Training loss has moved on, to {}.", number(self.course.level))
    }
}

/// What in a known project is likely to hold its network back, the surest first.
fn hindrance(context: &Context) -> Option<Hindrance> {
    if !context.knows_project {
        return None;
    }
    let (hidden, dropout) = match &context.project.model {
        ModelSpec::Linear => return Some(Hindrance::NoHiddenLayers),
        ModelSpec::Mlp(it) => (&it.hidden, it.dropout),
        ModelSpec::Cnn(it) => (&it.hidden, it.dropout),
    };
    if has_much_decay(&context.project) {
        Some(Hindrance::WeightDecay)
    } else if hidden.iter().any(|it| *it < FEW_UNITS) {
        Some(Hindrance::FewUnits)
    } else {
        (dropout >= MUCH_DROPOUT).then_some(Hindrance::Dropout)
    }
}

fn has_much_decay(project: &Project) -> bool {
    match &project.optimizer {
        OptimizerSpec::Sgd(it) => it.weight_decay >= MUCH_DECAY,
        OptimizerSpec::Adagrad(it) => it.weight_decay >= MUCH_DECAY,
        OptimizerSpec::Rmsprop(it) => it.weight_decay >= MUCH_DECAY,
        OptimizerSpec::Adam(it) => it.weight_decay >= MUCH_DECAY,
        OptimizerSpec::Adamw(it) => it.weight_decay >= MUCH_DECAY_APART,
        OptimizerSpec::Lion(it) => it.weight_decay >= MUCH_DECAY_APART,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, told};
    use crate::run::FindingRow;

    fn underfitting(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("underfitting", context, rows)
    }

    /// Settles at `level`, with the validation loss `gap` above.
    fn settling(level: f64, gap: f64) -> Vec<EpochRow> {
        let mut noise = Noise::new(3);
        run(50, |epoch| {
            let loss = level + 0.3 * (-epoch / 2.0).exp();
            (loss * (1.0 + 0.001 * noise.normal()), loss + gap)
        })
    }

    fn with(setting: &str) -> Context {
        let mut context = regression();
        context.project.set(setting).unwrap();
        context
    }

    #[test]
    fn a_model_without_hidden_layers_near_guessing_is_told_and_layers_offered() {
        let told = underfitting(&with("model=linear"), &settling(0.97, 0.01));
        assert_eq!(told[0].severity, Severity::Warning);
        assert!((12..=25).contains(&told[0].epoch), "{}", told[0].epoch);
        assert!(told[0].text.contains("without hidden layers"), "{}", told[0].text);
        assert_eq!(told[0].remedies[0].label, "A network with hidden layers");
    }

    #[test]
    fn what_holds_a_network_back_is_named_and_taken_away_first() {
        for (setting, words, remedy) in [
            ("optimizer.weight_decay=0.3", "weight decay", "No weight decay"),
            ("model.dropout=0.8", "dropout", "No dropout"),
            ("model.hidden=[2]", "too few units", "Larger hidden layers"),
        ] {
            let told = underfitting(&with(setting), &settling(0.8, 0.01));
            assert!(told[0].text.contains(words), "{}", told[0].text);
            assert_eq!(told[0].remedies[0].label, remedy);
        }
    }

    #[test]
    fn a_gap_or_skill_or_a_fall_is_no_underfitting() {
        let linear = with("model=linear");
        assert!(underfitting(&linear, &settling(0.8, 0.4)).is_empty(), "a gap");
        assert!(!underfitting(&linear, &settling(0.6, 0.01)).is_empty(), "40 % of the way, for a linear model");
        assert!(underfitting(&linear, &settling(0.5, 0.01)).is_empty(), "half the way");
        assert!(underfitting(&regression(), &settling(0.65, 0.01)).is_empty(), "35 % with nothing to blame");
        assert!(!underfitting(&regression(), &settling(0.75, 0.01)).is_empty());
        let falling = run(50, |epoch| (0.95 * 0.99_f64.powf(epoch), 0.95 * 0.99_f64.powf(epoch)));
        assert!(underfitting(&linear, &falling).is_empty());
    }

    #[test]
    fn one_that_never_came_down_or_has_an_odd_rate_is_stuck_and_not_underfitting() {
        let mut context = regression();
        assert!(underfitting(&context, &run(50, |_| (1.0, 1.0))).is_empty());
        context.project.learning_rate = 1e-6;
        let mut rows = settling(0.8, 0.01);
        for row in &mut rows {
            row.learning_rate = 1e-6;
        }
        assert!(underfitting(&context, &rows).is_empty());
    }

    #[test]
    fn a_metric_that_shows_skill_and_healthy_and_short_runs_acquit() {
        let mut rows = settling(0.55, 0.01);
        for row in &mut rows {
            row.metrics.insert("validation_roc_auc".to_owned(), 0.9);
        }
        assert!(underfitting(&binary(), &rows).is_empty());
        for seed in 0..40 {
            assert!(underfitting(&regression(), &healthy(seed, 100)).is_empty(), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            let mut context = binary();
            context.baseline.insert("loss".to_owned(), if name == "churn" { 0.578 } else { 1.0 });
            let told = underfitting(&context, &rows);
            assert!(told.is_empty() || name == "churn", "{name}");
        }
        assert!(underfitting(&with("model=linear"), &settling(0.97, 0.01)[..12]).is_empty());
    }
}
