//! What a history of 5,000 runs costs: listing them for the first time and again, and a frame of their tab while it is
//! scrolled.
//!
//! `cargo bench --bench history` writes the runs into a folder of its own, 20 to 200 epochs each, and prints seconds.
//! Limits: 5 s for the first listing, 0.5 s again, 8 ms a frame.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use learnscope::project;
use learnscope::run::{EpochRow, Event, FinishReason, Finished, Started};
use learnscope::session::{Listing, Marks};
use learnscope::spec::Project;
use learnscope::studio::history::{Archived, Column, Query};
use learnscope::studio::{Action, HistoryAction, Studio};
use learnscope::ui::theme::install;
use learnscope::ui::{Cx, PANELS, Spotlight};

const RUNS: usize = 5_000;
const SIZE: egui::Vec2 = egui::vec2(1100.0, 360.0);
const FRAMES: usize = 120;
const LIMITS: [f64; 3] = [5.0, 0.5, 8e-3];

fn main() {
    let shelf = tempfile::tempdir().expect("a folder for the runs");
    let bytes: u64 = (0..RUNS).map(|idx| write(shelf.path(), idx)).sum();
    println!("{RUNS} runs, {} MB of events", bytes / 1_000_000);
    let first = timed(|| Listing::of(shelf.path(), &Listing::default()).expect("the runs are listed"));
    let again = timed(|| Listing::of(shelf.path(), &first.1).expect("the runs are listed"));
    assert_eq!((first.1.runs.len(), again.1.runs.len()), (RUNS, RUNS));
    let words =
        Query { text: "cars 12 cpu".to_owned(), archived: Archived::Shown, sort: Column::Result, ..Query::default() };
    let searched = timed(|| words.arrange(&first.1.runs));
    let (frame, worst) = frames(shelf.path());
    println!("listed the first time {:>8.3} s", first.0);
    println!("listed again          {:>8.3} s", again.0);
    println!("searched and sorted   {:>8.3} ms, {} found", 1e3 * searched.0, searched.1.len());
    println!("a frame, scrolled     {:>8.3} ms, the longest {:.3} ms", 1e3 * frame, 1e3 * worst);
    let is_slow = [first.0, again.0, frame].iter().zip(LIMITS).any(|(took, limit)| *took > limit);
    assert!(!is_slow, "a limit of {LIMITS:?} seconds was passed");
}

/// Writes a run as its training would have. Returns the bytes of its events.
fn write(shelf: &Path, idx: usize) -> u64 {
    let folder = shelf.join(format!("cars-{idx}"));
    std::fs::create_dir(&folder).expect("a folder");
    let mut project = Project { name: format!("Cars {}", idx % 7), ..Project::default() };
    project.training.seed = idx as u64;
    // Not whole or not at all: nobody pulls the plug of a benchmark, and 5,000 waits for the disk take minutes.
    std::fs::write(folder.join("project.ron"), project::to_text(&project)).expect("a project");
    let epochs = 20 + (idx as u64 * 37) % 180;
    let started = Started { task: "regression".to_owned(), device: "cpu".to_owned(), ..Started::default() };
    let row = |epoch: u64| {
        let loss = 1.0 / (1.0 + epoch as f64) + 1e-3 * ((epoch * 31 + idx as u64) % 17) as f64;
        let metrics = ["train_rmse", "train_mae", "train_r2", "validation_rmse", "validation_mae", "validation_r2"];
        let metrics = metrics.into_iter().map(|it| (it.to_owned(), 1000.0 * loss)).collect();
        let parts = vec![loss; 8];
        Event::Epoch(EpochRow {
            epoch,
            train_loss: loss,
            validation_loss: loss,
            metrics,
            train_parts: parts,
            ..EpochRow::default()
        })
    };
    let end = Event::Finished(Finished {
        reason: FinishReason::Completed,
        text: String::new(),
        epochs,
        best_epoch: epochs,
        best_validation_loss: 0.1,
        test: [("rmse".to_owned(), idx as f64)].into(),
        run_dir: String::new(),
        seconds: epochs as f64 / 10.0,
        samples_per_second: 1.0,
    });
    let lines = std::iter::once(Event::Started(started)).chain((1..=epochs).map(row)).chain([end]);
    let text: String = lines.map(|it| it.to_json() + "\n").collect();
    std::fs::write(folder.join("events.jsonl"), &text).expect("events");
    if idx.is_multiple_of(10) {
        let marks = Marks { tags: vec!["tenth".to_owned()], is_starred: idx.is_multiple_of(50), ..Marks::default() };
        std::fs::write(folder.join("marks.ron"), ron::to_string(&marks).expect("marks are plain data")).expect("marks");
    }
    text.len() as u64
}

fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let done = work();
    (begin.elapsed().as_secs_f64(), done)
}

/// Median and longest of the frames in which the tab is scrolled, tessellation included.
fn frames(shelf: &Path) -> (f64, f64) {
    let ctx = egui::Context::default();
    install(&ctx);
    let mut studio = Studio::new(Arc::new(|| ())).keeping_runs_in(shelf.to_owned());
    studio.act(Action::History(HistoryAction::Look));
    while !studio.history.has_looked() {
        studio.poll();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let mut panel = PANELS.iter().find(|it| it.id == "runs").map(|it| (it.make)()).expect("the runs are a panel");
    let pointer = egui::pos2(SIZE.x / 2.0, SIZE.y / 2.0);
    let mut frame = |scroll: f32| {
        let wheel = egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, -scroll),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
            source: egui::MouseWheelSource::Wheel,
        };
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, SIZE)),
            events: vec![egui::Event::PointerMoved(pointer), wheel],
            ..egui::RawInput::default()
        };
        let begin = Instant::now();
        let output = ctx.run_ui(input, |ui| {
            let mut draft = Project::default();
            let (mut actions, mut wishes) = (Vec::new(), Vec::new());
            let mut spotlight = Spotlight::default();
            let mut cx = Cx {
                studio: &studio,
                draft: &mut draft,
                actions: &mut actions,
                wishes: &mut wishes,
                spotlight: &mut spotlight,
                now: None,
            };
            panel.ui(ui, &mut cx);
        });
        let triangles = ctx.tessellate(output.shapes, output.pixels_per_point);
        assert!(triangles.len() > 1, "something is drawn");
        begin.elapsed().as_secs_f64()
    };
    // The first frames sort the runs and settle sizes.
    for _ in 0..5 {
        frame(0.0);
    }
    let mut took: Vec<f64> = (0..FRAMES).map(|idx| frame(40.0 * (idx % 30) as f32)).collect();
    took.sort_by(f64::total_cmp);
    (took[took.len() / 2], took[took.len() - 1])
}
