//! Files in, plain arrays out: reading, looking at columns, splitting and encoding rows.
//!
//! Two stages. [`load`] finds what a source holds before anything is chosen: a [`Dataset`] of typed
//! columns or of images. [`prepare`] obeys the project's choices and gives the numbers that a network
//! sees, with the [`Encoder`] that turns new rows into the same numbers later.
//!
//! **Invariant:** every statistic (means, categories, words and their weights) comes from training rows
//! alone; validation and test rows could be replaced without changing one of them.
//! **Invariant:** row `i` of what was prepared is row `i` of the dataset. No row is dropped: rows without
//! a target stay in place and are in no split.

pub mod builtin;
mod category;
mod cell;
mod chance;
mod dataset;
mod decode;
mod encoder;
mod error;
mod facts;
mod fingerprint;
mod generate;
mod idx;
mod kind;
mod number;
mod order;
mod pictures;
mod planted;
mod prepare;
mod profile;
mod repeats;
mod source;
mod split;
mod table;
mod target;
mod words;

pub use dataset::{Column, ColumnKind, Dataset, Images, MISSING, OddCell, Values};
pub use encoder::{Encoded, Encoder, SeenCell};
pub use error::DataError;
pub use facts::facts;
pub use fingerprint::{Fingerprint, fingerprint};
pub use number::Scaling;
pub use order::epoch_order;
pub use prepare::{Prepared, prepare};
pub use profile::{Bin, ColumnProfile, LevelCount, NumberProfile, profile};
pub use source::{MAX_FILE_BYTES, MAX_UNPACKED_BYTES, load};
pub use split::Split;
pub use target::{Target, find_target};
