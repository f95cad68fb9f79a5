//! One execution of a plan: its lease, its audit log, and what people want of it.

use lorch_types::Timestamp;
use lorch_types::json::Value;
use lorch_types::plan::{AssetId, PlanId, RunId, RunState, UserId};
use rusqlite::{Connection, OptionalExtension};

use super::{AuditRecord, PlanEntry, PlanRunEntry, audit, read};
use crate::lease::PLAN_RUNS;
use crate::record::id;
use crate::{Claim, Holder, StoreError, blob};

/// An execution of a plan, with its plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRun {
    /// How far it is.
    pub entry: PlanRunEntry,
    /// The plan as it is recorded.
    pub plan: PlanEntry,
    /// The assets that may have been acted on, of which no outcome is recorded yet.
    pub acting: Vec<AssetId>,
}

/// The right to carry a run of a plan out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRunLease {
    run_id: RunId,
    number: i64,
    token: i64,
}

/// What a person can want of a run that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CommandKind {
    /// That it waits.
    Pause,
    /// That it goes on.
    Resume,
    /// That what it changed is undone.
    Rollback,
    /// That it ends as it is.
    Cancel,
}

/// Something that a person wants of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCommand {
    /// Grows from command to command.
    pub number: i64,
    /// What.
    pub kind: CommandKind,
    /// Who.
    pub by: UserId,
    /// When it was given.
    pub at: Timestamp,
}

/// What is recorded of a run at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunChange {
    /// What happened, in this order.
    pub entries: Vec<Value>,
    /// The states that it got into, in this order.
    pub states: Vec<RunState>,
    /// The assets that are being acted on.
    pub acting: Vec<AssetId>,
    /// The assets that are going to be acted on, unless somebody wants something of the run.
    pub next: Vec<AssetId>,
    /// The commands that are dealt with, and whether they were heeded.
    pub commands: Vec<(i64, bool)>,
    /// Whether nothing of this is recorded when somebody wants something of the run.
    pub unless_wanted: bool,
}

impl PlanRunLease {
    /// The run.
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }
}

impl CommandKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Pause, Self::Resume, Self::Rollback, Self::Cancel];

    /// The kind as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
            Self::Cancel => "cancel",
        }
    }
}

/// The number, the plan and the rest of a run.
pub(crate) fn find(connection: &Connection, run_id: &RunId) -> Result<(i64, PlanRun), StoreError> {
    const FIND: &str = "SELECT plan_run, plan_id, r.state, initiated_by, started_at, acting
        FROM plan_runs r JOIN plans p USING (plan) WHERE run_id = ?1";
    let mut statement = connection.prepare_cached(FIND)?;
    let mut rows = statement.query([run_id.as_str()])?;
    let row = rows.next()?.ok_or_else(|| StoreError::NoSuchPlanRun { run_id: run_id.clone() })?;
    let plan_id: PlanId = id(row, 1)?;
    let entry = PlanRunEntry {
        run_id: run_id.clone(),
        state: state_of(&row.get::<_, String>(2)?)?,
        initiated_by: id(row, 3)?,
        started_at: id(row, 4)?,
    };
    let acting = acting_of(row.get(5)?)?;
    Ok((row.get(0)?, PlanRun { entry, plan: read::plan(connection, &plan_id)?.1, acting }))
}

/// The assets in the column `acting`, a JSON array; none when it is null.
fn acting_of(text: Option<String>) -> Result<Vec<AssetId>, StoreError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let value = blob::parse("the assets that a run acts on", &text)?;
    let damaged = || StoreError::damaged("a run of a plan", "the assets that are acted on");
    let names = value.as_array().ok_or_else(damaged)?.iter().map(|name| name.as_str());
    names.map(|name| name.and_then(|name| name.parse().ok()).ok_or_else(damaged)).collect()
}

fn state_of(text: &str) -> Result<RunState, StoreError> {
    let state = RunState::ALL.into_iter().find(|it| it.as_str() == text);
    state.ok_or_else(|| StoreError::damaged("a run of a plan", "its state"))
}

/// Takes the lease of a run, unless a living owner holds it.
pub(crate) fn take(
    connection: &Connection,
    run_id: &RunId,
    claim: &Claim,
) -> Result<PlanRunLease, StoreError> {
    let (number, _) = find(connection, run_id)?;
    match PLAN_RUNS.take(connection, (run_id.as_str(), number), claim)? {
        Ok(token) => Ok(PlanRunLease { run_id: run_id.clone(), number, token }),
        Err(holder) => Err(StoreError::PlanRunHeld { run_id: run_id.clone(), holder }),
    }
}

/// Who holds the lease of a run, whether living or not.
pub(crate) fn holder(
    connection: &Connection,
    run_id: &RunId,
    number: i64,
) -> Result<Option<Holder>, StoreError> {
    PLAN_RUNS.holder(connection, (run_id.as_str(), number))
}

/// Makes the lease hold for the claim's time from now.
pub(crate) fn renew(
    connection: &Connection,
    lease: &PlanRunLease,
    claim: &Claim,
) -> Result<(), StoreError> {
    let is_held = PLAN_RUNS.renew(connection, (lease.number, lease.token), claim)?;
    if is_held { Ok(()) } else { Err(lost(lease)) }
}

