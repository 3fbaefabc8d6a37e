//! The history: sorting, filtering, marks, deletion and what is said when the folder is none.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::project;
use crate::run::{EpochRow, Event, FinishReason, Finished, Started};
use crate::session::Glance;
use crate::spec::Project;

/// Writes a run that ended; `settings` are those of its project.
fn write_run(shelf: &Path, name: &str, task: &str, value: f64, settings: &[&str]) -> PathBuf {
    let run = shelf.join(name);
    std::fs::create_dir_all(&run).unwrap();
    let mut project =
        Project { name: name.trim_end_matches(|it: char| !it.is_alphabetic()).to_owned(), ..Project::default() };
    for setting in settings {
        project.set(setting).unwrap();
    }
    project::write(&run.join("project.ron"), &project).unwrap();
    let key = if task == "regression" { "rmse" } else { "accuracy" };
    let metrics = [(format!("validation_{key}"), value)].into();
    let finished = Finished {
        reason: FinishReason::Completed,
        text: String::new(),
        epochs: 1,
        best_epoch: 1,
        best_validation_loss: 0.5,
        test: [(key.to_owned(), value)].into(),
        run_dir: String::new(),
        seconds: value,
        samples_per_second: 1.0,
    };
    let started = Started { task: task.to_owned(), device: "cpu".to_owned(), ..Started::default() };
    let epoch = EpochRow { epoch: 1, validation_loss: 0.5, metrics, ..EpochRow::default() };
    let events = [Event::Started(started), Event::Epoch(epoch), Event::Finished(finished)];
    std::fs::write(run.join("events.jsonl"), events.map(|it| it.to_json() + "\n").concat()).unwrap();
    run
}

fn history_in(shelf: &Path) -> History {
    let mut history = History::new(Arc::new(|| ()));
    history.keep_in(shelf.to_owned());
    history.look();
    settle(&mut history);
    history
}

/// Waits for all that was asked; what was said meanwhile.
fn settle(history: &mut History) -> Vec<Notice> {
    let mut notices = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(30);
    while {
        history.poll(&mut notices);
        history.is_busy()
    } {
        assert!(Instant::now() < deadline, "the history never came to rest");
        std::thread::sleep(Duration::from_millis(2));
    }
    notices
}

fn names(history: &History, query: &Query) -> Vec<String> {
    let runs = &history.listing.runs;
    query.arrange(runs).into_iter().map(|it| runs[it].name().to_owned()).collect()
}

fn mark(history: &mut History, run: &Path, change: MarkChange) -> Vec<Notice> {
    history.act(HistoryAction::Mark { runs: vec![run.to_owned()], change });
    settle(history)
}

fn marks_of(run: &Path) -> crate::session::Marks {
    crate::session::Marks::read(run).unwrap()
}

#[test]
fn a_mark_that_follows_another_at_once_takes_nothing_of_it_back() {
    let shelf = tempfile::tempdir().unwrap();
    let run = write_run(shelf.path(), "cars-1", "regression", 900.0, &[]);
    let mut history = history_in(shelf.path());
    let words = Words { name: "Best so far".to_owned(), note: "kept".to_owned(), tags: vec!["a".to_owned()] };
    for change in [MarkChange::Words(Box::new(words)), MarkChange::Star(true)] {
        history.act(HistoryAction::Mark { runs: vec![run.clone()], change });
    }
    settle(&mut history);
    let marks = marks_of(&run);
    assert_eq!((marks.name.as_str(), marks.note.as_str(), marks.is_starred), ("Best so far", "kept", true));
    mark(&mut history, &run, MarkChange::Star(true));
    history.act(HistoryAction::Undo);
    settle(&mut history);
    assert!(!marks_of(&run).is_starred, "what changed nothing is nothing to take back");
    assert_eq!(marks_of(&run).name, "Best so far");
}

