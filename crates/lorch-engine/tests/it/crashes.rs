//! Runs whose process ends anywhere, gone on with by another: each effect happens once, and no
//! outcome is lost. A panic stands in for the end of a process; nothing is recorded after it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use lorch_engine::{Conclusion, Event, system_clock};
use lorch_types::Timestamp;
use lorch_types::job::AttemptRecord;
use lorch_types::job::StepStatus::{Completed, Skipped};

use crate::bench::{Bench, instance, record, run_id, statuses};

const STEPS: &str = r#"[
    {"step_id":"a","op":"write.count","params":{"n":1}},
    {"step_id":"off","op":"compute.echo","params":{},"compiled_skip":true},
    {"step_id":"b","op":"write.count","params":{"n":"@run.a.n"}},
    {"step_id":"c","op":"write.count","params":{"n":"@run.b.n","at":"@run.started_at"}}]"#;

/// What is told of a run of `STEPS` that nothing interrupts.
const EVENTS: usize = 9;
const DISPATCHES: usize = 3;

/// When every lease of these tests has run out.
fn later() -> Timestamp {
    let hour = 3_600_000;
    let now = u64::try_from(system_clock().unix_millis()).unwrap();
    Timestamp::from_unix_millis(now + hour).unwrap()
}

/// Starts a run that ends before its `crash_at`-th event is told, and goes on with it.
#[track_caller]
fn check(bench: &Bench, crash_at: usize) {
    let run = run_id(1);
    let mut told = 0;
    let mut observer = |_: &Event<'_>| {
        assert!(told != crash_at, "the process ends here");
        told += 1;
    };
    let start = || bench.engine.start(&record(&run), &instance(STEPS), &mut observer);
    let crashed = catch_unwind(AssertUnwindSafe(start));
    assert!(crashed.is_err(), "no crash at {crash_at}");
    // An owner that panics gives nothing back: another one has to wait.
    let before = bench.attempts(&run).pop().unwrap();

    let mut another = bench.another();
    another.clock = later;
    let conclusion = another.resume(&run, &mut |_: &Event<'_>| {}).unwrap();
    let attempts = bench.attempts(&run);
    let after = attempts.last().unwrap();
    check_kept(&before, after);
    if conclusion != Conclusion::AlreadyCompleted {
        assert_eq!(attempts.len(), 2);
    }
    assert_eq!(statuses(after), [Completed, Skipped, Completed, Completed]);
    assert_eq!(bench.counted("SELECT step FROM effects ORDER BY step"), ["a", "b", "c"]);
    let keys = "SELECT count(DISTINCT key) || '' FROM dispatches";
    assert_eq!(bench.counted(keys), ["3"], "each step has one key, however often it is dispatched");
}

#[track_caller]
fn check_kept(before: &AttemptRecord, after: &AttemptRecord) {
    for (before, after) in before.step_outcomes.iter().zip(&after.step_outcomes) {
        if matches!(before.status, Completed | Skipped) {
            assert_eq!(before, after);
        }
    }
}

#[test]
fn a_crash_after_any_commit_loses_nothing_and_repeats_nothing() {
    for crash_at in 0..EVENTS {
        check(&Bench::new(), crash_at);
    }
}

#[test]
fn a_crash_between_an_effect_and_its_record_repeats_nothing() {
    for crash_after in 0..DISPATCHES {
        let bench = Bench::new();
        bench.crash_after.store(crash_after, Ordering::Relaxed);
        check(&bench, usize::MAX);
        let again = bench.counted("SELECT step FROM dispatches GROUP BY step HAVING count(*) = 2");
        assert_eq!(again.len(), 1, "the step at work is dispatched again");
    }
}
