//! From a source to a dataset: size checked, archive opened, kind of file found by its first bytes.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::spec::{BUILTIN_IDS, Source, nearest_name};

use super::builtin::{self, Builtin, Files};
use super::dataset::{Column, Dataset, Images};
use super::error::{DataError, count, gigabytes};
use super::{decode, generate, idx, kind, pictures, table};

/// A larger file is refused before it is read: its table would not fit the memory of an ordinary machine.
pub const MAX_FILE_BYTES: u64 = 1_000_000_000;

/// An archive that unpacks to more is refused while it unpacks; a few kilobytes can hold terabytes of zeros.
pub const MAX_UNPACKED_BYTES: u64 = 2_000_000_000;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK";

/// Reads a source whole. Relative paths start at `base`, the project's folder.
///
/// # Errors
/// Whatever keeps the rows from being read, with the path last.
pub fn load(source: &Source, base: &Path) -> Result<Dataset, DataError> {
    match source {
        Source::Builtin(id) => builtin::find(id).map_or_else(|| Err(unknown(id)), shipped),
        Source::Generated(recipe) => generate::draw(recipe),
        Source::File(path) => from_disk(&base.join(path)),
    }
}

/// Bytes with a name, on their way to becoming a dataset.
pub(super) struct Found<'a> {
    /// File name without folder.
    pub name: &'a str,
    /// The whole path, for messages.
    pub place: &'a str,
}

fn unknown(id: &str) -> DataError {
    let nearest = nearest_name(id, BUILTIN_IDS.iter().copied()).unwrap_or_default().to_owned();
    DataError::UnknownBuiltin { id: id.to_owned(), nearest }
}

fn shipped(found: &'static Builtin) -> Result<Dataset, DataError> {
    let place = format!("the built-in data set {}", found.id);
    let name = Found { name: found.label, place: &place };
    let mut dataset = match &found.files {
        Files::Table(bytes) => from_bytes(bytes, &name)?,
        Files::Zip(bytes) => of_images(pictures::from_zip(bytes, MAX_UNPACKED_BYTES, &place)?, &name),
        Files::Idx { images, labels, classes } => {
            let (images, labels) =
                (unpacked(images, MAX_UNPACKED_BYTES, &place)?, unpacked(labels, MAX_UNPACKED_BYTES, &place)?);
            of_images((idx::images(&images, &labels, classes, &place)?, Vec::new()), &name)
        }
    };
    dataset.origin = Some(&found.origin);
    dataset.usual_target = Some(found.target.to_owned());
    Ok(dataset)
}

fn from_disk(path: &Path) -> Result<Dataset, DataError> {
    let place = path.display().to_string();
    let name = path.file_name().map_or_else(|| place.clone(), |it| it.to_string_lossy().into_owned());
    let found = Found { name: &name, place: &place };
    let about = fs::metadata(path).map_err(|err| unreadable(&err, &place))?;
    if about.is_dir() {
        return Ok(of_images(pictures::from_folder(path)?, &found));
    }
    let bytes = read(path)?;
    if !bytes.starts_with(GZIP) && !idx::is_idx(&bytes) {
        return from_bytes(&bytes, &found);
    }
    let unpacked = unpacked(&bytes, MAX_UNPACKED_BYTES, &place)?;
    if idx::is_idx(&unpacked) {
        let (images, labels) = idx::pair(path, unpacked, &place)?;
        return Ok(of_images((idx::images(&images, &labels, &[], &place)?, Vec::new()), &found));
    }
    from_bytes(&unpacked, &found)
}

