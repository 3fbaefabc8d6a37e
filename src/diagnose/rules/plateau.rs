//! Rule: the training loss has stopped moving.
//!
//! ## What you see
//! The training curve runs level. Near the line of always guessing the same, training is stuck; far below it,
//! training may simply be done.
//! ## Why it happens
//! Stuck: steps too small to get anywhere, or so large that they jump across the valley or have killed the
//! units; a network too simple for the pattern; or no pattern. Done: what can be learned has been.
//! ## What to try
//! Three times and a third of the learning rate: whichever moves the loss names the cause.
//! ## Source
//! SageMaker Debugger's `LossNotDecreasing` (less than 0.1 % in 10 steps), over epochs and at least a hundred
//! updates, with medians for its two single points. CS231n, neural networks 3, for the shapes of too low and
//! too high a rate. PyTorch's `ReduceLROnPlateau` for a plateau as a lack of relative improvement. That a
//! level curve is no fault when the loss is good is ours: none of them asks where the curve runs level.

use crate::diagnose::Context;
use crate::diagnose::remedy::{self, Rate};
use crate::diagnose::rule::{Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::{Recent, median};
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, Remedy, Severity};
use crate::spec::{ModelSpec, OptimizerSpec, ScheduleKind, Task};

pub(super) const PLATEAU: Rule = Rule {
    id: "plateau",
    label: "Plateau",
    about: "Training loss has stopped improving: stuck near guessing, or settled.",
    needs: &[Need::TrainLoss],
    explains: &[],
    make: |context| Box::new(Plateau::new(context)),
};

/// The least improvement over a stretch that counts as one, as a share of the loss.
const LEAST_FALL: f64 = 0.001;

/// The same below `STUCK_SKILL`: at this pace a tenth of the way takes two hundred epochs.
const LEAST_FALL_WHEN_STUCK: f64 = 0.005;

/// The same below `NO_SKILL`: a blown-up network whose loss creeps back to that of guessing learns nothing by it.
/// And what it takes for a stuck run to count as free.
const LEAST_FALL_WITHOUT_SKILL: f64 = 0.02;

/// A rise over a stretch that is no plateau but something worse.
const MOST_RISE: f64 = 0.02;

/// Epochs of a stretch, and the updates it must hold: with one update an epoch ten epochs are nothing.
const STRETCH_EPOCHS: usize = 10;
const STRETCH_UPDATES: u64 = 100;

/// Pairs of epochs a stretch apart whose median improvement counts.
const PAIRS: usize = 5;

/// Below this share of the way from guessing to perfect, nothing has been learned to speak of.
const STUCK_SKILL: f64 = 0.1;

/// Below this share, the run is no better than guessing.
const NO_SKILL: f64 = 0.01;

/// Training rows are another sample than the validation rows the baseline was measured on, and where a few rows
/// rule the loss, their mean losses differ by a third. Only above this share does a training loss prove skill.
const PROVEN_BY_TRAIN_LOSS: f64 = 0.5;

/// Above this share, there is nothing left to say.
const EXCELLENT_SKILL: f64 = 0.95;

/// Jitter of the training loss, as a share of it, that steps too large make. Too small ones make none: the same
/// rows come in every epoch.
const BOUNCING: f64 = 0.01;

/// Jitter above which a level curve is better called bouncing.
const BOUNCING_HARD: f64 = 0.05;

/// A settled run whose loss was this much lower before has not converged, but been thrown out.
const ABOVE_ITS_BEST: f64 = 1.1;

/// A loss this many times that of guessing takes steps that made things worse.
const WORSE_THAN_GUESSING: f64 = 1.05;
const BLOWN_UP: f64 = 3.0;

/// How far from the optimizer's usual learning rate is suspicious: for those that scale each weight's step, the
/// rate is the step; for plain SGD the slope matters as well.
const SUSPICIOUS_SCALED: f64 = 9.0;
const SUSPICIOUS_PLAIN: f64 = 90.0;

/// A schedule that has brought the learning rate below this share of its highest has stopped training itself.
const DECAYED: f64 = 0.1;

struct Plateau {
    /// Epochs of a stretch for this run.
    stretch: usize,
    train: Recent,
    /// The first epoch's loss, and the highest since.
    first: Option<f64>,
    highest: f64,
    /// The lowest level so far.
    lowest: f64,
    highest_rate: f64,
    from_epoch: Option<u64>,
    was_standing: bool,
    now: Now,
}

