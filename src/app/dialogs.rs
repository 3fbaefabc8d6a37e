//! Asking for a file: by the desktop's dialog, or by a typed path where there is none.
//!
//! The desktop's answer is a future that is polled with each frame, so that no frame waits for it.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use egui::{Frame, Id, Key, Label, Margin, Modal, Stroke, TextEdit};
use rfd::{AsyncFileDialog, FileHandle};

use crate::ui::theme::{Theme, size, space};
use crate::ui::widgets::{primary_ui, secondary_ui};

/// Hardly anybody cancels a dialog this fast: there was none, also on a busy machine.
const NO_DIALOG: Duration = Duration::from_secs(1);

/// What was asked for and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Open(PathBuf),
    Save(Saved, PathBuf),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    OpenFile,
    OpenFolder,
    Save(Saved),
}

/// What a place is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saved {
    Project,
    Picture,
    Values,
    Report,
}

impl Saved {
    /// What its file may end with; the first is added to a name without any.
    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Project => &["ron"],
            Self::Picture => &["png", "svg"],
            Self::Values => &["csv"],
            Self::Report => &["html", "md"],
        }
    }

    /// Title, help, and what the desktop calls such files.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Project => {
                ["Save the project", "Every choice goes into one .ron file, readable without this program.", "Projects"]
            }
            Self::Picture => [
                "Save the picture",
                "A name that ends with .png keeps its pixels; one with .svg can be enlarged without loss.",
                "Pictures",
            ],
            Self::Values => {
                ["Save the values", "A table with a head, separated by commas, in full precision.", "Tables"]
            }
            Self::Report => [
                "Save the report",
                "A name that ends with .html makes one page with everything inside; one with .md a text with its figures in a folder beside it.",
                "Reports",
            ],
        }
    }
}

/// At most one question at a time.
pub(super) struct Dialogs {
    is_native: bool,
    asked: Option<Asked>,
}

enum Asked {
    Desktop {
        question: Question,
        suggestion: String,
        since: Instant,
        waker: Waker,
        future: Pin<Box<dyn Future<Output = Option<FileHandle>> + Send>>,
    },
    Typed {
        question: Question,
        text: String,
        was_focused: bool,
    },
}

impl Dialogs {
    /// Every path is typed.
    pub(super) fn typed() -> Self {
        Self { is_native: false, asked: None }
    }

    /// The desktop is asked first, where there is one.
    pub(super) fn native() -> Self {
        Self { is_native: has_desktop(), asked: None }
    }

    /// Whether a typed path has the keyboard.
    pub(super) fn is_asking(&self) -> bool {
        matches!(self.asked, Some(Asked::Typed { .. }))
    }

    /// Whether something is asked and not yet answered.
    pub(super) fn is_open(&self) -> bool {
        self.asked.is_some()
    }

    pub(super) fn open_file(&mut self, ctx: &egui::Context) {
        self.ask(ctx, Question::OpenFile, String::new());
    }

    pub(super) fn open_folder(&mut self, ctx: &egui::Context) {
        self.ask(ctx, Question::OpenFolder, String::new());
    }

    /// Suggests a file name made of a title.
    pub(super) fn save(&mut self, ctx: &egui::Context, what: Saved, title: &str) {
        self.ask(ctx, Question::Save(what), format!("{}.{}", file_name(title), what.endings()[0]));
    }

    fn ask(&mut self, ctx: &egui::Context, question: Question, suggestion: String) {
        if self.asked.is_some() {
            return;
        }
        self.asked = Some(if self.is_native {
            let waker = Waker::from(Arc::new(Repaint(ctx.clone())));
            Asked::Desktop {
                question,
                since: Instant::now(),
                waker,
                future: desktop(question, &suggestion),
                suggestion,
            }
        } else {
            Asked::Typed { question, text: suggestion, was_focused: false }
        });
    }

    /// Shows what is being asked; the answer, once there is one.
    pub(super) fn ui(&mut self, ui: &egui::Ui) -> Option<Answer> {
        match self.asked.take()? {
            Asked::Desktop { question, suggestion, since, waker, mut future } => {
                match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Pending => {
                        self.asked = Some(Asked::Desktop { question, suggestion, since, waker, future });
                        None
                    }
                    Poll::Ready(Some(file)) => Some(question.answer(file.path().to_owned())),
                    Poll::Ready(None) => {
                        if since.elapsed() < NO_DIALOG {
                            self.asked = Some(Asked::Typed { question, text: suggestion, was_focused: false });
                            ui.ctx().request_repaint();
                        }
                        None
                    }
                }
            }
            Asked::Typed { question, mut text, was_focused } => match typed_ui(ui, question, &mut text, !was_focused) {
                Typed::Open => {
                    self.asked = Some(Asked::Typed { question, text, was_focused: true });
                    None
                }
                Typed::Cancelled => None,
                Typed::Entered => Some(question.answer(PathBuf::from(text.trim()))),
            },
        }
    }
}

impl Question {
    fn answer(self, path: PathBuf) -> Answer {
        match self {
            Self::OpenFile | Self::OpenFolder => Answer::Open(path),
            Self::Save(what) => Answer::Save(what, with_ending(path, what.endings())),
        }
    }

