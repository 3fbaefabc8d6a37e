//! `learnscope diagnose`: what the doctor makes of a run, or of curves that another program logged.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use strum::EnumMessage as _;

use super::BadInput;
use crate::diagnose::{Context, Doctor, Need, RULES, Rule};
use crate::logs::{self, Columns, Curves, Role};
use crate::run::{EpochRow, Event, FindingRow, FindingState, FinishReason, Severity, Started, StepRow};
use crate::session::read_run;
use crate::spec::Project;

/// Says what a run's curves mean, be they from here or from another program.
#[derive(Debug, Args)]
pub struct Diagnose {
    /// Run folder; or what another program logged: a CSV file, trainer_state.json, TensorBoard's event files, or the
    /// folder that holds them.
    pub path: PathBuf,
    /// Print findings as JSON lines and nothing else.
    #[arg(long)]
    pub json: bool,
    /// Take this column of a log for a role, such as train_loss=Loss/train; may be given again and again.
    #[arg(long = "column", value_name = "ROLE=NAME")]
    pub column: Vec<String>,
}

/// What the doctor is shown, in order, and what it said.
struct Consultation {
    doctor: Doctor,
    told: Vec<FindingRow>,
    epochs: u64,
}

impl Diagnose {
    pub(super) fn run(self) -> Result<ExitCode, BadInput> {
        let mut choice = Columns::default();
        for text in &self.column {
            choice.read(text).map_err(|err| BadInput(err.to_string()))?;
        }
        if logs::is_run_folder(&self.path) {
            if !self.column.is_empty() {
                return Err(BadInput(format!("a run folder needs no --column; leave it out: {}", self.path.display())));
            }
            return self.of_run();
        }
        let curves = logs::read(&self.path, &choice).map_err(|err| BadInput(err.to_string()))?;
        let silent: Vec<&Rule> = RULES.iter().filter(|rule| rule.needs.iter().any(|it| !has(&curves, *it))).collect();
        let mut told = consult_log(&curves);
        // What a rule says without the numbers it needs would be about their absence.
        told.retain(|finding| silent.iter().all(|rule| rule.id != finding.rule));
        if self.json {
            print_json(&told);
        } else {
            let mut out = String::new();
            write_log(&mut out, &self.path, &curves);
            write_findings(&mut out, &told);
            write_silent(&mut out, &silent, &curves);
            print(&out);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Shows a recorded run to a fresh doctor, under the project it was trained with.
    fn of_run(&self) -> Result<ExitCode, BadInput> {
        let folder = if self.path.is_dir() { &self.path } else { self.path.parent().unwrap_or(Path::new("")) };
        let (project, events) = read_run(folder)?;
        let consultation = consult_run(&project, &events);
        if self.json {
            print_json(&consultation.told);
        } else {
            let mut out = String::new();
            writeln!(out, "{}: {}", folder.display(), count(consultation.epochs, "completed epoch")).ok();
            write_findings(&mut out, &consultation.told);
            print(&out);
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Consultation {
    fn new(context: Context) -> Self {
        Self { doctor: Doctor::new(context), told: Vec::new(), epochs: 0 }
    }

    fn epoch(&mut self, row: &EpochRow) {
        self.epochs += 1;
        self.told.extend(self.doctor.observe(row));
    }

    fn step(&mut self, row: &StepRow) {
        if !row.train_loss.is_finite() {
            self.told.extend(self.doctor.not_finite(row));
        }
    }

    fn finish(mut self, reason: FinishReason) -> Self {
        self.told.extend(self.doctor.finish(reason));
        self
    }
}

fn consult_run(project: &Project, events: &[Event]) -> Consultation {
    let started = events.iter().find_map(|it| if let Event::Started(it) = it { Some(it) } else { None });
    let unknown = Started::default();
    let mut consultation = Consultation::new(Context::new(project, started.unwrap_or(&unknown)));
    // A run that was killed tells no end.
    let mut reason = FinishReason::Stopped;
    for event in events {
        if let Event::Epoch(row) = event {
            consultation.epoch(row);
        } else if let Event::Step(row) = event {
            consultation.step(row);
        } else if let Event::Finished(it) = event {
            reason = it.reason;
        }
    }
    consultation.finish(reason)
}

fn consult_log(curves: &Curves) -> Vec<FindingRow> {
    let context = Context { knows_project: false, ..Context::new(&Project::default(), &curves.started) };
    let mut consultation = Consultation::new(context);
    let mut steps = curves.steps.iter().peekable();
    for row in &curves.rows {
        while let Some(step) = steps.next_if(|it| it.epoch <= row.epoch) {
            consultation.step(step);
        }
        consultation.epoch(row);
    }
    steps.for_each(|it| consultation.step(it));
    let is_broken = curves.rows.last().is_some_and(|it| curves.has(Role::TrainLoss) && !it.train_loss.is_finite());
    consultation.finish(if is_broken { FinishReason::Diverged } else { FinishReason::Completed }).told
}

/// Whether a log holds what a rule cannot do without.
fn has(curves: &Curves, need: Need) -> bool {
    match need {
        Need::TrainLoss => curves.has(Role::TrainLoss),
        Need::ValidationLoss => curves.has(Role::ValidationLoss),
        Need::ValidationAccuracy => curves.has(Role::ValidationAccuracy),
        Need::LearningRate => curves.has(Role::LearningRate),
        Need::GradientNorm => curves.has(Role::GradientNorm),
        Need::InitialLoss => curves.started.initial_loss.is_some(),
        Need::ValidationRows
        | Need::Batches
        | Need::Classes
        | Need::Layers
        | Need::Data
        | Need::Project
        | Need::Timing => false,
    }
}

fn print_json(told: &[FindingRow]) {
    let lines: String = told.iter().map(|it| Event::Finding(it.clone()).to_json() + "\n").collect();
    print(&lines);
}

/// A reader that has gone away has read enough.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).ok();
}

/// What was read, and from which columns.
fn write_log(out: &mut String, path: &Path, curves: &Curves) {
    writeln!(out, "{}: {}, {}", path.display(), curves.format.label(), count(curves.rows.len() as u64, "epoch")).ok();
    let columns: Vec<_> = curves.columns.iter().map(|(role, name)| format!("{} from {name}", role.label())).collect();
    writeln!(out, "  Read: {}", columns.join(", ")).ok();
    if !curves.ignored.is_empty() {
        let some: Vec<_> = curves.ignored.iter().take(8).map(String::as_str).collect();
        let more = curves.ignored.len() - some.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        writeln!(out, "  Not used: {}{more}", some.join(", ")).ok();
    }
    for note in &curves.notes {
        writeln!(out, "  {note}").ok();
    }
}

/// Findings that stand at the end, the gravest first, and one line for those that are over.
fn write_findings(out: &mut String, told: &[FindingRow]) {
    let mut last: Vec<&FindingRow> = Vec::new();
    for finding in told {
        last.retain(|it| it.rule != finding.rule);
        last.push(finding);
    }
    let (over, stand): (Vec<&FindingRow>, Vec<&FindingRow>) =
        last.into_iter().partition(|it| it.state == FindingState::Cleared);
    if stand.is_empty() {
        writeln!(out, "No findings").ok();
    }
    for (severity, heading) in
        [(Severity::Critical, "Critical"), (Severity::Warning, "Warning"), (Severity::Info, "Info")]
    {
        let graded: Vec<_> = stand.iter().filter(|it| it.severity == severity).collect();
        if !graded.is_empty() {
            writeln!(out, "{heading}").ok();
        }
        for finding in graded {
            write_finding(out, finding);
        }
    }
    if !over.is_empty() {
        let names: Vec<_> = over.iter().map(|it| format!("{} ({})", label(&it.rule), span(it))).collect();
        writeln!(out, "Over by the end: {}", names.join(", ")).ok();
    }
}

fn write_finding(out: &mut String, finding: &FindingRow) {
    writeln!(out, "  {}, {}", label(&finding.rule), span(finding)).ok();
    writeln!(out, "    {}", finding.text).ok();
    if !finding.formula.is_empty() {
        writeln!(out, "    Numbers: {}", finding.formula).ok();
    }
    if !finding.rival.is_empty() {
        writeln!(out, "    Or: {}", finding.rival).ok();
    }
    for remedy in &finding.remedies {
        let settings: Vec<_> = remedy.set.iter().map(|(key, value)| format!("--set {key}={}", text(value))).collect();
        writeln!(out, "    Try: {} ({})", remedy.label, settings.join(" ")).ok();
    }
}

/// The rules that could not judge this log, and what they lack, on two lines.
fn write_silent(out: &mut String, silent: &[&Rule], curves: &Curves) {
    if silent.is_empty() {
        return;
    }
    let mut lacking: Vec<Need> = silent.iter().flat_map(|rule| rule.needs).copied().collect();
    lacking.retain(|it| !has(curves, *it));
    lacking.sort_unstable();
    lacking.dedup();
    let lacking: Vec<_> = lacking.into_iter().filter_map(|it| it.get_message()).collect();
    let labels: Vec<_> = silent.iter().map(|rule| rule.label).collect();
    writeln!(
        out,
        "{} of {} rules had to stay silent, since the log lacks: {}",
        silent.len(),
        RULES.len(),
        lacking.join("; ")
    )
    .ok();
    writeln!(out, "  Silent: {}", labels.join(", ")).ok();
}

/// A rule's name on screen.
fn label(id: &str) -> &str {
    RULES.iter().find(|it| it.id == id).map_or(id, |it| it.label)
}

fn span(finding: &FindingRow) -> String {
    if finding.from_epoch >= finding.to_epoch {
        format!("epoch {}", finding.to_epoch)
    } else {
        format!("epochs {} to {}", finding.from_epoch, finding.to_epoch)
    }
}

/// A setting's value as `--set` takes it.
fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}
