//! Chance keyed by what it is for, so that a resumed run and one beside others draw the same.
//!
//! Burn's own generator is one for the whole process; ours is a ChaCha8 stream for each purpose, whose
//! output its specification fixes for good.

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

/// What a stream of chance is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// First weights of a layer.
    Weights { layer: usize },
    /// Dropout of a layer in one step, counted from 1.
    Dropout { step: u64, layer: usize },
}

/// The stream of one purpose under a seed.
pub(super) fn stream(seed: u64, purpose: Purpose) -> ChaCha8Rng {
    let (domain, first, second) = match purpose {
        Purpose::Weights { layer } => (1_u64, layer as u64, 0),
        Purpose::Dropout { step, layer } => (2, step, layer as u64),
    };
    let mut key = [0; 32];
    for (part, bytes) in key.chunks_exact_mut(8).zip([seed, domain, first, second]) {
        part.copy_from_slice(&bytes.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Numbers spread evenly over `-bound..bound`.
pub(super) fn uniform(rng: &mut ChaCha8Rng, bound: f32, n: usize) -> Vec<f32> {
    // 24 bits are all a float holds between 0 and 1.
    let unit = |bits: u32| (bits >> 8) as f32 / (1 << 24) as f32;
    (0..n).map(|_| (2.0 * unit(rng.next_u32()) - 1.0) * bound).collect()
}

/// A dropout mask: 0 with the given probability, else what keeps the mean as it was.
pub(super) fn dropout_mask(rng: &mut ChaCha8Rng, probability: f64, n: usize) -> Vec<f32> {
    let kept = (1.0 / (1.0 - probability)) as f32;
    let threshold = (probability * 2f64.powi(32)) as u32;
    (0..n).map(|_| if rng.next_u32() < threshold { 0.0 } else { kept }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_depend_on_each_part_of_their_key_and_on_nothing_else() {
        let draw = |seed, purpose| stream(seed, purpose).next_u32();
        let first = draw(1, Purpose::Dropout { step: 3, layer: 0 });
        assert_eq!(first, draw(1, Purpose::Dropout { step: 3, layer: 0 }));
        for other in [(2, 3, 0), (1, 4, 0), (1, 3, 1)] {
            assert_ne!(first, draw(other.0, Purpose::Dropout { step: other.1, layer: other.2 }));
        }
        assert_ne!(first, draw(1, Purpose::Weights { layer: 3 }));
    }

    #[test]
    fn a_dropout_mask_silences_its_share_and_keeps_the_mean() {
        let mask = dropout_mask(&mut stream(7, Purpose::Dropout { step: 1, layer: 0 }), 0.3, 100_000);
        let silenced = mask.iter().filter(|it| **it == 0.0).count() as f64 / 1e5;
        let mean = mask.iter().map(|it| f64::from(*it)).sum::<f64>() / 1e5;
        assert!((silenced - 0.3).abs() < 0.01, "{silenced}");
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
    }
}
