//! Whole logs, as the programs themselves wrote them, and what may be wrong with them.

use super::*;
use crate::run::EpochRow;

pub(super) fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/logs")).join(name)
}

fn of_fixture(name: &str) -> Curves {
    read(&fixture(name), &Columns::default()).unwrap()
}

/// Reads a log out of a file with this name and content.
pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Result<Curves, LogError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path, &Columns::default())
}

fn of_text(text: &str) -> Curves {
    of_bytes("log.csv", text.as_bytes()).unwrap()
}

/// The line that refuses a log, without its path.
fn refusal(name: &str, bytes: impl AsRef<[u8]>) -> String {
    let told = of_bytes(name, bytes.as_ref()).unwrap_err().to_string();
    assert!(!told.contains('\n'), "{told}");
    told.rsplit_once(": ").unwrap().0.to_owned()
}

fn epochs(curves: &Curves) -> Vec<u64> {
    curves.rows.iter().map(|it| it.epoch).collect()
}

fn train(curves: &Curves) -> Vec<f64> {
    curves.rows.iter().map(|it| it.train_loss).collect()
}

fn validation(curves: &Curves) -> Vec<f64> {
    curves.rows.iter().map(|it| it.validation_loss).collect()
}

const TWELVE: [u64; 12] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

#[test]
fn keras_csv_counts_epochs_from_0_and_has_everything_in_one_line() {
    let curves = of_fixture("keras.csv");
    assert_eq!((curves.format, epochs(&curves)), (Format::Keras, TWELVE.to_vec()));
    let first = &curves.rows[0];
    assert_eq!((first.train_loss, first.validation_loss), (0.6472077369689941, 0.5066491365432739));
    assert_eq!(first.metrics["train_accuracy"], 0.59375);
    assert_eq!(curves.rows[11].learning_rate, 0.010807202197611332);
    assert_eq!((curves.started.task.as_str(), curves.started.epochs), ("classes", 12));
    assert!(curves.notes.is_empty() && curves.ignored.is_empty() && curves.steps.is_empty(), "{curves:?}");
}

#[test]
fn a_loss_that_became_nan_stays_nan_in_its_row() {
    let curves = of_fixture("keras_nan.csv");
    assert_eq!(epochs(&curves), [1, 2, 3]);
    assert_eq!(train(&curves)[..2], [6265.89306640625, 1463097622528.0]);
    assert!(curves.rows[2].train_loss.is_nan() && curves.rows[2].validation_loss.is_nan());
    assert_eq!(curves.started.task, "regression");
    assert!(curves.has(Role::TrainLoss) && !curves.has(Role::LearningRate));
}

#[test]
fn lightning_scatters_an_epoch_over_lines_and_it_is_one_row() {
    let curves = of_fixture("lightning");
    assert_eq!((curves.format, epochs(&curves)), (Format::Lightning, TWELVE.to_vec()));
    let first = &curves.rows[0];
    assert_eq!((first.train_loss, first.validation_loss), (0.6163962483406067, 0.51024329662323));
    assert_eq!((first.step, first.learning_rate, first.metrics["validation_accuracy"]), (6, 0.02, 0.734375));
    assert_eq!(curves.rows[11].step, 72);
    assert_eq!(curves.started.steps_per_epoch, 6);
    assert_eq!(curves.columns.name(Role::TrainLoss), Some("train_loss_epoch"));
    assert_eq!(curves.ignored, ["train_loss_step"]);
    assert!(curves.notes.is_empty(), "{:?}", curves.notes);
}

#[test]
fn hugging_face_evaluates_once_an_epoch_and_training_losses_are_averaged() {
    let curves = of_fixture("trainer_state.json");
    assert_eq!((curves.format, epochs(&curves)), (Format::HuggingFace, vec![1, 2, 3, 4, 5, 6]));
    let mean = (0.6718673706054688 + 0.6256533861160278 + 0.5673365592956543) / 3.0;
    assert!((curves.rows[0].train_loss - mean).abs() < 1e-12, "{} {mean}", curves.rows[0].train_loss);
    assert_eq!((curves.rows[0].step, curves.rows[5].step, curves.started.steps_per_epoch), (6, 36, 6));
    assert_eq!(curves.rows[0].gradient_norm, Some(1.0846754312515259));
    assert_eq!((curves.steps.len(), curves.steps[17].epoch, curves.steps[17].step), (18, 6, 36));
    assert!(curves.notes.is_empty(), "{:?}", curves.notes);
}

