//! Runs in every state, folded from made-up lists of events. No clock, no chance: the same pixels every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use learnscope::run::{
    Changed, Confusion, EpochRow, Event, Evidence, FindingRow, FindingState, FinishReason, Finished, Fit, Gallery,
    Metrics, Parent, Preparing, Remedy, Run, Sample, Severity, Started, StepRow, Surface, Views,
};
use learnscope::spec::Project;

/// The states that every panel is drawn in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Empty,
    Running,
    Paused,
    Finished,
    Failed,
}

pub(crate) const STATES: [(State, &str); 5] = [
    (State::Empty, "empty"),
    (State::Running, "running"),
    (State::Paused, "paused"),
    (State::Finished, "finished"),
    (State::Failed, "failed"),
];

const STEPS_PER_EPOCH: u64 = 20;

/// A churn run that overfits from epoch 9, in a state. None: no run yet.
pub(crate) fn churn(state: State) -> Option<Run> {
    let events = match state {
        State::Empty => return None,
        State::Running => churn_events(62),
        State::Paused => churn_events(40).into_iter().chain([Event::Paused { step: 40 * STEPS_PER_EPOCH }]).collect(),
        State::Finished => churn_events(64).into_iter().chain([finished(FinishReason::EarlyStopping, 64)]).collect(),
        State::Failed => diverged_events(),
    };
    let mut run = Run::replay(churn_project(), events);
    run.views = Some(Arc::new(views(run.epoch())));
    Some(run)
}

/// A short finished run of a project, with the finding that it overfits.
pub(crate) fn overfitted(project: Project) -> Run {
    let rows = (1..=16).map(|epoch| Event::Epoch(row(epoch)));
    let events = std::iter::once(Event::Started(Started { epochs: 16, ..started() })).chain(rows);
    let mut run = Run::replay(project, events);
    run.apply(overfitting(15));
    run.apply(finished(FinishReason::Completed, 16));
    run
}

/// Two earlier runs of it, newest first.
pub(crate) fn ghosts() -> Vec<Run> {
    let ghost = |change: &str, n, lift: f64| {
        let rows =
            (1..=n).map(|epoch| Event::Epoch(EpochRow { validation_loss: curve(epoch).1 * 0.8 + lift, ..row(epoch) }));
        let mut run = Run::replay(churn_project(), std::iter::once(Event::Started(started())).chain(rows));
        run.apply(finished(FinishReason::Completed, n));
        change.clone_into(&mut run.change);
        run
    };
    vec![ghost("dropout 0.3", 41, 0.05), ghost("hidden [16]", 80, 0.09)]
}

pub(crate) fn churn_project() -> Project {
    let mut project = Project::default();
    for setting in [
        "data=telco_churn",
        "model.hidden=[256,256]",
        "learning_rate=0.003",
        "epochs=100",
        "stopping.patience=55",
        "loss=binary_cross_entropy",
    ] {
        project.set(setting).unwrap();
    }
    "Customer churn".clone_into(&mut project.name);
    project
}

fn churn_events(n: u64) -> Vec<Event> {
    let mut events = vec![Event::Started(started())];
    for epoch in 1..=n {
        events.extend(steps(epoch));
        events.push(Event::Epoch(row(epoch)));
        if epoch == 20 {
            let (key, from, to) = ("learning_rate".to_owned(), "0.003".to_owned(), "0.001".to_owned());
            events.push(Event::Changed(Changed {
                step: 20 * STEPS_PER_EPOCH,
                epoch,
                key,
                from,
                to,
                by: "user".to_owned(),
            }));
        }
        if epoch == 30 {
            events.push(Event::Warning { text: "The disk is nearly full: 1.2 GB left for checkpoints".to_owned() });
        }
        if epoch >= 15 && (epoch == 15 || epoch % 10 == 0 || epoch == n) {
            events.push(overfitting(epoch));
        }
    }
    events
}

