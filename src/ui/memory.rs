//! How much memory the draft will take, and the ways to need less. All of it modelled.

use egui::{Label, Ui};

use super::theme::{Theme, space};
use super::widgets::link_ui;
use super::{Cx, facts};
use crate::session::{Advice, DataSize, Forecast, advise, forecast, free_memory};
use crate::spec::{DeviceSpec, Project};

/// What the draft will take; none before its data has been read.
pub(super) fn forecast_of(cx: &Cx<'_>) -> Option<Forecast> {
    forecast(cx.draft, &data_size(cx)?).ok()
}

fn data_size(cx: &Cx<'_>) -> Option<DataSize> {
    facts::prepared(cx.studio).map(DataSize::of)
}

/// What is known of the memory that the draft may take.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) on_card: bool,
    pub(super) budget: Option<u64>,
    /// Bytes of the machine's memory. None on a graphics adapter, and where the system does not tell.
    pub(super) free: Option<u64>,
}

impl Room {
    pub(super) fn of(draft: &Project) -> Self {
        let on_card = matches!(draft.device, DeviceSpec::Gpu | DeviceSpec::GpuAt(_));
        Self { on_card, budget: draft.memory.bytes(), free: free_memory().filter(|_| !on_card) }
    }

    /// The budget, or what is free. None where neither is known.
    pub(super) fn limit(self) -> Option<u64> {
        self.budget.or(self.free)
    }
}

/// Ways to need less, in the order of least harm; those that Learnscope has a knob for can be pressed, and undone.
///
/// # Arguments
/// - limit: bytes that the training may take
pub(super) fn remedies_ui(ui: &mut Ui, cx: &mut Cx<'_>, limit: u64, is_enabled: bool) {
    let Some(data) = data_size(cx) else { return };
    let theme = Theme::of(ui);
    ui.add_space(space::S);
    ui.label(theme.small("To need less, in this order").color(theme.text));
    for it in advise(cx.draft, &data, limit) {
        remedy_ui(ui, cx, &it, is_enabled);
    }
}

fn remedy_ui(ui: &mut Ui, cx: &mut Cx<'_>, advice: &Advice, is_enabled: bool) {
    let theme = Theme::of(ui);
    let saves = format!("saves {}", megabytes(advice.saves));
    if advice.set.is_empty() {
        let why =
            if advice.saves == 0 { "saves nothing here".to_owned() } else { format!("{saves}; not in Learnscope yet") };
        ui.add(Label::new(theme.small(format!("{}: {why}", advice.remedy.label()))).wrap())
            .on_hover_text(advice.remedy.help());
        return;
    }
    let set: Vec<_> = advice.set.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let text = format!("{}: {saves}", advice.remedy.label());
    let link = ui.add_enabled_ui(is_enabled, |ui| link_ui(ui, &text)).inner;
    let help = format!(
        "{}. Sets {}; needs {} then. Undo brings it back",
        advice.remedy.help(),
        set.join(" and "),
        megabytes(advice.needs)
    );
    if link.on_hover_text(help).clicked() {
        for (key, value) in &advice.set {
            cx.draft.set_value(key, value).ok();
        }
    }
}

/// Bytes as a person reads them.
pub(super) fn megabytes(bytes: u64) -> String {
    let megabytes = bytes as f64 / 1e6;
    if megabytes >= 10_000.0 {
        format!("{:.1} GB", megabytes / 1e3)
    } else if bytes > 0 && megabytes < 1.0 {
        "under 1 MB".to_owned()
    } else {
        format!("{megabytes:.0} MB")
    }
}
