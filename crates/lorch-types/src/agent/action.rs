//! What agents are asked to do, who does it, and what they answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a command asks for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Do the task for the first time.
    Implement,
    /// Change what was done, as a review or the specification asks.
    ImplementChanges,
    /// Judge what was done.
    Review,
    /// Bring the specification up to what was done.
    UpdateSpec,
    /// Make tasks of what a person wants.
    Intake,
    /// Find tasks in what is there.
    TaskDiscovery,
}

/// What an agent is for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AgentType {
    /// It writes code and tests.
    Builder,
    /// It judges what a builder wrote.
    Reviewer,
    /// It keeps the specification.
    SpecMaintainer,
    /// It makes tasks of wishes.
    Orchestration,
    /// Lorch itself, in the name of a person.
    System,
}

/// What an event says has happened.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum EventType {
    /// A builder is getting on.
    #[serde(rename = "builder.progress")]
    BuilderProgress,
    /// A builder is done.
    #[serde(rename = "builder.completed")]
    BuilderCompleted,
    /// A reviewer is done; the event's status is the verdict.
    #[serde(rename = "review.completed")]
    ReviewCompleted,
    /// The specification was changed.
    #[serde(rename = "spec.updated")]
    SpecUpdated,
    /// The specification says it all already.
    #[serde(rename = "spec.no_changes_needed")]
    SpecNoChangesNeeded,
    /// What was built contradicts the specification.
    #[serde(rename = "spec.changes_requested")]
    SpecChangesRequested,
    /// Tasks that a person may want.
    #[serde(rename = "orchestration.proposed_tasks")]
    ProposedTasks,
    /// A question to the person.
    #[serde(rename = "orchestration.needs_clarification")]
    NeedsClarification,
    /// What is wanted contradicts what is planned.
    #[serde(rename = "orchestration.plan_conflict")]
    PlanConflict,
    /// A file was written.
    #[serde(rename = "artifact.produced")]
    ArtifactProduced,
    /// The command failed.
    #[serde(rename = "error")]
    Error,
    /// A person decided something.
    #[serde(rename = "system.user_decision")]
    UserDecision,
}

/// The verdict of a review.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ReviewStatus {
    /// It is good as it is.
    Approved,
    /// It is not: the payload says what to change.
    ChangesRequested,
}

impl Action {
    /// All actions.
    pub const ALL: [Self; 6] = [
        Self::Implement,
        Self::ImplementChanges,
        Self::Review,
        Self::UpdateSpec,
        Self::Intake,
        Self::TaskDiscovery,
    ];

    /// The action as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Implement => "implement",
            Self::ImplementChanges => "implement_changes",
            Self::Review => "review",
            Self::UpdateSpec => "update_spec",
            Self::Intake => "intake",
            Self::TaskDiscovery => "task_discovery",
        }
    }

    /// Who is asked.
    pub const fn agent_type(self) -> AgentType {
        match self {
            Self::Implement | Self::ImplementChanges => AgentType::Builder,
            Self::Review => AgentType::Reviewer,
            Self::UpdateSpec => AgentType::SpecMaintainer,
            Self::Intake | Self::TaskDiscovery => AgentType::Orchestration,
        }
    }

    /// The events that end a command with this action.
    pub const fn terminal_events(self) -> &'static [EventType] {
        match self {
            Self::Implement | Self::ImplementChanges => {
                &[EventType::BuilderCompleted, EventType::Error]
            }
            Self::Review => &[EventType::ReviewCompleted, EventType::Error],
            Self::UpdateSpec => &[
                EventType::SpecUpdated,
                EventType::SpecNoChangesNeeded,
                EventType::SpecChangesRequested,
                EventType::Error,
            ],
            Self::Intake | Self::TaskDiscovery => &[
                EventType::ProposedTasks,
                EventType::NeedsClarification,
                EventType::PlanConflict,
                EventType::Error,
            ],
        }
    }
}

impl AgentType {
    /// All types.
    pub const ALL: [Self; 5] =
        [Self::Builder, Self::Reviewer, Self::SpecMaintainer, Self::Orchestration, Self::System];

    /// The type as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Builder => "builder",
            Self::Reviewer => "reviewer",
            Self::SpecMaintainer => "spec_maintainer",
            Self::Orchestration => "orchestration",
            Self::System => "system",
        }
    }
}

impl EventType {
    /// All types.
    pub const ALL: [Self; 12] = [
        Self::BuilderProgress,
        Self::BuilderCompleted,
        Self::ReviewCompleted,
        Self::SpecUpdated,
        Self::SpecNoChangesNeeded,
        Self::SpecChangesRequested,
        Self::ProposedTasks,
        Self::NeedsClarification,
        Self::PlanConflict,
        Self::ArtifactProduced,
        Self::Error,
        Self::UserDecision,
    ];

    /// The type as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuilderProgress => "builder.progress",
            Self::BuilderCompleted => "builder.completed",
            Self::ReviewCompleted => "review.completed",
            Self::SpecUpdated => "spec.updated",
            Self::SpecNoChangesNeeded => "spec.no_changes_needed",
            Self::SpecChangesRequested => "spec.changes_requested",
            Self::ProposedTasks => "orchestration.proposed_tasks",
            Self::NeedsClarification => "orchestration.needs_clarification",
            Self::PlanConflict => "orchestration.plan_conflict",
            Self::ArtifactProduced => "artifact.produced",
            Self::Error => "error",
            Self::UserDecision => "system.user_decision",
        }
    }
}

impl ReviewStatus {
    /// The verdict as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
        }
    }
}
