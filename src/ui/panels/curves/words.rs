//! What the curves are called and what they say, in words.

use crate::run::{FindingRow, Phase, Run, Series};
use crate::spec::LossSpec;
use crate::ui::plot::scene::series_of;
use crate::ui::plot::watch::Watch;
use crate::ui::theme::Ghost;
use crate::ui::{metric_label, metric_text, short_number};

/// The metric to show: the chosen one where it was measured, else the one the task leads with.
pub(super) fn metric<'a>(run: &'a Run, chosen: Option<&'a str>) -> &'a str {
    let measured = run.history.metric_names();
    let leading = run.leading_metric();
    match chosen.filter(|it| measured.contains(it)) {
        Some(chosen) => chosen,
        None if measured.contains(&leading) => leading,
        None => measured.first().copied().unwrap_or(leading),
    }
}

/// Whether there is a metric to draw, or may come: curves that another program logged may be losses alone.
pub(super) fn has_metric(run: &Run, chosen: Option<&str>) -> bool {
    let metric = metric(run, chosen);
    let is_told = |split: &str| run.history.curve(&format!("{split}_{metric}")).is_some();
    run.is_live() || is_told("train") || is_told("validation") || run.history.epochs.is_empty()
}

/// Whether a strip has something to draw, or may have.
pub(super) fn has_strip(run: &Run, names: [&str; 2]) -> bool {
    run.is_live() || run.history.epochs.is_empty() || names.iter().any(|it| series_of(run, it).is_some())
}

pub(super) use crate::run::text::is_share;

/// What was changed in an earlier run against the one before it.
pub(super) fn change(run: &Run) -> String {
    if run.change.is_empty() { "first run".to_owned() } else { run.change.clone() }
}

/// Along the loss axis: what the loss is measured in.
pub(super) fn loss_unit(run: &Run) -> String {
    let error = match &run.project.loss {
        LossSpec::Mse => "squared error",
        LossSpec::Mae => "absolute error",
        LossSpec::Huber(_) => "Huber loss",
        LossSpec::BinaryCrossEntropy(_) | LossSpec::CrossEntropy(_) => "cross-entropy",
    };
    let target = &run.started.target;
    match run.started.loss_unit.as_str() {
        "standardized" => format!("{error}, {target} standardized"),
        "target" => format!("{error} in {target}"),
        "" => String::new(),
        unit => format!("{error}, {unit}"),
    }
}

/// Along a metric's axis: errors are in the target's unit, shares have none.
pub(super) fn metric_unit(run: &Run, metric: &str) -> String {
    if matches!(metric, "rmse" | "mae") { run.started.target.clone() } else { String::new() }
}

/// What the baseline is.
pub(super) fn baseline_name(run: &Run) -> String {
    if run.started.task == "regression" {
        return "always the mean".to_owned();
    }
    let confusion = run.views.as_ref().and_then(|it| it.confusion.as_ref());
    let most_frequent = confusion.and_then(|it| {
        let rows = |class: usize| (0..it.classes.len()).map(|predicted| it.count(class, predicted)).sum::<u64>();
        (0..it.classes.len()).max_by_key(|class| rows(*class)).and_then(|class| it.classes.get(class))
    });
    most_frequent.map_or_else(|| "always the most frequent class".to_owned(), |class| format!("always “{class}”"))
}

/// What an empty chart of a run says.
pub(super) fn waiting(run: &Run) -> &'static str {
    match run.phase {
        Phase::Waiting | Phase::Preparing => "Getting ready",
        Phase::Running | Phase::Paused => "The first point comes with the first epoch",
        Phase::Finished | Phase::Failed => "The run ended before its first epoch",
    }
}

/// The last epoch in sight while training: in a few jumps, so that the curve does not shrink with each epoch.
pub(super) fn epochs_ahead(epochs: f64, asked: f64) -> f64 {
    let mut ahead = 10.0_f64;
    while ahead < 1.25 * epochs {
        ahead *= 2.0;
    }
    // Near the end, or where the whole is not much longer, the whole run is in sight.
    if asked <= 2.5 * ahead { asked } else { ahead }
}

/// How much of single steps is seen where x counts epochs: all while epochs are few, nothing once they tell
/// the story themselves.
pub(super) fn strength_of_steps(epochs: u64) -> f32 {
    ((20.0 - epochs as f32) / 10.0).clamp(0.0, 1.0)
}

