//! The window: top bar, setup, curves, doctor and the tabs below, each foldable and of a remembered size.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{
    CentralPanel, Frame, Galley, Margin, Rect, Sense, Stroke, TextStyle, Ui, UiBuilder, WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons::{
    ICON_BOTTOM_PANEL_CLOSE, ICON_BOTTOM_PANEL_OPEN, ICON_LEFT_PANEL_OPEN, ICON_RIGHT_PANEL_OPEN,
};
use serde::{Deserialize, Serialize};

use super::export_menu::{Shown, export_menu_ui};
use super::theme::{Theme, size, space};
use super::widgets::icon_button_ui;
use super::{Cx, Home, PANELS, Panel, PanelDef, Wish};
use crate::studio::Studio;

/// The panels of one window, and how they are arranged.
pub struct Layout {
    pub state: LayoutState,
    panels: Vec<(PanelDef, Box<dyn Panel>)>,
    /// The log that was shown in the last frame, and the tab that was chosen before it came.
    log: Option<(PathBuf, String)>,
    /// Whether a fork was set up in the last frame.
    has_planned: bool,
    /// Where panels were drawn in this frame, by id.
    areas: Vec<(&'static str, Rect)>,
}

/// What is remembered from one start to the next. Sizes are remembered by egui.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LayoutState {
    pub has_setup: bool,
    pub has_doctor: bool,
    pub has_bottom: bool,
    /// Id of the tab that is shown.
    pub tab: String,
    pub is_presenting: bool,
    /// None: as the desktop has it.
    pub is_dark: Option<bool>,
}

impl Default for LayoutState {
    fn default() -> Self {
        Self {
            has_setup: true,
            has_doctor: true,
            has_bottom: true,
            tab: String::new(),
            is_presenting: false,
            is_dark: None,
        }
    }
}

impl Layout {
    pub fn new(state: LayoutState) -> Self {
        Self {
            state,
            panels: PANELS.iter().map(|it| (*it, (it.make)())).collect(),
            log: None,
            has_planned: false,
            areas: Vec::new(),
        }
    }

    /// How each panel is looked at, by its id.
    pub fn remembers(&self) -> BTreeMap<String, serde_json::Value> {
        let all = self.panels.iter().map(|(def, panel)| (def.id.to_owned(), panel.remembers()));
        all.filter(|(_, it)| !it.is_null()).collect()
    }

    /// Takes up what panels remembered.
    pub fn recall(&mut self, remembered: &BTreeMap<String, serde_json::Value>) {
        for (def, panel) in &mut self.panels {
            remembered.get(def.id).into_iter().for_each(|it| panel.recall(it));
        }
    }

