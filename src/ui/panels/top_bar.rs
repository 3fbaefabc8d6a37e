//! Top bar: the project, the buttons that train it, how far it is, and what the window itself can do.

use egui::{Align, Layout, Rect, Response, Sense, Ui, UiBuilder, pos2, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_DARK_MODE, ICON_HELP, ICON_LIGHT_MODE, ICON_PAUSE, ICON_PLAY_ARROW, ICON_STOP};

use super::{Cx, Home, Panel, PanelDef};
use crate::project::SAMPLES;
use crate::run::Phase;
use crate::spec::Section;
use crate::studio::quiz::QUESTIONS;
use crate::studio::{Action, ProjectAction, RunAction};
use crate::ui::Wish;
use crate::ui::facts::{device_id_label, device_label};
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::pace::{FirstEpoch, rows_per_second, speed_text, standing, without_time};
use crate::ui::text::{counted, sentence};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{icon_button_ui, pill_ui, primary_ui, progress_ui, secondary_ui};

pub(super) const TOP_BAR: PanelDef =
    PanelDef { id: "top_bar", title: "Top bar", home: Home::Top, make: || Box::<TopBar>::default() };

/// The bar at the top. It remembers what was asked until the run obeys, so that a click is answered at once.
#[derive(Default)]
struct TopBar {
    asked: Option<(Asked, Phase)>,
    first_epoch: FirstEpoch,
    /// Width of the right part in the last frame: the middle takes what it leaves.
    right: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Pause,
    Resume,
    Stop,
}

impl Panel for TopBar {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.forget_what_was_obeyed(cx);
        let bar = ui.max_rect().shrink2(vec2(space::L, 0.0));
        let split = pos2(bar.right() - self.right - space::M, bar.top());
        let layout = Layout::left_to_right(Align::Center);
        let left = Rect::from_min_max(bar.min, pos2(split.x, bar.bottom()));
        ui.scope_builder(UiBuilder::new().max_rect(left).layout(layout), |ui| {
            title_ui(ui, cx, bar.width());
            self.run_buttons_ui(ui, cx);
            self.standing_ui(ui, cx);
        });
        let right = Rect::from_min_max(pos2(bar.right() - self.right, bar.top()), bar.max);
        let shown =
            ui.scope_builder(UiBuilder::new().max_rect(right).layout(layout), |ui| right_ui(ui, cx, bar.width()));
        let width = shown.response.rect.width();
        if (width - self.right).abs() > 0.5 {
            self.right = width;
            ui.ctx().request_discard("the right part of the top bar changed its width");
        }
    }
}

impl TopBar {
    fn forget_what_was_obeyed(&mut self, cx: &Cx<'_>) {
        let phase = cx.run().map(|it| it.phase);
        self.asked = self.asked.filter(|(_, then)| phase == Some(*then));
    }

