//! Rule: the loss is no finite number.
//!
//! ## What you see
//! The loss curve shoots up or simply ends. From then on every weight is NaN and nothing can be learned.
//! ## Why it happens
//! Steps so large that the weights overflow; inputs of very different sizes that make them so; rarely a
//! logarithm or a division of zero in the data or the loss.
//! ## What to try
//! A tenth of the learning rate; gradient clipping; standardized data.
//! ## Source
//! SageMaker Debugger's `ExplodingTensor` (any NaN or infinity); Lightning's `check_finite`; CS231n, neural
//! networks 3, on rates so high that the loss blows up.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, measured};
use crate::diagnose::words::number;
use crate::run::{EpochRow, Severity, StepRow};

pub(super) const LOSS_NOT_FINITE: Rule = Rule {
    id: "loss-not-finite",
    label: "Loss is not a number",
    about: "The loss has become infinite or not a number, and the weights with it.",
    needs: &[Need::TrainLoss],
    explains: &[
        "diverging",
        "loss-spikes",
        "learning-rate-too-high",
        "learning-rate-too-low",
        "plateau",
        "overfitting",
        "underfitting",
        "still-improving",
        "overtraining",
        "over-confident",
        "noisy-validation",
        "validation-below-train",
    ],
    make: |_| Box::<LossNotFinite>::default(),
};

#[derive(Default)]
struct LossNotFinite {
    /// The last epoch whose losses were finite.
    last_finite: Option<LastFinite>,
    /// Where it was seen.
    seen: Option<Place>,
    /// Whether a validation loss was ever a finite number: curves from elsewhere may lack it altogether.
    validated: bool,
}

struct LastFinite {
    epoch: u64,
    train_loss: f64,
    gradient_norm: Option<f64>,
}

#[derive(Clone, Copy)]
struct Place {
    epoch: u64,
    step: u64,
    learning_rate: f64,
    /// Whether training itself is well and only the validation loss is not.
    only_validation: bool,
}

impl LossNotFinite {
    fn see(&mut self, place: Place) -> Look {
        let first = *self.seen.get_or_insert(place);
        Look::Seen { severity: Severity::Critical, grade: 0, from_epoch: first.epoch }
    }
}

impl Observer for LossNotFinite {
    fn epoch(&mut self, context: &Context, row: &EpochRow, _standing: bool) -> Look {
        let only_validation = row.train_loss.is_finite();
        self.validated |= row.validation_loss.is_finite();
        let is_validated = if context.knows_project { context.validation_rows > 0 } else { self.validated };
        if only_validation && (row.validation_loss.is_finite() || !is_validated) {
            self.seen = None;
            let gradient_norm = row.gradient_norm.filter(|it| it.is_finite());
            self.last_finite = Some(LastFinite { epoch: row.epoch, train_loss: row.train_loss, gradient_norm });
            return Look::Absent;
        }
        self.see(Place { epoch: row.epoch, step: row.step, learning_rate: row.learning_rate, only_validation })
    }

    fn not_finite(&mut self, row: &StepRow) -> Look {
        self.see(Place { epoch: row.epoch, step: row.step, learning_rate: row.learning_rate, only_validation: false })
    }

