//! How it looks: panels read the studio and ask for actions; nothing here trains, waits or writes.
//!
//! A panel owns only how something is looked at. It edits the draft in place and pushes every other
//! wish as an [`Action`]; what only a window can do it asks of the window.

mod export_menu;
mod facts;
mod layout;
mod meaning;
mod memory;
mod pace;
pub mod panels;
mod plot;
mod sheet;
mod spotlight;
mod style;
mod text;
pub mod theme;
pub mod widgets;

use crate::run::Run;
use crate::spec::Project;
use crate::studio::{Action, Studio};

pub use layout::{Layout, LayoutState};
pub use panels::PANELS;
pub use spotlight::Spotlight;
pub use text::{duration_text, grouped, metric_label, metric_text, percent_text, short_number};

/// What a panel is given for one frame.
pub struct Cx<'a> {
    /// All that the program knows. `studio.projects.draft` is the draft as it was before this frame.
    pub studio: &'a Studio,
    /// The choices for the next run, edited in place.
    pub draft: &'a mut Project,
    /// Done behind the frame, in order.
    pub actions: &'a mut Vec<Action>,
    /// What only the window can do, done behind the frame.
    pub wishes: &'a mut Vec<Wish>,
    /// The finding that card and curves show together.
    pub spotlight: &'a mut Spotlight,
    /// Seconds on the wall clock. None in tests and pictures, which have no clock.
    pub now: Option<f64>,
}

/// What a panel asks of the window itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    OpenFile,
    OpenFolder,
    /// Asks for a place only where the project has none yet.
    Save,
    SaveAs,
    ToggleTheme,
    TogglePresenter,
    ToggleHelp,
    /// Takes the newest notice away.
    Dismiss,
    FoldSetup,
    FoldDoctor,
    FoldBottom,
    /// Brings the tab of the log that is shown into sight.
    ShowSource,
    /// Asks where to, and writes it.
    Export(Export),
}

/// What can be taken out of the window. Panels are named by their id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// What a panel looks like, as PNG or SVG.
    Picture(&'static str),
    /// What a panel draws, as CSV.
    Values(&'static str),
    /// The report of the run that is shown.
    Report,
    /// The report of the runs that are compared.
    Comparison,
    /// The recipe of the run that is shown, onto the clipboard.
    Recipe,
}

/// A part of the window.
pub trait Panel {
    fn ui(&mut self, ui: &mut egui::Ui, cx: &mut Cx<'_>);

    /// How it is looked at, to be the same the next time; null where that is nothing.
    fn remembers(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Takes up what it remembered. What it does not understand is left as it is.
    fn recall(&mut self, _remembered: &serde_json::Value) {}

    /// Whether its tab is there now: one that has nothing to show and no way to get it is left out.
    fn has_tab(&self, _studio: &Studio) -> bool {
        true
    }

    /// Whether it draws numbers that [`Panel::values`] can tell. Asked in every frame.
    fn has_values(&self, _studio: &Studio) -> bool {
        false
    }

    /// What it draws, as a table with a head, comma separated; none where it draws no numbers.
    fn values(&self, _studio: &Studio) -> Option<String> {
        None
    }
}

/// A panel's entry in [`PANELS`].
#[derive(Clone, Copy)]
pub struct PanelDef {
    /// Stable name in saved layouts and for `shot --panel`.
    pub id: &'static str,
    pub title: &'static str,
    pub home: Home,
    pub make: fn() -> Box<dyn Panel>,
}

/// Where in the window a panel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    Top,
    Left,
    Center,
    Right,
    /// A tab below the curves.
    Bottom,
}

impl Cx<'_> {
    /// Asks for an action behind the frame.
    pub fn ask(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Asks the window itself for something behind the frame.
    pub fn wish(&mut self, wish: Wish) {
        self.wishes.push(wish);
    }

    /// The run on the chart.
    pub fn run(&self) -> Option<&Run> {
        self.studio.runs.shown.as_ref()
    }

    /// Whether the quiz waits for an answer, so that nothing may give it away.
    pub fn is_guessing(&self) -> bool {
        self.studio.quiz.is_guessing()
    }

    /// The run on the chart while it is training or paused.
    pub fn live_run(&self) -> Option<&Run> {
        self.run().filter(|it| it.is_live())
    }
}
