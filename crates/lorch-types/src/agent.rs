//! The documents of the agent family.
//!
//! [`Command`]s go to an agent, [`Event`]s, [`Heartbeat`]s and [`Log`]s come from it, one a line;
//! a [`Message`] is any of them. A [`SnapshotManifest`] pins what an agent sees, a [`Receipt`]
//! records what it did, and a [`RunState`] says how far the task is.

mod action;
mod command;
mod event;
mod heartbeat;
mod id;
mod log;
mod message;
mod path;
mod receipt;
mod run_state;
mod snapshot;

pub use action::{Action, AgentType, EventType, ReviewStatus};
pub use command::{Command, CommandKind, ExpectedOutput, Recipient, Retry, WorkspaceVersion};
pub use event::{Artifact, Event, EventKind, Sender};
pub use heartbeat::{Heartbeat, HeartbeatKind, HeartbeatStatus, Stats};
pub use id::{AgentId, AgentRunId, CommandId, CorrelationId, EventId, SnapshotId, TaskId};
pub use log::{Level, Log, LogKind};
pub use message::{Message, MessageKind};
pub use path::WorkspacePath;
pub use receipt::Receipt;
pub use run_state::{RunState, RunStatus, Stage};
pub use snapshot::{SnapshotFile, SnapshotManifest};
