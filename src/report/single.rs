//! The report of one run.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::document::{Block, Document, Table};
use super::figure::{Figure, Ink, Line, Span};
use super::recipe::recipe;
use crate::data::Fingerprint;
use crate::diagnose::RULES;
use crate::run::text::{counted, duration_text, grouped, is_share, metric_label, metric_text, short_number};
use crate::run::{FindingRow, Run};
use crate::spec::{MeasureTrain, Project};

/// A run on paper: how it ended, its curves, results by split, findings, the settings that were chosen, the recipe.
///
/// `data` is the fingerprint of the data file, where the data are one.
pub fn report(run: &Run, data: Option<&Fingerprint>) -> Document {
    let mut blocks = vec![Block::Text(ending(run)), Block::Table(facts(run))];
    blocks.push(Block::Heading("Curves".to_owned()));
    blocks.push(Block::Figure(loss_figure(run)));
    blocks.extend(metric_figure(run, run.leading_metric()).map(Block::Figure));
    blocks.extend(rate_figure(run).map(Block::Figure));
    blocks.push(Block::Heading("Results".to_owned()));
    blocks.extend(results(run));
    blocks.push(Block::Heading("Findings".to_owned()));
    blocks.extend(findings(run));
    blocks.extend(seeds(run));
    blocks.extend(turned(run));
    blocks.push(Block::Heading("Settings".to_owned()));
    blocks.extend(settings(&run.project));
    blocks.push(Block::Heading("Recipe".to_owned()));
    blocks.push(Block::Code(recipe(run, data)));
    Document { title: title(run), blocks }
}

/// What a run is called on paper.
pub(super) fn title(run: &Run) -> String {
    let names = [&run.project.name, &run.started.run, &run.started.project];
    names.into_iter().find(|it| !it.is_empty()).cloned().unwrap_or_else(|| "A run".to_owned())
}

fn ending(run: &Run) -> String {
    match &run.finished {
        Some(it) => {
            let text = it.text.trim().trim_end_matches('.');
            let text = if text.is_empty() { String::new() } else { format!(": {text}") };
            format!("Ended after {} ({}){text}.", counted(it.epochs, "epoch"), it.reason.label())
        }
        None => format!("It has no end: {} were completed when this was written.", counted(run.epoch(), "epoch")),
    }
}

fn facts(run: &Run) -> Table {
    let started = &run.started;
    let mut table = Table::new(&["", ""]);
    let mut row = |name: &str, value: String| table.rows.push(vec![name.to_owned(), value]);
    row("Data", run.project.data.source_name());
    if !started.target.is_empty() {
        row("Target", started.target.clone());
    }
    row(
        "Rows",
        format!(
            "{} train, {} validation, {} test",
            grouped(started.train_rows as u64),
            grouped(started.validation_rows as u64),
            grouped(started.test_rows as u64)
        ),
    );
    row("Parameters", grouped(started.parameters as u64));
    if let Some(it) = run.parent() {
        row("Fork", format!("of {} at epoch {}", it.run, it.epoch));
    }
    row("Device", run.device());
    row("Seed", run.project.training.seed.to_string());
    if let Some(it) = &run.finished {
        row("Time", format!("{} ({} rows a second)", duration_text(it.seconds), short_number(it.samples_per_second)));
    }
    row("Program", format!("Learnscope {}", env!("CARGO_PKG_VERSION")));
    table
}

/// A curve of a run by epoch; what was measured as an epoch went on stands at its middle.
pub(super) fn points(run: &Run, curve: &str) -> Vec<(f64, f64)> {
    let is_during = curve.starts_with("train_") && run.project.training.measure_train == MeasureTrain::During;
    let shift = if is_during { 0.5 } else { 0.0 };
    run.history.curve(curve).map_or_else(Vec::new, |it| it.points().iter().map(|it| (it.x - shift, it.y)).collect())
}

