//! Who owns a run, when several want it.

use std::process::{Command, Stdio};
use std::sync::Barrier;
use std::thread;

use lorch_store::{Claim, Owner, RunStatus, StoreError};
use lorch_types::job::AttemptEvent;

use crate::bench::{
    Bench, at, check_refused, claim, completed, distant_claim, end, run_id, started,
};

#[test]
fn a_living_owner_is_not_displaced_and_named() {
    let bench = Bench::new();
    bench.create(1);
    let refused = bench.another().resume(&run_id(1), claim(29)).unwrap_err();
    let StoreError::Held { holder, .. } = &refused else { panic!("{refused:?}") };
    assert_eq!(holder.owner, Owner::current());
    assert_eq!(holder.expires_at, at(30));
    let message = refused.to_string();
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
}

#[test]
fn a_lease_that_ran_out_is_taken_over_and_fences_the_old_owner() {
    let bench = Bench::new();
    let old = bench.create(1);
    let new = bench.another().resume(&run_id(1), claim(30)).unwrap().unwrap();
    assert!(new.lease().token() > old.lease().token());
    check_refused(bench.store.record(&old, vec![started(0, 31)]), "is lost: it is held by");
    check_refused(bench.store.renew(old.lease(), claim(31)), "is lost");
    bench.store.record(&new, vec![started(0, 31)]).unwrap();
    bench.store.release(old.lease()).unwrap();
    bench.store.record(&new, vec![completed(0, 32)]).unwrap();
}

#[test]
fn an_owner_that_was_taken_over_is_told_how_the_run_ended() {
    for (event, words) in [
        (AttemptEvent::Complete, "the run has completed meanwhile"),
        (AttemptEvent::Fail, "the run has failed meanwhile"),
    ] {
        let bench = Bench::new();
        let old = bench.create(0);
        let new = bench.another().resume(&run_id(1), claim(30)).unwrap().unwrap();
        bench.store.record(&new, vec![end(31, event)]).unwrap();
        check_refused(bench.store.record(&old, vec![end(32, AttemptEvent::Fail)]), words);
    }
}

#[test]
fn a_renewed_lease_holds_longer() {
    let bench = Bench::new();
    let attempt = bench.create(1);
    bench.store.renew(attempt.lease(), claim(20)).unwrap();
    check_refused(bench.store.resume(&run_id(1), claim(49)), "is held by");
    assert!(bench.store.resume(&run_id(1), claim(50)).unwrap().is_some());
}

#[test]
fn a_lease_that_was_given_back_is_free_and_never_used_again() {
    let bench = Bench::new();
    let old = bench.create(1);
    bench.store.release(old.lease()).unwrap();
    check_refused(bench.store.record(&old, vec![started(0, 1)]), "nobody holds it now");
    let new = bench.store.resume(&run_id(1), claim(1)).unwrap().unwrap();
    assert!(new.lease().token() > old.lease().token());
}

#[test]
fn an_attempt_that_ended_gives_its_lease_back() {
    let bench = Bench::new();
    let attempt = bench.create(0);
    bench.store.record(&attempt, vec![end(1, AttemptEvent::Fail)]).unwrap();
    check_refused(bench.store.record(&attempt, vec![end(2, AttemptEvent::Complete)]), "is lost");
    assert!(bench.store.resume(&run_id(1), claim(2)).unwrap().is_some());
}

#[cfg(target_os = "linux")]
#[test]
fn a_dead_process_holds_nothing() {
    let bench = Bench::new();
    let attempt = bench.create(1);
    bench.store.release(attempt.lease()).unwrap();
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let owner = Owner::of(child.id());
    let its = Claim { owner, ..claim(0) };
    let dead = bench.store.resume(&run_id(1), its).unwrap().unwrap();
    check_refused(bench.store.resume(&run_id(1), claim(1)), "is held by");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(bench.store.runs(at(1), 1).unwrap()[0].status, RunStatus::Interrupted);
    let living = bench.store.resume(&run_id(1), claim(1)).unwrap().unwrap();
    assert!(living.lease().token() > dead.lease().token());
}

#[test]
fn a_distant_process_is_waited_for() {
    let bench = Bench::new();
    let attempt = bench.create(1);
    bench.store.release(attempt.lease()).unwrap();
    bench.store.resume(&run_id(1), distant_claim(0, 7)).unwrap();
    check_refused(bench.store.resume(&run_id(1), claim(29)), "process 7 on distant");
    assert!(bench.store.resume(&run_id(1), claim(30)).unwrap().is_some());
}

#[test]
fn of_many_that_want_a_run_one_gets_it() {
    const WANT: usize = 8;
    for round in 0..10 {
        let bench = Bench::new();
        let stale = bench.create(1);
        let barrier = Barrier::new(WANT);
        let won: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..WANT)
                .map(|n| {
                    let (bench, barrier) = (&bench, &barrier);
                    scope.spawn(move || {
                        let store = bench.another();
                        let claim = distant_claim(31, u32::try_from(n).unwrap());
                        barrier.wait();
                        let attempt = store.resume(&run_id(1), claim);
                        let attempt = match attempt {
                            Ok(attempt) => attempt.unwrap(),
                            Err(StoreError::Held { .. }) => return None,
                            Err(other) => panic!("{other:?}"),
                        };
                        store.record(&attempt, vec![started(0, 32)]).unwrap();
                        Some(attempt)
                    })
                })
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(won.len(), 1, "round {round}");
        assert_eq!(bench.store.attempts(&run_id(1)).unwrap().len(), 2);
        check_refused(bench.store.record(&stale, vec![started(0, 33)]), "is lost");
    }
}
