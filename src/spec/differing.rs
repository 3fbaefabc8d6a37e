//! In which settings several projects differ.

use super::project::Project;

/// A setting in which projects differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differing {
    pub key: &'static str,
    pub label: String,
    /// Of each project; none where its other choices leave no such setting.
    pub values: Vec<Option<String>>,
}

/// The settings in which projects differ, in the order of the form.
pub fn differing(projects: &[&Project]) -> Vec<Differing> {
    let settings: Vec<Vec<(&'static str, String)>> = projects.iter().map(|it| it.settings()).collect();
    let value = |of: usize, key: &str| settings[of].iter().find(|it| it.0 == key).map(|it| it.1.clone());
    let mut rows: Vec<Differing> = Vec::new();
    for (idx, own) in settings.iter().enumerate() {
        for (key, _) in own {
            if rows.iter().any(|it| it.key == *key) {
                continue;
            }
            let values = (0..projects.len()).map(|it| value(it, key)).collect();
            let label = projects[idx].clone().with_knob(key, |it| it.label.to_owned());
            rows.push(Differing { key, label: label.unwrap_or_else(|_| (*key).to_owned()), values });
        }
    }
    // A split that follows the seed differs with it, and is no choice of its own.
    let follows = projects.iter().all(|it| it.split.seed.is_none_or(|own| own == it.training.seed));
    rows.retain(|it| it.values.iter().any(|value| *value != it.values[0]) && !(follows && it.key == "split.seed"));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_settings_that_differ_are_told_each_by_its_own_name() {
        let one = Project::default();
        let mut other = one.clone();
        for setting in ["learning_rate=0.1", "optimizer=sgd", "optimizer.momentum=0.5", "seed=7"] {
            other.set(setting).unwrap();
        }
        (other.split.seed, other.name) = (Some(7), "another name".to_owned());
        let rows = differing(&[&one, &other]);
        let told = |key: &str| rows.iter().find(|it| it.key == key).map(|it| (it.label.as_str(), it.values.clone()));
        let both = |a: &str, b: &str| vec![Some(a.to_owned()), Some(b.to_owned())];
        assert_eq!(told("learning_rate"), Some(("Learning rate", both("0.001", "0.1"))));
        assert_eq!(told("optimizer.momentum").unwrap().1, [None, Some("0.5".to_owned())], "one has no momentum");
        assert!(told("seed").is_some() && told("split.seed").is_none() && told("batch_size").is_none(), "{rows:?}");
        assert!(differing(&[&one, &one.clone(), &one]).is_empty());
    }
}