    fn words(&self, context: &Context) -> Words {
        let Some(place) = self.seen else {
            return Words::default();
        };
        let curve = if place.only_validation { "validation loss" } else { "loss" };
        let before = self.last_finite.as_ref().map_or_else(String::new, |it| {
            format!("; at the end of epoch {} it was {}", it.epoch, number(it.train_loss))
        });
        // Curves from elsewhere may know neither steps nor the learning rate.
        let rate = Some(place.learning_rate).filter(|it| *it > 0.0);
        let at_rate = rate.map_or_else(String::new, |it| format!(", at a learning rate of {}", number(it)));
        let by_step = if place.step > 0 { format!(" by step {}", place.step) } else { String::new() };
        let mut evidence: Vec<_> = rate.map(|it| ("learning_rate", measured(it))).into_iter().collect();
        if let Some(last) = &self.last_finite {
            evidence.push(("last_finite_train_loss", measured(last.train_loss)));
            evidence.extend(last.gradient_norm.map(|it| ("last_gradient_norm", measured(it))));
        }
        let remedies = [
            // Unscaled columns are the cause that a smaller step only hides.
            remedy::standardize(&context.project),
            remedy::much_lower_learning_rate(context, place.learning_rate),
            remedy::clip_norm(&context.project),
        ];
        Words {
            text: format!(
                "The {curve} stopped being a finite number{by_step} in epoch {}{before}. This is consistent with steps too large for the slope{at_rate}.",
                place.epoch
            ),
            evidence: evidence.into_iter().map(|(name, it)| (name.to_owned(), it)).collect(),
            formula: format!("{curve} in epoch {} = not a number", place.epoch),
            rival: "A few extreme values in the data could do the same at any learning rate; then a tenth of it would only delay this.".to_owned(),
            remedies: remedies.into_iter().flatten().collect(),
        }
    }

    fn farewell(&self) -> String {
        "The loss is a finite number again.".to_owned()
    }

    /// There is nothing to wait for: NaN does not come by chance, and rarely goes.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::{binary, healthy, regression, run, states, told};
    use crate::diagnose::{Doctor, apply};
    use crate::run::FindingState;

    #[test]
    fn it_is_critical_at_once_and_told_once() {
        let rows = run(12, |epoch| if epoch < 5.0 { (10.0_f64.powf(3.0 * epoch), 1.0) } else { (f64::NAN, f64::NAN) });
        let told = told("loss-not-finite", &regression(), &rows);
        assert_eq!(states(&told)[..1], [FindingState::Raised]);
        assert_eq!((told[0].severity, told[0].epoch, told[0].from_epoch), (Severity::Critical, 5, 5));
        assert!(told[0].text.contains("at the end of epoch 4 it was 1e12"), "{}", told[0].text);
        assert!(told.iter().all(|it| it.state != FindingState::Cleared));
    }

    #[test]
    fn a_step_within_an_epoch_is_enough_even_the_first() {
        let mut doctor = Doctor::new(regression());
        let step = StepRow { step: 3, epoch: 1, train_loss: 1e30, learning_rate: 10.0, gradient_norm: None };
        assert!(doctor.not_finite(&step).is_empty(), "large is finite");
        let findings = doctor.not_finite(&StepRow { train_loss: f64::INFINITY, ..step.clone() });
        assert_eq!((findings.len(), findings[0].from_epoch), (1, 1));
        assert!(findings[0].text.contains("step 3 in epoch 1"), "{}", findings[0].text);
        assert!(doctor.not_finite(&StepRow { train_loss: f64::NAN, ..step }).is_empty(), "told once");
    }

    #[test]
    fn a_missing_validation_loss_is_no_fault_but_an_infinite_one_is() {
        let rows = run(4, |_| (0.5, f64::INFINITY));
        assert_eq!(told("loss-not-finite", &binary(), &rows)[0].epoch, 1);
        let without = Context { validation_rows: 0, ..binary() };
        assert!(told("loss-not-finite", &without, &rows).is_empty());
    }

    #[test]
    fn it_is_silent_on_healthy_and_on_nothing() {
        assert!(told("loss-not-finite", &binary(), &healthy(1, 100)).is_empty());
        assert!(told("loss-not-finite", &binary(), &[]).is_empty());
    }

    #[test]
    fn the_first_remedy_for_unscaled_data_is_to_scale_it() {
        let mut context = regression();
        context.project.data.standardize = false;
        let told = told("loss-not-finite", &context, &run(1, |_| (f64::NAN, f64::NAN)));
        let mut project = context.project;
        apply(&told[0].remedies[0], &mut project).unwrap();
        assert!(project.data.standardize);
    }
}
