//! What is marked on the curves of a run: best epoch, spans of findings, where it stopped, knobs that were turned.
//!
//! Marks come from the run's events, never from the thinned curve, so no zoom can lose one.

use super::watch::{Watch, Window};
use crate::diagnose::was_stopping_right;
use crate::run::{FindingRow, FinishReason, Parent, Run, Severity};
use crate::spec::StoppingSpec;
use crate::studio::Planned;
use crate::ui::short_number;

/// Something marked on the curves, at epochs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mark {
    pub(crate) kind: Kind,
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// On the pill; empty where there is none.
    pub(crate) label: String,
    /// Told under the pointer.
    pub(crate) detail: String,
    pub(crate) severity: Option<Severity>,
    /// Rule of the finding it belongs to.
    pub(crate) finding: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Stretch without improvement after which the run stops: a tint.
    Patience,
    /// What a finding speaks of: a bar along the top.
    Span,
    /// Best epoch: a dot on the curve with a drop line.
    Best,
    /// The loss left the road: a cross on the top edge.
    NotFinite,
    /// Ended before the last epoch: a line from top to bottom.
    Stop,
    /// A copy trained on from here: its name, where its curves are.
    Copy,
    /// A fork has left its parent, or shall: a line from top to bottom.
    Fork,
    /// A knob was turned: a tick at the bottom.
    Turned,
}

/// All marks of a run, those behind others first.
pub(crate) fn marks(run: &Run, watch: &Watch) -> Vec<Mark> {
    let mut marks = Vec::new();
    marks.extend(watch.window(run).filter(|_| has_window(run)).map(|it| patience(run, it)));
    let (crosses, spans): (Vec<_>, Vec<_>) = run.findings.iter().partition(|it| it.rule == "loss-not-finite");
    marks.extend(spans.into_iter().filter(|it| it.severity > Severity::Info).map(|it| span(run, it)));
    marks.extend(watch.best_epoch(run).and_then(|epoch| best(run, epoch)));
    marks.extend(run.parent().map(fork));
    marks.extend(stop(run));
    marks.extend(copy(run));
    marks.extend(not_finite(run, crosses.first().copied()));
    marks.extend(run.changes.iter().map(|it| Mark {
        kind: Kind::Turned,
        from: run.epoch_of_step(it.step as f64),
        to: run.epoch_of_step(it.step as f64),
        label: String::new(),
        detail: format!("{} {} → {}", it.key, it.from, it.to),
        severity: None,
        finding: None,
    }));
    marks
}

/// The window is of interest while it decides, and where it has decided.
fn has_window(run: &Run) -> bool {
    run.is_live() || run.finished.as_ref().is_some_and(|it| it.reason == FinishReason::EarlyStopping)
}

fn patience(run: &Run, window: Window) -> Mark {
    let left = window.to.saturating_sub(run.epoch());
    let watched = match &run.project.stopping {
        StoppingSpec::Patience(it) => <&str>::from(it.monitor).replace('_', " "),
        StoppingSpec::Off => String::new(),
    };
    // Beyond the last epoch patience never ends, so there is nothing to announce.
    let label = if window.to <= run.epochs_asked() { format!("patience ends {}", window.to) } else { String::new() };
    Mark {
        kind: Kind::Patience,
        from: window.from as f64,
        to: window.to as f64,
        label,
        detail: format!("No better {watched} since epoch {}; {left} epochs until the run stops", window.from),
        severity: Some(Severity::Warning),
        finding: None,
    }
}

fn span(run: &Run, finding: &FindingRow) -> Mark {
    let goes_on = run.is_live() && finding.to_epoch >= run.epoch();
    let end = if goes_on { "now".to_owned() } else { finding.to_epoch.to_string() };
    Mark {
        kind: Kind::Span,
        from: finding.from_epoch as f64,
        to: finding.to_epoch as f64,
        label: format!("{} {} → {end}", finding.rule.replace('-', " "), finding.from_epoch),
        detail: finding.text.clone(),
        severity: Some(finding.severity),
        finding: Some(finding.rule.clone()),
    }
}

