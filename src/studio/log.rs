//! Curves that another program logged, as a run on the chart.

use std::path::{Path, PathBuf};

use crate::logs::{self, Columns, Curves, Format, Role, Silent};
use crate::run::{Event, LogLine, Run};
use crate::spec::{MeasureTrain, Project, StoppingSpec};

/// The log behind the run that is shown: where it came from, and how it was read.
pub struct ReadLog {
    pub path: PathBuf,
    /// Its format, its columns and what was done to it; the rows are in the run as well.
    pub curves: Curves,
    /// The rules that have to stay silent about it.
    pub silent: Vec<Silent>,
}

impl ReadLog {
    /// The log with the run it makes.
    pub(super) fn of(path: &Path, curves: Curves) -> (Self, Run) {
        let silent = logs::silent(&curves);
        let log = Self { path: path.to_owned(), curves, silent };
        let run = log.run();
        (log, run)
    }

    /// File or folder, without where it lies.
    pub fn name(&self) -> String {
        let place = || self.path.display().to_string();
        self.path.file_name().map_or_else(place, |it| it.to_string_lossy().into_owned())
    }

    /// Whether it could be a table of data just as well.
    pub fn may_be_data(&self) -> bool {
        match self.curves.format {
            Format::Keras | Format::Lightning | Format::Table => true,
            Format::HuggingFace | Format::TensorBoard => false,
        }
    }

    /// The log read again with another column for a role.
    pub(super) fn read_again(path: &Path, columns: &Columns, role: Role, name: &str) -> Result<Curves, String> {
        logs::read(path, &columns.with(role, name)).map_err(|err| err.to_string())
    }

    /// The curves folded like a training's events, findings as the doctor tells them. It is over, and no one knows how
    /// it ended: nothing is claimed of that.
    fn run(&self) -> Run {
        let curves = &self.curves;
        let mut run = Run::of(stand_in(curves));
        run.started = curves.started.clone();
        // Names this reading, so that the chart does not go on with curves of another.
        let columns: Vec<_> = curves.columns.iter().map(|(role, name)| format!("{}={name}", role.key())).collect();
        run.started.run = format!("{} {}", self.path.display(), columns.join(" "));
        let has_steps = !curves.steps.is_empty() && is_even(curves);
        if !has_steps {
            run.started.steps_per_epoch = 0;
        }
        run.log.extend(self.log_lines());
        for event in logs::told(curves) {
            if has_steps || !matches!(event, Event::Step(_)) {
                run.apply(event);
            }
        }
        run.close();
        run
    }

    fn log_lines(&self) -> impl Iterator<Item = LogLine> {
        let read = format!("Read {}: {}", self.path.display(), self.curves.format.label());
        let lines = std::iter::once(read).chain(self.curves.notes.iter().cloned());
        lines.map(|text| LogLine { epoch: 0, text, is_warning: false })
    }
}

/// A project that claims nothing: it stops nothing early, and its values are drawn where the log has them.
fn stand_in(curves: &Curves) -> Project {
    let mut project = Project { stopping: StoppingSpec::Off, ..Project::default() };
    project.training.measure_train = MeasureTrain::EpochEnd;
    // Stop rules that follow a learning rate begin with the one that was logged.
    let rate = curves.rows.iter().map(|it| it.learning_rate).find(|it| it.is_finite() && *it > 0.0);
    project.learning_rate = rate.unwrap_or(project.learning_rate);
    project
}

/// Whether each epoch has the same number of steps, so that steps and epochs can share an axis.
fn is_even(curves: &Curves) -> bool {
    let each = curves.started.steps_per_epoch;
    each > 0 && curves.rows.iter().all(|it| it.step.abs_diff(it.epoch * each) <= each / 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Phase;

    fn read(name: &str) -> (ReadLog, Run) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/logs").join(name);
        let curves = logs::read(&path, &Columns::default()).unwrap();
        ReadLog::of(&path, curves)
    }

    #[test]
    fn a_log_becomes_a_run_that_is_over_and_claims_no_end() {
        let (log, run) = read("keras.csv");
        assert_eq!((run.epoch(), run.phase, run.finished.as_ref()), (12, Phase::Finished, None));
        assert_eq!((log.name().as_str(), log.may_be_data()), ("keras.csv", true));
        assert!(!run.is_live() && run.history.step_loss.is_empty());
        assert_eq!(run.history.row(1).unwrap().validation_loss, 0.5066491365432739);
        assert!(run.findings.iter().all(|it| it.remedies.is_empty()), "of its project nothing is known");
        assert!(run.log[0].text.ends_with("keras.csv: Keras\u{2019} CSVLogger"), "{}", run.log[0].text);
    }

    #[test]
    fn a_loss_that_is_lost_is_found_and_what_was_not_logged_is_no_curve() {
        let (log, run) = read("keras_nan.csv");
        assert!(run.findings.iter().any(|it| it.rule == "loss-not-finite"), "{:?}", run.findings);
        assert!(run.history.curve("learning_rate").is_none() && run.history.curve("train_loss").is_some());
        assert!(log.silent.iter().any(|it| it.rule.id == "dead-relu"));
    }

    #[test]
    fn steps_are_drawn_only_where_all_epochs_have_as_many() {
        let (_, even) = read("trainer_state.json");
        assert_eq!((even.started.steps_per_epoch, even.history.step_loss.len()), (6, 18));
        let (_, odd) = read("trainer_state_by_steps.json");
        assert_eq!((odd.started.steps_per_epoch, odd.history.step_loss.len()), (0, 0));
        assert_eq!(odd.epoch_of_step(36.0), 9.0, "steps lead nowhere beyond the last row");
    }

    #[test]
    fn another_column_makes_another_run() {
        let (log, run) = read("keras.csv");
        let again = ReadLog::read_again(&log.path, &log.curves.columns, Role::ValidationLoss, "loss").unwrap();
        assert_eq!(again.columns.name(Role::TrainLoss), Some("loss"), "the others stay");
        let (_, other) = ReadLog::of(&log.path, again);
        assert_ne!(other.started.run, run.started.run);
        assert_eq!(other.history.row(3).unwrap().validation_loss, run.history.row(3).unwrap().train_loss);
    }
}
