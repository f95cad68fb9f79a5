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

#[cfg(test)]
mod tests {
    use lorch_types::IdempotencyKey;
    use lorch_types::job::{Backend as Name, ErrorInfo, StepManifest};
    use lorch_types::json::{Object, Value};

    use crate::backend::{Backend, Cancellation, Performed};
    use crate::data_plane::sqlite::{DataPlane, open};

    fn perform(plane: &DataPlane, op: &str, params: Object) -> Result<Performed, ErrorInfo> {
        let manifest = StepManifest {
            run_id: "01KADE3Q6BZ5T8V0X2Y4W6R9SN".parse().unwrap(),
            step_id: "persist".parse().unwrap(),
            backend: Name::DataPlane,
            op: op.parse().unwrap(),
            idempotency_key: IdempotencyKey::of(vec![op.into(), params.clone().into()]),
            resolved_params: params,
            prompt_hash: None,
            secrets: None,
        };
        plane.perform(&manifest, &Cancellation::never())
    }

    fn table() -> Object {
        let column = Object::from_iter([("name", "a"), ("type", "text")]);
        Object::from_iter([("table", Value::from("t")), ("columns", vec![column].into())])
    }

    fn rows(count: usize) -> Object {
        let row = Object::from_iter([("a", "x".repeat(1000))]);
        Object::from_iter([("table", Value::from("t")), ("rows", vec![row; count].into())])
    }

    /// A data plane whose writing connection has the setting `pragma`.
    fn with_setting(pragma: &str, value: i64) -> (tempfile::TempDir, DataPlane) {
        let folder = tempfile::tempdir().unwrap();
        let plane = DataPlane::open(folder.path().join("data.db")).unwrap();
        perform(&plane, "write.create_table", table()).unwrap();
        let set = |session: &mut super::Session| {
            session
                .connection
                .pragma_update_and_check(None, pragma, value, |_| Ok(()))
                .or_else(|_| session.connection.pragma_update(None, pragma, value))
                .unwrap();
            Ok(())
        };
        plane.writer.with(&Cancellation::never(), || open::writer(&plane.path), set).unwrap();
        (folder, plane)
    }

    #[test]
    fn a_full_disk_is_an_error_that_leaves_nothing() {
        let (_folder, plane) = with_setting("max_page_count", 64);
        let error = perform(&plane, "write.insert", rows(1000)).unwrap_err();
        assert_eq!(error.code, "io");
        assert!(error.message.ends_with("there is no room left for it"), "{error}");
        assert!(perform(&plane, "write.insert", rows(10)).unwrap().applied);
        let count = Object::from_iter([("table", "t")]);
        let output = perform(&plane, "query.count", count).unwrap().output;
        assert_eq!(output.to_string(), r#"{"count":10}"#);
    }

    #[test]
    fn a_database_that_can_only_be_read_says_so() {
        let (_folder, plane) = with_setting("query_only", 1);
        let error = perform(&plane, "write.insert", rows(1)).unwrap_err();
        assert_eq!(error.code, "io");
        assert!(error.message.ends_with("it can only be read"), "{error}");
        let count = Object::from_iter([("table", "t")]);
        assert_eq!(
            perform(&plane, "query.count", count).unwrap().output.to_string(),
            r#"{"count":0}"#
        );
    }

    #[test]
    fn a_session_that_was_lost_is_replaced() {
        let (_folder, plane) = with_setting("query_only", 1);
        let panicking = std::panic::AssertUnwindSafe(|| {
            let lose = |_: &mut super::Session| -> Result<(), ErrorInfo> { panic!("in a test") };
            plane.writer.with(&Cancellation::never(), || open::writer(&plane.path), lose)
        });
        std::panic::catch_unwind(panicking).unwrap_err();
        assert!(perform(&plane, "write.insert", rows(1)).unwrap().applied);
    }
}
