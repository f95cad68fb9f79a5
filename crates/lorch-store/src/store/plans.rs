//! What the store is asked about tasks and plans.

use fail::fail_point;
use lorch_types::Timestamp;
use lorch_types::plan::{Environment, PlanId, PlanType, Task, TaskEvent, TaskId};

use super::Store;
use crate::StoreError;
use crate::plan::{
    self, ApprovalEntry, AuditRecord, NewPlan, PlanDecision, PlanEntry, PlanRunCounts,
    PlanRunEntry, TaskEntry,
};
use crate::writer::lock;

impl Store {
    /// Records a task as it is given now.
    ///
    /// # Errors
    /// [`StoreError::TaskOfAnother`] when it is recorded with another creator or organization.
    pub fn put_task(&self, task: &Task, at: Timestamp) -> Result<(), StoreError> {
        let task = task.clone();
        self.writer.write(move |connection| plan::put_task(connection, &task, at).map(drop))
    }

    /// Records that something happened to a task, and the task as it is given then; both or neither.
    ///
    /// # Errors
    /// [`StoreError::IllegalTask`] when its state does not lead anywhere so, and those of
    /// [`Store::put_task`].
    pub fn advance_task(
        &self,
        task: &Task,
        event: TaskEvent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let task = task.clone();
        self.writer.write(move |connection| {
            plan::put_task(connection, &task, at)?;
            plan::advance_task(connection, &task.id, event, at)
        })
    }

    /// A task.
    ///
    /// # Errors
    /// [`StoreError::NoSuchTask`].
    pub fn task(&self, task_id: &TaskId) -> Result<TaskEntry, StoreError> {
        Ok(plan::task(&lock(&self.reader), task_id)?.1)
    }

    /// Records a new plan, as a draft.
    ///
    /// # Errors
    /// [`StoreError::PlanExists`] when there is a plan with this id, [`StoreError::NoSuchTask`].
    pub fn put_plan(&self, new: NewPlan) -> Result<PlanEntry, StoreError> {
        self.writer.write(move |connection| {
            plan::insert(connection, &new)?;
            Ok(plan::plan(connection, &new.plan.id)?.1)
        })
    }

    /// A plan.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlan`].
    pub fn plan(&self, plan_id: &PlanId) -> Result<PlanEntry, StoreError> {
        Ok(plan::plan(&lock(&self.reader), plan_id)?.1)
    }

    /// The newest `limit` plans, newest first.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plans(&self, limit: usize) -> Result<Vec<PlanEntry>, StoreError> {
        plan::plans(&lock(&self.reader), limit)
    }

    /// The plans of a task, in the order in which they were recorded.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plans_of(&self, task_id: &TaskId) -> Result<Vec<PlanEntry>, StoreError> {
        plan::plans_of(&lock(&self.reader), task_id)
    }

    /// All approvals of a plan, in the order in which they were given.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlan`].
    pub fn approvals(&self, plan_id: &PlanId) -> Result<Vec<ApprovalEntry>, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        let (number, _) = plan::plan(&moment, plan_id)?;
        plan::approvals(&moment, number)
    }

    /// The runs of a plan, in the order in which they began.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlan`].
    pub fn plan_runs(&self, plan_id: &PlanId) -> Result<Vec<PlanRunEntry>, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        let (number, _) = plan::plan(&moment, plan_id)?;
        plan::runs_of(&moment, number)
    }

    /// How many runs of plans of one kind have ended in one environment, and how many completed.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan_run_counts(
        &self,
        kind: PlanType,
        environment: Environment,
    ) -> Result<PlanRunCounts, StoreError> {
        plan::run_counts(&lock(&self.reader), kind, environment)
    }

    /// What happened to a plan, in order.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlan`].
    pub fn plan_audit(&self, plan_id: &PlanId) -> Result<Vec<AuditRecord>, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        let (number, _) = plan::plan(&moment, plan_id)?;
        plan::entries(&moment, number)
    }

    /// Records all of several decisions in one commit, or none of them; the plans as they are then.
    ///
    /// # Errors
    /// [`StoreError::PlanChanged`] when a plan is no longer what it was when that was decided,
    /// [`StoreError::IllegalPlan`] when a state does not lead to the other,
    /// [`StoreError::ApprovedAlready`] and [`StoreError::ApprovalUsed`].
    pub fn decide(&self, decisions: Vec<PlanDecision>) -> Result<Vec<PlanEntry>, StoreError> {
        fail_point!("plan-decided-before");
        let entries = self.writer.write(move |connection| {
            decisions.iter().map(|decision| plan::change(connection, decision)).collect()
        })?;
        fail_point!("plan-decided-after");
        Ok(entries)
    }
}
