//! What a run tells besides its losses and metrics: its pace, its best epoch, its findings and experiments.

use super::Meaning;
use super::metric::of_fit;
use crate::diagnose::evidence;
use crate::diagnose::seeds::{Comparison, Summary, compare};
use crate::diagnose::stops::Outcome;
use crate::run::{Confusion, EpochRow, Evidence, FindingRow, Fit, Forgotten, Probe, RangeTest, Run};
use crate::studio::Lifeline;
use crate::ui::pace::{epoch_seconds, rows_per_second, speed_text};
use crate::ui::text::{duration_text, percent_text};
use crate::ui::{grouped, short_number};

pub(in crate::ui) fn best_loss(run: &Run) -> Meaning {
    let about = "The lowest validation loss of all epochs, and the epoch that reached it. Its weights can be kept.";
    let meaning = Meaning::new("Best validation loss", about, "min over epochs of validation loss");
    let Some(best) = run.history.best_epoch() else { return meaning };
    let n = run.history.epochs.len();
    let text = format!("min of {n} epochs = {} in epoch {}", short_number(best.validation_loss), best.epoch);
    meaning.with(text, best.validation_loss)
}

/// An epoch by its number, and where it got to.
pub(in crate::ui) fn epoch(row: &EpochRow) -> Meaning {
    let about = "One pass over the training rows; epochs are counted from 1.";
    let values = format!(
        "train loss {}\nvalidation loss {}\nstep {}",
        short_number(row.train_loss),
        short_number(row.validation_loss),
        grouped(row.step)
    );
    Meaning { values, ..Meaning::new(format!("Epoch {}", grouped(row.epoch)), about, "") }
}

pub(in crate::ui) fn learning_rate(run: &Run) -> Meaning {
    let about =
        "How far a step moves the weights along the direction that the optimizer finds; a schedule may change it.";
    let meaning = Meaning::new("Learning rate", about, "weights ← weights − learning rate · direction");
    let Some(row) = run.history.epochs.last() else { return meaning };
    let values = format!("{} at step {}", short_number(row.learning_rate), grouped(row.step));
    Meaning { values, ..meaning }
}

pub(in crate::ui) fn gradient_norm(run: &Run) -> Meaning {
    let about = "The length of all gradients together before clipping: how steep the loss is where the weights stand.";
    let meaning = Meaning::new("Gradient norm", about, "√(Σ gradient²) over all parameters");
    let Some(norm) = run.history.epochs.last().and_then(|it| it.gradient_norm) else { return meaning };
    let values = format!("{} over {} parameters", short_number(norm), grouped(run.started.parameters as u64));
    Meaning { values, ..meaning }
}

pub(in crate::ui) fn progress(run: &Run) -> Meaning {
    let about = "Steps made so far. A step is one update of the weights; an epoch is one pass over the training rows.";
    let meaning = Meaning::new("Progress", about, "steps / (steps an epoch · epochs)");
    let (an_epoch, epochs) = (run.pace().steps_per_epoch, run.epochs_asked());
    let all = run.steps_asked();
    if all == 0 {
        return meaning;
    }
    let share = run.step as f64 / all as f64;
    let text =
        format!("{} / ({} · {}) = {}", grouped(run.step), grouped(an_epoch), grouped(epochs), percent_text(share));
    meaning.with(text, share)
}

/// Where the run stands and how long it still takes.
pub(in crate::ui) fn time_left(run: &Run) -> Meaning {
    let about = "What is left of the run at the pace of its last epochs. Early stopping may end it before.";
    let meaning = Meaning::new("Time left", about, "(all steps − steps) · seconds an epoch / steps an epoch");
    let all = run.steps_asked();
    let left = all.saturating_sub(run.step);
    let (Some(seconds), true, true) = (epoch_seconds(run), left > 0, run.is_live()) else { return progress(run) };
    let an_epoch = run.pace().steps_per_epoch.max(1);
    let result = left as f64 * seconds / an_epoch as f64;
    let text = format!(
        "({} − {}) · {} s / {} = {}",
        grouped(all),
        grouped(run.step),
        short_number(seconds),
        grouped(an_epoch),
        duration_text(result)
    );
    meaning.with(text, result)
}

/// Rows a second on the device that trains.
pub(in crate::ui) fn device_speed(run: &Run, device: &str) -> Meaning {
    let about = format!(
        "This run trains on {device}. Its speed is in training rows a second, which do not depend on the batch size."
    );
    let told = run.finished.as_ref().is_some_and(|it| it.samples_per_second > 0.0);
    let formula = if told {
        "training rows / seconds of training, validation left out"
    } else {
        "training rows / seconds an epoch"
    };
    let meaning = Meaning::new(format!("Rows per second on {device}"), about, formula);
    match (rows_per_second(run), epoch_seconds(run)) {
        (Some(speed), Some(seconds)) if !told => {
            let rows = run.started.train_rows;
            let text = format!("{} / {} s = {}", grouped(rows as u64), short_number(seconds), speed_text(speed));
            meaning.with(text, rows as f64 / seconds)
        }
        (Some(speed), _) => Meaning { values: speed_text(speed), ..meaning },
        (None, _) => meaning,
    }
}