/// A churn run that overfitted, of epochs 1 to 64, and its fork behind epoch 12 with more dropout: their events.
pub(crate) fn forked() -> [Vec<Event>; 2] {
    let parent: Vec<_> = churn_events(64).into_iter().chain([finished(FinishReason::EarlyStopping, 64)]).collect();
    let first = Started { run: "churn-8".to_owned(), ..started() };
    let first = Started { parent: Some(Parent { run: "churn-7".to_owned(), epoch: 12 }), ..first };
    let shared = (1..=12).flat_map(|epoch| steps(epoch).into_iter().chain([Event::Epoch(row(epoch))]));
    let change = Changed {
        step: 12 * STEPS_PER_EPOCH,
        epoch: 12,
        key: "model.dropout".to_owned(),
        from: "0".to_owned(),
        to: "0.5".to_owned(),
        by: "fork".to_owned(),
    };
    let own = (13..=48).map(|epoch| {
        let (train, _) = curve(epoch);
        let validation_loss = curve(12).1 - 0.02 * (1.0 - (-(epoch as f64 - 12.0) / 12.0).exp()) + 0.008 * noise(epoch);
        Event::Epoch(EpochRow { train_loss: 0.5 * (train + curve(12).0), validation_loss, ..row(epoch) })
    });
    let fork = std::iter::once(Event::Started(first)).chain(shared).chain([Event::Changed(change)]).chain(own);
    [parent, fork.collect()]
}

fn diverged_events() -> Vec<Event> {
    let mut events =
        vec![Event::Preparing(Preparing { text: "Compiling kernels".to_owned() }), Event::Started(started())];
    for epoch in 1..=7 {
        let up = if epoch > 4 { 4.0_f64.powi(epoch as i32 - 4) } else { 1.0 };
        events.extend(steps(epoch).into_iter().map(|it| match it {
            Event::Step(step) => Event::Step(StepRow { train_loss: step.train_loss * up, ..step }),
            other => other,
        }));
        let good = row(epoch);
        events.push(Event::Epoch(EpochRow {
            train_loss: good.train_loss * up,
            validation_loss: good.validation_loss * up * 1.2,
            ..good
        }));
    }
    let step = 7 * STEPS_PER_EPOCH + 3;
    let last = 64.0 * row(7).train_loss;
    events.push(Event::Step(StepRow {
        step,
        epoch: 8,
        train_loss: f64::NAN,
        learning_rate: 0.003,
        gradient_norm: Some(f64::NAN),
    }));
    events.push(Event::Finding(FindingRow {
        rule: "loss-not-finite".to_owned(),
        severity: Severity::Critical,
        grade: 0,
        text: format!(
            "The loss stopped being a finite number by step {step} in epoch 8; at the end of epoch 7 it was {last:.1}. This is consistent with steps too large for the slope, at a learning rate of 0.003."
        ),
        from_epoch: 8,
        to_epoch: 8,
        epoch: 8,
        evidence: BTreeMap::from([
            ("last_finite_train_loss".to_owned(), Evidence { value: last, threshold: None }),
            ("learning_rate".to_owned(), Evidence { value: 0.003, threshold: None }),
            ("last_gradient_norm".to_owned(), Evidence { value: 1840.0, threshold: None }),
        ]),
        rival: "A few extreme values in the data could do the same at any learning rate; then a tenth of it would only delay this.".to_owned(),
        remedies: vec![Remedy {
            label: "Learning rate 0.0003".to_owned(),
            set: BTreeMap::from([("learning_rate".to_owned(), 0.0003.into())]),
        }],
        ..overfitting_row(8)
    }));
    let text = format!("The loss was not a number at step {step}. Try a tenth of the learning rate.");
    events.push(Event::Finished(Finished { text, ..finished_row(FinishReason::Diverged, 7) }));
    events
}

