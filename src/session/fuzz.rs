//! Whatever the files of a run folder hold, they are read or refused in one line, and nothing else happens.

use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::checkpoint::Checkpoint;
use super::checkpoint::tests::with_right_checksum;
use super::course::{By, Course, Turn};
use super::fork::settings_at;
use super::glance::Glance;
use super::marks::Marks;
use super::resume::Interrupted;
use super::store::Store;
use super::{Job, Model, SeedResult, Session, keep_seeds, kept_seeds, open_checkpoint, read_run};
use crate::data::{self, Dataset};
use crate::diagnose::{Context, Doctor};
use crate::engine::Weights;
use crate::mutate::{Damage, fuzz, mutated};
use crate::project;
use crate::run::{Command, Event, FinishReason, Parent, Run, SeedRow};
use crate::spec::{Project, Source};

/// Numbers, dates, categories of two and of three, words, and gaps in all of them.
fn table() -> String {
    let row = |it: usize| {
        let fuel = ["diesel", "petrol", "steam"][it * 7 % 3];
        let gear = ["manual", "automatic"][it * 5 % 2];
        let words = ["a good red car", "one old boat", "my new blue car here"][it * 11 % 3];
        let gap = if it.is_multiple_of(9) { String::new() } else { format!("{}.5", it * 13 % 29) };
        format!("{gap},{fuel},{gear},{words} number{it},2020-01-{:02},{}\n", 1 + it % 28, it * 17 % 41)
    };
    "km,fuel,gear,note,day,price\n".to_owned() + &(0..90).map(row).collect::<String>()
}

/// A run that was trained to its end but does not say so, so that it can go on from each of its checkpoints.
struct Place {
    folder: tempfile::TempDir,
    dataset: Dataset,
}

impl Place {
    /// On a busy machine the run is made more slowly, so that there is time for checkpoints within its epochs.
    fn new() -> Self {
        let mut places = ["pace=15", "pace=4", "pace=1"].into_iter().map(Self::at);
        places.find(|it| Store::of(&it.run()).list().len() > 3).expect("it wrote some within epochs, too")
    }

    fn at(pace: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cars.csv");
        std::fs::write(&file, table()).unwrap();
        let mut project = Project::default();
        project.data.source = Source::File(file.display().to_string());
        for setting in [
            "data.target=price",
            "loss=mse",
            "device=cpu",
            "epochs=3",
            "batch_size=16",
            "model.hidden=[4]",
            "stopping=patience",
            "schedule=plateau",
            "checkpoint.seconds=0.1",
            "checkpoint.epochs=1",
            "checkpoint.keep=50",
            pace,
        ] {
            project.set(setting).unwrap();
        }
        let dataset = data::load(&project.data.source, folder.path()).unwrap();
        let place = Self { folder, dataset };
        let mut job = Job::new(project, place.folder.path());
        (job.out, job.log_every) = (Some(place.run()), Some(2));
        let mut session = Session::spawn(job, || ());
        while session.wait().is_some() {}
        let events = place.read("events.jsonl");
        let text = String::from_utf8(events).unwrap();
        place.write(
            "events.jsonl",
            text.lines()
                .filter(|it| !it.contains("\"finished\""))
                .map(|it| format!("{it}\n"))
                .collect::<String>()
                .as_bytes(),
        );
        place
    }

    fn run(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.run().join(name)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.run().join(name), bytes).unwrap();
    }

    fn checkpoints(&self) -> Vec<Vec<u8>> {
        Store::of(&self.run()).list().iter().map(|it| std::fs::read(&it.path).unwrap()).collect()
    }
}

fn one_line(text: &str) {
    assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
}

#[test]
fn what_is_quoted_of_an_altered_file_stays_on_one_line() {
    let place = Place::new();
    let altered = with_right_checksum(&place.checkpoints()[0], |position, _| {
        *position = position.replacen("\"validation\"", "\"valid\\nation\"", 1);
    });
    one_line(&Checkpoint::from_bytes(&altered).unwrap_err());
    let line = r#"{"event":"finished","reason":"comp\nleted","epochs":3}"#;
    place.write("events.jsonl", format!("{line}\n{line}\n").as_bytes());
    one_line(&read_run(&place.run()).unwrap_err());
}

