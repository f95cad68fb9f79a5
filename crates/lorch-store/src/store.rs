//! The store: what may be asked of it and what may be recorded in it.

mod plan_runs;
mod plans;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use fail::fail_point;
use lorch_types::job::{AttemptRecord, AttemptStatus, JobInstance, RunId, RunRecord, StepManifest};
use lorch_types::json::Value;
use lorch_types::{Digest, PositiveInteger, Timestamp};
use rusqlite::Connection;

use crate::change::apply;
use crate::record::{text_of, value_of};
use crate::writer::{Writer, lock};
use crate::{Blob, Change, Claim, Lease, RunSummary, StepChange, StoreError};
use crate::{blob, lease, open, record};

/// A store of runs, in one SQLite file.
///
/// It may be shared by many threads, and the file by many processes. What a method recorded is on
/// the disk when it returns; writes of several threads share commits.
pub struct Store {
    path: PathBuf,
    // Closed before the writer, which as the last one copies the WAL into the database.
    reader: Mutex<Connection>,
    writer: Writer,
}

/// An attempt that is under way, and the right to record it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub(crate) lease: Lease,
    pub(crate) number: PositiveInteger,
}

impl Attempt {
    /// The lease under which it is recorded.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }

    /// Its number, from 1.
    pub fn number(&self) -> PositiveInteger {
        self.number
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// The store at `path`, which is made, with its folder, when there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, is no run store, or was written by a newer lorch.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (writer, reader) = open::open(path)?;
        Ok(Self { path: path.to_owned(), reader: Mutex::new(reader), writer: Writer::new(writer) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Records a new run with its instance, takes its lease and begins its first attempt.
    ///
    /// # Errors
    /// [`StoreError::RunExists`] when there is a run with this id.
    pub fn create(
        &self,
        record: &RunRecord,
        instance: &JobInstance,
        claim: Claim,
    ) -> Result<Attempt, StoreError> {
        let record = record.clone();
        let envelope = text_of(&record.envelope)?;
        let instance = Blob::of(&value_of(instance)?);
        fail_point!("run-created-before");
        fail_point!("lease-taken-before");
        let attempt = self.writer.write(move |connection| {
            let instance = blob::put(connection, &instance)?;
            let run = insert_run(connection, &record, &envelope, instance)?;
            let lease = lease::take(connection, &record.run_id, run, &claim)?;
            begin_attempt(connection, lease, PositiveInteger::ONE, claim.now)
        })?;
        fail_point!("run-created-after");
        fail_point!("lease-taken-after");
        Ok(attempt)
    }

    /// Takes the lease of a run and begins its next attempt; `None` when the run has completed.
    ///
    /// An attempt that its owner left under way has failed from then on.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`], or [`StoreError::Held`] when a living owner holds the run.
    pub fn resume(&self, run_id: &RunId, claim: Claim) -> Result<Option<Attempt>, StoreError> {
        let run_id = run_id.clone();
        fail_point!("lease-taken-before");
        let attempt = self.writer.write(move |connection| {
            let last = record::last_attempt(connection, &run_id)?;
            let Some((run, number, status)) = last else {
                return Err(StoreError::NoSuchRun { run_id: run_id.clone() });
            };
            if status == AttemptStatus::Completed {
                return Ok(None);
            }
            let lease = lease::take(connection, &run_id, run, &claim)?;
            close_attempts(connection, run, claim.now)?;
            begin_attempt(connection, lease, number.next().unwrap_or(number), claim.now).map(Some)
        })?;
        fail_point!("lease-taken-after");
        Ok(attempt)
    }

    /// Records all of `changes` in one commit, or none of them.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the lease is no longer the newest, [`StoreError::IllegalStep`]
    /// when a change does not follow from what is recorded.
    pub fn record(&self, attempt: &Attempt, changes: Vec<Change>) -> Result<(), StoreError> {
        let attempt = attempt.clone();
        let points = Points::of(&changes);
        points.before();
        self.writer.write(move |connection| {
            lease::check(connection, &attempt.lease)?;
            changes.iter().try_for_each(|change| apply(connection, &attempt, change))
        })?;
        points.after();
        Ok(())
    }

    /// Makes a lease hold for the claim's time from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when another owner took it over.
    pub fn renew(&self, lease: &Lease, claim: Claim) -> Result<(), StoreError> {
        let lease = lease.clone();
        fail_point!("lease-renewed-before");
        self.writer.write(move |connection| lease::renew(connection, &lease, &claim))?;
        fail_point!("lease-renewed-after");
        Ok(())
    }

    /// Gives a lease back, so that another owner need not wait for its end. Giving back one that is
    /// lost changes nothing.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer.write(move |connection| lease::release(connection, &lease))
    }

    /// The newest `limit` runs, newest first; `now` tells which of their owners still live.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn runs(&self, now: Timestamp, limit: usize) -> Result<Vec<RunSummary>, StoreError> {
        record::runs(&lock(&self.reader), now, limit)
    }

    /// The record of a run.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`].
    pub fn run(&self, run_id: &RunId) -> Result<RunRecord, StoreError> {
        record::record(&lock(&self.reader), run_id)
    }

    /// The instance that a run is pinned to.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`].
    pub fn instance(&self, run_id: &RunId) -> Result<JobInstance, StoreError> {
        record::instance(&lock(&self.reader), run_id)
    }

    /// The attempts at a run, in order, each with an outcome for every step of its instance.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRun`].
    pub fn attempts(&self, run_id: &RunId) -> Result<Vec<AttemptRecord>, StoreError> {
        let reader = lock(&self.reader);
        // One transaction, so that all of it is of one moment.
        let moment = reader.unchecked_transaction()?;
        let instance = record::instance(&moment, run_id)?;
        record::attempts(&moment, run_id, &instance)
    }

    /// The manifest that a step was last dispatched with, in any attempt.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn manifest(
        &self,
        run_id: &RunId,
        position: usize,
    ) -> Result<Option<StepManifest>, StoreError> {
        let reader = lock(&self.reader);
        let digest = record::last_manifest(&reader, run_id, position)?;
        digest.map(|digest| record::stored(&reader, &digest)).transpose()
    }

