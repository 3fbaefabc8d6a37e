//! What a frame of the curves costs on the CPU, from 1,000 to 1,000,000 steps, while the run grows.
//!
//! `cargo bench --bench frame` prints milliseconds a frame, tessellation included, beside the same loss drawn
//! with all its points by egui_plot alone. The limit is 2 ms at 1,000,000 points.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::sync::Arc;
use std::time::Instant;

use learnscope::run::{EpochRow, Event, Run, Started, StepRow};
use learnscope::spec::Project;
use learnscope::studio::Studio;
use learnscope::ui::theme::install;
use learnscope::ui::{Cx, PANELS, Spotlight};

const SIZE: egui::Vec2 = egui::vec2(760.0, 580.0);
const STEPS_PER_EPOCH: u64 = 100;
/// Steps that a frame takes in while the run is watched.
const NEW_STEPS: u64 = 30;
const FRAMES: usize = 60;
const LIMIT_MS: f64 = 2.0;

fn main() {
    println!("{:>10} {:>14} {:>14} {:>14} {:>10}", "points", "growing ms", "at rest ms", "egui_plot ms", "ratio");
    let mut is_slow = false;
    for n in [1_000, 100_000, 1_000_000] {
        let (growing, at_rest) = (curves_ms(n, NEW_STEPS), curves_ms(n, 0));
        let plain = plain_ms(n);
        println!("{n:>10} {growing:>14.3} {at_rest:>14.3} {plain:>14.3} {:>10.1}", plain / growing);
        is_slow |= growing > LIMIT_MS;
    }
    assert!(!is_slow, "a frame should cost at most {LIMIT_MS} ms");
}

/// The curves panel as the window draws it; each frame the run has gained some steps.
fn curves_ms(n: u64, new_steps: u64) -> f64 {
    let ctx = context();
    let mut studio = Studio::new(Arc::new(|| ()));
    studio.runs.shown = Some(run(n));
    let mut panel = PANELS.iter().find(|it| it.id == "curves").map(|it| (it.make)()).expect("the curves are a panel");
    let mut step = n;
    let mut frame = |is_counted: bool| {
        if let Some(run) = &mut studio.runs.shown {
            for _ in 0..new_steps {
                step += 1;
                tell(run, step);
            }
        }
        let begin = Instant::now();
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, SIZE)),
            ..egui::RawInput::default()
        };
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
        assert!(!triangles.is_empty(), "something is drawn");
        if is_counted { begin.elapsed().as_secs_f64() * 1e3 } else { 0.0 }
    };
    for _ in 0..3 {
        frame(false);
    }
    median((0..FRAMES).map(|_| frame(true)).collect())
}

/// The loss alone, every point given to egui_plot in every frame.
fn plain_ms(n: u64) -> f64 {
    let ctx = context();
    let points: Vec<egui_plot::PlotPoint> = (1..=n).map(|step| [step as f64, loss(step)].into()).collect();
    let frame = || {
        let begin = Instant::now();
        let input = egui::RawInput {
            screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, SIZE)),
            ..egui::RawInput::default()
        };
        let output = ctx.run_ui(input, |ui| {
            let line = egui_plot::Line::new("loss", egui_plot::PlotPoints::Borrowed(&points));
            egui_plot::Plot::new("plain").show(ui, |plot| plot.line(line));
        });
        ctx.tessellate(output.shapes, output.pixels_per_point);
        begin.elapsed().as_secs_f64() * 1e3
    };
    frame();
    median((0..7).map(|_| frame()).collect())
}

fn context() -> egui::Context {
    let ctx = egui::Context::default();
    install(&ctx);
    ctx
}

fn run(n: u64) -> Run {
    let started = Started {
        steps_per_epoch: STEPS_PER_EPOCH,
        epochs: 2 * n / STEPS_PER_EPOCH,
        task: "binary".to_owned(),
        ..Started::default()
    };
    let mut run = Run::replay(Project::default(), [Event::Started(started)]);
    (1..=n).for_each(|step| tell(&mut run, step));
    run
}

fn tell(run: &mut Run, step: u64) {
    let epoch = step.div_ceil(STEPS_PER_EPOCH);
    let (train_loss, learning_rate) = (loss(step), 0.001);
    run.apply(Event::Step(StepRow {
        step,
        epoch,
        train_loss,
        learning_rate,
        gradient_norm: step.is_multiple_of(10).then_some(train_loss),
    }));
    if step.is_multiple_of(STEPS_PER_EPOCH) {
        let metrics = [("train_accuracy", 0.9), ("validation_accuracy", 0.8)]
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        run.apply(Event::Epoch(EpochRow {
            epoch,
            step,
            train_loss,
            validation_loss: 1.2 * train_loss,
            metrics,
            learning_rate,
            ..EpochRow::default()
        }));
    }
}

/// Falls slowly, with noise that is the same each time.
fn loss(step: u64) -> f64 {
    let noise = (step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / 16_777_216.0;
    0.2 + (-(step as f64) / 2e5).exp() + 0.3 * noise
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
