//! Who reaches what: the keyboard from part to part, and an audience from the last row.

use egui::accesskit::Role;
use egui::{Key, Pos2, Rect};
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::doctor::churned;
use super::harness::{Window, options};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// Where the keyboard is.
fn focused(window: &Window) -> Option<(String, Rect)> {
    let node = window.root().children_recursive().find(egui_kittest::Node::is_focused)?;
    Some((node.accesskit_node().label().unwrap_or_default(), node.rect()))
}

#[test]
fn tab_goes_through_the_window_in_reading_order() {
    let mut window = churned(egui::Theme::Dark);
    let chart = window.get_by_label_contains("Loss chart").rect();
    let card = window.get_by_label("Overfitting since epoch 9").rect();
    let tabs = window.get_by_role_and_label(Role::Tab, "Log").rect();
    let part = |at: Pos2| match at {
        _ if at.y < 48.0 => "top bar",
        _ if at.x < chart.left() - 70.0 => "setup",
        _ if at.x > card.left() - 20.0 => "doctor",
        _ if at.y > tabs.top() - 8.0 => "tabs",
        _ => "curves",
    };
    let mut parts = Vec::new();
    let mut names = Vec::new();
    for _ in 0..80 {
        window.key_press(Key::Tab);
        window.run_steps(1);
        let Some((name, rect)) = focused(&window) else { continue };
        // Edges that can be dragged are no part of the reading.
        if name != "Resize panel" {
            parts.push(part(rect.center()));
            names.push(name);
        }
    }
    parts.dedup();
    assert_eq!(parts[..5], ["top bar", "setup", "curves", "doctor", "tabs"], "{names:?}");
}

#[test]
fn presenter_size_enlarges_everything_and_clips_nothing() {
    let mut window = churned(egui::Theme::Dark);
    let labels = ["Train 0.193", "Overfitting since epoch 9", "Hyperparameters: you choose", "Optimizer"];
    let before = labels.map(|it| window.get_by_label(it).rect());
    presenting(&mut window);
    let whole = Rect::from_min_size(Pos2::ZERO, egui::Vec2::from(SIZE) / 1.5);
    assert_eq!(window.ctx.pixels_per_point(), 1.5);
    for (label, before) in labels.into_iter().zip(before) {
        let after = window.get_by_label(label).rect();
        // In points the height stays, and a point is half as large again.
        assert!((after.height() - before.height()).abs() < 0.6 * before.height(), "{label}: {before:?} {after:?}");
        assert!(whole.contains_rect(after), "{label} stands in the window: {after:?}");
    }
    for label in ["Loss chart", "Boundary between"] {
        let rect = window.get_by_label_contains(label).rect();
        assert!(whole.expand(1.0).contains_rect(rect), "{label}: {rect:?} in {whole:?}");
    }
    let [train, step] = ["Pause", "Step"].map(|it| window.get_by_label(it).rect());
    assert!(train.right() <= step.left(), "nothing overlaps in the top bar");
    window.key_press(Key::P);
    window.run_steps(2);
    assert_eq!(window.ctx.pixels_per_point(), 1.0, "the same key leads back");
}

/// Presses the presenter's key; the screen stays as large as it was.
fn presenting(window: &mut Window) {
    window.key_press(Key::P);
    window.run_steps(2);
    window.set_size(egui::Vec2::from(SIZE) / 1.5);
    window.run_steps(4);
}

#[test]
fn presenter_size_looks_as_kept() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let mut window = churned(look);
        presenting(&mut window);
        results.add(window.try_snapshot_options(format!("window/presenter_{name}"), &options()));
    }
    results.unwrap();
}
