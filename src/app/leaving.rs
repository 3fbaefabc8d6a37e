//! Leaving the project, to close the window, to open another or to play the quiz: asks first where a run is going on
//! or changes are not saved, stops the run, and waits until what it reached is written.

use std::time::{Duration, Instant};

use egui::{Id, Label, Modal, Ui, ViewportCommand};

use crate::studio::{Action, ProjectAction, QuizAction, RunAction, Studio, is_project_file};
use crate::ui::Wish;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{primary_ui, secondary_ui};

/// A run that does not stop in this time is left: its events and checkpoints are on disk already.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Where leaving stands.
#[derive(Debug, Default)]
pub(super) enum Leaving {
    #[default]
    No,
    Asking(Aim),
    /// The changes are being saved; leaving goes on once they are.
    Saving(Aim),
    /// The window closes when the run has stopped.
    Stopping {
        since: Instant,
    },
    /// The next action that leaves the project is let through.
    Opening,
    /// Nothing holds the window any more.
    Granted,
}

/// What the project is left for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Aim {
    Close,
    /// Opening what this action opens.
    Open(ProjectAction),
    /// Playing the quiz, which brings the project back afterwards.
    Quiz,
}

/// What leaving would cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stake {
    /// A run is going on.
    run: bool,
    /// The setup differs from its file.
    edits: bool,
}

/// What the question was answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Save,
    /// Leaves without saving.
    Leave,
    Stay,
}

impl Aim {
    /// What an action leaves the project for; none where it does not. What is no project file is read before, and
    /// leaves nothing until it is taken in.
    fn of(action: &Action) -> Option<Self> {
        let action = match action {
            Action::Project(action) => action,
            Action::Quiz(QuizAction::Start) => return Some(Self::Quiz),
            Action::Run(_)
            | Action::Log(_)
            | Action::Hardware(_)
            | Action::Quiz(_)
            | Action::History(_)
            | Action::Export(_) => {
                return None;
            }
        };
        let leaves = match action {
            ProjectAction::Open(path) => is_project_file(path),
            ProjectAction::OpenSample(_) | ProjectAction::TakeOpened => true,
            ProjectAction::OpenAs(..)
            | ProjectAction::LeaveOpened
            | ProjectAction::Save
            | ProjectAction::SaveAs(_)
            | ProjectAction::ResetToFile
            | ProjectAction::Undo
            | ProjectAction::Redo
            | ProjectAction::ReloadData => false,
        };
        leaves.then(|| Self::Open(action.clone()))
    }

    /// Gives up leaving for it.
    fn given_up(&self) -> Option<Action> {
        match self {
            Self::Open(ProjectAction::TakeOpened) => Some(Action::Project(ProjectAction::LeaveOpened)),
            Self::Open(_) | Self::Close | Self::Quiz => None,
        }
    }
}

impl Stake {
    fn of(studio: &Studio) -> Self {
        let run = studio.runs.shown.as_ref().is_some_and(crate::run::Run::is_live);
        Self { run, edits: studio.projects.is_dirty() }
    }

    /// A log that is opened leaves the project as it is, and the quiz brings it back. A round that follows another
    /// leaves nothing but the quiz's own run.
    fn for_aim(aim: &Aim, studio: &Studio) -> Self {
        let is_log = *aim == Aim::Open(ProjectAction::TakeOpened) && studio.has_opened_log();
        let is_quiz = *aim == Aim::Quiz;
        let all = Self::of(studio);
        let run = all.run && !(is_quiz && studio.quiz.round.is_some());
        Self { run, edits: all.edits && !is_log && !is_quiz }
    }

    fn is_any(self) -> bool {
        self.run || self.edits
    }
}

impl Leaving {
    pub(super) fn is_asking(&self) -> bool {
        matches!(self, Self::Asking(_) | Self::Stopping { .. })
    }

