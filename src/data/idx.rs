//! IDX, the format of MNIST and its relatives: one file of images, one of labels.

use std::path::Path;

use super::dataset::Images;
use super::{DataError, source};

/// Magic number of images: unsigned bytes in three dimensions.
const IMAGES: [u8; 4] = [0, 0, 8, 3];

/// Magic number of labels: unsigned bytes in one dimension.
const LABELS: [u8; 4] = [0, 0, 8, 1];

/// Whether the bytes start like a file of images or labels.
pub(super) fn is_idx(bytes: &[u8]) -> bool {
    bytes.starts_with(&IMAGES) || bytes.starts_with(&LABELS)
}

/// The images and labels of a pair of files, given the unpacked bytes of either.
///
/// # Errors
/// [`DataError::NoLabels`] where the other file does not lie beside it under the usual name.
pub(super) fn pair(path: &Path, bytes: Vec<u8>, place: &str) -> Result<(Vec<u8>, Vec<u8>), DataError> {
    let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
    let is_images = bytes.starts_with(&IMAGES);
    let other_name = if is_images {
        name.replace("images", "labels").replace("idx3", "idx1")
    } else {
        name.replace("labels", "images").replace("idx1", "idx3")
    };
    let other_path = path.with_file_name(&other_name);
    if other_name == name || !other_path.is_file() {
        let expected = if other_name == name { "labels-idx1-ubyte".to_owned() } else { other_name };
        return Err(DataError::NoLabels { expected, place: place.to_owned() });
    }
    let other = source::unpacked(&source::read(&other_path)?, source::MAX_UNPACKED_BYTES, place)?;
    Ok(if is_images { (bytes, other) } else { (other, bytes) })
}

/// Grey pictures with classes `0`, `1`, `2` … in the order of their numbers, or called by `classes`.
///
/// # Errors
/// [`DataError::BadIdx`] where the files are cut short or do not belong together.
pub(super) fn images(images: &[u8], labels: &[u8], classes: &[&str], place: &str) -> Result<Images, DataError> {
    let bad = |cause: &str| DataError::BadIdx { cause: cause.to_owned(), place: place.to_owned() };
    if !images.starts_with(&IMAGES) || !labels.starts_with(&LABELS) {
        return Err(bad("its first bytes are not those of images and labels"));
    }
    let length = |bytes: &[u8], at: usize| {
        bytes.get(at..at + 4).and_then(|it| it.try_into().ok()).map(|it| u32::from_be_bytes(it) as usize)
    };
    let sizes = (length(images, 4), length(images, 8), length(images, 12), length(labels, 4));
    let (Some(n_rows), Some(height), Some(width), Some(n_labels)) = sizes else {
        return Err(bad("it ends within its header"));
    };
    let (pixels, labels) = (&images[16..], &labels[8..]);
    if n_rows == 0 || height == 0 || width == 0 {
        return Err(bad("it holds no images"));
    }
    if n_rows.checked_mul(height).and_then(|it| it.checked_mul(width)) != Some(pixels.len()) {
        return Err(bad("its length is not that of its images"));
    }
    if n_labels != n_rows || labels.len() != n_rows {
        return Err(bad("there is not one label for each image"));
    }
    let labels: Vec<_> = labels.iter().map(|it| u32::from(*it)).collect();
    let n_classes = labels.iter().max().map_or(0, |it| *it as usize + 1);
    let name = |class: usize| classes.get(class).map_or_else(|| class.to_string(), |it| (*it).to_owned());
    Ok(Images {
        channels: 1,
        height,
        width,
        pixels: pixels.to_vec(),
        labels,
        classes: (0..n_classes).map(name).collect(),
        names: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::spec::Source;

    use super::super::load;
    use super::*;

    /// Two images of 2 x 3 pixels, of the classes 1 and 0.
    fn files() -> (Vec<u8>, Vec<u8>) {
        let sizes = [2_u32, 2, 3].map(u32::to_be_bytes).concat();
        let images = [&IMAGES[..], &sizes, &[0, 1, 2, 3, 4, 5, 250, 251, 252, 253, 254, 255]].concat();
        (images, [&LABELS[..], &2_u32.to_be_bytes(), &[1, 0]].concat())
    }

    #[test]
    fn a_pair_of_files_is_found_from_either_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let (images, labels) = files();
        fs::write(folder.path().join("train-images-idx3-ubyte"), images).unwrap();
        fs::write(folder.path().join("train-labels-idx1-ubyte"), labels).unwrap();
        for name in ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"] {
            let dataset = load(&Source::File(name.to_owned()), folder.path()).unwrap();
            let images = dataset.images.unwrap();
            assert_eq!((dataset.n_rows, images.height, images.width), (2, 2, 3));
            assert_eq!(
                (images.labels.clone(), images.classes.clone()),
                (vec![1, 0], vec!["0".to_owned(), "1".to_owned()])
            );
            assert_eq!(images.row(1), Some(&[250, 251, 252, 253, 254, 255][..]));
        }
        fs::remove_file(folder.path().join("train-labels-idx1-ubyte")).unwrap();
        let refused = load(&Source::File("train-images-idx3-ubyte".to_owned()), folder.path()).unwrap_err().to_string();
        assert!(refused.contains("should be called \"train-labels-idx1-ubyte\""), "{refused}");
    }

    #[test]
    fn damaged_files_are_refused_and_never_panic() {
        let (good_images, good_labels) = files();
        for end in 0..good_images.len() {
            assert!(images(&good_images[..end], &good_labels, &[], "a").is_err(), "cut at {end}");
        }
        for end in 0..good_labels.len() {
            assert!(images(&good_images, &good_labels[..end], &[], "a").is_err(), "cut at {end}");
        }
        let mut huge = good_images;
        huge[4..16].fill(255);
        assert!(images(&huge, &good_labels, &[], "a").is_err());
    }
}
