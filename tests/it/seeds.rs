//! Fair seeds: what a studio makes of them is what each seed makes alone, and it can be quit at any time.

use std::path::Path;
use std::sync::Arc;

use learnscope::diagnose::seeds::{Setting, tell};
use learnscope::run::{Event, FinishReason, Run};
use learnscope::session::{Job, Session};
use learnscope::spec::Project;
use learnscope::studio::{Action, ProjectAction, RunAction, Studio};

use crate::program::poll_until;

fn project(settings: &[&str]) -> Project {
    let mut project = Project::default();
    let usual = ["data=moons", "model.hidden=[8]", "model.dropout=0.2", "device=cpu", "learning_rate=0.01", "seed=3"];
    for setting in usual.iter().chain(settings) {
        project.set(setting).unwrap();
    }
    project
}

fn studio(project: Project) -> Studio {
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.projects.draft = project;
    studio.wait_for_data();
    studio
}

fn ask(studio: &mut Studio, action: RunAction) {
    studio.act(Action::Run(action));
}

fn shown(studio: &Studio) -> &Run {
    studio.runs.shown.as_ref().expect("a run is shown")
}

fn train(studio: &mut Studio) {
    ask(studio, RunAction::Train);
    poll_until(studio, "the run to end", |it| shown(it).finished.is_some());
}

fn train_seeds(studio: &mut Studio, k: u64) {
    ask(studio, RunAction::Seeds { k });
    poll_until(studio, "all seeds", |it| it.runs.seeding().is_none());
}

/// A project trained by itself with a seed.
fn alone(project: &Project, seed: u64) -> Run {
    let mut project = project.clone();
    project.training.seed = seed;
    let mut session = Session::spawn(Job::new(project.clone(), Path::new("")), || ());
    let mut run = Run::of(project);
    while let Some(events) = session.wait() {
        for event in events {
            run.apply(event);
        }
    }
    run
}

#[test]
fn a_studio_trains_the_shown_project_as_each_seed_trains_it_alone() {
    let first = project(&["epochs=5", "stopping=off"]);
    let mut studio = studio(first.clone());
    train(&mut studio);
    // What the draft has become since is none of their business, nor is a pace.
    studio.projects.draft.set("learning_rate=0.5").unwrap();
    let before = shown(&studio).history.clone();
    train_seeds(&mut studio, 4);
    let run = shown(&studio);
    assert_eq!((run.history == before, run.project.learning_rate), (true, 0.01), "the run stays as it is");
    assert_eq!(run.seeds.rows().iter().map(|it| it.seed).collect::<Vec<_>>(), [3, 4, 5, 6]);
    for row in run.seeds.rows() {
        let alone = alone(&first, row.seed);
        let curve = |name: &str| alone.history.curve(name).unwrap().points().iter().map(|it| it.y).collect::<Vec<_>>();
        assert_eq!(row.train_loss, curve("train_loss"), "seed {}", row.seed);
        assert_eq!(row.validation_loss, curve("validation_loss"), "seed {}", row.seed);
        assert_eq!(row.validation_metric, curve("validation_accuracy"), "seed {}", row.seed);
        assert_eq!(row.test, alone.finished.unwrap().test);
        assert_eq!(row.value(), row.validation_loss.iter().copied().reduce(f64::min));
    }
    let values = run.seeds.values();
    assert!(values.windows(2).all(|it| it[0].1 != it[1].1), "every seed draws anew: {values:?}");
    assert_eq!(run.seeds.band("validation_loss").iter().map(|it| it.n).collect::<Vec<_>>(), [4; 5]);
    assert!(run.log.iter().any(|it| it.text.starts_with("Trained with seed 6: best validation loss")));
    // Asking for no more than is known trains nothing; for one more, that one.
    train_seeds(&mut studio, 3);
    assert_eq!(shown(&studio).seeds.rows().len(), 4);
    train_seeds(&mut studio, 5);
    assert_eq!(shown(&studio).seeds.rows().len(), 5);
}

