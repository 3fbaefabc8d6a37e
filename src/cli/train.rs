//! `learnscope train`: a training in the terminal.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{BadInput, FAILED};
use crate::project;
use crate::run::{Command, EpochRow, Event, FindingState, Finished, Run};
use crate::session::{Branch, Interrupted, Job, Ready, Resumption, Session, ready, resume, settings_at};
use crate::spec::{DeviceSpec, KnobError, Project};
use crate::studio::next_free;

/// Trains a project to its end.
#[derive(Debug, Args)]
pub struct Train {
    /// Project file.
    #[arg(required_unless_present_any = ["resume", "fork"])]
    pub project: Option<PathBuf>,
    /// Go on with an interrupted run: its folder, whose own project decides. Where nothing was written yet, PROJECT and
    /// its settings begin it, so that the same command can be given until the run is over.
    #[arg(long, value_name = "RUN", conflicts_with = "out")]
    pub resume: Option<PathBuf>,
    /// Another future for a run: its folder, whose past up to --at is kept, and which goes on from there with what --set
    /// changes.
    #[arg(long, value_name = "RUN", requires = "at", conflicts_with_all = ["project", "resume", "init", "no_shuffle"])]
    pub fork: Option<PathBuf>,
    /// The last epoch that a fork has in common with its parent.
    #[arg(long, value_name = "EPOCH", requires = "fork", value_parser = clap::value_parser!(u64).range(1..))]
    pub at: Option<u64>,
    /// Change a setting, such as learning_rate=0.01; may be given again and again.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Where to train: auto, cpu, gpu or gpu:N.
    #[arg(long)]
    pub device: Option<String>,
    /// Run folder to write; otherwise the next free one in `runs`.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// First weights, as an earlier run or PyTorch wrote them.
    #[arg(long, value_name = "WEIGHTS.safetensors")]
    pub init: Option<PathBuf>,
    /// Visit the rows in the file's order in every epoch.
    #[arg(long)]
    pub no_shuffle: bool,
    /// Write a step event every N steps.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub log_every: Option<u64>,
    /// Print events as JSON lines and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Print nothing but errors.
    #[arg(long)]
    pub quiet: bool,
}

