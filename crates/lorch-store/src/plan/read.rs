//! Reading plans, their approvals and their runs.

use std::collections::BTreeMap;

use lorch_types::json::{Value, from_value};
use lorch_types::plan::{Environment, PlanId, PlanState, PlanType, RunState, TaskId};
use lorch_types::{Digest, SmolStr};
use rusqlite::{Connection, OptionalExtension, Row};

use super::{Approval, ApprovalEntry, BreakGlass, PlanEntry, PlanRunCounts, PlanRunEntry};
use crate::record::{id, optional_id, stored, word_of};
use crate::{StoreError, blob};

/// A plan and its number.
pub(crate) fn plan(
    connection: &Connection,
    plan_id: &PlanId,
) -> Result<(i64, PlanEntry), StoreError> {
    const FIND: &str = "SELECT p.plan, b.digest, p.state, p.revision, p.reason, n.plan_id,
            p.recorded_at, p.updated_at
        FROM plans p JOIN blobs b ON b.blob = p.document
        LEFT JOIN plans n ON n.plan = p.superseded_by
        WHERE p.plan_id = ?1";
    let mut statement = connection.prepare_cached(FIND)?;
    let mut rows = statement.query([plan_id.as_str()])?;
    let row = rows.next()?.ok_or_else(|| StoreError::NoSuchPlan { plan_id: plan_id.clone() })?;
    let digest: Digest = id(row, 1)?;
    let entry = PlanEntry {
        plan: stored(connection, &digest)?,
        state: plan_state(row, 2)?,
        revision: row.get(3)?,
        reason: row.get(4)?,
        superseded_by: optional_id(row, 5)?,
        recorded_at: id(row, 6)?,
        updated_at: id(row, 7)?,
    };
    Ok((row.get(0)?, entry))
}

/// The newest `limit` plans, newest first.
pub(crate) fn plans(connection: &Connection, limit: usize) -> Result<Vec<PlanEntry>, StoreError> {
    const ALL: &str = "SELECT plan_id FROM plans ORDER BY plan DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    ids(connection, ALL, [limit])?.iter().map(|it| Ok(plan(connection, it)?.1)).collect()
}

/// The plans of a task, in the order in which they were recorded.
pub(crate) fn plans_of(
    connection: &Connection,
    task_id: &TaskId,
) -> Result<Vec<PlanEntry>, StoreError> {
    const ALL: &str = "SELECT plan_id FROM plans JOIN tasks USING (task)
        WHERE task_id = ?1 ORDER BY plan";
    let found = ids(connection, ALL, [task_id.as_str()])?;
    found.iter().map(|it| Ok(plan(connection, it)?.1)).collect()
}

fn ids(
    connection: &Connection,
    query: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<PlanId>, StoreError> {
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(id(row, 0)?);
    }
    Ok(found)
}

/// All approvals of a plan, in the order in which they were given.
pub(crate) fn approvals(
    connection: &Connection,
    plan: i64,
) -> Result<Vec<ApprovalEntry>, StoreError> {
    const ALL: &str =
        "SELECT approver, role, nonce, plan_digest, task_digest, a.environment, policies,
            approved_at, expires_at, comment, justification, incident_id, r.run_id, withdrawn_at,
            tools_digest
        FROM approvals a LEFT JOIN plan_runs r ON r.plan_run = a.used_by
        WHERE a.plan = ?1 ORDER BY approval";
    let mut statement = connection.prepare_cached(ALL)?;
    let mut rows = statement.query([plan])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(ApprovalEntry {
            approval: approval(row)?,
            used_by: optional_id(row, 12)?,
            withdrawn_at: optional_id(row, 13)?,
        });
    }
    Ok(found)
}

