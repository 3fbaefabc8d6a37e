//! Where the arithmetic is done: each target with its kind, and a check of each against the CPU.

use egui::accesskit::Role;
use egui::{Label, Sense, Stroke, Ui, WidgetInfo, vec2};

use crate::session::DeviceInfo;
use crate::spec::{DeviceSpec, TextValue as _};
use crate::studio::{Action, HardwareAction, Verification};
use crate::ui::text::sentence;
use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{link_ui, secondary_ui};
use crate::ui::{Cx, facts};

/// One row for Auto and one for each device found.
pub(super) fn hardware_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_enabled: bool) {
    let theme = Theme::of(ui);
    let help = "The CPU for small networks; otherwise whichever is measured to be faster";
    radio_ui(ui, cx, DeviceSpec::Auto, "Auto", help, is_enabled);
    let studio = cx.studio;
    let Some(devices) = &studio.hardware.devices else {
        ui.add(Label::new(theme.small("Looking for graphics adapters…")).wrap());
        return;
    };
    for device in devices {
        device_ui(ui, cx, device, is_enabled);
    }
    ui.add_space(space::XS);
    if link_ui(ui, "Look again").on_hover_text("Look for graphics adapters again").clicked() {
        cx.ask(Action::Hardware(HardwareAction::Probe));
    }
}

fn device_ui(ui: &mut Ui, cx: &mut Cx<'_>, device: &DeviceInfo, is_enabled: bool) {
    let theme = Theme::of(ui);
    let Some(spec) = spec_of(device) else { return };
    let name = facts::device_id_label(cx.studio, &device.id);
    let help = format!("{} · {} · {} {}", device.name, device.kind, device.api, device.driver);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = space::S;
        radio_ui(ui, cx, spec, &name, &help, is_enabled && device.problem.is_none());
        if spec != DeviceSpec::Cpu {
            let right = egui::Layout::right_to_left(egui::Align::Center);
            ui.with_layout(right, |ui| verify_ui(ui, cx, spec, &name, device));
        }
    });
    let kind = if device.software { "software, on the processor" } else { device.kind.as_str() };
    let indent = size::LINE + space::XS;
    indented_ui(ui, indent, |ui| {
        ui.add(Label::new(theme.small(format!("{kind} · {}", device.api))).truncate());
        if let Some(problem) = &device.problem {
            ui.add(Label::new(theme.small(sentence(problem)).color(theme.warning)).wrap());
        }
        if let Some(outcome) = verification(cx, spec).and_then(|it| it.outcome.as_ref()) {
            outcome_ui(ui, outcome);
        }
    });
    ui.add_space(space::S);
}

fn outcome_ui(ui: &mut Ui, outcome: &Result<String, String>) {
    use egui_material_icons::icons::{ICON_CHECK_CIRCLE, ICON_ERROR};
    let theme = Theme::of(ui);
    let (icon, ink, text) = match outcome {
        Ok(text) => (ICON_CHECK_CIRCLE, theme.good, text),
        Err(text) => (ICON_ERROR, theme.critical, text),
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = space::XS;
        ui.label(icon.rich_text().size(size::ICON).color(ink));
        ui.add(Label::new(theme.small(sentence(text)).color(ink)).wrap());
    });
}

fn verify_ui(ui: &mut Ui, cx: &mut Cx<'_>, spec: DeviceSpec, name: &str, device: &DeviceInfo) {
    let is_busy = verification(cx, spec).is_some_and(|it| it.outcome.is_none());
    let text = if is_busy { "Verifying…" } else { "Verify" };
    let help = "Runs one step here and on the CPU, and compares loss and gradients";
    let button = ui.add_enabled_ui(!is_busy && device.problem.is_none(), |ui| secondary_ui(ui, None, text)).inner;
    let button = button.on_hover_text(help).accessible_name(format!("Verify {name}"));
    if button.clicked() {
        cx.ask(Action::Hardware(HardwareAction::Verify(spec)));
    }
}

fn verification<'a>(cx: &Cx<'a>, spec: DeviceSpec) -> Option<&'a Verification> {
    cx.studio.hardware.verifications.iter().rev().find(|it| it.device == spec)
}

fn radio_ui(ui: &mut Ui, cx: &mut Cx<'_>, spec: DeviceSpec, name: &str, help: &str, is_enabled: bool) {
    let theme = Theme::of(ui);
    let is_chosen = cx.draft.device == spec;
    let font = egui::TextStyle::Body.resolve(ui.style());
    ui.add_enabled_ui(is_enabled, |ui| {
        let most = ui.available_width() - if spec == DeviceSpec::Auto { 0.0 } else { size::VERIFY };
        let mut job = egui::text::LayoutJob::simple_singleline(
            name.to_owned(),
            font,
            if is_enabled { theme.text } else { theme.dim },
        );
        job.wrap = egui::text::TextWrapping::truncate_at_width(most - size::LINE - space::XS);
        let galley = ui.fonts_mut(|fonts| fonts.layout_job(job));
        let wide = size::LINE + space::XS + galley.size().x;
        let (rect, response) = ui.allocate_exact_size(vec2(wide, size::ROW), Sense::click());
        let center = rect.left_center() + vec2(size::RADIO + 0.5, 0.0);
        let ring = if is_chosen { theme.accent } else { theme.faint };
        ui.painter().circle_stroke(center, size::RADIO, Stroke::new(size::FOCUS_RING, ring));
        if is_chosen {
            ui.painter().circle_filled(center, size::RADIO - 3.0, theme.accent);
        }
        let at = egui::pos2(rect.right() - galley.size().x, rect.center().y - galley.size().y / 2.0);
        ui.painter().galley(at, galley, theme.text);
        response.widget_info(|| WidgetInfo::selected(Role::RadioButton, is_enabled, is_chosen, name));
        crate::ui::widgets::focus_ring_ui(ui, &response);
        if response.on_hover_text(help).clicked() {
            cx.draft.device = spec;
        }
    });
}

fn indented_ui(ui: &mut Ui, by: f32, contents: impl FnOnce(&mut Ui)) {
    ui.horizontal_top(|ui| {
        ui.add_space(by - ui.spacing().item_spacing.x);
        ui.vertical(contents);
    });
}

fn spec_of(device: &DeviceInfo) -> Option<DeviceSpec> {
    let mut spec = DeviceSpec::Auto;
    spec.read(&device.id).ok().map(|()| spec)
}
