//! Bad input gets one clear line, status 2, and nothing is written.

use std::io::Write as _;

use crate::program::{Outcome, Place, sample};

const GOOD: &str = "a,b,y\n";

fn table(n: usize) -> String {
    GOOD.to_owned() + &(0..n).map(|it| format!("{},{},{}\n", it * 7 % 13, it * 5 % 11, it * 3 % 17)).collect::<String>()
}

/// One line that names what is wrong, status 2, and a folder as it was.
fn refused(place: &Place, case: &str, outcome: &Outcome, before: &[String], words: &[&str]) {
    let Outcome { status, stdout, stderr } = outcome;
    assert_eq!((*status, stderr.lines().count()), (2, 1), "{case}: {stdout}{stderr}");
    for word in words {
        assert!(stderr.to_lowercase().contains(&word.to_lowercase()), "{case}: {word:?} is missing in {stderr}");
    }
    assert!(!stderr.contains("panicked") && !stderr.contains("src/"), "{case}: {stderr}");
    assert_eq!(place.names(), before, "{case}: something was written");
}

/// Trains on a data file whose target is `y`.
fn data_refused(case: &str, file: &str, bytes: impl AsRef<[u8]>, words: &[&str]) {
    let place = Place::new();
    place.write(file, bytes);
    place.write("p.ron", format!("(data: (source: file({file:?}), target: \"y\"), loss: mse)"));
    let before = place.names();
    let outcome = place.run(&["train", "p.ron", "--device", "cpu", "--json"]);
    refused(&place, case, &outcome, &before, words);
    assert_eq!(outcome.stdout, "", "{case}: JSON output must stay empty");
}

