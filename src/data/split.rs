//! Which rows train, validate and test: exact sizes, seeded, and stratified for classes.

use crate::spec::{SplitMethod, SplitSpec};

use super::DataError;
use super::chance::{Purpose, shuffle, stream};

/// Row numbers of each part, ascending. The parts share no row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub train: Vec<u32>,
    pub validation: Vec<u32>,
    pub test: Vec<u32>,
}

/// Rows to take from one group, such as one class.
#[derive(Clone, Copy)]
struct Quota {
    validation: usize,
    test: usize,
}

/// Deals the usable rows.
///
/// `copies` holds for each usable row the first row it is a copy of; where given, copies follow the part their first
/// row is dealt to, and the fractions hold for different rows. Validation and test get their fraction of all usable rows, rounded; train is the rest. `classes`
/// holds a class for each usable row, or nothing for a regression, where stratified means random.
///
/// # Errors
/// [`DataError::EmptySplit`] where a part would stay empty.
pub(super) fn deal(
    rows: &[u32],
    classes: Option<&[u32]>,
    copies: Option<&[u32]>,
    spec: &SplitSpec,
    seed: u64,
    place: &str,
) -> Result<Split, DataError> {
    let Some(copies) = copies else { return deal_each(rows, classes, spec, seed, place) };
    let is_first = |idx: &usize| rows[*idx] == copies[*idx];
    let firsts: Vec<u32> = (0..rows.len()).filter(is_first).map(|idx| rows[idx]).collect();
    let classes: Option<Vec<u32>> = classes.map(|it| (0..rows.len()).filter(is_first).map(|idx| it[idx]).collect());
    let dealt = deal_each(&firsts, classes.as_deref(), spec, seed, place)?;
    let with_copies = |part: &[u32]| {
        let follows = |idx: &usize| part.binary_search(&copies[*idx]).is_ok();
        (0..rows.len()).filter(follows).map(|idx| rows[idx]).collect()
    };
    Ok(Split {
        train: with_copies(&dealt.train),
        validation: with_copies(&dealt.validation),
        test: with_copies(&dealt.test),
    })
}

/// As [`deal`], every row by itself.
fn deal_each(
    rows: &[u32],
    classes: Option<&[u32]>,
    spec: &SplitSpec,
    seed: u64,
    place: &str,
) -> Result<Split, DataError> {
    let whole = whole_quota(rows.len(), spec, place)?;
    let mut rng = stream(Purpose::Split, spec.seed.unwrap_or(seed), 0);
    let mut split = Split::default();
    match (spec.method, classes) {
        (SplitMethod::Ordered, _) => {
            let (train, held_back) = rows.split_at(rows.len() - whole.validation - whole.test);
            let (validation, test) = held_back.split_at(whole.validation);
            split = Split { train: train.to_vec(), validation: validation.to_vec(), test: test.to_vec() };
        }
        (SplitMethod::Stratified, Some(classes)) => {
            let mut groups = groups(rows, classes);
            let sizes: Vec<_> = groups.iter().map(Vec::len).collect();
            for (group, quota) in groups.iter_mut().zip(class_quotas(&sizes, whole)) {
                shuffle(group, &mut rng);
                split.take(group, quota);
            }
        }
        (SplitMethod::Random, _) | (SplitMethod::Stratified, None) => {
            let mut shuffled = rows.to_vec();
            shuffle(&mut shuffled, &mut rng);
            split.take(&shuffled, whole);
        }
    }
    split.sort();
    Ok(split)
}

impl Split {
    fn take(&mut self, group: &[u32], quota: Quota) {
        let (test, rest) = group.split_at(quota.test);
        let (validation, train) = rest.split_at(quota.validation);
        self.test.extend(test);
        self.validation.extend(validation);
        self.train.extend(train);
    }

    fn sort(&mut self) {
        for part in [&mut self.train, &mut self.validation, &mut self.test] {
            part.sort_unstable();
        }
    }
}

