//! What an experiment on a copy of the training says: the verdict of a probe, the band of a range test.

use super::stats::median;
use super::words::{number, percent};
use crate::run::{Fork, RangePoint, Verdict};

/// How much further a fork must get than the training itself, as a share of the loss where both began: less would
/// not be worth a change.
const LEAST_GAIN: f64 = 0.01;

/// The same in standard deviations of single losses around their neighbours.
const LEAST_GAIN_NOISE: f64 = 2.0;

/// A loss this much higher, as a share of it, is a jump that one sees.
const JUMP: f64 = 0.02;

/// A fall this many times the noise is no chance; it counts as proportional where three times the rate brings at
/// least this share of three times the fall.
const CLEAR_FALL_NOISE: f64 = 4.0;
const PROPORTIONAL: f64 = 0.7;

/// Losses at the end of a fork whose median says where it got to.
const END: usize = 3;

/// Memory of the moving average over a range test's losses, as fastai and Lightning have it.
const SMOOTHING: f64 = 0.98;

/// First and last points of a range test that are not looked at: the average settles, and the loss explodes.
const SKIPPED_START: f64 = 0.1;
const SKIPPED_END: usize = 5;

/// The test ends where the smoothed loss is this many times its best.
const EXPLODED: f64 = 4.0;

/// Which cause the forks support, and why in a sentence.
///
/// A third and three times the learning rate are compared with the rate itself: "stuck" looks the same for a rate
/// that is too high and for one that is too low, and only trying tells.
pub fn judge(forks: &[Fork]) -> (Verdict, String) {
    let own = forks.iter().find(|it| it.factor == 1.0);
    let best_of = |is_it: fn(f64) -> bool| {
        let among = forks.iter().filter(|it| is_it(it.factor));
        among.min_by(|a, b| reached(a).total_cmp(&reached(b)))
    };
    let (Some(own), Some(lower), Some(higher)) = (own, best_of(|it| it < 1.0), best_of(|it| it > 1.0)) else {
        return (Verdict::Neither, "The experiment was cut short, so that nothing can be said.".to_owned());
    };
    let start = own.losses.first().copied().unwrap_or(f64::NAN);
    // The noise of the fork that got further: steps far too large make the other as noisy as can be.
    let least_of = |fork: &Fork| (LEAST_GAIN * start.abs()).max(LEAST_GAIN_NOISE * noise(fork));
    let told = |fork: &Fork| match reached(fork) {
        end if end.is_finite() => format!("{} at {}", number(end), number(fork.learning_rate)),
        _ => format!("no number any more at {}", number(fork.learning_rate)),
    };
    let all =
        format!("From {} the training loss came to {}, {} and {}", number(start), told(lower), told(own), told(higher));
    let (down, up) = (gain(own, lower), gain(own, higher));
    if down > least_of(lower) && down >= up {
        let text = format!("{all}. Smaller steps get further: the learning rate is too high.");
        (Verdict::TooHigh, text)
    } else if up > least_of(higher) || grows_with_the_rate(start, own, higher) {
        let text = format!("{all}. Larger steps get further: the learning rate is too low.");
        (Verdict::TooLow, text)
    } else {
        let text = format!(
            "{all}. Neither gets further by {} of it or more: the learning rate is not what holds it back. Dead or saturated units, or inputs that say nothing more, are left.",
            percent(least_of(lower).min(least_of(higher)) / start.abs().max(f64::MIN_POSITIVE))
        );
        (Verdict::Neither, text)
    }
}

/// Where a fork got to; infinite where its loss was lost.
fn reached(fork: &Fork) -> f64 {
    let end = fork.losses.len().saturating_sub(END);
    let last = &fork.losses[end..];
    if last.iter().any(|it| !it.is_finite()) {
        return f64::INFINITY;
    }
    median(last.iter().copied()).unwrap_or(f64::INFINITY)
}

/// How much lower than `own` another fork got.
fn gain(own: &Fork, other: &Fork) -> f64 {
    let (own, other) = (reached(own), reached(other));
    if other.is_finite() { own - other } else { f64::NEG_INFINITY }
}

/// Standard deviation of single losses around the line through their neighbours.
fn noise(fork: &Fork) -> f64 {
    let bends = fork.losses.windows(3).map(|it| (it[0] - 2.0 * it[1] + it[2]).abs()).filter(|it| it.is_finite());
    median(bends).map_or(0.0, |it| it / (0.6745 * 6.0_f64.sqrt()))
}

