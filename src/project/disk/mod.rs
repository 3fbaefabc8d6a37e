//! The few operations by which what is kept reaches the disk: whole files, diaries and checkpoints go through here alone.
//!
//! That makes one place in which tests can let any of them fail, as a full disk or a power cut does (`faults`).

#[cfg(test)]
pub(crate) mod faults;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What is done to a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
    MakeFolder,
    Open,
    Write,
    Cut,
    Sync,
    Rename,
    SyncFolder,
    Remove,
}

#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "in tests it fails on purpose")]
fn allow(_: Operation, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
fn allow(operation: Operation, path: &Path) -> io::Result<()> {
    faults::meet(operation, path).map_or(Ok(()), |fault| Err(fault.error()))
}

/// How many of `n` bytes may be written, and what becomes of it.
#[cfg(not(test))]
fn share(_: Operation, _: &Path, n: usize) -> (usize, io::Result<()>) {
    (n, Ok(()))
}

#[cfg(test)]
fn share(operation: Operation, path: &Path, n: usize) -> (usize, io::Result<()>) {
    faults::meet(operation, path).map_or((n, Ok(())), |fault| (fault.lets_through(n), Err(fault.error())))
}

/// Makes a folder and those above it.
pub fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    allow(Operation::MakeFolder, path)?;
    std::fs::create_dir_all(path)
}

/// Opens a file to append to, and makes it where there is none.
pub fn open(path: &Path) -> io::Result<File> {
    allow(Operation::Open, path)?;
    OpenOptions::new().create(true).append(true).open(path)
}

/// Deletes a file.
pub fn remove(path: &Path) -> io::Result<()> {
    allow(Operation::Remove, path)?;
    std::fs::remove_file(path)
}

/// A file beside `path` that is to take its name.
pub(super) fn open_beside(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    allow(Operation::Open, path)?;
    tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder(path))
}

/// Names of files that are being written begin so.
pub(super) const TEMPORARY: &str = ".learnscope-new-";

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes all bytes, or fails with some of them written.
pub(super) fn write(file: &mut impl Write, bytes: &[u8], path: &Path) -> io::Result<()> {
    let (n, outcome) = share(Operation::Write, path, bytes.len());
    file.write_all(&bytes[..n])?;
    outcome
}

/// Cuts a file to a length.
pub(super) fn cut(file: &File, length: u64, path: &Path) -> io::Result<()> {
    allow(Operation::Cut, path)?;
    file.set_len(length)
}

/// Waits until what was written of a file has reached the disk.
pub(super) fn sync(file: &File, path: &Path) -> io::Result<()> {
    allow(Operation::Sync, path)?;
    file.sync_data()?;
    #[cfg(test)]
    faults::note_synced(file, path);
    Ok(())
}

/// Gives a file the name that it was written for.
pub(super) fn rename(file: tempfile::NamedTempFile, path: &Path) -> io::Result<File> {
    allow(Operation::Rename, path)?;
    file.persist(path).map_err(|err| err.error)
}

/// Brings the names in a file's folder to the disk, where the system has a way to.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    allow(Operation::SyncFolder, path)?;
    File::open(folder(path))?.sync_all()
}
