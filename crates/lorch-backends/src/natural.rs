//! Counts in parameters.

use std::borrow::Cow;

use lorch_types::MAX_SAFE_INTEGER;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer};

/// An integer from 0 to 2^53 − 1: a number of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Natural(u64);

impl Natural {
    /// The integer as a plain number.
    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

impl<'de> Deserialize<'de> for Natural {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = u64::deserialize(deserializer)?;
        if value > MAX_SAFE_INTEGER {
            let expected = "an integer from 0 to 9007199254740991";
            return Err(D::Error::invalid_value(Unexpected::Unsigned(value), &expected));
        }
        Ok(Self(value))
    }
}

impl JsonSchema for Natural {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Natural".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX_SAFE_INTEGER })
    }
}
