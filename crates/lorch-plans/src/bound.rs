//! What an approval is bound to: if any of it changes, the approval holds no longer.

use std::collections::{BTreeMap, BTreeSet};

use lorch_backends::config::{Tool, Tools};
use lorch_types::json::{Object, ToValueError, Value, to_value};
use lorch_types::plan::{Environment, Plan, Task, ToolName};
use lorch_types::{Digest, SmolStr};

use crate::contract::Contract;
use crate::policy::{Verdicts, bound};

/// What an approval is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The digest of the plan.
    pub plan_digest: Digest,
    /// The digest of what the task demands.
    pub task_digest: Digest,
    /// The digest of what the tools of the plan are.
    pub tools_digest: Digest,
    /// Where it is carried out.
    pub environment: Environment,
    /// The digests of the policy packs, by name.
    pub policies: BTreeMap<SmolStr, Digest>,
}

impl Bound {
    /// What an approval of `plan` would be bound to now.
    ///
    /// # Errors
    /// Never for documents that were read.
    pub fn of(
        plan: &Plan,
        contract: &Contract<'_>,
        tools: &Tools,
        verdicts: &Verdicts,
    ) -> Result<Self, ToValueError> {
        Ok(Self {
            plan_digest: plan_digest(plan)?,
            task_digest: task_digest(contract.task)?,
            tools_digest: tools_digest(plan, tools)?,
            environment: contract.environment(),
            policies: verdicts.digests(),
        })
    }
}

/// The digest of a plan: of its id, task, type and payload.
///
/// # Errors
/// Never for a document that was read.
pub fn plan_digest(plan: &Plan) -> Result<Digest, ToValueError> {
    bound(plan).map(|value| Digest::of(&value))
}

/// The digest of what the tools of a plan are, and those that undo them: of the operation, its parameters, the
/// risk, the scope and the inverse of each. How fast they are used is no part of it.
fn tools_digest(plan: &Plan, tools: &Tools) -> Result<Digest, ToValueError> {
    let phases = plan.payload.phases.iter().flatten();
    let used: BTreeSet<&ToolName> = phases
        .flat_map(|phase| phase.actions.iter().flatten())
        .map(|action| &action.tool)
        .collect();
    let inverses = used.iter().filter_map(|name| tools.get(name)?.inverse.as_ref());
    let all: BTreeSet<&ToolName> = used.iter().copied().chain(inverses).collect();
    let mut parts = Object::new();
    for name in all {
        let said = tools.get(name).map(said_of).transpose()?;
        parts.insert(name.as_str(), said.map_or(Value::Null, Value::Object));
    }
    Ok(Digest::of(&Value::Object(parts)))
}

fn said_of(tool: &Tool) -> Result<Object, ToValueError> {
    let mut said = Object::new();
    said.insert("op", tool.op.to_string());
    said.insert("risk", tool.risk.as_str());
    said.insert("environments", to_value(&tool.scope.environments)?);
    said.insert("platforms", to_value(&tool.scope.platforms)?);
    said.insert("inverse", Value::from(tool.inverse.as_ref().map(|name| name.as_str())));
    said.insert("params", tool.params.clone());
    Ok(said)
}

/// The digest of what a task demands: of its id, organization, creator, specification and policy.
///
/// # Errors
/// Never for a document that was read.
pub fn task_digest(task: &Task) -> Result<Digest, ToValueError> {
    let mut parts = Object::new();
    parts.insert("id", task.id.as_str());
    parts.insert("org_id", task.org_id.as_str());
    parts.insert("created_by", task.created_by.as_str());
    parts.insert("task_spec", to_value(&task.task_spec)?);
    parts.insert("execution_policy", to_value(&task.execution_policy)?);
    Ok(Digest::of(&Value::Object(parts)))
}
