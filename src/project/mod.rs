//! Project files on disk, the samples that ship, and files that are written whole or not at all.

mod file;
mod samples;
mod whole;

pub use file::{ProjectError, from_text, read, to_text, write};
pub use samples::{GALLERY, SAMPLES, Sample, sample};
pub use whole::write_whole;
