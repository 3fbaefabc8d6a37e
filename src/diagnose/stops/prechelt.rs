//! Stop rules: Prechelt's three classes of criteria, GL, PQ and UP.
//!
//! `E_va` is the validation loss, `E_tr` the training loss, `E_opt` the lowest `E_va` so far. A strip is k epochs on
//! end, the first of them epochs 1 to k; the paper uses k = 5.
//!
//! ## When they stop
//! - GL: generalization loss, 100 (`E_va` / `E_opt` - 1), in percent, is above alpha. In the paper alpha is 1, 2, 3 or 5.
//! - PQ: at the end of a strip, GL / P is above alpha, where P = 1000 (mean of `E_tr` / least `E_tr` - 1) over the strip
//!   is the progress in thousandths: a rise is borne while training still gets on. Alpha is 0.5, 0.75, 1, 2 or 3.
//! - UP: `E_va` rose from one strip's end to the next, in s strips in succession, however little. s is 2, 3, 4, 6 or 8.
//!
//! None of them is sure to stop. In 1296 runs on 12 tasks, slower criteria were about 4 % better and took 4 times as
//! long.
//!
//! ## What they keep
//! The weights of `E_opt`.
//!
//! ## Numbers
//! A loss that is not a number neither stops nor counts as a rise. The paper knows no losses below zero; GL is then
//! taken by the magnitude of `E_opt`, as `EarlyStopping.jl` does. Where training stands still, P is 0: any GL stops.
//!
//! ## Source
//! Prechelt, "Early stopping - but when?", in Neural Networks: Tricks of the Trade, Springer 1998, section 2.

use super::outcome::Keeper;
use super::rule::{Point, StopKnob, StopRule, Stopper, Verdict};

const STRIP: StopKnob = StopKnob::count("strip", "k", 5.0, (1.0, 1000.0), "Epochs in a strip.");

pub(super) const GL: StopRule = StopRule {
    id: "prechelt_gl",
    label: "Prechelt GL",
    about: "Stops when the validation loss is some percent above its lowest so far.",
    source: "Prechelt 1998, generalization loss",
    knobs: &[StopKnob::real("alpha", "alpha", 2.0, (0.01, 1000.0), "Percent above the lowest so far.")],
    make: |settings, _| Box::new(Gl { alpha: settings.real("alpha"), loss: Generalization::default() }),
};

pub(super) const PQ: StopRule = StopRule {
    id: "prechelt_pq",
    label: "Prechelt PQ",
    about: "Stops when the rise of the validation loss outweighs the progress of the training loss.",
    source: "Prechelt 1998, quotient of generalization loss and progress",
    knobs: &[
        StopKnob::real("alpha", "alpha", 0.75, (0.01, 1000.0), "Percent of rise for each thousandth of progress."),
        STRIP,
    ],
    make: |settings, _| {
        Box::new(Pq {
            alpha: settings.real("alpha"),
            strip: Strip::new(settings.count("strip")),
            train: Progress::default(),
            loss: Generalization::default(),
        })
    },
};

pub(super) const UP: StopRule = StopRule {
    id: "prechelt_up",
    label: "Prechelt UP",
    about: "Stops when the validation loss has risen from strip to strip, some strips in succession.",
    source: "Prechelt 1998, successive strips",
    knobs: &[StopKnob::count("strips", "s", 3.0, (1.0, 100.0), "Strips in succession that end higher."), STRIP],
    make: |settings, _| {
        Box::new(Up {
            most: settings.count("strips"),
            strip: Strip::new(settings.count("strip")),
            end: None,
            rises: 0,
            loss: Generalization::default(),
        })
    },
};

/// The lowest validation loss so far and its epoch.
struct Generalization {
    keeper: Keeper,
    lowest: f64,
}

impl Default for Generalization {
    fn default() -> Self {
        Self { keeper: Keeper::new(true), lowest: f64::INFINITY }
    }
}

impl Generalization {
    /// Percent above the lowest so far, this epoch included. Not a number where the loss is none.
    fn observe(&mut self, point: Point) -> f64 {
        self.keeper.observe(point);
        self.lowest = self.lowest.min(point.validation);
        100.0 * (point.validation - self.lowest) / self.lowest.abs()
    }
}

/// Cuts the epochs into strips.
struct Strip {
    length: u64,
    n_seen: u64,
}

impl Strip {
    fn new(length: u64) -> Self {
        Self { length: length.max(1), n_seen: 0 }
    }

    /// Whether the next epoch ends a strip.
    fn ends(&mut self) -> bool {
        self.n_seen += 1;
        self.n_seen.is_multiple_of(self.length)
    }
}

/// Training losses of a strip.
struct Progress {
    sum: f64,
    least: f64,
    n: f64,
}

impl Default for Progress {
    fn default() -> Self {
        Self { sum: 0.0, least: f64::INFINITY, n: 0.0 }
    }
}

impl Progress {
    fn observe(&mut self, train: f64) {
        self.sum += train;
        self.least = self.least.min(train);
        self.n += 1.0;
    }

