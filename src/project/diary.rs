//! A file that only grows, line by line, and loses none while there is no room for it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::disk;

/// So many bytes are handed to the system unasked.
const HAND_ON: usize = 8 << 10;

/// A file of lines.
pub struct Diary {
    path: PathBuf,
    file: File,
    /// Bytes of whole lines in the file.
    kept: u64,
    /// Lines that wait for the next flush, or for room on the disk.
    waiting: Vec<u8>,
    /// A write broke off, and left something behind what is kept.
    is_torn: bool,
}

/// A diary's file, by which another thread brings it to the disk.
pub struct Handle {
    path: PathBuf,
    file: File,
}

impl Diary {
    /// Goes on behind the first `told` bytes and drops the rest; makes the file where there is none.
    pub fn open(path: &Path, told: u64) -> io::Result<Self> {
        let file = disk::open(path)?;
        let length = file.metadata()?.len();
        let kept = length.min(told);
        if length > kept {
            disk::cut(&file, kept, path)?;
        }
        Ok(Self { path: path.to_owned(), file, kept, waiting: Vec::new(), is_torn: false })
    }

    /// Adds a line, which may wait for the next flush.
    pub fn add(&mut self, line: &str) {
        self.waiting.extend_from_slice(line.as_bytes());
        self.waiting.push(b'\n');
    }

    /// Hands the lines that wait to the system.
    ///
    /// # Errors
    /// As the file system gives them; the lines go on waiting then, and the next flush tries again.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.is_torn {
            disk::cut(&self.file, self.kept, &self.path)?;
            self.is_torn = false;
        }
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.is_torn = true;
        disk::write(&mut self.file, &self.waiting, &self.path)?;
        self.is_torn = false;
        self.kept += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Whether enough lines wait to be handed on unasked.
    pub fn is_due(&self) -> bool {
        self.waiting.len() >= HAND_ON
    }

    /// Bytes that wait.
    pub fn n_waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Drops the lines that wait.
    pub fn forget_waiting(&mut self) {
        self.waiting = Vec::new();
    }

    /// Bytes of whole lines in the file.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    pub fn handle(&self) -> io::Result<Handle> {
        Ok(Handle { path: self.path.clone(), file: self.file.try_clone()? })
    }
}

impl Drop for Diary {
    fn drop(&mut self) {
        self.flush().ok();
    }
}

impl Handle {
    /// Waits until everything that was handed to the system has reached the disk.
    pub fn sync(&self) -> io::Result<()> {
        disk::sync(&self.file, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::super::disk::Operation;
    use super::super::disk::faults::{Faults, Kind};
    use super::*;

    #[test]
    fn lines_that_found_no_room_are_written_once_there_is_some() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        let mut diary = Diary::open(&path, 0).unwrap();
        let mut add = |text: &str| {
            diary.add(text);
            diary.flush()
        };
        add("one").unwrap();
        let faults = Faults::below(folder.path(), Some((Kind::Full, (Operation::Write, "lines".to_owned(), 0))));
        assert_eq!(add("the second").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\nthe s", "half of it got there");
        add("three").unwrap_err();
        drop(faults);
        add("four").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\nthe second\nthree\nfour\n");
        assert_eq!(diary.kept(), 26);
    }

    #[test]
    fn it_goes_on_behind_what_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "one\ntwo\nthr").unwrap();
        let mut diary = Diary::open(&path, 8).unwrap();
        diary.add("drei");
        drop(diary);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\ntwo\ndrei\n", "what waits is written at the end");
    }
}
