//! Rule: many labels seem to be wrong.
//!
//! ## What you see
//! The network errs on rows it is sure of nearly as often as on those it is not.
//! ## Why it happens
//! A label that was entered wrongly can sit anywhere, also far from every border between classes. Classes that
//! overlap make errors as well, but near the border, where the network is in doubt.
//! ## What to try
//! A look at the validation rows it is surest of and gets wrong; label smoothing; early stopping, before the wrong
//! labels are learned by heart.
//! ## Source
//! Northcutt, Jiang and Chuang 2021, "Confident learning" (doi 10.1613/jair.1.12125), which finds wrong labels
//! among confident errors; Arpit et al. 2017, "A closer look at memorization", for reading it at the best epoch,
//! before wrong labels are learned by heart. Where the lines lie was simulated, with networks of 64 and 256 hidden
//! units on Gaussian clouds, moons and logistic targets: two classes that overlap by E of their rows leave at most
//! 1.4 E² of errors in the surest quarter, for E from 0.05 to 0.35; labels flipped by chance leave 0.7 to 1 E.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::stats::Recent;
use crate::diagnose::words::{number, percent};
use crate::run::{EpochRow, FinishReason, Severity};
use crate::spec::{ModelSpec, Task};

pub(super) const LABEL_NOISE: Rule = Rule {
    id: "label-noise",
    label: "Wrong labels suspected",
    about: "Errors are nearly as common among predictions that are certain as among those that are not.",
    needs: &[Need::Classes, Need::ValidationRows, Need::ValidationLoss],
    explains: &[],
    make: |context| Box::new(LabelNoise::new(context)),
};

/// Validation rows from which a quarter of them can tell.
const FEWEST_ROWS: usize = 100;

/// Share of errors below which there is nothing to explain, and above which certainty means nothing.
const ERRORS: (f64, f64) = (0.03, 0.45);

/// Errors in the surest quarter, in rows, that chance alone may leave there.
const FEWEST_ERRORS: f64 = 2.5;

/// Errors in the surest quarter that overlapping classes leave, as a multiple of the squared share of all errors.
const OVERLAP: f64 = 1.4;

/// The errors of guessing the most common class, less this share, are those of a network that has learned: one
/// that has not is sure of nothing, and errs evenly.
const LEARNED: f64 = 0.35;

/// Epochs before which the best one may be any.
const WARM_UP: u64 = 5;

/// Epochs for which the best one must have stood, so that it is not taken from the middle of the fall: a network that
/// has only half learned a winding boundary errs as evenly as wrong labels do.
const STOOD_FOR: u64 = 10;

/// Or else: the best of so many epochs is better than that of as many before by no more than this share of it, and of
/// all that was gained since the start. With wrong labels the loss soon creeps, by a hundredth or two; where a boundary
/// was half learned it fell by four and more, and a run that crawls from its start has gained little before.
const SETTLED_OVER: usize = 5;
const SETTLED: f64 = 0.025;
const SETTLED_OF_GAIN: f64 = 0.05;

/// A learning rate below this share of its highest has brought the loss to rest, half learned or not.
const DECAYED: f64 = 0.1;

struct LabelNoise {
    evenness_threshold: f64,
    deviations_threshold: f64,
    /// A straight border errs far from itself wherever the true one bends, and so looks the same.
    is_judged: bool,
    /// Validation rows in a quarter.
    quarter: f64,
    best: Option<Best>,
    /// Validation losses: that at the start, and the last.
    first: Option<f64>,
    losses: Recent,
    highest_rate: f64,
    last_epoch: u64,
    last_train_accuracy: Option<f64>,
}

/// The epoch of the lowest validation loss, and its errors.
#[derive(Clone, Copy)]
struct Best {
    epoch: u64,
    loss: f64,
    /// Share of errors in the surest quarter.
    surest: f64,
    /// Share of errors in the least certain quarter.
    least: f64,
    /// Share of errors in all rows.
    all: f64,
}

