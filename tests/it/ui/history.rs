//! The runs that were written down, as one meets them in the window.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::project;
use learnscope::run::{EpochRow, Event, FinishReason, Phase, Run};
use learnscope::session::Marks;
use learnscope::spec::Project;
use learnscope::studio::{Action, DataState, HistoryAction, Studio};

use super::experiments::tab;
use super::harness::{Window, loaded, options, panel, step_until, still, studio, window};
use super::runs::{State, cars, churn, churn_project};
use super::window::{click, phase_is};

const BOTTOM: [f32; 2] = [720.0, 300.0];
const USUAL: [f32; 2] = [1280.0, 800.0];
const LARGE: [f32; 2] = [1920.0, 1080.0];

/// A folder of runs, there as long as the value is.
pub(super) struct Shelf(tempfile::TempDir);

impl Shelf {
    pub(super) fn empty() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a run as its training would have, `hours` after a fixed moment.
    fn put(&self, name: &str, run: &Run, parent: Option<(&str, u64)>, hours: u64) -> PathBuf {
        let folder = self.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        project::write(&folder.join("project.ron"), &run.project).unwrap();
        let started = Event::Started(run.started.clone()).to_json();
        let started = match parent {
            Some((run, epoch)) => {
                let parent = format!(r#","parent":{{"run":"{run}","epoch":{epoch}}}}}"#);
                format!("{}{parent}", started.strip_suffix('}').unwrap())
            }
            None => started,
        };
        let rows = run.history.epochs.iter().map(|it| Event::Epoch(it.clone()).to_json());
        let end = run.finished.clone().map(|it| Event::Finished(it).to_json());
        let lines: String = std::iter::once(started).chain(rows).chain(end).map(|it| it + "\n").collect();
        let events = folder.join("events.jsonl");
        std::fs::write(&events, lines).unwrap();
        let at = UNIX_EPOCH + Duration::from_secs(1_795_600_800 + 3600 * hours);
        std::fs::File::options().append(true).open(&events).unwrap().set_modified(at).unwrap();
        folder
    }
}

/// The cars, trained with settings, whose errors are so much larger.
fn cars_with(settings: &[&str], by: f64) -> Run {
    let mut run = cars();
    for setting in settings {
        run.project.set(setting).unwrap();
    }
    "Used cars".clone_into(&mut run.project.name);
    "cpu".clone_into(&mut run.started.device);
    let rows: Vec<EpochRow> = run.history.epochs.clone();
    let mut again = Run::replay(run.project.clone(), [Event::Started(run.started.clone())]);
    for mut row in rows {
        row.train_loss *= by;
        row.validation_loss *= by;
        row.metrics.values_mut().for_each(|it| *it *= by.sqrt());
        again.apply(Event::Epoch(row));
    }
    let mut finished = run.finished.clone().unwrap();
    finished.best_epoch = 30;
    finished.best_validation_loss *= by;
    finished.test = [("loss".to_owned(), 0.14 * by), ("rmse".to_owned(), 1380.0 * by.sqrt())].into();
    again.apply(Event::Finished(finished));
    again
}

/// Runs of two projects that ended in every way, some of them marked.
pub(super) fn shelf() -> Shelf {
    let shelf = Shelf::empty();
    let mut interrupted = churn(State::Running).unwrap();
    interrupted.finished = None;
    let best = shelf.put("customer-churn-1", &churn(State::Finished).unwrap(), None, 0);
    shelf.put("customer-churn-2", &interrupted, None, 3);
    shelf.put("customer-churn-3", &churn(State::Failed).unwrap(), None, 5);
    let first = shelf.put("used-cars-1", &cars_with(&["learning_rate=0.001"], 1.0), None, 24);
    shelf.put("used-cars-2", &cars_with(&["learning_rate=0.01"], 1.21), Some(("used-cars-1", 12)), 25);
    shelf.put("used-cars-3", &cars_with(&["learning_rate=0.001", "seed=2"], 1.03), None, 26);
    shelf.put("used-cars-4", &cars_with(&["optimizer=lion"], 1.44), Some(("used-cars-2", 20)), 27);
    let newest = shelf.put("used-cars-10", &cars_with(&["batch_size=64"], 0.9), Some(("used-cars-1", 20)), 28);
    let torn = shelf.put("used-cars-11", &cars(), None, 29);
    std::fs::write(torn.join("project.ron"), "(learning_rate: ").unwrap();
    let marks = |name: &str, note: &str, tags: &[&str], is_starred| Marks {
        name: name.to_owned(),
        note: note.to_owned(),
        tags: tags.iter().map(|it| (*it).to_owned()).collect(),
        is_starred,
        is_archived: false,
    };
    marks("Learns by heart", "for the lesson on overfitting", &["lesson"], true).write(&best).unwrap();
    marks("", "smaller batches help", &["paper"], true).write(&newest).unwrap();
    marks("", "what all others are held against", &["baseline", "paper"], false).write(&first).unwrap();
    shelf
}

/// A studio that keeps its runs there, and has looked.
pub(super) fn looked(shelf: &Shelf) -> Studio {
    let project = churn_project();
    let data = loaded(&project);
    let mut studio = studio(project, data, None, Vec::new()).keeping_runs_in(shelf.path().into());
    studio.act(Action::History(HistoryAction::Look));
    settle(&mut studio);
    studio
}

pub(super) fn settle(studio: &mut Studio) {
    for _ in 0..10_000 {
        studio.poll();
        if !studio.history.is_busy() {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("the history never came to rest");
}

/// The window over the runs, with their tab open.
pub(super) fn opened(shelf: &Shelf) -> Window {
    let mut window = window(looked(shelf), LARGE);
    tab(&mut window, "Runs");
    window.run_steps(3);
    window
}

/// Names in the list, in its order from the top.
fn listed(window: &Window) -> Vec<String> {
    let mut rows: Vec<_> = window
        .query_all_by_role(Role::Row)
        .map(|it| (it.rect().top(), egui_kittest::kittest::NodeT::accesskit_node(&it).label().unwrap_or_default()))
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    rows.into_iter().map(|it| it.1.split(", ").next().unwrap_or_default().to_owned()).collect()
}

pub(super) fn row(window: &mut Window, name: &str) {
    row_with(window, name, Modifiers::NONE);
}

pub(super) fn row_with(window: &mut Window, name: &str, keys: Modifiers) {
    let start = format!("{name}, ");
    let rect = {
        let rows = window.query_all_by_role(Role::Row);
        let mut rows = rows.filter(|it| {
            egui_kittest::kittest::NodeT::accesskit_node(it).label().is_some_and(|it| it.starts_with(&start))
        });
        rows.next().unwrap_or_else(|| panic!("{name} is listed")).rect()
    };
    let pos = rect.left_center() + egui::vec2(60.0, 0.0);
    window.hover_at(pos);
    // Each event takes a frame: further ones in between would make a long press of the click.
    window.event(egui::Event::ModifiersChanged(keys));
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        window.event(egui::Event::PointerButton { pos, button, pressed, modifiers: keys });
    }
    window.event(egui::Event::ModifiersChanged(Modifiers::NONE));
    window.run_steps(2);
}

fn quiet(what: &str) -> impl Fn(&super::harness::Stage) -> bool + use<'_> {
    move |it| {
        assert!(it.studio().history.trouble.is_empty(), "{what}");
        !it.studio().history.is_busy()
    }
}

#[test]
fn runs_are_sorted_by_a_click_on_a_head_and_searched_by_words() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    assert_eq!(listed(&window)[..3], ["used-cars-11", "used-cars-10", "used-cars-4"], "the newest first");
    window.get_by_label_contains("used-cars-11, damaged");
    window.get_by_label_contains("customer-churn-2, interrupted, validation Accuracy");
    click(&mut window, "Sort by validation");
    let names = listed(&window);
    let place = |name: &str| names.iter().position(|it| it == name);
    assert!(place("used-cars-10") < place("used-cars-1") && place("used-cars-1") < place("used-cars-2"), "{names:?}");
    window.get_by_label("Search runs").focus();
    window.run_steps(1);
    window.get_by_label("Search runs").type_text("heart lesson");
    window.run_steps(3);
    assert_eq!(listed(&window), ["Learns by heart"]);
    window.get_by_label("Search runs").type_text(" nowhere");
    window.run_steps(3);
    window.get_by_label("No run is asked for");
    click(&mut window, "Show all runs");
    window.run_steps(2);
    assert_eq!(listed(&window).len(), names.len());
}

