//! Experiments on copies: what they find, and that the training never notices them.

use std::path::Path;

use learnscope::run::{Command, EpochRow, Event, Phase, Run, Verdict};
use learnscope::session::{Job, Session};
use learnscope::spec::Project;

fn project(settings: &[&str]) -> Project {
    let mut project = Project::default();
    let usual = ["data=spirals", "device=cpu", "stopping=off", "learning_rate=0.01", "epochs=12"];
    for setting in usual.iter().chain(settings) {
        project.set(setting).unwrap();
    }
    project
}

/// Trains to the end; sends the commands once, before the first step.
fn trained(project: &Project, commands: &[Command]) -> Run {
    trained_behind(project, 0, commands)
}

/// Trains to the end; sends the commands once, behind so many single steps.
fn trained_behind(project: &Project, n_steps: u64, commands: &[Command]) -> Run {
    let job = Job { begins_paused: true, watched: true, ..Job::new(project.clone(), Path::new("")) };
    let mut session = Session::spawn(job, || ());
    let mut run = Run::of(project.clone());
    let mut fold_until = |is_so: &dyn Fn(&Run) -> bool, session: &mut Session| {
        while !is_so(&run) {
            for event in session.wait().expect("a run ends in words") {
                run.apply(event);
            }
        }
    };
    for step in 1..=n_steps {
        session.send(Command::Step);
        fold_until(&|run| run.step == step && run.phase == Phase::Paused, &mut session);
    }
    for command in commands.iter().cloned().chain([Command::Resume]) {
        session.send(command);
    }
    fold_until(&|run| run.finished.is_some(), &mut session);
    run
}

/// What repeats of an epoch.
fn curve(run: &Run) -> Vec<EpochRow> {
    let bare = |row: &EpochRow| EpochRow { seconds: 0.0, timing: None, ..row.clone() };
    run.history.epochs.iter().map(bare).collect()
}

#[test]
fn experiments_leave_the_training_as_it_was_to_the_bit() {
    for settings in [&["model.dropout=0.2"][..], &["model.batch_norm=on", "optimizer=sgd", "optimizer.momentum=0.9"]] {
        let project = project(settings);
        let alone = trained(&project, &[]);
        // Behind some steps, so that the optimizer has a memory and batch norm its statistics.
        let tried = trained_behind(&project, 13, &[Command::Probe, Command::RangeTest]);
        assert_eq!(tried.probe.as_ref().map(|it| it.step), Some(13));
        assert!(tried.probe.is_some() && tried.range_test.is_some());
        assert_eq!(curve(&alone).len(), 12);
        assert_eq!(curve(&alone), curve(&tried), "{settings:?}");
    }
}

#[test]
fn a_probe_tells_a_rate_that_is_too_low_from_one_that_is_too_high() {
    for (settings, expected) in [
        (["learning_rate=0.00003", "optimizer=adam"], Verdict::TooLow),
        (["learning_rate=3", "optimizer=adam"], Verdict::TooHigh),
    ] {
        let run = trained(&project(&[&settings[..], &["data=moons"]].concat()), &[Command::Probe]);
        let probe = run.probe.unwrap();
        assert_eq!(probe.verdict, expected, "{}", probe.text);
        assert!(probe.forks.len() == 3 && probe.forks.iter().all(|it| it.losses.len() == 13));
        assert!(probe.forks.windows(2).all(|it| it[0].losses[0] == it[1].losses[0]), "all begin at the same weights");
    }
}

#[test]
fn a_range_test_recommends_rates_that_train() {
    let run = trained(&project(&["data=moons"]), &[Command::RangeTest]);
    let test = run.range_test.unwrap();
    let [low, high] = test.band.expect("untrained moons can be learned");
    assert!((1e-5..1.0).contains(&low) && low <= high && high < 3.0, "{low} {high}");
    let reached = |rate: f64| {
        let run = trained(&project(&["data=moons", &format!("learning_rate={rate}")]), &[]);
        run.history.epochs.last().unwrap().validation_loss
    };
    let (low, high, far_below, far_above) = (reached(low), reached(high), reached(low / 300.0), reached(10.0));
    assert!(low.min(high) < far_below.min(far_above), "{low} {high} against {far_below} {far_above}");
}

