//! The beginning of a run: the device, the first event, and the doctor who watches from it on.

use std::sync::Arc;

use super::super::Desk;
use super::super::auto::{self, Scout};
use super::super::job::Ready;
use super::super::meter::Meter;
use super::super::recorder::{Recorder, Told};
use super::super::resume::Place;
use super::retracing::{Retrace, doctor};
use super::{End, Worker};
use crate::data::{Prepared, Scaling, facts};
use crate::engine::{OpenDevice, TrainError, Trainer, Weights, open_device};
use crate::run::{Event, FinishReason, Parent, Preparing, Started};
use crate::spec::{DeviceSpec, Project, Task, TextValue as _};

/// Points of a step curve that are told to somebody looking on.
const MOST_STEPS_TOLD: u64 = 1_000_000;

/// Trains to the end and tells everything.
pub(in crate::session) fn train(ready: Ready, desk: &mut Desk) {
    let Ready { mut job, data, init, folder, from, course } = ready;
    if let Some(folder) = folder {
        match Recorder::new(folder, job.log_every, from.as_ref().map_or_else(Told::default, Place::told)) {
            Ok(recorder) => desk.out.record(recorder),
            Err(trouble) => return desk.out.fail(&trouble),
        }
    }
    let n_taken = from.as_ref().map_or(0, |it| it.checkpoint.position.turns);
    let mut project = match (&from, &course) {
        (Some(place), _) => place.checkpoint.position.project.clone(),
        (None, Some(course)) => course.begin.clone(),
        (None, None) => job.project.clone(),
    };
    (project.device, project.memory) = (job.project.device, job.project.memory.clone());
    let meter = Meter::begin();
    let opened = match open(&project, &data, init.as_ref(), desk) {
        Ok(it) => it,
        Err(err) => return desk.out.fail(&err.to_string()),
    };
    for it in [&mut job.project, &mut project] {
        it.device.read(&opened.device.id).ok();
    }
    if let Some(text) = desk.out.recorder().and_then(|it| it.rewrite_project(&job.project).err()) {
        // Shown and not recorded, as everything about the disk: two runs of one seed tell the same.
        desk.out.show(Event::Warning { text });
    }
    let run = desk.out.recorder().map_or_else(|| job.name.clone(), |it| it.folder().name());
    let parent = course.as_ref().map(|it| it.parent.clone());
    let begun = from.as_ref().and_then(Place::started);
    let first = match begun.map_or_else(|| started(&job.name, &project, &data, &opened, run, parent), Ok) {
        Ok(it) => it,
        Err(err) => return desk.out.fail(&err.to_string()),
    };
    let known = course.as_ref().map_or(&job.project, |it| it.known_to_the_doctor(n_taken));
    let doctor = doctor(known, &first, steps_per_epoch(known, &data));
    let n_steps = first.steps_per_epoch * first.epochs;
    let mut worker = Worker::new(desk, opened.trainer, data, project, opened.device, opened.scout, doctor);
    worker.watched = job.watched;
    worker.paused = job.begins_paused;
    worker.began = job.began;
    worker.meter = meter;
    worker.cpu_step = opened.cpu_step;
    worker.log_every = job.log_every;
    worker.told_every = told_every(job.log_every, job.watched, n_steps);
    let told = from.as_ref().map_or(&[][..], |it| &it.events);
    worker.retrace = course.map(|it| Retrace::new(it, n_taken, told, first.clone()));
    let has_begun = match from {
        Some(place) => worker.go_on_from(first, place),
        None => worker.begin(first, init.is_some()),
    };
    if let Err(err) = has_begun {
        return worker.desk.out.fail(&err.to_string());
    }
    if let Some(text) = opened.told {
        worker.desk.out.tell(Event::Warning { text });
    }
    worker.warn_of_memory();
    let end = worker
        .run()
        .map_or_else(|end| end, |()| End::Reason(FinishReason::Completed, "All epochs were trained".to_owned()));
    worker.finish(end);
}

