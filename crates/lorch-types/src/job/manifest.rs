//! A step with nothing left to resolve.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Backend, DispatchOp, RunId, StepPath};
use crate::json::Object;
use crate::optional::not_null;
use crate::{Digest, IdempotencyKey};

/// Everything a backend needs to perform one step, today or on replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
#[schemars(deny_unknown_fields, extend(
    "if" = {
        "properties": { "op": {
            "description": "An operation outside the data plane.",
            "type": "string",
            "pattern": "^compute\\."
        } },
        "required": ["op"]
    },
    "then" = { "properties": { "backend": {
        "description": "`compute.*` is performed by the backend `compute`",
        "not": { "const": "data_plane" }
    } } },
    "else" = { "properties": { "backend": {
        "description": "`query.*`, `write.*` and `assert.*` are performed by the backend `data_plane`",
        "not": { "const": "compute" }
    } } }
))]
pub struct StepManifest {
    /// The run that the step belongs to.
    pub run_id: RunId,
    /// The step.
    pub step_id: StepPath,
    /// The backend that performs it, as the prefix of `op` says.
    pub backend: Backend,
    /// What is done.
    pub op: DispatchOp,
    /// The parameters as plain data; null stands where a secret goes.
    pub resolved_params: Object,
    /// The digest of what a language model is asked; null for other operations.
    #[serde(default)]
    pub prompt_hash: Option<Digest>,
    /// The key under which the effect happens at most once.
    pub idempotency_key: IdempotencyKey,
    /// For each place in `resolved_params` that needs a secret (a JSON pointer): its text with the
    /// `@secret` references, which the backend fills in at dispatch.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub secrets: Option<BTreeMap<String, String>>,
}

impl Serialize for StepManifest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for StepManifest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let manifest = Self::deserialize(deserializer)?;
        if manifest.backend != manifest.op.backend() {
            return Err(serde::de::Error::custom(format_args!(
                "`{}` is performed by the backend `{}`, not by `{}`",
                manifest.op,
                manifest.op.backend(),
                manifest.backend
            )));
        }
        Ok(manifest)
    }
}
