//! What a process holds of the machine, minute by minute, and whether it grows.

use std::fmt;
use std::time::{Duration, Instant};

/// The first minutes fill pools and caches.
const WARM_UP: usize = 10;
/// What memory may grow by from the first quarter behind the warm-up to the last.
const MOST_GROWTH: f64 = 0.05;
const LOOK_EVERY: Duration = Duration::from_millis(500);

pub(crate) const HEADING: &str = "minute  memory: lowest  median  highest MB   files: lowest highest   threads: lowest \
                                  highest   processes   runs ended";

/// What this process holds at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Resident memory in bytes.
    memory: u64,
    files: u64,
    threads: u64,
    /// Started by it and not yet taken leave of.
    children: u64,
}

/// The lowest and the highest of a minute.
#[derive(Clone, Copy, Debug)]
struct Minute {
    memory: u64,
    files: u64,
    threads: u64,
    children: u64,
}

/// All that was seen so far.
pub(crate) struct Vitals {
    began: Instant,
    last: Instant,
    looks: Vec<Look>,
    minutes: Vec<Minute>,
}

/// Lowest values of a minute, as the median of a quarter's minutes: in the first quarter behind the warm-up, in the last.
#[derive(Debug)]
pub(crate) struct Verdict {
    minutes: usize,
    memory: [f64; 2],
    files: [f64; 2],
    threads: [f64; 2],
    children: [f64; 2],
}

/// None where the system does not tell.
pub(crate) fn look() -> Option<Look> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| status.lines().find_map(|it| it.strip_prefix(name)?.split_whitespace().next()?.parse().ok());
    let memory = of("VmRSS:").map(|kilobytes: u64| kilobytes * 1024)?;
    // The handle that reads the folder is one of them.
    let files = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64 - 1;
    Some(Look { memory, files, threads: of("Threads:")?, children: children(std::process::id()) })
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
        Self { began: Instant::now(), last: Instant::now(), looks: Vec::new(), minutes: Vec::new() }
    }

    /// Looks where it is time to, and prints a line where a minute is over.
    pub(crate) fn tick(&mut self, runs: u64) {
        if self.last.elapsed() < LOOK_EVERY {
            return;
        }
        self.last = Instant::now();
        self.looks.extend(look());
        if self.began.elapsed() >= Duration::from_mins(self.minutes.len() as u64 + 1) {
            self.end_minute(runs);
        }
    }

    fn end_minute(&mut self, runs: u64) {
        let looks = std::mem::take(&mut self.looks);
        let sorted = |of: fn(&Look) -> u64| {
            let mut all: Vec<u64> = looks.iter().map(of).collect();
            all.sort_unstable();
            all
        };
        let (memory, files, threads) = (sorted(|it| it.memory), sorted(|it| it.files), sorted(|it| it.threads));
        let children = sorted(|it| it.children);
        let (Some(highest), Some(most_files), Some(most_threads)) = (memory.last(), files.last(), threads.last())
        else {
            return;
        };
        let minute = Minute { memory: memory[0], files: files[0], threads: threads[0], children: children[0] };
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        println!(
            "{:6}  {:14.1} {:7.1} {:11.1}   {:13} {most_files:7}   {:15} {most_threads:7}   {:9}   {runs:10}",
            self.minutes.len() + 1,
            megabytes(memory[0]),
            megabytes(memory[memory.len() / 2]),
            megabytes(*highest),
            files[0],
            threads[0],
            children[0],
        );
        self.minutes.push(minute);
    }

    pub(crate) fn verdict(&self) -> Verdict {
        let behind = &self.minutes[WARM_UP.min(self.minutes.len() / 2)..];
        let quarter = (behind.len() / 4).max(1).min(behind.len());
        let ends = [&behind[..quarter], &behind[behind.len() - quarter..]];
        let medians = |of: fn(&Minute) -> u64| {
            ends.map(|minutes| {
                let mut all: Vec<u64> = minutes.iter().map(of).collect();
                all.sort_unstable();
                all.get(all.len() / 2).map_or(f64::NAN, |it| *it as f64)
            })
        };
        Verdict {
            minutes: self.minutes.len(),
            memory: medians(|it| it.memory),
            files: medians(|it| it.files),
            threads: medians(|it| it.threads),
            children: medians(|it| it.children),
        }
    }
}

impl Verdict {
    fn growth(&self) -> f64 {
        self.memory[1] / self.memory[0] - 1.0
    }

    pub(crate) fn is_flat(&self) -> bool {
        let is_flat = |of: [f64; 2]| of[1] <= of[0];
        // What gives memory back is no fault.
        self.growth() <= MOST_GROWTH && is_flat(self.files) && is_flat(self.threads) && is_flat(self.children)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = self.memory.map(|it| it / 1e6);
        write!(
            out,
            "{}: {} minutes; from the first quarter behind the warm-up to the last, memory went from {before:.1} to \
             {after:.1} MB ({:+.1} %), open files from {} to {}, threads from {} to {}, processes from {} to {}",
            if self.is_flat() { "flat" } else { "NOT flat" },
            self.minutes,
            100.0 * self.growth(),
            self.files[0],
            self.files[1],
            self.threads[0],
            self.threads[1],
            self.children[0],
            self.children[1],
        )
    }
}
