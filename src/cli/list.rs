//! `learnscope list`: what can be chosen, from the descriptions that the form reads, too.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::data::builtin;
use crate::diagnose::RULES;
use crate::diagnose::stops::{STOP_RULES, StopKnob, StopRule};
use crate::project::{self, GALLERY, SAMPLES, Sample};
use crate::spec::{
    Activation, Choice, Generator, LossSpec, ModelSpec, Monitor, OptimizerSpec, Project, ScheduleKind, Section,
};

/// Lists what can be chosen.
#[derive(Debug, Args)]
pub struct List {
    pub kind: Kind,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Kind {
    Datasets,
    Models,
    Layers,
    Activations,
    Losses,
    Optimizers,
    Schedules,
    Metrics,
    Monitors,
    Rules,
    StopRules,
    Samples,
    Gallery,
    Settings,
}

/// One thing that can be chosen.
struct Entry {
    id: String,
    label: String,
    help: String,
    more: Value,
}

impl List {
    pub(super) fn run(&self) -> ExitCode {
        let entries = entries(self.kind);
        if self.json {
            let rows: Vec<_> = entries.into_iter().map(as_json).collect();
            println!("{}", Value::from(rows));
        } else {
            let widest = entries.iter().map(|it| it.id.chars().count()).max().unwrap_or(0);
            for entry in entries {
                println!("{:widest$}  {}. {}", entry.id, entry.label, entry.help);
            }
        }
        ExitCode::SUCCESS
    }
}

fn as_json(entry: Entry) -> Value {
    let mut row = json!({ "id": entry.id, "label": entry.label, "help": entry.help });
    if let (Some(row), Value::Object(more)) = (row.as_object_mut(), entry.more) {
        row.extend(more);
    }
    row
}

fn entries(kind: Kind) -> Vec<Entry> {
    match kind {
        Kind::Datasets => datasets(),
        Kind::Models => options(&ModelSpec::Linear),
        Kind::Layers => LAYERS.iter().map(|(id, label, help)| entry(id, label, help)).collect(),
        Kind::Activations => options(&Activation::Relu),
        Kind::Losses => losses(),
        Kind::Optimizers => optimizers(),
        Kind::Schedules => options(&ScheduleKind::Constant),
        Kind::Metrics => METRICS.iter().map(|(id, label, help)| entry(id, label, help)).collect(),
        Kind::Monitors => options(&Monitor::ValidationLoss),
        Kind::Rules => RULES.iter().map(|it| entry(it.id, it.label, it.about)).collect(),
        Kind::StopRules => STOP_RULES.iter().map(stop_rule).collect(),
        Kind::Samples => SAMPLES.iter().map(|it| entry(it.id, it.label, it.blurb)).collect(),
        Kind::Gallery => GALLERY.iter().map(exercise).collect(),
        Kind::Settings => settings(),
    }
}

fn entry(id: &str, label: &str, help: &str) -> Entry {
    Entry { id: id.to_owned(), label: label.to_owned(), help: help.to_owned(), more: Value::Null }
}

fn options(choice: &dyn Choice) -> Vec<Entry> {
    choice.options().iter().map(|it| entry(it.id, it.label, it.help)).collect()
}

fn datasets() -> Vec<Entry> {
    let shipped = builtin::ALL.iter().map(|it| Entry {
        more: json!({ "rows": it.rows, "target": it.target, "from": it.origin.from, "authors": it.origin.authors, "licence": it.origin.licence }),
        ..entry(it.id, it.label, it.blurb)
    });
    shipped.chain(options(&Generator::Moons)).collect()
}

fn losses() -> Vec<Entry> {
    let more = |it: LossSpec| (<&'static str>::from(&it), json!({ "also_called": it.also_called() }));
    let names: Vec<_> = LossSpec::iter().map(more).collect();
    let mut entries = options(&LossSpec::Mse);
    for entry in &mut entries {
        if let Some((_, more)) = names.iter().find(|(id, _)| *id == entry.id) {
            entry.more = more.clone();
            let names: Vec<_> =
                more["also_called"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            entry.help = format!("{} Also called {}", entry.help, names.join(", "));
        }
    }
    entries
}

fn optimizers() -> Vec<Entry> {
    let mut entries = options(&OptimizerSpec::default());
    for (entry, optimizer) in entries.iter_mut().zip(OptimizerSpec::iter()) {
        let mut project = Project { optimizer, ..Project::default() };
        let knobs: Vec<_> = project
            .optimizer
            .knobs()
            .iter()
            .map(|knob| json!({ "key": knob.key, "default": knob.text(), "help": knob.help }))
            .collect();
        entry.more = json!({ "settings": knobs });
    }
    entries
}

fn stop_rule(rule: &StopRule) -> Entry {
    // A bound that is off by default has no number: JSON says null.
    let knob = |it: &StopKnob| json!({ "key": it.id, "label": it.label, "default": it.default, "min": it.min, "max": it.max, "help": it.help });
    let knobs: Vec<_> = rule.knobs.iter().map(knob).collect();
    Entry { more: json!({ "from": rule.source, "settings": knobs }), ..entry(rule.id, rule.label, rule.about) }
}

/// An exercise of the gallery, with the fault that was planted in it.
fn exercise(sample: &Sample) -> Entry {
    let project = project::from_text(sample.text, sample.id).ok();
    let truth = project.and_then(|it| it.truth);
    let more = truth.map_or(Value::Null, |it| json!({ "truth": it }));
    Entry { more, ..entry(sample.id, sample.label, sample.blurb) }
}

fn settings() -> Vec<Entry> {
    let mut project = Project::default();
    let mut entries = Vec::new();
    for section in Section::iter() {
        let kind = project
            .kind_of(section)
            .map(|knob| Entry { more: json!({ "value": knob.text() }), ..entry(knob.key, knob.label, knob.help) });
        entries.extend(kind);
        entries.extend(project.knobs_of(section).iter().map(|knob| Entry {
            more: json!({ "value": knob.text(), "live": knob.live }),
            ..entry(knob.key, knob.label, knob.help)
        }));
    }
    entries
}

const LAYERS: &[(&str, &str, &str)] = &[
    ("linear", "Linear", "Every unit sees every value of the layer before"),
    ("conv", "Convolution", "3x3 filters slide over the image, which keeps its size"),
    ("batch_norm", "Batch norm", "Keeps each unit's values at mean 0 and spread 1 over the batch"),
    ("activation", "Activation", "Bends the straight line between layers"),
    ("max_pool", "Max pool", "Keeps the largest of each 2x2 pixels, halving the image"),
    ("dropout", "Dropout", "Silences a share of units by chance while training"),
    ("flatten", "Flatten", "Lays an image out in one line"),
];

const METRICS: &[(&str, &str, &str)] = &[
    ("r2", "R²", "Share of the target's variance that is explained; 1 is perfect, 0 is as good as the mean"),
    ("rmse", "RMSE", "Root of the mean squared error, in the target's unit; large errors weigh most"),
    ("mae", "MAE", "Mean size of the error, in the target's unit"),
    ("accuracy", "Accuracy", "Share of rows whose class is right"),
    ("balanced_accuracy", "Balanced accuracy", "Recall averaged over classes, so that rare ones count as much"),
    ("macro_f1", "Macro F1", "Balance of precision and recall, averaged over classes"),
    ("roc_auc", "ROC AUC", "Chance that a positive row is ranked above a negative one; 0.5 is guessing"),
];
