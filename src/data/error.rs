//! Why data could not be used: what is wrong, where, and what to do, in one line with the path last.

use thiserror::Error;

/// What went wrong between a file and the numbers made of it.
///
/// `place` names the file, or the data set that ships or is generated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DataError {
    #[error("cannot read the file ({cause}): {place}")]
    Unreadable { cause: String, place: String },
    #[error("cannot read the folder ({cause}): {place}")]
    UnreadableFolder { cause: String, place: String },
    #[error("the file has {gigabytes} GB and at most {limit} GB fit in memory; keep a sample of its rows: {place}")]
    TooLarge { gigabytes: String, limit: String, place: String },
    #[error(
        "the archive unpacks to more than {limit} GB, which does not fit in memory; keep a sample of its rows: {place}"
    )]
    UnpacksTooLarge { limit: String, place: String },
    #[error("the file is empty; it should hold a header line and rows: {place}")]
    Empty { place: String },
    #[error("the file holds a header and no rows; add rows below line 1: {place}")]
    HeaderOnly { place: String },
    #[error("the file is not text but {found}; {advice}: {place}")]
    NotText { found: String, advice: String, place: String },
    #[error("line {line} has {} and the first line has {}; correct that line: {place}", count(*found, "value"), count(*expected, "column"))]
    Ragged { line: u64, found: usize, expected: usize, place: String },
    #[error("two columns are called {name:?} (the {first}. and the {second}.); rename one of them: {place}")]
    DuplicateColumn { name: String, first: usize, second: usize, place: String },

    #[error("there is no column {name:?}; the nearest is {nearest:?}: {place}")]
    NoColumn { name: String, nearest: String, place: String },
    #[error(
        "column {column:?} holds {text:?} in line {line}, which is infinite or too large to learn from; correct the cell, leave it empty or leave the column out: {place}"
    )]
    Infinite { column: String, text: String, line: u64, place: String },
    #[error(
        "column {column:?} is not a number in line {line}: {text:?}; correct the cell, or choose another task or target: {place}"
    )]
    NotANumber { column: String, text: String, line: u64, place: String },
    #[error("the target {column:?} has no value in any row; choose another target: {place}")]
    EmptyTarget { column: String, place: String },
    #[error(
        "the target {column:?} is {value:?} in every row, so there is nothing to learn; choose another target: {place}"
    )]
    OneClass { column: String, value: String, place: String },
    #[error(
        "the target {column:?} has {n_classes} different values in {n_rows} rows, too many for classes; choose another target: {place}"
    )]
    TooManyClasses { column: String, n_classes: usize, n_rows: usize, place: String },
    #[error("no column is left to learn from; leave out fewer columns: {place}")]
    NoInputs { place: String },
    #[error(
        "no rows are left for {part}: {n_rows} usable rows were split into {train} to train, {validation} to validate and {test} to test; change split.validation or split.test: {place}"
    )]
    EmptySplit { part: &'static str, n_rows: usize, train: usize, validation: usize, test: usize, place: String },
    #[error(
        "{n_rows} rows of {n_features} numbers need {gigabytes} GB, more than fits in memory; lower data.vocabulary or leave columns out: {place}"
    )]
    TooManyValues { n_rows: usize, n_features: usize, gigabytes: String, place: String },

    #[error("the data set {id:?} does not ship with the program; the nearest is {nearest:?}")]
    UnknownBuiltin { id: String, nearest: String },
    #[error(
        "the data set {id:?} cannot be drawn with {samples} samples and noise {noise}; it needs 4 samples or more and a finite noise of 0 or more"
    )]
    BadRecipe { id: String, samples: u64, noise: String },

    #[error("the archive is damaged ({cause}); pack it again: {place}")]
    BadArchive { cause: String, place: String },
    #[error("the archive names a file outside its own folder, {entry:?}, so it was not opened; pack it again: {place}")]
    UnsafeEntry { entry: String, place: String },
    #[error("the image {entry:?} cannot be read ({cause}); replace it or take it out: {place}")]
    BadImage { entry: String, cause: String, place: String },
    #[error("no images were found; put png, jpg, webp or bmp files into one folder for each class: {place}")]
    NoImages { place: String },
    #[error("the images have no classes; put them into one folder for each class: {place}")]
    NoClasses { place: String },
    #[error("{n_images} images of {width} x {height} pixels do not fit in memory; keep a sample of them: {place}")]
    TooManyPixels { n_images: usize, width: usize, height: usize, place: String },
    #[error("the IDX file is damaged ({cause}); fetch it again: {place}")]
    BadIdx { cause: String, place: String },
    #[error("no file with the labels was found beside the images; it should be called {expected:?}: {place}")]
    NoLabels { expected: String, place: String },

    #[error("the model was trained on images, and these are rows of columns; choose images: {place}")]
    WantsImages { place: String },
    #[error("the model was trained on columns, and these are images; choose a table: {place}")]
    WantsColumns { place: String },
    #[error("the model needs the column {name:?}, which is not there; the nearest is {nearest:?}: {place}")]
    MissingInput { name: String, nearest: String, place: String },
}

/// A number of things, as English writes it: `1 row`, `2 rows`.
pub(super) fn count(n: usize, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// Bytes as gigabytes with one decimal, the way messages show them.
pub(super) fn gigabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e9)
}
