//! Numbers as people read them.

use crate::spec::number_text;

/// Three significant digits: `0.423`, `12.8`, `1250`, `3.4e-5`.
pub(super) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "not a number".to_owned();
    }
    let rounded = significant(value, 3);
    number_text(if rounded.abs() >= 100.0 && value.abs() < 1e7 { value.round() } else { rounded })
}

/// A share as percent: `12 %`, `0.4 %`; from ten times on as a multiple.
pub(super) fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    if percent.abs() < 9.95 {
        format!("{} %", number_text(significant(percent, 2)))
    } else {
        format!("{} %", percent.round())
    }
}

/// A mean with its standard deviation, both to the digit that the deviation begins with, or one more where that is a
/// 1: `0.421 ± 0.006`.
pub(super) fn plus_minus(mean: f64, deviation: f64) -> String {
    let digits = if format!("{:e}", significant(deviation, 2)).starts_with('1') { 2 } else { 1 };
    let rounded = significant(deviation, digits);
    if rounded <= 0.0 || !rounded.is_finite() {
        return format!("{} ± {}", number(mean), number(deviation));
    }
    let decimals = (digits as f64 - 1.0 - rounded.log10().floor()).max(0.0) as usize;
    if decimals > 6 {
        return format!("{} ± {}", number(mean), number(rounded));
    }
    format!("{mean:.decimals$} ± {rounded:.decimals$}")
}

/// `value` rounded to so many significant digits.
pub(super) fn significant(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let texts = [0.422_91, 12.84, 1249.6, 0.000_034_1, 3.0, 0.0, 1.5e9, f64::NAN].map(number);
        assert_eq!(texts, ["0.423", "12.8", "1250", "3.41e-5", "3", "0", "1.5e9", "not a number"]);
        let cases = [(0.4213, 0.0063), (0.4213, 0.0014), (1234.6, 56.1), (0.5, 0.0), (2e-9, 3e-10), (0.4, 0.096)];
        let texts = cases.map(|(mean, deviation)| plus_minus(mean, deviation));
        assert_eq!(texts, ["0.421 ± 0.006", "0.4213 ± 0.0014", "1235 ± 60", "0.5 ± 0", "2e-9 ± 3e-10", "0.4 ± 0.1"]);
        assert_eq!([0.123, 0.0043, 0.0999, 4.2].map(percent), ["12 %", "0.43 %", "10 %", "420 %"]);
    }
}
