//! A plan is put before those who may approve it.

use lorch_store::{Approval, NewPlan, PlanChange, PlanDecision, PlanEntry, StoreError};
use lorch_types::json::{Object, Value, to_value};
use lorch_types::plan::{Plan, PlanId, PlanState, Task, UserId};
use lorch_types::{Digest, SmolStr, Timestamp};

use crate::approval::{MOST_VALID, POLICY_APPROVER};
use crate::approve::again_if_changed;
use crate::bound::{Bound, plan_digest, task_digest};
use crate::contract::Contract;
use crate::desk::{Desk, Judgement, contract};
use crate::error::PlanError;
use crate::policy::Entry;

/// What came of submitting a plan.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The plan as it is recorded now.
    pub entry: PlanEntry,
    /// What was found in it.
    pub judgement: Judgement,
    /// The plans whose place it took.
    pub superseded: Vec<PlanId>,
    /// What is new by that.
    pub change: Change,
}

/// Why a plan awaits approval again whose task demands something else now.
pub const TASK_CHANGED: &str = "what the task demands has changed since it was approved";

/// What submitting a plan changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing that an approval is bound to: it was so already.
    Nothing,
    /// What its task demands: approvals that were given before do not hold.
    Task,
    /// The plan: it is recorded, or its state is another.
    Plan,
}

impl Change {
    /// As documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Task => "task",
            Self::Plan => "plan",
        }
    }
}

/// Judges a plan of `task` and records it. One that passes is put before those who may approve it, and
/// takes the place of every other plan of the task that might still be carried out; where no person is
/// needed, policy approves it. One that does not stays a draft, and the task as it was. An approved plan
/// whose task demands something else now awaits approval again.
///
/// # Errors
/// When it is the plan of another task, another plan is recorded under its id, or one that it would
/// supersede is being carried out. Then nothing is changed.
pub fn submit(
    desk: &Desk<'_>,
    task: &Task,
    plan: &Plan,
    by: &UserId,
    now: Timestamp,
    nonce: SmolStr,
) -> Result<Submission, PlanError> {
    let contract = contract(task)?;
    if plan.task_id != task.id {
        let (plan_id, task_id) = (plan.id.clone(), task.id.clone());
        return Err(PlanError::OtherTask { plan_id, task_id });
    }
    let judgement = desk.judge(Entry::Admit, plan, contract, &[])?;
    let submitting = Submitting { desk, contract, plan, by, now, nonce, judgement: &judgement };
    let Decided { entry, superseded, change } =
        again_if_changed(|| submitting.decide(submitting.recorded()?))?;
    Ok(Submission { entry, judgement, superseded, change })
}

/// What was decided about a plan.
struct Decided {
    entry: PlanEntry,
    superseded: Vec<PlanId>,
    change: Change,
}

impl Decided {
    fn of(entry: PlanEntry, change: Change) -> Self {
        Self { entry, superseded: Vec::new(), change }
    }
}

struct Submitting<'a> {
    desk: &'a Desk<'a>,
    contract: Contract<'a>,
    plan: &'a Plan,
    by: &'a UserId,
    now: Timestamp,
    nonce: SmolStr,
    judgement: &'a Judgement,
}