    /// Draws the whole window.
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        self.follow_log(cx);
        let has_planned = cx.studio.runs.planned.is_some();
        // A fork is set up where its knobs are.
        self.state.has_setup |= has_planned && !self.has_planned;
        self.has_planned = has_planned;
        self.areas.clear();
        let is_narrow = ui.max_rect().width() <= size::NARROW_WINDOW;
        let theme = Theme::of(ui);
        let plain = Frame::new().fill(theme.panel);
        egui::Panel::top("top").exact_size(size::TOP_BAR).frame(plain).show(ui, |ui| self.home_ui(ui, cx, Home::Top));
        let left = self.side_ui(ui, Home::Left, is_narrow);
        self.side_contents_ui(left, cx, Home::Left);
        // The curves take what the others leave, so these come first; what is in them comes in reading order, which is
        // the order of Tab as well.
        if cx.spotlight.has_raised() {
            self.state.has_doctor = true;
        }
        let right = self.side_ui(ui, Home::Right, is_narrow);
        let bottom = self.bottom_ui(ui);
        let margin = Margin::symmetric(space::L as i8, space::M as i8);
        CentralPanel::no_frame()
            .frame(Frame::new().fill(theme.background).inner_margin(margin))
            .show(ui, |ui| self.home_ui(ui, cx, Home::Center));
        self.side_contents_ui(right, cx, Home::Right);
        self.bottom_contents_ui(bottom, cx);
    }

    /// Draws one panel alone, on the ground it has in the window.
    ///
    /// # Errors
    /// When there is no panel of that id; the known ones are named.
    pub fn panel_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, id: &str) -> Result<(), String> {
        let Some((def, panel)) = self.panels.iter_mut().find(|(def, _)| def.id == id) else {
            let ids: Vec<_> = PANELS.iter().map(|it| it.id).collect();
            return Err(format!("there is no panel {id:?}; there are {}", ids.join(", ")));
        };
        let theme = Theme::of(ui);
        let (fill, margin) = match def.home {
            Home::Top => (theme.panel, Margin::ZERO),
            Home::Left | Home::Right => (theme.panel, SIDE_MARGIN),
            Home::Bottom => (theme.panel, TAB_MARGIN),
            Home::Center => (theme.background, Margin::symmetric(space::L as i8, space::M as i8)),
        };
        CentralPanel::no_frame().frame(Frame::new().fill(fill).inner_margin(margin)).show(ui, |ui| panel.ui(ui, cx));
        Ok(())
    }

    /// Carries out what concerns the arrangement; the app does the rest.
    pub fn grant(&mut self, wish: Wish) {
        let state = &mut self.state;
        match wish {
            Wish::FoldSetup => state.has_setup = !state.has_setup,
            Wish::FoldDoctor => state.has_doctor = !state.has_doctor,
            Wish::FoldBottom => state.has_bottom = !state.has_bottom,
            Wish::ShowSource => {
                super::panels::SOURCE.clone_into(&mut state.tab);
                state.has_bottom = true;
            }
            Wish::TogglePresenter => state.is_presenting = !state.is_presenting,
            Wish::OpenFile
            | Wish::OpenFolder
            | Wish::Save
            | Wish::SaveAs
            | Wish::ToggleTheme
            | Wish::ToggleHelp
            | Wish::Dismiss
            | Wish::Export(_) => {}
        }
    }

    /// A log that is new on the chart brings its tab along; when it goes the tab that was chosen before comes back.
    fn follow_log(&mut self, cx: &Cx<'_>) {
        let now = cx.studio.runs.log.as_ref().map(|it| it.path.as_path());
        if now == self.log.as_ref().map(|it| it.0.as_path()) {
            return;
        }
        let before = self.log.take().map_or_else(|| self.state.tab.clone(), |it| it.1);
        if let Some(path) = now {
            self.log = Some((path.to_owned(), before));
            self.grant(Wish::ShowSource);
        } else if self.state.tab == super::panels::SOURCE {
            self.state.tab = before;
        }
    }

    fn home_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, home: Home) {
        if let Some((def, panel)) = self.panels.iter_mut().find(|(def, _)| def.home == home) {
            self.areas.push((def.id, ui.max_rect()));
            panel.ui(ui, cx);
        }
    }

    /// Where a panel was drawn in this frame; none where it was not.
    pub fn area(&self, id: &str) -> Option<Rect> {
        self.areas.iter().find(|it| it.0 == id).map(|it| it.1)
    }

    /// What a panel draws, as a table with a head, comma separated; none where it draws no numbers.
    pub fn values(&self, id: &str, studio: &Studio) -> Option<String> {
        self.panels.iter().find(|(def, _)| def.id == id)?.1.values(studio)
    }

    /// The panels with plots that are in sight.
    fn shown(&self, cx: &Cx<'_>, tab: Option<&str>) -> Vec<Shown> {
        let is_shown = |def: &PanelDef| Some(def.id) == tab || (def.home == Home::Center && cx.run().is_some());
        let panels = self.panels.iter().filter(|(def, _)| is_shown(def));
        panels.map(|(def, panel)| Shown { def: *def, has_values: panel.has_values(cx.studio) }).collect()
    }

    /// The ground of setup or doctor, or of the strip that unfolds it.
    fn side_ui(&mut self, ui: &mut Ui, home: Home, is_narrow: bool) -> Room {
        let is_left = home == Home::Left;
        let width = match (is_left, is_narrow) {
            (true, false) => size::SETUP,
            (true, true) => size::SETUP_NARROW,
            (false, false) => size::DOCTOR,
            (false, true) => size::DOCTOR_NARROW,
        };
        let make = |name: &'static str| {
            let id = (name, is_left, is_narrow);
            if is_left { egui::Panel::left(id) } else { egui::Panel::right(id) }
        };
        let frame = Frame::new().fill(Theme::of(ui).panel);
        let strip = make("folded").exact_size(size::STRIP).resizable(false).frame(frame);
        let full = make("full")
            .default_size(width)
            .size_range(size::MIN_SIDE..=size::MAX_SIDE)
            .frame(frame.inner_margin(SIDE_MARGIN));
        let mut is_open = if is_left { self.state.has_setup } else { self.state.has_doctor };
        let shown = egui::Panel::show_switched(ui, &mut is_open, strip, full, Room::of);
        *(if is_left { &mut self.state.has_setup } else { &mut self.state.has_doctor }) = is_open;
        shown.inner
    }

    fn side_contents_ui(&mut self, room: Room, cx: &mut Cx<'_>, home: Home) {
        let Room { mut ui, is_open } = room;
        if is_open {
            self.home_ui(&mut ui, cx, home);
        } else {
            unfold_ui(&mut ui, cx, home == Home::Left);
        }
    }

    /// The ground of the row of tabs and of the one that is shown.
    fn bottom_ui(&mut self, ui: &mut Ui) -> Room {
        let frame = Frame::new().fill(Theme::of(ui).panel);
        let strip = egui::Panel::bottom("tabs").exact_size(size::TABS).resizable(false).frame(frame);
        let most = (ui.available_height() - 2.0 * size::MIN_BOTTOM).max(size::MIN_BOTTOM);
        let share = ui.available_height() * size::BOTTOM_SHARE;
        // A low window, as at presenter size, has a height of its own: the usual one would leave the curves too little.
        let is_low = share < size::LOW_BOTTOM;
        let least = if is_low { size::MIN_BOTTOM } else { size::BOTTOM };
        let full = egui::Panel::bottom(("bottom", is_low))
            .default_size(share.clamp(least, size::MAX_BOTTOM))
            .resizable(true)
            .size_range(size::MIN_BOTTOM..=most)
            .frame(frame);
        let mut is_open = self.state.has_bottom;
        let shown = egui::Panel::show_switched(ui, &mut is_open, strip, full, Room::of);
        self.state.has_bottom = is_open;
        shown.inner
    }

    /// The row of tabs, and below it the one that is shown.
    fn bottom_contents_ui(&mut self, room: Room, cx: &mut Cx<'_>) {
        let Room { mut ui, is_open } = room;
        self.tabs_ui(&mut ui, cx, is_open);
        if is_open {
            self.tab_ui(&mut ui, cx);
        }
    }

    fn tab_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let tab = self.tab(cx);
        // A child of its own: a tab that needs more room is cut, and does not push the curves away.
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let ui = &mut ui.new_child(UiBuilder::new().max_rect(rect - TAB_MARGIN));
        ui.shrink_clip_rect(rect);
        if let Some((def, panel)) = self.panels.iter_mut().find(|(def, _)| Some(def.id) == tab) {
            self.areas.push((def.id, ui.max_rect()));
            panel.ui(ui, cx);
        }
    }

    /// The tabs that are there now. While one is guessing in the quiz, the others would give it away.
    fn tabs(&self, cx: &Cx<'_>) -> Vec<PanelDef> {
        let is_guessing = cx.is_guessing();
        let at_bottom = self.panels.iter().filter(|(def, panel)| def.home == Home::Bottom && panel.has_tab(cx.studio));
        at_bottom.map(|(def, _)| *def).filter(|it| !is_guessing || it.id == "quiz").collect()
    }

    /// The tab to show: the one chosen. Until one was, the data, and what is predicted once a run is there.
    fn tab(&self, cx: &Cx<'_>) -> Option<&'static str> {
        let tabs = self.tabs(cx);
        let usual = if cx.run().is_some() { "predictions" } else { "data" };
        let find = |wanted: &str| tabs.iter().map(|it| it.id).find(|id| *id == wanted);
        find(&self.state.tab).or_else(|| find(usual)).or_else(|| tabs.first().map(|it| it.id))
    }

    fn tabs_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>, is_open: bool) {
        let theme = Theme::of(ui);
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::TABS), Sense::hover());
        let inner = rect.shrink2(vec2(space::L, 0.0));
        let line = inner.bottom() - size::HAIRLINE / 2.0;
        ui.painter().hline(inner.x_range(), line, Stroke::new(size::HAIRLINE, theme.line));
        let chosen = self.tab(cx).filter(|_| is_open);
        let tabs = self.tabs(cx);
        // What does not fit ends before the buttons in the corner, and moves so that the tab that is shown is in sight.
        let end = inner.right() - 2.0 * size::CONTROL - 2.0 * space::S;
        let mut row = ui.new_child(UiBuilder::new().max_rect(rect));
        row.shrink_clip_rect(rect.with_max_x(end));
        let mut left = inner.left() - tabs_shift(ui, &tabs, chosen, end - inner.left());
        for def in &tabs {
            let (right, was_clicked) = tab_button_ui(&row, def, left, rect, Some(def.id) == chosen);
            left = right + TAB_GAP;
            if was_clicked {
                // A click on the tab that is shown folds it away, as it would in any editor.
                let is_same = Some(def.id) == chosen;
                def.id.clone_into(&mut self.state.tab);
                self.state.has_bottom = !is_same;
                if self.state.has_bottom != is_open {
                    cx.wish(Wish::FoldBottom);
                    self.state.has_bottom = is_open;
                }
            }
        }
        let corner = Rect::from_center_size(
            pos2(inner.right() - size::CONTROL / 2.0, rect.center().y),
            vec2(size::CONTROL, size::CONTROL),
        );
        let (icon, name) =
            if is_open { (ICON_BOTTOM_PANEL_CLOSE, "Fold tabs") } else { (ICON_BOTTOM_PANEL_OPEN, "Unfold tabs") };
        let mut corner = ui.new_child(UiBuilder::new().max_rect(corner));
        if icon_button_ui(&mut corner, icon, name, name).clicked() {
            cx.wish(Wish::FoldBottom);
        }
        if !cx.is_guessing() {
            let beside = corner.max_rect().translate(vec2(-size::CONTROL - space::S, 0.0));
            export_menu_ui(&mut ui.new_child(UiBuilder::new().max_rect(beside)), cx, &self.shown(cx, chosen));
        }
    }
}

