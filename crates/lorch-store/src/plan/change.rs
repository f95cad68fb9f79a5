//! What happens to a plan: compare-and-set in the database, by the machine of its states.

use lorch_types::json::Object;
use lorch_types::plan::{
    Plan, PlanEvent, PlanId, PlanState, RunState, TaskEvent, TaskState, UserId,
};
use lorch_types::{Digest, SmolStr};
use rusqlite::Connection;

use super::{Approval, NewPlan, PlanChange, PlanDecision, PlanEntry, audit, read, task};
use crate::record::{text_of, value_of, word_of};
use crate::{Blob, StoreError, blob};

/// Records a plan as a draft.
pub(crate) fn insert(connection: &Connection, new: &NewPlan) -> Result<(), StoreError> {
    const INSERT: &str =
        "INSERT INTO plans (plan_id, task, document, state, recorded_at, updated_at)
        VALUES (?1, ?2, ?3, 'draft', ?4, ?4) ON CONFLICT (plan_id) DO NOTHING";
    let (task, _) = task::task(connection, &new.task_id)?;
    let document = blob::put(connection, &Blob::of(&value_of(&new.plan)?))?;
    let at = new.at.to_string();
    let inserted =
        connection.prepare_cached(INSERT)?.execute((new.plan.id.as_str(), task, document, at))?;
    if inserted == 0 {
        return Err(StoreError::PlanExists { plan_id: new.plan.id.clone() });
    }
    let plan = connection.last_insert_rowid();
    audit::append(connection, plan, new.at, new.by.as_str(), "plan_recorded", &Object::new())
}

/// Records a decision, if the plan is still as it was when that was taken.
pub(crate) fn change(
    connection: &Connection,
    decision: &PlanDecision,
) -> Result<PlanEntry, StoreError> {
    let (number, entry) = read::plan(connection, &decision.plan_id)?;
    let changed = || StoreError::PlanChanged { plan_id: decision.plan_id.clone() };
    if entry.revision != decision.revision {
        return Err(changed());
    }
    let change = Changing { connection, number, decision };
    let mut state = entry.state;
    for one in &decision.changes {
        if let PlanChange::Move { to, reason } = one {
            let illegal = |source| StoreError::IllegalPlan {
                plan_id: decision.plan_id.clone(),
                source: Box::new(source),
            };
            let event = state.event_to(*to).map_err(illegal)?;
            change.set_state(state, *to, reason.as_deref())?;
            change.follow(event, &entry)?;
            state = *to;
        } else {
            change.apply(one, &entry, state == PlanState::Draft)?;
        }
    }
    change.grow()?;
    let PlanDecision { at, by, event, details, .. } = decision;
    audit::append(connection, number, *at, by.as_str(), event, details)?;
    Ok(read::plan(connection, &decision.plan_id)?.1)
}

/// A plan that is being changed.
struct Changing<'a> {
    connection: &'a Connection,
    number: i64,
    decision: &'a PlanDecision,
}

