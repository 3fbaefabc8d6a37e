//! Which part of the split a row belongs to.

use std::sync::Arc;

use egui::{Color32, Ui};

use crate::studio::Loaded;
use crate::ui::meaning;
use crate::ui::theme::Theme;
use crate::ui::widgets::segmented_ui;

/// A part of the split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// Train and validation as their curves have it.
    pub(super) fn color(self, theme: &Theme) -> Color32 {
        match self {
            Self::Train => theme.train,
            Self::Validation => theme.validation,
            Self::Test => theme.good,
        }
    }
}

/// The part of every row of one data set, and the one that is looked at.
#[derive(Default)]
pub(super) struct Parts {
    of: Option<Arc<Loaded>>,
    /// None for rows that are in no part, since they have no target.
    by_row: Vec<Option<Part>>,
    /// None: all rows.
    wanted: Option<Part>,
}

impl Parts {
    /// Reads the split where there is a new one.
    pub(super) fn follow(&mut self, loaded: &Arc<Loaded>) {
        if self.of.as_ref().is_some_and(|it| Arc::ptr_eq(it, loaded)) {
            return;
        }
        self.by_row = by_row(loaded);
        self.of = Some(Arc::clone(loaded));
    }

    pub(super) fn of_row(&self, row: usize) -> Option<Part> {
        self.by_row.get(row).copied().flatten()
    }

    pub(super) fn wanted(&self) -> Option<Part> {
        self.wanted
    }

    /// Rows of the part that is looked at, ascending.
    pub(super) fn rows(&self, n_rows: usize) -> Vec<usize> {
        (0..n_rows).filter(|row| self.wanted.is_none() || self.of_row(*row) == self.wanted).collect()
    }

    /// All rows or those of one part. Nothing where the data cannot be split as it is chosen.
    pub(super) fn filter_ui(&mut self, ui: &mut Ui, loaded: &Loaded) {
        let Ok(prepared) = &loaded.prepared else {
            self.wanted = None;
            return;
        };
        let split = &prepared.split;
        let n_rows = loaded.dataset.n_rows;
        let help = |name: &str, n: usize, what: &str| meaning::split(name, what, n, n_rows).text();
        let helps = [
            help("All", n_rows, "in all"),
            help("Training", split.train.len(), "that the network learns from"),
            help(
                "Validation",
                split.validation.len(),
                "that tell while training how well it does on rows it has not learned",
            ),
            help("Test", split.test.len(), "that are kept for one measurement at the end"),
        ];
        let [all, train, validation, test] = helps.each_ref().map(String::as_str);
        let options = [
            (None, "All", all),
            (Some(Part::Train), "Train", train),
            (Some(Part::Validation), "Validation", validation),
            (Some(Part::Test), "Test", test),
        ];
        segmented_ui(ui, &mut self.wanted, &options);
    }
}

fn by_row(loaded: &Loaded) -> Vec<Option<Part>> {
    let mut parts = vec![None; loaded.dataset.n_rows];
    let Ok(prepared) = &loaded.prepared else { return parts };
    let split = &prepared.split;
    for (part, rows) in [(Part::Train, &split.train), (Part::Validation, &split.validation), (Part::Test, &split.test)]
    {
        for row in rows {
            if let Some(slot) = parts.get_mut(*row as usize) {
                *slot = Some(part);
            }
        }
    }
    parts
}