#[test]
fn keys_move_along_star_and_delete_and_ctrl_z_takes_each_back() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    row(&mut window, "used-cars-10");
    window.key_press(Key::ArrowDown);
    window.run_steps(2);
    window.key_press(Key::Space);
    window.run_steps(2);
    let starred = |name: &str| Marks::read(&shelf.path().join(name)).unwrap().is_starred;
    step_until(&mut window, "the star", quiet("star"));
    assert!(starred("used-cars-4") && !starred("used-cars-3"));
    assert!(window.state().studio().runs.shown.is_none(), "space starts no training here");
    window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowDown);
    window.run_steps(2);
    window.key_press(Key::Delete);
    window.run_steps(2);
    step_until(&mut window, "both to be gone", quiet("delete"));
    assert!(!shelf.path().join("used-cars-4").exists() && !shelf.path().join("used-cars-3").exists());
    window.get_by_label("2 runs deleted");
    let draft = window.state().studio().projects.draft.clone();
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run_steps(2);
    step_until(&mut window, "both to be back", quiet("undo"));
    assert!(shelf.path().join("used-cars-4").exists() && shelf.path().join("used-cars-3").exists());
    window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    window.run_steps(2);
    step_until(&mut window, "the star to be gone", quiet("undo"));
    assert!(!starred("used-cars-4"));
    assert_eq!(window.state().studio().projects.draft, draft, "the project is another matter");
}