/// Epochs without improvement against the patience.
pub(in crate::ui) fn countdown(waited: u64, patience: u64) -> Meaning {
    let about = "Epochs on end in which what early stopping watches was no better. It stops once there are as many as the patience.";
    let text = format!("{patience} − {waited} = {}", patience.saturating_sub(waited));
    Meaning::new("Countdown to early stopping", about, "patience − epochs without improvement")
        .with(text, patience.saturating_sub(waited) as f64)
}

/// What a run's seeds span, or how two settings with seeds are held against each other.
pub(in crate::ui) fn seeds(run: &Run, other: Option<&Run>) -> Meaning {
    if let Some(Comparison { difference, of: [a, b] }) = other.and_then(|it| compare(run, it)) {
        let [value, by_chance] = [difference.value, difference.by_chance].map(short_number);
        let (about, formula) = if difference.is_paired {
            let about = "Both settings with the same seeds, seed by seed. A mean difference beyond what chance alone reaches 95 times of 100 is more than the seed makes.";
            (about, "mean of differences against t(97.5 %, n − 1) · their deviation / √n")
        } else {
            let about = "Two settings with seeds of their own. A difference beyond what chance alone reaches 95 times of 100 is more than the seed makes.";
            (about, "difference of means against t(97.5 %) · √(deviation² / n + deviation² / n)")
        };
        let values = format!(
            "{} − {} = {value}, against {by_chance} by chance\nn {} and {}",
            short_number(a.mean),
            short_number(b.mean),
            difference.n[0],
            difference.n[1]
        );
        let meaning = Meaning::new("Difference beyond the seed", about, formula);
        return Meaning { values, result: Some(difference.value), ..meaning };
    }
    let about = "What the seed alone makes of the best validation loss.";
    let formula = "mean ± √(Σ (value − mean)² / (n − 1))";
    let meaning = Meaning::new("Spread of the seeds", about, formula);
    let spread = [Some(run), other].into_iter().flatten().find(|it| it.seeds.is_spread());
    let values: Vec<f64> = spread.iter().flat_map(|it| it.seeds.values()).map(|it| it.1).collect();
    let Some(it) = Summary::of(&values) else { return meaning };
    meaning.with(format!("{} ± {}\nn {}", short_number(it.mean), short_number(it.deviation), it.n), it.mean)
}

/// A number of a finding against its threshold, and its rule's formula.
pub(in crate::ui) fn finding_number(finding: &FindingRow, key: &str, it: Evidence) -> Meaning {
    let def = evidence(&finding.rule, key);
    let name = def.map_or_else(|| key.replace('_', " "), |it| it.label.to_owned());
    let text = |value: f64| if def.is_some_and(|it| it.is_share) { percent_text(value) } else { short_number(value) };
    let about = def.map_or("", |it| it.about);
    let about = match it.threshold {
        Some(threshold) => format!("{about} Measured {}, against a threshold of {}.", text(it.value), text(threshold)),
        None => format!("{about} Measured {}.", text(it.value)),
    };
    // Behind the rule's name, whose formula may hold further numbers too.
    Meaning { values: finding.formula.clone(), ..Meaning::new(crate::ui::text::sentence(&name), about.trim(), "") }
}

/// Rows of one class that were taken for one.
pub(in crate::ui) fn confusion_cell(confusion: &Confusion, actual: usize, predicted: usize) -> Meaning {
    let (is, taken) = (&confusion.classes[actual], &confusion.classes[predicted]);
    let count = confusion.count(actual, predicted);
    let all: u64 = (0..confusion.classes.len()).map(|it| confusion.count(actual, it)).sum();
    let share = count as f64 / all.max(1) as f64;
    let about = if actual == predicted {
        format!("{} rows recognized as “{taken}”: {} of “{is}”.", grouped(count), percent_text(share))
    } else {
        format!("{} rows “{is}” and taken for “{taken}”: {} of “{is}”.", grouped(count), percent_text(share))
    };
    Meaning::new(format!("{is} → {taken}"), about, "rows in the cell / rows of the class")
        .with(format!("{} / {} = {}", grouped(count), grouped(all), percent_text(share)), share)
}