impl Best {
    fn of(row: &EpochRow) -> Option<Self> {
        let [surest, second, third, least] = *row.errors_by_certainty.as_slice() else {
            return None;
        };
        let all = (surest + second + third + least) / 4.0;
        (all.is_finite() && row.validation_loss.is_finite()).then_some(Self {
            epoch: row.epoch,
            loss: row.validation_loss,
            surest,
            least,
            all,
        })
    }

    fn evenness(self) -> f64 {
        self.surest / self.all.max(f64::MIN_POSITIVE)
    }

    fn overlap(self) -> f64 {
        OVERLAP * self.all * self.all
    }

    /// How far the surest quarter's errors lie above those of overlapping classes, in binomial deviations.
    fn deviations(self, quarter: f64) -> f64 {
        let expected = self.overlap();
        (self.surest - expected) / (expected * (1.0 - expected) / quarter).sqrt().max(f64::MIN_POSITIVE)
    }
}

impl LabelNoise {
    fn new(context: &Context) -> Self {
        let is_linear = context.knows_project && matches!(context.project.model, ModelSpec::Linear);
        let has_classes = match context.task {
            Task::Regression => false,
            Task::Binary | Task::Classes(_) => true,
        };
        Self {
            evenness_threshold: context.threshold("label-noise.evenness"),
            deviations_threshold: context.threshold("label-noise.deviations"),
            is_judged: has_classes && !is_linear && context.validation_rows >= FEWEST_ROWS,
            quarter: context.validation_rows as f64 / 4.0,
            best: None,
            first: context.initial_loss,
            losses: Recent::new(2 * SETTLED_OVER),
            highest_rate: 0.0,
            last_epoch: 0,
            last_train_accuracy: None,
        }
    }

    /// Whether validation hardly gets better any more.
    fn has_settled(&self) -> bool {
        let lowest = |from: usize| {
            (from..from + SETTLED_OVER)
                .map(|back| self.losses.back(back))
                .try_fold(f64::INFINITY, |a, b| Some(a.min(b?)))
        };
        let all = self.first.zip(lowest(SETTLED_OVER)).zip(lowest(0));
        all.is_some_and(|((first, before), now)| {
            before - now < SETTLED * before && before - now < SETTLED_OF_GAIN * (first - now)
        })
    }

    fn judge(&self, context: &Context) -> Look {
        let Some(best) = self.best else {
            return Look::Unclear;
        };
        let is_plausible = best.all > ERRORS.0 && best.all < ERRORS.1 && has_learned(context, best);
        let is_even = best.evenness() > self.evenness_threshold
            && best.surest * self.quarter > FEWEST_ERRORS
            && best.deviations(self.quarter) > self.deviations_threshold;
        if is_plausible && is_even {
            Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: best.epoch }
        } else {
            Look::Absent
        }
    }
}

