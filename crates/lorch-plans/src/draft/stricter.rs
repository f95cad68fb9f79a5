//! The stricter of what a person gave and a planner said, matter by matter.

use std::collections::BTreeSet;
use std::fmt;

use lorch_types::WholePercent;
use lorch_types::json::{canonical, to_value};
use lorch_types::plan::{
    Constraints, Environment, ExecutionMode, RiskLevel, Role, SpecExecutionPolicy, Task,
    TaskContext, TaskExecutionPolicy, TaskSpec, ValidationRules,
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

/// A matter in which somebody said something else than is kept to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The matter, as the specification names it.
    pub matter: &'static str,
    /// What was said.
    pub said: String,
    /// What is kept to.
    pub kept: String,
    /// Why.
    pub because: Because,
}

/// Why something is kept to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// What was said would be less strict.
    Laxer,
    /// It was given, and is not to be changed.
    Settled,
}

impl Because {
    /// As documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Laxer => "laxer",
            Self::Settled => "settled",
        }
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { matter, said, kept, because } = self;
        match because {
            Because::Laxer => write!(f, "`{matter}` stays {kept}: {said} would be laxer"),
            Because::Settled => write!(f, "`{matter}` stays {kept}, as it was given: not {said}"),
        }
    }
}

/// The task that a plan is drafted for: the one given, where one is recorded under its id nowhere laxer
/// than that.
pub(crate) fn together(recorded: Option<&Task>, given: &Task) -> (Task, Vec<Held>) {
    let mut held = Vec::new();
    let mut task = given.clone();
    let Some(recorded) = recorded else { return (task, held) };
    task.execution_policy = policies_together(recorded, given, &mut held);
    task.task_spec = match (&recorded.task_spec, &given.task_spec) {
        (None, _) => return (task, held),
        (Some(spec), None) => Some(spec.clone()),
        (Some(spec), Some(said)) => {
            let mut said = said.clone();
            let wanted = said.tools_required.clone();
            said.tools_required.retain(|tool| spec.tools_required.contains(tool));
            if said.tools_required.is_empty() {
                said.tools_required.clone_from(&spec.tools_required);
            }
            laxer(&mut held, "tools_required", &set(&wanted), &set(&said.tools_required));
            let (spec, more) = Given::of(recorded, None).with(said);
            held.extend(more.into_iter().filter(|it| !held.contains(it)).collect::<Vec<_>>());
            Some(TaskSpec { user_intent: Some(given.user_intent.clone()), ..spec })
        }
    };
    (task, held)
}

/// The policy of a task that is given once more.
fn policies_together(
    recorded: &Task,
    given: &Task,
    held: &mut Vec<Held>,
) -> Option<TaskExecutionPolicy> {
    let before = recorded.execution_policy.as_ref();
    let said = given.execution_policy.as_ref();
    if before.is_none() && (said.is_none() || recorded.task_spec.is_none()) {
        return said.cloned();
    }
    let wanted = Given::of(given, None).mode;
    let mode = match before.and_then(|it| it.mode) {
        None if recorded.task_spec.is_none() => wanted,
        _ => wanted.min(Given::of(recorded, None).mode),
    };
    laxer(held, "mode", &spelled(&wanted), &spelled(&mode));
    let two = |policy: Option<&TaskExecutionPolicy>| policy.and_then(|it| it.require_two_approvers);
    if two(before) == Some(true) && two(said) == Some(false) {
        laxer(held, "require_two_approvers", "false", "true");
    }
    let roles = |policy: Option<&'_ TaskExecutionPolicy>| {
        policy.and_then(|it| it.allowed_approver_roles.clone())
    };
    let allowed_approver_roles = roles_together(roles(before), roles(said).as_deref(), held);
    Some(TaskExecutionPolicy {
        mode: Some(mode),
        allowed_approver_roles,
        require_two_approvers: two(before).max(two(said)),
        timeout_minutes: said.or(before).and_then(|it| it.timeout_minutes),
    })
}

/// The roles that both allow; those given where that would leave nobody.
fn roles_together(
    given: Option<Vec<Role>>,
    said: Option<&[Role]>,
    held: &mut Vec<Held>,
) -> Option<Vec<Role>> {
    let Some(said) = said.filter(|roles| !roles.is_empty()) else { return given };
    let Some(given) = given else { return Some(said.to_vec()) };
    let both: Vec<Role> = given.iter().filter(|role| said.contains(role)).cloned().collect();
    let kept = if both.is_empty() { given } else { both };
    laxer(held, "allowed_approver_roles", &set(said), &set(&kept));
    Some(kept)
}

