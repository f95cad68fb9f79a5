//! The statuses that an answer may have.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

/// One status or several; 200 to 299 when nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ExpectedStatus(Vec<u16>);

impl ExpectedStatus {
    pub(super) fn includes(&self, status: u16) -> bool {
        if self.0.is_empty() { (200..300).contains(&status) } else { self.0.contains(&status) }
    }
}

impl<'de> Deserialize<'de> for ExpectedStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StatusVisitor)
    }
}

/// One status.
struct Status(u16);

impl<'de> Deserialize<'de> for Status {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        status(u64::deserialize(deserializer)?).map(Self)
    }
}

fn status<E: Error>(value: u64) -> Result<u16, E> {
    let status = u16::try_from(value).ok().filter(|status| (100..600).contains(status));
    status.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(value), &"a status from 100 to 599"))
}

struct StatusVisitor;

impl<'de> Visitor<'de> for StatusVisitor {
    type Value = ExpectedStatus;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a status from 100 to 599, or an array of them")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        status(value).map(|status| ExpectedStatus(vec![status]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut expected = Vec::new();
        while let Some(Status(status)) = items.next_element()? {
            expected.push(status);
        }
        if expected.is_empty() {
            return Err(A::Error::invalid_length(0, &"at least one status"));
        }
        Ok(ExpectedStatus(expected))
    }
}

impl JsonSchema for ExpectedStatus {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ExpectedStatus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["integer", "array"],
            "minimum": 100,
            "maximum": 599,
            "minItems": 1,
            "items": { "type": "integer", "minimum": 100, "maximum": 599 },
        })
    }
}
