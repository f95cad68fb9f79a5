//! Connections shared by threads.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lorch_types::job::ErrorInfo;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::error::Failure;
use crate::backend::Cancellation;

/// How often something that waits looks whether it should stop.
const POLL: Duration = Duration::from_millis(50);

/// How long SQLite itself waits for a lock within a transaction.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a database that another process has locked is waited for at most.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// After how many of SQLite's instructions it looks whether it should stop.
const INSTRUCTIONS: i32 = 10_000;

/// A connection that can be told to stop.
#[derive(Debug)]
pub(super) struct Session {
    connection: Connection,
    watch: Watch,
}

/// When the statement that runs has to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch(Arc<Mutex<Option<Cancellation>>>);

impl Watch {
    /// Stops what runs from now on when `cancellation` says so; `None` never stops it.
    pub(super) fn set(&self, cancellation: Option<Cancellation>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cancellation;
    }

    fn is_stopped(&self) -> bool {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        current.as_ref().is_some_and(Cancellation::is_stopped)
    }
}

impl Session {
    /// A session on `connection`.
    ///
    /// # Errors
    /// When SQLite takes no handler.
    pub(super) fn new(mut connection: Connection) -> rusqlite::Result<Self> {
        let watch = Watch::default();
        let polled = watch.clone();
        connection.progress_handler(INSTRUCTIONS, Some(move || polled.is_stopped()))?;
        Ok(Self { connection, watch })
    }

    /// What tells a statement of this session to stop.
    pub(super) fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// Begins a transaction. While another process writes it waits, so that concurrent runs follow
    /// one another instead of failing.
    ///
    /// # Errors
    /// The cancellation's, or SQLite's after a minute.
    pub(super) fn begin(
        &mut self,
        behavior: TransactionBehavior,
        cancellation: &Cancellation,
    ) -> Result<Transaction<'_>, Failure> {
        self.connection.busy_timeout(POLL)?;
        let began = Instant::now();
        let transaction = loop {
            match Transaction::new_unchecked(&self.connection, behavior) {
                Err(error) if is_busy(&error) && began.elapsed() < LOCK_PATIENCE => {
                    cancellation.check()?;
                }
                begun => break begun?,
            }
        };
        transaction.busy_timeout(BUSY_TIMEOUT)?;
        Ok(transaction)
    }
}

/// Whether another connection has the lock that was needed.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

/// Sessions on one database, of which no more than a limit are in use at once.
#[derive(Debug)]
pub(super) struct Pool {
    state: Mutex<State>,
    returned: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    idle: Vec<Session>,
    in_use: usize,
}

/// The right to use one session, which ends when this is dropped, whatever became of the session.
struct Permit<'p>(&'p Pool);

impl Pool {
    /// A pool for `limit` users at once.
    pub(super) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), returned: Condvar::new(), limit }
    }

    /// The same with a session that is open already.
    pub(super) fn with_idle(self, session: Session) -> Self {
        self.lock().idle.push(session);
        self
    }

    /// Does `work` with a session, for which it waits, and which `open` makes when none is idle.
    ///
    /// # Errors
    /// The cancellation's, or that of `open` or `work`.
    pub(super) fn with<T>(
        &self,
        cancellation: &Cancellation,
        open: impl FnOnce() -> Result<Session, ErrorInfo>,
        work: impl FnOnce(&mut Session) -> Result<T, ErrorInfo>,
    ) -> Result<T, ErrorInfo> {
        let permit = self.permit(cancellation)?;
        let idle = self.lock().idle.pop();
        let mut session = idle.map_or_else(open, Ok)?;
        let result = work(&mut session);
        self.lock().idle.push(session);
        drop(permit);
        result
    }

    fn permit(&self, cancellation: &Cancellation) -> Result<Permit<'_>, ErrorInfo> {
        let mut state = self.lock();
        while state.in_use >= self.limit {
            cancellation.check()?;
            let waited = self.returned.wait_timeout(state, POLL);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.in_use += 1;
        Ok(Permit(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.lock().in_use -= 1;
        self.0.returned.notify_one();
    }
}
