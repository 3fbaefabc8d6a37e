//! Images by class, from a folder or a zip: the folder an image lies in is its class.

use std::fs;
use std::io::{Cursor, Read as _};
use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageReader, Limits};
use zip::ZipArchive;

use super::dataset::Images;
use super::error::{DataError, count, gigabytes};
use super::source;

/// Larger images are shrunk to this many pixels on their longer side: a network trained by watching has
/// no use for more, and a thousand photographs would not fit in memory.
const LONGEST_SIDE: u32 = 224;

/// A picture with more pixels on a side is not decoded: it would need gigabytes.
const MOST_SIDE: u32 = 20_000;

/// All pixels together; four bytes each once they are numbers.
const MOST_PIXELS: u64 = 500_000_000;

/// Folders within folders are followed this deep.
const DEEPEST: usize = 8;

const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "webp", "bmp"];

/// An image file and where it lies.
struct Picture {
    /// Name of its folder; empty at the top.
    class: String,
    /// Its path within the folder or archive.
    name: String,
}

/// Width, height and whether it has colors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    width: u32,
    height: u32,
    color: bool,
}

/// Reads all images below a folder.
///
/// # Errors
/// An unreadable folder, no images at all, or the first image that cannot be decoded, by name.
pub(super) fn from_folder(folder: &Path) -> Result<(Images, Vec<String>), DataError> {
    let place = folder.display().to_string();
    let mut found = Vec::new();
    let mut n_others = 0;
    walk(folder, "", DEEPEST, &mut found, &mut n_others)?;
    read_all(found, n_others, &place, |it| source::read(&folder.join(&it.name)))
}

/// Reads all images of a zip.
///
/// # Errors
/// A damaged archive, one that names files outside itself or unpacks to more than `most` bytes, no
/// images at all, or the first image that cannot be decoded, by name.
pub(super) fn from_zip(bytes: &[u8], most: u64, place: &str) -> Result<(Images, Vec<String>), DataError> {
    let damaged = |cause: String| DataError::BadArchive { cause, place: place.to_owned() };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|err| damaged(err.to_string()))?;
    let mut found = Vec::new();
    let mut n_others = 0;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|err| damaged(err.to_string()))?;
        let name = entry.name().map_err(|err| damaged(err.to_string()))?.into_owned();
        if entry.enclosed_name().is_none() {
            return Err(DataError::UnsafeEntry { entry: name, place: place.to_owned() });
        }
        if entry.is_file() {
            sort_in(&name, &mut found, &mut n_others);
        }
    }
    if found.is_empty() {
        refuse_workbook(&archive, place)?;
    }
    // Each image is opened twice: once for its size, once for its pixels.
    let mut left = most.saturating_mul(2);
    read_all(found, n_others, place, |it| {
        let entry = archive.by_name(&it.name).map_err(|err| damaged(err.to_string()))?;
        let mut bytes = Vec::new();
        // The size an entry claims may be a lie; what comes out of it counts.
        entry.take(left + 1).read_to_end(&mut bytes).map_err(|err| damaged(err.to_string()))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .ok_or_else(|| DataError::UnpacksTooLarge { limit: gigabytes(most), place: place.to_owned() })?;
        Ok(bytes)
    })
}

/// Workbooks are zips; their readers meant the table.
fn refuse_workbook<R: std::io::Read + std::io::Seek>(archive: &ZipArchive<R>, place: &str) -> Result<(), DataError> {
    if archive.index_for_name("[Content_Types].xml").is_none() {
        return Ok(());
    }
    Err(DataError::NotText {
        found: "an Excel workbook".to_owned(),
        advice: "save its table as CSV".to_owned(),
        place: place.to_owned(),
    })
}

