//! Opening a store: whose file it is, which version it has, and the settings it is used with.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::StoreError;

/// "lrch": says in a database's header that it is a run store.
const APPLICATION_ID: i32 = 0x6c72_6368;

/// The migrations; the n-th leads to version n.
const MIGRATIONS: [&str; 6] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
    include_str!("migrations/6.sql"),
];

/// The version of a store that has had all migrations.
#[expect(clippy::cast_possible_truncation, reason = "there are few migrations")]
const VERSION: i32 = MIGRATIONS.len() as i32;

/// How long a locked database is waited for.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Since this version SQLite has the repair of a race that could corrupt a WAL file.
const FIRST_SAFE_SQLITE: i32 = 3_051_003;

/// The WAL is copied into the database when it has this many pages (16 MiB): rarely enough that the
/// copying stays out of all but one commit in some hundreds.
const CHECKPOINT_PAGES: i32 = 4096;

/// The version of the SQLite that is built in.
pub fn sqlite_version() -> &'static str {
    rusqlite::version()
}

/// The connection that writes, and the one that reads, of the store at `path`, which is made when
/// there is none.
pub(crate) fn open(path: &Path) -> Result<(Connection, Connection), StoreError> {
    if rusqlite::version_number() < FIRST_SAFE_SQLITE {
        return Err(StoreError::UnsafeSqlite { version: rusqlite::version() });
    }
    create(path)?;
    let mut writer = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check_owner(&writer, path)?;
    patiently(|| writer.pragma_update(None, "journal_mode", "WAL"))?;
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    writer.pragma_update(None, "cache_size", -32768)?;
    migrate(&mut writer, path)?;
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok((writer, reader))
}

/// Makes the file and its folder, readable by their owner only, unless they are there.
fn create(path: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Open { path: path.to_owned(), source: Arc::new(source) };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop).map_err(failed)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)
        .map_err(|source| StoreError::Open { path: path.to_owned(), source: Arc::new(source) })?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // Plans that depend on no bound value; without this, statements are compiled again for each.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Refuses a file that holds anything but a run store, before anything is written to it.
fn check_owner(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = patiently(|| {
        let tables: i64 =
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((pragma(connection, "application_id")?, pragma(connection, "user_version")?, tables))
    });
    match found {
        Ok((APPLICATION_ID, version, _)) => check_version(version, path),
        Ok((0, 0, 0)) => Ok(()),
        Ok((application_id, ..)) => {
            Err(StoreError::Foreign { path: path.to_owned(), application_id })
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(StoreError::NotADatabase { path: path.to_owned() })
        }
        Err(error) => Err(error.into()),
    }
}

fn check_version(found: i32, path: &Path) -> Result<(), StoreError> {
    if found > VERSION {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: VERSION });
    }
    Ok(())
}

/// Brings the store to the newest version in one transaction, and refuses one that is newer.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if pragma(connection, "user_version")? == VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited.
    let found = pragma(&transaction, "user_version")?;
    check_version(found, path)?;
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    Ok(transaction.commit()?)
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
            Err(error)
                if waited < BUSY_TIMEOUT
                    && error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) =>
            {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
            }
            result => return result,
        }
    }
}