fn approval(row: &Row<'_>) -> Result<Approval, StoreError> {
    let justification: Option<String> = row.get(10)?;
    let incident: Option<String> = row.get(11)?;
    let nonce: String = row.get(2)?;
    Ok(Approval {
        approver: id(row, 0)?,
        role: id(row, 1)?,
        nonce: nonce.into(),
        plan_digest: id(row, 3)?,
        task_digest: id(row, 4)?,
        tools_digest: optional_id(row, 14)?,
        environment: environment(row, 5)?,
        policies: policies(row, 6)?,
        approved_at: id(row, 7)?,
        expires_at: id(row, 8)?,
        comment: row.get(9)?,
        break_glass: justification.zip(incident).map(|(justification, incident_id)| BreakGlass {
            justification,
            incident_id: incident_id.into(),
        }),
    })
}

fn environment(row: &Row<'_>, column: usize) -> Result<Environment, StoreError> {
    let text: String = row.get(column)?;
    from_value(&Value::String(text.into()))
        .map_err(|error| StoreError::damaged("the environment of an approval", error))
}

fn policies(row: &Row<'_>, column: usize) -> Result<BTreeMap<SmolStr, Digest>, StoreError> {
    const PLACE: &str = "the policies of an approval";
    let text: String = row.get(column)?;
    from_value(&blob::parse(PLACE, &text)?).map_err(|error| StoreError::damaged(PLACE, error))
}

/// The runs of a plan, in the order in which they began.
pub(crate) fn runs_of(connection: &Connection, plan: i64) -> Result<Vec<PlanRunEntry>, StoreError> {
    const ALL: &str = "SELECT run_id, state, initiated_by, started_at FROM plan_runs
        WHERE plan = ?1 ORDER BY plan_run";
    let mut statement = connection.prepare_cached(ALL)?;
    let mut rows = statement.query([plan])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let state: String = row.get(1)?;
        let state = RunState::ALL.into_iter().find(|it| it.as_str() == state);
        found.push(PlanRunEntry {
            run_id: id(row, 0)?,
            state: state.ok_or_else(|| StoreError::damaged("a run of a plan", "its state"))?,
            initiated_by: id(row, 2)?,
            started_at: id(row, 3)?,
        });
    }
    Ok(found)
}

/// How the runs of plans of one kind ended in one environment.
pub(crate) fn run_counts(
    connection: &Connection,
    kind: PlanType,
    environment: Environment,
) -> Result<PlanRunCounts, StoreError> {
    const COUNT: &str = "SELECT count(*), count(*) FILTER (WHERE state = 'completed')
        FROM plan_runs
        WHERE plan_type = ?1 AND environment = ?2
            AND state IN ('completed', 'rolled_back', 'failed')";
    let values = (word_of(&kind)?, word_of(&environment)?);
    let counts = |row: &Row<'_>| Ok(PlanRunCounts { ended: row.get(0)?, completed: row.get(1)? });
    Ok(connection.prepare_cached(COUNT)?.query_row(values, counts)?)
}

fn plan_state(row: &Row<'_>, column: usize) -> Result<PlanState, StoreError> {
    let text: String = row.get(column)?;
    let state = PlanState::ALL.into_iter().find(|state| state.as_str() == text);
    state.ok_or_else(|| StoreError::damaged("a plan", "its state"))
}

/// Whether a run of the plan has not ended.
pub(super) fn is_under_way(connection: &Connection, plan: i64) -> Result<bool, StoreError> {
    const FIND: &str = "SELECT 1 FROM plan_runs
        WHERE plan = ?1 AND state IN ('queued', 'executing', 'paused') LIMIT 1";
    Ok(connection.prepare_cached(FIND)?.query_row([plan], |_| Ok(())).optional()?.is_some())
}

/// Whether another plan of the same task awaits approval or has it.
pub(super) fn has_rival(connection: &Connection, plan: i64) -> Result<bool, StoreError> {
    const FIND: &str = "SELECT 1 FROM plans other JOIN plans mine ON other.task = mine.task
        WHERE mine.plan = ?1 AND other.plan <> ?1
            AND other.state IN ('awaiting_approval', 'approved') LIMIT 1";
    Ok(connection.prepare_cached(FIND)?.query_row([plan], |_| Ok(())).optional()?.is_some())
}
