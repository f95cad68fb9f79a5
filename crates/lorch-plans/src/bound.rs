//! What an approval is bound to: if any of it changes, the approval holds no longer.

use std::collections::BTreeMap;

use lorch_types::json::{Object, ToValueError, Value, to_value};
use lorch_types::plan::{Environment, Plan, Task};
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
        verdicts: &Verdicts,
    ) -> Result<Self, ToValueError> {
        Ok(Self {
            plan_digest: plan_digest(plan)?,
            task_digest: task_digest(contract.task)?,
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