#[test]
fn evaluations_every_few_steps_are_rows_of_their_own() {
    let curves = of_fixture("trainer_state_by_steps.json");
    assert_eq!(epochs(&curves), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((curves.rows[0].step, curves.rows[0].validation_loss), (4, 0.5419415235519409));
    assert!((curves.rows[0].train_loss - f64::midpoint(0.6718673706054688, 0.6256533861160278)).abs() < 1e-12);
    assert!(curves.notes[0].starts_with("Evaluations are not made at the ends of epochs"), "{:?}", curves.notes);
}

#[test]
fn keras_folders_of_event_files_are_one_run() {
    let curves = of_fixture("keras_tensorboard");
    assert_eq!((curves.format, epochs(&curves)), (Format::TensorBoard, TWELVE.to_vec()));
    assert_eq!(curves.columns.name(Role::TrainLoss), Some("train/epoch_loss"));
    assert_eq!(curves.columns.name(Role::ValidationLoss), Some("validation/epoch_loss"));
    // The very run that Keras' CSV tells of, in single precision.
    let csv = of_fixture("keras.csv");
    for (row, same) in curves.rows.iter().zip(&csv.rows) {
        let values =
            |it: &EpochRow| [it.train_loss, it.validation_loss, it.learning_rate, it.metrics["validation_accuracy"]];
        assert_eq!(values(row).map(|it| it as f32), values(same).map(|it| it as f32));
    }
}

#[test]
fn simple_values_of_pytorch_are_read_from_the_folder_and_from_the_file() {
    let folder = of_fixture("pytorch_tensorboard");
    assert_eq!(epochs(&folder), TWELVE);
    assert_eq!(folder.rows[0].train_loss, f64::from(0.7_f32));
    assert_eq!(folder.rows[11].metrics["validation_accuracy"], f64::from(0.83_f32));
    let file = of_fixture("pytorch_tensorboard/events.out.tfevents.1700000000.host.1.0");
    assert_eq!((train(&file), validation(&file)), (train(&folder), validation(&folder)));
}

#[test]
fn tables_may_be_parted_by_semicolon_or_tab_and_have_decimal_commas() {
    let expected = [(1, 0.9, 1.1), (2, 0.5, 0.8), (3, 0.25, 0.75)];
    let tables = [
        "epoch,train_loss,val_loss\n1,0.9,1.1\n2,0.5,0.8\n3,0.25,0.75\n",
        "\u{feff}Epoch;Train Loss;Val Loss\r\n0;0,9;1,1\r\n1;0,5;0,8\r\n2;0,25;0,75\r\n",
        "# epoch\ttrainLoss\tvalLoss\n1.0\t9e-1\t1.1\n2.0\t5e-1\t0.8\n# a remark\n3.0\t0.25\t0.75",
        "\"train_loss\",\"val_loss\"\n0.9,1.1\n0.5,0.8\n0.25,0.75\n",
    ];
    for table in tables {
        let curves = of_text(table);
        let rows: Vec<_> = curves.rows.iter().map(|it| (it.epoch, it.train_loss, it.validation_loss)).collect();
        assert_eq!(rows, expected, "{table}");
        assert_eq!(curves.format, Format::Table);
    }
}

#[test]
fn epochs_out_of_order_are_sorted_and_a_resumed_log_keeps_its_later_lines() {
    let curves = of_text("epoch,loss\n3,0.3\n1,0.1\n2,0.2\n");
    assert_eq!((epochs(&curves), train(&curves)), (vec![1, 2, 3], vec![0.1, 0.2, 0.3]));
    assert!(curves.notes[0].contains("were sorted"), "{:?}", curves.notes);
    let curves = of_text("epoch,loss\n0,0.5\n1,0.4\n2,0.3\n1,0.45\n2,0.35\n3,0.25\n");
    assert_eq!((epochs(&curves), train(&curves)), (vec![1, 2, 3, 4], vec![0.5, 0.45, 0.35, 0.25]));
    assert!(curves.notes[0].contains("of 2 values that are there twice, the later ones count"), "{:?}", curves.notes);
    // Keras with append=True and initial_epoch goes on counting.
    assert_eq!(epochs(&of_text("epoch,loss\n0,0.5\n1,0.4\n2,0.3\n3,0.2\n")), [1, 2, 3, 4]);
}

#[test]
fn validation_that_is_rarer_or_more_frequent_than_epochs_makes_the_rows() {
    let curves = of_text("epoch,loss,val_loss\n1,4,\n2,2,0.8\n3,1,\n4,0.5,0.6\n5,0.25,\n");
    assert_eq!((epochs(&curves), train(&curves)), (vec![2, 4], vec![3.0, 0.75]));
    assert_eq!(validation(&curves), [0.8, 0.6]);
    assert!(curves.notes[0].contains("lacks a loss, as when a run is cut off"), "{:?}", curves.notes);
    let often = of_text("epoch,loss,val_loss\n1,4,5\n1,3,4\n1,2,3\n2,2,2\n2,1,1\n");
    assert_eq!((epochs(&often), train(&often)), (vec![1, 2, 3, 4, 5], vec![4.0, 3.0, 2.0, 2.0, 1.0]));
}

#[test]
fn an_empty_cell_at_the_end_of_a_full_column_is_a_loss_that_was_no_number() {
    let curves = of_text("epoch,loss,val_loss\n1,4,5\n2,3,4\n3,,\n");
    assert_eq!(epochs(&curves), [1, 2, 3]);
    assert!(curves.rows[2].train_loss.is_nan() && curves.rows[2].validation_loss.is_nan());
    let stopped = of_text("epoch,loss,val_loss\n0,4,5\n1,inf,NA\n");
    assert_eq!((stopped.rows[1].train_loss, stopped.rows.len()), (f64::INFINITY, 2));
}

#[test]
fn a_log_by_steps_is_cut_at_its_evaluations_or_into_blocks() {
    let curves = of_text("step,loss,val_loss\n10,4,\n20,2,\n20,,2.5\n30,1,\n40,0.5,\n40,,1.5\n");
    assert_eq!((epochs(&curves), train(&curves), validation(&curves)), (vec![1, 2], vec![3.0, 0.75], vec![2.5, 1.5]));
    assert_eq!(curves.rows[1].step, 40);
    let mut text = "step,loss\n".to_owned();
    text.extend((1..=1000).map(|step| format!("{step},{}\n", 1001 - step)));
    let curves = of_text(&text);
    assert_eq!((curves.rows.len(), curves.rows[0].train_loss, curves.rows[199].step), (200, 998.0, 1000));
    assert!(curves.notes[0].contains("the mean of each 5 lines"), "{:?}", curves.notes);
}

#[test]
fn a_training_loss_logged_more_rarely_than_evaluations_stands_for_those_before_it() {
    let json = r#"{"log_history":[
        {"epoch":0,"step":0,"eval_loss":3.0},
        {"epoch":0.1,"step":1,"eval_loss":2.0},
        {"epoch":0.2,"step":2,"loss":NaN},{"epoch":0.2,"step":2,"eval_loss":1.0}]}"#;
    let curves = of_bytes("trainer_state.json", json.as_bytes()).unwrap();
    assert_eq!(curves.started.initial_loss, Some(3.0));
    assert_eq!(validation(&curves), [2.0, 1.0]);
    assert!(curves.rows[1].train_loss.is_nan());
    let finite = json.replace("NaN", "1.5");
    let curves = of_bytes("trainer_state.json", finite.as_bytes()).unwrap();
    assert_eq!(train(&curves), [1.5, 1.5]);
    assert!(curves.notes[1].starts_with("1 row has no training loss logged beside"), "{:?}", curves.notes);
}

