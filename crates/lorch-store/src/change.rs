//! What is recorded of an attempt as it goes on.

use lorch_types::job::{AttemptEvent, AttemptStatus, ErrorInfo, StepEvent, StepPath, StepStatus};
use lorch_types::{PositiveInteger, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use crate::record::{step_status, text_of};
use crate::{Attempt, Blob, StoreError};
use crate::{blob, lease};

/// One thing to record; several are recorded at once, all or none of them.
#[derive(Clone, Debug)]
pub enum Change {
    /// Something happened to a step.
    Step {
        /// The place of the step in the instance, from 0.
        position: usize,
        /// The step.
        step_id: StepPath,
        /// When it happened.
        at: Timestamp,
        /// What happened.
        change: StepChange,
    },
    /// The attempt ended, and its lease is given back.
    End {
        /// When it ended.
        at: Timestamp,
        /// How it ended.
        event: AttemptEvent,
    },
}

/// What happened to a step.
#[derive(Clone, Debug)]
pub enum StepChange {
    /// It is about to be dispatched with this manifest.
    Started {
        /// The manifest.
        manifest: Blob,
    },
    /// It gave this output.
    Completed {
        /// The output.
        output: Blob,
    },
    /// It failed, or could not be dispatched.
    Failed {
        /// Why.
        error: ErrorInfo,
    },
    /// It is not to be done.
    Skipped,
}

impl StepChange {
    fn event(&self) -> StepEvent {
        match self {
            Self::Started { .. } => StepEvent::Start,
            Self::Completed { .. } => StepEvent::Complete,
            Self::Failed { .. } => StepEvent::Fail,
            Self::Skipped => StepEvent::Skip,
        }
    }
}

/// Records one change of an attempt whose lease was checked in the same transaction.
pub(crate) fn apply(
    connection: &Connection,
    attempt: &Attempt,
    change: &Change,
) -> Result<(), StoreError> {
    match change {
        Change::Step { position, step_id, at, change } => {
            let step = Step { attempt, position: *position, step_id, at: at.to_string() };
            step.apply(connection, change)
        }
        Change::End { at, event } => end(connection, attempt, *at, *event),
    }
}

/// A step of an attempt to which something happens.
struct Step<'a> {
    attempt: &'a Attempt,
    position: usize,
    step_id: &'a StepPath,
    at: String,
}

impl Step<'_> {
    /// Records the change where it follows from what is recorded. What that means, the statements
    /// below say to the database itself; [`StepStatus::next`] says it to everybody else.
    fn apply(&self, connection: &Connection, change: &StepChange) -> Result<(), StoreError> {
        let is_recorded = match change {
            StepChange::Started { manifest } => {
                let manifest = Some(blob::put(connection, manifest)?);
                self.insert(connection, StepStatus::Running, manifest, None)?
            }
            StepChange::Completed { output } => {
                let output = Some(blob::put(connection, output)?);
                self.update(connection, StepStatus::Completed, output, None)?
            }
            StepChange::Failed { error } => {
                let error = text_of(error)?;
                self.update(connection, StepStatus::Failed, None, Some(&error))?
                    || self.insert(connection, StepStatus::Failed, None, Some(&error))?
            }
            StepChange::Skipped => self.insert(connection, StepStatus::Skipped, None, None)?,
        };
        if is_recorded { Ok(()) } else { Err(self.refusal(connection, change.event())?) }
    }

    /// Records a step that has no outcome in this attempt, and none that holds from an earlier one;
    /// false when it has.
    fn insert(
        &self,
        connection: &Connection,
        status: StepStatus,
        manifest: Option<i64>,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        const INSERT: &str = "INSERT INTO outcomes (run, position, attempt_n, step_id, status,
                started_at, completed_at, manifest, error)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (run, position, attempt_n) DO NOTHING";
        // In a first attempt the primary key alone tells, without a look at other rows.
        let is_first = self.attempt.number == PositiveInteger::ONE;
        if !is_first && self.status(connection)? != StepStatus::Pending {
            return Ok(false);
        }
        let inserted = connection.prepare_cached(INSERT)?.execute((
            self.attempt.lease.run,
            self.position,
            self.attempt.number.get(),
            self.step_id.as_str(),
            status.as_str(),
            (status != StepStatus::Skipped).then_some(&self.at),
            (status != StepStatus::Running).then_some(&self.at),
            manifest,
            error,
        ))?;
        Ok(inserted == 1)
    }

    /// Records how a step that was running ended; false when it is not running in this attempt.
    fn update(
        &self,
        connection: &Connection,
        status: StepStatus,
        output: Option<i64>,
        error: Option<&str>,
    ) -> Result<bool, StoreError> {
        const UPDATE: &str = "UPDATE outcomes
            SET status = ?4, completed_at = ?5, output = ?6, error = ?7
            WHERE run = ?1 AND position = ?2 AND attempt_n = ?3 AND status = 'running'";
        let updated = connection.prepare_cached(UPDATE)?.execute((
            self.attempt.lease.run,
            self.position,
            self.attempt.number.get(),
            status.as_str(),
            &self.at,
            output,
            error,
        ))?;
        Ok(updated == 1)
    }

    /// Why `event` was not recorded.
    fn refusal(&self, connection: &Connection, event: StepEvent) -> Result<StoreError, StoreError> {
        let status = self.status(connection)?;
        let run_id = self.attempt.lease.run_id.clone();
        let step_id = self.step_id.clone();
        Ok(match status.next(event) {
            Err(source) => {
                let source = Box::new(source);
                StoreError::IllegalStep { run_id, step_id, source }
            }
            Ok(_) => StoreError::damaged(run_id.as_str(), format_args!("step `{step_id}`")),
        })
    }

    /// How far the step is, as this attempt sees it.
    fn status(&self, connection: &Connection) -> Result<StepStatus, StoreError> {
        const LATEST: &str = "SELECT attempt_n, status FROM outcomes
            WHERE run = ?1 AND position = ?2 ORDER BY attempt_n DESC LIMIT 1";
        let latest = connection
            .prepare_cached(LATEST)?
            .query_row((self.attempt.lease.run, self.position), |row| {
                Ok((row.get::<_, u64>(0)?, step_status(row, 1)?))
            })
            .optional()?;
        Ok(match latest {
            None => StepStatus::Pending,
            Some((attempt_n, status)) if attempt_n == self.attempt.number.get() => status,
            Some((_, status)) => status.next(StepEvent::Resume).unwrap_or(status),
        })
    }
}

fn end(
    connection: &Connection,
    attempt: &Attempt,
    at: Timestamp,
    event: AttemptEvent,
) -> Result<(), StoreError> {
    const END: &str = "UPDATE attempts SET status = ?3, completed_at = ?4
        WHERE run = ?1 AND attempt_n = ?2 AND status = ?5";
    let Attempt { lease, number } = attempt;
    let ended =
        || StoreError::AttemptEnded { run_id: lease.run_id.clone(), attempt_n: number.get() };
    let before = AttemptStatus::Running;
    let after = before.next(event).map_err(|_| ended())?;
    let values = (lease.run, number.get(), after.as_str(), at.to_string(), before.as_str());
    match connection.prepare_cached(END)?.execute(values)? {
        0 => Err(ended()),
        _ => lease::release(connection, lease),
    }
}