    /// Whether nothing is being left.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self, Self::No)
    }

    /// Whether `action` opens another project, or the quiz, over something that would be lost. Then it is asked
    /// about, and done once the answer allows it.
    pub(super) fn holds(&mut self, action: &Action, studio: &Studio) -> bool {
        let Some(aim) = Aim::of(action) else { return false };
        if matches!(self, Self::Opening) {
            *self = Self::No;
            return false;
        }
        let is_held = Stake::for_aim(&aim, studio).is_any();
        if is_held && self.is_idle() {
            *self = Self::Asking(aim);
        }
        is_held
    }

    /// Holds the window open where something would be lost, and goes on where nothing would any more.
    /// `is_choosing_file`: whether a place to save to is still being asked for.
    pub(super) fn watch(&mut self, ctx: &egui::Context, studio: &mut Studio, is_choosing_file: bool) {
        if studio.quiz.round.is_some() && ctx.input(|input| input.viewport().close_requested()) {
            studio.act(Action::Quiz(QuizAction::End));
        }
        let stake = Stake::of(studio);
        let is_busy = stake.is_any() || studio.runs.is_retiring();
        if ctx.input(|input| input.viewport().close_requested()) && is_busy && !matches!(self, Self::Granted) {
            ctx.send_viewport_cmd(ViewportCommand::CancelClose);
            if matches!(self, Self::No) {
                // Earlier runs that are still writing need no answer, only a moment.
                *self =
                    if stake.is_any() { Self::Asking(Aim::Close) } else { Self::Stopping { since: Instant::now() } };
            }
        }
        if let Self::Saving(aim) = self
            && !is_choosing_file
        {
            let aim = aim.clone();
            // Still not saved: it was given up, or the disk refused and a notice says why.
            *self = Self::No;
            if !stake.edits {
                let action = self.leave(aim);
                // Nothing stands between this action and the studio.
                if matches!(self, Self::Opening) {
                    *self = Self::No;
                }
                studio.act(action);
            } else if let Some(action) = aim.given_up() {
                studio.act(action);
            }
        }
        if let Self::Stopping { since } = self {
            let is_patient = (stake.run || studio.runs.is_retiring()) && since.elapsed() < LONGEST_WAIT;
            if is_patient {
                ctx.request_repaint_after(Duration::from_millis(100));
            } else {
                *self = Self::Granted;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
        }
    }

    /// The question. What it is answered with is done behind the frame, as everything else.
    pub(super) fn ui(&mut self, ui: &Ui, studio: &Studio, actions: &mut Vec<Action>, wishes: &mut Vec<Wish>) {
        match self {
            Self::No | Self::Saving(_) | Self::Opening | Self::Granted => {}
            Self::Stopping { .. } => {
                if stopping_ui(ui) {
                    *self = Self::No;
                }
            }
            Self::Asking(aim) => match question_ui(ui, aim, Stake::for_aim(aim, studio)) {
                Some(Answer::Save) => {
                    wishes.push(Wish::Save);
                    *self = Self::Saving(aim.clone());
                }
                Some(Answer::Leave) => {
                    let aim = aim.clone();
                    actions.push(self.leave(aim));
                    ui.request_repaint();
                }
                Some(Answer::Stay) => {
                    actions.extend(aim.given_up());
                    *self = Self::No;
                }
                None => {}
            },
        }
    }

    /// What is to be done, now that nothing is in the way.
    fn leave(&mut self, aim: Aim) -> Action {
        match aim {
            Aim::Close => {
                *self = Self::Stopping { since: Instant::now() };
                Action::Run(RunAction::Leave)
            }
            // Where it cannot be opened the project stays, and so does its run.
            Aim::Open(action) => {
                *self = Self::Opening;
                Action::Project(action)
            }
            Aim::Quiz => {
                *self = Self::Opening;
                Action::Quiz(QuizAction::Start)
            }
        }
    }
}

/// Asks what to do about what would be lost; none while there is no answer.
fn question_ui(ui: &Ui, aim: &Aim, stake: Stake) -> Option<Answer> {
    let theme = Theme::of(ui);
    let modal = Modal::new(Id::unique("leaving")).backdrop_color(theme.shade).frame(super::dialogs::frame(theme));
    let shown = modal.show(ui, |ui| {
        ui.set_width(size::DIALOG);
        ui.label(theme.heading(title(stake)));
        ui.add_space(space::S);
        ui.add(Label::new(theme.paragraph(words(aim, stake))).wrap());
        ui.add_space(space::L);
        ui.horizontal_wrapped(|ui| buttons_ui(ui, aim, stake)).inner
    });
    shown.inner.or_else(|| shown.should_close().then_some(Answer::Stay))
}

fn buttons_ui(ui: &mut Ui, aim: &Aim, stake: Stake) -> Option<Answer> {
    let goal = match aim {
        Aim::Close => "close",
        Aim::Open(_) => "open",
        Aim::Quiz => "start the quiz",
    };
    let mut answer = None;
    if stake.edits {
        let save = if stake.run { format!("Stop, save and {goal}") } else { format!("Save and {goal}") };
        let discard = if stake.run { "Stop and discard" } else { "Discard changes" };
        if primary_ui(ui, None, &save).clicked() {
            answer = Some(Answer::Save);
        }
        if secondary_ui(ui, None, discard).clicked() {
            answer = Some(Answer::Leave);
        }
    } else if primary_ui(ui, None, &format!("Stop and {goal}")).clicked() {
        answer = Some(Answer::Leave);
    }
    if secondary_ui(ui, None, if stake.run { "Keep training" } else { "Cancel" }).clicked() {
        answer = Some(Answer::Stay);
    }
    answer
}

fn title(stake: Stake) -> &'static str {
    match (stake.run, stake.edits) {
        (true, true) => "A run is going on, and the setup is not saved",
        (true, false) => "A run is going on",
        (false, _) => "The setup is not saved",
    }
}

