//! The record of one run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JobId, RunId};
use crate::json::Object;
use crate::{Digest, Timestamp};

/// The record of one run, written when it begins and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// The id of the run.
    pub run_id: RunId,
    /// The name of the job.
    pub job_id: JobId,
    /// The digest of the definition that was compiled.
    pub job_def_sha256: Digest,
    /// What whoever started the run gave it, for `@run.envelope`.
    pub envelope: Object,
    /// When the run began.
    pub started_at: Timestamp,
}