/// The loss chart for those who do not see it.
pub(super) fn loss_summary(run: &Run, watch: &Watch) -> String {
    let Some(last) = run.history.epochs.last() else {
        return "Loss chart: nothing measured yet".to_owned();
    };
    let losses = [("train", last.train_loss), ("validation", last.validation_loss)].into_iter();
    let measured = losses.filter(|(split, _)| run.history.curve(&format!("{split}_loss")).is_some());
    let losses: Vec<_> = measured.map(|(split, loss)| format!("{split} {}", short_number(loss))).collect();
    if losses.is_empty() {
        return format!("Loss chart: no loss was a number until epoch {}", last.epoch);
    }
    let best = watch.best_epoch(run).and_then(|it| run.history.row(it));
    let best =
        best.map(|it| format!("; best {} at epoch {}", short_number(it.validation_loss), it.epoch)).unwrap_or_default();
    format!("Loss chart: {} at epoch {}{best}{}", losses.join(", "), last.epoch, copy_summary(run))
}

/// What a copy that trained on came to.
fn copy_summary(run: &Run) -> String {
    let Some(last) = run.after.last() else { return String::new() };
    format!(
        "; stopped here, and a copy trained on to epoch {}: train {}, validation {}",
        last.epoch,
        short_number(last.train_loss),
        short_number(last.validation_loss)
    )
}

/// The bands of a chart for those who do not see them: that of the shown run, then those of earlier ones.
pub(super) fn seeds_summary(run: &Run, ghosts: &[(&Run, Ghost, String)], name: &str) -> String {
    let band = |run: &Run, who: &str| -> String {
        let Some(last) = run.seeds.band(&format!("validation_{name}")).last() else { return String::new() };
        let (low, high) = (metric_text(name, last.low), metric_text(name, last.high));
        format!("; band of {} seeds{who}: validation {low} to {high} at epoch {}", last.n, last.epoch)
    };
    let earlier = ghosts.iter().map(|(ghost, _, change)| band(ghost, &format!(" of {change}")));
    std::iter::once(band(run, "")).chain(earlier).collect()
}

/// The span of a finding that is lit.
pub(super) fn lit(finding: &FindingRow) -> String {
    let FindingRow { from_epoch, to_epoch, .. } = finding;
    format!("Lit: {}, epochs {from_epoch} to {to_epoch}", finding.rule.replace('-', " "))
}

/// The metric chart for those who do not see it.
pub(super) fn metric_summary(run: &Run, metric: &str) -> String {
    let label = metric_label(metric);
    let value = |split: &str| {
        run.history.curve(&format!("{split}_{metric}")).and_then(Series::last).map(|it| metric_text(metric, it.y))
    };
    match (value("train"), value("validation")) {
        (Some(train), Some(validation)) => {
            format!("{label} chart: train {train}, validation {validation} at epoch {}", run.epoch())
        }
        (None, Some(validation)) => format!("{label} chart: validation {validation} at epoch {}", run.epoch()),
        _ => format!("{label} chart: nothing measured yet"),
    }
}

/// A strip for those who do not see it.
pub(super) fn strip_summary(run: &Run, name: &str, title: &str) -> String {
    let last = run.history.curve(name).and_then(Series::last);
    last.map_or_else(
        || format!("{title} chart: nothing measured yet"),
        |it| format!("{title} chart: {} at epoch {:.0}", short_number(it.y), it.x),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_sight_grows_in_a_few_jumps() {
        assert_eq!(epochs_ahead(3.0, 100.0), 10.0);
        assert_eq!(epochs_ahead(3.0, 20.0), 20.0);
        assert_eq!(epochs_ahead(30.0, 100.0), 100.0);
        assert_eq!(epochs_ahead(62.0, 100.0), 100.0);
        assert_eq!(epochs_ahead(62.0, 5000.0), 80.0);
        let jumps = (1..1000).map(|it| epochs_ahead(f64::from(it), 1e6)).filter(|it| it.is_finite());
        let mut distinct: Vec<f64> = jumps.collect();
        distinct.dedup();
        assert!(distinct.len() < 10, "{distinct:?}");
    }
}
