//! `learnscope report`: a run, or several beside each other, on paper.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{BadInput, spare};
use crate::report::{comparison, epochs_csv, recipe, report};
use crate::run::Run;
use crate::session::{read_folded, write_bytes, write_document};

/// Writes what a run came to, or how several differ: curves, results, findings, settings, and the recipe.
#[derive(Debug, Args)]
pub struct Report {
    /// Run folder; with several, they are compared to the first.
    #[arg(required = true)]
    pub runs: Vec<PathBuf>,
    /// File to write: .html with everything inside, or .md with its figures in a folder beside it.
    #[arg(long, value_name = "FILE.md|FILE.html", required_unless_present_any = ["csv", "recipe"])]
    pub out: Option<PathBuf>,
    /// Write every epoch's values as a table, too.
    #[arg(long, value_name = "FILE.csv")]
    pub csv: Option<PathBuf>,
    /// Write the project file that repeats the run, too; only for one run.
    #[arg(long, value_name = "FILE.ron")]
    pub recipe: Option<PathBuf>,
}

impl Report {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        for (out, run) in [&self.out, &self.csv, &self.recipe]
            .into_iter()
            .flatten()
            .flat_map(|out| self.runs.iter().map(move |run| (out, run)))
        {
            spare(out, run)?;
        }
        if self.recipe.is_some() && self.runs.len() > 1 {
            return Err(BadInput("a recipe is of one run; name one, or leave out --recipe".to_owned()));
        }
        let folders: Vec<&Path> = self.runs.iter().map(|it| folder(it)).collect();
        let read = folders.iter().map(|it| read_folded(it)).collect::<Result<Vec<_>, _>>()?;
        let named: Vec<(String, &Run)> = names(&folders).into_iter().zip(read.iter().map(|it| &it.0)).collect();
        if let Some(path) = &self.out {
            let document = match read.as_slice() {
                [(run, data)] => report(run, data.as_ref()),
                _ => comparison(&named),
            };
            write_document(&document, path)?;
        }
        if let Some(path) = &self.csv {
            write_bytes(path, epochs_csv(&named).as_bytes())?;
        }
        if let (Some(path), [(run, data)]) = (&self.recipe, read.as_slice()) {
            write_bytes(path, recipe(run, data.as_ref()).as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A run is named by its folder or by a file in it.
fn folder(path: &Path) -> &Path {
    if path.is_file() { path.parent().unwrap_or(Path::new("")) } else { path }
}

/// What runs are called beside each other: their folders' names, or whole paths where two have the same.
fn names(folders: &[&Path]) -> Vec<String> {
    let short =
        |it: &Path| it.file_name().map_or_else(|| it.display().to_string(), |it| it.to_string_lossy().into_owned());
    let is_alone = |name: &str| folders.iter().filter(|it| short(it) == name).count() == 1;
    let name = |it: &Path| Some(short(it)).filter(|it| is_alone(it)).unwrap_or_else(|| it.display().to_string());
    folders.iter().map(|it| name(it)).collect()
}
