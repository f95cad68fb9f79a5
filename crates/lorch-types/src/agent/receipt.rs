//! The record of work that is done.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Action, Artifact, CommandId, CorrelationId, EventId, SnapshotId, TaskId};
use crate::{IdempotencyKey, PositiveInteger, Timestamp};

/// The record of work that is done: what has one is not asked for again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The task.
    pub task_id: TaskId,
    /// Which receipt of the task it is, from 1.
    pub step: PositiveInteger,
    /// What was asked for.
    pub action: Action,
    /// The key of the command that asked.
    pub idempotency_key: IdempotencyKey,
    /// What the workspace held when it was asked.
    pub snapshot_id: SnapshotId,
    /// The command that asked.
    pub command_message_id: CommandId,
    /// The correlation of that command.
    pub correlation_id: CorrelationId,
    /// The files that were produced.
    pub artifacts: Vec<Artifact>,
    /// The events that were received about it.
    pub events: Vec<EventId>,
    /// When it was written.
    pub created_at: Timestamp,
}

impl Receipt {
    /// Whether what this says about a file counts instead of what `earlier` says: by their numbers
    /// within a task, otherwise by when they were written.
    pub fn supersedes(&self, earlier: &Self) -> bool {
        if self.task_id == earlier.task_id {
            self.step.get() >= earlier.step.get()
        } else {
            self.created_at >= earlier.created_at
        }
    }
}
