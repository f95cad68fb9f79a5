//! The documents of the plan family, and the language of their durations and conditions.
//!
//! A [`Task`] is what a person asked for, a [`TaskSpec`] what was understood of it, a [`Plan`] the
//! proposal of how to do it in [`Phase`]s, and a [`Run`] one execution of that.
//!
//! Documents keep durations, thresholds and conditions as text. [`Duration`], [`Threshold`] and
//! [`condition`] are what that text says, exactly: no float is anywhere in them. [`History`] holds what
//! was observed, and a condition over it is a [`Truth`]: true, false or unknown.

pub mod condition;
mod decimal;
mod document;
mod duration;
mod history;
mod id;
mod metric;
mod near;
mod observed;
mod phase;
mod quantity;
mod run;
mod scan;
mod state;
mod task;
mod task_spec;
mod text;
mod threshold;
mod truth;

pub use decimal::{Decimal, NumberFault};
pub use document::{Plan, PlanPayload, PlanStatus, PlanType, PlanValidation};
pub use duration::{Duration, DurationError, DurationErrorKind, DurationField, TimeUnit};
pub use history::History;
pub(crate) use id::UUID;
pub use id::{AssetId, OrgId, PhaseName, PlanId, ProjectId, Role, RunId, TaskId, ToolName, UserId};
pub use metric::{AlreadyDeclared, Metric, MetricType, Metrics};
pub use observed::Observed;
pub use phase::{HealthCheck, HealthCheckType, Phase, PlanAction};
pub use quantity::{Amount, AmountFault, Quantity, Unit};
pub use run::{AuditEntry, AuditEvent, Progress, Run, RunMetrics, RunStatus};
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
pub use threshold::{Comparison, Threshold};
pub use truth::Truth;
