//! What a column's name says about it.

use super::columns::Role;

/// A column's name, cut into lower-case words.
pub(super) struct Tokens(Vec<String>);

/// The rows a value was measured on, by the last word that says so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Split {
    Train,
    Validation,
    Test,
}

const TRAIN: &[&str] = &["train", "training", "tr", "fit"];
const VALIDATION: &[&str] = &["val", "valid", "validation", "validate", "eval", "evaluation", "dev"];
const TEST: &[&str] = &["test", "testing", "holdout"];
const LOSS: &[&str] = &["loss", "losses", "cost", "nll", "logloss", "crossentropy", "objective", "criterion"];
const ACCURACY: &[&str] = &["acc", "accuracy"];
/// Words that name a single step's value and not an epoch's.
const BY_STEP: &[&str] = &["step", "batch", "iter", "iteration", "iterations", "minibatch", "running", "smooth"];
/// Words that change nothing.
const IDLE: &[&str] =
    &["epoch", "total", "avg", "average", "mean", "sparse", "categorical", "binary", "top1", "overall", "curve"];
/// Words that make something else of a loss, an accuracy or a rate.
const ANOTHER: &[&str] = &[
    "best", "min", "max", "std", "scale", "weight", "momentum", "decay", "time", "runtime", "top", "top5", "k",
    "balanced", "patience", "ema",
];

impl Tokens {
    pub(super) fn of(name: &str) -> Self {
        let mut words = Vec::new();
        let mut word = String::new();
        let mut was_lower = false;
        // Names of this length are none; a damaged file may hold one.
        for letter in name.chars().take(400) {
            let ends = !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower);
            if ends && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            if letter.is_alphanumeric() {
                word.extend(letter.to_lowercase());
            }
            was_lower = letter.is_lowercase();
        }
        words.push(word);
        words.retain(|it| !it.is_empty());
        Self(words.into_iter().flat_map(|it| apart(&it)).collect())
    }

    fn has(&self, any: &[&str]) -> bool {
        self.0.iter().any(|it| any.contains(&it.as_str()))
    }

    fn split(&self) -> Option<Split> {
        self.0.iter().rev().find_map(|it| split_of(it))
    }

    /// What is left of the name without split and idle words: two losses of one kind share it.
    pub(super) fn kind(&self) -> Vec<&str> {
        let idle = |it: &&str| split_of(it).is_none() && !IDLE.contains(it) && !BY_STEP.contains(it);
        self.0.iter().map(String::as_str).filter(idle).collect()
    }

    /// Whether it names a split, as the folders of a run's event files do.
    pub(super) fn names_split(&self) -> bool {
        self.split().is_some()
    }

    /// Whether the value is one of a whole epoch, as Keras' tags for TensorBoard say.
    pub(super) fn is_by_epoch(&self) -> bool {
        self.has(&["epoch"])
    }

    /// Whether it is measured for classes only; binary where it says so.
    pub(super) fn task(&self) -> Option<&'static str> {
        let is_class = self.has(ACCURACY) || self.has(&["f1", "auc", "precision", "recall"]);
        is_class.then(|| if self.has(&["binary"]) { "binary" } else { "classes" })
    }
}

/// Parts words that were written together, such as `valloss`.
fn apart(word: &str) -> Vec<String> {
    for split in ["train", "valid", "val", "test"] {
        if let Some(rest) = word.strip_prefix(split)
            && (LOSS.contains(&rest) || ACCURACY.contains(&rest))
        {
            return vec![split.to_owned(), rest.to_owned()];
        }
    }
    vec![word.to_owned()]
}

fn split_of(word: &str) -> Option<Split> {
    [(TRAIN, Split::Train), (VALIDATION, Split::Validation), (TEST, Split::Test)]
        .into_iter()
        .find_map(|(words, split)| words.contains(&word).then_some(split))
}

/// How well a name fits a role; none where it does not. Among several columns the highest is taken.
pub(super) fn score(role: Role, tokens: &Tokens) -> Option<i32> {
    match role {
        Role::Epoch => counter(tokens, &["epoch", "epochs", "ep"]),
        Role::Step => counter(tokens, &["step", "steps", "iteration", "iterations", "iter", "update", "updates"]),
        Role::TrainLoss => measure(tokens, loss_words(tokens)?, Split::Train),
        Role::ValidationLoss => measure(tokens, loss_words(tokens)?, Split::Validation),
        Role::TrainAccuracy => measure(tokens, ACCURACY, Split::Train),
        Role::ValidationAccuracy => measure(tokens, ACCURACY, Split::Validation),
        Role::LearningRate => {
            let is_rate = tokens.has(&["lr"]) || (tokens.has(&["learning"]) && tokens.has(&["rate"]));
            let points = 100 - 5 * extras(tokens, &["lr", "learning", "rate"]);
            (is_rate && !tokens.has(ANOTHER)).then_some(points)
        }
        Role::GradientNorm => {
            let is_norm =
                tokens.has(&["gradnorm"]) || (tokens.has(&["grad", "gradient", "gradients"]) && tokens.has(&["norm"]));
            // Norms of single layers are many, and none of them is the whole network's.
            let rest = extras(tokens, &["grad", "gradient", "gradients", "norm", "gradnorm", "2", "0", "l2", "global"]);
            (is_norm && rest == 0 && !tokens.has(ANOTHER)).then_some(100)
        }
    }
}

fn loss_words(tokens: &Tokens) -> Option<&'static [&'static str]> {
    if tokens.has(LOSS) {
        return Some(LOSS);
    }
    tokens.has(&["mse"]).then_some(&["mse"])
}

fn measure(tokens: &Tokens, words: &[&str], wanted: Split) -> Option<i32> {
    if !tokens.has(words) || tokens.has(ANOTHER) {
        return None;
    }
    let split = match (wanted, tokens.split()) {
        (Split::Train, Some(Split::Train)) | (Split::Validation, Some(Split::Validation)) => 0,
        // Keras calls the training loss `loss`.
        (Split::Train, None) => 20,
        // Who logs a test loss beside each epoch validates with it.
        (Split::Validation, Some(Split::Test)) => 40,
        (Split::Train, Some(_)) | (Split::Validation | Split::Test, _) => return None,
    };
    let by_step = if tokens.has(BY_STEP) { 15 } else { 0 };
    let second_choice = if words == ["mse"] { 50 } else { 0 };
    let by_epoch = if tokens.is_by_epoch() { 2 } else { 0 };
    Some(100 - split - by_step - second_choice + by_epoch - 5 * extras(tokens, words))
}

/// Words that are neither expected nor idle.
fn extras(tokens: &Tokens, expected: &[&str]) -> i32 {
    tokens.kind().iter().filter(|it| !expected.contains(it)).count() as i32
}

fn counter(tokens: &Tokens, words: &[&str]) -> Option<i32> {
    let around = ["trainer", "train", "global", "current", "number", "no", "idx", "index"];
    let fits = |it: &String| words.contains(&it.as_str()) || around.contains(&it.as_str());
    let is_counter = tokens.has(words) && tokens.0.iter().all(fits);
    is_counter.then(|| 100 - tokens.0.len() as i32)
}
