//! The look: every color and size, by meaning. The only file that may write one down.
//!
//! Sizes are in points. Colors are those of the design, for a dark and a light window; everything
//! that a color says is also said by a shape or a word.

use std::collections::BTreeMap;

use egui::{Color32, FontFamily, FontId, RichText, TextStyle};
use egui_plot::LineStyle;

use crate::run::Severity;
use crate::studio::Stage;

pub use super::style::{install, set_presenter};

/// Distances, in steps of four.
pub mod space {
    pub const XS: f32 = 4.0;
    pub const S: f32 = 8.0;
    pub const M: f32 = 12.0;
    pub const L: f32 = 16.0;
    pub const XL: f32 = 24.0;
}

/// Sizes of the parts of the window and of its controls.
pub mod size {
    pub const TOP_BAR: f32 = 48.0;
    pub const SETUP: f32 = 300.0;
    pub const SETUP_NARROW: f32 = 264.0;
    pub const DOCTOR: f32 = 330.0;
    pub const DOCTOR_NARROW: f32 = 290.0;
    /// The tabs have this share of the height at first, in a usual window so much at least, and never more than the
    /// second; where the share comes to less than the third, the window is a low one.
    pub const BOTTOM_SHARE: f32 = 0.34;
    pub const BOTTOM: f32 = 236.0;
    pub const MAX_BOTTOM: f32 = 360.0;
    pub const LOW_BOTTOM: f32 = 200.0;
    /// A window this wide or narrower gets the narrow side panels.
    pub const NARROW_WINDOW: f32 = 1280.0;
    /// Width of a folded side panel, height of the row of tabs.
    pub const STRIP: f32 = 36.0;
    /// Room at the right of what scrolls, for the bar.
    pub const GUTTER: f32 = 12.0;
    pub const TABS: f32 = 38.0;
    pub const MIN_SIDE: f32 = 220.0;
    pub const MAX_SIDE: f32 = 520.0;
    pub const MIN_BOTTOM: f32 = 120.0;
    pub const MIN_WINDOW: [f32; 2] = [880.0, 560.0];
    pub const WINDOW: [f32; 2] = [1440.0, 900.0];

    /// Corner radius of controls and of cards.
    pub const CONTROL_RADIUS: u8 = 6;
    pub const CARD_RADIUS: u8 = 8;
    /// Height of a control in a form, and of a button in the top bar.
    pub const CONTROL: f32 = 26.0;
    pub const BUTTON: f32 = 30.0;
    /// Height of a folded section in the form.
    pub const SECTION: f32 = 38.0;
    pub const ROW: f32 = 30.0;
    pub const NUMBER_FIELD: f32 = 58.0;
    /// A switch's track and the round part in it; the ring of a radio button.
    pub const SWITCH: [f32; 2] = [26.0, 14.0];
    pub const SWITCH_HANDLE: f32 = 5.0;
    pub const RADIO: f32 = 6.5;
    /// Farthest that the words of an empty panel stand from its top.
    pub const EMPTY_TOP: f32 = 160.0;
    pub const LIST: f32 = 320.0;
    pub const RAIL: f32 = 4.0;
    pub const HANDLE: f32 = 6.0;
    pub const CARD_EDGE: f32 = 3.0;
    pub const PROGRESS: f32 = 6.0;
    pub const PROGRESS_MIN: f32 = 60.0;
    pub const PROGRESS_MAX: f32 = 190.0;
    pub const DOT: f32 = 4.0;
    pub const ICON: f32 = 16.0;
    pub const SMALL_ICON: f32 = 20.0;
    pub const LARGE_ICON: f32 = 18.0;
    pub const VERIFY: f32 = 90.0;
    pub const TITLE_MAX: f32 = 180.0;
    pub const MENU: f32 = 220.0;
    /// A top bar wider than this says everything; one narrower than the second leaves the device out.
    pub const SPACIOUS_BAR: f32 = 1100.0;
    pub const NARROW_BAR: f32 = 800.0;
    pub const PREVIEW: f32 = 64.0;
    pub const TOOLTIP: f32 = 300.0;
    pub const DIALOG: f32 = 420.0;
    /// Height that help leaves free for its own frame, its button and the window around it.
    pub const HELP_AROUND: f32 = 160.0;
    /// Height of a line of running text.
    pub const LINE: f32 = 18.0;
    pub const FOCUS_RING: f32 = 1.5;
    pub const CURVE: f32 = 2.0;
    pub const HAIRLINE: f32 = 1.0;
}

