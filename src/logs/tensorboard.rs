//! TensorBoard's event files: scalars by tag and step, from one file or from the files of one run.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use prost::Message as _;

use super::columns::{Columns, Picked, Role, pick};
use super::curves::Format;
use super::error::LogError;
use super::names::Tokens;
use super::record::{Log, MOST_RECORDS, Record};
use super::tfrecord::{Next, Records};
use super::{LARGEST_EVENTS, check_size};

/// Points of all scalars together; more would need hundreds of megabytes.
const MOST_POINTS: usize = 10 * MOST_RECORDS;
/// A scalar logged at each of so many consecutive steps is one by step, and not by epoch.
const MOST_EPOCHS: usize = 2000;

/// The fields of TensorFlow's `Event` that hold scalars; everything else is passed over.
#[derive(Clone, PartialEq, prost::Message)]
struct Event {
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

/// A scalar is a simple value, or since TensorFlow 2 a tensor without dimensions.
#[derive(Clone, PartialEq, prost::Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    simple: Option<f32>,
    #[prost(message, optional, tag = "8")]
    tensor: Option<Tensor>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Tensor {
    /// 1 for float, 2 for double.
    #[prost(int32, tag = "1")]
    dtype: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
    #[prost(bytes = "vec", tag = "4")]
    content: Vec<u8>,
    #[prost(float, repeated, tag = "5")]
    floats: Vec<f32>,
    #[prost(double, repeated, tag = "6")]
    doubles: Vec<f64>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Shape {
    #[prost(message, repeated, tag = "2")]
    dim: Vec<Dim>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Dim {
    #[prost(int64, tag = "1")]
    size: i64,
}

/// Scalars of one run, by name; each in the order it was written.
#[derive(Default)]
struct Scalars {
    names: Vec<String>,
    index: BTreeMap<String, usize>,
    points: Vec<Vec<(i64, f64)>>,
    n_points: usize,
    notes: Vec<String>,
}

/// Reads the event files of one run. A tag in a folder below the run is named `folder/tag`.
pub(super) fn read(root: &Path, files: &[PathBuf], choice: &Columns) -> Result<Log, LogError> {
    let mut scalars = Scalars::default();
    for path in files {
        let place = path.display().to_string();
        let unreadable = |err: std::io::Error| LogError::Unreadable { cause: err.to_string(), place: place.clone() };
        let file = File::open(path).map_err(unreadable)?;
        check_size(file.metadata().map_err(unreadable)?.len(), LARGEST_EVENTS, &place)?;
        let folder = path.parent().and_then(|it| it.strip_prefix(root).ok()).unwrap_or(Path::new(""));
        let folder = folder.to_string_lossy().replace('\\', "/");
        scalars.add(BufReader::with_capacity(1 << 16, file.take(LARGEST_EVENTS)), &folder, &place)?;
    }
    let place = if let [only] = files { only.display() } else { root.display() };
    scalars.into_log(&place.to_string(), choice)
}

impl Scalars {
    /// Adds everything that one file holds.
    fn add(&mut self, from: impl Read, folder: &str, place: &str) -> Result<(), LogError> {
        let mut records = Records::new(from, place);
        let mut data = Vec::new();
        let mut n_records = 0_u64;
        loop {
            match records.next(&mut data)? {
                Next::Record => n_records += 1,
                Next::End if n_records == 0 => return Err(LogError::Empty { place: place.to_owned() }),
                Next::End => return Ok(()),
                Next::CutOff(bytes) if n_records == 0 => {
                    return Err(LogError::NothingComplete { bytes, place: place.to_owned() });
                }
                Next::CutOff(at) => {
                    self.notes.push(format!(
                        "The event file breaks off in the record at byte {at}; everything before it was read ({place})."
                    ));
                    return Ok(());
                }
            }
            let event = Event::decode(data.as_slice()).map_err(|_| records.damaged("a record is no event"))?;
            for value in event.summary.into_iter().flat_map(|it| it.value) {
                let Some(number) = number(&value) else { continue };
                self.n_points += 1;
                if self.n_points > MOST_POINTS {
                    return Err(LogError::TooManyLines { limit: MOST_POINTS, place: place.to_owned() });
                }
                let name = if folder.is_empty() { value.tag } else { format!("{folder}/{}", value.tag) };
                self.points_of(name).push((event.step, number));
            }
        }
    }

    fn points_of(&mut self, name: String) -> &mut Vec<(i64, f64)> {
        let idx = *self.index.entry(name).or_insert_with_key(|name| {
            self.names.push(name.clone());
            self.points.push(Vec::new());
            self.points.len() - 1
        });
        &mut self.points[idx]
    }

    fn into_log(mut self, place: &str, choice: &Columns) -> Result<Log, LogError> {
        if self.names.is_empty() {
            return Err(LogError::NoScalars { place: place.to_owned() });
        }
        let picked = pick(&self.names, choice, place)?;
        let mut log = Log {
            format: Format::TensorBoard,
            names: std::mem::take(&mut self.names),
            picked,
            records: Vec::new(),
            notes: std::mem::take(&mut self.notes),
            was_sorted: false,
            spots: "step",
            place: place.to_owned(),
        };
        for (_, idx) in log.picked.iter() {
            let name = &log.names[idx];
            let repeated = purge(&mut self.points[idx], name, place)?;
            if repeated > 0 {
                log.notes.push(format!(
                    "{name} goes back to an earlier step and goes on from there: of {repeated} values that are there twice, the later ones count."
                ));
            }
        }
        if spread_validation(&log.picked, &mut self.points) {
            log.notes.push(
                "Training counts steps and validation counts on its own: its values are spread evenly over the steps."
                    .to_owned(),
            );
        }
        let is_by_epoch = is_by_epoch(&log.names, &log.picked, &self.points);
        // Several scalars of one step make one line.
        let mut lines: BTreeMap<i64, Record> = BTreeMap::new();
        for (role, idx) in log.picked.iter() {
            for (step, value) in &self.points[idx] {
                let line = lines.entry(*step).or_insert_with(|| Record::at((*step).max(0) as u64));
                line.put(role, Some(*value));
            }
        }
        for (step, mut line) in lines {
            let counter = if is_by_epoch { Role::Epoch } else { Role::Step };
            line.put(counter, Some(step as f64));
            log.push(line)?;
        }
        Ok(log)
    }
}

/// A value as one number; none where it is a picture, a text or a tensor of many.
fn number(value: &Value) -> Option<f64> {
    if let Some(simple) = value.simple {
        return Some(f64::from(simple));
    }
    let tensor = value.tensor.as_ref()?;
    if tensor.shape.as_ref().is_some_and(|it| !it.dim.is_empty()) {
        return None;
    }
    let content = tensor.content.as_slice();
    match tensor.dtype {
        1 => tensor.floats.first().copied().or_else(|| content.try_into().ok().map(f32::from_le_bytes)).map(f64::from),
        2 => tensor.doubles.first().copied().or_else(|| content.try_into().ok().map(f64::from_le_bytes)),
        _ => None,
    }
}

/// Where a training went on from a checkpoint, what was logged behind it before counts no more, as in TensorBoard.
/// Says how many values that were.
fn purge(points: &mut Vec<(i64, f64)>, name: &str, place: &str) -> Result<usize, LogError> {
    let n_before = points.len();
    let mut kept: Vec<(i64, f64)> = Vec::with_capacity(n_before);
    let mut same_step = 0;
    for point in points.drain(..) {
        let step = point.0;
        if kept.last().is_some_and(|last| last.0 > step) {
            if kept[0].0 >= step {
                return Err(LogError::TwoRuns {
                    spot: format!("a part of {name:?}"),
                    what: "step",
                    value: step.to_string(),
                    earlier: "an earlier part".to_owned(),
                    place: place.to_owned(),
                });
            }
            kept.truncate(kept.partition_point(|it| it.0 < step));
        } else if kept.last().is_some_and(|last| last.0 == step) {
            same_step += 1;
            kept.pop();
        }
        kept.push(point);
    }
    *points = kept;
    Ok(n_before - same_step - points.len())
}

/// Brings validation onto the steps of training, where a script counts batches for one and epochs for the other.
///
/// Says whether that was so: validation counted without gaps, over a small part of the training's steps.
fn spread_validation(picked: &Picked, points: &mut [Vec<(i64, f64)>]) -> bool {
    let (Some(train), Some(validation)) = (picked.index(Role::TrainLoss), picked.index(Role::ValidationLoss)) else {
        return false;
    };
    let last = |idx: usize, points: &[Vec<(i64, f64)>]| points[idx].last().map_or(0, |it| it.0);
    let (steps, epochs) = (last(train, points), last(validation, points));
    let n = points[validation].len();
    let is_other_count = are_consecutive(&points[validation])
        && n > 1
        && points[train].len() >= 3 * n
        && steps / 3 >= epochs.saturating_add(1);
    if !is_other_count {
        return false;
    }
    let first = points[validation][0].0;
    let onto = |step: i64| ((step - first + 1) as f64 / n as f64 * steps as f64).round() as i64;
    for idx in [Role::ValidationLoss, Role::ValidationAccuracy].into_iter().filter_map(|it| picked.index(it)) {
        // An accuracy that counts as the training does stays where it is.
        if last(idx, points) <= epochs && points[idx].iter().all(|it| it.0 >= first) {
            points[idx].iter_mut().for_each(|it| it.0 = onto(it.0));
        }
    }
    true
}

/// Whether the steps of the losses are epochs: their tags say so, or training and validation losses were logged
/// side by side at consecutive steps, as a loop over epochs does.
fn is_by_epoch(names: &[String], picked: &Picked, points: &[Vec<(i64, f64)>]) -> bool {
    if picked.index(Role::Epoch).is_some() {
        return false;
    }
    let losses: Vec<usize> =
        [Role::TrainLoss, Role::ValidationLoss].into_iter().filter_map(|role| picked.index(role)).collect();
    if losses.iter().all(|idx| Tokens::of(&names[*idx]).is_by_epoch()) {
        // Lightning's `train_loss_epoch` is one of an epoch, logged at the step it ended with.
        return losses.iter().all(|idx| are_consecutive(&points[*idx]));
    }
    let all = losses.iter().all(|idx| are_consecutive(&points[*idx]) && points[*idx].len() <= MOST_EPOCHS);
    let lengths: Vec<usize> = losses.iter().map(|idx| points[*idx].len()).collect();
    // A run that was stopped may lack the last validation.
    let side_by_side = lengths.iter().max().zip(lengths.iter().min()).is_some_and(|(most, least)| most - least <= 1);
    all && side_by_side && losses.len() == 2
}

fn are_consecutive(points: &[(i64, f64)]) -> bool {
    points.windows(2).all(|it| it[1].0.checked_sub(it[0].0) == Some(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::tfrecord::framed;

    fn event(step: i64, tag: &str, tensor: Option<Tensor>, simple: Option<f32>) -> Vec<u8> {
        let value = Value { tag: tag.to_owned(), simple, tensor };
        framed(&Event { step, summary: Some(Summary { value: vec![value] }) }.encode_to_vec())
    }

    fn scalar(step: i64, tag: &str, value: f32) -> Vec<u8> {
        event(step, tag, None, Some(value))
    }

    fn log(parts: &[Vec<u8>]) -> Result<Log, LogError> {
        let mut scalars = Scalars::default();
        scalars.add(parts.concat().as_slice(), "", "log")?;
        scalars.into_log("log", &Columns::default())
    }

    #[test]
    fn scalars_are_simple_values_or_tensors_without_dimensions_in_either_precision() {
        let double = |content: Vec<u8>, doubles: Vec<f64>| Tensor { dtype: 2, content, doubles, ..Tensor::default() };
        let vector = Tensor {
            shape: Some(Shape { dim: vec![Dim { size: 2 }] }),
            dtype: 1,
            floats: vec![1.0, 2.0],
            ..Tensor::default()
        };
        let log = log(&[
            scalar(1, "train_loss", 0.5),
            event(2, "train_loss", Some(double(0.25_f64.to_le_bytes().to_vec(), Vec::new())), None),
            event(3, "train_loss", Some(double(Vec::new(), vec![0.125])), None),
            event(4, "train_loss", Some(vector), None),
            event(5, "train_loss", Some(double(vec![1, 2, 3], Vec::new())), None),
        ]);
        let values: Vec<_> = log.unwrap().records.iter().map(|it| it.get(Role::TrainLoss)).collect();
        assert_eq!(values, [Some(0.5), Some(0.25), Some(0.125)]);
    }

    #[test]
    fn a_run_that_goes_on_from_a_checkpoint_keeps_its_later_values() {
        let steps = [1, 2, 3, 4, 3, 4, 5];
        let parts: Vec<_> = steps.iter().zip(1_u8..).map(|(step, it)| scalar(*step, "loss", f32::from(it))).collect();
        let log = log(&parts).unwrap();
        let values: Vec<_> = log.records.iter().filter_map(|it| it.get(Role::TrainLoss)).collect();
        assert_eq!(values, [1.0, 2.0, 5.0, 6.0, 7.0]);
        assert!(log.notes[0].contains("of 2 values that are there twice"), "{:?}", log.notes);
    }

    #[test]
    fn validation_that_counts_epochs_is_spread_over_training_that_counts_steps() {
        let mut parts: Vec<_> = (0_u8..100).map(|it| scalar(i64::from(it), "Loss/train", f32::from(it))).collect();
        parts.extend((0_u8..4).map(|it| scalar(i64::from(it), "Loss/val", 0.5)));
        let log = log(&parts).unwrap();
        let at: Vec<_> =
            log.records.iter().filter(|it| it.get(Role::ValidationLoss).is_some()).map(|it| it.spot).collect();
        assert_eq!(at, [25, 50, 74, 99]);
        assert!(log.notes[0].contains("spread evenly"), "{:?}", log.notes);
    }

    #[test]
    fn two_runs_in_one_folder_are_refused() {
        let parts = [1, 2, 3, 1, 2].map(|step| scalar(step, "loss", 0.5));
        let told = log(&parts).unwrap_err().to_string();
        assert!(told.contains("begins a second run: step 1 was there already"), "{told}");
    }

    #[test]
    fn pictures_alone_are_no_curves() {
        let told = log(&[event(1, "picture", None, None)]).unwrap_err().to_string();
        assert!(told.starts_with("the event files hold no scalars"), "{told}");
    }
}