impl Changing<'_> {
    fn changed(&self) -> StoreError {
        StoreError::PlanChanged { plan_id: self.decision.plan_id.clone() }
    }

    fn set_state(
        &self,
        from: PlanState,
        to: PlanState,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        const MOVE: &str = "UPDATE plans SET state = ?4, reason = ?5, updated_at = ?6
            WHERE plan = ?1 AND revision = ?2 AND state = ?3";
        let is_open = matches!(to, PlanState::AwaitingApproval | PlanState::Approved);
        if is_open && read::has_rival(self.connection, self.number)? {
            return Err(StoreError::PlanHasRival { plan_id: self.decision.plan_id.clone() });
        }
        let at = self.decision.at.to_string();
        let values = (self.number, self.decision.revision, from.as_str(), to.as_str(), reason, at);
        match self.connection.prepare_cached(MOVE)?.execute(values)? {
            0 => Err(self.changed()),
            _ => Ok(()),
        }
    }

    /// What follows from a change of state elsewhere.
    fn follow(&self, event: PlanEvent, entry: &PlanEntry) -> Result<(), StoreError> {
        match event {
            PlanEvent::Validate => {
                let task_id = &entry.plan.task_id;
                let (_, before) = task::task(self.connection, task_id)?;
                if before.state != TaskState::Parsing {
                    return Ok(());
                }
                task::advance(self.connection, task_id, TaskEvent::Plan, self.decision.at)
            }
            PlanEvent::Supersede if read::is_under_way(self.connection, self.number)? => {
                Err(StoreError::PlanRuns { plan_id: self.decision.plan_id.clone() })
            }
            PlanEvent::Supersede
            | PlanEvent::Reject
            | PlanEvent::Revoke
            | PlanEvent::Invalidate => self.withdraw(),
            PlanEvent::Submit | PlanEvent::Approve => Ok(()),
        }
    }

    fn apply(
        &self,
        change: &PlanChange,
        entry: &PlanEntry,
        is_draft: bool,
    ) -> Result<(), StoreError> {
        match change {
            PlanChange::Move { .. } => Ok(()),
            PlanChange::Redraft(plan) if is_draft => self.redraft(plan, entry),
            PlanChange::Redraft(_) => {
                Err(StoreError::PlanExists { plan_id: self.decision.plan_id.clone() })
            }
            PlanChange::Task(task) if task.id == entry.plan.task_id => {
                task::put(self.connection, task, self.decision.at).map(drop)
            }
            PlanChange::Task(task) => Err(StoreError::NoSuchTask { task_id: task.id.clone() }),
            PlanChange::Approve(approval) => self.approve(approval),
            PlanChange::Withdraw(nonces) => {
                nonces.iter().try_for_each(|nonce| self.withdraw_one(nonce))
            }
            PlanChange::ReplacedBy(by) => self.replaced_by(by),
            PlanChange::Use { run_id, initiated_by, nonces } => {
                self.begin(run_id.as_str(), initiated_by, entry, nonces)?;
                nonces.iter().try_for_each(|nonce| self.spend(run_id.as_str(), nonce))
            }
        }
    }

    fn redraft(&self, plan: &Plan, entry: &PlanEntry) -> Result<(), StoreError> {
        const REPLACE: &str = "UPDATE plans SET document = ?2 WHERE plan = ?1";
        if (&plan.id, &plan.task_id) != (&entry.plan.id, &entry.plan.task_id) {
            return Err(StoreError::PlanExists { plan_id: self.decision.plan_id.clone() });
        }
        let document = blob::put(self.connection, &Blob::of(&value_of(plan)?))?;
        self.connection.prepare_cached(REPLACE)?.execute((self.number, document))?;
        Ok(())
    }

    fn approve(&self, approval: &Approval) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO approvals (plan, nonce, approver, role, plan_digest,
                task_digest, environment, policies, approved_at, expires_at, comment, justification,
                incident_id, tools_digest)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
            ON CONFLICT DO NOTHING";
        let environment = word_of(&approval.environment)?;
        let glass = approval.break_glass.as_ref();
        let inserted = self.connection.prepare_cached(INSERT)?.execute((
            self.number,
            approval.nonce.as_str(),
            approval.approver.as_str(),
            approval.role.as_str(),
            approval.plan_digest.as_str(),
            approval.task_digest.as_str(),
            environment,
            text_of(&approval.policies)?,
            approval.approved_at.to_string(),
            approval.expires_at.to_string(),
            approval.comment.as_deref(),
            glass.map(|glass| glass.justification.as_str()),
            glass.map(|glass| glass.incident_id.as_str()),
            approval.tools_digest.as_ref().map(Digest::as_str),
        ))?;
        match inserted {
            0 => Err(StoreError::ApprovedAlready {
                plan_id: self.decision.plan_id.clone(),
                approver: approval.approver.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn withdraw(&self) -> Result<(), StoreError> {
        const WITHDRAW: &str = "UPDATE approvals SET withdrawn_at = ?2
            WHERE plan = ?1 AND used_by IS NULL AND withdrawn_at IS NULL";
        let values = (self.number, self.decision.at.to_string());
        self.connection.prepare_cached(WITHDRAW)?.execute(values)?;
        Ok(())
    }

    fn withdraw_one(&self, nonce: &SmolStr) -> Result<(), StoreError> {
        const WITHDRAW: &str = "UPDATE approvals SET withdrawn_at = ?3
            WHERE plan = ?1 AND nonce = ?2 AND used_by IS NULL AND withdrawn_at IS NULL";
        let values = (self.number, nonce.as_str(), self.decision.at.to_string());
        self.connection.prepare_cached(WITHDRAW)?.execute(values)?;
        Ok(())
    }

    fn replaced_by(&self, by: &PlanId) -> Result<(), StoreError> {
        const REPLACED: &str = "UPDATE plans SET superseded_by = ?2 WHERE plan = ?1";
        let (by, _) = read::plan(self.connection, by)?;
        self.connection.prepare_cached(REPLACED)?.execute((self.number, by))?;
        Ok(())
    }

    fn begin(
        &self,
        run_id: &str,
        initiated_by: &UserId,
        entry: &PlanEntry,
        nonces: &[SmolStr],
    ) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO plan_runs (run_id, plan, state, initiated_by, started_at,
                updated_at, plan_type, environment)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6,
                (SELECT environment FROM approvals WHERE plan = ?2 AND nonce = ?7))";
        if read::is_under_way(self.connection, self.number)? {
            return Err(StoreError::PlanRuns { plan_id: self.decision.plan_id.clone() });
        }
        let state = RunState::Queued.as_str();
        let at = self.decision.at.to_string();
        let kind = word_of(&entry.plan.plan_type)?;
        let nonce = nonces.first().map(SmolStr::as_str);
        let values = (run_id, self.number, state, initiated_by.as_str(), at, kind, nonce);
        self.connection.prepare_cached(INSERT)?.execute(values)?;
        Ok(())
    }

    fn spend(&self, run_id: &str, nonce: &SmolStr) -> Result<(), StoreError> {
        const SPEND: &str = "UPDATE approvals
            SET used_by = (SELECT plan_run FROM plan_runs WHERE run_id = ?3)
            WHERE plan = ?1 AND nonce = ?2 AND used_by IS NULL AND withdrawn_at IS NULL";
        let values = (self.number, nonce.as_str(), run_id);
        match self.connection.prepare_cached(SPEND)?.execute(values)? {
            0 => Err(StoreError::ApprovalUsed { plan_id: self.decision.plan_id.clone() }),
            _ => Ok(()),
        }
    }

    fn grow(&self) -> Result<(), StoreError> {
        const GROW: &str =
            "UPDATE plans SET revision = revision + 1 WHERE plan = ?1 AND revision = ?2";
        match self
            .connection
            .prepare_cached(GROW)?
            .execute((self.number, self.decision.revision))?
        {
            0 => Err(self.changed()),
            _ => Ok(()),
        }
    }
}
