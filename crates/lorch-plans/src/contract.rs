//! What a task demands of its plans, defaults filled in.

use std::collections::BTreeSet;

use lorch_types::PositiveInteger;
use lorch_types::plan::{
    AssetId, Environment, ExecutionMode, RiskLevel, Role, Task, TaskSpec, UserId,
};

/// What a task demands of its plans.
///
/// Where the task and its specification say different things about one matter, the stricter holds: a
/// specification may be written by a language model, which can raise a risk and never lower it.
#[derive(Clone, Copy, Debug)]
pub struct Contract<'t> {
    /// The task.
    pub task: &'t Task,
    /// What was understood of it.
    pub spec: &'t TaskSpec,
}

impl<'t> Contract<'t> {
    /// That of `task`; `None` when nothing was understood of it yet.
    pub fn of(task: &'t Task) -> Option<Self> {
        task.task_spec.as_ref().map(|spec| Self { task, spec })
    }

    /// Where the plan is carried out.
    pub fn environment(&self) -> Environment {
        self.spec.context.environment
    }

    /// Whether people depend on where it is carried out.
    pub fn is_production(&self) -> bool {
        self.environment() == Environment::Production
    }

    /// Who asked.
    pub fn creator(&self) -> &'t UserId {
        &self.task.created_by
    }

    /// How much of the plan may be carried out.
    pub fn mode(&self) -> ExecutionMode {
        let task = self.task.execution_policy.as_ref().and_then(|policy| policy.mode);
        let spec = self.spec.execution_policy.as_ref().and_then(|policy| policy.mode);
        task.into_iter().chain(spec).min().unwrap_or_default()
    }

    /// The roles that may approve; `None` when any may.
    pub fn approver_roles(&self) -> Option<BTreeSet<&'t Role>> {
        let task = self.task.execution_policy.as_ref();
        let spec = self.spec.execution_policy.as_ref();
        let task = task.and_then(|policy| policy.allowed_approver_roles.as_ref());
        let spec = spec.and_then(|policy| policy.allowed_approver_roles.as_ref());
        match (task, spec) {
            (None, None) => None,
            (Some(roles), None) | (None, Some(roles)) => Some(roles.iter().collect()),
            (Some(task), Some(spec)) => {
                Some(task.iter().filter(|role| spec.contains(role)).collect())
            }
        }
    }

    /// How many people must approve.
    pub fn approvers_needed(&self) -> usize {
        let task = self.task.execution_policy.as_ref();
        let spec = self.spec.execution_policy.as_ref();
        let two = task.and_then(|policy| policy.require_two_approvers) == Some(true)
            || spec.and_then(|policy| policy.require_two_approvers) == Some(true)
            || self.spec.risk_level == RiskLevel::Critical;
        if two { 2 } else { 1 }
    }

    /// Whether a person must approve. Production is never exempt.
    pub fn needs_person(&self) -> bool {
        self.is_production()
            || self.spec.hitl_required
            || self.approvers_needed() > 1
            || self.mode() == ExecutionMode::PlanOnly
    }

    /// Whether the first phase must be a canary.
    pub fn needs_canary(&self) -> bool {
        let constraints = self.spec.constraints.as_ref();
        self.is_production() || constraints.and_then(|it| it.canary_required) == Some(true)
    }

    /// How much of all assets one phase may concern, in percent.
    pub fn max_batch_percent(&self) -> u64 {
        self.spec.constraints.as_ref().map_or(20, |constraints| constraints.max_batch_percent())
    }

    /// How many assets one phase may concern; `None` without a bound.
    pub fn max_batch_size(&self) -> Option<u64> {
        let constraints = self.spec.constraints.as_ref()?;
        constraints.max_batch_size.map(PositiveInteger::get)
    }

    /// The assets that must be left alone.
    pub fn excluded(&self) -> &'t [AssetId] {
        let constraints = self.spec.constraints.as_ref();
        constraints.and_then(|it| it.exclude_assets.as_deref()).unwrap_or_default()
    }

    /// When any phase is rolled back, as it is written.
    pub fn rollback_trigger(&self) -> Option<&'t str> {
        self.spec.constraints.as_ref()?.rollback_trigger.as_deref()
    }
}