    fn run_buttons_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let guessing = cx.is_guessing().then(|| "Answer the question of the quiz first".to_owned());
        let problem = guessing.or_else(|| cx.studio.problems().into_iter().next().map(|(_, reason)| sentence(&reason)));
        let planned = cx.studio.runs.planned.as_ref();
        // While a fork is set up Train starts it, whatever goes on.
        let phase = cx.live_run().map(|it| it.phase).filter(|_| planned.is_none());
        let may_start = problem.is_none();
        let (icon, text, help, asked) = match phase {
            None if planned.is_some() => (
                ICON_PLAY_ARROW,
                "Train",
                "Train the fork from its epoch on; the run that goes on is stopped (space)",
                None,
            ),
            None => (ICON_PLAY_ARROW, "Train", "Train the network from the start (space)", None),
            Some(Phase::Paused) => (ICON_PLAY_ARROW, "Resume", "Go on training (space)", Some(Asked::Resume)),
            Some(_) => (ICON_PAUSE, "Pause", "Pause behind the current step (space)", Some(Asked::Pause)),
        };
        let button = ui.add_enabled_ui(phase.is_some() || may_start, |ui| primary_ui(ui, Some(icon), text)).inner;
        if explained(button, help, problem.as_deref()).clicked() {
            let action = match asked {
                None => RunAction::Train,
                Some(Asked::Resume) => RunAction::Resume,
                Some(Asked::Pause | Asked::Stop) => RunAction::Pause,
            };
            cx.ask(Action::Run(action));
            self.asked = asked.zip(phase);
        }
        let step = ui.add_enabled_ui(phase.is_some() || may_start, |ui| secondary_ui(ui, None, "Step")).inner;
        if explained(step, "Make one step and pause (S)", problem.as_deref()).clicked() {
            cx.ask(Action::Run(RunAction::Step));
        }
        let stop = ui.add_enabled_ui(phase.is_some(), |ui| secondary_ui(ui, Some(ICON_STOP), "Stop")).inner;
        if explained(
            stop,
            "End the run, keep what it reached and measure it on the test rows",
            Some("No run is going on"),
        )
        .clicked()
        {
            cx.ask(Action::Run(RunAction::Stop));
            self.asked = phase.map(|it| (Asked::Stop, it));
        }
    }

    /// The progress bar and where the run stands, as far as there is room for them.
    fn standing_ui(&mut self, ui: &mut Ui, cx: &Cx<'_>) {
        if let Some(path) = cx.studio.being_opened() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return line_ui(ui, &format!("Opening {name}…"), path.display().to_string());
        }
        let Some(run) = cx.run() else {
            return;
        };
        if let Some(log) = &cx.studio.runs.log {
            let text = format!("{} · {}", log.name(), counted(run.history.epochs.len() as u64, "epoch"));
            return line_ui(ui, &text, log.path.display().to_string());
        }
        let theme = Theme::of(ui);
        let text = match self.asked {
            Some((Asked::Pause, _)) => "Pausing…".to_owned(),
            Some((Asked::Resume, _)) => "Resuming…".to_owned(),
            Some((Asked::Stop, _)) => "Stopping…".to_owned(),
            None => standing(run, self.first_epoch.seconds_left(run, cx.now)),
        };
        let font = egui::TextStyle::Body.resolve(ui.style());
        let width =
            |text: &str| ui.fonts_mut(|fonts| fonts.layout_no_wrap(text.to_owned(), font.clone(), theme.dim).size().x);
        // Where there is little room the time goes before the epoch is cut.
        let is_short = width(&text) > ui.available_width() - space::L;
        let text = if is_short { without_time(&text) } else { &text };
        let text_width = width(text);
        let room = ui.available_width() - space::L - text_width - space::M;
        ui.add_space(space::L);
        if run.is_live() && room >= size::PROGRESS_MIN {
            let share = if run.phase == Phase::Preparing { 0.0 } else { run.progress() };
            progress_ui(ui, room.min(size::PROGRESS_MAX), share, "Training progress")
                .on_hover_meaning(ui, || meaning::progress(run));
            ui.add_space(space::XS);
        }
        let label = ui.add(egui::Label::new(theme.dim(text)).truncate());
        label.on_hover_meaning(ui, || meaning::time_left(run));
    }
}

/// A line where a run would stand, cut where there is too little room.
fn line_ui(ui: &mut Ui, text: &str, help: String) {
    ui.add_space(space::L);
    ui.add(egui::Label::new(Theme::of(ui).dim(text)).truncate()).on_hover_text(help);
}

fn title_ui(ui: &mut Ui, cx: &Cx<'_>, bar: f32) {
    let theme = Theme::of(ui);
    if bar > size::SPACIOUS_BAR {
        ui.label(theme.heading("Learnscope"));
        ui.add_space(space::XS);
    }
    let projects = &cx.studio.projects;
    let title = quiz_title(cx).unwrap_or_else(|| projects.title());
    let font = egui::TextStyle::Body.resolve(ui.style());
    let width =
        ui.fonts_mut(|fonts| fonts.layout_no_wrap(title.clone(), font, theme.dim).size().x).min(size::TITLE_MAX);
    let place = projects.file.as_ref().map_or_else(|| "Not saved yet".to_owned(), |it| it.display().to_string());
    ui.allocate_ui(vec2(width.ceil(), size::LINE), |ui| ui.add(egui::Label::new(theme.dim(title)).truncate()))
        .inner
        .on_hover_text(place);
    let (dot, response) = ui.allocate_exact_size(egui::Vec2::splat(2.0 * size::DOT), Sense::hover());
    if projects.is_dirty() && cx.studio.quiz.round.is_none() {
        ui.painter().circle_filled(dot.center(), size::DOT - 1.0, theme.accent);
        response.widget_info(|| {
            egui::WidgetInfo::labeled(egui::accesskit::Role::Image, true, "Changed since it was saved")
        });
        response.on_hover_text("Changed since it was saved");
    }
    ui.add_space(space::S);
}

