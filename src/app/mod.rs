//! The window's shell: polls the studio, draws the layout, and does what only a window can.

mod dialogs;
#[cfg(test)]
mod fuzz;
mod help;
mod icon;
mod keeping;
mod leaving;
mod open;
mod picture;
mod shortcuts;
mod shot;
mod vector;

use crate::spec::Project;
use crate::studio::{Action, ExportAction, ProjectAction, QuizAction, RunAction, Studio};
use crate::ui::theme::{self, Theme};
use crate::ui::widgets::Toasts;
use crate::ui::{Cx, Export, Layout, LayoutState, Spotlight, Wish};

use dialogs::{Answer, Dialogs, Saved};
use keeping::Keeping;
use leaving::Leaving;
use picture::Pictures;

pub use open::run;
pub use shot::shot;

/// Key under which the arrangement is remembered.
const LAYOUT_KEY: &str = "layout";

/// One window over one studio. Tests and pictures drive the same one without a display.
pub struct App {
    pub studio: Studio,
    layout: Layout,
    spotlight: Spotlight,
    toasts: Toasts,
    dialogs: Dialogs,
    leaving: Leaving,
    pictures: Pictures,
    /// What a place is being asked for.
    export: Option<Export>,
    has_help: bool,
    /// Where what it holds is kept; none in tests and pictures.
    keeping: Option<Keeping>,
    actions: Vec<Action>,
    wishes: Vec<Wish>,
}

impl App {
    /// A window whose file dialogs are typed paths: those of the desktop are for [`run`].
    pub fn new(ctx: &egui::Context, studio: Studio, state: LayoutState) -> Self {
        if let Some(is_dark) = state.is_dark {
            ctx.set_theme(if is_dark { egui::Theme::Dark } else { egui::Theme::Light });
        }
        if state.is_presenting {
            theme::set_presenter(ctx, true);
        }
        Self {
            studio,
            layout: Layout::new(state),
            spotlight: Spotlight::default(),
            toasts: Toasts::default(),
            dialogs: Dialogs::typed(),
            leaving: Leaving::default(),
            pictures: Pictures::default(),
            export: None,
            has_help: false,
            keeping: None,
            actions: Vec::new(),
            wishes: Vec::new(),
        }
    }

    /// Takes in what training, loading and probing have told, shows notices, and holds the window open where closing
    /// it would lose something.
    pub fn poll(&mut self, ctx: &egui::Context) {
        self.studio.poll();
        self.leaving.watch(ctx, &mut self.studio, self.dialogs.is_open());
        self.take_opened();
        self.keep(ctx);
        if let Some(text) = self.studio.exports.copied.take() {
            ctx.copy_text(text);
        }
        self.actions.extend(self.pictures.taken());
        for notice in self.studio.notices.drain(..) {
            self.toasts.add(notice);
        }
    }

    /// What was opened is taken in once it has been read, unless something would be lost by it: then that is asked.
    fn take_opened(&mut self) {
        let take = Action::Project(ProjectAction::TakeOpened);
        if self.studio.has_opened() && self.studio.quiz.round.is_some() {
            self.studio.act(Action::Quiz(QuizAction::End));
        }
        if self.studio.has_opened() && self.leaving.is_idle() && !self.leaving.holds(&take, &self.studio) {
            self.studio.act(take);
        }
    }

    /// Draws the whole window and does what was asked in it.
    ///
    /// `now` is the wall clock in seconds; pictures have none.
    pub fn window_ui(&mut self, ui: &mut egui::Ui, now: Option<f64>) {
        let mut draft = self.studio.projects.draft.clone();
        let Self { studio, layout, actions, wishes, spotlight, .. } = self;
        layout.ui(ui, &mut Cx { studio, draft: &mut draft, actions, wishes, spotlight, now });
        let taken = self.pictures.take(ui, &self.layout);
        self.studio.notices.extend(taken);
        self.overlays_ui(ui);
        shortcuts::read(ui, &self.studio, self.is_blocked(), &mut self.actions, &mut self.wishes);
        self.carry_out(ui, draft);
    }

    /// Draws one panel alone.
    ///
    /// # Errors
    /// When there is no panel of that id.
    pub fn panel_ui(&mut self, ui: &mut egui::Ui, id: &str) -> Result<(), String> {
        let mut draft = self.studio.projects.draft.clone();
        let Self { studio, layout, actions, wishes, spotlight, .. } = self;
        let cx = &mut Cx { studio, draft: &mut draft, actions, wishes, spotlight, now: None };
        let outcome = layout.panel_ui(ui, cx, id);
        self.carry_out(ui, draft);
        outcome
    }

    /// Help, dialogs and notices, over everything else.
    fn overlays_ui(&mut self, ui: &mut egui::Ui) {
        if self.has_help {
            self.has_help = !help::help_ui(ui);
        }
        if let Some(answer) = self.dialogs.ui(ui) {
            self.take_answer(answer);
        }
        self.leaving.ui(ui, &self.studio, &mut self.actions, &mut self.wishes);
        self.drops_ui(ui);
        self.actions.extend(self.toasts.ui(ui));
    }

    /// Whether a dialog has the keyboard.
    fn is_blocked(&self) -> bool {
        self.has_help || self.dialogs.is_asking() || self.leaving.is_asking()
    }