/// Train and validation loss, with the best epoch, what findings speak of, and knobs that were turned.
pub fn loss_figure(run: &Run) -> Figure {
    let unit = match run.started.loss_unit.as_str() {
        "" => String::new(),
        unit => format!(" ({unit})"),
    };
    Figure {
        name: "loss".to_owned(),
        title: format!("Loss by epoch: {}", words_of(run, "loss")),
        y_title: format!("Loss{unit}"),
        marks: marks(run),
        spans: spans(run),
        may_be_log: true,
        ..pair(run, "loss")
    }
}

/// A metric of both splits; none where it was not measured. `metric` is its key without prefix.
pub fn metric_figure(run: &Run, metric: &str) -> Option<Figure> {
    let figure = Figure {
        name: metric.to_owned(),
        title: format!("{} by epoch: {}", metric_label(metric), words_of(run, metric)),
        y_title: metric_label(metric).to_owned(),
        is_share: is_share(metric),
        marks: marks(run),
        ..pair(run, metric)
    };
    (!figure.lines.is_empty()).then_some(figure)
}

/// The learning rate, where it moved.
fn rate_figure(run: &Run) -> Option<Figure> {
    let points = points(run, "learning_rate");
    let moved = points.windows(2).any(|it| it[0].1 != it[1].1);
    moved.then(|| Figure {
        name: "learning_rate".to_owned(),
        title: "Learning rate at the end of each epoch".to_owned(),
        x_title: "Epoch".to_owned(),
        y_title: "Learning rate".to_owned(),
        lines: vec![Line { name: String::new(), ink: Ink::Train, is_dashed: false, is_faint: false, points }],
        may_be_log: true,
        ..Figure::default()
    })
}

fn pair(run: &Run, curve: &str) -> Figure {
    let line = |split: &str, name: &str, ink: Ink| Line {
        name: name.to_owned(),
        ink,
        is_dashed: ink == Ink::Validation,
        is_faint: false,
        points: points(run, &format!("{split}_{curve}")),
    };
    let both = [line("train", "Train", Ink::Train), line("validation", "Validation", Ink::Validation)];
    let lines = both.into_iter().filter(|it| !it.points.is_empty()).collect();
    Figure { x_title: "Epoch".to_owned(), lines, ..Figure::default() }
}

/// First, best and last value in words, for those who do not see the figure.
fn words_of(run: &Run, curve: &str) -> String {
    let of = |split: &str| -> Option<String> {
        let series = run.history.curve(&format!("{split}_{curve}"))?;
        let (first, last) = (series.points().first()?, series.last()?);
        Some(format!("{split} from {} to {}", metric_text(curve, first.y), metric_text(curve, last.y)))
    };
    let both: Vec<_> = ["train", "validation"].into_iter().filter_map(of).collect();
    if both.is_empty() { "nothing was measured".to_owned() } else { both.join(", ") }
}

fn marks(run: &Run) -> Vec<(f64, String)> {
    let mut marks = Vec::new();
    if let Some(best) = run.history.best_epoch() {
        marks.push((best.epoch as f64, format!("best epoch {}", best.epoch)));
    }
    if let Some(parent) = run.parent() {
        marks.push((parent.epoch as f64, format!("fork of {}", parent.run)));
    }
    let turned = run.changes.iter().filter(|it| it.by != "schedule");
    marks.extend(turned.map(|it| (run.epoch_of_step(it.step as f64), format!("{} {}", it.key, it.to))));
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    marks
}

fn spans(run: &Run) -> Vec<Span> {
    let lasting =
        run.findings.iter().filter(|it| it.to_epoch > it.from_epoch && it.severity > crate::run::Severity::Info);
    lasting.map(|it| Span { from: it.from_epoch as f64, to: it.to_epoch as f64, words: rule(it).to_owned() }).collect()
}

/// What a rule is called.
fn rule(finding: &FindingRow) -> &str {
    RULES.iter().find(|it| it.id == finding.rule).map_or(finding.rule.as_str(), |it| it.label)
}

