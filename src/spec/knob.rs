//! Knobs: a choice describes itself once, and form, command line, validation and tuner read it.

use std::fmt::Write as _;

use strum::{EnumMessage, IntoEnumIterator};
use thiserror::Error;

/// Something the user may turn: what it is called, what it may be, and what turning it does.
///
/// It borrows the value in place, so that form, command line and tuner all edit the project itself.
pub struct Knob<'a> {
    /// Stable name in flags and events, such as `optimizer.beta_1`.
    pub key: &'static str,
    /// Name on screen, in sentence case.
    pub label: &'static str,
    /// One or two plain sentences for the tooltip.
    pub help: &'static str,
    /// The borrowed value with its allowed range.
    pub value: Value<'a>,
    /// Whether it may be turned while a run is training.
    pub live: bool,
}

/// A borrowed value and what it may be.
pub enum Value<'a> {
    /// Any number within a range.
    Real { at: &'a mut f64, range: Range, scale: Scale },
    /// A whole number within a range.
    Count { at: &'a mut u64, range: Range, scale: Scale },
    /// On or off.
    Flag { at: &'a mut bool },
    /// One of a few named options; choosing one resets the knobs that belong to it.
    Choice { at: &'a mut dyn Choice },
    /// A number, or a word for its absence, such as `off`.
    MaybeReal { at: &'a mut Option<f64>, range: Range, scale: Scale, none: &'static str, usual: f64 },
    /// A whole number, or a word for its absence, such as `all`.
    MaybeCount { at: &'a mut Option<u64>, range: Range, scale: Scale, none: &'static str, usual: u64 },
    /// A list of whole numbers, such as `[64,64]`; each within the range.
    Counts { at: &'a mut Vec<u64>, range: Range, longest: usize },
    /// A list of names, such as `[Id,Model]`.
    Names { at: &'a mut Vec<String> },
    /// A name, or nothing for "found by itself".
    Name { at: &'a mut Option<String> },
    /// Anything else that reads itself from text.
    Text { at: &'a mut dyn TextValue },
}

/// Closed range of numbers, or open at its lower end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub min: f64,
    pub max: f64,
    /// Whether `min` itself is left out, as for a learning rate, which must be above 0.
    pub above_min: bool,
}

/// How a slider spreads its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    /// Equal distances are equal factors. Where the range begins at 0, exactly 0 is the far left.
    Log,
}

/// A value with named options. Implemented for every enum that derives strum's traits.
pub trait Choice {
    /// Every option in menu order.
    fn options(&self) -> Vec<ChoiceOption>;
    /// Name of the option now chosen.
    fn current(&self) -> &'static str;
    /// Chooses by name and resets what belongs to it. False where the name is unknown.
    fn choose(&mut self, id: &str) -> bool;
}

/// One option of a [`Choice`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    pub id: &'static str,
    pub label: &'static str,
    pub help: &'static str,
}

/// A value that reads itself from text and writes itself back.
pub trait TextValue {
    fn text(&self) -> String;
    /// Errors say what would be valid, without the key.
    fn read(&mut self, text: &str) -> Result<(), String>;
    /// Ready-made values for a menu: text and help.
    fn suggestions(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Why a setting was refused. One line: what, where, and the nearest valid one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KnobError {
    #[error("there is no setting called {key:?}; the nearest is {nearest:?}")]
    UnknownKey { key: String, nearest: String },
    #[error("{key} is {value:?}, {problem}")]
    BadValue { key: String, value: String, problem: String },
    #[error("{text:?} is not a setting; write KEY=VALUE, such as learning_rate=0.01")]
    NotASetting { text: String },
}

impl<T> Choice for T
where
    T: IntoEnumIterator + EnumMessage + Clone + Into<&'static str>,
{
    fn options(&self) -> Vec<ChoiceOption> {
        Self::iter()
            .map(|it| ChoiceOption {
                id: it.clone().into(),
                label: it.get_message().unwrap_or_default(),
                help: it.get_documentation().unwrap_or_default(),
            })
            .collect()
    }

    fn current(&self) -> &'static str {
        self.clone().into()
    }

    fn choose(&mut self, id: &str) -> bool {
        let found = Self::iter().find(|it| Into::<&'static str>::into(it.clone()) == id);
        found.map(|it| *self = it).is_some()
    }
}

impl Range {
    /// From `min` to `max`, both included.
    pub const fn new(min: f64, max: f64) -> Self {
        Self { min, max, above_min: false }
    }

    /// Above `min`, up to and with `max`.
    pub const fn above(min: f64, max: f64) -> Self {
        Self { min, max, above_min: true }
    }

    /// Whether the number is allowed. NaN never is.
    pub fn contains(&self, value: f64) -> bool {
        value <= self.max && if self.above_min { value > self.min } else { value >= self.min }
    }

    fn problem(&self, value: f64) -> String {
        let bounds = if self.above_min {
            format!("but must be above {} and at most {}", self.min, self.max)
        } else {
            format!("but must be between {} and {}", self.min, self.max)
        };
        match self.nearest(value) {
            Some(nearest) => format!("{bounds}; the nearest valid value is {nearest}"),
            None => bounds,
        }
    }

    fn nearest(&self, value: f64) -> Option<f64> {
        if value > self.max {
            Some(self.max)
        } else if value < self.min && !self.above_min {
            Some(self.min)
        } else {
            None
        }
    }
}

impl Knob<'_> {
    /// The value as `--set` would write it.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Real { at, .. } => number_text(**at),
            Value::Count { at, .. } => at.to_string(),
            Value::Flag { at } => on_off(**at).to_owned(),
            Value::Choice { at } => at.current().to_owned(),
            Value::MaybeReal { at, none, .. } => at.map_or_else(|| (*none).to_owned(), number_text),
            Value::MaybeCount { at, none, .. } => at.map_or_else(|| (*none).to_owned(), |it| it.to_string()),
            Value::Counts { at, .. } => list_text(at.iter()),
            Value::Names { at } => list_text(at.iter()),
            Value::Name { at } => at.as_deref().unwrap_or("auto").to_owned(),
            Value::Text { at } => at.text(),
        }
    }

    /// Reads the value from text, as `--set` gives it, and checks it against the range.
    pub fn read(&mut self, text: &str) -> Result<(), KnobError> {
        let text = text.trim();
        let refused =
            |problem: String| KnobError::BadValue { key: self.key.to_owned(), value: text.to_owned(), problem };
        match &mut self.value {
            Value::Real { at, range, .. } => **at = real(text, *range).map_err(refused)?,
            Value::Count { at, range, .. } => **at = count(text, *range).map_err(refused)?,
            Value::Flag { at } => **at = flag(text).map_err(refused)?,
            Value::Choice { at } => {
                if !at.choose(text) {
                    let ids: Vec<_> = at.options().iter().map(|it| it.id).collect();
                    let nearest = nearest_name(text, ids.iter().copied()).unwrap_or_default();
                    return Err(refused(format!("but must be one of {}; the nearest is {nearest}", ids.join(", "))));
                }
            }
            Value::MaybeReal { at, range, none, .. } => {
                **at = if is_none(text, none) { None } else { Some(real(text, *range).map_err(refused)?) };
            }
            Value::MaybeCount { at, range, none, .. } => {
                **at = if is_none(text, none) { None } else { Some(count(text, *range).map_err(refused)?) };
            }
            Value::Counts { at, range, longest } => {
                let items = list_items(text);
                if items.len() > *longest {
                    return Err(refused(format!("but may have at most {longest} entries")));
                }
                let read: Result<Vec<_>, _> = items.iter().map(|it| count(it, *range)).collect();
                **at = read.map_err(refused)?;
            }
            Value::Names { at } => **at = list_items(text),
            Value::Name { at } => **at = (text != "auto" && !text.is_empty()).then(|| text.to_owned()),
            Value::Text { at } => at.read(text).map_err(refused)?,
        }
        Ok(())
    }

    /// Whether the present value is allowed: projects are files, and files hold anything.
    pub fn check(&self) -> Result<(), KnobError> {
        let checked =
            |value: f64, range: &Range| if range.contains(value) { Ok(()) } else { Err(range.problem(value)) };
        let outcome = match &self.value {
            Value::Real { at, range, .. } => checked(**at, range),
            Value::Count { at, range, .. } => checked(**at as f64, range),
            Value::MaybeReal { at, range, .. } => at.map_or(Ok(()), |it| checked(it, range)),
            Value::MaybeCount { at, range, .. } => at.map_or(Ok(()), |it| checked(it as f64, range)),
            Value::Counts { at, range, longest } => {
                at.iter().try_for_each(|it| checked(*it as f64, range)).and_then(|()| {
                    if at.len() > *longest { Err(format!("but may have at most {longest} entries")) } else { Ok(()) }
                })
            }
            Value::Flag { .. }
            | Value::Choice { .. }
            | Value::Names { .. }
            | Value::Name { .. }
            | Value::Text { .. } => Ok(()),
        };
        outcome.map_err(|problem| KnobError::BadValue { key: self.key.to_owned(), value: self.text(), problem })
    }

    /// Marks it as one that may be turned while a run is training.
    pub fn live(mut self) -> Self {
        self.live = true;
        self
    }

    /// A number on a linear slider.
    pub fn real<'a>(
        key: &'static str,
        label: &'static str,
        at: &'a mut f64,
        range: Range,
        help: &'static str,
    ) -> Knob<'a> {
        Knob { key, label, help, value: Value::Real { at, range, scale: Scale::Linear }, live: false }
    }

    /// A number whose useful values span powers of ten, on a logarithmic slider.
    pub fn log<'a>(
        key: &'static str,
        label: &'static str,
        at: &'a mut f64,
        range: Range,
        help: &'static str,
    ) -> Knob<'a> {
        Knob { key, label, help, value: Value::Real { at, range, scale: Scale::Log }, live: false }
    }

    /// A whole number.
    pub fn count<'a>(
        key: &'static str,
        label: &'static str,
        at: &'a mut u64,
        range: Range,
        help: &'static str,
    ) -> Knob<'a> {
        let scale = if range.max > 100.0 * range.min.max(1.0) { Scale::Log } else { Scale::Linear };
        Knob { key, label, help, value: Value::Count { at, range, scale }, live: false }
    }

    /// A switch.
    pub fn flag<'a>(key: &'static str, label: &'static str, at: &'a mut bool, help: &'static str) -> Knob<'a> {
        Knob { key, label, help, value: Value::Flag { at }, live: false }
    }

    /// A choice among named options.
    pub fn choice<'a>(key: &'static str, label: &'static str, at: &'a mut dyn Choice, help: &'static str) -> Knob<'a> {
        Knob { key, label, help, value: Value::Choice { at }, live: false }
    }
}

