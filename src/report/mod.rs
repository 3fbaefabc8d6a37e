//! What a run, or several beside each other, come to on paper: Markdown, HTML, SVG, CSV, and the recipe that repeats it.
//!
//! Pure text from a folded [`crate::run::Run`]: who calls writes the files. Figures follow the reader's light or dark
//! theme by themselves and need neither scripts nor the network.

mod compare;
mod csv;
mod document;
mod figure;
mod recipe;
mod scale;
mod single;

pub use compare::comparison;
pub use csv::{epochs_csv, points_csv, predictions_csv};
pub use document::{Block, Document, Markdown, Table};
pub use figure::{Figure, INKS, Ink, Line, Span};
pub use recipe::recipe;
pub use single::{loss_figure, metric_figure, report};