impl Submitting<'_> {
    /// The plan as it is recorded, which it is from now on; its task too, if that is new.
    fn recorded(&self) -> Result<PlanEntry, PlanError> {
        let store = self.desk.store;
        match store.plan(&self.plan.id) {
            Ok(entry) => return Ok(entry),
            Err(StoreError::NoSuchPlan { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        match store.task(&self.plan.task_id) {
            Ok(_) => {}
            Err(StoreError::NoSuchTask { .. }) => store.put_task(self.contract.task, self.now)?,
            Err(error) => return Err(error.into()),
        }
        let task_id = self.plan.task_id.clone();
        let (plan, at, by) = (self.plan.clone(), self.now, self.by.clone());
        match store.put_plan(NewPlan { plan, task_id, at, by }) {
            // Somebody else has submitted it meanwhile.
            Err(StoreError::PlanExists { plan_id }) => Ok(store.plan(&plan_id)?),
            recorded => Ok(recorded?),
        }
    }

    fn decide(&self, entry: PlanEntry) -> Result<Decided, PlanError> {
        let is_same = plan_digest(&entry.plan)? == plan_digest(self.plan)?;
        let mut changes = Vec::new();
        if !is_same {
            if entry.state != PlanState::Draft {
                return Err(StoreError::PlanExists { plan_id: entry.plan.id }.into());
            }
            changes.push(PlanChange::Redraft(Box::new(self.plan.clone())));
        }
        if self.judgement.validation.overall_valid() {
            self.admit(&entry, changes)
        } else {
            self.refuse(entry, changes)
        }
    }

    /// What does not pass is a draft, unless it is past that: then it is looked at again before it is
    /// carried out.
    fn refuse(&self, entry: PlanEntry, mut changes: Vec<PlanChange>) -> Result<Decided, PlanError> {
        if entry.state == PlanState::Validated {
            changes.push(PlanChange::Move { to: PlanState::Draft, reason: None });
        }
        if !matches!(entry.state, PlanState::Draft | PlanState::Validated) {
            return Ok(Decided::of(entry, Change::Nothing));
        }
        let decision = self.decision(&entry, changes, "plan_refused")?;
        let mut entries = self.desk.store.decide(vec![decision])?;
        Ok(Decided::of(entries.pop().unwrap_or(entry), Change::Plan))
    }

    fn admit(&self, entry: &PlanEntry, mut changes: Vec<PlanChange>) -> Result<Decided, PlanError> {
        let to = |to| PlanChange::Move { to, reason: None };
        let task = self.desk.store.task(&self.plan.task_id)?.task;
        if task != *self.contract.task {
            changes.push(PlanChange::Task(Box::new(self.contract.task.clone())));
        }
        let demands_other = task_digest(&task)? != task_digest(self.contract.task)?;
        let change = if demands_other { Change::Task } else { Change::Nothing };
        match entry.state {
            PlanState::Draft => {
                changes.extend([to(PlanState::Validated), to(PlanState::AwaitingApproval)]);
            }
            PlanState::Validated => changes.push(to(PlanState::AwaitingApproval)),
            PlanState::AwaitingApproval => {}
            PlanState::Approved if !demands_other => return self.stay(entry, changes, change),
            // No approval holds for what the task demands now: whoever approves it need not wait until
            // somebody wants to carry it out.
            PlanState::Approved => changes.push(PlanChange::Move {
                to: PlanState::AwaitingApproval,
                reason: Some(TASK_CHANGED.to_owned()),
            }),
            PlanState::Rejected | PlanState::Superseded => {
                let source = entry.state.event_to(PlanState::AwaitingApproval);
                let plan_id = entry.plan.id.clone();
                return Err(match source {
                    Err(source) => PlanError::State { plan_id, source: Box::new(source) },
                    Ok(_) => StoreError::PlanChanged { plan_id }.into(),
                });
            }
        }
        if !self.contract.needs_person() {
            let bound =
                Bound::of(self.plan, &self.contract, self.desk.tools, &self.judgement.verdicts)?;
            changes.push(PlanChange::Approve(Box::new(self.by_policy(bound)?)));
            changes.push(to(PlanState::Approved));
        } else if matches!(entry.state, PlanState::AwaitingApproval | PlanState::Approved) {
            return self.stay(entry, changes, change);
        }
        let mut decisions = self.others(entry)?;
        let superseded = decisions.iter().map(|other| other.plan_id.clone()).collect();
        // Last, since of a task only one plan is open.
        decisions.push(self.decision(entry, changes, "plan_submitted")?);
        let mut entries = self.desk.store.decide(decisions)?;
        let entry = entries.pop().unwrap_or_else(|| entry.clone());
        Ok(Decided { entry, superseded, change: Change::Plan })
    }

    /// The plan stays as it is, or awaits approval again; its task may be given anew.
    fn stay(
        &self,
        entry: &PlanEntry,
        changes: Vec<PlanChange>,
        change: Change,
    ) -> Result<Decided, PlanError> {
        if changes.is_empty() {
            return Ok(Decided::of(entry.clone(), change));
        }
        let decision = self.decision(entry, changes, "task_changed")?;
        let mut entries = self.desk.store.decide(vec![decision])?;
        Ok(Decided::of(entries.pop().unwrap_or_else(|| entry.clone()), change))
    }

    /// The decisions that the other plans of the task are superseded.
    fn others(&self, entry: &PlanEntry) -> Result<Vec<PlanDecision>, PlanError> {
        let all = self.desk.store.plans_of(&self.plan.task_id)?;
        let others = all.into_iter().filter(|other| {
            let is_open = !matches!(
                other.state,
                PlanState::Draft | PlanState::Rejected | PlanState::Superseded
            );
            is_open && other.plan.id != entry.plan.id
        });
        let supersede = |other: PlanEntry| PlanDecision {
            plan_id: other.plan.id,
            revision: other.revision,
            at: self.now,
            by: self.by.clone(),
            changes: vec![
                PlanChange::Move { to: PlanState::Superseded, reason: None },
                PlanChange::ReplacedBy(entry.plan.id.clone()),
            ],
            event: "plan_superseded",
            details: [("by_plan", Value::from(entry.plan.id.as_str()))].into_iter().collect(),
        };
        Ok(others.map(supersede).collect())
    }

    fn by_policy(&self, bound: Bound) -> Result<Approval, PlanError> {
        let digest = Digest::of(&to_value(&bound.policies)?);
        let approver = format!("{POLICY_APPROVER}{digest}");
        Ok(Approval {
            // Neither text is empty, which is all that these may not be.
            approver: approver.parse().unwrap_or_else(|_| self.by.clone()),
            role: "policy".parse().map_err(|_| PlanError::Empty { what: "role" })?,
            nonce: self.nonce.clone(),
            plan_digest: bound.plan_digest,
            task_digest: bound.task_digest,
            tools_digest: Some(bound.tools_digest),
            environment: bound.environment,
            policies: bound.policies,
            approved_at: self.now,
            expires_at: self.now.saturating_add(MOST_VALID),
            comment: None,
            break_glass: None,
        })
    }

    fn decision(
        &self,
        entry: &PlanEntry,
        changes: Vec<PlanChange>,
        event: &'static str,
    ) -> Result<PlanDecision, PlanError> {
        let validation = &self.judgement.validation;
        let mut details = Object::new();
        details.insert("plan_digest", plan_digest(self.plan)?.as_str());
        details.insert("task_digest", task_digest(self.contract.task)?.as_str());
        details.insert("validation", to_value(&validation.document())?);
        details.insert("quality_score", u64::try_from(validation.score.total()).unwrap_or(0));
        Ok(PlanDecision {
            plan_id: entry.plan.id.clone(),
            revision: entry.revision,
            at: self.now,
            by: self.by.clone(),
            changes,
            event,
            details,
        })
    }
}
