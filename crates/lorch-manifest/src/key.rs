//! The idempotency key: what makes two dispatches the same.

use lorch_types::job::{CompiledIdempotency, JobInstance, JobStepInstance, Scope};
use lorch_types::json::{Object, Value};
use lorch_types::pointer::Pointer;
use lorch_types::{Digest, IdempotencyKey};

use crate::error::{ManifestError, ManifestErrorKind};
use crate::resolve::{Resolver, Secrets};
use crate::values::RunValues;

/// Tells keys of steps from all other keys.
const DOMAIN: &str = "lorch.step.v1";
/// The parameter of `write.*` that scope `explicit` takes as its key.
const EXPLICIT: &str = "idempotency_key";

/// The key of `step`, whose params are `params` when resolved.
pub(crate) fn idempotency_key<'a>(
    instance: &JobInstance,
    step: &'a JobStepInstance,
    values: &'a RunValues<'a>,
    params: &Object,
    secrets: &Secrets,
) -> Result<IdempotencyKey, ManifestError> {
    let default = CompiledIdempotency::default();
    let idempotency = match &step.idempotency {
        Some(idempotency) if step.op.is_write() => idempotency,
        _ => &default,
    };
    if step.op.is_write() && is_secret(EXPLICIT, secrets) {
        return Err(at_explicit(step, ManifestErrorKind::SecretInKey));
    }
    let mut parts: Vec<Value> = vec![DOMAIN.into()];
    match idempotency.scope {
        Scope::Run => parts.extend([
            "run".into(),
            values.run_id().as_str().into(),
            step.step_id.as_str().into(),
        ]),
        Scope::Semantic => parts.extend([
            "semantic".into(),
            instance.job_id.as_str().into(),
            step.step_id.as_str().into(),
            semantic_key(step, idempotency, values)?,
        ]),
        Scope::Explicit => parts.extend([
            "explicit".into(),
            step.op.to_string().into(),
            explicit_key(step, params)?,
        ]),
    }
    parts.push(if idempotency.include_payload_hash {
        Digest::of(&Value::Object(params.clone())).as_str().into()
    } else {
        Value::Null
    });
    Ok(IdempotencyKey::of(parts))
}

fn semantic_key<'a>(
    step: &'a JobStepInstance,
    idempotency: &'a CompiledIdempotency,
    values: &'a RunValues<'a>,
) -> Result<Value, ManifestError> {
    let Some(key) = &idempotency.semantic_key else {
        return Err(ManifestError::of(step, ManifestErrorKind::NoSemanticKey));
    };
    Resolver::new(step, values, &["idempotency", "semantic_key"]).key(key)
}

fn explicit_key(step: &JobStepInstance, params: &Object) -> Result<Value, ManifestError> {
    match params.get(EXPLICIT) {
        Some(key @ Value::String(_)) => Ok(key.clone()),
        other => {
            let found = other.map(Value::value_type);
            Err(at_explicit(step, ManifestErrorKind::ExplicitKey { found }))
        }
    }
}

fn at_explicit(step: &JobStepInstance, kind: ManifestErrorKind) -> ManifestError {
    ManifestError::of(step, kind).at(Pointer::root().join("params").join(EXPLICIT))
}

/// Whether a secret belongs into the parameter `name` or anything in it.
fn is_secret(name: &str, secrets: &Secrets) -> bool {
    secrets.keys().any(|pointer| {
        let rest = pointer.strip_prefix('/').and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
