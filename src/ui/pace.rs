//! How long a run still takes, from what its epochs took.

use super::text::{counted, duration_text};
use crate::run::{FinishReason, Phase, Run};

/// Epochs looked back at: enough to be calm, few enough to follow a machine that slows down.
pub(super) const LOOK_BACK: usize = 9;

/// Times the first epoch, of which nothing has been told yet, by the wall clock.
#[derive(Debug, Default)]
pub(super) struct FirstEpoch {
    began: Option<(f64, u64)>,
}

impl FirstEpoch {
    /// Seconds left of the run; none before there is anything to go by.
    pub(super) fn seconds_left(&mut self, run: &Run, now: Option<f64>) -> Option<f64> {
        let all = run.steps_asked();
        let left = all.checked_sub(run.step).filter(|it| *it > 0)? as f64;
        if let Some(seconds) = epoch_seconds(run) {
            return Some(left * seconds / run.pace().steps_per_epoch.max(1) as f64);
        }
        let (now, is_running) = (now?, run.phase == Phase::Running);
        let (began, step) =
            *self.began.filter(|(_, step)| is_running && *step <= run.step).get_or_insert((now, run.step));
        self.began = Some((began, step));
        let made = run.step - step;
        (made > 0 && now - began >= 1.0).then(|| left * (now - began) / made as f64)
    }
}

/// What an epoch takes now: the median of the last ones, which one pause does not move.
pub(super) fn epoch_seconds(run: &Run) -> Option<f64> {
    let last = run.history.epochs.iter().rev().take(LOOK_BACK);
    let mut seconds: Vec<f64> = last.map(|it| it.seconds).filter(|it| it.is_finite() && *it > 0.0).collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied()
}

/// Training rows a second.
pub(super) fn rows_per_second(run: &Run) -> Option<f64> {
    let told = run.finished.as_ref().map(|it| it.samples_per_second).filter(|it| *it > 0.0);
    told.or_else(|| epoch_seconds(run).map(|seconds| run.started.train_rows as f64 / seconds))
}

/// `13k rows/s`.
pub(super) fn speed_text(rows_per_second: f64) -> String {
    match rows_per_second {
        fast if fast >= 9.95e6 => format!("{:.0}M rows/s", fast / 1e6),
        fast if fast >= 999_500.0 => format!("{:.1}M rows/s", fast / 1e6),
        fast if fast >= 9_950.0 => format!("{:.0}k rows/s", fast / 1e3),
        fast if fast >= 1_000.0 => format!("{:.1}k rows/s", fast / 1e3),
        slow => format!("{slow:.0} rows/s"),
    }
}

/// Where a run stands, in one line.
pub(super) fn standing(run: &Run, seconds_left: Option<f64>) -> String {
    // The epoch under way is the one behind those completed.
    let under_way = (run.epoch() + 1).min(run.epochs_asked().max(1));
    let of = format!("{under_way} of {}", run.epochs_asked());
    match run.phase {
        Phase::Waiting => "Getting ready…".to_owned(),
        Phase::Preparing => run.log.last().map_or_else(|| "Preparing…".to_owned(), |it| it.text.clone()),
        Phase::Running | Phase::Paused if run.is_retracing() => {
            let last = run.parent().map_or(0, |it| it.epoch);
            format!("Retracing epoch {} of {last}, up to the fork", run.epoch() + 1)
        }
        Phase::Running => match seconds_left {
            Some(seconds) => format!("Epoch {of} · {} left", duration_text(seconds)),
            None => format!("Epoch {of}"),
        },
        Phase::Paused => format!("Paused in epoch {of}"),
        Phase::Finished | Phase::Failed => ending(run),
    }
}

/// What [`standing`] says, without the time left or taken, for where there is little room.
pub(super) fn without_time(standing: &str) -> &str {
    let is_time = |it: &str| it.starts_with(|first: char| first.is_ascii_digit()) && it.contains(':');
    let cut = [" · ", " in "].into_iter().find_map(|by| standing.rsplit_once(by).filter(|it| is_time(it.1)));
    cut.map_or(standing, |it| it.0)
}

fn ending(run: &Run) -> String {
    let Some(finished) = &run.finished else {
        return "Ended".to_owned();
    };
    let after = counted(finished.epochs, "epoch");
    match finished.reason {
        FinishReason::Completed => format!("Completed {after} in {}", duration_text(finished.seconds)),
        FinishReason::EarlyStopping => format!("Stopped early after {after}"),
        FinishReason::Stopped => format!("Stopped after {after}"),
        FinishReason::Diverged => format!("Diverged after {after}"),
        FinishReason::Failed => format!("Failed after {after}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Event, Started};
    use crate::spec::Project;

    fn run(epochs: u64, seconds: impl Fn(u64) -> f64) -> Run {
        let started =
            Event::Started(Started { steps_per_epoch: 10, epochs: 100, train_rows: 320, ..Started::default() });
        let rows = (1..=epochs).map(|epoch| {
            Event::Epoch(EpochRow { epoch, step: 10 * epoch, seconds: seconds(epoch), ..EpochRow::default() })
        });
        Run::replay(Project::default(), std::iter::once(started).chain(rows))
    }

    #[test]
    fn time_left_follows_the_last_epochs_and_shrugs_at_one_pause() {
        let run = run(20, |epoch| if epoch == 18 { 60.0 } else { 0.5 });
        assert_eq!(FirstEpoch::default().seconds_left(&run, None), Some(40.0));
        assert_eq!(standing(&run, Some(40.0)), "Epoch 21 of 100 · 0:40 left");
        assert_eq!(rows_per_second(&run), Some(640.0));
    }

    #[test]
    fn the_first_epoch_is_timed_by_the_wall_clock() {
        let mut first = FirstEpoch::default();
        let mut run = run(0, |_| 0.0);
        assert_eq!(first.seconds_left(&run, Some(100.0)), None);
        run.step = 5;
        assert_eq!(first.seconds_left(&run, Some(102.0)), Some(995.0 * 2.0 / 5.0));
        assert_eq!(standing(&run, None), "Epoch 1 of 100", "pictures have no clock");
    }

    #[test]
    fn where_there_is_little_room_the_time_goes_first() {
        let cases = [
            ("Epoch 21 of 100 · 0:40 left", "Epoch 21 of 100"),
            ("Completed 30 epochs in 0:10", "Completed 30 epochs"),
            ("Paused in epoch 3 of 9", "Paused in epoch 3 of 9"),
        ];
        for (whole, short) in cases {
            assert_eq!(without_time(whole), short);
        }
    }

    #[test]
    fn speed_is_rounded_to_what_one_can_take_in() {
        assert_eq!(
            [12_930.0, 1_234.0, 77.3, 2.3e6].map(speed_text),
            ["13k rows/s", "1.2k rows/s", "77 rows/s", "2.3M rows/s"]
        );
    }
}
