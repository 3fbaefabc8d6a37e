//! What the data makes possible, in the words of the form. The one place of the window that knows how data was prepared.

use strum::{EnumMessage as _, IntoEnumIterator as _};

use super::text::grouped;
use crate::data::{Prepared, builtin};
use crate::spec::{
    DeviceSpec, Generator, InputShape, LayerSpec, Project, ShapeError, Source, Task, TextValue as _, n_parameters,
};
use crate::studio::{DataState, Loaded, Studio};

/// The data as it was last read, even while the draft has moved on.
pub(super) fn loaded(studio: &Studio) -> Option<&Loaded> {
    match &studio.projects.data {
        DataState::Ready(loaded) => Some(loaded),
        DataState::Loading | DataState::Failed(_) => None,
    }
}

/// The data as a network would see it.
pub(super) fn prepared(studio: &Studio) -> Option<&Prepared> {
    loaded(studio)?.prepared.as_ref().ok()
}

/// Task and input, once they are known.
pub(super) fn shape(studio: &Studio) -> Option<(Task, InputShape)> {
    prepared(studio).map(|it| (it.task, it.input))
}

/// The draft's layers on this data.
pub(super) fn layers(studio: &Studio, draft: &Project) -> Option<Result<Vec<LayerSpec>, ShapeError>> {
    let (task, input) = shape(studio)?;
    Some(draft.model.layers(input, draft.loss.n_outputs(task)))
}

/// Numbers that training would find, where the network can be built.
pub(super) fn parameters(studio: &Studio, draft: &Project) -> Option<u64> {
    layers(studio, draft)?.ok().map(|it| n_parameters(&it) as u64)
}

/// A data set's name on screen.
pub(super) fn source_label(source: &Source) -> String {
    match source {
        Source::Builtin(id) => builtin_label(id),
        Source::Generated(recipe) => recipe.shape.get_message().unwrap_or_default().to_owned(),
        Source::File(path) => path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned(),
    }
}

/// Every data set that needs no file, as id, name and help.
pub(super) fn ready_made() -> Vec<(String, String, String)> {
    let shipped = builtin::ALL.iter().map(|it| (it.id.to_owned(), it.label.to_owned(), it.blurb.to_owned()));
    let drawn = Generator::iter().map(|it| {
        let id: &str = it.into();
        (
            id.to_owned(),
            it.get_message().unwrap_or_default().to_owned(),
            it.get_documentation().unwrap_or_default().to_owned(),
        )
    });
    shipped.chain(drawn).collect()
}

/// Columns that may be predicted or left out.
pub(super) fn column_names(studio: &Studio) -> Vec<String> {
    loaded(studio).map_or_else(Vec::new, |it| it.dataset.columns.iter().map(|column| column.name.clone()).collect())
}

/// Where a data set that ships comes from, and under which terms.
pub(super) fn origin(source: &Source) -> Option<&'static builtin::Origin> {
    match source {
        Source::Builtin(id) => builtin::ALL.iter().find(|it| it.id == id).map(|it| &it.origin),
        Source::Generated(_) | Source::File(_) => None,
    }
}

/// Rows of each part: train, validation, test.
pub(super) fn split_sizes(studio: &Studio) -> Option<[u64; 3]> {
    prepared(studio).map(|it| [&it.split.train, &it.split.validation, &it.split.test].map(|part| part.len() as u64))
}

/// `Telco churn · 7,043 rows`.
pub(super) fn data_summary(studio: &Studio, draft: &Project) -> String {
    let label = source_label(&draft.data.source);
    match &studio.projects.data {
        DataState::Ready(loaded) if loaded.spec.source == draft.data.source => {
            format!("{label} · {} rows", grouped(loaded.dataset.n_rows as u64))
        }
        DataState::Ready(_) | DataState::Loading => format!("{label} · reading…"),
        DataState::Failed(_) => format!("{label} · unreadable"),
    }
}

/// A device as people call it.
pub(super) fn device_label(studio: &Studio, device: DeviceSpec) -> String {
    match device {
        DeviceSpec::Auto => "Auto".to_owned(),
        DeviceSpec::Gpu => "GPU".to_owned(),
        DeviceSpec::Cpu | DeviceSpec::GpuAt(_) => device_id_label(studio, &device.text()),
    }
}

/// A device as people call it, from the name that `--device` takes.
pub(super) fn device_id_label(studio: &Studio, id: &str) -> String {
    let devices = studio.hardware.devices.as_deref().unwrap_or_default();
    match devices.iter().find(|it| it.id == id) {
        Some(_) | None if id == "cpu" => "CPU".to_owned(),
        Some(device) => device.name.clone(),
        None => id.replace(':', " ").replace("gpu", "GPU"),
    }
}

fn builtin_label(id: &str) -> String {
    builtin::ALL.iter().find(|it| it.id == id).map_or(id, |it| it.label).to_owned()
}
