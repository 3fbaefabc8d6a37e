//! Damage to files and messages, for tests that nothing a reader may be given brings it down.
//!
//! Each test tries some thousand inputs. `LEARNSCOPE_FUZZ=100 cargo test --release --lib fuzz` tries a hundred times as
//! many, holds the memory of all to account, and with `-- --nocapture` says what it met.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// No input may keep its reader longer.
const LONGEST: Duration = Duration::from_secs(1);
const ATTEMPTS: usize = 5;
/// All readers together may not hold more.
const MOST_MEGABYTES: f64 = 200.0;

/// What numbers and words become.
pub(crate) const ODD: [&str; 20] = [
    "nan",
    "inf",
    "1e999",
    "-1",
    "0",
    "1",
    "2",
    "1e-320",
    "4294967296",
    "99999999999999999999",
    "\n",
    ",",
    "\"",
    "]}",
    ")",
    "null",
    "None",
    "Some(0)",
    "\u{feff}",
    "\0",
];

/// One thing that can happen to a file. Places are taken within its length, whatever they are.
#[derive(Clone, Debug)]
pub(crate) enum Damage {
    Byte(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    /// The next number from there on becomes another.
    Number(usize, Vec<u8>),
    Cut(usize),
}

impl Damage {
    pub(crate) fn draw(chance: &mut ChaCha8Rng) -> Self {
        let at = chance.random_range(0..usize::MAX);
        let odd = ODD[chance.random_range(0..ODD.len())].as_bytes();
        match chance.random_range(0..14) {
            0..4 => Self::Byte(at, chance.random()),
            4..6 => Self::Insert(at, odd.to_vec()),
            6..8 => Self::Remove(at, chance.random_range(1..40)),
            8..10 => Self::Repeat(at, chance.random_range(1..80)),
            10..12 => Self::Number(at, odd.to_vec()),
            12 => Self::Insert(at, ["(", "[", "{"][at % 3].repeat(at % 3000).into_bytes()),
            _ => Self::Cut(at),
        }
    }

    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let n = bytes.len();
        match self {
            Self::Byte(at, byte) => bytes[at % n] = *byte,
            Self::Insert(at, more) => {
                bytes.splice(at % n..at % n, more.iter().copied());
            }
            Self::Remove(at, most) => {
                bytes.drain(at % n..(at % n + most).min(n));
            }
            Self::Repeat(at, most) => {
                let part = bytes[at % n..(at % n + most).min(n)].to_vec();
                bytes.splice(at % n..at % n, part);
            }
            Self::Number(at, other) => {
                let is_digit = |it: &u8| it.is_ascii_digit() || *it == b'.';
                let from = at % n + bytes[at % n..].iter().position(is_digit).unwrap_or(0);
                let length = bytes[from..].iter().take_while(|it| is_digit(it)).count();
                bytes.splice(from..from + length, other.iter().copied());
            }
            Self::Cut(at) => bytes.truncate(at % n),
        }
    }
}

/// One of a corpus, damaged in one to six places; now and then with a part of another.
pub(crate) fn mutated(corpus: &[impl AsRef<[u8]>], chance: &mut ChaCha8Rng) -> Vec<u8> {
    let one = |chance: &mut ChaCha8Rng| corpus[chance.random_range(0..corpus.len())].as_ref().to_vec();
    let mut bytes = one(chance);
    if chance.random_ratio(1, 10) {
        let other = one(chance);
        bytes.truncate(chance.random_range(0..=bytes.len()));
        bytes.extend_from_slice(&other[chance.random_range(0..=other.len())..]);
    }
    for _ in 0..chance.random_range(1..=6) {
        Damage::draw(chance).apply(&mut bytes);
    }
    bytes
}

/// Makes `n` inputs, or as many times more as was asked for, and gives each to a reader, which may do anything with it
/// but panic, take long or hold much memory.
pub(crate) fn fuzz<T>(name: &str, n: u64, mut make: impl FnMut(&mut ChaCha8Rng) -> T, mut read: impl FnMut(&T)) {
    let asked: Option<u64> = std::env::var("LEARNSCOPE_FUZZ").ok().and_then(|it| it.parse().ok());
    let n = n * asked.unwrap_or(1);
    let mut slowest = Duration::ZERO;
    for nth in 0..n {
        let mut chance = ChaCha8Rng::seed_from_u64(nth);
        let input = make(&mut chance);
        // A busy machine may keep one reading waiting, and not each of several.
        let took = (0..ATTEMPTS).map(|_| timed(name, nth, || read(&input))).find(|it| *it < LONGEST);
        let took = took.unwrap_or(LONGEST);
        assert!(took < LONGEST, "{name}: the input of seed {nth} took {took:?} and longer");
        slowest = slowest.max(took);
    }
    let peak = peak_megabytes();
    writeln!(std::io::stdout(), "{name}: {n} inputs, the slowest took {slowest:.1?}, peak memory {peak:?} MB").unwrap();
    // Otherwise the memory of all other tests is in it.
    assert!(asked.is_none() || peak.is_none_or(|it| it < MOST_MEGABYTES), "{peak:?} MB");
}

/// Reads an input, and says which it was where that panics.
fn timed(name: &str, nth: u64, read: impl FnOnce()) -> Duration {
    let began = Instant::now();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(read)) {
        writeln!(std::io::stdout(), "{name}: it was the input of seed {nth}").unwrap();
        resume_unwind(panic);
    }
    began.elapsed()
}

/// The most memory that this process ever held, where the system tells.
fn peak_megabytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|it| it.strip_prefix("VmHWM:")?.split_whitespace().next())?;
    Some((kilobytes.parse::<f64>().ok()? / 1024.0).round())
}

#[test]
fn damage_changes_what_it_is_meant_to() {
    let damaged = |damage: Damage| {
        let mut bytes = b"epochs: 12, x".to_vec();
        damage.apply(&mut bytes);
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(damaged(Damage::Number(2, b"-1".to_vec())), "epochs: -1, x");
    assert_eq!(damaged(Damage::Repeat(0, 3)), "epoepochs: 12, x");
    assert_eq!(damaged(Damage::Remove(8, 400)), "epochs: ");
    assert_eq!(damaged(Damage::Insert(13, b"y".to_vec())), "yepochs: 12, x", "places wrap around");
    assert_eq!(damaged(Damage::Cut(6)), "epochs");
}
