//! Notices that appear at the bottom of the window: news leaves by itself, trouble stays until it is read.
//!
//! Our own, since a notice must be found by a screen reader, wrap its text, and not repaint while it waits.

use std::time::Duration;

use egui::{Align2, Area, Context, Id, Label, Order, vec2};
use egui_material_icons::icons::ICON_CLOSE;

use super::button::{icon_button_ui, secondary_ui};
use super::card::card_ui;
use crate::studio::{Action, Notice};
use crate::ui::theme::{Theme, size, space};

/// How long news stays, in seconds; longer where it offers something that one has to think about.
const NEWS_SECONDS: f64 = 6.0;
const OFFER_SECONDS: f64 = 30.0;
/// More would cover the window; the oldest leave.
const MOST: usize = 4;

/// What was pressed on a notice.
enum Pressed {
    Dismiss,
    Offer,
}

/// Notices now shown, oldest first.
#[derive(Debug, Default)]
pub struct Toasts {
    shown: Vec<Toast>,
}

#[derive(Debug)]
struct Toast {
    notice: Notice,
    /// When it leaves, on egui's clock; none before it was first drawn and for trouble.
    leaves: Option<f64>,
}

impl Toasts {
    /// Shows one more; the same text twice is shown once.
    pub fn add(&mut self, notice: Notice) {
        self.shown.retain(|it| it.notice.text != notice.text);
        self.shown.push(Toast { notice, leaves: None });
        let surplus = self.shown.len().saturating_sub(MOST);
        self.shown.drain(..surplus);
    }

    /// Takes the newest away. False where there was none.
    pub fn dismiss(&mut self) -> bool {
        self.shown.pop().is_some()
    }

    /// Draws them over everything else. Returns what one of them offered, where that was accepted.
    pub fn ui(&mut self, ctx: &Context) -> Option<Action> {
        let now = ctx.input(|input| input.time);
        self.shown.retain(|it| it.leaves.is_none_or(|leaves| leaves > now));
        let mut pressed = None;
        let mut above = space::L;
        for (idx, toast) in self.shown.iter_mut().enumerate().rev() {
            if !toast.notice.is_error {
                let seconds = if toast.notice.offer.is_some() { OFFER_SECONDS } else { NEWS_SECONDS };
                let leaves = *toast.leaves.get_or_insert(now + seconds);
                ctx.request_repaint_after(Duration::try_from_secs_f64(leaves - now).unwrap_or_default());
            }
            let area = Area::new(Id::unique(("toast", idx)))
                .order(Order::Foreground)
                .anchor(Align2::RIGHT_BOTTOM, vec2(-space::L, -above));
            let shown = area.show(ctx, |ui| toast_ui(ui, &toast.notice));
            pressed = shown.inner.map(|it| (idx, it)).or(pressed);
            above += shown.response.rect.height() + space::S;
        }
        let (idx, pressed) = pressed?;
        let toast = self.shown.remove(idx);
        match pressed {
            Pressed::Dismiss => None,
            Pressed::Offer => toast.notice.offer.map(|it| it.action),
        }
    }
}

fn toast_ui(ui: &mut egui::Ui, notice: &Notice) -> Option<Pressed> {
    let theme = Theme::of(ui);
    ui.set_width(size::DIALOG);
    let edge = if notice.is_error { theme.critical } else { theme.good };
    let card = card_ui(ui, Some(edge), |ui| {
        let is_dismissed = ui
            .horizontal(|ui| {
                let text = Label::new(theme.body(&notice.text).line_height(Some(size::LINE))).wrap();
                let width = ui.available_width() - size::BUTTON - ui.spacing().item_spacing.x;
                ui.allocate_ui(vec2(width, size::LINE), |ui| {
                    ui.set_width(width);
                    ui.add(text);
                });
                icon_button_ui(ui, ICON_CLOSE, "Dismiss", "Take this notice away").clicked()
            })
            .inner;
        let is_accepted = notice.offer.as_ref().is_some_and(|it| secondary_ui(ui, None, &it.label).clicked());
        match (is_accepted, is_dismissed) {
            (true, _) => Some(Pressed::Offer),
            (false, true) => Some(Pressed::Dismiss),
            (false, false) => None,
        }
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
            toasts.add(Notice::error(text));
        }
        let texts: Vec<_> = toasts.shown.iter().map(|it| it.notice.text.as_str()).collect();
        assert_eq!(texts, ["a", "c", "d", "e"]);
    }
}