#[test]
fn accuracy_in_percent_becomes_a_share() {
    let curves = of_text("epoch,loss,binary_accuracy,val_binary_accuracy\n1,1,55.5,50\n2,0.5,75,60\n");
    assert_eq!(curves.rows[0].metrics["train_accuracy"], 0.555);
    assert_eq!(curves.started.task, "binary");
}

#[test]
fn a_malformed_table_is_refused_in_one_line_that_says_where() {
    assert_eq!(refusal("a.csv", ""), "the file is empty; was the training ended before its first epoch?");
    assert!(refusal("a.csv", "\n \n").starts_with("the file is empty"));
    assert!(refusal("a.csv", "epoch,loss\n").starts_with("the file holds column names and no values"));
    assert!(refusal("a.csv", "1,2\n3,4\n").starts_with("line 1 holds numbers"));
    assert!(refusal("a.csv", "epoch,speed\n1,2\n").contains("there are epoch, speed"));
    assert!(refusal("a.csv", [0_u8, 1, 2, 255, 0]).starts_with("the file is not text but binary"));
    assert!(refusal("a.csv", b"epoch,loss\n1,2\n2,\xff\xfe\n").starts_with("line 3 is not UTF-8"));
    assert_eq!(
        refusal("a.csv", "epoch,loss\n1,high\n"),
        r#"the column "loss" is not a number in line 2: "high"; correct the value, or choose another column for the training loss"#
    );
    assert!(refusal("a.csv", "epoch,loss\n1\n2,3\n").starts_with("line 2 has 1 values and line 1 names 2 columns"));
    assert!(refusal("a.csv", "epoch,loss\n1,2,3\n").starts_with("line 2 has 3 values"));
    assert!(refusal("a.csv", "epoch,loss\n-1,2\n").starts_with("the epoch in line 2 is -1"));
    assert!(refusal("a.csv", "epoch,loss\n1,\n2,\n").starts_with("the columns taken for losses hold no value (loss)"));
    assert!(refusal("a.csv", "epoch,loss\n1,5\n5,4\n3,3\n5,2\n").starts_with("line 4 goes back to epoch 3"));
}

