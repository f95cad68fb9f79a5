//! Optional fields: absent is no value, and null only where a document allows it.

use serde::{Deserialize, Deserializer};

/// For optional fields that may be absent but not null (`#[serde(default, deserialize_with)]`).
pub(crate) fn not_null<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}
