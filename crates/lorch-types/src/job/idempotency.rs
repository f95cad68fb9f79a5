//! What makes two dispatches of a write the same.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use crate::json::Value;
use crate::optional::{not_null, value_not_null};

/// Within what the key of a write is unique.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Within one run: every run does it once.
    #[default]
    Run,
    /// Within all runs of the job: once for each value that `semantic_key_ref` names.
    Semantic,
    /// Everywhere: once for each `params.idempotency_key`.
    Explicit,
}

impl Scope {
    /// The scope as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Semantic => "semantic",
            Self::Explicit => "explicit",
        }
    }
}

/// The idempotency of a `write.*` step, as its author writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "if" = {
        "properties": { "scope": { "description": "By meaning.", "const": "semantic" } },
        "required": ["scope"]
    },
    "then" = {
        "description": "scope `semantic` needs `semantic_key_ref`",
        "required": ["semantic_key_ref"]
    }
))]
pub struct Idempotency {
    /// Within what the key is unique: the run, the job (`semantic`) or everywhere (`explicit`).
    pub scope: Scope,
    /// The reference whose value tells one effect from another; needed by scope `semantic`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub semantic_key_ref: Option<SmolStr>,
    /// Whether other params make it another effect; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub include_payload_hash: Option<bool>,
}

impl Serialize for Idempotency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Idempotency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let idempotency = Self::deserialize(deserializer)?;
        if idempotency.scope == Scope::Semantic && idempotency.semantic_key_ref.is_none() {
            return Err(serde::de::Error::missing_field("semantic_key_ref"));
        }
        Ok(idempotency)
    }
}

/// The idempotency of a `write.*` step of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "if" = {
        "properties": { "scope": { "description": "By meaning.", "const": "semantic" } },
        "required": ["scope"]
    },
    "then" = {
        "description": "scope `semantic` needs `semantic_key`",
        "required": ["semantic_key"]
    }
))]
pub struct CompiledIdempotency {
    /// Within what the key is unique: the run, the job (`semantic`) or everywhere (`explicit`).
    pub scope: Scope,
    /// The value that `semantic_key_ref` named, or a `@run` reference still to be resolved.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "value_not_null")]
    #[schemars(schema_with = "any_but_null")]
    pub semantic_key: Option<Value>,
    /// Whether other params make it another effect.
    pub include_payload_hash: bool,
}

impl Serialize for CompiledIdempotency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for CompiledIdempotency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let idempotency = Self::deserialize(deserializer)?;
        if idempotency.scope == Scope::Semantic && idempotency.semantic_key.is_none() {
            return Err(serde::de::Error::missing_field("semantic_key"));
        }
        Ok(idempotency)
    }
}

/// The schema of a value that is no null.
fn any_but_null(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "not": { "type": "null" } })
}