#[test]
fn the_better_result_comes_first_and_what_has_none_last_either_way() {
    let shelf = tempfile::tempdir().unwrap();
    for (name, task, value) in [
        ("cars-2", "regression", 900.0),
        ("cars-10", "regression", 1200.0),
        ("spam-1", "binary", 0.9),
        ("spam-2", "binary", 0.97),
    ] {
        write_run(shelf.path(), name, task, value, &[]);
    }
    std::fs::write(write_run(shelf.path(), "torn", "binary", 1.0, &[]).join("project.ron"), "(").unwrap();
    let history = history_in(shelf.path());
    let mut query = Query { sort: Column::Result, is_descending: false, ..Query::default() };
    assert_eq!(names(&history, &query), ["spam-2", "spam-1", "cars-2", "cars-10", "torn"]);
    query.is_descending = true;
    assert_eq!(names(&history, &query), ["cars-10", "cars-2", "spam-1", "spam-2", "torn"]);
    query.sort_by(Column::Name);
    assert_eq!(names(&history, &query), ["cars-2", "cars-10", "spam-1", "spam-2", "torn"]);
    query.sort_by(Column::Name);
    assert_eq!(names(&history, &query)[0], "torn", "once more turns it round");
    query.sort_by(Column::Seconds);
    assert_eq!(names(&history, &query)[..2], ["cars-10", "cars-2"], "the longest first");
}

#[test]
fn filters_and_words_leave_only_what_has_them_all() {
    let shelf = tempfile::tempdir().unwrap();
    let cars = write_run(shelf.path(), "cars-1", "regression", 9.0, &["data=used_cars"]);
    let spam = write_run(shelf.path(), "spam-1", "binary", 0.9, &["data=spam_emails"]);
    write_run(shelf.path(), "spam-2", "binary", 0.8, &["data=spam_emails"]);
    let mut history = history_in(shelf.path());
    let words = |name: &str, note: &str, tags: &str| {
        let (name, note, tags) = (name.to_owned(), note.to_owned(), vec![tags.to_owned()]);
        MarkChange::Words(Box::new(Words { name, note, tags }))
    };
    mark(&mut history, &spam, words("Without dropout", "learns by heart", "paper, lesson , paper"));
    mark(&mut history, &cars, MarkChange::Star(true));
    let of = |query: Query| names(&history, &query);
    let searched = |text: &str| of(Query { text: text.to_owned(), ..Query::default() });
    assert_eq!(searched("HEART lesson"), ["Without dropout"]);
    assert_eq!(searched("spam-1"), ["Without dropout"], "its folder's name finds it, too");
    assert_eq!(searched("used_cars completed"), ["cars-1"]);
    assert!(searched("heart cars").is_empty());
    assert_eq!(of(Query { only_starred: true, ..Query::default() }), ["cars-1"]);
    assert_eq!(of(Query { tag: Some("paper".to_owned()), ..Query::default() }), ["Without dropout"]);
    assert_eq!(of(Query { project: Some("spam".to_owned()), ..Query::default() }).len(), 2);
    assert!(of(Query { state: Some("diverged".to_owned()), ..Query::default() }).is_empty());
    let facets = Facets::of(&history.listing.runs);
    assert_eq!(facets.tags.iter().collect::<Vec<_>>(), ["lesson", "paper"]);
    assert_eq!(facets.projects.iter().collect::<Vec<_>>(), ["cars", "spam"]);
}

#[test]
fn archived_runs_are_out_of_sight_until_they_are_asked_for() {
    let shelf = tempfile::tempdir().unwrap();
    let run = write_run(shelf.path(), "cars-1", "regression", 9.0, &[]);
    write_run(shelf.path(), "cars-2", "regression", 8.0, &[]);
    let mut history = history_in(shelf.path());
    mark(&mut history, &run, MarkChange::Archive(true));
    let of =
        |archived| names(&history, &Query { archived, sort: Column::Name, is_descending: false, ..Query::default() });
    assert_eq!(of(Archived::Hidden), ["cars-2"]);
    assert_eq!(of(Archived::Shown), ["cars-1", "cars-2"]);
    assert_eq!(of(Archived::Only), ["cars-1"]);
}

