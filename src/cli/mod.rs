//! The command line: the same core without a window. Printing lives here and in `main.rs` alone.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks")]

mod devices;
mod diagnose;
mod inspect;
mod list;
mod new;
mod predict;
mod report;
mod train;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// See training happen: pick data, a network, an optimizer and hardware, and watch it learn.
#[derive(Debug, Parser)]
#[command(name = "learnscope", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to open in the window: a project, data, a run folder, or curves that another program logged.
    pub project: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train in the terminal, with a progress bar.
    Train(train::Train),
    /// Look at a data file and write a project with sensible choices.
    New(new::New),
    /// Show columns, types, missing values, classes and warnings of a data file.
    Inspect(inspect::Inspect),
    /// Say what a run's curves mean, or curves that another program logged.
    Diagnose(diagnose::Diagnose),
    /// Write what a run came to, or how several differ, as Markdown, HTML or CSV.
    Report(report::Report),
    /// List hardware targets, each tried.
    Devices(devices::Devices),
    /// List what can be chosen: data sets, losses, optimizers and so on.
    List(list::List),
    /// Run a trained model on new rows.
    Predict(predict::Predict),
    /// Train for a window, in a process of its own.
    #[command(hide = true)]
    Worker(worker::Worker),
    /// Draw the window off screen: before a project is trained, as a run ended, or with a log of another program.
    Shot(Shot),
}

/// Draws the window without a display. Needs a Vulkan driver; a software one will do.
#[derive(Debug, clap::Args)]
pub struct Shot {
    /// Project file, data, run folder, or curves that another program logged.
    pub what: PathBuf,
    /// Picture to write.
    #[arg(long, value_name = "FILE.png")]
    pub out: PathBuf,
    /// Width and height in points.
    #[arg(long, value_name = "WxH", default_value = "1440x900", value_parser = size)]
    pub size: [u32; 2],
    #[arg(long, value_parser = ["dark", "light"], default_value = "dark")]
    pub theme: String,
    /// One panel alone, such as curves or doctor.
    #[arg(long, value_name = "ID")]
    pub panel: Option<String>,
}

/// Makes sure that a file that is written takes the place of nothing that it is made from, nor of a run's own records.
///
/// # Errors
/// When it would.
pub fn spare(out: &std::path::Path, made_from: &std::path::Path) -> Result<(), BadInput> {
    // What is not there cannot be lost.
    let Ok(there) = out.canonicalize() else { return Ok(()) };
    let is_source = made_from.canonicalize().is_ok_and(|it| it == there);
    if is_source || crate::session::is_record(&there) {
        let what = if is_source { "what it is made from" } else { "a part of a run" };
        return Err(BadInput(format!("this would overwrite {what}; name another file ({})", out.display())));
    }
    Ok(())
}

/// Why a command ends with status 2: one line, cause first, path last.
#[derive(Debug)]
pub struct BadInput(pub String);

impl From<String> for BadInput {
    fn from(line: String) -> Self {
        Self(line)
    }
}

/// A run that failed or diverged.
const FAILED: u8 = 3;
/// Wrong usage or bad input.
const BAD_INPUT: u8 = 2;

/// Parses the arguments; what is wrong with them is printed as one line.
///
/// # Errors
/// With the status to exit with: 0 behind `--help` and `--version`, 2 for wrong usage.
pub fn parse() -> Result<Cli, ExitCode> {
    if let Some(line) = mistyped_command() {
        eprintln!("{line}");
        return Err(ExitCode::from(BAD_INPUT));
    }
    Cli::try_parse().map_err(|err| {
        if err.use_stderr() {
            let text = err.to_string();
            let first = text
                .lines()
                .map(str::trim)
                .filter(|it| !it.is_empty())
                .take_while(|it| !it.starts_with("Usage:"))
                .collect::<Vec<_>>()
                .join(" ");
            eprintln!("{}; `learnscope --help` shows how", first.trim_start_matches("error: "));
            ExitCode::from(BAD_INPUT)
        } else {
            print!("{err}");
            ExitCode::SUCCESS
        }
    })
}

/// A first word that is neither a command nor anything that could be a project.
fn mistyped_command() -> Option<String> {
    use clap::CommandFactory as _;

    let word = std::env::args().nth(1)?;
    let command = Cli::command();
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if word.starts_with('-')
        || word.contains(['.', '/', '\\'])
        || word == "help"
        || names.contains(&word.as_str())
        || std::path::Path::new(&word).exists()
    {
        return None;
    }
    let nearest = crate::spec::nearest_name(&word, names.iter().copied()).unwrap_or_default();
    Some(format!("there is no command {word:?}; the nearest is {nearest}, and `learnscope --help` lists all"))
}

/// Does a command that needs no window.
pub fn run(command: Command) -> ExitCode {
    let outcome = match command {
        Command::Train(it) => it.run(),
        Command::New(it) => it.run(),
        Command::Inspect(it) => it.run(),
        Command::Diagnose(it) => it.run(),
        Command::Report(it) => it.run(),
        Command::Devices(it) => it.run(),
        Command::List(it) => Ok(it.run()),
        Command::Predict(it) => it.run(),
        Command::Worker(_) => worker::Worker::run(),
        Command::Shot(_) => Err(BadInput(
            "this program was built without its window; build it with default features to draw it".to_owned(),
        )),
    };
    end(outcome)
}

/// Prints what went wrong, once, and turns it into the exit status.
pub fn end(outcome: Result<ExitCode, BadInput>) -> ExitCode {
    outcome.unwrap_or_else(|BadInput(line)| {
        eprintln!("{}", line.replace('\n', "; "));
        ExitCode::from(BAD_INPUT)
    })
}

fn size(text: &str) -> Result<[u32; 2], String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some([w.parse().ok()?, h.parse().ok()?]));
    match sides {
        Some([w, h]) if (320..=7680).contains(&w) && (240..=4320).contains(&h) => Ok([w, h]),
        _ => Err("must be WIDTHxHEIGHT between 320x240 and 7680x4320, such as 1440x900".to_owned()),
    }
}
