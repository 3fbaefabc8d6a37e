//! Hours of use in a row, without a window: whether memory, open files and threads stay as they were.
//!
//! Run with `cargo bench --bench soak -- --minutes 120`; `--program PATH` trains through another copy of the program.
//! The studio that the window drives trains small projects, each in a process of its own: runs are paused, resumed,
//! stopped, killed and gone on with, forked, trained with other seeds, opened, deleted, brought back and deleted for
//! good, over and over. Runs are paced, so that a core is busy for a small part of the time. Every minute is one line;
//! the last line is the verdict, and the exit status is 1 where something grew or went wrong. It needs Linux, where the
//! system tells what a process holds.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and stops where it cannot"
)]

mod scenes;
mod vitals;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cap::Cap;
use mimalloc::MiMalloc;
use scenes::Soak;
use vitals::Vitals;

/// The program's own allocator, with a count of what is taken from it and given back.
#[global_allocator]
pub(crate) static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let given = |name: &str| arguments.iter().position(|it| it == name).map(|at| arguments[at + 1].clone());
    let minutes: u64 = given("--minutes").map_or(120, |it| it.parse().unwrap());
    let program = given("--program").map_or_else(|| env!("CARGO_BIN_EXE_learnscope").into(), PathBuf::from);
    if vitals::look().is_none() {
        println!("this system does not tell what a process holds; a soak needs Linux");
        return ExitCode::FAILURE;
    }
    // As in the window; the soak itself computes with one thread.
    learnscope::session::use_huge_pages(false);
    learnscope::session::use_cpu_threads(1);
    let folder = tempfile::tempdir().unwrap();
    let mut soak = Soak::new(folder.path().to_owned(), program);
    let mut vitals = Vitals::new();
    println!("{}", vitals::HEADING);
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(minutes) {
        if let Err(trouble) = soak.round(&mut vitals) {
            println!("something went wrong: {trouble}");
            return ExitCode::FAILURE;
        }
    }
    println!("{:?}", soak.tally);
    let verdict = vitals.verdict();
    println!("{verdict}");
    if verdict.is_flat() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