impl Observer for LabelNoise {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        if !self.is_judged {
            return Look::Unclear;
        }
        self.last_epoch = row.epoch;
        self.last_train_accuracy = row.metrics.get("train_accuracy").copied();
        self.first.get_or_insert(row.validation_loss);
        self.losses.push(row.validation_loss);
        self.highest_rate = self.highest_rate.max(row.learning_rate);
        let has_decayed = row.learning_rate < DECAYED * self.highest_rate;
        let this = Best::of(row);
        if self.best.is_none_or(|best| this.is_some_and(|this| this.loss < best.loss)) {
            self.best = this;
        }
        let Some(best) = self.best else {
            return Look::Unclear;
        };
        let is_settled = row.epoch >= best.epoch + STOOD_FOR || !has_decayed && self.has_settled();
        if !is_settled || row.epoch <= WARM_UP {
            return Look::Unclear;
        }
        self.judge(context)
    }

    /// A run that improved to its end is judged as it ended.
    fn end(&mut self, context: &Context, _reason: FinishReason) -> Look {
        if self.last_epoch > WARM_UP { self.judge(context) } else { Look::Unclear }
    }

    fn words(&self, context: &Context) -> Words {
        let Some(best) = self.best else {
            return Words::default();
        };
        let by_heart = match self.last_train_accuracy {
            Some(accuracy) if accuracy > 1.0 - 0.5 * best.all => {
                format!(
                    " Training has reached an accuracy of {} since: wrong labels are being learned by heart.",
                    percent(accuracy)
                )
            }
            Some(_) | None => " This is consistent with labels that were entered wrongly.".to_owned(),
        };
        let evidence = [
            ("evenness", against(best.evenness(), self.evenness_threshold)),
            ("surest_quarter_errors", against(best.surest, best.overlap())),
            ("deviations", against(best.deviations(self.quarter), self.deviations_threshold)),
            ("errors", measured(best.all)),
        ];
        let remedies = [
            remedy::true_labels(&context.project),
            remedy::label_smoothing(&context.project),
            remedy::stop_early(&context.project),
            remedy::weight_decay(&context.project),
        ];
        Words {
            text: format!(
                "At its best epoch, {}, the network is wrong on {} of the quarter of validation rows it is surest of, against {} of the quarter it is least sure of.{by_heart}",
                best.epoch,
                percent(best.surest),
                percent(best.least),
            ),
            evidence: evidence.map(|(name, it)| (name.to_owned(), it)).into(),
            formula: format!(
                "errors among the surest quarter / among all = {} / {} = {}, above {}; {} deviations above the {} of overlapping classes, above {}",
                percent(best.surest),
                percent(best.all),
                number(best.evenness()),
                number(self.evenness_threshold),
                number(best.deviations(self.quarter)),
                percent(best.overlap()),
                number(self.deviations_threshold)
            ),
            rival: "A network too small for the border errs far from it as well, with every label right; a larger one would then err less, and with wrong labels it would not.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        let best = self.best.map_or(0.0, |it| it.surest);
        format!(
            "At the best epoch, only {} of the quarter of validation rows it is surest of are wrong now.",
            percent(best)
        )
    }

    /// The best epoch changes little once it has stood.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 2, leave: 2 }
    }
}

