//! What is recorded and what it reads as.

use std::thread;

use lorch_store::{Blob, Change, RunStatus, StepChange};
use lorch_types::Digest;
use lorch_types::job::AttemptEvent::{Complete, Fail};
use lorch_types::job::AttemptStatus;
use lorch_types::job::StepStatus::{self, Completed, Failed, Pending, Running, Skipped};
use lorch_types::json::Value;

use crate::bench::{
    Bench, at, check_refused, claim, completed, end, failed, instance, record, run_id, started,
    step, step_id,
};

fn statuses(bench: &Bench) -> Vec<Vec<StepStatus>> {
    let attempts = bench.store.attempts(&run_id(1)).unwrap();
    attempts
        .iter()
        .map(|attempt| attempt.step_outcomes.iter().map(|outcome| outcome.status).collect())
        .collect()
}

#[test]
fn a_run_is_read_back_as_it_was_given() {
    let bench = Bench::new();
    bench.create(3);
    assert_eq!(bench.store.run(&run_id(1)).unwrap(), record(1));
    assert_eq!(bench.store.instance(&run_id(1)).unwrap(), instance(3));
    check_refused(bench.store.run(&run_id(2)), "there is no run");
    check_refused(bench.store.attempts(&run_id(2)), "there is no run");
    check_refused(bench.store.create(&record(1), &instance(3), claim(99)), "exists already");
}