/// The name nearest to a mistyped one, by edits; none in an empty list.
pub fn nearest_name<'a>(name: &str, among: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |it: &str| {
        let whole = strsim::damerau_levenshtein(name, it);
        // `lr` or `beta1` should find the key whose last part they resemble.
        let last = it.rsplit('.').next().map_or(usize::MAX, |part| strsim::damerau_levenshtein(name, part));
        whole.min(last.saturating_add(1))
    };
    among.min_by_key(|it| distance(it))
}

/// A number as people write it: `0.001`, `1e-8`, `3`.
pub fn number_text(value: f64) -> String {
    let magnitude = value.abs();
    if value != 0.0 && !(1e-4..1e7).contains(&magnitude) { format!("{value:e}") } else { format!("{value}") }
}

fn on_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

fn is_none(text: &str, none: &str) -> bool {
    text == none || text == "off" || text == "none"
}

fn flag(text: &str) -> Result<bool, String> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err("but must be on or off".to_owned()),
    }
}

fn real(text: &str, range: Range) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "but must be a number".to_owned())?;
    if range.contains(value) { Ok(value) } else { Err(range.problem(value)) }
}

fn count(text: &str, range: Range) -> Result<u64, String> {
    let value: f64 = text.parse().map_err(|_| "but must be a whole number".to_owned())?;
    if !range.contains(value) {
        return Err(range.problem(value));
    }
    if value.fract() != 0.0 {
        return Err(format!("but must be a whole number; the nearest is {}", value.round()));
    }
    // Seeds need all 64 bits, which a float has not.
    Ok(text.parse().unwrap_or(value as u64))
}