fn has_learned(context: &Context, best: Best) -> bool {
    let guessing = context.baseline.get("accuracy").map(|it| 1.0 - it).filter(|it| *it > 0.0);
    guessing.is_none_or(|it| best.all < it * (1.0 - LEARNED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Doctor;
    use crate::diagnose::made_up::{binary, healthy, regression, run, told};
    use crate::run::FindingRow;

    /// Down to its best at epoch 10, then up; errors by quarter all the time.
    fn rows(epochs: u64, errors: [f64; 4]) -> Vec<EpochRow> {
        let mut rows = run(epochs, |epoch| (0.5 / epoch.sqrt(), 0.4 + 0.002 * (epoch - 10.0).powi(2)));
        for row in &mut rows {
            row.errors_by_certainty = errors.to_vec();
        }
        rows
    }

    fn noise(errors: [f64; 4]) -> Vec<FindingRow> {
        told("label-noise", &binary(), &rows(40, errors))
    }

    #[test]
    fn errors_among_the_surest_are_wrong_labels() {
        let found = noise([0.19, 0.21, 0.21, 0.29]);
        assert_eq!((found[0].epoch, found[0].from_epoch, found[0].severity), (14, 10, Severity::Warning));
        assert!(
            found[0].text.starts_with("At its best epoch, 10, the network is wrong on 19 % of the quarter"),
            "{}",
            found[0].text
        );
        assert!(
            found[0]
                .formula
                .starts_with("errors among the surest quarter / among all = 19 % / 22 % = 0.844, above 0.55"),
            "{}",
            found[0].formula
        );
        assert_eq!(found[0].remedies[0].set["optimizer.weight_decay"], 0.001);
    }

    #[test]
    fn wrong_labels_over_overlapping_classes_are_found_and_overlap_alone_is_not() {
        // Means of simulated runs: flipped labels first, overlapping classes behind them.
        for errors in
            [[0.08, 0.08, 0.10, 0.14], [0.21, 0.23, 0.27, 0.40], [0.20, 0.20, 0.23, 0.24], [0.27, 0.28, 0.31, 0.34]]
        {
            assert_eq!(noise(errors).first().map(|it| it.severity), Some(Severity::Warning), "{errors:?}");
        }
        for errors in [
            [0.0, 0.0, 0.02, 0.20],
            [0.05, 0.12, 0.25, 0.40],
            [0.10, 0.18, 0.32, 0.41],
            [0.09, 0.25, 0.38, 0.54],
            [0.04, 0.06, 0.11, 0.29],
        ] {
            assert!(noise(errors).is_empty(), "{errors:?}");
        }
    }

    #[test]
    fn a_loss_that_creeps_has_settled_and_one_that_crawls_from_its_start_has_not() {
        let first = |loss: fn(f64) -> f64| {
            let mut rows = run(40, |epoch| (loss(epoch), loss(epoch)));
            for row in &mut rows {
                row.errors_by_certainty = vec![0.19, 0.21, 0.21, 0.29];
            }
            let context = Context { initial_loss: Some(0.7), ..binary() };
            told("label-noise", &context, &rows).first().map(|it| it.epoch)
        };
        assert_eq!(first(|epoch| 0.46 - 0.0005 * epoch), Some(11));
        assert_eq!(first(|epoch| 0.69 - 0.003 * epoch), None);
    }

    #[test]
    fn the_best_epoch_speaks_and_not_what_was_learned_by_heart() {
        let mut rows = rows(40, [0.01, 0.05, 0.2, 0.4]);
        for row in rows.iter_mut().filter(|it| it.epoch > 20) {
            row.errors_by_certainty = vec![0.25; 4];
        }
        assert!(told("label-noise", &binary(), &rows).is_empty());
        let mut heart = self::rows(40, [0.2; 4]);
        for row in &mut heart {
            row.metrics.insert("train_accuracy".to_owned(), 0.97);
        }
        assert!(told("label-noise", &binary(), &heart)[0].text.contains("97 % since: wrong labels"));
    }

    #[test]
    fn too_few_rows_or_errors_or_nothing_learned_say_nothing() {
        let even = rows(40, [0.2; 4]);
        let with = |change: &dyn Fn(&mut Context)| {
            let mut context = binary();
            change(&mut context);
            told("label-noise", &context, &even)
        };
        assert!(!with(&|it| it.validation_rows = 100).is_empty());
        assert!(with(&|it| it.validation_rows = 99).is_empty());
        assert!(with(&|it| it.task = Task::Regression).is_empty());
        assert!(with(&|it| it.project.set("model=linear").unwrap()).is_empty());
        assert!(with(&|it| it.baseline.extend([("accuracy".to_owned(), 0.7)])).is_empty(), "0.2 of guessing's 0.3");
        assert!(!with(&|it| it.baseline.extend([("accuracy".to_owned(), 0.69)])).is_empty(), "0.2 of guessing's 0.31");
        assert!(noise([0.03; 4]).is_empty() && noise([0.45; 4]).is_empty());
        assert!(told("label-noise", &binary(), &even[..5]).is_empty());
        assert!(told("label-noise", &binary(), &healthy(1, 60)).is_empty());
        assert!(told("label-noise", &regression(), &healthy(1, 60)).is_empty());
    }

    #[test]
    fn a_run_that_improves_to_its_end_is_judged_there() {
        let mut improving = rows(20, [0.2; 4]);
        for row in &mut improving {
            row.validation_loss = 1.0 / row.epoch as f64;
        }
        let mut doctor = Doctor::new(binary());
        assert!(improving.iter().flat_map(|row| doctor.observe(row)).all(|it| it.rule != "label-noise"));
        assert!(
            doctor.finish(FinishReason::Completed).iter().any(|it| it.rule == "label-noise" && it.from_epoch == 20)
        );
    }

    #[test]
    fn labels_that_the_project_changed_are_put_right_first() {
        let mut context = binary();
        context.project.set("data.label_noise=0.25").unwrap();
        let found = told("label-noise", &context, &rows(40, [0.25; 4]));
        assert_eq!(found[0].remedies[0].set["data.label_noise"], 0.0);
    }
}
