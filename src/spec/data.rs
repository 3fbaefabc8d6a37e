//! What to learn from: the data set, which column is the target, and how rows are split.

use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumMessage, EnumString, IntoEnumIterator as _, IntoStaticStr};

use super::knob::{Knob, Range, TextValue, Value, nearest_name};

/// Where rows come from and which of their columns are used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataSpec {
    pub source: Source,
    /// Column to predict. None: found by itself, or the images' folder name.
    pub target: Option<String>,
    pub task: TaskChoice,
    /// Columns left out of the inputs.
    pub exclude: Vec<String>,
    /// Numeric inputs and a regression target are scaled by the training rows' mean and population
    /// standard deviation.
    pub standardize: bool,
    pub text: TextEncoding,
    /// Most frequent words kept from text columns.
    pub vocabulary: u64,
    /// Share of rows whose target is replaced by chance: by another class, or by another row's number.
    pub label_noise: f64,
}

/// Where rows come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A data set that ships with the program, by its id.
    Builtin(String),
    /// Drawn from a formula.
    Generated(Recipe),
    /// A CSV file (also gzipped), or a folder or zip of images by class. Relative paths start at the project file.
    File(String),
}

/// A generated data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recipe {
    pub shape: Generator,
    /// Rows to draw.
    pub samples: u64,
    /// Standard deviation of the noise; what it is added to depends on the shape.
    pub noise: f64,
    pub seed: u64,
    /// What only the made-up table has.
    #[serde(skip_serializing_if = "Planted::is_none")]
    pub table: Planted,
}

/// How a made-up table looks, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Planted {
    /// Columns that say something about the class.
    pub features: u64,
    pub classes: u64,
    /// Rows of the first class for each row of any other.
    pub imbalance: f64,
    /// Whether one more column gives the class away.
    pub leak: bool,
    /// Share of rows that are copies of other rows.
    pub repeats: f64,
    /// How many times wider the last column is than the first; the columns between lie between.
    pub spread: f64,
    /// Whether rows come class by class, not by chance.
    pub sorted: bool,
}

/// The formulas a data set can be drawn from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Generator {
    /// Two half moons that reach into each other. A straight line cannot part them.
    #[strum(message = "Two moons")]
    Moons,
    /// A ring around a disc. Only the distance from the middle matters.
    #[strum(message = "Circles")]
    Circles,
    /// Two spiral arms wound around each other. Hard for small networks.
    #[strum(message = "Spirals")]
    Spirals,
    /// Four quarters, opposite ones alike. The classic that one layer cannot learn.
    #[strum(message = "XOR")]
    Xor,
    /// Three round clouds of points. The easy case.
    #[strum(message = "Gaussian blobs")]
    Blobs,
    /// One wave of a sine with noise. A regression on a single input.
    #[strum(message = "Sine regression")]
    Sine,
    /// Columns of numbers and a class that a hidden formula decides. Faults can be planted in it.
    #[strum(message = "Made-up table")]
    Table,
}

/// How the task is chosen.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TaskChoice {
    /// A target of words or of few whole numbers means classes; any other number means regression.
    #[default]
    #[strum(message = "Found from the target")]
    Auto,
    /// Predict a number.
    #[strum(message = "Regression")]
    Regression,
    /// Predict which class a row belongs to.
    #[strum(message = "Classification")]
    Classification,
}

/// How words become numbers.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TextEncoding {
    /// Word counts, with words that stand in many rows counting less, and each row scaled to length one.
    #[default]
    #[strum(message = "Tf-idf")]
    TfIdf,
    /// How often each word stands in the row.
    #[strum(message = "Bag of words")]
    BagOfWords,
}

/// What is to be predicted, once data and target are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    Regression,
    /// Two classes; the second in order is the positive one.
    Binary,
    /// Three classes or more.
    Classes(usize),
}

/// Which rows train, which validate, which test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SplitSpec {
    /// Fraction of all usable rows that validates, rounded to whole rows.
    pub validation: f64,
    /// Fraction of all usable rows kept for the one measurement at the end, rounded to whole rows.
    pub test: f64,
    pub method: SplitMethod,
    pub repeats: Repeats,
    /// None: from the project's seed.
    pub seed: Option<u64>,
}

/// How rows are dealt to the splits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SplitMethod {
    /// By chance, so that every split holds the same share of each class. For a regression the same as random.
    #[default]
    #[strum(message = "Stratified")]
    Stratified,
    /// By chance.
    #[strum(message = "Random")]
    Random,
    /// In the file's order: the first rows train, then validation, then test. For rows that follow time.
    #[strum(message = "Ordered")]
    Ordered,
}