/// The whole file, if it is not too large.
///
/// # Errors
/// [`DataError::TooLarge`] by its size on the disk, before anything is read.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    let place = path.display().to_string();
    let about = fs::metadata(path).map_err(|err| unreadable(&err, &place))?;
    if about.len() >= MAX_FILE_BYTES {
        return Err(DataError::TooLarge { gigabytes: gigabytes(about.len()), limit: gigabytes(MAX_FILE_BYTES), place });
    }
    let mut bytes = Vec::new();
    // A device or a pipe has no size of its own; the limit holds for them as well.
    let file = File::open(path).map_err(|err| unreadable(&err, &place))?;
    file.take(MAX_FILE_BYTES).read_to_end(&mut bytes).map_err(|err| unreadable(&err, &place))?;
    Ok(bytes)
}

/// The bytes, unpacked if they are gzipped.
pub(super) fn unpacked(bytes: &[u8], most: u64, place: &str) -> Result<Vec<u8>, DataError> {
    if !bytes.starts_with(GZIP) {
        return Ok(bytes.to_vec());
    }
    let mut unpacked = Vec::new();
    let outcome = MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut unpacked);
    if unpacked.len() as u64 > most {
        return Err(DataError::UnpacksTooLarge { limit: gigabytes(most), place: place.to_owned() });
    }
    match outcome {
        Ok(_) => Ok(unpacked),
        Err(err) => Err(DataError::BadArchive { cause: err.to_string(), place: place.to_owned() }),
    }
}

/// A table or a zip of images, gzipped or not.
fn from_bytes(bytes: &[u8], found: &Found<'_>) -> Result<Dataset, DataError> {
    if bytes.starts_with(GZIP) {
        return from_text(&unpacked(bytes, MAX_UNPACKED_BYTES, found.place)?, found);
    }
    if bytes.starts_with(ZIP) {
        return Ok(of_images(pictures::from_zip(bytes, MAX_UNPACKED_BYTES, found.place)?, found));
    }
    from_text(bytes, found)
}

/// Columns of a CSV file, with what was noticed on the way.
pub(super) fn from_text(bytes: &[u8], found: &Found<'_>) -> Result<Dataset, DataError> {
    let (text, encoding) = decode::text(bytes, found.place)?;
    let table = table::read(&text, found.place)?;
    let columns = kind::columns(&table);
    let mut notes = Vec::new();
    if let Some(encoding) = encoding.filter(|it| !it.starts_with("UTF-16")) {
        notes.push(format!("The text is not UTF-8 and was read as {encoding}"));
    }
    if table.made_up_names {
        notes.push("The first line holds values, so the columns are called column 1, column 2 and so on".to_owned());
    }
    notes.extend(columns.iter().filter_map(odd_cells));
    Ok(Dataset {
        name: found.name.to_owned(),
        place: found.place.to_owned(),
        columns,
        n_rows: table.rows.len(),
        images: None,
        notes,
        origin: None,
        usual_target: None,
        lines: table.lines,
    })
}

fn odd_cells(column: &Column) -> Option<String> {
    let odd = column.odd.as_ref()?;
    let cells = count(odd.count, "cell");
    Some(format!("{}: took {cells} for missing, such as {:?} in line {}", column.name, odd.text, odd.line))
}

fn of_images((images, notes): (Images, Vec<String>), found: &Found<'_>) -> Dataset {
    Dataset {
        name: found.name.to_owned(),
        place: found.place.to_owned(),
        columns: Vec::new(),
        n_rows: images.pixels.len() / images.size().max(1),
        images: Some(images),
        notes,
        origin: None,
        usual_target: None,
        lines: Vec::new(),
    }
}

fn unreadable(err: &std::io::Error, place: &str) -> DataError {
    DataError::Unreadable { cause: cause(err), place: place.to_owned() }
}

