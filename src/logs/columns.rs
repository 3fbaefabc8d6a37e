//! Which column means what: guessed from the names, or chosen.

use std::collections::BTreeMap;

use strum::{EnumMessage, EnumString, IntoEnumIterator as _, IntoStaticStr};

use super::error::LogError;
use super::names::{Tokens, score};
use crate::spec::nearest_name;

/// What a column can mean.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumIter,
    strum::EnumCount,
    EnumMessage,
    EnumString,
    IntoStaticStr,
)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    #[strum(message = "epoch")]
    Epoch,
    #[strum(message = "step")]
    Step,
    #[strum(message = "training loss")]
    TrainLoss,
    #[strum(message = "validation loss")]
    ValidationLoss,
    #[strum(message = "training accuracy")]
    TrainAccuracy,
    #[strum(message = "validation accuracy")]
    ValidationAccuracy,
    #[strum(message = "learning rate")]
    LearningRate,
    #[strum(message = "gradient norm")]
    GradientNorm,
}

impl Role {
    /// Its name on screen.
    pub fn label(self) -> &'static str {
        self.get_message().unwrap_or_default()
    }

    /// How it is written in a choice, such as `train_loss`.
    pub fn key(self) -> &'static str {
        self.into()
    }
}

/// A column for each role: as chosen, or as taken. An empty name leaves the role out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Columns(BTreeMap<Role, String>);

impl Columns {
    pub fn name(&self, role: Role) -> Option<&str> {
        self.0.get(&role).map(String::as_str)
    }

    pub fn set(&mut self, role: Role, name: &str) {
        self.0.insert(role, name.to_owned());
    }

    /// Reads a choice such as `train_loss=Loss/train`; `validation_loss=` takes no column for it.
    ///
    /// # Errors
    /// When it has no `=`, or names no role.
    pub fn read(&mut self, text: &str) -> Result<(), LogError> {
        let bad = || {
            let roles: Vec<_> = Role::iter().map(Role::key).collect();
            LogError::BadChoice { text: text.to_owned(), roles: roles.join(", ") }
        };
        let (role, name) = text.split_once('=').ok_or_else(bad)?;
        let role = role.trim().parse().map_err(|_| bad())?;
        self.set(role, name.trim());
        Ok(())
    }

    /// The same columns, none of them guessed, but for the one of a role. An empty name leaves the role out.
    pub fn with(&self, role: Role, name: &str) -> Self {
        let mut choice = Self::default();
        for it in Role::iter() {
            choice.set(it, if it == role { name } else { self.name(it).unwrap_or_default() });
        }
        choice
    }

    /// Every role that has a column, with its name.
    pub fn iter(&self) -> impl Iterator<Item = (Role, &str)> {
        self.0.iter().map(|(role, name)| (*role, name.as_str())).filter(|(_, name)| !name.is_empty())
    }
}

/// The columns of one log, by index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Picked(BTreeMap<Role, usize>);

impl Picked {
    pub(super) fn index(&self, role: Role) -> Option<usize> {
        self.0.get(&role).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Role, usize)> {
        self.0.iter().map(|(role, idx)| (*role, *idx))
    }

    /// The names taken, and those that were not.
    pub(super) fn told(&self, names: &[String]) -> (Columns, Vec<String>) {
        let taken = Columns(self.iter().filter_map(|(role, idx)| Some((role, names.get(idx)?.clone()))).collect());
        let is_free = |idx: &usize| !self.0.values().any(|it| it == idx);
        let ignored = (0..names.len()).filter(is_free).filter_map(|idx| names.get(idx).cloned());
        (taken, ignored.filter(|it| !it.is_empty()).collect())
    }
}

/// Picks a column for each role: the chosen one, otherwise the one whose name fits best.
///
/// # Errors
/// When a chosen name is not there, or neither loss is found.
pub(super) fn pick(names: &[String], choice: &Columns, place: &str) -> Result<Picked, LogError> {
    let tokens: Vec<Tokens> = names.iter().map(|it| Tokens::of(it)).collect();
    let mut picked = BTreeMap::new();
    for role in Role::iter() {
        let found = match choice.name(role) {
            Some("") => None,
            Some(name) => Some(chosen(names, role, name, place)?),
            // A validation loss of the same kind as the training loss is worth more than another.
            None => best(&tokens, role, picked.get(&Role::TrainLoss).and_then(|it: &usize| tokens.get(*it))),
        };
        picked.extend(found.map(|idx| (role, idx)));
    }
    if !picked.contains_key(&Role::TrainLoss) && !picked.contains_key(&Role::ValidationLoss) {
        return Err(LogError::NoLoss { names: names.to_vec(), place: place.to_owned() });
    }
    Ok(Picked(picked))
}

