//! The proposal of how to do a task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{AssetId, Phase, PlanId, PlanState, Summary, TaskId, UserId};
use crate::json::Object;
use crate::optional::not_null;
use crate::{Percent, Timestamp};

/// The proposal of how to do a task, written by an AI or a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The id of the plan; a changed plan is another one.
    pub id: PlanId,
    /// The task that it is for.
    pub task_id: TaskId,
    /// What kind of plan it is.
    #[serde(rename = "type")]
    pub plan_type: PlanType,
    /// What it proposes.
    pub payload: PlanPayload,
    /// What has become of it.
    pub status: PlanStatus,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub created_at: Option<Timestamp>,
    /// What the checks found.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PlanValidation")]
    pub validation: Option<PlanValidation>,
    /// How good it is, from 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Percent")]
    pub quality_score: Option<Percent>,
}

/// What kind of plan it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum PlanType {
    /// Against drift.
    DriftPlan,
    /// For patches.
    PatchPlan,
    /// For recovery.
    DrRunbook,
    /// About compliance.
    ComplianceReport,
    /// Of an incident.
    IncidentAnalysis,
    /// For lower costs.
    CostOptimizationPlan,
    /// About security.
    SecurityReport,
    /// Of an image.
    ImageSpec,
}

/// What a plan proposes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanPayload {
    /// What it does, for the person who approves it.
    pub summary: Summary,
    /// Everything that it concerns.
    pub affected_assets: Vec<AssetId>,
    /// What is done, in this order; nothing when absent, as in a report.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<Phase>")]
    pub phases: Option<Vec<Phase>>,
    /// How long it will take, such as `2h`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub estimated_duration: Option<SmolStr>,
    /// What can go wrong, in words.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub risk_assessment: Option<SmolStr>,
    /// What plans of this type have besides.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub details: Option<Object>,
}

/// What the checks found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanValidation {
    /// Whether the plan keeps its schema.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub schema_valid: Option<bool>,
    /// Where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub schema_errors: Option<Vec<SmolStr>>,
    /// Whether the policies allow it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub opa_valid: Option<bool>,
    /// What they deny.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub opa_violations: Option<Vec<SmolStr>>,
    /// Whether the built-in checks pass.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub safety_valid: Option<bool>,
    /// Which do not.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub safety_violations: Option<Vec<SmolStr>>,
    /// Whether all of it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub overall_valid: Option<bool>,
}

/// What has become of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanStatus {
    /// The state.
    pub state: PlanState,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub updated_at: Option<Timestamp>,
    /// Who approved it; one of them, where several did.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "UserId")]
    pub approved_by: Option<UserId>,
    /// When it was approved.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub approved_at: Option<Timestamp>,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub rejection_reason: Option<SmolStr>,
}