fn seed_row(seed: u64) -> SeedRow {
    SeedRow {
        seed,
        reason: FinishReason::Completed,
        text: "all epochs were trained".to_owned(),
        train_loss: vec![0.9, 0.5, 0.4],
        validation_loss: vec![1.0, 0.7, f64::NAN],
        metric: "rmse".to_owned(),
        train_metric: vec![3.0, 2.0, 1.0],
        validation_metric: vec![4.0, 3.0, 2.0],
        best_validation_loss: 0.7,
        test: [("rmse".to_owned(), 2.5)].into(),
    }
}

/// Opens a run as the window does, lists it, and lets the doctor look at it again.
fn look(run: &Path) {
    if let Some(glance) = Glance::of(run, None) {
        assert!(!glance.marks_trouble.contains('\n'), "{}", glance.marks_trouble);
        glance.told.as_ref().err().into_iter().for_each(|it| one_line(it));
    }
    for row in kept_seeds(run) {
        drop(SeedResult::of(&row));
    }
    settings_at(run, 2).err().iter().for_each(|it| one_line(it));
    match read_run(run) {
        Err(why) => one_line(&why),
        Ok((project, events)) => {
            let started =
                events.iter().find_map(|it| if let Event::Started(it) = it { Some(it.clone()) } else { None });
            let mut doctor = started.map(|it| Doctor::new(Context::new(&project, &it)));
            for event in &events {
                if let (Some(doctor), Event::Epoch(row)) = (&mut doctor, event) {
                    drop(doctor.observe(row));
                }
            }
            let mut run = Run::replay(project, events);
            run.close();
            assert!((0.0..=1.0).contains(&run.progress()), "{}", run.progress());
        }
    }
}

#[test]
fn no_damage_to_a_diary_brings_its_reader_down() {
    let place = Place::new();
    let marks = Marks { note: "a\nb".to_owned(), tags: vec!["x".to_owned()], is_starred: true, ..Marks::default() };
    marks.write(&place.run()).unwrap();
    keep_seeds(&place.run(), &[seed_row(2), seed_row(3)]).unwrap();
    let project = project::from_text(&String::from_utf8(place.read("project.ron")).unwrap(), "a.ron").unwrap();
    let turn = Turn { step: 4, by: By::User, project: project.clone() };
    let turned = project.clone();
    let fork = Course { parent: Parent::default(), losses: (0.5, 0.75), begin: project, turns: vec![turn] };
    place.write("fork.ron", project::to_ron(&fork).as_bytes());
    assert_eq!(settings_at(&place.run(), 2), Ok(turned), "its course is read");
    let files = ["timing.jsonl", "project.ron", "marks.ron", "seeds.jsonl", "fork.ron"].map(|it| (it, 300));
    for (name, n) in [("events.jsonl", 1500)].into_iter().chain(files) {
        let whole = place.read(name);
        fuzz(
            name,
            n,
            |chance| mutated(&[&whole], chance),
            |bytes| {
                place.write(name, bytes);
                look(&place.run());
            },
        );
        place.write(name, &whole);
    }
}

#[test]
fn no_damage_to_a_checkpoint_brings_its_reader_down() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let (corpus, file) = (place.checkpoints(), folder.path().join("it.safetensors"));
    fuzz(
        "checkpoints",
        3000,
        |chance| mutated(&corpus, chance),
        |bytes| match Checkpoint::from_bytes(bytes) {
            Ok(_) => {
                std::fs::write(&file, bytes).unwrap();
                drop(open_checkpoint(&file));
            }
            Err(why) => one_line(&why),
        },
    );
}

/// A checkpoint with other contents and the checksum that is right for them, so that what is behind it is reached.
fn altered(corpus: &[Vec<u8>], chance: &mut ChaCha8Rng) -> Vec<u8> {
    let one = &corpus[chance.random_range(0..corpus.len())];
    with_right_checksum(one, |position, weights| {
        if chance.random_ratio(3, 4) {
            let mut bytes = std::mem::take(position).into_bytes();
            for _ in 0..chance.random_range(1..=2) {
                Damage::draw(chance).apply(&mut bytes);
            }
            *position = String::from_utf8_lossy(&bytes).into_owned();
        }
        if chance.random_ratio(1, 2) {
            *weights = alter(weights, chance);
        }
    })
}

