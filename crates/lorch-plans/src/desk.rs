//! What decisions about plans need: where they are recorded, and what plans are judged by.

use lorch_backends::config::Tools;
use lorch_store::{Approval, PlanEntry, Store};
use lorch_types::json::{Value, to_value};
use lorch_types::plan::{Metrics, Plan, PlanId, Role, RunState, Task, UserId};

use crate::bound::Bound;
use crate::contract::Contract;
use crate::error::PlanError;
use crate::policy::{Entry, Policies, PolicyInput, Verdicts};
use crate::score::Evidence;
use crate::validate::{Setting, Validation, validate};

/// What decisions about plans need.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'a> {
    /// Where they are recorded.
    pub store: &'a Store,
    /// The policies.
    pub policies: &'a Policies,
    /// The tools that there are.
    pub tools: &'a Tools,
    /// The metrics that there are.
    pub metrics: &'a Metrics,
}

/// A plan, judged.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// What was found.
    pub validation: Validation,
    /// What each policy says.
    pub verdicts: Verdicts,
}

impl Judgement {
    /// What an approval of the plan would be bound to; `None` of one that breaks its schema.
    ///
    /// # Errors
    /// Never for documents that were read.
    pub fn bound(&self, contract: &Contract<'_>) -> Result<Option<Bound>, PlanError> {
        let plan = self.validation.plan.as_ref();
        Ok(plan.map(|plan| Bound::of(plan, contract, &self.verdicts)).transpose()?)
    }
}

/// Judges a plan: by its schema first, then by policies and the built-in rules.
///
/// # Errors
/// Never for documents that were read.
pub fn judge(
    plan: &Value,
    contract: Contract<'_>,
    (tools, metrics): (&Tools, &Metrics),
    policies: &Policies,
    evidence: Evidence,
) -> Result<Judgement, PlanError> {
    judge_for(Entry::Admit, plan, &[], contract, (tools, metrics), policies, evidence)
}

fn judge_for(
    entry: Entry,
    plan: &Value,
    approvals: &[(UserId, Role)],
    contract: Contract<'_>,
    (tools, metrics): (&Tools, &Metrics),
    policies: &Policies,
    evidence: Evidence,
) -> Result<Judgement, PlanError> {
    let verdicts = match lorch_types::json::from_value::<Plan>(plan) {
        Ok(typed) => {
            let input = PolicyInput::new(entry, &typed, contract.task, tools, approvals)?;
            policies.judge(contract.spec, &input)
        }
        Err(_) => Verdicts::default(),
    };
    let setting = Setting { contract, tools, metrics, evidence };
    let validation = validate(plan, &setting, verdicts.findings());
    Ok(Judgement { validation, verdicts })
}

impl Desk<'_> {
    /// Judges a plan as it would be put before a person, or carried out with these approvals.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn judge(
        &self,
        entry: Entry,
        plan: &Plan,
        contract: Contract<'_>,
        approvals: &[Approval],
    ) -> Result<Judgement, PlanError> {
        let who: Vec<_> =
            approvals.iter().map(|it| (it.approver.clone(), it.role.clone())).collect();
        let evidence = Evidence { reviews: approvals.len(), ..self.history(plan)? };
        let shared = (self.tools, self.metrics);
        judge_for(entry, &to_value(plan)?, &who, contract, shared, self.policies, evidence)
    }

    /// The approvals of a plan that are neither used nor withdrawn.
    ///
    /// # Errors
    /// When there is no such plan, or the store cannot be read.
    pub fn open_approvals(&self, plan_id: &PlanId) -> Result<Vec<Approval>, PlanError> {
        let all = self.store.approvals(plan_id)?;
        Ok(all.into_iter().filter(|it| it.is_open()).map(|it| it.approval).collect())
    }

    /// The task of a plan.
    pub(crate) fn task(&self, plan: &Plan) -> Result<Task, PlanError> {
        Ok(self.store.task(&plan.task_id)?.task)
    }

    /// What became of runs of the newest plans of the same kind.
    fn history(&self, plan: &Plan) -> Result<Evidence, PlanError> {
        const NEWEST: usize = 200;
        let mut evidence = Evidence::default();
        for other in self.store.plans(NEWEST)? {
            if other.plan.plan_type == plan.plan_type {
                for run in self.store.plan_runs(&other.plan.id)? {
                    evidence.runs += usize::from(RunState::MACHINE.is_final(run.state));
                    evidence.completed += usize::from(run.state == RunState::Completed);
                }
            }
        }
        Ok(evidence)
    }
}

/// The contract of a task that is recorded or given.
pub(crate) fn contract(task: &Task) -> Result<Contract<'_>, PlanError> {
    Contract::of(task).ok_or_else(|| PlanError::NoSpec { task_id: task.id.clone() })
}

/// The newest other plan of the same task that somebody has approved.
///
/// # Errors
/// When the store cannot be read.
pub fn last_approved(desk: &Desk<'_>, plan: &Plan) -> Result<Option<PlanEntry>, PlanError> {
    for other in desk.store.plans_of(&plan.task_id)?.into_iter().rev() {
        let is_other = other.plan.id != plan.id;
        if is_other && !desk.store.approvals(&other.plan.id)?.is_empty() {
            return Ok(Some(other));
        }
    }
    Ok(None)
}
