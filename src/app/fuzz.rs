//! Whatever the file holds in which the window is kept, a window comes of it, and can be drawn.

use std::sync::Arc;

use egui::{Context, Pos2, RawInput, Rect, vec2};

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::App;
use crate::mutate::{Damage, ODD, fuzz, mutated};
use crate::spec::Project;
use crate::studio::{Held, HeldRun, HeldRuns, Keeper, Studio};
use crate::ui::theme;

/// Two frames: what one lays out the next one reads.
fn draw(app: &mut App, ctx: &Context) {
    for _ in 0..2 {
        let screen_rect = Some(Rect::from_min_size(Pos2::ZERO, vec2(1280.0, 800.0)));
        let output = ctx.run_ui(RawInput { screen_rect, ..RawInput::default() }, |ui| app.window_ui(ui, None));
        assert!(!output.shapes.is_empty());
    }
}

/// A window in which something was changed and undone, over runs, as it is kept.
fn kept() -> Vec<u8> {
    let (ctx, mut studio) = (Context::default(), Studio::new(Arc::new(|| ())));
    theme::install(&ctx);
    let changed = |settings: &[&str]| {
        let mut project = Project::default();
        for it in settings {
            project.set(it).unwrap();
        }
        project
    };
    let run = |name: &str| HeldRun { folder: name.into(), change: "learning_rate 0.1 \u{2192} 0.01".to_owned() };
    studio.take_up(Held {
        draft: changed(&["model=cnn", "optimizer=lion", "schedule=cosine"]),
        file: Some("nowhere/a.ron".into()),
        past: vec![Project::default(), changed(&["loss=huber"])],
        future: vec![changed(&["epochs=7", "stopping=off"])],
        runs: HeldRuns { shown: Some(run("nowhere/a-1")), ghosts: vec![run("nowhere/a-2")], log: None },
        ..Held::default()
    });
    let mut app = App::new(&ctx, studio, crate::ui::LayoutState::default());
    draw(&mut app, &ctx);
    let kept = app.remembered(&ctx).expect("no quiz covers it");
    assert!(kept.toolkit.len() > 100, "sizes are in it: {}", kept.toolkit);
    serde_json::to_vec(&kept).unwrap()
}

/// Every value that is neither a list nor an object.
fn leaves<'a>(value: &'a mut Value, found: &mut Vec<&'a mut Value>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|it| leaves(it, found)),
        Value::Object(fields) => fields.values_mut().for_each(|it| leaves(it, found)),
        leaf => found.push(leaf),
    }
}

/// The same with one value that means something else, or with the toolkit's memory damaged: still JSON, so that what
/// is behind its reader is reached.
fn altered(whole: &[u8], chance: &mut ChaCha8Rng) -> Vec<u8> {
    let mut kept: Value = serde_json::from_slice(whole).unwrap();
    let mut found = Vec::new();
    if chance.random_ratio(1, 3) {
        found.push(&mut kept["toolkit"]);
    } else {
        leaves(&mut kept, &mut found);
    }
    let at = chance.random_range(0..found.len());
    match &mut *found[at] {
        Value::String(text) if chance.random_ratio(3, 4) => {
            let mut bytes = std::mem::take(text).into_bytes();
            Damage::draw(chance).apply(&mut bytes);
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
        leaf => {
            let odd = ODD[chance.random_range(0..ODD.len())];
            *leaf = serde_json::from_str(odd).unwrap_or_else(|_| Value::String(odd.to_owned()));
        }
    }
    serde_json::to_vec(&kept).unwrap()
}

#[test]
fn no_damage_to_what_the_window_keeps_brings_the_next_one_down() {
    let (whole, folder) = (kept(), tempfile::tempdir().unwrap());
    let file = folder.path().join("window.json");
    // One for all: fonts are read once.
    let ctx = Context::default();
    theme::install(&ctx);
    let mut n_read = 0;
    fuzz(
        "what the window keeps",
        200,
        |chance| if chance.random_ratio(1, 4) { mutated(&[&whole], chance) } else { altered(&whole, chance) },
        |bytes| {
            std::fs::write(&file, bytes).unwrap();
            let wake = || Arc::new(|| ());
            let keeper = Keeper::new(file.clone(), wake());
            let mut app = App::brought_back(&ctx, Studio::new(wake()), crate::ui::LayoutState::default(), keeper);
            n_read += usize::from(app.studio.notices.is_empty());
            assert!(app.studio.notices.iter().all(|it| !it.text.contains('\n')));
            draw(&mut app, &ctx);
        },
    );
    // 80 of 200 are.
    assert!(n_read > 50, "only {n_read} could be read, and little was tried");
}
