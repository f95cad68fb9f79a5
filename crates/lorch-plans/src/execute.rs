//! Whether an approved plan may be carried out now; if so, its approvals are used.

use lorch_store::{Approval, PlanChange, PlanEntry, StoreError};
use lorch_types::Timestamp;
use lorch_types::json::{Object, Value};
use lorch_types::plan::{PlanId, PlanState, RunId, UserId};

use crate::approval::{self, Clause};
use crate::approve::{decision, only};
use crate::bound::Bound;
use crate::contract::Contract;
use crate::desk::{Desk, contract};
use crate::error::PlanError;
use crate::policy::Entry;
use crate::run::unfinished;

/// An approved plan that may be carried out once: its approvals are used, and its run is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The plan.
    pub entry: PlanEntry,
    /// The run, which is queued.
    pub run_id: RunId,
    /// The approvals that it used.
    pub approvals: Vec<Approval>,
}

/// Looks at every clause of the approval once more, and uses it for the run `run_id`.
///
/// # Errors
/// [`PlanError::SentBack`] when a clause no longer holds: then the plan awaits approval again, and its
/// approvals are withdrawn. [`PlanError::NotApproved`] when it is not approved, and
/// [`StoreError::PlanRuns`] while an earlier run is under way: that one used the approvals.
pub fn execute(
    desk: &Desk<'_>,
    plan_id: &PlanId,
    by: &UserId,
    run_id: RunId,
    now: Timestamp,
) -> Result<Permit, PlanError> {
    let entry = desk.store.plan(plan_id)?;
    if entry.state != PlanState::Approved {
        return Err(PlanError::NotApproved { plan_id: plan_id.clone(), state: entry.state });
    }
    // After the plan was read: whatever begins later changes its revision.
    if unfinished(desk.store, plan_id)?.is_some() {
        return Err(StoreError::PlanRuns { plan_id: plan_id.clone() }.into());
    }
    let task = desk.task(&entry.plan)?;
    let contract = contract(&task)?;
    let approvals = desk.open_approvals(plan_id)?;
    if let Err(clause) = clauses(desk, &entry, &contract, &approvals, now)? {
        let reason = clause.to_string();
        let details = [("clause", Value::from(reason.as_str()))].into_iter().collect();
        let changes =
            vec![PlanChange::Move { to: PlanState::AwaitingApproval, reason: Some(reason) }];
        desk.store.decide(vec![decision(&entry, by, now, changes, "plan_sent_back", details)])?;
        return Err(PlanError::SentBack { plan_id: plan_id.clone(), clause });
    }
    let nonces = approvals.iter().map(|approval| approval.nonce.clone()).collect();
    let changes =
        vec![PlanChange::Use { run_id: run_id.clone(), initiated_by: by.clone(), nonces }];
    let details: Object = [("run_id", Value::from(run_id.as_str()))].into_iter().collect();
    let decided =
        desk.store.decide(vec![decision(&entry, by, now, changes, "run_queued", details)])?;
    Ok(Permit { entry: only(decided, entry), run_id, approvals })
}

/// Whether every clause holds, those first that need nothing but what is recorded.
fn clauses(
    desk: &Desk<'_>,
    entry: &PlanEntry,
    contract: &Contract<'_>,
    approvals: &[Approval],
    now: Timestamp,
) -> Result<Result<(), Clause>, PlanError> {
    if approvals.is_empty() {
        return Ok(Err(Clause::Used));
    }
    let judgement = desk.judge(Entry::Execute, &entry.plan, *contract, approvals)?;
    let bound = Bound::of(&entry.plan, contract, desk.tools, &judgement.verdicts)?;
    let held = approval::hold(approvals, &bound, contract, now);
    Ok(held.and_then(|()| match judgement.validation.first_error() {
        Some(reason) => Err(Clause::Invalid { reason }),
        None => Ok(()),
    }))
}
