//! What the values of a column are.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

/// The type of a column's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ColumnType {
    /// Integers of 64 bits.
    Integer,
    /// Floating-point numbers of 64 bits.
    Real,
    /// Strings.
    Text,
    /// `true` and `false`.
    Boolean,
    /// Any JSON value.
    Json,
    /// Moments, written as RFC 3339.
    Timestamp,
}

impl ColumnType {
    /// All types.
    pub(crate) const ALL: [Self; 6] =
        [Self::Integer, Self::Real, Self::Text, Self::Boolean, Self::Json, Self::Timestamp];

    /// The name as documents write it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Boolean => "boolean",
            Self::Json => "json",
            Self::Timestamp => "timestamp",
        }
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