    /// How much larger the strip's mean is than its least, in thousandths.
    fn thousandths(&self) -> f64 {
        1000.0 * (self.sum / self.n - self.least) / self.least.abs()
    }
}

struct Gl {
    alpha: f64,
    loss: Generalization,
}

impl Stopper for Gl {
    fn observe(&mut self, point: Point) -> Verdict {
        Verdict::stop_if(self.loss.observe(point) > self.alpha)
    }

    fn kept(&self) -> u64 {
        self.loss.keeper.epoch()
    }
}

struct Pq {
    alpha: f64,
    strip: Strip,
    train: Progress,
    loss: Generalization,
}

impl Stopper for Pq {
    fn observe(&mut self, point: Point) -> Verdict {
        let rise = self.loss.observe(point);
        self.train.observe(point.train);
        if !self.strip.ends() {
            return Verdict::GO_ON;
        }
        let progress = std::mem::take(&mut self.train).thousandths();
        Verdict::stop_if(rise / progress > self.alpha)
    }

    fn kept(&self) -> u64 {
        self.loss.keeper.epoch()
    }
}

struct Up {
    most: u64,
    strip: Strip,
    /// The validation loss at the last strip's end.
    end: Option<f64>,
    rises: u64,
    loss: Generalization,
}

impl Stopper for Up {
    fn observe(&mut self, point: Point) -> Verdict {
        self.loss.observe(point);
        if !self.strip.ends() {
            return Verdict::GO_ON;
        }
        let rose = self.end.is_some_and(|it| point.validation > it);
        self.rises = if rose { self.rises + 1 } else { 0 };
        self.end = Some(point.validation);
        Verdict::stop_if(self.rises >= self.most)
    }

    fn kept(&self) -> u64 {
        self.loss.keeper.epoch()
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnose::stops::tests::{outcome, outcome_of, points, stop};

    #[test]
    fn generalization_loss_is_percent_above_the_lowest_so_far() {
        // GL: 0, 0, 1.25, 0, 2, 4 percent.
        let losses = [1.0, 0.8, 0.81, 0.5, 0.51, 0.52];
        let at = |alpha| stop("prechelt_gl", &[("alpha", alpha)], &losses);
        assert_eq!([at(1.0), at(1.9), at(3.0), at(5.0)], [Some(3), Some(5), Some(6), None]);
        let early = outcome("prechelt_gl", &[("alpha", 1.0)], &losses);
        assert_eq!((early.kept, early.epochs_saved), (Some(2), 3));
        assert!((early.loss_given_up.unwrap() - 0.3).abs() < 1e-12, "0.8 was kept, 0.5 was to come");
        assert_eq!(stop("prechelt_gl", &[], &[f64::NAN, 1.0, f64::NAN, 1.5]), Some(4));
        assert_eq!(stop("prechelt_gl", &[], &[-1.0, -0.99, -0.97]), Some(3), "0.03 above -1 is 3 percent");
    }

    /// Strips of two: at their ends GL / P is 10 / 333.3 = 0.03, then 50 / 50 = 1, then 0 / 0.
    #[test]
    fn progress_lets_a_rise_pass_at_strip_ends_only() {
        let train = [1.0, 0.6, 0.22, 0.2, 0.2, 0.2];
        let validation = [1.0, 1.1, 1.6, 1.5, 1.0, 1.0];
        let at = |alpha| outcome_of("prechelt_pq", &[("alpha", alpha), ("strip", 2.0)], &points(&train, &validation));
        // The first strip: P = 1000 (0.8 / 0.6 - 1) = 333.3. The second: P = 1000 (0.21 / 0.2 - 1) = 50, GL = 50.
        assert_eq!(at(0.02).stop, Some(2));
        assert_eq!(at(0.95).stop, Some(4));
        assert_eq!(at(1.05).stop, None, "at the end progress is 0, but so is the rise");
        assert_eq!(at(0.95).kept, Some(1));
        let still = points(&[0.2; 4], &[1.0, 1.0, 1.0, 1.001]);
        assert_eq!(outcome_of("prechelt_pq", &[("strip", 2.0)], &still).stop, Some(4), "no progress, some rise");
    }

    #[test]
    fn successive_rises_are_compared_at_strip_ends() {
        // Strip ends (k = 2): 0.5, 0.6, 0.55, 0.6, 0.7.
        let losses = [1.0, 0.5, 0.4, 0.6, 0.9, 0.55, 0.1, 0.6, 0.2, 0.7];
        let at = |s| stop("prechelt_up", &[("strips", s), ("strip", 2.0)], &losses);
        assert_eq!([at(1.0), at(2.0), at(3.0)], [Some(4), Some(10), None]);
        assert_eq!(outcome("prechelt_up", &[("strips", 2.0), ("strip", 2.0)], &losses).kept, Some(7));
        let rising: Vec<f64> = (1..=30).map(f64::from).collect();
        assert_eq!(stop("prechelt_up", &[], &rising), Some(20), "s = 3, k = 5: ends 10, 15 and 20 are higher");
    }
}