/// Whether rows that are copies of each other may stand in different splits.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumMessage, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Repeats {
    /// Every row is dealt by itself, so that a copy of a training row may be tested.
    #[default]
    #[strum(message = "Anywhere")]
    Anywhere,
    /// Rows that are alike in every column go to one split. The fractions hold for different rows.
    #[strum(message = "Together")]
    Together,
}

/// Ids of the data sets that ship, in menu order. `data::builtin` holds their bytes and origin.
pub const BUILTIN_IDS: &[&str] = &[
    "used_cars",
    "house_prices",
    "telco_churn",
    "clothing_top_bottom",
    "clothing10k",
    "spam_emails",
    "shuttle_sensors",
    "digits",
    "penguins",
    "iris",
];

impl Default for DataSpec {
    fn default() -> Self {
        Self {
            source: Source::Generated(Recipe::default()),
            target: None,
            task: TaskChoice::Auto,
            exclude: Vec::new(),
            standardize: true,
            text: TextEncoding::TfIdf,
            vocabulary: 2000,
            label_noise: 0.0,
        }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self { shape: Generator::Spirals, samples: 500, noise: 0.05, seed: 1, table: Planted::default() }
    }
}

impl Default for Planted {
    fn default() -> Self {
        Self { features: 8, classes: 2, imbalance: 1.0, leak: false, repeats: 0.0, spread: 1.0, sorted: false }
    }
}

impl Planted {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { features, classes, imbalance, leak, repeats, spread, sorted } = self;
        vec![
            Knob::count(
                "data.features",
                "Columns",
                features,
                Range::new(1.0, 200.0),
                "Columns that say something about the class.",
            ),
            Knob::count("data.classes", "Classes", classes, Range::new(2.0, 20.0), "How many classes there are."),
            Knob::log(
                "data.imbalance",
                "Imbalance",
                imbalance,
                Range::new(1.0, 1000.0),
                "Rows of the first class for each row of any other.",
            ),
            Knob::flag(
                "data.leak",
                "Leak",
                leak,
                "Adds a column that gives the class away, as a result written down after the fact would.",
            ),
            Knob::real(
                "data.repeats",
                "Repeats",
                repeats,
                Range::new(0.0, 0.9),
                "Share of rows that are copies of other rows.",
            ),
            Knob::log(
                "data.spread",
                "Spread",
                spread,
                Range::new(1.0, 1e6),
                "How many times wider the last column is than the first.",
            ),
            Knob::flag("data.sorted", "Sorted", sorted, "Rows come class by class, not by chance."),
        ]
    }
}

impl Default for SplitSpec {
    fn default() -> Self {
        Self { validation: 0.2, test: 0.2, method: SplitMethod::Stratified, repeats: Repeats::Anywhere, seed: None }
    }
}

impl Task {
    /// Values the network puts out for one row: one number, one logit, or one logit a class.
    pub fn n_outputs(self) -> usize {
        match self {
            Self::Regression | Self::Binary => 1,
            Self::Classes(n) => n,
        }
    }

    /// Number of classes; none for a regression.
    pub fn n_classes(self) -> Option<usize> {
        match self {
            Self::Regression => None,
            Self::Binary => Some(2),
            Self::Classes(n) => Some(n),
        }
    }

    /// What it is called on screen.
    pub fn label(self) -> String {
        match self {
            Self::Regression => "regression".to_owned(),
            Self::Binary => "two classes".to_owned(),
            Self::Classes(n) => format!("{n} classes"),
        }
    }
}

impl TextValue for Source {
    fn text(&self) -> String {
        match self {
            Self::Builtin(id) => id.clone(),
            Self::Generated(recipe) => <&'static str>::from(recipe.shape).to_owned(),
            Self::File(path) => path.clone(),
        }
    }

