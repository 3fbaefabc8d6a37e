//! A window whose training is ended from outside: it answers throughout, says what happened, and goes on.

use std::sync::Arc;

use egui_kittest::kittest::Queryable as _;
use learnscope::run::{FinishReason, Phase};
use learnscope::spec::Project;
use learnscope::studio::{Action, RunAction, Studio};

use super::harness::{self, step_until};

fn project() -> Project {
    let mut project = Project::default();
    for setting in ["data=spirals", "device=cpu", "stopping=off", "epochs=60", "pace=150", "checkpoint.seconds=0.3"] {
        project.set(setting).unwrap();
    }
    project
}

#[test]
fn a_training_whose_plug_is_pulled_is_told_of_and_goes_on_to_the_same_end() {
    let folder = tempfile::tempdir().unwrap();
    let train = |wants_kill: bool| {
        let studio = Studio::new(Arc::new(|| ()))
            .keeping_runs_in(folder.path().join(if wants_kill { "cut" } else { "whole" }))
            .working_through(env!("CARGO_BIN_EXE_learnscope").into());
        let mut window = harness::window(studio, [1280.0, 800.0]);
        window.state_mut().studio_mut().projects.draft = project();
        window.run_steps(2);
        step_until(&mut window, "the data", |it| it.studio().problems().is_empty());
        window.get_by_label("Train").click();
        step_until(&mut window, "ten epochs", |it| {
            it.studio().runs.shown.as_ref().is_some_and(|run| run.epoch() >= 10)
        });
        if wants_kill {
            window.state_mut().studio_mut().act(Action::Run(RunAction::PullThePlug));
            step_until(&mut window, "the end", |it| it.run().finished.is_some());
            let finished = window.state().run().finished.clone().unwrap();
            assert_eq!((finished.reason, window.state().run().phase), (FinishReason::Failed, Phase::Failed));
            assert!(finished.text.contains("ended from outside"), "{}", finished.text);
            window.get_by_label("Continue").click();
            step_until(&mut window, "a run that goes on", |it| it.run().phase == Phase::Running);
            let step = window.state().run().step;
            assert!((1..600).contains(&step), "it goes on from a checkpoint, not from {step}");
        }
        step_until(&mut window, "the end of all epochs", |it| it.run().finished.is_some());
        let run = window.state().run();
        assert_eq!(run.finished.as_ref().map(|it| it.reason), Some(FinishReason::Completed));
        run.history
            .epochs
            .iter()
            .map(|it| (it.epoch, it.train_loss.to_bits(), it.validation_loss.to_bits()))
            .collect::<Vec<_>>()
    };
    let whole = train(false);
    assert_eq!(whole.len(), 60);
    assert_eq!(train(true), whole);
}