/// The system's reason without its number.
pub(super) fn cause(err: &std::io::Error) -> String {
    let text = err.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::super::dataset::ColumnKind;
    use super::*;

    /// The dataset of a file `a.csv` with this text.
    pub(in super::super) fn table_of(text: &str) -> Dataset {
        from_text(text.as_bytes(), &Found { name: "a.csv", place: "a.csv" }).unwrap()
    }

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn load_file(folder: &Path, name: &str) -> Result<Dataset, DataError> {
        load(&Source::File(name.to_owned()), folder)
    }

    #[test]
    fn a_csv_file_is_read_gzipped_or_not_from_the_projects_folder() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"km;fuel;price\n1,5;Diesel;900\n2,5;Petrol;800\n";
        fs::write(folder.path().join("cars.csv"), text).unwrap();
        fs::write(folder.path().join("cars.csv.gz"), gz(text)).unwrap();
        let plain = load_file(folder.path(), "cars.csv").unwrap();
        let packed = load_file(folder.path(), "cars.csv.gz").unwrap();
        assert_eq!(plain.columns, packed.columns);
        assert_eq!((plain.name.as_str(), plain.n_rows), ("cars.csv", 2));
        assert_eq!(plain.columns[0].text(1).as_deref(), Some("2.5"));
        assert_eq!(plain.columns[1].kind, ColumnKind::Category);
    }

    #[test]
    fn an_old_encoding_and_a_missing_header_are_noted() {
        let found = Found { name: "a.csv", place: "a.csv" };
        let dataset = from_text(b"1,M\xfcnchen\n2,K\xf6ln\n3,M\xfcnchen\n", &found).unwrap();
        assert_eq!(dataset.columns[1].text(0).as_deref(), Some("München"));
        assert_eq!(dataset.notes.len(), 2, "{:?}", dataset.notes);
        assert_eq!(dataset.notes[0], "The text is not UTF-8 and was read as windows-1252");
    }

    #[test]
    fn bad_files_are_refused_in_one_line_with_the_path_last() {
        let folder = tempfile::tempdir().unwrap();
        let cases: [(&str, &[u8], &str); 6] = [
            ("empty.csv", b"", "the file is empty"),
            ("junk.csv", b"\x00\x01\x02\xff\xfe\x00\x00", "the file is not text but binary data"),
            ("header.csv", b"a,b\n", "the file holds a header and no rows"),
            ("ragged.csv", b"a,b\n1,2\n1,2,3\n", "line 3 has 3 values and the first line has 2 columns"),
            ("cut.csv.gz", &gz(b"a,b\n1,2\n")[..12], "the archive is damaged"),
            ("cut.zip", b"PK\x03\x04 nothing more", "the archive is damaged"),
        ];
        for (name, bytes, expected) in cases {
            fs::write(folder.path().join(name), bytes).unwrap();
            let refused = load_file(folder.path(), name).unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(name) && !refused.contains('\n'), "{refused}");
        }
        let refused = load_file(folder.path(), "nothing.csv").unwrap_err().to_string();
        assert!(refused.starts_with("cannot read the file (no such file or directory)"), "{refused}");
    }

    #[test]
    fn a_file_too_large_is_refused_by_its_size_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.csv");
        File::create(&path).unwrap().set_len(2_000_000_000).unwrap();
        let refused = load_file(folder.path(), "large.csv").unwrap_err().to_string();
        assert!(refused.starts_with("the file has 2.0 GB and at most 1.0 GB fit in memory"), "{refused}");
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused_while_it_unpacks() {
        let bomb = gz(&vec![b'1'; 1_000_000]);
        assert!(matches!(unpacked(&bomb, 999_999, "a.gz"), Err(DataError::UnpacksTooLarge { .. })));
        assert_eq!(unpacked(&bomb, 1_000_000, "a.gz").unwrap().len(), 1_000_000);
    }

    #[test]
    fn an_unknown_built_in_names_its_neighbor() {
        let refused = load(&Source::Builtin("iriss".to_owned()), Path::new("")).unwrap_err().to_string();
        assert_eq!(refused, "the data set \"iriss\" does not ship with the program; the nearest is \"iris\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            from_bytes(&bytes, &Found { name: "a", place: "a" }).ok();
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[ab1é,;\\t\"\\n\\r .\\-eEinf|]{0,200}") {
            from_bytes(text.as_bytes(), &Found { name: "a", place: "a" }).ok();
        }
    }
}
