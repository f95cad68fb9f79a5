//! What was understood of a task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{AssetId, ExecutionMode, Goal, OrgId, Role, ToolName, UserIntent};
use crate::PositiveInteger;
use crate::bounded::{AgentPriority, WholePercent};
use crate::optional::not_null;

/// What was understood of a task: the contract between whoever parsed the intent, the agents that
/// plan, and the checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// What kind of operation it is.
    pub task_type: TaskType,
    /// What should be reached.
    pub goal: Goal,
    /// What it concerns.
    pub context: TaskContext,
    /// The agents that plan it.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "crate::optional::not_empty")]
    pub agents: Vec<AssignedAgent>,
    /// The tools that a plan may use.
    #[schemars(length(min = 1))]
    #[serde(deserialize_with = "crate::optional::not_empty")]
    pub tools_required: Vec<ToolName>,
    /// How much can go wrong.
    pub risk_level: RiskLevel,
    /// Whether a person must approve the plan, whatever else allows it.
    pub hitl_required: bool,
    /// What the person said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "UserIntent")]
    pub user_intent: Option<UserIntent>,
    /// What a plan must keep to.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Constraints")]
    pub constraints: Option<Constraints>,
    /// What a plan is checked against.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "ValidationRules")]
    pub validation: Option<ValidationRules>,
    /// How much may happen without a person, and which person.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "SpecExecutionPolicy")]
    pub execution_policy: Option<SpecExecutionPolicy>,
    /// What the language model was.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "LlmProfile")]
    pub llm_profile: Option<LlmProfile>,
}

/// What kind of operation a task is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskType {
    /// Servers are brought back to what they should be.
    DriftRemediation,
    /// Patches are rolled out.
    PatchRollout,
    /// What is there is compared with rules.
    ComplianceAudit,
    /// The cause of an incident is looked for.
    IncidentInvestigation,
    /// Recovery from a disaster is practised.
    DrDrill,
    /// Costs are brought down.
    CostOptimization,
    /// Weaknesses are looked for.
    SecurityScan,
    /// Machine images are built or retired.
    ImageManagement,
}

/// What a task concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskContext {
    /// Where it happens.
    pub environment: Environment,
    /// What of it is concerned.
    pub scope: TaskScope,
    /// The organization.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "OrgId")]
    pub org_id: Option<OrgId>,
}

/// Where something happens.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// What people depend on.
    Production,
    /// What becomes production next.
    Staging,
    /// What is being developed.
    Development,
    /// What nobody depends on.
    Sandbox,
}

/// What of an environment a task concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskScope {
    /// The platforms; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<Platform>")]
    pub platforms: Option<Vec<Platform>>,
    /// The regions; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub regions: Option<Vec<SmolStr>>,
    /// Which assets, in the words of whoever plans: `role:web-server`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub asset_filter: Option<SmolStr>,
    /// Which assets, by their ids.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<AssetId>")]
    pub asset_ids: Option<Vec<AssetId>>,
}

/// A platform that assets run on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Amazon Web Services.
    Aws,
    /// Microsoft Azure.
    Azure,
    /// Google Cloud.
    Gcp,
    /// VMware vSphere.
    Vsphere,
}

/// An agent that plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignedAgent {
    /// Which one.
    pub name: AgentName,
    /// Which goes first: 1 before 10.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "AgentPriority")]
    pub priority: Option<AgentPriority>,
}

/// The agents that plan.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AgentName {
    /// For drift.
    DriftAgent,
    /// For patches.
    PatchAgent,
    /// For compliance.
    ComplianceAgent,
    /// For incidents.
    IncidentAgent,
    /// For recovery.
    DrAgent,
    /// For costs.
    CostAgent,
    /// For security.
    SecurityAgent,
    /// For images.
    ImageAgent,
}

/// How much can go wrong.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// Everything.
    Critical,
}

/// What a plan must keep to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Constraints {
    /// Whether the first phase must be a canary.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub canary_required: Option<bool>,
    /// How much of all assets one phase may concern, in percent; 20 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "WholePercent")]
    pub max_batch_percent: Option<WholePercent>,
    /// How many assets one phase may concern.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PositiveInteger")]
    pub max_batch_size: Option<PositiveInteger>,
    /// When any phase is rolled back, such as `error_rate > 1%`; parsed where it is used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub rollback_trigger: Option<SmolStr>,
    /// When anything may happen.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "MaintenanceWindow")]
    pub maintenance_window: Option<MaintenanceWindow>,
    /// Assets that must be left alone.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<AssetId>")]
    pub exclude_assets: Option<Vec<AssetId>>,
}

/// When anything may happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// From when, as `02:00` of every day or as a moment; parsed where it is used.
    #[schemars(with = "String")]
    pub start: SmolStr,
    /// Until when, in the same form.
    #[schemars(with = "String")]
    pub end: SmolStr,
    /// The time zone by its IANA name, such as `Europe/Berlin`; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub timezone: Option<SmolStr>,
}

/// What a plan is checked against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationRules {
    /// The JSON Schema of the plan.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub schema: Option<SmolStr>,
    /// The policy packages; `production_safety` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<String>")]
    pub policies: Option<Vec<SmolStr>>,
}

/// How much may happen without a person, and which person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpecExecutionPolicy {
    /// How much may happen; `plan_only` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "ExecutionMode")]
    pub mode: Option<ExecutionMode>,
    /// Who may approve; anyone when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Vec<Role>")]
    pub allowed_approver_roles: Option<Vec<Role>>,
    /// Whether two distinct people must approve; false when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "bool")]
    pub require_two_approvers: Option<bool>,
}

/// What the language model was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmProfile {
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub model: Option<SmolStr>,
    /// The version of the agent that asked it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub agent_version: Option<SmolStr>,
    /// The version of the prompts.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub prompts_version: Option<SmolStr>,
}

impl Constraints {
    /// How much of all assets one phase may concern, in percent.
    pub fn max_batch_percent(&self) -> u64 {
        self.max_batch_percent.map_or(20, WholePercent::get)
    }
}
