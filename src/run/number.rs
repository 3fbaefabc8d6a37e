//! Numbers in JSON: one that is not finite is written as `null` and read back as NaN.

use serde::{Deserialize as _, Deserializer, Serializer};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference to the field")]
pub(super) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() { to.serialize_f64(*value) } else { to.serialize_none() }
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(from)?.unwrap_or(f64::NAN))
}

/// The same for a number that may be left out altogether.
pub(super) mod maybe {
    use serde::{Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
    pub(in crate::run) fn serialize<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
        super::serialize(&value.unwrap_or(f64::NAN), to)
    }

    /// A field that is there and `null` was not finite; one that is missing stays none by `default`.
    pub(in crate::run) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
        super::deserialize(from).map(Some)
    }
}

/// The same for a list of numbers.
pub(super) mod list {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[expect(clippy::ptr_arg, reason = "serde passes a reference to the field")]
    pub(in crate::run) fn serialize<S: Serializer>(values: &Vec<f64>, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|it| it.is_finite().then_some(*it)))
    }

    pub(in crate::run) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
        let values = Vec::<Option<f64>>::deserialize(from)?;
        Ok(values.into_iter().map(|it| it.unwrap_or(f64::NAN)).collect())
    }
}

/// The same for named numbers.
pub(super) mod map {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    pub(in crate::run) fn serialize<S: Serializer>(values: &BTreeMap<String, f64>, to: S) -> Result<S::Ok, S::Error> {
        let values: BTreeMap<_, _> = values.iter().map(|(name, it)| (name, it.is_finite().then_some(*it))).collect();
        values.serialize(to)
    }

    pub(in crate::run) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, f64>, D::Error> {
        let values = BTreeMap::<String, Option<f64>>::deserialize(from)?;
        Ok(values.into_iter().map(|(name, it)| (name, it.unwrap_or(f64::NAN))).collect())
    }
}