/// How much of a class was recognized.
pub(in crate::ui) fn recall(confusion: &Confusion, class: usize) -> Meaning {
    let name = &confusion.classes[class];
    let about = format!("The share of the validation rows that are “{name}” and were recognized as such.");
    let meaning = Meaning::new(format!("Recall of {name}"), about, "right / rows of the class");
    let right = confusion.count(class, class);
    let all: u64 = (0..confusion.classes.len()).map(|it| confusion.count(class, it)).sum();
    match confusion.recall(class) {
        Some(_) => {
            let share = right as f64 / all as f64;
            meaning.with(format!("{} / {} = {}", grouped(right), grouped(all), percent_text(share)), share)
        }
        None => meaning,
    }
}

/// How well predicted and actual values agree.
pub(in crate::ui) fn fit(fit: &Fit) -> Meaning {
    let about = "Each dot is a validation row; on the dashed line predicted and actual are the same. R² is the share of the variance explained.";
    let meaning = Meaning::new("Predicted against actual", about, "R² = 1 − MSE / variance");
    match (of_fit(fit, "r2"), of_fit(fit, "rmse")) {
        (Some((r2, result)), Some((rmse, _))) => meaning.with(format!("{r2}\nRMSE = {rmse}"), result),
        _ => meaning,
    }
}

/// When a stop rule would have ended the run.
pub(in crate::ui) fn stops(outcome: &Outcome) -> Meaning {
    let about = "The epoch behind which this rule would have ended the run.";
    let meaning = Meaning::new("Stops", about, "");
    let reductions: Vec<_> = outcome.reductions.iter().map(u64::to_string).collect();
    let values = match (outcome.stop, outcome.since) {
        (Some(stop), Some(since)) => format!("behind epoch {stop}; no epoch since {since} was better"),
        (Some(stop), None) => format!("behind epoch {stop}"),
        (None, _) if !reductions.is_empty() => {
            format!("never; it lowers the learning rate behind {}", reductions.join(", "))
        }
        (None, _) => "it never stops".to_owned(),
    };
    Meaning { values, ..meaning }
}

/// Which epoch's weights a stop rule would have kept.
pub(in crate::ui) fn keeps(outcome: &Outcome) -> Meaning {
    let about = "The epoch whose weights the model would have had in the end: the best, or the last that was trained.";
    let meaning = Meaning::new("Keeps", about, "");
    let (Some(kept), Some(loss)) = (outcome.kept, outcome.kept_loss) else { return meaning };
    Meaning { values: format!("epoch {kept}, validation loss {}", short_number(loss)), ..meaning }
}

/// What going on without the optimizer's memory did.
pub(in crate::ui) fn forgotten(forgotten: &Forgotten) -> Meaning {
    let about =
        "How far apart two copies get that begin at the same weights, one without the optimizer\u{2019}s memory.";
    let meaning = Meaning::new("Memory left out", about, "max over steps of (loss without − loss with it)");
    let pairs = forgotten.without.iter().zip(&forgotten.with_memory).filter(|(a, b)| a.is_finite() && b.is_finite());
    let Some((without, with)) = pairs.max_by(|a, b| (a.0 - a.1).total_cmp(&(b.0 - b.1))) else { return meaning };
    let values = [*without, *with, without - with].map(short_number);
    meaning.with(format!("{} − {} = {}", values[0], values[1], values[2]), without - with)
}

/// What interruptions have cost.
pub(in crate::ui) fn interruption_cost(life: &Lifeline) -> Meaning {
    let about = "Training that had to be done again, as a share of all that was done before the interruptions.";
    let meaning = Meaning::new("Work saved", about, "1 − steps made again / steps before the interruptions");
    let again: u64 = life.interruptions.iter().map(|it| it.at - it.resumed_from).sum();
    let before: u64 = life.interruptions.iter().map(|it| it.at).sum();
    let Some(cost) = life.cost() else { return meaning };
    meaning.with(format!("1 − {} / {} = {}", grouped(again), grouped(before), percent_text(cost.saved)), cost.saved)
}

/// What a stop rule would have spared.
pub(in crate::ui) fn epochs_saved(outcome: &Outcome) -> Meaning {
    let about = "Epochs of the record that this rule would not have trained.";
    let meaning = Meaning::new("Epochs saved", about, "last epoch − epoch it stops behind");
    match outcome.stop {
        Some(stop) => {
            let (last, saved) = (stop + outcome.epochs_saved, outcome.epochs_saved);
            meaning.with(format!("{last} − {stop} = {saved}"), saved as f64)
        }
        None => Meaning { values: "it never stops".to_owned(), ..meaning },
    }
}

