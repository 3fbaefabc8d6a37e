//! Several runs beside each other: their curves in one figure, what was set differently, and what came of it.

use super::document::{Block, Document, Table};
use super::figure::{Figure, Ink, Line};
use super::single::{points, title};
use crate::diagnose::seeds::{Setting, is_comparable, tell};
use crate::run::Run;
use crate::run::text::{is_share, metric_label, metric_text, short_number};
use crate::spec::{self, Differing, Project};

/// Several runs beside each other, under the names they are given. The first is what the others are held against.
pub fn comparison(runs: &[(String, &Run)]) -> Document {
    let names: Vec<&str> = runs.iter().map(|it| it.0.as_str()).collect();
    let mut blocks = vec![Block::Text(format!(
        "{} runs: {}. Differences are to {}.",
        runs.len(),
        names.join(", "),
        names.first().copied().unwrap_or_default()
    ))];
    blocks.extend(unlike(runs));
    blocks.push(Block::Heading("Curves".to_owned()));
    blocks.push(Block::Figure(overlaid(runs, "loss")));
    if let Some(metric) = common_metric(runs) {
        blocks.push(Block::Figure(overlaid(runs, metric)));
    }
    blocks.push(Block::Heading("Results".to_owned()));
    blocks.push(Block::Table(results(runs)));
    blocks.push(Block::Text(chance(runs)));
    blocks.push(Block::Heading("Settings that differ".to_owned()));
    blocks.extend(differing(runs));
    let title = runs.iter().map(|it| title(it.1)).collect::<std::collections::BTreeSet<_>>();
    Document { title: format!("Comparison: {}", title.into_iter().collect::<Vec<_>>().join(", ")), blocks }
}

/// Runs whose losses measure different things must not be held against each other.
fn unlike(runs: &[(String, &Run)]) -> Option<Block> {
    let (_, first) = runs.first()?;
    let others: Vec<_> = runs.iter().filter(|it| !is_comparable(first, it.1)).map(|it| it.0.as_str()).collect();
    let words = format!(
        "Not to be held against the first by the loss, which is another or of other data: {}.",
        others.join(", ")
    );
    (!others.is_empty()).then_some(Block::Text(words))
}

/// The metric that all of them lead with.
fn common_metric(runs: &[(String, &Run)]) -> Option<&'static str> {
    let metric = runs.first()?.1.leading_metric();
    let measured = |run: &Run| run.history.curve(&format!("validation_{metric}")).is_some();
    runs.iter().all(|it| it.1.leading_metric() == metric && measured(it.1)).then_some(metric)
}

fn overlaid(runs: &[(String, &Run)], curve: &str) -> Figure {
    let mut lines = Vec::new();
    for (idx, (name, run)) in runs.iter().enumerate() {
        let line = |split: &str, name: &str, is_faint: bool| Line {
            name: name.to_owned(),
            ink: Ink::Run(idx),
            is_dashed: !is_faint,
            is_faint,
            points: points(run, &format!("{split}_{curve}")),
        };
        let both = [line("train", "", true), line("validation", name, false)];
        lines.extend(both.into_iter().filter(|it| !it.points.is_empty()));
    }
    Figure {
        name: format!("compared_{curve}"),
        title: format!("{} by epoch: validation dashed, train faint", metric_label(curve)),
        x_title: "Epoch".to_owned(),
        y_title: metric_label(curve).to_owned(),
        lines,
        may_be_log: curve == "loss",
        is_share: is_share(curve),
        ..Figure::default()
    }
}

fn results(runs: &[(String, &Run)]) -> Table {
    let metric = common_metric(runs);
    let mut head = vec!["Run", "Ended", "Epochs", "Best validation loss", "Difference"];
    let test = metric.map(|it| format!("Test {}", metric_label(it)));
    head.extend(test.as_deref());
    let mut table = Table::new(&head);
    let best = |run: &Run| run.history.best_epoch().map(|it| it.validation_loss);
    let first = runs.first().and_then(|it| best(it.1));
    for (idx, (name, run)) in runs.iter().enumerate() {
        let difference = best(run).zip(first).filter(|_| idx > 0 && is_comparable(runs[0].1, run));
        let difference = difference.map(|(own, first)| own - first);
        let text = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short_number);
        let mut row = vec![
            name.clone(),
            run.finished.as_ref().map_or("no end", |it| it.reason.label()).to_owned(),
            run.epoch().to_string(),
            text(best(run)),
            difference.map_or_else(|| "–".to_owned(), signed),
        ];
        row.extend(metric.map(|key| {
            let value = run.finished.as_ref().and_then(|it| it.test.get(key));
            value.map_or_else(|| "–".to_owned(), |it| metric_text(key, *it))
        }));
        table.rows.push(row);
    }
    table
}

