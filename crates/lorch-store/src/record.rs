//! Reading what is recorded: runs, their attempts, and the documents that these are.

use std::collections::HashMap;

use lorch_types::job::{
    AttemptRecord, AttemptStatus, JobId, JobInstance, RunId, RunRecord, StepEvent, StepOutcome,
    StepStatus,
};
use lorch_types::json::{Value, canonical, from_value, to_value};
use lorch_types::{Digest, PositiveInteger, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::lease::{Holder, HolderRow};
use crate::{StoreError, blob};

/// How a run stands, as seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// A living owner is at work on it.
    Running,
    /// Its last attempt neither ended nor has a living owner.
    Interrupted,
    /// Its last attempt completed.
    Completed,
    /// Its last attempt failed.
    Failed,
}

/// A run in a list of runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// The run.
    pub run_id: RunId,
    /// The job.
    pub job_id: JobId,
    /// How it stands.
    pub status: RunStatus,
    /// When its first attempt began.
    pub started_at: Timestamp,
    /// When its last attempt ended, if it did.
    pub completed_at: Option<Timestamp>,
    /// How many attempts there were.
    pub attempts: u64,
    /// The living owner, if there is one.
    pub holder: Option<Holder>,
}

impl RunStatus {
    /// The status as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Completed => "completed",
            Self::Failed => "failed",
        }
    }
}

/// The newest `limit` runs, newest first.
pub(crate) fn runs(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<RunSummary>, StoreError> {
    const RUNS: &str = "SELECT r.run_id, r.job_id, a.status, r.started_at, a.completed_at,
            a.attempt_n, l.host, l.pid, l.process, l.expires_at
        FROM runs r
        JOIN attempts a ON a.run = r.run
            AND a.attempt_n = (SELECT max(attempt_n) FROM attempts WHERE run = r.run)
        LEFT JOIN leases l ON l.run = r.run AND l.owner_id IS NOT NULL
        ORDER BY r.run_id DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(RUNS)?;
    let mut rows = statement.query([limit])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(summary(row, now)?);
    }
    Ok(runs)
}

fn summary(row: &Row<'_>, now: Timestamp) -> Result<RunSummary, StoreError> {
    let run_id: RunId = id(row, 0)?;
    let holder = match row.get::<_, Option<String>>(6)? {
        Some(_) => Some(HolderRow::read(row, 6)?.holder(run_id.as_str())?),
        None => None,
    };
    let holder = holder.filter(|holder| !holder.is_gone(now));
    let status = match attempt_status(row, 2)? {
        AttemptStatus::Running if holder.is_some() => RunStatus::Running,
        AttemptStatus::Running => RunStatus::Interrupted,
        AttemptStatus::Completed => RunStatus::Completed,
        AttemptStatus::Failed => RunStatus::Failed,
    };
    Ok(RunSummary {
        job_id: id(row, 1)?,
        status,
        started_at: id(row, 3)?,
        completed_at: optional_id(row, 4)?,
        attempts: row.get(5)?,
        holder,
        run_id,
    })
}

/// The record of a run.
pub(crate) fn record(connection: &Connection, run_id: &RunId) -> Result<RunRecord, StoreError> {
    const RECORD: &str =
        "SELECT job_id, job_def_sha256, envelope, started_at FROM runs WHERE run_id = ?1";
    let mut statement = connection.prepare_cached(RECORD)?;
    let mut rows = statement.query([run_id.as_str()])?;
    let row = rows.next()?.ok_or_else(|| StoreError::NoSuchRun { run_id: run_id.clone() })?;
    let envelope: String = row.get(2)?;
    Ok(RunRecord {
        run_id: run_id.clone(),
        job_id: id(row, 0)?,
        job_def_sha256: id(row, 1)?,
        envelope: document(&format!("the envelope of {run_id}"), &envelope)?,
        started_at: id(row, 3)?,
    })
}

