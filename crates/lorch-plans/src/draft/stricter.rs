//! The stricter of what a person gave and a planner said, matter by matter.

use std::fmt;

use lorch_types::WholePercent;
use lorch_types::plan::{
    Constraints, Environment, ExecutionMode, RiskLevel, Role, SpecExecutionPolicy, Task, TaskSpec,
    ValidationRules,
};

use crate::finding::spelled;
use crate::policy::DEFAULT_POLICY;

/// What a person gave, which a planner cannot take back.
#[derive(Clone, Debug)]
pub(crate) struct Given<'t> {
    pub(crate) task: &'t Task,
    pub(crate) spec: Option<&'t TaskSpec>,
    pub(crate) environment: Environment,
    pub(crate) mode: ExecutionMode,
}

/// A matter in which a planner wanted less than is kept to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The matter, as the specification names it.
    pub matter: &'static str,
    /// What the planner said.
    pub said: String,
    /// What is kept to.
    pub kept: String,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matter, said, kept } = self;
        write!(f, "`{matter}` stays {kept}: {said} would be laxer")
    }
}

impl<'t> Given<'t> {
    /// What stands in a task; `environment` beside it. Where nothing is said it is production, with a
    /// plan only.
    pub(crate) fn of(task: &'t Task, environment: Option<Environment>) -> Self {
        let spec = task.task_spec.as_ref();
        let said = spec.map(|spec| spec.context.environment);
        let environment =
            environment.into_iter().chain(said).min().unwrap_or(Environment::Production);
        let of_task = task.execution_policy.as_ref().and_then(|policy| policy.mode);
        let of_spec = spec.and_then(|it| it.execution_policy.as_ref()).and_then(|it| it.mode);
        let mode = of_task.into_iter().chain(of_spec).min().unwrap_or_default();
        Self { task, spec, environment, mode }
    }

    /// The specification that holds: nothing in it is laxer than what was given.
    pub(crate) fn with(&self, said: TaskSpec) -> (TaskSpec, Vec<Held>) {
        let mut held = Vec::new();
        let mut hold = |matter, is_laxer: bool, said: String, kept: String| {
            if is_laxer {
                held.push(Held { matter, said, kept });
            }
        };
        let environment = said.context.environment.min(self.environment);
        let was = said.context.environment;
        hold("environment", environment != was, spelled(&was), spelled(&environment));
        let least = self.spec.map_or(RiskLevel::Low, |spec| spec.risk_level);
        let risk_level = said.risk_level.max(least);
        let was = said.risk_level;
        hold("risk_level", risk_level != was, spelled(&was), spelled(&risk_level));
        // Where nobody said that no person is needed, one is.
        let hitl_required = said.hitl_required || self.spec.is_none_or(|spec| spec.hitl_required);
        hold(
            "hitl_required",
            hitl_required != said.hitl_required,
            said.hitl_required.to_string(),
            hitl_required.to_string(),
        );
        let policy = said.execution_policy.as_ref();
        let was = policy.and_then(|it| it.mode).unwrap_or(self.mode);
        let mode = was.min(self.mode);
        hold("mode", mode != was, spelled(&was), spelled(&mode));
        let was = policy.and_then(|it| it.require_two_approvers);
        let two = was == Some(true) || self.needs_two();
        let loses = was == Some(false) && two;
        hold("require_two_approvers", loses, "false".to_owned(), "true".to_owned());
        let execution_policy = Some(SpecExecutionPolicy {
            mode: Some(mode),
            allowed_approver_roles: self
                .roles(policy.and_then(|it| it.allowed_approver_roles.as_deref())),
            require_two_approvers: two.then_some(true),
        });
        let wanted = said.constraints.as_ref().and_then(|it| it.max_batch_percent);
        let constraints = self.constraints(said.constraints.as_ref());
        let kept = constraints.max_batch_percent;
        let is_less = wanted.is_some() && wanted != kept;
        hold("max_batch_percent", is_less, number(wanted), number(kept));
        let mut context = said.context;
        if let Some(spec) = self.spec {
            context.scope = spec.context.scope.clone();
        }
        context.environment = environment;
        context.org_id = Some(self.task.org_id.clone());
        let spec = TaskSpec {
            task_type: self.spec.map_or(said.task_type, |spec| spec.task_type),
            goal: self.spec.map_or(said.goal, |spec| spec.goal.clone()),
            context,
            agents: self.spec.map_or(said.agents, |spec| spec.agents.clone()),
            tools_required: said.tools_required,
            risk_level,
            hitl_required,
            user_intent: Some(self.task.user_intent.clone()),
            constraints: Some(constraints),
            validation: Some(self.rules(said.validation.as_ref())),
            execution_policy,
            // Who wrote it stands in the task; a planner's word on itself is none.
            llm_profile: self.spec.and_then(|spec| spec.llm_profile.clone()),
        };
        (spec, held)
    }