fn best(run: &Run, epoch: u64) -> Option<Mark> {
    let row = run.history.row(epoch)?;
    Some(Mark {
        kind: Kind::Best,
        from: epoch as f64,
        to: epoch as f64,
        label: format!("best · ep {epoch}"),
        detail: format!("Best epoch so far: validation loss {} at epoch {epoch}", short_number(row.validation_loss)),
        severity: None,
        finding: None,
    })
}

fn stop(run: &Run) -> Option<Mark> {
    let finished = run.finished.as_ref()?;
    let goes_on = !run.after.is_empty();
    let word = match finished.reason {
        FinishReason::EarlyStopping | FinishReason::Stopped | FinishReason::Completed if goes_on => "stopped here",
        FinishReason::EarlyStopping => "early stop",
        FinishReason::Stopped => "stopped",
        FinishReason::Completed | FinishReason::Diverged | FinishReason::Failed => return None,
    };
    Some(Mark {
        kind: Kind::Stop,
        from: finished.epochs as f64,
        to: finished.epochs as f64,
        label: format!("{word} · ep {}", finished.epochs),
        detail: finished.text.clone(),
        severity: (finished.reason == FinishReason::EarlyStopping).then_some(Severity::Warning),
        finding: None,
    })
}

fn fork(parent: &Parent) -> Mark {
    let Parent { run, epoch } = parent;
    let label = format!("fork of {run} · ep {epoch}");
    fork_at(*epoch, label, format!("Up to epoch {epoch} this run is the same as {run}, to the bit on the CPU"))
}

/// Where a fork is being set up.
pub(crate) fn planned_fork(planned: &Planned) -> Mark {
    let Parent { run, epoch } = &planned.parent;
    let detail = format!("Change a knob and press Train: another future for {run} begins behind epoch {epoch}");
    fork_at(*epoch, format!("fork here · ep {epoch}"), detail)
}

fn fork_at(epoch: u64, label: String, detail: String) -> Mark {
    let at = epoch as f64;
    Mark { kind: Kind::Fork, from: at, to: at, label, detail, severity: None, finding: None }
}

/// What goes on behind the stop is no part of the run.
fn copy(run: &Run) -> Option<Mark> {
    let last = run.after.last()?.epoch;
    Some(Mark {
        kind: Kind::Copy,
        from: run.epoch() as f64,
        to: last as f64,
        label: format!("copy · to ep {last}"),
        detail: was_stopping_right(run).unwrap_or_default(),
        severity: None,
        finding: None,
    })
}