/// A panel's ground, to be filled when its turn in reading order comes.
struct Room {
    ui: Ui,
    is_open: bool,
}

impl Room {
    /// All that is left of `ui`.
    fn of(ui: &mut Ui, is_open: bool) -> Self {
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        Self { ui: ui.new_child(UiBuilder::new().max_rect(rect)), is_open }
    }
}

/// What scrolls leaves the rest of the right margin free for its bar.
const SIDE_MARGIN: Margin =
    Margin { left: space::L as i8, right: (space::L - size::GUTTER) as i8, top: space::M as i8, bottom: 0 };
const TAB_MARGIN: Margin =
    Margin { left: space::L as i8, right: space::L as i8, top: space::S as i8, bottom: space::S as i8 };

/// Between two tabs, and what is seen of the tab behind the one that is shown where not all fit.
const TAB_GAP: f32 = space::XL - space::XS;
const TAB_PEEK: f32 = 2.0 * space::XL;

/// How far the row of tabs moves to the left, so that the chosen one and the beginning of the next are in sight.
fn tabs_shift(ui: &Ui, tabs: &[PanelDef], chosen: Option<&str>, room: f32) -> f32 {
    let widths = tabs.iter().map(|def| tab_galley(ui, def, Some(def.id) == chosen).size().x + TAB_GAP);
    let rights: Vec<f32> = widths
        .scan(0.0, |right, it| {
            *right += it;
            Some(*right)
        })
        .collect();
    let whole = rights.last().map_or(0.0, |it| it - TAB_GAP);
    let at = tabs.iter().position(|def| Some(def.id) == chosen).and_then(|idx| rights.get(idx));
    at.map_or(0.0, |right| ((right - TAB_GAP + TAB_PEEK).min(whole) - room).max(0.0))
}

