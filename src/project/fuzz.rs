//! Whatever a project file holds, it is a project or refused in one line.

use super::{GALLERY, ProjectError, SAMPLES, from_text, read, to_text};
use crate::mutate::{fuzz, mutated};
use crate::spec::{InputShape, Project, Task};

/// What ships, and every kind of everything as it is written down.
fn corpus() -> Vec<String> {
    let shipped = SAMPLES.iter().chain(GALLERY).map(|it| it.text.to_owned());
    let kinds = [
        ["model=linear", "loss=huber", "optimizer=sgd", "schedule=step", "stopping=off"],
        ["model=mlp", "loss=mae", "optimizer=adagrad", "schedule=exponential", "clip_norm=1"],
        ["model=cnn", "loss=cross_entropy", "optimizer=rmsprop", "schedule=cosine", "device=gpu:1"],
        ["data=house_prices", "loss=mse", "optimizer=lion", "schedule=plateau", "pace=7"],
    ];
    let explicit = kinds.map(|settings| {
        let mut project = Project::default();
        for setting in settings {
            project.set(setting).unwrap();
        }
        to_text(&project)
    });
    shipped.chain(explicit).collect()
}

fn check(read: Result<Project, ProjectError>) {
    let project = match read {
        Ok(it) => it,
        Err(err) => return assert!(!err.to_string().contains('\n'), "{err}"),
    };
    if let Err(lines) = project.check() {
        return assert!(lines.iter().all(|it| !it.contains('\n')), "{lines:?}");
    }
    let text = to_text(&project);
    assert_eq!(to_text(&from_text(&text, "it").unwrap()), text);
    for task in [Task::Regression, Task::Binary, Task::Classes(4)] {
        drop(project.misfits(task));
        let shape = InputShape::Image { channels: 1, height: 8, width: 8 };
        drop(project.model.layers(shape, project.loss.n_outputs(task)));
    }
    assert!(!project.settings().is_empty());
}

#[test]
fn no_damage_to_a_project_file_brings_its_reader_down() {
    let corpus = corpus();
    fuzz(
        "project files",
        3000,
        |chance| mutated(&corpus, chance),
        |bytes| check(from_text(&String::from_utf8_lossy(bytes), "a.ron")),
    );
}

#[test]
fn no_damage_to_a_project_on_the_disk_brings_its_reader_down() {
    let (corpus, folder) = (corpus(), tempfile::tempdir().unwrap());
    let path = folder.path().join("a.ron");
    fuzz(
        "project files on the disk",
        500,
        |chance| mutated(&corpus, chance),
        |bytes| {
            std::fs::write(&path, bytes).unwrap();
            check(read(&path));
        },
    );
}
