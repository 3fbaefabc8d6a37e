//! Learnscope: a studio in which people see training happen.
//!
//! A *project* holds every choice: data, network, loss, optimizer, schedule, stopping, hardware. A
//! *training* turns it into a stream of *events*; folded, they are a *run*. A *doctor* reads the epochs
//! as they come and raises *findings*, each with its numbers and with *remedies* that are changes to the
//! project. Window, terminal and tests see the same stream.
//!
//! Read in this order: [`spec`] (what is chosen), [`run`] (what happens), [`engine`] (how it happens),
//! [`session`] (where it happens), [`studio`] (what the program knows), `ui` (how it looks).
//!
//! # The layers, lowest first
//!
//! - [`spec`]: every choice as plain data that describes and checks itself by *knobs*.
//! - [`run`]: events, curves, and the one fold from events to a run.
//! - [`project`]: project files, the samples that ship, files written whole or not at all.
//! - [`data`]: files in, plain arrays out: reading, splitting, encoding.
//! - [`diagnose`]: rules that fold recorded epochs into findings; stop rules; what experiments say.
//! - [`logs`]: curves that another program logged, read into the rows that the doctor takes, and shown to it.
//! - [`engine`]: networks, losses, optimizers, metrics, devices. The only folder that names Burn.
//! - [`report`]: a run, or several beside each other, on paper: Markdown, HTML, figures, the recipe that repeats it.
//! - [`session`]: threads: the training loop, loading, looking at hardware.
//! - [`studio`]: the program without a window: a draft, its data, its runs.
//! - [`cli`]: the command line. `ui` and `app`: the window, behind the feature `gui`.
//!
//! # Invariants
//!
//! - A run is a function of its project: same project, same machine and build, same curve to the bit on
//!   the processor, whatever the number of threads. Chance is keyed by seed and purpose, never shared.
//! - Only [`session`] starts threads; only [`engine`] names Burn; only `ui` and `app` name egui; only
//!   [`cli`] prints. `tests/it/tidy.rs` holds the table.
//! - Panels change nothing but the draft; all else goes through [`studio::Action`].
//! - Every event can be written to disk and folded again; a run has no other memory.
//! - A panic while training ends the run in words, never the program.
//! - Every statistic that encodes rows comes from training rows alone.
//!
//! # Words
//!
//! *Project*: a RON file. *Run*: one training of a project, with a folder. *Step*: one optimizer update,
//! from 1. *Epoch*: one pass over the training rows, from 1. *Split*: train, validation, test. *Finding*:
//! what a rule saw. *Remedy*: a change a finding proposes. *Ghost*: an earlier run left on the chart.
//! *Band*: what several seeds of one project span. *Target*: the column to predict. *Device*: where the
//! arithmetic is done. *Checkpoint*: where a training stands between two steps, as a file. *Fork*: another future for a
//! run, its *parent*, from one of its epochs on. *Glance*: what a list shows of a run. *Marks*: what a person wrote on one.
//!
//! # Where it departs from the textbook
//!
//! Metrics are computed on the host, in doubles, from one read of the outputs: exact and the same on
//! every device. Batch norm and dropout are our own few lines, since Burn shares running statistics
//! between clones and draws from one generator for the whole process.

pub mod cli;
pub mod data;
pub mod diagnose;
pub mod engine;
pub mod logs;
pub mod project;
pub mod report;
pub mod run;
pub mod session;
pub mod spec;
pub mod studio;

#[cfg(feature = "gui")]
pub mod app;
#[cfg(feature = "gui")]
pub mod ui;

#[cfg(test)]
mod mutate;
