//! `learnscope inspect`: what a data file holds; or what a run's checkpoint does.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::BadInput;
use crate::data::{self, ColumnProfile, Dataset};
use crate::session::{Part, checkpoints, open_checkpoint};
use crate::spec::{Source, TextValue as _};

/// Shows columns, types, missing values, classes and warnings; of a run, what its checkpoint holds.
#[derive(Debug, Args)]
pub struct Inspect {
    /// Data file, image folder or zip; the id of a data set that ships; a run folder or a checkpoint's file.
    pub data: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Inspect {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        if let Some(checkpoint) = checkpoint_of(&self.data)? {
            return open(&checkpoint, self.json);
        }
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

/// The newest checkpoint of a run folder, or the file itself where it is one.
fn checkpoint_of(path: &Path) -> Result<Option<PathBuf>, BadInput> {
    if path.is_file() && path.extension().is_some_and(|it| it == "safetensors") {
        return Ok(Some(path.to_owned()));
    }
    if !path.join("project.ron").is_file() {
        return Ok(None);
    }
    let newest = checkpoints(path).into_iter().next().map(|it| it.1);
    newest.map(Some).ok_or_else(|| BadInput(format!("this run has no checkpoint ({})", path.display())))
}

fn open(path: &Path, as_json: bool) -> Result<ExitCode, BadInput> {
    let contents = open_checkpoint(path)?;
    if as_json {
        let part = |it: &Part| json!({ "part": it.name, "what": it.what, "why": it.why, "bytes": it.bytes, "tensors": it.tensors });
        let parts: Vec<_> = contents.parts.iter().map(part).collect();
        println!("{}", json!({ "step": contents.step, "epoch": contents.epoch, "parts": parts }));
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}: behind step {}, {} epochs completed", path.display(), contents.step, contents.epoch);
    for part in &contents.parts {
        println!("  {:20} {:>12} bytes  {}", part.name, part.bytes, part.what);
        println!("  {:20} {:>12}        {}", "", "", part.why);
    }
    Ok(ExitCode::SUCCESS)
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
