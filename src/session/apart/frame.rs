//! Messages between a window and its worker process: a kind, a length, and that many bytes of CBOR.
//!
//! CBOR and not JSON: pictures hold numbers that may not be finite, and these must arrive as they are.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::super::job::Branch;
use crate::run::{Command, Event, Views};
use crate::spec::{DeviceSpec, MemorySpec, Project};

/// Of these messages. Both sides are the same program; a mismatch means it was replaced while its window was open.
pub(super) const VERSION: u32 = 2;

/// A longer message is no message of ours.
const LONGEST: u32 = 1 << 28;

/// What the window tells its worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Down {
    /// First of all, and once.
    Order(Order),
    Command(Command),
}

/// What the worker tells its window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Up {
    Events(Vec<Event>),
    Views(Box<Views>),
}

/// What a worker is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) version: u32,
    /// Where its relative paths start.
    pub(super) base: PathBuf,
    /// Cores that its tensors share, so that trainings side by side do not fight for them. None: all.
    pub(super) threads: Option<usize>,
    pub(super) work: Work,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Work {
    Train {
        project: Box<Project>,
        name: String,
        out: Option<PathBuf>,
        log_every: Option<u64>,
        begins_paused: bool,
        watched: bool,
        branch: Option<Branch>,
    },
    Resume {
        folder: PathBuf,
        device: Option<DeviceSpec>,
        memory: Option<MemorySpec>,
        log_every: Option<u64>,
    },
}

/// Writes one message and hands it on at once.
pub(super) fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut body = Vec::new();
    ciborium::into_writer(message, &mut body).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).ok().filter(|it| *it <= LONGEST);
    let length = length.ok_or_else(|| io::Error::other("a message is too long to send"))?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&body)?;
    to.flush()
}

/// Reads the next message; none where the other side has hung up between two.
///
/// # Errors
/// When it hung up within a message, or what came is no message of ours.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read(&mut length)? {
        0 => return Ok(None),
        n => from.read_exact(&mut length[n..])?,
    }
    let length = u32::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::Error::other("a message is longer than any of ours"));
    }
    // No more is set aside than really comes, whatever the length says.
    let mut body = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut body)?;
    if body.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    ciborium::from_reader(body.as_slice()).map(Some).map_err(|err| io::Error::other(err.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::run::{EpochRow, Fit};

    #[test]
    fn messages_arrive_as_they_were_sent_and_then_there_are_none() {
        let row = EpochRow { epoch: 3, train_loss: 0.1 + 0.2, ..EpochRow::default() };
        let sent = [
            Up::Events(vec![Event::Epoch(row), Event::Paused { step: 7 }]),
            Up::Views(Box::new(Views {
                fit: Some(Fit { pairs: vec![(1.0, 2.0)], ..Fit::default() }),
                ..Views::default()
            })),
        ];
        let mut pipe = Vec::new();
        for message in &sent {
            write(&mut pipe, message).unwrap();
        }
        let mut from = pipe.as_slice();
        assert_eq!(read::<Up>(&mut from).unwrap().as_ref(), Some(&sent[0]));
        assert_eq!(read::<Up>(&mut from).unwrap().as_ref(), Some(&sent[1]));
        assert_eq!(read::<Up>(&mut from).unwrap(), None);
    }

    #[test]
    fn numbers_that_are_not_finite_arrive_in_pictures() {
        let fit = Fit { pairs: vec![(f32::NAN, f32::INFINITY)], ..Fit::default() };
        let mut pipe = Vec::new();
        write(&mut pipe, &Up::Views(Box::new(Views { fit: Some(fit), ..Views::default() }))).unwrap();
        let Some(Up::Views(views)) = read(&mut pipe.as_slice()).unwrap() else { panic!("no pictures came") };
        let (x, y) = views.fit.unwrap().pairs[0];
        assert!(x.is_nan() && y == f32::INFINITY);
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error() {
        let mut pipe = Vec::new();
        write(&mut pipe, &Up::Events(vec![Event::Paused { step: 7 }])).unwrap();
        for length in 1..pipe.len() {
            assert!(read::<Up>(&mut &pipe[..length]).is_err(), "{length} bytes of {}", pipe.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn no_bytes_make_a_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(read::<Up>(&mut bytes.as_slice()));
            let framed = [&(bytes.len() as u32).to_le_bytes()[..], &bytes].concat();
            drop(read::<Up>(&mut framed.as_slice()));
            drop(read::<Down>(&mut framed.as_slice()));
        }
    }
}