#[test]
fn marks_outlive_the_program_and_each_change_is_taken_back_in_turn() {
    let shelf = tempfile::tempdir().unwrap();
    let run = write_run(shelf.path(), "cars-1", "regression", 9.0, &[]);
    let mut history = history_in(shelf.path());
    mark(&mut history, &run, MarkChange::Star(true));
    mark(&mut history, &run, MarkChange::Tag(vec!["paper".to_owned()]));
    assert!(marks_of(&run).is_starred && marks_of(&run).tags == ["paper"]);
    let again = history_in(shelf.path());
    assert!(again.listing.runs[0].marks.is_starred, "another start finds them");
    mark(&mut history, &run, MarkChange::Star(true));
    for (is_starred, n_tags) in [(true, 0), (false, 0), (false, 0)] {
        history.act(HistoryAction::Undo);
        settle(&mut history);
        assert_eq!((marks_of(&run).is_starred, marks_of(&run).tags.len()), (is_starred, n_tags));
    }
}

#[test]
fn a_deleted_run_comes_back_by_the_notice_or_by_undo() {
    let shelf = tempfile::tempdir().unwrap();
    let run = write_run(shelf.path(), "cars-1", "regression", 9.0, &[]);
    let mut history = history_in(shelf.path());
    history.act(HistoryAction::Delete(vec![run.clone()]));
    let notices = settle(&mut history);
    assert!(!run.exists() && history.listing.runs.is_empty());
    let [Notice { text, is_error: false, offer: Some(offer) }] = notices.as_slice() else { panic!("{notices:?}") };
    assert_eq!((text.as_str(), offer.label.as_str()), ("cars-1 deleted", "Bring back"));
    let super::super::Action::History(back) = offer.action.clone() else { panic!("{offer:?}") };
    history.act(back);
    settle(&mut history);
    assert!(run.exists() && !history.can_undo(), "what the notice took back is not taken back twice");
    history.act(HistoryAction::Delete(vec![run.clone()]));
    settle(&mut history);
    history.act(HistoryAction::Undo);
    settle(&mut history);
    assert!(run.exists());
    history.act(HistoryAction::Delete(vec![run.clone()]));
    history.act(HistoryAction::EmptyTrash);
    let notices = settle(&mut history);
    assert_eq!(notices.last().unwrap().text, "1 run deleted for good");
    assert!(!run.exists() && history.listing.trash.is_empty());
}

#[test]
fn a_run_that_is_being_trained_stays_while_the_others_go() {
    let shelf = tempfile::tempdir().unwrap();
    let runs = ["cars-1", "cars-2"].map(|it| write_run(shelf.path(), it, "regression", 9.0, &[]));
    let live = &runs[0];
    std::fs::write(live.join("events.jsonl"), Event::Paused { step: 3 }.to_json() + "\n").unwrap();
    let lock = std::fs::File::create(live.join(".learnscope-lock")).unwrap();
    lock.try_lock().unwrap();
    let mut history = history_in(shelf.path());
    assert!(history.listing.run(live).is_some_and(|it| it.is_training()));
    history.act(HistoryAction::Delete(runs.to_vec()));
    let notices = settle(&mut history);
    assert!(live.exists() && !runs[1].exists());
    assert_eq!(notices[0].text, "cars-1 is being trained and cannot be deleted; stop it first");
    drop(lock);
    history.look();
    settle(&mut history);
    let told = |it: &Arc<Glance>| state_label(it);
    assert_eq!(history.listing.run(live).map(told), Some("interrupted"), "when it ends its row says so");
}

#[test]
fn a_folder_of_runs_that_is_none_is_told_and_changes_nothing() {
    let shelf = tempfile::tempdir().unwrap();
    let path = shelf.path().join("runs");
    std::fs::write(&path, "no folder").unwrap();
    let history = history_in(&path);
    assert!(
        history.trouble.contains("cannot be looked into") && history.listing.runs.is_empty(),
        "{}",
        history.trouble
    );
    let nowhere = history_in(&shelf.path().join("nowhere"));
    assert!(nowhere.trouble.is_empty() && nowhere.has_looked(), "nothing was trained yet");
}
