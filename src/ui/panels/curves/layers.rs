//! What is drawn on loss and metric: earlier runs, bands of seeds, single steps, epochs, and the copy that trained on.

use super::{Curves, Scene, words};
use crate::run::Run;
use crate::ui::plot::band::Band;
use crate::ui::plot::line::Pen;
use crate::ui::plot::scene::{self, Layer, Role, Unit, along_epochs, along_steps, measures_during};
use crate::ui::theme::Theme;

/// How much of an earlier run's band is seen.
const EARLIER_BAND: f32 = 0.55;

impl Curves {
    /// Loss of earlier runs, of single steps and of epochs, raw and smoothed.
    pub(super) fn loss_layers<'a>(&'a self, theme: &Theme, scene: &Scene<'a>) -> Vec<Layer<'a>> {
        let run = scene.run;
        let mut layers = Vec::new();
        let steps = along_steps(run, self.unit);
        let strength = if self.unit == Unit::Steps { 1.0 } else { words::strength_of_steps(run.epoch()) };
        let by_step = scene::raw(run, &self.traces, "step_loss", steps, Pen::train(theme)).filter(|_| strength > 0.0);
        layers.extend(by_step.map(|it| Layer { role: Role::Guest, pen: Pen::train(theme).fainter(strength), ..it }));
        layers.extend(self.pair_layers(theme, scene, "loss"));
        layers.extend(self.copy_layers(theme, run));
        // Before the first epoch ends, and where x counts steps, the train line is that of the steps.
        if run.history.epochs.is_empty() || (self.unit == Unit::Steps && self.smoothing > 0.0) {
            let line = scene::line(run, &self.traces, "step_loss", steps, Pen::train(theme), Role::Line);
            if line.is_some() {
                layers.retain(|it| it.pen != Pen::train(theme));
            }
            layers.extend(line);
        }
        layers
    }

    /// How a copy went on after the end, from there on.
    fn copy_layers<'a>(&'a self, theme: &Theme, run: &'a Run) -> Vec<Layer<'a>> {
        let pairs = [
            ("after_train_loss", along_epochs(run, self.unit, measures_during(run)), Pen::train(theme).copied()),
            ("after_validation_loss", along_epochs(run, self.unit, false), Pen::validation(theme).copied()),
        ];
        let raw = pairs.iter().filter_map(|(name, along, pen)| scene::raw(run, &self.traces, name, *along, *pen));
        let line = pairs
            .iter()
            .filter_map(|(name, along, pen)| scene::line(run, &self.traces, name, *along, *pen, Role::Line));
        raw.chain(line).map(|it| Layer { from: Some(run.epoch() as f64), ..it }).collect()
    }

    /// What the seeds span of the shown run, and fainter of earlier ones.
    pub(super) fn bands(&self, theme: &Theme, scene: &Scene<'_>, name: &str) -> Vec<Band> {
        let (train, validation) = (format!("train_{name}"), format!("validation_{name}"));
        let ghosts = scene.ghosts.iter().filter_map(|(ghost, look, _)| {
            let along = along_epochs(ghost, self.unit, false);
            Band::of(&ghost.seeds, &validation, along, scene.smoothing, look.color, EARLIER_BAND)
        });
        let run = scene.run;
        let own = [
            (&train, along_epochs(run, self.unit, measures_during(run)), theme.train),
            (&validation, along_epochs(run, self.unit, false), theme.validation),
        ];
        ghosts
            .chain(
                own.iter().filter_map(|(name, along, color)| {
                    Band::of(&run.seeds, name, *along, scene.smoothing, *color, 1.0)
                }),
            )
            .collect()
    }

    /// Earlier runs, then raw values, then the lines of train and validation.
    pub(super) fn pair_layers<'a>(&'a self, theme: &Theme, scene: &Scene<'a>, name: &str) -> Vec<Layer<'a>> {
        let run = scene.run;
        let (train, validation) = (format!("train_{name}"), format!("validation_{name}"));
        let ghosts = scene.ghosts.iter().zip(&self.ghost_traces).filter_map(|((ghost, look, _), traces)| {
            let pen = Pen { color: look.color.gamma_multiply(0.75), width: 1.3, style: look.style };
            scene::line(ghost, traces, &validation, along_epochs(ghost, self.unit, false), pen, Role::Guest)
        });
        let mut layers: Vec<Layer<'a>> = ghosts.collect();
        let pairs = [
            (&train, along_epochs(run, self.unit, measures_during(run)), Pen::train(theme)),
            (&validation, along_epochs(run, self.unit, false), Pen::validation(theme)),
        ];
        layers.extend(pairs.iter().filter_map(|(name, along, pen)| scene::raw(run, &self.traces, name, *along, *pen)));
        layers.extend(
            pairs
                .iter()
                .filter_map(|(name, along, pen)| scene::line(run, &self.traces, name, *along, *pen, Role::Line)),
        );
        layers
    }
}