    fn needs_two(&self) -> bool {
        let task = self.task.execution_policy.as_ref().and_then(|it| it.require_two_approvers);
        let spec = self.spec.and_then(|it| it.execution_policy.as_ref());
        task == Some(true) || spec.and_then(|it| it.require_two_approvers) == Some(true)
    }

    /// The roles that both allow; those given where that would leave nobody.
    fn roles(&self, said: Option<&[Role]>) -> Option<Vec<Role>> {
        let task = self.task.execution_policy.as_ref();
        let task = task.and_then(|it| it.allowed_approver_roles.as_deref());
        let spec = self.spec.and_then(|it| it.execution_policy.as_ref());
        let spec = spec.and_then(|it| it.allowed_approver_roles.as_deref());
        let given: Option<Vec<Role>> = match (task, spec) {
            (None, None) => None,
            (Some(roles), None) | (None, Some(roles)) => Some(roles.to_vec()),
            (Some(task), Some(spec)) => {
                Some(task.iter().filter(|role| spec.contains(role)).cloned().collect())
            }
        };
        let Some(said) = said.filter(|roles| !roles.is_empty()) else { return given };
        let Some(given) = given else { return Some(said.to_vec()) };
        let both: Vec<Role> = given.iter().filter(|role| said.contains(role)).cloned().collect();
        Some(if both.is_empty() { given } else { both })
    }

    fn constraints(&self, said: Option<&Constraints>) -> Constraints {
        let given = self.spec.and_then(|spec| spec.constraints.as_ref());
        let both = || given.into_iter().chain(said);
        let default = WholePercent::new(DEFAULT_BATCH_PERCENT);
        let most = given.and_then(|it| it.max_batch_percent).or(default);
        let mut excluded = Vec::new();
        for asset in both().flat_map(|it| it.exclude_assets.iter().flatten()) {
            if !excluded.contains(asset) {
                excluded.push(asset.clone());
            }
        }
        Constraints {
            canary_required: both().filter_map(|it| it.canary_required).max(),
            max_batch_percent: most
                .into_iter()
                .chain(said.and_then(|it| it.max_batch_percent))
                .min(),
            max_batch_size: both().filter_map(|it| it.max_batch_size).min(),
            rollback_trigger: both().find_map(|it| it.rollback_trigger.clone()),
            maintenance_window: both().find_map(|it| it.maintenance_window.clone()),
            exclude_assets: Some(excluded).filter(|assets| !assets.is_empty()),
        }
    }

    /// The policies that either names; those of a task that names none are not taken back by naming
    /// others.
    fn rules(&self, said: Option<&ValidationRules>) -> ValidationRules {
        let given = self.spec.and_then(|spec| spec.validation.as_ref());
        let mut policies = given
            .and_then(|it| it.policies.clone())
            .filter(|policies| !policies.is_empty())
            .unwrap_or_else(|| vec![DEFAULT_POLICY.into()]);
        for policy in said.and_then(|it| it.policies.as_ref()).into_iter().flatten() {
            if !policies.contains(policy) {
                policies.push(policy.clone());
            }
        }
        let schema = given.and_then(|it| it.schema.clone());
        ValidationRules { schema, policies: Some(policies) }
    }
}

/// How much of all assets a phase may concern where nothing is said.
const DEFAULT_BATCH_PERCENT: u64 = 20;

fn number(percent: Option<WholePercent>) -> String {
    percent.map(|percent| percent.get().to_string()).unwrap_or_default()
}
