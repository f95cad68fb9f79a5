//! Stores, runs and owners to test with.

use std::time::Duration;

use lorch_store::{Attempt, Blob, Change, Claim, Owner, Process, StepChange, Store, StoreError};
use lorch_types::job::{AttemptEvent, ErrorCode, JobInstance, RunId, RunRecord, StepPath};
use lorch_types::json::{Limits, Object, Value, from_value, read};
use lorch_types::{Digest, Timestamp};
use tempfile::TempDir;

/// How long the leases of these tests hold.
pub(crate) const TTL: Duration = Duration::from_secs(30);

/// A folder with a store, which any number of handles may open.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) store: Store,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("lorch.db")).unwrap();
        Self { folder, store }
    }

    /// Another handle on the same file, as another process has one.
    pub(crate) fn another(&self) -> Store {
        Store::open(self.store.path()).unwrap()
    }

    /// A plain connection, past everything that the store checks.
    pub(crate) fn sql(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.store.path()).unwrap()
    }

    /// Takes away what versions after `version` added to the store.
    pub(crate) fn make_older(&self, version: i64) {
        let added = [
            (
                4,
                "DROP INDEX runs_of_kind; ALTER TABLE plan_runs DROP COLUMN plan_type;
                ALTER TABLE plan_runs DROP COLUMN environment",
            ),
            (6, "ALTER TABLE approvals DROP COLUMN tools_digest"),
        ];
        let sql = self.sql();
        for (_, added) in added.iter().filter(|(since, _)| *since > version) {
            sql.execute_batch(added).unwrap();
        }
        sql.pragma_update(None, "user_version", version).unwrap();
    }

    pub(crate) fn create(&self, steps: usize) -> Attempt {
        let record = record(1);
        self.store.create(&record, &instance(steps), claim(0)).unwrap()
    }
}

/// `seconds` after these tests began.
pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_millis(1_763_700_000_000 + seconds * 1000).unwrap()
}

/// The claim of a living process of this machine.
pub(crate) fn claim(seconds: u64) -> Claim {
    Claim { owner: Owner::current(), now: at(seconds), ttl: TTL }
}

/// The claim of a process of another machine, of which nobody here knows whether it lives.
pub(crate) fn distant_claim(seconds: u64, pid: u32) -> Claim {
    let process = Process { table: "elsewhere".to_owned(), started: pid.to_string() };
    Claim { owner: Owner { host: "distant".to_owned(), pid, process }, now: at(seconds), ttl: TTL }
}

pub(crate) fn run_id(n: u128) -> RunId {
    RunId::from_parts(1_763_700_000_000, n)
}

pub(crate) fn record(n: u128) -> RunRecord {
    RunRecord {
        run_id: run_id(n),
        job_id: "test".parse().unwrap(),
        job_def_sha256: Digest::of_bytes(b"test"),
        envelope: [("text", "quotes ' \" and \u{0}")].into_iter().collect::<Object>(),
        started_at: at(0),
    }
}

/// An instance with steps `s0`, `s1` and so on.
pub(crate) fn instance(steps: usize) -> JobInstance {
    let steps: Vec<_> = (0..steps)
        .map(|n| format!(r#"{{"step_id":"s{n}","op":"compute.nothing","params":{{}}}}"#))
        .collect();
    let text = format!(
        r#"{{"job_id":"test","job_version":"1","job_def_sha256":"{}",
        "compiled_at":"2025-11-21T04:40:00Z","steps":[{}]}}"#,
        Digest::of_bytes(b"test"),
        steps.join(",")
    );
    from_value(&read(text.as_bytes(), Limits::default()).unwrap()).unwrap()
}

pub(crate) fn step_id(position: usize) -> StepPath {
    format!("s{position}").parse().unwrap()
}

pub(crate) fn step(position: usize, seconds: u64, change: StepChange) -> Change {
    Change::Step { position, step_id: step_id(position), at: at(seconds), change }
}

/// The step begins; its manifest is a stand-in that names it.
pub(crate) fn started(position: usize, seconds: u64) -> Change {
    let manifest = Blob::of(&Value::from(format!("manifest of s{position}")));
    step(position, seconds, StepChange::Started { manifest })
}

pub(crate) fn completed(position: usize, seconds: u64) -> Change {
    let output = Blob::of(&Value::from(format!("output of s{position} at {seconds}")));
    step(position, seconds, StepChange::Completed { output })
}

pub(crate) fn failed(position: usize, seconds: u64) -> Change {
    let error = ErrorCode::Backend.error(format!("failed at {seconds}"));
    step(position, seconds, StepChange::Failed { error })
}

pub(crate) fn end(seconds: u64, event: AttemptEvent) -> Change {
    Change::End { at: at(seconds), event }
}

/// Checks the kind of an error by the words that a person would read.
#[track_caller]
pub(crate) fn check_refused<T: std::fmt::Debug>(result: Result<T, StoreError>, words: &str) {
    let message = result.unwrap_err().to_string();
    assert!(message.contains(words), "{message}");
}
