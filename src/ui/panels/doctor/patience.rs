//! The countdown to early stopping.

use egui::Ui;
use strum::EnumMessage as _;

use super::card::plain_ui;
use crate::run::Run;
use crate::spec::{Patience, StoppingSpec, number_text};
use crate::studio::{Action, RunAction};
use crate::ui::Cx;
use crate::ui::meaning::{self, HoverMeaning as _};
use crate::ui::plot::watch::Watch;
use crate::ui::text::counted;
use crate::ui::theme::{Theme, space};
use crate::ui::widgets::secondary_ui;

/// A card once a third of the patience is used up; before, an epoch without improvement is nothing to speak of.
const SPOKEN_OF_FROM: u64 = 3;

/// Where early stopping stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Countdown {
    best_epoch: u64,
    waited: u64,
    patience: u64,
}

pub(super) fn countdown_ui(ui: &mut Ui, cx: &mut Cx<'_>, run: &Run, watch: &Watch) {
    let StoppingSpec::Patience(rule) = &run.project.stopping else {
        return;
    };
    let Some(countdown) = countdown(run, watch).filter(|it| it.waited * SPOKEN_OF_FROM >= it.patience) else {
        return;
    };
    let theme = Theme::of(ui);
    let left = countdown.patience.saturating_sub(countdown.waited);
    let title = if left == 0 {
        "Early stopping now".to_owned()
    } else {
        format!("Early stopping in {}", counted(left, "epoch"))
    };
    let corner = format!("{} of {}", countdown.waited, countdown.patience);
    let card = plain_ui(ui, theme.warning, &title, &corner, &text(rule, countdown), |ui| {
        ui.add_space(space::XS);
        let longer = countdown.patience * 2;
        let button = secondary_ui(ui, None, &format!("Wait {longer} epochs"));
        if button.on_hover_text(format!("Sets patience to {longer} in this run and in the project")).clicked() {
            cx.ask(Action::Run(RunAction::Set { key: "stopping.patience".to_owned(), value: longer.to_string() }));
        }
    });
    card.on_hover_meaning(ui, || meaning::countdown(countdown.waited, countdown.patience));
}

fn countdown(run: &Run, watch: &Watch) -> Option<Countdown> {
    let window = watch.window(run)?;
    let patience = window.to.checked_sub(window.from)?;
    Some(Countdown { best_epoch: window.from, waited: run.epoch().checked_sub(window.from)?.min(patience), patience })
}

fn text(rule: &Patience, countdown: Countdown) -> String {
    let watched = rule.monitor.get_message().unwrap_or_default();
    let watched =
        watched.strip_prefix("Validation ").map_or_else(|| watched.to_lowercase(), |it| format!("validation {it}"));
    let by =
        if rule.min_delta > 0.0 { format!(" by more than {}", number_text(rule.min_delta)) } else { String::new() };
    let kept = if rule.restore_best {
        format!("The weights of epoch {} will be kept.", countdown.best_epoch)
    } else {
        "The last weights will be kept.".to_owned()
    };
    format!("No better {watched} for {}{by}. {kept}", counted(countdown.waited, "epoch"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::{EpochRow, Event};
    use crate::spec::Project;

    fn counted_down(losses: &[f64], settings: &[&str]) -> Option<Countdown> {
        let mut project = Project::default();
        for setting in settings {
            project.set(setting).unwrap();
        }
        let rows = (1..)
            .zip(losses)
            .map(|(epoch, loss)| Event::Epoch(EpochRow { epoch, validation_loss: *loss, ..EpochRow::default() }));
        let run = Run::replay(project, rows);
        let mut watch = Watch::default();
        watch.follow(&run);
        countdown(&run, &watch)
    }

    #[test]
    fn the_countdown_counts_epochs_without_improvement() {
        let settings = ["stopping.patience=5", "stopping.min_delta=0.01"];
        let found = counted_down(&[1.0, 0.5, 0.495, 0.6, 0.7], &settings);
        assert_eq!(found, Some(Countdown { best_epoch: 2, waited: 3, patience: 5 }));
        assert_eq!(counted_down(&[1.0, 0.5], &settings), None, "it has just improved");
        assert_eq!(counted_down(&[1.0, 2.0], &["stopping=off"]), None);
    }

    #[test]
    fn the_words_name_what_is_watched_and_kept() {
        let rule = Patience { min_delta: 1e-4, ..Patience::default() };
        let said = text(&rule, Countdown { best_epoch: 9, waited: 53, patience: 55 });
        assert_eq!(
            said,
            "No better validation loss for 53 epochs by more than 0.0001. The weights of epoch 9 will be kept."
        );
    }
}
