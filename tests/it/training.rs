//! A training on its thread: commands between steps, events out, the same result however it is watched.

use std::path::Path;
use std::time::{Duration, Instant};

use learnscope::run::{Command, Event, FinishReason, Finished, Phase, Run};
use learnscope::session::{Job, Session};
use learnscope::spec::Project;

/// Spirals: 10 steps an epoch.
fn project(settings: &[&str]) -> Project {
    let mut project = Project::default();
    for setting in
        ["data=spirals", "device=cpu", "stopping=off", "learning_rate=0.01", "epochs=100000"].iter().chain(settings)
    {
        project.set(setting).unwrap();
    }
    project
}

/// Where a training happens. What it tells is the same.
#[derive(Clone, Copy)]
enum Place {
    Thread,
    Process,
}

impl Place {
    fn spawn(self, job: Job) -> Session {
        let session = match self {
            Self::Thread => Session::spawn(job, || ()),
            Self::Process => Session::spawn_apart(Path::new(env!("CARGO_BIN_EXE_learnscope")), job, || ()),
        };
        assert_eq!(session.process().is_some(), matches!(self, Self::Process));
        session
    }
}

/// Each of the tests named, on a thread and in a process of its own.
macro_rules! in_both_places {
    ($($name:ident,)*) => {
        mod on_a_thread {
            $(#[test] fn $name() { super::$name(super::Place::Thread); })*
        }
        mod in_a_process {
            $(#[test] fn $name() { super::$name(super::Place::Process); })*
        }
    };
}

in_both_places! {
    pause_holds_the_run_and_step_makes_exactly_one,
    a_learning_rate_turned_while_training_is_marked_and_used,
    pace_slows_the_run_and_changes_nothing_else,
    pictures_appear_and_follow_the_run,
    a_run_that_cannot_begin_ends_in_words,
    a_step_that_is_asked_of_a_waiting_run_is_its_first,
    reduce_on_plateau_drops_the_rate_and_marks_it,
}

fn start(place: Place, project: &Project) -> (Session, Run) {
    let job = Job { watched: true, ..Job::new(project.clone(), Path::new("")) };
    (place.spawn(job), Run::of(project.clone()))
}

/// Folds events until something is so.
fn fold_until(session: &mut Session, run: &mut Run, what: &str, is_so: impl Fn(&Run) -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so(run) {
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        for event in session.drain() {
            run.apply(event);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn finish(session: &mut Session, run: &mut Run) -> Finished {
    fold_until(session, run, "the end", |run| run.finished.is_some());
    run.finished.clone().unwrap()
}

fn pause_holds_the_run_and_step_makes_exactly_one(place: Place) {
    let (mut session, mut run) = start(place, &project(&[]));
    fold_until(&mut session, &mut run, "some steps", |run| run.step > 20);
    session.send(Command::Pause);
    fold_until(&mut session, &mut run, "the pause", |run| run.phase == Phase::Paused);
    let at = run.step;
    std::thread::sleep(Duration::from_millis(100));
    assert!(session.drain().is_empty(), "nothing happens while paused");
    session.send(Command::Step);
    fold_until(&mut session, &mut run, "one step", |run| run.step > at);
    assert_eq!((run.step, run.phase), (at + 1, Phase::Paused));
    session.send(Command::Resume);
    fold_until(&mut session, &mut run, "more steps", |run| run.step > at + 10);
    session.send(Command::Stop);
    let finished = finish(&mut session, &mut run);
    assert_eq!(finished.reason, FinishReason::Stopped);
    assert!(finished.test.contains_key("accuracy"), "what was reached is tested: {finished:?}");
}

fn a_learning_rate_turned_while_training_is_marked_and_used(place: Place) {
    let (mut session, mut run) = start(place, &project(&["pace=200"]));
    fold_until(&mut session, &mut run, "some steps", |run| run.step > 5);
    session.send(Command::Set { key: "learning_rate".to_owned(), value: "0.002".to_owned() });
    fold_until(&mut session, &mut run, "the change", |run| !run.changes.is_empty());
    let changed = run.changes[0].clone();
    assert_eq!((changed.from.as_str(), changed.to.as_str(), changed.by.as_str()), ("0.01", "0.002", "user"));
    fold_until(&mut session, &mut run, "steps behind it", |run| run.step > changed.step + 3);
    let rate = |step: u64| run.history.learning_rate.at(step as f64).unwrap().y;
    assert_eq!((rate(changed.step), rate(changed.step + 1)), (0.01, 0.002), "the very next step uses it");
    session.send(Command::Set { key: "batch_size".to_owned(), value: "8".to_owned() });
    fold_until(&mut session, &mut run, "the refusal", |run| {
        run.log.iter().any(|it| it.text.contains("batch_size cannot be changed"))
    });
    session.send(Command::Stop);
    finish(&mut session, &mut run);
}

fn pace_slows_the_run_and_changes_nothing_else(place: Place) {
    let curve = |pace: &str| {
        let began = Instant::now();
        let (mut session, mut run) = start(place, &project(&["epochs=3", pace]));
        finish(&mut session, &mut run);
        let losses: Vec<_> =
            run.history.epochs.iter().map(|it| (it.train_loss.to_bits(), it.validation_loss.to_bits())).collect();
        (losses, began.elapsed())
    };
    let (slow, slow_time) = curve("pace=60");
    let (fast, _) = curve("pace=unlimited");
    assert_eq!((slow.len(), &slow), (3, &fast), "the same three epochs");
    assert!(slow_time > Duration::from_millis(400), "30 steps at 60 a second take half a second, not {slow_time:?}");
}

fn pictures_appear_and_follow_the_run(place: Place) {
    let (mut session, mut run) = start(place, &project(&["pace=300"]));
    let deadline = Instant::now() + Duration::from_mins(1);
    let mut views = None;
    while views.is_none() {
        assert!(Instant::now() < deadline, "no picture came");
        views = session.views();
        std::thread::sleep(Duration::from_millis(2));
    }
    let views = views.unwrap();
    let surface = views.surface.as_ref().expect("two inputs have a surface");
    assert_eq!((surface.values.len(), surface.n_classes), (surface.columns * surface.rows, 2));
    assert!(surface.values.iter().all(|it| (0.0..2.0).contains(it)), "class and confidence in one number");
    let confusion = views.confusion.as_ref().expect("classes have a confusion matrix");
    assert_eq!(confusion.counts.iter().sum::<u64>(), 100, "every validation row once");
    session.send(Command::Stop);
    finish(&mut session, &mut run);
}

fn a_run_that_cannot_begin_ends_in_words(place: Place) {
    let mut project = project(&[]);
    project.set("loss=mse").unwrap();
    let (mut session, mut run) = start(place, &project);
    let finished = finish(&mut session, &mut run);
    assert_eq!((finished.reason, run.phase), (FinishReason::Failed, Phase::Failed));
    assert!(finished.text.contains("choose loss=binary_cross_entropy"), "{}", finished.text);
}

fn a_step_that_is_asked_of_a_waiting_run_is_its_first(place: Place) {
    let project = project(&[]);
    let job = Job { watched: true, begins_paused: true, ..Job::new(project.clone(), Path::new("")) };
    let (mut session, mut run) = (place.spawn(job), Run::of(project));
    fold_until(&mut session, &mut run, "the pause", |run| run.phase == Phase::Paused);
    assert_eq!(run.step, 0);
    session.send(Command::Step);
    fold_until(&mut session, &mut run, "the first step", |run| run.step == 1 && run.phase == Phase::Paused);
    session.send(Command::Stop);
    finish(&mut session, &mut run);
}

fn reduce_on_plateau_drops_the_rate_and_marks_it(place: Place) {
    let (mut session, mut run) = start(
        place,
        &project(&["epochs=12", "schedule=plateau", "schedule.patience=1", "learning_rate=5", "optimizer=sgd"]),
    );
    finish(&mut session, &mut run);
    let drops: Vec<_> = run.changes.iter().filter(|it| it.by == "schedule").collect();
    assert!(!drops.is_empty(), "a rate of 5 does not keep improving");
    assert_eq!((drops[0].from.as_str(), drops[0].to.as_str()), ("5", "0.5"));
}

#[test]
fn every_event_of_a_run_folder_reads_back_into_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let project = project(&["epochs=4"]);
    let job = Job { out: Some(folder.path().join("run")), ..Job::new(project.clone(), Path::new("")) };
    let mut session = Session::spawn(job, || ());
    let mut told: Vec<Event> = Vec::new();
    while let Some(events) = session.wait() {
        // When a checkpoint was safe is shown, and not recorded: it is a matter of the clock.
        told.extend(events.into_iter().filter(|it| !matches!(it, Event::Checkpoint { .. })));
    }
    let (read_project, read) = learnscope::session::read_run(&folder.path().join("run")).unwrap();
    let (read, told) = (Run::replay(read_project, read), Run::replay(project, told));
    assert_eq!((read.phase, read.epoch(), read.log.len()), (Phase::Finished, 4, told.log.len()));
    for (read, told) in read.history.epochs.iter().zip(&told.history.epochs) {
        // JSON's reader may lose the last bit of a number.
        assert!((read.validation_loss - told.validation_loss).abs() < 1e-15, "{read:?} {told:?}");
        assert_eq!(read.metrics.keys().collect::<Vec<_>>(), told.metrics.keys().collect::<Vec<_>>());
    }
}
