//! The program: parse, choose window or command line, end with one status.

use std::process::ExitCode;

use learnscope::cli::{self, BadInput, Command};

/// Large buffers come and go at each step of a training; this allocator keeps them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    without_display_noise();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(status) => return status,
    };
    // A panic on a training thread becomes a message of its run; its trace helps nobody.
    if std::env::var_os("LEARNSCOPE_PANICS").is_none() {
        std::panic::set_hook(Box::new(|_| ()));
    }
    match cli.command {
        Some(Command::Shot(it)) => cli::end(shot(&it)),
        Some(command) => cli::run(command),
        None => cli::end(window(cli.project)),
    }
}

/// Starts itself again with a quieter Vulkan loader where there is no desktop session.
///
/// Mesa's loader layer asks Wayland which card to prefer and complains on standard error where there is
/// nobody to ask. Setting the variable for oneself is unsafe in a process with threads; `exec` is not.
#[cfg(unix)]
fn without_display_noise() {
    use std::os::unix::process::CommandExt as _;
    const QUIET: &str = "NODEVICE_SELECT";
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if is_set("XDG_RUNTIME_DIR") || is_set(QUIET) {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        // Returns only where it failed; the noise is harmless then.
        drop(std::process::Command::new(program).args(std::env::args_os().skip(1)).env(QUIET, "1").exec());
    }
}

#[cfg(not(unix))]
fn without_display_noise() {}

#[cfg(feature = "gui")]
fn window(project: Option<std::path::PathBuf>) -> Result<ExitCode, BadInput> {
    // Before there is a window, so that none of its memory is in them.
    learnscope::session::use_huge_pages(false);
    learnscope::app::run(project)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn window(_: Option<std::path::PathBuf>) -> Result<ExitCode, BadInput> {
    Err(BadInput(
        "this program was built without its window; `learnscope train PROJECT` trains in the terminal".to_owned(),
    ))
}

/// A project before training, a run as it ended or a log of another program, drawn without a display.
#[cfg(feature = "gui")]
fn shot(order: &cli::Shot) -> Result<ExitCode, BadInput> {
    use learnscope::studio::{Action, ProjectAction, Studio};

    cli::spare(&order.out, &order.what)?;
    if order.out.extension().is_none_or(|it| !it.eq_ignore_ascii_case("png")) {
        return Err(BadInput(format!("a picture is written as .png; end its name so ({})", order.out.display())));
    }
    let mut studio = Studio::new(std::sync::Arc::new(|| ()));
    studio.act(Action::Project(ProjectAction::Open(order.what.clone())));
    studio.wait_for_data();
    if let Some(refused) = studio.notices.drain(..).find(|it| it.is_error) {
        return Err(BadInput(refused.text));
    }
    let picture = learnscope::app::shot(studio, order.size, order.theme == "dark", order.panel.as_deref())?;
    let mut bytes = std::io::Cursor::new(Vec::new());
    let trouble = |err: &dyn std::fmt::Display| {
        BadInput(format!("the picture cannot be written: {err} ({})", order.out.display()))
    };
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|err| trouble(&err))?;
    learnscope::project::write_whole(&order.out, bytes.get_ref()).map_err(|err| trouble(&err))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn shot(_: &cli::Shot) -> Result<ExitCode, BadInput> {
    Err(BadInput("this program was built without its window; build it with default features to draw it".to_owned()))
}
