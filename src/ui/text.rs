//! Words as they stand on screen.

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use crate::run::text::{duration_text, grouped, metric_label, metric_text, percent_text, short_number};

pub(in crate::ui) use crate::run::text::counted;

/// A moment as a calendar and a clock show it: `2026-11-26 09:05`.
///
/// # Arguments
/// - is_here: by the clock of this machine's time zone; else in Coordinated Universal Time
pub(super) fn moment_text(time: std::time::SystemTime, is_here: bool) -> String {
    let zone = if is_here { TimeZone::system() } else { TimeZone::UTC };
    let moment = Timestamp::try_from(time).unwrap_or_default().to_zoned(zone);
    moment.strftime("%Y-%m-%d %H:%M").to_string()
}

/// A reason as a line on screen: a capital first, no full stop behind a single sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return String::new();
    };
    let text: String = first.to_uppercase().chain(chars).collect();
    if text.contains(". ") { text } else { text.trim_end_matches('.').to_owned() }
}

/// What a rule is called.
pub(in crate::ui) fn rule_label(rule: &str) -> String {
    crate::diagnose::RULES
        .iter()
        .find(|it| it.id == rule)
        .map_or_else(|| sentence(&rule.replace(['-', '_'], " ")), |it| it.label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_calendar_and_clock() {
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_795_684_530);
        assert_eq!(moment_text(time, false), "2026-11-26 09:15");
        assert_eq!(moment_text(std::time::UNIX_EPOCH, false), "1970-01-01 00:00");
    }

    #[test]
    fn one_sentence_has_no_full_stop_and_two_keep_theirs() {
        assert_eq!(sentence("mse measures distances."), "Mse measures distances");
        assert_eq!(sentence("One. Two."), "One. Two.");
        assert_eq!(counted(1, "epoch") + &counted(2, "epoch"), "1 epoch2 epochs");
    }
}
