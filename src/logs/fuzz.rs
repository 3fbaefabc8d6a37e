//! Whatever a file holds, its reader ends in curves that the doctor can look at, or in one line that refuses it.

use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

use super::tests::{fixture, of_bytes};
use super::tfrecord::framed;
use super::*;
use crate::mutate::Damage;
use crate::run::Event;

/// Every recorded log, with a name by which its reader is found.
const LOGS: &[(&str, &str)] = &[
    ("keras.csv", "log.csv"),
    ("keras_nan.csv", "log.csv"),
    ("lightning/metrics.csv", "metrics.csv"),
    ("trainer_state.json", "trainer_state.json"),
    ("trainer_state_by_steps.json", "trainer_state.json"),
    ("pytorch_tensorboard/events.out.tfevents.1700000000.host.1.0", "a.tfevents"),
    ("keras_tensorboard/train/events.out.tfevents.1700000000.host.1.0.v2", "a.tfevents"),
    ("keras_tensorboard/validation/events.out.tfevents.1700000001.host.1.1.v2", "a.tfevents"),
];
const EVENTS: Range<usize> = 5..8;

/// Whatever was read holds what the doctor counts on, and the doctor can look at it.
fn check(read: &Result<Curves, LogError>) {
    let curves = match read {
        Ok(curves) => curves,
        Err(err) => return assert!(!err.to_string().contains('\n'), "{err}"),
    };
    assert!(!curves.rows.is_empty());
    assert!(curves.rows[0].epoch >= 1);
    assert!(curves.rows.is_sorted_by(|a, b| a.epoch < b.epoch), "{:?}", curves.rows);
    assert!(curves.columns.iter().all(|(_, name)| curves.names.iter().any(|it| it == name)), "{:?}", curves.columns);
    let told = told(curves);
    assert_eq!(told.iter().filter(|it| matches!(it, Event::Epoch(_))).count(), curves.rows.len());
    for event in told {
        if let Event::Finding(it) = event {
            assert!(it.from_epoch <= it.to_epoch && !it.text.is_empty(), "{it:?}");
            assert!(silent(curves).iter().all(|silent| silent.rule.id != it.rule), "{it:?}");
        }
    }
}

/// Reads the bytes as every format, whatever they are.
fn check_all(bytes: &[u8]) {
    let choice = Columns::default();
    for log in [table::read(bytes, "log", &choice), hugging_face::read(bytes.to_vec(), "log", &choice)] {
        check(&log.and_then(assemble::assemble));
    }
    check(&of_bytes("a.tfevents", bytes));
}

/// Reads the bytes as a file of this name, as the window does: it has to find out what the file is.
fn check_guessed(name: &str, bytes: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    match guess(&path) {
        Ok(Guess::Log(curves)) => check(&Ok(*curves)),
        Ok(Guess::Either | Guess::Other) => {}
        Err(err) => check(&Err(err)),
    }
    check(&read_anyhow(&path));
}

fn damage() -> impl Strategy<Value = Damage> {
    any::<u64>().prop_map(|seed| Damage::draw(&mut ChaCha8Rng::seed_from_u64(seed)))
}

/// What an event file's records hold.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = tfrecord::Records::new(bytes, "log");
    let (mut all, mut data) = (Vec::new(), Vec::new());
    while reader.next(&mut data).unwrap() == tfrecord::Next::Record {
        all.push(data.clone());
    }
    all
}

/// A number as protocol buffers write it.
fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

/// A field with a length in front.
fn field(number: u8, contents: &[u8]) -> Vec<u8> {
    [vec![number << 3 | 2], varint(contents.len() as u64), contents.to_vec()].concat()
}

