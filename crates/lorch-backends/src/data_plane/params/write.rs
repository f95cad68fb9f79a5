//! Parameters of `write.*`.

use lorch_types::SmolStr;
use lorch_types::json::Object;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::{Filter, Identifier};
use crate::data_plane::column::ColumnType;
use crate::op::{OpParams, not_null};

/// Creates a table. One that is there already with the same columns is left as it is.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteCreateTable {
    /// The table.
    pub(crate) table: Identifier,
    /// Its columns.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(length(min = 1))]
    pub(crate) columns: Vec<ColumnSpec>,
    /// The columns that tell one row from another; never null.
    #[serde(default)]
    pub(crate) primary_key: Vec<Identifier>,
    /// Sets of columns whose values together occur only once.
    #[serde(default)]
    pub(crate) unique: Vec<Vec<Identifier>>,
    /// The key of idempotency scope `explicit`.
    #[serde(default, rename = "idempotency_key", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) _idempotency_key: Option<SmolStr>,
}

/// A column of a new table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnSpec {
    /// Its name.
    pub(crate) name: Identifier,
    /// What its values are.
    #[serde(rename = "type")]
    pub(crate) column_type: ColumnType,
    /// Whether null is allowed; when absent it is, except in the primary key.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub(crate) nullable: Option<bool>,
}

/// Adds rows to a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteInsert {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The rows, each an object of values by column. A column that a row leaves out is null.
    pub(crate) rows: Vec<Object>,
    /// The key of idempotency scope `explicit`.
    #[serde(default, rename = "idempotency_key", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) _idempotency_key: Option<SmolStr>,
}

/// Adds rows, or updates those whose key is there already.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteUpsert {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The rows. A column that a row leaves out is null in a new row, and stays in an old one.
    pub(crate) rows: Vec<Object>,
    /// The columns that tell one row from another: the primary key, or a set that is unique.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) key: Vec<SmolStr>,
    /// The columns to change in rows that are there; all but the key when absent.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub(crate) update: Option<Vec<SmolStr>>,
    /// The key of idempotency scope `explicit`.
    #[serde(default, rename = "idempotency_key", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) _idempotency_key: Option<SmolStr>,
}

/// Makes a table, or the part of it that `where` names, hold exactly the given rows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteMerge {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// The rows. A column that a row leaves out is null in a new row, and stays in an old one.
    pub(crate) rows: Vec<Object>,
    /// The columns that tell one row from another: the primary key, or a set that is unique.
    #[serde(deserialize_with = "not_empty")]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(crate) key: Vec<SmolStr>,
    /// The scope within which rows whose key is not among `rows` are deleted; the whole table when
    /// absent.
    #[serde(default, rename = "where")]
    pub(crate) filter: Filter,
    /// The key of idempotency scope `explicit`.
    #[serde(default, rename = "idempotency_key", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) _idempotency_key: Option<SmolStr>,
}

/// Deletes rows of a table.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "oneOf" = [{ "required": ["where"] }, { "required": ["all"] }]
))]
pub(crate) struct WriteDelete {
    /// The table.
    #[schemars(with = "String")]
    pub(crate) table: SmolStr,
    /// Which rows; not empty.
    #[serde(default, rename = "where", deserialize_with = "not_null")]
    #[schemars(with = "Filter", extend("type" = "object", "minProperties" = 1))]
    pub(crate) filter: Option<Filter>,
    /// `true` to delete all rows.
    #[serde(default, deserialize_with = "not_null")]
    #[schemars(with = "bool", extend("const" = true))]
    all: Option<bool>,
    /// The key of idempotency scope `explicit`.
    #[serde(default, rename = "idempotency_key", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub(crate) _idempotency_key: Option<SmolStr>,
}

impl<'de> Deserialize<'de> for WriteDelete {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = Self::deserialize(deserializer)?;
        match (&params.filter, params.all) {
            (Some(filter), None) if !filter.is_empty() => Ok(params),
            (None, Some(true)) => Ok(params),
            _ => {
                Err(D::Error::custom("it needs either a `where` that is not empty, or `all: true`"))
            }
        }
    }
}

pub(super) fn not_empty<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let items = Vec::deserialize(deserializer)?;
    if items.is_empty() {
        return Err(D::Error::invalid_length(0, &"at least one entry"));
    }
    Ok(items)
}

impl OpParams for WriteCreateTable {
    const OP: &'static str = "write.create_table";
    const SUMMARY: &'static str = "Creates a table unless it is there already";
}

impl OpParams for WriteInsert {
    const OP: &'static str = "write.insert";
    const SUMMARY: &'static str = "Adds rows to a table";
}

impl OpParams for WriteUpsert {
    const OP: &'static str = "write.upsert";
    const SUMMARY: &'static str = "Adds rows, or updates those whose key is there already";
}

impl OpParams for WriteMerge {
    const OP: &'static str = "write.merge";
    const SUMMARY: &'static str = "Makes a table, or part of it, hold exactly the given rows";
}

impl OpParams for WriteDelete {
    const OP: &'static str = "write.delete";
    const SUMMARY: &'static str = "Deletes rows of a table";
}