/// Notes that something stays as it is, where something else was said.
fn hold(held: &mut Vec<Held>, because: Because, matter: &'static str, said: &str, kept: &str) {
    if said != kept {
        let (said, kept) = (said.to_owned(), kept.to_owned());
        held.push(Held { matter, said, kept, because });
    }
}

fn laxer(held: &mut Vec<Held>, matter: &'static str, said: &str, kept: &str) {
    hold(held, Because::Laxer, matter, said, kept);
}

/// Notes what stays as it was given, where it was.
fn settled<T: PartialEq + serde::Serialize>(
    held: &mut Vec<Held>,
    matter: &'static str,
    said: Option<&T>,
    kept: Option<&T>,
) {
    if let (Some(said), Some(kept)) = (said, kept) {
        hold(held, Because::Settled, matter, &written(said), &written(kept));
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

    /// That it is carried out elsewhere than was ordered, where the task is stricter.
    pub(crate) fn not_as_ordered(&self, ordered: Option<Environment>) -> Vec<Held> {
        let mut held = Vec::new();
        if let Some(ordered) = ordered {
            laxer(&mut held, "environment", &spelled(&ordered), &spelled(&self.environment));
        }
        held
    }

    /// The specification that holds: nothing in it is laxer than what was given.
    pub(crate) fn with(&self, said: TaskSpec) -> (TaskSpec, Vec<Held>) {
        let mut held = Vec::new();
        let given = self.spec;
        settled(&mut held, "task_type", Some(&said.task_type), given.map(|spec| &spec.task_type));
        let context = self.context(said.context, &mut held);
        let least = given.map_or(RiskLevel::Low, |spec| spec.risk_level);
        let risk_level = said.risk_level.max(least);
        laxer(&mut held, "risk_level", &spelled(&said.risk_level), &spelled(&risk_level));
        // Where nobody said that no person is needed, one is.
        let hitl_required = said.hitl_required || given.is_none_or(|spec| spec.hitl_required);
        let (wanted, kept) = (said.hitl_required.to_string(), hitl_required.to_string());
        laxer(&mut held, "hitl_required", &wanted, &kept);
        let execution_policy = self.policy(said.execution_policy.as_ref(), &mut held);
        let constraints = self.constraints(said.constraints.as_ref(), &mut held);
        let validation = self.rules(said.validation.as_ref(), &mut held);
        let spec = TaskSpec {
            task_type: given.map_or(said.task_type, |spec| spec.task_type),
            goal: given.map_or(said.goal, |spec| spec.goal.clone()),
            context,
            agents: given.map_or(said.agents, |spec| spec.agents.clone()),
            tools_required: said.tools_required,
            risk_level,
            hitl_required,
            user_intent: Some(self.task.user_intent.clone()),
            constraints: Some(constraints),
            validation: Some(validation),
            execution_policy: Some(execution_policy),
            // Who wrote it stands in the task; a planner's word on itself is none.
            llm_profile: given.and_then(|spec| spec.llm_profile.clone()),
        };
        (spec, held)
    }

    fn context(&self, said: TaskContext, held: &mut Vec<Held>) -> TaskContext {
        let environment = said.environment.min(self.environment);
        laxer(held, "environment", &spelled(&said.environment), &spelled(&environment));
        let given = self.spec.map(|spec| &spec.context.scope);
        settled(held, "scope", Some(&said.scope), given);
        let scope = given.cloned().unwrap_or(said.scope);
        TaskContext { environment, scope, org_id: Some(self.task.org_id.clone()) }
    }

    fn policy(
        &self,
        said: Option<&SpecExecutionPolicy>,
        held: &mut Vec<Held>,
    ) -> SpecExecutionPolicy {
        let wanted = said.and_then(|it| it.mode).unwrap_or(self.mode);
        let mode = wanted.min(self.mode);
        laxer(held, "mode", &spelled(&wanted), &spelled(&mode));
        let two_said = said.and_then(|it| it.require_two_approvers);
        let two = two_said == Some(true) || self.needs_two();
        if two_said == Some(false) && two {
            laxer(held, "require_two_approvers", "false", "true");
        }
        let roles = said.and_then(|it| it.allowed_approver_roles.as_deref());
        SpecExecutionPolicy {
            mode: Some(mode),
            allowed_approver_roles: roles_together(self.roles(), roles, held),
            require_two_approvers: two.then_some(true),
        }
    }

    fn needs_two(&self) -> bool {
        let task = self.task.execution_policy.as_ref().and_then(|it| it.require_two_approvers);
        let spec = self.spec.and_then(|it| it.execution_policy.as_ref());
        task == Some(true) || spec.and_then(|it| it.require_two_approvers) == Some(true)
    }

    /// The roles that task and specification allow.
    fn roles(&self) -> Option<Vec<Role>> {
        let task = self.task.execution_policy.as_ref();
        let task = task.and_then(|it| it.allowed_approver_roles.as_deref());
        let spec = self.spec.and_then(|it| it.execution_policy.as_ref());
        let spec = spec.and_then(|it| it.allowed_approver_roles.as_deref());
        match (task, spec) {
            (None, None) => None,
            (Some(roles), None) | (None, Some(roles)) => Some(roles.to_vec()),
            (Some(task), Some(spec)) => {
                Some(task.iter().filter(|role| spec.contains(role)).cloned().collect())
            }
        }
    }

    fn constraints(&self, said: Option<&Constraints>, held: &mut Vec<Held>) -> Constraints {
        let given = self.spec.and_then(|spec| spec.constraints.as_ref());
        let both = || given.into_iter().chain(said);
        let default = WholePercent::new(DEFAULT_BATCH_PERCENT);
        let most = given.and_then(|it| it.max_batch_percent).or(default);
        let wanted = said.and_then(|it| it.max_batch_percent);
        let percent = most.into_iter().chain(wanted).min();
        let size = both().filter_map(|it| it.max_batch_size).min();
        let canary = both().filter_map(|it| it.canary_required).max();
        let trigger = both().find_map(|it| it.rollback_trigger.clone());
        let window = both().find_map(|it| it.maintenance_window.clone());
        let mut excluded = Vec::new();
        for asset in both().flat_map(|it| it.exclude_assets.iter().flatten()) {
            if !excluded.contains(asset) {
                excluded.push(asset.clone());
            }
        }
        if let Some(said) = said {
            changed(held, "max_batch_percent", said.max_batch_percent, percent);
            changed(held, "max_batch_size", said.max_batch_size, size);
            changed(held, "canary_required", said.canary_required, canary);
            settled(held, "rollback_trigger", said.rollback_trigger.as_ref(), trigger.as_ref());
            settled(held, "maintenance_window", said.maintenance_window.as_ref(), window.as_ref());
            if let Some(assets) = &said.exclude_assets {
                laxer(held, "exclude_assets", &set(assets), &set(&excluded));
            }
        }
        Constraints {
            canary_required: canary,
            max_batch_percent: percent,
            max_batch_size: size,
            rollback_trigger: trigger,
            maintenance_window: window,
            exclude_assets: Some(excluded).filter(|assets| !assets.is_empty()),
        }
    }

    /// The policies that either names; those of a task that names none are not taken back by naming
    /// others.
    fn rules(&self, said: Option<&ValidationRules>, held: &mut Vec<Held>) -> ValidationRules {
        let given = self.spec.and_then(|spec| spec.validation.as_ref());
        let mut policies = given
            .and_then(|it| it.policies.clone())
            .filter(|policies| !policies.is_empty())
            .unwrap_or_else(|| vec![DEFAULT_POLICY.into()]);
        if let Some(said) = said.and_then(|it| it.policies.as_ref()) {
            for policy in said {
                if !policies.contains(policy) {
                    policies.push(policy.clone());
                }
            }
            laxer(held, "policies", &set(said), &set(&policies));
        }
        let schema = given.and_then(|it| it.schema.clone());
        ValidationRules { schema, policies: Some(policies) }
    }
}

/// How much of all assets a phase may concern where nothing is said.
const DEFAULT_BATCH_PERCENT: u64 = 20;

/// Notes that a number or flag that was said is not the one that is kept to.
fn changed<T: serde::Serialize>(
    held: &mut Vec<Held>,
    matter: &'static str,
    said: Option<T>,
    kept: Option<T>,
) {
    if let (Some(said), Some(kept)) = (said, kept) {
        laxer(held, matter, &written(&said), &written(&kept));
    }
}

/// A value as documents write it, a text without its quotes.
fn written(value: &impl serde::Serialize) -> String {
    let value = to_value(value).unwrap_or_default();
    value.as_str().map_or_else(|| canonical(&value), str::to_owned)
}

/// Names, whatever order they are in.
fn set<T: fmt::Display + Ord>(names: &[T]) -> String {
    let names: BTreeSet<&T> = names.iter().collect();
    let names: Vec<String> = names.into_iter().map(ToString::to_string).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
