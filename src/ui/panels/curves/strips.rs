//! The strips below the charts: learning rate and gradient norm.

use egui::Ui;

use super::{Curves, Scene, words};
use crate::ui::plot::chart::Ground;
use crate::ui::plot::line::Pen;
use crate::ui::plot::marks::{Kind, Mark};
use crate::ui::plot::scene::{self, Layer, Margins, Role, along_epochs, along_steps};
use crate::ui::plot::{Marks, marking};
use crate::ui::theme::Theme;

/// Height of a strip.
pub(super) const STRIP: f32 = 62.0;

/// Their curve by step, the one by epoch where steps were not told, and their name.
pub(super) const STRIPS: [([&str; 2], &str); 2] = [
    (["step_learning_rate", "learning_rate"], "Learning rate"),
    (["step_gradient_norm", "gradient_norm"], "Gradient norm"),
];

impl Curves {
    /// A strip of one curve by step, or by epoch where steps were not told.
    pub(super) fn strip_ui(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        names: [&str; 2],
        title: &str,
        hovered: Option<u64>,
    ) {
        let run = scene.run;
        let theme = Theme::of(ui);
        let by_step = scene::series_of(run, names[0]).is_some();
        let (name, along) = if by_step {
            (names[0], along_steps(run, self.unit))
        } else {
            (names[1], along_epochs(run, self.unit, false))
        };
        let pen = Pen { width: 1.5, ..Pen::train(theme) };
        let layers: Vec<Layer<'_>> = [
            scene::raw(run, &self.traces, name, along, pen).map(|it| Layer { pen: pen.fainter(1.0), ..it }),
            scene::line(run, &self.traces, name, along, pen, Role::Line),
        ]
        .into_iter()
        .flatten()
        .collect();
        let is_log = scene::spans_decades(&layers, scene.x);
        let ground = Ground {
            id: ui.scope_id().with(title),
            summary: words::strip_summary(run, names[1], title),
            height: STRIP,
            x: scene.x,
            y: scene::fit_y(&layers, scene.x, is_log, None, STRIP - 20.0, Margins { top: 6.0, bottom: 6.0 }),
            x_marks: Marks::Count,
            y_marks: if is_log { Marks::Log } else { Marks::Number },
            y_title: "",
            has_x_axis: false,
        };
        let chart = ground.ui(ui);
        let (skyline, _) = scene::paint(&chart, &layers);
        self.lit_ui(ui, scene, &chart);
        marking::name_ui(ui, &chart, chart.frame(), title, &[], &skyline);
        let turned: Vec<Mark> = scene.marks.iter().filter(|it| it.kind == Kind::Turned).cloned().collect();
        marking::paint_front(ui, &chart, &turned, along_epochs(run, self.unit, false), None);
        let here = self.crosshair_ui(ui, scene, &chart, "", hovered);
        self.pointer_ui(ui, scene, &chart, 2, here);
    }
}