/// An event with one value: a float, or a tensor of some type with these bytes and dimensions.
fn event(step: i64, tag: &str, value: f32, tensor: Option<(u8, &[u8], usize)>) -> Vec<u8> {
    let value = match tensor {
        None => [vec![2 << 3 | 5], value.to_le_bytes().to_vec()].concat(),
        Some((dtype, content, dims)) => {
            let shape = field(2, &field(2, &[1 << 3, 1]).repeat(dims));
            field(8, &[vec![1 << 3, dtype], shape, field(4, content)].concat())
        }
    };
    let summary = field(5, &field(1, &[field(1, tag.as_bytes()), value].concat()));
    framed(&[vec![2 << 3], varint(step as u64), summary].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(250) })]

    #[test]
    fn no_bytes_bring_a_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_all(&bytes);
        check_all(&framed(&bytes));
        check_guessed("file", &bytes);
    }

    #[test]
    fn no_table_of_odd_numbers_brings_a_reader_down(
        cells in prop::collection::vec(
            (
                select(vec!["0", "1", "2", "3", "0.5", "1e300", "-1", "nan", "", "NA", "inf", "x", "1e10"]),
                select(vec!["1", "nan", "", "0.5", "-inf", "1e308"]),
                select(vec!["1", "nan", "", "0.5", "NA", "-1e308"]),
            ),
            0..40,
        ),
        head in select(vec![
            "epoch,loss,val_loss", "step,loss,val_loss", "loss,val_loss,acc", "epoch,step,loss", "epoch,a,b",
            "epoch,val_acc,val_loss", "lr,grad_norm,loss",
        ]),
    ) {
        let lines: Vec<_> = cells.iter().map(|(a, b, c)| format!("{a},{b},{c}\n")).collect();
        check_guessed("log.csv", format!("{head}\n{}", lines.concat()).as_bytes());
    }

    #[test]
    fn no_list_of_odd_entries_brings_a_reader_down(
        entries in prop::collection::vec(
            prop::collection::vec(
                (
                    select(vec!["epoch", "step", "loss", "eval_loss", "eval_accuracy", "learning_rate", "grad_norm", "train_runtime"]),
                    select(vec![
                        "0", "1", "2", "0.5", "-1", "1e400", "NaN", "-Infinity", "null", "true", "\"1\"", "\"x\"", "[]", "{\"a\":1}",
                        "12345678901234567890",
                    ]),
                ),
                0..5,
            ),
            0..25,
        ),
        is_bare: bool,
    ) {
        let entry = |it: &Vec<(&str, &str)>| {
            let fields: Vec<_> = it.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
            format!("{{{}}}", fields.join(", "))
        };
        let list = format!("[{}]", entries.iter().map(entry).collect::<Vec<_>>().join(",\n"));
        let text = if is_bare { list } else { format!("{{\"log_history\": {list}}}") };
        check_guessed("trainer_state.json", text.as_bytes());
    }

    #[test]
    fn no_odd_events_bring_a_reader_down(
        events in prop::collection::vec(
            (
                select(vec![i64::MIN, -1, 0, 1, 2, 3, 4, 5, 1 << 40, i64::MAX - 1, i64::MAX]),
                select(vec!["loss", "val_loss", "epoch", "epoch_loss", "accuracy", "", "a"]),
                select(vec![0.5, 1.0, -1.0, f32::NAN, f32::INFINITY, f32::MAX, f32::MIN_POSITIVE]),
                prop::option::of((0_u8..4, prop::collection::vec(any::<u8>(), 0..10), 0_usize..3)),
            ),
            0..40,
        ),
    ) {
        let frames = events.iter().map(|(step, tag, value, tensor)| {
            event(*step, tag, *value, tensor.as_ref().map(|it| (it.0, it.1.as_slice(), it.2)))
        });
        check_guessed("a.tfevents", &frames.collect::<Vec<_>>().concat());
    }

    #[test]
    fn no_damage_to_a_real_log_brings_its_reader_down(
        which in 0..LOGS.len(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let (file, name) = LOGS[which];
        let mut bytes = std::fs::read(fixture(file)).unwrap();
        for damage in &damages {
            damage.apply(&mut bytes);
        }
        check_all(&bytes);
        check_guessed(name, &bytes);
    }

    /// Checksums would refuse nearly every damage; here they are right, so that what is behind them is read.
    #[test]
    fn no_damage_behind_right_checksums_brings_the_event_reader_down(
        which in EVENTS,
        hit in prop::collection::vec((any::<Index>(), damage()), 1..8),
        swapped in any::<(Index, Index)>(),
        twice in any::<Index>(),
    ) {
        let mut records = records(&std::fs::read(fixture(LOGS[which].0)).unwrap());
        let n = records.len();
        for (at, damage) in &hit {
            damage.apply(&mut records[at.index(n)]);
        }
        records.swap(swapped.0.index(n), swapped.1.index(n));
        records.push(records[twice.index(n)].clone());
        let bytes: Vec<u8> = records.iter().flat_map(|it| framed(it)).collect();
        check(&of_bytes("a.tfevents", &bytes));
        check_guessed("a.tfevents", &bytes);
    }
}

#[test]
fn records_written_here_are_read_as_events() {
    let steps = [1, 2, 3];
    let bytes: Vec<u8> = steps.iter().flat_map(|step| event(*step, "loss", 0.5, None)).collect();
    let tensors: Vec<u8> =
        steps.iter().flat_map(|it| event(*it, "val_loss", 0.0, Some((1, &0.25_f32.to_le_bytes(), 0)))).collect();
    let curves = of_bytes("a.tfevents", &[bytes, tensors].concat()).unwrap();
    let losses: Vec<_> = curves.rows.iter().map(|it| (it.train_loss, it.validation_loss)).collect();
    assert_eq!(losses, [(0.5, 0.25); 3]);
    // The recorded files come apart and together again without a loss.
    for (file, _) in &LOGS[EVENTS] {
        let bytes = std::fs::read(fixture(file)).unwrap();
        assert_eq!(records(&bytes).iter().flat_map(|it| framed(it)).collect::<Vec<_>>(), bytes, "{file}");
    }
}