/// Adds a step to a range test. False where the loss has exploded and the test is over.
pub fn add_point(points: &mut Vec<RangePoint>, learning_rate: f64, loss: f64) -> bool {
    let n = points.len() as i32;
    let before = points.last().map_or(0.0, |it| it.smoothed * (1.0 - SMOOTHING.powi(n)));
    let smoothed = (SMOOTHING * before + (1.0 - SMOOTHING) * loss) / (1.0 - SMOOTHING.powi(n + 1));
    points.push(RangePoint { learning_rate, loss, smoothed });
    let best = points.iter().map(|it| it.smoothed).fold(f64::INFINITY, f64::min);
    loss.is_finite() && smoothed <= EXPLODED * best
}

/// The learning rates worth trying after a range test: from where the loss falls fastest, for a careful start, to a
/// third of where it is lowest. None where it never falls.
///
/// Source: Smith 2017, "Cyclical learning rates for training neural networks" (arXiv 1506.01186); the band lies
/// between fastai's `steep` and its `minimum`, since a single number would claim too much.
pub fn band(points: &[RangePoint]) -> Option<[f64; 2]> {
    let from = (SKIPPED_START * points.len() as f64).ceil() as usize;
    let to = points.len().saturating_sub(SKIPPED_END);
    let seen = points.get(from..to).filter(|it| it.len() >= 5)?;
    let lowest = (0..seen.len()).min_by(|a, b| seen[*a].smoothed.total_cmp(&seen[*b].smoothed))?;
    let start = seen[0].smoothed;
    let has_fallen = seen[lowest].smoothed < start * (1.0 - LEAST_GAIN);
    if !has_fallen {
        return None;
    }
    // Slopes over a few points, in loss for each factor of the learning rate.
    let reach = (seen.len() / 20).max(1);
    let slope = |idx: usize| {
        let (a, b) = (&seen[idx.saturating_sub(reach)], &seen[(idx + reach).min(lowest)]);
        (b.smoothed - a.smoothed) / (b.learning_rate / a.learning_rate).ln().max(f64::MIN_POSITIVE)
    };
    let steepest = (0..lowest).min_by(|a, b| slope(*a).total_cmp(&slope(*b)))?;
    let (low, high) = (seen[steepest].learning_rate, seen[lowest].learning_rate / 3.0);
    Some([low.min(high), low.max(high)])
}

/// Whether the loss falls in proportion to the rate, however little: then nothing but the length of the steps holds
/// it back, and in so few of them it cannot come far.
fn grows_with_the_rate(start: f64, own: &Fork, higher: &Fork) -> bool {
    let fall = |fork: &Fork| start - reached(fork);
    let is_clear = |fork: &Fork| fall(fork) > CLEAR_FALL_NOISE * noise(fork);
    is_clear(own) && is_clear(higher) && fall(higher) > PROPORTIONAL * (higher.factor / own.factor) * fall(own)
}

