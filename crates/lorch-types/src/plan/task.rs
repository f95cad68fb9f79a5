//! What a person asked for, and what has become of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::{OrgId, ProjectId, Role, TaskId, TaskSpec, TaskState, UserId, UserIntent};
use crate::agent::CorrelationId;
use crate::json::Object;
use crate::optional::not_null;
use crate::{NaturalInteger, PositiveInteger, Timestamp};

/// What a person asked for, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The id of the task.
    pub id: TaskId,
    /// The organization that it belongs to.
    pub org_id: OrgId,
    /// Who asked.
    pub created_by: UserId,
    /// What is wanted, in the person's words.
    pub user_intent: UserIntent,
    /// What has become of it.
    pub status: TaskStatus,
    /// The project that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "ProjectId")]
    pub project_id: Option<ProjectId>,
    /// When it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub created_at: Option<Timestamp>,
    /// What was understood.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskSpec")]
    pub task_spec: Option<TaskSpec>,
    /// How much may happen without a person, and which person.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskExecutionPolicy")]
    pub execution_policy: Option<TaskExecutionPolicy>,
    /// What the language model was, and what it used.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "LlmUsage")]
    pub llm_profile: Option<LlmUsage>,
    /// Where it came from.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskMetadata")]
    pub metadata: Option<TaskMetadata>,
}

/// What has become of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskStatus {
    /// The state.
    pub state: TaskState,
    /// Since when it is in this state.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Timestamp")]
    pub updated_at: Option<Timestamp>,
    /// Why it failed, for people.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "String")]
    pub error: Option<SmolStr>,
    /// Why it failed, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskErrorCode")]
    pub error_code: Option<TaskErrorCode>,
}

/// Why a task failed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskErrorCode {
    /// The intent could not be understood.
    ParseError,
    /// What was understood is no valid specification.
    ValidationError,
    /// It concerns what it may not.
    ScopeError,
    /// Whoever asked may not.
    PermissionError,
    /// It took too long.
    Timeout,
    /// The language model failed.
    LlmError,
    /// Something else.
    Unknown,
}

/// How much of a task may happen.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionMode {
    /// Nothing: a plan is made.
    #[default]
    PlanOnly,
    /// The canary phase of the plan.
    CanaryOnly,
    /// The whole plan.
    FullAuto,
}

/// How much may happen without a person, and which person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskExecutionPolicy {
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
    /// After how many minutes a paused run fails; 30 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "PositiveInteger")]
    pub timeout_minutes: Option<PositiveInteger>,
}

/// What the language model was, and what it used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmUsage {
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
    /// How many tokens were used, in and out.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub total_tokens: Option<NaturalInteger>,
    /// How many milliseconds it took.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "NaturalInteger")]
    pub total_latency_ms: Option<NaturalInteger>,
}

/// Where a task came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskMetadata {
    /// By which way it came.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "TaskSource")]
    pub source: Option<TaskSource>,
    /// What it has in common with the records of other programs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "CorrelationId")]
    pub correlation_id: Option<CorrelationId>,
    /// Labels of whoever made it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "not_null")]
    #[schemars(with = "Object")]
    pub tags: Option<Object>,
}

/// By which way a task came.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskSource {
    /// A conversation.
    Chat,
    /// A program.
    Api,
    /// A schedule.
    Scheduled,
    /// A call from another system.
    Webhook,
}

impl TaskExecutionPolicy {
    /// How much may happen.
    pub fn mode(&self) -> ExecutionMode {
        self.mode.unwrap_or_default()
    }

    /// After how many minutes a paused run fails.
    pub fn timeout_minutes(&self) -> u64 {
        self.timeout_minutes.map_or(30, PositiveInteger::get)
    }
}
