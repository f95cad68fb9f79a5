//! What an agent says has happened.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AgentId, AgentType, CorrelationId, EventId, EventType, ReviewStatus, TaskId, WorkspacePath,
    WorkspaceVersion,
};
use crate::json::{Object, Value};
use crate::optional::not_null;
use crate::{Digest, NaturalInteger, Timestamp};

/// What the field `kind` of an event says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It is an event.
    #[default]
    Event,
}

/// What an agent says has happened, received from it on one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// That it is an event.
    pub kind: EventKind,
    /// The id of this message.
    pub message_id: EventId,
    /// The correlation of the command that it is about.
    pub correlation_id: CorrelationId,
    /// The task of that command.
    pub task_id: TaskId,
    /// Who says so.
    pub from: Sender,
    /// What has happened.
    pub event: EventType,
    /// More about it, depending on what has happened.
    pub payload: Object,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The verdict of a review.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "ReviewStatus")]
    pub status: Option<ReviewStatus>,
    /// The files that were produced.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<Artifact>")]
    pub artifacts: Option<Vec<Artifact>>,
    /// What the agent found the workspace to hold.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "WorkspaceVersion")]
    pub observed_version: Option<WorkspaceVersion>,
}

/// Who sent a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    /// What the agent is for.
    pub agent_type: AgentType,
    /// Which one, where there are several of its type.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "AgentId")]
    pub agent_id: Option<AgentId>,
}

/// A file, and what it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// The path of the file.
    pub path: WorkspacePath,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its size in bytes.
    pub size: NaturalInteger,
}

impl Event {
    /// What lorch itself says here of files: what each is, or that it is gone. Nothing where the event
    /// is that of an agent, whose claims are in [`Event::artifacts`].
    ///
    /// Lorch says so when it has looked at what work did, and when a person takes files as they are.
    pub fn words_on_files(&self) -> Vec<(WorkspacePath, Option<Artifact>)> {
        let is_about_files =
            matches!(self.event, EventType::ArtifactProduced | EventType::UserDecision);
        if self.from.agent_type != AgentType::System || !is_about_files {
            return Vec::new();
        }
        let removed = self.payload.get("removed").and_then(Value::as_array).unwrap_or_default();
        let removed = removed.iter().filter_map(|path| path.as_str()?.parse().ok());
        let there = self.artifacts.iter().flatten();
        let there = there.map(|artifact| (artifact.path.clone(), Some(artifact.clone())));
        removed.map(|path| (path, None)).chain(there).collect()
    }
}
