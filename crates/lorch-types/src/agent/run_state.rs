//! How far the run of an agents' task is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{AgentRunId, CommandId, CorrelationId, EventId, EventType, SnapshotId, TaskId};
use crate::Timestamp;
use crate::optional::not_null;

/// How far the run of an agents' task is; derived from its ledger, which leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunState {
    /// The run.
    pub run_id: AgentRunId,
    /// Whether it goes on.
    pub status: RunStatus,
    /// The task.
    pub task_id: TaskId,
    /// What the workspace held when it began.
    pub snapshot_id: SnapshotId,
    /// What is being done.
    pub current_stage: Stage,
    /// When it began.
    pub started_at: Timestamp,
    /// The correlation of the command that is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "CorrelationId")]
    pub correlation_id: Option<CorrelationId>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub completed_at: Option<Timestamp>,
    /// The last command that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "CommandId")]
    pub last_command_id: Option<CommandId>,
    /// The last event that was received.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "EventId")]
    pub last_event_id: Option<EventId>,
    /// The last event by which each agent ended a command.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "BTreeMap<String, EventType>")]
    pub terminal_events: Option<BTreeMap<SmolStr, EventType>>,
}

/// Whether a run goes on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// It does, or waits for a person.
    Running,
    /// The task is done.
    Completed,
    /// The task cannot be done this way.
    Failed,
    /// A person stopped it.
    Aborted,
}

/// What is being done.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// A builder works.
    Implement,
    /// A reviewer works.
    Review,
    /// A spec maintainer works.
    SpecMaintain,
    /// Nothing more.
    Complete,
}
