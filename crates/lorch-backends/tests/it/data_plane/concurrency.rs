//! Many runs, one database.

use std::sync::Barrier;
use std::thread;

use lorch_backends::{Backend, Cancellation, DataPlane};

use super::{Plane, manifest};

const TABLE: &str =
    r#"{"table":"t","columns":[{"name":"id","type":"integer"}],"primary_key":["id"]}"#;

#[test]
fn sixteen_threads_write_and_read_at_once() {
    let plane = Plane::new();
    plane.done("write.create_table", TABLE);
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for thread in 0..16 {
            let (plane, start) = (&plane, &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..20 {
                    let id = thread * 100 + n;
                    plane.done(
                        "write.insert",
                        &format!(r#"{{"table":"t","rows":[{{"id":{id}}}]}}"#),
                    );
                    plane.done(
                        "assert.rows",
                        &format!(r#"{{"table":"t","where":{{"id":{id}}},"equals":1}}"#),
                    );
                }
            });
        }
    });
    plane.check("query.count", r#"{"table":"t"}"#, r#"{"count":320}"#);
}

#[test]
fn sixteen_connections_of_their_own_do_not_fail_each_other() {
    let plane = Plane::new();
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for thread in 0..16 {
            let (path, start) = (plane.path(), &start);
            scope.spawn(move || {
                start.wait();
                let own = DataPlane::open(path).unwrap();
                let perform = |key: String, op: &str, params: &str| {
                    own.perform(&manifest(&key, op, params), &Cancellation::never()).unwrap()
                };
                perform(format!("create {thread}"), "write.create_table", TABLE);
                for n in 0..5 {
                    let rows = format!(r#"{{"table":"t","rows":[{{"id":{}}}]}}"#, thread * 100 + n);
                    perform(format!("{thread} {n}"), "write.insert", &rows);
                }
            });
        }
    });
    plane.check("query.count", r#"{"table":"t"}"#, r#"{"count":80}"#);
}

#[test]
fn one_key_is_applied_by_one_of_many() {
    let plane = Plane::new();
    plane.done("write.create_table", TABLE);
    let start = Barrier::new(8);
    let applied: Vec<bool> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let params = r#"{"table":"t","rows":[{"id":1}]}"#;
                    plane.perform_keyed("one key", "write.insert", params).unwrap().applied
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(applied.iter().filter(|applied| **applied).count(), 1);
    plane.check("query.count", r#"{"table":"t"}"#, r#"{"count":1}"#);
}
