//! The training loop: commands between steps, events out, patience and pace.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use super::auto::{self, Scout};
use super::job::Ready;
use super::patience::Watch;
use super::recorder::Recorder;
use super::report::report;
use super::Desk;
use crate::data::{Prepared, epoch_order};
use crate::diagnose::{Context, Doctor};
use crate::engine::{OpenDevice, StepDone, StepOrder, TrainError, Trainer, Weights, open_device};
use crate::run::{Changed, Command, EpochRow, Event, FinishReason, FindingRow, FindingState, Finished, Metrics, Preparing, Started, StepRow};
use crate::spec::{DeviceSpec, MeasureTrain, Project, ScheduleKind, Task, TextValue as _};

/// Gradient norms cost a pass over all weights; every tenth step is enough to see them move.
const NORM_EVERY: u64 = 10;
/// Steps whose losses are read back together from a graphics card, where each read waits for all work.
const READ_TOGETHER: usize = 16;
/// Points of a step curve that are told to somebody looking on.
const MOST_STEPS_TOLD: u64 = 1_000_000;
/// How often the best weights are written while training; the end always writes them.
const KEEP_EVERY: Duration = Duration::from_secs(5);
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

/// PyTorch's ReduceLROnPlateau on the validation loss.
#[derive(Default)]
struct Plateau {
    best: Option<f64>,
    bad: u64,
    cooldown: u64,
    drops: u32,
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
        let text = "Opening the graphics device and compiling its programs. The first step can take a minute".to_owned();
        desk.out.show(Event::Preparing(Preparing { text }));
        desk.out.flush();
    }
    let remembered = (job.project.device == DeviceSpec::Auto).then(|| auto::remembered(&job.project, &data)).flatten();
    let is_auto = job.project.device == DeviceSpec::Auto && remembered.is_none();
    let (opened, told) = match remembered {
        Some((device, text)) => (Ok(device), Some(text)),
        None => (open_device(job.project.device), None),
    };
    let opened = opened.and_then(|device| Trainer::new(&job.project, Arc::clone(&data), &device, init.as_ref()).map(|trainer| (device, trainer)));
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
    worker.told_every = told_every(job.log_every, job.watched, worker.steps_per_epoch() * worker.project.training.epochs);
    worker.begin(&job.name);
    if let Some(text) = told {
        worker.desk.out.tell(Event::Warning { text });
    }
    let end = worker.run().map_or_else(|end| end, |()| End::Reason(FinishReason::Completed, "All epochs were trained".to_owned()));
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
    fn new(desk: &'a mut Desk, trainer: Trainer, data: Arc<Prepared>, project: Project, device: OpenDevice, scout: Option<Scout>) -> Self {
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
        let text = format!("The loss was no longer a number at step {}. A smaller learning rate or gradient clipping may help", row.step);
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
            let text = format!("The loss was no longer a number in epoch {}. A smaller learning rate or gradient clipping may help", row.epoch);
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
        let share = self.project.schedule.share(self.step, self.epoch, self.project.training.epochs, self.plateau.drops);
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
        let epochs = if countdown.patience == 1 { "1 epoch".to_owned() } else { format!("{} epochs", countdown.patience) };
        let kept = match (&self.best, self.watch.restores_best()) {
            (Some((row, _)), true) => format!("The weights of epoch {} are kept", row.epoch),
            _ => "The last weights are kept".to_owned(),
        };
        format!("No better {} for {epochs} since {:.6} at epoch {}. {kept}", monitor.replace('_', " "), countdown.best_value, countdown.since_epoch)
    }

    fn reduce_on_plateau(&mut self, loss: f64) {
        let ScheduleKind::Plateau(rule) = &self.project.schedule.kind else { return };
        let before = self.plateau.drops;
        self.plateau.observe(loss, rule);
        if self.plateau.drops > before {
            let rate = |drops: u32| crate::spec::number_text(self.project.learning_rate * rule.factor.powi(drops as i32));
            let changed = Changed { step: self.step, epoch: self.epoch, key: "learning_rate".to_owned(), from: rate(before), to: rate(self.plateau.drops), by: "schedule".to_owned() };
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

    /// Does what was asked since the last step; waits here while paused.
    fn obey(&mut self) -> Result<(), End> {
        loop {
            let command = if self.paused && !self.single {
                match self.desk.asked.recv() {
                    Ok(command) => command,
                    Err(_) => return Err(stopped("The window was closed")),
                }
            } else {
                match self.desk.asked.try_recv() {
                    Ok(command) => command,
                    Err(TryRecvError::Empty) if self.desk.out.is_deserted() => return Err(stopped("Nobody listens any more")),
                    Err(TryRecvError::Empty) => return Ok(()),
                    Err(TryRecvError::Disconnected) => return Err(stopped("The window was closed")),
                }
            };
            self.follow(command)?;
        }
    }

    fn follow(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Pause if !self.paused => {
                self.collect()?;
                self.paused = true;
                self.draw();
                self.desk.out.tell(Event::Paused { step: self.step });
                self.desk.out.flush();
            }
            Command::Resume if self.paused => {
                self.paused = false;
                self.next_step_at = Instant::now();
                self.desk.out.tell(Event::Resumed { step: self.step });
                self.desk.out.flush();
            }
            Command::Pause | Command::Resume => {}
            Command::Step => {
                self.single = true;
                self.next_step_at = Instant::now();
            }
            Command::Stop => return Err(stopped("Stopped by hand")),
            Command::Set { key, value } => self.turn(&key, &value),
        }
        Ok(())
    }

    /// Turns a knob that may be turned while training; refuses others in words.
    fn turn(&mut self, key: &str, value: &str) {
        let mut project = self.project.clone();
        let is_live = project.with_knob(key, |knob| knob.live).unwrap_or(false);
        let refusal = if is_live { project.set_value(key, value).err().map(|err| err.to_string()) } else { Some(format!("{key} cannot be changed while training")) };
        if let Some(text) = refusal {
            return self.desk.out.tell(Event::Warning { text });
        }
        let changed = Changed {
            step: self.step,
            epoch: self.epoch,
            key: key.to_owned(),
            from: self.project.get(key).unwrap_or_default(),
            to: project.get(key).unwrap_or_default(),
            by: "user".to_owned(),
        };
        if changed.from == changed.to {
            return;
        }
        self.project = project;
        self.watch.turn(&self.project);
        self.next_step_at = Instant::now();
        self.desk.out.tell(Event::Changed(changed));
        self.desk.out.flush();
    }

    /// Waits until the next step is due, and obeys meanwhile.
    fn keep_pace(&mut self) -> Result<(), End> {
        let Some(pace) = self.project.training.pace.filter(|it| *it > 0.0 && !self.single) else { return Ok(()) };
        loop {
            let wait = self.next_step_at.saturating_duration_since(Instant::now());
            if wait.is_zero() || self.project.training.pace.is_none() || self.single {
                break;
            }
            self.desk.out.flush();
            match self.desk.asked.recv_timeout(wait) {
                Ok(command) => {
                    self.follow(command)?;
                    self.obey()?;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(stopped("The window was closed")),
            }
        }
        let gap = Duration::try_from_secs_f64(1.0 / self.project.training.pace.unwrap_or(pace)).unwrap_or_default();
        // After a hiccup it goes on from now and does not hurry to catch up.
        self.next_step_at = (self.next_step_at + gap).max(Instant::now());
        Ok(())
    }

    fn draw_if_due(&mut self) {
        if self.watched && self.desk.views.is_empty() && self.last_picture.elapsed() >= PICTURE_EVERY.max(self.picture_cost * PICTURE_SHARE) {
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

    fn keep_best_if_due(&mut self) {
        if self.last_kept.elapsed() >= KEEP_EVERY {
            self.last_kept = Instant::now();
            self.write_best();
        }
    }

    fn write_best(&mut self) {
        let Some((_, weights)) = &self.best else { return };
        let written = self.desk.out.recorder().map_or(Ok(()), |it| it.write_weights("best.safetensors", weights));
        if let Err(text) = written {
            self.desk.out.tell(Event::Warning { text });
        }
    }

    fn finish(mut self, end: End) {
        let (reason, text) = match end {
            End::Reason(reason, text) => (reason, text),
            End::Trouble(err) => (FinishReason::Failed, err.to_string()),
        };
        for finding in self.doctor.finish() {
            self.tell_finding(finding);
        }
        self.write_best();
        let test = self.test(reason);
        let best = self.best.as_ref().map(|(row, _)| (row.epoch, row.validation_loss));
        let run_dir = self.desk.out.recorder().map(|it| it.folder().path().display().to_string()).unwrap_or_default();
        let finished = Finished {
            reason,
            text,
            epochs: self.epoch,
            best_epoch: best.map_or(0, |it| it.0),
            best_validation_loss: best.map_or(f64::NAN, |it| it.1),
            test,
            run_dir,
            seconds: self.began.elapsed().as_secs_f64(),
            samples_per_second: self.trained_rows as f64 / self.trained.as_secs_f64().max(1e-9),
        };
        let text = report(&self.project, &finished, self.last.as_ref(), &self.findings);
        let written = self.desk.out.recorder().map_or(Ok(()), |it| it.write_file("report.md", text.as_bytes()));
        if let Err(text) = written {
            self.desk.out.tell(Event::Warning { text });
        }
        self.draw();
        self.desk.out.tell(Event::Finished(finished));
        self.desk.out.flush();
    }

    /// Measures the test rows, once, with the weights that are kept.
    fn test(&mut self, reason: FinishReason) -> Metrics {
        if reason == FinishReason::Failed {
            return Metrics::new();
        }
        let keeps_best = self.watch.restores_best() || reason == FinishReason::Diverged;
        match &self.best {
            Some((_, weights)) if keeps_best => self.trainer.load(&weights.clone()),
            Some(_) if self.trainer.weights().is_ok_and(|it| it.is_finite()) => self.write_last(),
            None if reason == FinishReason::Diverged => return Metrics::new(),
            _ => {}
        }
        let Ok(evaluation) = self.trainer.evaluate(&self.data.split.test) else { return Metrics::new() };
        let mut test = evaluation.metrics;
        test.insert("loss".to_owned(), evaluation.loss);
        test
    }

    /// Where the last weights are kept, they have a file of their own beside the best.
    fn write_last(&mut self) {
        if let (Ok(weights), Some(recorder)) = (self.trainer.weights(), self.desk.out.recorder())
            && let Err(text) = recorder.write_weights("last.safetensors", &weights)
        {
            self.desk.out.tell(Event::Warning { text });
        }
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

impl Plateau {
    fn observe(&mut self, loss: f64, rule: &crate::spec::Plateau) {
        if self.best.is_none_or(|best| loss < best * (1.0 - rule.threshold)) {
            self.best = Some(loss);
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad = 0;
        }
        if self.bad > rule.patience {
            self.drops += 1;
            self.cooldown = rule.cooldown;
            self.bad = 0;
        }
    }
}

fn stopped(why: &str) -> End {
    End::Reason(FinishReason::Stopped, why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plateau_drops_one_epoch_after_patience_as_pytorch_does() {
        // torch.optim.lr_scheduler.ReduceLROnPlateau(patience=2, cooldown=1): drops behind the 4th and 8th value.
        let rule = crate::spec::Plateau { patience: 2, cooldown: 1, ..crate::spec::Plateau::default() };
        let mut plateau = Plateau::default();
        let drops: Vec<_> = (0..9)
            .map(|_| {
                plateau.observe(1.0, &rule);
                plateau.drops
            })
            .collect();
        assert_eq!(drops, [0, 0, 0, 1, 1, 1, 1, 2, 2]);
    }
}