/// The same pictures in another size and with other channels, as a trained network expects them.
pub(super) fn fitted(images: &Images, channels: usize, height: usize, width: usize) -> Images {
    let form = Form { width: width as u32, height: height as u32, color: channels == 3 };
    let mut pixels = Vec::new();
    for planes in images.pixels.chunks_exact(images.size().max(1)) {
        push(&picture_of(planes, images), form, &mut pixels);
    }
    Images {
        channels,
        height,
        width,
        pixels,
        labels: images.labels.clone(),
        classes: images.classes.clone(),
        names: images.names.clone(),
    }
}

/// `[channels, height, width]` as a picture.
fn picture_of(planes: &[u8], images: &Images) -> DynamicImage {
    let (width, height) = (images.width as u32, images.height as u32);
    let n_pixels = images.width * images.height;
    if images.channels == 3 {
        let color = |x: u32, y: u32| {
            let at = (y * width + x) as usize;
            image::Rgb([planes[at], planes[n_pixels + at], planes[2 * n_pixels + at]])
        };
        DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, color))
    } else {
        DynamicImage::ImageLuma8(image::GrayImage::from_fn(width, height, |x, y| {
            image::Luma([planes[(y * width + x) as usize]])
        }))
    }
}

fn walk(
    folder: &Path,
    within: &str,
    depth: usize,
    found: &mut Vec<Picture>,
    n_others: &mut usize,
) -> Result<(), DataError> {
    let unreadable = |err: std::io::Error| DataError::UnreadableFolder {
        cause: source::cause(&err),
        place: folder.display().to_string(),
    };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if within.is_empty() { name.clone() } else { format!("{within}/{name}") };
        // A link to a folder is not followed: it might lead back up.
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if depth > 0 && !name.starts_with('.') {
                walk(&entry.path(), &path, depth - 1, found, n_others)?;
            }
        } else {
            sort_in(&path, found, n_others);
        }
    }
    Ok(())
}

/// Keeps an image by its ending; counts other files, but not what systems hide in folders.
fn sort_in(path: &str, found: &mut Vec<Picture>, n_others: &mut usize) {
    let mut parts = path.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    let is_hidden =
        file.starts_with('.') || path.starts_with("__MACOSX") || ["Thumbs.db", "desktop.ini"].contains(&file);
    let is_image =
        file.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|it| it.eq_ignore_ascii_case(ending)));
    if is_image && !is_hidden {
        found.push(Picture { class: parts.next().unwrap_or_default().to_owned(), name: path.to_owned() });
    } else if !is_hidden {
        *n_others += 1;
    }
}

/// Looks at every image first, then decodes them one by one to the commonest form.
fn read_all(
    mut found: Vec<Picture>,
    n_others: usize,
    place: &str,
    mut bytes_of: impl FnMut(&Picture) -> Result<Vec<u8>, DataError>,
) -> Result<(Images, Vec<String>), DataError> {
    let mut notes = Vec::new();
    if n_others > 0 {
        notes.push(format!("Passed over {}, which no image reader knows", count(n_others, "file")));
    }
    leave_out_unsorted(&mut found, &mut notes);
    found.sort_by(|a, b| (&a.class, &a.name).cmp(&(&b.class, &b.name)));
    let mut forms = Vec::with_capacity(found.len());
    for picture in &found {
        forms.push(look(&bytes_of(picture)?).map_err(|cause| bad(picture, cause, place))?);
    }
    let Some(form) = common_form(&forms, &mut notes) else {
        return Err(DataError::NoImages { place: place.to_owned() });
    };
    let channels = if form.color { 3 } else { 1 };
    let (height, width) = (form.height as usize, form.width as usize);
    if (found.len() * channels * height * width) as u64 > MOST_PIXELS {
        return Err(DataError::TooManyPixels { n_images: found.len(), width, height, place: place.to_owned() });
    }
    let mut pixels = Vec::with_capacity(found.len() * channels * height * width);
    for picture in &found {
        let decoded = decode(&bytes_of(picture)?).map_err(|cause| bad(picture, cause, place))?;
        push(&decoded, form, &mut pixels);
    }
    let (labels, classes) = classes(&found);
    let names = found.into_iter().map(|it| it.name).collect();
    Ok((Images { channels, height, width, pixels, labels, classes, names }, notes))
}

