//! The run in words: `report.md` in its folder.

use std::fmt::Write as _;

use crate::run::{EpochRow, FindingRow, Finished};
use crate::spec::Project;

/// A short report in Markdown: result, findings, settings.
pub(super) fn report(
    project: &Project,
    finished: &Finished,
    last: Option<&EpochRow>,
    findings: &[FindingRow],
) -> String {
    let mut text = format!("# {}\n\n", project.name);
    writeln!(text, "Ended: {} after {} epochs. {}\n", finished.reason.label(), finished.epochs, finished.text).ok();
    if finished.best_epoch > 0 {
        writeln!(text, "Best epoch: {}, validation loss {:.6}.\n", finished.best_epoch, finished.best_validation_loss)
            .ok();
    }
    if !finished.test.is_empty() {
        text.push_str("## Test rows\n\nMeasured once, at the end, with the weights that were kept.\n\n");
        table(&mut text, finished.test.iter().map(|(name, value)| (name.as_str(), *value)));
    }
    if let Some(last) = last {
        text.push_str("## Last epoch\n\n");
        let losses = [("train_loss", last.train_loss), ("validation_loss", last.validation_loss)];
        table(&mut text, losses.into_iter().chain(last.metrics.iter().map(|(name, value)| (name.as_str(), *value))));
    }
    text.push_str("## Findings\n\n");
    if findings.is_empty() {
        text.push_str("None were standing at the end.\n\n");
    }
    for finding in findings {
        writeln!(text, "- **{}** since epoch {}: {}", finding.rule, finding.from_epoch, finding.text).ok();
    }
    text.push_str("\n## Settings\n\n");
    for (key, value) in project.settings() {
        writeln!(text, "- `{key}={value}`").ok();
    }
    text
}

fn table<'a>(text: &mut String, rows: impl Iterator<Item = (&'a str, f64)>) {
    text.push_str("| measure | value |\n|---|---|\n");
    for (name, value) in rows {
        writeln!(text, "| {name} | {value:.6} |").ok();
    }
    text.push('\n');
}
