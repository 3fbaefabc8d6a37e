//! The window, or one panel of it, without a display: driven by accessible names, drawn by a software driver.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui_kittest::{Harness, SnapshotOptions};
use learnscope::app::App;
use learnscope::data;
use learnscope::run::Run;
use learnscope::spec::Project;
use learnscope::studio::{DataState, Keeper, Loaded, Remembered, Studio};
use learnscope::ui::LayoutState;
use learnscope::ui::theme;

/// The app in a window. It is made in the first frame, when there is a context.
pub(crate) struct Stage {
    studio: Option<Studio>,
    app: Option<App>,
    /// Draws this panel alone.
    panel: Option<&'static str>,
    /// Keeps what the window holds, and brings back what it held.
    keeper: Option<Keeper>,
    /// Whether the studio takes in what its threads tell. Pictures stand still.
    is_live: bool,
}

pub(crate) type Window = Harness<'static, Stage>;

impl Stage {
    pub(crate) fn studio(&self) -> &Studio {
        &self.app.as_ref().expect("the app is made in the first frame").studio
    }

    pub(crate) fn studio_mut(&mut self) -> &mut Studio {
        &mut self.app.as_mut().expect("the app is made in the first frame").studio
    }

    pub(crate) fn remembered(&self, ctx: &egui::Context) -> Option<Remembered<LayoutState>> {
        self.app.as_ref().expect("the app is made in the first frame").remembered(ctx)
    }

    pub(crate) fn run(&self) -> &Run {
        self.studio().runs.shown.as_ref().expect("a run is shown")
    }
}

/// How much a picture may differ from the one that is kept: colors by a hair, since drivers round in their
/// own ways, and no pixel by more. Raise it here only, with a measured reason.
pub(crate) fn options() -> SnapshotOptions {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    SnapshotOptions::new().threshold(0.6).max_failed_pixels(0).output_path(kept)
}

/// A studio that holds runs and data and does nothing by itself.
pub(crate) fn studio(project: Project, data: DataState, shown: Option<Run>, ghosts: Vec<Run>) -> Studio {
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.projects.saved = project.clone();
    studio.projects.draft = project;
    studio.projects.data = data;
    studio.runs.shown = shown;
    studio.runs.ghosts = ghosts.into();
    studio
}

/// A project's data as the studio holds it: read, looked at and prepared.
pub(crate) fn loaded(project: &Project) -> DataState {
    let (spec, split, seed) = (project.data.clone(), project.split.clone(), project.training.seed);
    let dataset = Arc::new(data::load(&spec.source, Path::new("")).unwrap());
    let profile = data::profile(&dataset);
    let prepared = data::prepare(&dataset, &spec, &split, seed).map_err(|err| err.to_string());
    DataState::Ready(Arc::new(Loaded { spec, split, seed, dataset, profile, prepared }))
}

/// One panel, standing still.
pub(crate) fn panel(id: &'static str, studio: Studio, look: egui::Theme, size: [f32; 2]) -> Window {
    open(Stage { studio: Some(studio), app: None, panel: Some(id), keeper: None, is_live: false }, look, size)
}

/// The whole window over a studio that trains.
pub(crate) fn window(studio: Studio, size: [f32; 2]) -> Window {
    let stage = Stage { studio: Some(studio), app: None, panel: None, keeper: None, is_live: true };
    open(stage, egui::Theme::Dark, size)
}

/// A window that is as it was when its file was written last.
pub(crate) fn kept(studio: Studio, file: &Path, size: [f32; 2]) -> Window {
    let keeper = Some(Keeper::new(file.to_owned(), Arc::new(|| ())));
    let stage = Stage { studio: Some(studio), app: None, panel: None, keeper, is_live: true };
    open(stage, egui::Theme::Dark, size)
}

/// The whole window, standing still.
pub(crate) fn still(studio: Studio, look: egui::Theme, size: [f32; 2]) -> Window {
    open(Stage { studio: Some(studio), app: None, panel: None, keeper: None, is_live: false }, look, size)
}

fn open(stage: Stage, look: egui::Theme, size: [f32; 2]) -> Window {
    let builder = Harness::builder().with_size(size).with_theme(look).with_options(options()).with_render_cursor(false);
    let mut window = builder.with_context_setup(theme::install).build_ui_state(stage_ui, stage);
    // Sizes that follow from each other settle within a few frames.
    window.run_steps(3);
    window
}

fn stage_ui(ui: &mut egui::Ui, stage: &mut Stage) {
    let Stage { studio, app, panel, keeper, is_live } = stage;
    if let Some(studio) = studio.take() {
        let is_dark = Some(ui.ctx().theme() == egui::Theme::Dark);
        let usual = LayoutState { is_dark, ..LayoutState::default() };
        *app = Some(match keeper.take() {
            Some(keeper) => App::brought_back(ui.ctx(), studio, usual, keeper),
            None => App::new(ui.ctx(), studio, usual),
        });
    }
    let Some(app) = app else { return };
    if *is_live {
        app.poll(ui);
    }
    // The harness leaves a margin around what it shows; a window has none.
    let window = ui.ctx().content_rect();
    ui.set_clip_rect(window);
    ui.scope_builder(egui::UiBuilder::new().max_rect(window), |ui| match panel {
        Some(id) => app.panel_ui(ui, id).unwrap(),
        None => app.window_ui(ui, None),
    });
}

/// Frames until something is so; a training thread works meanwhile.
///
/// # Panics
/// When it is not so in time, naming what was waited for.
pub(crate) fn step_until(window: &mut Window, what: &str, is_so: impl Fn(&Stage) -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so(window.state()) {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    // What became so is drawn.
    window.run_steps(2);
}