#[test]
fn outcomes_follow_the_steps() {
    let bench = Bench::new();
    let attempt = bench.create(4);
    bench.store.record(&attempt, vec![started(0, 1)]).unwrap();
    bench
        .store
        .record(&attempt, vec![completed(0, 2), step(1, 2, StepChange::Skipped), started(2, 2)])
        .unwrap();
    assert_eq!(statuses(&bench), [[Completed, Skipped, Running, Pending]]);
    bench.store.record(&attempt, vec![failed(2, 3), end(3, Fail)]).unwrap();
    assert_eq!(statuses(&bench), [[Completed, Skipped, Failed, Pending]]);

    let record = bench.store.attempts(&run_id(1)).unwrap().pop().unwrap();
    let outcome = &record.step_outcomes[0];
    assert_eq!(outcome.step_id, step_id(0));
    assert_eq!((outcome.started_at, outcome.completed_at), (Some(at(1)), Some(at(2))));
    let output = outcome.output_ref.as_ref().unwrap();
    assert_eq!(bench.store.value(output).unwrap(), Value::from("output of s0 at 2"));
    let manifest = outcome.manifest_ref.as_ref().unwrap();
    assert_eq!(bench.store.text(manifest).unwrap(), r#""manifest of s0""#);
    assert_eq!(record.step_outcomes[2].error.as_ref().unwrap().message, "failed at 3");
    assert_eq!(record.completed_at, Some(at(3)));
}

#[test]
fn a_later_attempt_keeps_what_holds_and_begins_the_rest_anew() {
    let bench = Bench::new();
    let first = bench.create(4);
    let changes =
        vec![started(0, 1), completed(0, 1), step(1, 1, StepChange::Skipped), started(2, 1)];
    bench.store.record(&first, changes).unwrap();
    let second = bench.store.resume(&run_id(1), claim(40)).unwrap().unwrap();
    assert_eq!(second.number().get(), 2);
    assert_eq!(statuses(&bench)[1], [Completed, Skipped, Pending, Pending]);
    let changes =
        vec![started(2, 41), completed(2, 41), started(3, 41), completed(3, 41), end(41, Complete)];
    bench.store.record(&second, changes).unwrap();
    assert_eq!(statuses(&bench)[0], [Completed, Skipped, Running, Pending], "the first is history");
    assert_eq!(statuses(&bench)[1], [Completed, Skipped, Completed, Completed]);
    assert!(bench.store.resume(&run_id(1), claim(99)).unwrap().is_none());
}

#[test]
fn an_attempt_whose_owner_is_gone_has_failed_when_it_is_taken_over() {
    let bench = Bench::new();
    let first = bench.create(1);
    bench.store.record(&first, vec![started(0, 1)]).unwrap();
    let second = bench.store.resume(&run_id(1), claim(40)).unwrap().unwrap();
    let attempts = bench.store.attempts(&run_id(1)).unwrap();
    let ends: Vec<_> = attempts.iter().map(|it| (it.status, it.completed_at)).collect();
    assert_eq!(ends, [(AttemptStatus::Failed, Some(at(40))), (AttemptStatus::Running, None)]);
    assert_eq!(statuses(&bench), [[Running], [Pending]], "its outcomes stay as they were left");

    bench.store.record(&second, vec![started(0, 41), completed(0, 41), end(41, Complete)]).unwrap();
    let ended = bench.store.attempts(&run_id(1)).unwrap();
    assert_eq!(ended[0], attempts[0]);
    assert!(bench.store.resume(&run_id(1), claim(99)).unwrap().is_none());
    assert_eq!(bench.store.attempts(&run_id(1)).unwrap(), ended);
}

/// Records `before`, and checks that `change` is then refused with these words and changes nothing.
#[track_caller]
fn check(before: Vec<Change>, change: Change, words: &str) {
    let bench = Bench::new();
    let attempt = bench.create(2);
    bench.store.record(&attempt, before).unwrap();
    let recorded = bench.store.attempts(&run_id(1)).unwrap();
    // What shares a recording with the refused change is refused with it.
    let refused = bench.store.record(&attempt, vec![started(1, 8), change]).unwrap_err();
    let message = match std::error::Error::source(&refused) {
        Some(source) => source.to_string(),
        None => refused.to_string(),
    };
    assert!(message.contains(words), "{message}");
    assert_eq!(bench.store.attempts(&run_id(1)).unwrap(), recorded);
}

#[test]
fn what_does_not_follow_is_refused() {
    check(vec![], completed(0, 9), "that is pending does not accept `complete`");
    check(vec![started(0, 1)], started(0, 9), "that is running does not accept `start`");
    check(
        vec![started(0, 1)],
        step(0, 9, StepChange::Skipped),
        "that is running does not accept `skip`",
    );
    check(
        vec![started(0, 1), completed(0, 2)],
        started(0, 9),
        "that is completed does not accept `start`",
    );
    check(
        vec![started(0, 1), completed(0, 2)],
        completed(0, 9),
        "that is completed does not accept `complete`",
    );
    check(
        vec![started(0, 1), completed(0, 2)],
        failed(0, 9),
        "that is completed does not accept `fail`",
    );
    check(
        vec![started(0, 1), failed(0, 2)],
        completed(0, 9),
        "that is failed does not accept `complete`",
    );
}

#[test]
fn a_completed_step_is_completed_in_every_later_attempt() {
    let bench = Bench::new();
    let first = bench.create(1);
    bench.store.record(&first, vec![started(0, 1), completed(0, 1), end(1, Fail)]).unwrap();
    let second = bench.store.resume(&run_id(1), claim(2)).unwrap().unwrap();
    check_refused(bench.store.record(&second, vec![started(0, 3)]), "step `s0`");
}

#[test]
fn the_database_itself_refuses_what_cannot_be() {
    let bench = Bench::new();
    let attempt = bench.create(2);
    bench.store.record(&attempt, vec![started(0, 1), completed(0, 1)]).unwrap();
    let plain = bench.sql();
    let refused = |sql: &str| plain.execute(sql, []).unwrap_err().to_string();
    let again = "INSERT INTO outcomes SELECT * FROM outcomes";
    assert!(refused(again).contains("UNIQUE"));
    assert!(refused("UPDATE outcomes SET output = NULL").contains("CHECK"));
    assert!(refused("UPDATE outcomes SET status = 'done'").contains("CHECK"));
    assert!(refused("UPDATE outcomes SET status = 'failed'").contains("CHECK"));
    assert!(refused("UPDATE outcomes SET output = 99").contains("FOREIGN KEY"));
    assert!(refused("DELETE FROM runs").contains("FOREIGN KEY"));
    assert!(refused("UPDATE attempts SET status = 'completed'").contains("CHECK"));
    assert!(refused("UPDATE outcomes SET position = 'first'").contains("INTEGER"));
}

#[test]
fn runs_are_listed_newest_first_as_they_stand() {
    let bench = Bench::new();
    for n in 1..=4 {
        let attempt = bench.store.create(&record(n), &instance(0), claim(0)).unwrap();
        let event = match n {
            1 => Complete,
            2 => Fail,
            _ => continue,
        };
        bench.store.record(&attempt, vec![end(5, event)]).unwrap();
    }
    let renewed = bench.store.resume(&run_id(2), claim(6)).unwrap().unwrap();
    bench.store.record(&renewed, vec![end(7, Fail)]).unwrap();
    bench.store.resume(&run_id(4), claim(40)).unwrap();
    let runs = bench.store.runs(at(50), 100).unwrap();
    let seen: Vec<_> =
        runs.iter().map(|run| (&run.run_id, run.status, run.attempts, run.completed_at)).collect();
    let expected = [
        (&run_id(4), RunStatus::Running, 2, None),
        (&run_id(3), RunStatus::Interrupted, 1, None),
        (&run_id(2), RunStatus::Failed, 2, Some(at(7))),
        (&run_id(1), RunStatus::Completed, 1, Some(at(5))),
    ];
    assert_eq!(seen, expected);
    assert_eq!(bench.store.runs(at(50), 2).unwrap(), runs[..2]);
}

#[test]
fn a_document_is_stored_once_under_its_digest() {
    let bench = Bench::new();
    for n in 1..=3 {
        bench.store.create(&record(n), &instance(5), claim(0)).unwrap();
    }
    let count = bench.sql().query_row("SELECT count(*) FROM blobs", [], |row| row.get::<_, i64>(0));
    assert_eq!(count, Ok(1));
    check_refused(bench.store.text(&Digest::of_bytes(b"?")), "has no document sha256:");
}

#[test]
fn of_writes_that_share_a_commit_one_that_is_refused_harms_no_other() {
    let bench = Bench::new();
    thread::scope(|scope| {
        for n in 1..=16_u128 {
            let store = &bench.store;
            scope.spawn(move || {
                let attempt = store.create(&record(n), &instance(50), claim(0)).unwrap();
                for position in 0..50 {
                    store.record(&attempt, vec![started(position, 1)]).unwrap();
                    let odd = started(position, 2);
                    check_refused(store.record(&attempt, vec![odd]), "step `s");
                    let output = Blob::of(&Value::from(format!("{n} {position}")));
                    let change = step(position, 3, StepChange::Completed { output });
                    store.record(&attempt, vec![change]).unwrap();
                }
                store.record(&attempt, vec![end(4, Complete)]).unwrap();
            });
        }
    });
    let completed = "SELECT count(*) FROM outcomes WHERE status = 'completed'";
    let count = bench.sql().query_row(completed, [], |row| row.get::<_, i64>(0));
    assert_eq!(count, Ok(16 * 50));
}
