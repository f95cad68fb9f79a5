//! The sign of life of an agent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Sender, TaskId};
use crate::optional::not_null;
use crate::{Amount, NaturalInteger, PositiveInteger, Timestamp};

/// What the field `kind` of a heartbeat says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatKind {
    /// It is a heartbeat.
    #[default]
    Heartbeat,
}

/// The sign of life of an agent, received from it on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// That it is a heartbeat.
    pub kind: HeartbeatKind,
    /// Who lives.
    pub agent: Sender,
    /// Which one it is since the agent was started; it grows.
    pub seq: NaturalInteger,
    /// What the agent is doing.
    pub status: HeartbeatStatus,
    /// The id of its process.
    pub pid: PositiveInteger,
    /// How many seconds ago it was started.
    pub uptime_s: Amount,
    /// When it last got on with something.
    pub last_activity_at: Timestamp,
    /// The id of the process that started it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub ppid: Option<NaturalInteger>,
    /// What it uses of the machine.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Stats")]
    pub stats: Option<Stats>,
    /// The task that it is busy with.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskId")]
    pub task_id: Option<TaskId>,
}

/// What an agent is doing.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatStatus {
    /// It is not ready yet.
    Starting,
    /// It waits for a command.
    Ready,
    /// It works on one.
    Busy,
    /// It is about to end.
    Stopping,
    /// It waits before it tries something again.
    Backoff,
}

/// What an agent uses of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stats {
    /// Processor time in percent of one core.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Amount")]
    pub cpu_pct: Option<Amount>,
    /// Resident memory in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub rss_bytes: Option<NaturalInteger>,
}
