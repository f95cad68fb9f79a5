//! A compiled job: a fixed list of steps.

mod write;

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CompiledIdempotency, DispatchOp, JobId, PhaseId, StepPath, Version};
use crate::json::Object;
use crate::optional::not_null;
use crate::{Digest, PositiveInteger, Timestamp};

pub use write::{InstanceHead, InstanceWriter, StepRest};

/// A compiled job: every step that there will be, in order, with `ctx` and `payload` filled in.
///
/// A run is pinned to its instance: editing the definition never changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JobInstance {
    /// The name of the job.
    pub job_id: JobId,
    /// The version of the definition.
    pub job_version: Version,
    /// The digest of the definition.
    pub job_def_sha256: Digest,
    /// When it was compiled.
    pub compiled_at: Timestamp,
    /// The steps, in the order in which they run.
    pub steps: Vec<JobStepInstance>,
}

impl JobInstance {
    /// The first name that two steps have; none in what was compiled.
    pub fn repeated_step(&self) -> Option<&StepPath> {
        let mut seen = HashSet::new();
        self.steps.iter().map(|step| &step.step_id).find(|step_id| !seen.insert(*step_id))
    }
}

/// One step of an instance.
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
pub struct JobStepInstance {
    /// The name of the step, unique in the instance.
    pub step_id: StepPath,
    /// What the step does.
    pub op: DispatchOp,
    /// The parameters; a string is a literal, or has `@run` and `@secret` references only.
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
    /// Whether the step is skipped because its condition was false.
    #[serde(default)]
    pub compiled_skip: bool,
    /// What makes two dispatches of a write the same; scope `run` when absent or null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency: Option<CompiledIdempotency>,
}

impl Serialize for JobStepInstance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for JobStepInstance {
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
