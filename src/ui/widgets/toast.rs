//! Notices that appear at the bottom of the window: news leaves by itself, trouble stays until it is read.
//!
//! Our own, since a notice must be found by a screen reader, wrap its text, and not repaint while it waits.

use std::time::Duration;

use egui::{Align2, Area, Context, Id, Label, Order, vec2};
use egui_material_icons::icons::ICON_CLOSE;

use super::button::icon_button_ui;
use super::card::card_ui;
use crate::ui::theme::{Theme, size, space};

/// How long news stays, in seconds.
const NEWS_SECONDS: f64 = 6.0;
/// More would cover the window; the oldest leave.
const MOST: usize = 4;

/// Notices now shown, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
}

#[derive(Debug)]
struct Toast {
    text: String,
    is_error: bool,
    /// When it leaves, on egui's clock; none before it was first drawn and for trouble.
    leaves: Option<f64>,
}

impl Toasts {
    /// Shows one more; the same text twice is shown once.
    pub fn add(&mut self, text: impl Into<String>, is_error: bool) {
        let text = text.into();
        self.shown.retain(|it| it.text != text);
        self.shown.push(Toast { text, is_error, leaves: None });
        let surplus = self.shown.len().saturating_sub(MOST);
        self.shown.drain(..surplus);
    }

    /// Takes the newest away. False where there was none.
    pub fn dismiss(&mut self) -> bool {
        self.shown.pop().is_some()
    }

    /// Draws them over everything else.
    pub fn ui(&mut self, ctx: &Context) {
        let now = ctx.input(|input| input.time);
        self.shown.retain(|it| it.leaves.is_none_or(|leaves| leaves > now));
        let mut dismissed = None;
        let mut above = space::L;
        for (idx, toast) in self.shown.iter_mut().enumerate().rev() {
            if !toast.is_error {
                let leaves = *toast.leaves.get_or_insert(now + NEWS_SECONDS);
                ctx.request_repaint_after(Duration::try_from_secs_f64(leaves - now).unwrap_or_default());
            }
            let area = Area::new(Id::unique(("toast", idx)))
                .order(Order::Foreground)
                .anchor(Align2::RIGHT_BOTTOM, vec2(-space::L, -above));
            let shown = area.show(ctx, |ui| toast_ui(ui, toast));
            if shown.inner {
                dismissed = Some(idx);
            }
            above += shown.response.rect.height() + space::S;
        }
        if let Some(idx) = dismissed {
            self.shown.remove(idx);
        }
    }
}

/// Returns whether it was dismissed.
fn toast_ui(ui: &mut egui::Ui, toast: &Toast) -> bool {
    let theme = Theme::of(ui);
    ui.set_width(size::DIALOG);
    let edge = if toast.is_error { theme.critical } else { theme.good };
    let card = card_ui(ui, Some(edge), |ui| {
        ui.horizontal(|ui| {
            let text = Label::new(theme.body(&toast.text).line_height(Some(size::LINE))).wrap();
            let width = ui.available_width() - size::BUTTON - ui.spacing().item_spacing.x;
            ui.allocate_ui(vec2(width, size::LINE), |ui| {
                ui.set_width(width);
                ui.add(text);
            });
            icon_button_ui(ui, ICON_CLOSE, "Dismiss", "Take this notice away").clicked()
        })
        .inner
    });
    card.inner
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leave_and_none_is_said_twice() {
        let mut toasts = Toasts::default();
        for text in ["a", "b", "a", "c", "d", "e"] {
            toasts.add(text, true);
        }
        let texts: Vec<_> = toasts.shown.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["a", "c", "d", "e"]);
    }
}