/// The last look's numbers.
#[derive(Clone, Copy, Default)]
struct Now {
    level: f64,
    validation: Option<f64>,
    /// Improvement over a stretch, as a share of the loss.
    fall: f64,
    /// Standard deviation of single epochs, as a share of the loss.
    jitter: f64,
    /// Share of the way from guessing to perfect.
    skill: f64,
    learning_rate: f64,
    gradient_norm: Option<f64>,
    is_stuck: bool,
    /// The improvement below which it counts as level.
    least_fall: f64,
}

/// What a stuck run looks most like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    TooHigh,
    TooLow,
    Decayed,
    TooSimple,
    Unclear,
}

impl Plateau {
    fn new(context: &Context) -> Self {
        let stretch = (STRETCH_UPDATES.div_ceil(context.steps_per_epoch.max(1)) as usize).max(STRETCH_EPOCHS);
        Self {
            stretch,
            train: Recent::new(2 * stretch + PAIRS),
            first: None,
            highest: f64::NEG_INFINITY,
            lowest: f64::INFINITY,
            highest_rate: 0.0,
            from_epoch: None,
            was_standing: false,
            now: Now::default(),
        }
    }

    /// Median improvement over a stretch of so many epochs; none while the run is too short.
    fn fall_over(&self, stretch: usize) -> Option<f64> {
        self.train.back(stretch + PAIRS - 1)?;
        let pair = |k: usize| Some(self.train.back(stretch + k)? - self.train.back(k)?);
        median((0..PAIRS).filter_map(pair))
    }
}

impl Observer for Plateau {
    fn epoch(&mut self, context: &Context, row: &EpochRow, standing: bool) -> Look {
        if std::mem::replace(&mut self.was_standing, standing) && !standing {
            // What stood was cleared: the next one begins anew.
            self.from_epoch = None;
        }
        if !row.train_loss.is_finite() {
            return Look::Unclear;
        }
        self.train.push(row.train_loss);
        self.first.get_or_insert(row.train_loss);
        self.highest = self.highest.max(row.train_loss);
        self.highest_rate = self.highest_rate.max(row.learning_rate);
        let (Some(fall), Some(level), Some(jitter)) =
            (self.fall_over(self.stretch), self.train.median_of_last(PAIRS), self.train.jitter())
        else {
            return Look::Unclear;
        };
        self.lowest = self.lowest.min(level);
        let scale = level.abs().max(f64::MIN_POSITIVE);
        let (fall, jitter) = (fall / scale, jitter / scale);
        let validation =
            (context.validation_rows > 0 && row.validation_loss.is_finite()).then_some(row.validation_loss);
        let skill = self.skill(context, row, level, validation);
        let is_stuck = skill < STUCK_SKILL;
        let least_fall = if skill < NO_SKILL || (is_stuck && standing) {
            LEAST_FALL_WITHOUT_SKILL
        } else if is_stuck {
            LEAST_FALL_WHEN_STUCK
        } else {
            LEAST_FALL
        };
        self.now = Now {
            level,
            validation,
            fall,
            jitter,
            skill,
            learning_rate: row.learning_rate,
            gradient_norm: row.gradient_norm,
            is_stuck,
            least_fall,
        };

        // The median of five differences spreads by 0.76 of one epoch's noise. Within twice that, no movement can be
        // told from none: enough where the run is stuck, and enough to let a finding stand. Where the run may just be
        // slow, more evidence is asked for.
        let noise = 2.0 * 0.76 * jitter;
        let has_level = if is_stuck || standing {
            fall < least_fall.max(noise)
        } else {
            fall < least_fall && self.is_level_for_long(scale)
        };
        let is_level = has_level && fall > -MOST_RISE.max(noise);
        if skill > EXCELLENT_SKILL || !is_level {
            if !standing {
                self.from_epoch = None;
            }
            return Look::Absent;
        }
        let from_epoch = *self.from_epoch.get_or_insert(row.epoch.saturating_sub(self.stretch as u64).max(1));
        let severity = if is_stuck { Severity::Warning } else { Severity::Info };
        Look::Seen { severity, grade: 0, from_epoch }
    }