fn whole_quota(n_rows: usize, spec: &SplitSpec, place: &str) -> Result<Quota, DataError> {
    let share = |fraction: f64| (fraction * n_rows as f64).round().max(0.0) as usize;
    let quota = Quota { validation: share(spec.validation), test: share(spec.test) };
    let train = n_rows.saturating_sub(quota.validation).saturating_sub(quota.test);
    let empty = [("validation", quota.validation), ("testing", quota.test), ("training", train)]
        .into_iter()
        .find(|(_, n)| *n == 0);
    match empty {
        Some((part, _)) => Err(DataError::EmptySplit {
            part,
            n_rows,
            train,
            validation: quota.validation,
            test: quota.test,
            place: place.to_owned(),
        }),
        None => Ok(quota),
    }
}

fn groups(rows: &[u32], classes: &[u32]) -> Vec<Vec<u32>> {
    let n_classes = classes.iter().max().map_or(0, |it| *it as usize + 1);
    let mut groups = vec![Vec::new(); n_classes];
    for (row, class) in rows.iter().zip(classes) {
        groups[*class as usize].push(*row);
    }
    groups
}

/// Deals the exact totals to the classes in proportion to their sizes.
fn class_quotas(sizes: &[usize], whole: Quota) -> Vec<Quota> {
    // Each class keeps a row to train on for as long as the totals allow it.
    let room: Vec<_> = sizes.iter().map(|it| it.saturating_sub(1)).collect();
    let test = share_out(whole.test, sizes, &room);
    let left = |room: &[usize]| -> Vec<usize> {
        room.iter().zip(&test).map(|(room, taken)| room.saturating_sub(*taken)).collect()
    };
    let validation = share_out(whole.validation, sizes, &left(&room));
    let validation_total: usize = validation.iter().sum();
    let test_total: usize = test.iter().sum();
    let mut quotas: Vec<_> =
        validation.iter().zip(&test).map(|(validation, test)| Quota { validation: *validation, test: *test }).collect();
    // Only where nearly every class has a single row: the totals stay exact and those classes go untrained.
    for _ in test_total..whole.test {
        if let Some(quota) = with_room(&mut quotas, sizes) {
            quota.test += 1;
        }
    }
    for _ in validation_total..whole.validation {
        if let Some(quota) = with_room(&mut quotas, sizes) {
            quota.validation += 1;
        }
    }
    quotas
}

fn with_room<'a>(quotas: &'a mut [Quota], sizes: &[usize]) -> Option<&'a mut Quota> {
    quotas.iter_mut().zip(sizes).find(|(it, size)| it.validation + it.test < **size).map(|(it, _)| it)
}

