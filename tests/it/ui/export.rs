//! What leaves the window: pictures and values of plots, the report, the recipe.

use std::path::{Path, PathBuf};

use egui::accesskit::Role;
use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use learnscope::report::{epochs_csv, predictions_csv};
use learnscope::run::{Forgotten, Run};

use super::harness::{Window, loaded, options, step_until, studio, window};
use super::runs;

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A window that shows a run.
fn over(run: Run) -> Window {
    let project = run.project.clone();
    window(studio(project.clone(), loaded(&project), Some(run), Vec::new()), SIZE)
}

/// Chooses from the menu, and answers with a path where one is asked for.
fn export(window: &mut Window, item: &str, to: Option<&Path>) {
    window.get_by_label("Save what is seen").click();
    window.run_steps(2);
    window.get_by_label(item).click();
    window.run_steps(3);
    if let Some(path) = to {
        let field = window.get_by_role(Role::TextInput);
        field.focus();
        window.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
        window.run_steps(1);
        window.get_by_role(Role::TextInput).type_text(&path.display().to_string());
        window.run_steps(2);
        // The top bar has a button of that name as well.
        window.key_press(egui::Key::Enter);
    }
    window.run_steps(6);
}

fn written(window: &mut Window, path: &Path) -> String {
    step_until(window, "the file", |_| path.is_file());
    std::fs::read_to_string(path).unwrap()
}

fn place(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

#[test]
fn values_are_those_that_are_drawn_and_the_report_is_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = runs::cars();
    "Cars".clone_into(&mut run.project.name);
    let mut window = over(run.clone());
    let csv = place(&folder, "epochs.csv");
    export(&mut window, "Values of Curves", Some(&csv));
    assert_eq!(written(&mut window, &csv), epochs_csv(&[(String::new(), &run)]));
    let csv = place(&folder, "pairs.csv");
    export(&mut window, "Values of Predictions", Some(&csv));
    assert_eq!(Some(written(&mut window, &csv)), predictions_csv(run.views.as_ref().unwrap()));
    let page = place(&folder, "report.html");
    export(&mut window, "Report", Some(&page));
    let html = written(&mut window, &page);
    assert!(html.contains("<svg") && html.contains("<h1>Cars</h1>"), "{html}");
}

#[test]
fn every_tab_with_a_plot_gives_its_values() {
    let folder = tempfile::tempdir().unwrap();
    let mut run = runs::cars();
    run.forgotten = Some(Forgotten { with_memory: vec![1.0, 0.5], without: vec![1.0, 2.0], ..Forgotten::default() });
    let n_epochs = run.history.epochs.len();
    let first = run.history.epochs[0].clone();
    let mut window = over(run);
    let mut values = |tab: &str| {
        window.get_by_role_and_label(Role::Tab, tab).click();
        window.run_steps(3);
        let csv = place(&folder, &format!("{tab}.csv"));
        export(&mut window, &format!("Values of {tab}"), Some(&csv));
        written(&mut window, &csv)
    };
    assert_eq!(values("Checkpoints"), "step,kept,left_out\n0,1,1\n1,0.5,2\n");
    let stops = values("Stop rules");
    let head = "epoch,train_loss,validation_loss,stopped_by";
    assert!(stops.starts_with(&format!("{head}\n1,{},{},", first.train_loss, first.validation_loss)), "{stops}");
    assert_eq!(stops.lines().count(), n_epochs + 1);
    let data = values("Data");
    let distances = data.lines().filter(|it| it.starts_with("KM,")).filter_map(|it| it.rsplit(',').next());
    let n_rows: usize = distances.map(|it| it.parse::<usize>().unwrap()).sum();
    assert_eq!(n_rows, 1436, "each of the cars is in one bar: {data}");
}

#[test]
fn a_plot_is_saved_as_shapes_that_say_what_is_on_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = over(runs::cars());
    let svg = place(&folder, "curves.svg");
    export(&mut window, "Picture of Curves", Some(&svg));
    let text = written(&mut window, &svg);
    for part in ["<svg", ">Loss</text>", ">Log</text>", "stroke=\"#58a6ff\"", "stroke=\"#ffa657\""] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Predicted against actual"), "only the panel that was asked for");
    assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
}

#[test]
fn a_view_with_images_is_no_svg_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut window = over(runs::clothes(4));
    let svg = place(&folder, "images.svg");
    export(&mut window, "Picture of Predictions", Some(&svg));
    assert!(window.query_by_label_contains("save it as .png").is_some());
    assert!(!svg.exists());
}

#[test]
fn the_recipe_is_put_on_the_clipboard() {
    let mut window = over(runs::cars());
    window.get_by_label("Save what is seen").click();
    window.run_steps(2);
    window.get_by_label("Copy recipe").click();
    let is_copied = |window: &Window| {
        let commands = &window.output().platform_output.commands;
        commands
            .iter()
            .any(|it| matches!(it, egui::OutputCommand::CopyText(text) if text.contains("learnscope train recipe.ron")))
    };
    for _ in 0..1000 {
        window.step();
        if is_copied(&window) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the recipe never came to the clipboard");
}

#[test]
fn the_menu_in_pictures() {
    let mut results = SnapshotResults::new();
    for (look, name) in [(egui::Theme::Dark, "dark"), (egui::Theme::Light, "light")] {
        let run = runs::cars();
        let project = run.project.clone();
        let mut window =
            super::harness::still(studio(project.clone(), loaded(&project), Some(run), Vec::new()), look, SIZE);
        window.get_by_label("Save what is seen").click();
        window.run_steps(3);
        results.add(window.try_snapshot_options(format!("window/export_{name}"), &options()));
    }
}
