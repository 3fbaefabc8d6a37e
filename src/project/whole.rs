//! Files that are written whole or not at all.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

/// Writes a file so that a crash leaves the old one or the new one, never half of either.
///
/// The bytes go to a temporary file beside it, reach the disk, and then take its name.
///
/// # Errors
/// As the file system gives them; the old file is untouched then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".learnscope-").tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    let file = temporary.persist(path).map_err(|err| err.error)?;
    readable_by_others(&file);
    // The new name itself must reach the disk, too.
    File::open(folder)?.sync_all().ok();
    Ok(())
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
}
