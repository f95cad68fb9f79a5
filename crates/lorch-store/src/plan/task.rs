//! Tasks: recorded when their first plan is.

use lorch_types::plan::{Task, TaskEvent, TaskId, TaskState};
use lorch_types::{Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension};

use super::TaskEntry;
use crate::record::{stored, value_of};
use crate::{Blob, StoreError, blob};

/// Records a task as it is given now, and how far that brings it.
///
/// One that is new was created; what was understood of it makes it `parsing`.
pub(crate) fn put(connection: &Connection, task: &Task, at: Timestamp) -> Result<i64, StoreError> {
    const INSERT: &str = "INSERT INTO tasks (task_id, state, document, recorded_at, updated_at)
        VALUES (?1, 'created', ?2, ?3, ?3) ON CONFLICT (task_id) DO NOTHING";
    const REPLACE: &str = "UPDATE tasks SET document = ?2, updated_at = ?3 WHERE task_id = ?1";
    let document = blob::put(connection, &Blob::of(&value_of(task)?))?;
    let values = (task.id.as_str(), document, at.to_string());
    if connection.prepare_cached(INSERT)?.execute(values.clone())? == 0 {
        let (_, before) = self::task(connection, &task.id)?;
        if (&before.task.created_by, &before.task.org_id) != (&task.created_by, &task.org_id) {
            return Err(StoreError::TaskOfAnother { task_id: task.id.clone() });
        }
        connection.prepare_cached(REPLACE)?.execute(values)?;
    }
    let (number, entry) = self::task(connection, &task.id)?;
    if entry.state == TaskState::Created && task.task_spec.is_some() {
        advance(connection, &task.id, TaskEvent::Parse, at)?;
    }
    Ok(number)
}

/// Records that something happened to a task, as its state is when that is recorded.
pub(crate) fn advance(
    connection: &Connection,
    task_id: &TaskId,
    event: TaskEvent,
    at: Timestamp,
) -> Result<(), StoreError> {
    const MOVE: &str =
        "UPDATE tasks SET state = ?3, updated_at = ?4 WHERE task = ?1 AND state = ?2";
    let (number, entry) = task(connection, task_id)?;
    let illegal = |source| StoreError::IllegalTask { task_id: task_id.clone(), source };
    let next = entry.state.next(event).map_err(|source| illegal(Box::new(source)))?;
    let values = (number, entry.state.as_str(), next.as_str(), at.to_string());
    connection.prepare_cached(MOVE)?.execute(values)?;
    Ok(())
}

/// A task and its number.
pub(crate) fn task(
    connection: &Connection,
    task_id: &TaskId,
) -> Result<(i64, TaskEntry), StoreError> {
    const FIND: &str = "SELECT task, state, digest FROM tasks JOIN blobs ON blob = document
        WHERE task_id = ?1";
    let found: Option<(i64, String, String)> = connection
        .prepare_cached(FIND)?
        .query_row([task_id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (number, state, digest) =
        found.ok_or_else(|| StoreError::NoSuchTask { task_id: task_id.clone() })?;
    let state = TaskState::ALL.into_iter().find(|it| it.as_str() == state);
    let state = state.ok_or_else(|| StoreError::damaged(task_id.as_str(), "its state"))?;
    let digest: Digest =
        digest.parse().map_err(|error| StoreError::damaged(task_id.as_str(), error))?;
    Ok((number, TaskEntry { task: stored(connection, &digest)?, state }))
}
