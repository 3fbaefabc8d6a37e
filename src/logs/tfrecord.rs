//! The framing of event files: length, checksum of the length, data, checksum of the data.
//!
//! Checksums are CRC-32C, rotated and shifted so that data which hold checksums can be checked as well
//! (TensorFlow's `record_writer`).

use std::io::{self, Read};

use super::error::LogError;

/// Records longer than this hold pictures or weights, and are passed over.
const LONGEST: u64 = 1 << 26;
const HEADER: usize = 12;
const FOOTER: usize = 4;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A complete record, now in the buffer; an empty one where it was too long to be of interest.
    Record,
    /// The end, behind a complete record.
    End,
    /// The end, in the midst of a record that begins at this byte.
    CutOff(u64),
}

/// Reads records one after another.
pub(super) struct Records<R> {
    from: R,
    /// Bytes of complete records so far.
    offset: u64,
    place: String,
}

/// Whether a file's first bytes are a record's.
pub(super) fn begins(head: &[u8]) -> bool {
    head.first_chunk::<HEADER>().is_some_and(|it| length(it).is_some())
}

/// The length a header tells; none where its checksum does not match.
fn length(header: &[u8; HEADER]) -> Option<u64> {
    let bytes = *header.first_chunk()?;
    let checksum = *header.last_chunk()?;
    (masked(&bytes) == u32::from_le_bytes(checksum)).then(|| u64::from_le_bytes(bytes))
}

fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8)
}

impl<R: Read> Records<R> {
    pub(super) fn new(from: R, place: &str) -> Self {
        Self { from, offset: 0, place: place.to_owned() }
    }

    /// # Errors
    /// When the file cannot be read, or a checksum does not match.
    pub(super) fn next(&mut self, data: &mut Vec<u8>) -> Result<Next, LogError> {
        data.clear();
        let mut header = [0; HEADER];
        match self.fill(&mut header)? {
            0 => return Ok(Next::End),
            HEADER => {}
            _ => return Ok(Next::CutOff(self.offset)),
        }
        let length = length(&header).ok_or_else(|| self.damaged("the checksum of a length does not match"))?;
        let is_long = length > LONGEST;
        let read = if is_long {
            io::copy(&mut self.from.by_ref().take(length), &mut io::sink())
        } else {
            self.from.by_ref().take(length).read_to_end(data).map(|it| it as u64)
        };
        let read = read.map_err(|err| self.unreadable(&err))?;
        let mut footer = [0; FOOTER];
        if read < length || self.fill(&mut footer)? < FOOTER {
            return Ok(Next::CutOff(self.offset));
        }
        if !is_long && masked(data) != u32::from_le_bytes(footer) {
            return Err(self.damaged("the checksum of a record does not match"));
        }
        self.offset += HEADER as u64 + length + FOOTER as u64;
        Ok(Next::Record)
    }

    /// Reads until the buffer is full or the file ends, and says how much it was.
    fn fill(&mut self, mut to: &mut [u8]) -> Result<usize, LogError> {
        let mut filled = 0;
        while !to.is_empty() {
            match self.from.read(to) {
                Ok(0) => break,
                Ok(n) => {
                    filled += n;
                    to = &mut to[n..];
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(self.unreadable(&err)),
            }
        }
        Ok(filled)
    }

    pub(super) fn damaged(&self, what: &'static str) -> LogError {
        LogError::BadRecord { offset: self.offset, what, place: self.place.clone() }
    }

    fn unreadable(&self, err: &io::Error) -> LogError {
        LogError::Unreadable { cause: err.to_string(), place: self.place.clone() }
    }
}

/// A record as TensorFlow writes it, for tests.
#[cfg(test)]
pub(super) fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), data, &masked(data).to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_cut_off_and_a_damaged_one_are_told_apart_by_their_byte() {
        let mut bytes = framed(b"one");
        bytes.extend(framed(b"two"));
        let mut data = Vec::new();
        let mut whole = Records::new(bytes.as_slice(), "log");
        assert_eq!((whole.next(&mut data).unwrap(), data.as_slice()), (Next::Record, b"one".as_slice()));
        assert_eq!((whole.next(&mut data).unwrap(), data.as_slice()), (Next::Record, b"two".as_slice()));
        assert_eq!(whole.next(&mut data), Ok(Next::End));
        let mut short = Records::new(&bytes[..bytes.len() - 1], "log");
        short.next(&mut data).unwrap();
        assert_eq!(short.next(&mut data), Ok(Next::CutOff(19)));
        bytes[31] ^= 1;
        let mut damaged = Records::new(bytes.as_slice(), "log");
        damaged.next(&mut data).unwrap();
        let told = damaged.next(&mut data).unwrap_err().to_string();
        assert!(told.contains("at byte 19 (the checksum of a record"), "{told}");
    }
}