fn results(run: &Run) -> Vec<Block> {
    let last = run.history.epochs.last();
    let best = run.finished.as_ref().and_then(|it| run.history.row(it.best_epoch)).or(run.history.best_epoch());
    let test = run.finished.as_ref().map(|it| &it.test).filter(|it| !it.is_empty());
    let Some(last) = last else { return vec![Block::Text("No epoch was completed.".to_owned())] };
    let mut keys: BTreeSet<&str> = run.history.metric_names().into_iter().collect();
    keys.extend(last.metrics.keys().filter_map(|it| it.strip_prefix("train_")));
    keys.extend(test.iter().flat_map(|it| it.keys().map(String::as_str)).filter(|it| *it != "loss"));
    let mut table = Table::new(&["Measure", "Train, last", "Validation, last", "Validation, best", "Test", "Baseline"]);
    for key in std::iter::once("loss").chain(keys) {
        let text = |value: Option<f64>| {
            value.filter(|it| !it.is_nan()).map_or_else(|| "–".to_owned(), |it| metric_text(key, it))
        };
        let of = |row: &crate::run::EpochRow, split: &str| match (key, split) {
            ("loss", "train") => Some(row.train_loss),
            ("loss", _) => Some(row.validation_loss),
            _ => row.metrics.get(&format!("{split}_{key}")).copied(),
        };
        table.rows.push(vec![
            metric_label(key).to_owned(),
            text(of(last, "train")),
            text(of(last, "validation")),
            text(best.and_then(|it| of(it, "validation"))),
            text(test.and_then(|it| it.get(key)).copied()),
            text(run.started.baseline.get(key).copied()),
        ]);
    }
    let mut words = String::new();
    if let Some(best) = best {
        write!(words, "Best is epoch {}, last is epoch {}. ", best.epoch, last.epoch).ok();
    }
    if test.is_some() {
        words.push_str("The test rows were measured once, at the end, with the weights that were kept. ");
    }
    words.push_str("Metrics are in the target’s own units. The baseline always guesses the mean or the most frequent class, measured on the validation rows.");
    vec![Block::Table(table), Block::Text(words)]
}

fn findings(run: &Run) -> Vec<Block> {
    if run.findings.is_empty() && run.cleared.is_empty() {
        return vec![Block::Text("The doctor found nothing to say.".to_owned())];
    }
    let item = |it: &FindingRow| {
        let remedies: Vec<_> = it.remedies.iter().map(|it| it.label.clone()).collect();
        let remedies = if remedies.is_empty() { String::new() } else { format!(" Try: {}.", remedies.join("; ")) };
        let formula = if it.formula.is_empty() {
            String::new()
        } else {
            format!(" Numbers: {}.", it.formula.trim_end_matches('.'))
        };
        format!("{}, {}: {}{formula}{remedies}", rule(it), epochs_of(it), it.text)
    };
    let mut blocks = Vec::new();
    if run.findings.is_empty() {
        blocks.push(Block::Text("None were standing at the end.".to_owned()));
    } else {
        blocks.push(Block::List(run.findings.iter().map(item).collect()));
    }
    let mut over: Vec<String> = Vec::new();
    for it in run.cleared.iter().filter(|it| run.findings.iter().all(|other| other.rule != it.rule)) {
        let words = format!("{} ({})", rule(it), epochs_of(it));
        if !over.contains(&words) {
            over.push(words);
        }
    }
    if !over.is_empty() {
        blocks.push(Block::Text(format!("Over by the end: {}.", over.join(", "))));
    }
    blocks
}

fn epochs_of(it: &FindingRow) -> String {
    if it.from_epoch >= it.to_epoch {
        format!("epoch {}", it.to_epoch)
    } else {
        format!("epochs {} to {}", it.from_epoch, it.to_epoch)
    }
}

/// The same project with other seeds, where it was trained so.
fn seeds(run: &Run) -> Vec<Block> {
    if run.seeds.rows().is_empty() {
        return Vec::new();
    }
    let metric = run.leading_metric();
    let mut table =
        Table::new(&["Seed", "Ended", "Epochs", "Best validation loss", &format!("Test {}", metric_label(metric))]);
    for it in run.seeds.rows() {
        table.rows.push(vec![
            it.seed.to_string(),
            it.reason.label().to_owned(),
            it.epochs().to_string(),
            it.value().map_or_else(|| "–".to_owned(), short_number),
            it.test.get(metric).map_or_else(|| "–".to_owned(), |value| metric_text(metric, *value)),
        ]);
    }
    vec![Block::Heading("Other seeds".to_owned()), Block::Table(table)]
}

