//! Opening a database: whose file it is, which version it has, and the settings it is used with.

use std::fs;
use std::path::Path;
use std::time::Duration;

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use rusqlite::config::DbConfig;
use rusqlite::vtab::array;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::error::sqlite_error;
use super::session::{BUSY_TIMEOUT, Session, is_busy};

/// "lrdp": says in a database's header that lorch made it as a data plane.
const APPLICATION_ID: i32 = 0x6c72_6470;

/// "lrch": the application id of lorch's run stores.
const RUN_STORE_ID: i32 = 0x6c72_6368;

/// The version of lorch's own tables that this lorch writes.
const VERSION: i32 = 1;

/// Since this version SQLite has the repair of a race that could corrupt a WAL file.
const FIRST_SAFE_SQLITE: i32 = 3_051_003;

/// lorch's own tables. The version stands in a table too, since a database of another program keeps
/// its own `user_version`.
const TABLES: &str = "
CREATE TABLE _lorch_data_plane (
    version INTEGER NOT NULL
) STRICT;
INSERT INTO _lorch_data_plane (version) VALUES (1);

-- One row for each write that has happened, written in the transaction of its effect.
CREATE TABLE _lorch_effects (
    idempotency_key TEXT NOT NULL UNIQUE,
    op              TEXT NOT NULL,
    params_sha256   TEXT NOT NULL,
    params          TEXT NOT NULL,
    output          TEXT NOT NULL,
    run_id          TEXT NOT NULL,
    step_id         TEXT NOT NULL,
    applied_at      TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
) STRICT;

-- The types of columns that SQLite has no types for.
CREATE TABLE _lorch_columns (
    table_name  TEXT NOT NULL,
    column_name TEXT NOT NULL,
    column_type TEXT NOT NULL,
    PRIMARY KEY (table_name, column_name)
) STRICT, WITHOUT ROWID;
";

/// A session that writes to the database at `path`, which is made when there is none.
///
/// # Errors
/// `io` or `conflict`; nothing has been written then.
pub(super) fn writer(path: &Path) -> Result<Session, ErrorInfo> {
    check_sqlite()?;
    create(path).map_err(|error| {
        let path = path.display().to_string();
        let message = format!("the database `{path}` cannot be opened: {error}");
        ErrorCode::Io.error(message).with_details([("path", path)])
    })?;
    let mut connection = connect(path).map_err(|error| sqlite_error(&error, path))?;
    let fresh = check_owner(&connection, path)?;
    prepare(&mut connection, fresh)
        .and_then(|()| Session::new(connection))
        .map_err(|error| sqlite_error(&error, path))
}

/// A session that only reads the database at `path`.
///
/// # Errors
/// `io` when it cannot be opened.
pub(super) fn reader(path: &Path) -> Result<Session, ErrorInfo> {
    connect(path)
        .and_then(|connection| {
            connection.pragma_update(None, "query_only", true)?;
            Session::new(connection)
        })
        .map_err(|error| sqlite_error(&error, path))
}

fn check_sqlite() -> Result<(), ErrorInfo> {
    if rusqlite::version_number() >= FIRST_SAFE_SQLITE {
        return Ok(());
    }
    let message = format!("SQLite {} can corrupt databases; 3.51.3 is needed", rusqlite::version());
    Err(ErrorCode::Backend.error(message).with_details([("version", rusqlite::version())]))
}

/// Makes the file and its folder, readable by their owner only, unless they are there.
fn create(path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A quoted name that is no column must never be read as a string.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    array::load_module(&connection)?;
    Ok(connection)
}

/// Whether the database is new. Refuses one that is not to be used as a data plane, before anything
/// is written to it.
fn check_owner(connection: &Connection, path: &Path) -> Result<bool, ErrorInfo> {
    let sqlite = |error: rusqlite::Error| sqlite_error(&error, path);
    let (id, tables) = patiently(|| {
        let id: i32 = pragma(connection, "application_id")?;
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((id, tables))
    })
    .map_err(sqlite)?;
    let shown = path.display().to_string();
    let refused = |message: String, found: i32| {
        let details = [("path", Value::from(shown.as_str())), ("found", Value::from(found))];
        Err(ErrorCode::Conflict.error(message).with_details(details))
    };
    match id {
        0 | APPLICATION_ID => {}
        RUN_STORE_ID => {
            let message = format!("`{shown}` is lorch's run store, and cannot be a data plane too");
            return refused(message, id);
        }
        other => {
            let message = format!(
                "`{shown}` belongs to another program (its application id is {other:#010x})"
            );
            return refused(message, other);
        }
    }
    let version = version(connection, id).map_err(sqlite)?;
    if version > VERSION {
        let message = format!(
            "`{shown}` was written by a newer lorch: its version is {version}, and this one knows \
             {VERSION}"
        );
        return refused(message, version);
    }
    Ok(tables == 0)
}

/// The version of lorch's own tables; 0 when there are none.
fn version(connection: &Connection, application_id: i32) -> rusqlite::Result<i32> {
    let in_header =
        if application_id == APPLICATION_ID { pragma(connection, "user_version")? } else { 0 };
    let in_table = if has_own_tables(connection)? {
        connection.query_row("SELECT max(version) FROM _lorch_data_plane", [], |row| {
            row.get::<_, Option<i32>>(0)
        })?
    } else {
        None
    };
    Ok(in_header.max(in_table.unwrap_or(0)))
}

fn has_own_tables(connection: &Connection) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = '_lorch_data_plane'")?.exists([])
}

/// Makes lorch's own tables unless they are there. Only a database that lorch made is marked as its.
fn prepare(connection: &mut Connection, fresh: bool) -> rusqlite::Result<()> {
    patiently(|| connection.pragma_update(None, "journal_mode", "WAL"))?;
    if has_own_tables(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited.
    if has_own_tables(&transaction)? {
        return Ok(());
    }
    transaction.execute_batch(TABLES)?;
    if fresh {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Tries again while another process is making the same database: SQLite reports some of these
/// conflicts at once, whatever its own timeout is.
fn patiently<T>(mut attempt: impl FnMut() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    const PAUSE: Duration = Duration::from_millis(5);
    let mut waited = Duration::ZERO;
    loop {
        match attempt() {
            Err(error) if waited < BUSY_TIMEOUT && is_busy(&error) => {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            result => return result,
        }
    }
}
