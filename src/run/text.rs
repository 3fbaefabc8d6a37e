//! Numbers, times and counts as people read them, on screen and in reports.

/// A whole number with its thousands set apart: `77,825`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if idx > 0 && (digits.len() - idx).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A measured number in few digits: `0.423`, `13.4`, `1,360`, `2.1e-7`.
pub fn short_number(value: f64) -> String {
    if value.is_nan() {
        return "not a number".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "infinite" } else { "minus infinite" }.to_owned();
    }
    let magnitude = value.abs();
    let sign = if value < 0.0 { "-" } else { "" };
    match magnitude {
        0.0 => "0".to_owned(),
        _ if !(1e-3..1e9).contains(&magnitude) => format!("{value:.1e}"),
        _ if magnitude < 0.1 => trimmed(format!("{value:.4}")),
        _ if magnitude < 10.0 => trimmed(format!("{value:.3}")),
        _ if magnitude < 100.0 => trimmed(format!("{value:.1}")),
        _ => format!("{sign}{}", grouped(magnitude.round() as u64)),
    }
}

/// A share in per cent: `91.2 %`.
pub fn percent_text(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", share * 100.0) } else { short_number(share) }
}

/// Seconds as a clock shows them: `0:13`, `1:02:03`.
pub fn duration_text(seconds: f64) -> String {
    let whole = if seconds.is_finite() { seconds.max(0.0).round() as u64 } else { 0 };
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// What a metric is called on screen.
pub fn metric_label(key: &str) -> &str {
    match key {
        "loss" => "Loss",
        "rmse" => "RMSE",
        "mae" => "MAE",
        "r2" => "R²",
        "accuracy" => "Accuracy",
        "macro_f1" => "Macro F1",
        "balanced_accuracy" => "Balanced accuracy",
        "roc_auc" => "ROC AUC",
        other => other,
    }
}

/// Whether a metric is a share of rows, told in per cent.
pub fn is_share(key: &str) -> bool {
    matches!(key, "accuracy" | "balanced_accuracy")
}

/// A metric's value: shares of rows in per cent, all else as a number.
pub fn metric_text(key: &str, value: f64) -> String {
    if is_share(key) { percent_text(value) } else { short_number(value) }
}

/// A count with its noun: `1 epoch`, `5 epochs`.
pub fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_or_four_digits_that_matter() {
        let cases = [
            (0.0, "0"),
            (0.423, "0.423"),
            (0.40404, "0.404"),
            (0.5, "0.5"),
            (0.01234567, "0.0123"),
            (13.44, "13.4"),
            (1360.4, "1,360"),
            (-1360.4, "-1,360"),
            (2.13e-7, "2.1e-7"),
            (f64::NAN, "not a number"),
        ];
        for (value, expected) in cases {
            assert_eq!(short_number(value), expected);
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(
            [grouped(0), grouped(999), grouped(1000), grouped(77_825), grouped(1_234_567)],
            ["0", "999", "1,000", "77,825", "1,234,567"]
        );
    }

    #[test]
    fn time_reads_like_a_clock() {
        assert_eq!(
            [duration_text(12.6), duration_text(61.0), duration_text(3723.0), duration_text(f64::NAN)],
            ["0:13", "1:01", "1:02:03", "0:00"]
        );
    }
}