/// While the quiz is played, the project's own name would give it away.
fn quiz_title(cx: &Cx<'_>) -> Option<String> {
    let round = cx.studio.quiz.round.as_ref()?;
    Some(if round.question.is_some() {
        format!("Quiz, question {} of {QUESTIONS}", round.number())
    } else {
        "Quiz".to_owned()
    })
}

/// Device, files, theme and help.
fn right_ui(ui: &mut Ui, cx: &mut Cx<'_>, bar: f32) {
    let theme = Theme::of(ui);
    ui.set_height(size::TOP_BAR);
    if bar > size::NARROW_BAR {
        let (text, help) = device_text(cx, bar > size::SPACIOUS_BAR);
        let is_well = !cx.studio.problems().iter().any(|(section, _)| *section == Section::Hardware);
        let dot = if is_well { theme.good } else { theme.warning };
        let pill = pill_ui(ui, Some(dot), &text);
        match cx.run().filter(|it| !it.started.device.is_empty()) {
            Some(run) => pill
                .on_hover_meaning(ui, || meaning::device_speed(run, &device_id_label(cx.studio, &run.started.device))),
            None => pill.on_hover_text(help),
        };
    }
    open_menu_ui(ui, cx);
    let is_playing = cx.studio.quiz.round.is_some();
    let save = ui.add_enabled_ui(!is_playing, |ui| secondary_ui(ui, None, "Save")).inner;
    if explained(save, "Save the project (ctrl-S)", Some("The quiz's projects ship with the program")).clicked() {
        cx.wish(Wish::Save);
    }
    ui.spacing_mut().item_spacing.x = 0.0;
    let other: (MaterialIcon, &str) =
        if theme.is_dark { (ICON_LIGHT_MODE, "Light theme") } else { (ICON_DARK_MODE, "Dark theme") };
    if icon_button_ui(ui, other.0, other.1, other.1).clicked() {
        cx.wish(Wish::ToggleTheme);
    }
    if icon_button_ui(ui, ICON_HELP, "Help", "Keyboard shortcuts and where things are (F1)").clicked() {
        cx.wish(Wish::ToggleHelp);
    }
}

fn open_menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let button = egui::RichText::new("Open…").text_style(egui::TextStyle::Button);
    let menu = ui.menu_button(button, |ui| {
        ui.set_min_width(size::MENU);
        if ui
            .button("From a file…")
            .on_hover_text("A project (.ron), a table (.csv, .csv.gz), images by class in a .zip, or curves that another program logged (ctrl-O)")
            .clicked()
        {
            cx.wish(Wish::OpenFile);
        }
        if ui
            .button("From a folder…")
            .on_hover_text("Images with one folder inside for each class, a run, or what another program logged into it")
            .clicked()
        {
            cx.wish(Wish::OpenFolder);
        }
        ui.separator();
        for sample in SAMPLES {
            if ui.button(sample.label).on_hover_text(sample.blurb).clicked() {
                cx.ask(Action::Project(ProjectAction::OpenSample(sample.id.to_owned())));
            }
        }
    });
    menu.response
        .on_hover_text("Open a project, your own data, a run or a log of another program, or one of the examples");
}

/// What trains, and how fast.
fn device_text(cx: &Cx<'_>, is_long: bool) -> (String, String) {
    let (name, speed) = match cx.run().filter(|it| !it.started.device.is_empty()) {
        Some(run) => (device_id_label(cx.studio, &run.started.device), rows_per_second(run).map(speed_text)),
        None => (device_label(cx.studio, cx.draft.device), None),
    };
    let help = format!("Will train on {name}");
    let text = match speed {
        Some(speed) if is_long => format!("{name} · {speed}"),
        Some(_) | None => name,
    };
    (text, help)
}

fn explained(response: Response, help: &str, why_not: Option<&str>) -> Response {
    let response = response.on_hover_text(help);
    match why_not {
        Some(why_not) => response.on_disabled_hover_text(why_not),
        None => response,
    }
}