/// Gives the lease back.
pub(crate) fn release(connection: &Connection, lease: &PlanRunLease) -> Result<(), StoreError> {
    PLAN_RUNS.release(connection, (lease.number, lease.token))
}

/// Records what happened, if the lease is the newest and the states follow from each other; false when somebody
/// wants something of the run, so that the next assets are not acted on, or nothing is recorded.
pub(crate) fn change(
    connection: &Connection,
    lease: &PlanRunLease,
    change: &RunChange,
    at: Timestamp,
) -> Result<bool, StoreError> {
    const CHECK: &str = "SELECT state FROM plan_runs JOIN plan_run_leases USING (plan_run)
        WHERE plan_run = ?1 AND token = ?2 AND owner_id IS NOT NULL";
    const UPDATE: &str =
        "UPDATE plan_runs SET state = ?2, acting = ?3, updated_at = ?4 WHERE plan_run = ?1";
    const WANTED: &str = "SELECT 1 FROM plan_run_commands WHERE plan_run = ?1 AND outcome IS NULL";
    const DEALT: &str = "UPDATE plan_run_commands SET outcome = ?3
        WHERE plan_run = ?1 AND command = ?2 AND outcome IS NULL";
    let number = lease.number;
    let state: Option<String> = connection
        .prepare_cached(CHECK)?
        .query_row((number, lease.token), |row| row.get(0))
        .optional()?;
    let mut state = state_of(&state.ok_or_else(|| lost(lease))?)?;
    let is_wanted = || connection.prepare_cached(WANTED)?.exists([number]);
    if change.unless_wanted && is_wanted()? {
        return Ok(false);
    }
    for to in &change.states {
        state.event_to(*to).map_err(|source| StoreError::IllegalPlanRun {
            run_id: lease.run_id.clone(),
            source: Box::new(source),
        })?;
        state = *to;
    }
    audit::append_all(connection, number, &change.entries)?;
    for (command, is_heeded) in &change.commands {
        let outcome = if *is_heeded { "heeded" } else { "ignored" };
        connection.prepare_cached(DEALT)?.execute((number, command, outcome))?;
    }
    let goes_on = change.next.is_empty() || !is_wanted()?;
    let next = change.next.iter().filter(|_| goes_on);
    let acting: Vec<Value> =
        change.acting.iter().chain(next).map(|asset| asset.as_str().into()).collect();
    let acting = (!acting.is_empty()).then(|| Value::Array(acting).to_string());
    connection.prepare_cached(UPDATE)?.execute((number, state.as_str(), acting, at.to_string()))?;
    Ok(goes_on)
}

/// Records what a person wants of a run that has not ended.
pub(crate) fn command(
    connection: &Connection,
    run_id: &RunId,
    kind: CommandKind,
    by: &UserId,
    at: Timestamp,
) -> Result<PlanRun, StoreError> {
    const INSERT: &str = "INSERT INTO plan_run_commands (plan_run, kind, given_by, given_at)
        VALUES (?1, ?2, ?3, ?4)";
    let (number, run) = find(connection, run_id)?;
    if RunState::MACHINE.is_final(run.entry.state) {
        return Err(StoreError::PlanRunEnded { run_id: run_id.clone(), state: run.entry.state });
    }
    let values = (number, kind.as_str(), by.as_str(), at.to_string());
    connection.prepare_cached(INSERT)?.execute(values)?;
    Ok(run)
}

/// The commands of a run that nobody has dealt with, in the order in which they were given.
pub(crate) fn commands(
    connection: &Connection,
    run_id: &RunId,
) -> Result<Vec<RunCommand>, StoreError> {
    const OPEN: &str = "SELECT command, kind, given_by, given_at
        FROM plan_run_commands JOIN plan_runs USING (plan_run)
        WHERE run_id = ?1 AND outcome IS NULL ORDER BY command";
    let mut statement = connection.prepare_cached(OPEN)?;
    let mut rows = statement.query([run_id.as_str()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: String = row.get(1)?;
        let kind = CommandKind::ALL.into_iter().find(|it| it.as_str() == kind);
        found.push(RunCommand {
            number: row.get(0)?,
            kind: kind.ok_or_else(|| StoreError::damaged("a command", "its kind"))?,
            by: id(row, 2)?,
            at: id(row, 3)?,
        });
    }
    Ok(found)
}

/// What happened in a run after the entry `after`, in order.
pub(crate) fn entries(
    connection: &Connection,
    number: i64,
    after: u64,
) -> Result<Vec<AuditRecord>, StoreError> {
    const ALL: &str = "SELECT sequence, entry, hash FROM plan_run_audit
        WHERE plan_run = ?1 AND sequence > ?2 ORDER BY sequence";
    let mut statement = connection.prepare_cached(ALL)?;
    let mut rows = statement.query((number, after))?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(1)?;
        entries.push(AuditRecord {
            sequence: row.get(0)?,
            entry: blob::parse("an entry of the audit log of a run", &text)?,
            hash: audit::digest(&row.get::<_, String>(2)?)?,
        });
    }
    Ok(entries)
}

fn lost(lease: &PlanRunLease) -> StoreError {
    StoreError::PlanRunLost { run_id: lease.run_id.clone() }
}
