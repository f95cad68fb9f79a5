//! What an agent is asked to do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{
    Action, AgentId, AgentType, CommandId, CorrelationId, SnapshotId, TaskId, WorkspacePath,
};
use crate::json::{Object, ToValueError, canonical, to_value};
use crate::optional::not_null;
use crate::{Digest, IdempotencyKey, NaturalInteger, PositiveInteger, Priority, Timestamp};

/// What the field `kind` of a command says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// It is a command.
    #[default]
    Command,
}

/// What an agent is asked to do, sent to it on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// That it is a command.
    pub kind: CommandKind,
    /// The id of this message; sending again makes a new one.
    pub message_id: CommandId,
    /// What the messages about this command have in common.
    pub correlation_id: CorrelationId,
    /// The task that it serves.
    pub task_id: TaskId,
    /// What makes it replay-safe: the same key asks for the same work, which is done once.
    pub idempotency_key: IdempotencyKey,
    /// Who is asked.
    pub to: Recipient,
    /// What is asked for.
    pub action: Action,
    /// The parameters of the action.
    pub inputs: Object,
    /// The files that the agent should produce.
    pub expected_outputs: Vec<ExpectedOutput>,
    /// What the workspace held when the command was made.
    pub version: WorkspaceVersion,
    /// When the answer comes too late.
    pub deadline: Timestamp,
    /// Which attempt at the same work it is.
    pub retry: Retry,
    /// How urgent it is, from 0 to 10.
    pub priority: Priority,
}

/// Who is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// What the agent is for.
    pub agent_type: AgentType,
    /// Which one, where there are several of its type.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "AgentId")]
    pub agent_id: Option<AgentId>,
}

/// A file that an agent should produce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedOutput {
    /// The path of the file.
    pub path: WorkspacePath,
    /// Whether the work is not done without it; true when absent.
    #[serde(default = "required_by_default")]
    pub required: bool,
    /// What the file is for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub description: Option<SmolStr>,
}

fn required_by_default() -> bool {
    true
}

/// What a workspace held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceVersion {
    /// The snapshot of its files.
    pub snapshot_id: SnapshotId,
    /// The digest of its specification.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Digest")]
    pub specs_hash: Option<Digest>,
    /// The digest of its code.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Digest")]
    pub code_hash: Option<Digest>,
}

/// Which attempt at the same work a command is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// How many were made before.
    pub attempt: NaturalInteger,
    /// How many are made at most.
    pub max_attempts: PositiveInteger,
}

impl Command {
    /// The key of work: SHA-256 over the action, the task, the snapshot and the canonical JSON of
    /// inputs and expected outputs, separated by line feeds.
    ///
    /// # Errors
    /// When an expected output cannot be written as JSON.
    pub fn key(
        action: Action,
        task: &TaskId,
        snapshot: &SnapshotId,
        inputs: &Object,
        expected_outputs: &[ExpectedOutput],
    ) -> Result<IdempotencyKey, ToValueError> {
        let inputs = canonical(&inputs.clone().into());
        let outputs = canonical(&to_value(expected_outputs)?);
        let action = action.as_str();
        let text = format!("{action}\n{task}\n{snapshot}\n{inputs}\n{outputs}");
        Ok(IdempotencyKey::of_bytes(text.as_bytes()))
    }
}
