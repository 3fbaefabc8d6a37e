//! How much memory a training may take.

use serde::{Deserialize, Serialize};

use super::knob::{Knob, Range, Scale, Value};

/// A limit of its own for a training, below what the machine has. Results do not depend on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MemorySpec {
    /// Megabytes, of a million bytes, that a training may take above what the program and its data take before the
    /// network is built. None: as much as the machine gives.
    pub budget: Option<u64>,
}

impl MemorySpec {
    pub fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![Knob {
            key: "memory.budget",
            label: "Budget, MB",
            help: "Most megabytes that a training may take, as if the device had no more. A run that passes it ends with a checkpoint, and can go on with more. Off: as much as the machine gives.",
            value: Value::MaybeCount {
                at: &mut self.budget,
                range: Range::new(1.0, 1_000_000.0),
                scale: Scale::Log,
                none: "off",
                usual: 1000,
            },
            live: true,
        }]
    }

    /// The budget in bytes.
    pub fn bytes(&self) -> Option<u64> {
        self.budget.map(|it| it.saturating_mul(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use crate::spec::Project;

    #[test]
    fn a_budget_is_set_in_megabytes_and_switched_off() {
        let mut project = Project::default();
        assert_eq!(project.get("memory.budget").as_deref(), Some("off"));
        project.set("memory.budget=250").unwrap();
        assert_eq!((project.memory.bytes(), project.check()), (Some(250_000_000), Ok(())));
        let refused = project.set("memory.budget=0").unwrap_err().to_string();
        assert!(refused.starts_with("memory.budget is \"0\", but must be between 1 and 1000000"), "{refused}");
        project.set("memory.budget=off").unwrap();
        assert_eq!(project.memory.bytes(), None);
    }
}
