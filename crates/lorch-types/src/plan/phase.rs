//! One part of a plan: some assets, what is done to them, and what shows that they are well.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{AssetId, PhaseName, ToolName};
use crate::json::Object;
use crate::optional::not_null;

/// One part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Its name.
    pub name: PhaseName,
    /// What it concerns.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "crate::optional::not_empty")]
    pub assets: Vec<AssetId>,
    /// How long to watch before the next phase, such as `30m`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub wait_time: Option<SmolStr>,
    /// What shows that the assets are well.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<HealthCheck>")]
    pub health_checks: Option<Vec<HealthCheck>>,
    /// When to undo the phase, such as `error_rate > 1%`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub rollback_if: Option<SmolStr>,
    /// What is done to each asset, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<PlanAction>")]
    pub actions: Option<Vec<PlanAction>>,
}

/// One thing that shows that assets are well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HealthCheck {
    /// What is looked at.
    #[serde(rename = "type")]
    pub check_type: HealthCheckType,
    /// Where to look: a path, a query.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub target: Option<SmolStr>,
    /// What is well, such as `< 1%`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub threshold: Option<SmolStr>,
    /// How long to wait for an answer, such as `30s`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub timeout: Option<SmolStr>,
}

/// What a health check looks at.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum HealthCheckType {
    /// Whether a request is answered with status 200.
    #[serde(rename = "http_200")]
    Http200,
    /// Which share of requests fails.
    #[serde(rename = "error_rate")]
    ErrorRate,
    /// How long all but one request in a hundred take at most.
    #[serde(rename = "latency_p99")]
    LatencyP99,
    /// What the operator declared.
    #[serde(rename = "custom_metric")]
    CustomMetric,
}

/// One thing that is done to an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanAction {
    /// The tool that does it.
    pub tool: ToolName,
    /// Its parameters: data, in which nothing is a reference.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub params: Option<Object>,
    /// What it does, for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub description: Option<SmolStr>,
}
