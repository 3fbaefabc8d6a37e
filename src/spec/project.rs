//! A project: every choice for a run in one place, set by name, checked as a whole.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoEnumIterator as _, IntoStaticStr};

use super::checkpoint::CheckpointSpec;
use super::data::{DataSpec, SplitSpec, Task};
use super::doctor::DoctorSpec;
use super::knob::{Knob, KnobError, Range, Scale, Value, nearest_name};
use super::loss::LossSpec;
use super::memory::MemorySpec;
use super::model::{Mlp, ModelSpec};
use super::optimizer::OptimizerSpec;
use super::schedule::ScheduleSpec;
use super::training::{DeviceSpec, StoppingSpec, TrainingSpec};

/// Every choice for a run. Saved as RON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Project {
    /// Version of the file format; 1.
    pub version: u32,
    /// Shown in the top bar. Empty: the file's name.
    pub name: String,
    pub data: DataSpec,
    pub split: SplitSpec,
    pub model: ModelSpec,
    pub loss: LossSpec,
    pub optimizer: OptimizerSpec,
    /// Base learning rate, in (0, 100]; the schedule multiplies it.
    pub learning_rate: f64,
    /// Largest allowed norm of all gradients together. None: no clipping.
    pub clip_norm: Option<f64>,
    pub schedule: ScheduleSpec,
    pub training: TrainingSpec,
    pub stopping: StoppingSpec,
    pub checkpoint: CheckpointSpec,
    pub device: DeviceSpec,
    pub memory: MemorySpec,
    /// Where the doctor's rules draw their lines.
    pub doctor: DoctorSpec,
    /// What is wrong with this project, where it is an exercise. No rule reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truth: Option<Truth>,
}

/// The ground truth of an exercise: which fault was planted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Truth {
    /// Id of the rule that names the fault; empty for a healthy run.
    pub primary: String,
    /// Rules that may speak up as well.
    pub also: Vec<String>,
    /// What was done, in a sentence for the learner who has guessed.
    pub told: String,
    /// The epoch from which the fault is there.
    pub onset: u64,
}

/// The parts a project is set up in, in the order of the form.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Section {
    /// What to learn from, and which rows are held back.
    #[strum(message = "Dataset")]
    Dataset,
    /// Which network.
    #[strum(message = "Model")]
    Model,
    /// What training makes small.
    #[strum(message = "Loss")]
    Loss,
    /// How a gradient becomes a step.
    #[strum(message = "Optimizer")]
    Optimizer,
    /// How the learning rate moves over time.
    #[strum(message = "Schedule")]
    Schedule,
    /// How long and in what portions.
    #[strum(message = "Training")]
    Training,
    /// When to stop before the last epoch.
    #[strum(message = "Early stopping")]
    Stopping,
    /// How often the training is written down, to go on from there after an interruption.
    #[strum(message = "Checkpoints")]
    Checkpoints,
    /// Where the arithmetic is done.
    #[strum(message = "Hardware")]
    Hardware,
    /// When the doctor speaks up.
    #[strum(message = "Doctor")]
    Doctor,
}

impl Default for Project {
    fn default() -> Self {
        Self {
            version: 1,
            name: String::new(),
            data: DataSpec::default(),
            split: SplitSpec::default(),
            model: ModelSpec::Mlp(Mlp::default()),
            loss: LossSpec::usual_for(Task::Binary),
            optimizer: OptimizerSpec::default(),
            learning_rate: 0.001,
            clip_norm: None,
            schedule: ScheduleSpec::default(),
            training: TrainingSpec::default(),
            stopping: StoppingSpec::default(),
            checkpoint: CheckpointSpec::default(),
            device: DeviceSpec::Auto,
            memory: MemorySpec::default(),
            doctor: DoctorSpec::default(),
            truth: None,
        }
    }
}