fn not_finite(run: &Run, finding: Option<&FindingRow>) -> Option<Mark> {
    let diverged = run.finished.as_ref().filter(|it| it.reason == FinishReason::Diverged);
    let detail = finding.map(|it| it.text.clone()).or(diverged.map(|it| it.text.clone()))?;
    let step = run.history.step_loss.points().iter().rev().take_while(|it| !it.y.is_finite()).last();
    let row = run.history.epochs.iter().find(|it| !it.train_loss.is_finite() || !it.validation_loss.is_finite());
    let (at, label) = match (step, row, finding) {
        (Some(step), _, _) => (run.epoch_of_step(step.x), format!("loss not finite · step {:.0}", step.x)),
        (None, Some(row), _) => (row.epoch as f64, format!("loss not finite · ep {}", row.epoch)),
        (None, None, Some(finding)) => {
            (finding.from_epoch as f64, format!("loss not finite · ep {}", finding.from_epoch))
        }
        (None, None, None) => (run.epoch_of_step(run.step as f64), "loss not finite".to_owned()),
    };
    Some(Mark {
        kind: Kind::NotFinite,
        from: at,
        to: at,
        label,
        detail,
        severity: Some(Severity::Critical),
        finding: finding.map(|it| it.rule.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::{AfterRow, Changed, EpochRow, Event, FindingState, Finished, Started, StepRow};
    use crate::spec::Project;

    fn epochs(n: u64) -> Vec<Event> {
        let started = Started { epochs: 100, steps_per_epoch: 10, ..Started::default() };
        let row = |epoch: u64| EpochRow {
            epoch,
            step: 10 * epoch,
            validation_loss: (epoch as f64 - 4.0).abs(),
            ..EpochRow::default()
        };
        std::iter::once(Event::Started(started)).chain((1..=n).map(|it| Event::Epoch(row(it)))).collect()
    }

    fn finding(rule: &str, severity: Severity, from_epoch: u64, to_epoch: u64) -> Event {
        Event::Finding(FindingRow {
            rule: rule.to_owned(),
            state: FindingState::Raised,
            severity,
            grade: 1,
            epoch: to_epoch,
            from_epoch,
            to_epoch,
            text: format!("{rule} was seen"),
            evidence: BTreeMap::new(),
            formula: String::new(),
            rival: String::new(),
            remedies: Vec::new(),
        })
    }

    fn finished(reason: FinishReason, epochs: u64) -> Event {
        Event::Finished(Finished {
            reason,
            text: String::new(),
            epochs,
            best_epoch: 4,
            best_validation_loss: 0.0,
            test: BTreeMap::new(),
            run_dir: String::new(),
            seconds: 1.0,
            samples_per_second: 0.0,
        })
    }

    fn labels(events: Vec<Event>) -> Vec<String> {
        let run = Run::replay(Project::default(), events);
        let mut watch = Watch::default();
        watch.follow(&run);
        marks(&run, &watch).into_iter().map(|it| if it.label.is_empty() { it.detail } else { it.label }).collect()
    }

    #[test]
    fn a_running_run_marks_patience_finding_and_best() {
        let mut events = epochs(9);
        events.push(finding("overfitting", Severity::Warning, 4, 9));
        events.push(finding("looks-good", Severity::Info, 1, 9));
        assert_eq!(labels(events), ["patience ends 14", "overfitting 4 → now", "best · ep 4"]);
    }

    #[test]
    fn an_ended_run_marks_where_it_stopped() {
        let mut events = epochs(14);
        events.push(finding("plateau", Severity::Warning, 4, 14));
        events.push(finished(FinishReason::EarlyStopping, 14));
        assert_eq!(labels(events), ["patience ends 14", "plateau 4 → 14", "best · ep 4", "early stop · ep 14"]);
        let mut events = epochs(6);
        events.push(finished(FinishReason::Completed, 6));
        assert_eq!(labels(events), ["best · ep 4"]);
    }

    #[test]
    fn a_copy_that_trained_on_is_marked_as_one_and_the_stop_as_such() {
        for reason in [FinishReason::EarlyStopping, FinishReason::Completed] {
            let mut events = epochs(6);
            events.push(finished(reason, 6));
            let on = |epoch| Event::After(AfterRow { epoch, train_loss: 0.1, validation_loss: 5.0 });
            events.extend([on(7), on(8)]);
            let labels = labels(events);
            assert!(labels.ends_with(&["stopped here · ep 6".to_owned(), "copy · to ep 8".to_owned()]), "{labels:?}");
        }
    }

    #[test]
    fn a_diverged_run_marks_the_first_step_that_was_not_finite() {
        let mut events = epochs(2);
        let step = |step, train_loss| Event::Step(StepRow { step, train_loss, ..StepRow::default() });
        events.extend([step(21, 7.0), step(22, f64::NAN), step(23, f64::NAN), finished(FinishReason::Diverged, 2)]);
        assert!(labels(events).contains(&"loss not finite · step 22".to_owned()));
    }

    #[test]
    fn a_turned_knob_is_marked_without_a_pill() {
        let mut events = epochs(3);
        let (key, from, to) = ("learning_rate".to_owned(), "0.01".to_owned(), "0.003".to_owned());
        events.push(Event::Changed(Changed { step: 25, epoch: 3, key, from, to, by: "user".to_owned() }));
        assert_eq!(labels(events), ["best · ep 3", "learning_rate 0.01 → 0.003"]);
    }
}
