//! The definition of a job, as a person writes it.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use super::{Idempotency, JobId, Op, PhaseId, StepId, Version};
use crate::PositiveInteger;
use crate::json::Object;
use crate::optional::not_null;

/// The definition of a job: ordered steps over data and compute.
///
/// What stands in `params` and `if` is text here; compiling parses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobDef {
    /// The name of the job.
    pub job_id: JobId,
    /// The version that the author gives this definition.
    pub version: Version,
    /// What is done, in this order.
    pub steps: Vec<StepDef>,
    /// A Draft-07 JSON Schema of the payload; its top-level defaults are applied.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub payload_schema: Option<Object>,
    /// A Draft-07 JSON Schema of the ctx; its top-level defaults are applied.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub ctx_schema: Option<Object>,
}

/// One step of a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "if" = {
        "properties": { "op": {
            "description": "An operation that writes nothing.",
            "type": "string",
            "not": { "pattern": "^write\\." }
        } },
        "required": ["op"]
    },
    "then" = { "properties": { "idempotency": {
        "description": "`idempotency` belongs to `write.*` only",
        "type": "null"
    } } }
))]
pub struct StepDef {
    /// The name of the step, unique in its job.
    pub step_id: StepId,
    /// What the step does.
    pub op: Op,
    /// The parameters of the operation, with `@ctx`, `@payload`, `@run` and `@secret` references.
    pub params: Object,
    /// A label for steps that belong together; without meaning for execution.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PhaseId")]
    pub phase_id: Option<PhaseId>,
    /// How many seconds one dispatch may take; 300 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PositiveInteger")]
    pub timeout_s: Option<PositiveInteger>,
    /// Whether the attempt goes on when this step fails; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub continue_on_error: Option<bool>,
    /// A condition over `@ctx` and `@payload`, decided when compiling; false skips the step.
    #[serde(
        default,
        rename = "if",
        skip_serializing_if = "Option::is_none",
        deserialize_with = "not_null"
    )]
    #[schemars(with = "String")]
    pub condition: Option<SmolStr>,
    /// What makes two dispatches the same; on `write.*` only, `{scope: run}` when absent or null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<Idempotency>,
}

impl Serialize for StepDef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for StepDef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let step = Self::deserialize(deserializer)?;
        if step.idempotency.is_some() && !step.op.is_write() {
            return Err(serde::de::Error::custom(format_args!(
                "step `{}`: `idempotency` belongs to `write.*` only, not to `{}`",
                step.step_id, step.op
            )));
        }
        Ok(step)
    }
}
