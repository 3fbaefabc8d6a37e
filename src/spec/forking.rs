//! What may change where a run is forked, and why the rest may not.

use super::project::Project;

/// Why a setting cannot change where a run is forked; none where it can.
///
/// Whatever only shapes the steps to come may change: learning rate, schedule, batch size, clipping, dropout, the
/// optimizer and its knobs, epochs, early stopping. Another kind of optimizer begins with an empty memory.
pub fn fork_refusal(key: &str) -> Option<&'static str> {
    let head = key.split('.').next().unwrap_or(key);
    match (head, key) {
        (_, "model.dropout") => None,
        ("data" | "split", _) => Some("both futures must learn from the same rows"),
        ("model", _) => Some("the weights of the parent fit its own network only"),
        ("loss", _) => Some("the curve would measure something else from there on"),
        (_, "seed") => Some("it dealt the rows and the first weights"),
        _ => None,
    }
}

impl Project {
    /// Whether a run that stood at `parent` may go on as `self`.
    ///
    /// # Errors
    /// In one line, naming the first setting that may not change where a run is forked, and why.
    pub fn check_fork_of(&self, parent: &Self) -> Result<(), String> {
        let gone = parent.changes_from(self).into_iter().map(|(key, _)| key);
        let changed = self.changes_from(parent).into_iter().map(|(key, _)| key).chain(gone);
        let refused = changed.into_iter().find_map(|key| fork_refusal(key).map(|why| (key, why)));
        refused.map_or(Ok(()), |(key, why)| {
            Err(format!("{key} cannot change where a run is forked: {why}; train a new run for that"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fork(settings: &[&str]) -> Result<(), String> {
        let mut project = Project::default();
        for setting in settings {
            project.set(setting).unwrap();
        }
        project.check_fork_of(&Project::default())
    }

    #[test]
    fn what_shapes_the_steps_to_come_may_change() {
        for setting in [
            "learning_rate=0.1",
            "batch_size=all",
            "clip_norm=1",
            "schedule=cosine",
            "optimizer=lion",
            "optimizer.weight_decay=0.1",
            "model.dropout=0.5",
            "epochs=500",
            "stopping=off",
            "stopping.monitor=train_loss",
            "training.shuffle=off",
            "checkpoint.epochs=1",
            "device=cpu",
            "pace=5",
        ] {
            assert_eq!(fork(&[setting]), Ok(()), "{setting}");
        }
    }

    #[test]
    fn what_the_past_was_made_with_may_not_and_is_named_with_its_reason() {
        for (setting, why) in [
            ("data=moons", "same rows"),
            ("split.validation=0.3", "same rows"),
            ("split.seed=7", "same rows"),
            ("model=linear", "fit its own network"),
            ("model.hidden=[8]", "fit its own network"),
            ("model.batch_norm=on", "fit its own network"),
            ("loss=mse", "measure something else"),
            ("seed=2", "dealt the rows"),
        ] {
            let refused = fork(&["learning_rate=0.1", setting]).unwrap_err();
            let key = setting.split('=').next().unwrap_or_default();
            assert!(refused.starts_with(key) && refused.contains(why), "{setting}: {refused}");
        }
    }
}