#[test]
fn a_deleted_run_is_brought_back_by_the_notice() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    row(&mut window, "used-cars-3");
    click(&mut window, "Delete runs");
    step_until(&mut window, "the run to be gone", quiet("delete"));
    assert!(!listed(&window).contains(&"used-cars-3".to_owned()));
    click(&mut window, "Bring back");
    step_until(&mut window, "the run to be back", quiet("back"));
    assert!(listed(&window).contains(&"used-cars-3".to_owned()));
}

#[test]
fn a_run_is_named_tagged_and_found_by_it() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    row(&mut window, "used-cars-2");
    window.key_press(Key::F2);
    window.run_steps(3);
    window.get_by_label("Name and notes of used-cars-2");
    window.get_by_label("Name of the run").type_text("Too fast");
    window.run_steps(1);
    window.get_by_label("Tags of the run").focus();
    window.run_steps(1);
    window.get_by_label("Tags of the run").type_text("paper, bold");
    window.run_steps(1);
    click(&mut window, "Keep");
    step_until(&mut window, "the marks", quiet("marks"));
    let marks = Marks::read(&shelf.path().join("used-cars-2")).unwrap();
    assert_eq!((marks.name.as_str(), marks.tags), ("Too fast", vec!["paper".to_owned(), "bold".to_owned()]));
    click(&mut window, "Filter runs");
    click(&mut window, "bold");
    window.key_press(Key::Escape);
    window.run_steps(3);
    assert_eq!(listed(&window), ["Too fast"]);
}