/// Tensors that are missing, bent, cut, or hold what is no number.
fn alter(weights: &Weights, chance: &mut ChaCha8Rng) -> Weights {
    let (mut altered, at) = (Weights::default(), chance.random_range(0..weights.iter().count()));
    for (idx, (name, entry)) in weights.iter().enumerate() {
        let (mut name, mut shape, mut values) = (name.clone(), entry.shape.clone(), entry.values.clone());
        if idx == at {
            match chance.random_range(0..6) {
                0 => continue,
                1 => shape.reverse(),
                2 => shape = vec![values.len()],
                3 => (shape, values) = (vec![1, values.len() / 2], values[..values.len() / 2].to_vec()),
                4 => values.fill([f32::NAN, f32::INFINITY, 0.0, f32::MAX][at % 4]),
                _ => name.push('x'),
            }
        }
        altered.push(name, (shape, values));
    }
    altered
}

#[test]
fn no_damage_behind_a_right_checksum_brings_the_reader_down() {
    let (place, folder) = (Place::new(), tempfile::tempdir().unwrap());
    let (corpus, file) = (place.checkpoints(), folder.path().join("it.safetensors"));
    fuzz(
        "checkpoints behind a right checksum",
        1500,
        |chance| altered(&corpus, chance),
        |bytes| match Checkpoint::from_bytes(bytes) {
            Ok(_) => {
                std::fs::write(&file, bytes).unwrap();
                drop(open_checkpoint(&file));
            }
            Err(why) => one_line(&why),
        },
    );
}

#[test]
fn a_run_with_a_checkpoint_that_is_not_its_own_goes_on_or_says_why_not() {
    let place = Place::new();
    let corpus = place.checkpoints();
    let (run, events) = (place.run(), place.read("events.jsonl"));
    fuzz(
        "runs that go on from altered checkpoints",
        100,
        |chance| altered(&corpus, chance),
        |bytes| {
            std::fs::remove_dir_all(run.join("checkpoints")).unwrap();
            std::fs::create_dir(run.join("checkpoints")).unwrap();
            place.write("events.jsonl", &events);
            place.write("checkpoints/step-00000099.safetensors", bytes);
            let folder = run.clone();
            let asked = Interrupted {
                folder,
                device: None,
                memory: None,
                log_every: None,
                watched: false,
                began: Instant::now(),
            };
            let mut session = Session::resume(asked, || ());
            while let Some(events) = session.wait() {
                for event in events {
                    match event {
                        // It may have been told to go on for ages.
                        Event::Resumed { .. } | Event::Started(_) => session.send(Command::Stop),
                        Event::Finished(it) => assert!(!it.text.contains("inside the program"), "{}", it.text),
                        _ => {}
                    }
                }
            }
        },
    );
}

#[test]
fn no_damage_to_a_model_brings_its_reader_down() {
    let place = Place::new();
    for (name, n) in [("encoder.ron", 400), ("best.safetensors", 200)] {
        let whole = place.read(name);
        fuzz(
            name,
            n,
            |chance| mutated(&[&whole], chance),
            |bytes| {
                place.write(name, bytes);
                match Model::open(&place.run()).and_then(|it| it.predict(&place.dataset)) {
                    Err(why) => one_line(&why),
                    Ok(prediction) => {
                        assert_eq!(prediction.n_rows(), place.dataset.n_rows);
                        drop((prediction.text(0), prediction.probabilities(0)));
                    }
                }
            },
        );
        place.write(name, &whole);
    }
}

#[test]
fn a_damaged_project_that_passes_its_checks_can_be_made_ready() {
    let place = Place::new();
    let whole = place.read("project.ron");
    fuzz(
        "projects made ready",
        150,
        |chance| mutated(&[&whole], chance),
        |bytes| {
            let Ok(project) = project::from_text(&String::from_utf8_lossy(bytes), "a.ron") else { return };
            // Other data than this file would be read from anywhere.
            if matches!(project.data.source, Source::File(_)) {
                let ready = super::ready(Job::new(project, place.folder.path()));
                ready.err().unwrap_or_default().iter().for_each(|it| one_line(it));
            }
        },
    );
}
