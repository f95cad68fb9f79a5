//! From a step and what has happened so far to its manifest.

use std::collections::BTreeMap;
use std::sync::Arc;

use lorch_types::job::{JobInstance, JobStepInstance, RunRecord, StepManifest, StepPath};
use lorch_types::json::{Limits, Object, Value};

use crate::error::{ManifestError, ManifestErrorKind};
use crate::key::idempotency_key;
use crate::prompt::prompt_hash;
use crate::resolve::Resolver;
use crate::values::RunValues;

/// The outputs of the steps that have completed.
pub type Outputs = BTreeMap<StepPath, Arc<Value>>;

/// The manifest of `step` of `instance` in the run `record`.
///
/// # Errors
/// When the step is skipped, a reference does not lead to a value, or a value does not fit where it
/// is needed.
pub fn manifest(
    instance: &JobInstance,
    step: &JobStepInstance,
    record: &RunRecord,
    outputs: &Outputs,
) -> Result<StepManifest, ManifestError> {
    if step.compiled_skip {
        return Err(ManifestError::of(step, ManifestErrorKind::Skipped));
    }
    let values = RunValues::new(instance, step, record, outputs);
    let (resolved_params, secrets) =
        Resolver::new(step, &values, &["params"]).params(&step.params)?;
    if 2 + depth(&resolved_params) > Limits::MAX_DEPTH {
        let kind = ManifestErrorKind::TooDeep { limit: Limits::MAX_DEPTH };
        return Err(ManifestError::of(step, kind));
    }
    let idempotency_key = idempotency_key(instance, step, &values, &resolved_params, &secrets)?;
    Ok(StepManifest {
        run_id: record.run_id.clone(),
        step_id: step.step_id.clone(),
        backend: step.op.backend(),
        op: step.op.clone(),
        prompt_hash: prompt_hash(&step.op, &resolved_params),
        resolved_params,
        idempotency_key,
        secrets: if secrets.is_empty() { None } else { Some(secrets) },
    })
}

/// How deep the deepest member of `params` nests.
fn depth(params: &Object) -> usize {
    params.values().map(Value::depth).max().unwrap_or(0)
}