/// What the presenter size multiplies everything by.
pub const PRESENTER_ZOOM: f32 = 1.5;

/// All colors, by meaning.
#[derive(Debug)]
pub struct Theme {
    pub is_dark: bool,
    /// Behind the curves.
    pub background: Color32,
    /// Top bar, setup, doctor and bottom tabs.
    pub panel: Color32,
    pub card: Color32,
    /// A control at rest, a control under the pointer, the chosen part of a segmented control.
    pub control: Color32,
    pub control_hovered: Color32,
    pub chosen: Color32,
    /// Number fields, text fields and combo boxes.
    pub field: Color32,
    pub line: Color32,
    pub text: Color32,
    pub dim: Color32,
    /// Decorative only: never for words one has to read.
    pub faint: Color32,
    pub accent: Color32,
    /// The accent under the pointer.
    pub accent_hovered: Color32,
    /// Words on the accent.
    pub on_accent: Color32,
    /// Words to click.
    pub link: Color32,
    /// Behind selected text.
    pub selection: Color32,
    pub train: Color32,
    pub validation: Color32,
    pub good: Color32,
    pub warning: Color32,
    pub critical: Color32,
    /// Over the window, behind a dialog.
    pub shade: Color32,
    pub shadow: Color32,
    /// Runs before this one, newest first; they differ in dash too.
    pub ghosts: [Ghost; 5],
}

/// How an earlier run is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ghost {
    pub color: Color32,
    pub style: LineStyle,
}

const GHOST_STYLES: [LineStyle; 5] = [
    LineStyle::Dashed { length: 10.0 },
    LineStyle::Dotted { spacing: 4.0 },
    LineStyle::Dashed { length: 5.0 },
    LineStyle::Dotted { spacing: 8.0 },
    LineStyle::Dashed { length: 16.0 },
];

static DARK: Theme = Theme {
    is_dark: true,
    background: Color32::from_rgb(0x14, 0x16, 0x1B),
    panel: Color32::from_rgb(0x1A, 0x1D, 0x23),
    card: Color32::from_rgb(0x21, 0x25, 0x2D),
    control: Color32::from_rgb(0x2A, 0x2F, 0x39),
    control_hovered: Color32::from_rgb(0x34, 0x3A, 0x46),
    chosen: Color32::from_rgb(0x2C, 0x31, 0x3B),
    field: Color32::from_rgb(0x14, 0x16, 0x1B),
    line: Color32::from_rgb(0x2C, 0x31, 0x3B),
    text: Color32::from_rgb(0xE7, 0xE9, 0xEE),
    dim: Color32::from_rgb(0x98, 0xA1, 0xB2),
    faint: Color32::from_rgb(0x6B, 0x74, 0x85),
    accent: Color32::from_rgb(0x5A, 0xA2, 0xFF),
    accent_hovered: Color32::from_rgb(0x7A, 0xB5, 0xFF),
    on_accent: Color32::from_rgb(0x08, 0x14, 0x26),
    link: Color32::from_rgb(0x5A, 0xA2, 0xFF),
    selection: Color32::from_rgb(0x23, 0x42, 0x6B),
    train: Color32::from_rgb(0x58, 0xA6, 0xFF),
    validation: Color32::from_rgb(0xFF, 0xA6, 0x57),
    good: Color32::from_rgb(0x3F, 0xB6, 0x8B),
    warning: Color32::from_rgb(0xE3, 0xB3, 0x41),
    critical: Color32::from_rgb(0xF0, 0x62, 0x4D),
    shade: Color32::from_black_alpha(140),
    shadow: Color32::from_black_alpha(96),
    ghosts: ghosts([0xCC79A7, 0x009E73, 0xF0E442, 0x56B4E9, 0xD55E00]),
};

