//! Durable writes: one connection, and one commit for all that wait for one.
//!
//! There is no writer thread. Whoever comes while nobody writes leads: it runs what is waiting in one
//! transaction, commits once and wakes the others; whoever comes meanwhile waits for the next commit.
//! A single caller so pays for its own commit and for no change of threads, and a hundred callers
//! share one.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::StoreError;

/// The one connection that writes, and what waits for it.
pub(crate) struct Writer {
    queue: Mutex<Queue>,
    connection: Mutex<Connection>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<dyn Write>>,
    /// How many shared the last commit.
    last: usize,
    is_led: bool,
    /// Set once a write failed after which it is not known what the disk holds.
    has_stopped: bool,
}

/// A write that waits to be run and committed.
trait Write: Send + Sync {
    /// Runs it within the open transaction; what came of it counts once it is settled.
    fn run(&self, connection: &Connection) -> Result<(), StoreError>;
    /// Tells the caller what came of it.
    fn settle(&self, outcome: Result<(), StoreError>);
    /// Tells the caller to lead the next commit.
    fn lead(&self);
}

/// One caller's write and the place where it waits.
struct Ticket<T, F> {
    work: F,
    value: Mutex<Option<T>>,
    call: Mutex<Option<Call>>,
    called: Condvar,
}

/// What a waiting caller is woken for.
enum Call {
    Lead,
    Settled(Result<(), StoreError>),
}

impl Writer {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { queue: Mutex::default(), connection: Mutex::new(connection) }
    }

    /// Runs `work` in a transaction and returns once that is durable, with what it gave.
    ///
    /// `work` may be run twice, when a write that shared its first transaction failed.
    pub(crate) fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + Sync + 'static,
    {
        let ticket = Arc::new(Ticket {
            work,
            value: Mutex::default(),
            call: Mutex::default(),
            called: Condvar::new(),
        });
        if self.enqueue(Arc::clone(&ticket) as Arc<dyn Write>) {
            self.lead();
        }
        loop {
            match ticket.wait() {
                Call::Lead => self.lead(),
                Call::Settled(outcome) => {
                    outcome?;
                    // A write that was settled well has left its value.
                    return lock(&ticket.value).take().ok_or(StoreError::Stopped);
                }
            }
        }
    }

    /// Whether the caller leads.
    fn enqueue(&self, write: Arc<dyn Write>) -> bool {
        let mut queue = lock(&self.queue);
        queue.waiting.push(write);
        !std::mem::replace(&mut queue.is_led, true)
    }

    fn lead(&self) {
        self.gather();
        let connection = lock(&self.connection);
        let (batch, has_stopped) = {
            let mut queue = lock(&self.queue);
            queue.last = queue.waiting.len();
            (std::mem::take(&mut queue.waiting), queue.has_stopped)
        };
        let outcomes = if has_stopped {
            batch.iter().map(|_| Err(StoreError::Stopped)).collect()
        } else {
            commit(&connection, &batch)
        };
        let failed = outcomes.iter().any(|outcome| matches!(outcome, Err(StoreError::Io(_))));
        drop(connection);
        {
            let mut queue = lock(&self.queue);
            queue.has_stopped |= failed;
            match queue.waiting.first() {
                Some(next) => next.lead(),
                None => queue.is_led = false,
            }
        }
        for (write, outcome) in batch.iter().zip(outcomes) {
            write.settle(outcome);
        }
    }

    /// Lets others join, as long as more keep coming: those who shared the last commit are about to
    /// be back, and one commit for all costs less than two. Who is alone never waits.
    fn gather(&self) {
        let mut seen = 0;
        loop {
            let (waiting, last) = {
                let queue = lock(&self.queue);
                (queue.waiting.len(), queue.last)
            };
            let is_alone = waiting <= 1 && last <= 1;
            if is_alone || waiting == seen {
                return;
            }
            seen = waiting;
            std::thread::yield_now();
        }
    }
}

/// Commits all of `batch` at once; where that fails, each on its own, so that none fails for another.
fn commit(connection: &Connection, batch: &[Arc<dyn Write>]) -> Vec<Result<(), StoreError>> {
    match transaction(connection, batch) {
        Ok(()) => batch.iter().map(|_| Ok(())).collect(),
        Err(error @ (StoreError::Io(_) | StoreError::Busy { .. })) => {
            batch.iter().map(|_| Err(error.clone())).collect()
        }
        Err(error) if batch.len() == 1 => batch.iter().map(|_| Err(error.clone())).collect(),
        Err(_) => {
            let mut has_stopped = false;
            let alone = |write| {
                if has_stopped {
                    return Err(StoreError::Stopped);
                }
                let outcome = transaction(connection, std::slice::from_ref(write));
                has_stopped = matches!(outcome, Err(StoreError::Io(_)));
                outcome
            };
            batch.iter().map(alone).collect()
        }
    }
}

