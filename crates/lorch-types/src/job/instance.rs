//! A compiled job: a fixed list of steps.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CompiledIdempotency, DispatchOp, JobId, PhaseId, StepPath, Version};
use crate::json::{Object, into_text, put_number, put_object, put_string, put_value};
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

impl JobInstance {
    /// Appends the instance as JSON: its fields in the order of the schema, params canonical.
    pub fn write_json(&self, text: &mut String) {
        const STEP_BYTES: usize = 256;
        let mut out = std::mem::take(text).into_bytes();
        out.reserve(self.steps.len() * STEP_BYTES);
        out.extend_from_slice(b"{\"job_id\":");
        put_string(self.job_id.as_str(), &mut out);
        out.extend_from_slice(b",\"job_version\":");
        put_string(self.job_version.as_str(), &mut out);
        out.extend_from_slice(b",\"job_def_sha256\":");
        put_string(self.job_def_sha256.as_str(), &mut out);
        out.extend_from_slice(b",\"compiled_at\":");
        put_string(&self.compiled_at.to_string(), &mut out);
        out.extend_from_slice(b",\"steps\":[");
        for (index, step) in self.steps.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            step.put_json(&mut out);
        }
        out.extend_from_slice(b"]}");
        *text = into_text(out);
    }
}

impl JobStepInstance {
    fn put_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"step_id\":");
        put_string(self.step_id.as_str(), out);
        out.extend_from_slice(b",\"op\":\"");
        out.extend_from_slice(self.op.family.as_str().as_bytes());
        out.push(b'.');
        out.extend_from_slice(self.op.name.as_str().as_bytes());
        out.extend_from_slice(b"\",\"params\":");
        put_object(&self.params, out);
        if let Some(phase_id) = &self.phase_id {
            out.extend_from_slice(b",\"phase_id\":");
            put_string(phase_id.as_str(), out);
        }
        if let Some(timeout_s) = self.timeout_s {
            out.extend_from_slice(b",\"timeout_s\":");
            put_number(timeout_s.get().into(), out);
        }
        if let Some(continue_on_error) = self.continue_on_error {
            out.extend_from_slice(b",\"continue_on_error\":");
            put_value(&continue_on_error.into(), out);
        }
        out.extend_from_slice(b",\"compiled_skip\":");
        put_value(&self.compiled_skip.into(), out);
        if let Some(idempotency) = &self.idempotency {
            out.extend_from_slice(b",\"idempotency\":");
            idempotency.put_json(out);
        }
        out.push(b'}');
    }
}

impl CompiledIdempotency {
    fn put_json(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"scope\":");
        put_string(self.scope.as_str(), out);
        if let Some(semantic_key) = &self.semantic_key {
            out.extend_from_slice(b",\"semantic_key\":");
            put_value(semantic_key, out);
        }
        out.extend_from_slice(b",\"include_payload_hash\":");
        put_value(&self.include_payload_hash.into(), out);
        out.push(b'}');
    }
}