/// A run's number, and the number and status of its newest attempt; `None` when there is no such run.
pub(crate) fn last_attempt(
    connection: &Connection,
    run_id: &RunId,
) -> Result<Option<(i64, PositiveInteger, AttemptStatus)>, StoreError> {
    const LAST: &str = "SELECT run, attempt_n, status FROM attempts JOIN runs USING (run)
        WHERE run_id = ?1 ORDER BY attempt_n DESC LIMIT 1";
    let mut statement = connection.prepare_cached(LAST)?;
    let mut rows = statement.query([run_id.as_str()])?;
    rows.next()?
        .map(|row| Ok((row.get(0)?, positive(row, 1)?, attempt_status(row, 2)?)))
        .transpose()
}

/// The instance that a run is pinned to.
pub(crate) fn instance(connection: &Connection, run_id: &RunId) -> Result<JobInstance, StoreError> {
    const INSTANCE: &str =
        "SELECT digest FROM runs JOIN blobs ON blob = instance WHERE run_id = ?1";
    let instance_ref = connection
        .prepare_cached(INSTANCE)?
        .query_row([run_id.as_str()], |row| row.get::<_, String>(0))
        .optional()?
        .ok_or_else(|| StoreError::NoSuchRun { run_id: run_id.clone() })?;
    let instance_ref: Digest = instance_ref
        .parse()
        .map_err(|error| StoreError::damaged(&format!("the instance of {run_id}"), error))?;
    stored(connection, &instance_ref)
}

/// The document of type `T` stored under `digest`.
pub(crate) fn stored<T: DeserializeOwned>(
    connection: &Connection,
    digest: &Digest,
) -> Result<T, StoreError> {
    document(digest.as_str(), &blob::text(connection, digest)?)
}

/// The attempts of a run, each with an outcome for every step of `instance`.
pub(crate) fn attempts(
    connection: &Connection,
    run_id: &RunId,
    instance: &JobInstance,
) -> Result<Vec<AttemptRecord>, StoreError> {
    const ATTEMPTS: &str = "SELECT attempt_n, status, a.started_at, completed_at
        FROM attempts a JOIN runs USING (run) WHERE run_id = ?1 ORDER BY attempt_n";
    let mut recorded = outcomes(connection, run_id)?;
    let mut standing: Vec<StepOutcome> =
        instance.steps.iter().map(|step| StepOutcome::pending(step.step_id.clone())).collect();
    let mut statement = connection.prepare_cached(ATTEMPTS)?;
    let mut rows = statement.query([run_id.as_str()])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        let attempt_n = positive(row, 0)?;
        for outcome in &mut standing {
            resume(outcome);
        }
        for (position, outcome) in recorded.remove(&attempt_n.get()).unwrap_or_default() {
            let place = standing.get_mut(position).ok_or_else(|| {
                StoreError::damaged(run_id.as_str(), "an outcome of a step that there is not")
            })?;
            *place = outcome;
        }
        attempts.push(AttemptRecord {
            run_id: run_id.clone(),
            attempt_n,
            status: attempt_status(row, 1)?,
            started_at: id(row, 2)?,
            completed_at: optional_id(row, 3)?,
            step_outcomes: standing.clone(),
        });
    }
    Ok(attempts)
}

/// What an outcome of an earlier attempt is to the next one.
fn resume(outcome: &mut StepOutcome) {
    if outcome.status.next(StepEvent::Resume) != Ok(outcome.status) {
        *outcome = StepOutcome::pending(outcome.step_id.clone());
    }
}

/// The outcomes that were recorded, by attempt and with their steps' places.
fn outcomes(
    connection: &Connection,
    run_id: &RunId,
) -> Result<HashMap<u64, Vec<(usize, StepOutcome)>>, StoreError> {
    const OUTCOMES: &str = "SELECT attempt_n, position, step_id, status, started_at, completed_at,
            manifest_ref, output_ref, error
        FROM steps WHERE run_id = ?1";
    let mut statement = connection.prepare_cached(OUTCOMES)?;
    let mut rows = statement.query([run_id.as_str()])?;
    let mut outcomes: HashMap<u64, Vec<_>> = HashMap::new();
    while let Some(row) = rows.next()? {
        outcomes.entry(row.get(0)?).or_default().push((row.get(1)?, outcome(row, 2)?));
    }
    Ok(outcomes)
}