static LIGHT: Theme = Theme {
    is_dark: false,
    background: Color32::from_rgb(0xF3, 0xF4, 0xF7),
    panel: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    card: Color32::from_rgb(0xF7, 0xF8, 0xFA),
    control: Color32::from_rgb(0xEC, 0xEF, 0xF4),
    control_hovered: Color32::from_rgb(0xE0, 0xE5, 0xED),
    chosen: Color32::from_rgb(0xE4, 0xE8, 0xEF),
    field: Color32::from_rgb(0xF3, 0xF4, 0xF7),
    line: Color32::from_rgb(0xDF, 0xE3, 0xEA),
    text: Color32::from_rgb(0x1D, 0x21, 0x29),
    dim: Color32::from_rgb(0x58, 0x61, 0x74),
    faint: Color32::from_rgb(0x88, 0x92, 0xA4),
    accent: Color32::from_rgb(0x1F, 0x6F, 0xEB),
    accent_hovered: Color32::from_rgb(0x17, 0x5C, 0xC8),
    on_accent: Color32::from_rgb(0xFF, 0xFF, 0xFF),
    link: Color32::from_rgb(0x1B, 0x68, 0xE0),
    selection: Color32::from_rgb(0xC9, 0xDD, 0xFB),
    train: Color32::from_rgb(0x1F, 0x6F, 0xEB),
    validation: Color32::from_rgb(0xC4, 0x59, 0x0A),
    good: Color32::from_rgb(0x1A, 0x7F, 0x5A),
    // A little darker than the drawing's, so that its words reach the contrast of all others on every ground.
    warning: Color32::from_rgb(0x90, 0x64, 0x00),
    critical: Color32::from_rgb(0xC9, 0x3A, 0x24),
    shade: Color32::from_black_alpha(70),
    shadow: Color32::from_black_alpha(28),
    // The same hues, darkened until they stand out on white.
    ghosts: ghosts([0xB0588C, 0x00805D, 0x857500, 0x2E86BD, 0xC25500]),
};

impl Theme {
    /// The theme that the window shows now. Takes a `Ui` as well.
    pub fn of(ctx: &egui::Context) -> &'static Self {
        Self::named(ctx.theme())
    }

    /// The theme of that name.
    pub fn named(theme: egui::Theme) -> &'static Self {
        match theme {
            egui::Theme::Dark => &DARK,
            egui::Theme::Light => &LIGHT,
        }
    }

    /// The color of a finding's edge.
    pub fn severity(&self, severity: Severity) -> Color32 {
        match severity {
            Severity::Info => self.accent,
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }

    /// The color of what a training was busy with.
    pub fn stage(&self, stage: Stage) -> Color32 {
        match stage {
            Stage::Starting => self.dim,
            Stage::Training => self.train,
            Stage::Paused => self.faint,
            Stage::Interrupted => self.critical,
            Stage::Resuming => self.warning,
        }
    }

    /// The raw curve behind a smoothed one; a span over a chart.
    pub fn faded(color: Color32) -> Color32 {
        color.gamma_multiply(0.35)
    }

    /// What several seeds span, behind the curves.
    pub fn band(color: Color32) -> Color32 {
        color.gamma_multiply(0.16)
    }

    /// A tint behind something, such as the patience window.
    pub fn tint(color: Color32) -> Color32 {
        color.gamma_multiply(0.07)
    }

    /// Title of a chart or of the window, 14 points.
    pub fn heading(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(TextStyle::Heading).color(self.text)
    }

    /// Name of a part of the window, 11 points.
    pub fn section_label(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(section_label_style()).color(self.dim)
    }

    /// Verdict on a card, 13.5 points.
    pub fn card_title(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(card_title_style()).color(self.text)
    }

    /// Running text that is the point.
    pub fn body(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).color(self.text)
    }

    /// Words in semibold, 13 points.
    pub fn strong(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(strong_style()).color(self.text)
    }

    /// Running text that explains.
    pub fn dim(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).color(self.dim)
    }

    /// Explaining text over several lines.
    pub fn paragraph(&self, text: impl Into<String>) -> RichText {
        self.dim(text).line_height(Some(size::LINE))
    }

    /// Small explaining text, 11 points.
    pub fn small(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(TextStyle::Small).color(self.dim)
    }

    /// Numbers that line up, 12 points.
    pub fn mono(&self, text: impl Into<String>) -> RichText {
        RichText::new(text).text_style(TextStyle::Monospace).color(self.text)
    }
}

