//! `learnscope inspect`: what a data file holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::BadInput;
use crate::data::{self, ColumnProfile, Dataset};
use crate::spec::{Source, TextValue as _};

/// Shows columns, types, missing values, classes and warnings.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Data file, image folder or zip; or the id of a data set that ships.
    pub data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        let dataset = load(&self.data)?;
        let profile = data::profile(&dataset);
        if self.json {
            println!("{}", as_json(&dataset, &profile));
        } else {
            print(&dataset, &profile);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Loads a path, or a shipped or generated set by its id.
pub(super) fn load(what: &Path) -> Result<Dataset, BadInput> {
    let source = source_of(what);
    data::load(&source, Path::new("")).map_err(|err| BadInput(err.to_string()))
}

/// A path that is there is a file; otherwise a known id is a set that ships.
pub(super) fn source_of(what: &Path) -> Source {
    let text = what.display().to_string();
    let mut source = Source::File(text.clone());
    if !what.exists() && !text.contains(['/', '\\', '.']) {
        source.read(&text).ok();
    }
    source
}

fn as_json(dataset: &Dataset, profile: &[ColumnProfile]) -> String {
    let images = dataset
        .images
        .as_ref()
        .map(|it| json!({ "channels": it.channels, "height": it.height, "width": it.width, "classes": it.classes }));
    let value = json!({ "name": dataset.name, "rows": dataset.n_rows, "columns": profile, "images": images, "notes": dataset.notes });
    value.to_string()
}

fn print(dataset: &Dataset, profile: &[ColumnProfile]) {
    println!("{}: {} rows", dataset.name, dataset.n_rows);
    if let Some(images) = &dataset.images {
        println!(
            "  Pictures of {} x {} pixels, {} channels; classes {}",
            images.height,
            images.width,
            images.channels,
            images.classes.join(", ")
        );
    }
    let widest = profile.iter().map(|it| it.name.chars().count()).max().unwrap_or(0).min(30);
    for column in profile {
        let missing = if column.missing > 0 { format!(", {} missing", column.missing) } else { String::new() };
        let why = if column.why.is_empty() { String::new() } else { format!(" ({})", column.why) };
        println!("  {:widest$}  {}{}, {} different{missing}", column.name, column.kind.label(), why, column.distinct);
    }
    for note in &dataset.notes {
        println!("  {note}");
    }
    if let Some(origin) = dataset.origin {
        println!("  From {}; {}", origin.from, origin.licence);
    }
}
