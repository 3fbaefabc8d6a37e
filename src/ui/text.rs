//! Words as they stand on screen.

pub use crate::run::text::{duration_text, grouped, metric_label, metric_text, percent_text, short_number};

pub(in crate::ui) use crate::run::text::counted;

/// A moment as a calendar and a clock show it, in Coordinated Universal Time: `2026-11-26 09:05`.
pub(super) fn moment_text(time: std::time::SystemTime) -> String {
    let seconds = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let minutes = seconds / 60;
    let (days, minutes) = (minutes / 1440, minutes % 1440);
    format!("{} {:02}:{:02}", crate::data::date_text(days as f64), minutes / 60, minutes % 60)
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
    fn one_sentence_has_no_full_stop_and_two_keep_theirs() {
        assert_eq!(sentence("mse measures distances."), "Mse measures distances");
        assert_eq!(sentence("One. Two."), "One. Two.");
        assert_eq!(counted(1, "epoch") + &counted(2, "epoch"), "1 epoch2 epochs");
    }
}
