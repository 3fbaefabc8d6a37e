//! The project being set up: its draft, its file, its data and its undo.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::keeping::Held;
use super::undo::Undo;
use super::{Notice, ProjectAction, Wake};
use crate::data::{self, ColumnProfile, Dataset, Prepared};
use crate::project;
use crate::session::{Background, in_background};
use crate::spec::{DataSpec, Project, Section, Source, SplitSpec};

/// The project being set up.
pub struct Projects {
    /// Panels edit it directly; everything else changes it by actions.
    pub draft: Project,
    /// None where it was never saved.
    pub file: Option<PathBuf>,
    /// As its file holds it.
    pub saved: Project,
    pub data: DataState,
    /// Where relative paths in the draft start.
    base: PathBuf,
    undo: Undo,
    loading: Option<(Wanted, Background<Loaded>)>,
    asked: Option<Wanted>,
    wake: Wake,
}

/// A project that was put aside, to come back as it was.
pub(super) struct Aside {
    draft: Project,
    file: Option<PathBuf>,
    saved: Project,
    base: PathBuf,
    undo: Undo,
}

/// What is known of the draft's data.
pub enum DataState {
    Loading,
    Ready(Arc<Loaded>),
    Failed(String),
}

/// A data set with all that the draft makes of it.
pub struct Loaded {
    pub spec: DataSpec,
    pub split: SplitSpec,
    pub seed: u64,
    pub dataset: Arc<Dataset>,
    pub profile: Vec<ColumnProfile>,
    /// Why it cannot be trained on as it is chosen; otherwise the numbers a network sees.
    pub prepared: Result<Prepared, String>,
}

/// All that the data as a network sees it depends on.
#[derive(Clone, PartialEq)]
struct Wanted {
    spec: DataSpec,
    split: SplitSpec,
    seed: u64,
    base: PathBuf,
    /// Counts up to have a file read again.
    reading: u32,
}

impl Projects {
    pub(super) fn new(wake: Wake) -> Self {
        let welcome = sample("welcome").unwrap_or_default();
        Self {
            draft: welcome.clone(),
            file: None,
            saved: welcome.clone(),
            data: DataState::Loading,
            base: PathBuf::new(),
            undo: Undo::new(welcome),
            loading: None,
            asked: None,
            wake,
        }
    }

    /// What it is called: its name, else its file's or its data's.
    pub fn title(&self) -> String {
        if !self.draft.name.is_empty() {
            return self.draft.name.clone();
        }
        let stem = self.file.as_deref().and_then(Path::file_stem).map(|it| it.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| self.draft.data.source_name())
    }

    /// Whether the draft differs from its file.
    pub fn is_dirty(&self) -> bool {
        self.draft != self.saved
    }

    pub fn can_undo(&self) -> bool {
        self.undo.can_undo()
    }

    pub fn can_redo(&self) -> bool {
        self.undo.can_redo()
    }

    /// The numbers a network sees; none while loading and where the choices do not allow it.
    pub fn prepared(&self) -> Option<&Prepared> {
        match &self.data {
            DataState::Ready(loaded) => loaded.prepared.as_ref().ok(),
            DataState::Loading | DataState::Failed(_) => None,
        }
    }

    /// Where a file that the draft names lies.
    pub fn place_of(&self, file: &str) -> PathBuf {
        self.base.join(file)
    }

    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The data set where it is the one that a source names.
    pub(super) fn dataset(&self, source: &Source) -> Option<Arc<Dataset>> {
        match &self.data {
            DataState::Ready(loaded) if loaded.spec.source == *source => Some(Arc::clone(&loaded.dataset)),
            DataState::Ready(_) | DataState::Loading | DataState::Failed(_) => None,
        }
    }

    pub(super) fn problems(&self) -> Vec<(Section, String)> {
        let mut problems: Vec<_> = match self.draft.check() {
            Ok(()) => Vec::new(),
            Err(lines) => lines.into_iter().map(|line| (section_of(&line), line)).collect(),
        };
        match &self.data {
            DataState::Loading => {}
            DataState::Failed(why) => problems.push((Section::Dataset, why.clone())),
            DataState::Ready(loaded) => match &loaded.prepared {
                Err(why) => problems.push((Section::Dataset, why.clone())),
                Ok(prepared) => {
                    problems.extend(self.draft.misfits(prepared.task));
                    let n_outputs = self.draft.loss.n_outputs(prepared.task);
                    problems.extend(
                        self.draft
                            .model
                            .layers(prepared.input, n_outputs)
                            .err()
                            .map(|err| (Section::Model, err.to_string())),
                    );
                }
            },
        }
        problems
    }

    /// Takes in what was loaded.
    pub(super) fn poll(&mut self) {
        self.undo.look(&self.draft);
        self.poll_data();
    }

    fn poll_data(&mut self) {
        if let Some((wanted, work)) = &self.loading
            && let Some(outcome) = work.take()
        {
            let source_changed = wanted.spec.source != self.draft.data.source;
            self.loading = None;
            if !source_changed {
                self.data = match Arc::try_unwrap(outcome) {
                    Ok(Ok(loaded)) => DataState::Ready(Arc::new(loaded)),
                    Ok(Err(why)) => DataState::Failed(why),
                    Err(_) => DataState::Failed("the data was taken twice".to_owned()),
                };
            }
        }
        let wanted = self.wanted();
        if self.loading.is_none() && self.asked.as_ref() != Some(&wanted) {
            self.load(wanted);
        }
    }

    fn wanted(&self) -> Wanted {
        let reading = self.asked.as_ref().map_or(0, |it| it.reading);
        Wanted {
            spec: self.draft.data.clone(),
            split: self.draft.split.clone(),
            seed: self.draft.training.seed,
            base: self.base.clone(),
            reading,
        }
    }