    fn words(&self, context: &Context) -> Words {
        let now = self.now;
        let mut evidence = vec![
            ("improvement", against(now.fall, now.least_fall)),
            ("skill", against(now.skill, STUCK_SKILL)),
            ("learning_rate", measured(now.learning_rate)),
        ];
        evidence.push(("train_loss", measured(now.level)));
        evidence.extend(context.baseline.get("loss").map(|it| ("baseline_loss", measured(*it))));
        evidence.extend(now.gradient_norm.map(|it| ("gradient_norm", measured(it))));
        let (text, rival, remedies) = if now.is_stuck { self.stuck(context) } else { self.settled(context) };
        Words {
            text,
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula: format!(
                "fall of the training loss over {} epochs = {}, at most {}; loss taken from guessing = {}",
                self.stretch,
                number(now.fall),
                number(now.least_fall),
                percent(now.skill)
            ),
            rival,
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        let from = self.from_epoch.unwrap_or_default();
        let moved = if self.now.fall > 0.0 { "has come down" } else { "has gone up" };
        format!("Training loss {moved} to {}, after having been level from epoch {from} on.", number(self.now.level))
    }
}

impl Plateau {
    /// Whether it has been level for two stretches, too.
    fn is_level_for_long(&self, scale: f64) -> bool {
        self.fall_over(2 * self.stretch).is_some_and(|fall| fall / scale < LEAST_FALL)
    }

    /// How much of the way from always guessing the same to perfect has been covered, by the loss or, where that is
    /// kinder, by a metric: an imbalanced data set can be learned while its accuracy stays that of guessing.
    fn skill(&self, context: &Context, row: &EpochRow, level: f64, validation: Option<f64>) -> f64 {
        let guessing = self.guessing(context);
        let covered = |loss: f64| guessing.map(|it| 1.0 - loss / it);
        let by_train_loss = covered(level).filter(|it| *it > PROVEN_BY_TRAIN_LOSS || validation.is_none());
        let by_metric = ["r2", "accuracy", "balanced_accuracy", "roc_auc"].into_iter().filter_map(|key| {
            let measured =
                row.metrics.get(&format!("train_{key}")).or_else(|| row.metrics.get(&format!("validation_{key}")))?;
            let guessing = context.baseline.get(key).filter(|it| **it < 1.0)?;
            Some((measured - guessing) / (1.0 - guessing))
        });
        let shares = by_train_loss.into_iter().chain(validation.and_then(covered)).chain(by_metric);
        shares.filter(|it| it.is_finite()).fold(0.0, f64::max)
    }

    /// The loss of always guessing the same; the first epoch's where nobody measured it.
    fn guessing(&self, context: &Context) -> Option<f64> {
        let measured = context.baseline.get("loss").copied().filter(|it| it.is_finite());
        measured.or(self.first).filter(|it| *it > 0.0)
    }

    fn cause(&self, context: &Context) -> Cause {
        let now = self.now;
        let guessing = self.guessing(context).unwrap_or(f64::INFINITY);
        let optimizer = &context.project.optimizer;
        let suspicious = match optimizer {
            OptimizerSpec::Sgd(_) => SUSPICIOUS_PLAIN,
            OptimizerSpec::Adagrad(_)
            | OptimizerSpec::Rmsprop(_)
            | OptimizerSpec::Adam(_)
            | OptimizerSpec::Adamw(_)
            | OptimizerSpec::Lion(_) => SUSPICIOUS_SCALED,
        };
        let times_usual = remedy::base_rate(context, now.learning_rate) / optimizer.usual_learning_rate();
        // Reduce on plateau lowers the rate because the loss is level, not the other way round.
        let may_cause = !matches!(context.project.schedule.kind, ScheduleKind::Plateau(_));
        let is_wild = now.jitter > BOUNCING
            || now.validation.unwrap_or(now.level) > WORSE_THAN_GUESSING * guessing
            || self.highest > BLOWN_UP * guessing;
        if may_cause && now.learning_rate < DECAYED * self.highest_rate {
            Cause::Decayed
        } else if times_usual > suspicious {
            Cause::TooHigh
        } else if times_usual < 1.0 / suspicious {
            Cause::TooLow
        } else if context.project.model == ModelSpec::Linear {
            Cause::TooSimple
        } else if is_wild {
            Cause::TooHigh
        } else {
            Cause::Unclear
        }
    }

