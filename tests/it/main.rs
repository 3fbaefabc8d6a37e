//! The one integration-test program: each file here is a theme.
#![expect(clippy::unwrap_used, reason = "a test says what went wrong by failing")]

mod bad_input;
mod commands;
mod determinism;
mod device;
mod experiments;
mod forking;
mod gallery;
mod memory;
mod parity;
mod program;
mod quiz;
mod reports;
mod samples;
mod seeds;
mod storage;
mod survival;
mod tidy;
mod training;
mod ui;
