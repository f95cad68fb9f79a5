//! Parameters of `query.*`.

use lorch_types::SmolStr;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::Filter;
use super::write::not_empty;
use crate::natural::Natural;
use crate::op::{OpParams, not_null};

/// Reads rows of a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryRows {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The columns to read; all of them when absent.
    #[serde(default, deserialize_with = "some")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) columns: Option<Vec<SmolStr>>,
    /// Which rows; all of them when absent.
    #[serde(default, rename = "where")]
    pub(crate) filter: Filter,
    /// In which order. Rows that it does not tell apart come in the order of the primary key.
    #[serde(default)]
    pub(crate) order_by: Vec<Order>,
    /// How many rows at most.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Natural")]
    pub(crate) limit: Option<Natural>,
    /// How many rows to leave out at the beginning; 0 when absent.
    #[serde(default)]
    pub(crate) offset: Natural,
}

/// A column to order rows by; nulls come first.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    /// The column.
    #[schemars(with = "String")]
    pub(crate) column: SmolStr,
    /// Whether the greatest value comes first, and nulls last; false when absent.
    #[serde(default)]
    pub(crate) desc: bool,
}

/// Counts rows of a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryCount {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// Which rows; all of them when absent.
    #[serde(default, rename = "where")]
    pub(crate) filter: Filter,
}

/// Finds the greatest value of a column; null when there are no rows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryMax {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The column: integer, real, text or timestamp.
    #[schemars(with = "String")]
    pub(crate) column: SmolStr,
    /// Which rows; all of them when absent.
    #[serde(default, rename = "where")]
    pub(crate) filter: Filter,
}

fn some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<SmolStr>>, D::Error> {
    not_empty(deserializer).map(Some)
}

impl OpParams for QueryRows {
    const OP: &'static str = "query.rows";
    const SUMMARY: &'static str = "Reads rows of a table";
}

impl OpParams for QueryCount {
    const OP: &'static str = "query.count";
    const SUMMARY: &'static str = "Counts rows of a table";
}

impl OpParams for QueryMax {
    const OP: &'static str = "query.max";
    const SUMMARY: &'static str = "Finds the greatest value of a column";
}
