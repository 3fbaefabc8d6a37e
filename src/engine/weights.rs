//! Named numbers on the host, and the safetensors file they are kept in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, View};

use super::error::TrainError;

/// Named numbers on the host. A network's are in PyTorch's names and layouts: `layer.0.weight` is `[outputs, inputs]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weights {
    entries: Vec<(String, Entry)>,
}

/// One parameter: shape and row-major values.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

impl Weights {
    /// Appends values of a shape under a name.
    pub fn push(&mut self, name: String, (shape, values): (Vec<usize>, Vec<f32>)) {
        self.entries.push((name, Entry { shape, values }));
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|(it, _)| it == name).map(|(_, entry)| entry)
    }

    /// Every entry with its name, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(String, Entry)> {
        self.entries.iter()
    }

    /// Appends all entries of another under names that begin with `prefix`.
    pub fn extend_under(&mut self, prefix: &str, other: Self) {
        self.entries.extend(other.entries.into_iter().map(|(name, entry)| (format!("{prefix}{name}"), entry)));
    }

    /// Takes out what stands under names that begin with `prefix`, without it.
    pub fn take_under(&mut self, prefix: &str) -> Self {
        let (taken, kept) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|(name, _): &(String, Entry)| name.starts_with(prefix));
        self.entries = kept;
        let strip = |(name, entry): (String, Entry)| (name[prefix.len()..].to_owned(), entry);
        Self { entries: Vec::into_iter(taken).map(strip).collect() }
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.entries.iter().all(|(_, entry)| entry.values.iter().all(|it| it.is_finite()))
    }

    /// The bytes of a safetensors file, with words beside the numbers.
    pub fn to_bytes(&self, words: HashMap<String, String>) -> Result<Vec<u8>, TrainError> {
        let entries = self.entries.iter().map(|(name, entry)| (name, entry));
        let words = (!words.is_empty()).then_some(words);
        safetensors::serialize(entries, words).map_err(|err| TrainError::Weights(err.to_string()))
    }

    /// What [`Weights::to_bytes`] wrote; entries come ordered by name.
    ///
    /// # Errors
    /// When it is no whole safetensors file, or holds another number type than 32-bit floats.
    pub fn from_bytes(bytes: &[u8]) -> Result<(Self, HashMap<String, String>), TrainError> {
        let damaged = |err| TrainError::Weights(format!("this is not a whole safetensors file: {err}"));
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
        let words = header.metadata().clone().unwrap_or_default();
        let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
        let mut weights = Self::default();
        let mut tensors = file.tensors();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, view) in tensors {
            if view.dtype() != Dtype::F32 {
                let text = format!("{name} holds {:?} and only 32-bit floats can be read", view.dtype());
                return Err(TrainError::Weights(text));
            }
            let values =
                view.data().chunks_exact(4).map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect();
            weights.push(name, (view.shape().to_vec(), values));
        }
        Ok((weights, words))
    }

    /// Reads a safetensors file of 32-bit floats.
    ///
    /// # Errors
    /// When it cannot be read, is no safetensors file, or holds another number type.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let wrong = |why: String| TrainError::Weights(format!("{why}\nFile: {}", path.display()));
        let bytes = std::fs::read(path).map_err(|err| wrong(format!("the weights cannot be read: {err}")))?;
        Self::from_bytes(&bytes).map(|it| it.0).map_err(|err| wrong(err.to_string()))
    }
}

impl Entry {
    /// Its values, four bytes each, the lowest first. Not copied where the machine keeps them so: they may be large.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        if cfg!(target_endian = "little") {
            bytemuck::cast_slice(&self.values).into()
        } else {
            self.values.iter().flat_map(|it| it.to_le_bytes()).collect()
        }
    }
}

impl View for &Entry {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.bytes()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_come_back_from_their_file() {
        let mut weights = Weights::default();
        weights.push("layer.0.bias".to_owned(), (vec![2], vec![1.5, -0.25]));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        std::fs::write(&path, weights.to_bytes(HashMap::new()).unwrap()).unwrap();
        assert_eq!(Weights::read(&path).unwrap(), weights);
        std::fs::write(&path, b"junk").unwrap();
        assert!(Weights::read(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
    }

    #[test]
    fn parts_go_into_one_file_under_names_of_their_own_and_come_out_again() {
        let part = |value: f32| {
            let mut part = Weights::default();
            part.push("layer.0.bias".to_owned(), (vec![1], vec![value]));
            part
        };
        let mut all = Weights::default();
        all.extend_under("best.", part(1.0));
        all.extend_under("network.", part(2.0));
        let words = HashMap::from([("kind".to_owned(), "test".to_owned())]);
        let (mut all, read) = Weights::from_bytes(&all.to_bytes(words.clone()).unwrap()).unwrap();
        assert_eq!(read, words);
        assert_eq!((all.take_under("best."), all.take_under("network.")), (part(1.0), part(2.0)));
        assert_eq!(all, Weights::default());
    }
}
