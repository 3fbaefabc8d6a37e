//! What an event means for the shown run, its life, and who watches it.

use crate::run::{Event, FinishReason, Phase, Run};
use crate::studio::Notice;
use crate::studio::lifeline::{Lifeline, Stage};

/// Folds an event, and says aloud what should be.
pub(super) fn tell(run: &mut Run, event: Event, notices: &mut Vec<Notice>) {
    match &event {
        Event::Warning { text } => notices.push(Notice::info(text.clone())),
        Event::Finished(it) if !it.reason.is_success() => notices.push(Notice::error(it.text.clone())),
        _ => {}
    }
    run.apply(event);
}

/// What an event means for the life of a training; `run` as it was before it.
pub(super) fn follow(life: &mut Lifeline, event: &Event, run: &Run, now: f64) {
    match event {
        Event::Started(_) if life.interruptions.is_empty() && run.step == 0 => life.enter(Stage::Training, now),
        Event::Resumed { step } if run.phase == Phase::Paused => {
            life.look(*step, now);
            life.enter(Stage::Training, now);
        }
        // A fork begins in its parent's past, which is no interruption.
        Event::Resumed { step } if life.is_starting() => {
            life.look(*step, now);
            life.enter(Stage::Training, now);
        }
        Event::Resumed { step } => life.resume(*step, now),
        Event::Paused { .. } => life.enter(Stage::Paused, now),
        Event::Finished(it) if it.reason == FinishReason::Failed => life.enter(Stage::Interrupted, now),
        _ => {}
    }
}
