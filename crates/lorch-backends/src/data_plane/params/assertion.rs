//! Parameters of `assert.*`.

use lorch_types::SmolStr;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Filter;
use crate::data_plane::column::ColumnType;
use crate::natural::Natural;
use crate::op::{OpParams, not_null};

/// Fails unless a table has as many rows as expected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "anyOf" = [{ "required": ["equals"] }, { "required": ["min"] }, { "required": ["max"] }]
))]
pub(crate) struct AssertRows {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// Which rows are counted; all of them when absent.
    #[serde(default, rename = "where")]
    pub(crate) filter: Filter,
    /// Exactly so many rows.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    pub(crate) equals: Option<Natural>,
    /// At least so many rows.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    pub(crate) min: Option<Natural>,
    /// At most so many rows.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    pub(crate) max: Option<Natural>,
}

impl<'de> Deserialize<'de> for AssertRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        if [params.equals, params.min, params.max].iter().all(Option::is_none) {
            return Err(D::Error::custom("it needs one of `equals`, `min`, `max`"));
        }
        Ok(params)
    }
}

/// Fails unless a table has the columns that are expected.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssertSchema {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The columns that it must have, in any order.
    pub(crate) columns: Vec<ExpectedColumn>,
    /// Whether it may have no others; false when absent.
    #[serde(default)]
    pub(crate) exact: bool,
}

/// A column that a table must have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExpectedColumn {
    /// Its name.
    #[schemars(with = "String")]
    pub(crate) name: SmolStr,
    /// What its values are.
    #[serde(rename = "type")]
    pub(crate) column_type: ColumnType,
}

/// Fails unless each combination of values occurs in one row only. As in SQL, rows with a null in
/// one of the columns are not compared.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AssertUnique {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The columns whose values together are compared.
    #[serde(deserialize_with = "super::write::not_empty")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) columns: Vec<SmolStr>,
}

impl OpParams for AssertRows {
    const OP: &'static str = "assert.rows";
    const SUMMARY: &'static str = "Fails unless a table has as many rows as expected";
}

impl OpParams for AssertSchema {
    const OP: &'static str = "assert.schema";
    const SUMMARY: &'static str = "Fails unless a table has the columns that are expected";
}

impl OpParams for AssertUnique {
    const OP: &'static str = "assert.unique";
    const SUMMARY: &'static str = "Fails unless values occur in one row only";
}