fn signed(value: f64) -> String {
    format!("{}{}", if value > 0.0 { "+" } else { "" }, short_number(value))
}

/// Whether the seed alone could have made the differences, as far as anyone has tried.
fn chance(runs: &[(String, &Run)]) -> String {
    let Some((name, first)) = runs.first() else { return String::new() };
    let others = runs.iter().skip(1);
    let others =
        others.filter_map(|(other, run)| tell(Setting { name, run: first }, Some(Setting { name: other, run })));
    let told: Vec<_> = others.collect();
    if told.is_empty() {
        "Whether these differences are more than the seed makes is not known: none of the runs was repeated with other seeds.".to_owned()
    } else {
        told.join(" ")
    }
}

fn differing(runs: &[(String, &Run)]) -> Vec<Block> {
    let head: Vec<&str> = std::iter::once("Setting").chain(runs.iter().map(|it| it.0.as_str())).collect();
    let mut table = Table::new(&head);
    let projects: Vec<&Project> = runs.iter().map(|it| &it.1.project).collect();
    for Differing { key, values, .. } in spec::differing(&projects) {
        let cells = values.into_iter().map(|it| it.unwrap_or_else(|| "–".to_owned()));
        table.rows.push(std::iter::once(key.to_owned()).chain(cells).collect());
    }
    let mut blocks = if table.rows.is_empty() {
        vec![Block::Text("None: all of them were set up alike.".to_owned())]
    } else {
        vec![Block::Table(table)]
    };
    let turned = runs.iter().filter_map(|(name, run)| Some(format!("{name}: {}", run.turned()?)));
    let turned: Vec<_> = turned.collect();
    if !turned.is_empty() {
        blocks.push(Block::Text(format!("Turned by hand while training: {}.", turned.join("; "))));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Event};

    fn run(rate: &str, losses: &[f64]) -> Run {
        let mut project = Project { name: "Moons".to_owned(), ..Project::default() };
        project.set(rate).unwrap();
        let rows = losses.iter().enumerate().map(|(idx, loss)| {
            let metrics = [("validation_accuracy".to_owned(), 0.5)].into();
            Event::Epoch(EpochRow {
                epoch: idx as u64 + 1,
                train_loss: *loss,
                validation_loss: *loss,
                metrics,
                ..EpochRow::default()
            })
        });
        Run::replay(project, rows)
    }

    #[test]
    fn differences_are_to_the_first_and_settings_are_those_that_differ() {
        let (one, two) = (run("learning_rate=0.1", &[0.9, 0.5]), run("learning_rate=0.2", &[0.9, 0.3, 0.4]));
        let document = comparison(&[("one".to_owned(), &one), ("two".to_owned(), &two)]);
        let text = document.to_markdown("x").text;
        for part in [
            "# Comparison: Moons",
            "| one | no end | 2 | 0.5 | – | – |",
            "| two | no end | 3 | 0.3 | -0.2 | – |",
            "| Setting | one | two |\n| --- | ---: | ---: |\n| learning\\_rate | 0.1 | 0.2 |\n",
            "none of the runs was repeated with other seeds",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.ends_with("| learning\\_rate | 0.1 | 0.2 |\n"), "nothing else differs: {text}");
    }

    #[test]
    fn a_knob_turned_by_hand_is_told_where_the_settings_are_alike() {
        let (one, mut two) = (run("learning_rate=0.1", &[0.9]), run("learning_rate=0.1", &[0.8]));
        two.apply(Event::Changed(crate::run::Changed {
            epoch: 1,
            key: "learning_rate".to_owned(),
            from: "0.1".to_owned(),
            to: "0.01".to_owned(),
            by: "user".to_owned(),
            ..Default::default()
        }));
        let text = comparison(&[("one".to_owned(), &one), ("two".to_owned(), &two)]).to_markdown("x").text;
        let words = "Turned by hand while training: two: learning\\_rate from 0.1 to 0.01 after epoch 1.";
        assert!(text.contains(words), "{text}");
    }

    #[test]
    fn a_loss_of_another_kind_is_told_apart() {
        let (one, two) = (run("learning_rate=0.1", &[0.9]), run("loss=mse", &[0.9]));
        let text = comparison(&[("one".to_owned(), &one), ("two".to_owned(), &two)]).to_markdown("x").text;
        assert!(
            text.contains("Not to be held against the first by the loss, which is another or of other data: two."),
            "{text}"
        );
        assert!(text.contains("| two | no end | 1 | 0.9 | – |"), "no difference of what cannot be compared: {text}");
    }
}
