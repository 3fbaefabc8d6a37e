//! The window as people and programs see it: by accessible names first, by pixels second.

mod checkpoints;
mod compare;
mod doctor;
mod experiments;
mod export;
mod forking;
pub(crate) mod harness;
mod history;
mod keeping;
mod leaving;
mod logs;
mod meaning;
mod memory;
mod panels;
mod pictures;
mod quiz;
mod reach;
pub(crate) mod runs;
mod seeds;
mod survival;
mod window;
