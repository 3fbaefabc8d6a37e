//! One cell of a table: is it missing, a number, a date?

/// Words that stand for "no value" in any column.
const MISSING_WORDS: &[&str] = &["", "na", "n/a", "#n/a", "<na>", "nan", "null", "?"];

/// Words that stand for "no value" where all other cells are numbers; elsewhere they may be a category.
const MISSING_NUMBERS: &[&str] = &["none", "nil", "missing", "unknown", "-", "--", "."];

/// How long a word for "no value" may be; a longer cell is not looked at.
const LONGEST_MISSING_WORD: usize = 8;

/// Whether the cell says that there is no value.
pub(super) fn is_missing(cell: &str) -> bool {
    is_one_of(cell, MISSING_WORDS)
}

/// Whether the cell says that there is no number.
pub(super) fn is_missing_number(cell: &str) -> bool {
    is_one_of(cell, MISSING_NUMBERS)
}

fn is_one_of(cell: &str, words: &[&str]) -> bool {
    cell.len() <= LONGEST_MISSING_WORD && words.iter().any(|it| it.eq_ignore_ascii_case(cell))
}

/// The cell as a number, which may be infinite; None where it is no number.
///
/// `decimal_comma`: a comma is read as the decimal point where the cell has no point.
pub(super) fn number(cell: &str, decimal_comma: bool) -> Option<f64> {
    // Rust reads "nan" as a number; here it is a missing value and was noticed before.
    let starts_well =
        cell.starts_with(|it: char| it.is_ascii_digit() || matches!(it, '+' | '-' | '.' | ',' | 'i' | 'I'));
    if !starts_well {
        return None;
    }
    if let Ok(value) = cell.parse::<f64>() {
        return (!value.is_nan()).then_some(value);
    }
    if decimal_comma && cell.contains(',') && !cell.contains('.') {
        return cell.replacen(',', ".", 1).parse().ok().filter(|it: &f64| !it.is_nan());
    }
    None
}

/// The cell as days since 1970-01-01; None where it is no date.
///
/// Read are `2014-10-13`, `2014/10/13`, `20141013T000000` and `13.10.2014`, with or without a time of
/// day. Dates such as 10/11/2014 are not: in one country that is October, in another November.
pub(super) fn date(cell: &str) -> Option<f64> {
    let (day_part, time_part) = match cell.find(['T', ' ']) {
        Some(at) => (&cell[..at], &cell[at + 1..]),
        None => (cell, ""),
    };
    let (year, month, day) = if let Some((y, m, d)) = three_parts(day_part, '-').or_else(|| three_parts(day_part, '/'))
    {
        (four_digits(y)?, m, d)
    } else if let Some((d, m, y)) = three_parts(day_part, '.') {
        (four_digits(y)?, m, d)
    } else if day_part.len() == 8 && day_part.is_ascii() && cell.len() > 8 {
        // Without a time of day, eight digits are a number.
        (four_digits(&day_part[..4])?, &day_part[4..6], &day_part[6..])
    } else {
        return None;
    };
    let days = days_since_1970(year, two_digits(month)?, two_digits(day)?)?;
    Some(days as f64 + time_of_day(time_part)?)
}

/// Days since 1970-01-01 as `2014-10-13`, with the time of day where there is one.
pub(super) fn date_text(days: f64) -> String {
    if !days.is_finite() || days.abs() > 1e7 {
        return number_text(days);
    }
    let (year, month, day) = date_of(days.floor() as i64);
    let minutes = ((days - days.floor()) * 1440.0).round() as i64;
    if minutes == 0 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// A number as a table would write it: `0.5`, `98103`, `7129300520`, `1e300`.
pub(super) fn number_text(value: f64) -> String {
    let magnitude = value.abs();
    if value != 0.0 && !(1e-5..1e15).contains(&magnitude) { format!("{value:e}") } else { format!("{value}") }
}

fn three_parts(text: &str, separator: char) -> Option<(&str, &str, &str)> {
    let mut parts = text.split(separator);
    let three = (parts.next()?, parts.next()?, parts.next()?);
    parts.next().is_none().then_some(three)
}

fn four_digits(text: &str) -> Option<i64> {
    if text.len() == 4 && text.bytes().all(|it| it.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn two_digits(text: &str) -> Option<i64> {
    let fits = (1..=2).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

/// Fraction of a day of `18:30`, `18:30:05`, `183005` or nothing; a zone behind it is not read.
fn time_of_day(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('Z');
    if text.is_empty() {
        return Some(0.0);
    }
    let clock = text.split(['.', '+', '-']).next()?;
    let (hours, minutes, seconds) = if clock.len() == 6 && clock.is_ascii() && !clock.contains(':') {
        (&clock[..2], &clock[2..4], &clock[4..])
    } else {
        let mut parts = clock.split(':');
        (parts.next()?, parts.next()?, parts.next().unwrap_or("0"))
    };
    let (hours, minutes, seconds) = (two_digits(hours)?, two_digits(minutes)?, two_digits(seconds)?);
    let valid = hours < 24 && minutes < 60 && seconds <= 60;
    valid.then(|| (hours * 3600 + minutes * 60 + seconds) as f64 / 86_400.0)
}

/// Proleptic Gregorian calendar; None for a day that does not exist. After Howard Hinnant's `days_from_civil`.
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    (date_of(days) == (year, month, day)).then_some(days)
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_point_exponent_and_where_asked_comma() {
        let cases = [
            ("12", false, Some(12.0)),
            ("-3.5e-2", false, Some(-0.035)),
            (".5", false, Some(0.5)),
            ("1,5", false, None),
            ("1,5", true, Some(1.5)),
            ("1.234,5", true, None),
            ("1,234,5", true, None),
            ("12 kg", false, None),
            ("abc", false, None),
            ("inf", false, Some(f64::INFINITY)),
            ("-Infinity", false, Some(f64::NEG_INFINITY)),
            ("1e999", false, Some(f64::INFINITY)),
        ];
        for (cell, comma, expected) in cases {
            assert_eq!(number(cell, comma), expected, "{cell}");
        }
    }

    #[test]
    fn words_for_no_value_are_missing_in_any_case() {
        for cell in ["", "NA", "NaN", "null", "?", "n/a"] {
            assert!(is_missing(cell), "{cell}");
        }
        assert!(!is_missing("none") && is_missing_number("None") && is_missing_number("-"));
        assert!(number("nan", false).is_none());
    }

    #[test]
    fn dates_are_days_and_days_are_dates() {
        let cases = [
            ("1970-01-01", Some(0.0), "1970-01-01"),
            ("2014-10-13", Some(16_356.0), "2014-10-13"),
            ("20141013T000000", Some(16_356.0), "2014-10-13"),
            ("13.10.2014", Some(16_356.0), "2014-10-13"),
            ("2014/10/13 12:00", Some(16_356.5), "2014-10-13 12:00"),
            ("2014-10-13T18:00:00Z", Some(16_356.75), "2014-10-13 18:00"),
            ("1969-12-31", Some(-1.0), "1969-12-31"),
            ("2024-02-29", Some(19_782.0), "2024-02-29"),
            ("2023-02-29", None, ""),
            ("2014-13-01", None, ""),
            ("10/11/2014", None, ""),
            ("20141013", None, ""),
            ("1.2.3", None, ""),
        ];
        for (cell, days, text) in cases {
            assert_eq!(date(cell), days, "{cell}");
            if let Some(days) = days {
                assert_eq!(date_text(days), text);
            }
        }
    }
}