#[test]
fn data_files_that_cannot_be_learned_from() {
    let nan_target = "a,y\n1,2\n2,inf\n".to_owned()
        + &table(40)
            .replace("a,b,y\n", "")
            .lines()
            .map(|it| format!("{}\n", &it[..it.rfind(',').unwrap()]))
            .collect::<String>();
    data_refused("empty file", "d.csv", "", &["empty", "d.csv"]);
    data_refused("header only", "d.csv", GOOD, &["rows", "d.csv"]);
    data_refused("ragged rows", "d.csv", table(30) + "1,2\n", &["line 32", "d.csv"]);
    data_refused(
        "binary junk",
        "d.csv",
        (0..4000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
        &["d.csv"],
    );
    data_refused("infinite cells", "d.csv", nan_target, &["inf", "line 3"]);
    data_refused("target missing", "d.csv", table(40).replace("a,b,y", "a,b,z"), &["\"y\"", "nearest"]);
    data_refused("all-missing target", "d.csv", "a,y\n".to_owned() + &"1,\n2,\n".repeat(20), &["y"]);
    data_refused("duplicate column names", "d.csv", table(40).replace("a,b,y", "a,a,y"), &["a", "d.csv"]);
    data_refused("too few rows", "d.csv", table(2), &["d.csv"]);
    data_refused("damaged gzip", "d.csv.gz", b"\x1f\x8b\x08\x00junkjunkjunk", &["d.csv.gz"]);
    data_refused("damaged zip", "d.zip", b"PK\x03\x04junkjunkjunk", &["d.zip"]);
}

#[test]
fn a_target_of_one_class_is_refused() {
    let place = Place::new();
    place.write("d.csv", "a,y\n".to_owned() + &(0..50).map(|it| format!("{it},yes\n")).collect::<String>());
    place.write("p.ron", "(data: (source: file(\"d.csv\"), target: \"y\"))");
    let before = place.names();
    refused(&place, "one class", &place.run(&["train", "p.ron"]), &before, &["y", "yes"]);
}

#[test]
fn columns_of_nothing_are_left_out_with_a_word() {
    let place = Place::new();
    place.write(
        "d.csv",
        "a,nothing,y\n".to_owned() + &(0..60).map(|it| format!("{},,{}\n", it * 7 % 13, it % 13)).collect::<String>(),
    );
    place.write(
        "p.ron",
        "(data: (source: file(\"d.csv\"), target: \"y\", task: regression), loss: mse, training: (epochs: 1))",
    );
    let outcome = place.run(&["train", "p.ron", "--device", "cpu", "--out", "run"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("nothing left out"), "{}", outcome.stdout);
}

#[test]
fn a_file_too_large_for_memory_is_refused_by_its_size() {
    let place = Place::new();
    let file = std::fs::File::create(place.path("d.csv")).unwrap();
    // A sparse file: it says two gigabytes and holds none.
    file.set_len(2 << 30).unwrap();
    place.write("p.ron", "(data: (source: file(\"d.csv\"), target: \"y\"))");
    let before = place.names();
    refused(&place, "2 GB", &place.run(&["train", "p.ron"]), &before, &["gb", "d.csv"]);
}

#[test]
fn archives_and_folders_of_images_that_are_not_what_they_say() {
    let place = Place::new();
    let slip: &[(&str, &[u8])] = &[("../../evil/a.png", b"x")];
    let corrupt: &[(&str, &[u8])] = &[("cat/a.png", b"\x89PNG\r\n\x1a\nbroken"), ("dog/b.png", b"no picture")];
    for (name, entries) in [("slip.zip", slip), ("corrupt.zip", corrupt)] {
        let mut writer = zip::ZipWriter::new(std::fs::File::create(place.path(name)).unwrap());
        for (entry, bytes) in entries {
            writer.start_file(*entry, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
    }
    std::fs::create_dir(place.path("pictures")).unwrap();
    place.write("slip.ron", "(data: (source: file(\"slip.zip\")))");
    place.write("corrupt.ron", "(data: (source: file(\"corrupt.zip\")))");
    place.write("empty.ron", "(data: (source: file(\"pictures\")))");
    place.write("gone.ron", "(data: (source: file(\"nowhere/at/all\")))");
    let before = place.names();
    for (project, word) in
        [("slip.ron", "slip.zip"), ("corrupt.ron", ".png"), ("empty.ron", "pictures"), ("gone.ron", "nowhere/at/all")]
    {
        refused(&place, project, &place.run(&["train", project]), &before, &[word]);
    }
    assert!(!place.path("../evil").exists());
}

#[test]
fn settings_that_are_out_of_bounds_or_unknown() {
    let place = Place::new();
    let project = sample("used_cars");
    for (setting, words) in [
        ("learning_rate=0", &["learning_rate", "above 0"][..]),
        ("learning_rate=-1", &["learning_rate", "above 0"]),
        ("learning_rate=1e9", &["learning_rate", "100"]),
        ("learning_rate=fast", &["learning_rate", "number"]),
        ("batch_size=0", &["batch_size", "1"]),
        ("epochs=1.5", &["epochs", "whole number"]),
        ("optimizer=adamm", &["optimizer", "adam"]),
        ("optimiser=adam", &["optimizer"]),
        ("model.hidden=[64,0]", &["model.hidden"]),
        ("loss=cross_entropy", &["cross_entropy", "mse"]),
        ("model=cnn", &["images", "mlp"]),
        ("split.validation=0.00001", &["split.validation"]),
        ("data.target=Pricee", &["Price"]),
        ("stopping.monitor=validation_accuracy", &["validation_accuracy", "validation_loss"]),
        ("learning_rate", &["KEY=VALUE"]),
    ] {
        refused(&place, setting, &place.run(&["train", &project, "--set", setting]), &[], words);
    }
}

#[test]
fn projects_that_are_not_projects() {
    let place = Place::new();
    place.write("field.ron", "(learning_rat: 0.1)");
    place.write("type.ron", "(learning_rate: \"fast\")");
    place.write("junk.ron", [0_u8, 255, 254, 7]);
    place.write("half.ron", "(learning_rate: 0.1");
    place.write("wild.ron", "(learning_rate: -3.0, training: (batch_size: Some(0)))");
    place.write("newer.ron", "(version: 99)");
    std::fs::create_dir(place.path("folder.ron")).unwrap();
    let before = place.names();
    for (file, words) in [
        ("field.ron", &["learning_rat", "field.ron"][..]),
        ("type.ron", &["line 1", "type.ron"]),
        ("junk.ron", &["not text", "junk.ron"]),
        ("half.ron", &["half.ron"]),
        ("wild.ron", &["learning_rate", "batch_size"]),
        ("newer.ron", &["newer", "newer.ron"]),
        ("folder.ron", &["folder", "folder.ron"]),
        ("missing.ron", &["missing.ron"]),
    ] {
        refused(&place, file, &place.run(&["train", file]), &before, words);
    }
}

#[test]
fn devices_folders_weights_and_usage_that_are_not_there() {
    let place = Place::new();
    let project = sample("used_cars");
    place.write("full/thesis.txt", "dear");
    place.write("junk.safetensors", "junk");
    let before = place.names();
    for (arguments, words) in [
        (&["train", &project, "--device", "gpu:99"][..], &["gpu:99", "--device cpu"][..]),
        (&["train", &project, "--device", "tpu"], &["tpu", "gpu:N"]),
        (&["train", &project, "--out", "full"], &["not empty", "full"]),
        (&["train", &project, "--init", "junk.safetensors"], &["safetensors"]),
        (&["train", &project, "--init", "missing.safetensors"], &["missing.safetensors"]),
        (&["train"], &["project"]),
        (&["train", &project, "--log-every", "0"], &["log-every"]),
        (&["trian", &project], &["train"]),
        (&["predict", "full", &project, "--out", "o.csv"], &["run folder"]),
        (&["shot", &project, "--out", "o.png", "--size", "big"], &["1440x900"]),
        (&["new", "missing.csv", "--target", "y"], &["missing.csv"]),
        (&["inspect", "missing.csv"], &["missing.csv"]),
        (&["list", "animals"], &["animals"]),
    ] {
        refused(&place, &arguments.join(" "), &place.run(arguments), &before, words);
    }
}

#[test]
fn weights_of_another_network_are_refused_by_name() {
    let place = Place::new();
    place.train(&[&sample("used_cars"), "--set", "epochs=1", "--device", "cpu", "--out", "run"]);
    let before = place.names();
    let outcome = place.run(&[
        "train",
        &sample("used_cars"),
        "--set",
        "model.hidden=[8]",
        "--init",
        "run/best.safetensors",
        "--out",
        "other",
    ]);
    refused(&place, "another network", &outcome, &before, &["layer.0.weight"]);
}
