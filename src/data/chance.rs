//! Seeded chance: a stream for each purpose, written out so that no update of a dependency can change it.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a stream is for. Streams of different purposes never meet, even with equal seeds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Split = 1,
    Order = 2,
    Recipe = 3,
    LabelNoise = 4,
}

/// The stream keyed by purpose, seed and counter alone.
///
/// The key is laid out here because `seed_from_u64` belongs to a crate that may change it.
pub(super) fn stream(purpose: Purpose, seed: u64, counter: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&counter.to_le_bytes());
    key[16] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}

/// A whole number in `0..n`; 0 where `n` is 0.
///
/// Multiply and shift: its bias is below n / 2^64, and it always uses one draw.
pub(super) fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// A number in `0.0..1.0`, in steps of 2^-53.
pub(super) fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

/// A standard normal deviate, by Box and Muller's formula.
pub(super) fn normal(rng: &mut ChaCha8Rng) -> f64 {
    // 1 - u lies above 0, where the logarithm is finite.
    let radius = (-2.0 * (1.0 - uniform(rng)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(rng)).cos()
}

/// Every order equally likely, by Fisher and Yates from the last item down.
pub(super) fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(rng, last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_the_same_numbers_for_ever() {
        let mut rng = stream(Purpose::Order, 42, 7);
        let drawn: Vec<_> = (0..5).map(|_| below(&mut rng, 1000)).collect();
        assert_eq!(drawn, [685, 977, 214, 688, 521], "else recorded runs would be dealt and ordered anew");
    }

    #[test]
    fn purpose_seed_and_counter_each_change_the_stream() {
        let first = |purpose, seed, counter| stream(purpose, seed, counter).next_u64();
        let base = first(Purpose::Split, 1, 1);
        assert_ne!(base, first(Purpose::Recipe, 1, 1));
        assert_ne!(base, first(Purpose::Split, 2, 1));
        assert_ne!(base, first(Purpose::Split, 1, 2));
    }

    #[test]
    fn normal_deviates_have_mean_0_and_deviation_1() {
        let mut rng = stream(Purpose::Recipe, 3, 0);
        let drawn: Vec<_> = (0..20_000).map(|_| normal(&mut rng)).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / 20_000.0;
        // Four standard errors of 20,000 draws.
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
    }
}