/// Where some images lie in class folders, those above them belong to no class.
fn leave_out_unsorted(found: &mut Vec<Picture>, notes: &mut Vec<String>) {
    let n_unsorted = found.iter().filter(|it| it.class.is_empty()).count();
    if n_unsorted > 0 && n_unsorted < found.len() {
        found.retain(|it| !it.class.is_empty());
        notes.push(format!("Left out {} outside the class folders", count(n_unsorted, "image")));
    }
}

/// The commonest size, shrunk where it is large, with colors if any image has some.
fn common_form(forms: &[Form], notes: &mut Vec<String>) -> Option<Form> {
    let mut sizes: Vec<_> = forms.iter().map(|it| (it.width, it.height)).collect();
    sizes.sort_unstable();
    let (width, height) = sizes.chunk_by(|a, b| a == b).max_by_key(|it| it.len())?[0];
    let longest = width.max(height);
    let shrink = |side: u32| if longest > LONGEST_SIDE { (side * LONGEST_SIDE / longest).max(1) } else { side };
    let (width, height) = (shrink(width), shrink(height));
    let n_resized = sizes.iter().filter(|it| **it != (width, height)).count();
    if n_resized > 0 {
        notes.push(format!("Resized {n_resized} of {} to {width} x {height} pixels", count(sizes.len(), "image")));
    }
    Some(Form { width, height, color: forms.iter().any(|it| it.color) })
}

fn classes(found: &[Picture]) -> (Vec<u32>, Vec<String>) {
    if found.iter().all(|it| it.class.is_empty()) {
        return (Vec::new(), Vec::new());
    }
    let mut classes: Vec<_> = found.iter().map(|it| it.class.clone()).collect();
    classes.sort_unstable();
    classes.dedup();
    let labels = found.iter().map(|it| classes.binary_search(&it.class).unwrap_or_default() as u32).collect();
    (labels, classes)
}

fn bad(picture: &Picture, cause: String, place: &str) -> DataError {
    DataError::BadImage { entry: picture.name.clone(), cause, place: place.to_owned() }
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, String> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|err| err.to_string())?;
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MOST_SIDE), Some(MOST_SIDE));
    reader.limits(limits);
    Ok(reader)
}

fn look(bytes: &[u8]) -> Result<Form, String> {
    let decoder = reader(bytes)?.into_decoder().map_err(|err| one_line(&err))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("it has no pixels".to_owned());
    }
    Ok(Form { width, height, color: decoder.color_type().has_color() })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, String> {
    reader(bytes)?.decode().map_err(|err| one_line(&err))
}

fn one_line(err: &image::ImageError) -> String {
    err.to_string().split('\n').next().unwrap_or_default().to_owned()
}