    /// The canonical text of the document with this digest.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBlob`], or [`StoreError::Damaged`] when the text has another digest.
    pub fn text(&self, digest: &Digest) -> Result<String, StoreError> {
        blob::text(&lock(&self.reader), digest)
    }

    /// The document with this digest.
    ///
    /// # Errors
    /// As [`Store::text`].
    pub fn value(&self, digest: &Digest) -> Result<Value, StoreError> {
        let text = self.text(digest)?;
        blob::parse(digest.as_str(), &text)
    }
}

fn insert_run(
    connection: &Connection,
    run: &RunRecord,
    envelope: &str,
    instance: i64,
) -> Result<i64, StoreError> {
    const INSERT: &str =
        "INSERT INTO runs (run_id, job_id, job_def_sha256, envelope, started_at, instance)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (run_id) DO NOTHING";
    let inserted = connection.prepare_cached(INSERT)?.execute((
        run.run_id.as_str(),
        run.job_id.as_str(),
        run.job_def_sha256.as_str(),
        envelope,
        run.started_at.to_string(),
        instance,
    ))?;
    match inserted {
        0 => Err(StoreError::RunExists { run_id: run.run_id.clone() }),
        _ => Ok(connection.last_insert_rowid()),
    }
}

/// Records that the attempts whose owner is gone have failed. Their outcomes stay as they were left:
/// whether a step that was running had its effect, nobody knows.
fn close_attempts(connection: &Connection, run: i64, now: Timestamp) -> Result<(), StoreError> {
    const CLOSE: &str = "UPDATE attempts SET status = 'failed', completed_at = ?2
        WHERE run = ?1 AND status = 'running'";
    connection.prepare_cached(CLOSE)?.execute((run, now.to_string()))?;
    Ok(())
}

fn begin_attempt(
    connection: &Connection,
    lease: Lease,
    number: PositiveInteger,
    now: Timestamp,
) -> Result<Attempt, StoreError> {
    const BEGIN: &str = "INSERT INTO attempts (run, attempt_n, status, started_at)
        VALUES (?1, ?2, 'running', ?3)";
    let values = (lease.run, number.get(), now.to_string());
    connection.prepare_cached(BEGIN)?.execute(values)?;
    Ok(Attempt { lease, number })
}

/// The points at which crash tests may stop a recording.
struct Points {
    has_manifest: bool,
    has_output: bool,
    has_outcome: bool,
}

impl Points {
    fn of(changes: &[Change]) -> Self {
        let has = |is: fn(&StepChange) -> bool| {
            changes.iter().any(|change| matches!(change, Change::Step { change, .. } if is(change)))
        };
        Self {
            has_manifest: has(|change| matches!(change, StepChange::Started { .. })),
            has_output: has(|change| matches!(change, StepChange::Completed { .. })),
            has_outcome: has(|change| !matches!(change, StepChange::Started { .. })),
        }
    }

    fn before(&self) {
        if self.has_output {
            fail_point!("output-stored-before");
        }
        if self.has_outcome {
            fail_point!("outcome-committed-before");
        }
        if self.has_manifest {
            fail_point!("manifest-stored-before");
        }
    }

    fn after(&self) {
        if self.has_output {
            fail_point!("output-stored-after");
        }
        if self.has_outcome {
            fail_point!("outcome-committed-after");
        }
        if self.has_manifest {
            fail_point!("manifest-stored-after");
        }
    }
}