fn words(aim: &Aim, stake: Stake) -> String {
    let mut words = Vec::new();
    if stake.run {
        words.push(match aim {
            Aim::Close => "It is written down as it stands, and can be continued when the window is opened again.",
            Aim::Open(_) | Aim::Quiz => {
                "What the run has told so far is written already, and the weights of its best epoch are kept."
            }
        });
    }
    if stake.edits {
        words.push("Choices were changed since the project was saved or opened; they are lost unless you save them.");
    }
    words.join(" ")
}

/// While the run is being stopped. Returns whether the window shall stay all the same.
fn stopping_ui(ui: &Ui) -> bool {
    let theme = Theme::of(ui);
    let modal = Modal::new(Id::unique("stopping")).backdrop_color(theme.shade).frame(super::dialogs::frame(theme));
    let shown = modal.show(ui, |ui| {
        ui.set_width(size::DIALOG);
        ui.label(theme.heading("Closing"));
        ui.add_space(space::S);
        let text = "The run ends behind its current step and writes what it reached…";
        ui.add(Label::new(theme.paragraph(text)).wrap());
        ui.add_space(space::L);
        secondary_ui(ui, None, "Keep the window open").clicked()
    });
    shown.inner
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui::{RawInput, ViewportEvent, ViewportId};

    use super::*;
    use crate::run::{Event, FinishReason, Finished, Run, Started};
    use crate::spec::Project;

    /// What the window is told when its close button is pressed.
    fn told(leaving: &mut Leaving, studio: &mut Studio) -> Vec<ViewportCommand> {
        let mut input = RawInput::default();
        input.viewports.entry(ViewportId::ROOT).or_default().events.push(ViewportEvent::Close);
        let mut output = egui::Context::default().run_ui(input, |ui| leaving.watch(ui, studio, false));
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
        let mut leaving = Leaving::default();
        let commands = told(&mut leaving, &mut studio(vec![Event::Started(Started::default())]));
        assert!(
            commands.contains(&ViewportCommand::CancelClose) && matches!(leaving, Leaving::Asking(Aim::Close)),
            "{commands:?}"
        );
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
        let mut leaving = Leaving::default();
        let commands =
            told(&mut leaving, &mut studio(vec![Event::Started(Started::default()), Event::Finished(finished)]));
        assert!(!commands.contains(&ViewportCommand::CancelClose) && matches!(leaving, Leaving::No), "{commands:?}");
    }

    #[test]
    fn opening_another_project_over_a_changed_one_is_held_back() {
        let open = Action::Project(ProjectAction::OpenSample("welcome".to_owned()));
        let mut studio = Studio::new(Arc::new(|| ()));
        let mut leaving = Leaving::default();
        assert!(!leaving.holds(&open, &studio), "nothing would be lost");
        studio.projects.draft.learning_rate *= 2.0;
        assert!(!leaving.holds(&Action::Project(ProjectAction::Undo), &studio));
        assert!(leaving.holds(&open, &studio) && matches!(leaving, Leaving::Asking(Aim::Open(_))), "{leaving:?}");
    }

    #[test]
    fn the_quiz_asks_about_a_run_but_not_about_changes_nor_about_its_own_run() {
        let start = Action::Quiz(QuizAction::Start);
        let mut studio = studio(vec![Event::Started(Started::default())]);
        studio.projects.draft.learning_rate *= 2.0;
        let mut leaving = Leaving::default();
        assert!(leaving.holds(&start, &studio) && matches!(leaving, Leaving::Asking(Aim::Quiz)), "{leaving:?}");
        assert_eq!(Stake::for_aim(&Aim::Quiz, &studio), Stake { run: true, edits: false }, "changes come back");
        assert_eq!(leaving.leave(Aim::Quiz), start);
        assert!(!leaving.holds(&start, &studio) && leaving.is_idle(), "the answer lets it through");
        studio.act(start.clone());
        studio.runs.shown = Some(Run::replay(Project::default(), vec![Event::Started(Started::default())]));
        assert!(!leaving.holds(&start, &studio), "a further round cuts nothing short");
    }

    #[test]
    fn saving_that_was_given_up_leaves_nothing() {
        let mut leaving = Leaving::Saving(Aim::Close);
        let mut studio = Studio::new(Arc::new(|| ()));
        studio.projects.draft.learning_rate *= 2.0;
        let commands = told(&mut leaving, &mut studio);
        assert!(!commands.contains(&ViewportCommand::Close) && matches!(leaving, Leaving::No), "{commands:?}");
    }

    #[test]
    fn once_the_run_has_stopped_the_window_closes_by_itself() {
        let mut leaving = Leaving::Stopping { since: Instant::now() };
        let mut studio = Studio::new(Arc::new(|| ()));
        let commands = told(&mut leaving, &mut studio);
        assert!(commands.contains(&ViewportCommand::Close) && matches!(leaving, Leaving::Granted), "{commands:?}");
    }
}