fn transaction(connection: &Connection, batch: &[Arc<dyn Write>]) -> Result<(), StoreError> {
    let execute = |sql| connection.prepare_cached(sql)?.execute([]);
    execute("BEGIN IMMEDIATE")?;
    let outcome = batch
        .iter()
        .try_for_each(|write| write.run(connection))
        .and_then(|()| Ok(execute("COMMIT").map(drop)?));
    // SQLite itself ends the transaction after some errors.
    if outcome.is_err() && !connection.is_autocommit() {
        execute("ROLLBACK")?;
    }
    outcome
}

impl<T, F> Ticket<T, F> {
    fn wait(&self) -> Call {
        let mut call = lock(&self.call);
        loop {
            match call.take() {
                Some(call) => return call,
                None => call = self.called.wait(call).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    fn call(&self, call: Call) {
        *lock(&self.call) = Some(call);
        self.called.notify_one();
    }
}

impl<T, F> Write for Ticket<T, F>
where
    T: Send,
    F: Fn(&Connection) -> Result<T, StoreError> + Send + Sync,
{
    fn run(&self, connection: &Connection) -> Result<(), StoreError> {
        *lock(&self.value) = Some((self.work)(connection)?);
        Ok(())
    }

    fn settle(&self, outcome: Result<(), StoreError>) {
        self.call(Call::Settled(outcome));
    }

    fn lead(&self) {
        self.call(Call::Lead);
    }
}

/// What a mutex guards; a thread that panicked holding one has left nothing half done here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A writer of a table, whose file may grow to `pages` pages.
    fn writer(folder: &tempfile::TempDir, pages: i64) -> Writer {
        let connection = Connection::open(folder.path().join("rows.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "max_page_count", pages).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS rows (text)").unwrap();
        Writer::new(connection)
    }

    fn insert(writer: &Writer, text: String) -> Result<(), StoreError> {
        writer.write(move |connection| {
            connection.prepare_cached("INSERT INTO rows VALUES (?1)")?.execute([&text])?;
            Ok(())
        })
    }

    fn count(writer: &Writer) -> i64 {
        let count = "SELECT count(*) FROM rows";
        lock(&writer.connection).query_row(count, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn on_a_full_disk_what_fits_is_written_and_what_does_not_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder, 8);
        thread::scope(|scope| {
            for n in 0..8 {
                let writer = &writer;
                scope.spawn(move || {
                    for _ in 0..20 {
                        let large = insert(writer, "x".repeat(100_000));
                        assert!(matches!(large, Err(StoreError::Full)), "{large:?}");
                        insert(writer, format!("small {n}")).unwrap();
                    }
                });
            }
        });
        assert_eq!(count(&writer), 8 * 20);
        while insert(&writer, "x".repeat(1000)).is_ok() {}
        let full = count(&writer);
        drop(writer);
        let writer = self::writer(&folder, 1000);
        assert_eq!(count(&writer), full, "nothing is lost");
        insert(&writer, "there is space again".to_owned()).unwrap();
    }

    #[test]
    fn a_refused_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder, 1000);
        let refused: Result<(), _> = writer.write(|connection| {
            connection.execute("INSERT INTO rows VALUES ('half')", [])?;
            Err(StoreError::Stopped)
        });
        assert!(matches!(refused, Err(StoreError::Stopped)));
        insert(&writer, "whole".to_owned()).unwrap();
        assert_eq!(count(&writer), 1);
    }

    #[test]
    fn after_a_failed_write_nothing_more_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder, 1000);
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        let failed: Result<(), _> =
            writer.write(move |_| Err(rusqlite::Error::SqliteFailure(code, None).into()));
        assert!(matches!(failed, Err(StoreError::Io(_))), "{failed:?}");
        let refused = insert(&writer, "later".to_owned());
        assert!(matches!(refused, Err(StoreError::Stopped)), "{refused:?}");
        assert_eq!(count(&writer), 0);
    }

    #[test]
    fn each_of_many_writers_is_told_what_became_of_its_own_write() {
        let folder = tempfile::tempdir().unwrap();
        let writer = writer(&folder, 1_000_000);
        thread::scope(|scope| {
            for n in 0..16_i64 {
                let writer = &writer;
                scope.spawn(move || {
                    for round in 0..50 {
                        let insert = "INSERT INTO rows VALUES (?1) RETURNING text";
                        let text = format!("{n} {round}");
                        let given = text.clone();
                        let returned: Result<String, _> = writer.write(move |connection| {
                            Ok(connection.query_row(insert, [&given], |row| row.get(0))?)
                        });
                        assert_eq!(returned.unwrap(), text);
                    }
                });
            }
        });
        assert_eq!(count(&writer), 16 * 50);
    }
}
