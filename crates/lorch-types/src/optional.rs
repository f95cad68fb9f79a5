//! What a field may lack: a value, where null is none, or all its items.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::json::Value;

/// For optional fields that may be absent but not null (`#[serde(default, deserialize_with)]`).
pub(crate) fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// The same for a field of any type, which would hold a null too.
pub(crate) fn value_not_null<'de, D>(deserializer: D) -> Result<Option<Value>, D::Error>
where
    D: Deserializer<'de>,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Err(D::Error::custom("expected a value, found null")),
        value => Ok(Some(value)),
    }
}

/// For lists that must hold something.
pub(crate) fn not_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let items = Vec::deserialize(deserializer)?;
    if items.is_empty() {
        return Err(D::Error::invalid_length(0, &"at least one item"));
    }
    Ok(items)
}
