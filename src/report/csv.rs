//! Curves as a table for other programs.

use std::collections::BTreeSet;

use crate::run::{Run, Views};

/// Every completed epoch of each run, in full precision: `run` (only where there are several), `epoch`, `step`, the
/// losses, the learning rate, the gradient norm and all metrics. What was not measured is empty; what is no number is
/// `NaN` or `inf`.
pub fn epochs_csv(runs: &[(String, &Run)]) -> String {
    let rows = || runs.iter().flat_map(|(_, run)| run.history.epochs.iter());
    let metrics: BTreeSet<&str> = rows().flat_map(|row| row.metrics.keys().map(String::as_str)).collect();
    let mut out = csv::Writer::from_writer(Vec::new());
    let is_many = runs.len() > 1;
    let own = ["epoch", "step", "train_loss", "validation_loss", "learning_rate", "gradient_norm"];
    let head = is_many.then_some("run").into_iter().chain(own).chain(metrics.iter().copied());
    out.write_record(head).ok();
    for (name, run) in runs {
        let has = |curve: &str| run.history.curve(curve).is_some();
        for row in &run.history.epochs {
            let known = |curve: &str, value: f64| if has(curve) { value.to_string() } else { String::new() };
            let cells = [
                row.epoch.to_string(),
                row.step.to_string(),
                known("train_loss", row.train_loss),
                known("validation_loss", row.validation_loss),
                known("learning_rate", row.learning_rate),
                row.gradient_norm.map(|it| it.to_string()).unwrap_or_default(),
            ];
            let metrics = metrics.iter().map(|it| row.metrics.get(*it).map(f64::to_string).unwrap_or_default());
            let cells = is_many.then(|| name.clone()).into_iter().chain(cells).chain(metrics);
            out.write_record(cells).ok();
        }
    }
    text(out)
}

/// A plot's numbers as a table: a row for each of its points.
pub fn points_csv(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(head).ok();
    for row in rows {
        out.write_record(row).ok();
    }
    text(out)
}

/// What was predicted of the validation rows: `actual,predicted` for each of them, or how many rows of each class were
/// taken for which. None where neither was looked at.
pub fn predictions_csv(views: &Views) -> Option<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    if let Some(fit) = &views.fit {
        out.write_record(["actual", "predicted"]).ok();
        for (actual, predicted) in &fit.pairs {
            out.write_record([actual.to_string(), predicted.to_string()]).ok();
        }
    } else {
        let confusion = views.confusion.as_ref()?;
        out.write_record(["actual", "predicted", "rows"]).ok();
        for (idx, actual) in confusion.classes.iter().enumerate() {
            for (at, predicted) in confusion.classes.iter().enumerate() {
                out.write_record([actual, predicted, &confusion.count(idx, at).to_string()]).ok();
            }
        }
    }
    Some(text(out))
}

fn text(out: csv::Writer<Vec<u8>>) -> String {
    out.into_inner().ok().and_then(|it| String::from_utf8(it).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{Confusion, EpochRow, Event, Fit, Metrics};
    use crate::spec::Project;

    fn run(losses: &[f64], metric: Option<(&str, f64)>) -> Run {
        let metrics: Metrics = metric.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let rows = losses.iter().enumerate().map(|(idx, loss)| EpochRow {
            epoch: idx as u64 + 1,
            step: 10 * (idx as u64 + 1),
            train_loss: *loss,
            validation_loss: f64::NAN,
            learning_rate: 0.1,
            metrics: metrics.clone(),
            ..EpochRow::default()
        });
        Run::replay(Project::default(), rows.map(Event::Epoch))
    }

    #[test]
    fn numbers_are_whole_and_what_was_not_measured_is_empty() {
        let one = run(&[0.1 + 0.2, f64::NAN], Some(("train_r2", 0.5)));
        let text = epochs_csv(&[("a".to_owned(), &one)]);
        let expected = "epoch,step,train_loss,validation_loss,learning_rate,gradient_norm,train_r2\n\
                        1,10,0.30000000000000004,,0.1,,0.5\n2,20,NaN,,0.1,,0.5\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn several_runs_stand_below_each_other_under_their_names() {
        let (one, two) = (run(&[1.0], Some(("train_r2", 0.5))), run(&[2.0], None));
        let text = epochs_csv(&[("a, b".to_owned(), &one), ("c".to_owned(), &two)]);
        assert!(text.contains("\"a, b\",1,10,1,,0.1,,0.5\nc,1,10,2,,0.1,,\n"), "{text}");
    }

    #[test]
    fn predictions_are_pairs_or_counts() {
        let fit = Fit { target: "y".to_owned(), pairs: vec![(1.5, 1.25)] };
        let views = Views { fit: Some(fit), ..Views::default() };
        assert_eq!(predictions_csv(&views).unwrap(), "actual,predicted\n1.5,1.25\n");
        let confusion = Confusion { classes: vec!["a".to_owned(), "b".to_owned()], counts: vec![5, 1, 0, 7] };
        let views = Views { confusion: Some(confusion), ..Views::default() };
        assert_eq!(predictions_csv(&views).unwrap(), "actual,predicted,rows\na,a,5\na,b,1\nb,a,0\nb,b,7\n");
        assert_eq!(predictions_csv(&Views::default()), None);
    }
}
