//! Text columns: counts of the most frequent words, or tf-idf.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::spec::TextEncoding;

use super::dataset::{Column, Values};
use super::encoder::Block;

/// Shorter words say little and are many.
const SHORTEST_WORD: usize = 2;

/// How one column of text is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WordsCode {
    /// The words kept, in name order, each with what one occurrence counts: 1, or its inverse document frequency.
    vocabulary: Vec<(String, f64)>,
    encoding: TextEncoding,
}

impl WordsCode {
    /// Learns words and weights from the training rows. None where these hold no words.
    ///
    /// Kept are the `most` words that occur most often, the first by name among equally frequent ones.
    /// The inverse document frequency is smooth, `ln((1 + rows) / (1 + rows with the word)) + 1`.
    pub(super) fn fit(column: &Column, train: &[u32], encoding: TextEncoding, most: usize) -> Option<Self> {
        let mut counts = BTreeMap::<String, (usize, usize)>::new();
        for row in train {
            let text = column.text(*row as usize).unwrap_or_default();
            let mut in_row = BTreeSet::new();
            for word in words(&text) {
                let (n_times, n_rows) = counts.entry(word.clone()).or_default();
                *n_times += 1;
                *n_rows += usize::from(in_row.insert(word));
            }
        }
        let mut by_count: Vec<_> = counts.into_iter().collect();
        by_count.sort_by_key(|(_, (n_times, _))| Reverse(*n_times));
        by_count.truncate(most);
        by_count.sort_unstable();
        if by_count.is_empty() {
            return None;
        }
        let weight = |n_rows: usize| match encoding {
            TextEncoding::TfIdf => ((1.0 + train.len() as f64) / (1.0 + n_rows as f64)).ln() + 1.0,
            TextEncoding::BagOfWords => 1.0,
        };
        let vocabulary = by_count.into_iter().map(|(word, (_, n_rows))| (word, weight(n_rows))).collect();
        Some(Self { vocabulary, encoding })
    }

    pub(super) fn names(&self, column: &str) -> Vec<String> {
        self.vocabulary.iter().map(|(word, _)| format!("{column}: {word}")).collect()
    }

    pub(super) fn encode(&self, column: &Column, out: &mut Block<'_>) {
        // Equal texts share one level and are taken apart once.
        if let Values::Words { levels, codes } = &column.values {
            let encoded: Vec<_> = levels.iter().map(|it| self.weights(it)).collect();
            for (row, code) in codes.iter().enumerate() {
                put(encoded.get(*code as usize).map_or(&[], Vec::as_slice), out.row(row));
            }
        } else {
            for row in 0..out.n_rows() {
                put(&self.weights(&column.text(row).unwrap_or_default()), out.row(row));
            }
        }
    }

    /// Features of one text that are not 0, by position.
    fn weights(&self, text: &str) -> Vec<(usize, f32)> {
        let mut weights = BTreeMap::<usize, f64>::new();
        for word in words(text) {
            if let Ok(at) = self.vocabulary.binary_search_by(|(it, _)| it.cmp(&word)) {
                *weights.entry(at).or_default() += self.vocabulary[at].1;
            }
        }
        let length = match self.encoding {
            TextEncoding::TfIdf => weights.values().map(|it| it * it).sum::<f64>().sqrt(),
            TextEncoding::BagOfWords => 1.0,
        };
        weights.into_iter().map(|(at, weight)| (at, (weight / length) as f32)).collect()
    }
}

fn put(weights: &[(usize, f32)], features: &mut [f32]) {
    for (at, weight) in weights {
        features[*at] = *weight;
    }
}

/// Words in lower case: runs of letters and digits, and numbers with their decimal point.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    let inner_point = |(at, it): (usize, char)| {
        let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
        it == '.' && digit(text[..at].chars().next_back()) && digit(text[at + 1..].chars().next())
    };
    let mut runs = Vec::new();
    let mut start = None;
    for (at, it) in text.char_indices().chain([(text.len(), ' ')]) {
        let belongs = it.is_alphanumeric() || (at < text.len() && inner_point((at, it)));
        match (belongs, start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                runs.push(&text[from..at]);
                start = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
    runs.into_iter().filter(|it| it.chars().nth(SHORTEST_WORD - 1).is_some()).map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::super::source::tests::table_of;
    use super::*;

    fn found(text: &str) -> Vec<String> {
        words(text).collect()
    }

    #[test]
    fn words_are_lower_case_runs_of_letters_and_digits() {
        assert_eq!(found("TOYOTA Corolla 2.0 D4D, 2/3-Doors."), ["toyota", "corolla", "2.0", "d4d", "doors"]);
        assert_eq!(found("Größe: don't a b C3PO…"), ["größe", "don", "c3po"]);
        assert_eq!(found("end. Of 1.5. .9 5."), ["end", "of", "1.5"]);
        assert!(found(" . ! ").is_empty());
    }

    fn texts(cells: &[&str]) -> Column {
        let text = cells.iter().fold("body\tkm\n".to_owned(), |text, cell| format!("{text}{cell}\t0.5\n"));
        table_of(&text).columns.swap_remove(0)
    }

    fn encoded(code: &WordsCode, column: &Column, n_rows: usize) -> Vec<f32> {
        let width = code.names("body").len();
        let mut features = vec![0.0; n_rows * width];
        code.encode(column, &mut Block { features: &mut features, stride: width, at: 0, width });
        features
    }

    #[test]
    fn tf_idf_agrees_with_scikit_learn() {
        let column = texts(&["red car red wheels", "blue car with wheels", "one blue boat here"]);
        let code = WordsCode::fit(&column, &[0, 1], TextEncoding::TfIdf, 100).unwrap();
        assert_eq!(code.names("body"), ["body: blue", "body: car", "body: red", "body: wheels", "body: with"]);
        // TfidfVectorizer().fit(the first two).transform(all three)
        let expected = [
            [0.0, 0.317_800, 0.893_312, 0.317_800, 0.0],
            [0.576_152, 0.409_937, 0.0, 0.409_937, 0.576_152],
            [1.0, 0.0, 0.0, 0.0, 0.0],
        ];
        for (ours, theirs) in encoded(&code, &column, 3).into_iter().zip(expected.concat()) {
            assert!((ours - theirs).abs() < 1e-4, "{ours} {theirs}");
        }
    }

    #[test]
    fn a_bag_of_words_counts_the_most_frequent_words() {
        let column = texts(&["red car red wheels", "blue car with wheels", "one blue boat here"]);
        let code = WordsCode::fit(&column, &[0, 1], TextEncoding::BagOfWords, 2).unwrap();
        assert_eq!(code.names("body"), ["body: car", "body: red"], "car, red and wheels are equally frequent");
        assert_eq!(encoded(&code, &column, 3), [1.0, 2.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(WordsCode::fit(&texts(&["- - -", "! ! !", "a a a"]), &[0, 1], TextEncoding::TfIdf, 9), None);
    }
}
