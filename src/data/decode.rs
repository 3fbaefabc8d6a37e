//! Bytes to text: encodings found, and what is not text refused with a word what it is.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

use super::DataError;

/// Enough to tell text from anything else without reading a large file twice.
const LOOKED_AT: usize = 1 << 16;

/// Of a thousand characters of text, at most this many may be control characters; a stray form feed
/// is forgiven, while compressed data has about 120.
const MOST_CONTROLS_OF_1000: usize = 10;

/// First bytes of files that people try to open as tables, what they are, and what to do.
const KNOWN: &[(&[u8], &str, &str)] = &[
    (b"PAR1", "a Parquet table", "save it as CSV"),
    (b"\x89PNG", "one image", "open the folder that holds a folder of images for each class"),
    (b"\xff\xd8\xff", "one image", "open the folder that holds a folder of images for each class"),
    (b"%PDF", "a PDF document", "save its table as CSV"),
    (b"\x93NUMPY", "a NumPy array", "save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as CSV"),
    (b"SQLite format 3", "a database", "export the table as CSV"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first"),
    (b"BZh", "a bzip2 archive", "unpack it first, or compress it with gzip"),
    (b"\xfd7zXZ", "an xz archive", "unpack it first, or compress it with gzip"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive", "unpack it first, or compress it with gzip"),
];

/// The bytes as text, and the encoding's name where it is not UTF-8.
///
/// A byte order mark decides first (UTF-8, UTF-16); then valid UTF-8; then the likeliest old encoding.
///
/// # Errors
/// [`DataError::NotText`] for what is not text, [`DataError::Empty`] for nothing.
pub(super) fn text<'a>(bytes: &'a [u8], place: &str) -> Result<(Cow<'a, str>, Option<&'static str>), DataError> {
    let not_text = |found: &str, advice: &str| DataError::NotText {
        found: found.to_owned(),
        advice: advice.to_owned(),
        place: place.to_owned(),
    };
    if let Some((_, found, advice)) = KNOWN.iter().find(|(start, _, _)| bytes.starts_with(start)) {
        return Err(not_text(found, advice));
    }
    let (text, encoding) = decoded(bytes);
    if text.trim().is_empty() {
        return Err(DataError::Empty { place: place.to_owned() });
    }
    if looks_binary(&text) {
        return Err(not_text("binary data", "open a CSV file, a zip or folder of images, or a pair of IDX files"));
    }
    Ok((text, encoding))
}

fn decoded(bytes: &[u8]) -> (Cow<'_, str>, Option<&'static str>) {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[mark..]);
        return (text, (encoding != encoding_rs::UTF_8).then(|| encoding.name()));
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (Cow::Borrowed(text), None);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = detector.guess(None, Utf8Detection::Deny);
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    (text, Some(encoding.name()))
}

fn looks_binary(text: &str) -> bool {
    let (mut n_chars, mut n_controls) = (0, 0);
    for it in text.chars().take(LOOKED_AT) {
        n_chars += 1;
        if it == '\0' {
            return true;
        }
        n_controls +=
            usize::from((it.is_control() && !matches!(it, '\t' | '\r' | '\n')) || it == char::REPLACEMENT_CHARACTER);
    }
    n_controls * 1000 > n_chars * MOST_CONTROLS_OF_1000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, Option<&'static str>) {
        let (text, encoding) = text(bytes, "a.csv").unwrap();
        (text.into_owned(), encoding)
    }

    #[test]
    fn encodings_are_found() {
        let utf16: Vec<u8> =
            [0xfeff_u16].into_iter().chain("größe,ü\n1,2".encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let utf16_be: Vec<u8> =
            [0xfeff_u16].into_iter().chain("größe,ü\n1,2".encode_utf16()).flat_map(u16::to_be_bytes).collect();
        let latin = b"gr\xf6\xdfe,stra\xdfe\n1,M\xfcnchen\n2,K\xf6ln\n";
        assert_eq!(read("größe".as_bytes()), ("größe".to_owned(), None));
        assert_eq!(read("\u{feff}größe".as_bytes()), ("größe".to_owned(), None));
        assert_eq!(read(&utf16), ("größe,ü\n1,2".to_owned(), Some("UTF-16LE")));
        assert_eq!(read(&utf16_be), ("größe,ü\n1,2".to_owned(), Some("UTF-16BE")));
        let (text, encoding) = read(latin);
        assert!(text.starts_with("größe,straße\n1,München"), "{text}");
        assert_eq!(encoding, Some("windows-1252"));
    }

    #[test]
    fn what_is_not_text_is_named() {
        let noise: Vec<u8> = (0..4000_u32).map(|it| (it.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect();
        let cases: [(&[u8], &str); 5] = [
            (b"", "the file is empty"),
            (b" \n\n", "the file is empty"),
            (b"PAR1....", "the file is not text but a Parquet table; save it as CSV"),
            (b"a,b\n1,\0\x02", "the file is not text but binary data"),
            (&noise, "the file is not text but binary data"),
        ];
        for (bytes, expected) in cases {
            let refused = text(bytes, "a.csv").unwrap_err().to_string();
            assert!(refused.starts_with(expected) && refused.ends_with(": a.csv"), "{refused}");
        }
    }
}
