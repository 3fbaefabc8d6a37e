//! Whether a file is a log of curves or something else that this program reads: where no one says, its columns decide.
//!
//! JSON and event files are logs, since no data is written so. A table is one where a column counts epochs or steps,
//! another is named like a loss, and the rows count up. A table of data may well hold a loss, or a number of steps;
//! it rarely holds both, and hardly ever in the order of its steps.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use super::columns::{Columns, Role, pick};
use super::curves::Curves;
use super::error::LogError;
use super::place::{self, Found};
use super::{is_json, read, table, tfrecord};

/// What a path seems to hold.
#[derive(Debug, PartialEq)]
pub enum Guess {
    Log(Box<Curves>),
    /// A table that is no log by its columns and yet could be one: there is a loss among them.
    Either,
    /// No log.
    Other,
}

/// Looks at a file or folder, and reads it where it is a log.
///
/// # Errors
/// Where it is a log that cannot be read.
pub fn guess(path: &Path) -> Result<Guess, LogError> {
    let log = |read: Result<Curves, LogError>| read.map(|it| Guess::Log(Box::new(it)));
    let file = match place::find(path) {
        Ok(Found::File(file)) => file,
        Ok(Found::Events { .. }) => return log(read_anyhow(path)),
        Err(err @ LogError::SeveralLogs { .. }) => return Err(err),
        Err(_) => return Ok(Guess::Other),
    };
    match seems(&file) {
        Seems::Nothing => Ok(Guess::Other),
        Seems::Losses => Ok(Guess::Either),
        Seems::OnlyLog => log(read_anyhow(path)),
        Seems::Curves => match read(path, &Columns::default()) {
            // Its rows do not count up.
            Err(LogError::Shuffled { .. } | LogError::BadCount { .. }) => Ok(Guess::Either),
            Ok(curves) if curves.was_sorted => Ok(Guess::Either),
            outcome => log(outcome),
        },
    }
}

/// Reads what is taken for a log whatever its columns are called: where none is named like a loss, the first that
/// holds numbers stands for the training loss, and a note says so.
///
/// # Errors
/// As [`read`], and where no column holds numbers.
pub fn read_anyhow(path: &Path) -> Result<Curves, LogError> {
    let (names, place) = match read(path, &Columns::default()) {
        Err(LogError::NoLoss { names, place }) => (names, place),
        outcome => return outcome,
    };
    for name in names.iter().take(MOST_TRIED) {
        let mut choice = Columns::default();
        choice.set(Role::TrainLoss, name);
        if let Ok(mut curves) = read(path, &choice)
            && ![Role::Epoch, Role::Step].iter().any(|it| curves.columns.name(*it) == Some(name))
        {
            curves.notes.push(format!("No column is named like a loss: {name} stands for the training loss."));
            return Ok(curves);
        }
    }
    Err(LogError::NoLoss { names, place })
}

/// Each try reads the log once more.
const MOST_TRIED: usize = 8;

/// What a file is by its first bytes and its columns.
enum Seems {
    /// Nothing but a log is written so.
    OnlyLog,
    /// Epochs or steps, and a loss.
    Curves,
    /// A loss alone.
    Losses,
    Nothing,
}

fn seems(file: &Path) -> Seems {
    let mut head = Vec::with_capacity(64);
    let Ok(opened) = File::open(file) else { return Seems::Nothing };
    if (&opened).take(64).read_to_end(&mut head).is_err() {
        return Seems::Nothing;
    }
    if place::is_event_file(file) || tfrecord::begins(&head) || is_json(&head) {
        return Seems::OnlyLog;
    }
    let Ok(again) = File::open(file) else { return Seems::Nothing };
    let names = table::names_in(BufReader::with_capacity(1 << 16, again), "").unwrap_or_default();
    match pick(&names, &Columns::default(), "") {
        Ok(it) if it.index(Role::Epoch).or(it.index(Role::Step)).is_some() => Seems::Curves,
        Ok(_) => Seems::Losses,
        Err(_) => Seems::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a table with this content seems to be.
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        std::fs::write(&path, text).unwrap();
        let told = match guess(&path) {
            Ok(Guess::Log(_)) => "log",
            Err(_) => "damaged log",
            Ok(Guess::Either) => "either",
            Ok(Guess::Other) => "other",
        };
        assert_eq!(told, expected, "{text}");
    }

    #[test]
    fn a_table_is_a_log_where_it_counts_epochs_and_has_a_loss() {
        check("epoch,loss\n1,2\n2,1\n", "log");
        check("step;train_loss\n10;2\n20;1\n", "log");
        check("epoch,loss\n1,2\n2,high\n", "damaged log");
        check("epoch,loss\n", "damaged log");
        check("loss,region\n2,north\n1,south\n", "either");
        check("steps,loss\n9000,2\n300,1\n7000,2\n5000,3\n", "either");
        check("steps,loss\n-1,2\n300,1\n", "either");
        check("length,weight\n1,2\n2,1\n", "other");
        check("epoch,speed\n1,2\n2,1\n", "other");
        check("", "other");
    }

    #[test]
    fn a_folder_is_a_log_where_a_logger_wrote_into_it() {
        let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        for log in ["logs/lightning", "logs/keras_tensorboard", "logs/trainer_state.json"] {
            assert!(matches!(guess(&fixture(log)), Ok(Guess::Log(_))), "{log}");
        }
        assert_eq!(guess(&fixture("parity/cnn")), Ok(Guess::Other));
        assert_eq!(guess(Path::new("nowhere")), Ok(Guess::Other));
    }

    #[test]
    fn without_a_loss_the_first_column_of_numbers_stands_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("odd.csv");
        std::fs::write(&path, "epoch,name,apples,pears\n1,a,2,3\n2,b,1,2\n").unwrap();
        let curves = read_anyhow(&path).unwrap();
        assert_eq!(
            (curves.columns.name(Role::Epoch), curves.columns.name(Role::TrainLoss)),
            (Some("epoch"), Some("apples"))
        );
        assert_eq!(curves.notes, ["No column is named like a loss: apples stands for the training loss."]);
        assert_eq!(curves.names, ["epoch", "name", "apples", "pears"]);
        std::fs::write(&path, "name,kind\na,b\n").unwrap();
        assert!(matches!(read_anyhow(&path), Err(LogError::NoLoss { .. })));
    }
}
