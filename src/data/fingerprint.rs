//! What tells a data file from every other, so that who repeats a run knows whether it is the same data.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::spec::Source;

/// Size and hash of what a project learns from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Bytes of the file, or of all files in the folder.
    pub bytes: u64,
    /// SHA-256 in hexadecimal, as `sha256sum` prints it. Of a folder: of the lines that `sha256sum` prints for its
    /// files, ordered by path relative to it.
    pub sha256: String,
}

/// The fingerprint of a project's data; none where the data ship with the program or are drawn from a formula. Relative
/// paths start at `base`.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint(source: &Source, base: &Path) -> io::Result<Option<Fingerprint>> {
    let Source::File(path) = source else { return Ok(None) };
    let path = base.join(path);
    if path.is_dir() { of_folder(&path).map(Some) } else { of_file(&path).map(Some) }
}

fn of_file(path: &Path) -> io::Result<Fingerprint> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut chunk = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(Fingerprint { bytes, sha256: hex(hasher) }),
            n => {
                hasher.update(&chunk[..n]);
                bytes += n as u64;
            }
        }
    }
}

fn of_folder(folder: &Path) -> io::Result<Fingerprint> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
    files.sort_by_cached_key(name);
    let mut hasher = Sha256::new();
    let mut bytes = 0;
    for file in &files {
        let one = of_file(file)?;
        bytes += one.bytes;
        hasher.update(format!("{}  {}\n", one.sha256, name(file)));
    }
    Ok(Fingerprint { bytes, sha256: hex(hasher) })
}

fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|it| format!("{it:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_the_hash_that_the_standard_gives() {
        let folder = tempfile::tempdir().unwrap();
        let source = |name: &str| Source::File(name.to_owned());
        fs::write(folder.path().join("abc.csv"), "abc").unwrap();
        // FIPS 180-4, the example of one block.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let found = fingerprint(&source("abc.csv"), folder.path()).unwrap().unwrap();
        assert_eq!((found.bytes, found.sha256.as_str()), (3, abc));
        assert!(fingerprint(&source("missing.csv"), folder.path()).is_err());
        assert_eq!(fingerprint(&Source::Builtin("iris".to_owned()), folder.path()).unwrap(), None);
    }

    #[test]
    fn a_folder_is_told_by_the_names_and_the_bytes_of_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let of = || fingerprint(&Source::File(".".to_owned()), folder.path()).unwrap().unwrap();
        fs::create_dir(folder.path().join("cats")).unwrap();
        fs::write(folder.path().join("cats/a.png"), "abc").unwrap();
        let one = of();
        // printf 'ba78…15ad  cats/a.png\n' | sha256sum
        assert_eq!(one.sha256, FOLDER);
        fs::rename(folder.path().join("cats/a.png"), folder.path().join("cats/b.png")).unwrap();
        assert_ne!(of().sha256, one.sha256);
        assert_eq!(of().bytes, 3);
    }

    const FOLDER: &str = "80186a05e645b4b500f6bd886b50881a02e9bad4a882943df874ed27fd334489";
}