impl Train {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        let began = Instant::now();
        match (&self.fork, self.at) {
            (Some(run), Some(epoch)) => return self.branch_off(run, epoch, began),
            (None, Some(_)) => {
                return Err(BadInput("--at says where a fork leaves its parent; name that run with --fork".to_owned()));
            }
            _ => {}
        }
        match (&self.resume, &self.project) {
            (Some(run), Some(project)) if !run.join("project.ron").is_file() => self.begin(project, began),
            (Some(run), _) => self.go_on(run, began),
            (None, Some(project)) => self.begin(project, began),
            (None, None) => Err(BadInput("name a project, or a run with --resume".to_owned())),
        }
    }

    fn begin(&self, file: &Path, began: Instant) -> Result<ExitCode, BadInput> {
        let project = open_with(file, &self.set, self.device.as_deref())?;
        let base = file.parent().unwrap_or(Path::new("")).to_owned();
        let mut job = Job::new(project, &base);
        if job.name.is_empty() {
            job.name = stem(file);
        }
        // The terminal has nobody to watch single steps.
        job.project.training.pace =
            self.set.iter().any(|it| it.starts_with("pace=")).then_some(job.project.training.pace).flatten();
        let out = self.out.as_ref().or(self.resume.as_ref());
        job.out = Some(out.cloned().unwrap_or_else(|| next_free(Path::new("runs"), &job.name)));
        job.init.clone_from(&self.init);
        job.project.training.shuffle &= !self.no_shuffle;
        job.log_every = self.log_every;
        job.began = began;
        let name = job.name.clone();
        let project = job.project.clone();
        let ready = ready(job).map_err(|problems| BadInput(problems.join("; ")))?;
        let show = Show::new(self.json, self.quiet, &name, ready.notes());
        Ok(train(ready, project, show))
    }

    fn branch_off(&self, run: &Path, epoch: u64, began: Instant) -> Result<ExitCode, BadInput> {
        // The terminal has nobody to watch single steps.
        let mut set = vec![("pace".to_owned(), "unlimited".to_owned())];
        for setting in &self.set {
            let Some((key, value)) = setting.split_once('=') else {
                return Err(BadInput(KnobError::NotASetting { text: setting.clone() }.to_string()));
            };
            set.push((key.trim().to_owned(), value.to_owned()));
        }
        set.extend(self.device.iter().map(|it| ("device".to_owned(), it.clone())));
        let name = settings_at(run, epoch)?.name;
        let mut job = Job::fork(Branch { run: run.to_owned(), epoch, set });
        job.out = Some(self.out.clone().unwrap_or_else(|| next_free(Path::new("runs"), &name)));
        (job.log_every, job.began) = (self.log_every, began);
        let ready = ready(job).map_err(|problems| BadInput(problems.join("; ")))?;
        let project = ready.project().clone();
        let show = Show::new(self.json, self.quiet, &name, ready.notes());
        Ok(train(ready, project, show))
    }

    fn go_on(&self, run: &Path, began: Instant) -> Result<ExitCode, BadInput> {
        let is_budget = |it: &String| it.trim_start().starts_with("memory.budget");
        let others = self.set.iter().any(|it| !is_budget(it));
        if self.project.is_none() && (others || self.init.is_some() || self.no_shuffle) {
            let line = "a run that goes on keeps its own settings, memory.budget apart; leave out other --set, --init and --no-shuffle";
            return Err(BadInput(format!("{line} ({})", run.display())));
        }
        let mut chosen = Project::default();
        for setting in self.set.iter().filter(|it| is_budget(it)) {
            chosen.set(setting).map_err(|err| BadInput(err.to_string()))?;
        }
        let memory = self.set.iter().any(is_budget).then_some(chosen.memory);
        let device = self.device.as_deref().map(device).transpose()?;
        let folder = run.to_owned();
        let asked = Interrupted { folder, device, memory, log_every: self.log_every, watched: false, began };
        match resume(&asked).map_err(|problems| BadInput(problems.join("; ")))? {
            Resumption::Ready(ready) => {
                let project = ready.project().clone();
                let show = Show::new(self.json, self.quiet, &project.name, ready.notes());
                Ok(train(*ready, project, show))
            }
            Resumption::Over(project, finished) => {
                if !self.json && !self.quiet {
                    println!("{}", project.name);
                    println!("  This run is over ({}); nothing was left to do", finished.reason.label());
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn train(ready: Ready, project: Project, show: Show) -> ExitCode {
    let session = Session::start(ready, || ());
    stop_on_interrupt(&session);
    follow(session, project, show)
}

fn device(text: &str) -> Result<DeviceSpec, BadInput> {
    let mut project = Project::default();
    project.set_value("device", text).map_err(|err| BadInput(err.to_string()))?;
    Ok(project.device)
}

/// Reads a project and applies settings to it, left to right.
pub(super) fn open_with(path: &Path, settings: &[String], device: Option<&str>) -> Result<Project, BadInput> {
    let mut project = project::read(path).map_err(|err| BadInput(err.to_string()))?;
    for setting in settings {
        project.set(setting).map_err(|err| BadInput(err.to_string()))?;
    }
    if let Some(device) = device {
        project.set_value("device", device).map_err(|err| BadInput(err.to_string()))?;
    }
    Ok(project)
}

/// A file's name without folder and ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned())
}

/// The first Ctrl-C ends the run in order; a second one ends the program.
fn stop_on_interrupt(session: &Session) {
    let commander = session.commander();
    let asked = std::sync::atomic::AtomicBool::new(false);
    let stop = move || {
        if asked.swap(true, std::sync::atomic::Ordering::SeqCst) {
            #[expect(clippy::exit, reason = "a second Ctrl-C means now")]
            std::process::exit(130);
        }
        commander(Command::Stop);
    };
    // Without a handler Ctrl-C ends the program at once, which is no worse than usual.
    ctrlc::set_handler(stop).ok();
}

fn follow(mut session: Session, project: Project, mut show: Show) -> ExitCode {
    let mut run = Run::of(project);
    while let Some(events) = session.wait() {
        for event in events {
            show.event(&event, &run);
            run.apply(event);
        }
        show.flush();
    }
    show.end(&run);
    match &run.finished {
        Some(finished) if finished.reason.is_success() => ExitCode::SUCCESS,
        _ => ExitCode::from(FAILED),
    }
}

/// How a run is shown: JSON lines, a progress bar with words, or nothing.
enum Show {
    Json(std::io::BufWriter<std::io::Stdout>),
    Words(ProgressBar),
    Nothing,
}

impl Show {
    fn new(json: bool, quiet: bool, name: &str, notes: &[String]) -> Self {
        if json {
            return Self::Json(std::io::BufWriter::new(std::io::stdout()));
        }
        if quiet {
            return Self::Nothing;
        }
        println!("{name}");
        for note in notes {
            println!("  {note}");
        }
        let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("{bar:30.cyan/dim} epoch {pos} of {len}  {msg}  {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self::Words(bar)
    }

    fn event(&mut self, event: &Event, run: &Run) {
        match self {
            // A reader that has gone away is no reason to lose the run.
            Self::Json(out) => drop(writeln!(out, "{}", event.to_json())),
            Self::Words(bar) => words(bar, event, run),
            Self::Nothing => {
                if let Event::Finished(it) = event
                    && !it.reason.is_success()
                {
                    eprintln!("{}", it.text);
                }
            }
        }
    }

    fn flush(&mut self) {
        if let Self::Json(out) = self {
            out.flush().ok();
        }
    }

    fn end(&mut self, run: &Run) {
        self.flush();
        if let (Self::Words(bar), Some(finished)) = (&*self, &run.finished) {
            bar.finish_and_clear();
            summary(finished, run);
        } else if let (Self::Json(_), Some(finished)) = (&*self, &run.finished)
            && !finished.reason.is_success()
        {
            eprintln!("{}", finished.text);
        }
    }
}

fn words(bar: &ProgressBar, event: &Event, run: &Run) {
    match event {
        Event::Started(it) => {
            bar.set_length(it.epochs);
            let device = if it.device == "cpu" { "the CPU".to_owned() } else { it.device.clone() };
            bar.suspend(|| {
                println!(
                    "  {} parameters, {} rows train, {} validate, {} test, on {device}",
                    it.parameters, it.train_rows, it.validation_rows, it.test_rows
                );
            });
        }
        Event::Epoch(row) => {
            bar.set_position(row.epoch);
            bar.set_message(epoch_words(row, run));
        }
        Event::Finding(it) if it.state == FindingState::Raised => {
            bar.suspend(|| println!("  Epoch {}: {}", it.epoch, it.text));
        }
        Event::Finding(it) if it.state == FindingState::Cleared => {
            bar.suspend(|| println!("  Epoch {}: {} is over", it.epoch, it.rule));
        }
        Event::Preparing(it) => bar.set_message(it.text.clone()),
        Event::Warning { text } => bar.suspend(|| println!("  {text}")),
        Event::Resumed { step } => bar.suspend(|| println!("  Going on after step {step}")),
        Event::Changed(it) => bar.suspend(|| println!("  {} from {} to {}", it.key, it.from, it.to)),
        Event::Step(_)
        | Event::Finding(_)
        | Event::Paused { .. }
        | Event::Checkpoint { .. }
        | Event::Probe(_)
        | Event::RangeTest(_)
        | Event::Forgotten(_)
        | Event::After(_)
        | Event::Seed(_)
        | Event::Finished(_)
        | Event::Unknown => {}
    }
}

fn epoch_words(row: &EpochRow, run: &Run) -> String {
    let leading = run.leading_metric();
    let metric = row
        .metrics
        .get(&format!("validation_{leading}"))
        .map_or_else(String::new, |value| format!(", {leading} {value:.4}"));
    let retraced = if run.is_retracing() { "retracing, " } else { "" };
    format!("{retraced}train {:.4}, validation {:.4}{metric}", row.train_loss, row.validation_loss)
}

fn summary(finished: &Finished, run: &Run) {
    println!(
        "  {} after {} epochs and {}. {}",
        sentence(finished.reason.label()),
        finished.epochs,
        seconds(finished.seconds),
        finished.text
    );
    if finished.best_epoch > 0 {
        println!("  Best epoch {}, validation loss {:.4}", finished.best_epoch, finished.best_validation_loss);
    }
    if !finished.test.is_empty() {
        let measures: Vec<_> = finished.test.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
        println!("  On the test rows, measured once: {}", measures.join(", "));
    }
    for finding in &run.findings {
        println!("  Finding, {}: {}", finding.rule, finding.text);
    }
    if !finished.run_dir.is_empty() {
        println!("  Written to {}", finished.run_dir);
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn seconds(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{seconds:.1} s");
    }
    let whole = Duration::try_from_secs_f64(seconds).unwrap_or_default().as_secs();
    format!("{}:{:02} min", whole / 60, whole % 60)
}
