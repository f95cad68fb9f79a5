//! Runs from their first step to their last.

use std::sync::Arc;

use lorch_engine::{Conclusion, EngineError, Event};
use lorch_store::{RunStatus, StoreError};
use lorch_types::job::AttemptStatus;
use lorch_types::job::StepStatus::{Completed, Skipped};
use lorch_types::{Digest, PositiveInteger};

use crate::bench::{Bench, instance, record, run_id, statuses};

const THREE: &str = r#"[
    {"step_id":"read","op":"query.echo","params":{"rows":[1,2]}},
    {"step_id":"off","op":"compute.echo","params":{},"compiled_skip":true},
    {"step_id":"save","op":"write.count","params":{"rows":"@run.read.rows","by":"@run.envelope.who"}}
]"#;

#[test]
fn a_run_goes_step_by_step_and_is_recorded() {
    let bench = Bench::new();
    let (run_id, conclusion, seen) = bench.start(THREE);
    assert_eq!(conclusion, Conclusion::Completed { attempt_n: PositiveInteger::ONE });
    let expected = [
        "run 1: 3 steps",
        "read started",
        "read completed",
        "off skipped",
        "save started",
        "save completed",
        "run completed",
    ];
    assert_eq!(seen, expected);
    assert_eq!(bench.counted("SELECT params FROM effects"), [r#"{"by":"someone","rows":[1,2]}"#]);

    let attempts = bench.attempts(&run_id);
    assert_eq!(attempts.len(), 1);
    assert_eq!(attempts[0].status, AttemptStatus::Completed);
    assert_eq!(statuses(&attempts[0]), [Completed, Skipped, Completed]);
    let output_ref = attempts[0].step_outcomes[2].output_ref.as_ref().unwrap();
    assert_eq!(bench.engine.store.text(output_ref).unwrap(), r#"{"by":"someone","rows":[1,2]}"#);
    let manifest = bench.engine.store.manifest(&run_id, 2).unwrap().unwrap();
    assert_eq!(bench.counted("SELECT key FROM effects"), [manifest.idempotency_key.as_str()]);
    assert_eq!(bench.engine.store.run(&run_id).unwrap(), record(&run_id));
    assert_eq!(bench.engine.store.instance(&run_id).unwrap(), instance(THREE));
}

#[test]
fn the_tables_are_readable_with_plain_sql() {
    let bench = Bench::new();
    bench.start(THREE);
    let outcomes = "SELECT step_id || ' ' || status FROM steps ORDER BY position";
    assert_eq!(bench.stored(outcomes), ["read completed", "off skipped", "save completed"]);
    let manifests = "SELECT json_extract(text, '$.op') FROM steps JOIN blobs
        ON digest = manifest_ref ORDER BY position";
    assert_eq!(bench.stored(manifests), ["query.echo", "write.count"]);
    assert_eq!(bench.stored("SELECT (owner_id IS NULL) || '' FROM leases"), ["1"]);
}

#[test]
fn a_run_is_started_once() {
    let bench = Bench::new();
    let (run_id, ..) = bench.start(THREE);
    let again = bench.engine.start(&record(&run_id), &instance(THREE), &mut |_: &Event<'_>| {});
    assert!(matches!(again, Err(EngineError::Store(StoreError::RunExists { .. }))), "{again:?}");
    assert_eq!(bench.counted("SELECT step FROM effects"), ["save"]);
}

#[test]
fn a_record_of_another_definition_is_refused() {
    let bench = Bench::new();
    let mut record = record(&run_id(1));
    record.job_def_sha256 = Digest::of_bytes(b"another");
    let refused = bench.engine.start(&record, &instance(THREE), &mut |_: &Event<'_>| {});
    assert!(matches!(refused, Err(EngineError::OtherJob { .. })), "{refused:?}");
}

#[test]
fn an_instance_with_two_steps_of_one_name_is_refused_before_anything_runs() {
    let bench = Bench::new();
    let steps = r#"[
        {"step_id":"a","op":"write.count","params":{"n":1}},
        {"step_id":"b","op":"write.count","params":{"n":2}},
        {"step_id":"a","op":"write.count","params":{"n":3}}]"#;
    let run_id = run_id(1);
    let refused = bench
        .engine
        .start(&record(&run_id), &instance(steps), &mut |_: &Event<'_>| {})
        .unwrap_err();
    assert_eq!(refused.to_string(), "two steps of the instance have the name `a`");
    assert!(bench.counted("SELECT step FROM dispatches").is_empty());
    let recorded = bench.engine.store.run(&run_id);
    assert!(matches!(recorded, Err(StoreError::NoSuchRun { .. })), "{recorded:?}");
}

#[test]
fn a_run_without_steps_completes() {
    let bench = Bench::new();
    let (_, conclusion, seen) = bench.start("[]");
    assert!(matches!(conclusion, Conclusion::Completed { .. }));
    assert_eq!(seen, ["run 1: 0 steps", "run completed"]);
}

#[test]
fn many_runs_share_an_engine() {
    let bench = Bench::new();
    let engine = Arc::new(&bench.engine);
    std::thread::scope(|scope| {
        for n in 1..=16 {
            let engine = Arc::clone(&engine);
            scope.spawn(move || {
                let record = record(&run_id(n));
                engine.start(&record, &instance(THREE), &mut |_: &Event<'_>| {}).unwrap();
            });
        }
    });
    let runs = bench.engine.store.runs(lorch_engine::system_clock(), usize::MAX).unwrap();
    assert_eq!(runs.len(), 16);
    assert!(runs.iter().all(|run| run.status == RunStatus::Completed && run.attempts == 1));
    assert!(runs.is_sorted_by(|newer, older| newer.run_id > older.run_id));
    assert_eq!(bench.counted("SELECT count(*) || '' FROM effects"), ["16"]);
}