/// What it cost to leave out the optimizer's memory: how far the loss jumped away from the copy that kept it, and when
/// it was back. The losses begin at the same place.
pub fn weigh(with_memory: &[f64], without: &[f64]) -> String {
    let gap = |idx: usize| without[idx] - with_memory[idx];
    let n = with_memory.len().min(without.len());
    let start = with_memory.first().copied().unwrap_or(f64::NAN);
    let Some(worst) = (1..n).max_by(|a, b| gap(*a).total_cmp(&gap(*b))).filter(|_| start.is_finite()) else {
        return "The experiment was cut short, so that nothing can be said.".to_owned();
    };
    let least = JUMP * start.abs();
    if with_memory == without {
        return "Both went the same way to the bit: this optimizer remembers nothing.".to_owned();
    }
    if gap(worst) < least {
        return format!(
            "Without its memory the optimizer took other steps, but the loss was never more than {} away from the one that kept it.",
            percent((1..n).map(|idx| gap(idx).abs()).fold(0.0, f64::max) / start.abs().max(f64::MIN_POSITIVE))
        );
    }
    let told = format!(
        "Without its memory the optimizer steps astray: behind {} steps the loss was {}, and {} for the copy that kept it.",
        worst,
        number(without[worst]),
        number(with_memory[worst])
    );
    match (worst..n).find(|idx| gap(*idx) < least / 2.0) {
        Some(back) => format!("{told} It took {back} steps to be back."),
        None => format!("{told} Behind {} steps it was not back yet.", n - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::made_up::Noise;

    fn fork(factor: f64, losses: impl Fn(f64) -> f64) -> Fork {
        Fork { factor, learning_rate: 0.01 * factor, losses: (0..=12).map(|it| losses(f64::from(it))).collect() }
    }

    fn probe(lower: f64, own: f64, higher: f64) -> (Verdict, String) {
        let to = |end: f64| move |it: f64| 1.0 + (end - 1.0) * it / 12.0;
        judge(&[fork(1.0 / 3.0, to(lower)), fork(1.0, to(own)), fork(3.0, to(higher))])
    }

    #[test]
    fn a_loss_that_falls_in_proportion_to_the_rate_wants_a_higher_one_however_little_it_falls() {
        let fork = |factor: f64, slope: f64, jitter: f64| Fork {
            factor,
            learning_rate: 1e-5 * factor,
            losses: (0..=12).map(|it| 0.69 - slope * f64::from(it) + jitter * f64::from(it % 2)).collect(),
        };
        let forks = |slope: f64, jitter: f64| [1.0 / 3.0, 1.0, 3.0].map(|factor| fork(factor, slope * factor, jitter));
        assert_eq!(
            judge(&forks(5e-5, 0.0)).0,
            Verdict::TooLow,
            "a fall of 0.3 %, but three times as much at three times the rate"
        );
        assert_eq!(judge(&forks(5e-5, 2e-3)).0, Verdict::Neither, "within the noise nothing is proportional");
        assert_eq!(judge(&forks(0.0, 0.0)).0, Verdict::Neither, "what does not fall at all is stuck");
    }

    #[test]
    fn a_jump_without_memory_is_told_with_its_numbers() {
        let kept = [1.0, 0.99, 0.98, 0.97, 0.96];
        assert!(weigh(&kept, &kept).contains("remembers nothing"));
        let jumped = weigh(&kept, &[1.0, 1.3, 1.1, 0.975, 0.96]);
        assert!(
            jumped.contains("behind 1 steps the loss was 1.3, and 0.99") && jumped.contains("took 3 steps"),
            "{jumped}"
        );
        assert!(weigh(&kept, &[1.0, 1.3, 1.4, 1.5, 1.6]).contains("not back yet"));
        assert!(weigh(&kept, &[1.0, 0.995, 0.98, 0.97, 0.96]).contains("never more than"));
        assert!(weigh(&[f64::NAN], &[f64::NAN]).contains("cut short"));
    }

    #[test]
    fn the_fork_that_gets_further_names_the_cause() {
        assert_eq!(probe(0.7, 0.99, 1.3).0, Verdict::TooHigh);
        assert_eq!(probe(0.997, 0.99, 0.9).0, Verdict::TooLow);
        assert_eq!(probe(0.999, 0.998, 0.999).0, Verdict::Neither);
        let text = probe(0.7, 0.99, 1.3).1;
        assert!(text.contains("at 0.00333") && text.contains("too high"), "{text}");
    }

    #[test]
    fn a_fork_that_is_lost_gets_nowhere() {
        let lost = fork(3.0, |it| if it > 4.0 { f64::NAN } else { 1.0 });
        let (verdict, text) = judge(&[fork(1.0 / 3.0, |_| 1.0), fork(1.0, |_| 1.0), lost]);
        assert_eq!(verdict, Verdict::Neither);
        assert!(text.contains("no number any more at 0.03"), "{text}");
    }

    #[test]
    fn a_gain_within_the_noise_says_nothing() {
        for seed in 0..50 {
            let draw = |factor: f64, seed: u64| {
                let mut noise = Noise::new(seed);
                let losses = (0..=12).map(|_| 1.0 + 0.1 * noise.normal()).collect();
                Fork { factor, learning_rate: factor, losses }
            };
            let forks = [draw(1.0 / 3.0, 3 * seed), draw(1.0, 3 * seed + 1), draw(3.0, 3 * seed + 2)];
            let (verdict, text) = judge(&forks);
            let gains = [gain(&forks[1], &forks[0]), gain(&forks[1], &forks[2])];
            assert!(verdict == Verdict::Neither || gains.iter().any(|it| *it > 0.1), "seed {seed}: {text}");
        }
    }

    /// Level, falling from about 1e-4, lowest at 1e-1, exploding behind it.
    fn ranged() -> Vec<RangePoint> {
        let mut points = Vec::new();
        for step in 0..100 {
            let learning_rate = 1e-7 * 10_f64.powf(8.0 * f64::from(step) / 99.0);
            let fall = 1.0 / (1.0 + (learning_rate / 1e-3).powf(0.8));
            if !add_point(&mut points, learning_rate, 2.0 * fall + 0.2 + (learning_rate / 0.3).powi(3)) {
                break;
            }
        }
        points
    }

    #[test]
    fn the_band_lies_where_the_loss_falls_and_the_test_ends_where_it_explodes() {
        let points = ranged();
        assert!(points.len() < 100, "it must not go on after the explosion");
        let [low, high] = band(&points).unwrap();
        assert!((1e-4..2e-2).contains(&low) && (low..0.3).contains(&high), "{low} {high}");
    }

    #[test]
    fn a_loss_that_never_falls_has_no_band() {
        let mut points = Vec::new();
        for step in 0..100 {
            add_point(&mut points, 1e-7 * 1.2_f64.powi(step), 1.0 + 1e-3 * f64::from(step));
        }
        assert_eq!(band(&points), None);
        assert_eq!(band(&points[..4]), None);
    }
}
