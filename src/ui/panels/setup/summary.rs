//! What a section came to, in a few words.

use strum::EnumMessage as _;

use crate::spec::{CheckpointSpec, DeviceSpec, ScheduleKind, Section, StoppingSpec, number_text};
use crate::ui::text::counted;
use crate::ui::{Cx, facts};

/// The right end of a section's line.
pub(super) fn summary(cx: &Cx<'_>, section: Section) -> String {
    let draft = &*cx.draft;
    match section {
        Section::Dataset => facts::data_summary(cx.studio, draft),
        Section::Model => match facts::shape(cx.studio) {
            Some((task, input)) => draft.model.summary(input, draft.loss.n_outputs(task)),
            None => draft.model.get_message().unwrap_or_default().to_owned(),
        },
        Section::Loss => draft.loss.get_message().unwrap_or_default().to_owned(),
        Section::Optimizer => {
            format!("{} · {}", draft.optimizer.get_message().unwrap_or_default(), number_text(draft.learning_rate))
        }
        Section::Schedule => schedule(&draft.schedule.kind, draft.schedule.warmup_steps),
        Section::Training => {
            let batch = draft.training.batch_size.map_or_else(|| "all rows".to_owned(), |it| format!("batch {it}"));
            format!("{} · {batch}", counted(draft.training.epochs, "epoch"))
        }
        Section::Stopping => match &draft.stopping {
            StoppingSpec::Off => "Off".to_owned(),
            StoppingSpec::Patience(it) => format!("Patience {}", it.patience),
        },
        Section::Checkpoints => checkpoints(&draft.checkpoint),
        Section::Hardware => hardware(cx),
        Section::Doctor => match draft.doctor.n_moved() {
            0 => "Usual thresholds".to_owned(),
            n => format!("{} moved", counted(n as u64, "threshold")),
        },
    }
}

fn schedule(kind: &ScheduleKind, warmup_steps: u64) -> String {
    let kind = kind.get_message().unwrap_or_default();
    if warmup_steps > 0 { format!("{kind} · warm-up {warmup_steps}") } else { kind.to_owned() }
}

fn checkpoints(spec: &CheckpointSpec) -> String {
    let by_time = spec.seconds.map(|it| format!("{} s", number_text(it)));
    let by_count = spec.epochs.map(|it| counted(it, "epoch"));
    match [by_time, by_count].into_iter().flatten().collect::<Vec<_>>().as_slice() {
        [] => "Off".to_owned(),
        every => format!("Every {}", every.join(", ")),
    }
}

/// The device; for Auto also what it came to in the run on the chart.
fn hardware(cx: &Cx<'_>) -> String {
    let label = facts::device_label(cx.studio, cx.draft.device);
    let told = cx.run().map(|it| it.started.device.as_str()).filter(|it| !it.is_empty());
    match (cx.draft.device, told) {
        (DeviceSpec::Auto, Some(device)) => format!("{label} → {}", facts::device_id_label(cx.studio, device)),
        _ => label,
    }
}
