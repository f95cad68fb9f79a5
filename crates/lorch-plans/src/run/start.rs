//! A run begins: an approved plan is looked at once more, and its approvals are used.

use lorch_store::Store;
use lorch_types::Timestamp;
use lorch_types::plan::{PlanId, RunId, RunState, UserId};

use crate::desk::Desk;
use crate::error::PlanError;
use crate::execute::{Permit, execute};

/// The run of a plan that has not ended, if there is one.
///
/// # Errors
/// When there is no such plan, or the store cannot be read.
pub fn unfinished(store: &Store, plan_id: &PlanId) -> Result<Option<RunId>, PlanError> {
    let runs = store.plan_runs(plan_id)?;
    let open = runs.into_iter().find(|run| !RunState::MACHINE.is_final(run.state));
    Ok(open.map(|run| run.run_id))
}

/// The run to carry out: the one that has not ended, otherwise a new one, for which the approvals of the
/// plan are used.
///
/// # Errors
/// As [`execute`].
pub fn begin(
    desk: &Desk<'_>,
    plan_id: &PlanId,
    by: &UserId,
    new: RunId,
    now: Timestamp,
) -> Result<RunId, PlanError> {
    if let Some(run_id) = unfinished(desk.store, plan_id)? {
        return Ok(run_id);
    }
    let Permit { run_id, .. } = execute(desk, plan_id, by, new, now)?;
    Ok(run_id)
}
