//! Keys: one list that the window obeys and that help shows.

use egui::{Key, KeyboardShortcut, Modifiers};

use crate::run::Phase;
use crate::studio::{Action, ProjectAction, RunAction, Studio};
use crate::ui::{Export, Wish};

/// A key and what it does.
pub(super) struct Shortcut {
    pub(super) keys: KeyboardShortcut,
    pub(super) help: &'static str,
    does: Does,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    TrainOrPause,
    Step,
    Undo,
    Redo,
    Window(Wish),
}

const fn key(modifiers: Modifiers, key: Key, help: &'static str, does: Does) -> Shortcut {
    Shortcut { keys: KeyboardShortcut::new(modifiers, key), help, does }
}

const COMMAND_SHIFT: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };

/// Every shortcut, in the order in which help shows them; those with more modifiers before those with fewer of the same key.
pub(super) const SHORTCUTS: &[Shortcut] = &[
    key(Modifiers::NONE, Key::Space, "Train, pause, resume", Does::TrainOrPause),
    key(Modifiers::NONE, Key::S, "Make one step and pause", Does::Step),
    key(Modifiers::COMMAND, Key::O, "Open a project, data or a log", Does::Window(Wish::OpenFile)),
    key(COMMAND_SHIFT, Key::S, "Save the project under another name", Does::Window(Wish::SaveAs)),
    key(Modifiers::COMMAND, Key::S, "Save the project", Does::Window(Wish::Save)),
    key(Modifiers::COMMAND, Key::E, "Save the report of the run", Does::Window(Wish::Export(Export::Report))),
    key(COMMAND_SHIFT, Key::Z, "Make the change again", Does::Redo),
    key(Modifiers::COMMAND, Key::Z, "Take the last change back", Does::Undo),
    key(Modifiers::NONE, Key::P, "Presenter size, for an audience", Does::Window(Wish::TogglePresenter)),
    key(Modifiers::NONE, Key::T, "Light or dark theme", Does::Window(Wish::ToggleTheme)),
    key(Modifiers::NONE, Key::F1, "Help", Does::Window(Wish::ToggleHelp)),
    key(Modifiers::NONE, Key::Questionmark, "Help", Does::Window(Wish::ToggleHelp)),
    key(Modifiers::NONE, Key::Escape, "Close what is on top, dismiss a notice", Does::Window(Wish::Dismiss)),
];

/// Reads the keys of this frame. A dialog on top takes them all but help's own.
pub(super) fn read(
    ctx: &egui::Context,
    studio: &Studio,
    is_blocked: bool,
    actions: &mut Vec<Action>,
    wishes: &mut Vec<Wish>,
) {
    let is_typing = ctx.text_edit_focused();
    let has_focus = ctx.memory(|memory| memory.focused().is_some());
    for shortcut in SHORTCUTS {
        let is_plain = shortcut.keys.modifiers == Modifiers::NONE;
        // A letter belongs to the field it is typed into, what takes it back too, and space to the button that has the
        // keyboard.
        let is_for_text = is_plain || matches!(shortcut.does, Does::Undo | Does::Redo);
        let is_for_button = shortcut.does == Does::TrainOrPause && has_focus;
        let belongs_elsewhere = is_typing && is_for_text || is_for_button;
        let is_help = shortcut.does == Does::Window(Wish::ToggleHelp);
        if belongs_elsewhere || (is_blocked && !is_help) || !is_pressed(ctx, shortcut) {
            continue;
        }
        match shortcut.does {
            Does::TrainOrPause | Does::Step | Does::Undo | Does::Redo if studio.quiz.is_guessing() => {}
            Does::Window(Wish::Save | Wish::SaveAs) if studio.quiz.round.is_some() => {}
            Does::Window(Wish::Export(_)) if studio.quiz.is_guessing() || studio.runs.shown.is_none() => {}
            Does::TrainOrPause => actions.extend(train_or_pause(studio)),
            Does::Step => actions.extend(may_step(studio).then_some(Action::Run(RunAction::Step))),
            Does::Undo => actions.push(Action::Project(ProjectAction::Undo)),
            Does::Redo => actions.push(Action::Project(ProjectAction::Redo)),
            Does::Window(wish) => wishes.push(wish),
        }
    }
}

/// The question mark needs shift on most keyboards, and none on some.
fn is_pressed(ctx: &egui::Context, shortcut: &Shortcut) -> bool {
    ctx.input_mut(|input| match shortcut.keys.logical_key {
        Key::Questionmark => input.key_pressed(Key::Questionmark),
        // A plain letter is not meant when ctrl is held with it.
        key if shortcut.keys.modifiers == Modifiers::NONE => input.modifiers.is_none() && input.key_pressed(key),
        _ => input.consume_shortcut(&shortcut.keys),
    })
}

fn train_or_pause(studio: &Studio) -> Option<Action> {
    let is_planned = studio.runs.planned.is_some();
    let live = studio.runs.shown.as_ref().filter(|it| it.is_live() && !is_planned).map(|it| it.phase);
    Some(Action::Run(match live {
        Some(Phase::Paused) => RunAction::Resume,
        Some(_) => RunAction::Pause,
        None if studio.problems().is_empty() => RunAction::Train,
        None => return None,
    }))
}

fn may_step(studio: &Studio) -> bool {
    studio.runs.shown.as_ref().is_some_and(crate::run::Run::is_live) || studio.problems().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_shortcuts_clash() {
        for (idx, one) in SHORTCUTS.iter().enumerate() {
            assert!(SHORTCUTS[..idx].iter().all(|it| it.keys != one.keys), "{:?}", one.keys);
        }
    }

    #[test]
    fn more_modifiers_come_before_fewer_of_the_same_key() {
        // `consume_shortcut` ignores an extra shift, so the longer one must have its turn first.
        let place = |keys: KeyboardShortcut| SHORTCUTS.iter().position(|it| it.keys == keys);
        for key in [Key::S, Key::Z] {
            assert!(
                place(KeyboardShortcut::new(COMMAND_SHIFT, key))
                    < place(KeyboardShortcut::new(Modifiers::COMMAND, key)),
                "{key:?}"
            );
        }
    }
}