/// The largest remainder method: whole shares of `total` in proportion to `sizes`, none above its room.
fn share_out(total: usize, sizes: &[usize], room: &[usize]) -> Vec<usize> {
    let n_rows: usize = sizes.iter().sum();
    // Whole numbers: a remainder that is off by a rounding error would deal rows differently on another machine.
    let ideal = |size: &usize| total as u128 * *size as u128;
    let mut shares: Vec<_> = sizes
        .iter()
        .zip(room)
        .map(|(size, room)| ((ideal(size) / n_rows.max(1) as u128) as usize).min(*room))
        .collect();
    let mut by_remainder: Vec<_> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|idx| std::cmp::Reverse(ideal(&sizes[*idx]) % n_rows.max(1) as u128));
    let mut open = total - shares.iter().sum::<usize>();
    while open > 0 {
        let before = open;
        for idx in &by_remainder {
            if open > 0 && shares[*idx] < room[*idx] {
                shares[*idx] += 1;
                open -= 1;
            }
        }
        if open == before {
            break;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(validation: f64, test: f64, method: SplitMethod) -> SplitSpec {
        SplitSpec { validation, test, method, ..SplitSpec::default() }
    }

    fn dealt(n_rows: u32, classes: Option<&[u32]>, spec: &SplitSpec, seed: u64) -> Split {
        let rows: Vec<_> = (0..n_rows).collect();
        let split = deal(&rows, classes, None, spec, seed, "test").unwrap();
        let mut all: Vec<_> = [&split.train[..], &split.validation, &split.test].concat();
        all.sort_unstable();
        assert_eq!(all, rows, "every row is in exactly one part");
        split
    }

    #[test]
    fn sizes_are_rounded_fractions_of_all_rows_by_every_method() {
        let cases = [
            (1436, 0.16, 0.2, (919, 230, 287)),
            (10, 0.25, 0.25, (4, 3, 3)),
            (7, 0.2, 0.2, (5, 1, 1)),
            (344, 0.2, 0.2, (206, 69, 69)),
        ];
        for (n_rows, validation, test, expected) in cases {
            let classes: Vec<u32> = (0..n_rows).map(|row| if row % 11 == 0 { 2 } else { row % 2 }).collect();
            for method in [SplitMethod::Stratified, SplitMethod::Random, SplitMethod::Ordered] {
                let split = dealt(n_rows, Some(&classes), &spec(validation, test, method), 1);
                let sizes = (split.train.len(), split.validation.len(), split.test.len());
                assert_eq!(sizes, expected, "{n_rows} rows, {method:?}");
            }
        }
    }

    #[test]
    fn stratified_parts_hold_each_class_in_proportion_to_one_row() {
        let sizes = [500_u32, 300, 150, 49, 1];
        let classes: Vec<u32> =
            sizes.iter().zip(0..).flat_map(|(size, class)| std::iter::repeat_n(class, *size as usize)).collect();
        let split = dealt(1000, Some(&classes), &spec(0.2, 0.15, SplitMethod::Stratified), 3);
        for (class, size) in (0..).zip(sizes) {
            let count = |part: &[u32]| part.iter().filter(|row| classes[**row as usize] == class).count() as f64;
            assert!((count(&split.validation) - 0.2 * f64::from(size)).abs() <= 1.0, "class {class}");
            assert!((count(&split.test) - 0.15 * f64::from(size)).abs() <= 1.0, "class {class}");
            assert!(count(&split.train) >= 1.0, "class {class} keeps a row to train on");
        }
    }

    #[test]
    fn classes_of_single_rows_still_give_exact_totals() {
        let classes: Vec<u32> = (0..10).collect();
        let split = dealt(10, Some(&classes), &spec(0.3, 0.3, SplitMethod::Stratified), 1);
        assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (4, 3, 3));
    }

    #[test]
    fn ordered_rows_train_then_validate_then_test() {
        let split = dealt(10, None, &spec(0.2, 0.3, SplitMethod::Ordered), 9);
        assert_eq!((split.train, split.validation, split.test), (vec![0, 1, 2, 3, 4], vec![5, 6], vec![7, 8, 9]));
    }

    #[test]
    fn the_split_seed_goes_before_the_projects_seed() {
        let random = spec(0.2, 0.2, SplitMethod::Random);
        assert_eq!(dealt(50, None, &random, 1), dealt(50, None, &random, 1));
        assert_ne!(dealt(50, None, &random, 1), dealt(50, None, &random, 2));
        let own = SplitSpec { seed: Some(5), ..random };
        assert_eq!(dealt(50, None, &own, 1), dealt(50, None, &own, 2));
    }

    #[test]
    fn a_part_without_rows_is_refused_by_name() {
        let cases = [
            (2, 0.2, 0.3, "validation"),
            (2, 0.5, 0.2, "testing"),
            (10, 0.6, 0.4, "training"),
            (10, 0.9, 0.9, "training"),
        ];
        for (n_rows, validation, test, part) in cases {
            let rows: Vec<_> = (0..n_rows).collect();
            let refused = deal(&rows, None, None, &spec(validation, test, SplitMethod::Random), 1, "cars.csv")
                .unwrap_err()
                .to_string();
            assert!(
                refused.starts_with(&format!("no rows are left for {part}")) && refused.ends_with(": cars.csv"),
                "{refused}"
            );
        }
    }
}