fn tab_galley(ui: &Ui, def: &PanelDef, is_chosen: bool) -> Arc<Galley> {
    let style = if is_chosen { super::theme::strong_style() } else { TextStyle::Body };
    let (font, ink) = (style.resolve(ui.style()), Theme::of(ui).text);
    ui.fonts_mut(|fonts| fonts.layout_no_wrap(def.title.to_owned(), font, ink))
}

/// Returns where it ends, and whether it was clicked.
fn tab_button_ui(ui: &Ui, def: &PanelDef, left: f32, row: Rect, is_chosen: bool) -> (f32, bool) {
    let theme = Theme::of(ui);
    let galley = tab_galley(ui, def, is_chosen);
    let rect = Rect::from_min_size(pos2(left, row.top()), vec2(galley.size().x, row.height()));
    let response = ui.interact(rect, ui.scope_id().with(("tab", def.id)), Sense::click());
    let ink = if is_chosen || response.hovered() || response.has_focus() { theme.text } else { theme.dim };
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0);
    ui.painter().galley_with_override_text_color(at, galley, ink);
    if is_chosen {
        ui.painter().hline(rect.x_range(), rect.bottom() - 1.0, Stroke::new(size::CURVE, theme.accent));
    }
    super::widgets::focus_ring_ui(ui, &response);
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_chosen, def.title));
    (rect.right(), response.clicked())
}

fn unfold_ui(ui: &mut Ui, cx: &mut Cx<'_>, is_left: bool) {
    ui.add_space(space::XS);
    ui.vertical_centered(|ui| {
        let (icon, name, wish) = if is_left {
            (ICON_LEFT_PANEL_OPEN, "Unfold setup", Wish::FoldSetup)
        } else {
            (ICON_RIGHT_PANEL_OPEN, "Unfold doctor", Wish::FoldDoctor)
        };
        if icon_button_ui(ui, icon, name, name).clicked() {
            cx.wish(wish);
        }
    });
}
