//! `learnscope diagnose`: what the doctor makes of a run, or of curves that another program logged.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use strum::EnumMessage as _;

use super::BadInput;
use crate::diagnose::{Need, RULES, consult};
use crate::logs::{self, Columns, Curves, Silent};
use crate::run::{Event, FindingRow, FindingState, Severity};
use crate::session::read_run;

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
        let events = logs::told(&curves).into_iter();
        let told: Vec<_> = events.filter_map(|it| if let Event::Finding(it) = it { Some(it) } else { None }).collect();
        if self.json {
            print_json(&told);
        } else {
            let mut out = String::new();
            write_log(&mut out, &self.path, &curves);
            write_findings(&mut out, &told);
            write_silent(&mut out, &logs::silent(&curves));
            print(&out);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Shows a recorded run to a fresh doctor, under the project it was trained with.
    fn of_run(&self) -> Result<ExitCode, BadInput> {
        let folder = if self.path.is_dir() { &self.path } else { self.path.parent().unwrap_or(Path::new("")) };
        let (project, events) = read_run(folder)?;
        let told = consult(&project, &events);
        if self.json {
            print_json(&told);
        } else {
            let epochs = events.iter().filter(|it| matches!(it, Event::Epoch(_))).count() as u64;
            let mut out = String::new();
            writeln!(out, "{}: {}", folder.display(), count(epochs, "completed epoch")).ok();
            write_findings(&mut out, &told);
            print(&out);
        }
        Ok(ExitCode::SUCCESS)
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
fn write_silent(out: &mut String, silent: &[Silent]) {
    if silent.is_empty() {
        return;
    }
    let mut lacking: Vec<Need> = silent.iter().flat_map(|it| it.lacks.iter().copied()).collect();
    lacking.sort_unstable();
    lacking.dedup();
    let lacking: Vec<_> = lacking.into_iter().filter_map(|it| it.get_message()).collect();
    let labels: Vec<_> = silent.iter().map(|it| it.rule.label).collect();
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
