//! The training loop: commands between steps, events out, patience and pace.

mod beginning;
mod budget;
mod commands;
mod ending;
mod epoch;
mod experiments;
mod keeping;
mod plateau;
mod retracing;

pub(super) use beginning::train;
pub(super) use plateau::Plateau;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Desk;
use super::auto::Scout;
use super::meter::Meter;
use crate::data::{Prepared, epoch_order};
use crate::diagnose::Doctor;
use crate::diagnose::stops::{Watch, watched};
use crate::engine::{OpenDevice, StepOrder, TrainError, Trainer, Weights};
use crate::run::{Changed, EpochRow, Event, FindingRow, FindingState, FinishReason, StepRow};
use epoch::EpochSums;
use keeping::Keeping;
use retracing::Retrace;

use crate::spec::{MeasureTrain, Project, ScheduleKind};

/// Gradient norms cost a pass over all weights; every tenth step is enough to see them move.
const NORM_EVERY: u64 = 10;
/// Steps whose losses are read back together from a graphics card, where each read waits for all work.
const READ_TOGETHER: usize = 16;
/// Pictures may take this share of the time.
const PICTURE_SHARE: u32 = 30;
const PICTURE_EVERY: Duration = Duration::from_millis(60);

/// Why the loop was left.
enum End {
    Reason(FinishReason, String),
    Trouble(TrainError),
    /// It goes on another time.
    Left,
}

impl End {
    /// The trouble itself, where nothing but trouble can end what was tried.
    fn or_trouble(self) -> Result<(), TrainError> {
        match self {
            Self::Trouble(err) => Err(err),
            Self::Reason(..) | Self::Left => Ok(()),
        }
    }
}

/// One training with all that changes while it goes on.
struct Worker<'a> {
    desk: &'a mut Desk,
    trainer: Trainer,
    data: Arc<Prepared>,
    /// As it stands now, knobs turned while training included.
    project: Project,
    watched: bool,
    told_every: u64,
    log_every: Option<u64>,
    device: OpenDevice,
    scout: Option<Scout>,
    doctor: Doctor,
    /// Those that stand.
    findings: Vec<FindingRow>,
    watch: Watch,
    plateau: Plateau,
    best: Option<(EpochRow, Weights)>,
    last: Option<EpochRow>,
    step: u64,
    epoch: u64,
    paused: bool,
    single: bool,
    next_step_at: Instant,
    last_norm: Option<f64>,
    sums: EpochSums,
    keeping: Keeping,
    /// Of a fork.
    retrace: Option<Retrace>,
    /// Median seconds of a step on the CPU, where a graphics device trains and the CPU was timed too.
    cpu_step: Option<f64>,
    trained: Duration,
    trained_rows: u64,
    last_kept: Instant,
    /// Whether the best weights could not be written when last tried.
    is_best_failing: bool,
    last_picture: Instant,
    picture_cost: Duration,
    began: Instant,
    /// From before the network was built; none where the system does not tell.
    meter: Option<Meter>,
}

impl<'a> Worker<'a> {
    fn new(
        desk: &'a mut Desk,
        trainer: Trainer,
        data: Arc<Prepared>,
        project: Project,
        device: OpenDevice,
        scout: Option<Scout>,
        doctor: Doctor,
    ) -> Self {
        let now = Instant::now();
        Self {
            watch: Watch::new(&project.stopping),
            doctor,
            desk,
            trainer,
            data,
            project,
            device,
            scout,
            watched: false,
            told_every: 0,
            log_every: None,
            findings: Vec::new(),
            plateau: Plateau::default(),
            best: None,
            last: None,
            step: 0,
            epoch: 0,
            paused: false,
            single: false,
            next_step_at: now,
            last_norm: None,
            sums: EpochSums::default(),
            keeping: Keeping::new(),
            retrace: None,
            cpu_step: None,
            trained: Duration::ZERO,
            trained_rows: 0,
            last_kept: now,
            is_best_failing: false,
            last_picture: now,
            picture_cost: Duration::ZERO,
            began: now,
            meter: None,
        }
    }

    fn run(&mut self) -> Result<(), End> {
        loop {
            self.take_turns()?;
            if self.epoch >= self.project.training.epochs {
                return Ok(());
            }
            let epoch_began = Instant::now();
            self.train_epoch()?;
            self.end_epoch(epoch_began)?;
        }
    }

