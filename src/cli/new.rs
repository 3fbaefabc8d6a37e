//! `learnscope new`: from a data file to a project with sensible choices.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::BadInput;
use super::inspect::{load, source_of};
use crate::project;
use crate::spec::{Source, TaskChoice};
use crate::studio::propose;

/// Looks at the data and writes a project.
#[derive(Debug, Args)]
pub struct New {
    /// Data file, image folder or zip; or the id of a data set that ships.
    pub data: PathBuf,
    /// Column to predict.
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// What kind of target it is; otherwise found from its values.
    #[arg(long)]
    pub task: Option<Task>,
    /// Project to write; otherwise the data's name with the ending .ron, in this folder.
    #[arg(long, value_name = "PROJECT.ron")]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Task {
    Regression,
    Classification,
}

impl New {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        let dataset = load(&self.data)?;
        let task = match self.task {
            None => TaskChoice::Auto,
            Some(Task::Regression) => TaskChoice::Regression,
            Some(Task::Classification) => TaskChoice::Classification,
        };
        let mut source = source_of(&self.data);
        let (mut proposed, reasons) = propose(&dataset, source.clone(), self.target, task)?;
        let out = self.out.unwrap_or_else(|| PathBuf::from(format!("{}.ron", proposed.data.source_name())));
        if out.exists() {
            return Err(BadInput(format!(
                "the project would overwrite a file; name another with --out ({})",
                out.display()
            )));
        }
        if let Source::File(path) = &mut source {
            *path = seen_from(Path::new(&*path), &out);
        }
        proposed.data.source = source;
        project::write(&out, &proposed).map_err(|err| BadInput(err.to_string()))?;
        println!("Wrote {}", out.display());
        for reason in reasons {
            println!("  {reason}");
        }
        println!("Train it with: learnscope train {}", out.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// The data's path as the project file must name it: relative where both lie in one folder, else whole.
fn seen_from(data: &Path, project: &Path) -> String {
    let folder = |path: &Path| {
        path.parent()
            .map(|it| if it.as_os_str().is_empty() { Path::new(".") } else { it })
            .and_then(|it| it.canonicalize().ok())
    };
    let whole = data.canonicalize().unwrap_or_else(|_| data.to_owned());
    match (folder(project), data.file_name()) {
        (Some(home), Some(name)) if folder(data).as_ref() == Some(&home) => name.to_string_lossy().into_owned(),
        _ => whole.display().to_string(),
    }
}