impl Worker<'_> {
    fn begin(&mut self, first: Started, has_weights: bool) -> Result<(), TrainError> {
        self.desk.out.tell(Event::Started(first));
        if self.is_retracing() {
            // Whoever looks on may know the parent's past already.
            self.desk.out.show(Event::Resumed { step: 0 });
        }
        if self.paused {
            self.desk.out.tell(Event::Paused { step: 0 });
        }
        self.desk.out.flush();
        self.trainer.keep_outputs(self.measures_during());
        // The first checkpoint holds what the project does not say: weights that were given, and how much is told.
        self.keep().or_else(End::or_trouble)?;
        if has_weights {
            self.wait_for_checkpoint();
        }
        Ok(())
    }

    /// Goes on from a checkpoint. That it was interrupted is shown and not recorded: the run tells the same as one
    /// that never was.
    fn go_on_from(&mut self, first: Started, place: Place) -> Result<(), TrainError> {
        self.trainer.keep_outputs(self.measures_during());
        let left_on = place.checkpoint.position.project.device;
        self.restore(place.checkpoint, &place.events)?;
        let drifts = !self.device.is_cpu || first.device != "cpu" || left_on != DeviceSpec::Cpu;
        self.desk.out.show(Event::Started(first));
        self.desk.out.show(Event::Resumed { step: self.step });
        if drifts {
            // Recorded, since this run does not tell quite the same as one that was never interrupted.
            let text = format!(
                "Goes on behind step {} on {}. Graphics cards round in their own ways: the next losses agree with those of a run that was never interrupted to about a thousandth, and later ones may drift apart",
                self.step, self.device.id
            );
            self.desk.out.tell(Event::Warning { text });
        }
        if self.paused {
            self.desk.out.show(Event::Paused { step: self.step });
        }
        self.desk.out.flush();
        Ok(())
    }
}

/// A device with a network on it.
struct Opened {
    device: OpenDevice,
    trainer: Trainer,
    /// Where the device is still to be chosen.
    scout: Option<Scout>,
    /// Median seconds of a step on the CPU, where a graphics device trains.
    cpu_step: Option<f64>,
    /// How the device was chosen.
    told: Option<String>,
}

fn open(
    project: &Project,
    data: &Arc<Prepared>,
    init: Option<&Weights>,
    desk: &mut Desk,
) -> Result<Opened, TrainError> {
    let is_graphics = project.device != DeviceSpec::Cpu && project.device != DeviceSpec::Auto;
    if is_graphics {
        let text =
            "Opening the graphics device and compiling its programs. The first step can take a minute".to_owned();
        desk.out.show(Event::Preparing(Preparing { text }));
        desk.out.flush();
    }
    let remembered = (project.device == DeviceSpec::Auto).then(|| auto::remembered(project, data)).flatten();
    let is_open = project.device == DeviceSpec::Auto && remembered.is_none();
    // Compared with, in case the card turns out to be the slower one.
    let timed = is_graphics.then(|| auto::time_cpu(project, data)).flatten();
    let (device, told, cpu_step) = match remembered {
        Some(it) => (it.device, Some(it.text), Some(it.cpu_step)),
        None => (open_device(project.device)?, None, timed),
    };
    let trainer = Trainer::new(project, Arc::clone(data), &device, init)?;
    Ok(Opened { device, trainer, scout: is_open.then(|| Scout::new(project, data)), cpu_step, told })
}

fn started(
    name: &str,
    project: &Project,
    data: &Prepared,
    opened: &Opened,
    run: String,
    parent: Option<Parent>,
) -> Result<Started, TrainError> {
    let (split, trainer) = (&data.split, &opened.trainer);
    let task = match data.task {
        Task::Regression => "regression",
        Task::Binary => "binary",
        Task::Classes(_) => "classes",
    };
    let loss_unit = match data.task {
        Task::Regression if data.target_scale == Scaling::IDENTITY => "target",
        Task::Regression => "standardized",
        Task::Binary | Task::Classes(_) => "nats",
    };
    Ok(Started {
        version: 1,
        run,
        project: name.to_owned(),
        device: opened.device.id.clone(),
        parameters: trainer.n_parameters(),
        train_rows: split.train.len(),
        validation_rows: split.validation.len(),
        test_rows: split.test.len(),
        steps_per_epoch: steps_per_epoch(project, data),
        epochs: project.training.epochs,
        task: task.to_owned(),
        target: data.target_name.clone(),
        classes: data.classes.clone(),
        loss_unit: loss_unit.to_owned(),
        baseline: trainer.baseline(&split.validation),
        initial_loss: Some(trainer.evaluate(&split.validation)?.loss),
        data: Some(facts(data)),
        parent,
    })
}

/// Rows in one step, at most all of them.
pub(super) fn batch_size(project: &Project, data: &Prepared) -> usize {
    let all = data.split.train.len();
    project.training.batch_size.map_or(all, |it| (it as usize).min(all)).max(1)
}

/// Steps in one epoch.
pub(super) fn steps_per_epoch(project: &Project, data: &Prepared) -> u64 {
    (data.split.train.len() as u64).div_ceil(batch_size(project, data) as u64)
}

/// Every how many steps one is told; 0 for never.
fn told_every(log_every: Option<u64>, watched: bool, n_steps: u64) -> u64 {
    match log_every {
        Some(every) => every.max(1),
        None if watched => n_steps.div_ceil(MOST_STEPS_TOLD).max(1),
        None => 0,
    }
}