#[test]
fn a_run_is_opened_as_it_ended_by_enter() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    row(&mut window, "used-cars-2");
    window.key_press(Key::Enter);
    window.run_steps(2);
    step_until(&mut window, "the run to be shown", |it| it.studio().runs.shown.is_some());
    let run = window.state().run();
    assert_eq!((run.epoch(), run.project.learning_rate), (30, 0.01));
    assert_eq!(window.state().studio().projects.draft.learning_rate, 0.01, "with its settings");
    assert_eq!(run.finished.as_ref().map(|it| it.reason), Some(FinishReason::Completed));
}

#[test]
fn a_run_that_trains_here_is_listed_stays_and_tells_its_end() {
    let shelf = Shelf::empty();
    let mut project = Project::default();
    for setting in ["data=penguins", "device=cpu", "loss=cross_entropy", "epochs=100000", "pace=300", "stopping=off"] {
        project.set(setting).unwrap();
    }
    let studio = studio(project, DataState::Loading, None, Vec::new()).keeping_runs_in(shelf.path().into());
    let mut window = window(studio, USUAL);
    step_until(&mut window, "the data", |it| matches!(it.studio().projects.data, DataState::Ready(_)));
    tab(&mut window, "Runs");
    step_until(&mut window, "a look", |it| it.studio().history.has_looked());
    window.get_by_label("No run was written down yet");
    click(&mut window, "Train");
    let state = |it: &super::harness::Stage| {
        it.studio().history.listing.runs.first().map(|it| learnscope::studio::history::state_label(it))
    };
    step_until(&mut window, "the run to be listed", |it| state(it) == Some("training"));
    row(&mut window, "penguins-1");
    window.key_press(Key::Delete);
    window.run_steps(2);
    step_until(&mut window, "the answer", quiet("delete"));
    window.get_by_label("penguins-1 is being trained and cannot be deleted; stop it first");
    assert!(shelf.path().join("penguins-1").exists());
    click(&mut window, "Stop");
    step_until(&mut window, "the end", phase_is(Phase::Finished));
    step_until(&mut window, "the row to say so", |it| state(it) == Some("stopped"));
    row(&mut window, "penguins-1");
    window.key_press(Key::Delete);
    window.run_steps(2);
    step_until(&mut window, "the run to be gone", |it| {
        !it.studio().history.is_busy() && it.studio().history.listing.runs.is_empty()
    });
    assert!(window.state().studio().runs.shown.is_some(), "it stays on the chart");
}

#[test]
fn what_began_from_a_run_stands_below_it_in_the_tree() {
    let shelf = shelf();
    let mut window = opened(&shelf);
    window.get_by_role_and_label(Role::RadioButton, "Tree").click();
    window.run_steps(3);
    let names = listed(&window);
    let from = names.iter().position(|it| it == "used-cars-1").unwrap();
    assert_eq!(names[from..from + 4], ["used-cars-1", "used-cars-2", "used-cars-4", "used-cars-10"]);
    window.get_by_label("from epoch 12");
    assert_eq!(window.query_all_by_label("from epoch 20").count(), 2);
}

#[test]
fn the_runs_look_as_kept() {
    let mut results = SnapshotResults::new();
    let shelf = shelf();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = panel("runs", looked(&shelf), look, BOTTOM);
        row(&mut window, "used-cars-10");
        window.remove_cursor();
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("panels/runs/list_{name}"), &options()));
        window.get_by_role_and_label(Role::RadioButton, "Tree").click();
        window.run_steps(3);
        window.remove_cursor();
        window.run_steps(2);
        results.add(window.try_snapshot_options(format!("panels/runs/tree_{name}"), &options()));
        let mut window = still(looked(&shelf), look, USUAL);
        tab(&mut window, "Runs");
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/runs_{name}"), &options()));
    }
    let mut window = still(looked(&shelf), egui::Theme::Dark, LARGE);
    tab(&mut window, "Runs");
    window.run_steps(3);
    results.add(window.try_snapshot_options("window/runs_large", &options()));
    results.unwrap();
}
