//! Project files on disk, the samples that ship, files that are written whole or not at all, and diaries that grow.

mod diary;
pub mod disk;
mod file;
#[cfg(test)]
mod fuzz;
mod samples;
mod whole;

pub use diary::{Diary, Handle};
pub use file::{ProjectError, from_text, read, read_ron, to_ron, to_text, write};
pub use samples::{GALLERY, SAMPLES, Sample, sample};
pub use whole::{sweep, write_whole};
