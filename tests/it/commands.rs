//! The commands as a user meets them.

use crate::program::{Place, fixture, of_kind, sample};

const CARS: &str = "km,age,fuel,price\n";

/// A table in which price follows age and kilometres.
fn cars(n: usize) -> String {
    let row = |idx: usize| {
        let (km, age) = ((idx * 7919) % 200_000, (idx * 31) % 15);
        let fuel = ["petrol", "diesel"][idx % 2];
        format!("{km},{age},{fuel},{}\n", 30_000 - km / 20 - age * 900 + (idx * 131) % 700)
    };
    CARS.to_owned() + &(0..n).map(row).collect::<String>()
}

#[test]
fn a_users_own_file_becomes_a_project_a_model_and_predictions() {
    let place = Place::new();
    place.write("cars.csv", cars(400));
    let new = place.run(&["new", "cars.csv", "--target", "price"]);
    assert_eq!(new.status, 0, "{}", new.stderr);
    let events = place.train(&["cars.ron", "--device", "cpu", "--out", "run"]);
    let r2 = of_kind(&events, "finished")[0]["test"]["r2"].as_f64().unwrap();
    assert!(r2 > 0.95, "the table is easy, and R2 is {r2}");
    for file in ["project.ron", "events.jsonl", "best.safetensors", "report.md"] {
        assert!(place.path("run").join(file).is_file(), "{file} is missing");
    }

    let rows = "age,km,fuel\n1,1000,petrol\n14,190000,hydrogen\n";
    place.write("more.csv", rows);
    let predict = place.run(&["predict", "run", "more.csv", "--out", "out.csv"]);
    assert_eq!(predict.status, 0, "{}", predict.stderr);
    let table = std::fs::read_to_string(place.path("out.csv")).unwrap();
    let prices: Vec<f64> = table.lines().skip(1).map(|it| it.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!((prices[0] - 29_400.0).abs() < 2500.0 && (prices[1] - 8250.0).abs() < 3500.0, "{prices:?}");
}

#[test]
fn predictions_on_the_training_table_repeat_the_tests_quality() {
    let place = Place::new();
    let trained = place.train(&[&sample("digits"), "--device", "cpu", "--set", "epochs=15", "--out", "run"]);
    let accuracy = of_kind(&trained, "finished")[0]["test"]["accuracy"].as_f64().unwrap();
    let predict = place.run(&["predict", "run", "digits", "--out", "out.csv"]);
    assert_eq!(predict.status, 0, "{}", predict.stderr);
    let table = std::fs::read_to_string(place.path("out.csv")).unwrap();
    let first: Vec<&str> = table.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(first.len(), 2 + 10, "row, digit and a probability for each");
    assert_eq!(first[1], "0", "the first digit of the set is a zero");
    let said: f64 = predict.stdout.lines().find_map(|it| it.trim().strip_prefix("accuracy ")).unwrap().parse().unwrap();
    assert!(said >= accuracy - 0.01, "on all rows {said}, on test rows {accuracy}");
}

#[test]
fn settings_apply_left_to_right_and_the_run_folder_holds_every_choice() {
    let place = Place::new();
    let arguments = [
        &sample("used_cars"),
        "--set",
        "optimizer=sgd",
        "--set",
        "optimizer.momentum=0.9",
        "--set",
        "learning_rate=0.01",
        "--set",
        "epochs=2",
        "--device",
        "cpu",
        "--out",
        "run",
    ];
    let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let events = place.train(&arguments);
    assert_eq!(of_kind(&events, "epoch").len(), 2);
    assert!((of_kind(&events, "epoch")[0]["learning_rate"].as_f64().unwrap() - 0.01).abs() < 1e-12);
    let text = std::fs::read_to_string(place.path("run/project.ron")).unwrap();
    for line in ["optimizer: sgd(", "momentum: 0.9", "device: cpu", "seed: 1", "task: regression"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let again = place.run(&["train", "run/project.ron", "--out", "run", "--quiet"]);
    assert_eq!((again.status, again.stdout.as_str()), (2, ""), "a run is never overwritten");
}

#[test]
fn a_loss_that_blows_up_ends_in_words_and_status_three() {
    let place = Place::new();
    let outcome = place.run(&[
        "train",
        &sample("used_cars"),
        "--set",
        "optimizer=sgd",
        "--set",
        "learning_rate=100",
        "--device",
        "cpu",
        "--out",
        "run",
        "--json",
    ]);
    assert_eq!(outcome.status, 3, "{}", outcome.stdout);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    let events: Vec<serde_json::Value> = outcome.stdout.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    assert_eq!(of_kind(&events, "finished")[0]["reason"], "diverged");
    assert_eq!(of_kind(&events, "finding")[0]["rule"], "loss-not-finite");
}

#[test]
fn steps_are_told_every_so_often_and_only_when_asked() {
    let place = Place::new();
    let project = sample("used_cars");
    let events = place.train(&[&project, "--set", "epochs=1", "--log-every", "10", "--device", "cpu", "--out", "a"]);
    let steps: Vec<u64> = of_kind(&events, "step").iter().map(|it| it["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [10, 20], "27 steps in the epoch");
    let events = place.train(&[&project, "--set", "epochs=1", "--device", "cpu", "--out", "b"]);
    assert!(of_kind(&events, "step").is_empty());
}

#[test]
fn lists_are_complete_and_machine_readable() {
    let place = Place::new();
    for (kind, least) in [
        ("datasets", 16),
        ("losses", 5),
        ("optimizers", 6),
        ("schedules", 5),
        ("layers", 7),
        ("metrics", 7),
        ("rules", 29),
        ("stop-rules", 10),
        ("gallery", 30),
        ("settings", 30),
    ] {
        let outcome = place.run(&["list", kind, "--json"]);
        let entries: Vec<serde_json::Value> = serde_json::from_str(&outcome.stdout).unwrap();
        assert!(entries.len() >= least, "{kind}: {}", entries.len());
        assert!(entries.iter().all(|it| !it["label"].as_str().unwrap().is_empty()), "{kind}");
    }
    let list = |kind: &str| -> Vec<serde_json::Value> {
        serde_json::from_str(&place.run(&["list", kind, "--json"]).stdout).unwrap()
    };
    let keras = list("stop-rules").into_iter().find(|it| it["id"] == "keras").unwrap();
    assert!(keras["settings"].as_array().unwrap().iter().any(|it| it["key"] == "patience"), "{keras}");
    let faults: Vec<_> = list("gallery").into_iter().filter(|it| it["truth"]["primary"] != "").collect();
    assert!(faults.iter().any(|it| it["truth"]["primary"] == "dead-relu"), "{faults:?}");
}

#[test]
fn inspect_names_types_missing_values_and_identifiers() {
    let outcome = Place::new().run(&["inspect", "used_cars", "--json"]);
    let seen: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(seen["rows"], 1436);
    let kind =
        |name: &str| seen["columns"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap()["kind"].clone();
    assert_eq!(
        [kind("Id"), kind("Price"), kind("Fuel_Type"), kind("Cylinders")],
        ["identifier", "numeric", "category", "constant"]
    );
}

#[test]
fn a_window_needs_a_display_and_says_so() {
    let outcome = Place::new().run_with(&[], &[("DISPLAY", ""), ("WAYLAND_DISPLAY", "")]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("no display") && outcome.stderr.lines().count() == 1, "{}", outcome.stderr);
}

#[test]
fn shot_draws_a_project_a_run_and_a_log_without_a_display() {
    let place = Place::new();
    place.train(&[&sample("welcome"), "--set", "epochs=3", "--device", "cpu", "--out", "run"]);
    let log = fixture("logs/keras_tensorboard").display().to_string();
    let run = place.path("run").display().to_string();
    for (what, theme) in [(sample("welcome"), "dark"), (run, "light"), (log, "dark")] {
        let out = format!("{theme}.png");
        let outcome = place.run(&["shot", &what, "--out", &out, "--size", "1000x700", "--theme", theme]);
        assert_eq!(outcome.status, 0, "{}", outcome.stderr);
        let picture = image::open(place.path(&out)).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (1000, 700));
        let colors: std::collections::HashSet<_> = picture.pixels().collect();
        assert!(colors.len() > 50, "an empty picture has few colours, this one {}", colors.len());
    }
}

#[test]
fn a_mnist_style_pair_of_files_is_read() {
    let path = fixture("parity/cnn/cnn-images-idx3-ubyte").display().to_string();
    let outcome = Place::new().run(&["inspect", &path]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("12 x 12 pixels"), "{}", outcome.stdout);
}

/// Findings of `diagnose --json`.
fn diagnosed(place: &Place, path: &str) -> Vec<serde_json::Value> {
    let outcome = place.run(&["diagnose", path, "--json"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (0, ""));
    outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_run_that_is_diagnosed_again_gets_the_findings_it_had() {
    let place = Place::new();
    let project = sample("gallery/overfitting");
    let events = place.train(&[&project, "--device", "cpu", "--set", "epochs=30", "--out", "run"]);
    let live: Vec<_> = of_kind(&events, "finding").into_iter().cloned().collect();
    assert!(live.iter().any(|it| it["rule"] == "overfitting" && it["severity"] == "warning"), "{live:#?}");
    assert_eq!(diagnosed(&place, "run"), live);
    let words = place.run(&["diagnose", "run"]).stdout;
    assert!(words.contains("30 completed epochs") && words.contains("consistent with"), "{words}");
}

#[test]
fn curves_from_other_programs_are_diagnosed_and_columns_can_be_named() {
    let place = Place::new();
    let curve = |epoch: i32| {
        let x = f64::from(epoch);
        (0.7 * (-x / 8.0).exp() + 0.01, 0.3 + 0.4 * (-x / 4.0).exp() + 0.012 * (x - 10.0).max(0.0))
    };
    let table = |head: &str| {
        let rows = (0..60).map(|epoch| format!("{epoch},{},{}\n", curve(epoch).0, curve(epoch).1));
        head.to_owned() + &rows.collect::<String>()
    };
    place.write("log.csv", table("epoch,loss,val_loss\n"));
    let told = diagnosed(&place, "log.csv");
    assert!(told.iter().all(|it| it["event"] == "finding"));
    let overfitting = told.iter().find(|it| it["rule"] == "overfitting").unwrap();
    assert!((9..=13).contains(&overfitting["from_epoch"].as_u64().unwrap()), "{overfitting}");
    assert!(overfitting["remedies"].as_array().unwrap().is_empty(), "nothing is known of its project");
    let words = place.run(&["diagnose", "log.csv"]).stdout;
    assert!(words.contains("had to stay silent") && words.contains("Dead ReLU units"), "{words}");

    place.write("odd.csv", table("epoch,apples,pears\n"));
    let refused = place.run(&["diagnose", "odd.csv"]);
    assert_eq!((refused.status, refused.stderr.lines().count()), (2, 1), "{}", refused.stderr);
    assert!(refused.stderr.contains("apples"), "{}", refused.stderr);
    let named = ["diagnose", "odd.csv", "--json", "--column", "train_loss=apples", "--column", "validation_loss=pears"];
    let named = place.run(&named);
    assert!(named.status == 0 && named.stdout.contains("\"rule\":\"overfitting\""), "{}", named.stderr);
}

#[test]
fn a_log_whose_loss_is_lost_is_a_finding_and_says_nothing_it_does_not_know() {
    let place = Place::new();
    let log = fixture("logs/keras_nan.csv").display().to_string();
    let told = diagnosed(&place, &log);
    assert!(told.iter().any(|it| it["rule"] == "loss-not-finite" && it["severity"] == "critical"), "{told:#?}");
    let text = told[0]["text"].as_str().unwrap();
    assert!(!text.contains("step 0") && !text.contains("rate of not a number"), "{text}");
}

#[test]
fn nothing_that_is_written_takes_the_place_of_what_it_is_made_from() {
    let place = Place::new();
    let outcome = place.run(&["train", &sample("used_cars"), "--out", "run", "--set", "epochs=1", "--quiet"]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    std::fs::write(place.path("mine.csv"), "Price,KM\n1,2\n").unwrap();
    for (command, kept) in [
        (&["predict", "run", "mine.csv", "--out", "mine.csv"][..], "mine.csv"),
        (&["predict", "run", "mine.csv", "--out", "run/events.jsonl"], "run/events.jsonl"),
        (&["report", "run", "--csv", "run/project.ron"], "run/project.ron"),
        (&["shot", "run", "--out", "run/best.safetensors"], "run/best.safetensors"),
    ] {
        let before = std::fs::read(place.path(kept)).unwrap();
        let outcome = place.run(command);
        assert_eq!((outcome.status, outcome.stderr.lines().count()), (2, 1), "{command:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("would overwrite"), "{}", outcome.stderr);
        assert!(std::fs::read(place.path(kept)).unwrap() == before, "{kept} is as it was");
    }
}
