//! What the store is asked about executions of plans.

use fail::fail_point;
use lorch_types::Timestamp;
use lorch_types::plan::{RunId, UserId};

use super::Store;
use crate::plan::{
    AuditRecord, CommandKind, PlanRun, PlanRunLease, RunChange, RunCommand, run as plan_run,
};
use crate::writer::lock;
use crate::{Claim, Holder, StoreError};

impl Store {
    /// An execution of a plan.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlanRun`].
    pub fn plan_run(&self, run_id: &RunId) -> Result<PlanRun, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        Ok(plan_run::find(&moment, run_id)?.1)
    }

    /// Takes the right to carry a run out.
    ///
    /// # Errors
    /// [`StoreError::PlanRunHeld`] when a living process has it, [`StoreError::NoSuchPlanRun`].
    pub fn take_plan_run(&self, run_id: &RunId, claim: Claim) -> Result<PlanRunLease, StoreError> {
        let run_id = run_id.clone();
        fail_point!("plan-run-taken-before");
        let lease =
            self.writer.write(move |connection| plan_run::take(connection, &run_id, &claim))?;
        fail_point!("plan-run-taken-after");
        Ok(lease)
    }

    /// Makes a lease hold for the claim's time from now.
    ///
    /// # Errors
    /// [`StoreError::PlanRunLost`] when another owner took it over.
    pub fn renew_plan_run(&self, lease: &PlanRunLease, claim: Claim) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer.write(move |connection| plan_run::renew(connection, &lease, &claim))
    }

    /// Gives a lease back. Giving back one that is lost changes nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn release_plan_run(&self, lease: &PlanRunLease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer.write(move |connection| plan_run::release(connection, &lease))
    }

    /// Who carries a run out, whether living or not.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlanRun`].
    pub fn plan_run_holder(&self, run_id: &RunId) -> Result<Option<Holder>, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        let (number, _) = plan_run::find(&moment, run_id)?;
        plan_run::holder(&moment, run_id, number)
    }

    /// Records all of a change in one commit, or nothing of it; but that the next assets are going to be acted
    /// on is recorded only if nobody wants anything of the run, and a change that says so likewise. False when
    /// somebody does.
    ///
    /// # Errors
    /// [`StoreError::PlanRunLost`] when the lease is no longer the newest,
    /// [`StoreError::IllegalPlanRun`] when a state does not lead to the next.
    pub fn record_plan_run(
        &self,
        lease: &PlanRunLease,
        change: RunChange,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let lease = lease.clone();
        fail_point!("plan-run-recorded-before");
        let goes_on = self
            .writer
            .write(move |connection| plan_run::change(connection, &lease, &change, at))?;
        fail_point!("plan-run-recorded-after");
        Ok(goes_on)
    }

    /// Records what a person wants of a run; the run as it is then.
    ///
    /// # Errors
    /// [`StoreError::PlanRunEnded`], [`StoreError::NoSuchPlanRun`].
    pub fn command_plan_run(
        &self,
        run_id: &RunId,
        kind: CommandKind,
        by: &UserId,
        at: Timestamp,
    ) -> Result<PlanRun, StoreError> {
        let (run_id, by) = (run_id.clone(), by.clone());
        self.writer.write(move |connection| plan_run::command(connection, &run_id, kind, &by, at))
    }

    /// What people want of a run and nobody has dealt with, in order.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn plan_run_commands(&self, run_id: &RunId) -> Result<Vec<RunCommand>, StoreError> {
        plan_run::commands(&lock(&self.reader), run_id)
    }

    /// What happened in a run after the entry `after`, in order; all of it after 0.
    ///
    /// # Errors
    /// [`StoreError::NoSuchPlanRun`].
    pub fn plan_run_audit(
        &self,
        run_id: &RunId,
        after: u64,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let reader = lock(&self.reader);
        let moment = reader.unchecked_transaction()?;
        let (number, _) = plan_run::find(&moment, run_id)?;
        plan_run::entries(&moment, number, after)
    }
}