fn chosen(names: &[String], role: Role, name: &str, place: &str) -> Result<usize, LogError> {
    let exact = names.iter().position(|it| it == name);
    exact.or_else(|| names.iter().position(|it| it.eq_ignore_ascii_case(name))).ok_or_else(|| LogError::NoColumn {
        name: name.to_owned(),
        role: role.label(),
        nearest: nearest_name(name, names.iter().take(1000).map(String::as_str)).unwrap_or_default().to_owned(),
        place: place.to_owned(),
    })
}

fn best(tokens: &[Tokens], role: Role, train: Option<&Tokens>) -> Option<usize> {
    let mut found: Option<(i32, usize)> = None;
    for (idx, it) in tokens.iter().enumerate() {
        let Some(mut points) = score(role, it) else { continue };
        if role == Role::ValidationLoss && train.is_some_and(|train| train.kind() == it.kind()) {
            points += 3;
        }
        if found.is_none_or(|(most, _)| points > most) {
            found = Some((points, idx));
        }
    }
    found.map(|(_, idx)| idx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &str, expected: &[(Role, &str)]) {
        let names: Vec<String> = names.split(' ').map(str::to_owned).collect();
        let picked = pick(&names, &Columns::default(), "log").unwrap();
        let (taken, _) = picked.told(&names);
        assert_eq!(taken.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn the_names_that_loggers_write_are_understood() {
        use Role::{
            Epoch, GradientNorm, LearningRate, Step, TrainAccuracy, TrainLoss, ValidationAccuracy, ValidationLoss,
        };
        check(
            "epoch accuracy learning_rate loss val_accuracy val_loss",
            &[
                (Epoch, "epoch"),
                (TrainLoss, "loss"),
                (ValidationLoss, "val_loss"),
                (TrainAccuracy, "accuracy"),
                (ValidationAccuracy, "val_accuracy"),
                (LearningRate, "learning_rate"),
            ],
        );
        check(
            "epoch lr-Adam step train_loss_step train_loss_epoch val_acc val_loss",
            &[
                (Epoch, "epoch"),
                (Step, "step"),
                (TrainLoss, "train_loss_epoch"),
                (ValidationLoss, "val_loss"),
                (ValidationAccuracy, "val_acc"),
                (LearningRate, "lr-Adam"),
            ],
        );
        check(
            "epoch grad_norm learning_rate loss step eval_loss eval_accuracy eval_runtime",
            &[
                (Epoch, "epoch"),
                (Step, "step"),
                (TrainLoss, "loss"),
                (ValidationLoss, "eval_loss"),
                (ValidationAccuracy, "eval_accuracy"),
                (LearningRate, "learning_rate"),
                (GradientNorm, "grad_norm"),
            ],
        );
        check("Loss/train Loss/val", &[(TrainLoss, "Loss/train"), (ValidationLoss, "Loss/val")]);
        check("trainLoss validLoss", &[(TrainLoss, "trainLoss"), (ValidationLoss, "validLoss")]);
        check(
            "train/batch_loss train/epoch_loss validation/evaluation_loss_vs_iterations validation/epoch_loss",
            &[(TrainLoss, "train/epoch_loss"), (ValidationLoss, "validation/epoch_loss")],
        );
        check(
            "train/box_loss train/cls_loss val/cls_loss val/box_loss best_val_loss",
            &[(TrainLoss, "train/box_loss"), (ValidationLoss, "val/box_loss")],
        );
        check("train_loss test_loss", &[(TrainLoss, "train_loss"), (ValidationLoss, "test_loss")]);
        check("train_loss test_loss val_loss", &[(TrainLoss, "train_loss"), (ValidationLoss, "val_loss")]);
    }

    #[test]
    fn a_choice_overrides_the_guess_and_an_empty_one_takes_nothing() {
        let names = ["loss", "mse", "val_loss"].map(str::to_owned);
        let mut choice = Columns::default();
        choice.read("train_loss=MSE").unwrap();
        choice.read("validation_loss=").unwrap();
        let picked = pick(&names, &choice, "log").unwrap();
        assert_eq!((picked.index(Role::TrainLoss), picked.index(Role::ValidationLoss)), (Some(1), None));
        let refused = choice.read("loss=mse").unwrap_err().to_string();
        assert!(refused.contains("train_loss, validation_loss"), "{refused}");
        choice.read("learning_rate=rate").unwrap();
        let refused = pick(&names, &choice, "log").unwrap_err().to_string();
        assert_eq!(refused, r#"there is no column "rate" for the learning rate; the nearest is "mse": log"#);
    }

    #[test]
    fn without_a_loss_the_columns_that_are_there_are_named() {
        let names = ["epoch", "speed"].map(str::to_owned);
        let refused = pick(&names, &Columns::default(), "log.csv").unwrap_err().to_string();
        assert!(refused.contains("there are epoch, speed; choose one"), "{refused}");
    }
}
