//! What came of running the steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorInfo, RunId, StepPath};
use crate::{Digest, PositiveInteger, Timestamp};

/// How far an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// It is under way, or was when its process ended.
    Running,
    /// Every step has completed, was skipped, or failed with `continue_on_error`.
    Completed,
    /// A step failed, or a person stopped it.
    Failed,
}

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Not begun.
    Pending,
    /// Dispatched; its outcome is not known yet.
    Running,
    /// Done; its output is recorded.
    Completed,
    /// It failed; its error is recorded.
    Failed,
    /// Its condition was false when the job was compiled.
    Skipped,
}

impl AttemptStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

impl StepStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One attempt at a run; the first has number 1, each resume begins the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttemptRecord {
    /// The run.
    pub run_id: RunId,
    /// Which attempt it is, from 1.
    pub attempt_n: PositiveInteger,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; null while it is under way.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// How far it is.
    pub status: AttemptStatus,
    /// One outcome for every step of the instance, in order; those of earlier attempts unchanged.
    pub step_outcomes: Vec<StepOutcome>,
}

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepOutcome {
    /// The step.
    pub step_id: StepPath,
    /// How far it is.
    pub status: StepStatus,
    /// When it was dispatched; null before.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// When it ended; null before.
    #[serde(default)]
    pub completed_at: Option<Timestamp>,
    /// The digest of its manifest; null before there is one.
    #[serde(default)]
    pub manifest_ref: Option<Digest>,
    /// The digest of its output; null unless it completed.
    #[serde(default)]
    pub output_ref: Option<Digest>,
    /// Why it failed; null unless it did.
    #[serde(default)]
    pub error: Option<ErrorInfo>,
}

impl StepOutcome {
    /// The outcome of a step that has not begun.
    pub fn pending(step_id: StepPath) -> Self {
        Self {
            step_id,
            status: StepStatus::Pending,
            started_at: None,
            completed_at: None,
            manifest_ref: None,
            output_ref: None,
            error: None,
        }
    }
}