#[test]
fn layers_tell_what_they_do() {
    let run = trained(&project(&["data=moons", "model.hidden=[16,8]", "model.activation=tanh"]), &[]);
    let row = run.history.epochs.last().unwrap();
    let names: Vec<_> = row.layers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["linear 1", "linear 2", "output"]);
    for layer in &row.layers {
        assert!(layer.weight > 0.0 && layer.gradient > 0.0 && layer.update > 0.0, "{layer:?}");
        let ratio = layer.update / layer.weight;
        assert!((1e-5..0.3).contains(&ratio), "an update moves weights a little: {layer:?}");
    }
    assert!(row.layers[0].saturated.is_some_and(|it| (0.0..0.9).contains(&it)) && row.layers[0].dead.is_none());
    assert!(row.layers[2].activation.is_empty() && row.layers[2].mean.is_none());
    assert_eq!(row.train_parts.len(), 8);
    assert!(row.batch_deviation.is_some_and(|it| it > 0.0));
    let rows: usize = row.classes.iter().map(|it| it.rows).sum();
    assert_eq!(rows, run.started.validation_rows);
    let correct: usize = row.classes.iter().map(|it| it.correct).sum();
    assert!((correct as f64 / rows as f64 - row.metrics["validation_accuracy"]).abs() < 1e-12);
    let wrong = row.errors_by_certainty.iter().sum::<f64>() / 4.0;
    assert!((wrong - 1.0 + row.metrics["validation_accuracy"]).abs() < 1e-9, "quarters of 100 rows are equally large");
}

#[test]
fn frozen_layers_stand_still_and_the_start_gain_is_in_the_weights() {
    let run = trained(&project(&["data=moons", "model.hidden=[16,8]", "model.frozen=1", "model.init_gain=5"]), &[]);
    let (first, last) = (run.history.epochs.first().unwrap(), run.history.epochs.last().unwrap());
    assert_eq!((last.layers[0].update, first.layers[0].weight), (0.0, last.layers[0].weight));
    assert!(last.layers[1].update > 0.0 && last.layers[0].gradient > 0.0);
    // Even within 1 / sqrt(2 inputs), times 5: a root mean square of 5 / sqrt(2 * 3).
    let expected = 5.0 / 6.0_f64.sqrt();
    assert!((first.layers[0].weight - expected).abs() < 0.25 * expected, "{}", first.layers[0].weight);
}

#[test]
fn convolutions_tell_of_channels_and_dead_units_are_counted() {
    let mut project =
        project(&["model=cnn", "model.channels=[4]", "model.hidden=[8]", "loss=cross_entropy", "epochs=2"]);
    project.set("data=digits").unwrap();
    project.set("data=clothing10k").unwrap();
    project.set("split.validation=0.05").unwrap();
    project.set("split.test=0.9").unwrap();
    let run = trained(&project, &[]);
    let row = run.history.epochs.last().unwrap();
    let names: Vec<_> = row.layers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["convolution 1", "linear 1", "output"]);
    assert!(row.layers[0].dead.is_some_and(|it| [0.0, 0.25, 0.5, 0.75, 1.0].contains(&it)), "{:?}", row.layers[0]);

    project.set("learning_rate=30").unwrap();
    project.set("optimizer=sgd").unwrap();
    let run = trained(&project, &[]);
    let dead = run.history.epochs.last().and_then(|row| row.layers.get(1)?.dead);
    assert!(dead.is_none_or(|it| it > 0.5), "absurd steps kill units or end the run: {dead:?}");
}

#[test]
fn events_of_experiments_read_back_from_their_lines() {
    let run = trained(&project(&["data=moons"]), &[Command::Probe, Command::RangeTest]);
    for event in [Event::Probe(run.probe.unwrap()), Event::RangeTest(run.range_test.unwrap())] {
        assert_eq!(serde_json::from_str::<Event>(&event.to_json()).unwrap(), event);
    }
}

#[test]
fn a_run_that_stopped_early_can_be_trained_on_as_if_it_had_not_stopped() {
    for measured in ["during", "epoch_end"] {
        check_training_on(project(&["data=moons", "epochs=20", &format!("training.measure_train={measured}")]));
    }
}

fn check_training_on(mut short: Project) {
    let whole = trained(&short, &[]);
    short.set("epochs=14").unwrap();
    let job = Job { watched: true, ..Job::new(short.clone(), Path::new("")) };
    let mut session = Session::spawn(job, || ());
    let mut run = Run::of(short);
    while run.after.len() < 6 {
        let had_ended = run.finished.is_some();
        for event in session.wait().expect("it lingers for experiments") {
            run.apply(event);
        }
        if run.finished.is_some() && !had_ended {
            session.send(Command::GoOn { epochs: 6 });
        }
    }
    assert_eq!(run.epoch(), 14, "the run itself is over");
    for (after, row) in run.after.iter().zip(&whole.history.epochs[14..]) {
        assert_eq!((after.epoch, after.validation_loss), (row.epoch, row.validation_loss));
        assert!((after.train_loss - row.train_loss).abs() < 1e-12, "{after:?} {}", row.train_loss);
    }
}
