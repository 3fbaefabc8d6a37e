//! All that a panel may ask for, beyond turning knobs of the draft.

use std::path::PathBuf;

use super::HistoryAction;
use super::export::ExportAction;
use crate::logs::Role;
use crate::run::Remedy;
use crate::spec::DeviceSpec;

/// What a panel asks for; done behind the frame, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Run(RunAction),
    Log(LogAction),
    Project(ProjectAction),
    Hardware(HardwareAction),
    Quiz(QuizAction),
    History(HistoryAction),
    Export(ExportAction),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuizAction {
    /// Puts the project aside and asks the first question.
    Start,
    /// Chooses one of the answers, from 0.
    Answer(usize),
    Next,
    /// Trains a question of this round again, answered; from 0.
    Again(usize),
    /// Puts the project back.
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub enum RunAction {
    /// Starts a new run of the draft, or the fork that is set up; the one that was shown becomes a ghost.
    Train,
    Pause,
    Resume,
    /// Makes one step and pauses; starts a paused run where none is live.
    Step,
    Stop,
    /// Leaves the run as it is, behind a checkpoint, so that it can go on another time.
    Leave,
    /// Goes on with the shown run, which was interrupted, from its last checkpoint; on another device where one is
    /// named.
    Continue(Option<DeviceSpec>),
    /// Ends the process that trains at once, as a power cut would.
    PullThePlug,
    /// Turns a knob of the running training, and of the draft.
    Set {
        key: String,
        value: String,
    },
    /// Puts a finding's remedy into the draft and trains it.
    Try(Remedy),
    /// Tries other learning rates on copies of the training.
    Probe,
    /// Raises the learning rate of a copy until its loss explodes.
    RangeTest,
    /// Trains a copy on without the optimizer's memory.
    Forget,
    /// Trains a copy on after the end, to see whether stopping was right.
    GoOn {
        epochs: u64,
    },
    /// Trains the shown run's project with so many seeds, the next ones from its own on, to see what the seed alone makes.
    Seeds {
        k: u64,
    },
    /// Ends that; the seeds that are through are kept.
    CancelSeeds,
    /// Sets up a fork of the shown run behind an epoch: the draft becomes what the run was set to, to be changed.
    PlanFork {
        epoch: u64,
    },
    /// Gives the fork up that is set up.
    CancelFork,
    /// Takes the ghosts off the chart.
    ForgetGhosts,
}

/// About the log of another program that is shown in front of the runs.
#[derive(Clone, Debug, PartialEq)]
pub enum LogAction {
    /// Reads it again, with this column for a role; without one where the name is empty.
    ReadColumn { role: Role, name: String },
    /// Leads back to the runs of the project.
    Close,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ProjectAction {
    /// Opens whatever a path holds: a project at once. Data, a run folder or what another program logged are read
    /// first, and then wait for [`ProjectAction::TakeOpened`].
    Open(PathBuf),
    /// The same, where it was taken for something else.
    OpenAs(PathBuf, Kind),
    /// Puts what was opened in the place of the project or, where it is a log, of the run that is shown.
    TakeOpened,
    /// Forgets what was opened.
    LeaveOpened,
    /// One of the projects that ship, by file name without ending.
    OpenSample(String),
    Save,
    SaveAs(PathBuf),
    /// Puts the draft back to what the file holds.
    ResetToFile,
    Undo,
    Redo,
    /// Reads the data file again.
    ReloadData,
}

/// What a table may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rows to learn from.
    Data,
    /// Curves that another program logged.
    Curves,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HardwareAction {
    /// Looks for adapters again.
    Probe,
    /// One step on the device and one on the CPU, compared.
    Verify(DeviceSpec),
}
