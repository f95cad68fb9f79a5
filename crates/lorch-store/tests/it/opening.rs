//! Which files are opened, and which are refused and left as they are.

use std::fs;
use std::path::Path;
use std::thread;

use lorch_store::{Store, StoreError};
use rusqlite::Connection;

use crate::bench::{Bench, check_refused, claim, instance, record, run_id};

#[test]
fn a_store_is_made_with_its_folder_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/lorch.db");
    drop(Store::open(&path).unwrap());
    drop(Store::open(&path).unwrap());
    let plain = Connection::open(&path).unwrap();
    let pragma = |name: &str| {
        plain.pragma_query_value(None, name, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
    assert_eq!(pragma("application_id"), 0x6c72_6368_i64.into());
    assert_eq!(pragma("user_version"), 6_i64.into());
    let loose = "SELECT count(*) FROM pragma_table_list
        WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'";
    assert_eq!(plain.query_row(loose, [], |row| row.get::<_, i64>(0)), Ok(0));
}

#[test]
fn a_store_that_was_closed_is_one_file() {
    let bench = Bench::new();
    bench.create(1);
    let Bench { folder, store } = bench;
    drop(store);
    let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.collect::<Vec<_>>(), ["lorch.db"]);
}

#[cfg(unix)]
#[test]
fn a_store_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.create(1);
    for name in ["lorch.db", "lorch.db-wal"] {
        let mode = fs::metadata(bench.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

/// Makes a file with `make`, and checks that it is refused with these words and left as it is.
#[track_caller]
fn check(make: impl FnOnce(&Path), words: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lorch.db");
    make(&path);
    let before = fs::read(&path).unwrap();
    check_refused(Store::open(&path), words);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let make = |path: &Path| {
        Connection::open(path).unwrap().execute_batch("CREATE TABLE theirs (a)").unwrap();
    };
    check(make, "database of another program");
    let make = |path: &Path| {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA application_id = 7; PRAGMA user_version = 1").unwrap();
    };
    check(make, "database of another program");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    check(|path| fs::write(path, "hello ".repeat(1000)).unwrap(), "not a SQLite database");
}

#[test]
fn a_newer_store_is_refused() {
    let make = |path: &Path| {
        drop(Store::open(path).unwrap());
        Connection::open(path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    };
    check(make, "version 7, and this lorch reads up to 6");
}

#[test]
fn a_store_of_the_first_version_is_brought_up_and_keeps_what_it_has() {
    let bench = Bench::new();
    bench.create(2);
    let path = bench.folder.path().join("first.db");
    let first = Connection::open(&path).unwrap();
    first.execute_batch(include_str!("../../src/migrations/1.sql")).unwrap();
    first.execute_batch("PRAGMA application_id = 0x6c726368; PRAGMA user_version = 1").unwrap();
    let newest = bench.store.path().to_str().unwrap().to_owned();
    first.execute("ATTACH ?1 AS newest", [newest]).unwrap();
    for table in ["blobs", "runs", "attempts", "outcomes", "leases"] {
        first
            .execute(&format!("INSERT INTO main.{table} SELECT * FROM newest.{table}"), [])
            .unwrap();
    }
    drop(first);
    let store = Store::open(&path).unwrap();
    assert_eq!(store.run(&run_id(1)).unwrap(), bench.store.run(&run_id(1)).unwrap());
    assert!(store.plans(10).unwrap().is_empty());
}

#[test]
fn a_store_that_cannot_be_made_is_an_error_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let path = folder.path().join("file/lorch.db");
    check_refused(Store::open(&path), &path.display().to_string());
    check_refused(Store::open(folder.path()), "cannot open the run store");
}

/// Not even a superuser makes files there.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_an_error() {
    let error = Store::open(Path::new("/sys/kernel/lorch.db")).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
}

#[test]
fn a_damaged_store_says_so() {
    let bench = Bench::new();
    bench.create(3);
    let path = bench.folder.path().join("damaged.db");
    let plain = bench.sql();
    plain.execute("VACUUM INTO ?1", [path.to_str().unwrap()]).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    bytes[4096..].fill(0xAA);
    fs::write(&path, bytes).unwrap();
    let read = Store::open(&path).and_then(|store| store.run(&run_id(1)));
    check_refused(read, "damaged");
}

#[test]
fn a_document_that_was_changed_is_noticed() {
    let bench = Bench::new();
    bench.create(1);
    let plain = bench.sql();
    plain.execute("UPDATE blobs SET text = replace(text, 'nothing', 'anything')", []).unwrap();
    check_refused(bench.store.instance(&run_id(1)), "damaged");
}

#[test]
fn a_store_is_made_once_by_many_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lorch.db");
    thread::scope(|scope| {
        for n in 0..8 {
            let path = &path;
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                store.create(&record(n), &instance(1), claim(0)).unwrap();
            });
        }
    });
    assert_eq!(Store::open(&path).unwrap().runs(crate::bench::at(1), 100).unwrap().len(), 8);
}