    fn stuck(&self, context: &Context) -> (String, String, Vec<Option<Remedy>>) {
        let now = self.now;
        let cause = self.cause(context);
        let rate = number(if cause == Cause::Decayed {
            now.learning_rate
        } else {
            remedy::base_rate(context, now.learning_rate)
        });
        let why = match cause {
            Cause::TooHigh => format!(
                "a learning rate of {rate} that is too high: steps jump across the valley, or have killed the units"
            ),
            Cause::TooLow => format!("a learning rate of {rate} that is too low to get anywhere"),
            Cause::Decayed => format!("a learning rate that has been brought down to {rate} too soon"),
            Cause::TooSimple => "a network without hidden layers that is too simple for the pattern".to_owned(),
            Cause::Unclear => format!("a learning rate of {rate} that does not suit this network, too high or too low"),
        };
        let guess = if context.task == Task::Regression {
            "guessing the mean"
        } else {
            "guessing by the shares of the classes"
        };
        let beside = match (now.validation, context.baseline.get("loss")) {
            (Some(validation), Some(guessing)) => {
                let relation =
                    if validation > WORSE_THAN_GUESSING * guessing { "worse than" } else { "hardly better than" };
                format!(
                    ", and validation loss, at {}, is {relation} the {} of {guess}",
                    number(validation),
                    number(*guessing)
                )
            }
            (Some(_) | None, _) => String::new(),
        };
        let how = if now.jitter > BOUNCING_HARD { "has bounced around" } else { "has been stuck at" };
        let text = format!(
            "Training loss {how} {} since epoch {}{beside}. This is consistent with {why}.",
            number(now.level),
            self.from_epoch.unwrap_or_default()
        );
        (text, rival(cause), self.ways_out(context, cause))
    }

    fn ways_out(&self, context: &Context, cause: Cause) -> Vec<Option<Remedy>> {
        let times_usual =
            remedy::base_rate(context, self.now.learning_rate) / context.project.optimizer.usual_learning_rate();
        let rate = |it: Rate| remedy::learning_rate(context, self.now.learning_rate, it);
        // A third of a rate that is a thousand times too high would settle nothing.
        let lower =
            if times_usual > SUSPICIOUS_SCALED { remedy::usual_learning_rate(context) } else { rate(Rate::Third) };
        let higher = if times_usual < 1.0 / SUSPICIOUS_SCALED {
            remedy::usual_learning_rate(context)
        } else {
            rate(Rate::Triple)
        };
        match cause {
            Cause::TooHigh if times_usual > SUSPICIOUS_SCALED => vec![lower],
            Cause::TooLow => vec![higher],
            Cause::TooHigh | Cause::Unclear => vec![lower, higher],
            Cause::Decayed => vec![remedy::constant_schedule(&context.project), higher],
            Cause::TooSimple => vec![remedy::hidden_layers(&context.project), higher, lower],
        }
    }