fn turned(run: &Run) -> Vec<Block> {
    if run.changes.is_empty() {
        return Vec::new();
    }
    let mut table = Table::new(&["Changed while training", "From", "To", "After step", "By"]);
    for it in &run.changes {
        table.rows.push(vec![it.key.clone(), it.from.clone(), it.to.clone(), it.step.to_string(), it.by.clone()]);
    }
    vec![Block::Table(table)]
}

/// The settings that are not what a new project has; the recipe holds all of them.
fn settings(project: &Project) -> Vec<Block> {
    let chosen = project.changes_from(&Project::default());
    let mut table = Table::new(&["Setting", "Value", "Default"]);
    for (key, value) in chosen {
        table.rows.push(vec![key.to_owned(), value, Project::default().get(key).unwrap_or_else(|| "–".to_owned())]);
    }
    vec![
        Block::Text("Those that differ from a new project’s; the recipe below holds every one.".to_owned()),
        Block::Table(table),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Event, FinishReason, Finished, Started};

    fn made_up() -> Run {
        let mut project = Project { name: "Half_moons".to_owned(), ..Project::default() };
        project.set("learning_rate=0.03").unwrap();
        let row = |epoch: u64, train: f64, validation: f64| {
            Event::Epoch(EpochRow {
                epoch,
                step: 10 * epoch,
                train_loss: train,
                validation_loss: validation,
                learning_rate: 0.03,
                metrics: [("train_accuracy".to_owned(), 0.9), ("validation_accuracy".to_owned(), 0.8)].into(),
                ..EpochRow::default()
            })
        };
        let finished = Finished {
            reason: FinishReason::Completed,
            text: "Every epoch was trained".to_owned(),
            epochs: 3,
            best_epoch: 2,
            best_validation_loss: 0.4,
            test: [("loss".to_owned(), 0.41), ("accuracy".to_owned(), 0.85)].into(),
            run_dir: String::new(),
            seconds: 2.0,
            samples_per_second: 100.0,
        };
        let started = Started { task: "binary".to_owned(), steps_per_epoch: 10, ..Started::default() };
        let epochs = [row(1, 0.7, 0.6), row(2, 0.5, 0.4), row(3, 0.3, 0.5)];
        let events = std::iter::once(Event::Started(started)).chain(epochs).chain([Event::Finished(finished)]);
        Run::replay(project, events)
    }

    #[test]
    fn results_name_the_split_and_the_epoch_they_are_of() {
        let text = report(&made_up(), None).to_markdown("x").text;
        for part in [
            "# Half\\_moons\n\nEnded after 3 epochs (completed): Every epoch was trained.",
            "| Measure | Train, last | Validation, last | Validation, best | Test | Baseline |",
            "| Loss | 0.3 | 0.5 | 0.4 | 0.41 | – |",
            "| Accuracy | 90.0 % | 80.0 % | 80.0 % | 85.0 % | – |",
            "Best is epoch 2, last is epoch 3.",
            "| learning\\_rate | 0.03 | 0.001 |",
            "![Loss by epoch: train from 0.7 to 0.3, validation from 0.6 to 0.5](x/loss.svg)",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    #[test]
    fn what_is_measured_while_an_epoch_goes_on_stands_at_its_middle() {
        let mut run = made_up();
        assert_eq!(run.project.training.measure_train, MeasureTrain::During);
        assert_eq!(points(&run, "train_loss")[0], (0.5, 0.7));
        assert_eq!(points(&run, "validation_loss")[0], (1.0, 0.6));
        run.project.training.measure_train = MeasureTrain::EpochEnd;
        assert_eq!(points(&run, "train_loss")[0], (1.0, 0.7));
    }

    #[test]
    fn a_run_without_an_epoch_has_a_report_all_the_same() {
        let text = report(&Run::default(), None).to_markdown("x").text;
        assert!(text.contains("# A run") && text.contains("No epoch was completed."), "{text}");
        assert!(text.contains("It has no end: 0 epochs were completed"), "{text}");
    }
}
