//! The documents of the plan family, and the language of their durations and conditions.
//!
//! A [`Task`] is what a person asked for, a [`TaskSpec`] what was understood of it, a [`Plan`] the
//! proposal of how to do it in [`Phase`]s, and a [`Run`] one execution of that. Conditions,
//! thresholds and durations are text in these documents, and are parsed where they are used.

mod document;
mod id;
mod phase;
mod run;
mod state;
mod task;
mod task_spec;
mod text;

pub use document::{Plan, PlanPayload, PlanStatus, PlanType, PlanValidation};
pub(crate) use id::UUID;
pub use id::{AssetId, OrgId, PhaseName, PlanId, ProjectId, Role, RunId, TaskId, ToolName, UserId};
pub use phase::{HealthCheck, HealthCheckType, Phase, PlanAction};
pub use run::{AuditEntry, AuditEvent, Metrics, Progress, Run, RunStatus};
pub use state::{PlanEvent, PlanState, RunEvent, RunState, TaskEvent, TaskState};
pub use task::{
    ExecutionMode, LlmUsage, Task, TaskErrorCode, TaskExecutionPolicy, TaskMetadata, TaskSource,
    TaskStatus,
};
pub use task_spec::{
    AgentName, AssignedAgent, Constraints, Environment, LlmProfile, MaintenanceWindow, Platform,
    RiskLevel, SpecExecutionPolicy, TaskContext, TaskScope, TaskSpec, TaskType, ValidationRules,
};
pub use text::{Goal, Summary, UserIntent};
