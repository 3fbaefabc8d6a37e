//! Opens the window on the desktop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::{NativeOptions, Renderer};

use super::dialogs::Dialogs;
use super::{App, LAYOUT_KEY, icon};
use crate::studio::{Action, Keeper, ProjectAction, Studio, Wake};
use crate::ui::LayoutState;
use crate::ui::theme::{self, size};

/// Looks live, and leaves the machine to the training: 30 pictures a second.
const BETWEEN_FRAMES: Duration = Duration::from_millis(33);

/// Opens the window, on a project, data, a run or a log where one is given, and returns when it is closed.
///
/// # Errors
/// Without a display or a graphics driver, in one line.
pub fn run(project: Option<PathBuf>) -> Result<(), String> {
    check_display()?;
    let options = NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Learnscope")
            .with_app_id("learnscope")
            .with_icon(icon::icon())
            .with_inner_size(size::WINDOW)
            .with_min_inner_size(size::MIN_WINDOW)
            .with_drag_and_drop(true),
        renderer: Renderer::Wgpu,
        centered: true,
        ..NativeOptions::default()
    };
    let make: eframe::AppCreator<'_> = Box::new(move |cc| {
        let ctx = cc.egui_ctx.clone();
        let wake: Wake = Arc::new(move || ctx.request_repaint_after(BETWEEN_FRAMES));
        theme::install(&cc.egui_ctx);
        let usual: LayoutState = cc.storage.and_then(|it| eframe::get_value(it, LAYOUT_KEY)).unwrap_or_default();
        let keeper = folders().map(|it| Keeper::new(it.data_dir().join("window.json"), Arc::clone(&wake)));
        let studio = furnished(Studio::new(wake));
        let mut app = match keeper {
            Some(keeper) => App::brought_back(&cc.egui_ctx, studio, usual, keeper),
            None => App::new(&cc.egui_ctx, studio, usual),
        };
        app.dialogs = Dialogs::native();
        // Asked for like any other, so that a setup which is not saved is asked about first.
        app.actions.extend(project.map(|it| Action::Project(ProjectAction::Open(it))));
        Ok(Box::new(app))
    });
    eframe::run_native("learnscope", options, make)
        .map_err(|err| format!("the window could not be opened: {}", one_line(&err.to_string())))
}

/// Runs are kept in the user's own folder, and trainings and drivers have processes of their own.
fn furnished(studio: Studio) -> Studio {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let mut studio = studio.shuffled_by(since.as_nanos() as u64);
    if let Some(folders) = folders() {
        studio = studio.keeping_runs_in(folders.data_dir().join("runs"));
    }
    match std::env::current_exe() {
        Ok(program) => studio.working_through(program),
        Err(_) => studio,
    }
}

/// The user's own folders.
fn folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "learnscope")
}

/// On Linux the lack of a display is known beforehand, and worth a better line than the toolkit's.
fn check_display() -> Result<(), String> {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
    let is_unix = cfg!(all(unix, not(target_os = "macos")));
    if is_unix && !is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY") && !is_set("WAYLAND_SOCKET") {
        return Err("there is no display to open a window on; `learnscope train PROJECT` trains in the terminal, `learnscope shot` draws the window to a file".to_owned());
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