    fn settled(&self, context: &Context) -> (String, String, Vec<Option<Remedy>>) {
        const TOO_LARGE: &str = "Steps too large to settle any deeper look the same; at a third of the learning rate the loss would fall on.";
        let now = self.now;
        let smaller_steps = remedy::learning_rate(context, now.learning_rate, Rate::Third);
        let (why, rival, remedy) = if now.learning_rate < DECAYED * self.highest_rate {
            let why = format!("a learning rate that has been brought down to {}", number(now.learning_rate));
            (why, "A run that has converged looks the same.", None)
        } else if now.jitter > BOUNCING_HARD || now.level > ABOVE_ITS_BEST * self.lowest {
            (
                format!("steps too large to settle any deeper, at a learning rate of {}", number(now.learning_rate)),
                "A run that has converged on noisy data looks the same.",
                smaller_steps,
            )
        } else {
            ("a run that has converged: more epochs would change little".to_owned(), TOO_LARGE, smaller_steps)
        };
        let text = format!(
            "Training loss has been level at {} since epoch {}, with {} of the way from guessing to a perfect fit covered. This is consistent with {why}.",
            number(now.level),
            self.from_epoch.unwrap_or_default(),
            percent(now.skill),
        );
        (text, rival.to_owned(), vec![remedy])
    }
}

fn rival(cause: Cause) -> String {
    let rival = match cause {
        Cause::TooHigh => {
            "A rate that is too low looks the same after a bad start; so do inputs that say nothing about the target."
        }
        Cause::TooLow | Cause::Decayed => {
            "Inputs that say nothing about the target look the same at any learning rate."
        }
        Cause::TooSimple => {
            "A learning rate that is far too low or too high looks the same; so do inputs that say nothing about the target."
        }
        Cause::Unclear => {
            "Which of the two, one run with a third and one with three times the rate would tell. Inputs that say nothing about the target look the same."
        }
    };
    rival.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{Noise, binary, healthy, recorded, regression, run, states, told, worst};
    use crate::run::{FindingRow, FindingState};
    use crate::spec::Project;

    /// A run that gets nowhere: level at `level`, with noise.
    fn level_at(level: f64, noise: f64, learning_rate: f64) -> Vec<EpochRow> {
        let mut draw = Noise::new(5);
        let mut rows = run(40, |_| (level * (1.0 + noise * draw.normal()), level));
        for row in &mut rows {
            row.learning_rate = learning_rate;
        }
        rows
    }

    fn plateau(context: &Context, rows: &[EpochRow]) -> Vec<FindingRow> {
        told("plateau", context, rows)
    }

    #[test]
    fn stuck_at_guessing_is_a_warning_that_names_the_likelier_cause() {
        let cases = [
            (
                level_at(1.0, 0.0, 0.001),
                "too high or too low",
                vec!["Learning rate 0.00033, a third", "Learning rate 0.003, three times as much"],
            ),
            (level_at(1.0, 0.0, 1e-8), "too low", vec!["Learning rate 0.001, usual for Adam"]),
            (level_at(1.0, 0.0, 0.5), "too high", vec!["Learning rate 0.001, usual for Adam"]),
            (
                level_at(1.0, 0.02, 0.003),
                "too high",
                vec!["Learning rate 0.001, a third", "Learning rate 0.009, three times as much"],
            ),
            (
                level_at(1.3, 0.2, 0.003),
                "has bounced around",
                vec!["Learning rate 0.001, a third", "Learning rate 0.009, three times as much"],
            ),
        ];
        for (rows, words, remedies) in cases {
            let mut context = regression();
            context.project.learning_rate = rows[0].learning_rate;
            let told = plateau(&context, &rows);
            assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Warning), "{words}");
            assert!(
                told[0].epoch <= 20 && told[0].from_epoch <= 10,
                "{words}: {} {}",
                told[0].epoch,
                told[0].from_epoch
            );
            assert!(told[0].text.contains(words) && told[0].text.contains("consistent with"), "{}", told[0].text);
            assert_eq!(told[0].remedies.iter().map(|it| it.label.as_str()).collect::<Vec<_>>(), remedies);
        }
    }

    #[test]
    fn house_prices_with_units_killed_in_the_first_epoch_are_stuck() {
        let mut context = regression();
        context.baseline.insert("loss".to_owned(), 0.7987);
        context.project.learning_rate = 0.1;
        let told = plateau(&context, &recorded::house_prices_stalled());
        assert_eq!(states(&told)[..1], [FindingState::Raised]);
        assert_eq!((told[0].severity, told[0].epoch), (Severity::Warning, 17));
        assert!(told[0].text.contains("0.1 that is too high"), "{}", told[0].text);
        assert!(!states(&told).contains(&FindingState::Cleared));
    }

    #[test]
    fn a_healthy_run_earns_an_info_at_most() {
        for seed in 0..20 {
            assert!(worst(&plateau(&regression(), &healthy(seed, 120))) <= Some(Severity::Info), "seed {seed}");
        }
        for (name, rows) in recorded::healthy() {
            assert!(worst(&plateau(&regression(), &rows)) <= Some(Severity::Info), "{name}");
        }
    }

    #[test]
    fn converged_says_so_and_excellent_says_nothing() {
        let falling_to = |floor: f64| run(80, |epoch| (floor + (-epoch / 3.0).exp(), floor + (-epoch / 3.0).exp()));
        let told = plateau(&regression(), &falling_to(0.3));
        assert_eq!((told[0].state, told[0].severity), (FindingState::Raised, Severity::Info));
        assert!(told[0].text.contains("converged") && told[0].text.contains("70 %"), "{}", told[0].text);
        assert!(plateau(&regression(), &falling_to(0.01)).is_empty());
    }

    #[test]
    fn an_imbalanced_data_set_that_is_learned_is_not_stuck() {
        let mut rows = run(60, |_| (0.31, 0.32));
        for row in &mut rows {
            row.metrics.insert("validation_accuracy".to_owned(), 0.9);
            row.metrics.insert("validation_roc_auc".to_owned(), 0.85);
        }
        let mut context = binary();
        context.baseline.extend([("loss".to_owned(), 0.325), ("accuracy".to_owned(), 0.9)]);
        assert_eq!(worst(&plateau(&context, &rows)), Some(Severity::Info));
    }

    #[test]
    fn too_short_or_falling_is_silent() {
        assert!(plateau(&regression(), &level_at(1.0, 0.0, 0.001)[..14]).is_empty());
        let slow = run(100, |epoch| (0.997_f64.powf(epoch), 0.997_f64.powf(epoch)));
        assert!(plateau(&regression(), &slow).is_empty());
        assert!(
            plateau(&regression(), &run(40, |epoch| (1.02_f64.powf(epoch), 1.0))).is_empty(),
            "rising is another rule's"
        );
    }

    #[test]
    fn it_clears_when_the_loss_breaks_free() {
        let mut noise = Noise::new(2);
        let rows = run(80, |epoch| {
            let loss = if epoch < 40.0 { 0.69 } else { 0.69 * (-(epoch - 40.0) / 10.0).exp() };
            (loss * (1.0 + 0.002 * noise.normal()), loss)
        });
        let told = plateau(&binary(), &rows);
        assert_eq!(
            (told.first().map(|it| it.state), told.last().map(|it| it.state)),
            (Some(FindingState::Raised), Some(FindingState::Cleared))
        );
        assert!(told.last().is_some_and(|it| it.epoch < 50 && it.text.contains("has come down")), "{told:?}");
    }

    #[test]
    fn with_one_update_an_epoch_a_stretch_is_a_hundred_epochs() {
        let context = Context { steps_per_epoch: 1, ..regression() };
        let creeping = run(600, |epoch| (0.9995_f64.powf(epoch), 0.9995_f64.powf(epoch)));
        assert!(plateau(&context, &creeping).is_empty());
        assert_eq!(plateau(&context, &run(130, |_| (1.0, 1.0)))[0].epoch, 107);
    }

    #[test]
    fn a_linear_model_is_offered_hidden_layers_and_a_decayed_rate_a_constant_one() {
        let mut context = binary();
        context.project.set("model=linear").unwrap();
        let told_linear = plateau(&context, &level_at(0.69, 0.0, 0.001));
        assert_eq!(told_linear[0].remedies[0].label, "A network with hidden layers");
        context.project = Project::default();
        context.project.set("schedule=exponential").unwrap();
        let mut rows = level_at(0.69, 0.0, 0.001);
        for row in &mut rows {
            row.learning_rate *= 0.5_f64.powf(row.epoch as f64);
        }
        assert_eq!(plateau(&context, &rows)[0].remedies[0].label, "Keep the learning rate constant");
    }

    #[test]
    fn reduce_on_plateau_is_not_blamed_for_what_it_answers() {
        let mut context = regression();
        context.project.set("schedule=plateau").unwrap();
        let mut rows = level_at(1.0, 0.0, 0.001);
        for row in rows.iter_mut().filter(|row| row.epoch > 12) {
            row.learning_rate = 0.00001;
        }
        let told = plateau(&context, &rows);
        assert!(told[0].text.contains("0.001 that does not suit"), "{}", told[0].text);
    }

    #[test]
    fn a_creeping_run_stays_stuck_until_it_moves_in_earnest() {
        // Spirals at a hundredth of the usual rate: 0.2 % in ten epochs, then a little more.
        let rows = run(120, |epoch| {
            (0.6905 - 0.00015 * epoch - 1.2e-6 * epoch * epoch, 0.6915 - 0.00014 * epoch - 1.2e-6 * epoch * epoch)
        });
        assert!(!states(&plateau(&binary(), &rows)).contains(&FindingState::Cleared));
    }
}
