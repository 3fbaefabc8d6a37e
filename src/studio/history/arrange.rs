//! Which runs a list shows, and in which order.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strum::EnumIter;

use crate::session::{Glance, RunState, Told};

/// What a list of runs tells of each, in the order of its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, Serialize, Deserialize)]
pub enum Column {
    Star,
    Name,
    /// The leading metric on the validation rows, the better first.
    Result,
    Test,
    /// How it stands.
    State,
    Epochs,
    Seconds,
    When,
    Project,
    Device,
    Tags,
    Note,
}

/// What is asked of a list of runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Query {
    /// Words that all must occur in what a run tells of itself, in any order.
    pub text: String,
    /// Title of the project, how it stands, a tag; each none for all.
    pub project: Option<String>,
    pub state: Option<String>,
    pub tag: Option<String>,
    pub only_starred: bool,
    pub archived: Archived,
    pub sort: Column,
    pub is_descending: bool,
}

/// What becomes of archived runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Archived {
    #[default]
    Hidden,
    Shown,
    Only,
}

/// All that one may filter by, each in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    pub projects: BTreeSet<String>,
    pub states: BTreeSet<String>,
    pub tags: BTreeSet<String>,
    pub n_archived: usize,
}

impl Default for Query {
    /// All but the archived, the newest first.
    fn default() -> Self {
        Self {
            text: String::new(),
            project: None,
            state: None,
            tag: None,
            only_starred: false,
            archived: Archived::Hidden,
            sort: Column::When,
            is_descending: true,
        }
    }
}

impl Query {
    /// Whether it leaves out more than archived runs.
    pub fn is_filtering(&self) -> bool {
        let Self { text, project, state, tag, only_starred, archived, .. } = self;
        !text.trim().is_empty()
            || project.is_some()
            || state.is_some()
            || tag.is_some()
            || *only_starred
            || *archived != Archived::Hidden
    }

    /// Sorts by a column: anew in its usual direction, the other way round where it was already.
    pub fn sort_by(&mut self, column: Column) {
        self.is_descending = if self.sort == column {
            !self.is_descending
        } else {
            matches!(column, Column::Star | Column::When | Column::Epochs | Column::Seconds)
        };
        self.sort = column;
    }

    /// Places of the runs that are asked for, in order. What has no value in the column comes last either way.
    pub fn arrange(&self, runs: &[Arc<Glance>]) -> Vec<usize> {
        let words: Vec<String> = self.text.split_whitespace().map(str::to_lowercase).collect();
        let mut rows: Vec<(usize, Option<Key>, Key)> = runs
            .iter()
            .enumerate()
            .filter(|(_, it)| self.admits(it, &words))
            .map(|(idx, it)| (idx, key(it, self.sort), natural(it.name())))
            .collect();
        rows.sort_by(|(a, a_key, a_name), (b, b_key, b_name)| {
            let by_key = match (a_key, b_key) {
                (Some(a), Some(b)) if self.is_descending => b.order(a),
                (Some(a), Some(b)) => a.order(b),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => Ordering::Equal,
            };
            by_key.then_with(|| a_name.order(b_name)).then(a.cmp(b))
        });
        rows.into_iter().map(|it| it.0).collect()
    }

    fn admits(&self, run: &Glance, words: &[String]) -> bool {
        let marks = &run.marks;
        let is_right = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|it| it == own);
        let is_there = match self.archived {
            Archived::Hidden => !marks.is_archived,
            Archived::Shown => true,
            Archived::Only => marks.is_archived,
        };
        is_there
            && (!self.only_starred || marks.is_starred)
            && self.tag.as_ref().is_none_or(|it| marks.tags.contains(it))
            && is_right(&self.state, state_label(run))
            && self.project.as_deref().is_none_or(|it| run.told.as_ref().is_ok_and(|told| told.title == it))
            && (words.is_empty() || has_words(run, words))
    }
}

impl Facets {
    pub fn of(runs: &[Arc<Glance>]) -> Self {
        let mut facets = Self::default();
        for run in runs {
            facets.states.insert(state_label(run).to_owned());
            facets.tags.extend(run.marks.tags.iter().cloned());
            facets.n_archived += usize::from(run.marks.is_archived);
            if let Ok(told) = &run.told {
                facets.projects.insert(told.title.clone());
            }
        }
        facets
    }
}

/// How a run stands, in a word.
pub fn state_label(run: &Glance) -> &'static str {
    match run.told.as_ref().map(|it| it.state) {
        Ok(RunState::Training) => "training",
        Ok(RunState::Interrupted) => "interrupted",
        Ok(RunState::Ended(reason)) => reason.label(),
        Err(_) => "damaged",
    }
}

/// The leading metric on the test rows.
pub fn test_metric(told: &Told) -> Option<f64> {
    told.test.get(told.metric).copied()
}

fn has_words(run: &Glance, words: &[String]) -> bool {
    words.iter().all(|it| run.words.contains(it.as_str()) || state_label(run).contains(it.as_str()))
}

/// What a column is sorted by.
enum Key {
    Number(f64),
    /// Words, and the number they end with: `cars-2` stands before `cars-10`.
    Words(String, u64),
    /// Values of one metric stand together, the better first.
    Metric(&'static str, f64),
}

impl Key {
    fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Words(a, n), Self::Words(b, m)) => a.cmp(b).then(n.cmp(m)),
            (Self::Metric(a, x), Self::Metric(b, y)) => a.cmp(b).then(x.total_cmp(y)),
            _ => Ordering::Equal,
        }
    }
}

fn natural(text: &str) -> Key {
    let text = text.to_lowercase();
    let words = text.trim_end_matches(|it: char| it.is_ascii_digit());
    let number = text[words.len()..].parse().unwrap_or_default();
    Key::Words(words.to_owned(), number)
}

fn key(run: &Glance, column: Column) -> Option<Key> {
    let told = run.told.as_ref().ok();
    let number = |it: Option<f64>| it.filter(|it| it.is_finite()).map(Key::Number);
    let words = |it: &str| (!it.is_empty()).then(|| natural(it));
    let metric = |told: &Told, value: f64| {
        // The larger the accuracy, the smaller the error: the better.
        let value = if told.metric == "accuracy" { -value } else { value };
        value.is_finite().then_some(Key::Metric(told.metric, value))
    };
    match column {
        Column::Star => Some(Key::Number(f64::from(u8::from(run.marks.is_starred)))),
        Column::Name => Some(natural(run.name())),
        Column::Result => told.and_then(|it| metric(it, it.best_metric?)),
        Column::Test => told.and_then(|it| metric(it, test_metric(it)?)),
        Column::State => words(state_label(run)),
        Column::Epochs => number(told.map(|it| it.epochs as f64)),
        Column::Seconds => number(told.map(|it| it.seconds)),
        Column::When => number(run.when.map(|it| since_1970(it).as_secs_f64())),
        Column::Project => told.and_then(|it| words(&it.title)),
        Column::Device => told.and_then(|it| words(&it.device)),
        Column::Tags => words(&run.marks.tags.join(" ")),
        Column::Note => words(&run.marks.note),
    }
}

fn since_1970(time: std::time::SystemTime) -> std::time::Duration {
    time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}
