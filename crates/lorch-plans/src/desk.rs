//! What decisions about plans need: where they are recorded, and what plans are judged by.

use lorch_backends::config::Tools;
use lorch_store::{Approval, PlanEntry, Store, StoreError};
use lorch_types::json::{Value, from_value, to_value};
use lorch_types::plan::{Metrics, Plan, PlanId, Task};

use crate::approval;
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
    let verdicts = match from_value::<Plan>(plan) {
        Ok(typed) => {
            let input = PolicyInput::new(Entry::Admit, &typed, contract.task, tools, &[])?;
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
        let input = PolicyInput::new(entry, plan, contract.task, self.tools, &who)?;
        let verdicts = self.policies.judge(contract.spec, &input);
        let evidence = self.evidence(plan, &Bound::of(plan, &contract, self.tools, &verdicts)?)?;
        let Self { tools, metrics, .. } = *self;
        let setting = Setting { contract, tools, metrics, evidence };
        let validation = validate(&to_value(plan)?, &setting, verdicts.findings());
        Ok(Judgement { validation, verdicts })
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

    /// What is recorded that speaks for a plan; an approval of it would be bound to `bound`.
    fn evidence(&self, plan: &Plan, bound: &Bound) -> Result<Evidence, PlanError> {
        let counts = self.store.plan_run_counts(plan.plan_type, bound.environment)?;
        let approvals = match self.store.approvals(&plan.id) {
            Ok(approvals) => approvals,
            Err(StoreError::NoSuchPlan { .. }) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        let standing = approvals.into_iter().filter(|it| it.withdrawn_at.is_none());
        let standing = standing.map(|it| it.approval);
        let standing: Vec<Approval> =
            standing.filter(|it| approval::is_review_of(it, bound)).collect();
        let reviews = approval::distinct(&standing);
        Ok(Evidence { runs: counts.ended, completed: counts.completed, reviews })
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
