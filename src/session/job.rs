//! What a training needs, and the checks it must pass before it may begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::course::Course;
use super::fork;
use super::recorder::RunFolder;
use super::resume::Place;
use crate::data::{self, Dataset, Prepared};
use crate::engine::{OpenDevice, Trainer, Weights, check_device};
use crate::spec::{Project, Source, SplitMethod, Task, TaskChoice};

/// A training that is asked for.
#[derive(Clone, Debug)]
pub struct Job {
    pub project: Project,
    /// What the project is called: its name, or its file's.
    pub name: String,
    /// Folder that relative paths in the project start at.
    pub base: PathBuf,
    /// The data where it was loaded before.
    pub data: Option<Arc<Dataset>>,
    /// Run folder to write. None: nothing is written.
    pub out: Option<PathBuf>,
    /// First weights, a safetensors file.
    pub init: Option<PathBuf>,
    /// Every how many steps a `step` event is written.
    pub log_every: Option<u64>,
    /// Whether somebody looks on: steps are told and pictures made.
    pub watched: bool,
    /// Whether it waits before its first step.
    pub begins_paused: bool,
    /// When the process, or in the window the run, began.
    pub began: Instant,
    /// Cores that its tensors share where it has a process of its own. None: all of them.
    pub threads: Option<usize>,
    /// The run that it branches off; none: it begins by itself.
    pub branch: Option<Branch>,
}

/// A place in a run's past, from which another future begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// The parent's folder.
    pub run: PathBuf,
    /// The last epoch that both have in common, from 1.
    pub epoch: u64,
    /// Settings that change there, as key and text, left to right.
    pub set: Vec<(String, String)>,
}

/// A training that may begin: everything that could be wrong with its input has been checked.
pub struct Ready {
    pub(super) job: Job,
    pub(super) data: Arc<Prepared>,
    pub(super) init: Option<Weights>,
    pub(super) folder: Option<RunFolder>,
    /// Where it goes on; none: from its first step.
    pub(super) from: Option<Place>,
    /// Of a fork: what it must retrace, and where it leaves its parent.
    pub(super) course: Option<Course>,
}

impl Job {
    /// A plain training of a project: nothing written, nobody looking on.
    pub fn new(project: Project, base: &Path) -> Self {
        Self {
            name: project.name.clone(),
            project,
            base: base.to_owned(),
            data: None,
            out: None,
            init: None,
            log_every: None,
            watched: false,
            begins_paused: false,
            began: Instant::now(),
            threads: None,
            branch: None,
        }
    }

    /// Another future for a run. Its project and name follow from the parent's.
    pub fn fork(branch: Branch) -> Self {
        Self { branch: Some(branch), ..Self::new(Project::default(), Path::new("")) }
    }
}

impl Ready {
    /// Every choice as it will be trained.
    pub fn project(&self) -> &Project {
        &self.job.project
    }

    /// What was noticed in the data, one sentence each.
    pub fn notes(&self) -> &[String] {
        &self.data.notes
    }
}

/// Loads and checks everything, and only then makes the run folder.
///
/// # Errors
/// Every problem, one line each; nothing has been written then.
pub fn ready(mut job: Job) -> Result<Ready, Vec<String>> {
    if let Some(branch) = job.branch.take() {
        return fork::ready(job, &branch);
    }
    job.project.check()?;
    let one = |line: String| vec![line.replace('\n', " ")];
    check_device(job.project.device).map_err(|err| one(err.to_string()))?;
    if let Some(out) = &job.out {
        RunFolder::check(out).map_err(one)?;
    }
    let dataset = match job.data.take() {
        Some(dataset) => dataset,
        None => Arc::new(data::load(&job.project.data.source, &job.base).map_err(|err| one(err.to_string()))?),
    };
    let project = &job.project;
    let prepared = data::prepare(&dataset, &project.data, &project.split, project.training.seed)
        .map_err(|err| one(err.to_string()))?;
    let misfits: Vec<_> = project.misfits(prepared.task).into_iter().map(|it| it.1).collect();
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let prepared = Arc::new(prepared);
    let init = job.init.as_deref().map(Weights::read).transpose().map_err(|err| one(err.to_string()))?;
    let outputs = project.loss.n_outputs(prepared.task);
    project.model.layers(prepared.input, outputs).map_err(|err| one(err.to_string()))?;
    if init.is_some() {
        // Names and shapes are checked against the network itself.
        Trainer::for_measuring(project, Arc::clone(&prepared), &OpenDevice::cpu(), init.as_ref())
            .map_err(|err| one(err.to_string()))?;
    }
    resolve(&mut job, &prepared);
    let folder = job
        .out
        .as_deref()
        .map(|out| RunFolder::create(out, &job.project, &prepared.encoder, &[]))
        .transpose()
        .map_err(one)?;
    Ok(Ready { job, data: prepared, init, folder, from: None, course: None })
}

/// Makes every choice explicit, so that the run folder's project says what was done.
fn resolve(job: &mut Job, data: &Prepared) {
    let project = &mut job.project;
    project.data.target = (!data.target_name.is_empty()).then(|| data.target_name.clone());
    project.data.task = if data.task == Task::Regression { TaskChoice::Regression } else { TaskChoice::Classification };
    if data.task == Task::Regression && project.split.method == SplitMethod::Stratified {
        project.split.method = SplitMethod::Random;
    }
    if project.split.seed.is_none() {
        project.split.seed = Some(project.training.seed);
    }
    if let Source::File(path) = &mut project.data.source
        && let Ok(whole) = job.base.join(&*path).canonicalize()
    {
        *path = whole.display().to_string();
    }
    if job.name.is_empty() {
        job.name = project.data.source_name();
    }
    project.name.clone_from(&job.name);
}
