//! Puts the look into egui: fonts, text styles, spacing and colors of controls.

use std::sync::Arc;

use egui::epaint::Shadow;
use egui::style::{HandleShape, ScrollStyle, Selection, TextCursorStyle, WidgetVisuals};
use egui::{CornerRadius, FontData, FontDefinitions, FontFamily, Margin, Stroke, Style, TextStyle, Visuals, vec2};

use super::theme::{PRESENTER_ZOOM, Theme, medium, semibold, size, space, text_styles};

const FONTS: &[(&str, &[u8])] = &[
    ("inter", include_bytes!("../../assets/fonts/Inter-Regular.ttf")),
    ("inter-medium", include_bytes!("../../assets/fonts/Inter-Medium.ttf")),
    ("inter-semibold", include_bytes!("../../assets/fonts/Inter-SemiBold.ttf")),
    ("jetbrains-mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
];

/// Sets fonts and both themes. Call once, before the first frame.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(fonts());
    egui_material_icons::initialize(ctx);
    for name in [egui::Theme::Dark, egui::Theme::Light] {
        let theme = Theme::named(name);
        ctx.style_mut_of(name, |style| restyle(style, theme));
    }
}

/// Shows everything larger, for an audience, or at its usual size again.
pub fn set_presenter(ctx: &egui::Context, is_on: bool) {
    ctx.set_zoom_factor(if is_on { PRESENTER_ZOOM } else { 1.0 });
}

/// Words fall back to the numbers' font and the other way round, then to egui's symbols.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let rest: Vec<String> = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    for &(name, bytes) in FONTS {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let mut set = |family: FontFamily, own: &[&str]| {
        let names = own.iter().map(|it| (*it).to_owned()).chain(rest.iter().cloned());
        fonts.families.insert(family, names.collect());
    };
    set(FontFamily::Proportional, &["inter", "jetbrains-mono"]);
    set(medium(), &["inter-medium", "jetbrains-mono"]);
    set(semibold(), &["inter-semibold", "jetbrains-mono"]);
    set(FontFamily::Monospace, &["jetbrains-mono", "inter"]);
    fonts
}

fn restyle(style: &mut Style, theme: &Theme) {
    style.text_styles = text_styles();
    style.drag_value_text_style = TextStyle::Monospace;
    // Motion is for progress and new points only.
    style.animation_time = 0.0;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(space::S, space::XS);
    spacing.button_padding = vec2(space::M, space::XS);
    spacing.interact_size = vec2(size::CONTROL, size::CONTROL);
    spacing.window_margin = Margin::same(space::L as i8);
    spacing.menu_margin = Margin::same(space::XS as i8);
    spacing.combo_height = size::LIST;
    spacing.tooltip_width = size::TOOLTIP;
    spacing.icon_width = size::SWITCH[1];
    spacing.scroll = ScrollStyle { bar_width: 6.0, ..ScrollStyle::floating() };
    style.interaction.tooltip_delay = 0.35;
    style.interaction.selectable_labels = false;
    style.visuals = visuals(theme);
}

fn visuals(theme: &Theme) -> Visuals {
    let mut visuals = if theme.is_dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(size::CONTROL_RADIUS);
    let control = |fill, line, ink| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(size::HAIRLINE, line),
        corner_radius: radius,
        fg_stroke: Stroke::new(size::HAIRLINE, ink),
        expansion: 0.0,
    };
    let widgets = &mut visuals.widgets;
    widgets.noninteractive = control(theme.panel, theme.line, theme.text);
    widgets.inactive = control(theme.control, theme.line, theme.text);
    widgets.hovered = control(theme.control_hovered, theme.line, theme.text);
    widgets.open = control(theme.control_hovered, theme.line, theme.text);
    // A control is active while it is pressed, and while it has the keyboard: the ring shows where one is.
    widgets.active = control(theme.control_hovered, theme.accent, theme.text);
    widgets.active.bg_stroke.width = size::FOCUS_RING;

    visuals.weak_text_color = Some(theme.dim);
    visuals.selection = Selection { bg_fill: theme.selection, stroke: Stroke::new(size::FOCUS_RING, theme.accent) };
    visuals.hyperlink_color = theme.link;
    visuals.faint_bg_color = theme.card;
    visuals.extreme_bg_color = theme.field;
    visuals.code_bg_color = theme.card;
    visuals.warn_fg_color = theme.warning;
    visuals.error_fg_color = theme.critical;
    visuals.panel_fill = theme.panel;
    visuals.window_fill = theme.card;
    visuals.window_stroke = Stroke::new(size::HAIRLINE, theme.line);
    visuals.window_corner_radius = CornerRadius::same(size::CARD_RADIUS);
    visuals.menu_corner_radius = CornerRadius::same(size::CARD_RADIUS);
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: theme.shadow };
    (visuals.window_shadow, visuals.popup_shadow) = (shadow, shadow);
    visuals.text_cursor =
        TextCursorStyle { stroke: Stroke::new(2.0, theme.accent), blink: false, ..TextCursorStyle::default() };
    visuals.handle_shape = HandleShape::Circle;
    visuals.slider_trailing_fill = true;
    visuals.interact_cursor = Some(egui::CursorIcon::PointingHand);
    visuals.indent_has_left_vline = false;
    visuals
}