/// Inter in medium weight, for buttons.
pub fn medium() -> FontFamily {
    FontFamily::Name("medium".into())
}

/// Inter in semibold, for titles.
pub fn semibold() -> FontFamily {
    FontFamily::Name("semibold".into())
}

/// Names of parts of the window.
pub fn section_label_style() -> TextStyle {
    TextStyle::Name("section label".into())
}

/// Verdicts on cards.
pub fn card_title_style() -> TextStyle {
    TextStyle::Name("card title".into())
}

/// Semibold running text.
pub fn strong_style() -> TextStyle {
    TextStyle::Name("strong".into())
}

/// The type scale, in points.
pub fn text_styles() -> BTreeMap<TextStyle, FontId> {
    BTreeMap::from([
        (TextStyle::Small, FontId::new(11.0, FontFamily::Proportional)),
        (TextStyle::Body, FontId::new(13.0, FontFamily::Proportional)),
        (TextStyle::Button, FontId::new(13.0, medium())),
        (TextStyle::Heading, FontId::new(14.0, semibold())),
        (TextStyle::Monospace, FontId::new(12.0, FontFamily::Monospace)),
        (section_label_style(), FontId::new(11.0, semibold())),
        (card_title_style(), FontId::new(13.5, semibold())),
        (strong_style(), FontId::new(13.0, semibold())),
    ])
}

/// How much brighter one color is than another, from 1 to 21, as WCAG counts it.
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let luminance = |color: Color32| {
        let [r, g, b, _] = egui::Rgba::from(color).to_array();
        0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05
    };
    let (a, b) = (luminance(a), luminance(b));
    if a > b { a / b } else { b / a }
}

const fn ghosts(colors: [u32; 5]) -> [Ghost; 5] {
    let [first, second, third, fourth, fifth] = colors;
    [ghost(first, 0), ghost(second, 1), ghost(third, 2), ghost(fourth, 3), ghost(fifth, 4)]
}

const fn ghost(color: u32, style: usize) -> Ghost {
    let [_, r, g, b] = color.to_be_bytes();
    Ghost { color: Color32::from_rgb(r, g, b), style: GHOST_STYLES[style] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_out_from_everything_they_are_written_on() {
        for theme in [&DARK, &LIGHT] {
            for ground in [theme.background, theme.panel, theme.card] {
                for ink in [theme.text, theme.dim, theme.link, theme.good, theme.critical, theme.warning] {
                    let contrast = contrast(ink, ground);
                    assert!(
                        contrast >= 4.5,
                        "{ink:?} on {ground:?} has a contrast of {contrast}, dark: {}",
                        theme.is_dark
                    );
                }
            }
            for ground in [theme.control, theme.control_hovered, theme.field, theme.chosen] {
                assert!(contrast(theme.text, ground) >= 4.5, "text on {ground:?}, dark: {}", theme.is_dark);
            }
            for ground in [theme.accent, theme.accent_hovered] {
                assert!(contrast(theme.on_accent, ground) >= 4.5, "words on the accent, dark: {}", theme.is_dark);
            }
        }
    }

    #[test]
    fn curves_stand_out_from_the_chart_behind_them() {
        for theme in [&DARK, &LIGHT] {
            let ghosts = theme.ghosts.iter().map(|it| it.color);
            for ink in ghosts.chain([theme.train, theme.validation]) {
                let contrast = contrast(ink, theme.background);
                assert!(contrast >= 3.0, "{ink:?} has a contrast of {contrast}, dark: {}", theme.is_dark);
            }
        }
    }

    #[test]
    fn reports_are_drawn_in_the_windows_colors() {
        for (theme, ground) in [(&LIGHT, 0), (&DARK, 1)] {
            let own = [theme.train, theme.validation].into_iter().chain(theme.ghosts.iter().map(|it| it.color));
            let own: Vec<u32> = own.map(|it| u32::from_be_bytes([0, it.r(), it.g(), it.b()])).collect();
            assert_eq!(own, crate::report::INKS.map(|it| it[ground]), "dark: {}", theme.is_dark);
        }
    }
}