    /// An id of a shipped or generated data set; anything that looks like a path is a file.
    fn read(&mut self, text: &str) -> Result<(), String> {
        if let Ok(shape) = text.parse() {
            *self = Self::Generated(Recipe { shape, ..Recipe::default() });
        } else if BUILTIN_IDS.contains(&text) {
            *self = Self::Builtin(text.to_owned());
        } else if text.contains(['/', '\\', '.']) {
            *self = Self::File(text.to_owned());
        } else {
            let shapes = Generator::iter().map(<&'static str>::from);
            let nearest = nearest_name(text, BUILTIN_IDS.iter().copied().chain(shapes)).unwrap_or_default();
            return Err(format!("but must be a data set's name or a path; the nearest name is {nearest}"));
        }
        Ok(())
    }

    fn suggestions(&self) -> Vec<(String, String)> {
        let shapes = Generator::iter()
            .map(|it| (<&'static str>::from(it).to_owned(), it.get_documentation().unwrap_or_default().to_owned()));
        BUILTIN_IDS.iter().map(|it| ((*it).to_owned(), String::new())).chain(shapes).collect()
    }
}

impl DataSpec {
    /// The source in a word: an id, or the file's name without folder and endings.
    pub fn source_name(&self) -> String {
        match &self.source {
            Source::File(path) => {
                let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
                file.split('.').next().unwrap_or(file).to_owned()
            }
            Source::Builtin(_) | Source::Generated(_) => self.source.text(),
        }
    }

    /// The knobs of the section, those of the generator included where there is one.
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { source, target, task, exclude, standardize, text, vocabulary, label_noise } = self;
        let mut knobs = Vec::new();
        if let Source::Generated(recipe) = &mut *source {
            knobs.push(Knob::count(
                "data.samples",
                "Samples",
                &mut recipe.samples,
                Range::new(20.0, 100_000.0),
                "How many rows are drawn.",
            ));
            knobs.push(Knob::real(
                "data.noise",
                "Noise",
                &mut recipe.noise,
                Range::new(0.0, 1.0),
                "How far points stray from the formula, as a standard deviation.",
            ));
            knobs.push(Knob::count(
                "data.seed",
                "Data seed",
                &mut recipe.seed,
                Range::new(0.0, 1e9),
                "Another seed draws other points of the same shape.",
            ));
            if recipe.shape == Generator::Table {
                knobs.extend(recipe.table.knobs());
            }
        }
        knobs.extend([
            Knob { key: "data.target", label: "Target", help: "The column to predict.", value: Value::Name { at: target }, live: false },
            Knob::choice("data.task", "Task", task, "Whether a number or a class is predicted."),
            Knob { key: "data.exclude", label: "Left out", help: "Columns that the network does not get to see.", value: Value::Names { at: exclude }, live: false },
            Knob::flag("data.standardize", "Standardize", standardize, "Scale numeric inputs and a regression target to mean 0 and standard deviation 1, as found on the training rows. Without it, large columns drown small ones."),
            Knob::choice("data.text", "Text as", text, "How words become numbers."),
            Knob::count("data.vocabulary", "Vocabulary", vocabulary, Range::new(10.0, 20_000.0), "How many of the most frequent words are kept."),
            Knob::real("data.label_noise", "Label noise", label_noise, Range::new(0.0, 0.9), "Share of rows whose target is replaced by chance, to see what wrong labels do."),
        ]);
        knobs
    }
}

impl SplitSpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { validation, test, method, repeats, seed } = self;
        vec![
            Knob::real(
                "split.validation",
                "Validation",
                validation,
                Range::new(0.01, 0.9),
                "Share of all rows that is held back during training to see how well the network does on rows it has not learned from.",
            ),
            Knob::real(
                "split.test",
                "Test",
                test,
                Range::new(0.01, 0.9),
                "Share of all rows that is measured once, at the very end, so that no choice can be fitted to it.",
            ),
            Knob::choice("split.method", "Method", method, "How rows are dealt to training, validation and test."),
            Knob::choice(
                "split.repeats",
                "Copies",
                repeats,
                "Whether rows that are copies of each other may stand in different splits.",
            ),
            Knob {
                key: "split.seed",
                label: "Split seed",
                help: "Another seed deals the rows another way. Otherwise the project's seed decides.",
                value: Value::MaybeCount {
                    at: seed,
                    range: Range::new(0.0, 1e15),
                    scale: super::knob::Scale::Linear,
                    none: "auto",
                    usual: 1,
                },
                live: false,
            },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_by_name_or_path_and_a_typo_names_its_neighbour() {
        let mut source = Source::Builtin("iris".to_owned());
        source.read("moons").unwrap();
        assert_eq!(source.text(), "moons");
        source.read("my/cars.csv").unwrap();
        assert_eq!(source, Source::File("my/cars.csv".to_owned()));
        assert!(source.read("spiral").unwrap_err().ends_with("spirals"));
    }
}
