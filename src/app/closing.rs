//! Closing while a run is going on: asks first, stops it, and waits until what it reached is written.

use std::time::{Duration, Instant};

use egui::{Id, Label, Modal, ViewportCommand};

use crate::studio::{Action, RunAction, Studio};
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{primary_ui, secondary_ui};

/// A run that does not stop in this time is left: its events and checkpoints are on disk already.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Where closing stands.
#[derive(Debug, Default)]
pub(super) enum Closing {
    #[default]
    No,
    Asking,
    /// The run was told to stop.
    Stopping {
        since: Instant,
    },
    /// Nothing holds the window any more.
    Granted,
}

impl Closing {
    pub(super) fn is_asking(&self) -> bool {
        matches!(self, Self::Asking | Self::Stopping { .. })
    }

    /// Holds the window open where a run is going on.
    pub(super) fn watch(&mut self, ctx: &egui::Context, studio: &mut Studio) {
        let is_live = studio.runs.shown.as_ref().is_some_and(crate::run::Run::is_live);
        if ctx.input(|input| input.viewport().close_requested()) && is_live && !matches!(self, Self::Granted) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            if matches!(self, Self::No) {
                *self = Self::Asking;
            }
        }
        if let Self::Stopping { since } = self {
            let is_patient = is_live && since.elapsed() < LONGEST_WAIT;
            if is_patient {
                ctx.request_repaint_after(Duration::from_millis(100));
            } else {
                *self = Self::Granted;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    /// The question.
    pub(super) fn ui(&mut self, ui: &egui::Ui, studio: &mut Studio) {
        if !self.is_asking() {
            return;
        }
        let is_stopping = matches!(self, Self::Stopping { .. });
        let theme = Theme::of(ui);
        let modal = Modal::new(Id::unique("closing")).backdrop_color(theme.shade).frame(super::dialogs::frame(theme));
        let shown = modal.show(ui, |ui| {
            ui.set_width(size::DIALOG);
            ui.label(theme.heading("A run is going on"));
            ui.add_space(space::S);
            let text = if is_stopping {
                "Stopping behind the current step and writing what was reached…"
            } else {
                "Stop it and close? What it has told so far is written already, and the weights of its best epoch are kept."
            };
            ui.add(Label::new(theme.paragraph(text)).wrap());
            ui.add_space(space::L);
            ui.horizontal(|ui| {
                let stop = ui.add_enabled_ui(!is_stopping, |ui| primary_ui(ui, None, "Stop and close")).inner.clicked();
                let stay = secondary_ui(ui, None, "Keep training").clicked();
                (stop, stay)
            })
            .inner
        });
        let (stop, stay) = shown.inner;
        if stop {
            studio.act(Action::Run(RunAction::Stop));
            *self = Self::Stopping { since: Instant::now() };
        } else if stay || (shown.should_close() && !is_stopping) {
            *self = Self::No;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui::{RawInput, ViewportEvent, ViewportId};

    use super::*;
    use crate::run::{Event, FinishReason, Finished, Run, Started};
    use crate::spec::Project;

    /// What the window is told when its close button is pressed.
    fn told(closing: &mut Closing, studio: &mut Studio) -> Vec<ViewportCommand> {
        let mut input = RawInput::default();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        let mut output = egui::Context::default().run_ui(input, |ui| closing.watch(ui, studio));
        let commands = output.viewport_output.remove(&ViewportId::ROOT).map(|it| it.commands);
        output.drop_without_applying_deltas();
        commands.unwrap_or_default()
    }

    fn studio(events: Vec<Event>) -> Studio {
        let mut studio = Studio::new(Arc::new(|| ()));
        studio.runs.shown = Some(Run::replay(Project::default(), events));
        studio
    }

    #[test]
    fn a_run_that_goes_on_holds_the_window_and_asks() {
        let mut closing = Closing::default();
        let commands = told(&mut closing, &mut studio(vec![Event::Started(Started::default())]));
        assert!(commands.contains(&ViewportCommand::CancelClose) && matches!(closing, Closing::Asking), "{commands:?}");
    }

    #[test]
    fn a_run_that_ended_holds_nothing() {
        let finished = Finished {
            reason: FinishReason::Stopped,
            text: String::new(),
            epochs: 1,
            best_epoch: 1,
            best_validation_loss: 0.5,
            test: std::collections::BTreeMap::new(),
            run_dir: String::new(),
            seconds: 1.0,
            samples_per_second: 1.0,
        };
        let mut closing = Closing::default();
        let commands =
            told(&mut closing, &mut studio(vec![Event::Started(Started::default()), Event::Finished(finished)]));
        assert!(!commands.contains(&ViewportCommand::CancelClose) && matches!(closing, Closing::No), "{commands:?}");
    }

    #[test]
    fn once_the_run_has_stopped_the_window_closes_by_itself() {
        let mut closing = Closing::Stopping { since: Instant::now() };
        let mut studio = Studio::new(Arc::new(|| ()));
        let commands = told(&mut closing, &mut studio);
        assert!(commands.contains(&ViewportCommand::Close) && matches!(closing, Closing::Granted), "{commands:?}");
    }
}
