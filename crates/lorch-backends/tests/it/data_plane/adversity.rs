//! Files that are no data plane, steps that are stopped, outputs that are too large, crashes.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lorch_backends::{Backend, Cancellation, DataPlane};

use super::{Plane, detail, manifest, sqlite};

#[track_caller]
fn refuses(path: &std::path::Path, code: &str, words: &str) {
    let before = fs::read(path).ok();
    let error = DataPlane::open(path).unwrap_err();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.contains(words), "{error}");
    assert!(error.message.contains(&path.display().to_string()), "{error}");
    assert_eq!(fs::read(path).ok(), before, "the file was changed");
}

#[test]
fn files_that_are_no_data_plane_are_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    fs::write(&path, "not a database, but long enough to have a header".repeat(100)).unwrap();
    refuses(&path, "conflict", "it is not an SQLite database");
    for (pragma, words) in [
        ("application_id = 0x6c726368", "is lorch's run store"),
        (
            "application_id = 0x47504b47",
            "belongs to another program (its application id is 0x47504b47)",
        ),
    ] {
        fs::remove_file(&path).unwrap();
        sqlite(&path).execute_batch(&format!("PRAGMA {pragma}; CREATE TABLE t (a)")).unwrap();
        refuses(&path, "conflict", words);
    }
    refuses(folder.path(), "io", "cannot be opened");
    refuses(&folder.path().join("x.db/below.db"), "io", "cannot be opened");
}

#[test]
fn a_newer_lorch_is_recognized() {
    let plane = Plane::with_orders();
    let path = plane.path();
    drop(plane.data_plane);
    sqlite(&path).execute_batch("PRAGMA user_version = 2").unwrap();
    refuses(
        &path,
        "conflict",
        "was written by a newer lorch: its version is 2, and this one knows 1",
    );
    sqlite(&path)
        .execute_batch("PRAGMA user_version = 1; UPDATE _lorch_data_plane SET version = 3")
        .unwrap();
    refuses(&path, "conflict", "its version is 3");
}

#[test]
fn the_folder_is_made() {
    let folder = tempfile::tempdir().unwrap();
    DataPlane::open(folder.path().join("a/b/data.db")).unwrap();
    let connection = sqlite(&folder.path().join("a/b/data.db"));
    let mode: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), id), ("wal", 0x6c72_6470));
}

#[test]
fn a_stopped_step_says_why_and_leaves_nothing() {
    let plane = Plane::with_orders();
    let insert =
        manifest("k", "write.insert", r#"{"table":"orders","rows":[{"id":9,"region":"eu"}]}"#);
    let cancelled = Cancellation::new(Arc::new(AtomicBool::new(true)));
    let late = Cancellation::never().with_timeout(Duration::ZERO);
    assert_eq!(plane.data_plane.perform(&insert, &cancelled).unwrap_err().code, "cancelled");
    assert_eq!(plane.data_plane.perform(&insert, &late).unwrap_err().code, "timeout");
    assert!(plane.data_plane.perform(&insert, &Cancellation::never()).unwrap().applied);
}

/// The query would take days; the deadline ends it within SQLite.
#[test]
fn a_query_that_does_not_end_is_interrupted() {
    let plane = Plane::new();
    sqlite(&plane.path())
        .execute_batch(
            "CREATE VIEW endless AS WITH RECURSIVE n (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT a FROM n;",
        )
        .unwrap();
    let count = manifest("k", "query.count", r#"{"table":"endless"}"#);
    let soon = Cancellation::never().with_timeout(Duration::from_millis(30));
    assert_eq!(plane.data_plane.perform(&count, &soon).unwrap_err().code, "timeout");
    let one = r#"{"table":"endless","limit":1}"#;
    plane.check("query.rows", one, r#"{"count":1,"rows":[{"a":1}]}"#);
}

#[test]
fn a_lock_of_another_process_is_waited_for_until_the_deadline() {
    let plane = Plane::with_orders();
    let other = sqlite(&plane.path());
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let delete = manifest("k", "write.delete", r#"{"table":"orders","all":true}"#);
    let soon = Cancellation::never().with_timeout(Duration::from_millis(120));
    assert_eq!(plane.data_plane.perform(&delete, &soon).unwrap_err().code, "timeout");
    plane.check("query.count", r#"{"table":"orders"}"#, r#"{"count":4}"#);
    other.execute_batch("COMMIT").unwrap();
    assert!(plane.data_plane.perform(&delete, &Cancellation::never()).unwrap().applied);
}

#[test]
fn outputs_are_bounded() {
    let plane = Plane::with_orders();
    let query = |bytes: usize| {
        let other = DataPlane::open(plane.path()).unwrap().with_max_output_bytes(bytes);
        other.perform(
            &manifest("k", "query.rows", r#"{"table":"orders","columns":["id"]}"#),
            &Cancellation::never(),
        )
    };
    let size = query(usize::MAX).unwrap().output.to_string().len();
    assert!(query(size).is_ok());
    let error = query(10).unwrap_err();
    assert_eq!((error.code.as_str(), detail(&error, "limit").as_str()), ("output_too_large", "10"));
}

#[test]
fn secrets_are_not_stored() {
    let plane = Plane::with_orders();
    let mut insert =
        manifest("k", "write.insert", r#"{"table":"orders","rows":[{"id":9,"region":null}]}"#);
    insert.secrets = Some(BTreeMap::from([("/rows/0/region".into(), "@secret.TOKEN".into())]));
    let error = plane.data_plane.perform(&insert, &Cancellation::never()).unwrap_err();
    assert!(error.message.contains("takes no secrets"), "{error}");
    assert_eq!(detail(&error, "pointer"), r#""/rows/0/region""#);
}

/// A copy of the files in the middle of a transaction is what a crash would leave.
#[test]
fn what_a_crash_leaves_is_without_the_unfinished_write() {
    let plane = Plane::with_orders();
    let connection = sqlite(&plane.path());
    connection.execute_batch("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE; UPDATE orders SET note = hex(zeroblob(100000))").unwrap();
    let crashed = plane.folder.path().join("crashed");
    fs::create_dir(&crashed).unwrap();
    for file in ["data.db", "data.db-wal"] {
        fs::copy(plane.folder.path().join(file), crashed.join(file)).unwrap();
    }
    assert!(
        fs::metadata(crashed.join("data.db-wal")).unwrap().len() > 100_000,
        "nothing was spilt"
    );
    let after = DataPlane::open(crashed.join("data.db")).unwrap();
    let notes = manifest("k", "query.rows", r#"{"table":"orders","columns":["note"],"limit":1}"#);
    let output = after.perform(&notes, &Cancellation::never()).unwrap().output;
    assert_eq!(output.to_string(), r#"{"count":1,"rows":[{"note":"first"}]}"#);
}