/// Appends `[channels, height, width]`.
fn push(picture: &DynamicImage, form: Form, pixels: &mut Vec<u8>) {
    let resized;
    let picture = if (picture.width(), picture.height()) == (form.width, form.height) {
        picture
    } else {
        resized = picture.resize_exact(form.width, form.height, FilterType::Triangle);
        &resized
    };
    if form.color {
        let colors = picture.to_rgb8();
        for channel in 0..3 {
            pixels.extend(colors.pixels().map(|it| it.0[channel]));
        }
    } else {
        pixels.extend(picture.to_luma8().into_raw());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use image::{ImageFormat, Rgb, RgbImage};
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    type Entries<'a> = &'a [(&'a str, &'a [u8])];

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    fn grey(width: u32, height: u32, value: u8) -> Vec<u8> {
        png(image::GrayImage::from_pixel(width, height, image::Luma([value])))
    }

    fn zipped(entries: Entries<'_>) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn read_zip(entries: Entries<'_>) -> Result<(Images, Vec<String>), DataError> {
        from_zip(&zipped(entries), 1_000_000, "a.zip")
    }

    #[test]
    fn the_folder_an_image_lies_in_is_its_class_in_zips_and_folders_alike() {
        let (dark, light) = (grey(3, 2, 10), grey(3, 2, 200));
        let entries: [(&str, &[u8]); 6] = [
            ("things/top/b.png", &light),
            ("things/bottom/a.PNG", &dark),
            ("things/top/a.png", &dark),
            ("things/notes.txt", b"by hand"),
            ("things/top/.DS_Store", b"x"),
            ("__MACOSX/things/top/._a.png", b"x"),
        ];
        let (images, notes) = read_zip(&entries).unwrap();
        assert_eq!((images.channels, images.height, images.width), (1, 2, 3));
        assert_eq!(
            (images.classes.clone(), images.labels.clone()),
            (vec!["bottom".to_owned(), "top".to_owned()], vec![0, 1, 1])
        );
        assert_eq!(images.pixels, [[10; 6], [10; 6], [200; 6]].concat());
        assert_eq!(notes, ["Passed over 1 file, which no image reader knows"]);
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in entries {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        assert_eq!(from_folder(&folder.path().join("things")).unwrap().0.pixels, images.pixels);
    }

    #[test]
    fn differing_images_are_fitted_to_the_commonest_form() {
        let color = png(RgbImage::from_pixel(4, 4, Rgb([250, 0, 100])));
        let (images, notes) =
            read_zip(&[("a/1.png", &grey(2, 2, 7)), ("a/2.png", &grey(2, 2, 8)), ("b/1.png", &color)]).unwrap();
        assert_eq!((images.channels, images.height, images.width), (3, 2, 2));
        assert_eq!(images.row(0), Some(&[7; 12][..]));
        assert_eq!(images.row(2), Some(&[[250; 4], [0; 4], [100; 4]].concat()[..]), "one plane for each color");
        assert_eq!(notes, ["Resized 1 of 3 images to 2 x 2 pixels"]);
        let large = grey(448, 224, 9);
        let (images, _) = read_zip(&[("a/1.png", &large), ("b/1.png", &large)]).unwrap();
        assert_eq!((images.width, images.height), (224, 112), "large ones are shrunk");
        let grey_again = fitted(&read_zip(&[("a/1.png", &color)]).unwrap().0, 1, 2, 2);
        assert_eq!((grey_again.channels, grey_again.pixels.len()), (1, 4));
    }

    #[test]
    fn images_without_folders_have_no_class() {
        let (images, notes) = read_zip(&[("1.png", &grey(2, 2, 7))]).unwrap();
        assert!(images.labels.is_empty() && images.classes.is_empty() && notes.is_empty());
        let (images, notes) = read_zip(&[("1.png", &grey(2, 2, 7)), ("a/1.png", &grey(2, 2, 7))]).unwrap();
        assert_eq!((images.names, notes.len()), (vec!["a/1.png".to_owned()], 1));
    }

    #[test]
    fn bad_archives_are_refused_and_name_the_entry() {
        let good = grey(2, 2, 7);
        let cases: [(Entries<'_>, &str); 6] = [
            (&[("../out.png", &good)], "the archive names a file outside its own folder, \"../out.png\""),
            (&[("a/../../out.png", &good)], "the archive names a file outside its own folder"),
            (&[("a/1.png", &good[..40])], "the image \"a/1.png\" cannot be read"),
            (&[("a/1.png", b"not an image")], "the image \"a/1.png\" cannot be read"),
            (&[("a/notes.txt", b"text")], "no images were found"),
            (
                &[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")],
                "the file is not text but an Excel workbook",
            ),
        ];
        for (entries, expected) in cases {
            let refused = read_zip(entries).unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(": a.zip"), "{refused}");
        }
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_refused() {
        let noise = grey(2, 2, 7);
        let bytes = zipped(&[("a/1.png", &noise), ("b/1.png", &noise)]);
        assert!(matches!(from_zip(&bytes, noise.len() as u64, "a.zip"), Err(DataError::UnpacksTooLarge { .. })));
        assert!(from_zip(&bytes, 2 * noise.len() as u64, "a.zip").is_ok());
    }
}
