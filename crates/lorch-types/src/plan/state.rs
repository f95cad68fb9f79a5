//! How far a task, a plan and a run are, and what leads from one state to the next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::machine::{Machine, lives};

/// How far a task is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// The user's words are recorded.
    Created,
    /// The user's words are being made a specification.
    Parsing,
    /// There is a plan for it.
    Planned,
    /// There will be no plan; why is recorded.
    Failed,
}

/// What can happen to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskEvent {
    /// Its words are given to whoever makes them a specification.
    Parse,
    /// A plan is made for it.
    Plan,
    /// It could not be understood, is not allowed, or took too long.
    Fail,
}

/// How far a plan is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PlanState {
    /// It is written, and not validated as it stands.
    Draft,
    /// It passed every part of validation.
    Validated,
    /// It lies before those who may approve it.
    AwaitingApproval,
    /// It may be executed, as long as every clause of its approval holds.
    Approved,
    /// Who should have approved it refused; why is recorded.
    Rejected,
    /// Another plan has taken its place.
    Superseded,
}

/// What can happen to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlanEvent {
    /// It passes validation.
    Validate,
    /// It no longer passes validation.
    Invalidate,
    /// It is put before those who may approve it.
    Submit,
    /// The last approval that it needs is given, by a person or by policy.
    Approve,
    /// Its approval is refused.
    Reject,
    /// A clause of its approval no longer holds.
    Revoke,
    /// A newer plan takes its place.
    Supersede,
}

/// How far a run of a plan is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// It has not begun.
    Queued,
    /// Its phases are under way, or are being rolled back.
    Executing,
    /// It waits for a person; why is recorded.
    Paused,
    /// Every phase passed.
    Completed,
    /// What it had changed is undone, and that is verified.
    RolledBack,
    /// It ended otherwise; why is recorded.
    Failed,
}

/// What can happen to a run of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunEvent {
    /// Its first phase begins.
    Start,
    /// It is cancelled before it began.
    Cancel,
    /// A health check failed or was inconclusive, or a person asked for it.
    Pause,
    /// A person lets it go on, or has it rolled back.
    Resume,
    /// Its last phase passes.
    Complete,
    /// Its rollback is done and verified.
    RollBack,
    /// It cannot go on, its rollback is incomplete, or its pause took too long.
    Fail,
}

impl TaskState {
    /// Every state, in the order of a life without trouble.
    pub const ALL: [Self; 4] = [Self::Created, Self::Parsing, Self::Planned, Self::Failed];

    /// The life of a task.
    pub const MACHINE: Machine<Self, TaskEvent> = Machine {
        subject: "task",
        states: &Self::ALL,
        edges: &[
            (Self::Created, TaskEvent::Parse, Self::Parsing),
            (Self::Parsing, TaskEvent::Plan, Self::Planned),
            (Self::Parsing, TaskEvent::Fail, Self::Failed),
        ],
        notes: &[],
    };

    /// The state as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Parsing => "parsing",
            Self::Planned => "planned",
            Self::Failed => "failed",
        }
    }
}

impl TaskEvent {
    /// The event as a verb.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Plan => "plan",
            Self::Fail => "fail",
        }
    }
}

lives!(TaskState, TaskEvent);

impl PlanState {
    /// Every state, in the order of a life without trouble.
    pub const ALL: [Self; 6] = [
        Self::Draft,
        Self::Validated,
        Self::AwaitingApproval,
        Self::Approved,
        Self::Rejected,
        Self::Superseded,
    ];

    /// The life of a plan.
    pub const MACHINE: Machine<Self, PlanEvent> = Machine {
        subject: "plan",
        states: &Self::ALL,
        edges: &[
            (Self::Draft, PlanEvent::Validate, Self::Validated),
            (Self::Draft, PlanEvent::Supersede, Self::Superseded),
            (Self::Validated, PlanEvent::Invalidate, Self::Draft),
            (Self::Validated, PlanEvent::Submit, Self::AwaitingApproval),
            (Self::Validated, PlanEvent::Supersede, Self::Superseded),
            (Self::AwaitingApproval, PlanEvent::Approve, Self::Approved),
            (Self::AwaitingApproval, PlanEvent::Reject, Self::Rejected),
            (Self::AwaitingApproval, PlanEvent::Supersede, Self::Superseded),
            (Self::Approved, PlanEvent::Revoke, Self::AwaitingApproval),
            (Self::Approved, PlanEvent::Supersede, Self::Superseded),
        ],
        notes: &[
            "An approved plan is revoked when a clause of its approval no longer holds.",
            "An approved plan is not superseded while a run of it executes.",
            "A plan that needs no person takes the same edges, approved by policy; never in \
             production.",
        ],
    };

    /// The state as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Validated => "validated",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
        }
    }
}

impl PlanEvent {
    /// The event as a verb.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Invalidate => "invalidate",
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Revoke => "revoke",
            Self::Supersede => "supersede",
        }
    }
}

lives!(PlanState, PlanEvent);

impl RunState {
    /// Every state, in the order of a life without trouble.
    pub const ALL: [Self; 6] = [
        Self::Queued,
        Self::Executing,
        Self::Paused,
        Self::Completed,
        Self::RolledBack,
        Self::Failed,
    ];

    /// The life of a run of a plan.
    pub const MACHINE: Machine<Self, RunEvent> = Machine {
        subject: "run",
        states: &Self::ALL,
        edges: &[
            (Self::Queued, RunEvent::Start, Self::Executing),
            (Self::Queued, RunEvent::Cancel, Self::Failed),
            (Self::Executing, RunEvent::Pause, Self::Paused),
            (Self::Executing, RunEvent::Complete, Self::Completed),
            (Self::Executing, RunEvent::RollBack, Self::RolledBack),
            (Self::Executing, RunEvent::Fail, Self::Failed),
            (Self::Paused, RunEvent::Resume, Self::Executing),
            (Self::Paused, RunEvent::Fail, Self::Failed),
        ],
        notes: &[
            "A paused run is resumed to be rolled back: paused, executing, rolled_back.",
            "A rollback that is incomplete ends in failed.",
        ],
    };

    /// The state as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Executing => "executing",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
        }
    }
}

impl RunEvent {
    /// The event as a verb.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Cancel => "cancel",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Complete => "complete",
            Self::RollBack => "roll_back",
            Self::Fail => "fail",
        }
    }
}

lives!(RunState, RunEvent);
