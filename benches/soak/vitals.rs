//! What a process holds of the machine, minute by minute and at rest, and whether it grows.

use std::fmt;
use std::time::{Duration, Instant};

/// What is seen in the first minutes does not count: they fill pools and caches.
const WARM_UP: Duration = Duration::from_mins(10);
/// What memory may grow by.
const MOST_GROWTH: f64 = 0.05;
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Room for looks, made at the beginning, so that what is written down here is not taken for growth.
const MOST_LOOKS: usize = 1000;

pub(crate) const HEADING: &str = "minute  memory: lowest  median  highest MB   files: lowest highest   threads: lowest \
                                  highest   processes   runs ended   at rest: own MB   in use kB";

/// What this process holds at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Resident memory in bytes.
    memory: u64,
    /// The part of it that is the process's own; pages of the program's file come and go as the system likes.
    own: u64,
    /// Bytes that were allocated and not given back. The rest of its own are the pages they lie in, stacks, and what
    /// the allocator keeps at hand; a leak shows here first.
    in_use: u64,
    files: u64,
    threads: u64,
    /// Started by it and not yet taken leave of.
    children: u64,
}

/// All that was seen so far.
pub(crate) struct Vitals {
    began: Instant,
    last: Instant,
    /// Of this minute.
    looks: Vec<Look>,
    n_minutes: u64,
    /// Whenever the studio was at rest: nothing trains, and a small project is open.
    at_rest: Vec<(Duration, Look)>,
}

/// Medians of what was seen at rest in the first quarter of the looks behind the warm-up, and in the last.
#[derive(Debug)]
pub(crate) struct Verdict {
    minutes: u64,
    n_looks: usize,
    memory: [f64; 2],
    own: [f64; 2],
    in_use: [f64; 2],
    files: [f64; 2],
    threads: [f64; 2],
    children: [f64; 2],
}

/// None where the system does not tell.
pub(crate) fn look() -> Option<Look> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| -> Option<u64> {
        status.lines().find_map(|it| it.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    let (memory, own) = (1024 * of("VmRSS:")?, 1024 * of("RssAnon:")?);
    // The handle that reads the folder is one of them.
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64 - 1;
    let in_use = crate::ALLOCATOR.allocated() as u64;
    Some(Look { memory, own, in_use, files, threads: of("Threads:")?, children: children(std::process::id()) })
}

fn children(of: u32) -> u64 {
    let is_child = |entry: &std::fs::DirEntry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // Behind the name, which may hold anything: state, then the parent's number.
        let parent = stat.rsplit(')').next().and_then(|it| it.split_whitespace().nth(1)?.parse().ok());
        parent == Some(of)
    };
    std::fs::read_dir("/proc").into_iter().flatten().flatten().filter(is_child).count() as u64
}

impl Vitals {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            last: now,
            looks: Vec::with_capacity(MOST_LOOKS),
            n_minutes: 0,
            at_rest: Vec::with_capacity(MOST_LOOKS),
        }
    }

    /// Looks where it is time to, and prints a line where a minute is over.
    pub(crate) fn tick(&mut self, runs: u64) {
        if self.last.elapsed() < LOOK_EVERY {
            return;
        }
        self.last = Instant::now();
        self.looks.extend(look());
        if self.began.elapsed() >= Duration::from_mins(self.n_minutes + 1) {
            self.n_minutes += 1;
            self.end_minute(runs);
        }
    }

    /// Looks while nothing trains.
    pub(crate) fn look_at_rest(&mut self) {
        let now = self.began.elapsed();
        self.at_rest.extend(look().map(|it| (now, it)));
    }

    fn end_minute(&mut self, runs: u64) {
        let sorted = |of: fn(&Look) -> u64| {
            let mut all: Vec<u64> = self.looks.iter().map(of).collect();
            all.sort_unstable();
            all
        };
        let (memory, files, threads) = (sorted(|it| it.memory), sorted(|it| it.files), sorted(|it| it.threads));
        let children = sorted(|it| it.children);
        let (Some(highest), Some(most_files), Some(most_threads)) = (memory.last(), files.last(), threads.last())
        else {
            return;
        };
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "{:6}  {:14.1} {:7.1} {:11.1}   {:13} {most_files:7}   {:15} {most_threads:7}   {:9}   {runs:10}   {:15.1} {:11.1}",
            self.n_minutes,
            megabytes(memory[0]),
            megabytes(memory[memory.len() / 2]),
            megabytes(*highest),
            files[0],
            threads[0],
            children[0],
            self.at_rest.last().map_or(f64::NAN, |it| megabytes(it.1.own)),
            self.at_rest.last().map_or(f64::NAN, |it| it.1.in_use as f64 / 1e3),
        );
        self.looks.clear();
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let is_warm = |it: &&(Duration, Look)| it.0 >= WARM_UP.min(self.began.elapsed() / 3);
        let behind: Vec<Look> = self.at_rest.iter().filter(is_warm).map(|it| it.1).collect();
        let quarter = (behind.len() / 4).max(1).min(behind.len());
        let ends = [&behind[..quarter], &behind[behind.len() - quarter..]];
        let medians = |of: fn(&Look) -> u64| {
            ends.map(|looks| {
                let mut all: Vec<u64> = looks.iter().map(of).collect();
                all.sort_unstable();
                all.get(all.len() / 2).map_or(f64::NAN, |it| *it as f64)
            })
        };
        Verdict {
            minutes: self.n_minutes,
            n_looks: behind.len(),
            memory: medians(|it| it.memory),
            own: medians(|it| it.own),
            in_use: medians(|it| it.in_use),
            files: medians(|it| it.files),
            threads: medians(|it| it.threads),
            children: medians(|it| it.children),
        }
    }
}

impl Verdict {
    fn growth(of: [f64; 2]) -> f64 {
        of[1] / of[0] - 1.0
    }

    pub(crate) fn is_flat(&self) -> bool {
        let is_flat = |of: [f64; 2]| of[1] <= of[0];
        // What gives memory back is no fault.
        [self.memory, self.own, self.in_use].into_iter().all(|it| Self::growth(it) <= MOST_GROWTH)
            && [self.files, self.threads, self.children].into_iter().all(is_flat)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |of: [f64; 2], unit: f64, name: &str| {
            format!("from {:.1} to {:.1} {name} ({:+.1} %)", of[0] / unit, of[1] / unit, 100.0 * Self::growth(of))
        };
        write!(
            out,
            "{}: {} minutes, {} looks at rest; from the first quarter behind the warm-up to the last, resident memory \
             went {}, the part of it that is its own {}, what is in use {}, open files from {} to {}, threads from {} \
             to {}, processes from {} to {}",
            if self.is_flat() { "flat" } else { "NOT flat" },
            self.minutes,
            self.n_looks,
            bytes(self.memory, 1e6, "MB"),
            bytes(self.own, 1e6, "MB"),
            bytes(self.in_use, 1e3, "kB"),
            self.files[0],
            self.files[1],
            self.threads[0],
            self.threads[1],
            self.children[0],
            self.children[1],
        )
    }
}