fn outcome(row: &Row<'_>, first: usize) -> Result<StepOutcome, StoreError> {
    let error: Option<String> = row.get(first + 6)?;
    Ok(StepOutcome {
        step_id: id(row, first)?,
        status: step_status(row, first + 1)?,
        started_at: optional_id(row, first + 2)?,
        completed_at: optional_id(row, first + 3)?,
        manifest_ref: optional_id(row, first + 4)?,
        output_ref: optional_id(row, first + 5)?,
        error: error.map(|text| document("the error of an outcome", &text)).transpose()?,
    })
}

/// The manifest that a step was dispatched with in the newest attempt that dispatched it.
pub(crate) fn last_manifest(
    connection: &Connection,
    run_id: &RunId,
    position: usize,
) -> Result<Option<Digest>, StoreError> {
    const MANIFEST: &str = "SELECT manifest_ref FROM steps
        WHERE run_id = ?1 AND position = ?2 AND manifest_ref IS NOT NULL
        ORDER BY attempt_n DESC LIMIT 1";
    let mut statement = connection.prepare_cached(MANIFEST)?;
    let mut rows = statement.query((run_id.as_str(), position))?;
    rows.next()?.map(|row| id(row, 0)).transpose()
}

/// The canonical text of a document.
pub(crate) fn text_of<T: Serialize>(document: &T) -> Result<String, StoreError> {
    Ok(canonical(&value_of(document)?))
}

/// The value of a document.
pub(crate) fn value_of<T: Serialize>(document: &T) -> Result<Value, StoreError> {
    to_value(document).map_err(|error| StoreError::damaged("a document to be stored", error))
}

/// A word of a closed vocabulary, as documents write it.
pub(crate) fn word_of<T: Serialize>(word: &T) -> Result<String, StoreError> {
    Ok(value_of(word)?.as_str().unwrap_or_default().to_owned())
}

fn document<T: DeserializeOwned>(place: &str, text: &str) -> Result<T, StoreError> {
    from_value(&blob::parse(place, text)?).map_err(|error| StoreError::damaged(place, error))
}

/// The status of a step in a column.
pub(crate) fn step_status(row: &Row<'_>, column: usize) -> rusqlite::Result<StepStatus> {
    const ALL: [StepStatus; 5] = [
        StepStatus::Pending,
        StepStatus::Running,
        StepStatus::Completed,
        StepStatus::Failed,
        StepStatus::Skipped,
    ];
    word(row, column, ALL, StepStatus::as_str)
}

fn attempt_status(row: &Row<'_>, column: usize) -> rusqlite::Result<AttemptStatus> {
    const ALL: [AttemptStatus; 3] =
        [AttemptStatus::Running, AttemptStatus::Completed, AttemptStatus::Failed];
    word(row, column, ALL, AttemptStatus::as_str)
}

fn word<T: Copy, const N: usize>(
    row: &Row<'_>,
    column: usize,
    all: [T; N],
    as_str: fn(T) -> &'static str,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    all.into_iter().find(|word| as_str(*word) == text).ok_or_else(|| {
        rusqlite::Error::FromSqlConversionFailure(
            column,
            rusqlite::types::Type::Text,
            format!("`{text}` is no status").into(),
        )
    })
}

fn positive(row: &Row<'_>, column: usize) -> Result<PositiveInteger, StoreError> {
    PositiveInteger::new(row.get(column)?)
        .ok_or_else(|| StoreError::damaged("an attempt", "its number is not positive"))
}

/// What a column holds, read by its own rule.
pub(crate) fn id<T>(row: &Row<'_>, column: usize) -> Result<T, StoreError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    let text = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    text.parse().map_err(|error| StoreError::damaged("a column", error))
}

/// The same of a column that may be empty.
pub(crate) fn optional_id<T>(row: &Row<'_>, column: usize) -> Result<Option<T>, StoreError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => id(row, column).map(Some),
    }
}
