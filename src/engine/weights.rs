//! A network's numbers on the host, and the safetensors file they are kept in.

use std::path::Path;

use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::error::TrainError;

/// Named parameters on the host, in PyTorch's names and layouts: `layer.0.weight` is `[outputs, inputs]`.
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
    pub(super) fn push(&mut self, name: String, (shape, values): (Vec<usize>, Vec<f32>)) {
        self.entries.push((name, Entry { shape, values }));
    }

    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|(it, _)| it == name).map(|(_, entry)| entry)
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.entries.iter().all(|(_, entry)| entry.values.iter().all(|it| it.is_finite()))
    }

    /// The bytes of a safetensors file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        let bytes: Vec<Vec<u8>> =
            self.entries.iter().map(|(_, it)| it.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
        let views: Result<Vec<_>, _> = self
            .entries
            .iter()
            .zip(&bytes)
            .map(|((name, entry), bytes)| {
                TensorView::new(Dtype::F32, entry.shape.clone(), bytes).map(|view| (name.clone(), view))
            })
            .collect();
        let views = views.map_err(|err| TrainError::Weights(err.to_string()))?;
        safetensors::serialize(views, None).map_err(|err| TrainError::Weights(err.to_string()))
    }

    /// Reads a safetensors file of 32-bit floats.
    ///
    /// # Errors
    /// When it cannot be read, is no safetensors file, or holds another number type.
    pub fn read(path: &Path) -> Result<Self, TrainError> {
        let wrong = |why: String| TrainError::Weights(format!("{why}\nFile: {}", path.display()));
        let bytes = std::fs::read(path).map_err(|err| wrong(format!("the weights cannot be read: {err}")))?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|err| wrong(format!("this is not a whole safetensors file: {err}")))?;
        let mut weights = Self::default();
        let mut tensors = file.tensors();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, view) in tensors {
            if view.dtype() != Dtype::F32 {
                return Err(wrong(format!("{name} holds {:?} and only 32-bit floats can be read", view.dtype())));
            }
            let values =
                view.data().chunks_exact(4).map(|it| f32::from_le_bytes([it[0], it[1], it[2], it[3]])).collect();
            weights.push(name, (view.shape().to_vec(), values));
        }
        Ok(weights)
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
        std::fs::write(&path, weights.to_bytes().unwrap()).unwrap();
        assert_eq!(Weights::read(&path).unwrap(), weights);
        std::fs::write(&path, b"junk").unwrap();
        assert!(Weights::read(&path).unwrap_err().to_string().contains("not a whole safetensors file"));
    }
}
