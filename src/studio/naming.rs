//! What runs are called: by what was changed, and by a folder that is not there yet.

use std::path::{Path, PathBuf};

use crate::session::is_in_trash;
use crate::spec::{Project, Section};

/// What differs from the run before, in words for a legend.
pub(super) fn change_words(now: &Project, before: &Project) -> String {
    let changes = now.changes_from(before);
    let word = |(key, text): &(&'static str, String)| {
        let label = now.clone().with_knob(key, |knob| knob.label.to_lowercase()).unwrap_or_else(|_| (*key).to_owned());
        let of_kind = Section::of_key(key).filter(|it| now.clone().kind_of(*it).is_some_and(|knob| knob.key == *key));
        if of_kind.is_some() { text.clone() } else { format!("{label} {text}") }
    };
    match changes.as_slice() {
        [] => "the same again".to_owned(),
        [one] => word(one),
        [one, two] => format!("{}, {}", word(one), word(two)),
        [one, rest @ ..] => format!("{} and {} more", word(one), rest.len()),
    }
}

/// The first of `folder/name-1`, `folder/name-2` … that is neither there nor in the trash, from which it may come back.
pub fn next_free(folder: &Path, name: &str) -> PathBuf {
    let plain: String = name.to_lowercase().chars().map(|it| if it.is_alphanumeric() { it } else { '-' }).collect();
    let plain = plain.split('-').filter(|it| !it.is_empty()).collect::<Vec<_>>().join("-");
    (1_u32..10_000)
        .map(|n| folder.join(format!("{plain}-{n}")))
        .find(|it| !it.exists() && !is_in_trash(it))
        .unwrap_or_else(|| folder.join(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_trash_is_not_given_again() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".trash/used-cars-2")).unwrap();
        std::fs::create_dir(folder.path().join("used-cars-1")).unwrap();
        assert_eq!(next_free(folder.path(), "Used cars"), folder.path().join("used-cars-3"));
    }

    #[test]
    fn a_legend_says_what_was_changed() {
        let before = Project::default();
        let mut now = before.clone();
        assert_eq!(change_words(&now, &before), "the same again");
        now.set("learning_rate=0.01").unwrap();
        assert_eq!(change_words(&now, &before), "learning rate 0.01");
        now.set("optimizer=lion").unwrap();
        assert!(change_words(&now, &before).contains("more"), "lion brings its own betas");
    }

    #[test]
    fn a_run_folder_is_named_plainly_and_never_twice() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("used-cars-1")).unwrap();
        assert_eq!(next_free(folder.path(), "Used cars!"), folder.path().join("used-cars-2"));
    }
}