fn started() -> Started {
    Started {
        version: 1,
        run: "churn-7".to_owned(),
        project: "Customer churn".to_owned(),
        device: "cpu".to_owned(),
        parameters: 77_825,
        train_rows: 4225,
        validation_rows: 1409,
        test_rows: 1409,
        steps_per_epoch: STEPS_PER_EPOCH,
        epochs: 100,
        task: "binary".to_owned(),
        target: "Churn".to_owned(),
        classes: vec!["No".to_owned(), "Yes".to_owned()],
        loss_unit: "nats".to_owned(),
        baseline: metrics(&[("loss", 0.578), ("accuracy", 0.735), ("balanced_accuracy", 0.5), ("roc_auc", 0.5)]),
        ..Started::default()
    }
}

/// Train and validation loss of an epoch: train falls, validation turns at epoch 9.
fn curve(epoch: u64) -> (f64, f64) {
    let x = epoch as f64;
    let train = 0.19 + 0.41 * (-x / 16.0).exp() + 0.012 * noise(epoch);
    let after = (x - 9.0).max(0.0);
    let validation = 0.423
        + 0.17 * (-(x - 1.0) / 2.2).exp()
        + 0.21 * (1.0 - (-after / 22.0).exp())
        + if epoch == 9 { -0.006 } else { 0.014 * noise(epoch + 500) };
    (train, validation)
}

fn row(epoch: u64) -> EpochRow {
    let (train_loss, validation_loss) = curve(epoch);
    let x = epoch as f64;
    let train = 0.735 + 0.175 * (1.0 - (-x / 14.0).exp()) + 0.003 * noise(epoch + 77);
    let validation =
        0.74 + 0.055 * (1.0 - (-x / 2.5).exp()) - 0.02 * (1.0 - (-x / 40.0).exp()) + 0.004 * noise(epoch + 900);
    EpochRow {
        epoch,
        step: epoch * STEPS_PER_EPOCH,
        train_loss,
        validation_loss,
        metrics: metrics(&[
            ("train_accuracy", train),
            ("validation_accuracy", validation),
            ("train_roc_auc", train + 0.03),
            ("validation_roc_auc", validation + 0.03),
        ]),
        learning_rate: learning_rate(epoch),
        gradient_norm: Some(0.5 + 1.2 * (-x / 10.0).exp() + 0.2 * noise(epoch + 33)),
        validation_se: None,
        seconds: 0.35,
        ..EpochRow::default()
    }
}

fn steps(epoch: u64) -> Vec<Event> {
    let step = |idx: u64| {
        let step = (epoch - 1) * STEPS_PER_EPOCH + idx;
        let x = step as f64 / STEPS_PER_EPOCH as f64;
        let train_loss = 0.19 + 0.45 * (-x / 16.0).exp() + 0.05 * noise(step + 7000);
        Event::Step(StepRow {
            step,
            epoch,
            train_loss,
            learning_rate: learning_rate(epoch),
            gradient_norm: Some(0.5 + 1.2 * (-x / 10.0).exp() + 0.35 * noise(step)),
        })
    };
    (1..=STEPS_PER_EPOCH).map(step).collect()
}

fn learning_rate(epoch: u64) -> f64 {
    if epoch <= 20 { 0.003 } else { 0.001 }
}

fn overfitting(epoch: u64) -> Event {
    Event::Finding(FindingRow {
        state: if epoch == 15 { FindingState::Raised } else { FindingState::Changed },
        ..overfitting_row(epoch)
    })
}

fn overfitting_row(epoch: u64) -> FindingRow {
    let evidence = |value, threshold| Evidence { value, threshold: Some(threshold) };
    FindingRow {
        rule: "overfitting".to_owned(),
        state: FindingState::Raised,
        severity: Severity::Critical,
        grade: 3,
        epoch,
        from_epoch: 9,
        to_epoch: epoch,
        text: "Training loss keeps falling while validation loss rises: the network learns these customers by heart."
            .to_owned(),
        evidence: BTreeMap::from([
            ("best_validation_loss".to_owned(), evidence(0.423, 0.0)),
            ("validation_loss".to_owned(), evidence(0.618, 0.465)),
            ("gap".to_owned(), evidence(0.404, 0.1)),
        ]),
        formula: "validation loss now / at its best - 1 = 0.618 / 0.423 - 1 = 46 %, above 10 %".to_owned(),
        rival: "A lucky early epoch".to_owned(),
        remedies: vec![Remedy {
            label: "Dropout 0.3".to_owned(),
            set: BTreeMap::from([("model.dropout".to_owned(), 0.3.into())]),
        }],
    }
}

