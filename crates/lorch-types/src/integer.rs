//! Bounded integers of documents.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The largest integer that every JSON reader holds exactly: 2^53 − 1.
pub const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

/// An integer from 1 to 2^53 − 1: a number of seconds, an ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PositiveInteger(u64);

impl PositiveInteger {
    /// One.
    pub const ONE: Self = Self(1);

    /// The integer; `None` for 0 and beyond 2^53 − 1.
    pub const fn new(value: u64) -> Option<Self> {
        if value >= 1 && value <= MAX_SAFE_INTEGER { Some(Self(value)) } else { None }
    }

    /// The integer as a plain number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The next integer; `None` after 2^53 − 1.
    pub const fn next(self) -> Option<Self> {
        Self::new(self.0 + 1)
    }
}

impl fmt::Display for PositiveInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for PositiveInteger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor)
    }
}

struct IntegerVisitor;

impl Visitor<'_> for IntegerVisitor {
    type Value = PositiveInteger;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer from 1 to 9007199254740991")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        PositiveInteger::new(value)
            .ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        u64::try_from(value)
            .ok()
            .and_then(PositiveInteger::new)
            .ok_or_else(|| E::invalid_value(Unexpected::Signed(value), &self))
    }

    /// `1.0` is an integer to JSON Schema, and so it is here.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        crate::json::Number::from_f64(value)
            .and_then(crate::json::Number::as_u64)
            .and_then(PositiveInteger::new)
            .ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }
}

impl JsonSchema for PositiveInteger {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PositiveInteger".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX_SAFE_INTEGER })
    }
}
