//! The finding that its card and the curves show together: the one under the pointer or with the keyboard.

/// Which finding is lit, by its rule. Whoever is pointed at says so in each frame; it shows in the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spotlight {
    lit: Option<String>,
    next: Option<String>,
    raised: Option<String>,
}

impl Spotlight {
    /// Rule of the finding that is lit now.
    pub fn lit(&self) -> Option<&str> {
        self.lit.as_deref()
    }

    /// The pointer is on it.
    pub fn point_at(&mut self, rule: &str) {
        self.next = Some(rule.to_owned());
    }

    /// The keyboard is on it; the pointer goes before.
    pub fn focus_on(&mut self, rule: &str) {
        self.next.get_or_insert_with(|| rule.to_owned());
    }

    /// Asks for its card to come into sight.
    pub fn raise(&mut self, rule: &str) {
        self.raised = Some(rule.to_owned());
    }

    /// Whether a card shall come into sight.
    pub fn has_raised(&self) -> bool {
        self.raised.is_some()
    }

    /// The card that shall come into sight, once.
    pub fn take_raised(&mut self) -> Option<String> {
        self.raised.take()
    }

    /// Ends a frame. Returns whether the next one looks different.
    pub fn turn(&mut self) -> bool {
        let next = self.next.take();
        let is_new = self.lit != next || self.raised.is_some();
        self.lit = next;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pointer_goes_before_the_keyboard_and_nothing_stays_lit_by_itself() {
        let mut spotlight = Spotlight::default();
        spotlight.focus_on("plateau");
        spotlight.point_at("overfitting");
        spotlight.focus_on("plateau");
        assert!(spotlight.turn());
        assert_eq!(spotlight.lit(), Some("overfitting"));
        assert!(spotlight.turn(), "it goes out");
        assert_eq!(spotlight.lit(), None);
        assert!(!spotlight.turn(), "and stays out");
    }
}