#[test]
fn an_earlier_run_keeps_its_spread_and_is_compared_seed_by_seed() {
    let mut studio = studio(project(&["epochs=6", "stopping=off"]));
    train(&mut studio);
    train_seeds(&mut studio, 3);
    let spread = shown(&studio).seeds.clone();
    studio.projects.draft.set("learning_rate=0.0001").unwrap();
    train(&mut studio);
    assert!(shown(&studio).seeds.rows().is_empty() && studio.runs.ghosts[0].seeds == spread);
    train_seeds(&mut studio, 3);
    assert_eq!(studio.runs.ghosts[0].seeds, spread, "and still when the new run has its own");
    let settings = (
        Setting { name: "learning rate 0.0001", run: shown(&studio) },
        Setting { name: "the run before", run: &studio.runs.ghosts[0] },
    );
    let text = tell(settings.0, Some(settings.1)).unwrap();
    // A rate that learns next to nothing in six epochs is worse with every seed.
    assert!(
        text.starts_with("Over the same 3 seeds, learning rate 0.0001 reaches") && text.contains("beyond"),
        "{text}"
    );
}

#[test]
fn seeds_can_be_cancelled_and_end_when_something_else_begins() {
    let mut studio = studio(project(&["epochs=1000000", "stopping=off", "pace=100"]));
    ask(&mut studio, RunAction::Train);
    poll_until(&mut studio, "an epoch of the run", |it| shown(it).epoch() > 0);
    let begin = |studio: &mut Studio| {
        ask(studio, RunAction::Seeds { k: 3 });
        poll_until(studio, "epochs of seeds", |it| it.runs.seeding().is_some_and(|it| it.seconds_left().is_some()));
        let seeding = studio.runs.seeding().unwrap();
        assert_eq!(seeding.standing(), (1, 3));
        assert!(seeding.progress() < 0.5 && seeding.seconds_left() > Some(0.0));
    };
    let is_quiet = |it: &Studio| !it.runs.is_retiring();
    begin(&mut studio);
    ask(&mut studio, RunAction::CancelSeeds);
    assert!(studio.runs.seeding().is_none() && studio.runs.is_retiring());
    poll_until(&mut studio, "the seeds to have stopped", is_quiet);
    assert!(shown(&studio).is_live() && shown(&studio).seeds.rows().is_empty(), "what was cut short is no seed");
    begin(&mut studio);
    ask(&mut studio, RunAction::Train);
    assert!(studio.runs.seeding().is_none(), "another training quits them");
    poll_until(&mut studio, "all others to have stopped", is_quiet);
    begin(&mut studio);
    studio.act(Action::Project(ProjectAction::OpenSample("welcome".to_owned())));
    assert!(studio.runs.seeding().is_none() && studio.runs.shown.is_none(), "so does another project");
    poll_until(&mut studio, "all to have stopped", is_quiet);
}

#[test]
fn seeds_that_diverge_are_counted_and_enter_no_mean() {
    let diverging = ["data=sine", "loss=mse", "optimizer=sgd", "learning_rate=100", "epochs=3", "model.dropout=0"];
    let mut studio = studio(project(&diverging));
    train(&mut studio);
    assert_eq!(shown(&studio).finished.as_ref().unwrap().reason, FinishReason::Diverged);
    train_seeds(&mut studio, 3);
    let run = shown(&studio);
    assert_eq!(run.seeds.rows().iter().map(|it| it.reason).collect::<Vec<_>>(), [FinishReason::Diverged; 3]);
    assert!(run.seeds.values().is_empty() && run.seeds.band("validation_loss").is_empty());
    assert_eq!(tell(Setting { name: "this run", run }, None), None, "there is no mean of nothing");
}

#[test]
fn a_run_with_a_knob_turned_on_the_way_does_not_stand_for_its_seed() {
    let first = project(&["epochs=5", "stopping=off"]);
    let mut studio = studio(first.clone());
    ask(&mut studio, RunAction::Step);
    poll_until(&mut studio, "the first step", |it| shown(it).step == 1);
    ask(&mut studio, RunAction::Set { key: "learning_rate".to_owned(), value: "0.0001".to_owned() });
    ask(&mut studio, RunAction::Resume);
    poll_until(&mut studio, "the run to end", |it| shown(it).finished.is_some());
    train_seeds(&mut studio, 3);
    let run = shown(&studio);
    let own = run.history.epochs.last().unwrap().validation_loss;
    let retrained = *run.seeds.rows()[0].validation_loss.last().unwrap();
    assert_ne!(retrained, own);
    assert_eq!(retrained, alone(&first, 3).history.epochs.last().unwrap().validation_loss);
}

#[test]
fn a_seed_reads_back_from_its_line() {
    let mut studio = studio(project(&["epochs=2", "stopping=off"]));
    train(&mut studio);
    train_seeds(&mut studio, 3);
    for row in shown(&studio).seeds.rows() {
        let event = Event::Seed(row.clone());
        assert_eq!(serde_json::from_str::<Event>(&event.to_json()).unwrap(), event);
    }
}
