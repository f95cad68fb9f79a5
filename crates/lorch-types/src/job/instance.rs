//! A compiled job: a fixed list of steps.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CompiledIdempotency, DispatchOp, JobId, PhaseId, StepPath, Version};
use crate::json::{Number, Object, write_canonical, write_canonical_object, write_string};
use crate::optional::not_null;
use crate::{Digest, PositiveInteger, Timestamp};

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

impl JobInstance {
    /// Appends the instance as JSON: its fields in the order of the schema, params canonical.
    pub fn write_json(&self, out: &mut String) {
        out.push_str("{\"job_id\":");
        write_string(self.job_id.as_str(), out);
        out.push_str(",\"job_version\":");
        write_string(self.job_version.as_str(), out);
        out.push_str(",\"job_def_sha256\":");
        write_string(self.job_def_sha256.as_str(), out);
        out.push_str(",\"compiled_at\":");
        write_string(&self.compiled_at.to_string(), out);
        out.push_str(",\"steps\":[");
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            step.write_json(out);
        }
        out.push_str("]}");
    }
}

impl JobStepInstance {
    fn write_json(&self, out: &mut String) {
        out.push_str("{\"step_id\":");
        write_string(self.step_id.as_str(), out);
        out.push_str(",\"op\":\"");
        out.push_str(self.op.family.as_str());
        out.push('.');
        out.push_str(self.op.name.as_str());
        out.push_str("\",\"params\":");
        write_canonical_object(&self.params, out);
        if let Some(phase_id) = &self.phase_id {
            out.push_str(",\"phase_id\":");
            write_string(phase_id.as_str(), out);
        }
        if let Some(timeout_s) = self.timeout_s {
            out.push_str(",\"timeout_s\":");
            Number::from(timeout_s.get()).write_canonical(out);
        }
        if let Some(continue_on_error) = self.continue_on_error {
            out.push_str(",\"continue_on_error\":");
            out.push_str(if continue_on_error { "true" } else { "false" });
        }
        out.push_str(",\"compiled_skip\":");
        out.push_str(if self.compiled_skip { "true" } else { "false" });
        if let Some(idempotency) = &self.idempotency {
            out.push_str(",\"idempotency\":");
            idempotency.write_json(out);
        }
        out.push('}');
    }
}

impl CompiledIdempotency {
    fn write_json(&self, out: &mut String) {
        out.push_str("{\"scope\":\"");
        out.push_str(self.scope.as_str());
        out.push('"');
        if let Some(semantic_key) = &self.semantic_key {
            out.push_str(",\"semantic_key\":");
            write_canonical(semantic_key, out);
        }
        out.push_str(",\"include_payload_hash\":");
        out.push_str(if self.include_payload_hash { "true}" } else { "false}" });
    }
}