/// What stopping there would have cost.
pub(in crate::ui) fn loss_given_up(outcome: &Outcome) -> Meaning {
    let about = "How much higher the validation loss of the weights it keeps is than the best of the whole record.";
    let meaning = Meaning::new("Loss given up", about, "(kept loss − best loss) / best loss");
    let (Some(kept), Some(lost)) = (outcome.kept_loss, outcome.loss_given_up) else { return meaning };
    let best = kept - lost;
    if best <= 0.0 {
        return meaning;
    }
    let share = lost / best;
    let [kept, shown] = [kept, best].map(short_number);
    meaning.with(format!("({kept} − {shown}) / {shown} = {}", percent_text(share)), share)
}

/// How far the copies of a probe got.
pub(in crate::ui) fn probe(probe: &Probe) -> Meaning {
    let about = "How much the training loss of each copy fell, from the same weights, at its own learning rate.";
    let meaning = Meaning::new("Probe", about, "1 − loss at the end / loss at the start");
    let line = |it: &crate::run::Fork| {
        let (first, last) = (it.losses.first()?, it.losses.last()?);
        let (first_text, last_text) = (short_number(*first), short_number(*last));
        let rate = short_number(it.learning_rate);
        Some(format!("at {rate}: 1 − {last_text} / {first_text} = {}", percent_text(1.0 - last / first)))
    };
    Meaning { values: probe.forks.iter().filter_map(line).collect::<Vec<_>>().join("\n"), ..meaning }
}

/// Which learning rates a range test finds worth trying.
pub(in crate::ui) fn range_test(test: &RangeTest) -> Meaning {
    let about = "The loss of each step while the learning rate grows. Where the smoothed loss falls steadily, rates are worth trying.";
    let meaning = Meaning::new("Learning-rate range test", about, "");
    match test.band {
        Some([low, high]) => {
            let n = test.points.len();
            Meaning { values: format!("{} to {}, from {n} steps", short_number(low), short_number(high)), ..meaning }
        }
        None => meaning,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Event, Started};
    use crate::spec::Project;

    fn run() -> Run {
        let started = Started { steps_per_epoch: 29, epochs: 100, train_rows: 919, ..Started::default() };
        let row = |epoch: u64| {
            let validation_loss = 1.0 + (epoch as f64 - 7.0).abs();
            Event::Epoch(EpochRow { epoch, step: 29 * epoch, validation_loss, seconds: 0.5, ..EpochRow::default() })
        };
        Run::replay(Project::default(), std::iter::once(Event::Started(started)).chain((1..=10).map(row)))
    }

    #[test]
    fn a_runs_numbers_come_from_its_own_values() {
        let run = run();
        let is = |meaning: Meaning, values: &str, result: f64| {
            assert_eq!((meaning.values.as_str(), meaning.result), (values, Some(result)));
        };
        is(progress(&run), "290 / (29 · 100) = 10.0 %", run.progress());
        is(time_left(&run), "(2,900 − 290) · 0.5 s / 29 = 0:45", 45.0);
        is(best_loss(&run), "min of 10 epochs = 1 in epoch 7", 1.0);
        is(device_speed(&run, "CPU"), "919 / 0.5 s = 1.8k rows/s", rows_per_second(&run).unwrap());
    }

    #[test]
    fn an_interruption_and_a_lost_memory_have_theirs() {
        let mut life = Lifeline::default();
        life.enter(crate::studio::Stage::Training, 0.0);
        life.look(100, 10.0);
        life.resume(80, 12.0);
        let meaning = interruption_cost(&life);
        assert_eq!((meaning.values.as_str(), meaning.result), ("1 − 20 / 100 = 80.0 %", Some(0.8)));
        let lost = Forgotten { with_memory: vec![1.0, 0.75], without: vec![1.0, 1.25], ..Forgotten::default() };
        let meaning = forgotten(&lost);
        assert_eq!((meaning.values.as_str(), meaning.result), ("1.25 − 0.75 = 0.5", Some(0.5)));
        let never = Outcome { reductions: vec![7, 12], ..Outcome::default() };
        assert_eq!(stops(&never).values, "never; it lowers the learning rate behind 7, 12");
    }

    #[test]
    fn stopping_has_a_price() {
        let outcome = Outcome {
            stop: Some(30),
            epochs_saved: 12,
            kept_loss: Some(0.6),
            loss_given_up: Some(0.1),
            ..Outcome::default()
        };
        assert_eq!(epochs_saved(&outcome).values, "42 − 30 = 12");
        assert!((loss_given_up(&outcome).result.unwrap() - 0.2).abs() < 1e-12);
    }

    #[test]
    fn cells_and_recall_are_shares_of_their_class() {
        let confusion = Confusion { classes: vec!["No".to_owned(), "Yes".to_owned()], counts: vec![90, 10, 20, 5] };
        assert_eq!(recall(&confusion, 0).result, confusion.recall(0));
        assert_eq!(confusion_cell(&confusion, 1, 0).values, "20 / 25 = 80.0 %");
    }
}
