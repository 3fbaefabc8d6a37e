//! Reports: what a run leaves on paper, and that its recipe repeats it.

use serde_json::Value;

use crate::program::{Place, of_kind, sample};

/// A table in which one class lies above a bent line.
fn hills(n: usize) -> String {
    let row = |idx: usize| {
        let (x, y) = (((idx * 7919) % 1000) as f64 / 500.0 - 1.0, ((idx * 131) % 997) as f64 / 500.0 - 1.0);
        format!("{x},{y},{}\n", if y > x * x - 0.5 { "above" } else { "below" })
    };
    "x,y,side\n".to_owned() + &(0..n).map(row).collect::<String>()
}

/// What is measured of a run, without what a clock says.
fn measured(events: &[Value]) -> Vec<String> {
    let told = |it: &Value| matches!(it["event"].as_str(), Some("epoch" | "finding" | "finished"));
    let mut rows: Vec<Value> = events.iter().filter(|it| told(it)).cloned().collect();
    for row in &mut rows {
        for key in ["seconds", "samples_per_second", "run_dir"] {
            row.as_object_mut().unwrap().remove(key);
        }
    }
    rows.iter().map(Value::to_string).collect()
}

#[test]
fn a_runs_recipe_repeats_it_to_the_bit_and_says_so_beforehand() {
    let place = Place::new();
    let table = place.write("hills.csv", hills(300));
    assert_eq!(place.run(&["new", "hills.csv", "--target", "side"]).status, 0);
    let settings =
        ["model.dropout=0.2", "optimizer=sgd", "optimizer.momentum=0.9", "schedule=cosine", "epochs=12", "seed=5"];
    let mut arguments = vec!["hills.ron", "--device", "cpu", "--out", "run"];
    arguments.extend(settings.iter().flat_map(|it| ["--set", it]));
    let first = place.train(&arguments);
    let wanted = place.run(&["report", "run", "--recipe", "elsewhere/recipe.ron", "--csv", "run.csv"]);
    assert_eq!((wanted.status, wanted.stderr.contains("cannot be written")), (2, true), "{}", wanted.stderr);
    let wanted = place.run(&["report", "run", "--recipe", "recipe.ron", "--csv", "run.csv"]);
    assert_eq!((wanted.status, wanted.stderr.as_str()), (0, ""));

    let recipe = std::fs::read_to_string(place.path("recipe.ron")).unwrap();
    let sum = std::process::Command::new("sha256sum").arg(&table).output().unwrap();
    let sum = String::from_utf8(sum.stdout).unwrap();
    assert!(recipe.contains(&format!("SHA-256 {}", sum.split(' ').next().unwrap())), "{recipe}");
    let best = of_kind(&first, "finished")[0]["best_validation_loss"].as_f64().unwrap();
    assert!(recipe.contains(&format!("validation loss {best}")), "{best}\n{recipe}");

    let again = place.train(&["recipe.ron", "--out", "again"]);
    assert_eq!(measured(&again), measured(&first));

    let csv = std::fs::read_to_string(place.path("run.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().map(|it| it.split(',').collect()).collect();
    let epochs = of_kind(&first, "epoch");
    assert_eq!(rows.len(), 1 + epochs.len());
    for (row, epoch) in rows[1..].iter().zip(&epochs) {
        for (name, cell) in rows[0].iter().zip(row) {
            let known = [&epoch[*name], &epoch["metrics"][*name]].into_iter().find_map(Value::as_f64);
            assert_eq!(cell.parse().ok(), known, "{name}");
        }
    }
}

#[test]
fn a_run_folder_explains_itself_however_the_run_ended() {
    let place = Place::new();
    let project = sample("used_cars");
    let ends = [("good", "learning_rate=0.01", "(completed)"), ("bad", "learning_rate=100", "(diverged)")];
    for (name, rate, end) in ends {
        let arguments = ["train", &project, "--device", "cpu", "--out", name, "--quiet", "--set", "optimizer=sgd"];
        place.run(&[&arguments[..], &["--set", rate, "--set", "epochs=4"]].concat());
        let text = std::fs::read_to_string(place.path(name).join("report.md")).unwrap();
        let is_there = |it: &str| place.path(name).join("report_figures").join(it).is_file();
        assert!(text.contains(end), "{text}");
        assert!(is_there("loss.svg") && text.contains("(report_figures/loss.svg)"), "{text}");
        assert!(text.contains("learnscope train recipe.ron"), "{text}");
    }
}

#[test]
fn runs_are_compared_in_one_page_that_needs_nothing_else() {
    let place = Place::new();
    for (name, rate) in [("slow", "learning_rate=0.001"), ("fast", "learning_rate=0.01")] {
        place.train(&[&sample("welcome"), "--device", "cpu", "--out", name, "--set", rate, "--set", "epochs=5"]);
    }
    let made = place.run(&["report", "slow", "fast", "--out", "both.html"]);
    assert_eq!((made.status, made.stderr.as_str()), (0, ""));
    let html = std::fs::read_to_string(place.path("both.html")).unwrap();
    assert_eq!(unbalanced(&html), None, "{html}");
    assert!(html.contains("<td>learning_rate</td><td>0.001</td><td>0.01</td>"), "{html}");
    assert!(html.contains(">slow</text>") && html.contains(">fast</text>"), "curves carry their names: {html}");
    for outside in ["http:", "https:", "<script", "<link", "url("] {
        assert!(!html.replace("http://www.w3.org/2000/svg", "").contains(outside), "{outside}");
    }
    let names = place.names();
    for (arguments, reason) in [
        (&["report", "slow", "fast", "--out", "both.pdf"][..], "a report is written as .md or .html"),
        (&["report", "slow", "fast", "--recipe", "both.ron"][..], "a recipe is of one run"),
        (&["report", "nowhere", "--out", "it.md"][..], "this is not a run folder"),
        (&["report", "slow"][..], "--out"),
    ] {
        let refused = place.run(arguments);
        assert_eq!(refused.status, 2);
        assert!(refused.stderr.contains(reason) && refused.stderr.lines().count() == 1, "{}", refused.stderr);
    }
    assert_eq!(place.names(), names, "nothing was written");
}

/// The first tag that is not closed where it should be; none in a sound page.
fn unbalanced(html: &str) -> Option<String> {
    let mut open: Vec<&str> = Vec::new();
    for part in html.split('<').skip(1) {
        let (tag, _) = part.split_once('>')?;
        let name = tag.trim_end_matches('/').split_whitespace().next()?;
        if tag.starts_with('!') || tag.ends_with('/') || name == "meta" {
            continue;
        }
        match name.strip_prefix('/') {
            Some(closed) => {
                if open.pop() != Some(closed) {
                    return Some(tag.to_owned());
                }
            }
            None => open.push(name),
        }
    }
    open.pop().map(str::to_owned)
}
