//! One logged value, as the many loggers write it.

/// Reads a value: none where there is none, NaN or infinite where it was that.
///
/// Missing are an empty cell, `NA` (Keras, behind a stop for NaN), `None` and `null`.
///
/// # Errors
/// When it is a word.
pub(super) fn read(text: &str, decimal_comma: bool) -> Result<Option<f64>, ()> {
    let text = text.trim();
    if ["", "NA", "N/A", "-", "--"].contains(&text) || ["none", "null"].iter().any(|it| text.eq_ignore_ascii_case(it)) {
        return Ok(None);
    }
    // Rust reads `nan`, `inf` and `infinity` in any case, with or without a sign.
    if let Ok(value) = text.parse() {
        return Ok(Some(value));
    }
    // As C's library writes it on Windows, and on others with a note behind: `1.#IND`, `-nan(ind)`.
    let bare = text.trim_start_matches(['-', '+']);
    if bare.starts_with("1.#")
        || (bare.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("nan(")) && bare.ends_with(')'))
    {
        return Ok(Some(f64::NAN));
    }
    if decimal_comma { text.replace(',', ".").parse().map(Some).map_err(|_| ()) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_nothing_or_no_number_is_known() {
        for text in ["", " ", "NA", "None", "null", "-"] {
            assert_eq!(read(text, false), Ok(None), "{text:?}");
        }
        for text in ["nan", "NaN", "-nan", "-nan(ind)", "1.#QNAN"] {
            assert!(read(text, false).unwrap().unwrap().is_nan(), "{text:?}");
        }
        for text in ["inf", "-Infinity", "1e999"] {
            assert!(read(text, false).unwrap().unwrap().is_infinite(), "{text:?}");
        }
        assert_eq!((read("0,5", true), read("0,5", false)), (Ok(Some(0.5)), Err(())));
        assert_eq!(read("high", true), Err(()));
    }
}
