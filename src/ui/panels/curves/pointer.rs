//! What the pointer, or the arrow keys in its place, find on a chart; and what is lit on it.

use egui::Ui;

use super::{Curves, Scene, words};
use crate::ui::plot::chart::{Chart, Look};
use crate::ui::plot::line::Pen;
use crate::ui::plot::scene::{along_epochs, measures_during};
use crate::ui::plot::{hover, marking};
use crate::ui::theme::Theme;

impl Curves {
    /// The span of the finding whose card is pointed at, told to screen readers as well.
    pub(super) fn lit_ui(&self, ui: &Ui, scene: &Scene<'_>, chart: &Chart) {
        let Some(finding) = scene.lit else { return };
        marking::paint_lit(ui, chart, finding, along_epochs(scene.run, self.unit, false));
        ui.ctx().accesskit_node_builder(chart.response.id, |node| node.set_value(words::lit(finding)));
    }

    /// The line through all charts at the epoch under the pointer, or the one that the arrow keys chose.
    /// Returns the epoch where it was chosen on this chart.
    pub(super) fn crosshair_ui(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        chart: &Chart,
        curves: &str,
        hovered: Option<u64>,
    ) -> Option<u64> {
        let run = scene.run;
        let along = along_epochs(run, self.unit, false);
        self.cursor = hover::moved_by_keys(ui, &chart.response, run, self.cursor);
        let by_keys = self.cursor.filter(|_| chart.response.has_focus());
        if let Some(epoch) = by_keys {
            ui.ctx().accesskit_node_builder(chart.response.id, |node| node.set_value(hover::words(run, epoch)));
        }
        let here = chart.hovered_x().and_then(|x| hover::nearest_epoch(run, along, x)).or(by_keys);
        self.hovered = here.or(self.hovered);
        let epoch = here.or(hovered)?;
        hover::paint_line(ui, chart, along.to_chart(epoch as f64));
        let train = along_epochs(run, self.unit, measures_during(run));
        for (split, along, pen) in
            [("train", train, Pen::train(Theme::of(ui))), ("validation", along, Pen::validation(Theme::of(ui)))]
        {
            let copy = if epoch > run.epoch() { "after_" } else { "" };
            let point = run.history.curve(&format!("{copy}{split}_{curves}")).and_then(|it| it.at(epoch as f64));
            if let Some(point) = point.filter(|it| it.y.is_finite()) {
                hover::paint_dot(ui, chart, along.to_chart(epoch as f64), point.y, pen);
            }
        }
        here
    }

    /// The values at the epoch that was chosen on this chart, and moving about in it.
    pub(super) fn pointer_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        chart: &Chart,
        which: usize,
        here: Option<u64>,
    ) {
        self.fork_ui(ui, scene, chart, here);
        let has_menu = chart.response.context_menu_opened();
        if let Some(epoch) = here.filter(|_| !chart.response.dragged() && !has_menu) {
            let along = along_epochs(scene.run, self.unit, false);
            let by_keys = egui::pos2(chart.x(along.to_chart(epoch as f64)), chart.frame().top());
            let anchor = if chart.response.hovered() { egui::PopupAnchor::Pointer } else { by_keys.into() };
            let tooltip = egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), chart.response.id, anchor);
            tooltip.gap(16.0).show(|ui| hover::readout_ui(ui, scene.run, &scene.ghosts, epoch, scene.is_guessing));
        }
        let y_is_zoomed = self.y.get(which).is_some_and(Option::is_some);
        match chart.look(ui, y_is_zoomed) {
            Some(Look::Fit) => (self.x, self.y) = (None, [None; 2]),
            Some(Look::At { x, y }) if x.1 - x.0 > 1e-6 => {
                self.x = Some(x);
                if let (Some(slot), Some(y)) = (self.y.get_mut(which), y) {
                    *slot = Some(y);
                }
            }
            Some(Look::At { .. }) | None => return,
        }
        ui.ctx().request_repaint();
    }
}