#[test]
fn two_runs_in_one_file_are_refused_with_the_line_where_the_second_begins() {
    assert_eq!(
        refusal("a.csv", "epoch,loss\n0,5\n1,4\n0,5\n1,3\n"),
        "line 4 begins a second run: epoch 0 was there already in line 2; keep one run in the log"
    );
    assert!(refusal("a.csv", "epoch,loss\n0,5\n1,4\nepoch,loss\n0,5\n").starts_with("line 4 names the columns again"));
}

#[test]
fn a_line_cut_short_at_the_end_is_left_out_with_a_note() {
    let curves = of_text("epoch,loss,val_loss\n1,2,3\n2,1,2\n3,0.");
    assert_eq!(epochs(&curves), [1, 2]);
    assert_eq!(curves.notes, ["The last line is cut short and is left out."]);
}

#[test]
fn damaged_json_and_json_of_others_are_refused() {
    assert!(refusal("a.json", "{\"log_history\":[{\"loss\":1}").contains("damaged (EOF while parsing"));
    assert!(refusal("a.json", "{\"nbformat\":4}").starts_with("this JSON has no log_history"));
    assert!(refusal("a.json", "{\"log_history\":[]}").starts_with("the file holds column names and no values"));
    assert!(refusal("a.json", b"{\n\"a\":\"\xff\"}").starts_with("line 2 is not UTF-8"));
    assert!(refusal("a.json", r#"[{"loss":"high","epoch":1}]"#).contains("in entry 1: \"high\""));
    let many = "[".repeat(100_000);
    assert!(refusal("a.json", many).contains("JSON is damaged"));
}

#[test]
fn event_files_that_break_off_or_are_damaged_say_at_which_byte() {
    let bytes = std::fs::read(fixture("pytorch_tensorboard/events.out.tfevents.1700000000.host.1.0")).unwrap();
    let curves = of_bytes("a.tfevents", &bytes[..bytes.len() - 5]).unwrap();
    assert_eq!(curves.rows.len(), 12);
    assert!(curves.notes[0].contains("breaks off in the record at byte"), "{:?}", curves.notes);
    assert!(!curves.rows[11].metrics.contains_key("validation_accuracy"), "the last record is the accuracy");
    assert!(refusal("a.tfevents", &bytes[..30]).contains("before its first complete record"));
    assert!(refusal("a.tfevents", "").starts_with("the file is empty"));
    let mut damaged = bytes.clone();
    damaged[bytes.len() - 10] ^= 0x40;
    assert!(refusal("a.tfevents", damaged).contains("the checksum of a record does not match"));
    // Known by its content, whatever its name.
    assert_eq!(of_bytes("renamed", &bytes).unwrap().rows.len(), 12);
}

#[test]
fn a_folder_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let told = |path: &Path| read(path, &Columns::default()).unwrap_err().to_string();
    assert!(told(root).starts_with("the folder holds no log"));
    assert!(told(&root.join("nothing")).starts_with("cannot read the log"));
    for name in ["a.csv", "b.csv"] {
        std::fs::write(root.join(name), "epoch,loss\n1,2\n2,1\n").unwrap();
    }
    assert!(told(root).starts_with("the folder holds several runs (a.csv, b.csv); name one of them"));
    for (step, n) in [("checkpoint-9", 1), ("checkpoint-10", 2)] {
        std::fs::create_dir(root.join(step)).unwrap();
        let state = format!(r#"{{"log_history":[{{"epoch":1,"loss":{n}}}]}}"#);
        std::fs::write(root.join(step).join("trainer_state.json"), state).unwrap();
    }
    assert_eq!(read(root, &Columns::default()).unwrap().rows[0].train_loss, 2.0);
    std::fs::write(root.join("project.ron"), "()").unwrap();
    assert!(is_run_folder(root) && !is_run_folder(&root.join("a.csv")));
    assert_eq!(read(root, &Columns::default()), Err(LogError::IsRun { place: root.display().to_string() }));
}

#[test]
fn a_file_that_is_too_large_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.csv");
    let file = File::create(&path).unwrap();
    std::io::Write::write_all(&mut &file, b"epoch,loss\n").unwrap();
    // A hole in the file: 2 GB long, and nothing on the disk.
    file.set_len(2_000_000_000).unwrap();
    let told = read(&path, &Columns::default()).unwrap_err().to_string();
    assert!(told.starts_with("the log has 2.0 GB and at most 1.1 GB are read"), "{told}");
}
