//! Writes instances as JSON, whole or step by step.

use super::{JobInstance, JobStepInstance};
use crate::job::{CompiledIdempotency, DispatchOp, JobId, PhaseId, StepPath, Version};
use crate::json::{View, Writer, into_text, put_number, put_string, put_value};
use crate::{Digest, PositiveInteger, Timestamp};

impl JobInstance {
    /// Appends the instance as JSON: its fields in the order of the schema, params canonical.
    pub fn write_json(&self, text: &mut String) {
        let head = InstanceHead {
            job_id: &self.job_id,
            job_version: &self.job_version,
            job_def_sha256: &self.job_def_sha256,
            compiled_at: self.compiled_at,
        };
        let out = std::mem::take(text).into_bytes();
        let mut writer = InstanceWriter::appending(out, &head, self.steps.len());
        for step in &self.steps {
            let mut params = writer.begin_step(&step.step_id, &step.op);
            params.value((&step.params).into());
            writer.end_step(params, &step.into());
        }
        *text = writer.finish();
    }
}

/// What an instance has before its steps.
#[derive(Clone, Copy, Debug)]
pub struct InstanceHead<'a> {
    /// The name of the job.
    pub job_id: &'a JobId,
    /// The version of the definition.
    pub job_version: &'a Version,
    /// The digest of the definition.
    pub job_def_sha256: &'a Digest,
    /// When it was compiled.
    pub compiled_at: Timestamp,
}

/// Writes an instance as [`JobInstance::write_json`] does, step by step: none has to be kept.
#[derive(Debug)]
pub struct InstanceWriter {
    out: Vec<u8>,
    steps: usize,
}

impl InstanceWriter {
    /// What stands behind the last step.
    const END: &[u8] = b"]}";

    /// A writer of the instance that begins with `head` and has about so many steps.
    pub fn new(head: &InstanceHead<'_>, steps: usize) -> Self {
        Self::appending(Vec::new(), head, steps)
    }

    fn appending(mut out: Vec<u8>, head: &InstanceHead<'_>, steps: usize) -> Self {
        /// How many bytes a step has, rather too many than too few: what is written is not moved then.
        const STEP_BYTES: usize = 384;
        out.reserve(steps * STEP_BYTES);
        out.extend_from_slice(b"{\"job_id\":");
        put_string(head.job_id.as_str(), &mut out);
        out.extend_from_slice(b",\"job_version\":");
        put_string(head.job_version.as_str(), &mut out);
        out.extend_from_slice(b",\"job_def_sha256\":");
        put_string(head.job_def_sha256.as_str(), &mut out);
        out.extend_from_slice(b",\"compiled_at\":");
        put_string(&head.compiled_at.to_string(), &mut out);
        out.extend_from_slice(b",\"steps\":[");
        Self { out, steps: 0 }
    }

    /// Begins the next step; what is returned takes its params.
    pub fn begin_step(&mut self, step_id: &StepPath, op: &DispatchOp) -> Writer {
        if self.steps > 0 {
            self.out.push(b',');
        }
        self.steps += 1;
        self.out.extend_from_slice(b"{\"step_id\":");
        put_string(step_id.as_str(), &mut self.out);
        self.out.extend_from_slice(b",\"op\":\"");
        self.out.extend_from_slice(op.family.as_str().as_bytes());
        self.out.push(b'.');
        self.out.extend_from_slice(op.name.as_str().as_bytes());
        self.out.extend_from_slice(b"\",\"params\":");
        Writer::of_text(std::mem::take(&mut self.out))
    }

    /// Ends the step begun last, whose params `params` has taken.
    pub fn end_step(&mut self, params: Writer, rest: &StepRest<'_>) {
        self.out = params.into_text();
        rest.put_json(&mut self.out);
    }

    /// How many steps were written.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// How many bytes the text of the whole instance has if no step follows.
    pub fn text_length(&self) -> usize {
        self.out.len() + Self::END.len()
    }

    /// The text of the whole instance.
    pub fn finish(mut self) -> String {
        self.out.extend_from_slice(Self::END);
        into_text(self.out)
    }
}

/// What a step of an instance has behind its params.
#[derive(Clone, Copy, Debug)]
pub struct StepRest<'a> {
    /// A label for steps that belong together.
    pub phase_id: Option<&'a PhaseId>,
    /// How many seconds one dispatch may take.
    pub timeout_s: Option<PositiveInteger>,
    /// Whether the attempt goes on when this step fails.
    pub continue_on_error: Option<bool>,
    /// Whether the step is skipped.
    pub compiled_skip: bool,
    /// What makes two dispatches of a write the same.
    pub idempotency: Option<&'a CompiledIdempotency>,
}

impl<'a> From<&'a JobStepInstance> for StepRest<'a> {
    fn from(step: &'a JobStepInstance) -> Self {
        Self {
            phase_id: step.phase_id.as_ref(),
            timeout_s: step.timeout_s,
            continue_on_error: step.continue_on_error,
            compiled_skip: step.compiled_skip,
            idempotency: step.idempotency.as_ref(),
        }
    }
}

impl StepRest<'_> {
    fn put_json(&self, out: &mut Vec<u8>) {
        if let Some(phase_id) = self.phase_id {
            out.extend_from_slice(b",\"phase_id\":");
            put_string(phase_id.as_str(), out);
        }
        if let Some(timeout_s) = self.timeout_s {
            out.extend_from_slice(b",\"timeout_s\":");
            put_number(timeout_s.get().into(), out);
        }
        if let Some(continue_on_error) = self.continue_on_error {
            out.extend_from_slice(b",\"continue_on_error\":");
            put_value(View::Bool(continue_on_error), out);
        }
        out.extend_from_slice(b",\"compiled_skip\":");
        put_value(View::Bool(self.compiled_skip), out);
        if let Some(idempotency) = self.idempotency {
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
            put_value(semantic_key.into(), out);
        }
        out.extend_from_slice(b",\"include_payload_hash\":");
        put_value(View::Bool(self.include_payload_hash), out);
        out.push(b'}');
    }
}