    /// Title, help and the button's word.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::OpenFile => [
                "Open a file",
                "A project (.ron), a table (.csv, .csv.gz), images by class in a .zip, or curves that another program logged: a CSV file, trainer_state.json, an event file. A file can be dropped on the window as well.",
                "Open",
            ],
            Self::OpenFolder => [
                "Open a folder",
                "Images with one folder inside for each class, a run of this program, or what another program logged into it. A folder can be dropped on the window as well.",
                "Open",
            ],
            Self::Save(what) => {
                let [title, help, _] = what.words();
                [title, help, "Save"]
            }
        }
    }
}

/// A future that is ready wakes the window.
struct Repaint(egui::Context);

impl Wake for Repaint {
    fn wake(self: Arc<Self>) {
        self.0.request_repaint();
    }
}

/// Whether the desktop can be asked at all. On Linux its portal is reached over the session's bus, and `zenity` is what
/// is left without it.
fn has_desktop() -> bool {
    if cfg!(any(windows, target_os = "macos")) {
        return true;
    }
    let has_bus = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|it| !it.is_empty())
        || std::env::var_os("XDG_RUNTIME_DIR").is_some_and(|it| Path::new(&it).join("bus").exists());
    let path = std::env::var_os("PATH").unwrap_or_default();
    has_bus || std::env::split_paths(&path).any(|it| it.join("zenity").is_file())
}

fn desktop(question: Question, suggestion: &str) -> Pin<Box<dyn Future<Output = Option<FileHandle>> + Send>> {
    let dialog = AsyncFileDialog::new().set_title(question.words()[0]);
    match question {
        Question::OpenFile => {
            let all = ["ron", "csv", "tsv", "txt", "gz", "zip", "json"];
            Box::pin(
                dialog
                    .add_filter("Projects, data and logs", &all)
                    .add_filter("Projects", &["ron"])
                    .add_filter("All files", &["*"])
                    .pick_file(),
            )
        }
        Question::OpenFolder => Box::pin(dialog.pick_folder()),
        Question::Save(what) => {
            Box::pin(dialog.add_filter(what.words()[2], what.endings()).set_file_name(suggestion).save_file())
        }
    }
}

enum Typed {
    Open,
    Cancelled,
    Entered,
}

fn typed_ui(ui: &egui::Ui, question: Question, text: &mut String, is_new: bool) -> Typed {
    let theme = Theme::of(ui);
    let [title, help, word] = question.words();
    let modal = Modal::new(Id::unique("typed path")).backdrop_color(theme.shade).frame(frame(theme));
    let shown = modal.show(ui, |ui| {
        ui.set_width(size::DIALOG);
        ui.label(theme.heading(title));
        ui.add_space(space::S);
        ui.add(Label::new(theme.paragraph(help)).wrap());
        ui.add_space(space::S);
        let field = ui.add(TextEdit::singleline(text).desired_width(f32::INFINITY).hint_text("Path"));
        if is_new {
            field.request_focus();
        }
        let is_entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        ui.add_space(space::L);
        ui.horizontal(|ui| {
            let can_go = !text.trim().is_empty();
            let goes = ui.add_enabled_ui(can_go, |ui| primary_ui(ui, None, word)).inner.clicked();
            let cancels = secondary_ui(ui, None, "Cancel").clicked();
            (can_go && (goes || is_entered), cancels)
        })
        .inner
    });
    match shown.inner {
        (true, _) => Typed::Entered,
        (_, true) => Typed::Cancelled,
        (false, false) if shown.should_close() => Typed::Cancelled,
        (false, false) => Typed::Open,
    }
}

/// The frame of every dialog.
pub(super) fn frame(theme: &Theme) -> Frame {
    Frame::new()
        .fill(theme.panel)
        .stroke(Stroke::new(size::HAIRLINE, theme.line))
        .corner_radius(size::CARD_RADIUS)
        .inner_margin(Margin::same(space::XL as i8))
}

/// A title as a file name any system takes.
fn file_name(title: &str) -> String {
    let plain: String =
        title.trim().chars().map(|it| if it.is_alphanumeric() { it.to_ascii_lowercase() } else { '_' }).collect();
    let words: Vec<_> = plain.split('_').filter(|it| !it.is_empty()).collect();
    if words.is_empty() { "project".to_owned() } else { words.join("_") }
}

fn with_ending(path: PathBuf, endings: &[&str]) -> PathBuf {
    let ending = Path::new(&path).extension().map(|it| it.to_string_lossy().to_ascii_lowercase());
    if ending.is_some_and(|it| endings.contains(&it.as_str())) {
        return path;
    }
    let mut name = path.into_os_string();
    name.push(".");
    name.push(endings[0]);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_plain_file_name() {
        assert_eq!(
            [file_name("Welcome: two spirals"), file_name("  "), file_name("A/B")],
            ["welcome_two_spirals", "project", "a_b"]
        );
    }

    #[test]
    fn what_is_saved_ends_as_what_it_is() {
        let of = |path: &str, what: Saved| with_ending(PathBuf::from(path), what.endings());
        assert_eq!(of("a/b.v2", Saved::Project), PathBuf::from("a/b.v2.ron"));
        assert_eq!(of("a/b.RON", Saved::Project), PathBuf::from("a/b.RON"));
        assert_eq!(of("a/b.svg", Saved::Picture), PathBuf::from("a/b.svg"));
        assert_eq!(of("a/b", Saved::Report), PathBuf::from("a/b.html"));
    }
}