fn finished(reason: FinishReason, epochs: u64) -> Event {
    Event::Finished(finished_row(reason, epochs))
}

fn finished_row(reason: FinishReason, epochs: u64) -> Finished {
    Finished {
        reason,
        text: "No better validation loss for 55 epochs. The weights of epoch 9 are kept.".to_owned(),
        epochs,
        best_epoch: if reason == FinishReason::Diverged { 4 } else { 9 },
        best_validation_loss: 0.423,
        test: metrics(&[("loss", 0.431), ("accuracy", 0.792), ("roc_auc", 0.84)]),
        run_dir: String::new(),
        seconds: 22.0,
        samples_per_second: 13_000.0,
    }
}

/// Pictures of the network as it stood at an epoch: the later, the sharper.
pub(crate) fn views(epoch: u64) -> Views {
    let share = (epoch as f64 / 60.0).min(1.0);
    let right = (380.0 * share).round() as u64;
    let confusion = Confusion {
        classes: vec!["No".to_owned(), "Yes".to_owned()],
        counts: vec![938, 97, 374 - right.min(220), right.min(220)],
    };
    Views {
        epoch,
        step: epoch * STEPS_PER_EPOCH,
        surface: Some(spirals(share)),
        confusion: Some(confusion),
        ..Views::default()
    }
}

/// Two arms, known as well as a share says.
pub(crate) fn spirals(share: f64) -> Surface {
    let (columns, rows) = (96, 96);
    let arm = |x: f64, y: f64| {
        let (radius, angle) = (x.hypot(y), y.atan2(x));
        (angle - radius * 4.6).sin() * (radius * 3.0).min(1.0)
    };
    let at = |idx: usize, n: usize| 2.2 * (idx as f64 / (n - 1) as f64) - 1.1;
    let values = (0..rows * columns).map(|idx| {
        let (x, y) = (at(idx % columns, columns), at(idx / columns, rows));
        let z = 3.0 * share * arm(x, y) + (1.0 - share) * (0.9 * x - 0.5 * y);
        let positive = 1.0 / (1.0 + (-z).exp());
        if positive >= 0.5 { (1.0 + positive.min(0.999)) as f32 } else { (1.0 - positive).min(0.999) as f32 }
    });
    let points = (0..300_u64).map(|idx| {
        let class = idx % 2;
        let t = 0.12 + 0.9 * (idx / 2) as f64 / 150.0;
        let angle = t * 4.6 + std::f64::consts::FRAC_PI_2 * if class == 1 { 1.0 } else { -1.0 };
        let (dx, dy) = (0.04 * noise(idx), 0.04 * noise(idx + 5000));
        ((t * angle.cos() + dx) as f32, (t * angle.sin() + dy) as f32, class as f32, idx % 5 != 0)
    });
    Surface {
        names: ["x".to_owned(), "y".to_owned()],
        x: [-1.1, 1.1],
        y: [-1.1, 1.1],
        columns,
        rows,
        values: values.collect(),
        n_classes: 2,
        points: points.collect(),
    }
}

/// A regression's predictions: close to the diagonal, with a few dear cars far off.
pub(crate) fn prices() -> Fit {
    let pairs = (0..260_u64).map(|idx| {
        let actual = 2000.0 + 95.0 * idx as f64 + 1500.0 * noise(idx).abs();
        let predicted = actual * (0.97 + 0.09 * noise(idx + 11)) + 900.0 * noise(idx + 4);
        (actual as f32, predicted as f32)
    });
    Fit { target: "price".to_owned(), pairs: pairs.collect() }
}

