//! `where`: which rows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lorch_types::SmolStr;
use lorch_types::json::{Value, from_value};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::op::not_null;

/// A condition on each of some columns; all of them must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Filter(BTreeMap<SmolStr, Test>);

/// What one column is tested for.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    /// It is this value: null, a boolean, a number or a string.
    Is(Value),
    /// All of these comparisons hold.
    Compare(Box<Comparisons>),
}

/// Comparisons of a column with values.
///
/// Null is a value like others to `eq`, `ne` and `in`; no order comparison holds of it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("minProperties" = 1))]
pub(crate) struct Comparisons {
    /// Equal to.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) eq: Option<Value>,
    /// Not equal to.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) ne: Option<Value>,
    /// Less than.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) lt: Option<Value>,
    /// Less than or equal to.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) le: Option<Value>,
    /// Greater than.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) gt: Option<Value>,
    /// Greater than or equal to.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Value")]
    pub(crate) ge: Option<Value>,
    /// One of these values.
    #[serde(default, rename = "in", deserialize_with = "not_null")]
    #[schemars(with = "Vec<Value>")]
    pub(crate) one_of: Option<Vec<Value>>,
    /// A text of this form: `%` stands for any characters, `_` for one, `\` takes the meaning from
    /// the character after it. Upper and lower case differ.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) like: Option<SmolStr>,
    /// Whether it is null.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub(crate) is_null: Option<bool>,
}

impl Filter {
    /// Whether it holds of every row.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The tests by column.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&SmolStr, &Test)> {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Array(_) => Err(D::Error::custom(
                "an array is no condition: `in` takes the values that a column may have",
            )),
            Value::Object(object) if object.is_empty() => {
                Err(D::Error::custom("a condition needs at least one comparison, such as `eq`"))
            }
            comparisons @ Value::Object(_) => from_value(&comparisons)
                .map(|comparisons| Self::Compare(Box::new(comparisons)))
                .map_err(D::Error::custom),
            value => Ok(Self::Is(value)),
        }
    }
}

impl JsonSchema for Filter {
    fn schema_name() -> Cow<'static, str> {
        "Filter".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let comparisons = generator.subschema_for::<Comparisons>();
        json_schema!({
            "type": "object",
            "additionalProperties": {
                "type": ["null", "boolean", "number", "string", "object"],
                "if": { "type": "object" },
                "then": comparisons
            }
        })
    }
}
