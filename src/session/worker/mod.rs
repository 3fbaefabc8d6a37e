//! The training loop: commands between steps, events out, patience and pace.

mod commands;
mod ending;
mod plateau;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Desk;
use super::auto::{self, Scout};
use super::job::Ready;
use super::patience::Watch;
use super::recorder::Recorder;
use crate::data::{Prepared, epoch_order};
use crate::diagnose::{Context, Doctor};
use crate::engine::{OpenDevice, StepDone, StepOrder, TrainError, Trainer, Weights, open_device};
use crate::run::{Changed, EpochRow, Event, FindingRow, FindingState, FinishReason, Preparing, Started, StepRow};
use plateau::Plateau;

use crate::spec::{DeviceSpec, MeasureTrain, Project, ScheduleKind, Task, TextValue as _};

/// Gradient norms cost a pass over all weights; every tenth step is enough to see them move.
const NORM_EVERY: u64 = 10;
/// Steps whose losses are read back together from a graphics card, where each read waits for all work.
const READ_TOGETHER: usize = 16;
/// Points of a step curve that are told to somebody looking on.
const MOST_STEPS_TOLD: u64 = 1_000_000;
/// Pictures may take this share of the time.
const PICTURE_SHARE: u32 = 30;
const PICTURE_EVERY: Duration = Duration::from_millis(60);

/// Why the loop was left.
enum End {
    Reason(FinishReason, String),
    Trouble(TrainError),
}

/// One training with all that changes while it goes on.
struct Worker<'a> {
    desk: &'a mut Desk,
    trainer: Trainer,
    data: Arc<Prepared>,
    /// As it stands now, knobs turned while training included.
    project: Project,
    shuffle: bool,
    watched: bool,
    told_every: u64,
    device: OpenDevice,
    scout: Option<Scout>,
    doctor: Doctor,
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
    trained: Duration,
    trained_rows: u64,
    last_kept: Instant,
    last_picture: Instant,
    picture_cost: Duration,
    began: Instant,
}

/// Losses and outputs of the current epoch as it is trained.
#[derive(Default)]
struct EpochSums {
    loss: f64,
    rows: Vec<u32>,
    outputs: Vec<f32>,
}

/// Trains to the end and tells everything.
pub(super) fn train(ready: Ready, desk: &mut Desk) {
    let Ready { mut job, data, init, folder } = ready;
    if let Some(folder) = folder {
        match Recorder::new(folder, job.log_every) {
            Ok(recorder) => desk.out.record(recorder),
            Err(trouble) => return desk.out.fail(&trouble),
        }
    }
    if job.project.device != DeviceSpec::Cpu && job.project.device != DeviceSpec::Auto {
        let text =
            "Opening the graphics device and compiling its programs. The first step can take a minute".to_owned();
        desk.out.show(Event::Preparing(Preparing { text }));
        desk.out.flush();
    }
    let remembered = (job.project.device == DeviceSpec::Auto).then(|| auto::remembered(&job.project, &data)).flatten();
    let is_auto = job.project.device == DeviceSpec::Auto && remembered.is_none();
    let (opened, told) = match remembered {
        Some((device, text)) => (Ok(device), Some(text)),
        None => (open_device(job.project.device), None),
    };
    let opened = opened.and_then(|device| {
        Trainer::new(&job.project, Arc::clone(&data), &device, init.as_ref()).map(|trainer| (device, trainer))
    });
    let (device, trainer) = match opened {
        Ok(it) => it,
        Err(err) => return desk.out.fail(&err.to_string()),
    };
    let scout = is_auto.then(|| Scout::new(&job.project, &data));
    job.project.device.read(&device.id).ok();
    if let Some(trouble) = desk.out.recorder().and_then(|it| it.rewrite_project(&job.project).err()) {
        desk.out.tell(Event::Warning { text: trouble });
    }
    let mut worker = Worker::new(desk, trainer, data, job.project, device, scout);
    worker.shuffle = job.shuffle;
    worker.watched = job.watched;
    worker.paused = job.begins_paused;
    worker.began = job.began;
    worker.told_every =
        told_every(job.log_every, job.watched, worker.steps_per_epoch() * worker.project.training.epochs);
    worker.begin(&job.name);
    if let Some(text) = told {
        worker.desk.out.tell(Event::Warning { text });
    }
    let end = worker
        .run()
        .map_or_else(|end| end, |()| End::Reason(FinishReason::Completed, "All epochs were trained".to_owned()));
    worker.finish(end);
}

/// Every how many steps one is told; 0 for never.
fn told_every(log_every: Option<u64>, watched: bool, n_steps: u64) -> u64 {
    match log_every {
        Some(every) => every.max(1),
        None if watched => n_steps.div_ceil(MOST_STEPS_TOLD).max(1),
        None => 0,
    }
}

impl<'a> Worker<'a> {
    fn new(
        desk: &'a mut Desk,
        trainer: Trainer,
        data: Arc<Prepared>,
        project: Project,
        device: OpenDevice,
        scout: Option<Scout>,
    ) -> Self {
        let now = Instant::now();
        let batch = project.training.batch_size.unwrap_or(u64::MAX).min(data.split.train.len() as u64).max(1);
        let context = Context {
            project: project.clone(),
            task: data.task,
            validation_rows: data.split.validation.len(),
            baseline: trainer.baseline(&data.split.validation),
            steps_per_epoch: (data.split.train.len() as u64).div_ceil(batch),
        };
        Self {
            watch: Watch::new(&project),
            doctor: Doctor::new(context),
            desk,
            trainer,
            data,
            project,
            device,
            scout,
            shuffle: true,
            watched: false,
            told_every: 0,
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
            trained: Duration::ZERO,
            trained_rows: 0,
            last_kept: now,
            last_picture: now,
            picture_cost: Duration::ZERO,
            began: now,
        }
    }

