//! Rule: inputs are far from mean 0 and deviation 1.
//!
//! ## What you see
//! The loss blows up or crawls at learning rates that suit other data; large columns drown small ones.
//! ## Why it happens
//! The slope along each weight grows with its input. One step size cannot suit an input of 100,000 and one of 0.1:
//! it is too large for the first or too small for the second.
//! ## What to try
//! Standardizing: each column by its training rows' mean and deviation.
//! ## Source
//! LeCun, Bottou, Orr and Müller 1998, "Efficient BackProp", section 4.3; SageMaker Debugger's `CheckInputImages`
//! at a mean of 0.2, which every picture of a white page crosses; CS231n, neural networks 2, on zero-centered data.
//! Grey values of 0 to 16 train well as they are, so that the line is drawn above them.

use crate::diagnose::Context;
use crate::diagnose::remedy;
use crate::diagnose::rule::{Hysteresis, Look, Need, Observer, Rule, Words, against, measured};
use crate::diagnose::words::number;
use crate::run::{EpochRow, InputScales, Severity};

pub(super) const UNSCALED_INPUTS: Rule = Rule {
    id: "unscaled-inputs",
    label: "Unscaled inputs",
    about: "Inputs are so large, or of such different sizes, that one step size cannot suit them.",
    needs: &[Need::Data],
    // Whatever the first weights and the learning rate are: with inputs of thousands the first activations are.
    explains: &[
        "diverging",
        "loss-spikes",
        "learning-rate-too-high",
        "learning-rate-too-low",
        "plateau",
        "underfitting",
        "noisy-validation",
        "validation-below-train",
        "exploding-gradients",
        "dead-relu",
        "saturated-units",
        "bad-initialization",
    ],
    make: |context| Box::new(UnscaledInputs::new(context)),
};

/// All inputs smaller than this, in mean and deviation, hardly move the network.
const TINY: f64 = 0.02;

/// A narrow input does no harm beside wide ones that are small themselves: a pixel that is nearly always off.
const WIDE: f64 = 3.0;

struct UnscaledInputs {
    size_threshold: f64,
    ratio_threshold: f64,
    scales: Option<InputScales>,
    trouble: Option<Trouble>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    FarFromZero,
    Wide,
    Uneven,
    Tiny,
}

impl UnscaledInputs {
    fn new(context: &Context) -> Self {
        let (size_threshold, ratio_threshold) =
            (context.threshold("unscaled-inputs.size"), context.threshold("unscaled-inputs.ratio"));
        let scales = context.data.as_ref().and_then(|it| it.scales.clone());
        let trouble = scales.as_ref().and_then(|it| {
            let (mean, widest) = (it.furthest_mean.abs(), it.widest_deviation);
            if mean > size_threshold && mean >= widest {
                Some(Trouble::FarFromZero)
            } else if widest > size_threshold {
                Some(Trouble::Wide)
            } else if widest > WIDE && ratio(it) > ratio_threshold {
                Some(Trouble::Uneven)
            } else if mean.max(widest) < TINY && widest > 0.0 {
                Some(Trouble::Tiny)
            } else {
                None
            }
        });
        Self { size_threshold, ratio_threshold, scales, trouble }
    }
}

fn ratio(it: &InputScales) -> f64 {
    it.widest_deviation / it.narrowest_deviation.max(f64::MIN_POSITIVE)
}

impl Observer for UnscaledInputs {
    fn epoch(&mut self, _context: &Context, _row: &EpochRow, _standing: bool) -> Look {
        match (&self.scales, self.trouble) {
            (None, _) => Look::Unclear,
            (Some(_), None) => Look::Absent,
            (Some(_), Some(_)) => Look::Seen { severity: Severity::Warning, grade: 0, from_epoch: 1 },
        }
    }

    fn words(&self, context: &Context) -> Words {
        let (Some(it), Some(trouble)) = (&self.scales, self.trouble) else {
            return Words::default();
        };
        let (mean, widest, narrowest) =
            (number(it.furthest_mean), number(it.widest_deviation), number(it.narrowest_deviation));
        let what = match trouble {
            Trouble::FarFromZero => format!("{} has a mean of {mean}", it.furthest),
            Trouble::Wide => format!("{} has a deviation of {widest}", it.widest),
            Trouble::Uneven => {
                format!("{} has a deviation of {widest} and {} one of {narrowest}", it.widest, it.narrowest)
            }
            Trouble::Tiny => format!(
                "All inputs lie within a few hundredths of 0: the widest, {}, has a deviation of {widest}",
                it.widest
            ),
        };
        let formula = match trouble {
            Trouble::FarFromZero => format!(
                "distance of the mean of {} from 0 = {}, above {}",
                it.furthest,
                number(it.furthest_mean.abs()),
                number(self.size_threshold)
            ),
            Trouble::Wide => format!("deviation of {} = {widest}, above {}", it.widest, number(self.size_threshold)),
            Trouble::Uneven => format!(
                "widest / narrowest deviation = {widest} / {narrowest} = {}, above {}",
                number(ratio(it)),
                number(self.ratio_threshold)
            ),
            Trouble::Tiny => format!("deviation of {} = {widest}, below {}", it.widest, number(TINY)),
        };
        let beside = if it.widest == it.narrowest || trouble == Trouble::Uneven {
            String::new()
        } else {
            format!("; the narrowest input, {}, has a deviation of {narrowest}", it.narrowest)
        };
        Words {
            text: format!(
                "{what}, where a network expects inputs near mean 0 and deviation 1{beside}. No one step size suits all of them: the loss will jump about or crawl."
            ),
            evidence: [
                ("furthest_mean", against(it.furthest_mean.abs(), self.size_threshold)),
                ("widest_deviation", against(it.widest_deviation, self.size_threshold)),
                ("widest_to_narrowest", against(ratio(it), self.ratio_threshold)),
                ("narrowest_deviation", measured(it.narrowest_deviation)),
            ]
            .map(|(name, it)| (name.to_owned(), it))
            .into(),
            formula,
            rival: "A learning rate that does not suit the network makes the loss jump or crawl on scaled inputs too; then standardizing would change little.".to_owned(),
            remedies: [remedy::standardize(&context.project), remedy::batch_norm(&context.project)]
                .into_iter()
                .flatten()
                .collect(),
        }
    }