    fn train_epoch(&mut self) -> Result<(), End> {
        let order = epoch_order(
            &self.data.split.train,
            self.project.training.seed,
            self.epoch + 1,
            self.project.training.shuffle,
        );
        // A run that goes on from the middle of an epoch has made some of its steps.
        let n_done = self.step - self.last.as_ref().map_or(0, |it| it.step);
        if n_done == 0 {
            self.sums = EpochSums::default();
        }
        let mut batches = order.chunks(self.batch_size()).skip(n_done as usize).peekable();
        while let Some(batch) = batches.next() {
            self.obey()?;
            self.keep_pace()?;
            self.keep_if_due()?;
            self.take_turns()?;
            self.mind_the_budget()?;
            self.one_step(batch, batches.peek().is_none())?;
            self.desk.out.flush_if_due();
        }
        self.collect()
    }

    fn one_step(&mut self, batch: &[u32], is_last: bool) -> Result<(), End> {
        let began = Instant::now();
        self.step += 1;
        let epoch = self.epoch + 1;
        let share = self.project.schedule.share(self.step, epoch, self.project.training.epochs, self.plateau.drops);
        let order = StepOrder {
            step: self.step,
            epoch,
            learning_rate: self.project.learning_rate * share,
            measure_norm: self.step % NORM_EVERY == 1,
            measure_layers: is_last,
            clip_norm: self.project.clip_norm,
        };
        let gathered = self.trainer.gather(batch);
        let input = began.elapsed();
        self.trainer.step(gathered, order);
        if self.trainer.n_pending() >= self.read_together() {
            self.collect()?;
        }
        let took = began.elapsed();
        self.trained += took;
        self.sums.note_time(took, input);
        self.trained_rows += batch.len() as u64;
        if let Some(scout) = &mut self.scout {
            scout.note_cpu_step(took);
        }
        if self.single {
            self.single = false;
            self.paused = true;
            self.collect()?;
            self.draw();
            self.desk.out.tell(Event::Paused { step: self.step });
            self.desk.out.flush();
        } else {
            self.draw_if_due();
        }
        Ok(())
    }

    /// Reads back what steps have left on the device, and tells it.
    fn collect(&mut self) -> Result<(), End> {
        for done in self.trainer.collect().map_err(End::Trouble)? {
            let row = done.row.clone();
            self.sums.add(done);
            self.last_norm = row.gradient_norm.or(self.last_norm);
            let is_finite = row.train_loss.is_finite();
            // A step that blew up is always told: it is what a later diagnosis needs to see.
            if !is_finite || (self.told_every > 0 && row.step % self.told_every == 0) {
                self.desk.out.tell(Event::Step(row.clone()));
            }
            if !is_finite {
                return Err(self.diverge(&row));
            }
        }
        Ok(())
    }

    fn diverge(&mut self, row: &StepRow) -> End {
        for finding in self.doctor.not_finite(row) {
            self.tell_finding(finding);
        }
        let text = format!(
            "The loss was no longer a number at step {}. A smaller learning rate or gradient clipping may help",
            row.step
        );
        End::Reason(FinishReason::Diverged, text)
    }

    fn end_epoch(&mut self, began: Instant) -> Result<(), End> {
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
            self.keep_best_if_due();
        }
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

    fn tell_finding(&mut self, finding: FindingRow) {
        self.note_finding(&finding);
        self.desk.out.tell(Event::Finding(finding));
    }

    /// Keeps count of what stands.
    pub(super) fn note_finding(&mut self, finding: &FindingRow) {
        self.findings.retain(|it| it.rule != finding.rule);
        if finding.state != FindingState::Cleared {
            self.findings.push(finding.clone());
        }
    }

    fn why_stopped(&self) -> String {
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
            self.device = device;
        }
        self.scout = None;
        Ok(())
    }

    fn draw_if_due(&mut self) {
        if self.watched
            && self.desk.views.is_empty()
            && self.last_picture.elapsed() >= PICTURE_EVERY.max(self.picture_cost * PICTURE_SHARE)
        {
            self.draw();
        }
    }

    fn draw(&mut self) {
        if !self.watched {
            return;
        }
        let began = Instant::now();
        // Without its pictures the run is still whole, so a failure to draw is left to the next step to tell.
        if let Ok(views) = self.trainer.views(self.epoch, self.step) {
            self.desk.views.put(views);
        }
        self.last_picture = Instant::now();
        self.picture_cost = began.elapsed();
    }

    fn measures_during(&self) -> bool {
        self.project.training.measure_train == MeasureTrain::During
    }

    fn batch_size(&self) -> usize {
        beginning::batch_size(&self.project, &self.data)
    }

    fn steps_per_epoch(&self) -> u64 {
        beginning::steps_per_epoch(&self.project, &self.data)
    }

    fn read_together(&self) -> usize {
        if self.device.is_cpu || self.single { 1 } else { READ_TOGETHER }
    }
}