    /// Puts the draft in place and does what the frame asked for, in order.
    fn carry_out(&mut self, ctx: &egui::Context, draft: Project) {
        if draft != self.studio.projects.draft {
            self.studio.projects.draft = draft;
            // What follows from it (problems, preview) is drawn with the next frame.
            ctx.request_repaint();
        }
        for wish in std::mem::take(&mut self.wishes) {
            self.grant(ctx, wish);
        }
        // What is lit now shows in the next frame.
        let has_acted = self.spotlight.turn() || !self.actions.is_empty();
        for action in self.actions.drain(..) {
            // The project that the quiz covers is the one that would be left.
            if self.studio.quiz.round.is_some() && opens(&action) {
                self.studio.act(Action::Quiz(QuizAction::End));
            }
            if !self.leaving.holds(&action, &self.studio) {
                self.studio.act(action);
            }
        }
        if has_acted {
            ctx.request_repaint();
        }
    }

    fn grant(&mut self, ctx: &egui::Context, wish: Wish) {
        match wish {
            Wish::OpenFile => self.dialogs.open_file(ctx),
            Wish::OpenFolder => self.dialogs.open_folder(ctx),
            Wish::Save if self.studio.projects.file.is_some() => {
                self.actions.push(Action::Project(ProjectAction::Save));
            }
            Wish::Save | Wish::SaveAs => self.dialogs.save(ctx, Saved::Project, &self.studio.projects.title()),
            Wish::Export(it) => self.export(ctx, it),
            Wish::ToggleTheme => {
                let is_dark = !Theme::of(ctx).is_dark;
                self.layout.state.is_dark = Some(is_dark);
                ctx.set_theme(if is_dark { egui::Theme::Dark } else { egui::Theme::Light });
            }
            Wish::TogglePresenter => {
                self.layout.grant(wish);
                theme::set_presenter(ctx, self.layout.state.is_presenting);
            }
            Wish::ToggleHelp => self.has_help = !self.has_help,
            Wish::Dismiss => {
                if !self.toasts.dismiss() && self.studio.runs.planned.is_some() {
                    self.actions.push(Action::Run(RunAction::CancelFork));
                }
            }
            Wish::FoldSetup | Wish::FoldDoctor | Wish::FoldBottom | Wish::ShowSource => self.layout.grant(wish),
        }
        ctx.request_repaint();
    }

    /// Asks where to, where it becomes a file.
    fn export(&mut self, ctx: &egui::Context, export: Export) {
        let title = self.studio.runs.shown.as_ref().map(|it| it.started.run.clone()).filter(|it| !it.is_empty());
        let title = title.unwrap_or_else(|| self.studio.projects.title());
        let (what, title) = match export {
            Export::Recipe => return self.actions.push(Action::Export(ExportAction::Recipe)),
            Export::Report => (Saved::Report, format!("{title} report")),
            Export::Comparison => (Saved::Report, "comparison".to_owned()),
            Export::Picture(panel) => (Saved::Picture, format!("{title} {panel}")),
            Export::Values(panel) => (Saved::Values, format!("{title} {panel}")),
        };
        self.export = Some(export);
        self.dialogs.save(ctx, what, &title);
    }

    fn take_answer(&mut self, answer: Answer) {
        let action = match answer {
            Answer::Open(path) => Action::Project(ProjectAction::Open(path)),
            Answer::Save(Saved::Project, path) => Action::Project(ProjectAction::SaveAs(path)),
            Answer::Save(_, path) => match self.export.take() {
                Some(Export::Picture(panel)) => return self.pictures.ask(panel, path),
                Some(Export::Values(panel)) => {
                    let Some(values) = self.layout.values(panel, &self.studio) else { return };
                    Action::Export(ExportAction::File { path, bytes: values.into_bytes() })
                }
                Some(Export::Report) => Action::Export(ExportAction::Report(path)),
                Some(Export::Comparison) => Action::Export(ExportAction::Comparison(path)),
                Some(Export::Recipe) | None => return,
            },
        };
        self.actions.push(action);
    }

    /// Files dragged over the window, and dropped on it.
    fn drops_ui(&mut self, ctx: &egui::Context) {
        let (is_hovering, dropped) = ctx.input(|input| {
            let paths: Vec<_> = input.raw.dropped_files.iter().map(|it| it.path().to_owned()).collect();
            (!input.raw.hovered_files.is_empty(), paths)
        });
        if is_hovering {
            help::drop_here_ui(ctx);
        }
        // Several at once would each replace the one before.
        if let Some(path) = dropped.into_iter().next() {
            self.actions.push(Action::Project(ProjectAction::Open(path)));
        }
    }
}

fn opens(action: &Action) -> bool {
    matches!(action, Action::Project(ProjectAction::Open(_) | ProjectAction::OpenAs(..) | ProjectAction::OpenSample(_)))
}

impl eframe::App for App {
    /// Runs even while the window is hidden: training must never wait for a glance.
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        self.poll(ctx);
    }

    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let now = ui.input(|input| input.time);
        self.window_ui(ui, Some(now));
    }

    fn on_exit(&mut self) {
        self.keep_at_the_end();
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        eframe::set_value(storage, LAYOUT_KEY, &self.layout.state);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }
}