    fn farewell(&self) -> String {
        "Inputs are near mean 0 and deviation 1.".to_owned()
    }

    /// Inputs do not change while training.
    fn hysteresis(&self) -> Hysteresis {
        Hysteresis { enter: 1, leave: 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::apply;
    use crate::diagnose::made_up::{healthy, regression, run, told};
    use crate::run::{DataFacts, FindingRow};

    fn context(furthest_mean: f64, widest_deviation: f64, narrowest_deviation: f64) -> Context {
        let scales = InputScales {
            furthest: "km".to_owned(),
            furthest_mean,
            widest: "km".to_owned(),
            widest_deviation,
            narrowest: "doors".to_owned(),
            narrowest_deviation,
        };
        let mut context =
            Context { data: Some(DataFacts { scales: Some(scales), ..DataFacts::default() }), ..regression() };
        context.project.data.standardize = false;
        context
    }

    fn unscaled(furthest_mean: f64, widest_deviation: f64, narrowest_deviation: f64) -> Vec<FindingRow> {
        told("unscaled-inputs", &context(furthest_mean, widest_deviation, narrowest_deviation), &healthy(1, 30))
    }

    #[test]
    fn kilometres_beside_doors_are_a_warning_before_anything_happened() {
        let found = unscaled(68_770.0, 35_757.0, 0.0481);
        assert_eq!((found[0].epoch, found[0].severity), (1, Severity::Warning));
        assert!(
            found[0].text.starts_with("km has a mean of 68770, where")
                && found[0].text.contains("doors, has a deviation of 0.0481"),
            "{}",
            found[0].text
        );
        assert_eq!(found[0].formula, "distance of the mean of km from 0 = 68770, above 20");
        let mut project = context(0.0, 1.0, 1.0).project;
        apply(&found[0].remedies[0], &mut project).unwrap();
        assert!(project.data.standardize);
    }

    #[test]
    fn each_way_of_being_unscaled_has_its_line() {
        assert!(unscaled(20.0, 1.0, 1.0).is_empty());
        assert_eq!(unscaled(-20.1, 1.0, 1.0)[0].formula, "distance of the mean of km from 0 = 20.1, above 20");
        assert!(unscaled(0.0, 20.0, 1.0).is_empty());
        assert_eq!(unscaled(0.0, 20.1, 1.0)[0].formula, "deviation of km = 20.1, above 20");
        assert!(unscaled(0.0, 10.0, 0.01).is_empty());
        assert!(unscaled(0.0, 10.0, 0.0099)[0].formula.starts_with("widest / narrowest deviation = 10 / 0.0099"));
        assert!(unscaled(0.0, 2.0, 1e-6).is_empty(), "a narrow input beside small ones");
        assert!(unscaled(0.0, 0.02, 0.02).is_empty());
        assert!(unscaled(0.01, 0.019, 0.001)[0].text.contains("within a few hundredths of 0"));
    }

    #[test]
    fn sets_that_train_well_as_they_are_stay_silent() {
        // As measured without standardizing: digits, iris, moons, the sine; then what standardizing gives.
        for (mean, widest, narrowest) in [
            (12.04, 6.57, 0.0304),
            (5.83, 1.75, 0.424),
            (0.004, 0.57, 0.339),
            (0.07, 0.547, 0.547),
            (3e-8, 1.01, 0.488),
        ] {
            assert!(unscaled(mean, widest, narrowest).is_empty(), "{mean} {widest} {narrowest}");
        }
        assert!(told("unscaled-inputs", &regression(), &healthy(1, 30)).is_empty());
    }

    #[test]
    fn being_stuck_is_a_consequence() {
        let stuck = run(60, |_| (1.0, 1.0));
        assert!(!told("plateau", &regression(), &stuck).is_empty());
        assert!(told("plateau", &context(5e4, 3e4, 0.1), &stuck).is_empty());
    }
}