    fn load(&mut self, wanted: Wanted) {
        let read_again = self.asked.as_ref().is_some_and(|it| it.reading != wanted.reading || it.base != wanted.base);
        let known = self.dataset(&self.draft.data.source).filter(|_| !read_again);
        if known.is_none() {
            self.data = DataState::Loading;
        }
        let ask = wanted.clone();
        let work = in_background("data", Arc::clone(&self.wake), move || load(ask, known));
        self.asked = Some(wanted.clone());
        self.loading = Some((wanted, work));
    }

    /// Whether another project was opened.
    pub(super) fn act(&mut self, action: ProjectAction, notices: &mut Vec<Notice>) -> bool {
        match action {
            ProjectAction::Open(path) => return self.open(&path, notices),
            // The studio reads these, and hands over what it found.
            ProjectAction::OpenAs(..) | ProjectAction::TakeOpened | ProjectAction::LeaveOpened => {}
            ProjectAction::OpenSample(id) => match sample(&id) {
                Some(project) => {
                    self.open_as(project, None, PathBuf::new());
                    return true;
                }
                None => notices.push(Notice::error(format!("there is no sample called {id}"))),
            },
            ProjectAction::Save => match self.file.clone() {
                Some(path) => self.save(&path, notices),
                None => notices.push(Notice::error("Choose a file to save the project to")),
            },
            ProjectAction::SaveAs(path) => self.save(&path, notices),
            ProjectAction::ResetToFile => self.draft = self.saved.clone(),
            ProjectAction::Undo => self.draft = self.undo.undo().unwrap_or_else(|| self.draft.clone()),
            ProjectAction::Redo => self.draft = self.undo.redo().unwrap_or_else(|| self.draft.clone()),
            ProjectAction::ReloadData => {
                if let Some(asked) = &mut self.asked {
                    asked.reading += 1;
                }
                let wanted = self.wanted();
                self.asked = None;
                self.data = DataState::Loading;
                if self.loading.is_none() {
                    self.load(wanted);
                }
            }
        }
        false
    }

    /// All of it but the data.
    pub(super) fn held(&self) -> Held {
        let (past, future) = self.undo.drafts();
        let Self { draft, saved, file, base, .. } = self;
        let (draft, saved, file, base) = (draft.clone(), saved.clone(), file.clone(), base.clone());
        Held { draft, saved, file, base, past, future, ..Held::default() }
    }

    pub(super) fn take_up(&mut self, held: Held) {
        let Held { draft, saved, file, base, past, future, .. } = held;
        self.open_as(draft.clone(), file, base);
        (self.saved, self.undo) = (saved, Undo::taken_up(draft, past, future));
    }

    pub(super) fn set_aside(&self) -> Aside {
        let Self { draft, file, saved, base, undo, .. } = self;
        let (draft, saved) = (draft.clone(), saved.clone());
        Aside { draft, file: file.clone(), saved, base: base.clone(), undo: undo.clone() }
    }

    pub(super) fn put_back(&mut self, aside: Aside) {
        self.open_as(aside.draft, aside.file, aside.base);
        (self.saved, self.undo) = (aside.saved, aside.undo);
    }

    /// Takes a project as the draft, with an undo of its own.
    pub(super) fn open_as(&mut self, project: Project, file: Option<PathBuf>, base: PathBuf) {
        self.undo = Undo::new(project.clone());
        self.saved = project.clone();
        self.draft = project;
        self.file = file;
        self.base = base;
        self.data = DataState::Loading;
        self.asked = None;
    }

    /// Opens a project file.
    fn open(&mut self, path: &Path, notices: &mut Vec<Notice>) -> bool {
        match project::read(path) {
            Ok(project) => {
                let base = path.parent().map(Path::to_owned).unwrap_or_default();
                self.open_as(project, Some(path.to_owned()), base);
                true
            }
            // The project in the window stays as it was.
            Err(err) => {
                notices.push(Notice::error(err.to_string()));
                false
            }
        }
    }

    fn save(&mut self, path: &Path, notices: &mut Vec<Notice>) {
        let path = if path.extension().is_some() { path.to_owned() } else { path.with_extension("ron") };
        match project::write(&path, &self.draft) {
            Ok(()) => {
                notices.push(Notice::info(format!("Saved {}", path.display())));
                self.base = path.parent().map(Path::to_owned).unwrap_or_default();
                self.file = Some(path);
                self.saved = self.draft.clone();
            }
            Err(err) => notices.push(Notice::error(err.to_string())),
        }
    }
}

fn load(wanted: Wanted, known: Option<Arc<Dataset>>) -> Result<Loaded, String> {
    let dataset = match known {
        Some(dataset) => dataset,
        None => Arc::new(data::load(&wanted.spec.source, &wanted.base).map_err(|err| err.to_string())?),
    };
    let profile = data::profile(&dataset);
    let prepared = data::prepare(&dataset, &wanted.spec, &wanted.split, wanted.seed).map_err(|err| err.to_string());
    Ok(Loaded { spec: wanted.spec, split: wanted.split, seed: wanted.seed, dataset, profile, prepared })
}

/// Whether a path is a project's by its ending.
pub fn is_project_file(path: &Path) -> bool {
    path.extension().is_some_and(|it| it.eq_ignore_ascii_case("ron"))
}

fn sample(id: &str) -> Option<Project> {
    project::sample(id).and_then(|it| project::from_text(it.text, it.id).ok())
}

/// The section a problem's key belongs to: lines begin with the key.
fn section_of(line: &str) -> Section {
    let key = line.split(|it: char| !(it.is_alphanumeric() || it == '_' || it == '.')).next().unwrap_or_default();
    Section::of_key(key).unwrap_or(Section::Training)
}