fn list_items(text: &str) -> Vec<String> {
    let inner = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let unquoted = |it: &str| it.trim().trim_matches('"').to_owned();
    inner.split(',').map(unquoted).filter(|it| !it.is_empty()).collect()
}

fn list_text<T: std::fmt::Display>(items: impl Iterator<Item = T>) -> String {
    let mut out = String::from("[");
    for (idx, item) in items.enumerate() {
        write!(out, "{}{item}", if idx > 0 { "," } else { "" }).ok();
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_learning_rate_of_zero_is_refused_with_its_bounds() {
        let mut rate = 0.1;
        let mut knob = Knob::log("learning_rate", "Learning rate", &mut rate, Range::above(0.0, 100.0), "");
        let refused = knob.read("0").unwrap_err().to_string();
        assert_eq!(refused, "learning_rate is \"0\", but must be above 0 and at most 100");
        let refused = knob.read("1e9").unwrap_err().to_string();
        assert!(refused.ends_with("the nearest valid value is 100"), "{refused}");
        assert!(knob.read("nan").is_err());
        assert_eq!(knob.text(), "0.1", "a refused value leaves the knob as it was");
    }

    #[test]
    fn lists_are_read_with_and_without_brackets_and_quotes() {
        let mut names = Vec::new();
        let mut knob =
            Knob { key: "data.exclude", label: "", help: "", value: Value::Names { at: &mut names }, live: false };
        knob.read("[\"Id\", Model]").unwrap();
        assert_eq!(knob.text(), "[Id,Model]");
    }

    #[test]
    fn the_nearest_name_forgives_a_missing_section() {
        let keys = ["optimizer.beta_1", "optimizer.momentum", "learning_rate"];
        assert_eq!(nearest_name("beta1", keys.into_iter()), Some("optimizer.beta_1"));
        assert_eq!(nearest_name("learning-rate", keys.into_iter()), Some("learning_rate"));
    }
}
