//! The kinds of documents, and how to tell which one a value is.

use std::fmt;
use std::str::FromStr;

use crate::agent::MessageKind;
use crate::json::Value;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// [`crate::job::JobDef`].
    JobDef,
    /// [`crate::job::JobInstance`].
    JobInstance,
    /// [`crate::job::RunRecord`].
    RunRecord,
    /// [`crate::job::StepManifest`].
    StepManifest,
    /// [`crate::job::AttemptRecord`].
    AttemptRecord,
    /// [`crate::job::StepOutcome`].
    StepOutcome,
    /// [`crate::agent::Command`].
    Command,
    /// [`crate::agent::Event`].
    Event,
    /// [`crate::agent::Heartbeat`].
    Heartbeat,
    /// [`crate::agent::Log`].
    Log,
    /// [`crate::agent::SnapshotManifest`].
    SnapshotManifest,
    /// [`crate::agent::Receipt`].
    Receipt,
    /// [`crate::agent::RunState`].
    RunState,
    /// [`crate::plan::Task`].
    Task,
    /// [`crate::plan::TaskSpec`].
    TaskSpec,
    /// [`crate::plan::Plan`].
    Plan,
    /// [`crate::plan::Run`].
    Run,
}

/// A name that no kind of document has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no document kind `{}`", name.escape_debug())]
pub struct UnknownKind {
    name: String,
}

/// What tells the documents of one kind from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Their field `kind` says so.
    Message(MessageKind),
    /// They have these fields, and are not of a kind listed before.
    Fields(&'static [&'static str]),
}

impl Kind {
    /// All kinds, in the order in which they are listed and detected.
    pub const ALL: [Self; 17] = [
        Self::JobDef,
        Self::JobInstance,
        Self::RunRecord,
        Self::StepManifest,
        Self::AttemptRecord,
        Self::StepOutcome,
        Self::Command,
        Self::Event,
        Self::Heartbeat,
        Self::Log,
        Self::SnapshotManifest,
        Self::Receipt,
        Self::RunState,
        Self::Task,
        Self::TaskSpec,
        Self::Plan,
        Self::Run,
    ];

    /// The name, as in `lorch validate --schema NAME`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JobDef => "job-def",
            Self::JobInstance => "job-instance",
            Self::RunRecord => "run-record",
            Self::StepManifest => "step-manifest",
            Self::AttemptRecord => "attempt-record",
            Self::StepOutcome => "step-outcome",
            Self::Command => "command",
            Self::Event => "event",
            Self::Heartbeat => "heartbeat",
            Self::Log => "log",
            Self::SnapshotManifest => "snapshot-manifest",
            Self::Receipt => "receipt",
            Self::RunState => "run-state",
            Self::Task => "task",
            Self::TaskSpec => "task-spec",
            Self::Plan => "plan",
            Self::Run => "run",
        }
    }

    /// Where the schema stands beneath `schemas/`.
    pub const fn schema_path(self) -> &'static str {
        match self {
            Self::JobDef => "job/job_def.schema.json",
            Self::JobInstance => "job/job_instance.schema.json",
            Self::RunRecord => "job/run_record.schema.json",
            Self::StepManifest => "job/step_manifest.schema.json",
            Self::AttemptRecord => "job/attempt.schema.json",
            Self::StepOutcome => "job/step_outcome.schema.json",
            Self::Command => "v1/command.v1.json",
            Self::Event => "v1/event.v1.json",
            Self::Heartbeat => "v1/heartbeat.v1.json",
            Self::Log => "v1/log.v1.json",
            Self::SnapshotManifest => "v1/snapshot-manifest.v1.json",
            Self::Receipt => "v1/receipt.v1.json",
            Self::RunState => "v1/run-state.v1.json",
            Self::Task => "ai/task.schema.json",
            Self::TaskSpec => "ai/task-spec.schema.json",
            Self::Plan => "ai/plan.schema.json",
            Self::Run => "ai/run.schema.json",
        }
    }

    /// What tells documents of this kind from those of all others.
    pub const fn mark(self) -> Mark {
        match self {
            Self::JobDef => Mark::Fields(&["job_id", "version", "steps"]),
            Self::JobInstance => Mark::Fields(&["job_def_sha256", "compiled_at"]),
            Self::RunRecord => Mark::Fields(&["job_def_sha256", "envelope"]),
            Self::StepManifest => Mark::Fields(&["resolved_params"]),
            Self::AttemptRecord => Mark::Fields(&["attempt_n"]),
            Self::StepOutcome => Mark::Fields(&["step_id", "status"]),
            Self::Command => Mark::Message(MessageKind::Command),
            Self::Event => Mark::Message(MessageKind::Event),
            Self::Heartbeat => Mark::Message(MessageKind::Heartbeat),
            Self::Log => Mark::Message(MessageKind::Log),
            Self::SnapshotManifest => Mark::Fields(&["snapshot_id", "files"]),
            Self::Receipt => Mark::Fields(&["command_message_id"]),
            Self::RunState => Mark::Fields(&["current_stage"]),
            Self::Task => Mark::Fields(&["user_intent", "status"]),
            Self::TaskSpec => Mark::Fields(&["task_type"]),
            Self::Plan => Mark::Fields(&["payload", "type"]),
            Self::Run => Mark::Fields(&["plan_id", "environment"]),
        }
    }

    /// The fields that tell documents of this kind from those of the kinds listed after it.
    pub const fn distinguishing_fields(self) -> &'static [&'static str] {
        match self.mark() {
            Mark::Message(_) => &["kind"],
            Mark::Fields(fields) => fields,
        }
    }

    /// Where documents of this kind stand in a workspace, as patterns of paths; nowhere in files of
    /// their own for some.
    pub const fn file_patterns(self) -> &'static [&'static str] {
        match self {
            Self::JobDef => &["jobs/*.yaml", "jobs/*.yml", "jobs/*.json"],
            Self::SnapshotManifest => &["snapshots/*.manifest.json"],
            Self::Receipt => &["receipts/**/*.json"],
            Self::RunState => &["state/run.json"],
            Self::Task => &["tasks/*.json", "**/task.json"],
            Self::Plan => &["plans/*.json", "**/plan.json"],
            Self::JobInstance
            | Self::RunRecord
            | Self::StepManifest
            | Self::AttemptRecord
            | Self::StepOutcome
            | Self::Command
            | Self::Event
            | Self::Heartbeat
            | Self::Log
            | Self::TaskSpec
            | Self::Run => &[],
        }
    }

    /// The kind that `document` is meant to be, judged by what only it has.
    pub fn detect(document: &Value) -> Option<Self> {
        let object = document.as_object()?;
        let message = MessageKind::of(document);
        Self::ALL.into_iter().find(|kind| match kind.mark() {
            Mark::Message(kind) => message == Some(kind),
            Mark::Fields(fields) => {
                message.is_none() && fields.iter().all(|field| object.contains_key(field))
            }
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind { name: name.to_owned() })
    }
}
