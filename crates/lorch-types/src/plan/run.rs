//! One execution of a plan, and everything that happened in it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{AssetId, Environment, PhaseName, PlanId, RunId, RunState, TaskId, UserId};
use crate::json::Object;
use crate::optional::not_null;
use crate::{Amount, NaturalInteger, Percent, Timestamp};

/// One execution of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The id of the run.
    pub id: RunId,
    /// The plan that is executed.
    pub plan_id: PlanId,
    /// The task that the plan is for.
    pub task_id: TaskId,
    /// Where it happens.
    pub environment: Environment,
    /// Who started it.
    pub initiated_by: UserId,
    /// What has become of it.
    pub status: RunStatus,
    /// When it began.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub completed_at: Option<Timestamp>,
    /// How far it is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Progress")]
    pub progress: Option<Progress>,
    /// What it did, in figures.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "RunMetrics")]
    pub metrics: Option<RunMetrics>,
    /// What happened, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<AuditEntry>")]
    pub audit_log: Option<Vec<AuditEntry>>,
}

/// What has become of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunStatus {
    /// The state.
    pub state: RunState,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub updated_at: Option<Timestamp>,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub error: Option<SmolStr>,
    /// Why it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub pause_reason: Option<SmolStr>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// The phase that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PhaseName")]
    pub current_phase: Option<PhaseName>,
    /// The phases that are done.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<PhaseName>")]
    pub phases_completed: Option<Vec<PhaseName>>,
    /// The phases that have not begun.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<PhaseName>")]
    pub phases_remaining: Option<Vec<PhaseName>>,
    /// How much of it is done, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Percent")]
    pub percent_complete: Option<Percent>,
}

/// What a run did, in figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunMetrics {
    /// How many seconds it took.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Amount")]
    pub duration_seconds: Option<Amount>,
    /// How many assets it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub assets_total: Option<NaturalInteger>,
    /// How many were changed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub assets_changed: Option<NaturalInteger>,
    /// How many could not be changed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub assets_failed: Option<NaturalInteger>,
    /// How many were left alone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub assets_skipped: Option<NaturalInteger>,
    /// Whether anything was rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub rollback_triggered: Option<bool>,
    /// How many assets were rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub rollback_assets: Option<NaturalInteger>,
    /// The highest error rate that was seen, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Percent")]
    pub observed_error_rate: Option<Percent>,
    /// How many health checks failed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub health_check_failures: Option<NaturalInteger>,
}

/// One thing that happened in a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// When it happened.
    pub timestamp: Timestamp,
    /// What happened.
    pub event: AuditEvent,
    /// In which phase.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PhaseName")]
    pub phase: Option<PhaseName>,
    /// To which asset.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "AssetId")]
    pub asset_id: Option<AssetId>,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub details: Option<Object>,
    /// What went wrong, for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub error: Option<SmolStr>,
}

/// What can happen in a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AuditEvent {
    /// It began.
    RunStarted,
    /// It waits.
    RunPaused,
    /// It goes on.
    RunResumed,
    /// It is done.
    RunCompleted,
    /// It failed.
    RunFailed,
    /// A phase began.
    PhaseStarted,
    /// A phase is done.
    PhaseCompleted,
    /// A phase failed.
    PhaseFailed,
    /// A health check began.
    HealthCheckStarted,
    /// It found the assets well.
    HealthCheckPassed,
    /// It did not.
    HealthCheckFailed,
    /// What was done is being undone.
    RollbackTriggered,
    /// It is undone.
    RollbackCompleted,
    /// An asset was changed.
    AssetChanged,
    /// An asset could not be changed.
    AssetFailed,
    /// An asset was left alone.
    AssetSkipped,
}

impl AuditEvent {
    /// The event as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RunStarted => "run_started",
            Self::RunPaused => "run_paused",
            Self::RunResumed => "run_resumed",
            Self::RunCompleted => "run_completed",
            Self::RunFailed => "run_failed",
            Self::PhaseStarted => "phase_started",
            Self::PhaseCompleted => "phase_completed",
            Self::PhaseFailed => "phase_failed",
            Self::HealthCheckStarted => "health_check_started",
            Self::HealthCheckPassed => "health_check_passed",
            Self::HealthCheckFailed => "health_check_failed",
            Self::RollbackTriggered => "rollback_triggered",
            Self::RollbackCompleted => "rollback_completed",
            Self::AssetChanged => "asset_changed",
            Self::AssetFailed => "asset_failed",
            Self::AssetSkipped => "asset_skipped",
        }
    }
}
