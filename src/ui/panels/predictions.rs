//! What the network does now: the boundary between classes, predicted against actual values, confusions, images.

mod confusion;
mod fit;
mod gallery;
mod line;
mod surface;

use std::sync::Arc;

use egui::{Ui, vec2};

use super::{Cx, Home, Panel, PanelDef};
use crate::report::predictions_csv;
use crate::run::{Phase, Run, Views};
use crate::studio::Studio;
use crate::ui::theme::space;
use crate::ui::widgets::empty_ui;

pub(super) const PREDICTIONS: PanelDef =
    PanelDef { id: "predictions", title: "Predictions", home: Home::Bottom, make: || Box::new(Predictions::default()) };

/// Beside a boundary, a confusion matrix narrower than this is left out: the picture says the same.
const LEAST_CONFUSION: f32 = 190.0;

/// Share of the width that images take beside a confusion matrix.
const GALLERY_SHARE: f32 = 0.56;

/// The pictures as they were put on the graphics card.
#[derive(Default)]
struct Predictions {
    boundary: surface::Boundary,
    pictures: gallery::Pictures,
}

impl Panel for Predictions {
    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(run) = cx.run() else {
            return empty_ui(
                ui,
                "No predictions yet",
                "Press Train (space): the boundary appears with the first epoch",
            );
        };
        match &run.views {
            Some(views) => self.views_ui(ui, run, views),
            None if cx.studio.runs.log.is_some() => empty_ui(
                ui,
                "No predictions of a log",
                "These curves were logged by another program, and its network is not here to be asked",
            ),
            None => waiting_ui(ui, run),
        }
    }

    fn has_values(&self, studio: &Studio) -> bool {
        let views = studio.runs.shown.as_ref().and_then(|it| it.views.as_ref());
        views.is_some_and(|it| it.fit.is_some() || it.confusion.is_some())
    }

    fn values(&self, studio: &Studio) -> Option<String> {
        studio.runs.shown.as_ref()?.views.as_ref().and_then(|it| predictions_csv(it))
    }
}

impl Predictions {
    fn views_ui(&mut self, ui: &mut Ui, run: &Run, views: &Arc<Views>) {
        let height = ui.available_height();
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = space::XL;
            match &views.surface {
                Some(surface) if surface.rows > 1 => self.boundary.ui(ui, run, views, surface, height),
                Some(surface) => part_ui(ui, if views.fit.is_some() { 0.55 } else { 1.0 }, height, |ui| {
                    line::line_ui(ui, run, surface, height);
                }),
                None => {}
            }
            if let Some(gallery) = &views.gallery {
                let share = if views.confusion.is_some() { GALLERY_SHARE } else { 1.0 };
                part_ui(ui, share, height, |ui| self.pictures.ui(ui, views, gallery));
            }
            if let Some(fit) = &views.fit {
                part_ui(ui, 1.0, height, |ui| fit::fit_ui(ui, fit, views.epoch, height));
            }
            if let Some(confusion) = views.confusion.as_ref().filter(|_| ui.available_width() >= LEAST_CONFUSION) {
                part_ui(ui, 1.0, height, |ui| confusion::confusion_ui(ui, confusion, views.epoch, height));
            }
        });
    }
}

/// A part of the width that is left.
fn part_ui(ui: &mut Ui, share: f32, height: f32, contents: impl FnOnce(&mut Ui)) {
    let width = ui.available_width() * share;
    ui.allocate_ui(vec2(width, height), |ui| {
        ui.set_width(width);
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.x = space::S;
            contents(ui);
        });
    });
}

fn waiting_ui(ui: &mut Ui, run: &Run) {
    match run.phase {
        Phase::Failed => {
            empty_ui(ui, "No predictions", "The run ended before its first epoch, so there is nothing to show");
        }
        Phase::Waiting | Phase::Preparing | Phase::Running | Phase::Paused | Phase::Finished => {
            empty_ui(ui, "No predictions yet", "The boundary appears with the first epoch");
        }
    }
}
