//! Forking at an epoch: the menu of a chart, and its key.

use egui::{Key, Modifiers, Ui};

use super::{Curves, Scene};
use crate::ui::plot::chart::Chart;
use crate::ui::text::sentence;
use crate::ui::theme::size;

/// On a chart that has the keyboard, at the epoch that the arrow keys chose.
pub(super) const KEY: Key = Key::F;

impl Curves {
    /// Asks for a fork at the epoch that a secondary click or the keyboard chose on a chart.
    pub(super) fn fork_ui(&mut self, ui: &Ui, scene: &Scene<'_>, chart: &Chart, here: Option<u64>) {
        if scene.is_guessing {
            return;
        }
        let response = &chart.response;
        if response.secondary_clicked() {
            self.pointed = here;
        }
        let by_key = response.has_focus() && ui.input_mut(|it| it.consume_key(Modifiers::NONE, KEY));
        self.forked = self.cursor.filter(|_| by_key).or(self.forked);
        let Some(epoch) = self.pointed else { return };
        let refusal = scene.runs.fork_refusal(epoch);
        response.context_menu(|ui| {
            ui.set_min_width(size::MENU);
            let text = format!("Fork at epoch {epoch}…");
            let item = ui.add_enabled(refusal.is_none(), egui::Button::new(text).shortcut_text("F"));
            let help =
                "Another future from here: the run up to this epoch is kept, a knob is changed, and both are drawn";
            let item =
                item.on_hover_text(help).on_disabled_hover_text(sentence(refusal.as_deref().unwrap_or_default()));
            if item.clicked() {
                self.forked = Some(epoch);
                ui.close();
            }
        });
    }
}