impl Project {
    /// The knobs of one section, kinds first. The data source is not among them: see [`Project::set`].
    pub fn knobs_of(&mut self, section: Section) -> Vec<Knob<'_>> {
        match section {
            Section::Dataset => {
                let mut knobs = self.data.knobs();
                knobs.extend(self.split.knobs());
                knobs
            }
            Section::Model => self.model.knobs(),
            Section::Loss => self.loss.knobs(),
            Section::Optimizer => {
                let mut knobs = vec![
                    Knob::log(
                        "learning_rate",
                        "Learning rate",
                        &mut self.learning_rate,
                        Range::above(0.0, 100.0),
                        "How far each step goes along the slope. Too low crawls, too high jumps about or blows up.",
                    )
                    .live(),
                ];
                knobs.extend(self.optimizer.knobs());
                knobs.push(Knob {
                    key: "clip_norm",
                    label: "Clip norm",
                    help: "Shrinks all gradients together when their norm is above this. Tames sudden spikes.",
                    value: Value::MaybeReal {
                        at: &mut self.clip_norm,
                        range: Range::above(0.0, 1e6),
                        scale: Scale::Log,
                        none: "off",
                        usual: 1.0,
                    },
                    live: true,
                });
                knobs
            }
            Section::Schedule => self.schedule.knobs(),
            Section::Training => self.training.knobs(),
            Section::Stopping => self.stopping.knobs(),
            Section::Checkpoints => self.checkpoint.knobs(),
            Section::Hardware => {
                let mut knobs = vec![Knob {
                    key: "device",
                    label: "Device",
                    help: "Where the arithmetic is done.",
                    value: Value::Text { at: &mut self.device },
                    live: false,
                }];
                knobs.extend(self.memory.knobs());
                knobs
            }
            Section::Doctor => self.doctor.knobs(),
        }
    }

    /// The knob that chooses a section's kind, such as `optimizer`. Choosing resets the section's own knobs.
    pub fn kind_of(&mut self, section: Section) -> Option<Knob<'_>> {
        Some(match section {
            Section::Dataset => Knob {
                key: "data",
                label: "Data set",
                help: "What to learn from.",
                value: Value::Text { at: &mut self.data.source },
                live: false,
            },
            Section::Model => Knob::choice("model", "Network", &mut self.model, "Which network."),
            Section::Loss => Knob::choice("loss", "Loss", &mut self.loss, "What training makes small."),
            Section::Optimizer => {
                Knob::choice("optimizer", "Method", &mut self.optimizer, "How a gradient becomes a step.")
            }
            Section::Schedule => {
                Knob::choice("schedule", "Schedule", &mut self.schedule.kind, "How the learning rate moves over time.")
            }
            Section::Stopping => {
                Knob::choice("stopping", "Stop early", &mut self.stopping, "Whether to stop before the last epoch.")
            }
            Section::Training | Section::Checkpoints | Section::Hardware | Section::Doctor => return None,
        })
    }

    /// Runs `f` on the knob of that key.
    ///
    /// # Errors
    /// When no knob has that key under the kinds now chosen; the nearest one is named.
    pub fn with_knob<T>(&mut self, key: &str, f: impl FnOnce(Knob<'_>) -> T) -> Result<T, KnobError> {
        for section in Section::iter() {
            if self.kind_of(section).is_some_and(|it| it.key == key) {
                // Asked twice because a knob borrows the whole section.
                return self
                    .kind_of(section)
                    .map(f)
                    .ok_or_else(|| KnobError::UnknownKey { key: key.to_owned(), nearest: String::new() });
            }
            if let Some(found) = self.knobs_of(section).into_iter().find(|it| it.key == key) {
                return Ok(f(found));
            }
        }
        let keys = self.keys();
        let nearest = nearest_name(key, keys.iter().copied()).unwrap_or_default().to_owned();
        Err(KnobError::UnknownKey { key: key.to_owned(), nearest })
    }

    /// Sets one knob from text such as `optimizer=lion` or `model.hidden=[64,64]`.
    ///
    /// # Errors
    /// When it is not `KEY=VALUE`, the key is unknown, or the value is not allowed; the project stays as it was.
    pub fn set(&mut self, setting: &str) -> Result<(), KnobError> {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(KnobError::NotASetting { text: setting.to_owned() });
        };
        self.set_value(key.trim(), value)
    }

    /// Sets one knob by key; as [`Project::set`].
    pub fn set_value(&mut self, key: &str, value: &str) -> Result<(), KnobError> {
        let before = (key == "data").then(|| self.data.source.clone());
        self.with_knob(key, |mut knob| knob.read(value))??;
        if before.is_some_and(|it| it != self.data.source) {
            // Another table has other columns.
            self.data.target = None;
            self.data.exclude.clear();
        }
        Ok(())
    }

    /// The present value of a knob as text; none where no knob has that key.
    pub fn get(&self, key: &str) -> Option<String> {
        self.clone().with_knob(key, |knob| knob.text()).ok()
    }

    /// Every key that can be set under the kinds now chosen, in the order of the form.
    pub fn keys(&mut self) -> Vec<&'static str> {
        let mut keys = Vec::new();
        for section in Section::iter() {
            keys.extend(self.kind_of(section).map(|it| it.key));
            keys.extend(self.knobs_of(section).iter().map(|it| it.key));
        }
        keys
    }

    /// Every setting as key and text, in the order of the form: what a recipe writes down.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        let mut copy = self.clone();
        let keys = copy.keys();
        keys.into_iter().filter_map(|key| self.get(key).map(|text| (key, text))).collect()
    }

    /// The settings in which `self` differs from `other`, as key and own text.
    pub fn changes_from(&self, other: &Self) -> Vec<(&'static str, String)> {
        self.settings().into_iter().filter(|(key, text)| other.get(key).as_ref() != Some(text)).collect()
    }

    /// Checks every knob against its range, and the knobs against each other, as far as is possible without the data.
    ///
    /// # Errors
    /// Every problem, one line each.
    pub fn check(&self) -> Result<(), Vec<String>> {
        let mut copy = self.clone();
        let mut problems = Vec::new();
        for section in Section::iter() {
            problems.extend(copy.knobs_of(section).iter().filter_map(|it| it.check().err()).map(|it| it.to_string()));
        }
        if self.split.validation + self.split.test >= 1.0 {
            problems.push(format!(
                "split.validation {} and split.test {} leave no rows to train on; together they must be below 1",
                self.split.validation, self.split.test
            ));
        }
        if let OptimizerSpec::Sgd(it) = &self.optimizer
            && it.nesterov
            && it.momentum == 0.0
        {
            problems.push("optimizer.nesterov looks ahead along the momentum, and optimizer.momentum is 0; set optimizer.momentum=0.9".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// What does not fit the task, as section and reason, for the form and for the check before training.
    pub fn misfits(&self, task: Task) -> Vec<(Section, String)> {
        let loss = self.loss.misfit(task).map(|it| (Section::Loss, it));
        let stopping = match &self.stopping {
            StoppingSpec::Patience(it) => it.monitor.misfit(task).map(|it| (Section::Stopping, it)),
            StoppingSpec::Off => None,
        };
        loss.into_iter().chain(stopping).collect()
    }
}

impl Section {
    /// What it is called on screen.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// The section in which a key is set.
    pub fn of_key(key: &str) -> Option<Self> {
        let mut project = Project::default();
        let by_knob = Self::iter().find(|it| {
            project.kind_of(*it).is_some_and(|k| k.key == key) || project.knobs_of(*it).iter().any(|k| k.key == key)
        });
        by_knob.or_else(|| {
            let head = key.split('.').next().unwrap_or(key);
            Some(match head {
                "data" | "split" => Self::Dataset,
                "model" => Self::Model,
                "loss" => Self::Loss,
                "optimizer" => Self::Optimizer,
                "schedule" => Self::Schedule,
                "stopping" => Self::Stopping,
                "checkpoint" => Self::Checkpoints,
                "doctor" => Self::Doctor,
                _ => return None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Lion;

    #[test]
    fn choosing_a_kind_resets_its_knobs_and_settings_apply_left_to_right() {
        let mut project = Project::default();
        for setting in [
            "optimizer=lion",
            "optimizer.beta_1=0.95",
            "learning_rate=3e-4",
            "batch_size=all",
            "clip_norm=1",
            "model.hidden=[8,8]",
        ] {
            project.set(setting).unwrap();
        }
        assert_eq!(project.optimizer, OptimizerSpec::Lion(Lion { beta_1: 0.95, ..Lion::default() }));
        assert_eq!((project.learning_rate, project.training.batch_size, project.clip_norm), (3e-4, None, Some(1.0)));
        project.set("optimizer=lion").unwrap();
        assert_eq!(project.optimizer, OptimizerSpec::Lion(Lion::default()), "choosing a kind again resets it");
    }

    #[test]
    fn a_mistyped_key_names_the_nearest_and_changes_nothing() {
        let mut project = Project::default();
        let refused = project.set("optimizer.beta1=0.5").unwrap_err().to_string();
        assert!(refused.contains("optimizer.beta_1"), "{refused}");
        let refused = project.set("optimizer=adamm").unwrap_err().to_string();
        assert!(refused.ends_with("the nearest is adam"), "{refused}");
        assert_eq!(project, Project::default());
    }

    #[test]
    fn every_setting_reads_back_what_it_writes() {
        let mut project = Project::default();
        for kind in ["model=cnn", "loss=cross_entropy", "schedule=plateau", "optimizer=rmsprop"] {
            project.set(kind).unwrap();
        }
        let mut copy = project.clone();
        for (key, text) in project.settings() {
            copy.set_value(key, &text).unwrap();
        }
        assert_eq!(copy, project);
    }

    #[test]
    fn changes_name_what_differs() {
        let before = Project::default();
        let mut after = before.clone();
        after.set("learning_rate=0.1").unwrap();
        assert_eq!(after.changes_from(&before), [("learning_rate", "0.1".to_owned())]);
    }

    #[test]
    fn a_project_file_with_wild_numbers_is_refused_line_by_line() {
        let mut project = Project { learning_rate: -1.0, ..Project::default() };
        project.training.batch_size = Some(0);
        project.split.validation = 0.6;
        project.split.test = 0.5;
        let problems = project.check().unwrap_err();
        assert_eq!(problems.len(), 3, "{problems:?}");
    }
}
