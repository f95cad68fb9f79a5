//! What SQLite reports, in the terms of a step's error.

use std::path::Path;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use rusqlite::ErrorCode as SqliteCode;

use crate::backend::Cancellation;

/// Why a transaction came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The step asked for something that cannot be.
    #[error(transparent)]
    Step(#[from] ErrorInfo),
    /// SQLite could not do it.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

impl Failure {
    /// The step's error. An interruption is the cancellation's doing.
    pub(super) fn into_error(self, path: &Path, cancellation: &Cancellation) -> ErrorInfo {
        let error = match self {
            Self::Step(error) => return error,
            Self::Sqlite(error) => error,
        };
        if error.sqlite_error_code() == Some(SqliteCode::OperationInterrupted)
            && let Err(stopped) = cancellation.check()
        {
            return stopped;
        }
        sqlite_error(&error, path)
    }
}

/// What went wrong with the database at `path`.
pub(super) fn sqlite_error(error: &rusqlite::Error, path: &Path) -> ErrorInfo {
    let path = path.display().to_string();
    let (code, what) = match error.sqlite_error_code() {
        Some(SqliteCode::DiskFull) => (ErrorCode::Io, "there is no room left for it".to_owned()),
        Some(SqliteCode::ReadOnly) => (ErrorCode::Io, "it can only be read".to_owned()),
        Some(SqliteCode::PermissionDenied) => (ErrorCode::Io, "access is denied".to_owned()),
        Some(SqliteCode::CannotOpen) => (ErrorCode::Io, "it cannot be opened".to_owned()),
        Some(SqliteCode::SystemIoFailure) => {
            (ErrorCode::Io, format!("reading or writing failed: {error}"))
        }
        Some(SqliteCode::DatabaseBusy | SqliteCode::DatabaseLocked) => {
            (ErrorCode::Backend, "another process has locked it".to_owned())
        }
        Some(SqliteCode::NotADatabase) => {
            (ErrorCode::Conflict, "it is not an SQLite database".to_owned())
        }
        Some(SqliteCode::DatabaseCorrupt) => {
            (ErrorCode::Backend, format!("it is damaged: {error}"))
        }
        Some(SqliteCode::ConstraintViolation) => {
            (ErrorCode::Conflict, format!("a rule of its tables forbids it: {error}"))
        }
        Some(SqliteCode::TooBig) => {
            (ErrorCode::InvalidParams, "a value is too large for SQLite".to_owned())
        }
        _ => (ErrorCode::Backend, error.to_string()),
    };
    let mut details = vec![("path", Value::from(path.as_str()))];
    if let Some(failure) = error.sqlite_error() {
        details.push(("sqlite_code", Value::from(failure.extended_code)));
    }
    code.error(format!("the database `{path}`: {what}")).with_details(details)
}