    fn begin(&mut self, name: &str) {
        let split = &self.data.split;
        let run = self.desk.out.recorder().map_or_else(|| name.to_owned(), |it| it.folder().name());
        let task = match self.data.task {
            Task::Regression => "regression",
            Task::Binary => "binary",
            Task::Classes(_) => "classes",
        };
        let loss_unit = match self.data.task {
            Task::Regression if self.data.target_scale == crate::data::Scaling::IDENTITY => "target",
            Task::Regression => "standardized",
            Task::Binary | Task::Classes(_) => "nats",
        };
        let started = Started {
            version: 1,
            run,
            project: name.to_owned(),
            device: self.device.id.clone(),
            parameters: self.trainer.n_parameters(),
            train_rows: split.train.len(),
            validation_rows: split.validation.len(),
            test_rows: split.test.len(),
            steps_per_epoch: self.steps_per_epoch(),
            epochs: self.project.training.epochs,
            task: task.to_owned(),
            target: self.data.target_name.clone(),
            classes: self.data.classes.clone(),
            loss_unit: loss_unit.to_owned(),
            baseline: self.trainer.baseline(&split.validation),
        };
        self.desk.out.tell(Event::Started(started));
        if self.paused {
            self.desk.out.tell(Event::Paused { step: 0 });
        }
        self.desk.out.flush();
        self.trainer.keep_outputs(self.measures_during());
    }

    fn run(&mut self) -> Result<(), End> {
        while self.epoch < self.project.training.epochs {
            let epoch_began = Instant::now();
            self.train_epoch()?;
            self.end_epoch(epoch_began)?;
        }
        Ok(())
    }

    fn train_epoch(&mut self) -> Result<(), End> {
        let order = epoch_order(&self.data.split.train, self.project.training.seed, self.epoch + 1, self.shuffle);
        self.sums = EpochSums::default();
        for batch in order.chunks(self.batch_size()) {
            self.obey()?;
            self.keep_pace()?;
            self.one_step(batch)?;
            self.desk.out.flush_if_due();
        }
        self.collect()
    }

    fn one_step(&mut self, batch: &[u32]) -> Result<(), End> {
        let began = Instant::now();
        self.step += 1;
        let epoch = self.epoch + 1;
        let share = self.project.schedule.share(self.step, epoch, self.project.training.epochs, self.plateau.drops);
        let order = StepOrder {
            step: self.step,
            epoch,
            learning_rate: self.project.learning_rate * share,
            measure_norm: self.step % NORM_EVERY == 1,
            clip_norm: self.project.clip_norm,
        };
        self.trainer.step(batch, order);
        if self.trainer.n_pending() >= self.read_together() {
            self.collect()?;
        }
        let took = began.elapsed();
        self.trained += took;
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
        for StepDone { row, rows, outputs } in self.trainer.collect().map_err(End::Trouble)? {
            self.last_norm = row.gradient_norm.or(self.last_norm);
            self.sums.loss += row.train_loss * rows.len() as f64;
            self.sums.rows.extend(rows);
            self.sums.outputs.extend(outputs);
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
        let verdict = self.watch.observe(&row);
        if verdict.is_best {
            let weights = self.trainer.weights().map_err(End::Trouble)?;
            self.best = Some((row.clone(), weights));
            self.keep_best_if_due();
        }
        self.last = Some(row.clone());
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
        if verdict.stop {
            return Err(End::Reason(FinishReason::EarlyStopping, self.why_stopped()));
        }
        Ok(())
    }

    fn measure_epoch(&mut self, began: Instant) -> Result<EpochRow, TrainError> {
        let validation = self.trainer.evaluate(&self.data.split.validation)?;
        let (train_loss, train_metrics) = if self.measures_during() {
            let sums = std::mem::take(&mut self.sums);
            let loss = sums.loss / sums.rows.len().max(1) as f64;
            (loss, self.trainer.measure(&sums.rows, sums.outputs).metrics)
        } else {
            let train = self.trainer.evaluate(&self.data.split.train)?;
            (train.loss, train.metrics)
        };
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
        })
    }

    fn tell_finding(&mut self, finding: FindingRow) {
        self.findings.retain(|it| it.rule != finding.rule);
        if finding.state != FindingState::Cleared {
            self.findings.push(finding.clone());
        }
        self.desk.out.tell(Event::Finding(finding));
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
        let Some(scout) = &mut self.scout else { return Ok(()) };
        let Some(verdict) = scout.verdict() else { return Ok(()) };
        self.desk.out.tell(Event::Warning { text: verdict.text });
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
        let all = self.data.split.train.len();
        self.project.training.batch_size.map_or(all, |it| (it as usize).min(all)).max(1)
    }

    fn steps_per_epoch(&self) -> u64 {
        (self.data.split.train.len() as u64).div_ceil(self.batch_size() as u64)
    }

    fn read_together(&self) -> usize {
        if self.device.is_cpu || self.single { 1 } else { READ_TOGETHER }
    }
}
