//! The order in which an epoch visits its rows.

use super::chance::{Purpose, shuffle, stream};

/// Training rows in the order of one epoch.
///
/// Keyed by seed and epoch alone: a resumed run visits the rows as the uninterrupted one would have.
/// Without shuffling every epoch goes through the rows in the file's order.
pub fn epoch_order(train: &[u32], seed: u64, epoch: u64, shuffled: bool) -> Vec<u32> {
    let mut order = train.to_vec();
    if shuffled {
        shuffle(&mut order, &mut stream(Purpose::Order, seed, epoch));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [u32; 12] = [0, 2, 3, 5, 8, 9, 11, 12, 13, 17, 20, 21];

    #[test]
    fn an_epoch_visits_every_row_once_in_an_order_of_its_own() {
        let first = epoch_order(&ROWS, 1, 1, true);
        let mut sorted = first.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, ROWS);
        assert_eq!(first, epoch_order(&ROWS, 1, 1, true), "same seed, same epoch, same order");
        assert_ne!(first, epoch_order(&ROWS, 1, 2, true));
        assert_ne!(first, epoch_order(&ROWS, 2, 1, true));
    }

    #[test]
    fn without_shuffling_the_files_order_stays() {
        assert_eq!(epoch_order(&ROWS, 1, 5, false), ROWS);
        assert!(epoch_order(&[], 1, 1, true).is_empty());
    }
}
