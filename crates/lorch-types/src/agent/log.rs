//! What an agent says about its own work.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::Timestamp;
use crate::json::Object;
use crate::optional::not_null;

/// What the field `kind` of a log message says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// It is a log message.
    #[default]
    Log,
}

/// What an agent says about its own work, received from it on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// That it is a log message.
    pub kind: LogKind,
    /// How much it matters.
    pub level: Level,
    /// What it says.
    #[schemars(with = "String")]
    pub message: SmolStr,
    /// When it was said.
    pub timestamp: Timestamp,
    /// The same as data.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub fields: Option<Object>,
}

/// How much a log message matters.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It is good to know.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}