/// A number between -1 and 1 that looks like chance and is none.
pub(crate) fn noise(n: u64) -> f64 {
    let mut z = n.wrapping_add(0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
}

fn metrics(values: &[(&str, f64)]) -> Metrics {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

/// A run on small pictures of clothes, as it stands after an epoch.
pub(crate) fn clothes(epoch: u64) -> Run {
    let mut project = Project::default();
    project.set("data=clothing10k").unwrap();
    let classes: Vec<String> = ["Coat", "Dress", "Shirt", "Sneaker"].map(str::to_owned).to_vec();
    let started = Started { task: "multiclass".to_owned(), classes: classes.clone(), epochs: 20, ..started() };
    let mut run = Run::replay(
        project,
        std::iter::once(Event::Started(started)).chain((1..=epoch).map(|it| Event::Epoch(row(it)))),
    );
    let gallery = gallery(classes.clone());
    let mut counts = vec![0; 16];
    for it in &gallery.samples {
        counts[(4 * it.actual + it.predicted) as usize] += 25;
    }
    let confusion = Confusion { classes, counts };
    run.views = Some(Arc::new(Views {
        epoch,
        step: epoch * STEPS_PER_EPOCH,
        confusion: Some(confusion),
        gallery: Some(gallery),
        ..Views::default()
    }));
    run
}

/// Blots of as many bumps as their class; each fourth is taken for its neighbor.
fn gallery(classes: Vec<String>) -> Gallery {
    const SIDE: usize = 16;
    const SAMPLES: u32 = 24;
    let sample = |idx: u32| {
        let actual = idx % 4;
        let is_wrong = idx.is_multiple_of(4);
        let certainty = if is_wrong { 0.97 - 0.02 * idx as f32 } else { 0.99 - 0.01 * idx as f32 };
        Sample { row: 3 * idx, actual, predicted: if is_wrong { 2 } else { actual }, certainty }
    };
    let pixel = |idx: u32, at: usize| {
        let (x, y) = ((at % SIDE) as f64 / 15.0 - 0.5, (at / SIDE) as f64 / 15.0 - 0.5);
        let wave = 1.0 + 0.35 * (f64::from(idx % 4 + 1) * y.atan2(x) + f64::from(idx)).cos();
        (255.0 * (1.4 - 3.0 * x.hypot(y) * wave).clamp(0.0, 1.0)) as u8
    };
    let pixels = (0..SAMPLES).flat_map(|idx| (0..SIDE * SIDE).map(move |at| pixel(idx, at))).collect();
    Gallery { channels: 1, height: SIDE, width: SIDE, pixels, classes, samples: (0..SAMPLES).map(sample).collect() }
}

/// A regression on the prices of used cars, finished.
pub(crate) fn cars() -> Run {
    let mut project = Project::default();
    project.set("data=used_cars").unwrap();
    project.set("loss=mse").unwrap();
    let started = Started {
        task: "regression".to_owned(),
        target: "price".to_owned(),
        loss_unit: "standardized".to_owned(),
        epochs: 30,
        steps_per_epoch: 20,
        ..Started::default()
    };
    let row = |epoch: u64| {
        let loss = 0.12 + 0.8 * (-(epoch as f64) / 5.0).exp();
        let metrics = metrics(&[
            ("train_rmse", 3600.0 * loss.sqrt()),
            ("validation_rmse", 3700.0 * loss.sqrt()),
            ("validation_r2", 1.0 - loss),
        ]);
        Event::Epoch(EpochRow {
            epoch,
            step: 20 * epoch,
            train_loss: loss,
            validation_loss: 1.05 * loss,
            metrics,
            learning_rate: 0.001,
            ..EpochRow::default()
        })
    };
    let mut run = Run::replay(project, std::iter::once(Event::Started(started)).chain((1..=30).map(row)));
    run.apply(finished(FinishReason::Completed, 30));
    run.views = Some(Arc::new(Views { epoch: 30, step: 600, fit: Some(prices()), ..Views::default() }));
    run
}
