//! Files that are written whole or not at all.

use std::fs::File;
use std::path::Path;

use super::disk;

/// Writes a file so that a crash leaves the old one or the new one, never half of either.
///
/// The bytes go to a temporary file beside it, reach the disk, and then take its name.
///
/// # Errors
/// As the file system gives them; the old file is untouched then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut temporary = disk::open_beside(path)?;
    disk::write(temporary.as_file_mut(), bytes, path)?;
    disk::sync(temporary.as_file(), path)?;
    readable_by_others(temporary.as_file());
    disk::rename(temporary, path)?;
    // The new name itself must reach the disk, too; not every system has a way to ask for that.
    disk::sync_folder(path).ok();
    Ok(())
}

/// Deletes what writers that were killed have left behind in a folder. Nobody may be writing there.
pub fn sweep(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(disk::TEMPORARY) {
            disk::remove(&entry.path()).ok();
        }
    }
}

/// Temporary files are private; what is written on purpose follows the usual permissions.
#[cfg(unix)]
fn readable_by_others(file: &File) {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644)).ok();
}

#[cfg(not(unix))]
fn readable_by_others(_: &File) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_nothing_else_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ron");
        write_whole(&path, b"old").unwrap();
        write_whole(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_whole(&folder.path().join("missing/a.ron"), b"x").is_err());
    }

    #[test]
    fn what_a_killed_writer_left_is_swept_up() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.ron"), "a").unwrap();
        std::fs::write(folder.path().join(".learnscope-new-x7Yz"), "hal").unwrap();
        sweep(folder.path());
        let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!(names, ["a.ron"]);
    }
}
