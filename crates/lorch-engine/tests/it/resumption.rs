//! Runs that are gone on with.

use std::sync::atomic::Ordering;
use std::thread;

use lorch_engine::{Conclusion, EngineError, Event};
use lorch_store::{RunStatus, StoreError};
use lorch_types::PositiveInteger;
use lorch_types::job::StepStatus::{Completed, Failed, Pending};

use crate::bench::{Bench, instance, record, run_id, statuses};

const NEEDS_A_FILE: &str = r#"[
    {"step_id":"a","op":"write.count","params":{"n":1}},
    {"step_id":"off","op":"compute.echo","params":{},"compiled_skip":true},
    {"step_id":"b","op":"compute.need","params":{"file":"go","n":"@run.a.n"}},
    {"step_id":"c","op":"write.count","params":{"n":"@run.a.n","m":"@run.b.n"}}]"#;

#[test]
fn the_next_attempt_keeps_what_completed_and_does_the_rest() {
    let bench = Bench::new();
    let (run_id, first, _) = bench.start(NEEDS_A_FILE);
    assert!(matches!(first, Conclusion::Failed { .. }));
    std::fs::write(bench.folder.path().join("go"), "").unwrap();

    let (second, seen) = bench.resume(&run_id);
    assert_eq!(second, Conclusion::Completed { attempt_n: PositiveInteger::new(2).unwrap() });
    let expected = [
        "run 2: 4 steps",
        "a kept",
        "off skipped",
        "b started",
        "b completed",
        "c started",
        "c completed",
        "run completed",
    ];
    assert_eq!(seen, expected);
    assert_eq!(bench.counted("SELECT step FROM dispatches"), ["a", "b", "b", "c"]);
    let keys = "SELECT count(DISTINCT key) || '' FROM dispatches WHERE step = 'b'";
    assert_eq!(bench.counted(keys), ["1"], "a step is dispatched again under its key");

    let attempts = bench.attempts(&run_id);
    assert_eq!(statuses(&attempts[0])[2..], [Failed, Pending]);
    assert_eq!(attempts[1].step_outcomes[..2], attempts[0].step_outcomes[..2]);
    assert_eq!(statuses(&attempts[1])[2..], [Completed, Completed]);
}

#[test]
fn a_completed_run_is_left_alone() {
    let bench = Bench::new();
    let (run_id, ..) = bench.start("[]");
    assert_eq!(bench.resume(&run_id), (Conclusion::AlreadyCompleted, vec![]));
    assert_eq!(bench.attempts(&run_id).len(), 1);
}

#[test]
fn a_run_that_there_is_not_cannot_be_resumed() {
    let bench = Bench::new();
    let refused = bench.try_resume(&run_id(9), &mut vec![]);
    assert!(matches!(refused, Err(EngineError::Store(StoreError::NoSuchRun { .. }))));
}

#[test]
fn a_stopped_run_goes_on_where_it_was() {
    let bench = Bench::new();
    let steps = r#"[
        {"step_id":"a","op":"write.count","params":{}},
        {"step_id":"b","op":"compute.wait","params":{},"timeout_s":600}]"#;
    let run = run_id(1);
    let mut observer = |event: &Event<'_>| {
        if matches!(event, Event::StepStarted { step } if step.step_id.as_str() == "b") {
            bench.engine.stop.store(true, Ordering::Relaxed);
        }
    };
    let conclusion = bench.engine.start(&record(&run), &instance(steps), &mut observer).unwrap();
    assert!(matches!(conclusion, Conclusion::Failed { error, .. } if error.code == "cancelled"));
    let (conclusion, seen) = bench.resume(&run);
    assert!(matches!(conclusion, Conclusion::Failed { .. }), "it is told to stop still");
    assert_eq!(seen[1..3], ["a kept", "b started"]);
    assert_eq!(bench.counted("SELECT step FROM effects"), ["a"]);
}

#[test]
fn a_run_that_is_held_is_refused_and_the_holder_named() {
    let bench = Bench::new();
    let steps = r#"[{"step_id":"a","op":"compute.wait","params":{},"timeout_s":600}]"#;
    let another = bench.another();
    let run = run_id(1);
    thread::scope(|scope| {
        let (started, wait) = std::sync::mpsc::channel();
        let engine = &bench.engine;
        let run = &run;
        let owner = scope.spawn(move || {
            let mut observer = |event: &Event<'_>| {
                if matches!(event, Event::StepStarted { .. }) {
                    started.send(()).unwrap();
                }
            };
            engine.start(&record(run), &instance(steps), &mut observer)
        });
        wait.recv().unwrap();
        let now = lorch_engine::system_clock();
        assert_eq!(another.store.runs(now, 1).unwrap()[0].status, RunStatus::Running);
        let refused = another.resume(run, &mut |_: &Event<'_>| {}).unwrap_err();
        let message = refused.to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        bench.engine.stop.store(true, Ordering::Relaxed);
        owner.join().unwrap().unwrap();
    });
    assert_eq!(bench.attempts(&run).len(), 1);
}

#[test]
fn an_owner_that_loses_its_lease_stops_and_records_nothing_more() {
    let mut bench = Bench::new();
    bench.engine.settings.lease_ttl = std::time::Duration::from_millis(30);
    let steps = r#"[
        {"step_id":"a","op":"compute.wait","params":{},"timeout_s":600},
        {"step_id":"b","op":"write.count","params":{}}]"#;
    let thief = bench.another();
    let mut observer = |event: &Event<'_>| {
        if matches!(event, Event::StepStarted { .. }) {
            let sql = "UPDATE leases SET token = token + 1";
            let store = rusqlite::Connection::open(thief.store.path()).unwrap();
            store.execute(sql, []).unwrap();
        }
    };
    let lost = bench.engine.start(&record(&run_id(1)), &instance(steps), &mut observer);
    assert!(matches!(lost, Err(EngineError::Store(StoreError::LeaseLost { .. }))), "{lost:?}");
    assert!(bench.counted("SELECT step FROM effects").is_empty());
    assert_eq!(bench.stored("SELECT status FROM outcomes"), ["running"]);
}
