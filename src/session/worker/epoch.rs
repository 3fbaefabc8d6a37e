//! The end of an epoch: what it measures, and what follows from it.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{End, Worker};
use crate::diagnose::stops::watched;
use crate::engine::TrainError;
use crate::run::{Changed, EpochRow, Event, FinishReason};
use crate::session::meter::Meter;
use crate::spec::{MeasureTrain, ScheduleKind, TextValue as _};

impl Worker<'_> {
    pub(super) fn end_epoch(&mut self, began: Instant) -> Result<(), End> {
        self.epoch += 1;
        let row = self.measure_epoch(began).map_err(End::Trouble)?;
        self.desk.out.tell(Event::Epoch(row.clone()));
        for finding in self.doctor.observe(&row) {
            self.tell_finding(finding);
        }
        let verdict = self.watch.observe(row.epoch, watched(&row, self.watch.monitor()));
        if verdict.is_best {
            let weights = self.trainer.weights().map_err(End::Trouble)?;
            self.best = Some((row.clone(), weights));
            self.has_unwritten_best = true;
        }
        self.keep_best_if_due();
        self.last = Some(row.clone());
        self.note_retraced(&row);
        if !row.validation_loss.is_finite() && !row.train_loss.is_finite() {
            let text = format!(
                "The loss was no longer a number in epoch {}. A smaller learning rate or gradient clipping may help",
                row.epoch
            );
            return Err(End::Reason(FinishReason::Diverged, text));
        }
        self.reduce_on_plateau(row.validation_loss);
        self.draw_if_due();
        self.desk.out.flush_if_due();
        self.move_if_faster()?;
        // Where a fork leaves its parent it is asked again, with its own patience.
        if verdict.stop && !self.is_retracing() {
            return Err(End::Reason(FinishReason::EarlyStopping, self.why_stopped()));
        }
        Ok(())
    }

    fn measure_epoch(&mut self, began: Instant) -> Result<EpochRow, TrainError> {
        let mut sums = std::mem::take(&mut self.sums);
        let validating = Instant::now();
        let rows = &self.data.split.validation;
        let (validation, layers) = self.trainer.evaluate_layers(rows, &sums.layers)?;
        let errors = self.trainer.errors(rows, &validation.outputs);
        let mut timing = sums.timing(self.epoch, validating.elapsed(), self.cpu_step);
        let (train_loss, train_metrics) = if self.measures_during() {
            let outputs = std::mem::take(&mut sums.outputs);
            (sums.mean_loss(), self.trainer.measure(&sums.rows, outputs).metrics)
        } else {
            let train = self.trainer.evaluate(&self.data.split.train)?;
            (train.loss, train.metrics)
        };
        if let Some(timing) = &mut timing {
            timing.peak_memory = self.meter.and_then(Meter::peak);
        }
        let mut metrics = BTreeMap::new();
        metrics.extend(train_metrics.into_iter().map(|(name, value)| (format!("train_{name}"), value)));
        metrics.extend(validation.metrics.into_iter().map(|(name, value)| (format!("validation_{name}"), value)));
        let share =
            self.project.schedule.share(self.step, self.epoch, self.project.training.epochs, self.plateau.drops);
        Ok(EpochRow {
            epoch: self.epoch,
            step: self.step,
            train_loss,
            validation_loss: validation.loss,
            metrics,
            learning_rate: self.project.learning_rate * share,
            gradient_norm: self.last_norm,
            validation_se: Some(validation.loss_error),
            seconds: began.elapsed().as_secs_f64(),
            train_parts: sums.parts(),
            batch_deviation: sums.deviation(),
            classes: errors.classes,
            errors_by_certainty: errors.by_certainty,
            layers,
            timing,
        })
    }

    pub(super) fn why_stopped(&self) -> String {
        let Some(countdown) = self.watch.countdown() else { return String::new() };
        let monitor: &str = countdown.monitor.into();
        let epochs =
            if countdown.patience == 1 { "1 epoch".to_owned() } else { format!("{} epochs", countdown.patience) };
        let kept = match (&self.best, self.watch.restores_best()) {
            (Some((row, _)), true) => format!("The weights of epoch {} are kept", row.epoch),
            _ => "The last weights are kept".to_owned(),
        };
        format!(
            "No better {} for {epochs} since {:.6} at epoch {}. {kept}",
            monitor.replace('_', " "),
            countdown.best_value,
            countdown.since_epoch
        )
    }

    fn reduce_on_plateau(&mut self, loss: f64) {
        let ScheduleKind::Plateau(rule) = &self.project.schedule.kind else { return };
        let before = self.plateau.drops;
        self.plateau.observe(loss, rule);
        if self.plateau.drops > before {
            let rate =
                |drops: u32| crate::spec::number_text(self.project.learning_rate * rule.factor.powi(drops as i32));
            let changed = Changed {
                step: self.step,
                epoch: self.epoch,
                key: "learning_rate".to_owned(),
                from: rate(before),
                to: rate(self.plateau.drops),
                by: "schedule".to_owned(),
            };
            self.desk.out.tell(Event::Changed(changed));
        }
    }

    /// Where automatic choice found the graphics card faster, training goes on there.
    fn move_if_faster(&mut self) -> Result<(), End> {
        if self.is_retracing() {
            return Ok(());
        }
        let Some(scout) = &mut self.scout else { return Ok(()) };
        let Some(verdict) = scout.verdict() else { return Ok(()) };
        self.desk.out.tell(Event::Warning { text: verdict.text });
        self.cpu_step = verdict.device.is_some().then_some(verdict.cpu_step);
        if let Some(device) = verdict.device {
            self.trainer.move_to(&device).map_err(End::Trouble)?;
            // Whoever goes on with the run, or forks it, is to do so where it was trained.
            self.project.device.read(&device.id).ok();
            let chosen = self.project.device;
            if let Some(text) = self.desk.out.recorder().and_then(|it| it.rewrite_device(chosen).err()) {
                self.desk.out.show(Event::Warning { text });
            }
            self.device = device;
        }
        self.scout = None;
        Ok(())
    }

    pub(super) fn measures_during(&self) -> bool {
        self.project.training.measure_train == MeasureTrain::During
    }
}
